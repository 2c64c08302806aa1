/**
 * What a compiled sweep works with beside signals: its states and sums, one set a
 * vector of lanes, its constants, and the scalars that these come from, which are
 * computed here, in double precision.
 *
 * @module
 */

import {
  CONSTANT_BYTES,
  constantsOf,
  hasDoubles,
  type Precision,
  STATE_BYTES,
  statesOf,
} from "./compile.ts";
import type { Program } from "./program.ts";
import type { Sweep } from "./schedule.ts";
import { isState, nameOf, startOf } from "./simplify.ts";
import type { Node } from "./value.ts";

/** Bytes of a vector. */
export const VECTOR_BYTES = 16;

/** Numbers of scalars that are known. */
export type Values = Map<Node, number>;

/** Bytes of the states of a sweep, for one vector of lanes. */
export function stateBytesOf(sweep: Sweep, precision: Precision): number {
  return STATE_BYTES[precision] * statesOf(sweep).length;
}

/** Bytes of the constants of a sweep. */
export function constantBytesOf(sweep: Sweep): number {
  return CONSTANT_BYTES * constantsOf(sweep).length;
}

/** Writes the constants of `sweep` to `address`. */
export function writeConstants(
  sweep: Sweep,
  precision: Precision,
  memory: WebAssembly.Memory,
  address: number,
  values: Values,
): void {
  constantsOf(sweep).forEach((node, i) => {
    viewOf(memory, address + CONSTANT_BYTES * i, precision)
      .fill(scalarAt(node.inputs[0], values));
  });
}

/** Where the state of `node` begins: a scalar, or at zero where there is none. */
export function stateStart(node: Node): Node | undefined {
  if (isState(node)) return startOf(node);
  return nameOf(node) === "delay" ? node.inputs[1] : undefined;
}

/** Puts the states of `sweep`, at `address`, where they begin, its sums at 0. */
export function writeStates(
  sweep: Sweep,
  precision: Precision,
  memory: WebAssembly.Memory,
  address: number,
  values: Values,
): void {
  const size = STATE_BYTES[precision];
  statesOf(sweep).forEach((node, i) => {
    const at = address + size * i;
    new Uint8Array(memory.buffer, at, size).fill(0);
    const begin = stateStart(node);
    if (begin === undefined) return;
    const value = scalarAt(begin, values);
    if (hasDoubles(node)) {
      new Float64Array(memory.buffer, at, size / 8).fill(value);
    } else viewOf(memory, at, precision).fill(value);
  });
}

/** Adds the sums of `sweep` in its first `lanes` lanes to `totals`. */
export function readSums(
  sweep: Sweep,
  precision: Precision,
  memory: WebAssembly.Memory,
  address: number,
  totals: Values,
  lanes: number,
): void {
  const size = STATE_BYTES[precision];
  statesOf(sweep).forEach((node, i) => {
    if (nameOf(node) !== "sum") return;
    const parts = new Float64Array(memory.buffer, address + size * i, size / 8);
    const sum = parts.subarray(0, lanes).reduce((a, b) => a + b, 0);
    totals.set(node, (totals.get(node) ?? 0) + sum);
  });
}

/** The vector at `address`. */
function viewOf(
  memory: WebAssembly.Memory,
  address: number,
  precision: Precision,
): Float32Array | Float64Array {
  return precision === "single"
    ? new Float32Array(memory.buffer, address, 4)
    : new Float64Array(memory.buffer, address, 2);
}

/** The sample from which on the later sums of `sweeps` count. */
export function sumStart(sweeps: readonly Sweep[]): number {
  const starts = new Set(
    sweeps.flatMap(({ body }) => body)
      .filter((node) => nameOf(node) === "sum" && node.parameter > 0)
      .map((node) => node.parameter),
  );
  if (starts.size > 1) {
    throw new Error(
      `sums from samples ${
        [...starts].join(" and ")
      } in one program: give all later sums one start`,
    );
  }
  const [start = 0] = starts;
  return start;
}

/** The scalars that `program` is given. */
export function scalarValues(
  program: Program,
  scalars: ArrayLike<number>,
): Values {
  return new Map(program.scalars.map((node, i) => [node, scalars[i]]));
}

/** The number that scalar `node` is; what is found is kept in `values`. */
export function scalarAt(node: Node, values: Values): number {
  const known = values.get(node);
  if (known !== undefined) return known;
  const { primitive, inputs, parameter } = node;
  const value = typeof primitive === "string"
    ? parameter
    : primitive.evaluate!(...inputs.map((input) => scalarAt(input, values)));
  values.set(node, value);
  return value;
}
