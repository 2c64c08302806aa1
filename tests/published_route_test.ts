/** The published route to all-pass sections: M-STFT, BiasNet, Adam. @module */

import assert from "node:assert/strict";
import { createRandom } from "../lib/base/random.ts";
import { BiasNet } from "../lib/phase/bias_net.ts";
import { coefficientWay, descend, type Way } from "../lib/phase/descent.ts";
import { multiStft, type Sequences } from "../lib/phase/multi_stft.ts";
import {
  knownPair,
  lossOf,
  newton,
  SOUGHT,
} from "../lib/phase/published_route.ts";
import { quarticOf } from "../lib/phase/quartic.ts";
import type { Coefficients } from "../lib/phase/section.ts";
import { withFolder } from "./cli.ts";

/** A few short noises, and what a section of each order makes of them. */
function someSequences(count: number, sections: Coefficients[]): Sequences {
  const random = createRandom(4);
  const dry = Array.from({ length: count }, () => {
    const x = Float64Array.from({ length: 2048 }, () => random.normal());
    const norm = Math.hypot(...x);
    return x.map((one) => one / norm);
  });
  // By the definition, and not by the filter that is tested.
  const wet = dry.map((x) =>
    sections.reduce((x, one) => {
      const a = [1, ...one];
      const y = new Float64Array(x.length);
      for (let n = 0; n < x.length; n++) {
        for (let i = 0; i < a.length; i++) {
          y[n] += a[a.length - 1 - i] * (x[n - i] ?? 0);
          if (i > 0) y[n] -= a[i] * (y[n - i] ?? 0);
        }
      }
      return y;
    }, x)
  );
  return { dry, wet };
}

const TRUTH: Coefficients[] = [[-1.2, 0.5], [0.4]];

Deno.test("M-STFT is 0 at the truth, and its gradient is that of its differences", () => {
  const sequences = someSequences(3, TRUTH);
  assert.ok(multiStft(sequences, TRUTH) < 1e-20);
  const at: Coefficients[] = [[-1.0, 0.4], [0.2]];
  const slopes = new Float64Array(3);
  multiStft(sequences, at, [0, 2], slopes);
  const h = 1e-5;
  [[0, 0], [0, 1], [1, 0]].forEach(([section, place], i) => {
    const moved = (by: number) =>
      multiStft(
        sequences,
        at.map((one, s) =>
          one.map((value, k) =>
            s === section && k === place ? value + by : value
          ) as unknown as Coefficients
        ),
        [0, 2],
      );
    const slope = (moved(h) - moved(-h)) / (2 * h);
    const off = Math.abs(slope - slopes[i]) / Math.max(...slopes.map(Math.abs));
    assert.ok(off < 1e-5, `${i}: ${slopes[i]}, by differences ${slope}`);
  });
});

/** Asserts that `backward` of a way is the slope of M-STFT by what is learnt. */
function checkSlopes(way: Way, which: readonly number[]) {
  const sequences = someSequences(2, TRUTH);
  const slopes = new Float64Array(3);
  multiStft(sequences, way.sections(), undefined, slopes);
  const gradient = new Float64Array(way.weights.length);
  way.backward(slopes, gradient);
  const largest = Math.max(...gradient.map(Math.abs));
  const h = 1e-5;
  for (const i of which) {
    const start = way.weights[i];
    const at = (value: number) => {
      way.weights[i] = value;
      return multiStft(sequences, way.sections());
    };
    const slope = (at(start + h) - at(start - h)) / (2 * h);
    way.weights[i] = start;
    assert.ok(Math.abs(slope - gradient[i]) < 1e-5 * largest, `weight ${i}`);
  }
}

Deno.test("gradients of the nets, and of the coefficients, are those of differences", () => {
  const nets = new BiasNet([2, 1], createRandom(2), 64);
  checkSlopes(nets, [...nets.weights.keys()].filter((i) => i % 13 === 0));
  const { length } = nets.weights;
  checkSlopes(nets, [length - 1, length - 5, length - 8]);
  checkSlopes(coefficientWay([[-1, 0.4], [0.2]]), [0, 1, 2]);
});

Deno.test("the nets of order 7 have as many weights as published", () => {
  assert.equal(new BiasNet([2, 2, 2, 1], createRandom(1)).count, 2765707);
});

Deno.test("a descent lowers the loss, and one that is taken up goes where the other went", async () => {
  await withFolder(async (folder) => {
    const sequences = someSequences(4, TRUTH);
    const nets = () => new BiasNet([2, 1], createRandom(2), 32);
    const options = { batch: 2, learningRate: 1e-3, seed: 1 };
    const path = `${folder}/nets.bin`;
    const [whole, parts] = [nets(), nets()];
    const stopAfter = (most: number, way: Way, path?: string) =>
      descend(way, sequences, { ...options, path, most, seconds: Infinity });
    const { epochs } = await stopAfter(6, whole);
    assert.equal(epochs.length, 6);
    assert.ok(epochs[5].loss < epochs[0].loss);
    await stopAfter(2, parts, path);
    const again = await stopAfter(4, nets(), path);
    assert.deepEqual(
      again.epochs.map(({ loss }) => loss),
      epochs.map(({ loss }) => loss),
    );
  });
});

Deno.test("Newton's method finds the published order, and M-STFT is as low there as at the truth", async () => {
  const pair = knownPair(16);
  const { found } = await newton(pair);
  const [there, truth] = [found, SOUGHT].map((one) =>
    lossOf(one, pair.sequences)
  );
  assert.ok(there <= truth * (1 + 1e-6), `${there}, ${truth}`);
});

Deno.test("M-STFT is quartic at its minimum: Newton's steps leave two thirds, those on the cross-spectrum next to nothing", async () => {
  const { slope, steps } = await quarticOf(SOUGHT, 192000);
  assert.ok(Math.abs(slope - 4) < 0.1, `${slope}`);
  const [last, end] = steps.slice(-2);
  assert.ok(Math.abs(end.m_stft / last.m_stft - 2 / 3) < 0.02);
  assert.ok(steps[4].cross_spectrum < 1e-9);
});
