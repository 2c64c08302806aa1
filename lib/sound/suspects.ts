/**
 * What may be wrong with a pair that no fit can know: the two sides swapped, a
 * sample rate in a header that is not the sound's, a constant offset.
 *
 * **Swapped.** Over blocks of 20 ms the gain, 20 log₁₀ (wet/dry), is fitted by the level
 * (the mean of both sides' in dB) of now, of the last 0.1 s and of the last second:
 *
 *     gain = c + b₀ L + b₁ L₀.₁ + b₂ L₁
 *
 * b₀ + b₁ + b₂ is what the gain does in the long run where the sound gets 1 dB louder:
 * below 0 for a compressor, fast or slow. With the sides swapped it is the same
 * number above 0. An expander has it above 0 too, and is told with it.
 *
 * **Rate.** Where the two do not match, wet's loudness over time is compared with dry's
 * at the ratios that rates have, and the best ones are tried on the sound itself.
 *
 * @module
 */

import FFT from "fft.js";
import { Matrix, solve } from "ml-matrix";
import { mean } from "../base/statistics.ts";
import {
  formatFixed,
  formatInteger,
  formatNumber,
  formatPercent,
} from "../base/format.ts";
import {
  type Alignment,
  MATCH_THRESHOLD,
  searchAlignment,
  SilentSideError,
} from "./alignment.ts";
import {
  type ConstantOffset,
  constantOffset,
  withoutOffset,
} from "./constant_offset.ts";
import { resampled } from "./fractional_delay.ts";
import type { Pair, Signal } from "./signal.ts";

/** What a pair is suspected of. */
export interface Suspects {
  /** Constant offset of the dry side. */
  dryOffset?: ConstantOffset;
  /** Constant offset of the wet side. */
  wetOffset?: ConstantOffset;
  /** The sides look swapped, or the unit expands. */
  swapped?: {
    /** Decibels of gain for a decibel of level. */
    slope: number;
    /** Its standard error. */
    error: number;
  };
  /** The sides match at other rates than their headers say. */
  rate?: RateSuspicion;
  /** The same for people, a sentence each. */
  sentences: string[];
}

/** Rates at which the sides match; their ratio is sure, one of them is a guess. */
export interface RateSuspicion {
  /** Rate of dry's samples, in Hz. */
  dryRate: number;
  /** Rate of wet's samples, in Hz. */
  wetRate: number;
  /** Match of the sides at these rates, from 0 to 1. */
  match: number;
}

/** Seconds of a block of the levels. */
const BLOCK_SECONDS = 0.02;

/** Seconds that past levels are averaged over. */
const MEMORIES = [0.1, 1];

/** Blocks so far below the loudest one count for nothing, in dB. */
const LEVEL_RANGE = 40;

/** Blocks that a slope is told from. */
const FEWEST_BLOCKS = 50;

/** Slope from which the sides are suspected to be swapped. */
const LEAST_SLOPE = 0.05;

/** The same, in its errors. */
const SIGNIFICANT = 5;

/** Rates of recordings, in Hz. */
const RATES = [
  8000,
  11025,
  16000,
  22050,
  32000,
  44100,
  48000,
  88200,
  96000,
  176400,
  192000,
];

/** Steps of the loudness over time, a second. */
const LOUDNESS_RATE = 200;

/** Ratios that are tried on the sound itself. */
const TRIED = 2;

/** Seconds of sound that a ratio is tried on. */
const TRIED_SECONDS = 12;

/**
 * What `pair` is suspected of.
 *
 * @param alignment How wet follows dry, as far as was found.
 * @param wetRate Rate in wet's header, where it is not dry's.
 */
