/**
 * The pre-emphasis filter that every error is measured through, and its
 * transpose.
 *
 *     F(z) = (1 − z⁻¹) / (1 − 0.995 z⁻¹)      p[n] = x[n] − x[n−1] + 0.995 p[n−1]
 *
 * It takes away what lies below some 35 Hz (at 44.1 kHz). As a matrix on a
 * signal that starts at rest F is lower triangular and Toeplitz, so Fᵀ is the
 * same filter run backwards in time:
 *
 *     q[n] = e[n] + 0.995 q[n+1]       w[n] = q[n] − q[n+1]       w = Fᵀe
 *
 * Both functions may write over their input, and both continue from a state, so
 * that a long signal can be filtered in blocks: {@linkcode preEmphasise} from
 * the first block to the last, {@linkcode preEmphasiseTransposed} from the last
 * block to the first.
 *
 * @module
 */

import type { Signal } from "./signal.ts";

/** Pole of the pre-emphasis filter. */
export const PRE_EMPHASIS_POLE = 0.995;

/** Where F stands between two blocks; at rest, both are 0. */
export interface PreEmphasisState {
  /** Last input, x[n−1]. */
  input: number;
  /** Last output, p[n−1]. */
  output: number;
}

/** Where Fᵀ stands between two blocks; at rest, 0. */
export interface TransposeState {
  /** q[n+1], from the block that follows in time. */
  next: number;
}

/** A filter at rest. */
export function preEmphasisAtRest(): PreEmphasisState {
  return { input: 0, output: 0 };
}

/**
 * Filters `input` by F into `output`, which may be `input` itself, and returns
 * `output`. `state` is read at the start and left as the block's end leaves it.
 */
export function preEmphasise<T extends Signal>(
  input: Signal,
  output: T,
  state: PreEmphasisState = preEmphasisAtRest(),
): T {
  sameLength(input, output);
  let lastInput = state.input;
  let lastOutput = state.output;
  for (let n = 0; n < input.length; n++) {
    const x = input[n];
    lastOutput = x - lastInput + PRE_EMPHASIS_POLE * lastOutput;
    lastInput = x;
    output[n] = lastOutput;
  }
  state.input = lastInput;
  state.output = lastOutput;
  return output;
}

/**
 * Filters `error` by Fᵀ into `output`, which may be `error` itself, and returns
 * `output`. `state` is read at the end of the block, in time, and left as the
 * block's start leaves it.
 */
export function preEmphasiseTransposed<T extends Signal>(
  error: Signal,
  output: T,
  state: TransposeState = { next: 0 },
): T {
  sameLength(error, output);
  let next = state.next;
  for (let n = error.length - 1; n >= 0; n--) {
    const q = error[n] + PRE_EMPHASIS_POLE * next;
    output[n] = q - next;
    next = q;
  }
  state.next = next;
  return output;
}

function sameLength(input: Signal, output: Signal): void {
  if (input.length !== output.length) {
    throw new RangeError(
      `the filter's input has ${input.length} samples, its output ${output.length}: make them the same length`,
    );
  }
}
