import assert from "node:assert/strict";
import fc from "fast-check";
import type { Detector } from "./reference_engine.ts";
import type { Values } from "../lib/models/model.ts";
import { chunk } from "../lib/sound/chunks.ts";
import { matchEnergy, objectiveOf } from "../lib/objective/objective.ts";
import {
  openCoordinates,
  publishedCoordinates,
} from "../lib/objective/coordinates.ts";
import { createRandom } from "../lib/base/random.ts";
import { assertClose, relativeDeviation } from "./close.ts";
import { compress, openOracle } from "./oracle.ts";

const RATE = 8000;

const between = (min: number, max: number) =>
  fc.double({ min, max, noNaN: true });

const parameters = (detector: Detector): fc.Arbitrary<Values> =>
  fc.record({
    threshold_db: between(-40, -5),
    ratio: between(1.2, 15),
    attack_ms: between(0.3, 60),
    release_ms: between(15, 800),
    make_up_db: between(-6, 6),
    ...(detector === "rms"
      ? { averaging_coefficient: between(0.01, 0.9) }
      : {}),
  });

/** Noise whose level steps up and down, and what a compressor makes of it. */
function randomPair(seed: number, target: Values) {
  const random = createRandom(seed);
  const dry = Float64Array.from({ length: 2000 }, (_, n) => {
    const step = (7 * Math.floor(n / 100)) % 30;
    return 1.6 * (random.uniform() - 0.5) * 10 ** (-1.5 * step / 20);
  });
  const wet = compress(dry, target, RATE).map((c) => c * (1 - 0.2 * c * c));
  return { dry, wet, sampleRate: RATE };
}

for (const detector of ["peak", "rms"] as const) {
  const space = (detector === "peak" ? publishedCoordinates : openCoordinates)(
    RATE,
  );

  Deno.test(`objectiveOf() has the ${detector} gradient and Hessian that finite differences find`, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer(),
        parameters(detector),
        parameters(detector),
        async (seed, target, point) => {
          const pair = chunk(randomPair(seed, target), {
            chunkSeconds: 0.1,
            overlapSeconds: 0.02,
          });
          const engine = openOracle(pair, detector);
          const objective = objectiveOf(engine, space);
          const z = space.coordinates(point);
          const { gradient, hessian } = await objective.evaluate(z, 2);
          assert(gradient && hessian);
          const size = z.length;
          const h = 1e-6;
          const slopes = new Float64Array(size);
          const bends = new Float64Array(size * size);
          for (let i = 0; i < size; i++) {
            const shifted = (by: number) =>
              z.map((value, j) => i === j ? value + by : value);
            const up = await objective.evaluate(shifted(h), 1);
            const down = await objective.evaluate(shifted(-h), 1);
            slopes[i] = (up.loss - down.loss) / (2 * h);
            for (let j = 0; j < size; j++) {
              bends[i * size + j] = (up.gradient![j] - down.gradient![j]) /
                (2 * h);
            }
          }
          // A branch may flip inside a difference; that is rare, and small.
          const scale = Math.max(
            ...gradient.map(Math.abs),
            engine.targetEnergy * 1e-3,
          );
          slopes.forEach((slope, i) =>
            assert(Math.abs(slope - gradient[i]) <= 1e-4 * scale)
          );
          assert(relativeDeviation(bends, hessian) <= 2e-2);
        },
      ),
      { numRuns: 60, seed: 7 },
    );
  });
}

Deno.test("objectiveOf() gives the same loss whatever order is asked for", async () => {
  const target = {
    threshold_db: -24,
    ratio: 4,
    attack_ms: 2,
    release_ms: 100,
    make_up_db: 1,
  };
  const space = publishedCoordinates(RATE);
  const objective = objectiveOf(
    openOracle(chunk(randomPair(3, target))),
    space,
  );
  const z = space.coordinates({ ...target, ratio: 8 });
  const [value, slope, all] = await Promise.all(
    ([0, 1, 2] as const).map((order) => objective.evaluate(z, order)),
  );
  assert.equal(slope.loss, value.loss);
  assert.equal(all.loss, value.loss);
  assertClose(all.gradient!, slope.gradient!, 1e-14);
});

Deno.test("matchEnergy() makes the model as energetic as the target", async () => {
  const target = {
    threshold_db: -24,
    ratio: 4,
    attack_ms: 2,
    release_ms: 100,
    make_up_db: 9,
  };
  const space = publishedCoordinates(RATE);
  const objective = objectiveOf(
    openOracle(chunk(randomPair(5, target))),
    space,
  );
  const start = space.coordinates({ ...target, make_up_db: -3, ratio: 2 });
  const z = await matchEnergy(objective, start);
  const { modelEnergy } = await objective.evaluate(z, 0);
  assertClose([modelEnergy], [objective.targetEnergy], 1e-12);
  assert.deepEqual(z.subarray(0, 4), start.subarray(0, 4));
});
