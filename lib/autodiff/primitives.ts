/**
 * The primitives: every operation that the differentiable language has, one record
 * each, with its derivative, its transpose where it is linear, and its code.
 *
 * | | meaning | transpose |
 * |---|---|---|
 * | add, subtract, negate, multiply, reciprocal | element by element | |
 * | exp, log, abs, maximum | element by element | not linear |
 * | less(a, b) | mask, 1 where a < b, else 0 | not differentiated |
 * | select(m, a, b) | a where m, else b | the cotangent where m, where not |
 * | after(x, n₀) | x with zeros before sample n₀ | itself |
 * | broadcast(s) | a scalar as a constant signal | sum |
 * | sum(x, n₀) | over batch and time, from sample n₀ on | broadcast, after |
 * | delay(x, s) | x[n − 1], s before the start | advance |
 * | advance(x) | x[n + 1], zero past the end | delay |
 *
 * and those that carry a state, in `recurrences.ts`. Between a scalar and a signal
 * an operation first broadcasts the scalar, so that no rule thinks of shapes.
 *
 * @module
 */

import { bind } from "./bind.ts";
import { constant, define } from "./program.ts";
import type { Shape, Tangent, Value } from "./value.ts";

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
export function of(tangent: Tangent, rule: (tangent: Value) => Value): Tangent {
  return tangent && rule(tangent);
}

// ---------------------------------------------------------------- shapes

const broadcastPrimitive = define({
  name: "broadcast",
  shape: "signal",
  jvp: ([ds]) => of(ds, broadcast),
  transpose: (ct) => [sum(ct)],
});

/** A scalar as a signal that is constant over batch and time. */
export function broadcast(s: Operand): Value {
  return bind(broadcastPrimitive, [asValue(s)]);
}

const sumPrimitive = define({
  name: "sum",
  shape: "scalar",
  jvp: ([dx], _inputs, _y, start) => of(dx, (dx) => sum(dx, start)),
  transpose: (ct, _inputs, _isLinear, start) => [
    start > 0 ? after(broadcast(ct), start) : broadcast(ct),
  ],
});

/** Sum of a signal over batch and time, from sample `start` of every chunk on. */
export function sum(x: Value, start = 0): Value {
  return bind(sumPrimitive, [x], start);
}

/** `operand` as a value. */
export function asValue(operand: Operand): Value {
  return typeof operand === "number" ? constant(operand) : operand;
}

/** `operand` as a signal. */
export function asSignal(operand: Operand): Value {
  const value = asValue(operand);
  return value.shape === "scalar" ? broadcast(value) : value;
}

/** `operands` as values of one shape. */
function alike(...operands: Operand[]): Value[] {
  const values = operands.map(asValue);
  return values.every((value) => value.shape === "scalar")
    ? values
    : values.map(asSignal);
}

// ---------------------------------------------------------------- arithmetic

const addPrimitive = define({
  name: "add",
  evaluate: (a, b) => a + b,
  jvp: ([da, db]) => addTangents(da, db),
  transpose: (ct) => [ct, ct],
  code: ({ float }, [a, b]) => float.add(a, b),
});

/** a + b. */
export function add(a: Operand, b: Operand): Value {
  return bind(addPrimitive, alike(a, b));
}

const subtractPrimitive = define({
  name: "subtract",
  evaluate: (a, b) => a - b,
  jvp: ([da, db]) => subtractTangents(da, db),
  transpose: (ct, _, [, isLinear]) => [ct, isLinear ? negate(ct) : null],
  code: ({ float }, [a, b]) => float.subtract(a, b),
});

/** a − b. */
export function subtract(a: Operand, b: Operand): Value {
  return bind(subtractPrimitive, alike(a, b));
}

const negatePrimitive = define({
  name: "negate",
  evaluate: (a) => -a,
  jvp: ([da]) => of(da, negate),
  transpose: (ct) => [negate(ct)],
});

/** −a. */
export function negate(a: Operand): Value {
  return bind(negatePrimitive, [asValue(a)]);
}

const multiplyPrimitive = define({
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
  code: ({ float }, [a, b]) => float.multiply(a, b),
});

/** a b. */
export function multiply(a: Operand, b: Operand): Value {
  return bind(multiplyPrimitive, alike(a, b));
}

// A signal times a broadcast scalar, as the algebra of the program writes it: only
// instructions have it, so that it needs no derivative.
define({
  name: "scale",
  jvp: () => null,
  code: ({ float }, [factor, x]) => float.multiply(factor, x),
});

