/**
 * The gain from one signal to another.
 *
 * @module
 */

import { preEmphasise } from "../sound/pre_emphasis.ts";
import type { Signal } from "../sound/signal.ts";

/**
 * The constant gain c for which c · input comes nearest to `output` in ESR:
 *
 *     c = Σ F(input) F(output) / Σ F(input)²
 *
 * @throws {RangeError} where the input is silent.
 */
export function bestGain(input: Signal, output: Signal): number {
  const x = preEmphasise(input, new Float64Array(input.length));
  const y = preEmphasise(output, new Float64Array(output.length));
  let product = 0;
  let energy = 0;
  for (let n = 0; n < x.length; n++) {
    product += x[n] * y[n];
    energy += x[n] * x[n];
  }
  if (!(energy > 0)) {
    throw new RangeError(
      "the input is silent, so there is no gain from it: give a recording with sound in it",
    );
  }
  return product / energy;
}

/** Sums of an error, and of the target it is measured against. */
export interface ErrorSums {
  /** Σ of what is left of F(target). */
  left: number;
  /** Σ F(target)². */
  energy: number;
}

/**
 * What is left of `target` from `from` to `to` if the gain of `model` were put right in
 * every window of `window` samples, both pre-emphasised:
 *
 *     Σ (y² − (Σ m y)² / Σ m²)
 *
 * That is what no gain can mend: colour, phase, distortion, noise.
 */
export function beyondGain(
  model: ArrayLike<number>,
  target: ArrayLike<number>,
  from: number,
  to: number,
  window: number,
): ErrorSums {
  const sums = { left: 0, energy: 0 };
  for (let start = from; start < to; start += window) {
    let [both, ownEnergy, energy] = [0, 0, 0];
    for (let n = start; n < Math.min(start + window, to); n++) {
      both += model[n] * target[n];
      ownEnergy += model[n] * model[n];
      energy += target[n] * target[n];
    }
    const met = ownEnergy > 0 ? both * both / ownEnergy : 0;
    sums.left += Math.max(0, energy - met); // Rounding may make it negative.
    sums.energy += energy;
  }
  return sums;
}

/** Gain over time. */
export interface GainCurve {
  /** Middle of each window, in seconds. */
  seconds: number[];
  /** Gain in dB; NaN where the input is below {@linkcode GATE_DB}. */
  gainDb: number[];
}

/**
 * Windows in which the input is below this, in dBFS (RMS), show no gain: what comes
 * out of a unit there is its noise and what it remembers, not gain.
 */
export const GATE_DB = -60;

/**
 * Level of `output` over that of `input`, in windows of `windowSeconds` that
 * overlap by half.
 */
export function gainOverTime(
  input: Signal,
  output: Signal,
  sampleRate: number,
  windowSeconds = 0.02,
): GainCurve {
  const length = Math.max(2, Math.round(windowSeconds * sampleRate));
  const hop = Math.floor(length / 2);
  const curve: GainCurve = { seconds: [], gainDb: [] };
  for (let at = 0; at + length <= input.length; at += hop) {
    const level = levelDb(input.subarray(at, at + length));
    curve.seconds.push((at + length / 2) / sampleRate);
    curve.gainDb.push(
      level < GATE_DB ? NaN : levelDb(output.subarray(at, at + length)) - level,
    );
  }
  return curve;
}

/** RMS level of `signal`, in dBFS. */
export function levelDb(signal: Signal): number {
  let sum = 0;
  for (let n = 0; n < signal.length; n++) sum += signal[n] * signal[n];
  return 10 * Math.log10(sum / signal.length);
}
