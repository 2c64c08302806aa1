/**
 * Scores compressors against a whole recording: nothing cut into chunks, no
 * warm-up left out.
 *
 * @module
 */

import type { CompressorParameters } from "../compressor/parameters.ts";
import { type Energies, sumEnergies, sumScore } from "../kernels/render.ts";
import type { Pair } from "../sound/signal.ts";

/** How near a compressor comes to a recording. */
export interface Score {
  /** Error-to-signal ratio of the pre-emphasised signals. */
  esr: number;
  /** LDR(model) − LDR(target), in dB; positive: the model compresses less. */
  deltaLdrDb: number;
}

/**
 * ESR of each compressor of `candidates`, which have the peak detector, against
 * `pair`, in their order.
 *
 * @throws {RangeError} where the target is silent, which leaves no ratio.
 */
export function scoreEsr(
  pair: Pair,
  candidates: readonly CompressorParameters[],
): number[] {
  return sumEnergies(pair, candidates).map(esrOf);
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
    return {
      esr: esrOf(sums),
      deltaLdrDb: sums.modelLdr - sums.targetLdr,
    };
  });
}

function esrOf({ error, target }: Energies): number {
  if (target > 0) return error / target;
  throw new RangeError(
    "the target is silent, so it has no ESR: give a recording with sound in it",
  );
}
