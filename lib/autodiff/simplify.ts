/**
 * What is known of a result without computing it.
 *
 * Beside the plain rules (x + 0, 1 · x, a constant's exponential) there are those
 * that shorten derivatives:
 *
 * - what does not depend on time is computed once: operations on broadcast scalars
 *   are operations on scalars;
 * - factors that do not depend on time stand in front, L(c x) = c L(x) for every
 *   linear L, so that derivatives that differ by a factor are one; so do factors
 *   that two terms share;
 * - L(a x + b y) = a L(x) + b L(y) where L(x) and L(y) have been recorded already,
 *   as for the second derivatives that are free by linearity (MATH 3.1), and always
 *   for sums, where a term costs one multiply-add;
 * - a mask is not applied twice.
 *
 * @module
 */

import type { Node, Primitive } from "./value.ts";

/** How nodes are made and found, by the name of their primitive. */
export interface Algebra {
  /** The result, made simple in its turn. */
  record(name: string, inputs: Node[], parameter?: number): Node;
  /** The instruction as it stands. */
  make(name: string, inputs: Node[], parameter?: number): Node;
  /** The instruction, if it has been recorded. */
  find(name: string, inputs: Node[], parameter?: number): Node | undefined;
  constant(value: number): Node;
}

/** A signal times a scalar; a `factor` of `null` is 1. */
interface Term {
  factor: Node | null;
  core: Node;
}

/** Terms of a sum that are looked at, at most. */
const MOST_TERMS = 8;

/** The least leak that 1 minus it has the digits for in single precision. */
const LEAST_LEAK = 1e-3;

/** Name of what `node` applies. */
export function nameOf({ primitive }: Pick<Node, "primitive">): string {
  return typeof primitive === "string" ? primitive : primitive.name;
}

/** Whether `node` is a state of a recurrence. */
export function isState({ states, primitive }: Node): boolean {
  return states !== undefined && primitive !== "previous";
}

/** Where a state of a recurrence begins: a scalar. */
export function startOf({ inputs, parameter, states = [] }: Node): Node {
  return inputs[inputs.length - states.length + parameter];
}

/** The number that `node` is everywhere, if it is known. */
export function knownNumber(node: Node): number | null {
  if (node.primitive === "constant") return node.parameter;
  return nameOf(node) === "broadcast" ? knownNumber(node.inputs[0]) : null;
}

/**
 * Where a signal is 0 for sure: outside a mask (its id), or inside (the opposite).
 */
const masked = new WeakMap<Node, ReadonlySet<number>>();

const opposite = (side: number) => -1 - side;

function maskedBy(node: Node): ReadonlySet<number> {
  let sides = masked.get(node);
  if (sides === undefined) {
    sides = sidesOf(node);
    masked.set(node, sides);
  }
  return sides;
}

function sidesOf(node: Node): ReadonlySet<number> {
  const [a, b, c] = node.inputs;
  switch (nameOf(node)) {
    case "scale":
      return maskedBy(b);
    case "multiply":
      return maskedBy(a).union(maskedBy(b));
    case "add":
    case "subtract":
      return maskedBy(a).intersection(maskedBy(b));
    case "select":
      if (knownNumber(c) === 0) return maskedBy(b).union(new Set([a.id]));
      if (knownNumber(b) === 0) {
        return maskedBy(c).union(new Set([opposite(a.id)]));
      }
      return maskedBy(b).intersection(maskedBy(c));
  }
  return new Set();
}

/** Whether `node` is 1 on one side of a mask and 0 on the other. */
function isPureMask(node: Node): boolean {
  if (nameOf(node) !== "select") return false;
  const [one, other] = node.inputs.slice(1).map(knownNumber);
  return one === 1 && other === 0 || one === 0 && other === 1;
}

