/**
 * What the unit listens with: the level, in dB, of the sound v that its detector
 * hears.
 *
 *     peak  L = 20 log₁₀ max(|v|, 1e-8)
 *     rms   m[n] = m[n−1] + w (max(v², 1e-8) − m[n−1]),  L = 10 log₁₀ m,  m[−1] = 0
 *
 * The averaging coefficient w stands for itself (Yu et al., DAFx 2024).
 *
 * @module
 */

import {
  abs,
  log,
  maximum,
  multiply,
  type Operand,
  subtract,
} from "../autodiff/primitives.ts";
import { named } from "../autodiff/program.ts";
import type { Value } from "../autodiff/value.ts";
import {
  LEVEL_FLOOR,
  MEAN_SQUARE_FLOOR,
  NEPER_PER_DB,
} from "../sound/units.ts";
import type { Parameter } from "./model.ts";

/** Decibels of one neper of amplitude. */
export const DB_PER_NEPER = 1 / NEPER_PER_DB;

/** What the RMS detector adds to a model. */
export const AVERAGING: Parameter = {
  name: "averaging_coefficient",
  title: "Averaging",
  unit: "",
  decimals: 4,
  start: 0.3,
  range: [0, 1],
  scale: "logit",
};

/** Peak level of v, in dB. */
export function peakLevel(v: Value): Value {
  const level = multiply(DB_PER_NEPER, log(maximum(abs(v), LEVEL_FLOOR)));
  return named("level", level);
}

/** What the mean square `m` rises by when v comes in. */
export function meanSquareStep(m: Value, v: Value, averaging: Operand): Value {
  const square = maximum(multiply(v, v), MEAN_SQUARE_FLOOR);
  return named("rise", multiply(averaging, subtract(square, m)));
}

/** RMS level of a mean square, in dB. */
export function rmsLevel(meanSquare: Value): Value {
  return named("level", multiply(DB_PER_NEPER / 2, log(meanSquare)));
}
