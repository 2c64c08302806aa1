/**
 * Scores compressors against a whole recording: nothing cut into chunks, no
 * warm-up left out.
 *
 * @module
 */

import type { CompressorParameters } from "../compressor/parameters.ts";
import { sumScore } from "../kernels/render.ts";
import type { Pair } from "../objective/chunks.ts";

/** How near a compressor comes to a recording. */
export interface Score {
  /** Error-to-signal ratio of the pre-emphasised signals. */
  esr: number;
  /** LDR(model) − LDR(target), in dB; positive: the model compresses less. */
  deltaLdrDb: number;
}

/**
 * Scores each compressor of `candidates`, which have the peak detector, against
 * `pair`, in their order.
 *
 * @throws {RangeError} where the target is silent, which leaves no ratio.
 */
export function score(
  pair: Pair,
  candidates: readonly CompressorParameters[],
): Score[] {
  return candidates.map((parameters) => {
    const sums = sumScore(pair, parameters);
    if (!(sums.targetEnergy > 0)) {
      throw new RangeError(
        "the target is silent, so it has no ESR: give a recording with sound in it",
      );
    }
    return {
      esr: sums.errorEnergy / sums.targetEnergy,
      deltaLdrDb: sums.modelLdr - sums.targetLdr,
    };
  });
}
