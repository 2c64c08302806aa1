/** Drift, slips and dropouts of pairs made here, and what is none of them. @module */

import assert from "node:assert/strict";
import { compress } from "../lib/compressor/compressor.ts";
import { makeStimulus } from "../lib/data/stimulus.ts";
import { createRandom } from "../lib/base/random.ts";
import { searchAlignment } from "../lib/sound/alignment.ts";
import { type Clock, readClock } from "../lib/sound/clock.ts";
import { delayed, resampled } from "../lib/sound/fractional_delay.ts";
import type { Signal } from "../lib/sound/signal.ts";

const RATE = 44100;

const UNIT = {
  threshold_db: -24,
  ratio: 4,
  attack_ms: 3,
  release_ms: 150,
  make_up_db: 0,
};

function clockOf(dry: Signal, wet: Signal): Clock {
  return readClock(
    { dry, wet, sampleRate: RATE },
    searchAlignment(dry, wet),
  );
}

/** Varied sounds, and what the unit makes of them. */
function varied(seconds: number, seed: number) {
  const dry = makeStimulus({ seconds, sampleRate: RATE, seed }).samples;
  return { dry, wet: compress(dry, UNIT, RATE) };
}

/** A bass line below 400 Hz, and what the unit makes of it. */
function bass(seconds: number, seed: number) {
  const random = createRandom(seed);
  const dry = new Float32Array(seconds * RATE);
  let start = 0;
  while (start < dry.length) {
    const length = Math.floor(RATE * random.uniform(0.15, 0.5));
    const w = 2 * Math.PI * random.pick([41.2, 55, 61.7, 73.4, 82.4, 98, 110]) /
      RATE;
    const level = 10 ** (random.uniform(-18, 0) / 20);
    for (let n = start; n < Math.min(dry.length, start + length); n++) {
      const t = n - start;
      const envelope = level * Math.min(1, t / 200) * Math.exp(-4 * t / RATE);
      dry[n] = 0.6 * envelope *
        (Math.sin(w * t) + 0.4 * Math.sin(2 * w * t) +
          0.2 * Math.sin(3 * w * t));
    }
    start += length;
  }
  return { dry, wet: compress(dry, UNIT, RATE) };
}

/** `signal` without the samples `from` … `from + count`. */
function without(signal: Signal, from: number, count: number): Float64Array {
  const result = new Float64Array(signal.length - count);
  result.set(signal.subarray(0, from));
  result.set(signal.subarray(from + count), from);
  return result;
}

/** `signal` with `count` samples of silence put in at `from`. */
function withMore(signal: Signal, from: number, count: number): Float64Array {
  const result = new Float64Array(signal.length + count);
  result.set(signal.subarray(0, from));
  result.set(signal.subarray(from), from + count);
  return result;
}

function noisy(signal: Signal, deviation: number): Float32Array {
  const random = createRandom(77);
  return Float32Array.from(signal, (x) => x + random.normal(0, deviation));
}

/** First-order high-pass, as a coupling capacitor makes it. */
function coupled(signal: Signal, hertz: number): Float64Array {
  const pole = Math.exp(-2 * Math.PI * hertz / RATE);
  let input = 0;
  let output = 0;
  return Float64Array.from(signal, (x) => {
    output = (1 + pole) / 2 * (x - input) + pole * output;
    input = x;
    return output;
  });
}

function assertSteady(clock: Clock, lag: number, tolerance: number): void {
  assert.equal(clock.driftPpm, 0);
  assert.deepEqual(clock.slips, []);
  assert.deepEqual(clock.dropouts, []);
  assert.deepEqual(clock.sentences, []);
  assert.equal(clock.pieces.length, 1);
  const [piece] = clock.pieces;
  assert(Math.abs(piece.lag - lag) < tolerance, `lag ${piece.lag}, not ${lag}`);
}

for (const lag of [0, 0.3, -17.5, 1500.7]) {
  Deno.test(`readClock() finds a steady lag of ${lag} samples to 0.01, and nothing else`, () => {
    const { dry, wet } = varied(6, 1);
    assertSteady(clockOf(dry, delayed(wet, -lag).value), lag, 0.01);
  });
}

Deno.test("readClock() finds a steady lag on bass, in noise, of either polarity", () => {
  const { dry, wet } = bass(8, 2);
  assertSteady(clockOf(dry, delayed(wet, -3.4).value), 3.4, 0.02);
  const other = varied(8, 3);
  const late = delayed(other.wet, -3.4).value;
  assertSteady(clockOf(other.dry, noisy(late, 1e-3)), 3.4, 0.05);
  assertSteady(clockOf(other.dry, late.map((x) => -x)), 3.4, 0.01);
});

