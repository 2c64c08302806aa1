/**
 * The map from a unit's knobs to its model's parameters, as tables: for every
 * choice the settings in order, over the knobs that are numbers, and what a spline
 * bends by at each.
 *
 * @module
 */

import { ConfigError } from "../base/config.ts";
import { fadesBelow } from "./curve.ts";
import {
  type Knob,
  nameOfPositions,
  type Positions,
  type Unit,
} from "./unit_file.ts";
import type { Values } from "../models/model.ts";
import { bendsOf, type Interpolation } from "../base/spline.ts";

/** A knob that is turned. */
export interface Dial {
  name: string;
  unit: string;
  range: readonly [low: number, high: number];
  /** Where it stands at first: a setting in the middle. */
  start: number;
  /** Whether below the lowest setting the threshold rises to 0 dBFS. */
  fades: boolean;
}

/** A knob that is switched, to what was fitted alone. */
export interface Switch {
  name: string;
  values: readonly (number | string)[];
}

/** The settings at one position of every switch. */
export interface Table {
  /** Where the switches stand. */
  at: Positions;
  /** The positions of every dial, ascending. */
  knots: number[][];
  /** Settings at every crossing of the knots, the last dial's side by side. */
  rows: Values[];
  /** Second derivatives of the rows' values over the dial, for a spline. */
  bends?: Values[];
}

/** The map. */
export interface KnobMap {
  interpolation: Interpolation;
  dials: Dial[];
  switches: Switch[];
  /** One for each crossing of the switches, the last one's side by side. */
  tables: Table[];
}

/**
 * The map of `unit`.
 *
 * @throws {ConfigError} where its settings leave a crossing out, or a spline is to
 * go over several dials.
 */
export function knobMapOf(unit: Unit, interpolation: Interpolation): KnobMap {
  const knobs = Object.entries(unit.knobs);
  const dials = knobs.flatMap(([name, knob]) =>
    knob.kind === "number" ? [dialOf(unit, name, knob)] : []
  );
  if (interpolation === "spline" && dials.length > 1) {
    throw new ConfigError(
      `a spline goes over one knob, and this unit turns ${
        dials.map(({ name }) => name).join(" and ")
      }: use --interpolation linear, or hold the others with --knob name=value`,
    );
  }
  const switches = knobs.flatMap(([name, knob]) =>
    knob.kind === "choice"
      ? [{
        name,
        values: knob.values.filter((value) =>
          unit.settings.some(({ at }) => at[name] === value)
        ),
      }]
      : []
  );
  const crossings = switches.reduce<Positions[]>(
    (all, { name, values }) =>
      all.flatMap((at) => values.map((value) => ({ ...at, [name]: value }))),
    [{}],
  );
  const tables = crossings.map((at) =>
    tableOf(unit, at, dials.map(({ name }) => name), interpolation)
  );
  return { interpolation, dials, switches, tables };
}

function dialOf(
  { settings }: Unit,
  name: string,
  knob: Extract<Knob, { kind: "number" }>,
): Dial {
  const positions = settings.map(({ at }) => at[name] as number)
    .sort((a, b) => a - b);
  return {
    name,
    unit: knob.unit,
    range: knob.range,
    start: positions[Math.floor(positions.length / 2)],
    fades: fadesBelow(name, knob),
  };
}

function tableOf(
  { settings }: Unit,
  at: Positions,
  dials: string[],
  interpolation: Interpolation,
): Table {
  const here = settings.filter((setting) =>
    Object.entries(at).every(([name, value]) => setting.at[name] === value)
  );
  const knots = dials.map((name) =>
    [...new Set(here.map((setting) => setting.at[name] as number))]
      .sort((a, b) => a - b)
  );
  const places = placesOf(knots);
  const rows = places.map((place) => {
    const found = here.find((setting) =>
      dials.every((name, i) => setting.at[name] === place[i])
    );
    if (found !== undefined) return found.params;
    const missing = nameOfPositions({
      ...at,
      ...Object.fromEntries(dials.map((name, i) => [name, place[i]])),
    });
    throw new ConfigError(
      `the unit has no setting at ${missing}, and knobs of an export stand anywhere: fit that setting, or hold a knob with --knob name=value`,
    );
  });
  const isSpline = interpolation === "spline" && dials.length === 1;
  return { at, knots, rows, ...(isSpline && { bends: bends(knots[0], rows) }) };
}

/**
 * What a spline through `rows` bends by. It goes through 1/R where a ratio is ∞,
 * and bends that.
 */
function bends(knots: number[], rows: Values[]): Values[] {
  const columns = Object.keys(rows[0]).map((name) => {
    const values = rows.map((row) => row[name]);
    const bent = values.includes(Infinity)
      ? values.map((value) => 1 / value)
      : values;
    return [name, bendsOf(knots, bent, "spline")] as const;
  });
  return rows.map((_, i) =>
    Object.fromEntries(columns.map(([name, column]) => [name, column[i]]))
  );
}

/** Every combination of the `knots` of each dial, those of the last one fastest. */
export function placesOf(knots: readonly number[][]): number[][] {
  return knots.reduce<number[][]>(
    (all, ofDial) => all.flatMap((at) => ofDial.map((knot) => [...at, knot])),
    [[]],
  );
}
