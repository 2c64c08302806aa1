/**
 * Function transforms: forward mode, reverse mode, and what is made of them.
 *
 * For f: x ↦ y with Jacobian J,
 *
 *     jvp(f, x, ẋ) = [y, J ẋ]          the derivative along a direction
 *     vjp(f, x) = [y, ȳ ↦ Jᵀ ȳ]        the derivative's transpose
 *
 * Forward mode runs f on pairs (primal, tangent). Reverse mode has no rules of its
 * own beyond transposition: it is forward mode run on a tangent that is not known
 * yet, which leaves a tape of linear steps, and that tape read backwards (Radul et
 * al., "You Only Linearize Once", POPL 2023). What both compute is made of the
 * same primitives, so they apply to each other's results, in any order.
 *
 * @module
 */

import { addTangents, materialise } from "./primitives.ts";
import { constant } from "./program.ts";
import { primalAt, tangentAt } from "./bind.ts";
import type { Linear, Tangent, Value } from "./value.ts";

/** A function of values. */
export type ValueFunction = (...inputs: Value[]) => Value[];

/** The linear map ȳ ↦ Jᵀ ȳ. */
export type Pullback = (...cotangents: Tangent[]) => Value[];

/** Level of the innermost transform that is running. */
let innermost = 0;

/** Runs `body` one level further in. */
function atNewLevel<T>(body: (level: number) => T): T {
  innermost++;
  try {
    return body(innermost);
  } finally {
    innermost--;
  }
}

/**
 * f(`primals`) and its derivative along `tangents`, of which `null` is a zero.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { prepare } from "./executable.ts";
 * import { multiply } from "./primitives.ts";
 * import { constant, trace } from "./program.ts";
 *
 * const square: ValueFunction = (x) => [multiply(x, x)];
 * const slope = trace(1, 0, ([x]) => jvp(square, [x], [constant(1)])[1]);
 * const ready = await prepare(slope, { batch: 1, length: 1 });
 * assert.deepEqual([...ready.run([3])], [6]);
 * ```
 */
export function jvp(
  f: ValueFunction,
  primals: Value[],
  tangents: Tangent[],
): [outputs: Value[], tangents: Value[]] {
  const [outputs, outputTangents] = pushForward(f, primals, tangents);
  return [
    outputs,
    outputTangents.map((tangent, i) => materialise(tangent, outputs[i].shape)),
  ];
}

/** As {@linkcode jvp}, with zeros among the results left as they are. */
export function pushForward(
  f: ValueFunction,
  primals: Value[],
  tangents: Tangent[],
): [Value[], Tangent[]] {
  return atNewLevel((level) => {
    const outputs = f(...primals.map((primal, i): Value => ({
      kind: "dual",
      level,
      shape: primal.shape,
      primal,
      tangent: tangents[i],
    })));
    return [
      outputs.map((output) => primalAt(level, output)),
      outputs.map((output) => tangentAt(level, output)),
    ];
  });
}

/**
 * f(`primals`) and the transpose of its derivative there.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { prepare } from "./executable.ts";
 * import { multiply } from "./primitives.ts";
 * import { constant, trace } from "./program.ts";
 *
 * const product: ValueFunction = (x, y) => [multiply(x, y)];
 * const slopes = trace(2, 0, ([x, y]) => {
 *   const [, pullback] = vjp(product, x, y);
 *   return pullback(constant(1));
 * });
 * const ready = await prepare(slopes, { batch: 1, length: 1 });
 * assert.deepEqual([...ready.run([3, 5])], [5, 3]);
 * ```
 */
export function vjp(
  f: ValueFunction,
  ...primals: Value[]
): [outputs: Value[], pullback: Pullback] {
  const tape: Linear[] = [];
  const [outputs, outputTangents] = atNewLevel((level) => {
    for (const { shape } of primals) {
      tape.push({
        kind: "linear",
        level,
        shape,
        tape,
        primitive: null,
        inputs: [],
        parameter: 0,
      });
    }
    return pushForward(f, primals, tape.slice());
  });
  const pullback: Pullback = (...cotangents) => {
    const known = new Map<Tangent, Value>();
    const accumulate = (value: Tangent, cotangent: Tangent) => {
      const sum = addTangents(known.get(value) ?? null, cotangent);
      if (sum) known.set(value, sum);
    };
    outputTangents.forEach((output, i) => accumulate(output, cotangents[i]));
    for (const step of tape.toReversed()) {
      const cotangent = known.get(step);
      if (cotangent === undefined || step.primitive === null) continue;
      transposed(step, cotangent).forEach((cotangent, i) =>
        accumulate(step.inputs[i], cotangent)
      );
    }
    return primals.map(({ shape }, i) =>
      materialise(known.get(tape[i]) ?? null, shape)
    );
  };
  return [outputs, pullback];
}

/** Cotangents of the inputs of `step`; `null` for those that are constant. */
function transposed(step: Linear, cotangent: Value): Tangent[] {
  const { primitive, inputs, tape, parameter } = step;
  if (!primitive?.transpose) {
    throw new Error(`${primitive?.name} is not linear: it has no transpose`);
  }
  const isLinear = inputs.map((v) => v.kind === "linear" && v.tape === tape);
  return primitive.transpose(cotangent, inputs, isLinear, parameter)
    .map((cotangent, i) => isLinear[i] ? cotangent : null);
}

/** The basis vector e_i of ℝⁿ, its zeros symbolic. */
export function basis(i: number, size: number): Tangent[] {
  return Array.from({ length: size }, (_, j) => j === i ? constant(1) : null);
}

/** Jacobian of `f`, a function of scalars, a column for each direction. */
export function jacobianForward(
  f: ValueFunction,
): (...x: Value[]) => Value[][] {
  return (...x) => {
    const columns = x.map((_, i) => jvp(f, x, basis(i, x.length))[1]);
    return columns[0].map((_, row) => columns.map((column) => column[row]));
  };
}

/** Jacobian of `f`, a function to scalars, a row for each result. */
export function jacobianReverse(
  f: ValueFunction,
): (...x: Value[]) => Value[][] {
  return (...x) => {
    const [y, pullback] = vjp(f, ...x);
    return y.map((_, i) => pullback(...basis(i, y.length)));
  };
}
