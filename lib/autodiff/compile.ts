/**
 * Compiles the sweeps of a program to WebAssembly: a sweep becomes one loop over
 * time, its body the operations of the sweep, one after the other.
 *
 *     for every row (sample), forward or backward
 *       for every vector of neighbouring lanes (chunks)
 *         load what is stored · compute · store what must be
 *
 * What is computed lives in registers. Only stored signals, the states of
 * recurrences and sums, and the neighbouring sample that a shift reads pass
 * through memory. A signal lies there time-major, row n holding sample n of every
 * chunk: so the lanes of a vector are chunks, and a recurrence over time advances
 * all of them with one multiplication and one addition.
 *
 * The states of recurrences and sums are in double precision in either format: a
 * leak of 1e-5 would be lost on a state of single precision.
 *
 * @module
 */

import type { Node } from "./program.ts";
import { isShift, nameOf, type Sweep } from "./schedule.ts";
import {
  type Code,
  demote,
  f32x4,
  f64x2,
  type FloatLanes,
  get,
  i32,
  i32x4,
  i64x2,
  promoteLow,
  repeat,
  set,
  v128,
  type WasmFunction,
} from "./wasm.ts";

/** Number format of signals. */
export type Precision = "single" | "double";

/** Addresses and sizes, all in bytes, that compiled code has built in. */
export interface Addresses {
  /** Length of a row: one sample of every chunk. */
  rowBytes: number;
  /** Length of a state: a double for every chunk. */
  stateBytes: number;
  /** Where state number `index` lies. */
  state(index: number): number;
  /** Where a vector lies that is filled with what `node` broadcasts. */
  constant(node: Node): number;
  /** Where row 0 of the stored signal `node` lies. */
  signal(node: Node): number;
}

/** Operations that keep something from one sample to the next. */
const WITH_STATE = [
  "sum",
  "recur",
  "recurBack",
  "attacks",
  "delay",
  "advance",
];

/** Operations of `sweep` that have a state, in the order of their states. */
export function withState({ body }: Sweep): Node[] {
  return body.filter((node) => WITH_STATE.includes(nameOf(node)));
}

// The variables of a compiled sweep: first its two parameters.
const ROW = 0;
const ROWS_LEFT = 1;
const OFFSET = 2;
const STATE_OFFSET = 3;
const FIRST_VECTOR = 4;

/**
 * Compiles `sweep` to a function called `name`, of the offset in bytes of the row
 * to start at and the number of rows to go on for, in the sweep's direction.
 */