/** As {@linkcode simplify}, of numbers alone: all else stays as it is written. */
export function written(
  { shape, evaluate }: Primitive,
  inputs: Node[],
  _parameter: number,
  { constant }: Algebra,
): Node | undefined {
  const numbers = inputs.map(knownNumber);
  const isNumber = (shape ?? inputs[0].shape) === "scalar" && evaluate;
  return isNumber && !numbers.includes(null)
    ? constant(evaluate(...numbers as number[]))
    : undefined;
}

/** What `primitive` of `inputs` is, if that is known or simpler. */
export function simplify(
  primitive: Primitive,
  inputs: Node[],
  parameter: number,
  algebra: Algebra,
): Node | undefined {
  const { name, evaluate } = primitive;
  const { record, make, find, constant } = algebra;
  const shape = primitive.shape ?? inputs[0].shape;
  const numbers = inputs.map(knownNumber);
  const [a, b, c] = inputs;
  const [ofA, ofB, ofC] = numbers;

  if (evaluate && shape === "scalar" && !numbers.includes(null)) {
    return constant(evaluate(...numbers as number[]));
  }
  if (evaluate && inputs.every((x) => nameOf(x) === "broadcast")) {
    return record("broadcast", [record(name, inputs.map((x) => x.inputs[0]))]);
  }
  if (shape === "scalar" && (name === "multiply" || name === "negate")) {
    return scalarProduct(name === "negate" ? [constant(-1), a] : inputs);
  }
  switch (name) {
    case "add":
      if (ofA === 0) return b;
      if (ofB === 0) return a;
      return shape === "scalar" ? undefined : added(1);
    case "subtract":
      if (ofB === 0) return a;
      return shape === "scalar" ? undefined : added(-1);
    case "multiply":
      if (ofA === 0 || ofB === 1) return a;
      if (ofB === 0 || ofA === 1) return b;
      return product();
    case "negate":
      return scaled(constant(-1), a);
    case "select":
      return b === c ? b : selection();
    case "delay":
      if (isState(a) && b === startOf(a)) {
        return a.before ?? (ofB === 0 ? linear(0) : undefined);
      }
      if (ofA !== null && ofA === ofB) return a;
      return ofB === 0 && !isState(a) ? linear(0) : fromStart();
    case "advance":
    case "after":
      return ofA === 0 ? a : linear(0);
    case "sum":
      return ofA === 0 ? constant(0) : linear(0);
    case "recur":
    case "recurBack":
    case "decay":
      return recurrence();
  }

  /** `factor` times `core`. */
  function scaled(factor: Node | null, core: Node): Node {
    if (factor === null) return core;
    const value = knownNumber(factor);
    if (value === 1) return core;
    if (core.shape === "scalar") return record("multiply", [factor, core]);
    if (value === 0) return record("broadcast", [factor]);
    if (nameOf(core) === "broadcast") {
      return record("broadcast", [
        record("multiply", [factor, core.inputs[0]]),
      ]);
    }
    const inner = split(core);
    return make("scale", [
      record("broadcast", [times(factor, inner.factor)!]),
      inner.core,
    ]);
  }

  function times(one: Node | null, other: Node | null): Node | null {
    if (one === null || other === null) return one ?? other;
    return record("multiply", [one, other]);
  }

  /** The number and the other factors that a scalar is the product of. */
  function factorsOf(scalar: Node | null): { number: number; others: Node[] } {
    if (scalar === null) return { number: 1, others: [] };
    const number = knownNumber(scalar);
    if (number !== null) return { number, others: [] };
    if (nameOf(scalar) !== "multiply") return { number: 1, others: [scalar] };
    const parts = scalar.inputs.map(factorsOf);
    return {
      number: parts[0].number * parts[1].number,
      others: parts.flatMap(({ others }) => others),
    };
  }

  /** The product of scalars, the same whatever their order. */
  function scalarProduct(scalars: Node[]): Node {
    const parts = scalars.map(factorsOf);
    const number = parts.reduce((all, { number }) => all * number, 1);
    const others = parts.flatMap(({ others }) => others)
      .sort((a, b) => a.id - b.id);
    if (number === 0 || others.length === 0) return constant(number);
    const all = number === 1 ? others : [constant(number), ...others];
    return all.reduce((product, factor) => make("multiply", [product, factor]));
  }

  /** What two factors share, if anything, and what remains of each. */
  function shared(one: Node, other: Node) {
    const [a, b] = [factorsOf(one), factorsOf(other)];
    const rest = b.others.slice();
    const common = a.others.filter((factor) => {
      const at = rest.indexOf(factor);
      if (at >= 0) rest.splice(at, 1);
      return at >= 0;
    });
    if (common.length === 0 && Math.abs(a.number) !== Math.abs(b.number)) {
      return undefined;
    }
    const remaining = a.others.slice();
    for (const factor of common) remaining.splice(remaining.indexOf(factor), 1);
    return {
      common: scalarProduct([constant(a.number), ...common]),
      ofOne: scalarProduct([constant(1), ...remaining]),
      ofOther: scalarProduct([constant(b.number / a.number), ...rest]),
    };
  }

  /** x as a factor and what it stands before. */
  function split(x: Node): Term {
    return nameOf(x) === "scale"
      ? { factor: x.inputs[0].inputs[0], core: x.inputs[1] }
      : { factor: null, core: x };
  }

  /** The same, a broadcast scalar being that scalar times 1. */
  function splitWhole(x: Node): Term {
    return nameOf(x) === "broadcast" && knownNumber(x) !== 1
      ? { factor: x.inputs[0], core: record("broadcast", [constant(1)]) }
      : split(x);
  }

  /** What x is the sum of, if it is one: two terms, or those of a known product. */
  function parted(x: Node): Term[] | undefined {
    const [a, b, c] = x.inputs;
    switch (nameOf(x)) {
      case "add":
        return [splitWhole(a), splitWhole(b)];
      case "subtract": {
        const { factor, core } = splitWhole(b);
        return [splitWhole(a), { factor: times(constant(-1), factor), core }];
      }
      case "multiply":
        return knownTerms(b, (core) => ["multiply", [a, core]]) ??
          knownTerms(a, (core) => ["multiply", [core, b]]);
      case "select":
        return knownNumber(c) === 0
          ? knownTerms(b, (core) => ["select", [a, core, c]])
          : undefined;
    }
  }

  /** The terms of x, or x alone where they are many. */
  function termsOf(x: Node): Term[] {
    const terms: Term[] = [];
    const visit = ({ factor, core }: Term) => {
      const parts = parted(core);
      if (parts === undefined) terms.push({ factor, core });
      for (const part of parts ?? []) {
        visit({ factor: times(factor, part.factor), core: part.core });
      }
    };
    visit(splitWhole(x));
    return terms.length <= MOST_TERMS ? terms : [splitWhole(x)];
  }

  /** Sum of `terms`; of terms with one core there is one. */
  function total(terms: Term[]): Node {
    const factors = new Map<Node, Node | null>();
    for (const { factor, core } of terms) {
      factors.set(
        core,
        factors.has(core)
          ? record("add", [
            factors.get(core) ?? constant(1),
            factor ?? constant(1),
          ])
          : factor,
      );
    }
    return [...factors].map(([core, factor]) => scaled(factor, core))
      .reduce((sum, term) => make("add", [sum, term]));
  }

  /** a + b, or a − b. */
  function added(sign: 1 | -1): Node | undefined {
    const one = split(a);
    const other = split(b);
    const isMinus = ({ factor }: Term) =>
      factor !== null && knownNumber(factor) === -1;
    if (one.core === other.core) {
      return scaled(
        record(name, [
          one.factor ?? constant(1),
          other.factor ?? constant(1),
        ]),
        one.core,
      );
    }
    if (one.factor !== null && other.factor !== null) {
      const parts = shared(one.factor, other.factor);
      if (parts !== undefined && knownNumber(parts.common) !== 1) {
        const { common, ofOne, ofOther } = parts;
        return scaled(
          common,
          record(name, [
            scaled(ofOne, one.core),
            scaled(ofOther, other.core),
          ]),
        );
      }
    }
    const inside = together(one.core, other.core);
    if (inside !== undefined) {
      const [around, x, y] = inside;
      return around(
        record(name, [scaled(one.factor, x), scaled(other.factor, y)]),
      );
    }
    if (isMinus(other)) {
      return record(sign > 0 ? "subtract" : "add", [a, other.core]);
    }
    if (isMinus(one)) {
      return sign > 0
        ? record("subtract", [b, one.core])
        : scaled(constant(-1), record("add", [one.core, b]));
    }
    return ofA === 0 ? scaled(constant(-1), b) : undefined;
  }

  /** What x and y both are something of: a product, or behind a mask. */
  function together(
    x: Node,
    y: Node,
  ): [around: (inner: Node) => Node, x: Node, y: Node] | undefined {
    if (nameOf(x) !== nameOf(y)) return undefined;
    if (nameOf(x) === "multiply") {
      const both = x.inputs.find((input) => y.inputs.includes(input));
      if (both === undefined) return undefined;
      const other = ({ inputs: [a, b] }: Node) => a === both ? b : a;
      return [
        (inner) => record("multiply", [both, inner]),
        other(x),
        other(y),
      ];
    }
    if (nameOf(x) !== "select" || x.inputs[0] !== y.inputs[0]) return undefined;
    const [mask, , zero] = x.inputs;
    if (zero !== y.inputs[2] || knownNumber(zero) !== 0) return undefined;
    return [
      (inner) => record("select", [mask, inner, zero]),
      x.inputs[1],
      y.inputs[1],
    ];
  }

  function product(): Node | undefined {
    for (const [mask, x] of [[a, b], [b, a]]) {
      const sides = maskedBy(mask);
      const others = maskedBy(x);
      for (const side of sides) if (others.has(opposite(side))) return zero();
      if (isPureMask(mask) && [...sides].every((side) => others.has(side))) {
        return x;
      }
      // A mask in x that the other factor has as well.
      if (nameOf(x) !== "multiply") continue;
      for (const [part, rest] of [x.inputs, x.inputs.toReversed()]) {
        const all = [...maskedBy(part)];
        if (isPureMask(part) && all.every((side) => sides.has(side))) {
          return record("multiply", [mask, rest]);
        }
      }
    }
    const left = splitWhole(a);
    const right = splitWhole(b);
    const factor = times(left.factor, right.factor);
    if (factor !== null) {
      return scaled(factor, record("multiply", [left.core, right.core]));
    }
    return combined(b, (core) => ["multiply", [a, core]]) ??
      combined(a, (core) => ["multiply", [core, b]]);
  }

  /** What `of` makes of each of the terms of x, if all that is known. */
  function knownTerms(
    x: Node,
    of: (core: Node) => [name: string, inputs: Node[], parameter?: number],
  ): Term[] | undefined {
    const found: Term[] = [];
    const visit = ({ factor, core }: Term): boolean =>
      parted(core)?.every((part) => {
        const whole = times(factor, part.factor);
        const known = find(...of(part.core));
        if (known === undefined) {
          return visit({ factor: whole, core: part.core });
        }
        return found.push({ factor: whole, core: known }) <= MOST_TERMS;
      }) ?? false;
    return visit(splitWhole(x)) ? found : undefined;
  }

  /** Sum over the terms of x of what `of` makes of each, if all that is known. */
  function combined(...of: Parameters<typeof knownTerms>): Node | undefined {
    const terms = knownTerms(...of);
    return terms && total(terms);
  }

  /**
   * The delay of a from b: that from where a itself begins, if it is a state, or
   * from zero, with the difference at the first sample.
   */
  function fromStart(): Node {
    const own = isState(a) ? startOf(a) : constant(0);
    const start = record("broadcast", [record("subtract", [b, own])]);
    const first = record("subtract", [start, record("after", [start], 1)]);
    return record("add", [record("delay", [a, own]), first]);
  }

  function zero(): Node {
    return record("broadcast", [constant(0)]);
  }

  function selection(): Node | undefined {
    if (shape === "scalar") return undefined;
    const [one, other] = [split(b), split(c)];
    const none = ofB === 0 ? b : ofC === 0 ? c : undefined;
    if (none !== undefined) {
      const { factor, core } = splitWhole(ofB === 0 ? c : b);
      const side = ofB === 0 ? opposite(a.id) : a.id;
      if (maskedBy(core).has(side)) return ofB === 0 ? c : b;
      if (maskedBy(core).has(opposite(side))) return zero();
      const apply = (core: Node) =>
        ofB === 0 ? [a, none, core] : [a, core, none];
      return factor === null
        ? combined(core, (core) => ["select", apply(core)])
        : scaled(factor, record("select", apply(core)));
    }
    return one.factor !== null && one.factor === other.factor
      ? scaled(one.factor, record("select", [a, one.core, other.core]))
      : undefined;
  }

  /** What is linear in the input at position `at`. */
  function linear(at: number): Node | undefined {
    const replaced = (core: Node) => inputs.with(at, core);
    const { factor, core } = split(inputs[at]);
    if (factor !== null) {
      return scaled(factor, record(name, replaced(core), parameter));
    }
    if (name === "sum") {
      const terms = termsOf(core);
      return terms.length < 2 ? undefined : total(
        terms.map(({ factor, core }) => ({
          factor,
          core: record(name, [core], parameter),
        })),
      );
    }
    return combined(core, (core) => [name, replaced(core), parameter]);
  }

  /**
   * A recurrence of one state with a constant leak that single precision has the
   * digits for is written by what remains. One at rest at the start is linear in its
   * drives, taken together.
   */
  function recurrence(): Node | undefined {
    const size = primitive.stateCount!(inputs.length);
    const drives = inputs.slice(size * size, size * size + size);
    const starts = inputs.slice(size * size + size);
    if (name === "recur" && size === 1 && Math.abs(ofA ?? 0) >= LEAST_LEAK) {
      const remains = record("broadcast", [constant(1 + ofA!)]);
      return record("decay", [remains, b, c]);
    }
    if (starts.some((start) => knownNumber(start) !== 0)) return undefined;
    const isZero = drives.map((drive) => knownNumber(drive) === 0);
    if (isZero.every(Boolean)) return drives[0];
    const replaced = (drives: Node[]) => [
      ...inputs.slice(0, size * size),
      ...drives,
      ...starts,
    ];
    const some = drives.filter((_, i) => !isZero[i]);
    const back = (cores: Node[]) => {
      const rest = cores.slice();
      return replaced(drives.map((x, i) => isZero[i] ? x : rest.shift()!));
    };
    const parts = some.map(split);
    const [{ factor }] = parts;
    if (size === 1 && factor === null) {
      return combined(b, (core) => [name, [a, core, c], parameter]);
    }
    if (factor !== null && parts.every((part) => part.factor === factor)) {
      return scaled(
        factor,
        record(name, back(parts.map(({ core }) => core)), parameter),
      );
    }
    const terms = some.map(termsOf);
    const count = terms[0].length;
    const areAlike = terms.every((list) =>
      list.length === count &&
      list.every(({ factor }, i) => factor === terms[0][i].factor)
    );
    if (count < 2 || !areAlike) return undefined;
    const found: Term[] = [];
    for (let i = 0; i < count; i++) {
      const known = find(name, back(terms.map((t) => t[i].core)), parameter);
      if (known === undefined) return undefined;
      found.push({ factor: terms[0][i].factor, core: known });
    }
    return total(found);
  }
}
