/**
 * The one harness for models: what must hold of any, whatever it computes. It is
 * run over every preset and over combinations, and is meant for new models too.
 *
 * @module
 */

import assert from "node:assert/strict";
import { openCompiledEngine } from "../lib/engines/compiled/compiled_engine.ts";
import { openModel } from "../lib/engines/compiled/stream.ts";
import type { Evaluation } from "../lib/objective/evaluation.ts";
import {
  type Model,
  type Parameter,
  type Values,
  valuesOf,
  vectorOf,
} from "../lib/models/model.ts";
import { chunk, type ChunkedPair } from "../lib/sound/chunks.ts";
import { createRandom } from "../lib/base/random.ts";
import { relativeDeviation } from "./close.ts";

/** Rate of what models are checked on, in Hz. */
export const CHECK_RATE = 44100;

/** d(parameter)/d(coordinate): what makes derivatives alike in size. */
export function scaleOf({ scale }: Parameter, value: number): number {
  switch (scale) {
    case "log":
      return value;
    case "log-above-one":
      return value - 1;
    case "logit":
      return value * (1 - value);
    case "linear":
      return 1;
  }
}

/** A gradient and a Hessian, scaled as MATH 7 compares them. */
function scaled({ gradient, hessian }: Evaluation, scale: ArrayLike<number>) {
  const size = scale.length;
  return {
    gradient: gradient!.map((value, i) => value * scale[i]),
    hessian: hessian!.map((value, at) =>
      value * scale[Math.floor(at / size)] * scale[at % size]
    ),
  };
}

/** How far `actual` is from `expected`, by `model` at `values`. */
export function deviations(
  model: Model,
  values: Values,
  actual: Evaluation,
  expected: Evaluation,
) {
  const size = model.parameters.length;
  const scale = model.parameters.map((parameter) =>
    scaleOf(parameter, values[parameter.name])
  );
  const [one, other] = [scaled(actual, scale), scaled(expected, scale)];
  const largest = Array.from(
    { length: size },
    (_, i) =>
      Math.max(
        ...other.hessian.subarray(size * i, size * (i + 1)).map(Math.abs),
      ),
  );
  const whole = Math.max(...largest);
  let entry = 0;
  let matrix = 0;
  other.hessian.forEach((value, at) => {
    const distance = Math.abs(one.hessian[at] - value);
    assert(!Number.isNaN(distance), `${model.name}: entry ${at} is no number`);
    const [i, j] = [Math.floor(at / size), at % size];
    entry = Math.max(entry, distance / Math.min(largest[i], largest[j]));
    matrix = Math.max(matrix, distance / whole);
  });
  return {
    loss: relativeDeviation([actual.loss], [expected.loss]),
    gradient: relativeDeviation(one.gradient, other.gradient),
    /** Each entry against the largest of its row or column, the smaller one. */
    entry,
    /** Each entry against the largest of all. */
    matrix,
  };
}

/** Noise whose level jumps, and a distorted copy: every branch is taken. */
export function checkPair(seed: number): ChunkedPair {
  const random = createRandom(seed);
  const length = 6000;
  const dry = new Float32Array(length);
  const wet = new Float32Array(length);
  let level = 0;
  for (let n = 0; n < length; n++) {
    if (n % 500 === 0) level = random.logUniform(3e-3, 1);
    dry[n] = level * random.uniform(-1, 1);
    wet[n] = 0.4 * dry[n] / (1 + Math.abs(dry[n]));
  }
  return chunk({ dry, wet, sampleRate: CHECK_RATE }, {
    chunkSeconds: 1800 / CHECK_RATE,
    overlapSeconds: 300 / CHECK_RATE,
  });
}

