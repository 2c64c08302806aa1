/**
 * One run of one method from one start, with what it cost.
 *
 * The methods are given the ESR, the loss over the target's energy: learning rates
 * and tolerances then mean the same for every recording.
 *
 * @module
 */

import * as z from "zod";
import { type EngineName, openEngine } from "../engines/open.ts";
import type { Model, Values } from "../models/model.ts";
import { type Objective, objectiveOf } from "../objective/objective.ts";
import {
  type Coordinates,
  paperCoordinates,
} from "../objective/coordinates.ts";
import { type MethodName, METHODS } from "../optimise/methods.ts";
import type { Evaluate, StopReason } from "../optimise/minimiser.ts";
import { chunk } from "../sound/chunks.ts";
import type { Pair } from "../sound/signal.ts";

/** Limits of a run. */
export interface RunLimits {
  /** Most iterations. */
  iterations: number;
  /** Stops where the model promises a smaller relative fall. */
  tolerance: number;
  /** ESR that counts as zero. */
  esrFloor: number;
  /** Learning rate of the methods that have one. */
  learningRate?: number;
  /** Seed of the methods that draw steps. */
  seed?: number | string;
}

/** Schema of the limits of all methods. */
export const limitsSchema = z.strictObject({
  tolerance: z.number().positive().default(1e-6),
  esr_floor: z.number().nonnegative().default(1e-12),
  newton_iterations: z.int().min(1).default(200),
  first_order_iterations: z.int().min(1).default(400),
  adam_rate: z.number().positive().default(0.1),
  gradient_descent_rate: z.number().positive().default(5),
});

/** The limits of `method` by a config's. */
export function limitsOf(
  method: MethodName,
  limits: z.output<typeof limitsSchema>,
): RunLimits {
  const isFirstOrder = method === "adam" || method === "gradient-descent";
  return {
    iterations: isFirstOrder
      ? limits.first_order_iterations
      : limits.newton_iterations,
    tolerance: limits.tolerance,
    esrFloor: limits.esr_floor,
    learningRate: method === "adam"
      ? limits.adam_rate
      : limits.gradient_descent_rate,
  };
}

/** Where a run stood after an iteration. */
export interface CurvePoint {
  /** Iteration. */
  iteration: number;
  /** ESR, the lowest so far. */
  esr: number;
  /** Evaluations so far, of any order. */
  evaluations: number;
  /** Seconds so far. */
  seconds: number;
}

/** A run, in plain JSON. */
export interface Run {
  /** Where it started. */
  start: Values;
  /** Where it ended. */
  end: Values;
  /** The same in the coordinates of the minimiser. */
  z: number[];
  /** ESR there. */
  esr: number;
  /** Iterations. */
  iterations: number;
  /** Evaluations of the value, the gradient and the Hessian. */
  evaluations: [number, number, number];
  /** Seconds. */
  seconds: number;
  /** Whether it says it stopped at a minimum. */
  converged: boolean;
  /** Why it stopped. */
  stopReason: StopReason;
  /** Whether the loss rose from one iteration to the next. */
  rose: boolean;
  /** Whether any number of it is not finite. */
  notFinite: boolean;
  /** How it went; of many iterations some are left out. */
  curve: CurvePoint[];
  /** The parameters at the same iterations. */
  path: Values[];
}

/** `objective` in units of the target's energy, so that the loss is the ESR. */
export function esrOf({ evaluate, targetEnergy }: Objective): Evaluate {
  const scaled = (values?: Float64Array) =>
    values?.map((value) => value / targetEnergy);
  return async (z, order) => {
    const { loss, gradient, hessian, ...rest } = await evaluate(z, order);
    return {
      ...rest,
      loss: loss / targetEnergy,
      gradient: scaled(gradient),
      hessian: scaled(hessian),
    };
  };
}

/** The ESR on a pair, as minimisers see it. */
export interface OpenEsr {
  /** The ESR and its derivatives by the coordinates. */
  evaluate: Evaluate;
  /** The objective behind it. */
  objective: Objective;
  /** The coordinates: the paper's, for its model. */
  space: Coordinates;
  /** Samples that it counts. */
  samples: number;
}

/** What of a config the ESR depends on. */
export interface EsrConfig {
  engine: EngineName;
  model: Model;
  chunks: { chunk_seconds: number; overlap_seconds: number };
}

/**
 * Opens the ESR on `pair` for as long as `body` takes.
 *
 * @throws {Error} where the wet side is silent.
 */
export async function withEsr<Result>(
  pair: Pair,
  { engine: engineName, model, chunks }: EsrConfig,
  body: (open: OpenEsr) => Promise<Result>,
): Promise<Result> {
  const chunked = chunk(pair, {
    chunkSeconds: chunks.chunk_seconds,
    overlapSeconds: chunks.overlap_seconds,
  });
  const engine = await openEngine(engineName, chunked, model);
  try {
    if (!(engine.targetEnergy > 0)) {
      throw new Error(
        "the wet recording is silent where the loss counts: leave this setting out",
      );
    }
    const space = paperCoordinates(model, { sampleRate: pair.sampleRate });
    const objective = objectiveOf(engine, space);
    const { starts, chunkLength, warmUp } = chunked;
    return await body({
      evaluate: esrOf(objective),
      objective,
      space,
      samples: starts.length * (chunkLength - warmUp),
    });
  } finally {
    await engine.close();
  }
}

/**
 * Runs `method` on `loss` from the coordinates `start`. Call what is returned an
 * ESR only where `loss` is one, as that of {@linkcode esrOf}.
 */
export async function runMethod(
  method: MethodName,
  loss: Evaluate,
  space: Coordinates,
  start: Float64Array,
  limits: RunLimits,
): Promise<Run> {
  let evaluations = 0;
  const begun = performance.now();
  const evaluate: Evaluate = (at, order) => {
    evaluations++;
    return loss(at, order);
  };
  const curve: CurvePoint[] = [];
  let lowest = Infinity;
  const minimum = await METHODS[method](evaluate, start, {
    maxIterations: limits.iterations,
    tolerance: limits.tolerance,
    lossFloor: limits.esrFloor,
    learningRate: limits.learningRate,
    seed: limits.seed,
    onIteration({ iteration, loss }) {
      lowest = Math.min(lowest, loss);
      curve.push({
        iteration,
        esr: lowest,
        evaluations,
        seconds: (performance.now() - begun) / 1000,
      });
    },
  });
  const { records } = minimum;
  const kept = thinned(records.length);
  return {
    start: space.values(start),
    end: space.values(minimum.z),
    z: [...minimum.z],
    esr: minimum.loss,
    iterations: minimum.iterations,
    evaluations: minimum.evaluations,
    seconds: (performance.now() - begun) / 1000,
    converged: minimum.converged,
    stopReason: minimum.stopReason,
    rose: records.some(({ loss }, i) => i > 0 && loss > records[i - 1].loss),
    notFinite: [minimum.loss, ...minimum.z, ...minimum.gradient].some((value) =>
      !Number.isFinite(value)
    ),
    curve: kept.map((i) => curve[i]),
    path: kept.map((i) => space.values(Float64Array.from(records[i].z))),
  };
}

/** Iterations that are kept of `count`: the first 30, then about 40 more. */
function thinned(count: number): number[] {
  const kept: number[] = [];
  for (let i = 0; i < count; i = i < 30 ? i + 1 : Math.ceil(i * 1.08)) {
    kept.push(i);
  }
  if (kept.at(-1) !== count - 1) kept.push(count - 1);
  return kept;
}
