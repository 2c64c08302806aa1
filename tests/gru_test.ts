import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import fc from "fast-check";
import { useBackend } from "../lib/frameworks/tensorflow/backend.ts";
import { adamAtStart, adamStep } from "../lib/optimise/adam_step.ts";
import { LONGEST_WINDOW, openGruBatch } from "../lib/gru/batch.ts";
import { forward, lossAndGradient, sequenceAtRest } from "../lib/gru/gru.ts";
import { createCompressorWithGru, createGru } from "../lib/gru/processor.ts";
import { settle, withSilence } from "../lib/gru/silence.ts";
import { type Checkpoint, isDone, trainGru } from "../lib/gru/train.ts";
import {
  DENSE,
  HIDDEN,
  initialWeights,
  OFFSET,
  RECURRENT,
  tensorsOf,
  WEIGHT_COUNT,
  weightsFromJson,
  weightsOf,
  weightsToJson,
} from "../lib/gru/weights.ts";
import { createFastCompressor } from "../lib/compressor/render.ts";
import { createRandom } from "../lib/base/random.ts";
import { assertClose } from "./close.ts";

/** Weights with which every part of the network matters, float32 each. */
function someWeights(seed: number): Float64Array {
  const weights = initialWeights(seed, 0.25);
  const random = createRandom(`${seed}/dense`);
  for (let i = DENSE; i < OFFSET; i++) weights[i] = random.uniform(-0.5, 0.5);
  return weights.map((weight, i) =>
    Math.fround(i === OFFSET ? 0.01 : 1.7 * weight)
  );
}

/** A sound with some life in it, float32. */
function someSound(seed: number, length: number): Float32Array {
  const random = createRandom(`${seed}/sound`);
  const [slow, fast] = [random.uniform(0.01, 0.05), random.uniform(0.1, 0.5)];
  return Float32Array.from(
    { length },
    (_, n) =>
      0.5 * Math.sin(slow * n) * Math.sin(fast * n) +
      0.1 * random.uniform(-1, 1),
  );
}

/** What the network is to make of a sound: it distorts. */
function distorted(sound: Float32Array): Float32Array {
  return sound.map((x) => Math.tanh(2 * x) / 2);
}

Deno.test("lossAndGradient agrees with finite differences in double precision", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1000 }),
      fc.integer({ min: 1, max: 60 }),
      fc.double({ min: 0.01, max: 10, noNaN: true }),
      (seed, length, scale) => {
        const weights = someWeights(seed);
        const input = someSound(seed, 2 * length);
        const target = distorted(input);
        // The second of two windows, so that states come in from the first.
        const before = sequenceAtRest();
        const half = (sound: Float32Array, i: number) =>
          sound.subarray(i * length, (i + 1) * length);
        lossAndGradient(
          weights,
          half(input, 0),
          half(target, 0),
          scale,
          before,
        );
        const at = (weights: Float64Array) =>
          lossAndGradient(
            weights,
            half(input, 1),
            half(target, 1),
            scale,
            structuredClone(before),
          );
        const { gradient } = at(weights);
        const numeric = gradient.map((_, i) => {
          const step = 1e-5;
          const moved = (by: number) => {
            const other = weights.slice();
            other[i] += by;
            return at(other).loss;
          };
          return (moved(step) - moved(-step)) / (2 * step);
        });
        assertClose(gradient, numeric, 1e-6);
      },
    ),
    { numRuns: 12 },
  );
});

