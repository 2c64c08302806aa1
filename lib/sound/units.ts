/**
 * Decibels as natural logarithms, times as coefficients of one-poles, and the floors
 * below which a detector hears nothing: what every model of a compressor shares.
 *
 * Time constants follow the paper: α(ms) = 1 − exp(−2200 / (ms · fs)), the
 * coefficient of a one-pole that rises from 10 % to 90 % in `ms`.
 *
 * @module
 */

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
