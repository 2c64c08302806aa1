/**
 * Scores compressors against a whole recording: nothing cut into chunks, no
 * warm-up left out.
 *
 * @module
 */

import type { CompressorParameters } from "../compressor/parameters.ts";
import { linked } from "../compressor/linked.ts";
import {
  createFastCompressor,
  type Energies,
  type ScoreSums,
  sumEnergies,
  sumScore,
} from "../kernels/render.ts";
import type { Pair, Signal } from "../sound/signal.ts";
import { EsrMeter } from "./esr.ts";
import { loudnessDynamicRange } from "./loudness_dynamic_range.ts";

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

/**
 * Scores one compressor against several takes of one unit: the ESR over all of
 * them, and the mean difference in loudness dynamic range. Where the detector of a
 * take hears another sound, so does the compressor's.
 *
 * @throws {RangeError} where every target is silent, which leaves no ratio.
 */
export function scoreTakes(
  takes: readonly Pair[],
  parameters: CompressorParameters,
): Score {
  const energies: Energies = { error: 0, target: 0 };
  let deltaLdrDb = 0;
  for (const take of takes) {
    const { error, target, modelLdr, targetLdr } = take.heard === undefined
      ? sumScore(take, parameters)
      : sumScoreLinked(take, take.heard, parameters);
    energies.error += error;
    energies.target += target;
    deltaLdrDb += (modelLdr - targetLdr) / takes.length;
  }
  return { esr: esrOf(energies), deltaLdrDb };
}

/** What `sumScore` gives, of a compressor whose detector hears `heard`. */
function sumScoreLinked(
  { dry, wet, sampleRate }: Pair,
  heard: Signal,
  parameters: CompressorParameters,
): ScoreSums {
  const model = new Float32Array(dry.length);
  linked(createFastCompressor(parameters, sampleRate))
    .process([dry, heard], [model, new Float32Array(dry.length)]);
  const meter = new EsrMeter();
  meter.add(model, wet);
  return {
    ...meter.energies,
    modelLdr: loudnessDynamicRange(model, sampleRate),
    targetLdr: loudnessDynamicRange(wet, sampleRate),
  };
}

function esrOf({ error, target }: Energies): number {
  if (target > 0) return error / target;
  throw new RangeError(
    "the target is silent, so it has no ESR: give a recording with sound in it",
  );
}
