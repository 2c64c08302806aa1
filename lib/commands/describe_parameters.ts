/**
 * A model's parameters put into words.
 *
 * @module
 */

import { formatDecibels, formatNumber, withUnit } from "../format.ts";
import type { Model, Parameter, Values } from "../models/model.ts";
import { loopTimes } from "../objective/coordinates.ts";
import { bold } from "./command_line.ts";

/** A value of `parameter` as people read it, such as "−19.15 dB". */
export function formatParameter(
  { unit, decimals }: Parameter,
  value: number,
): string {
  if (unit === "dB") return formatDecibels(value, decimals);
  const number = formatNumber(value, decimals);
  return unit.startsWith(":") ? `${number} ${unit}` : withUnit(number, unit);
}

/**
 * The parameters as lines for people. Where the detector hears the output, a time
 * is followed by that of the closed loop, t / R.
 */
export function describeParameters(model: Model, values: Values): string {
  const width = Math.max(
    12,
    ...model.parameters.map(({ title }) => title.length + 2),
  );
  const loop = loopTimes(model, values);
  return model.parameters.map((parameter) => {
    const { name, title } = parameter;
    const inLoop = loop[name] === undefined
      ? ""
      : ` (in the loop ${formatParameter(parameter, loop[name])})`;
    return bold(title.padEnd(width)) +
      formatParameter(parameter, values[name]) + inLoop;
  }).join("\n");
}
