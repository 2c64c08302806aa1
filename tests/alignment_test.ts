/** Lag, polarity and match of pairs, made and real. @module */

import assert from "node:assert/strict";
import fc from "fast-check";
import { compress } from "../lib/compressor/compressor.ts";
import type { CompressorParameters } from "../lib/compressor/parameters.ts";
import { makeStimulus } from "../lib/data/stimulus.ts";
import { preEmphasise } from "../lib/objective/pre_emphasis.ts";
import { createRandom } from "../lib/random.ts";
import {
  align,
  findAlignment,
  MATCH_THRESHOLD,
  SilentSideError,
} from "../lib/sound/alignment.ts";
import type { Signal } from "../lib/sound/signal.ts";

const RATE = 44100;
const HARD: CompressorParameters = {
  threshold_db: -50,
  ratio: 20,
  attack_ms: 0.1,
  release_ms: 30,
  make_up_db: 20,
};

/** Four seconds of varied sounds. */
function sound(seed: number): Float32Array {
  return makeStimulus({ seconds: 4, sampleRate: RATE, seed }).samples;
}

/** `signal`, `lag` samples late (early where negative), of the same length. */
function shifted(signal: Signal, lag: number): Float64Array {
  return Float64Array.from(signal, (_, n) => signal[n - lag] ?? 0);
}

/** Plucked notes of one scale at random times: two seeds share key and timbre. */
function melody(seed: number): Float64Array {
  const random = createRandom(seed);
  const samples = new Float64Array(3 * RATE);
  let start = 0;
  while (start < samples.length) {
    const step = random.pick([0, 2, 4, 5, 7, 9, 11, 12]);
    const frequency = 220 * 2 ** (step / 12);
    const end = Math.min(samples.length, start + 30000);
    for (let n = start; n < end; n++) {
      const phase = 2 * Math.PI * frequency * (n - start) / RATE;
      const envelope = 0.2 * Math.exp(-(n - start) / 8000);
      samples[n] += envelope * (Math.sin(phase) + 0.5 * Math.sin(2 * phase));
    }
    start += random.integer(3000, 14000);
  }
  return samples;
}

Deno.test("findAlignment finds any lag, either polarity, through hard compression", () => {
  const dry = sound(1);
  const wet = compress(dry, HARD, RATE);
  fc.assert(
    fc.property(
      fc.integer({ min: -2048, max: 2048 }),
      fc.boolean(),
      fc.double({ min: 0.01, max: 4, noNaN: true }),
      (lag, inverted, gain) => {
        const moved = shifted(wet, lag).map((x) =>
          inverted ? -gain * x : gain * x
        );
        const found = findAlignment(dry, moved);
        assert.equal(found.lag, lag);
        assert.equal(found.inverted, inverted);
        assert(found.match > 0.8, `match ${found.match}`);
        assert(found.confidence > 0.5, `confidence ${found.confidence}`);
      },
    ),
    {
      numRuns: 8,
      examples: [[0, false, 1], [2048, true, 1], [-2048, true, 1]],
    },
  );
});

Deno.test("findAlignment bears filters, distortion and noise in the unit", () => {
  const dry = sound(2);
  const wet = compress(dry, HARD, RATE);
  const random = createRandom(3);
  const units: Record<string, Signal> = {
    "pre-emphasis": preEmphasise(wet, new Float64Array(wet.length)),
    saturation: wet.map((x) => Math.tanh(5 * x)),
    noise: wet.map((x) => x + random.normal(0, 0.01)),
  };
  for (const [name, output] of Object.entries(units)) {
    const { lag, inverted, match } = findAlignment(dry, shifted(output, 300));
    assert.equal(lag, 300, name);
    assert.equal(inverted, false, name);
    assert(match > 0.7, `${name}: match ${match}`);
  }
});

Deno.test("findAlignment takes dry for a perfect match of itself", () => {
  const dry = sound(4);
  const { lag, inverted, match } = findAlignment(dry, dry);
  assert.equal(lag, 0);
  assert.equal(inverted, false);
  assert(Math.abs(match - 1) < 1e-12);
});

