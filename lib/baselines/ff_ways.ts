/**
 * Ways to the compressor that made a target, known or wrong, each with what it cost.
 *
 * @module
 */

import { esrOf, runMethod } from "../convergence/run.ts";
import * as ff from "../data/ff_targets.ts";
import { openModel } from "../engines/compiled/stream.ts";
import { type EngineName, openEngine } from "../engines/open.ts";
import {
  chunkOptions,
  type chunksSchema,
  completed,
} from "../fitting/fit_config.ts";
import { scoreModel } from "../metrics/score.ts";
import type { Model } from "../models/model.ts";
import { openCoordinates, paperCoordinates } from "../objective/coordinates.ts";
import { type Objective, objectiveOf } from "../objective/objective.ts";
import { chunk } from "../sound/chunks.ts";
import type { Pair, Signal } from "../sound/signal.ts";
import { absoluteErrorOf } from "./absolute_error.ts";
import * as sampled from "./frequency_sampling_compressor.ts";
import type * as z from "zod";

/** What the ways need to be told. */
export interface WaysConfig {
  engine: EngineName;
  /** The model that is wrong on purpose. */
  model: Model;
  chunks: z.output<typeof chunksSchema>;
  newton: { max_iterations: number; tolerance: number };
  /** Seconds of sound used, steps and learning rate. */
  gradient_descent: { seconds: number; steps: number; rate: number };
  frequency_sampling: { seconds: number; max_iterations: number };
}

/** The sound through the compressor `target`, which is at rest at its start. */
export function pairOf(
  dry: Signal,
  target: ff.TargetName,
  sampleRate: number,
): Pair {
  const wet = new Float32Array(dry.length);
  const precision = "double";
  openModel(ff.FF_MODEL, ff.TARGETS[target], sampleRate, { precision })
    .process(dry, wet);
  return { dry, wet, sampleRate };
}

/** Newton-Raphson's limits. */
function limitsOf({ newton }: WaysConfig) {
  return {
    iterations: newton.max_iterations,
    tolerance: newton.tolerance,
    esrFloor: 1e-13,
  };
}

/**
 * Newton-Raphson with the exact 6 × 6 Hessian, in a trust region and by the damped
 * method of the paper on 4A-2A.
 */
export async function fitByNewton(way: Way, { objective, config }: Case) {
  const { coordinates: space } = objective;
  const start = space.coordinates(ff.FF_START);
  const method = way as "trust-region" | "damped";
  const limits = limitsOf(config);
  return await runMethod(method, esrOf(objective), space, start, limits);
}

/**
 * The published way: gradient descent with momentum on the mean absolute error of the
 * sound, the lowest point kept.
 */
export async function fitByGradientDescent(
  _way: Way,
  { pair, objective, config }: Case,
) {
  const { seconds, steps, rate } = config.gradient_descent;
  const { coordinates: space } = objective;
  const error = absoluteErrorOf(firstSeconds(pair, seconds), space);
  const start = space.coordinates(ff.FF_START);
  const limits = { iterations: steps, tolerance: 0, esrFloor: 0 };
  const options = { ...limits, learningRate: rate };
  return await runMethod("gradient-descent", error, space, start, options);
}

/**
 * The baseline: a compressor whose filters are sampled in the frequency domain, so
 * that attack and release are one. It is fitted by L-BFGS on the same loss as Newton's
 * method uses, to do it no injustice.
 */
export async function fitFrequencySampling(
  _way: Way,
  { pair, objective, config }: Case,
) {
  const { seconds, max_iterations } = config.frequency_sampling;
  const chunks = chunkOptions(config.chunks);
  const blocks = sampled.inPowersOfTwo(firstSeconds(pair, seconds), chunks);
  const engine = sampled.openFrequencySampling(blocks);
  const tied = sampled.tiedCoordinates(objective.coordinates);
  const loss = esrOf(objectiveOf(engine, tied));
  const limits = { ...limitsOf(config), tolerance: 1e-9 };
  return await runMethod("l-bfgs", loss, tied, tied.coordinates(ff.FF_START), {
    ...limits,
    iterations: max_iterations,
  });
}

/**
 * The wrong model on purpose: one that did not make the targets, such as a compressor
 * with the peak detector, fitted to them all the same.
 */
