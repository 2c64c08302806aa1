import assert from "node:assert/strict";
import {
  openFrequencySampling,
  tiedCoordinates,
} from "../lib/baselines/frequency_sampling_compressor.ts";
import type { Values } from "../lib/models/model.ts";
import { makeStimulus } from "../lib/data/stimulus.ts";
import { chunk } from "../lib/sound/chunks.ts";
import { objectiveOf } from "../lib/objective/objective.ts";
import { openCoordinates } from "../lib/objective/coordinates.ts";
import { assertClose } from "./close.ts";
import { compress, openOracle } from "./oracle.ts";

const SAMPLE_RATE = 8000;

const truth: Values = {
  threshold_db: -20,
  ratio: 5,
  attack_ms: 30,
  release_ms: 30,
  averaging_coefficient: 0.03,
  make_up_db: 1,
};

const elsewhere: Values = {
  threshold_db: -14,
  ratio: 2.5,
  attack_ms: 50,
  release_ms: 50,
  averaging_coefficient: 0.2,
  make_up_db: -1,
};

function pairOf(seconds: number) {
  const { samples } = makeStimulus({
    seconds,
    sampleRate: SAMPLE_RATE,
    seed: 3,
  });
  return chunk({
    dry: samples,
    wet: compress(samples, truth, SAMPLE_RATE),
    sampleRate: SAMPLE_RATE,
  }, { chunkSeconds: 2, overlapSeconds: 0.5 });
}

Deno.test("openFrequencySampling() is the compressor run in time with attack = release", async () => {
  const pair = pairOf(5);
  const sampled = openFrequencySampling(pair);
  const inTime = openOracle(pair, "rms");
  assertClose([sampled.targetEnergy], [inTime.targetEnergy], 1e-12);
  const full = openCoordinates(SAMPLE_RATE);
  const tied = tiedCoordinates(full);
  for (const parameters of [truth, elsewhere]) {
    const one = await objectiveOf(sampled, tied).evaluate(
      tied.coordinates(parameters),
      1,
    );
    const other = await objectiveOf(inTime, full).evaluate(
      full.coordinates(parameters),
      1,
    );
    // The wrapped memory lies in the warm-up, so what is left is small.
    const scale = inTime.targetEnergy;
    assert(Math.abs(one.loss - other.loss) <= 1e-5 * scale);
    const [ct, s, a, r, v, makeUp] = other.gradient!;
    if (parameters === elsewhere) {
      assertClose(one.gradient!, [ct, s, a + r, v, makeUp], 1e-3);
    }
  }
});

Deno.test("openFrequencySampling() has the gradient of its own value", async () => {
  const tied = tiedCoordinates(openCoordinates(SAMPLE_RATE));
  const { evaluate } = objectiveOf(openFrequencySampling(pairOf(4)), tied);
  const z = tied.coordinates(elsewhere);
  const { gradient } = await evaluate(z, 1);
  const numeric = await Promise.all(Array.from(z, async (_, i) => {
    const step = 1e-4;
    const [up, down] = await Promise.all([step, -step].map(async (by) => {
      const moved = z.slice();
      moved[i] += by;
      return (await evaluate(moved, 0)).loss;
    }));
    return (up - down) / (2 * step);
  }));
  assertClose(gradient!, numeric, 1e-5);
});

Deno.test("tiedCoordinates() refuses two different times", () => {
  const tied = tiedCoordinates(openCoordinates(SAMPLE_RATE));
  assert.deepEqual(tied.names, [
    "threshold_db",
    "ratio",
    "attack_ms",
    "averaging_coefficient",
    "make_up_db",
  ]);
  const { attack_ms, release_ms } = tied.values(tied.coordinates(truth));
  assertClose([attack_ms, release_ms], [30, 30], 1e-9);
  assert.throws(
    () => tied.coordinates({ ...truth, release_ms: 31 }),
    /attack_ms is 30, release_ms 31/,
  );
});
