/**
 * The primitives: every operation that the differentiable language has, its
 * derivative, and, where it is linear, its transpose.
 *
 * | | meaning | transpose |
 * |---|---|---|
 * | add, subtract, negate, multiply, reciprocal, exp | element by element | |
 * | less(a, b) | mask, 1 where a < b, else 0 | not differentiated |
 * | select(m, a, b) | a where m, else b | the cotangent where m, where not |
 * | after(x, n₀) | x with zeros before sample n₀ | itself |
 * | broadcast(s) | a scalar as a constant signal | sum |
 * | sum(x) | over batch and time | broadcast |
 * | delay(x) | x[n − 1], zero before the start | advance |
 * | advance(x) | x[n + 1], zero past the end | delay |
 * | recur(α, u) | y[n] = (1 − α[n]) y[n−1] + u[n] | recurBack |
 * | recurBack(α, u) | y[n] = (1 − α[n+1]) y[n+1] + u[n] | recur |
 * | attacks(h, a, r) | mask of the ballistics' branch | not differentiated |
 *
 * The recurrence is written with its leak α = 1 − β rather than β, for which
 * single precision has too few digits: α is about 1e-4 and β rounds to 6e-8. With
 * D the delay, recur solves (I − (1 − α) D) y = u. Its derivative is therefore the
 * same recurrence, driven by u̇ − α̇ D y, and its transpose the same backwards in
 * time: every derivative of a recurrence is a recurrence.
 *
 * Between a scalar and a signal an operation first broadcasts the scalar, so that
 * no rule has to think of shapes.
 *
 * @module
 */

import { constant } from "./program.ts";
import {
  bind,
  type Primitive,
  type Shape,
  type Tangent,
  type Value,
} from "./value.ts";

/** What operations take: a number stands for a constant scalar. */
export type Operand = Value | number;

// ---------------------------------------------------------------- zeros

/** The zero of `shape`. */
export function zero(shape: Shape): Value {
  return shape === "scalar" ? constant(0) : broadcast(0);
}

/** `tangent` as a value that can be computed with. */
export function materialise(tangent: Tangent, shape: Shape): Value {
  return tangent ?? zero(shape);
}

/** Sum of two tangents, either of which may be zero. */
export function addTangents(a: Tangent, b: Tangent): Tangent {
  if (a === null || b === null) return a ?? b;
  return add(a, b);
}

/** Difference of two tangents, either of which may be zero. */
function subtractTangents(a: Tangent, b: Tangent): Tangent {
  if (a === null || b === null) return a ?? of(b, negate);
  return subtract(a, b);
}

/** `rule` of a tangent, unless it is zero. */
function of(tangent: Tangent, rule: (tangent: Value) => Value): Tangent {
  return tangent && rule(tangent);
}

// ---------------------------------------------------------------- shapes

const broadcastPrimitive: Primitive = {
  name: "broadcast",
  shape: "signal",
  jvp: ([ds]) => of(ds, broadcast),
  transpose: (ct) => [sum(ct)],
};

/** A scalar as a signal that is constant over batch and time. */
export function broadcast(s: Operand): Value {
  return bind(broadcastPrimitive, [asValue(s)]);
}

const sumPrimitive: Primitive = {
  name: "sum",
  shape: "scalar",
  jvp: ([dx]) => of(dx, sum),
  transpose: (ct) => [broadcast(ct)],
};

/** Sum of a signal over batch and time. */
export function sum(x: Value): Value {
  return bind(sumPrimitive, [x]);
}

function asValue(operand: Operand): Value {
  return typeof operand === "number" ? constant(operand) : operand;
}

/** `operands` as values of one shape. */
function alike(...operands: Operand[]): Value[] {
  const values = operands.map(asValue);
  if (values.every((value) => value.shape === "scalar")) return values;
  return values.map((v) => v.shape === "scalar" ? broadcast(v) : v);
}

// ---------------------------------------------------------------- arithmetic

const addPrimitive: Primitive = {
  name: "add",
  evaluate: (a, b) => a + b,
  jvp: ([da, db]) => addTangents(da, db),
  transpose: (ct) => [ct, ct],
};

/** a + b. */
export function add(a: Operand, b: Operand): Value {
  return bind(addPrimitive, alike(a, b));
}

const subtractPrimitive: Primitive = {
  name: "subtract",
  evaluate: (a, b) => a - b,
  jvp: ([da, db]) => subtractTangents(da, db),
  transpose: (ct, _, [, isLinear]) => [ct, isLinear ? negate(ct) : null],
};

/** a − b. */
export function subtract(a: Operand, b: Operand): Value {
  return bind(subtractPrimitive, alike(a, b));
}

const negatePrimitive: Primitive = {
  name: "negate",
  evaluate: (a) => -a,
  jvp: ([da]) => of(da, negate),
  transpose: (ct) => [negate(ct)],
};

/** −a. */
export function negate(a: Operand): Value {
  return bind(negatePrimitive, [asValue(a)]);
}

const multiplyPrimitive: Primitive = {
  name: "multiply",
  evaluate: (a, b) => a * b,
  jvp: ([da, db], [a, b]) =>
    addTangents(
      of(da, (da) => multiply(da, b)),
      of(db, (db) => multiply(a, db)),
    ),
  // As part of a linear map one factor is constant.
  transpose: (ct, [a, b], [isLinear]) =>
    isLinear ? [multiply(ct, b), null] : [null, multiply(ct, a)],
};

/** a b. */
export function multiply(a: Operand, b: Operand): Value {
  return bind(multiplyPrimitive, alike(a, b));
}

