/**
 * Values of the differentiable language.
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
 * the level of the transform that made it, 0 for nodes. `bind` hands a primitive
 * to the highest level among its inputs; that level peels off its layer and binds
 * what is inside. So a derivative of a derivative never mixes up its two
 * perturbations. (The design follows "Autodidax: JAX core from scratch", 2021.)
 *
 * A tangent that is zero is `null`, and no rule computes with it.
 *
 * @module
 */

import type { Emitter } from "./emitter.ts";
import type { Code } from "./wasm.ts";

/** Shape of a value: one number, or one for every [batch, time]. */
export type Shape = "scalar" | "signal";

/** Anything that a primitive can be applied to. */
export type Value = Node | Dual | Linear;

/** A tangent or cotangent; `null` is a zero that nobody has to compute. */
export type Tangent = Value | null;

/** An instruction: a value of level 0. */
export interface Node {
  kind: "node";
  level: 0;
  shape: Shape;
  /** Position in the program: inputs have smaller numbers than results. */
  id: number;
  /** What it applies, or that it is given from outside. */
  primitive: Primitive | "input" | "constant" | "previous";
  inputs: Node[];
  /** Parameter of the primitive, value of a constant, position of an input. */
  parameter: number;
  /** All states of the recurrence that it is one of; of `previous`, its state. */
  states?: Node[];
  /** Of a scan's state, the state a sample ago, as the scan's step knows it. */
  before?: Node;
  /** What people who read the program know it by. */
  label?: Label;
}

/** A name that a part of a program has, and what it is, in a few words. */
export interface Label {
  name: string;
  about?: string;
}

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

/** One operation of the language, with its derivative and its code. */
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
  /**
   * Code of the result from those of the inputs, where every element is computed
   * by itself; the others are compiled in `compile.ts`.
   */
  code?: (emitter: Emitter, inputs: Code[]) => Code;
  /**
   * Of a recurrence, how many states it has, by the number of its inputs; each is
   * an instruction that differs from the others by its parameter.
   */
  stateCount?: (inputCount: number) => number;
}
