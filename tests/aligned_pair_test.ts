/** A pair made ready for the objective: lag and polarity. @module */

import assert from "node:assert/strict";
import { compress } from "../lib/compressor/compressor.ts";
import { alignPair } from "../lib/data/aligned_pair.ts";
import { createRandom } from "../lib/base/random.ts";
import type { Signal } from "../lib/sound/signal.ts";

const RATE = 8000;
const CONFIG = { enabled: true, max_lag: 500 };

/** Noise whose level changes, and what a compressor makes of it. */
function newPair(seconds: number) {
  const random = createRandom(7);
  const dry = Float32Array.from(
    { length: seconds * RATE },
    (_, n) => (random.uniform() - 0.5) * 10 ** (-((n >> 10) % 13) / 10),
  );
  const wet = compress(dry, {
    threshold_db: -24,
    ratio: 3,
    attack_ms: 5,
    release_ms: 100,
    make_up_db: 2,
  }, RATE);
  return { dry, wet, sampleRate: RATE };
}

/** `wet`, `lag` samples late and times `sign`. */
function shifted(wet: ArrayLike<number>, lag: number, sign: 1 | -1) {
  return Float32Array.from(
    { length: wet.length },
    (_, n) => sign * (wet[n - lag] ?? 0),
  );
}

/** Asserts that two signals are the same, without a list of all differences. */
function assertSame(actual: Signal, expected: Signal): void {
  assert.equal(actual.length, expected.length);
  assert.equal(actual.findIndex((x, n) => x !== expected[n]), -1);
}

for (const sign of [1, -1] as const) {
  // The second is looked at through an excerpt.
  for (const [seconds, lag] of [[3, 123], [40, 57]]) {
    Deno.test(`alignPair() takes away a lag of ${lag} samples in ${seconds} s, polarity ${sign}`, () => {
      const { dry, wet, sampleRate } = newPair(seconds);
      const late = shifted(wet, lag, sign);
      const found = alignPair({ dry, wet: late, sampleRate }, CONFIG);
      assert.equal(found.lag, lag);
      assert.equal(found.polarity, sign);
      const kept = dry.length - lag;
      assertSame(found.pair.dry, dry.subarray(0, kept));
      assertSame(found.pair.wet, Float32Array.from(wet.subarray(0, kept)));
      assert.deepEqual(
        found.warnings.map((warning) => /opposite polarity/.test(warning)),
        sign === 1 ? [] : [true],
      );
      // The recording itself is left as it is.
      assertSame(late, shifted(wet, lag, sign));
    });
  }
}

Deno.test("alignPair() leaves the sides as they are where it is switched off", () => {
  const { dry, wet, sampleRate } = newPair(1);
  const turned = shifted(wet, 20, -1);
  const found = alignPair(
    { dry, wet: turned, sampleRate },
    { ...CONFIG, enabled: false },
  );
  assert.equal(found.lag, undefined);
  assert.equal(found.polarity, undefined);
  assert.deepEqual(found.warnings, []);
  assert.deepEqual(found.pair, { dry, wet: turned, sampleRate });
});

Deno.test("alignPair() warns of a wet side of other material, and does not turn it over", () => {
  const { dry, sampleRate } = newPair(3);
  const random = createRandom(8);
  const wet = dry.map(() => random.uniform() - 0.5);
  // One of the two matches with the opposite polarity, as far as it does at all.
  for (const side of [wet, wet.map((sample) => -sample)]) {
    const found = alignPair({ dry, wet: side, sampleRate }, CONFIG);
    assert.equal(found.polarity, 1);
    assert.equal(found.warnings.length, 1);
    assert.match(
      found.warnings[0],
      /match of the two recordings is poor.*may be of other material$/,
    );
    assert.equal(found.pair.wet.buffer, side.buffer);
  }
});

Deno.test("alignPair() finds a lag beyond max_lag, unless that is 0", () => {
  const { dry, wet, sampleRate } = newPair(3);
  for (const lag of [700, 5000, -1500]) {
    const pair = { dry, wet: shifted(wet, lag, 1), sampleRate };
    for (const max_lag of [500, 8000]) {
      const found = alignPair(pair, { ...CONFIG, max_lag });
      assert.equal(found.lag, lag);
      assert.deepEqual(found.warnings, []);
    }
    const still = alignPair(pair, { ...CONFIG, max_lag: 0 });
    assert.equal(still.lag, 0);
    assert.match(still.warnings.join(), /match of the two recordings is poor/);
  }
});

Deno.test("alignPair() looks at the whole where the middle tells nothing", () => {
  const { dry, wet, sampleRate } = newPair(50);
  const random = createRandom(9);
  // A pause of 40 s that is not quite digital silence.
  for (let n = 5 * RATE; n < 45 * RATE; n++) {
    dry[n] = 2e-6 * (random.uniform() - 0.5);
    wet[n] = 2e-6 * (random.uniform() - 0.5);
  }
  const found = alignPair(
    { dry, wet: shifted(wet, 300, 1), sampleRate },
    CONFIG,
  );
  assert.equal(found.lag, 300);
  assert.equal(found.polarity, 1);
  assert.deepEqual(found.warnings, []);
});

Deno.test("alignPair() says how to leave an uncertain lag as it is", () => {
  const tone = Float64Array.from(
    { length: 20 * RATE },
    (_, n) => 0.5 * Math.sin(2 * Math.PI * 80 * n / RATE),
  );
  const pair = { dry: tone, wet: tone, sampleRate: RATE };
  const { warnings } = alignPair(pair, CONFIG);
  assert.match(
    warnings.join(),
    /uncertain.*with --set alignment\.enabled=false$/,
  );
});
