/**
 * The network on silence: the state that it settles in, and the output offset
 * that it makes there.
 *
 * On silence a state that stands still is its own candidate,
 *
 *     h = tanh(U_nᵀ (r ⊙ h) + b_n),   r = σ(U_rᵀ h + b_r)
 *
 * however slow its units are, which is found by iteration from 0.
 *
 * The loss is measured after a filter that takes away what does not move, so
 * training leaves the constant c of the dense layer where it happens to be. It is
 * chosen afterwards, so that silence stays silence: c = −v·h. ESR and ΔLDR do not
 * change by it.
 *
 * @module
 */

import { BIAS, DENSE, GATES, HIDDEN, OFFSET, RECURRENT } from "./weights.ts";

const RESET = HIDDEN;
const CANDIDATE = 2 * HIDDEN;

const MOST_ROUNDS = 10_000;

/** h after a long silence. */
export function settle(weights: Float64Array): Float64Array {
  const hidden = new Float64Array(HIDDEN);
  const reset = new Float64Array(HIDDEN);
  const candidate = new Float64Array(HIDDEN);
  /** What goes into gate input `i`, from `from` in place of h. */
  const into = (i: number, from: Float64Array) => {
    let sum = weights[BIAS + i];
    for (let j = 0; j < HIDDEN; j++) {
      sum += weights[RECURRENT + GATES * j + i] * from[j];
    }
    return sum;
  };
  for (let round = 0; round < MOST_ROUNDS; round++) {
    for (let j = 0; j < HIDDEN; j++) {
      reset[j] = hidden[j] / (1 + Math.exp(-into(RESET + j, hidden)));
    }
    let moved = 0;
    for (let j = 0; j < HIDDEN; j++) {
      candidate[j] = Math.tanh(into(CANDIDATE + j, reset));
      moved = Math.max(moved, Math.abs(candidate[j] - hidden[j]));
    }
    if (moved < 1e-14) break;
    // Half of the way, so that units that answer each other do not swing.
    for (let j = 0; j < HIDDEN; j++) {
      hidden[j] += 0.5 * (candidate[j] - hidden[j]);
    }
  }
  return hidden;
}

/** `weights` with the constant for which silence stays silence. */
export function withSilence(weights: Float64Array): Float64Array {
  const hidden = settle(weights);
  const centred = weights.slice();
  centred[OFFSET] = 0;
  for (let j = 0; j < HIDDEN; j++) {
    centred[OFFSET] -= weights[DENSE + j] * hidden[j];
  }
  return centred;
}
