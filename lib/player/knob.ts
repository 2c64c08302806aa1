/**
 * A unit's knobs on the page: a dial for the one that is a number, a switch for
 * the one that is a choice, and the parameters wherever they stand.
 *
 * Between fitted settings the parameters are interpolated linearly, as
 * `deno task render` does; beyond them they are as `valuesAnywhere` has it.
 *
 * @module
 */

import { fadesBelow, valuesAnywhere, valuesAt } from "../data/curve.ts";
import { knobsInWords, titleOfKnob, type Unit } from "../data/unit_file.ts";
import type { Values } from "../models/model.ts";

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
}

/** The name of the only turn where there is no switch. */
const NO_CHOICE = "";

/**
 * The knobs of `unit`, of which it has at most one of each kind.
 *
 * @throws {RangeError} naming its knobs where it has more.
 */
export function panelOf(unit: Unit): Panel {
  const knobs = Object.entries(unit.knobs);
  const numbers = knobs.filter(([, { kind }]) => kind === "number");
  const choices = knobs.filter(([, { kind }]) => kind === "choice");
  if (numbers.length > 1 || choices.length > 1) {
    throw new RangeError(
      `the page has one dial and one switch, and of this unit's knobs more would be turned: ${
        knobsInWords(unit.knobs)
      }. Say where the others stand with --knob name=value`,
    );
  }
  const [dial] = numbers;
  const [choice] = choices;
  const fades = dial !== undefined && fadesBelow(...dial);
  const turns: Record<string, Turn> = {};
  const values = choice?.[1].kind === "choice" ? choice[1].values : [undefined];
  for (const value of values) {
    const settings = unit.settings.filter(({ at }) =>
      value === undefined || at[choice[0]] === value
    );
    if (settings.length === 0) continue;
    const place = value === undefined ? {} : { [choice[0]]: value };
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
