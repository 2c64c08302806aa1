/**
 * The published method: a full Newton step d = −H⁻¹g, halved until it lowers the
 * loss by at least 1e-4 of what the slope promises (Armijo), at most 20 times.
 *
 * It knows no negative curvature: where the Hessian is indefinite the direction
 * may climb, the line search finds nothing and the method ends with the reason
 * "line-search". {@linkcode trustRegion} is the remedy; this one is kept to show
 * the difference.
 *
 * @module
 */

import { backtrack } from "./line_search.ts";
import {
  dot,
  type Evaluate,
  isConverged,
  isFiniteEvaluation,
  isNegligible,
  type IterationRecord,
  type MinimiserOptions,
  type Minimum,
  norm,
  SETTLED,
  type StopReason,
} from "./minimiser.ts";
import { promisedFall, type Spectrum, spectrumOf } from "./quadratic_model.ts";

/** Most halvings of a step. */
const MAX_HALVINGS = 20;

/** Minimises `evaluate` from `start` by damped Newton–Raphson. */
export async function dampedNewton(
  evaluate: Evaluate,
  start: Float64Array,
  options: MinimiserOptions = {},
): Promise<Minimum> {
  const {
    maxIterations = 100,
    tolerance = 1e-9,
    stepTolerance = 1e-9,
    lossFloor = 0,
    onIteration,
  } = options;
  const evaluations: Minimum["evaluations"] = [0, 0, 0];
  const records: IterationRecord[] = [];
  let z: Float64Array = start.slice();
  let stopReason: StopReason | undefined;
  let loss = NaN;
  let gradient: Float64Array = new Float64Array(0);
  let hessian: Float64Array = new Float64Array(0);
  let settled = false;

  for (let stepLength = 0; stopReason === undefined;) {
    const here = await evaluate(z, 2);
    evaluations[2]++;
    const finite = isFiniteEvaluation(here);
    const spectrum: Spectrum = finite
      ? spectrumOf(here.hessian!)
      : { values: new Float64Array(0), vectors: [] };
    loss = here.loss;
    gradient = here.gradient!;
    const promised = finite ? promisedFall(gradient, spectrum) : Infinity;
    hessian = here.hessian!;
    const entry: IterationRecord = {
      iteration: records.length,
      loss,
      gradientNorm: norm(gradient),
      stepLength,
      accepted: true,
      eigenvalues: [...spectrum.values],
      z: [...z],
    };
    records.push(entry);
    onIteration?.(entry);

    if (!finite) {
      stopReason = "not-finite";
    } else if (loss <= lossFloor) {
      stopReason = "exact";
    } else if (promised <= tolerance * loss) {
      stopReason = "gradient";
    } else if (settled) {
      stopReason = "step";
    } else if (records.length > maxIterations) {
      stopReason = "iterations";
    } else {
      const direction = newtonDirection(gradient, spectrum);
      const slope = dot(gradient, direction);
      const { point, part, values } = await backtrack(evaluate, {
        z,
        loss,
        direction,
        slope,
        maxHalvings: MAX_HALVINGS,
      });
      evaluations[0] += values;
      if (point === undefined) {
        stopReason = promised <= SETTLED * loss ? "precision" : "line-search";
      } else {
        stepLength = part * norm(direction);
        const step = direction.map((value) => part * value);
        settled = isNegligible(step, z, stepTolerance);
        z = point;
      }
    }
  }

  return {
    z,
    loss,
    gradient,
    hessian,
    iterations: records.length - 1,
    converged: isConverged(stopReason),
    stopReason,
    records,
    evaluations,
  };
}

/** d = −H⁻¹g by the eigenvalues; a singular direction is left out. */
function newtonDirection(
  gradient: Float64Array,
  { values, vectors }: Spectrum,
): Float64Array {
  const direction = new Float64Array(gradient.length);
  values.forEach((value, i) => {
    if (value === 0) return;
    const along = -dot(vectors[i], gradient) / value;
    vectors[i].forEach((entry, j) => direction[j] += along * entry);
  });
  return direction;
}
