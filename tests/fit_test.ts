import assert from "node:assert/strict";
import { publishedFit } from "../lib/data/published.ts";
import { makeStimulus } from "../lib/data/stimulus.ts";
import { createTwin } from "../lib/data/twin.ts";
import { openProcessor } from "../lib/engines/open_processor.ts";
import { solverSchema } from "../lib/fitting/fit_config.ts";
import { fitPair } from "../lib/fitting/fit.ts";
import type { Model, Values } from "../lib/models/model.ts";
import { parseModel } from "../lib/models/presets.ts";
import { buildKernels } from "../lib/kernels/build.ts";
import { chunk } from "../lib/sound/chunks.ts";
import { objectiveOf } from "../lib/objective/objective.ts";
import {
  coordinatesOf,
  publishedCoordinates,
} from "../lib/objective/coordinates.ts";
import { assertClose } from "./close.ts";
import { compress, openOracle } from "./oracle.ts";

await buildKernels(["compressor"]);

const MODEL = parseModel("4a-2a");
const SETTING = { mode: "compress", peakReduction: 75 } as const;
const TRUTH = publishedFit(SETTING)!.parameters;

/** The twin at one setting, with a distortion so that the minimum is above 0. */
function twinPair(seconds: number, distortion = 0) {
  const { samples: dry, sampleRate } = makeStimulus({ seconds });
  const wet = new Float32Array(dry.length);
  createTwin(SETTING, sampleRate).process(dry, wet);
  wet.forEach((y, n) => wet[n] = y * (1 - distortion * y * y));
  return chunk({ dry, wet, sampleRate }, {
    chunkSeconds: 1.5,
    overlapSeconds: 0.25,
  });
}

function assertSame(
  actual: Values,
  expected: Values,
  tolerance: number,
): void {
  for (const [key, value] of Object.entries(expected)) {
    const found = actual[key];
    assert(Math.abs(found - value) <= tolerance * (1 + Math.abs(value)), key);
  }
}

Deno.test("fitPair() finds the same minimum coarse to fine as on all chunks at once", async () => {
  const pair = twinPair(30, 0.1);
  const atOnce = await fitPair(
    pair,
    MODEL,
    solverSchema.parse({ coarse_chunks: 0 }),
    "wasm",
  );
  const told = [0, 0];
  const coarse = await fitPair(
    pair,
    MODEL,
    solverSchema.parse({ coarse_chunks: 6 }),
    "wasm",
    { onIteration: (_, isCoarse) => told[isCoarse ? 0 : 1]++ },
  );
  assert.equal(atOnce.coarse, undefined);
  assert(coarse.coarse!.iterations > 0);
  // Every iteration of both is told of, and the start of each.
  assert.deepEqual(told, [
    coarse.coarse!.iterations + 1,
    coarse.minimum.iterations + 1,
  ]);
  assert(coarse.minimum.iterations < atOnce.minimum.iterations);
  assert(Math.abs(coarse.esr / atOnce.esr - 1) < 1e-6);
  assertSame(coarse.parameters, atOnce.parameters, 1e-3);
});

for (const method of ["trust-region", "damped"] as const) {
  Deno.test(`fitPair() by ${method} from near by finds the twin's parameters`, async () => {
    const { minimum, parameters } = await fitPair(
      twinPair(6),
      MODEL,
      solverSchema.parse({ method }),
      "wasm",
      { start: { ...TRUTH, threshold_db: TRUTH.threshold_db - 2 } },
    );
    assert(minimum.converged, minimum.stopReason);
    // The chunks start at rest and have little warm-up here.
    assertSame(parameters, TRUTH, 0.02);
  });
}

Deno.test("fitPair() refuses a silent target", async () => {
  const pair = twinPair(3);
  await assert.rejects(
    fitPair(
      { ...pair, wet: new Float32Array(pair.wet.length) },
      MODEL,
      solverSchema.parse({}),
      "reference",
    ),
    /silent/,
  );
});

Deno.test("fitPair() starts from a neighbour that ended at a bound", async () => {
  const { minimum } = await fitPair(
    twinPair(3),
    MODEL,
    solverSchema.parse({}),
    "reference",
    {
      start: { ...TRUTH, attack_ms: 100.0000000000008, ratio: 20 },
      coordinates: publishedCoordinates(44100),
    },
  );
  assert(Number.isFinite(minimum.loss));
});

