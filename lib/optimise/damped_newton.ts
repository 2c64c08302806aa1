/**
 * The damped Newton–Raphson of the 4A-2A paper, as it is published (C.-Y. Yu and
 * G. Fazekas, AES AIMLA 2025; `train_comp.py` of its repository aim-qmul/4a2a):
 *
 * - The step is d = −H⁻¹g; where H is singular, the shortest solution by least
 *   squares.
 * - Where the curvature along it is negative, dᵀHd = −gᵀd < 0, a random step of
 *   length about 1, orthogonal to d, is taken in its place, whatever the loss
 *   becomes. (The published script takes the length of the projection off every
 *   coordinate, which is not quite orthogonal; here it is.)
 * - Elsewhere d is halved until the loss lies below 𝓛 + 10⁻⁴ (−gᵀd), 20 tries in
 *   all: the loss may rise a little. Where none will do, it ends.
 * - The lowest point that was met is the result.
 *
 * The published loop has no other end than its number of iterations. Here it also
 * ends where the tests of every minimiser say that it is there.
 * {@linkcode trustRegion} needs no chance, and its loss never rises.
 *
 * @module
 */

import { createRandom, type Random } from "../base/random.ts";
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

/** Options of {@linkcode dampedNewton}. */
export interface DampedOptions extends MinimiserOptions {
  /** Seed of the random steps (default 1). */
  seed?: number | string;
}

/** Most lengths of a step that are tried. */
const TRIES = 20;

/** Minimises `evaluate` from `start` by the published method. */
export async function dampedNewton(
  evaluate: Evaluate,
  start: Float64Array,
  options: DampedOptions = {},
): Promise<Minimum> {
  const {
    maxIterations = 100,
    tolerance = 1e-9,
    stepTolerance = 1e-9,
    lossFloor = 0,
    seed = 1,
    onIteration,
  } = options;
  const random = createRandom(`${seed}/damped`);
  const evaluations: Minimum["evaluations"] = [0, 0, 0];
  const records: IterationRecord[] = [];
  let z: Float64Array = start.slice();
  let stepLength = 0;
  let settled = false;
  let stopReason: StopReason | undefined;
  let here = await evaluate(z, 2);
  evaluations[2]++;
  let lowest = { z, ...here };

  while (stopReason === undefined) {
    const { loss } = here;
    const finite = isFiniteEvaluation(here);
    const gradient = here.gradient!;
    const spectrum: Spectrum = finite
      ? spectrumOf(here.hessian!)
      : { values: new Float64Array(0), vectors: [] };
    if (finite && loss < lowest.loss) lowest = { z, ...here };
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

    const promised = finite ? promisedFall(gradient, spectrum) : Infinity;
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
      const newton = newtonStep(gradient, spectrum);
      const curvature = -dot(gradient, newton); // dᵀHd
      let step: Float64Array | undefined;
      if (curvature < 0) {
        step = orthogonalStep(newton, random);
      } else {
        const { point, part, values } = await backtrack(evaluate, {
          z,
          direction: newton,
          accepts: (there) => there < loss + ARMIJO * curvature,
          tries: TRIES,
        });
        evaluations[0] += values;
        step = point && newton.map((value) => part * value);
      }
      if (step === undefined) {
        stopReason = promised <= SETTLED * loss ? "precision" : "line-search";
      } else {
        const from = z;
        stepLength = norm(step);
        settled = isNegligible(step, from, stepTolerance);
        z = from.map((value, i) => value + step[i]);
        here = await evaluate(z, 2);
        evaluations[2]++;
      }
    }
  }

  // Where it came to rest may lie above the lowest by the little that it lets rise.
  const isLowest = here.loss <= lowest.loss * (1 + ARMIJO);
  return {
    z: lowest.z,
    loss: lowest.loss,
    gradient: lowest.gradient!,
    hessian: lowest.hessian!,
    iterations: records.length - 1,
    converged: isConverged(stopReason) && isLowest,
    stopReason,
    records,
    evaluations,
  };
}

/**
 * d = −H⁻¹g by the eigenvalues: of a singular H the shortest solution, which
 * leaves out the directions that H does not see.
 */
function newtonStep(
  gradient: Float64Array,
  { values, vectors }: Spectrum,
): Float64Array {
  const size = gradient.length;
  const scale = Math.max(Math.abs(values[0]), Math.abs(values[size - 1]));
  const step = new Float64Array(size);
  values.forEach((value, i) => {
    if (Math.abs(value) <= size * Number.EPSILON * scale) return;
    const along = -dot(vectors[i], gradient) / value;
    vectors[i].forEach((entry, j) => step[j] += along * entry);
  });
  return step;
}

/** A random step of length about 1, without its part along `step`. */
function orthogonalStep(step: Float64Array, random: Random): Float64Array {
  const size = step.length;
  const drawn = step.map(() => random.normal() / Math.sqrt(size));
  const part = dot(drawn, step) / dot(step, step);
  return drawn.map((value, i) => value - part * step[i]);
}