Deno.test("openGruBatch computes loss and gradient as the double-precision network does, states carried", async () => {
  const length = 2000;
  const edges = [0, 700, 1500, 2000];
  // Seven sequences: the second group of four has a lane without one.
  const sequences = Array.from({ length: 7 }, (_, s) => someSound(s, length));
  const scales = Float64Array.from(
    sequences,
    (_, s) => Math.fround((s + 1) / length),
  );
  const weights = someWeights(1);
  const batch = await openGruBatch(sequences.length, length);
  try {
    sequences.forEach((sound, s) => {
      batch.inputs[s].set(sound);
      batch.targets[s].set(distorted(sound));
    });
    const states = sequences.map(sequenceAtRest);
    const losses: number[] = [];
    for (let w = 0; w + 1 < edges.length; w++) {
      const [from, to] = edges.slice(w, w + 2);
      const found = await batch.gradient(weights, from, to, scales);
      const gradient = new Float64Array(WEIGHT_COUNT);
      let loss = 0;
      sequences.forEach((sound, s) => {
        const truth = lossAndGradient(
          weights,
          sound.subarray(from, to),
          distorted(sound).subarray(from, to),
          scales[s],
          states[s],
        );
        loss += truth.loss;
        truth.gradient.forEach((g, i) => gradient[i] += g);
      });
      assert(Math.abs(found.loss / loss - 1) < 2e-6, `${found.loss} ${loss}`);
      assertClose(found.gradient, gradient, 5e-6);
      losses.push(found.loss);
    }
    // The pass forwards alone, from the start again.
    batch.rewind();
    for (const [w, loss] of losses.entries()) {
      assert.equal(
        await batch.loss(weights, edges[w], edges[w + 1], scales),
        loss,
      );
    }
  } finally {
    batch.close();
  }
});

Deno.test("openGruBatch gives the same bits on one thread as on two", async () => {
  const results: number[][] = [];
  for (const threads of [1, 2]) {
    const batch = await openGruBatch(9, 600, { threads });
    try {
      batch.inputs.forEach((row, s) => row.set(someSound(s, 600)));
      batch.targets.forEach((row, s) => row.set(distorted(batch.inputs[s])));
      const { loss, gradient } = await batch.gradient(
        someWeights(3),
        0,
        600,
        new Float64Array(9).fill(1),
      );
      results.push([loss, ...gradient]);
    } finally {
      batch.close();
    }
  }
  assert.deepEqual(results[0], results[1]);
});

Deno.test("openGruBatch takes the longest window and refuses others with the limits", async () => {
  const batch = await openGruBatch(1, LONGEST_WINDOW + 1);
  try {
    batch.inputs[0].set(someSound(1, LONGEST_WINDOW + 1));
    const run = (from: number, to: number) =>
      batch.gradient(someWeights(1), from, to, Float64Array.of(1));
    const { gradient } = await run(0, LONGEST_WINDOW);
    assert(gradient.every(Number.isFinite));
    for (
      const [from, to] of [
        [0, LONGEST_WINDOW + 1],
        [5, 5],
        [-1, 4],
        [10, LONGEST_WINDOW + 2],
      ]
    ) {
      await assert.rejects(run(from, to), /window from sample/);
    }
  } finally {
    batch.close();
  }
});

Deno.test("TensorFlow.js's gru and dense layers with the exported weights give the same output and gradients", async () => {
  await useBackend("cpu");
  const weights = someWeights(5);
  const length = 40;
  const sound = someSound(5, length);
  const target = distorted(sound);

  const input = layers.input({ shape: [length, 1] });
  const gru = layers.layers.gru({
    units: HIDDEN,
    recurrentActivation: "sigmoid",
    recurrentInitializer: "zeros",
    returnSequences: true,
  });
  const dense = layers.layers.dense({ units: 1 });
  const model = layers.model({
    inputs: input,
    outputs: dense.apply(gru.apply(input)) as layers.SymbolicTensor,
  });
  model.setWeights(
    tensorsOf(weights).map(({ values, shape }) => tf.tensor(values, shape)),
  );
  const x = tf.tensor(sound, [1, length, 1]);
  const output = tf.add(x, model.apply(x) as tf.Tensor);
  assertClose(await output.data(), forward(weights, sound), 1e-6);

  // Σ F(y − target)², the filter written out as a matrix.
  const filter = tf.tensor2d(
    Array.from(
      { length },
      (_, n) =>
        Array.from(
          { length },
          (_, m) =>
            n < m ? 0 : n === m ? 1 : 0.995 ** (n - m) - 0.995 ** (n - m - 1),
        ),
    ),
  );
  const { grads } = tf.variableGrads(() => {
    const y = tf.add(x, model.apply(x) as tf.Tensor);
    const error = tf.reshape(
      tf.sub(y, tf.tensor(target, [1, length, 1])),
      [length, 1],
    );
    return tf.sum(tf.square(tf.matMul(filter, error))) as tf.Scalar;
  });
  // Its gradients come by name, in the order of its weights.
  const imported = weightsOf(
    model.trainableWeights.map((variable, i) => {
      const { name, shape } = tensorsOf(weights)[i];
      const found = grads[variable.name] ??
        grads[Object.keys(grads).find((key) => key.includes(variable.name))!];
      return { name, shape, values: [...found.dataSync()] };
    }),
    "TensorFlow.js",
  );
  const { gradient } = lossAndGradient(
    weights,
    sound,
    target,
    1,
    sequenceAtRest(),
  );
  assertClose(imported, gradient, 2e-6);
});

