/**
 * Newton–CG with a line search: the Newton equations H d = −g are solved only as
 * far as is worth while, by conjugate gradients, and the step is halved until it
 * lowers the loss enough (Dembo and Steihaug 1983; Nocedal and Wright, "Numerical
 * Optimization", 2006, algorithm 7.1).
 *
 * The inner iteration ends once the residual is below min(½, √(‖g‖/‖g₀‖)) ‖g‖, or
 * where it meets negative curvature: there it keeps what it has, or, at once,
 * steepest descent. Meant for problems too large for a whole Hessian; with the
 * few parameters of a compressor it shows what giving up the exact solution of
 * {@linkcode trustRegion} costs.
 *
 * @module
 */

import { ARMIJO, backtrack } from "./line_search.ts";
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

/** Most lengths of a step that are tried. */
const TRIES = 31;

/** Minimises `evaluate` from `start` by Newton–CG. */
export async function newtonCg(
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
  let here = await evaluate(z, 2);
  evaluations[2]++;
  let stepLength = 0;
  let settled = false;
  let firstNorm = 0;
  let stopReason: StopReason | undefined;

  while (stopReason === undefined) {
    const finite = isFiniteEvaluation(here);
    const gradient = here.gradient!;
    const spectrum: Spectrum = finite
      ? spectrumOf(here.hessian!)
      : { values: new Float64Array(0), vectors: [] };
    const gradientNorm = norm(gradient);
    if (records.length === 0) firstNorm = gradientNorm;
    const entry: IterationRecord = {
      iteration: records.length,
      loss: here.loss,
      gradientNorm,
      stepLength,
      accepted: true,
      eigenvalues: [...spectrum.values],
      z: [...z],
    };
    records.push(entry);
    onIteration?.(entry);

    const promised = finite ? promisedFall(gradient, spectrum) : Infinity;
    if (!finite) {
      stopReason = "not-finite";
    } else if (here.loss <= lossFloor) {
      stopReason = "exact";
    } else if (promised <= tolerance * here.loss) {
      stopReason = "gradient";
    } else if (settled) {
      stopReason = "step";
    } else if (records.length > maxIterations) {
      stopReason = "iterations";
    } else {
      const forcing = Math.min(0.5, Math.sqrt(gradientNorm / firstNorm));
      const direction = inexactNewton(
        gradient,
        here.hessian!,
        forcing * gradientNorm,
      );
      const slope = dot(gradient, direction);
      const { loss } = here;
      const { point, part, values } = await backtrack(evaluate, {
        z,
        direction,
        accepts: (there, part) =>
          there < loss && there <= loss + ARMIJO * part * slope,
        tries: TRIES,
      });
      evaluations[0] += values;
      const there = point && await evaluate(point, 2);
      if (point === undefined || there === undefined) {
        stopReason = promised <= SETTLED * here.loss
          ? "precision"
          : "line-search";
      } else {
        evaluations[2]++;
        // A loss without finite derivatives is no place to go on from.
        if (!isFiniteEvaluation(there)) {
          stopReason = "not-finite";
        } else {
          const step = direction.map((value) => part * value);
          stepLength = norm(step);
          settled = isNegligible(step, z, stepTolerance);
          z = point;
          here = there;
        }
      }
    }
  }

  return {
    z,
    loss: here.loss,
    gradient: here.gradient!,
    hessian: here.hessian!,
    iterations: records.length - 1,
    converged: isConverged(stopReason),
    stopReason,
    records,
    evaluations,
  };
}

/**
 * A d with ‖H d + g‖ ≤ `tolerance` by conjugate gradients from 0, or what they
 * had reached where dᵀHd ≤ 0. Always a direction of descent.
 */
function inexactNewton(
  gradient: Float64Array,
  hessian: Float64Array,
  tolerance: number,
): Float64Array {
  const size = gradient.length;
  const step = new Float64Array(size);
  const residual = gradient.slice(); // H step + g
  const direction = residual.map((value) => -value);
  const curved = new Float64Array(size);
  let square = dot(residual, residual);
  // In exact arithmetic `size` rounds are enough; rounding may ask for a few more.
  for (let round = 0; round < 2 * size; round++) {
    for (let i = 0; i < size; i++) {
      curved[i] = dot(hessian.subarray(i * size, (i + 1) * size), direction);
    }
    const curvature = dot(direction, curved);
    if (!(curvature > 0)) {
      if (round > 0) return step;
      // Steepest descent, as long as the curvature's size makes it.
      const length = curvature < 0 ? square / -curvature : 1;
      return direction.map((value) => length * value);
    }
    const along = square / curvature;
    for (let i = 0; i < size; i++) {
      step[i] += along * direction[i];
      residual[i] += along * curved[i];
    }
    const next = dot(residual, residual);
    if (Math.sqrt(next) <= tolerance) break;
    for (let i = 0; i < size; i++) {
      direction[i] = -residual[i] + next / square * direction[i];
    }
    square = next;
  }
  return step;
}