export function compileSweep(
  sweep: Sweep,
  name: string,
  precision: Precision,
  addresses: Addresses,
): WasmFunction {
  const { body, reads, writes, direction } = sweep;
  const { rowBytes, stateBytes } = addresses;
  const format = precision === "single" ? SINGLE : DOUBLE;
  const { float } = format;
  const stored = new Set([...reads, ...writes]);
  const states = withState(sweep);
  const variableOf = new Map<Node, number>();
  let vectors = 0;

  const newVariable = () => FIRST_VECTOR + vectors++;
  const neighbour = (node: Node) =>
    nameOf(node) === "delay" ? -rowBytes : rowBytes;
  /** Part `i` of the state of `node`, which is as wide as doubles need. */
  const stateAt = (node: Node, i: number) =>
    addresses.state(states.indexOf(node)) + 16 * i;
  const loadState = (node: Node, i = 0) =>
    v128.load(get(STATE_OFFSET), stateAt(node, i));
  const storeState = (node: Node, i: number, value: Code) =>
    v128.store(get(STATE_OFFSET), stateAt(node, i), value);

  const valueOf = (node: Node): Code => get(variableOf.get(node)!);

  /** Computes `node` into the variable that is `y`. */
  const compute = (node: Node, y: number): Code => {
    const inputs = node.inputs.map(valueOf);
    const [a, b, c] = inputs;
    /** The same with the operation done on doubles, part by part. */
    const widely = (
      part: (i: number, y: number, ...inputs: Code[]) => Code,
    ) => {
      const wide = inputs.map(format.widen);
      const parts = wide[0].map((_, i) => i === 0 ? y : newVariable());
      const code = parts.flatMap((y, i) =>
        part(i, y, ...wide.map((parts) => parts[i]))
      );
      return [...code, ...set(y, format.narrow(parts.map(get)))];
    };
    const one = f64x2.splat(1);
    switch (nameOf(node)) {
      case "add":
        return set(y, float.add(a, b));
      case "subtract":
        return set(y, float.subtract(a, b));
      case "negate":
        return set(y, float.negate(a));
      case "multiply":
        return set(y, float.multiply(a, b));
      case "reciprocal":
        return set(y, float.divide(float.splat(1), a));
      case "exp":
        return format.exp(a, y, newVariable());
      case "less":
        return set(y, v128.and(float.less(a, b), float.splat(1)));
      case "select":
        return set(
          y,
          v128.bitselect(b, c, float.notEqual(a, float.splat(0))),
        );
      case "after": {
        const isAfter = i32.greaterOrEqual(
          get(OFFSET),
          i32.const(node.parameter * rowBytes),
        );
        const mask = i32x4.splat(i32.subtract(i32.const(0), isAfter));
        return set(y, v128.and(a, mask));
      }
      case "recur":
        return widely((i, y, leak, u) => [
          ...set(
            y,
            f64x2.add(
              f64x2.multiply(f64x2.subtract(one, leak), loadState(node, i)),
              u,
            ),
          ),
          ...storeState(node, i, get(y)),
        ]);
      case "recurBack":
        return widely((i, y, leak, u) => [
          ...set(y, f64x2.add(loadState(node, i), u)),
          ...storeState(
            node,
            i,
            f64x2.multiply(f64x2.subtract(one, leak), get(y)),
          ),
        ]);
      case "attacks":
        return widely((i, y, h, attack, release) => {
          const d = newVariable();
          const alpha = v128.bitselect(attack, release, get(y));
          return [
            ...set(d, loadState(node, i)),
            ...set(y, f64x2.less(h, get(d))),
            ...storeState(
              node,
              i,
              f64x2.add(
                get(d),
                f64x2.multiply(alpha, f64x2.subtract(h, get(d))),
              ),
            ),
            ...set(y, v128.and(get(y), one)),
          ];
        });
      case "sum":
        return format.widen(a).flatMap((x, i) =>
          storeState(node, i, f64x2.add(loadState(node, i), x))
        );
      case "delay":
      case "advance":
        return [...set(y, loadState(node)), ...storeState(node, 0, a)];
    }
    throw new Error(`${nameOf(node)} has no code`);
  };

  const constants: Code = [];
  for (const node of body) {
    if (nameOf(node) !== "broadcast") continue;
    const variable = newVariable();
    variableOf.set(node, variable);
    const value = v128.load(i32.const(0), addresses.constant(node));
    constants.push(...set(variable, value));
  }
  const code: Code = [];
  const readHere = new Set(
    body.flatMap((node) => isShift(node) ? [] : node.inputs),
  );
  for (const node of reads) {
    if (!readHere.has(node)) continue;
    const variable = newVariable();
    variableOf.set(node, variable);
    code.push(
      ...set(variable, v128.load(get(OFFSET), addresses.signal(node))),
    );
  }
  for (const node of body) {
    const [input] = node.inputs;
    if (nameOf(node) !== "broadcast") {
      const variable = newVariable();
      code.push(
        ...isShift(node) && stored.has(input)
          ? set(
            variable,
            v128.load(get(OFFSET), addresses.signal(input) + neighbour(node)),
          )
          : compute(node, variable),
      );
      variableOf.set(node, variable);
    }
    if (writes.includes(node)) {
      code.push(
        ...v128.store(get(OFFSET), addresses.signal(node), valueOf(node)),
      );
    }
  }

  const add = (variable: number, step: number) =>
    set(variable, i32.add(get(variable), i32.const(step)));
  const allLanes = [
    ...set(OFFSET, get(ROW)),
    ...set(STATE_OFFSET, i32.const(0)),
    ...repeat(
      [...code, ...add(OFFSET, 16), ...add(STATE_OFFSET, format.stateStep)],
      i32.less(get(STATE_OFFSET), i32.const(stateBytes)),
    ),
  ];
  const step = direction === "forward" ? rowBytes : -rowBytes;
  return {
    name,
    integers: FIRST_VECTOR - OFFSET,
    vectors,
    body: [
      ...constants,
      ...repeat(
        [...allLanes, ...add(ROW, step), ...add(ROWS_LEFT, -1)],
        get(ROWS_LEFT),
      ),
    ],
  };
}

