import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { createRandom } from "../lib/base/random.ts";
import { useBackend } from "../lib/frameworks/tensorflow/backend.ts";
import { logCosh } from "../lib/signaltrain/errors.ts";
import { type LossName, lossOf, meanLogCosh } from "../lib/signaltrain/loss.ts";
import {
  forward,
  networkInput,
  unpack,
  type Windows,
} from "../lib/signaltrain/network.ts";
import {
  multiplyAdds,
  type NetworkSizes,
  offsetOf,
  parameterCount,
  scaledSizes,
  sizesOf,
  stepFlop,
} from "../lib/signaltrain/sizes.ts";
import { clipped } from "../lib/signaltrain/train.ts";
import {
  endsCount,
  heldCount,
  initialWeights,
  tensorPlaces,
} from "../lib/signaltrain/weights.ts";
import {
  type FullWeights,
  plainForward,
  unfolded,
} from "./signaltrain_oracle.ts";

/** A network that plain loops can run: N of 16, T of 10, OT of 6. */
const SMALL = sizesOf({ frame: 16, hop: 6, input: 42, shrink: 4, knobs: 3 });

/** Windows of noise. */
function noise(sizes: NetworkSizes, count: number, seed: number): Windows {
  const random = createRandom(seed);
  const draw = (length: number, most: number) =>
    Float32Array.from({ length }, () => random.uniform(-most, most));
  return {
    count,
    dry: draw(count * sizes.input, 0.8),
    knobs: draw(count * sizes.knobs, 0.5),
  };
}

/** Weights with every number off its start, biases too. */
function shaken(sizes: NetworkSizes, seed: number): Float32Array {
  const random = createRandom(seed);
  return initialWeights(sizes, seed).map((w) => w + random.normal(0, 0.03));
}

Deno.test("sizes are the published ones: windows, frames and parameters", () => {
  const lean = (input: number, shrink: number) =>
    sizesOf({ frame: 1024, hop: 384, input, shrink, knobs: 4 });
  const expected: [NetworkSizes, number, number, number, number][] = [
    [lean(8192, 4), 25, 9, 2048, 0],
    [lean(4096, 1), 14, 14, 3968, 128],
    [lean(16384, 2), 46, 25, 8192, 128],
    [lean(221184, 27), 579, 25, 8192, 256],
    [scaledSizes(1, 4), 25, 9, 2048, 0],
    [scaledSizes(0.25, 4), 25, 9, 512, 0],
    [scaledSizes(0.125, 4), 25, 9, 256, 0],
    [scaledSizes(0.125, 4, 4), 89, 9, 256, 0],
  ];
  for (const [sizes, frames, outputFrames, output, offset] of expected) {
    assert.deepEqual(
      [sizes.frames, sizes.outputFrames, sizes.output, offsetOf(sizes)],
      [frames, outputFrames, output, offset],
    );
  }
  assert.equal(parameterCount(scaledSizes(1, 4)), 4_211_090);
  assert.equal(parameterCount(scaledSizes(1, 2)), 4_211_026);
  assert.equal(parameterCount(scaledSizes(0.25, 4)), 278_930);
  // Longer windows keep the output, and what is not held is mirrored or unused.
  assert.equal(scaledSizes(0.25, 2, 3).output, 512);
  for (const sizes of [scaledSizes(0.25, 4), SMALL]) {
    const { frame, bins } = sizes;
    assert.equal(
      heldCount(sizes) + 4 * (frame - bins) * frame,
      parameterCount(sizes),
    );
  }
  const { analysis, autoencoders, synthesis } = multiplyAdds(scaledSizes(1, 4));
  const millions = [analysis, autoencoders, synthesis]
    .map((count) => Math.round(count / 1e5) / 10);
  assert.deepEqual(millions, [26.3, 8.3, 9.5]);
  assert(stepFlop(scaledSizes(1, 4), 200) < 53.5e9);
  assert.throws(() => scaledSizes(0.3, 4), /a multiple of 1\/64/);
});

