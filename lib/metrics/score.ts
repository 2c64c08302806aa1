/**
 * Scores compressors against a whole recording: nothing cut into chunks, no
 * warm-up left out.
 *
 * @module
 */

import { openProcessor } from "../engines/open_processor.ts";
import {
  type Energies,
  type ScoreSums,
  sumEnergies,
  sumScore,
} from "../compressor/render.ts";
import type { Model, Values } from "../models/model.ts";
import { PAPER_MODEL } from "../models/presets.ts";
import type { Pair } from "../sound/signal.ts";
import { EsrMeter } from "./esr.ts";
import { gatedDeltaLdr, LdrMeter } from "../sound/loudness_dynamic_range.ts";

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
  candidates: readonly Values[],
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
  candidates: readonly Values[],
): Score[] {
  return candidates.map((parameters) => {
    const sums = sumScore(pair, parameters);
    return {
      esr: esrOf(sums),
      deltaLdrDb: sums.modelLdr - sums.targetLdr,
    };
  });
}

/** A take, of which the first samples settle the unit and do not count. */
export type ScoredTake = Pair & { lead?: number };

/** Samples that are scored at a time. */
const BLOCK_LENGTH = 1 << 14;

/**
 * Scores `model` with each parameters of `candidates` against `pair`, in their order.
 *
 * @throws {RangeError} where the target is silent, which leaves no ratio.
 */
export async function scoreModel(
  pair: ScoredTake,
  model: Model,
  candidates: readonly Values[],
): Promise<Score[]> {
  const scores: Score[] = [];
  for (const values of candidates) {
    scores.push(await scoreTakes([pair], model, values));
  }
  return scores;
}

/**
 * Scores `model` with the parameters `values` against several takes of one unit: the
 * ESR over all of them, and the mean difference in loudness dynamic range. Where the
 * detector of a take hears another sound, so does the model's.
 *
 * @throws {RangeError} where a target is silent, which leaves no ratio.
 */
export async function scoreTakes(
  takes: readonly ScoredTake[],
  model: Model,
  values: Values,
): Promise<Score> {
  return (await scoreEach(takes, model, values)).whole;
}

/** As {@linkcode scoreTakes}, and the score of each take by itself. */
export async function scoreEach(
  takes: readonly ScoredTake[],
  model: Model,
  values: Values,
): Promise<{ whole: Score; each: Score[] }> {
  const energies: Energies = { error: 0, target: 0 };
  let deltaLdrDb = 0;
  const each: Score[] = [];
  for (const take of takes) {
    const { error, target, modelLdr, targetLdr } =
      model.name === PAPER_MODEL && take.heard === undefined && !take.lead
        ? sumScore(take, values)
        : await sumModel(take, model, values);
    energies.error += error;
    energies.target += target;
    deltaLdrDb += (modelLdr - targetLdr) / takes.length;
    each.push({
      esr: esrOf({ error, target }),
      deltaLdrDb: modelLdr - targetLdr,
    });
  }
  return { whole: { esr: esrOf(energies), deltaLdrDb }, each };
}

/**
 * The mean over `takes` of the difference in loudness dynamic range where there is
 * sound; see `gatedDeltaLdr`.
 */
export async function scoreGated(
  takes: readonly Pair[],
  model: Model,
  values: Values,
): Promise<number> {
  let sum = 0;
  for (const { dry, wet, heard = dry, sampleRate } of takes) {
    const processor = await openProcessor(model, values, sampleRate);
    const made = new Float64Array(dry.length);
    processor.process(dry, made, heard);
    sum += gatedDeltaLdr(made, wet, sampleRate);
  }
  return sum / takes.length;
}

/** What `sumScore` gives, of any model. */
async function sumModel(
  { dry, wet, heard = dry, sampleRate, lead = 0 }: ScoredTake,
  model: Model,
  values: Values,
): Promise<ScoreSums> {
  const processor = await openProcessor(model, values, sampleRate);
  const esr = new EsrMeter();
  const [modelLdr, targetLdr] = [0, 1].map(() => new LdrMeter(sampleRate));
  const output = new Float64Array(BLOCK_LENGTH);
  for (let at = 0; at < dry.length; at += BLOCK_LENGTH) {
    const input = dry.subarray(at, at + BLOCK_LENGTH);
    const target = wet.subarray(at, at + BLOCK_LENGTH);
    const made = output.subarray(0, input.length);
    processor.process(input, made, heard.subarray(at, at + BLOCK_LENGTH));
    const from = Math.min(made.length, Math.max(0, lead - at));
    const counted = made.subarray(from);
    esr.add(counted, target.subarray(from));
    modelLdr.add(counted);
    targetLdr.add(target.subarray(from));
  }
  return {
    ...esr.energies,
    modelLdr: modelLdr.value,
    targetLdr: targetLdr.value,
  };
}

function esrOf({ error, target }: Energies): number {
  if (target > 0) return error / target;
  throw new RangeError(
    "the target is silent, so it has no ESR: give a recording with sound in it",
  );
}
