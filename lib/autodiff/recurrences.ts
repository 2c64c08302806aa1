/**
 * Recurrences over time: a general one, and the linear ones that are its
 * derivatives.
 *
 * A scan has states y, of which each moves by what its step says,
 *
 *     yₖ[n] = yₖ[n−1] + fₖ(y[n−1], x[n]),   yₖ[−1] = sₖ
 *
 * with f any function of values, element by element. With J = ∂f/∂y along the way,
 * its derivative in direction ẋ is the linear recurrence
 *
 *     ẏ[n] = ẏ[n−1] + J[n] ẏ[n−1] + u[n],   u = ∂f/∂x ẋ,   ẏ[−1] = ṡ
 *
 * whose derivative is the same recurrence, driven by u̇ + J̇ y[n−1], and whose
 * transpose is the same backwards in time, with Jᵀ: every derivative of a scan is
 * a recurrence. They are written by what a state moves by and not by what it
 * becomes, for J is about −1e-4 and 1 + J would lose its digits.
 *
 * Every state of a recurrence is an instruction of its own, told from the others
 * by its parameter; they share their inputs, J row by row, then u, then s.
 *
 * @module
 */

import { bind, highest, primalAt, tangentAt } from "./bind.ts";
import {
  add,
  addTangents,
  advance,
  asSignal,
  asValue,
  delay,
  first,
  materialise,
  multiply,
  of,
  type Operand,
} from "./primitives.ts";
import { define, previous, record } from "./program.ts";
import { pushForward } from "./transforms.ts";
import type { Node, Primitive, Tangent, Value } from "./value.ts";

/**
 * What the states of a scan move by, from the states a sample ago and the inputs,
 * both signals. It must depend on nothing else, and be the same function each time
 * a scan is repeated, for then it is known as the same scan.
 */
export type Step = (states: Value[], inputs: Value[]) => Value[];

/** Numbers of the steps that were met. */
const stepIds = new WeakMap<Step, number>();
let stepCount = 0;

const scanPrimitive = define({
  name: "scan",
  stateCount: (inputCount) => inputCount / 2,
  jvp: () => {
    throw new Error("scan() derives its states itself");
  },
});

/** The states of a scan from `starts` (scalars), as signals. */
export function scan(
  step: Step,
  starts: Operand[],
  inputs: Operand[],
): Value[] {
  const size = starts.length;
  const s = starts.map(asValue);
  const x = inputs.map(asSignal);
  const top = highest([...s, ...x]);
  if (top.kind === "node") {
    return recordScan(step, s as Node[], x as Node[]);
  }
  if (top.kind === "linear") {
    throw new Error(
      "a scan is not linear: differentiate it with jvp() or vjp()",
    );
  }
  const { level } = top;
  const primal = (value: Value) => primalAt(level, value);
  const tangent = (value: Value) => tangentAt(level, value);
  const s0 = s.map(primal);
  const x0 = x.map(primal);
  const y = scan(step, s0, x0);
  const before = y.map((state, k) => delay(state, s0[k]));
  const f = (...values: Value[]) =>
    step(values.slice(0, size), values.slice(size));
  const along = (states: Tangent[], inputs: Tangent[]) =>
    pushForward(f, [...before, ...x0], [...states, ...inputs])[1];
  const still = (list: unknown[]): Tangent[] => list.map(() => null);
  const drives = along(still(y), x.map(tangent));
  const startTangents = s.map(tangent);
  const moves = [...drives, ...startTangents].some((value) => value !== null);
  const tangents = moves
    ? recur(
      transpose(y.map((_, l) =>
        along(y.map((_, k) => k === l ? asSignal(1) : null), still(x))
      )),
      drives,
      startTangents,
    )
    : still(y);
  return y.map((primal, k): Value => ({
    kind: "dual",
    level,
    shape: "signal",
    primal,
    tangent: tangents[k],
  }));
}

function recordScan(step: Step, starts: Node[], inputs: Node[]): Value[] {
  const id = stepIds.get(step) ?? stepCount++;
  stepIds.set(step, id);
  const ids = (nodes: Node[]) => nodes.map((node) => node.id);
  const before = starts.map((_, k) =>
    previous(`${k} of scan ${id} ${ids(starts)} ${ids(inputs)}`)
  );
  if (before[0].states !== undefined) {
    return before.map((node) => node.states![0]);
  }
  const moves = step(before, inputs).map(asSignal) as Node[];
  const states = starts.map((_, k) =>
    record(scanPrimitive, [...moves, ...starts], k)
  );
  states.forEach((state, k) => {
    state.before = before[k];
    before[k].states = [state];
  });
  return states;
}

