/** Lag, polarity and match of pairs, made and real. @module */

import assert from "node:assert/strict";
import fc from "fast-check";
import { compress } from "../lib/compressor/compressor.ts";
import type { Values } from "../lib/models/model.ts";
import { makeStimulus } from "../lib/data/stimulus.ts";
import { preEmphasise } from "../lib/sound/pre_emphasis.ts";
import { createRandom } from "../lib/base/random.ts";
import {
  align,
  findAlignment,
  lagCandidates,
  MATCH_THRESHOLD,
  partCandidates,
  searchAlignment,
  SilentSideError,
} from "../lib/sound/alignment.ts";
import type { Signal } from "../lib/sound/signal.ts";

const RATE = 44100;
const HARD: Values = {
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

/** `signal` as a recorder has it that began `lag` samples early, or late. */
function recorded(signal: Signal, lag: number): Float64Array {
  return lag < 0
    ? Float64Array.from(signal.subarray(-lag))
    : Float64Array.from([...new Float64Array(lag), ...signal]);
}

Deno.test("searchAlignment is findAlignment where that finds the lag", () => {
  const dry = sound(12);
  const wet = compress(dry, HARD, RATE);
  for (const lag of [0, -41, 2047]) {
    const late = shifted(wet, lag);
    const { candidates, from, to, ...found } = searchAlignment(dry, late);
    assert.deepEqual(found, findAlignment(dry, late));
    assert.equal(candidates[0].lag, lag);
    assert.deepEqual([from, to], [0, dry.length]);
  }
});

Deno.test("searchAlignment finds a lag of any size, early or late, either polarity, other lengths", () => {
  const dry = sound(13);
  const wet = compress(dry, HARD, RATE);
  for (const lag of [2048, 2049, -5000, 30000, -100000, 200000, 900000]) {
    const moved = recorded(wet, lag).map((x) => lag % 2 === 0 ? x : -x);
    const found = searchAlignment(dry, moved);
    assert.equal(found.lag, lag);
    assert.equal(found.inverted, lag % 2 !== 0);
    assert(found.match >= MATCH_THRESHOLD, `match ${found.match}`);
  }
  const short = searchAlignment(dry, recorded(wet, 3000).subarray(0, 2 * RATE));
  assert.equal(short.lag, 3000);
  const long = searchAlignment(dry.subarray(RATE), wet);
  assert.equal(long.lag, RATE);
});

Deno.test("searchAlignment finds a lag that holds for a part where none suits the whole", () => {
  const dry = makeStimulus({ seconds: 16, sampleRate: RATE, seed: 14 }).samples;
  const wet = compress(dry, HARD, RATE);
  const cut = wet.length >> 1;
  // 20 000 samples late, then 27 000.
  const broken = Float64Array.from([
    ...recorded(wet.subarray(0, cut), 20000),
    ...new Float64Array(7000),
    ...wet.subarray(cut),
  ]);
  const { lag, from, to, match } = searchAlignment(dry, broken);
  const right = to <= cut ? 20000 : 27000;
  if (to - from < dry.length) assert.equal(lag, right);
  else assert([20000, 27000].includes(lag), `lag ${lag}`);
  assert(match > 0.5, `match ${match}`);
});

Deno.test("searchAlignment says of other material that it does not match", () => {
  const { match } = searchAlignment(sound(15), sound(16));
  assert(match < MATCH_THRESHOLD, `match ${match}`);
});

Deno.test("lagCandidates has every lag of a loop, best first", () => {
  const bar = sound(17).subarray(0, RATE / 4);
  const dry = Float64Array.from(
    { length: 2 * RATE },
    (_, n) => bar[n % bar.length],
  );
  const wet = compress(dry, HARD, RATE);
  const found = lagCandidates(dry, wet, 30000);
  const lags = found.map(({ lag }) => lag);
  for (const lag of [0, bar.length, -bar.length]) assert(lags.includes(lag));
  assert.equal(lags[0], 0);
  const matches = found.map(({ match }) => match);
  assert.deepEqual(matches, matches.toSorted((a, b) => b - a));
});

Deno.test("partCandidates finds a part wherever it is, and nothing for silence", () => {
  const dry = sound(18);
  const wet = recorded(compress(dry, HARD, RATE), 70000);
  const [best] = partCandidates(dry, wet, RATE, 2 * RATE);
  assert.equal(best.lag, 70000);
  assert.deepEqual(partCandidates(new Float64Array(RATE), wet, 0, RATE), []);
  assert.deepEqual(partCandidates(dry, new Float64Array(RATE), 0, RATE), []);
});