const reciprocalPrimitive: Primitive = {
  name: "reciprocal",
  evaluate: (a) => 1 / a,
  jvp: ([da], _, y) => of(da, (da) => negate(multiply(da, multiply(y, y)))),
};

/** 1 / a. */
export function reciprocal(a: Operand): Value {
  return bind(reciprocalPrimitive, [asValue(a)]);
}

/** a / b. */
export function divide(a: Operand, b: Operand): Value {
  return multiply(a, reciprocal(b));
}

const expPrimitive: Primitive = {
  name: "exp",
  evaluate: Math.exp,
  jvp: ([da], _, y) => of(da, (da) => multiply(da, y)),
};

/** eᵃ. */
export function exp(a: Operand): Value {
  return bind(expPrimitive, [asValue(a)]);
}

// ---------------------------------------------------------------- masks

const lessPrimitive: Primitive = {
  name: "less",
  evaluate: (a, b) => a < b ? 1 : 0,
  jvp: () => null,
};

/** Mask: 1 where a < b, else 0. */
export function less(a: Operand, b: Operand): Value {
  return bind(lessPrimitive, alike(a, b));
}

const selectPrimitive: Primitive = {
  name: "select",
  evaluate: (mask, a, b) => mask !== 0 ? a : b,
  jvp: ([, da, db], [mask]) =>
    da === null && db === null ? null : select(
      mask,
      materialise(da, mask.shape),
      materialise(db, mask.shape),
    ),
  transpose: (ct, [mask], [, ofA, ofB]) => [
    null,
    ofA ? select(mask, ct, 0) : null,
    ofB ? select(mask, 0, ct) : null,
  ],
};

/** a where `mask` is not 0, else b. */
export function select(mask: Value, a: Operand, b: Operand): Value {
  return bind(selectPrimitive, alike(mask, a, b));
}

// ---------------------------------------------------------------- time

const afterPrimitive: Primitive = {
  name: "after",
  jvp: ([dx], _inputs, _y, start) => of(dx, (dx) => after(dx, start)),
  transpose: (ct, _inputs, _isLinear, start) => [after(ct, start)],
};

/** x with zeros in place of the samples before `start`. */
export function after(x: Value, start: number): Value {
  return bind(afterPrimitive, [x], start);
}

const delayPrimitive: Primitive = {
  name: "delay",
  jvp: ([dx]) => of(dx, delay),
  transpose: (ct) => [advance(ct)],
};

/** x[n − 1], zero at the start. */
export function delay(x: Value): Value {
  return bind(delayPrimitive, [x]);
}

const advancePrimitive: Primitive = {
  name: "advance",
  jvp: ([dx]) => of(dx, advance),
  transpose: (ct) => [delay(ct)],
};

/** x[n + 1], zero at the end. */
export function advance(x: Value): Value {
  return bind(advancePrimitive, [x]);
}

const recurPrimitive: Primitive = {
  name: "recur",
  jvp: ([dleak, du], [leak], y) =>
    of(
      subtractTangents(du, of(dleak, (dleak) => multiply(dleak, delay(y)))),
      (drive) => recur(leak, drive),
    ),
  transpose: (ct, [leak]) => [null, recurBack(leak, ct)],
};

/** y[n] = (1 − leak[n]) y[n−1] + u[n], y[−1] = 0. */
export function recur(leak: Operand, u: Value): Value {
  return bind(recurPrimitive, alike(leak, u));
}

const recurBackPrimitive: Primitive = {
  name: "recurBack",
  jvp: ([dleak, du], [leak], y) =>
    of(
      subtractTangents(du, of(dleak, (dleak) => advance(multiply(dleak, y)))),
      (drive) => recurBack(leak, drive),
    ),
  transpose: (ct, [leak]) => [null, recur(leak, ct)],
};

/** y[n] = (1 − leak[n+1]) y[n+1] + u[n], y[N] = 0: the transpose of `recur`. */
export function recurBack(leak: Operand, u: Value): Value {
  return bind(recurBackPrimitive, alike(leak, u));
}

// ---------------------------------------------------------------- ballistics

const attacksPrimitive: Primitive = {
  name: "attacks",
  jvp: () => null,
};

/**
 * Branch of the ballistics d[n] = d[n−1] + α[n] (h[n] − d[n−1]), d[−1] = 0: mask
 * of the samples where h[n] < d[n−1], which is where α[n] is `attack`; elsewhere
 * it is `release`.
 */
export function attacks(h: Value, attack: Operand, release: Operand): Value {
  return bind(attacksPrimitive, alike(h, attack, release));
}

/**
 * The ballistics: d[n] = d[n−1] + α[n] (h[n] − d[n−1]) from d[−1] = 0, α[n] =
 * `attack` where h[n] < d[n−1], else `release`.
 *
 * The branch is locally constant, so apart from the mask it is a recurrence, and
 * its derivatives are that recurrence's.
 */
export function ballistics(
  h: Value,
  attack: Operand,
  release: Operand,
): Value {
  const leak = select(attacks(h, attack, release), attack, release);
  return recur(leak, multiply(leak, h));
}

// TEMPORARY until the scan lands: signatures only.
/** ln a. */
export function log(a: Operand): Value {
  return asValue(a);
}
/** |a|. */
export function abs(a: Operand): Value {
  return asValue(a);
}
/** max(a, b). */
export function maximum(a: Operand, b: Operand): Value {
  return add(a, b);
}
/** General recurrence. */
export function scan(
  step: (states: Value[], inputs: Value[]) => Value[],
  starts: Operand[],
  inputs: Operand[],
): Value[] {
  return step(starts.map(asValue), inputs.map(asValue));
}