export function suspects(
  pair: Pair,
  alignment: Pick<Alignment, "lag" | "match">,
  wetRate: number = pair.sampleRate,
): Suspects {
  const { dry, wet, sampleRate } = pair;
  const sentences: string[] = [];
  const result: Suspects = { sentences };
  for (const side of ["dry", "wet"] as const) {
    const offset = constantOffset(pair[side], sampleRate);
    if (offset === undefined) continue;
    result[`${side}Offset`] = offset;
    sentences.push(
      `the ${side} recording has a constant offset of ${
        formatNumber(offset.value, 3)
      } (${formatPercent(offset.share, 2)} of its energy)`,
    );
  }
  const isMatch = alignment.match >= MATCH_THRESHOLD;
  if (isMatch && wetRate === sampleRate) {
    const [x, y] = [dry, wet].map((side, i) => {
      const offset = [result.dryOffset, result.wetOffset][i];
      return offset === undefined ? side : withoutOffset(side, offset.value);
    });
    const { slope, error } = slopeOfGain(
      { dry: x, wet: y, sampleRate },
      alignment,
    );
    if (slope > LEAST_SLOPE && slope > SIGNIFICANT * error) {
      result.swapped = { slope, error };
      sentences.push(
        `the louder the dry recording, the more gain the wet one has (${
          formatFixed(slope, 2)
        } dB for each dB): the two are swapped, or the unit expands`,
      );
    }
  }
  let rate: RateSuspicion | undefined;
  if (!isMatch) rate = findRate(dry, wet, sampleRate);
  else if (wetRate !== sampleRate) {
    // Sample for sample: the same rate, whatever the headers say.
    const { match } = alignment;
    rate = { dryRate: sampleRate, wetRate: sampleRate, match };
  }
  if (
    rate !== undefined && rate.wetRate / rate.dryRate !== wetRate / sampleRate
  ) {
    result.rate = rate;
    const hertz = (value: number) => `${formatInteger(value)} Hz`;
    sentences.push(
      `the headers say ${hertz(sampleRate)} (dry) and ${
        hertz(wetRate)
      } (wet), but the sounds match as ${hertz(rate.dryRate)} and ${
        hertz(rate.wetRate)
      } do: one of the headers is wrong`,
    );
  }
  return result;
}

/** Decibels of gain in the long run for a decibel of level; see the module's head. */
function slopeOfGain(
  { dry, wet, sampleRate }: Pair,
  { lag }: Pick<Alignment, "lag">,
): { slope: number; error: number } {
  const length = Math.max(1, Math.round(BLOCK_SECONDS * sampleRate));
  const levels: number[] = [];
  const gains: number[] = [];
  const first = Math.max(0, -lag);
  const end = Math.min(dry.length, wet.length - lag);
  for (let from = first; from + length <= end; from += length) {
    const one = levelOf(dry, from, length);
    const other = levelOf(wet, from + lag, length);
    levels.push((one + other) / 2);
    gains.push(other - one);
  }
  const loudest = levels.reduce(
    (most, level) => Math.max(most, level),
    -Infinity,
  );
  const floor = loudest - LEVEL_RANGE;
  const means = MEMORIES.map(() => floor);
  const rows: { row: number[]; gain: number }[] = [];
  levels.forEach((level, i) => {
    const now = Math.max(floor, level) - loudest;
    const row = [1, now];
    MEMORIES.forEach((seconds, k) => {
      means[k] += Math.min(1, BLOCK_SECONDS / seconds) *
        (Math.max(floor, level) - means[k]);
      row.push(means[k] - loudest);
    });
    if (level > floor) rows.push({ row, gain: gains[i] });
  });
  if (rows.length < FEWEST_BLOCKS) return { slope: 0, error: Infinity };
  const size = 2 + MEMORIES.length;
  const normal = Matrix.zeros(size, size);
  const right = Matrix.zeros(size, 1);
  for (const { row, gain } of rows) {
    for (let i = 0; i < size; i++) {
      right.set(i, 0, right.get(i, 0) + row[i] * gain);
      for (let j = 0; j < size; j++) {
        normal.set(i, j, normal.get(i, j) + row[i] * row[j]);
      }
    }
  }
  // Next to nothing, for a level that never changes.
  for (let i = 0; i < size; i++) normal.set(i, i, normal.get(i, i) + 1e-6);
  const inverse = solve(normal, Matrix.eye(size));
  const values = inverse.mmul(right).to1DArray();
  let misfit = 0;
  for (const { row, gain } of rows) {
    misfit += (gain - row.reduce((sum, x, i) => sum + x * values[i], 0)) ** 2;
  }
  let slope = 0;
  let variance = 0;
  for (let i = 1; i < size; i++) {
    slope += values[i];
    for (let j = 1; j < size; j++) variance += inverse.get(i, j);
  }
  // Blocks within the longest memory are one observation rather than many.
  const independent = rows.length * BLOCK_SECONDS / MEMORIES[0];
  variance *= misfit / Math.max(1, independent - size);
  return { slope, error: Math.sqrt(variance) };
}

