/**
 * The line search of the Newton methods without a trust region: the step is halved
 * until the loss falls by a part of what its slope promises (Armijo, Pacific J.
 * Math. 1966).
 *
 * @module
 */

import type { Evaluate } from "./minimiser.ts";

/** Part of the promised fall that a step must keep. */
const ARMIJO = 1e-4;

/** Where a line search looks. */
export interface Line {
  /** Where it starts. */
  z: Float64Array;
  /** Loss there. */
  loss: number;
  /** The whole step. */
  direction: Float64Array;
  /** Derivative of the loss along it. */
  slope: number;
  /** Most halvings. */
  maxHalvings: number;
}

/** What a line search found. */
export interface Backtracked {
  /** The point whose loss fell enough. */
  point: Float64Array;
  /** Part of the whole step that leads there. */
  part: number;
}

/** Halves the step along `line` until the loss falls enough, if it ever does. */
export async function backtrack(
  evaluate: Evaluate,
  { z, loss, direction, slope, maxHalvings }: Line,
): Promise<Backtracked | undefined> {
  let part = 1;
  for (let halving = 0; halving <= maxHalvings; halving++, part /= 2) {
    const point = z.map((value, i) => value + part * direction[i]);
    if (!point.every(Number.isFinite)) continue;
    const { loss: there } = await evaluate(point, 0);
    // `there < loss` as well: an ascent direction must not pass as descent.
    if (there < loss && there <= loss + ARMIJO * part * slope) {
      return { point, part };
    }
  }
}
