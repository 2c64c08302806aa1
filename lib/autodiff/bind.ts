/**
 * How a primitive acts on values, whoever is tracing.
 *
 * @module
 */

import { record } from "./program.ts";
import type { Linear, Node, Primitive, Tangent, Value } from "./value.ts";

/** Applies `primitive` to `inputs`, at the highest level among them. */
export function bind(
  primitive: Primitive,
  inputs: Value[],
  parameter = 0,
): Value {
  const top = highest(inputs);
  switch (top.kind) {
    case "node":
      return record(primitive, inputs as Node[], parameter);
    case "linear":
      return extendTape(top, primitive, inputs, parameter);
    case "dual": {
      const { level } = top;
      const primals = inputs.map((value) => primalAt(level, value));
      const tangents = inputs.map((value) => tangentAt(level, value));
      const primal = bind(primitive, primals, parameter);
      const tangent = tangents.every((value) => value === null)
        ? null
        : primitive.jvp(tangents, primals, primal, parameter);
      return { kind: "dual", level, shape: primal.shape, primal, tangent };
    }
  }
}

/** The value of the innermost transform among `values`. */
export function highest(values: Value[]): Value {
  return values.reduce((a, b) => b.level > a.level ? b : a);
}

/** What `value` is without the tangent that it may have at `level`. */
export function primalAt(level: number, value: Value): Value {
  return value.kind === "dual" && value.level === level ? value.primal : value;
}

/** The tangent of `value` at `level`: none, if it comes from outside. */
export function tangentAt(level: number, value: Value): Tangent {
  return value.kind === "dual" && value.level === level ? value.tangent : null;
}

function extendTape(
  { level, tape }: Linear,
  primitive: Primitive,
  inputs: Value[],
  parameter: number,
): Linear {
  const step: Linear = {
    kind: "linear",
    level,
    shape: primitive.shape ?? inputs[0].shape,
    tape,
    primitive,
    inputs,
    parameter,
  };
  tape.push(step);
  return step;
}
