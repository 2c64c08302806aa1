/**
 * Compiles the sweeps of a program to WebAssembly: a sweep becomes one loop over
 * time for one vector of neighbouring lanes (chunks), its body the operations of
 * the sweep, one after the other.
 *
 *     load the states
 *     for every row (sample), forward or backward
 *       load what is stored · compute · store what must be
 *     keep the states, add the sums up
 *
 * What is computed and all states live in local variables; only stored signals
 * and the neighbouring sample that a shift reads of them pass through memory. A
 * signal lies there time-major, row n holding sample n of every chunk: so the
 * lanes of a vector are chunks, and a recurrence advances all of them at once.
 *
 * In single precision the states of scans are doubles all the same, for a step of
 * 1e-5 of a state would be lost; the linear recurrences of derivatives have room
 * for their errors. Sums are taken over the rows of one call in single precision,
 * then added up in doubles: calls are therefore short.
 *
 * @module
 */

import { createEmitter, type Precision } from "./emitter.ts";
import { isState, knownNumber, nameOf, startOf } from "./simplify.ts";
import { isShift, type Sweep } from "./schedule.ts";
import type { Node } from "./value.ts";
import {
  type Code,
  demote,
  f32x4,
  f64x2,
  type FloatLanes,
  get,
  i32,
  i32x4,
  promoteLow,
  repeat,
  set,
  v128,
  type WasmFunction,
} from "./wasm.ts";

export type { Precision };

/** Where things lie, in bytes. */
export interface Layout {
  precision: Precision;
  /** Whether multiply-adds may be rounded once. */
  relaxed: boolean;
  /** Length of a row. */
  rowBytes: number;
  /** Whether row 0 lies at offset 0, so that an offset tells the row. */
  isIndexed?: boolean;
  /** Whether only the first two lanes of single precision are of use. */
  isHalf?: boolean;
  /** Where row 0 of a signal lies, from the offset that the function is given. */
  signal(node: Node): number;
}

/** Bytes of a state: four lanes of doubles, or two. */
export const STATE_BYTES = { single: 32, double: 16 } as const;

/** Whether the state of `node` is doubles in single precision too. */
export function hasDoubles(node: Node): boolean {
  return nameOf(node) === "scan";
}

/** Bytes of a constant: a vector of it. */
export const CONSTANT_BYTES = 16;

/**
 * What a state counts as 0 below, at the start of a call: in silence states fade
 * away, and processors are slow with numbers at the end of a format's range.
 */
const LEAST = { single: 1e-20, double: 1e-290 } as const;

/** What a sweep keeps from one call to the next, in the order it lies in memory. */
export const statesOf = kept(({ body }) => {
  const inBody = new Set(body);
  return body.filter((node) => {
    if (isShift(node)) return isOwnState(node, inBody);
    return nameOf(node) === "sum" || isState(node);
  });
});

/** What a sweep takes from outside that does not change: broadcast scalars. */
export const constantsOf = kept(({ body }) =>
  body.filter((node) => nameOf(node) === "broadcast")
);

/** `list`, made once of each sweep: every evaluation asks for it. */
function kept(list: (sweep: Sweep) => Node[]): (sweep: Sweep) => Node[] {
  const lists = new WeakMap<Sweep, Node[]>();
  return (sweep) => {
    const found = lists.get(sweep) ?? list(sweep);
    lists.set(sweep, found);
    return found;
  };
}

/** Whether a shift needs a state, for the state of what it shifts is not at hand. */
function isOwnState(node: Node, inBody: ReadonlySet<Node>): boolean {
  const [x, start] = node.inputs;
  if (!inBody.has(x)) return false;
  const isForward = ["recur", "decay"].includes(nameOf(x));
  return !(isForward && start === startOf(x));
}

// The variables of a compiled sweep: first its parameters.
const OFFSET = 0;
const ROWS_LEFT = 1;
const STATES = 2;
const CONSTANTS = 3;
const FIRST_VECTOR = 4;

