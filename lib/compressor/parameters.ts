/**
 * The compressor's parameters, in the two forms the project uses.
 *
 * - {@linkcode CompressorParameters} is what people read and write (YAML, JSON,
 *   CSV): decibels, a ratio, milliseconds.
 * - The *natural vector* θ is what the maths works on, a `Float64Array` in the
 *   order of {@linkcode toNatural}: threshold CT in dB, slope s = 1 − 1/R,
 *   attack coefficient a, release coefficient r, make-up gain γ in dB. With the
 *   RMS detector its averaging coefficient v stands before γ.
 *
 * Time constants follow the paper: α(ms) = 1 − exp(−2200 / (ms · fs)), the
 * coefficient of a one-pole that rises from 10 % to 90 % in `ms`.
 *
 * @module
 */

import type { Values } from "../models/model.ts";

/**
 * Parameters of the compressor in the units people use: threshold_db, ratio,
 * attack_ms, release_ms and make_up_db, and with the RMS detector
 * averaging_coefficient.
 */
export type CompressorParameters = Values;

/** Which detector drives the static curve. */
export type Detector = "peak" | "rms";

/** One decibel as a natural logarithm of amplitude: k = ln 10 / 20. */
export const NEPER_PER_DB = Math.LN10 / 20;

/** Level floor of the peak detector, as an amplitude. */
export const LEVEL_FLOOR = 1e-8;

/** Floor of x² in the RMS detector. */
export const MEAN_SQUARE_FLOOR = 1e-8;

/** Coefficient of a one-pole with time constant `ms` at `sampleRate` Hz. */
export function coefficientOfTime(ms: number, sampleRate: number): number {
  return -Math.expm1(-2200 / (ms * sampleRate));
}

/** The detector that a set of parameters belongs to. */
export function detectorOf(parameters: CompressorParameters): Detector {
  return parameters.averaging_coefficient === undefined ? "peak" : "rms";
}

/** Natural vector θ of `parameters` at `sampleRate` Hz. */
export function toNatural(
  parameters: CompressorParameters,
  sampleRate: number,
): Float64Array {
  const { averaging_coefficient: averaging } = parameters;
  return Float64Array.from([
    parameters.threshold_db,
    1 - 1 / parameters.ratio,
    coefficientOfTime(parameters.attack_ms, sampleRate),
    coefficientOfTime(parameters.release_ms, sampleRate),
    ...(averaging === undefined ? [] : [averaging]),
    parameters.make_up_db,
  ]);
}
