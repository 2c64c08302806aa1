/**
 * Adam (Kingma and Ba, ICLR 2015): gradient descent whose step in each coordinate
 * is a running mean of the slope over a running root mean square of it.
 *
 *     m ← β₁ m + (1 − β₁) g      v ← β₂ v + (1 − β₂) g²
 *     z ← z − η m / (1 − β₁ᵗ) / (√(v / (1 − β₂ᵗ)) + ε)
 *
 * @module
 */

import { followRule } from "./first_order.ts";
import type { Evaluate, MinimiserOptions, Minimum } from "./minimiser.ts";

const BETA_1 = 0.9;
const BETA_2 = 0.999;

/** Keeps the division possible; far below the slopes of a loss near 1. */
const EPSILON = 1e-12;

/** Options of {@linkcode adam}. */
export interface AdamOptions extends MinimiserOptions {
  /** Learning rate η, the largest step in a coordinate (default 0.1). */
  learningRate?: number;
}

/**
 * Minimises `evaluate` from `start` by 1000 steps of Adam, or `maxIterations`.
 */
export function adam(
  evaluate: Evaluate,
  start: Float64Array,
  options: AdamOptions = {},
): Promise<Minimum> {
  const { learningRate = 0.1 } = options;
  const mean = new Float64Array(start.length);
  const square = new Float64Array(start.length);
  let t = 0;
  return followRule(evaluate, start, options, (gradient, step) => {
    t++;
    for (let i = 0; i < step.length; i++) {
      const g = gradient[i];
      mean[i] = BETA_1 * mean[i] + (1 - BETA_1) * g;
      square[i] = BETA_2 * square[i] + (1 - BETA_2) * g * g;
      const direction = mean[i] / (1 - BETA_1 ** t);
      const size = Math.sqrt(square[i] / (1 - BETA_2 ** t));
      step[i] = -learningRate * direction / (size + EPSILON);
    }
  });
}
