import assert from "node:assert/strict";
import fc from "fast-check";
import { bootstrapInterval } from "../lib/metrics/bootstrap.ts";
import { openBreakdown, type Stretch } from "../lib/metrics/breakdown.ts";
import { esr } from "../lib/metrics/esr.ts";
import {
  bestGain,
  beyondGain,
  gainOverTime,
  levelDb,
} from "../lib/metrics/gain.ts";
import { deltaLdr } from "../lib/sound/loudness_dynamic_range.ts";
import { spectrogram } from "../lib/metrics/spectrogram.ts";
import { createRandom } from "../lib/base/random.ts";

const RATE = 8000;

function noise(seed: number, length: number): Float32Array {
  const random = createRandom(seed);
  return Float32Array.from({ length }, (_, n) =>
    Math.fround(
      (0.3 + 0.3 * Math.sin(n / 500)) * random.uniform(-1, 1),
    ));
}

function sine(
  frequency: number,
  amplitude: number,
  length: number,
  rate = RATE,
) {
  return Float32Array.from(
    { length },
    (_, n) => amplitude * Math.sin(2 * Math.PI * frequency * n / rate),
  );
}

Deno.test("openBreakdown gives a rendering that equals the target exactly 0 and 0, in every part", () => {
  const target = noise(1, 5000);
  const stretches = [
    { kind: "a", start: 0, length: 2000 },
    { kind: "b", start: 2000, length: 3000 },
  ];
  const found = openBreakdown(target, { sampleRate: RATE, stretches })(
    target.slice(),
  );
  assert.equal(found.esr, 0);
  assert.equal(found.deltaLdrDb, 0);
  for (const kind of found.kinds) {
    assert.equal(kind.esr, 0);
    assert.equal(kind.deltaLdrDb, 0);
  }
  assert(found.blocks.error.every((energy) => energy === 0));
});

Deno.test("openBreakdown of a whole recording agrees with esr and deltaLdr", () => {
  const target = noise(2, 30_000);
  const model = target.map((y, n) => 0.8 * y + 0.01 * Math.sin(n));
  const found = openBreakdown(target, { sampleRate: RATE })(model);
  assert(Math.abs(found.esr / esr(model, target) - 1) < 1e-12);
  assert(Math.abs(found.deltaLdrDb - deltaLdr(model, target, RATE)) < 1e-9);
  assert.deepEqual(found.kinds, []);
});

Deno.test("openBreakdown's blocks and kinds add up to the whole, wherever they are cut", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 1000 }),
    fc.integer({ min: 10, max: 900 }),
    fc.array(fc.integer({ min: 1, max: 2999 }), { maxLength: 6 }),
    fc.integer({ min: 0, max: 1500 }),
    (seed, blockLength, cuts, from) => {
      const target = noise(seed, 3000);
      const model = noise(seed + 1, 3000);
      const edges = [...new Set([0, ...cuts, 3000])].sort((a, b) => a - b);
      const stretches: Stretch[] = edges.slice(1).map((end, i) => ({
        kind: "xyz"[i % 3],
        start: edges[i],
        length: end - edges[i],
      }));
      const options = { sampleRate: RATE, from, blockLength };
      const plain = openBreakdown(target, options)(model);
      const { kinds, blocks, ...whole } = openBreakdown(target, {
        ...options,
        stretches,
      })(model);
      assert(Math.abs(whole.esr / plain.esr - 1) < 1e-10);
      const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
      assert.equal(
        blocks.error.length,
        Math.ceil((3000 - from) / blockLength),
      );
      const ofBlocks = sum(blocks.error) / sum(blocks.target);
      assert(Math.abs(ofBlocks / whole.esr - 1) < 1e-10);
      const seconds = sum(kinds.map((kind) => kind.seconds));
      assert(Math.abs(seconds - (3000 - from) / RATE) < 1e-9);
      // The whole's ESR lies between those of its kinds.
      const esrs = kinds.map((kind) => kind.esr);
      assert(Math.min(...esrs) <= whole.esr * (1 + 1e-10));
      assert(Math.max(...esrs) >= whole.esr * (1 - 1e-10));
    },
  ));
});

Deno.test("openBreakdown tells the kinds of sound apart", () => {
  // By hand: half the amplitude is an ESR of a quarter, none is one of 1. The
  // silence between lets the filter's tail die away.
  const burst = sine(1000, 0.5, 2000);
  const target = new Float32Array(12_000);
  target.set(burst, 0);
  target.set(burst, 6000);
  const model = target.slice();
  for (let n = 0; n < 6000; n++) model[n] *= 0.5;
  for (let n = 6000; n < 12_000; n++) model[n] = 0;
  const { kinds, esr } = openBreakdown(target, {
    sampleRate: RATE,
    stretches: [
      { kind: "first", start: 0, length: 6000 },
      { kind: "second", start: 6000, length: 6000 },
    ],
  })(model);
  assert(Math.abs(kinds[0].esr - 0.25) < 1e-9, `${kinds[0].esr}`);
  assert(Math.abs(kinds[1].esr - 1) < 1e-9, `${kinds[1].esr}`);
  assert(Math.abs(esr - 0.625) < 1e-6, `${esr}`);
});