Deno.test("fitPair() refuses a silent dry recording", async () => {
  const pair = twinPair(3);
  await assert.rejects(
    fitPair(
      { ...pair, dry: new Float32Array(pair.dry.length) },
      MODEL,
      solverSchema.parse({}),
      "reference",
    ),
    /dry recording is silent/,
  );
});

Deno.test("fitPair() starts with the target's energy, unless told to start as it is", async () => {
  const pair = twinPair(3);
  const start = { make_up_db: 15 };
  const engine = openOracle(pair);
  const objective = objectiveOf(engine, coordinatesOf(MODEL, pair));
  const energyAtStart = async (match: boolean) => {
    const { minimum } = await fitPair(
      pair,
      MODEL,
      solverSchema.parse({ start, match_energy: match, max_iterations: 1 }),
      "reference",
    );
    const z = Float64Array.from(minimum.records[0].z);
    return (await objective.evaluate(z, 0)).modelEnergy / engine.targetEnergy;
  };
  assert(Math.abs(await energyAtStart(true) - 1) < 1e-9);
  assert(await energyAtStart(false) > 2);
});

Deno.test("fitPair() does without a coarse fit where its chunks are silent and others are not", async () => {
  for (const side of ["dry", "wet"] as const) {
    const pair = twinPair(11);
    const silent = pair[side].slice();
    // Of eight chunks, a coarse fit of two takes the third and the seventh.
    assert.equal(pair.starts.length, 8);
    for (const at of [2, 6]) {
      const from = pair.starts[at];
      silent.fill(0, from, from + pair.chunkLength);
    }
    const { coarse, minimum } = await fitPair(
      { ...pair, [side]: silent },
      MODEL,
      solverSchema.parse({ coarse_chunks: 2, max_iterations: 2 }),
      "reference",
    );
    assert.equal(coarse, undefined);
    assert(Number.isFinite(minimum.loss));
  }
});

Deno.test("fitPair() refuses a start without a finite loss, and names it", async () => {
  const pair = twinPair(3);
  for (const make_up_db of [1e5, -1e5]) {
    for (const match_energy of [true, false]) {
      const solver = solverSchema.parse({
        start: { make_up_db },
        match_energy,
      });
      await assert.rejects(
        fitPair(pair, MODEL, solver, "reference"),
        /solver\.start: a make-up gain of -?100000 dB/,
      );
    }
  }
});

Deno.test("fitPair() looks where the solver's ranges say, and starts inside them", async () => {
  const pair = twinPair(3);
  const { minimum, parameters, coordinates } = await fitPair(
    pair,
    MODEL,
    solverSchema.parse({ ranges: { attack_ms: [5, 50] } }),
    "reference",
  );
  assert.deepEqual(coordinates.ranges.attack_ms, [5, 50]);
  assert(parameters.attack_ms >= 5 && parameters.attack_ms < 5.1);
  // The model's own start, 1 ms, lies outside.
  const first = coordinates.values(Float64Array.from(minimum.records[0].z));
  assert(Math.abs(first.attack_ms - 5) < 1e-3);
  await assert.rejects(
    fitPair(
      pair,
      MODEL,
      solverSchema.parse({
        start: { attack_ms: 1 },
        ranges: { attack_ms: [5, 50] },
      }),
      "reference",
    ),
    /^RangeError: solver\.start: attack_ms is 1: must be from 5 to 50 ms$/,
  );
});

Deno.test("fitPair() refuses a model whose start belongs to the recording", async () => {
  await assert.rejects(
    fitPair(
      twinPair(3),
      parseModel("4a-2a+fitted-start"),
      solverSchema.parse({}),
      "reference",
    ),
    /fitted-start is for objective alone/,
  );
});

Deno.test("fitPair() of rms finds the parameters of an RMS detector", async () => {
  const { dry, sampleRate, ...division } = twinPair(6);
  const truth = { ...TRUTH, averaging_coefficient: 0.03 };
  const wet = Float32Array.from(compress(dry, truth, sampleRate));
  const { minimum, parameters } = await fitPair(
    { ...division, dry, wet, sampleRate },
    parseModel("rms"),
    solverSchema.parse({}),
    "reference",
  );
  assert(minimum.converged, minimum.stopReason);
  assertSame(parameters, truth, 0.02);
});

