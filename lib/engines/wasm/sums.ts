/**
 * Turns the sums that the kernels return into the loss and its derivatives.
 *
 * The kernels differentiate by scaled parameters, whose derivatives the module
 * comment of `lib/kernels/assembly/compressor.ts` defines, and leave the make-up
 * factor c out:
 *
 *     g_CT = k s G₀     g_s = ln2 G₁     g_a = −Ga     g_r = −(Gt − Ga)
 *
 * The second derivatives follow: g_CT,CT = (k s)² G₀ and g_CT,s = k G₀ + k s ln2 G₁
 * are free, g_ss = ln2² ss, g_a,CT = k s a0, g_r,CT = k s (t0 − a0), likewise by s,
 * g_aa = 2 aa, g_rr = 2 rr and g_ar = tt − aa − rr.
 *
 * @module
 */

import { NEPER_PER_DB } from "../../compressor/parameters.ts";
import type { Evaluation, Order } from "../engine.ts";

/** Sums that the kernels return. */
export const SUM_COUNT = 29;

const k = NEPER_PER_DB;

/** Loss and derivatives by θ of the peak-detector model from `sums`. */
export function evaluationOfSums(
  sums: Float64Array,
  theta: Float64Array,
  order: Order,
): Evaluation {
  const [, slope, , , makeUp] = theta;
  const c = Math.exp(k * makeUp);
  const [loss, energy, errorModel] = sums;
  if (order === 0) return { loss, modelEnergy: c * c * energy };
  const evaluation: Evaluation = { loss, modelEnergy: energy };

  // Rows of the chain rule from (CT, s, a, r) to (G0, G1, Ga, Gt).
  const scale = [k * slope, Math.LN2, -1, -1];
  const natural = ([v0, v1, va, vt]: Float64Array) => [
    scale[0] * v0,
    scale[1] * v1,
    -va,
    -(vt - va),
  ];
  const errorBy = natural(sums.subarray(3, 7)).map((v) => c * v);
  evaluation.gradient = Float64Array.from([
    ...errorBy.map((v) => 2 * v),
    2 * k * errorModel,
  ]);
  if (order === 1) return evaluation;

  // p = e + y, and the kernels sum −y p_i.
  const modelBy = natural(sums.subarray(7, 11)).map((v, i) =>
    errorBy[i] - c * v
  );
  const [c00, c01, c0a, c0t, c11, c1a, c1t, caa, cat, ctt] = sums
    .subarray(11, 21);
  const [ss, a0, t0, a1, t1, aa, rr, tt] = sums.subarray(21, 29);
  const [z0, z1] = sums.subarray(3, 5);
  const [g0, g1] = scale;
  const gaussNewton = [
    [g0 * g0 * c00, g0 * g1 * c01, -g0 * c0a, -g0 * (c0t - c0a)],
    [0, g1 * g1 * c11, -g1 * c1a, -g1 * (c1t - c1a)],
    [0, 0, caa, cat - caa],
    [0, 0, 0, ctt - 2 * cat + caa],
  ];
  const curvature = [
    [g0 * g0 * z0, k * z0 + g0 * g1 * z1, g0 * a0, g0 * (t0 - a0)],
    [0, g1 * g1 * ss, g1 * a1, g1 * (t1 - a1)],
    [0, 0, 2 * aa, tt - aa - rr],
    [0, 0, 0, 2 * rr],
  ];
  const hessian = new Float64Array(25);
  for (let i = 0; i < 4; i++) {
    for (let j = i; j < 4; j++) {
      hessian[5 * i + j] =
        hessian[5 * j + i] =
          2 * (c * c * gaussNewton[i][j] + c * curvature[i][j]);
    }
    hessian[5 * i + 4] =
      hessian[20 + i] =
        2 * k * (modelBy[i] + errorBy[i]);
  }
  hessian[24] = 2 * k * k * (energy + errorModel);
  evaluation.hessian = hessian;
  return evaluation;
}
