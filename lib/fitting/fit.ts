/**
 * Fits a model to a pair: opens the engine, starts where the config says, runs
 * Newton–Raphson and states the result in the units people use.
 *
 * @module
 */

import type { Engine, Evaluation } from "../objective/evaluation.ts";
import { type EngineName, openEngine } from "../engines/open.ts";
import { type SolverConfig, startOf } from "./fit_config.ts";
import type { Model, Values } from "../models/model.ts";
import type { ChunkedPair } from "../sound/chunks.ts";
import { type Coordinates, coordinatesOf } from "../objective/coordinates.ts";
import {
  matchEnergy,
  type Objective,
  objectiveOf,
} from "../objective/objective.ts";
import { dampedNewton } from "../optimise/damped_newton.ts";
import type {
  Evaluate,
  IterationRecord,
  Minimum,
} from "../optimise/minimiser.ts";
import { trustRegion } from "../optimise/trust_region.ts";
import { RecordingError } from "../sound/recording_error.ts";

/** A model fitted to a pair. */
export interface Fit {
  /**
   * The parameters found; of two release stages the faster comes first. A ratio above
   * 1000 is ∞, and the others fitted to that, in a forward model whose range allows it.
   */
  parameters: Values;
  /** The coordinates that were searched. */
  coordinates: Coordinates;
  /** Error-to-signal ratio over the counted samples. */
  esr: number;
  /** Energy of the pre-emphasised target there. */
  targetEnergy: number;
  /**
   * The coarse fit that went before, on a few of the chunks, if there was one,
   * and the energy of the pre-emphasised target in these.
   */
  coarse?: Minimum & { targetEnergy: number };
  /** Where the minimiser ended on all chunks, and each iteration there. */
  minimum: Minimum;
  /** Gradient there of each group of neighbouring chunks, where asked for and had. */
  groupGradients?: Float64Array[];
}

/** Options of {@linkcode fitPair}. */
export interface FitOptions {
  /** Starting point, near the minimum (default: the config's, anywhere). */
  start?: Values;
  /** Coordinates to search in (default: the model's, within the config's ranges). */
  coordinates?: Coordinates;
  /** Whether the gradients of groups of chunks are wanted. */
  groupGradients?: boolean;
  /** Called after each iteration, of the coarse fit too if `isCoarse`. */
  onIteration?: (record: IterationRecord, isCoarse: boolean) => void;
}

/** ESR that counts as zero: single-precision samples resolve little more. */
const ESR_FLOOR = 1e-12;

/** ESR at which a fit that cannot get lower is exact all the same: an engine's rounding. */
const EXACT_ESR = 1e-10;

/** Make-up gain of a start, in dB, below which no sound is left to compare. */
const QUIETEST = -300;

/** Ratio above which a forward model is taken for a limiter, of ratio ∞. */
export const LIMITING_RATIO = 1000;

/** Ratio with which a fit starts that is told of a limiter near by: it may be none. */
const STEEP_RATIO = 20;

/** A coarse fit stops where the model promises a smaller fall of the loss. */
export const COARSE_TOLERANCE = 1e-6;

/**
 * Fits `model` to `pair`. Of a long recording a few chunks are fitted first:
 * most of the way to the minimum costs a fraction that way, and Newton's method
 * needs few steps for the rest. The minimum is that of all chunks either way.
 *
 * @throws {RecordingError} where a side is silent: nothing can be matched to it.
 * @throws {RangeError} where the model or its start cannot be fitted.
 */
