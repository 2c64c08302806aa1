/** Sounds between their samples, and at another clock. @module */

import assert from "node:assert/strict";
import fc from "fast-check";
import { createRandom } from "../lib/base/random.ts";
import { delayed, resampled } from "../lib/sound/fractional_delay.ts";

const RATE = 44100;

/** Frequencies (radians a sample), amplitudes and phases of a sum of sines. */
function partials(seed: number, count = 12) {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => ({
    w: 2 * Math.PI * random.logUniform(20, 20000) / RATE,
    a: random.uniform(0.02, 0.08),
    p: random.uniform(0, 2 * Math.PI),
  }));
}

/** The sum at time `t` and its first two derivatives. */
function sumAt(sines: ReturnType<typeof partials>, t: number) {
  const result = [0, 0, 0];
  for (const { w, a, p } of sines) {
    result[0] += a * Math.sin(w * t + p);
    result[1] += a * w * Math.cos(w * t + p);
    result[2] -= a * w * w * Math.sin(w * t + p);
  }
  return result;
}

Deno.test("delayed() reads sums of sines to 20 kHz between their samples, and their derivatives, to 3e-6", () => {
  for (let seed = 0; seed < 6; seed++) {
    const sines = partials(seed);
    const length = 600;
    const y = Float64Array.from({ length }, (_, n) => sumAt(sines, n)[0]);
    for (const tau of [0.5, -0.3, 0.017, 12.25, -40.9]) {
      const { value, first, second } = delayed(y, tau, 2);
      for (let n = 100; n < length - 100; n++) {
        const [v, v1, v2] = sumAt(sines, n + tau);
        assert(Math.abs(value[n] - v) < 3e-6, `${tau}: ${value[n]}, not ${v}`);
        assert(Math.abs(first![n] - v1) < 1e-5);
        assert(Math.abs(second![n] - v2) < 2e-5);
      }
    }
  }
});

Deno.test("delayed() is flat to 20 kHz within 3e-6", () => {
  const length = 300;
  for (let f = 500; f <= 20000; f += 500) {
    const w = 2 * Math.PI * f / RATE;
    for (const tau of [0.1, 0.25, 0.5]) {
      const at = (phase: number) =>
        delayed(
          Float64Array.from({ length }, (_, n) => Math.cos(w * n + phase)),
          tau,
        ).value[150];
      const re = at(0) - Math.cos(w * (150 + tau));
      const im = at(-Math.PI / 2) - Math.sin(w * (150 + tau));
      assert(Math.hypot(re, im) < 3e-6, `${f} Hz, τ ${tau}: ${re}, ${im}`);
    }
  }
});

Deno.test("delayed()'s derivatives are those of its value, by finite differences", () => {
  const random = createRandom(1);
  const y = Float64Array.from({ length: 300 }, () => random.normal());
  fc.assert(
    fc.property(
      fc.double({ min: -3, max: 3, noNaN: true }),
      (tau) => {
        const h = 1e-4;
        const before = delayed(y, tau - h, 1);
        const after = delayed(y, tau + h, 1);
        const { first, second } = delayed(y, tau, 2);
        for (let n = 0; n < y.length; n++) {
          const slope = (after.value[n] - before.value[n]) / (2 * h);
          const bend = (after.first![n] - before.first![n]) / (2 * h);
          assert(Math.abs(first![n] - slope) < 1e-6);
          assert(Math.abs(second![n] - bend) < 1e-4);
        }
      },
    ),
    { numRuns: 20, examples: [[0], [0.5], [1], [-2]] },
  );
});

Deno.test("delayed() at whole delays is the samples themselves, and silence outside them", () => {
  const random = createRandom(2);
  const y = Float32Array.from({ length: 500 }, () => random.normal());
  for (const tau of [0, 1, -7, 499, 500, -600, 1e7]) {
    const { value, first } = delayed(y, tau);
    assert(value instanceof Float32Array);
    assert.equal(first, undefined);
    assert.deepEqual(value, y.map((_, n) => y[n + tau] ?? 0));
  }
});

Deno.test("delayed() there and back again is the sound", () => {
  const sines = partials(9);
  const y = Float64Array.from({ length: 20000 }, (_, n) => sumAt(sines, n)[0]);
  const back = delayed(delayed(y, 3.37).value, -3.37).value;
  for (let n = 200; n < y.length - 200; n++) {
    assert(Math.abs(back[n] - y[n]) < 6e-6);
  }
});

Deno.test("delayed() and resampled() refuse what is no number", () => {
  const y = new Float64Array(10);
  assert.throws(() => delayed(y, NaN), RangeError);
  assert.throws(() => delayed(y, Infinity), RangeError);
  assert.throws(() => resampled(y, -1e6), RangeError);
  assert.throws(() => resampled(y, 0, NaN), RangeError);
});

Deno.test("resampled() reads sums of sines to 20 kHz at another clock, to 6e-6", () => {
  const sines = partials(3);
  const y = Float64Array.from({ length: 30000 }, (_, n) => sumAt(sines, n)[0]);
  for (const [ppm, start] of [[100, 0], [-20, 0], [5, 12.3], [-300, -4.5]]) {
    const got = resampled(y, ppm, start);
    const ratio = 1 + ppm * 1e-6;
    assert.equal(got.length, Math.ceil((y.length - start) / ratio));
    for (let n = 100; n < got.length - 100; n++) {
      const [v] = sumAt(sines, start + n * ratio);
      assert(Math.abs(got[n] - v) < 6e-6, `${ppm} ppm: ${got[n]}, not ${v}`);
    }
  }
});

Deno.test("resampled() at the same clock is the sound from its start on, in its kind", () => {
  const y = Float32Array.from({ length: 100 }, (_, n) => n % 7);
  assert.deepEqual(resampled(y, 0), y);
  assert.deepEqual(resampled(y, 0, 10, 20), y.slice(10, 30));
  assert.equal(resampled(y, 0, 200).length, 0);
});
