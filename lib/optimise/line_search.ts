/**
 * The line search of the Newton methods without a trust region: the step is halved
 * until the loss there will do, by a part of what the slope promises (Armijo,
 * Pacific J. Math. 1966). What will do, each method says itself.
 *
 * @module
 */

import type { Evaluate } from "./minimiser.ts";

/** Part of the promised fall that counts. */
export const ARMIJO = 1e-4;

/** Where a line search looks. */
export interface Line {
  /** Where it starts. */
  z: Float64Array;
  /** The whole step. */
  direction: Float64Array;
  /** Whether the loss at `part` of the step will do. */
  accepts: (loss: number, part: number) => boolean;
  /** Most points that are tried. */
  tries: number;
}

/** What a line search found. */
export interface Backtracked {
  /** The point whose loss will do. */
  point: Float64Array;
  /** Part of the whole step that leads there. */
  part: number;
}

/** Halves the step along `line` until the loss will do, if it ever does. */
export async function backtrack(
  evaluate: Evaluate,
  { z, direction, accepts, tries }: Line,
): Promise<Backtracked | undefined> {
  let part = 1;
  for (let tried = 0; tried < tries; tried++, part /= 2) {
    const point = z.map((value, i) => value + part * direction[i]);
    if (!point.every(Number.isFinite)) continue;
    const { loss } = await evaluate(point, 0);
    if (accepts(loss, part)) return { point, part };
  }
}