export async function fitPair(
  pair: ChunkedPair,
  model: Model,
  solver: SolverConfig,
  engine: EngineName,
  {
    start,
    coordinates = coordinatesOf(model, {
      ranges: solver.ranges,
      sampleRate: pair.sampleRate,
    }),
    groupGradients = false,
    onIteration,
  }: FitOptions = {},
): Promise<Fit> {
  requireUnit(model);
  const few = coarseOf(pair, solver);
  let from = start ?? startWithin(coordinates, model, solver);
  let isNear = start !== undefined;
  let coarse: Fit["coarse"];
  if (few !== undefined) {
    const found = await fitChunks(
      () => openEngine(engine, few, model),
      coordinates,
      { ...solver, tolerance: COARSE_TOLERANCE },
      {
        start: from,
        isNear,
        isCoarse: true,
        onIteration: (at) => onIteration?.(at, true),
      },
    );
    // Where there is no sound in these few, there may be in the others.
    if (typeof found !== "string") {
      from = found.parameters;
      // A minimum on a part is near that of the whole; any other end need not be.
      isNear ||= found.minimum.converged;
      coarse = { ...found.minimum, targetEnergy: found.targetEnergy };
    }
  }
  const hasMakeUp = coarse !== undefined;
  const fit = requireSound(
    await fitChunks(
      () => openEngine(engine, pair, model),
      coordinates,
      { ...solver, match_energy: solver.match_energy && !hasMakeUp },
      {
        start: from,
        isNear,
        isCoarse: false,
        groupGradients,
        onIteration: (at) => onIteration?.(at, false),
      },
    ),
  );
  return { ...fit, coarse };
}

/** Refuses a model whose start belongs to the recording. */
export function requireUnit({ name, parameters }: Model): void {
  if (parameters.some(({ name }) => name === "initial_gain_db")) {
    throw new RangeError(
      `the model ${name}: fitted-start is for objective alone, as where a recording begins is no part of the unit; leave it out`,
    );
  }
}

/** `fit`, unless a side was silent. */
export function requireSound<T>(fit: T | "dry" | "wet"): T {
  if (fit !== "dry" && fit !== "wet") return fit;
  throw new RecordingError(
    `the ${fit} recording is silent where the loss counts: give one with sound in it`,
  );
}

/** Some chunks of a long recording, spread over it; none of a short one. */
export function coarseOf(
  pair: ChunkedPair,
  { coarse_chunks: count }: SolverConfig,
): ChunkedPair | undefined {
  const { starts } = pair;
  if (count === 0 || starts.length < 2 * count) return undefined;
  const stride = starts.length / count;
  const few = Array.from(
    { length: count },
    (_, i) => starts[Math.floor((i + 0.5) * stride)],
  );
  return { ...pair, starts: few };
}

/**
 * The config's start; what it leaves out is the model's own start, or what is
 * nearest to that in the range.
 *
 * @throws {RangeError} where a value of the config lies outside its range.
 */
export function startWithin(
  coordinates: Coordinates,
  model: Model,
  { start }: SolverConfig,
): Values {
  const whole = startOf(model, start);
  const within = {
    ...coordinates.values(coordinates.nearest(whole)),
    ...start,
  };
  try {
    coordinates.coordinates(within);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new RangeError(`solver.start: ${error.message}`, { cause: error });
  }
  return within;
}

