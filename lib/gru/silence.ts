/**
 * The network on silence: the state that it settles in, and the output offset
 * that it makes there.
 *
 * The loss is measured after a filter that takes away what does not move, so
 * training leaves the constant c of the dense layer where it happens to be. It is
 * chosen afterwards, so that silence stays silence: c = −v·h, with h the settled
 * state. ESR and ΔLDR do not change by it.
 *
 * @module
 */

import { forward } from "./gru.ts";
import { DENSE, HIDDEN, OFFSET } from "./weights.ts";

/** Samples of silence looked at between two comparisons of the state. */
const BLOCK = 256;

/** Most blocks, some 12 s of 44.1 kHz. */
const BLOCKS = 2048;

/** h after a long silence. */
export function settle(weights: Float64Array): Float64Array {
  const silence = new Float32Array(BLOCK);
  const hidden = new Float64Array(HIDDEN);
  for (let block = 0; block < BLOCKS; block++) {
    const before = hidden.slice();
    forward(weights, silence, hidden);
    if (hidden.every((h, j) => Math.abs(h - before[j]) < 1e-9)) break;
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