Deno.test("weightsFromJson reads what weightsToJson writes, and says what is wrong with other files", () => {
  const weights = someWeights(2);
  assert.deepEqual(
    weightsFromJson(weightsToJson(weights, "a test"), "file"),
    weights,
  );
  const tensors = tensorsOf(weights);
  assert.throws(
    () => weightsOf(tensors.slice(1), "w.json"),
    /w\.json: the tensor gru\/kernel is missing/,
  );
  const wide = tensors.map((tensor) =>
    tensor.name === "gru/bias" ? { ...tensor, shape: [48] } : tensor
  );
  assert.throws(() => weightsOf(wide, "w.json"), /gru\/bias has the shape/);
  assert.throws(() => weightsFromJson("{}", "w.json"), /w\.json/);
  // The documented place of U[j][i].
  assert.equal(tensors[1].values[24 * 3 + 5], weights[RECURRENT + 24 * 3 + 5]);
});

Deno.test("createGru streams what the double-precision network computes, in any blocks", () => {
  const weights = someWeights(7);
  const sound = someSound(7, 10_000);
  const truth = forward(weights, sound, settle(weights));
  const whole = new Float32Array(sound.length);
  createGru(weights).process(sound, whole);
  // Units that remember 32 000 samples gather that many roundings.
  assertClose(whole, truth, 1e-5);

  const parts = new Float32Array(sound.length);
  const gru = createGru(weights);
  for (const [from, to] of [[0, 1], [1, 5000], [5000, 9999], [9999, 10_000]]) {
    gru.process(sound.subarray(from, to), parts.subarray(from, to));
  }
  assert.deepEqual(parts, whole);
});

Deno.test("createCompressorWithGru leaves the make-up out and writes over its input", () => {
  const parameters = {
    threshold_db: -30,
    ratio: 4,
    attack_ms: 2,
    release_ms: 100,
    make_up_db: 12,
  };
  const weights = someWeights(8);
  const sound = someSound(8, 3000);
  const compressed = new Float32Array(sound.length);
  createFastCompressor({ ...parameters, make_up_db: 0 }, 44_100)
    .process(sound, compressed);
  const expected = new Float32Array(sound.length);
  createGru(weights).process(compressed, expected);
  createCompressorWithGru(parameters, weights, 44_100).process(sound, sound);
  assert.deepEqual(sound, expected);
});

Deno.test("withSilence makes silence of silence, and changes nothing else", () => {
  const weights = someWeights(9);
  const centred = withSilence(weights);
  assert.deepEqual(centred.subarray(0, OFFSET), weights.subarray(0, OFFSET));
  const output = forward(
    centred,
    new Float32Array(100),
    settle(centred),
  );
  assert(output.every((y) => Math.abs(y) < 1e-7), `${output[0]}`);
});