/** Fits what `open` opens; where one side is silent there, tells which. */
export async function fitChunks(
  open: () => Promise<Engine>,
  coordinates: Coordinates,
  solver: SolverConfig,
  { start, isNear, isCoarse, groupGradients = false, onIteration }: {
    start: Values;
    isNear: boolean;
    isCoarse: boolean;
    groupGradients?: boolean;
    onIteration: (record: IterationRecord) => void;
  },
): Promise<Fit | "dry" | "wet"> {
  const engine = await open();
  try {
    const { targetEnergy } = engine;
    if (!(targetEnergy > 0)) return "wet";
    const objective = objectiveOf(engine, coordinates);
    const near = start.ratio > LIMITING_RATIO
      ? { ...start, ratio: STEEP_RATIO }
      : start;
    let z = isNear ? coordinates.nearest(near) : coordinates.coordinates(start);
    // The minimiser's first evaluation, unless it begins elsewhere.
    const first = await objective.evaluate(z, solver.match_energy ? 0 : 2);
    const { loss, modelEnergy } = first;
    if (
      !Number.isFinite(loss) ||
      (modelEnergy === 0 && start.make_up_db < QUIETEST)
    ) {
      throw new RangeError(
        `solver.start: a make-up gain of ${start.make_up_db} dB leaves no finite sound to start from: choose one nearer to 0`,
      );
    }
    if (modelEnergy === 0) return "dry";
    if (solver.match_energy) z = await matchEnergy(objective, z, first);
    const evaluate = solver.match_energy
      ? objective.evaluate
      : beginningWith(first, objective.evaluate);
    const minimise = solver.method === "damped" ? dampedNewton : trustRegion;
    const options = {
      maxIterations: solver.max_iterations,
      tolerance: solver.tolerance,
      lossFloor: ESR_FLOOR * targetEnergy,
      precision: engine.precision,
      onIteration,
    };
    const found = await minimise(evaluate, z, { ...options, isNear });
    let minimum = exactly(await sorted(objective, found), targetEnergy);
    const isLimiter = coordinates.values(minimum.z).ratio > LIMITING_RATIO;
    const limiter = isLimiter && !isCoarse && coordinates.limiter?.(minimum.z);
    if (limiter) {
      const { length } = minimum.records;
      const next = await minimise(objective.evaluate, limiter, {
        ...options,
        isNear: true,
        onIteration: (record) => onIteration(later(record, length)),
      });
      minimum = goneOn(minimum, exactly(next, targetEnergy));
    }
    const gradients = groupGradients
      ? await objective.groupGradients?.(minimum.z)
      : undefined;
    return {
      parameters: coordinates.values(minimum.z),
      coordinates,
      esr: minimum.loss / engine.targetEnergy,
      targetEnergy: engine.targetEnergy,
      minimum,
      ...(gradients && { groupGradients: gradients }),
    };
  } finally {
    await engine.close();
  }
}

/** `evaluate` of a minimiser that begins where `first` was evaluated, to order 2. */
function beginningWith(first: Evaluation, evaluate: Evaluate): Evaluate {
  let isFirst = true;
  return (z, order) => {
    if (!isFirst) return evaluate(z, order);
    isFirst = false;
    return Promise.resolve(first);
  };
}

/** `minimum`; where no step leads on from next to no error, it has converged. */
function exactly(minimum: Minimum, targetEnergy: number): Minimum {
  const isExact = minimum.stopReason === "stalled" &&
    minimum.loss <= EXACT_ESR * targetEnergy;
  return isExact
    ? { ...minimum, converged: true, stopReason: "exact" }
    : minimum;
}

/** `record`, of a run that went on after `offset` others. */
function later(record: IterationRecord, offset: number): IterationRecord {
  return { ...record, iteration: record.iteration + offset };
}

/** The end of `next`, with the records and the cost of what went before it. */
function goneOn(before: Minimum, next: Minimum): Minimum {
  const { length } = before.records;
  const records = [
    ...before.records,
    ...next.records.map((record) => later(record, length)),
  ];
  const [values, gradients, hessians] = next.evaluations.map((count, order) =>
    count + before.evaluations[order]
  );
  return {
    ...next,
    iterations: records.length - 1,
    records,
    evaluations: [values, gradients, hessians],
  };
}

/**
 * `minimum` with the faster of two release stages first. Which is which makes no
 * difference to the sound, so that a fit may end either way.
 */
async function sorted(
  { coordinates, evaluate }: Objective,
  minimum: Minimum,
): Promise<Minimum> {
  const values = coordinates.values(minimum.z);
  const { release_ms, second_release_ms, second_share } = values;
  if (!(second_release_ms < release_ms)) return minimum;
  let z: Float64Array;
  try {
    z = coordinates.coordinates({
      ...values,
      release_ms: second_release_ms,
      second_release_ms: release_ms,
      second_share: 1 - second_share,
    });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return minimum; // Their ranges were given so that they cannot change places.
  }
  const { loss, gradient, hessian } = await evaluate(z, 2);
  return { ...minimum, z, loss, gradient: gradient!, hessian: hessian! };
}
