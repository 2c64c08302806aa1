import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import {
  importNative,
  useBackend,
} from "../lib/frameworks/tensorflow/backend.ts";
import type { TensorflowBackend } from "../lib/frameworks/tensorflow/names.ts";
import { openTensorflowHessian } from "../lib/frameworks/tensorflow/compressor.ts";
import { byteCounter } from "../lib/frameworks/tensorflow/memory.ts";
import {
  exponential,
  type Operation,
  plus,
  scale,
  spread,
  square,
  times,
  total,
} from "../lib/frameworks/tensorflow/operations.ts";
import {
  advance,
  delay,
  recurrence,
  registerRecurrence,
} from "../lib/frameworks/tensorflow/recurrence.ts";
import type { ChunkedPair } from "../lib/sound/chunks.ts";
import { objectiveOf } from "../lib/objective/objective.ts";
import { publishedCoordinates } from "../lib/objective/coordinates.ts";
import { createRandom } from "../lib/base/random.ts";
import { goldenPair, peakCases } from "./golden_signal.ts";
import { assertClose } from "./close.ts";
import { openOracle } from "./oracle.ts";

/** Backends that every machine has. */
const BACKENDS: TensorflowBackend[] = ["cpu", "wasm"];

/** A backend that computes as `cpu` does, without kernels of ours. */
const BARE = "cpu-without-our-kernels";

/** Makes {@linkcode BARE} the backend. */
async function useBareBackend(): Promise<void> {
  await useBackend("cpu");
  if (tf.findBackend(BARE) === null) {
    const cpu = tf.backend();
    tf.registerBackend(
      BARE,
      () => new (cpu.constructor as new () => tf.KernelBackend)(),
    );
    tf.copyRegisteredKernels("cpu", BARE);
    tf.unregisterKernel("LinearRecurrence", BARE);
    registerRecurrence(BARE);
  }
  await tf.setBackend(BARE);
}

const use = (name: string) =>
  name === BARE ? useBareBackend() : useBackend(name as TensorflowBackend);

/** Chunks of the golden signal, shortened. */
function shortened(pair: ChunkedPair, chunks: number, length: number) {
  return {
    ...pair,
    starts: pair.starts.slice(0, chunks),
    chunkLength: length,
    warmUp: Math.floor(length / 8),
  };
}

for (const name of [...BACKENDS, BARE]) {
  Deno.test(`recurrence() is what it is defined as, and so is its transpose (${name})`, async () => {
    await use(name);
    await fc.assert(
      fc.asyncProperty(
        fc.integer(),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 40 }),
        async (seed, batch, length) => {
          const random = createRandom(seed);
          const draw = (low: number, high: number) =>
            Float32Array.from(
              { length: batch * length },
              () => random.uniform(low, high),
            );
          const [leak, u] = [draw(0.01, 0.9), draw(-1, 1)];
          const forward = new Float64Array(u.length);
          const backward = new Float64Array(u.length);
          for (let row = 0; row < u.length; row += length) {
            for (let n = 0; n < length; n++) {
              const i = row + n;
              forward[i] = u[i] + (n > 0 ? (1 - leak[i]) * forward[i - 1] : 0);
            }
            for (let n = length - 1; n >= 0; n--) {
              const i = row + n;
              backward[i] = u[i] +
                (n < length - 1 ? (1 - leak[i + 1]) * backward[i + 1] : 0);
            }
          }
          const tensor = (x: Float32Array) => tf.tensor2d(x, [batch, length]);
          assertClose(
            await recurrence(tensor(leak), tensor(u)).data(),
            forward,
            1e-6,
          );
          assertClose(
            await recurrence(tensor(leak), tensor(u), true).data(),
            backward,
            1e-6,
          );
        },
      ),
      { numRuns: 15 },
    );
  });
}

/** Functions of one scalar through every operation, at t = 0 for x, w random. */
const curves: [
  string,
  (t: tf.Tensor, x: tf.Tensor, w: tf.Tensor) => tf.Tensor,
][] = [
  ["recurrence, driven", (t, x, w) => recurrence(w, scale(exponential(t), x))],
  ["recurrence, leaking", (t, x, w) => recurrence(scale(exponential(t), w), x)],
  [
    "recurrence backward",
    (t, x, w) => recurrence(scale(exponential(t), w), x, true),
  ],
  ["delay", (t, x) => delay(exponential(scale(t, x)))],
  ["advance", (t, x) => advance(exponential(scale(t, x)))],
  ["exponential", (t, x) => exponential(scale(t, x))],
  ["square", (t, x) => square(spread(t, x))],
  ["times", (t, x, w) => times(square(spread(t, x)), w)],
  ["plus", (t, x, w) => plus(square(spread(t, x)), w)],
  ["total", (t, x) => scale(total(exponential(scale(t, x))), x)],
];

