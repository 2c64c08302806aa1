/** Whether a lag holds, told by excerpts. @module */

import assert from "node:assert/strict";
import { createRandom } from "../lib/base/random.ts";
import { makeStimulus } from "../lib/data/stimulus.ts";
import { createUnit } from "../lib/data/unit.ts";
import { resampled } from "../lib/sound/fractional_delay.ts";
import { lagMoves } from "../lib/sound/steady_lag.ts";

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

Deno.test("lagMoves() sees a sample that was lost anywhere, and a clock that drifts", () => {
  const { dry, wet } = recording(20);
  const moved = (wet: Float32Array) =>
    lagMoves({ dry, wet, sampleRate: RATE })!;
  assert.equal(moved(wet), 0);
  for (const part of [0.3, 0.5, 0.7]) {
    for (const count of [1, 8, 64]) {
      assert.equal(moved(without(wet, count, part)), count);
    }
  }
  // Over 16 of the 20 s, from excerpt to excerpt.
  for (const ppm of [-50, 20, 5]) {
    const samples = Math.abs(ppm) * 1e-6 * 16 * RATE;
    const found = moved(resampled(wet, ppm));
    assert.ok(Math.abs(found - samples) <= 1.5, `${ppm}: ${found}`);
    assert.ok(found > 0);
  }
});

Deno.test("lagMoves() says nothing where the ends tell no lag", () => {
  const { dry, wet } = recording(8);
  const random = createRandom(4);
  const noise = wet.map(() => random.uniform() - 0.5);
  const half = wet.map((y, n) => n < wet.length / 2 ? y : noise[n]);
  for (const other of [noise, half, new Float32Array(wet.length)]) {
    const moved = lagMoves({ dry, wet: other, sampleRate: RATE });
    assert.equal(moved, undefined);
  }
  const few = { dry: dry.slice(0, 40), wet: wet.slice(0, 40) };
  assert.equal(lagMoves({ ...few, sampleRate: RATE }), undefined);
});