Deno.test("findAlignment tells other material by its match", () => {
  const random = createRandom(5);
  const noise = Float64Array.from({ length: 3 * RATE }, () => random.normal());
  const pairs: Record<string, [Signal, Signal]> = {
    "other stimulus": [sound(6), sound(7)],
    "same piece, later": [
      melody(8).subarray(0, RATE),
      melody(8).subarray(RATE),
    ],
    "reversed": [melody(9), melody(9).reverse()],
    noise: [melody(10), noise],
  };
  for (let seed = 20; seed < 26; seed++) {
    pairs[`same key and timbre ${seed}`] = [melody(seed), melody(seed + 100)];
  }
  for (const [name, [dry, wet]] of Object.entries(pairs)) {
    const { match } = findAlignment(dry, wet);
    assert(match < MATCH_THRESHOLD / 2, `${name}: match ${match}`);
  }
});

Deno.test("findAlignment says of a steady tone that other lags fit nearly as well", () => {
  const tone = Float64Array.from(
    { length: RATE },
    (_, n) => 0.5 * Math.sin(2 * Math.PI * 441 * n / RATE),
  );
  const { lag, inverted, match, confidence } = findAlignment(tone, tone);
  assert.equal(lag, 0);
  assert.equal(inverted, false);
  assert(match > 0.999);
  assert(confidence < 0.3, `confidence ${confidence}`);
});

Deno.test("findAlignment refuses silence, and a constant, on either side", () => {
  const dry = sound(11);
  const silences = [
    new Float32Array(RATE),
    new Float32Array(RATE).fill(0.5),
    Float64Array.from({ length: RATE }, (_, n) => 1e-7 * Math.sin(n)),
  ];
  for (const silence of silences) {
    assert.throws(
      () => findAlignment(dry, silence),
      (error) =>
        error instanceof SilentSideError && error.side === "wet" &&
        /wet recording is silent .* record it again/.test(error.message),
    );
    assert.throws(
      () => findAlignment(silence, dry),
      (error) => error instanceof SilentSideError && error.side === "dry",
    );
  }
});

Deno.test("findAlignment is finite for any two sounds, however short or loud", () => {
  const sample = fc.oneof(
    fc.constantFrom(0, 1, -1, 1e9, 1e-9),
    fc.double({ min: -1, max: 1, noNaN: true }),
  );
  const signal = fc.array(sample, { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(signal, signal, fc.nat(30), (dry, wet, maxLag) => {
      let found;
      try {
        found = findAlignment(
          Float64Array.from(dry),
          Float64Array.from(wet),
          maxLag,
        );
      } catch (error) {
        assert(error instanceof SilentSideError);
        return;
      }
      assert(Number.isInteger(found.lag) && Math.abs(found.lag) <= maxLag);
      assert(found.match >= 0 && found.match <= 1 + 1e-12, `${found.match}`);
      assert(found.confidence >= -1e-9 && found.confidence <= 1);
    }),
    { numRuns: 40 },
  );
});

Deno.test("align gives the common part as views", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: -40, max: 40 }),
      (dryLength, wetLength, lag) => {
        const dry = Float64Array.from({ length: dryLength }, (_, n) => n);
        const wet = Float64Array.from({ length: wetLength }, (_, n) => n - lag);
        const left = Math.min(dryLength, wetLength - lag) - Math.max(0, -lag);
        if (left <= 0) {
          assert.throws(() => align({ dry, wet, sampleRate: RATE }, lag), {
            name: "RangeError",
            message: /leaves nothing/,
          });
          return;
        }
        const pair = align({ dry, wet, sampleRate: RATE }, lag);
        assert.equal(pair.dry.length, left);
        assert.deepEqual([...pair.dry], [...pair.wet]);
        assert.equal(pair.dry.buffer, dry.buffer);
        assert.equal(pair.wet.buffer, wet.buffer);
        assert.equal(pair.sampleRate, RATE);
      },
    ),
  );
});
