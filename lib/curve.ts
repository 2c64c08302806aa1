/**
 * What a unit's parameters are between its fitted settings. As in the paper each
 * is interpolated by itself, times in milliseconds, linearly or by a not-a-knot
 * spline, over the knobs that are numbers. Knobs that are choices must match.
 *
 * Over several numbers it goes one after the other, which needs a setting at
 * every crossing.
 *
 * @module
 */

import type { CurvePoint } from "./data/curve_csv.ts";
import type { Setting } from "./data/setting.ts";
import {
  type Knob,
  LEVELLING_KNOBS,
  type Positions,
  positionsOf,
} from "./data/unit_file.ts";
import type { Values } from "./models/model.ts";
import { interpolant, type Interpolation } from "./spline.ts";

export type { CurvePoint };

/** What is needed of a unit to know its parameters anywhere. */
interface Curve {
  knobs: Readonly<Record<string, Pick<Knob, "kind">>>;
  settings: readonly { at: Positions; params: Values }[];
}

/**
 * Parameters of a unit where its knobs stand at `at`, which must name them all.
 *
 * @throws {RangeError} naming the knob that stands where no setting does, or
 * beyond them all.
 */
export function valuesAt(
  { knobs, settings }: Curve,
  at: Positions,
  method: Interpolation,
): Values {
  let some = settings;
  const numbers: string[] = [];
  for (const [name, { kind }] of Object.entries(knobs)) {
    if (kind === "number") {
      numbers.push(name);
      continue;
    }
    const matching = some.filter((setting) => setting.at[name] === at[name]);
    if (matching.length === 0) {
      const there = new Set(some.map((setting) => setting.at[name]));
      throw new RangeError(
        `the curve has no setting with ${inWords(name)} ${at[name]}: choose ${
          [...there].join(" or ")
        }`,
      );
    }
    some = matching;
  }
  return interpolate(some, numbers, at, method);
}

/** Parameters over the first of the knobs `numbers`, by those over the rest. */
function interpolate(
  settings: Curve["settings"],
  [name, ...rest]: readonly string[],
  at: Positions,
  method: Interpolation,
): Values {
  if (name === undefined) return settings[0].params;
  const groups = Map.groupBy(settings, (setting) => setting.at[name] as number);
  const knots = [...groups.keys()].sort((a, b) => a - b);
  const position = at[name] as number;
  const [low, high] = [knots[0], knots[knots.length - 1]];
  if (!(position >= low && position <= high)) {
    throw new RangeError(
      `${inWords(name)} ${position} lies outside the curve: choose ${
        low === high ? low : `${low} to ${high}`
      }`,
    );
  }
  // By lines, only the settings on either side have a part in it.
  const right = Math.max(1, knots.findIndex((knot) => knot >= position));
  const used = method === "spline" ? knots : knots.slice(right - 1, right + 1);
  const found = used.map((knot) =>
    interpolate(groups.get(knot)!, rest, at, method)
  );
  return Object.fromEntries(
    Object.keys(found[0]).map((key) => [
      key,
      between(used, found.map((values) => values[key]), position, method),
    ]),
  );
}

/** A value between those at `knots`; ∞, a ratio's, is passed through as 1/R. */
function between(
  knots: number[],
  values: number[],
  position: number,
  method: Interpolation,
): number {
  return values.includes(Infinity)
    ? 1 / Math.max(
      0,
      interpolant(knots, values.map((value) => 1 / value), method)(position),
    )
    : interpolant(knots, values, method)(position);
}

/**
 * Parameters at `setting` of a levelling amplifier, from the points of its mode.
 *
 * @throws {RangeError} where the curve has no such mode or ends before the knob.
 */
export function parametersAt(
  curve: readonly CurvePoint[],
  setting: Setting,
  method: Interpolation,
): Values {
  const settings = curve.map((point) => ({
    at: positionsOf(point),
    params: point.parameters,
  }));
  return valuesAt(
    { knobs: LEVELLING_KNOBS, settings },
    positionsOf(setting),
    method,
  );
}

/** "peak reduction" of `peak_reduction`. */
function inWords(name: string): string {
  return name.replaceAll("_", " ");
}
