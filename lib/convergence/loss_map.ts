/**
 * The loss over a plane through a point: two parameters vary, the others stay.
 *
 * @module
 */

import type { Values } from "../models/model.ts";

/** One of the two parameters of a map. */
export interface MapAxis {
  /** The parameter. */
  parameter: string;
  /** Lowest value. */
  low: number;
  /** Highest value. */
  high: number;
  /** Whether the values are evenly spaced in the logarithm. */
  log: boolean;
}

/** A value of the loss, for the rectangle around a point of the map. */
export interface MapCell {
  /** Bounds along the first axis. */
  x: [number, number];
  /** Bounds along the second axis. */
  y: [number, number];
  /** The loss in its middle. */
  loss: number;
}

/** The bounds of `count` cells along `axis`, and their middles. */
function cellsOf(
  { low, high, log }: MapAxis,
  count: number,
): { bounds: [number, number]; middle: number }[] {
  const [from, to] = log ? [Math.log(low), Math.log(high)] : [low, high];
  const at = (part: number) => {
    const value = from + part * (to - from);
    return log ? Math.exp(value) : value;
  };
  return Array.from({ length: count }, (_, i) => ({
    bounds: [at(i / count), at((i + 1) / count)],
    middle: at((i + 0.5) / count),
  }));
}

/** The loss on `count` × `count` cells; `lossAt` evaluates it. */
export async function lossMap(
  centre: Values,
  [x, y]: readonly [MapAxis, MapAxis],
  count: number,
  lossAt: (parameters: Values) => Promise<number>,
): Promise<MapCell[]> {
  const cells: MapCell[] = [];
  for (const column of cellsOf(x, count)) {
    for (const row of cellsOf(y, count)) {
      const loss = await lossAt({
        ...centre,
        [x.parameter]: column.middle,
        [y.parameter]: row.middle,
      });
      cells.push({ x: column.bounds, y: row.bounds, loss });
    }
  }
  return cells;
}
