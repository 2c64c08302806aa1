/**
 * A constant offset in a recording (direct current, as converters add it): how
 * large it is, and a recording without it. A detector that hears it is wrong by
 * as much at every level.
 *
 * The offset is the median of the means of short blocks, each weighted by the
 * inverse of the scatter within it: pauses tell it best, and the lopsided
 * waveform of a voice or a horn least.
 *
 * @module
 */

import { weightedMedian } from "../base/statistics.ts";
import type { Signal } from "./signal.ts";

/** A constant offset that was found. */
export interface ConstantOffset {
  /** The offset, full scale being 1. */
  value: number;
  /** Its part of the recording's energy, from 0 to 1. */
  share: number;
}

/** Seconds of a block. */
const BLOCK_SECONDS = 0.1;

/** An offset is told where it is so many times its error. */
const SIGNIFICANT = 8;

/** Offset below which nobody needs to know: −100 dBFS. */
const LEAST_OFFSET = 1e-5;

/** Part of the recording's root mean square below which it does no harm: −60 dB. */
const LEAST_PART = 1e-3;

/** Blocks that an offset is told from. */
const FEWEST_BLOCKS = 10;

/** The constant offset of `signal`; undefined where there is none to speak of. */
export function constantOffset(
  signal: Signal,
  sampleRate: number,
): ConstantOffset | undefined {
  const length = Math.max(1, Math.round(BLOCK_SECONDS * sampleRate));
  const blocks: { mean: number; weight: number }[] = [];
  let energy = 0;
  for (let from = 0; from + length <= signal.length; from += length) {
    let sum = 0;
    let squares = 0;
    for (let n = from; n < from + length; n++) {
      sum += signal[n];
      squares += signal[n] * signal[n];
    }
    energy += squares;
    const mean = sum / length;
    const scatter = Math.sqrt(Math.max(0, squares / length - mean * mean));
    blocks.push({ mean, weight: 1 / (scatter + LEAST_OFFSET) });
  }
  if (blocks.length < FEWEST_BLOCKS) return;
  const value = weightedMedian(
    blocks.map(({ mean, weight }) => [mean, weight]),
  );
  const spread = 1.4826 * weightedMedian(
    blocks.map(({ mean, weight }) => [Math.abs(mean - value), weight]),
  );
  const total = blocks.reduce((sum, { weight }) => sum + weight, 0);
  const squares = blocks.reduce((sum, { weight }) => sum + weight ** 2, 0);
  const error = 1.25 * spread / Math.sqrt(total ** 2 / squares);
  const level = Math.sqrt(energy / (blocks.length * length));
  const size = Math.abs(value);
  if (size < LEAST_OFFSET || size < LEAST_PART * level) return;
  if (size < SIGNIFICANT * error) return;
  return { value, share: Math.min(1, (value / level) ** 2) };
}

/** An offset is another one where they differ by so much of it. */
const ANOTHER = 0.1;

/**
 * The constant offset of `signal` in its quieter and its louder half, where they differ:
 * one that a unit's own gain works on, and no converter's.
 */
export function movingOffset(
  signal: Signal,
  sampleRate: number,
): { quiet: number; loud: number } | undefined {
  if (constantOffset(signal, sampleRate) === undefined) return;
  const length = Math.max(1, Math.round(BLOCK_SECONDS * sampleRate));
  const blocks: { mean: number; level: number }[] = [];
  for (let from = 0; from + length <= signal.length; from += length) {
    let sum = 0;
    let squares = 0;
    for (let n = from; n < from + length; n++) {
      sum += signal[n];
      squares += signal[n] * signal[n];
    }
    const mean = sum / length;
    blocks.push({ mean, level: squares / length - mean * mean });
  }
  blocks.sort((one, other) => one.level - other.level);
  const half = blocks.length >> 1;
  const [quiet, loud] = [blocks.slice(0, half), blocks.slice(-half)]
    .map((part) => {
      const value = part.reduce((sum, { mean }) => sum + mean, 0) / half;
      const square = part.reduce(
        (sum, one) => sum + (one.mean - value) ** 2,
        0,
      );
      return { value, error: Math.sqrt(square) / half };
    });
  const difference = Math.abs(quiet.value - loud.value);
  const isOther = difference > ANOTHER * Math.abs(quiet.value) &&
    difference > SIGNIFICANT / 2 * Math.hypot(quiet.error, loud.error);
  return isOther ? { quiet: quiet.value, loud: loud.value } : undefined;
}

/** `signal` less a constant. */
export function withoutOffset<T extends Signal>(signal: T, value: number): T {
  return signal.map((sample) => sample - value) as T;
}
