/**
 * Comp-4C, the compressor that SignalTrain learns (Hawley, Colburn, Mimilakis, AES
 * 147, 2019; after Tarr, "Hack Audio", 2018), by hand and in double precision: what
 * its targets are made with. The preset `comp-4c` is the same in primitives.
 *
 *     level     L[n] = max(20 log₁₀(|x[n]| + 1e-8), −96)
 *     asked     c[n] = −(1 − 1/R) max(L[n] − T, 0)                      in dB
 *     gain      g[0] = 0,  g[n] = α g[n−1] + (1 − α) c[n]
 *               α = e^(−ln 9 / fs t), t the attack where c[n] < g[n−1], else the release
 *     output    y[n] = 10^(g[n]/20) x[n]
 *
 * Sample 0 of a stream is left alone. A target is *streamed* where the effect runs
 * over the whole sound, and *windowed* where it starts anew, g = 0, on every input
 * window: `lookback` samples and the `output` samples that are kept.
 *
 * @module
 */

import type { Values } from "../models/model.ts";
import type { Signal } from "../sound/signal.ts";

const LN_9 = Math.log(9);

/** Decibels of one neper of amplitude. */
const DB = 20 / Math.LN10;

const OFFSET = 1e-8;
const FLOOR_DB = -96;

/** A control of an effect, and where it goes. */
export interface Control {
  /** Name of the parameter, as of the preset `comp-4c`. */
  name: string;
  /** Lowest and highest setting. */
  range: readonly [low: number, high: number];
}

const controls = (
  threshold: Control["range"],
  ratio: Control["range"],
  time: Control["range"],
): readonly Control[] => [
  { name: "threshold_db", range: threshold },
  { name: "ratio", range: ratio },
  { name: "attack_ms", range: time },
  { name: "release_ms", range: time },
];

/** The effects of the paper (its table 1), by their names there. */
export const EFFECTS = {
  "Comp-4C": controls([-30, 0], [1, 5], [1, 40]),
  "Comp-4C-Large": controls([-50, 0], [1.5, 10], [1, 1000]),
} as const;

/** Name of an effect. */
export type EffectName = keyof typeof EFFECTS;

/** `settings` from 0 to 1 between the ends of `controls`, as parameters. */
export function valuesAt(
  controls: readonly Control[],
  settings: ArrayLike<number>,
): Values {
  return Object.fromEntries([
    ...controls.map(({ name, range: [low, high] }, i) => [
      name,
      low + (high - low) * settings[i],
    ]),
    ["make_up_db", 0],
  ]);
}

/** What the recurrence needs of the parameters. */
export interface Follower {
  thresholdDb: number;
  /** −(1 − 1/R). */
  slope: number;
  /** α of the attack. */
  attack: number;
  /** α of the release. */
  release: number;
}

/** The recurrence of `values` at `sampleRate` Hz. */
export function followerOf(values: Values, sampleRate: number): Follower {
  const decay = (ms: number) => Math.exp(-1000 * LN_9 / (sampleRate * ms));
  return {
    thresholdDb: values.threshold_db,
    slope: 1 / values.ratio - 1,
    attack: decay(values.attack_ms),
    release: decay(values.release_ms),
  };
}

/** Gain in dB that is asked for at the sample `x`. */
export function askedDb({ thresholdDb, slope }: Follower, x: number): number {
  const over = Math.max(DB * Math.log(Math.abs(x) + OFFSET), FLOOR_DB) -
    thresholdDb;
  return over > 0 ? slope * over : 0;
}

/** g after it was `before`, on its way to `asked`. */
export function followed(
  { attack, release }: Follower,
  before: number,
  asked: number,
): number {
  const alpha = asked < before ? attack : release;
  return (1 - alpha) * asked + alpha * before;
}

/** A gain in dB as a factor. */
export function factorOf(db: number): number {
  return Math.exp(db / DB);
}

/** `input` through the effect, which begins at rest, into `output`. */
export function stream(
  input: Signal,
  output: Signal,
  values: Values,
  sampleRate: number,
): void {
  const follower = followerOf(values, sampleRate);
  let gain = 0;
  for (let n = 0; n < input.length; n++) {
    if (n > 0) gain = followed(follower, gain, askedDb(follower, input[n]));
    output[n] = factorOf(gain) * input[n];
  }
}

/**
 * `input` through the effect window by window, as the published networks are used
 * on a file: `lookback` zeros in front, and of every window the last `output`
 * samples. What is left at the end has a shorter window.
 */
export function windowed(
  input: Signal,
  values: Values,
  sampleRate: number,
  { lookback, output }: { lookback: number; output: number },
): Float64Array {
  const result = new Float64Array(input.length);
  const window = new Float64Array(lookback + output);
  const made = new Float64Array(lookback + output);
  for (let from = 0; from < input.length; from += output) {
    const first = from - lookback;
    const part = input.subarray(Math.max(0, first), from + output);
    window.fill(0).set(part, Math.max(0, -first));
    stream(window, made, values, sampleRate);
    const kept = Math.min(output, input.length - from);
    result.set(made.subarray(lookback, lookback + kept), from);
  }
  return result;
}

/**
 * The dry sound of a streamed `output`: the effect run backwards. Of every sample
 * the level is wanted for which
 *
 *     L + g = 20 log₁₀ |y|,   g = α g₋ + (1 − α) c(L)
 *
 * and there is one and no other: the left side is continuous in L, straight
 * between its bends, and rises by at least α + (1 − α)/R. An error in g₋ shrinks
 * on the way, so that nothing builds up. Make-up is taken off first.
 *
 * @throws {RangeError} of a limiter with an attack of no time: there every loud
 * sample ends at the same level.
 */
export function backwards(
  output: Signal,
  values: Values,
  sampleRate: number,
): Float64Array {
  const follower = followerOf(values, sampleRate);
  const { thresholdDb, slope, attack, release } = follower;
  if (1 + (1 - Math.min(attack, release)) * slope < 1e-9) {
    throw new RangeError(
      "a ratio of ∞ and a time of 0 cannot be undone: what was above the threshold is lost",
    );
  }
  const makeUp = factorOf(values.make_up_db ?? 0);
  const input = new Float64Array(output.length);
  let gain = 0;
  for (let n = 0; n < output.length; n++) {
    const y = output[n] / makeUp;
    if (n > 0) gain = gainBehind(Math.abs(y), gain);
    input[n] = y / factorOf(gain);
  }
  return input;

  /** g of a sample that came out as `loud`, after it was `before`. */
  function gainBehind(loud: number, before: number): number {
    // Below the threshold the gain recovers by itself.
    const recovered = release * before;
    const level = DB * Math.log(loud + OFFSET);
    if (level - recovered <= thresholdDb) return recovered;
    // The small offset of the level makes the line bend a little: some rounds of
    // the straight solution, about the offset that holds at the point.
    let gain = before;
    for (let round = 0; round < 4; round++) {
      const heard = DB * Math.log(loud / factorOf(gain) + OFFSET) + gain;
      // At c = g₋ either time gives g₋; beyond that point the attack holds.
      const alpha = heard - before - thresholdDb > before / slope
        ? attack
        : release;
      const part = (1 - alpha) * slope;
      gain = (alpha * before + part * (heard - thresholdDb)) / (1 + part);
      if (gain > 0) gain = 0;
    }
    return gain;
  }
}
