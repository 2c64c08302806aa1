/**
 * Loudness dynamic range (LDR), how far the short-term level strays from the
 * long-term one (Nercessian, McClellan and Lukin, DAFx 2022).
 *
 * With p = F(x) the pre-emphasised signal and two one-pole mean squares of
 * max(p², 1e-16), of coefficients 1 − exp(−1/(fs τ)) for τ = 50 ms and 3 s, both
 * from zero:
 *
 *     l[n] = 10 log10(short[n] / long[n])      LDR = sqrt(mean l²)      in dB
 *
 * ΔLDR = LDR(model) − LDR(target) is positive where the model compresses less
 * than the unit did.
 *
 * @module
 */

import { PRE_EMPHASIS_POLE, preEmphasise } from "./pre_emphasis.ts";
import type { Signal } from "./signal.ts";

/** Time constant of the short mean square, in seconds. */
export const SHORT_TIME_CONSTANT = 0.05;

/** Time constant of the long mean square, in seconds. */
export const LONG_TIME_CONSTANT = 3;

/** Floor of p². */
export const LDR_FLOOR = 1e-16;

/** Sums up the LDR of a recording that comes in blocks. */
export class LdrMeter {
  readonly #shortCoefficient: number;
  readonly #longCoefficient: number;
  #lastInput = 0;
  #filtered = 0;
  #short = 0;
  #long = 0;
  #sum = 0;
  #count = 0;

  /** A meter at rest, for a recording of `sampleRate` Hz. */
  constructor(sampleRate: number) {
    this.#shortCoefficient = -Math.expm1(
      -1 / (sampleRate * SHORT_TIME_CONSTANT),
    );
    this.#longCoefficient = -Math.expm1(-1 / (sampleRate * LONG_TIME_CONSTANT));
  }

  /** Takes the next block. */
  add(signal: Signal): void {
    const shortCoefficient = this.#shortCoefficient;
    const longCoefficient = this.#longCoefficient;
    let lastInput = this.#lastInput;
    let filtered = this.#filtered;
    let short = this.#short;
    let long = this.#long;
    let sum = this.#sum;
    for (let n = 0; n < signal.length; n++) {
      const x = signal[n];
      filtered = x - lastInput + PRE_EMPHASIS_POLE * filtered;
      lastInput = x;
      const square = Math.max(filtered * filtered, LDR_FLOOR);
      short += shortCoefficient * (square - short);
      long += longCoefficient * (square - long);
      const level = 10 * Math.log10(short / long);
      sum += level * level;
    }
    this.#lastInput = lastInput;
    this.#filtered = filtered;
    this.#short = short;
    this.#long = long;
    this.#sum = sum;
    this.#count += signal.length;
  }

  /**
   * LDR of everything taken so far, in dB.
   *
   * @throws {RangeError} where nothing was taken.
   */
  get value(): number {
    if (this.#count === 0) {
      throw new RangeError(
        "a recording without samples has no LDR: give one with sound in it",
      );
    }
    return Math.sqrt(this.#sum / this.#count);
  }
}

/** LDR of `signal`, in dB. */
export function loudnessDynamicRange(
  signal: Signal,
  sampleRate: number,
): number {
  const meter = new LdrMeter(sampleRate);
  meter.add(signal);
  return meter.value;
}

/** ΔLDR = LDR(model) − LDR(target), in dB. */
export function deltaLdr(
  model: Signal,
  target: Signal,
  sampleRate: number,
): number {
  return loudnessDynamicRange(model, sampleRate) -
    loudnessDynamicRange(target, sampleRate);
}

/** Part of its highest below which a short-term mean square is a gap's: −60 dB. */
const GATE = 1e-6;

/**
 * ΔLDR where both model and target have sound. Ungated, as published, what noise does in
 * gaps near digital silence may rule it.
 */
export function gatedDeltaLdr(
  model: Signal,
  target: Signal,
  sampleRate: number,
): number {
  const sides = [model, target].map((signal) => {
    const short = meanSquares(signal, sampleRate);
    const highest = short.reduce((most, level) => Math.max(most, level), 0);
    const long = meanSquares(signal, sampleRate, LONG_TIME_CONSTANT);
    return { short, long, gate: GATE * highest, sum: 0 };
  });
  let count = 0;
  for (let n = 0; n < model.length; n++) {
    if (sides.some(({ short, gate }) => short[n] < gate)) continue;
    for (const side of sides) {
      side.sum += (10 * Math.log10(side.short[n] / side.long[n])) ** 2;
    }
    count++;
  }
  const [one, other] = sides.map(({ sum }) => Math.sqrt(sum / count));
  return one - other;
}

/** The one-pole mean square of `signal`, sample by sample. */
function meanSquares(
  signal: Signal,
  sampleRate: number,
  seconds = SHORT_TIME_CONSTANT,
): Float64Array {
  const coefficient = -Math.expm1(-1 / (sampleRate * seconds));
  const filtered = preEmphasise(signal, new Float64Array(signal.length));
  let mean = 0;
  return filtered.map((p) =>
    mean += coefficient * (Math.max(p * p, LDR_FLOOR) - mean)
  );
}
