/**
 * A unit as JSON for other programs: the map from knobs to parameters, and the
 * model as a listing. Numbers are JSON's; ∞, which a ratio can be, is "∞".
 *
 *     format          1
 *     unit            what people call it; `origin` says where it comes from
 *     model           its name
 *     parameters      name, title and unit of each, in order
 *     map
 *       interpolation "linear" or "spline"
 *       dials         knobs that are numbers: name, unit, range, start; `fades`
 *                     where below the lowest knot the threshold rises in a straight
 *                     line to 0 at 0: max(t, 0) + min(t, 0) · position / knot
 *       switches      knobs that are choices: name, values
 *       tables        for every crossing of the choices, `at`: the `knots` of every
 *                     dial, and `rows`, the parameters at each crossing of them, the
 *                     last dial's side by side; beyond the knots they stay. Between
 *                     two of which one is ∞ goes 1/R instead of R. For a spline
 *                     `bends`, its second derivatives y″ at the knots (of 1/R where
 *                     one is ∞): with t the way from one to the next, h apart,
 *                     (1−t) y₀ + t y₁ + h²/6 (((1−t)³ − (1−t)) y₀″ + (t³ − t) y₁″)
 *     listing         one instruction a line, each from those before it
 *       operation     add, subtract, multiply, negate, reciprocal, exp, log, tan,
 *                     abs, maximum; less (1 or 0); select (of a mask, then, else);
 *                     constant (value), parameter (of that name), sample_rate (Hz),
 *                     input (the dry sample);
 *                     delay (of a signal: its value a sample ago, at first the second
 *                     operand); before (what the line `state`, a state, was a sample
 *                     ago, at first where it starts); state (the same plus the first
 *                     operand; the second is where it starts)
 *       operands      lines it takes
 *       name, about   what it is known by, where it is
 *     gain, output    lines of the gain before make-up and of the wet sound
 *
 * @module
 */

import { jsonValues } from "../data/values_schema.ts";
import type { Exported } from "./faust.ts";
import { knobMapOf } from "../data/knob_map.ts";
import { type Instruction, listingOf } from "./listing.ts";

/** The file. */
export function jsonFile(
  { unit, model, title, origin, interpolation }: Exported,
): string {
  const map = knobMapOf(unit, interpolation);
  const { instructions, gain, output } = listingOf(model);
  const data = {
    format: 1,
    unit: title,
    origin,
    model: model.name,
    parameters: model.parameters.map(({ name, title, unit }) => ({
      name,
      title,
      unit,
    })),
    map: {
      ...map,
      tables: map.tables.map(({ rows, ...table }) => ({
        ...table,
        rows: rows.map(jsonValues),
      })),
    },
    listing: instructions.map(lineOf),
    gain: gain.id,
    output: output.id,
  };
  return `${JSON.stringify(data, null, 1)}\n`;
}

function lineOf(
  { operation, operands, value, parameter, state, label }: Instruction,
) {
  return {
    operation,
    ...(operands.length > 0 && { operands: operands.map(({ id }) => id) }),
    ...(value !== undefined && { value }),
    ...(parameter !== undefined && { parameter }),
    ...(state !== undefined && { state: state.id }),
    ...label,
  };
}
