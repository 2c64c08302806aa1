/**
 * Values of the differentiable language, and how a primitive acts on them.
 *
 * A value is a scalar or a signal of shape [batch, time]. A function written on
 * values does not compute: it is run once, and what it does is *traced*. What a
 * value is depends on who is tracing:
 *
 * - a {@linkcode Node} stands for an instruction of the program being recorded;
 * - a {@linkcode Dual} is a pair (primal, tangent), made by `jvp`;
 * - a {@linkcode Linear} is a step of the linear map that `vjp` transposes.
 *
 * The parts of duals and of linear steps are values again, of whichever kind the
 * transform around them needs: that is all there is to nesting. A value carries
 * the level of the transform that made it, 0 for nodes. {@linkcode bind} hands a
 * primitive to the highest level among its inputs; that level peels off its layer
 * and binds what is inside. So a derivative of a derivative never mixes up its two
 * perturbations. (The design follows "Autodidax: JAX core from scratch", 2021.)
 *
 * A tangent that is zero is `null`, and no rule computes with it.
 *
 * @module
 */

import { type Node, record } from "./program.ts";

/** Shape of a value: one number, or one for every [batch, time]. */
export type Shape = "scalar" | "signal";

/** Anything that a primitive can be applied to. */
export type Value = Node | Dual | Linear;

/** A tangent or cotangent; `null` is a zero that nobody has to compute. */
export type Tangent = Value | null;

/** A primal and its tangent, inside `jvp`. */
export interface Dual {
  kind: "dual";
  level: number;
  shape: Shape;
  primal: Value;
  tangent: Tangent;
}

/** A step of a linear map, or a variable of it, inside `vjp`. */
export interface Linear {
  kind: "linear";
  level: number;
  shape: Shape;
  /** All steps of the map so far, in the order they were taken. */
  tape: Linear[];
  /** What the step applies; a variable applies nothing. */
  primitive: Primitive | null;
  /** What it is applied to; inputs that are not on the tape are constants. */
  inputs: Value[];
  parameter: number;
}

/** One operation of the language, with its derivative. */
export interface Primitive {
  name: string;
  /** Shape of the result, where it is not that of the inputs. */
  shape?: Shape;
  /** Meaning on numbers, where every element is computed by itself. */
  evaluate?: (...inputs: number[]) => number;
  /** Tangent of the result; at least one of `tangents` is not zero. */
  jvp: (
    tangents: Tangent[],
    inputs: Value[],
    output: Value,
    parameter: number,
  ) => Tangent;
  /**
   * Cotangents of the inputs, for a cotangent of the result. `isLinear` tells
   * the inputs that vary from those that are constant; what is returned for a
   * constant is ignored. Only primitives that can be linear have it.
   */
  transpose?: (
    cotangent: Value,
    inputs: Value[],
    isLinear: boolean[],
    parameter: number,
  ) => Tangent[];
}

/** Applies `primitive` to `inputs`, at the highest level among them. */
export function bind(
  primitive: Primitive,
  inputs: Value[],
  parameter = 0,
): Value {
  const top = inputs.reduce((a, b) => b.level > a.level ? b : a);
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
  const shape = primitive.shape ?? inputs[0].shape;
  const step: Linear = {
    kind: "linear",
    level,
    shape,
    tape,
    primitive,
    inputs,
    parameter,
  };
  tape.push(step);
  return step;
}
