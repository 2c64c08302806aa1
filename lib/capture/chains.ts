/**
 * The order in which settings are fitted, each from its neighbour's result.
 *
 * A chain goes along one dial, that with the most positions, from the highest down,
 * while every other knob stands still. Long ones are cut, so that there is something
 * to divide among machines. The first of each starts from the reference: one setting
 * in the middle, which is fitted before all.
 *
 * @module
 */

import type { CaptureSetting } from "./manifest.ts";
import type { Unit } from "../data/unit_file.ts";
import { namesOf } from "../data/knob_law.ts";

/** Settings of a chain at most. */
const LONGEST = 7;

/** The chains of `settings`. */
export function chainsOf(
  knobs: Unit["knobs"],
  settings: readonly CaptureSetting[],
): CaptureSetting[][] {
  const dials = namesOf({ knobs }, "number");
  const count = (name: string) =>
    new Set(settings.map(({ at }) => at[name])).size;
  const along = dials.toSorted((a, b) => count(b) - count(a)).at(0);
  const rows = Map.groupBy(settings, ({ at }) =>
    JSON.stringify(
      Object.entries(at).filter(([name]) => name !== along),
    ));
  return [...rows.values()].flatMap((row) => {
    const down = along === undefined
      ? row
      : row.toSorted((a, b) =>
        (b.at[along] as number) - (a.at[along] as number)
      );
    const pieces = Math.ceil(down.length / LONGEST);
    return Array.from({ length: pieces }, (_, i) =>
      down.slice(
        Math.round(i * down.length / pieces),
        Math.round((i + 1) * down.length / pieces),
      ));
  });
}

/** Settings that may be the reference, those nearest to the middle first. */
export function fromTheMiddle(
  settings: readonly CaptureSetting[],
): CaptureSetting[] {
  const middle = (settings.length - 1) / 2;
  return settings.map((setting, i) => ({ setting, off: Math.abs(i - middle) }))
    .sort((a, b) => a.off - b.off).map(({ setting }) => setting);
}