for (const backend of ["cpu", "wasm"] as const) {
  Deno.test(`the network is that of plain loops with all N rows (${backend})`, async () => {
    await useBackend(backend);
    const windows = noise(SMALL, 3, 1);
    const weights = shaken(SMALL, 2);
    const made = tf.tidy(() => {
      const { output, magnitude } = forward(
        unpack(tf.tensor1d(weights), SMALL),
        networkInput(windows, SMALL),
        SMALL,
      );
      return { output: output.dataSync(), magnitude: magnitude.dataSync() };
    });
    const { input, output, bins, knobs, outputFrames } = SMALL;
    for (let b = 0; b < 3; b++) {
      const plain = plainForward(
        unfolded(weights, SMALL),
        windows.dry.subarray(b * input, (b + 1) * input),
        [...windows.knobs.subarray(b * knobs, (b + 1) * knobs)],
        SMALL,
      );
      plain.output.forEach((y, n) =>
        assert(Math.abs(y - made.output[b * output + n]) < 1e-5)
      );
      for (let t = 0; t < outputFrames; t++) {
        plain.magnitude[t].forEach((m, k) =>
          assert(Math.abs(m - made.magnitude[(t * 3 + b) * bins + k]) < 1e-5)
        );
      }
    }
  });

  Deno.test(`without autoencoders, the network begins as ŷ = 2x: s is u where the last frames lie (${backend})`, async () => {
    await useBackend(backend);
    for (
      const sizes of [SMALL, scaledSizes(0.0625, 4), scaledSizes(0.125, 2, 4)]
    ) {
      const windows = noise(sizes, 2, 3);
      const { input, output } = sizes;
      const offset = offsetOf(sizes);
      const made = tf.tidy(() =>
        forward(
          unpack(tf.tensor1d(initialWeights(sizes, 1)), sizes),
          networkInput(windows, sizes),
          sizes,
          { bypass: true },
        ).output.dataSync()
      );
      let worst = 0;
      for (let b = 0; b < 2; b++) {
        for (let n = 0; n < output; n++) {
          const at = (b + 1) * input - output + n;
          const s = (made[b * output + n] - windows.dry[at]) / 2;
          const u = windows.dry[at - offset] / 2;
          worst = Math.max(worst, Math.abs(s - u));
        }
      }
      // The windows add up to 1 wherever the output is: single precision, and the
      // 1e-7 in the phase, are all that is left.
      assert(worst < 1e-6, `${worst}`);
    }
  });
}

/** The loss in double precision, of one window after the other. */
function plainLoss(
  weights: FullWeights,
  { count, dry, knobs }: Windows,
  wet: ArrayLike<number>,
  sizes: NetworkSizes,
  { loss, weighted }: { loss: LossName; weighted: boolean },
): number {
  let [fit, size] = [0, 0];
  for (let b = 0; b < count; b++) {
    const { output, magnitude } = plainForward(
      weights,
      dry.subarray(b * sizes.input, (b + 1) * sizes.input),
      [...knobs.subarray(b * sizes.knobs, (b + 1) * sizes.knobs)],
      sizes,
    );
    output.forEach((y, n) => {
      const e = y - wet[b * sizes.output + n];
      fit += loss === "L1" ? Math.abs(e) : Math.log(Math.cosh(e));
    });
    for (const row of magnitude) {
      row.forEach((m, k) => {
        size += Math.abs(m) * (weighted ? Math.exp(7 * k / sizes.bins) : 10);
      });
    }
  }
  return fit / (count * sizes.output) +
    2e-6 * size / (count * sizes.outputFrames * sizes.bins);
}

for (const loss of ["log-cosh", "L1"] as const) {
  Deno.test(`gradients meet finite differences to 1e-3, mirrored rows too (${loss})`, async () => {
    await useBackend("cpu");
    const sizes = SMALL;
    const windows = noise(sizes, 2, 4);
    const random = createRandom(5);
    const wet = Float32Array.from(
      { length: 2 * sizes.output },
      () => random.uniform(-0.5, 0.5),
    );
    const weights = shaken(sizes, 6);
    const options = { loss, weighted: true };
    const { gradients, value, flat } = tf.tidy(() => {
      const input = networkInput(windows, sizes);
      const target = tf.tensor2d(wet, [2, sizes.output]);
      const { value, grads } = tf.valueAndGrads((...weights: tf.Tensor[]) =>
        lossOf(forward(weights, input, sizes), target, sizes, options)
      )(unpack(tf.tensor1d(weights), sizes));
      return {
        gradients: grads.map((g) => g.dataSync() as Float32Array),
        value: value.dataSync()[0],
        flat: clipped(grads, sizes).dataSync(),
      };
    });
    const full = unfolded(weights, sizes);
    const evaluate = () => plainLoss(full, windows, wet, sizes, options);
    assert(Math.abs(value / evaluate() - 1) < 1e-5);
    const slope = (array: Float64Array, i: number) => {
      const h = 1e-5;
      const at = array[i];
      array[i] = at + h;
      const above = evaluate();
      array[i] = at - h;
      const below = evaluate();
      array[i] = at;
      return (above - below) / (2 * h);
    };
    const { frame: N, bins: F } = sizes;
    const places = tensorPlaces(sizes);
    const arrays = [
      full.analysisRe,
      full.analysisIm,
      full.synthesisRe,
      full.synthesisIm,
      ...full.layers.flat().flatMap(({ w, b }) => [w, b]),
    ];
    let norm = 0;
    gradients.slice(0, 4).forEach((g) => g.forEach((x) => norm += Math.abs(x)));
    assert(loss === "log-cosh" ? norm < 1 : norm > 1, "both are to be seen");
    norm = Math.max(norm, 1);
    for (const [place, array] of arrays.entries()) {
      const gradient = gradients[place];
      const largest = gradient.reduce((m, g) => Math.max(m, Math.abs(g)), 0);
      const { start, size, shape } = places[place];
      for (let draw = 0; draw < 12; draw++) {
        const i = random.integer(0, size - 1);
        const [row, column] = [Math.floor(i / shape[1]), i % shape[1]];
        if (place >= 4) {
          const expected = slope(array, i);
          assert(Math.abs(gradient[i] - expected) <= 1e-3 * largest);
          assert.equal(flat[start + i], gradient[i]);
          continue;
        }
        const isSynthesis = place >= 2;
        const [k, n] = isSynthesis ? [row, column] : [column, row];
        const one = slope(array, k * N + n);
        const isMirrored = isSynthesis && k > 0 && k < F - 1;
        // One row's share, and what the published program's other half gets.
        const sign = place === 3 ? -1 : 1;
        const other = isMirrored ? sign * slope(array, (N - k) * N + n) : 0;
        assert(Math.abs(gradient[i] - one - other) <= 1e-3 * largest);
        if (isMirrored) assert(Math.abs(one - other) <= 1e-3 * largest);
        assert(Math.abs(flat[start + i] - one / norm) <= 1e-3 * largest / norm);
      }
    }
    assert.equal(flat.length, heldCount(sizes));
    assert(endsCount(sizes) < flat.length);
  });
}

