/**
 * What a unit's parameters are between its fitted settings. As in the paper each
 * is interpolated by itself, times in milliseconds, linearly or by a not-a-knot
 * spline, over the knobs that are numbers. Knobs that are choices must match.
 *
 * Over several numbers it goes one after the other, which needs a setting at
 * every crossing.
 *
 * What is played by hand has parameters beyond the settings too: there they stay,
 * save on a levelling amplifier below its lowest setting, where the threshold
 * rises in a straight line to 0 dBFS at knob position 0: there nothing within
 * full scale is compressed. (The published curve begins at 40, since below it the
 * recordings hardly reach the threshold.)
 *
 * @module
 */

import type { CurvePoint } from "./curve_csv.ts";
import type { Setting } from "./setting.ts";
import {
  type Knob,
  LEVELLING_KNOBS,
  type Positions,
  positionsOf,
  type Unit,
} from "./unit_file.ts";
import type { Values } from "../models/model.ts";
import { interpolant, type Interpolation } from "../base/spline.ts";

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

/**
 * Parameters of a unit wherever its knobs stand, also beyond the settings.
 *
 * @throws {RangeError} naming the choice that stands where no setting does.
 */
export function valuesAnywhere(
  unit: Pick<Unit, "knobs" | "settings">,
  at: Positions,
  method: Interpolation,
): Values {
  const choices = Object.entries(unit.knobs)
    .filter(([, { kind }]) => kind === "choice").map(([name]) => name);
  const there = unit.settings.filter((setting) =>
    choices.every((name) => setting.at[name] === at[name])
  );
  const within = { ...at };
  let part = 1;
  for (const [name, knob] of Object.entries(unit.knobs)) {
    if (knob.kind === "choice" || there.length === 0) continue;
    const position = at[name] as number;
    const settings = there.map((setting) => setting.at[name] as number);
    const low = settings.reduce((a, b) => Math.min(a, b));
    const high = settings.reduce((a, b) => Math.max(a, b));
    within[name] = Math.min(Math.max(position, low), high);
    if (fadesBelow(name, knob) && position < low) part = position / low;
  }
  const values = valuesAt(unit, within, method);
  if (part === 1 || values.threshold_db === undefined) return values;
  const { threshold_db } = values;
  return {
    ...values,
    threshold_db: Math.max(threshold_db, 0) + part * Math.min(threshold_db, 0),
  };
}

/** Whether below the lowest setting of a knob the threshold rises to 0 dBFS. */
export function fadesBelow(name: string, knob: Knob): boolean {
  return name === "peak_reduction" &&
    JSON.stringify(knob) === JSON.stringify(LEVELLING_KNOBS.peak_reduction);
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
