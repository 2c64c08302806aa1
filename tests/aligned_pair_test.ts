/** A pair made ready for the objective: lag and polarity. @module */

import assert from "node:assert/strict";
import { compress } from "../lib/compressor/compressor.ts";
import { alignPair } from "../lib/data/aligned_pair.ts";
import { createRandom } from "../lib/random.ts";
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
    (_, n) => n < lag ? 0 : sign * wet[n - lag],
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
  assert.deepEqual(found.warnings, []);
  assert.deepEqual(found.pair, { dry, wet: turned, sampleRate });
});

Deno.test("alignPair() warns of a wet side of other material", () => {
  const { dry, sampleRate } = newPair(3);
  const random = createRandom(8);
  const wet = dry.map(() => random.uniform() - 0.5);
  const { warnings } = alignPair({ dry, wet, sampleRate }, CONFIG);
  assert.match(warnings.join(), /match of the two recordings is poor/);
});