Deno.test("openBreakdown refuses what it cannot score", () => {
  const target = noise(3, 100);
  const options = { sampleRate: RATE };
  assert.throws(
    () => openBreakdown(target, options)(noise(3, 99)),
    /99 samples, target 100/,
  );
  assert.throws(
    () => openBreakdown(new Float32Array(100), options),
    /silent/,
  );
  assert.throws(
    () => openBreakdown(target, { ...options, from: 100 }),
    /counted samples/,
  );
});

Deno.test("bootstrapInterval closes on items that are all the same, and covers the mean of others", () => {
  const mean = (values: number[]) => (times: Float64Array) => {
    let [sum, count] = [0, 0];
    values.forEach((value, i) => {
      sum += value * times[i];
      count += times[i];
    });
    return sum / count;
  };
  const same = bootstrapInterval(5, mean([3, 3, 3, 3, 3]), { seed: 1 });
  assert.deepEqual(same, { estimate: 3, low: 3, high: 3 });

  // Of 400 uniform numbers the mean's standard error is √(1/12/400) = 0.0144.
  const random = createRandom(1);
  const values = Array.from({ length: 400 }, () => random.uniform());
  const found = bootstrapInterval(400, mean(values), {
    seed: 1,
    resamples: 2000,
  });
  const width = found.high - found.low;
  assert(Math.abs(width / (2 * 1.96 * 0.0144) - 1) < 0.1, `${width}`);
  assert(found.low < found.estimate && found.estimate < found.high);
  assert.deepEqual(
    bootstrapInterval(400, mean(values), { seed: 1, resamples: 2000 }),
    found,
  );
  assert.notDeepEqual(
    bootstrapInterval(400, mean(values), { seed: 2, resamples: 2000 }),
    found,
  );
});

Deno.test("bestGain is the factor between a sound and itself scaled, and the nearest otherwise", () => {
  const sound = noise(4, 4000);
  assert(
    Math.abs(bestGain(sound, sound.map((x) => -0.25 * x)) + 0.25) < 1e-12,
  );
  const other = noise(5, 4000).map((x, n) => x + 0.5 * sound[n]);
  const gain = bestGain(sound, other);
  const at = (c: number) => esr(sound.map((x) => c * x), other);
  assert(at(gain) < at(gain + 0.01) && at(gain) < at(gain - 0.01));
  assert.throws(() => bestGain(new Float32Array(9), other), /silent/);
});

Deno.test("beyondGain leaves nothing of a gain that changes, and all of another sound", () => {
  const [sound, other] = [noise(1, 4000), noise(2, 4000)];
  const turned = sound.map((x, n) => x * (1 + Math.floor(n / 100) % 5));
  const { left, energy } = beyondGain(sound, turned, 0, 4000, 100);
  assert(left < 1e-9 * energy);
  // An error that has nothing to do with the model stays, but for chance.
  const mixed = turned.map((x, n) => x + other[n]);
  const sums = beyondGain(sound, mixed, 0, 4000, 1000);
  const own = beyondGain(sound, other, 0, 4000, 1000);
  assert(own.left > 0.99 * own.energy);
  assert(sums.left > 0.9 * own.left);
  assert.equal(beyondGain(sound, other, 500, 500, 100).energy, 0);
});

Deno.test("gainOverTime shows no gain below −60 dBFS", () => {
  for (const [db, isShown] of [[-59, true], [-61, false]] as const) {
    const tone = sine(500, Math.SQRT2 * 10 ** (db / 20), 4000);
    const { gainDb } = gainOverTime(tone, tone, RATE, 0.02);
    assert(gainDb.every((gain) => Number.isNaN(gain) !== isShown));
  }
});

Deno.test("gainOverTime reads the gain in decibels and shows none in silence", () => {
  const input = new Float32Array(8000);
  input.set(sine(500, 0.5, 4000));
  const output = input.map((x) => x / 2);
  const { seconds, gainDb } = gainOverTime(input, output, RATE, 0.02);
  assert.equal(seconds[0], 0.01);
  assert(Math.abs(seconds[1] - 0.02) < 1e-12);
  seconds.forEach((second, i) => {
    if (second < 0.48) {
      assert(Math.abs(gainDb[i] + 20 * Math.log10(2)) < 1e-6, `${gainDb[i]}`);
    }
    if (second > 0.52) assert(Number.isNaN(gainDb[i]));
  });
  assert(Math.abs(levelDb(sine(500, 1, 8000)) + 10 * Math.log10(2)) < 1e-6);
});

Deno.test("spectrogram reads a sine of amplitude 1 as 0 dB in the band it lies in", () => {
  const rate = 44_100;
  // In the middle of a bin, so that all of it is seen.
  const frequency = 100 * rate / 4096;
  const { columns, rows, levels, hertz, seconds } = spectrogram(
    sine(frequency, 1, 20_480, rate),
    rate,
  );
  assert.equal(columns, 17);
  assert.deepEqual(seconds, [2048 / rate, (16 * 1024 + 2048) / rate]);
  const [lowest, highest] = hertz;
  for (let column = 0; column < columns; column++) {
    const own = levels.subarray(column * rows, (column + 1) * rows);
    const loudest = own.indexOf(Math.max(...own));
    const edge = (row: number) => lowest * (highest / lowest) ** (row / rows);
    assert(edge(loudest) <= frequency && frequency < edge(loudest + 1));
    assert(Math.abs(own[loudest]) < 1e-3, `${own[loudest]} dB`);
    assert(own[0] < -60 && own[rows - 1] < -60);
  }
  assert.throws(() => spectrogram(new Float32Array(4095), rate), /no frame/);
});
