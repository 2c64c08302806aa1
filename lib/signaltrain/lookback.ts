/**
 * How far windowed targets are from streamed ones: the floor of the error of any
 * model that sees one window at a time (figure 1 of the paper).
 *
 * A window differs from the stream in the gain that it begins with and in nothing
 * else. So what the curve asks for is worked out once, the recurrence runs again
 * from rest, and a window is done where its gain has met the stream's.
 *
 * @module
 */

import type { Values } from "../models/model.ts";
import type { Signal } from "../sound/signal.ts";
import { askedDb, factorOf, followed, followerOf } from "./effect.ts";

/** Difference in dB at which two gains are the same: 1e-14 of a sample. */
const MET = 1e-13;

/** Mean and largest |windowed − streamed| of one lookback. */
export interface WindowError {
  /** Samples before the output that a window sees. */
  lookback: number;
  /** Mean over the samples that count. */
  mae: number;
  /** The largest. */
  worst: number;
}

/**
 * The error of windowed targets of `input` for each of `lookbacks`, over whole
 * windows of `output` samples. The first `skipped` windows do not count: in them
 * the stream leaves sample 0 alone, and a window, which has zeros before it, does
 * not.
 */
export function windowErrors(
  input: Signal,
  values: Values,
  sampleRate: number,
  { lookbacks, output, skipped = 0 }: {
    lookbacks: readonly number[];
    output: number;
    skipped?: number;
  },
): WindowError[] {
  const follower = followerOf(values, sampleRate);
  const windows = Math.floor(input.length / output);
  if (windows <= skipped) {
    throw new RangeError(
      `${input.length} samples hold ${windows} windows of ${output}: give more than ${skipped}`,
    );
  }
  const asked = new Float64Array(windows * output);
  const streamed = new Float64Array(windows * output);
  for (let n = 0; n < asked.length; n++) {
    asked[n] = askedDb(follower, input[n]);
    if (n > 0) streamed[n] = followed(follower, streamed[n - 1], asked[n]);
  }
  return lookbacks.map((lookback) => {
    let sum = 0;
    let worst = 0;
    for (let window = skipped; window < windows; window++) {
      const from = window * output;
      const first = from - lookback;
      let gain = 0;
      for (let n = Math.max(0, first); n < from + output; n++) {
        if (n !== first) gain = followed(follower, gain, asked[n]);
        // They are the same from here on, but for sample 0.
        if (n > 0 && Math.abs(gain - streamed[n]) < MET) break;
        if (n < from) continue;
        const error = Math.abs(
          (factorOf(gain) - factorOf(streamed[n])) * input[n],
        );
        sum += error;
        if (error > worst) worst = error;
      }
    }
    return { lookback, mae: sum / ((windows - skipped) * output), worst };
  });
}
