/**
 * One step of Adam (Kingma and Ba, ICLR 2015), for the training of networks.
 *
 *     m ← β₁ m + (1 − β₁) g        v ← β₂ v + (1 − β₂) g²
 *     w ← w − η m/(1 − β₁ᵗ) / (√(v/(1 − β₂ᵗ)) + ε)
 *
 * with β₁ = 0.9, β₂ = 0.999 and ε = 1e-8, the usual ones.
 *
 * @module
 */

const FIRST_DECAY = 0.9;
const SECOND_DECAY = 0.999;
const EPSILON = 1e-8;

/** Where Adam stands; plain numbers, so that it can be kept and taken up again. */
export interface AdamState {
  /** Steps taken. */
  steps: number;
  /** Running mean of the gradient. */
  mean: number[] | Float64Array;
  /** Running mean of its square. */
  square: number[] | Float64Array;
}

/** Adam before its first step, for `count` weights. */
export function adamAtStart(count: number): AdamState {
  return {
    steps: 0,
    mean: new Array<number>(count).fill(0),
    square: new Array<number>(count).fill(0),
  };
}

/** Moves `weights` by one step along `gradient`, and `state` with it. */
export function adamStep(
  weights: Float64Array,
  gradient: Float64Array,
  state: AdamState,
  learningRate: number,
): void {
  state.steps++;
  const { steps, mean, square } = state;
  const meanScale = 1 / (1 - FIRST_DECAY ** steps);
  const squareScale = 1 / (1 - SECOND_DECAY ** steps);
  for (let i = 0; i < weights.length; i++) {
    const g = gradient[i];
    mean[i] += (1 - FIRST_DECAY) * (g - mean[i]);
    square[i] += (1 - SECOND_DECAY) * (g * g - square[i]);
    weights[i] -= learningRate * mean[i] * meanScale /
      (Math.sqrt(square[i] * squareScale) + EPSILON);
  }
}
