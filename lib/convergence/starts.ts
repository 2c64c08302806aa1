/**
 * Seeded random starting points, spread over the ranges in which a compressor's
 * controls lie: evenly in decibels, and evenly in the logarithm for the ratio and
 * the times.
 *
 * @module
 */

import type { Values } from "../models/model.ts";
import { createRandom } from "../base/random.ts";

/** Lowest and highest value of a parameter. */
export type Range = readonly [low: number, high: number];

/** Where starts lie. */
export interface StartRanges {
  /** Threshold, in dB. */
  threshold_db: Range;
  /** Ratio. */
  ratio: Range;
  /** Attack, in milliseconds. */
  attack_ms: Range;
  /** Release, in milliseconds. */
  release_ms: Range;
}

/**
 * `count` starts with make-up 0, which depend on `seed` and their number alone:
 * more starts begin with the same ones.
 */
export function randomStarts(
  ranges: StartRanges,
  count: number,
  seed: number | string,
): Values[] {
  const random = createRandom(`${seed}/starts`);
  return Array.from({ length: count }, () => ({
    threshold_db: random.uniform(...ranges.threshold_db),
    ratio: random.logUniform(...ranges.ratio),
    attack_ms: random.logUniform(...ranges.attack_ms),
    release_ms: random.logUniform(...ranges.release_ms),
    make_up_db: 0,
  }));
}
