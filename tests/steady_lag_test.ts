/** Whether a lag holds, told by excerpts. @module */

import assert from "node:assert/strict";
import { createRandom } from "../lib/base/random.ts";
import { makeStimulus } from "../lib/data/stimulus.ts";
import { createUnit } from "../lib/data/unit.ts";
import { resampled } from "../lib/sound/fractional_delay.ts";
import { seemsSteady } from "../lib/sound/steady_lag.ts";

const RATE = 22050;

/** What the surrogate makes of `seconds` of its stimulus. */
function recording(seconds: number) {
  const { samples } = makeStimulus({ seconds, sampleRate: RATE, seed: 3 });
  const dry = Float32Array.from(samples);
  const unit = createUnit("optical", { peakReduction: 70, mode: "compress" }, {
    sampleRate: RATE,
    seed: 1,
  });
  const wet = new Float32Array(dry.length);
  unit.process(dry, wet);
  return { dry, wet };
}

/** `wet` without `count` of its samples at `part` of it. */
function without(wet: Float32Array, count: number, part: number) {
  const at = Math.round(part * wet.length);
  return Float32Array.from(
    wet,
    (_, n) => n < at ? wet[n] : wet[n + count] ?? 0,
  );
}

Deno.test("seemsSteady() sees samples that were lost anywhere, and a clock that drifts", () => {
  const { dry, wet } = recording(20);
  const isSteady = (wet: Float32Array) =>
    seemsSteady({ dry, wet, sampleRate: RATE });
  assert.equal(isSteady(wet), true);
  for (const part of [0.3, 0.5, 0.7]) {
    for (const count of [8, 64]) {
      assert.equal(isSteady(without(wet, count, part)), false, `${count}`);
    }
  }
  for (const ppm of [-50, 20]) {
    assert.equal(isSteady(resampled(wet, ppm)), false, `${ppm}`);
  }
});

Deno.test("seemsSteady() takes nothing that tells of no lag for a lag that moves", () => {
  const { dry, wet } = recording(8);
  const random = createRandom(4);
  const noise = wet.map(() => random.uniform() - 0.5);
  for (
    const other of [
      noise,
      new Float32Array(wet.length),
      wet.map((y) => -y),
    ]
  ) {
    assert.equal(seemsSteady({ dry, wet: other, sampleRate: RATE }), true);
  }
  const few = { dry: dry.slice(0, 40), wet: wet.slice(0, 40) };
  assert.equal(seemsSteady({ ...few, sampleRate: RATE }), true);
});
