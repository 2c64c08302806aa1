/**
 * A unit's knobs on the page: a dial for the first that is a number, a switch for
 * the first that is a choice, plain controls for all others, and the parameters
 * wherever they stand.
 *
 * Between fitted settings the parameters are interpolated as `deno task render` does;
 * beyond them they are as `valuesAnywhere` has it.
 *
 * @module
 */

import { fadesBelow, valuesAnywhere, valuesAt } from "../data/curve.ts";
import { inLines } from "../data/knob_law.ts";
import { knobMapOf } from "../data/knob_map.ts";
import { titleOfKnob, type Unit } from "../data/unit_file.ts";
import type { Values } from "../models/model.ts";
import { parseModel } from "../models/presets.ts";

/** Steps that the dial turns by, from one end to the other. */
export const DIAL_STEPS = 100;

/** The dial at one position of the switch. */
export interface Turn {
  /** Lowest and highest setting that was fitted, as the dial counts. */
  fitted: [number, number];
  /** Parameters at each step of the dial; at the only one without a dial. */
  positions: Values[];
}

/** A unit's knobs as the page shows them. */
export interface Panel {
  /** The knob that is turned, if the unit has one. */
  dial?: {
    title: string;
    unit: string;
    range: [number, number];
    /** Whether below the lowest setting the threshold rises to 0 dBFS. */
    fades: boolean;
  };
  /** The knob that is switched, if the unit has one, and what to. */
  choice?: { title: string; values: string[] };
  /** The dial at each position of the switch that was fitted, by its name. */
  turns: Record<string, Turn>;
  /** What there is to turn and to switch beside them, if there is something. */
  more?: MoreKnobs;
}

/** Knobs beside the dial and the switch. */
export interface MoreKnobs {
  /** A control for each, and where it stands at first. */
  controls: ({
    title: string;
    unit: string;
    range: readonly [number, number];
    start: number;
  } | { title: string; values: string[]; start: number })[];
  /** The dial's own name comes first among those of the tables' knots. */
  hasDial: boolean;
  hasSwitch: boolean;
  /** The parameters at every crossing of knots, for each crossing of choices. */
  tables: {
    /** Where the switches stand, the panel's first. */
    at: string[];
    /** The positions of every dial, the panel's first. */
    knots: number[][];
    /** Parameters, the last dial's side by side. */
    rows: Values[];
  }[];
}

/** The name of the only turn where there is no switch. */
const NO_CHOICE = "";

/** The knobs of `unit`. */
export function panelOf(unit: Unit): Panel {
  unit = inLines(unit, parseModel(unit.model));
  const knobs = Object.entries(unit.knobs);
  const numbers = knobs.filter(([, { kind }]) => kind === "number");
  const choices = knobs.filter(([, { kind }]) => kind === "choice");
  const more = numbers.length > 1 || choices.length > 1
    ? moreOf(unit)
    : undefined;
  const middle = unit.settings[unit.settings.length >> 1].at;
  const others = Object.fromEntries(
    [...numbers.slice(1), ...choices.slice(1)].map(([name]) => [
      name,
      middle[name],
    ]),
  );
  const [dial] = numbers;
  const [choice] = choices;
  const fades = dial !== undefined && fadesBelow(...dial);
  const turns: Record<string, Turn> = {};
  const values = choice?.[1].kind === "choice" ? choice[1].values : [undefined];
  for (const value of values) {
    const settings = unit.settings.filter(({ at }) =>
      (value === undefined || at[choice[0]] === value) &&
      choices.slice(1).every(([name]) => at[name] === others[name])
    );
    if (settings.length === 0) continue;
    const place = {
      ...others,
      ...(value !== undefined && { [choice[0]]: value }),
    };
    turns[value === undefined ? NO_CHOICE : String(value)] =
      dial?.[1].kind === "number"
        ? turnOf({ ...unit, settings }, dial[0], dial[1].range, place)
        : { fitted: [0, 0], positions: [valuesAt(unit, place, "linear")] };
  }
  return {
    ...(dial?.[1].kind === "number" && {
      dial: {
        title: titleOfKnob(dial[0]),
        unit: dial[1].unit,
        range: dial[1].range,
        fades,
      },
    }),
    ...(choice !== undefined && {
      choice: { title: titleOfKnob(choice[0]), values: values.map(String) },
    }),
    turns,
    ...(more !== undefined && { more }),
  };
}

/** What the page needs to know of all knobs. */
function moreOf(unit: Unit): MoreKnobs {
  const { dials, switches, tables } = knobMapOf(unit, "linear");
  const middle = unit.settings[unit.settings.length >> 1].at;
  return {
    controls: [
      ...dials.slice(1).map(({ name, unit, range }) => ({
        title: titleOfKnob(name),
        unit,
        range,
        start: middle[name] as number,
      })),
      ...switches.slice(1).map(({ name, values }) => ({
        title: titleOfKnob(name),
        values: values.map(String),
        start: values.indexOf(middle[name]),
      })),
    ],
    hasDial: dials.length > 0,
    hasSwitch: switches.length > 0,
    tables: tables.map(({ at, knots, rows }) => ({
      at: switches.map(({ name }) => String(at[name])),
      knots,
      rows,
    })),
  };
}

function turnOf(
  unit: Unit,
  name: string,
  [from, to]: readonly [number, number],
  place: Readonly<Record<string, number | string>>,
): Turn {
  const settings = unit.settings.map(({ at }) => at[name] as number);
  const positions = Array.from({ length: DIAL_STEPS + 1 }, (_, step) => {
    const position = from + (to - from) * step / DIAL_STEPS;
    return valuesAnywhere(unit, { ...place, [name]: position }, "linear");
  });
  return { fitted: [Math.min(...settings), Math.max(...settings)], positions };
}