/**
 * Compiles `sweep` to a function called `name`, of the address of the row to start
 * at, the number of rows to go on for, in the sweep's direction, and the addresses
 * of states and constants. Unless `counted`, it leaves its sums alone.
 */
export function compileSweep(
  sweep: Sweep,
  name: string,
  layout: Layout,
  counted = true,
): WasmFunction {
  const { body, writes, direction } = sweep;
  const { precision, relaxed, rowBytes, isHalf = false } = layout;
  const inBody = new Set(body);
  const written = new Set(writes);
  const states = statesOf(sweep);
  const constants = constantsOf(sweep);
  const step = direction === "forward" ? rowBytes : -rowBytes;
  const isSingle = precision === "single";

  let vectors = 0;
  const variable = () => FIRST_VECTOR + vectors++;
  let code: Code[] = [];
  const write = (more: Code) => {
    code.push(more);
  };
  // Numbers in the code: each is a variable, set before the loop.
  const numerals = new Map<number, number>();
  const numeral = (value: number) => {
    const at = numerals.get(value) ?? variable();
    numerals.set(value, at);
    return get(at);
  };
  const emitter = createEmitter(
    precision,
    relaxed,
    { variable, write, numeral },
  );
  const { float, keep } = emitter;

  const lanesOf = isSingle ? f32x4 : f64x2;
  const { splat } = lanesOf;
  const isIdle = (node: Node) =>
    nameOf(node) === "sum" && node.parameter > 0 && !counted;

  // ------------------------------------------------------------ states

  /** Variables that hold each state: as doubles where `isWide`. */
  const held = new Map<Node, number[]>();
  const isWide = (node: Node) => isSingle && hasDoubles(node);
  const place = (node: Node, part: number) =>
    STATE_BYTES[precision] * states.indexOf(node) + 16 * part;
  const begin: Code[] = [];
  const end: Code[] = [];
  for (const node of states) {
    const isSum = nameOf(node) === "sum";
    if (isIdle(node)) continue;
    const variables = isWide(node) && !isHalf
      ? [variable(), variable()]
      : [variable()];
    held.set(node, variables);
    variables.forEach((at, part) => {
      const stored = v128.load(get(STATES), place(node, part));
      begin.push(
        isSum ? set(at, splat(0)) : settled(
          at,
          stored,
          isWide(node) ? f64x2 : lanesOf,
          LEAST[precision],
        ),
      );
      if (!isSum) end.push(v128.store(get(STATES), place(node, part), get(at)));
    });
    if (isSum) {
      widened(get(variables[0])).forEach((part, i) =>
        end.push(v128.store(
          get(STATES),
          place(node, i),
          f64x2.add(v128.load(get(STATES), place(node, i)), part),
        ))
      );
    }
  }
  for (const node of constants) {
    const at = variable();
    begin.push(
      set(
        at,
        v128.load(get(CONSTANTS), CONSTANT_BYTES * constants.indexOf(node)),
      ),
    );
    held.set(node, [at]);
  }

  function widened(x: Code): Code[] {
    if (!isSingle) return [x];
    return isHalf ? [promoteLow(x)] : widen(x);
  }
  function narrowed(parts: Code[]): Code {
    if (!isSingle) return parts[0];
    return isHalf ? demote(parts[0]) : narrow(parts);
  }

  // ------------------------------------------------------------ values

  const uses = new Map<Node, number>();
  for (const node of body) {
    if (isIdle(node)) continue;
    for (const x of node.inputs) uses.set(x, (uses.get(x) ?? 0) + 1);
  }
  for (const node of writes) uses.set(node, (uses.get(node) ?? 0) + 1);
  const isProduct = (node: Node) =>
    ["multiply", "scale"].includes(nameOf(node)) && inBody.has(node) &&
    uses.get(node) === 1 && !values.has(node);

  const values = new Map<Node, Code>();
  const isMask = (node: Node) => nameOf(node) === "less" && inBody.has(node);

  /** The value of `node` as numbers. */
  function numbers(node: Node): Code {
    const value = valueOf(node);
    return isMask(node) ? v128.and(value, float.splat(1)) : value;
  }

  function valueOf(node: Node): Code {
    let value = values.get(node);
    if (value === undefined) {
      value = compute(node);
      values.set(node, value);
    }
    return value;
  }

  function load(node: Node, shift = 0): Code {
    const at = layout.signal(node) + shift;
    // Offsets in an instruction are not negative.
    return keep(
      at >= 0
        ? v128.load(get(OFFSET), at)
        : v128.load(i32.add(get(OFFSET), i32.const(at)), 0),
    );
  }

  function compute(node: Node): Code {
    const { primitive, inputs, parameter } = node;
    if (!inBody.has(node)) return load(node);
    const [a, b, c] = inputs;
    switch (nameOf(node)) {
      case "broadcast":
        return get(held.get(node)![0]);
      case "previous": {
        const [state] = node.states!;
        return inBody.has(state)
          ? keep(narrowed(held.get(state)!.map(get)))
          : load(state, -rowBytes);
      }
      case "delay":
      case "advance": {
        if (held.has(node)) return get(held.get(node)![0]);
        if (inBody.has(a)) return get(held.get(a)![0]);
        return load(a, nameOf(node) === "delay" ? -rowBytes : rowBytes);
      }
      case "add":
        if (isProduct(a)) return keep(plus(a, numbers(b)));
        if (isProduct(b)) return keep(plus(b, numbers(a)));
        break;
      case "subtract":
        if (isProduct(b)) {
          const [x, y] = b.inputs.map(numbers);
          return keep(float.nmadd(x, y, numbers(a)));
        }
        break;
      case "select": {
        const mask = isMask(a)
          ? valueOf(a)
          : float.notEqual(numbers(a), float.splat(0));
        return keep(
          knownNumber(c) === 0
            ? v128.and(numbers(b), mask)
            : v128.bitselect(numbers(b), numbers(c), mask),
        );
      }
      case "after": {
        if (!layout.isIndexed) {
          throw new Error(
            "after() needs to know the row, which is not told here",
          );
        }
        const isAfter = i32.greaterOrEqual(
          get(OFFSET),
          i32.const(parameter * rowBytes),
        );
        const mask = i32x4.splat(i32.subtract(i32.const(0), isAfter));
        return keep(v128.and(numbers(a), mask));
      }
      case "scan": {
        const moved = widened(numbers(inputs[parameter]));
        const parts = held.get(node)!.map((at, i) =>
          keep(f64x2.add(get(at), moved[i]))
        );
        next.set(node, parts);
        return keep(narrowed(parts));
      }
      case "decay": {
        const self = get(held.get(node)![0]);
        const y = keep(float.madd(numbers(a), self, numbers(b)));
        next.set(node, [y]);
        return y;
      }
      case "recur":
      case "recurBack":
        return recurrence(node);
    }
    if (typeof primitive === "string" || primitive.code === undefined) {
      throw new Error(`${nameOf(node)} has no code`);
    }
    return keep(primitive.code(emitter, inputs.map(numbers)));
  }

  /** The product `node` plus `more`. */
  function plus(node: Node, more: Code): Code {
    const [x, y] = node.inputs.map(numbers);
    return float.madd(x, y, more);
  }

  // What the states are to be at the next row.
  const next = new Map<Node, Code[]>();

  function recurrence(node: Node): Code {
    const { inputs, parameter, states } = node;
    const size = states!.length;
    const row = inputs.slice(size * parameter, size * (parameter + 1));
    const drive = inputs[size * size + parameter];
    const self = get(held.get(node)![0]);
    /** Σ_l J_kl y_l, and `more`. */
    const moved = (values: Code[], more: Code | null) =>
      row.reduce((sum: Code | null, factor, l) => {
        if (knownNumber(factor) === 0) return sum;
        const [front, x] = factor.inputs;
        if (
          sum !== null && inBody.has(factor) &&
          nameOf(factor) === "scale" && knownNumber(front) === -1
        ) return float.nmadd(numbers(x), values[l], sum);
        const j = numbers(factor);
        return sum === null
          ? float.multiply(j, values[l])
          : float.madd(j, values[l], sum);
      }, more);
    const isDriven = knownNumber(drive) !== 0;
    if (nameOf(node) === "recurBack") {
      // What is handed on is computed where J is at hand: a sample earlier.
      return isDriven ? keep(float.add(self, numbers(drive))) : self;
    }
    const sum = moved(
      states!.map((state) => held.has(state) ? get(held.get(state)![0]) : []),
      isDriven ? numbers(drive) : null,
    );
    const y = sum === null ? self : keep(float.add(self, sum));
    next.set(node, [y]);
    return y;
  }

  function handedOn(node: Node): Code {
    const { inputs, parameter, states } = node;
    const size = states!.length;
    let sum = valueOf(node);
    inputs.slice(size * parameter, size * (parameter + 1)).forEach((m, l) => {
      if (knownNumber(m) === 0) return;
      sum = float.madd(numbers(m), valueOf(states![l]), sum);
    });
    return keep(sum);
  }

  // ------------------------------------------------------------ the loop

  for (const node of body) {
    const isKept = states.includes(node) && nameOf(node) !== "sum";
    if (isKept || written.has(node)) numbers(node);
    if (nameOf(node) === "sum" && !isIdle(node)) {
      const [x] = node.inputs;
      const [at] = held.get(node)!;
      write(set(
        at,
        isProduct(x) ? plus(x, get(at)) : float.add(numbers(x), get(at)),
      ));
    }
    if (written.has(node)) {
      write(v128.store(get(OFFSET), layout.signal(node), numbers(node)));
    }
  }
  for (const node of states) {
    if (nameOf(node) === "recurBack") next.set(node, [handedOn(node)]);
    if (isShift(node)) next.set(node, [numbers(node.inputs[0])]);
  }
  for (const [node, parts] of next) {
    // Through variables of their own: one may be the old value of another.
    parts.forEach((value, i) => next.get(node)![i] = keep(value));
  }
  for (const [node, parts] of next) {
    parts.forEach((value, i) => write(set(held.get(node)![i], value)));
  }

  const loop = code;
  code = [];
  const add = (at: number, amount: number) =>
    set(at, i32.add(get(at), i32.const(amount)));
  return {
    name,
    vectors,
    body: [
      ...begin.flat(),
      ...[...numerals].flatMap(([value, at]) => set(at, splat(value))),
      ...repeat(
        [...loop.flat(), ...add(OFFSET, step), ...add(ROWS_LEFT, -1)],
        get(ROWS_LEFT),
      ),
      ...end.flat(),
    ],
  };
}

/** Sets variable `at` to a state, and to 0 where that is less than `least`. */
function settled(at: number, state: Code, float: FloatLanes, least: number) {
  const isLarge = float.less(float.splat(least), float.abs(get(at)));
  return [...set(at, state), ...set(at, v128.and(get(at), isLarge))];
}

/** The bytes from `first` to `last`, as a shuffle names them. */
function lanes(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

/** Four floats as two vectors of doubles. */
function widen(x: Code): Code[] {
  return [
    promoteLow(x),
    promoteLow(v128.shuffle(x, x, [...lanes(8, 15), ...lanes(0, 7)])),
  ];
}

/** The inverse of {@linkcode widen}. */
function narrow([low, high]: Code[]): Code {
  return v128.shuffle(
    demote(low),
    demote(high),
    [...lanes(0, 7), ...lanes(16, 23)],
  );
}