/** Mean square over a block in dB, no less than −200. */
function levelOf(signal: Signal, from: number, length: number): number {
  let energy = 0;
  for (let n = from; n < from + length; n++) energy += signal[n] ** 2;
  return 10 * Math.log10(Math.max(1e-20, energy / length));
}

/** Rates at which `wet` matches `dry`, one of them `sampleRate`. */
function findRate(
  dry: Signal,
  wet: Signal,
  sampleRate: number,
): RateSuspicion | undefined {
  const dryLoudness = loudnessOf(dry, sampleRate / LOUDNESS_RATE);
  const likenessAt = (ratio: number) =>
    likeness(dryLoudness, loudnessOf(wet, ratio * sampleRate / LOUDNESS_RATE));
  const least = likenessAt(1);
  const ranked = RATES.filter((rate) => rate !== sampleRate)
    .flatMap((rate) => [
      { dryRate: sampleRate, wetRate: rate },
      { dryRate: rate, wetRate: sampleRate },
    ])
    .map((rates) => ({
      ...rates,
      likeness: likenessAt(rates.wetRate / rates.dryRate),
    }))
    .filter((one) => one.likeness > least)
    .sort((one, other) => other.likeness - one.likeness)
    .slice(0, TRIED);
  for (const { dryRate, wetRate } of ranked) {
    const ratio = wetRate / dryRate;
    const length = Math.round(TRIED_SECONDS * sampleRate);
    const part = wet.subarray(0, Math.ceil(length * ratio));
    try {
      const { match } = searchAlignment(
        dry.subarray(0, length),
        resampled(part, (ratio - 1) * 1e6),
      );
      if (match >= MATCH_THRESHOLD) return { dryRate, wetRate, match };
    } catch (error) {
      if (!(error instanceof SilentSideError)) throw error;
    }
  }
}

/** How the loudness rises over time, in steps of `step` samples. */
function loudnessOf(signal: Signal, step: number): Float64Array {
  const count = Math.floor(signal.length / step);
  const rises = new Float64Array(count);
  let before = 0;
  for (let i = 0; i < count; i++) {
    const from = Math.floor(i * step);
    const to = Math.floor((i + 1) * step);
    let energy = 0;
    for (let n = from + 1; n < to; n++) {
      energy += (signal[n] - signal[n - 1]) ** 2;
    }
    const loudness = Math.log10(1e-8 + energy / (to - from));
    if (i > 0) rises[i] = Math.max(0, loudness - before);
    before = loudness;
  }
  return rises;
}

/** Highest cross-correlation of two courses at any lag, from 0 to 1. */
function likeness(one: Float64Array, other: Float64Array): number {
  const size = 2 **
    Math.ceil(Math.log2(Math.max(2, one.length + other.length)));
  const fft = new FFT(size);
  const input = new Float64Array(2 * size);
  const output = new Float64Array(2 * size);
  const energies = [one, other].map((course, k) => {
    const middle = mean(course);
    let energy = 0;
    course.forEach((x, i) => {
      input[2 * i + k] = x - middle;
      energy += (x - middle) ** 2;
    });
    return energy;
  });
  fft.transform(output, input);
  for (let k = 0; k < size; k++) {
    const mirror = (size - k) % size;
    const [re, im] = [output[2 * k], output[2 * k + 1]];
    const [reM, imM] = [output[2 * mirror], output[2 * mirror + 1]];
    const [a, b] = [(re + reM) / 2, (im - imM) / 2];
    const [c, d] = [(im + imM) / 2, (reM - re) / 2];
    input[2 * k] = a * c + b * d;
    input[2 * k + 1] = a * d - b * c;
  }
  fft.inverseTransform(output, input);
  let highest = 0;
  for (let k = 0; k < size; k++) highest = Math.max(highest, output[2 * k]);
  const norm = Math.sqrt(energies[0] * energies[1]);
  return norm > 0 ? highest / norm : 0;
}
