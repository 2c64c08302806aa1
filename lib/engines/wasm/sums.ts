/**
 * Turns the sums that the kernels return into the loss and its derivatives.
 *
 * The kernels differentiate by scaled parameters, whose derivatives the module
 * comment of `lib/kernels/assembly/compressor.ts` defines, and leave the make-up
 * factor c out. With λ = ln 2:
 *
 *     g_CT = k s G₀   g_s = λ G₁   g_a = −Ga   g_r = −(Gt − Ga)
 *
 * The second derivatives follow: g_CT,CT = (k s)² G₀ and g_CT,s = k G₀ + k s λ G₁
 * are free, g_ss = λ² ss, g_a,CT = k s a0, g_r,CT = k s (t0 − a0), likewise by s,
 * g_aa = 2 aa, g_rr = 2 rr and g_ar = tt − aa − rr.
 *
 * @module
 */

import { NEPER_PER_DB } from "../../sound/units.ts";
import type { Evaluation, Order } from "../../objective/evaluation.ts";

/**
 * The sums that the kernels return, in their order: of e², p² and e p; of z times
 * a derivative of g; of −y times one of p; and of the products of two of p.
 */
export const SUMS = [
  ...["loss", "energy", "errorModel"] as const,
  ...["zG0", "zG1", "zGa", "zGt"] as const,
  ...["yp0", "yp1", "ypa", "ypt"] as const,
  ...["p00", "p01", "p0a", "p0t", "p11"] as const,
  ...["p1a", "p1t", "paa", "pat", "ptt"] as const,
  ...["za0", "za1", "zt0", "zt1"] as const,
  ...["zaa", "zrr", "zss", "ztt"] as const,
] as const;

const k = NEPER_PER_DB;

/** Loss and derivatives by θ from `values` of {@linkcode SUMS}. */
export function evaluationOfSums(
  values: Float64Array,
  theta: Float64Array,
  order: Order,
): Evaluation {
  const sum = Object.fromEntries(
    SUMS.map((name, i) => [name, values[i]]),
  ) as Record<typeof SUMS[number], number>;
  const { loss, energy, errorModel } = sum;
  const [, slope, , , makeUpDb] = theta;
  const c = Math.exp(k * makeUpDb);
  if (order === 0) return { loss, modelEnergy: c * c * energy };
  const evaluation: Evaluation = { loss, modelEnergy: energy };

  const ks = k * slope;
  const lambda = Math.LN2;
  // Rows: CT, s, a, r; columns: G₀, G₁, Ga, Gt.
  const toNatural = [
    [ks, 0, 0, 0],
    [0, lambda, 0, 0],
    [0, 0, -1, 0],
    [0, 0, 1, -1],
  ];
  const natural = (values: number[]) =>
    toNatural.map((row) => dot(row, values));
  const errorBy = natural([sum.zG0, sum.zG1, sum.zGa, sum.zGt])
    .map((value) => c * value);
  evaluation.gradient = Float64Array.from([
    ...errorBy.map((value) => 2 * value),
    2 * k * errorModel,
  ]);
  if (order === 1) return evaluation;

  // p = e + y, and the kernels sum −y p_i.
  const modelBy = natural([sum.yp0, sum.yp1, sum.ypa, sum.ypt])
    .map((value, i) => errorBy[i] - c * value);
  const products = [
    [sum.p00, sum.p01, sum.p0a, sum.p0t],
    [sum.p01, sum.p11, sum.p1a, sum.p1t],
    [sum.p0a, sum.p1a, sum.paa, sum.pat],
    [sum.p0t, sum.p1t, sum.pat, sum.ptt],
  ];
  // Σ z g_ij, the upper triangle in natural order.
  const curvature = [
    [
      ks * ks * sum.zG0,
      k * sum.zG0 + ks * lambda * sum.zG1,
      ks * sum.za0,
      ks * (sum.zt0 - sum.za0),
    ],
    [
      0,
      lambda * lambda * sum.zss,
      lambda * sum.za1,
      lambda * (sum.zt1 - sum.za1),
    ],
    [0, 0, 2 * sum.zaa, sum.ztt - sum.zaa - sum.zrr],
    [0, 0, 0, 2 * sum.zrr],
  ];
  const inner = toNatural.length;
  const size = inner + 1;
  const hessian = new Float64Array(size * size);
  for (let i = 0; i < inner; i++) {
    for (let j = i; j < inner; j++) {
      const gaussNewton = dot(
        toNatural[i],
        products.map((row) => dot(row, toNatural[j])),
      );
      hessian[size * i + j] =
        hessian[size * j + i] =
          2 * (c * c * gaussNewton + c * curvature[i][j]);
    }
    hessian[size * i + inner] =
      hessian[size * inner + i] =
        2 * k * (modelBy[i] + errorBy[i]);
  }
  hessian[size * size - 1] = 2 * k * k * (energy + errorModel);
  evaluation.hessian = hessian;
  return evaluation;
}

function dot(a: number[], b: number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}
