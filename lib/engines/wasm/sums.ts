/**
 * Turns the sums that the kernels return into the loss and its derivatives.
 *
 * The kernels differentiate by scaled parameters, whose derivatives the module
 * comment of `lib/kernels/assembly/compressor.ts` defines, and leave the make-up
 * factor c out. With λ = ln 2, or ½ ln 2 with the RMS detector:
 *
 *     g_CT = k s G₀   g_s = λ G₁   g_a = −Ga   g_r = −(Gt − Ga)   g_v = −½ s Gv
 *
 * The second derivatives follow: g_CT,CT = (k s)² G₀ and g_CT,s = k G₀ + k s λ G₁
 * are free, g_ss = λ² ss, g_a,CT = k s a0, g_r,CT = k s (t0 − a0), likewise by s
 * and v, g_aa = 2 aa, g_rr = 2 rr, g_ar = tt − aa − rr, g_CT,v = k s g_v,
 * g_sv = −½ Gv − ½ s λ sv and g_vv = s vv.
 *
 * @module
 */

import { type Detector, NEPER_PER_DB } from "../../compressor/parameters.ts";
import type { Evaluation, Order } from "../engine.ts";

/** Sums that the kernels return. */
export const SUM_COUNT = 40;

const k = NEPER_PER_DB;

/** Loss and derivatives by θ from `sums`. */
export function evaluationOfSums(
  sums: Float64Array,
  theta: Float64Array,
  order: Order,
  detector: Detector = "peak",
): Evaluation {
  const isRms = detector === "rms";
  const slope = theta[1];
  const c = Math.exp(k * theta[theta.length - 1]);
  const [loss, energy, errorModel] = sums;
  if (order === 0) return { loss, modelEnergy: c * c * energy };
  const evaluation: Evaluation = { loss, modelEnergy: energy };

  const ks = k * slope;
  const lambda = isRms ? Math.LN2 / 2 : Math.LN2;
  const half = slope / 2;
  // Rows: CT, s, a, r, v; columns: G₀, G₁, Ga, Gt, Gv.
  const toNatural = [
    [ks, 0, 0, 0, 0],
    [0, lambda, 0, 0, 0],
    [0, 0, -1, 0, 0],
    [0, 0, 1, -1, 0],
    ...(isRms ? [[0, 0, 0, 0, -half]] : []),
  ];
  const inner = toNatural.length;
  const natural = (values: number[]) =>
    toNatural.map((row) => dot(row, values));
  const [, , , z0, z1, za, zt, y0, y1, ya, yt] = sums;
  const [zv, yv] = sums.subarray(29, 31);
  const errorBy = natural([z0, z1, za, zt, zv]).map((value) => c * value);
  evaluation.gradient = Float64Array.from([
    ...errorBy.map((value) => 2 * value),
    2 * k * errorModel,
  ]);
  if (order === 1) return evaluation;

  // p = e + y, and the kernels sum −y p_i.
  const modelBy = natural([y0, y1, ya, yt, yv]).map((value, i) =>
    errorBy[i] - c * value
  );
  const [c00, c01, c0a, c0t, c11, c1a, c1t, caa, cat, ctt] = sums
    .subarray(11, 21);
  const [c0v, c1v, cav, ctv, cvv] = sums.subarray(31, 36);
  const products = [
    [c00, c01, c0a, c0t, c0v],
    [c01, c11, c1a, c1t, c1v],
    [c0a, c1a, caa, cat, cav],
    [c0t, c1t, cat, ctt, ctv],
    [c0v, c1v, cav, ctv, cvv],
  ];
  const [ss, a0, t0, a1, t1, aa, rr, tt] = sums.subarray(21, 29);
  const [av, tv, sv, vv] = sums.subarray(36, 40);
  // Σ z g_ij, the upper triangle in natural order.
  const curvature = [
    [
      ks * ks * z0,
      k * z0 + ks * lambda * z1,
      ks * a0,
      ks * (t0 - a0),
      -ks * half * zv,
    ],
    [
      0,
      lambda * lambda * ss,
      lambda * a1,
      lambda * (t1 - a1),
      -0.5 * zv - half * lambda * sv,
    ],
    [0, 0, 2 * aa, tt - aa - rr, -half * av],
    [0, 0, 0, 2 * rr, -half * (tv - av)],
    [0, 0, 0, 0, slope * vv],
  ];
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
