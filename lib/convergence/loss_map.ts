/**
 * The loss over planes through a point: two parameters vary, the others stay.
 *
 * @module
 */

import type { OpenEsr } from "./run.ts";
import type { StartRanges } from "./starts.ts";
import type { Parameter, Values } from "../models/model.ts";

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

/** The planes that are mapped, by names of parameters that every model has. */
export const PLANES = [
  ["threshold_db", "ratio"],
  ["threshold_db", "make_up_db"],
  ["attack_ms", "release_ms"],
  ["ratio", "make_up_db"],
] as const;

/** The loss over one plane. */
export interface PlaneMap {
  axes: readonly [MapAxis, MapAxis];
  cells: MapCell[];
}

/** How far from the centre the make-up goes on a map, in dB. */
const MAKE_UP_SPAN = 12;

/** The ESR over {@linkcode PLANES} through `centre`, within `ranges`. */
export async function mapPlanes(
  { evaluate, space }: Pick<OpenEsr, "evaluate" | "space">,
  centre: Values,
  ranges: StartRanges,
  parameters: readonly Parameter[],
  points: number,
): Promise<PlaneMap[]> {
  const lossAt = async (values: Values) =>
    (await evaluate(space.coordinates(values), 0)).loss;
  const axisOf = (parameter: typeof PLANES[number][number]): MapAxis => {
    const [low, high] = parameter === "make_up_db"
      ? [-1, 1].map((side) => centre.make_up_db + side * MAKE_UP_SPAN)
      : ranges[parameter];
    const { scale } = parameters.find(({ name }) => name === parameter)!;
    return { parameter, low, high, log: scale !== "linear" };
  };
  const maps: PlaneMap[] = [];
  for (const [first, second] of PLANES) {
    const axes = [axisOf(first), axisOf(second)] as const;
    const cells = await lossMap(centre, axes, points, lossAt);
    maps.push({ axes, cells });
  }
  return maps;
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
