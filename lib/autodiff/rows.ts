/**
 * How a compiled sweep is called: for some rows at a time.
 *
 * @module
 */

import type { Direction } from "./schedule.ts";

/**
 * Rows in one call of compiled code: few, because a sum within a call has single
 * precision, and because a runtime that has found better code for a function uses
 * it from the next call on.
 */
const ROWS_A_CALL = 128;

/** A compiled sweep. */
export type SweepFunction = (
  row: number,
  rows: number,
  states: number,
  constants: number,
) => void;

/**
 * Calls `run` for stretches of the rows 0 to `length`, in `direction`; stretches
 * that lie before row `start` are early.
 */
export function runRows(
  length: number,
  start: number,
  direction: Direction,
  run: (row: number, rows: number, isEarly: boolean) => void,
): void {
  const split = Math.min(start, length);
  const stretches: [from: number, to: number][] = [[0, split], [split, length]];
  if (direction === "forward") {
    for (const [from, to] of stretches) {
      for (let row = from; row < to; row += ROWS_A_CALL) {
        run(row, Math.min(ROWS_A_CALL, to - row), row < split);
      }
    }
  } else {
    for (const [from, to] of stretches.toReversed()) {
      for (let row = to - 1; row >= from; row -= ROWS_A_CALL) {
        run(row, Math.min(ROWS_A_CALL, row + 1 - from), row < split);
      }
    }
  }
}
