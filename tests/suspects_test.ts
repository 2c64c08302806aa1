/** Swapped sides, wrong rates, constant offsets. @module */

import assert from "node:assert/strict";
import { compress } from "../lib/compressor/compressor.ts";
import { makeStimulus } from "../lib/data/stimulus.ts";
import { createRandom } from "../lib/base/random.ts";
import { searchAlignment } from "../lib/sound/alignment.ts";
import { constantOffset, withoutOffset } from "../lib/sound/constant_offset.ts";
import { resampled } from "../lib/sound/fractional_delay.ts";
import type { Signal } from "../lib/sound/signal.ts";
import { suspects } from "../lib/sound/suspects.ts";

const RATE = 44100;

const UNITS = {
  medium: {
    threshold_db: -24,
    ratio: 4,
    attack_ms: 3,
    release_ms: 150,
    make_up_db: 0,
  },
  "slow attack": {
    threshold_db: -40,
    ratio: 4,
    attack_ms: 80,
    release_ms: 800,
    make_up_db: 6,
  },
  limiter: {
    threshold_db: -30,
    ratio: 20,
    attack_ms: 0.1,
    release_ms: 50,
    make_up_db: 10,
  },
};

const dry = makeStimulus({ seconds: 10, sampleRate: RATE, seed: 3 }).samples;
const medium = compress(dry, UNITS.medium, RATE);

function suspectsOf(one: Signal, other: Signal, otherRate = RATE) {
  return suspects(
    { dry: one, wet: other, sampleRate: RATE },
    searchAlignment(one, other),
    otherRate,
  );
}

for (const [name, unit] of Object.entries(UNITS)) {
  Deno.test(`suspects() tells swapped sides, and says nothing of the right ones: ${name}`, () => {
    const wet = compress(dry, unit, RATE);
    assert.deepEqual(suspectsOf(dry, wet), { sentences: [] });
    const { swapped, sentences } = suspectsOf(wet, dry);
    assert(swapped !== undefined && swapped.slope > 5 * swapped.error);
    assert.equal(sentences.length, 1);
    assert.match(sentences[0], /the two are swapped, or the unit expands/);
  });
}

Deno.test("suspects() says nothing of a gain, or of the same recording twice", () => {
  assert.deepEqual(suspectsOf(dry, dry), { sentences: [] });
  const half = dry.map((x) => x / 2);
  assert.deepEqual(suspectsOf(dry, half), { sentences: [] });
  assert.deepEqual(suspectsOf(half, dry), { sentences: [] });
});

for (
  const [dryRate, wetRate] of [
    [44100, 48000],
    [48000, 44100],
    [44100, 88200],
    [44100, 22050],
  ]
) {
  Deno.test(`suspects() tells ${dryRate} and ${wetRate} Hz under one rate in the headers`, () => {
    const ppm = (dryRate / wetRate - 1) * 1e6;
    const { rate, sentences } = suspectsOf(dry, resampled(medium, ppm));
    assert(rate !== undefined);
    assert(Math.abs(rate.wetRate / rate.dryRate - wetRate / dryRate) < 1e-9);
    assert(rate.match > 0.7, `match ${rate.match}`);
    assert.match(sentences.at(-1)!, /one of the headers is wrong/);
  });
}

Deno.test("suspects() tells a header's rate that the samples do not have", () => {
  const { rate } = suspectsOf(dry, medium, 48000);
  assert.equal(rate?.wetRate, RATE);
  assert.equal(rate?.dryRate, RATE);
});

Deno.test("suspects() suspects no rate of other material", () => {
  const other =
    makeStimulus({ seconds: 10, sampleRate: RATE, seed: 4 }).samples;
  assert.deepEqual(suspectsOf(dry, other), { sentences: [] });
});

Deno.test("suspects() tells a constant offset of either side, and its value", () => {
  for (const value of [0.05, -0.005]) {
    const { dryOffset, wetOffset, swapped, sentences } = suspectsOf(
      dry.map((x) => x + value),
      medium,
    );
    assert(Math.abs(dryOffset!.value - value) < 1e-4, `${dryOffset!.value}`);
    assert.equal(wetOffset, undefined);
    assert.equal(swapped, undefined);
    assert.match(sentences[0], /^the dry recording has a constant offset of/);
    assert(suspectsOf(dry, medium.map((x) => x + value)).wetOffset);
  }
});

Deno.test("constantOffset() takes noise and lopsided waves for no offset, and withoutOffset() removes one", () => {
  const random = createRandom(5);
  const noise = Float64Array.from(
    { length: 4 * RATE },
    () => random.normal(0, 0.1),
  );
  assert.equal(constantOffset(noise, RATE), undefined);
  const lopsided = noise.map((_, n) =>
    Math.sin(n / 50) + 0.5 * Math.sin(n / 25 + 1)
  );
  assert.equal(constantOffset(lopsided, RATE), undefined);
  assert.equal(constantOffset(new Float64Array(RATE), RATE), undefined);
  const offset = constantOffset(noise.map((x) => x + 0.02), RATE)!;
  assert(Math.abs(offset.value - 0.02) < 2e-3);
  assert(Math.abs(offset.share - 0.0004 / 0.0104) < 0.01);
  const without = withoutOffset(Float32Array.of(0.5, -0.25), 0.25);
  assert.deepEqual(without, Float32Array.of(0.25, -0.5));
});
