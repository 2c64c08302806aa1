/**
 * Confidence intervals by the bootstrap (Efron, Annals of Statistics 7(1), 1979):
 * the statistic of many resamples, each drawn with replacement from the same
 * items, and the percentiles of what comes out.
 *
 * The items here are blocks of time. A resample takes the same blocks at every
 * setting and for every method, so that what the intervals tell is how far a
 * figure depends on the sounds that happened to be played, and ratios between
 * methods can be compared.
 *
 * @module
 */

import * as z from "zod";
import { formatNumber } from "../base/format.ts";
import { createRandom } from "../base/random.ts";
import { quantile } from "../base/statistics.ts";

/** Schema of a bootstrap over blocks of time. */
export const bootstrapSchema = z.strictObject({
  block_seconds: z.number().positive("must be above 0").default(1),
  resamples: z.int().min(10).max(100_000).default(1000),
});

/** A figure with the interval that resampling gives it. */
export interface Interval {
  /** The figure, of all items once. */
  estimate: number;
  /** Lower end. */
  low: number;
  /** Upper end. */
  high: number;
}

/** `interval` in words, such as "0.431 (95 %: 0.402 to 0.466)". */
export function intervalInWords({ estimate, low, high }: Interval): string {
  const [at, from, to] = [estimate, low, high].map((value) =>
    formatNumber(value, 3)
  );
  return `${at} (95 %: ${from} to ${to})`;
}

/** Options of {@linkcode bootstrapInterval}. */
export interface BootstrapOptions {
  /** Seed of the resamples. */
  seed: number | string;
  /** Resamples (default 1000). */
  resamples?: number;
  /** Part of the resamples within the interval (default 0.95). */
  confidence?: number;
}

/**
 * Interval of `statistic`, a function of how often each of `count` items is
 * taken. Resamples for which it is not a number (silent ones) are left out.
 */
export function bootstrapInterval(
  count: number,
  statistic: (times: Float64Array) => number,
  { seed, resamples = 1000, confidence = 0.95 }: BootstrapOptions,
): Interval {
  if (!(count >= 1)) {
    throw new RangeError(`a bootstrap of ${count} items: give at least one`);
  }
  const random = createRandom(`${seed}/bootstrap`);
  const times = new Float64Array(count);
  const values: number[] = [];
  for (let i = 0; i < resamples; i++) {
    times.fill(0);
    for (let draw = 0; draw < count; draw++) {
      times[random.integer(0, count - 1)]++;
    }
    const value = statistic(times);
    if (Number.isFinite(value)) values.push(value);
  }
  const tail = (1 - confidence) / 2;
  return {
    estimate: statistic(times.fill(1)),
    low: quantile(values, tail),
    high: quantile(values, 1 - tail),
  };
}
