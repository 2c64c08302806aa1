/**
 * The program that tracing records: a straight line of primitives, without
 * derivatives, ready to be scheduled and executed.
 *
 * Equal instructions are recorded once (hash-consing), so what several strategies
 * of differentiation repeat, such as the primal computation under every tangent,
 * costs nothing; and what algebra knows without computing (`simplify.ts`) is
 * never recorded. So the directions of a Hessian need no axis of their own: each
 * is traced by itself, what they share is recorded once, and what is zero in one
 * of them not at all.
 *
 * @module
 */

import { type Algebra, nameOf, simplify, written } from "./simplify.ts";
import type { Node, Primitive, Shape, Value } from "./value.ts";

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

/** What has been asked for so far, and what it was made: often something simpler. */
let answered = new Map<string, Node>();

/** Makes something simpler of what is asked for. */
let simpler: typeof simplify = simplify;

/** All primitives, by name. */
const primitives = new Map<string, Primitive>();

/** Makes `primitive` known by its name. */
export function define(primitive: Primitive): Primitive {
  primitives.set(primitive.name, primitive);
  return primitive;
}

/** Options of {@linkcode trace}. */
export interface TraceOptions {
  /** Whether it is kept as it was written, to be read by people (default false). */
  asWritten?: boolean;
}

/**
 * Records what `f` does to `scalars` scalars and `signals` signals.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { prepare } from "./executable.ts";
 * import { multiply, sum } from "./primitives.ts";
 *
 * const program = trace(1, 1, ([gain], [x]) => [sum(multiply(gain, x))]);
 * const ready = await prepare(program, { batch: 1, length: 3 });
 * ready.load(0, 0, Float32Array.of(1, 2, 4));
 * assert.deepEqual([...ready.run([10])], [70]);
 * ```
 */
export function trace(
  scalars: number,
  signals: number,
  f: (scalars: Value[], signals: Value[]) => Value[],
  { asWritten = false }: TraceOptions = {},
): Program {
  const outer = { recorded, answered, simpler };
  recorded = new Map();
  answered = new Map();
  simpler = asWritten ? written : simplify;
  try {
    const inputs = (count: number, shape: Shape) =>
      Array.from({ length: count }, (_, at) => node("input", shape, [], at));
    const program = {
      scalars: inputs(scalars, "scalar"),
      signals: inputs(signals, "signal"),
    };
    const outputs = f([...program.scalars], [...program.signals]);
    return { ...program, outputs: outputs as Node[] };
  } finally {
    ({ recorded, answered, simpler } = outer);
  }
}

const algebra: Algebra = {
  record: (name, inputs, parameter = 0) =>
    record(primitives.get(name)!, inputs, parameter),
  make: (name, inputs, parameter = 0) =>
    make(primitives.get(name)!, inputs, parameter),
  find(name, inputs, parameter = 0) {
    const primitive = primitives.get(name)!;
    const shape = primitive.shape ?? inputs[0].shape;
    return recorded?.get(keyOf(primitive, shape, inputs, parameter));
  },
  constant,
};

/** The instruction of `primitive` on `inputs`, or one that has its result. */
export function record(
  primitive: Primitive,
  inputs: Node[],
  parameter: number,
): Node {
  const shape = primitive.shape ?? inputs[0].shape;
  const key = keyOf(primitive, shape, inputs, parameter);
  let found = answered.get(key);
  if (found === undefined) {
    found = simpler(primitive, inputs, parameter, algebra) ??
      make(primitive, inputs, parameter);
    answered.set(key, found);
  }
  return found;
}

/** The instruction of `primitive` on `inputs`, as it stands. */
function make(primitive: Primitive, inputs: Node[], parameter: number): Node {
  const shape = primitive.shape ?? inputs[0].shape;
  const found = node(primitive, shape, inputs, parameter);
  if (primitive.stateCount !== undefined && found.states === undefined) {
    const states = Array.from(
      { length: primitive.stateCount(inputs.length) },
      (_, k) => node(primitive, shape, inputs, k),
    );
    for (const state of states) state.states = states;
  }
  return found;
}

/**
 * `value`, which people who read the program know by `name`: a word of letters,
 * digits and _. `about` says in a few words what it is.
 */
export function named(name: string, value: Value, about?: string): Value {
  let inner = value;
  while (inner.kind === "dual") inner = inner.primal;
  if (inner.kind === "node" && typeof inner.primitive !== "string") {
    inner.label ??= { name, about };
  }
  return value;
}

/** A scalar that does not change. */
export function constant(value: number): Node {
  return node("constant", "scalar", [], value);
}

/**
 * What a state was a sample ago, before the recurrence that it belongs to has been
 * recorded; `identity` tells one recurrence from another.
 */
export function previous(identity: string): Node {
  return node("previous", "signal", [], 0, identity);
}

function keyOf(
  primitive: Node["primitive"],
  shape: Shape,
  inputs: Node[],
  parameter: number,
  identity = "",
): string {
  const name = nameOf({ primitive });
  const operands = inputs.map((input) => input.id);
  if (name === "add" || name === "multiply") operands.sort((a, b) => a - b);
  return `${name} ${shape} ${parameter} ${operands} ${identity}`;
}

function node(
  primitive: Node["primitive"],
  shape: Shape,
  inputs: Node[],
  parameter: number,
  identity?: string,
): Node {
  if (recorded === undefined) {
    throw new Error("values exist only inside trace(): call it from there");
  }
  const key = keyOf(primitive, shape, inputs, parameter, identity);
  let found = recorded.get(key);
  if (found === undefined) {
    const id = recorded.size;
    found = { kind: "node", level: 0, shape, id, primitive, inputs, parameter };
    recorded.set(key, found);
  }
  return found;
}
