/**
 * θ in the form that the kernels take: threshold and make-up converted, all
 * rounded to single precision, and what the rounding took away.
 *
 * Unless it is accounted for, the rounding of θ shifts the model's output by some
 * 1e-7, and near a minimum the error is a small difference of model and target.
 * The kernels for lower orders add the remainder as they go; with a Hessian at
 * hand it is cheaper to move the result.
 *
 * @module
 */

import { NEPER_PER_DB } from "../../sound/units.ts";
import type { Evaluation } from "../../objective/evaluation.ts";

/** log₂ of one decibel of amplitude. */
const OCTAVES_PER_DB = NEPER_PER_DB / Math.LN2;

/** Numbers that the kernels take: threshold, s, a, r, c and their remainders. */
export const PARAMETER_COUNT = 10;

/** Parameters as the kernels take them. */
export interface KernelParameters {
  /** The numbers, {@linkcode PARAMETER_COUNT} of them. */
  numbers: number[];
  /** The θ that the rounded numbers stand for. */
  rounded: Float64Array;
}

/** Kernel parameters of `theta`. */
export function kernelParameters(theta: Float64Array): KernelParameters {
  const [thresholdDb, slope, attack, release, makeUpDb] = theta;
  const exact = [
    OCTAVES_PER_DB * thresholdDb,
    slope,
    attack,
    release,
    Math.exp(NEPER_PER_DB * makeUpDb),
  ];
  const high = exact.map(Math.fround);
  return {
    numbers: [...high, ...exact.map((value, i) => value - high[i])],
    rounded: Float64Array.from([
      high[0] / OCTAVES_PER_DB,
      high[1],
      high[2],
      high[3],
      Math.log(high[4]) / NEPER_PER_DB,
    ]),
  };
}

/**
 * Evaluation at `theta` from that at `rounded`, which differs by rounding alone;
 * as it came where there is no Hessian.
 */
export function moved(
  evaluation: Evaluation,
  rounded: Float64Array,
  theta: Float64Array,
): Evaluation {
  const { loss, modelEnergy, gradient, hessian } = evaluation;
  if (gradient === undefined || hessian === undefined) return evaluation;
  const size = theta.length;
  const delta = theta.map((value, i) => value - rounded[i]);
  const moved = gradient.map((value, i) => {
    for (let j = 0; j < size; j++) value += hessian[size * i + j] * delta[j];
    return value;
  });
  let change = 0;
  for (let i = 0; i < size; i++) {
    change += 0.5 * (gradient[i] + moved[i]) * delta[i];
  }
  return { loss: loss + change, modelEnergy, gradient: moved, hessian };
}