Deno.test("readClock() takes neither a coupling, an offset, hum, clipping nor 16 bits for a drift, a slip or a dropout", () => {
  const { dry, wet } = varied(10, 4);
  const units: Record<string, [Float64Array, number]> = {
    "coupling at 10 Hz": [coupled(wet, 10), 0.1],
    offset: [wet.map((x) => x + 0.05), 0.02],
    hum: [
      wet.map((x, n) => x + 0.005 * Math.sin(2 * Math.PI * 50 * n / RATE)),
      0.05,
    ],
    clipping: [wet.map((x) => Math.max(-0.2, Math.min(0.2, x))), 0.02],
    "16 bits, quiet": [
      wet.map((x) => Math.round(x * 0.01 * 32768) / 32768),
      0.05,
    ],
  };
  for (const [name, [output, tolerance]] of Object.entries(units)) {
    try {
      assertSteady(clockOf(dry, output), 0, tolerance);
    } catch (error) {
      throw new Error(name, { cause: error });
    }
  }
});

Deno.test("readClock() takes a sweep through a coupling for no drift", () => {
  const seconds = 12;
  let phase = 0;
  const dry = Float32Array.from({ length: seconds * RATE }, (_, n) => {
    phase += 2 * Math.PI * 20 * 1000 ** (n / (seconds * RATE)) / RATE;
    return 0.5 * Math.sin(phase);
  });
  const wet = coupled(compress(dry, UNIT, RATE), 3);
  assertSteady(clockOf(dry, wet), 0, 0.1);
});

for (const [seconds, ppm] of [[20, 20], [20, -100], [60, 20], [60, 100]]) {
  Deno.test(`readClock() finds a drift of ${ppm} ppm over ${seconds} s within 1 ppm`, () => {
    const { dry, wet } = varied(seconds, 5);
    const clock = clockOf(dry, noisy(resampled(wet, -ppm), 1e-4));
    assert(Math.abs(clock.driftPpm - ppm) < 1, `${clock.driftPpm} ppm`);
    assert(clock.driftErrorPpm < 1, `± ${clock.driftErrorPpm} ppm`);
    assert.deepEqual(clock.slips, []);
    assert.deepEqual(clock.dropouts, []);
    assert.equal(clock.pieces.length, 1);
    assert(Math.abs(clock.pieces[0].lag) < 0.1);
    assert.equal(clock.pieces[0].driftPpm, clock.driftPpm);
    assert.match(
      clock.sentences[0],
      ppm > 0 ? /clock is fast by/ : /clock is slow by/,
    );
  });
}

for (const ppm of [5, 20, -100]) {
  Deno.test(`readClock() finds a drift of ${ppm} ppm on a bass line of 30 s within 1 ppm`, () => {
    const { dry, wet } = bass(30, 6);
    const clock = clockOf(dry, resampled(wet, -ppm));
    assert(Math.abs(clock.driftPpm - ppm) < 1, `${clock.driftPpm} ppm`);
    assert.deepEqual(clock.slips, []);
  });
}

Deno.test("resampled() by what readClock() finds brings wet in step with dry", () => {
  const { dry, wet } = varied(20, 7);
  const late = delayed(resampled(wet, -50), -12.3).value;
  const { pieces: [piece] } = clockOf(dry, late);
  const length = piece.to - piece.from;
  const back = resampled(late, piece.driftPpm, piece.from + piece.lag, length);
  // What lies above 20 kHz is not promised: a zero at half the rate, four times.
  const weights = [1, 4, 6, 4, 1].map((weight) => weight / 16);
  const smooth = (value: (n: number) => number) =>
    weights.reduce((sum, weight, k) => sum + weight * value(k), 0);
  let error = 0;
  let energy = 0;
  for (let n = 100; n < length - 100; n++) {
    const whole = piece.from + n;
    error += smooth((k) => back[n + k] - wet[whole + k]) ** 2;
    energy += smooth((k) => wet[whole + k]) ** 2;
  }
  assert(error < 1e-4 * energy, `${error / energy} of the energy is error`);
});

for (const make of [varied, bass]) {
  for (const lost of [8, 32, 64, 512]) {
    Deno.test(`readClock() finds ${lost} lost samples within 20 ms, ${make.name}`, () => {
      const { dry, wet } = make(12, 8);
      const at = 5 * RATE + 1234;
      const clock = clockOf(dry, without(wet, at, lost));
      assert.equal(clock.slips.length, 1);
      const [slip] = clock.slips;
      assert(Math.abs(slip.samples + lost) < 0.1, `${slip.samples} samples`);
      assert(Math.abs(slip.at - at) < 0.02 * RATE, `at ${slip.at}, not ${at}`);
      assert.equal(clock.driftPpm, 0);
      assert.deepEqual(clock.dropouts, []);
      const [before, after] = clock.pieces;
      assert(before.to <= at && after.from >= at + lost);
      assert(Math.abs(before.lag) < 0.1 && Math.abs(after.lag + lost) < 0.1);
      assert.match(
        clock.sentences[0],
        new RegExp(`^${lost} samples .*missing`),
      );
    });
  }
}

