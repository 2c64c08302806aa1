/**
 * Gradient descent with momentum, as the compressors of Yu et al. (DAFx 2024)
 * were fitted: v ← μ v + g, z ← z − η v (Polyak's heavy ball).
 *
 * @module
 */

import { followRule } from "./first_order.ts";
import type { Evaluate, MinimiserOptions, Minimum } from "./minimiser.ts";

/** Options of {@linkcode gradientDescent}. */
export interface GradientDescentOptions extends MinimiserOptions {
  /** Learning rate η (default 100, the published one). */
  learningRate?: number;
  /** Momentum μ (default 0.9). */
  momentum?: number;
}

/**
 * Minimises `evaluate` from `start` by 1000 steps of gradient descent, or
 * `maxIterations`. The learning rate is in units of z per slope of the loss:
 * scale the loss to suit it.
 */
export function gradientDescent(
  evaluate: Evaluate,
  start: Float64Array,
  options: GradientDescentOptions = {},
): Promise<Minimum> {
  const { learningRate = 100, momentum = 0.9 } = options;
  const velocity = new Float64Array(start.length);
  return followRule(evaluate, start, options, (gradient, step) => {
    for (let i = 0; i < step.length; i++) {
      velocity[i] = momentum * velocity[i] + gradient[i];
      step[i] = -learningRate * velocity[i];
    }
  });
}
