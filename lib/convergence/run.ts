/**
 * One run of one method from one start, with what it cost.
 *
 * The methods are given the ESR, the loss over the target's energy: learning rates
 * and tolerances then mean the same for every recording.
 *
 * @module
 */

import type { Values } from "../models/model.ts";
import type { Objective } from "../objective/objective.ts";
import type { Coordinates } from "../objective/coordinates.ts";
import { type MethodName, METHODS } from "../optimise/methods.ts";
import type { Evaluate, StopReason } from "../optimise/minimiser.ts";

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
