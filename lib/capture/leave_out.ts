/**
 * Which settings a map from knobs to parameters can be tested by: each that stands
 * between others, with all that stand where it does on a dial left out.
 *
 * Of a unit with settings at every crossing that leaves one at every crossing; of
 * scattered settings each is left out alone.
 *
 * @module
 */

import {
  isGrid,
  knobLaw,
  knotsOf,
  type LawUnit,
  namesOf,
} from "../data/knob_law.ts";
import { valuesAt } from "../data/curve.ts";
import { nameOfPositions, type Positions } from "../data/unit_file.ts";
import type { Model, Values } from "../models/model.ts";

/** A setting left out, and its parameters by the others. */
export interface LeftOutTest {
  at: Positions;
  /** The dial whose position was left out; none where the setting alone was. */
  dial?: string;
  smooth: Values;
  /** By straight lines, of settings at every crossing alone. */
  linear?: Values;
}

/** Fewest positions of a dial that one is left out of. */
const FEWEST = 4;

/** Every test of `unit`'s map. */
export function leftOutTests(unit: LawUnit, model: Model): LeftOutTest[] {
  const dials = namesOf(unit, "number");
  const choices = namesOf(unit, "choice");
  const groups = Map.groupBy(
    unit.settings,
    ({ at }) => JSON.stringify(choices.map((name) => at[name])),
  );
  return [...groups.values()].flatMap((settings) => {
    const knots = knotsOf(settings, dials);
    const test = (
      out: LawUnit["settings"],
      dial?: string,
    ): LeftOutTest[] => {
      const rest = {
        knobs: unit.knobs,
        settings: settings.filter((one) => !out.includes(one)),
      };
      const law = knobLaw(rest, model);
      return out.map(({ at }) => ({
        at,
        ...(dial !== undefined &&
          { dial, linear: valuesAt(rest, at, "linear") }),
        smooth: law(at),
      }));
    };
    if (isGrid(settings, knots)) {
      return dials.flatMap((dial, d) =>
        knots[d].length < FEWEST
          ? []
          : knots[d].slice(1, -1).flatMap((knot) =>
            test(settings.filter(({ at }) => at[dial] === knot), dial)
          )
      );
    }
    if (settings.length <= dials.length + 2) return [];
    return settings.filter(({ at }) =>
      // Not those at an end: what lies beyond is not between.
      dials.every((dial, d) => {
        const [low, high] = [knots[d][0], knots[d].at(-1)!];
        return low === high || (at[dial] !== low && at[dial] !== high);
      })
    ).flatMap((one) => test([one]));
  });
}

/** A key for what is tested. */
export function keyOfTest({ at, dial }: LeftOutTest): string {
  return `${dial ?? ""}:${nameOfPositions(at)}`;
}
