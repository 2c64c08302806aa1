/**
 * How a result is spelt in a table: its heading and digits by its key, which is the
 * same in the store, in the JSON and in the CSV.
 *
 * @module
 */

import type { Parameter } from "../models/model.ts";
import type { Column, TableValue } from "../report/cells.ts";

/** Headings of the results that several experiments have. */
const KNOWN: Readonly<Record<string, Omit<Column, "key">>> = {
  mode: { title: "Mode" },
  peak_reduction: { title: "Peak reduction" },
  method: { title: "Method" },
  target: { title: "Target" },
  esr: { title: "ESR" },
  chunk_esr: { title: "ESR, counted samples" },
  esr_fit: { title: "ESR, fitted", digits: 3 },
  esr_test: { title: "ESR, test", digits: 3 },
  asked: { title: "Asked for" },
  size: { title: "Parameters" },
  held_out_esr: { title: "ESR held out" },
  delta_ldr_db: { title: "ΔLDR", unit: "dB", digits: 3 },
  iterations: { title: "Iterations" },
  hessians: { title: "Hessians" },
  evaluations: { title: "Evaluations" },
  fitted: { title: "Fitted" },
  linear: { title: "Linear" },
  spline: { title: "Spline" },
  stop_reason: { title: "Stopped by" },
  converged: { title: "Converged" },
  lag_samples: { title: "Lag", unit: "samples" },
  seconds: { title: "Time", unit: "s", digits: 3 },
};

/** Last words of a key that are units, and words that are written large. */
const UNITS: Readonly<Record<string, string>> = {
  db: "dB",
  hz: "Hz",
  ms: "ms",
  us: "µs",
};
const LARGE = ["esr", "ldr", "mae"];

/** What a key says by itself: "esr_elsewhere" is headed "ESR elsewhere". */
function spelt(key: string): Omit<Column, "key"> {
  const words = key.split("_");
  const unit = words.length > 1 ? UNITS[words.at(-1)!] : undefined;
  const text = (unit === undefined ? words : words.slice(0, -1))
    .map((word) => LARGE.includes(word) ? word.toUpperCase() : word)
    .join(" ");
  return {
    title: text.charAt(0).toUpperCase() + text.slice(1),
    ...(unit && { unit }),
  };
}

/** A column, by its key alone, as a model's parameter, or spelt out. */
export type ColumnChoice = string | Parameter | Column;

/** The column that `choice` stands for. */
export function columnOf(choice: ColumnChoice): Column {
  if (typeof choice === "string") return columnOf({ key: choice });
  if ("key" in choice) {
    const known = KNOWN[choice.key];
    return { ...(known ?? (choice.title ? {} : spelt(choice.key))), ...choice };
  }
  const { name, title, unit, decimals } = choice;
  return {
    key: name,
    title,
    ...(unit !== "" && !unit.startsWith(":") && { unit }),
    ...(unit === "dB" ? { decimals } : { digits: decimals }),
  };
}

/** A result, as it stands in the JSON. */
export type Row = Readonly<Record<string, unknown>>;

/** `row` as a table holds it: its parameters beside the rest, ∞ as a number. */
export function flat(row: Row): Record<string, TableValue> {
  const { params, ...rest } = row;
  const values = { ...rest, ...params as Row };
  return Object.fromEntries(
    Object.entries(values)
      .filter(([, value]) => typeof value !== "object" || value === null)
      .map(([key, value]) => [
        key,
        value === "∞" ? Infinity : value as TableValue,
      ]),
  );
}

/** The columns of all that `rows` hold, in the order in which it first comes. */
export function keysOf(rows: readonly Row[]): string[] {
  return [...new Set(rows.flatMap((row) => Object.keys(flat(row))))];
}