/** Asserts what must hold of `model`, at `values` that its maths is smooth at. */
export async function checkModel(
  model: Model,
  values: Values,
  seed = 1,
): Promise<void> {
  const pair = checkPair(seed);
  const { name, parameters } = model;
  const at = vectorOf(model, values);
  const double = await openCompiledEngine(pair, model, { precision: "double" });
  const single = await openCompiledEngine(pair, model);
  try {
    // The orders agree, and derivatives are those of the loss.
    const exact = await double.evaluate(at, 2);
    for (const order of [0, 1] as const) {
      const lower = await double.evaluate(at, order);
      assert(
        relativeDeviation([lower.loss], [exact.loss]) < 1e-12,
        `${name}: loss at order ${order}`,
      );
    }
    for (const [i, parameter] of parameters.entries()) {
      const scale = scaleOf(parameter, at[i]);
      const h = 1e-6 * Math.abs(scale);
      const moved = (by: number) => at.map((p, j) => j === i ? p + by : p);
      const [up, down] = [
        await double.evaluate(moved(h), 1),
        await double.evaluate(moved(-h), 1),
      ];
      const slope = (up.loss - down.loss) / (2 * h) * scale;
      const size = Math.max(
        ...exact.gradient!.map((value, j) =>
          Math.abs(value * scaleOf(parameters[j], at[j]))
        ),
      );
      assert(
        Math.abs(slope - exact.gradient![i] * scale) < 2e-5 * size,
        `${name}: ∂/∂${parameter.name} is ${
          exact.gradient![i]
        }, by differences ${slope / scale}`,
      );
      const bend = up.gradient!.map((value, j) =>
        (value - down.gradient![j]) / (2 * h) * scale *
        scaleOf(parameters[j], at[j])
      );
      const row = exact.hessian!.subarray(
        parameters.length * i,
        parameters.length * (i + 1),
      ).map((value, j) => value * scale * scaleOf(parameters[j], at[j]));
      const off = relativeDeviation(row, bend);
      assert(off < 1e-3, `${name}: row ${parameter.name} is off by ${off}`);
    }
    // Single precision meets double.
    const fast = await single.evaluate(at, 2);
    const off = deviations(model, values, fast, exact);
    assert(off.loss < 1e-5, `${name}: loss in single off by ${off.loss}`);
    assert(off.gradient < 1e-4, `${name}: gradient off by ${off.gradient}`);
    assert(off.matrix < 1e-3, `${name}: Hessian off by ${off.matrix}`);
  } finally {
    await double.close();
    await single.close();
  }

  // A stream is the same whatever its blocks are, and equal to double precision.
  const { dry } = pair;
  const whole = new Float32Array(dry.length);
  openModel(model, values, CHECK_RATE).process(dry, whole);
  const pieces = new Float32Array(dry.length);
  const stream = openModel(model, values, CHECK_RATE);
  const random = createRandom(seed);
  for (let from = 0; from < dry.length;) {
    const to = Math.min(dry.length, from + random.integer(1, 900));
    stream.process(dry.subarray(from, to), pieces.subarray(from, to));
    from = to;
  }
  assert.deepEqual(pieces, whole, `${name}: blocks`);
  const exact = new Float64Array(dry.length);
  openModel(model, values, CHECK_RATE, { precision: "double" })
    .process(dry, exact);
  const off = relativeDeviation(whole, exact);
  assert(off < 2e-6, `${name}: the stream is off by ${off}`);
}

/** Asserts that the loss is a number at the ends of the ranges, one at a time. */
export async function checkEnds(model: Model, values: Values): Promise<void> {
  const engine = await openCompiledEngine(checkPair(2), model);
  try {
    for (const { name, range, scale } of model.parameters) {
      for (const end of range) {
        if (!Number.isFinite(end)) continue;
        // A share ends where its logit does.
        const value = scale === "logit" ? Math.abs(end - 1e-3) : end;
        const at = vectorOf(model, { ...values, [name]: value });
        const { loss, gradient, hessian } = await engine.evaluate(at, 2);
        const all = [loss, ...gradient!, ...hessian!];
        assert(
          all.every(Number.isFinite),
          `${model.name} with ${name} ${value}: ${
            JSON.stringify(valuesOf(model, gradient!))
          }`,
        );
      }
    }
  } finally {
    await engine.close();
  }
}
