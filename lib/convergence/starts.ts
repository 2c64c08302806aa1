/**
 * Seeded random starting points, spread over the ranges in which a compressor's
 * controls lie: evenly in decibels, and evenly in the logarithm for the ratio and
 * the times.
 *
 * @module
 */

import * as z from "zod";
import type { Values } from "../models/model.ts";
import { createRandom } from "../base/random.ts";

const rangeSchema = z.tuple([z.number(), z.number()])
  .refine(([low, high]) => low < high, "must be [lowest, highest]").readonly();

/** Schema of where random starts lie, and how many. */
export const startsSchema = z.strictObject({
  count: z.int().min(1).default(50),
  seed: z.int().min(0).default(1),
  threshold_db: rangeSchema.default([-60, 0]),
  ratio: rangeSchema.default([1.2, 18]),
  attack_ms: rangeSchema.default([0.2, 80]),
  release_ms: rangeSchema.default([15, 900]),
});

/** Where starts lie, in dB and milliseconds. */
export type StartRanges = Pick<
  z.output<typeof startsSchema>,
  "threshold_db" | "ratio" | "attack_ms" | "release_ms"
>;

/**
 * `count` starts, which depend on `seed` and their number alone: more starts begin
 * with the same ones. What `ranges` do not name is as in `rest`, such as a make-up
 * of 0 and whatever else a model has.
 */
export function randomStarts(
  ranges: StartRanges,
  count: number,
  seed: number | string,
  rest: Values = { make_up_db: 0 },
): Values[] {
  const random = createRandom(`${seed}/starts`);
  return Array.from({ length: count }, () => ({
    ...rest,
    threshold_db: random.uniform(...ranges.threshold_db),
    ratio: random.logUniform(...ranges.ratio),
    attack_ms: random.logUniform(...ranges.attack_ms),
    release_ms: random.logUniform(...ranges.release_ms),
  }));
}
