/**
 * What the methods share that take every step their rule makes: gradient descent
 * and Adam. Such a method may climb, so it returns the lowest point it met.
 *
 * @module
 */

import {
  type Evaluate,
  isConverged,
  isFiniteEvaluation,
  isNegligible,
  type IterationRecord,
  type MinimiserOptions,
  type Minimum,
  norm,
  type StopReason,
} from "./minimiser.ts";

/** Writes the step that follows `gradient` into `step`. */
export type StepRule = (gradient: Float64Array, step: Float64Array) => void;

/** Follows `rule` from `start`; by default for 1000 steps. */
export async function followRule(
  evaluate: Evaluate,
  start: Float64Array,
  options: MinimiserOptions,
  rule: StepRule,
): Promise<Minimum> {
  const {
    maxIterations = 1000,
    stepTolerance = 1e-9,
    lossFloor = 0,
    onIteration,
  } = options;
  const records: IterationRecord[] = [];
  const z = start.slice();
  const step = new Float64Array(z.length);
  let lowest: Pick<Minimum, "z" | "loss" | "gradient"> | undefined;
  let gradients = 0;
  let stopReason: StopReason | undefined;

  while (stopReason === undefined) {
    const here = await evaluate(z, 1);
    gradients++;
    const gradient = here.gradient!;
    const finite = isFiniteEvaluation(here);
    // The start is recorded whatever it is: there is no other point to return.
    if (!finite && lowest !== undefined) {
      stopReason = "not-finite";
      break;
    }
    const entry: IterationRecord = {
      iteration: records.length,
      loss: here.loss,
      gradientNorm: norm(gradient),
      stepLength: norm(step),
      accepted: true,
      eigenvalues: [],
      z: [...z],
    };
    records.push(entry);
    onIteration?.(entry);
    if (lowest === undefined || here.loss < lowest.loss) {
      lowest = { z: z.slice(), loss: here.loss, gradient: gradient.slice() };
    }
    if (!finite) {
      stopReason = "not-finite";
    } else if (here.loss <= lossFloor) {
      stopReason = "exact";
    } else if (entry.gradientNorm === 0) {
      stopReason = "gradient";
    } else if (records.length > 1 && isNegligible(step, z, stepTolerance)) {
      stopReason = "step";
    } else if (records.length > maxIterations) {
      stopReason = "iterations";
    } else {
      rule(gradient, step);
      for (let i = 0; i < z.length; i++) z[i] += step[i];
    }
  }

  return {
    ...lowest!,
    hessian: new Float64Array(0),
    iterations: records.length - 1,
    converged: isConverged(stopReason),
    stopReason,
    records,
    evaluations: [0, gradients, 0],
  };
}