/** What `model` with the parameters `truth` makes of the stimulus. */
async function pairOf(model: Model, truth: Values, seconds: number) {
  const { samples: dry, sampleRate } = makeStimulus({
    seconds,
    sampleRate: 8000,
  });
  const wet = new Float64Array(dry.length);
  (await openProcessor(model, truth, sampleRate)).process(dry, wet);
  return chunk({ dry, wet, sampleRate });
}

const LIMITER = {
  threshold_db: -22,
  ratio: Infinity,
  attack_ms: 4,
  release_ms: 90,
  make_up_db: 3,
};

Deno.test("fitPair() of a limiter finds ratio ∞, and the rest with it", async () => {
  const pair = await pairOf(MODEL, LIMITER, 20);
  const told: number[] = [];
  const { minimum, parameters, esr } = await fitPair(
    { ...pair, wet: pair.wet.map((y) => y * (1 - 0.05 * y * y)) },
    MODEL,
    solverSchema.parse({}),
    "wasm",
    { onIteration: ({ iteration }) => told.push(iteration) },
  );
  assert.equal(parameters.ratio, Infinity);
  assert(minimum.converged, minimum.stopReason);
  const { ratio: _, ...others } = LIMITER;
  assertSame(parameters, others, 0.05);
  assert(esr < 1e-3);
  // No derivative by the ratio is left, and those by the others vanish.
  assert.deepEqual(
    [minimum.gradient[1], ...minimum.hessian.subarray(5, 10)],
    [0, 0, 0, 0, 0, 0],
  );
  // The run goes on, and its records with it.
  assert.deepEqual(told, minimum.records.map(({ iteration }) => iteration));
  assert.deepEqual(told, [...told.keys()]);
  assert.equal(minimum.iterations, told.length - 1);
});

Deno.test("fitPair() of a limiter stays within a range that ends, and leaves other ratios and feedback alone", async () => {
  const pair = await pairOf(MODEL, LIMITER, 6);
  const within = async (model: Model, solver: unknown, start?: Values) =>
    (await fitPair(pair, model, solverSchema.parse(solver), "wasm", { start }))
      .parameters.ratio;
  const ends = await within(MODEL, { ranges: { ratio: [1, 5000] } });
  assert(ends > 1000 && ends <= 5000, `${ends}`);
  const open = { ranges: { ratio: [2, Infinity] } };
  assert.equal(await within(MODEL, open), Infinity);
  const steep = await pairOf(MODEL, { ...LIMITER, ratio: 12 }, 6);
  const { parameters } = await fitPair(
    steep,
    MODEL,
    solverSchema.parse({}),
    "wasm",
    { start: LIMITER },
  );
  assert(Math.abs(parameters.ratio / 12 - 1) < 0.02, `${parameters.ratio}`);
  const feedback = coordinatesOf(parseModel("feedback"), pair);
  assert.equal(feedback.limiter!(new Float64Array(5)), undefined);
});

Deno.test("fitPair() puts the faster of two release stages first, wherever it started", async () => {
  const model = parseModel("4a-2a+two-stage");
  const truth = {
    threshold_db: -24,
    ratio: 4,
    attack_ms: 5,
    release_ms: 80,
    second_release_ms: 700,
    second_share: 0.3,
    make_up_db: 2,
  };
  const pair = await pairOf(model, truth, 4);
  const { parameters, coordinates, minimum } = await fitPair(
    pair,
    model,
    solverSchema.parse({
      start: { release_ms: 900, second_release_ms: 60, second_share: 0.6 },
    }),
    "reference",
  );
  assertSame(parameters, truth, 0.02);
  // All that is told of the end is told of the same point.
  assertClose(minimum.z, coordinates.coordinates(parameters), 1e-9);
  const last = coordinates.values(
    Float64Array.from(minimum.records.at(-1)!.z),
  );
  assert(last.release_ms > last.second_release_ms, "it ended the other way");
});

Deno.test("fitPair() of a feedback model finds its times, by those of the loop", async () => {
  const model = parseModel("feedback+soft-knee+decibel");
  const truth = {
    threshold_db: -30,
    ratio: 5,
    knee_db: 8,
    attack_ms: 12,
    release_ms: 400,
    make_up_db: 3,
  };
  const pair = await pairOf(model, truth, 4);
  const { parameters } = await fitPair(
    pair,
    model,
    solverSchema.parse({}),
    "reference",
  );
  assertSame(parameters, truth, 0.02);
});
