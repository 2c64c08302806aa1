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
import { iterate, lowestOf } from "./iterate.ts";
import { ARMIJO, backtrack } from "./line_search.ts";
import {
  dot,
  type Evaluate,
  isNegligible,
  type MinimiserOptions,
  type Minimum,
  norm,
  SETTLED,
} from "./minimiser.ts";
import type { Spectrum } from "./quadratic_model.ts";

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
  { stepTolerance = 1e-9, seed = 1, ...options }: DampedOptions = {},
): Promise<Minimum> {
  const random = createRandom(`${seed}/damped`);
  const watched = lowestOf(evaluate);
  const last = await iterate(watched.evaluate, start, options, {
    order: 2,
    async advance(
      { z, here: { loss }, gradient, spectrum, promised },
      evaluate,
    ) {
      let step = newtonStep(gradient, spectrum);
      const curvature = -dot(gradient, step); // dᵀHd
      if (curvature < 0) {
        step = orthogonalStep(step, random);
      } else {
        const found = await backtrack(evaluate, {
          z,
          direction: step,
          accepts: (there) => there < loss + ARMIJO * curvature,
          tries: TRIES,
        });
        if (found === undefined) {
          return promised <= SETTLED * loss ? "precision" : "line-search";
        }
        step = step.map((value) => found.part * value);
      }
      const there = z.map((value, i) => value + step[i]);
      return {
        z: there,
        here: await evaluate(there, 2),
        stepLength: norm(step),
        isSettled: isNegligible(step, z, stepTolerance),
      };
    },
  });
  const lowest = { ...last, ...watched.lowest() };
  // Where it came to rest may lie above the lowest by the little that it lets rise.
  const isLowest = !(last.loss > lowest.loss * (1 + ARMIJO));
  return { ...lowest, converged: last.converged && isLowest };
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