/** What differs between the formats. */
interface Format {
  float: FloatLanes;
  /** Bytes of state that belong to a vector. */
  stateStep: number;
  /** A vector as one or two vectors of doubles. */
  widen(x: Code): Code[];
  /** The inverse of `widen`. */
  narrow(parts: Code[]): Code;
  /** Sets variable `y` to eˣ; `n` is a variable it may use. */
  exp(x: Code, y: number, n: number): Code;
}

/** The bytes from `first` to `last`, as a shuffle names them. */
function lanes(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

const SINGLE: Format = {
  float: f32x4,
  stateStep: 32,
  widen: (x) => [
    promoteLow(x),
    promoteLow(v128.shuffle(x, x, [...lanes(8, 15), ...lanes(0, 7)])),
  ],
  narrow: ([low, high]) =>
    v128.shuffle(demote(low), demote(high), [...lanes(0, 7), ...lanes(16, 23)]),
  exp: (x, y, n) =>
    exponential(f32x4, x, y, n, {
      least: -87,
      most: 88,
      ln2: [0.693359375, -2.12194440e-4],
      degree: 7,
      power: (n) =>
        i32x4.shiftLeft(
          i32x4.add(i32x4.truncate(n), i32x4.splat(i32.const(127))),
          i32.const(23),
        ),
    }),
};

const DOUBLE: Format = {
  float: f64x2,
  stateStep: 16,
  widen: (x) => [x],
  narrow: ([x]) => x,
  exp: (x, y, n) =>
    exponential(f64x2, x, y, n, {
      least: -708,
      most: 709,
      ln2: [6.93147180369123816490e-1, 1.90821492927058770002e-10],
      degree: 13,
      // 3 · 2⁵¹ + 1023 added, the exponent stands in the lowest bits.
      power: (n) =>
        i64x2.shiftLeft(
          f64x2.add(n, f64x2.splat(3 * 2 ** 51 + 1023)),
          i32.const(52),
        ),
    }),
};

/**
 * eˣ = 2ⁿ eʳ with n = x / ln 2 rounded, so that |r| ≤ ln 2 / 2, and eʳ by its
 * Taylor series. ln 2 is taken in two parts, the first so short that n times it
 * is exact. Arguments are limited to where the result is a normal number.
 */
function exponential(
  float: FloatLanes,
  x: Code,
  y: number,
  n: number,
  { least, most, ln2, degree, power }: {
    least: number;
    most: number;
    ln2: [number, number];
    degree: number;
    /** Vector of 2ⁿ. */
    power: (n: Code) => Code;
  },
): Code {
  const { add, multiply, splat } = float;
  const code = [
    ...set(y, float.min(float.max(x, splat(least)), splat(most))),
    ...set(n, float.nearest(multiply(get(y), splat(Math.LOG2E)))),
  ];
  for (const part of ln2) {
    code.push(
      ...set(y, float.subtract(get(y), multiply(get(n), splat(part)))),
    );
  }
  let factorial = 1;
  for (let i = 2; i <= degree; i++) factorial *= i;
  let series = splat(1 / factorial);
  for (let i = degree; i >= 1; i--) {
    factorial /= i;
    series = add(multiply(series, get(y)), splat(1 / factorial));
  }
  return [...code, ...set(y, multiply(series, power(get(n))))];
}
