import assert from "node:assert/strict";
import {
  absoluteError,
  absoluteErrorOf,
} from "../lib/baselines/absolute_error.ts";
import { toNatural } from "../lib/compressor/parameters.ts";
import type { Values } from "../lib/models/model.ts";
import { makeStimulus } from "../lib/data/stimulus.ts";
import { openCoordinates } from "../lib/objective/coordinates.ts";
import { assertClose } from "./close.ts";
import { compress } from "./oracle.ts";

const SAMPLE_RATE = 8000;
const { samples: dry } = makeStimulus({
  seconds: 3,
  sampleRate: SAMPLE_RATE,
  seed: 5,
});
const truth: Values = {
  threshold_db: -20,
  ratio: 3,
  attack_ms: 1,
  release_ms: 100,
  averaging_coefficient: 0.03,
  make_up_db: 0,
};
const start: Values = {
  threshold_db: -10,
  ratio: 2,
  attack_ms: 50,
  release_ms: 50,
  averaging_coefficient: 0.3,
  make_up_db: 0.5,
};
const pair = {
  dry,
  wet: compress(dry, truth, SAMPLE_RATE),
  sampleRate: SAMPLE_RATE,
};

Deno.test("absoluteError() is the mean distance of the compressor's output", () => {
  const model = compress(dry, start, SAMPLE_RATE);
  const mean = model.reduce(
    (sum, value, n) => sum + Math.abs(value - pair.wet[n]),
    0,
  ) / model.length;
  const at = (values: Values) => {
    const [threshold, slope, attack, release, makeUp] = toNatural(
      values,
      SAMPLE_RATE,
    );
    const { averaging_coefficient: averaging } = values;
    const theta = [threshold, slope, attack, release, averaging, makeUp];
    return absoluteError(pair, Float64Array.from(theta)).loss;
  };
  assertClose([at(start)], [mean], 1e-12);
  assert(at(truth) < 1e-12);
});

Deno.test("absoluteErrorOf() has the gradient of its own value, and no Hessian", async () => {
  const space = openCoordinates(SAMPLE_RATE);
  const evaluate = absoluteErrorOf(pair, space);
  const z = space.coordinates(start);
  const { gradient } = await evaluate(z, 1);
  const numeric = await Promise.all(Array.from(z, async (_, i) => {
    const step = 1e-5;
    const [up, down] = await Promise.all([step, -step].map(async (by) => {
      const moved = z.slice();
      moved[i] += by;
      return (await evaluate(moved, 0)).loss;
    }));
    return (up - down) / (2 * step);
  }));
  assertClose(gradient!, numeric, 1e-3);
  await assert.rejects(evaluate(z, 2), /no Hessian/);
});
