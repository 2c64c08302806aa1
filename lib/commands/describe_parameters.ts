/**
 * A model's parameters put into words.
 *
 * @module
 */

import type { Model, Values } from "../models/model.ts";
import { formatParameter } from "../models/parameter_text.ts";
import { loopTimes } from "../objective/coordinates.ts";
import { bold } from "../cli/command_line.ts";

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
