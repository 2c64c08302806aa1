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

import { iterate } from "./iterate.ts";
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

/** Most lengths of a step that are tried. */
const TRIES = 31;

/** Minimises `evaluate` from `start` by Newton–CG. */
export async function newtonCg(
  evaluate: Evaluate,
  start: Float64Array,
  { stepTolerance = 1e-9, ...options }: MinimiserOptions = {},
): Promise<Minimum> {
  return await iterate(evaluate, start, options, {
    order: 2,
    async advance({ z, here, gradient, promised, records }, evaluate) {
      const gradientNorm = norm(gradient);
      const forcing = Math.min(
        0.5,
        Math.sqrt(gradientNorm / records[0].gradientNorm),
      );
      const direction = inexactNewton(
        gradient,
        here.hessian!,
        forcing * gradientNorm,
      );
      const { loss } = here;
      const slope = dot(gradient, direction);
      const found = await backtrack(evaluate, {
        z,
        direction,
        accepts: (there, part) =>
          there < loss && there <= loss + ARMIJO * part * slope,
        tries: TRIES,
      });
      if (found === undefined) {
        return promised <= SETTLED * loss ? "precision" : "line-search";
      }
      const step = direction.map((value) => found.part * value);
      return {
        z: found.point,
        here: await evaluate(found.point, 2),
        stepLength: norm(step),
        isSettled: isNegligible(step, z, stepTolerance),
      };
    },
  });
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
