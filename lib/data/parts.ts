/**
 * A recording in three parts, one after the other: what is trained on, what the
 * training is judged by, and what the result is tested on.
 *
 * @module
 */

import * as z from "zod";
import type { Pair } from "../sound/signal.ts";
import type { PairSource } from "./source.ts";

const lengthSchema = z.number().positive("must be above 0");

/** Schema of the lengths of the first two parts. */
export const partsSchema = z.strictObject({
  train_seconds: lengthSchema.default(60),
  validation_seconds: lengthSchema.default(15),
});

/** Ends of the first two parts, in samples. The third goes on to the end. */
export interface Parts {
  /** Where training ends and validation begins. */
  trainEnd: number;
  /** Where validation ends and the test begins. */
  testStart: number;
}

/** Shortest test part, in seconds. */
const SHORTEST_TEST = 5;

/**
 * Parts of recordings of `seconds` at `sampleRate`.
 *
 * @throws {RangeError} where hardly anything is left to test on.
 */
export function partsOf(
  recording: { seconds: number; sampleRate: number },
  lengths: { train_seconds: number; validation_seconds: number },
): Parts {
  const { seconds, sampleRate } = recording;
  const { train_seconds: train, validation_seconds: validation } = lengths;
  if (!(seconds - train - validation >= SHORTEST_TEST)) {
    throw new RangeError(
      `recordings of ${
        seconds.toFixed(1)
      } s leave less than ${SHORTEST_TEST} s to test on after ${train} s of training and ${validation} s of validation: give longer ones (data.duration), or shorten parts.train_seconds`,
    );
  }
  return {
    trainEnd: Math.round(train * sampleRate),
    testStart: Math.round((train + validation) * sampleRate),
  };
}

/** `source` with nothing but the first `length` samples of every recording. */
export function beginningOf(source: PairSource, length: number): PairSource {
  const facts = source.describe();
  return {
    describe: () => ({ ...facts, seconds: length / facts.sampleRate }),
    settings: () => source.settings(),
    async load(setting) {
      const { dry, wet, ...rest } = await source.load(setting);
      const cut = (side: Pair["dry"]) => side.subarray(0, length);
      return { ...rest, dry: cut(dry), wet: cut(wet) };
    },
  };
}
