/**
 * The parameters of `4a-2a` as its own kernels work on them, the *natural vector* θ:
 * threshold CT in dB, slope s = 1 − 1/R, attack coefficient a, release coefficient
 * r, make-up gain γ in dB; and the constants that all detectors share.
 *
 * Time constants follow the paper: α(ms) = 1 − exp(−2200 / (ms · fs)), the
 * coefficient of a one-pole that rises from 10 % to 90 % in `ms`.
 *
 * @module
 */

import type { Values } from "../models/model.ts";

/** One decibel as a natural logarithm of amplitude: k = ln 10 / 20. */
export const NEPER_PER_DB = Math.LN10 / 20;

/** Level floor of the peak detector, as an amplitude. */
export const LEVEL_FLOOR = 1e-8;

/** Floor of x² in the RMS detector. */
export const MEAN_SQUARE_FLOOR = 1e-8;

/** Thousandths of a time constant in a time: 10 to 90 % take 2.2 of them. */
export const TIME_SCALE = 2200;

/** Coefficient of a one-pole with time constant `ms` at `sampleRate` Hz. */
export function coefficientOfTime(ms: number, sampleRate: number): number {
  return -Math.expm1(-TIME_SCALE / (ms * sampleRate));
}

/** Natural vector θ of `parameters`, those of `4a-2a`, at `sampleRate` Hz. */
export function toNatural(
  parameters: Values,
  sampleRate: number,
): Float64Array {
  return Float64Array.from([
    parameters.threshold_db,
    1 - 1 / parameters.ratio,
    coefficientOfTime(parameters.attack_ms, sampleRate),
    coefficientOfTime(parameters.release_ms, sampleRate),
    parameters.make_up_db,
  ]);
}
