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

/** `signal` less a constant. */
export function withoutOffset<T extends Signal>(signal: T, value: number): T {
  return signal.map((sample) => sample - value) as T;
}