export async function fitOtherModel(_way: Way, { pair, config }: Case) {
  const { model, engine, chunks } = config;
  const space = paperCoordinates(model, pair);
  const start = space.nearest(completed(model, ff.FF_START));
  const chunked = chunk(pair, chunkOptions(chunks));
  const opened = await openEngine(engine, chunked, model);
  try {
    const loss = esrOf(objectiveOf(opened, space));
    return await runMethod(
      "trust-region",
      loss,
      space,
      start,
      limitsOf(config),
    );
  } finally {
    await opened.close();
  }
}

/** The ways to a compressor, and how much sound each is given. */
export const WAYS = {
  "trust-region": { fit: fitByNewton, seconds: () => Infinity },
  "damped": { fit: fitByNewton, seconds: () => Infinity },
  "gradient-descent": {
    fit: fitByGradientDescent,
    seconds: ({ gradient_descent }: WaysConfig) => gradient_descent.seconds,
  },
  "frequency-sampling": {
    fit: fitFrequencySampling,
    seconds: ({ frequency_sampling }: WaysConfig) => frequency_sampling.seconds,
  },
  "other-model": { fit: fitOtherModel, seconds: () => Infinity },
};

export type Way = keyof typeof WAYS;

/** The error of the fitted part on the way. */
export interface CurvePoint {
  evaluations: number;
  seconds: number;
  esr: number;
}

/** What a way is given: a target, and the error by which all are measured. */
interface Case {
  pair: Pair;
  objective: Objective;
  config: WaysConfig;
}

/** The first `seconds` of `pair`. */
function firstSeconds({ dry, wet, sampleRate }: Pair, seconds: number): Pair {
  const part = (signal: Signal) =>
    signal.subarray(0, Math.round(seconds * sampleRate));
  return { dry: part(dry), wet: part(wet), sampleRate };
}

/** The parts of a target. */
export interface TargetPairs {
  fit: Pair;
  test: Pair;
}

/** What one way led to, in plain JSON. */
export type Studied = Awaited<ReturnType<typeof study>>;

/**
 * One way to one target. Whatever it minimised, its error is measured on the same
 * recordings: on the way over the fitted part, at the end over the test part.
 */
export async function study(
  { target, way }: { target: ff.TargetName; way: Way },
  { fit: pair, test }: TargetPairs,
  config: WaysConfig,
) {
  const space = openCoordinates(pair.sampleRate);
  const chunked = chunk(pair, chunkOptions(config.chunks));
  const engine = await openEngine(config.engine, chunked, ff.FF_MODEL);
  try {
    const objective = objectiveOf(engine, space);
    const run = await WAYS[way].fit(way, { pair, objective, config });
    // Newton's methods minimise this very error, so it is known already.
    const isKnown = WAYS[way].seconds(config) === Infinity;
    const esrAt = async (at: typeof run.end) =>
      (await objective.evaluate(space.coordinates(at), 0)).loss /
      objective.targetEnergy;
    const curve: CurvePoint[] = [];
    for (const [i, { evaluations, seconds, esr }] of run.curve.entries()) {
      const there = isKnown ? esr : await esrAt(run.path[i]);
      curve.push({ evaluations, seconds, esr: there });
    }
    const model = way === "other-model" ? config.model : ff.FF_MODEL;
    const [score] = await scoreModel(test, model, [run.end]);
    const timeTo = (level: number) =>
      curve.find(({ esr }) => esr <= level)?.seconds ?? null;
    return {
      target,
      method: way,
      true: ff.TARGETS[target],
      params: run.end,
      recovered: ff.isRecovered(target, run.end),
      esr_fit: isKnown ? run.esr : await esrAt(run.end),
      esr_test: score.esr,
      iterations: run.iterations,
      hessians: run.evaluations[2],
      seconds: run.seconds,
      seconds_to: Object.fromEntries(LEVELS.map((at) => [at, timeTo(at)])),
      sound_seconds: Math.min(
        pair.dry.length / pair.sampleRate,
        WAYS[way].seconds(config),
      ),
      stop_reason: run.stopReason,
      curve,
    };
  } finally {
    await engine.close();
  }
}

/** ESRs that the time to reach is stated for. */
export const LEVELS = [1e-3, 1e-6];
