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

import { iterate } from "./iterate.ts";
import { backtrack } from "./line_search.ts";
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

/** Most halvings of a step. */
const MAX_HALVINGS = 20;

/** Minimises `evaluate` from `start` by damped Newton–Raphson. */
export async function dampedNewton(
  evaluate: Evaluate,
  start: Float64Array,
  { stepTolerance = 1e-9, ...options }: MinimiserOptions = {},
): Promise<Minimum> {
  return await iterate(evaluate, start, options, {
    order: 2,
    async advance({ z, here, gradient, spectrum, promised }, evaluate) {
      const direction = newtonDirection(gradient, spectrum);
      const found = await backtrack(evaluate, {
        z,
        loss: here.loss,
        direction,
        slope: dot(gradient, direction),
        maxHalvings: MAX_HALVINGS,
      });
      if (found === undefined) {
        return promised <= SETTLED * here.loss ? "precision" : "line-search";
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