function transpose<T>(rows: T[][]): T[][] {
  return rows[0].map((_, i) => rows.map((row) => row[i]));
}

// ---------------------------------------------------------------- linear ones

/** The inputs of a linear recurrence by what they are. */
function parts<T>(inputs: T[]) {
  const size = stateCount(inputs.length);
  return {
    rows: Array.from(
      { length: size },
      (_, k) => inputs.slice(size * k, size * (k + 1)),
    ),
    drives: inputs.slice(size * size, size * size + size),
    starts: inputs.slice(size * size + size),
  };
}

/** States of a linear recurrence with so many inputs, J, u and s together. */
function stateCount(inputCount: number): number {
  return Math.round(Math.sqrt(1 + inputCount)) - 1;
}

/** `primitive` on J, u and s; the states. */
function recurrence(
  primitive: Primitive,
  rows: (Tangent | number)[][],
  drives: Tangent[],
  starts: Tangent[],
): Value[] {
  const signal = (x: Tangent | number) => asSignal(x ?? 0);
  const inputs = [
    ...rows.flat().map(signal),
    ...drives.map(signal),
    ...starts.map((start) => materialise(start, "scalar")),
  ];
  return drives.map((_, k) => bind(primitive, inputs, k));
}

/** Σ_l a_l b_l, zeros left out. */
function dot(a: Tangent[], b: Tangent[]): Tangent {
  return a.reduce((sum: Tangent, x, l) => {
    const y = b[l];
    return x === null || y === null ? sum : addTangents(sum, multiply(x, y));
  }, null);
}

/** `value` in place k of a list as long as `list`, zeros elsewhere. */
function alone(value: Value, k: number, list: unknown[]): Tangent[] {
  return list.map((_, l) => l === k ? value : null);
}

const recurPrimitive: Primitive = define({
  name: "recur",
  stateCount,
  jvp(tangents, inputs, _output, k) {
    const { rows, starts } = parts(inputs);
    const moved = parts(tangents);
    const before = starts.map((start, l) =>
      delay(bind(recurPrimitive, inputs, l), start)
    );
    const drives = moved.drives.map((drive, l) =>
      addTangents(drive, dot(moved.rows[l], before))
    );
    return recur(rows, drives, moved.starts)[k];
  },
  transpose(ct, inputs, isLinear, k) {
    const { rows, drives, starts } = parts(inputs);
    const columns = transpose(rows);
    const back = recurBack(columns, alone(ct, k, drives));
    return [
      ...rows.flat().map(() => null),
      ...back,
      ...starts.map((_, l) =>
        isLinear[inputs.length - starts.length + l]
          ? first(add(back[l], materialise(dot(columns[l], back), "signal")))
          : null
      ),
    ];
  },
});

// y[n] = β y[n−1] + u[n] from s, as the algebra of the program writes a recurrence
// with a constant leak: only instructions have it, so that it needs no derivative.
define({ name: "decay", stateCount, jvp: () => null });

/**
 * y[n] = y[n−1] + J[n] y[n−1] + u[n] from y[−1] = `starts` (zeros, unless given),
 * J given by its rows; `null` is a zero.
 */
export function recur(
  rows: (Tangent | number)[][],
  drives: Tangent[],
  starts: Tangent[] = drives.map(() => null),
): Value[] {
  return recurrence(recurPrimitive, rows, drives, starts);
}

const recurBackPrimitive: Primitive = define({
  name: "recurBack",
  stateCount,
  jvp(tangents, inputs, _output, k) {
    const { rows, drives } = parts(inputs);
    const moved = parts(tangents);
    const states = drives.map((_, l) => bind(recurBackPrimitive, inputs, l));
    return recurBack(
      rows,
      moved.drives.map((drive, l) =>
        addTangents(drive, of(dot(moved.rows[l], states), advance))
      ),
    )[k];
  },
  transpose(ct, inputs, _isLinear, k) {
    const { rows, drives, starts } = parts(inputs);
    return [
      ...rows.flat().map(() => null),
      ...recur(transpose(rows), alone(ct, k, drives)),
      ...starts.map(() => null),
    ];
  },
});

/**
 * y[n] = y[n+1] + M[n+1] y[n+1] + u[n] from rest at the end: the transpose of
 * {@linkcode recur} where M is Jᵀ.
 */
export function recurBack(
  rows: (Tangent | number)[][],
  drives: Tangent[],
): Value[] {
  return recurrence(recurBackPrimitive, rows, drives, drives.map(() => null));
}