Deno.test("ln cosh is half the square of small errors and the size of large ones; its slope is tanh", async () => {
  await useBackend("cpu");
  for (const e of [0, 1e-4, -0.3, 2, -50, 900]) {
    const expected = Math.abs(e) < 700
      ? Math.log(Math.cosh(e))
      : Math.abs(e) - Math.LN2;
    assert(Math.abs(logCosh(e) - expected) <= 1e-12 * (1 + expected));
    const [value, slope] = tf.tidy(() => {
      const x = tf.tensor1d([e]);
      return [
        meanLogCosh(x).dataSync()[0],
        tf.grad((x) => meanLogCosh(x))(x).dataSync()[0],
      ];
    });
    assert(Math.abs(value - expected) <= 1e-6 * (1 + expected));
    assert(Math.abs(slope - Math.tanh(e)) < 1e-6);
  }
});

Deno.test("silence has an output and gradients that are numbers", async () => {
  await useBackend("wasm");
  const silent: Windows = {
    count: 1,
    dry: new Float32Array(SMALL.input),
    knobs: new Float32Array(SMALL.knobs),
  };
  const { output, gradient } = tf.tidy(() => {
    const input = networkInput(silent, SMALL);
    const target = tf.zeros([1, SMALL.output]);
    const weights = unpack(tf.tensor1d(initialWeights(SMALL, 1)), SMALL);
    const { value, grads } = tf.valueAndGrads((...weights: tf.Tensor[]) =>
      lossOf(forward(weights, input, SMALL), target, SMALL, {
        loss: "log-cosh",
        weighted: true,
      })
    )(weights);
    return {
      output: value.dataSync(),
      gradient: clipped(grads, SMALL).dataSync(),
    };
  });
  assert.equal(output[0], 0);
  assert(gradient.every(Number.isFinite));
});

Deno.test("gradients on wasm are those of plain JavaScript", async () => {
  const sizes = scaledSizes(1 / 16, 4);
  const windows = noise(sizes, 3, 8);
  const weights = shaken(sizes, 9);
  const found: Float32Array[] = [];
  for (const backend of ["cpu", "wasm"] as const) {
    await useBackend(backend);
    const gradient = tf.tidy(() => {
      const input = networkInput(windows, sizes);
      const target = tf.zeros([3, sizes.output]);
      const { grads } = tf.valueAndGrads((...weights: tf.Tensor[]) =>
        lossOf(forward(weights, input, sizes), target, sizes, {
          loss: "log-cosh",
          weighted: true,
        })
      )(unpack(tf.tensor1d(weights), sizes));
      return clipped(grads, sizes).dataSync();
    });
    found.push(gradient as Float32Array);
  }
  const [plain, fast] = found;
  for (const { start, size, name } of tensorPlaces(sizes)) {
    const part = plain.subarray(start, start + size);
    const largest = part.reduce((m, g) => Math.max(m, Math.abs(g)), 0);
    part.forEach((g, i) =>
      assert(Math.abs(fast[start + i] - g) <= 1e-3 * largest, name)
    );
  }
});
