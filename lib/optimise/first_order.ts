/**
 * What the methods share that take every step their rule makes: gradient descent
 * and Adam. Such a method may climb, so it returns the lowest point it met.
 *
 * @module
 */

import { iterate, lowestOf } from "./iterate.ts";
import {
  type Evaluate,
  isNegligible,
  type MinimiserOptions,
  type Minimum,
  norm,
} from "./minimiser.ts";

/** Writes the step that follows `gradient` into `step`. */
export type StepRule = (gradient: Float64Array, step: Float64Array) => void;

/** Follows `rule` from `start`; by default for 1000 steps. */
export async function followRule(
  evaluate: Evaluate,
  start: Float64Array,
  { maxIterations = 1000, stepTolerance = 1e-9, ...options }: MinimiserOptions,
  rule: StepRule,
): Promise<Minimum> {
  const watched = lowestOf(evaluate);
  const last = await iterate(watched.evaluate, start, {
    ...options,
    maxIterations,
  }, {
    order: 1,
    async advance({ z, gradient }, evaluate) {
      const step = new Float64Array(z.length);
      rule(gradient, step);
      const there = z.map((value, i) => value + step[i]);
      return {
        z: there,
        here: await evaluate(there, 1),
        stepLength: norm(step),
        isSettled: isNegligible(step, there, stepTolerance),
      };
    },
  });
  return { ...last, ...watched.lowest() };
}