const reciprocalPrimitive = define({
  name: "reciprocal",
  evaluate: (a) => 1 / a,
  jvp: ([da], _, y) => of(da, (da) => negate(multiply(da, multiply(y, y)))),
  code: ({ float }, [a]) => float.divide(float.splat(1), a),
});

/** 1 / a. */
export function reciprocal(a: Operand): Value {
  return bind(reciprocalPrimitive, [asValue(a)]);
}

/** a / b. */
export function divide(a: Operand, b: Operand): Value {
  return multiply(a, reciprocal(b));
}

const expPrimitive = define({
  name: "exp",
  evaluate: (a) => Math.exp(a),
  jvp: ([da], _, y) => of(da, (da) => multiply(da, y)),
  code: (emitter, [a]) => emitter.exp(a),
});

/** eᵃ. */
export function exp(a: Operand): Value {
  return bind(expPrimitive, [asValue(a)]);
}

const logPrimitive = define({
  name: "log",
  evaluate: (a) => Math.log(a),
  jvp: ([da], [a]) => of(da, (da) => divide(da, a)),
  code: (emitter, [a]) => emitter.log(a),
});

/** ln a, of a > 0. */
export function log(a: Operand): Value {
  return bind(logPrimitive, [asValue(a)]);
}

const tanPrimitive = define({
  name: "tan",
  evaluate: (a) => Math.tan(a),
  jvp: ([da], _, y) => of(da, (da) => multiply(da, add(1, multiply(y, y)))),
});

/** tan a, of a scalar. */
export function tan(a: Operand): Value {
  const value = asValue(a);
  if (value.shape !== "scalar") throw new Error("tan() is of scalars alone");
  return bind(tanPrimitive, [value]);
}

const absPrimitive = define({
  name: "abs",
  evaluate: (a) => Math.abs(a),
  jvp: ([da], [a]) => of(da, (da) => select(less(a, 0), negate(da), da)),
  code: ({ float }, [a]) => float.abs(a),
});

/** |a|; its derivative at 0 is that to the right. */
export function abs(a: Operand): Value {
  return bind(absPrimitive, [asValue(a)]);
}

const maximumPrimitive = define({
  name: "maximum",
  evaluate: (a, b) => Math.max(a, b),
  jvp: ([da, db], [a, b]) =>
    select(
      less(a, b),
      materialise(db, b.shape),
      materialise(da, a.shape),
    ),
  code: ({ float }, [a, b]) => float.max(a, b),
});

/** The larger of a and b; where they are equal, a. */
export function maximum(a: Operand, b: Operand): Value {
  return bind(maximumPrimitive, alike(a, b));
}

// ---------------------------------------------------------------- masks

const lessPrimitive = define({
  name: "less",
  evaluate: (a, b) => a < b ? 1 : 0,
  jvp: () => null,
  code: ({ float }, [a, b]) => float.less(a, b),
});

/** Mask: 1 where a < b, else 0. */
export function less(a: Operand, b: Operand): Value {
  return bind(lessPrimitive, alike(a, b));
}

const selectPrimitive = define({
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
});

/** a where `mask` is not 0, else b. */
export function select(mask: Value, a: Operand, b: Operand): Value {
  return bind(selectPrimitive, alike(mask, a, b));
}

// ---------------------------------------------------------------- time

const afterPrimitive = define({
  name: "after",
  jvp: ([dx], _inputs, _y, start) => of(dx, (dx) => after(dx, start)),
  transpose: (ct, _inputs, _isLinear, start) => [after(ct, start)],
});

/** x with zeros in place of the samples before `start`. */
export function after(x: Value, start: number): Value {
  return bind(afterPrimitive, [x], start);
}

/** Sum over the batch of the first sample of x. */
export function first(x: Value): Value {
  return sum(subtract(x, after(x, 1)));
}

const delayPrimitive = define({
  name: "delay",
  jvp: ([dx, ds], [x, s]) =>
    dx === null && ds === null
      ? null
      : delay(materialise(dx, x.shape), materialise(ds, s.shape)),
  transpose: (ct, _inputs, [ofX, ofStart]) => [
    ofX ? advance(ct) : null,
    ofStart ? first(ct) : null,
  ],
});

/** x[n − 1], and `start`, a scalar, at the first sample. */
export function delay(x: Value, start: Operand = 0): Value {
  return bind(delayPrimitive, [x, asValue(start)]);
}

const advancePrimitive = define({
  name: "advance",
  jvp: ([dx]) => of(dx, advance),
  transpose: (ct) => [delay(ct)],
});

/** x[n + 1], zero at the end. */
export function advance(x: Value): Value {
  return bind(advancePrimitive, [x]);
}