Deno.test("readClock() finds a slip near the start, on the highest sounds too", () => {
  const random = createRandom(14);
  const dry = Float32Array.from(
    { length: 8 * RATE },
    (_, n) => 10 ** (-((n >> 13) % 7) / 5) * random.uniform(-0.9, 0.9),
  );
  const at = Math.round(2.27 * RATE);
  const clock = clockOf(dry, without(compress(dry, UNIT, RATE), at, 64));
  assert.equal(clock.windows.length, 8);
  for (const { lag, error } of clock.windows) {
    assert(Number.isFinite(lag) && error > 0);
  }
  assert.equal(clock.slips.length, 1);
  assert(Math.abs(clock.slips[0].samples + 64) < 0.1);
  assert(Math.abs(clock.slips[0].at - at) < 0.02 * RATE);
});

Deno.test("readClock() finds samples put in, and does not call them a dropout", () => {
  const { dry, wet } = varied(12, 8);
  const at = 5 * RATE + 1234;
  const clock = clockOf(dry, withMore(wet, at, 256));
  assert.equal(clock.slips.length, 1);
  assert(Math.abs(clock.slips[0].samples - 256) < 0.1);
  assert(Math.abs(clock.slips[0].at - at) < 0.02 * RATE);
  assert.deepEqual(clock.dropouts, []);
  assert.match(clock.sentences[0], /256 samples too many at 5\.0/);
});

Deno.test("readClock() finds two slips on a clock that drifts", () => {
  const { dry, wet } = varied(30, 9);
  const once = without(wet, 9 * RATE, 64);
  const twice = withMore(once, 20 * RATE, 128);
  const clock = clockOf(dry, noisy(resampled(twice, -30), 1e-4));
  assert.deepEqual(
    clock.slips.map(({ samples }) => Math.round(samples)),
    [-64, 128],
  );
  assert(Math.abs(clock.driftPpm - 30) < 1, `${clock.driftPpm} ppm`);
  assert.equal(clock.pieces.length, 3);
});

Deno.test("readClock() says between which times a slip lies that no sound tells", () => {
  const { dry, wet } = varied(12, 10);
  for (const side of [dry, wet]) side.fill(0, 5 * RATE, 6 * RATE);
  const clock = clockOf(dry, without(wet, 5.5 * RATE, 64));
  assert.equal(clock.slips.length, 1);
  const [{ from, to }] = clock.slips;
  assert(from <= 5.5 * RATE && to >= 5.5 * RATE);
  assert.match(
    clock.sentences[0],
    /missing between .* where the sound does not/,
  );
});

Deno.test("readClock() finds dropouts: silence, and a buffer played again", () => {
  const { dry, wet } = varied(10, 11);
  const silent = wet.slice();
  silent.fill(0, 4 * RATE, 4 * RATE + 2205);
  const held = wet.slice();
  const from = 7 * RATE;
  for (let n = from; n < from + 2048; n++) held[n] = held[n - 512];
  for (
    const [name, output, at, length] of [
      ["silent", silent, 4 * RATE, 2205],
      ["held", held, from, 2048],
    ] as const
  ) {
    const clock = clockOf(dry, output);
    assert.equal(clock.dropouts.length, 1, name);
    const [dropout] = clock.dropouts;
    assert(Math.abs(dropout.from - at) <= 2, `${name}: from ${dropout.from}`);
    assert(
      Math.abs(dropout.to - at - length) <= 2,
      `${name}: to ${dropout.to}`,
    );
    assert.deepEqual(clock.slips, [], name);
    assert.equal(clock.pieces.length, 2, name);
    assert.match(clock.sentences[0], /drops out for/);
  }
});

Deno.test("readClock() begins where wet does, with the dry from before it at hand", () => {
  const { dry, wet } = varied(8, 12);
  const { pieces } = clockOf(dry, wet.subarray(5000));
  assert.equal(pieces.length, 1);
  assert.equal(pieces[0].from, 5000);
  assert.equal(pieces[0].to, dry.length);
  assert(Math.abs(pieces[0].lag + 5000) < 0.01);
});

Deno.test("readClock() of what is too short has no piece and no word", () => {
  const dry = Float64Array.from({ length: 40 }, (_, n) => Math.sin(n));
  const clock = clockOf(dry, dry);
  assert.deepEqual(clock.slips, []);
  assert.equal(clock.driftPpm, 0);
  assert.equal(clock.driftErrorPpm, Infinity);
});
