import assert from "node:assert/strict";
import { byParameters } from "../lib/engines/by_parameters.ts";
import { openModel } from "../lib/engines/compiled/stream.ts";
import type { Engine, Evaluation } from "../lib/objective/evaluation.ts";
import { chooseEngine, openEngine } from "../lib/engines/open.ts";
import { openReferenceEngine } from "./reference_engine.ts";
import { type Model, vectorOf } from "../lib/models/model.ts";
import { parseModel } from "../lib/models/presets.ts";
import { buildKernels } from "../lib/kernels/build.ts";
import { chunk, type ChunkedPair } from "../lib/sound/chunks.ts";
import { preEmphasise } from "../lib/sound/pre_emphasis.ts";
import type { Signal } from "../lib/sound/signal.ts";
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
      assertAgree(MODELS[detector], at, actual, expected, name === "reference");
      await engine.close();
    });
  }
}

/** Asserts that two evaluations of `model` at `at` agree. */
function assertAgree(
  model: Model,
  at: Float64Array,
  actual: Evaluation,
  expected: Evaluation,
  isExact: boolean,
): void {
  assertClose([actual.loss], [expected.loss], isExact ? 1e-9 : 1e-5);
  // By dB, log of ratio and of times: the entries are then alike in size.
  const scale = at.map((value, i) =>
    model.parameters[i].scale === "linear" ? 1 : value
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
}

/** The first golden case of `detector`, its detector hearing another sound too. */
function linkedPair(detector: "peak" | "rms"): ChunkedPair {
  const pair = goldenPair((detector === "peak" ? peakCases : rmsCases)[0]);
  const { dry } = pair;
  // What it hears is the sound, or it as it was before, whichever is louder.
  const heard = dry.map((x, n) =>
    Math.max(Math.abs(x), 0.8 * Math.abs(dry[Math.max(0, n - 2000)]))
  );
  return { ...pair, heard };
}

for (const detector of ["peak", "rms"] as const) {
  Deno.test(`openEngine() of ${MODELS[detector].name} hears what the oracle hears where channels are linked`, async () => {
    const model = MODELS[detector];
    const pair = linkedPair(detector);
    const oracle = openOracle(pair, detector);
    const at = vectorOf(
      model,
      (detector === "peak" ? peakCases : rmsCases)[0].evaluations[0].theta,
    );
    const expected = await oracle.evaluate(at, 2);
    for (const name of ["wasm", "reference"] as const) {
      const engine = await openEngine(name, pair, model);
      const actual = await engine.evaluate(at, 2);
      assertAgree(model, at, actual, expected, name === "reference");
      await engine.close();
      // The same model unlinked is another program.
      const { heard: _, ...alone } = pair;
      const unlinked = await openEngine(name, alone, model);
      const { loss } = await unlinked.evaluate(at, 2);
      assert(Math.abs(loss / expected.loss - 1) > 0.01, `${loss}`);
      await unlinked.close();
    }
  });
}

for (const name of ["comp-4c", "opto", "opto+rms", "rms+saturation+coupling"]) {
  Deno.test(`openEngine() of ${name} hears what the stream hears where channels are linked`, async () => {
    const model = parseModel(name);
    const { dry, wet, heard, sampleRate } = linkedPair("peak");
    const length = 20_000;
    const part = (side: Signal) => side.subarray(0, length);
    const pair = chunk({
      dry: part(dry),
      wet: part(wet),
      heard: part(heard!),
      sampleRate,
    });
    const values = {
      ...Object.fromEntries(
        model.parameters.map(({ name, start }) => [name, start]),
      ),
      attack_ms: 7,
      square: 0.1,
      cube: -0.05,
    };
    const at = vectorOf(model, values);
    const exact = await openEngine("reference", pair, model);
    const expected = await exact.evaluate(at, 2);

    const output = new Float64Array(length);
    openModel(model, values, sampleRate, { precision: "double" })
      .process(pair.dry, output, pair.heard);
    const error = preEmphasise(
      output.map((y, n) => y - pair.wet[n]),
      new Float64Array(length),
    );
    const energy = error.reduce((sum, e) => sum + e * e, 0);
    assertClose([expected.loss], [energy], 1e-9);

    const fast = await openEngine("wasm", pair, model);
    assertAgree(model, at, await fast.evaluate(at, 2), expected, false);
    await fast.close();
  });
}

Deno.test("openEngine() refuses models that the GPU has no kernels for, and names the remedy", async () => {
  await assert.rejects(
    openEngine("webgpu", goldenPair(peakCases[0]), parseModel("opto")),
    /webgpu computes the model 4a-2a alone, not opto: use --engine wasm/,
  );
  assert.deepEqual(await chooseEngine("auto", parseModel("opto")), {
    engine: "wasm",
    reason: "wasm: webgpu computes the model 4a-2a alone",
  });
  const paper = parseModel("4a-2a");
  assert.deepEqual(await chooseEngine("auto", paper, { linked: true }), {
    engine: "wasm",
    reason: "wasm: webgpu has no linked detector",
  });
  assert.deepEqual(await chooseEngine("auto", paper, { delayed: true }), {
    engine: "wasm",
    reason: "wasm: webgpu knows delays of whole samples alone",
  });
});