for (const [name, f] of curves) {
  Deno.test(`second derivative through ${name} meets finite differences`, async () => {
    await useBackend("cpu");
    const random = createRandom(name);
    const draw = (low: number, high: number) =>
      tf.tensor2d(
        Float32Array.from({ length: 14 }, () => random.uniform(low, high)),
        [2, 7],
      );
    const [x, w, weight] = [draw(-1, 1), draw(0.1, 0.5), draw(0.5, 1)];
    const value = (t: tf.Tensor) => total(times(square(f(t, x, w)), weight));
    const slope = tf.grad(value);
    const bend = tf.grad(slope);
    const at = async (g: Operation, t: number) =>
      (await g(tf.scalar(t)).data())[0];
    const h = 0.01;
    const slopeExpected = (8 * (await at(value, h) - await at(value, -h)) -
      (await at(value, 2 * h) - await at(value, -2 * h))) / (12 * h);
    const bendExpected = (8 * (await at(slope, h) - await at(slope, -h)) -
      (await at(slope, 2 * h) - await at(slope, -2 * h))) / (12 * h);
    assertClose([await at(slope, 0)], [slopeExpected], 1e-3);
    assertClose([await at(bend, 0)], [bendExpected], 1e-3);
  });
}

Deno.test("tf.exp() loses second derivatives, which is why exponential() is ours", async () => {
  await useBackend("cpu");
  const bendOf = async (f: Operation) =>
    (await tf.grad(tf.grad(f))(tf.scalar(0)).data())[0];
  assert.equal(await bendOf((x) => square(exponential(x))), 4);
  assert.notEqual(await bendOf((x) => square(tf.exp(x))), 4);
});

Deno.test("openTensorflowHessian() meets the golden Hessians to 1e-4 (wasm)", async () => {
  await useBackend("wasm");
  for (const golden of peakCases) {
    const hessian = openTensorflowHessian(goldenPair(golden));
    const { logits, hessian: expected } = golden.evaluations.at(-1)!;
    assertClose(await hessian.evaluate(logits), expected.flat(), 1e-4);
    hessian.close();
  }
});

const adapter = await navigator.gpu?.requestAdapter();
const isRequired = Deno.env.get("OPTOFIT_REQUIRE_GPU") === "1";
const hasWebGpu = adapter != null || isRequired;
if (!hasWebGpu) {
  console.log(
    "skipped: the backend webgpu of TensorFlow.js (no adapter: install a GPU driver, or Debian's mesa-vulkan-drivers)",
  );
}

// These are slow: less of the signal, against the engine in double precision.
for (const name of ["cpu", BARE, ...(hasWebGpu ? ["webgpu"] : [])]) {
  Deno.test(`openTensorflowHessian() meets the double-precision engine to 1e-4 (${name})`, async () => {
    await use(name);
    const length = name === BARE ? 500 : 1500;
    const pair = shortened(goldenPair(peakCases[1]), 2, length);
    const { logits } = peakCases[1].evaluations[0];
    const engine = openOracle(pair);
    const objective = objectiveOf(
      engine,
      publishedCoordinates(pair.sampleRate),
    );
    const expected = await objective.evaluate(Float64Array.from(logits), 2);
    const hessian = openTensorflowHessian(pair);
    assertClose(await hessian.evaluate(logits), expected.hessian!, 1e-4);
    hessian.close();
    await engine.close();
  });
}

Deno.test("openTensorflowHessian() gives back all tensors, and counts the most it held", async () => {
  const pair = shortened(goldenPair(peakCases[1]), 2, 1000);
  await useBackend("wasm");
  const before = tf.memory().numTensors;
  const hessian = openTensorflowHessian(pair);
  const data = hessian.peakBytes;
  await hessian.evaluate(peakCases[1].evaluations[0].logits);
  // Four signals of data, and more than as many again on the way.
  assert(data >= 4 * 8000 && hessian.peakBytes > 2 * data);
  hessian.close();
  assert.equal(tf.memory().numTensors, before);
});

Deno.test("byteCounter() counts a shared buffer once", async () => {
  await useBackend("cpu");
  const counter = byteCounter();
  counter.reset();
  const before = counter.peak;
  const x = tf.zeros([1000]);
  const shared = [tf.clone(x), tf.reshape(x, [10, 100])];
  assert.equal(counter.peak - before, 4000);
  tf.dispose([x, ...shared]);
  const y = tf.zeros([1000]);
  assert.equal(counter.peak - before, 4000);
  y.dispose();
});

Deno.test("importNative() says how to install what it needs", async () => {
  await assert.rejects(
    importNative(() =>
      Promise.reject(new Error("tfjs_binding.node not found"))
    ),
    /tfjs_binding\.node not found.*deno install .*tfjs-node-gpu/,
  );
});
