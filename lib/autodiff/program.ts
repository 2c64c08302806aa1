/**
 * The program that tracing records: a straight line of primitives, without
 * derivatives, ready to be scheduled and executed.
 *
 * Equal instructions are recorded once (hash-consing), so what several strategies
 * of differentiation repeat, such as the primal computation under every tangent,
 * costs nothing; and what algebra knows without computing (x + 0, 1 · x, a
 * constant's exponential) is never recorded. So the five directions of a Hessian
 * need no axis of their own: each is traced by itself, what they share is recorded
 * once, and what is zero in one of them not at all.
 *
 * @module
 */

import type { Primitive, Shape, Value } from "./value.ts";

/** An instruction: a value of level 0. */
export interface Node {
  kind: "node";
  level: 0;
  shape: Shape;
  /** Position in the program: inputs have smaller numbers than results. */
  id: number;
  /** What it applies, or that it is given from outside. */
  primitive: Primitive | "input" | "constant";
  inputs: Node[];
  /** Parameter of the primitive, value of a constant, position of an input. */
  parameter: number;
}

/** A function as a straight line of instructions. */
export interface Program {
  /** Scalar inputs, in order. */
  scalars: Node[];
  /** Signal inputs, in order. */
  signals: Node[];
  /** What it computes. */
  outputs: Node[];
}

/** Instructions of the program being traced, by what they compute. */
let recorded: Map<string, Node> | undefined;

/**
 * Records what `f` does to `scalars` scalars and `signals` signals.
 *
 * @example
 * ```ts
 * const program = trace(1, 1, ([gain], [x]) => [sum(multiply(gain, x))]);
 * ```
 */
export function trace(
  scalars: number,
  signals: number,
  f: (scalars: Value[], signals: Value[]) => Value[],
): Program {
  const outer = recorded;
  recorded = new Map();
  try {
    const inputs = (count: number, shape: Shape) =>
      Array.from(
        { length: count },
        (_, at) => node("input", shape, [], at),
      );
    const program = {
      scalars: inputs(scalars, "scalar"),
      signals: inputs(signals, "signal"),
    };
    const outputs = f([...program.scalars], [...program.signals]);
    return { ...program, outputs: outputs as Node[] };
  } finally {
    recorded = outer;
  }
}

/** The instruction of `primitive` on `inputs`, or one that has its result. */
export function record(
  primitive: Primitive,
  inputs: Node[],
  parameter: number,
): Node {
  const shape = primitive.shape ?? inputs[0].shape;
  const known = simplify(primitive, inputs, shape);
  if (known) return known;
  return node(primitive, shape, inputs, parameter);
}

/** A scalar that does not change. */
export function constant(value: number): Node {
  return node("constant", "scalar", [], value);
}

function node(
  primitive: Node["primitive"],
  shape: Shape,
  inputs: Node[],
  parameter: number,
): Node {
  if (recorded === undefined) {
    throw new Error("values exist only inside trace(): call it from there");
  }
  const name = typeof primitive === "string" ? primitive : primitive.name;
  const operands = inputs.map((input) => input.id);
  if (name === "add" || name === "multiply") operands.sort((a, b) => a - b);
  const key = `${name} ${shape} ${parameter} ${operands}`;
  let found = recorded.get(key);
  if (found === undefined) {
    found = {
      kind: "node",
      level: 0,
      shape,
      id: recorded.size,
      primitive,
      inputs,
      parameter,
    };
    recorded.set(key, found);
  }
  return found;
}

/** The number that `node` is everywhere, if it is known. */
function knownNumber({ primitive, inputs, parameter }: Node): number | null {
  if (primitive === "constant") return parameter;
  if (primitive === "input" || primitive.name !== "broadcast") return null;
  return knownNumber(inputs[0]);
}

/** What is known of a result without computing it: an input, or a number. */
function simplify(
  { name, evaluate }: Primitive,
  inputs: Node[],
  shape: Shape,
): Node | undefined {
  const [a, b, c] = inputs;
  const numbers = inputs.map(knownNumber);
  if (shape === "scalar" && evaluate && !numbers.includes(null)) {
    return constant(evaluate(...numbers as number[]));
  }
  const [ofA, ofB] = numbers;
  switch (name) {
    case "add":
      if (ofA === 0) return b;
      if (ofB === 0) return a;
      break;
    case "subtract":
      if (ofB === 0) return a;
      break;
    case "multiply":
      if (ofA === 0 || ofB === 1) return a;
      if (ofB === 0 || ofA === 1) return b;
      break;
    case "select":
      if (b === c) return b;
      break;
    case "negate":
    case "delay":
    case "advance":
    case "after":
      if (ofA === 0) return a;
      break;
    case "recur":
    case "recurBack":
      if (ofB === 0) return b;
      break;
    case "sum":
      if (ofA === 0) return constant(0);
      break;
  }
}
