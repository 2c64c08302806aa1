import assert from "node:assert/strict";
import { byParameters } from "../lib/engines/by_parameters.ts";
import type { Engine } from "../lib/engines/engine.ts";
import { openEngine } from "../lib/engines/open.ts";
import { openReferenceEngine } from "./reference_engine.ts";
import { vectorOf } from "../lib/models/model.ts";
import { parseModel } from "../lib/models/presets.ts";
import { buildKernels } from "../lib/kernels/build.ts";
import { objectiveOf } from "../lib/objective/objective.ts";
import {
  openCoordinates,
  publishedCoordinates,
} from "../lib/objective/coordinates.ts";
import { goldenPair, peakCases, rmsCases } from "./golden_signal.ts";
import { assertClose } from "./close.ts";
import { MODELS, openOracle } from "./oracle.ts";

await buildKernels(["compressor"]);

const families = [
  { detector: "peak", cases: peakCases, spaceAt: publishedCoordinates },
  { detector: "rms", cases: rmsCases, spaceAt: openCoordinates },
] as const;

for (const { detector, cases, spaceAt } of families) {
  cases.forEach((golden, at) => {
    Deno.test(`openReferenceEngine() meets golden ${detector} case ${at + 1} to 1e-6`, async () => {
      const pair = goldenPair(golden);
      const space = spaceAt(pair.sampleRate);
      const engine = openOracle(pair, detector);
      const objective = objectiveOf(engine, space);
      for (const expected of golden.evaluations) {
        const z = space.coordinates(expected.theta);
        assertClose(z, expected.logits, 1e-9);
        const actual = await objective.evaluate(z, 2);
        assertClose([actual.loss], [expected.loss], 1e-6);
        assertClose([actual.loss / engine.targetEnergy], [expected.esr], 1e-6);
        assert(actual.gradient && actual.hessian);
        assertClose(actual.gradient, expected.gradient, 1e-6);
        assertClose(actual.hessian, expected.hessian.flat(), 1e-6);
      }
      await engine.close();
    });
  });
}

Deno.test("openReferenceEngine() lets an interrupt come between evaluations", async () => {
  const pair = goldenPair(peakCases[0]);
  const short = { ...pair, starts: [0], chunkLength: 50, warmUp: 0 };
  const engine = openReferenceEngine(short);
  const theta = Float64Array.from([-24, 0.75, 0.1, 0.001, 0]);
  let hasCome = false;
  const timer = setTimeout(() => hasCome = true, 1);
  const deadline = performance.now() + 1000;
  // Without a turn of the event loop the timer would never come.
  while (!hasCome && performance.now() < deadline) {
    await engine.evaluate(theta, 0);
  }
  clearTimeout(timer);
  assert(hasCome);
});

Deno.test("byParameters() has the derivatives by parameters that finite differences find", async () => {
  const rate = 8000;
  // A loss of which all derivatives by θ are known: Σ c_i θ_i² / 2 + θ_0 θ_1 θ_2 θ_3.
  const weights = [1e-3, 2, 3, 400, 1e-2, 0.5];
  const engine: Engine = {
    name: "polynomial",
    targetEnergy: 7,
    precision: 1e-12,
    evaluate(theta) {
      const size = theta.length;
      const product = (...left: number[]) =>
        [0, 1, 2, 3].reduce((p, i) => left.includes(i) ? p : p * theta[i], 1);
      return Promise.resolve({
        loss: theta.reduce((sum, t, i) => sum + weights[i] * t * t / 2, 0) +
          product(),
        modelEnergy: 3,
        gradient: theta.map((t, i) =>
          weights[i] * t + (i < 4 ? product(i) : 0)
        ),
        hessian: Float64Array.from({ length: size * size }, (_, at) => {
          const [i, j] = [Math.floor(at / size), at % size];
          if (i === j) return weights[i];
          return i < 4 && j < 4 ? product(i, j) : 0;
        }),
      });
    },
    close: () => Promise.resolve(),
  };
  const by = byParameters(engine, MODELS.rms, rate);
  assert.deepEqual([by.name, by.targetEnergy], ["polynomial", 7]);
  const at = Float64Array.of(-20, 4, 0.4, 120, 0.3, 2);
  const { gradient, hessian, modelEnergy } = await by.evaluate(at, 2);
  assert.equal(modelEnergy, 3);
  for (let i = 0; i < 6; i++) {
    const h = 1e-5 * Math.abs(at[i]);
    const moved = (by: number) => at.map((p, j) => j === i ? p + by : p);
    const up = await by.evaluate(moved(h), 2);
    const down = await by.evaluate(moved(-h), 2);
    assertClose([(up.loss - down.loss) / (2 * h)], [gradient![i]], 1e-6);
    assertClose(
      up.gradient!.map((value, j) => (value - down.gradient![j]) / (2 * h)),
      hessian!.subarray(6 * i, 6 * i + 6),
      1e-6,
    );
  }
});

for (const detector of ["peak", "rms"] as const) {
  for (const name of ["wasm", "reference"] as const) {
    Deno.test(`openEngine() by ${name} computes ${MODELS[detector].name} as the oracle does`, async () => {
      const [golden] = detector === "peak" ? peakCases : rmsCases;
      const pair = goldenPair(golden);
      const engine = await openEngine(name, pair, MODELS[detector]);
      assert.equal(engine.name, name);
      const oracle = openOracle(pair, detector);
      const at = vectorOf(MODELS[detector], golden.evaluations[0].theta);
      const actual = await engine.evaluate(at, 2);
      const expected = await oracle.evaluate(at, 2);
      const isExact = name === "reference";
      assertClose([actual.loss], [expected.loss], isExact ? 1e-9 : 1e-5);
      // By dB, log of ratio and of times: the entries are then alike in size.
      const scale = at.map((value, i) =>
        MODELS[detector].parameters[i].scale === "linear" ? 1 : value
      );
      const by = (v: Float64Array) => v.map((value, i) => value * scale[i]);
      const twice = (m: Float64Array) =>
        m.map((value, k) =>
          value * scale[Math.floor(k / at.length)] * scale[k % at.length]
        );
      assertClose(
        by(actual.gradient!),
        by(expected.gradient!),
        isExact ? 1e-8 : 1e-4,
      );
      assertClose(
        twice(actual.hessian!),
        twice(expected.hessian!),
        isExact ? 1e-7 : 1e-3,
      );
      await engine.close();
    });
  }
}

Deno.test("openEngine() refuses models that the GPU has no kernels for, and names the remedy", async () => {
  await assert.rejects(
    openEngine("webgpu", goldenPair(peakCases[0]), parseModel("opto")),
    /webgpu computes the model 4a-2a alone, not opto: use --engine wasm/,
  );
});
