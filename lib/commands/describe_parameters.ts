/**
 * A model's parameters put into words.
 *
 * @module
 */

import { formatFixed, formatNumber, withUnit } from "../base/format.ts";
import type { Model, Parameter, Values } from "../models/model.ts";
import { loopTimes } from "../objective/coordinates.ts";
import { bold } from "../cli/command_line.ts";

/**
 * A value of `parameter` as people read it, such as "−19.15 dB", with its standard
 * error if given: two digits, or what it says where there is none.
 */
export function formatParameter(
  { unit, decimals }: Parameter,
  value: number,
  error?: number,
): string {
  const isLevel = unit === "dB";
  const digits = isLevel
    ? formatFixed(value, decimals)
    : formatNumber(value, decimals);
  // What is less than the digits show is no news.
  const least = isLevel
    ? 0.5 * 10 ** -decimals
    : 0.5 * Math.abs(value) * 10 ** (1 - decimals);
  const width = error === undefined || error < least
    ? ""
    : Number.isFinite(error)
    ? ` ± ${isLevel ? formatFixed(error, decimals) : formatNumber(error, 2)}`
    : " ± ∞";
  const number = digits + width;
  return unit.startsWith(":") ? `${number} ${unit}` : withUnit(number, unit);
}

/**
 * The parameters as lines for people, with their standard errors if given. Where
 * the detector hears the output, a time is followed by that of the closed loop, t/R.
 */
export function describeParameters(
  model: Model,
  values: Values,
  errors?: Values,
): string {
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
      formatParameter(parameter, values[name], errors?.[name]) + inLoop;
  }).join("\n");
}