Deno.test("adamStep moves by the learning rate first, and to the minimum of a parabola", () => {
  const weights = Float64Array.of(1, -2, 5);
  const state = adamAtStart(3);
  adamStep(weights, Float64Array.of(3, -1e-3, 0), state, 0.1);
  assertClose(weights, [0.9, -1.9, 5], 1e-5);

  // By hand: second step with gradients 1 then 3.
  const one = Float64Array.of(0);
  const hand = adamAtStart(1);
  adamStep(one, Float64Array.of(1), hand, 1);
  adamStep(one, Float64Array.of(3), hand, 1);
  const mean = (0.9 * 0.1 + 0.1 * 3) / (1 - 0.9 ** 2);
  const square = (0.999 * 0.001 + 0.001 * 9) / (1 - 0.999 ** 2);
  assert(Math.abs(one[0] + 1 + mean / Math.sqrt(square)) < 1e-7, `${one[0]}`);

  const valley = Float64Array.of(4, -3);
  const descent = adamAtStart(2);
  for (let i = 0; i < 2000; i++) {
    adamStep(
      valley,
      Float64Array.of(2 * (valley[0] - 1), 20 * (valley[1] - 2)),
      descent,
      0.01,
    );
  }
  assertClose(valley, [1, 2], 1e-3);
});

/** A small task that a network of this kind can do: undo a distortion. */
async function smallTask() {
  const [trainLength, validationLength] = [6000, 2000];
  const length = trainLength + validationLength;
  const batch = await openGruBatch(3, length);
  batch.inputs.forEach((row, s) => row.set(someSound(s + 20, length)));
  batch.targets.forEach((row, s) => row.set(distorted(batch.inputs[s])));
  return {
    batch,
    options: {
      trainLength,
      validationLength,
      window: 500,
      learningRate: 0.02,
      averaging: 0.8,
      epochs: 25,
      patience: 25,
      seed: 1,
    },
  };
}

Deno.test("trainGru at least halves the error of a distortion on sound that it was not trained on", async () => {
  const { batch, options } = await smallTask();
  try {
    const { epochs, bestEpoch, weights } = await trainGru(batch, options);
    assert.equal(epochs.length, 26);
    assert(
      epochs[bestEpoch].validationEsr < 0.5 * epochs[0].validationEsr,
      `${epochs[0].validationEsr} to ${epochs[bestEpoch].validationEsr}`,
    );
    const best = Math.min(...epochs.map(({ validationEsr }) => validationEsr));
    assert.equal(epochs[bestEpoch].validationEsr, best);
    assert.equal(weights.length, WEIGHT_COUNT);
  } finally {
    batch.close();
  }
});

Deno.test("trainGru taken up from a checkpoint ends in the same weights, bit for bit", async () => {
  const { batch, options } = await smallTask();
  try {
    const checkpoints: string[] = [];
    const few = { ...options, epochs: 6 };
    const whole = await trainGru(batch, few, {
      onEpoch: (checkpoint) => {
        checkpoints.push(JSON.stringify(checkpoint));
      },
    });
    assert.equal(checkpoints.length, 7);
    const kept: Checkpoint = JSON.parse(checkpoints[3]);
    assert(!isDone(kept, few));
    const resumed = await trainGru(batch, few, { kept });
    assert.deepEqual(resumed.weights, whole.weights);
    assert.deepEqual(
      resumed.epochs.map(({ validationEsr }) => validationEsr),
      whole.epochs.map(({ validationEsr }) => validationEsr),
    );
  } finally {
    batch.close();
  }
});

Deno.test("trainGru stops after as many epochs without gain as patience says, and keeps the best", async () => {
  const { batch, options } = await smallTask();
  try {
    // The targets are the inputs: nothing can be better than the wire.
    batch.targets.forEach((row, s) => row.set(batch.inputs[s]));
    const { bestEpoch, epochs } = await trainGru(batch, {
      ...options,
      patience: 3,
    });
    assert.equal(bestEpoch, 0);
    assert.equal(epochs.length, 4);
    assert.equal(epochs[0].validationEsr, 0);
    batch.targets[1].fill(0);
    await assert.rejects(trainGru(batch, options), /silent/);
    await assert.rejects(
      trainGru(batch, { ...options, trainLength: 400 }),
      /holds no window/,
    );
  } finally {
    batch.close();
  }
});
