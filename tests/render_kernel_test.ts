import assert from "node:assert/strict";
import fc from "fast-check";
import { compress } from "../lib/compressor/compressor.ts";
import { buildKernels } from "../lib/kernels/build.ts";
import {
  createFastCompressor,
  sumEnergies,
  sumScore,
} from "../lib/compressor/render.ts";
import { esr } from "../lib/metrics/esr.ts";
import { loudnessDynamicRange } from "../lib/sound/loudness_dynamic_range.ts";
import { score } from "../lib/metrics/score.ts";
import { createRandom } from "../lib/base/random.ts";

await buildKernels(["render"]);

const RATE = 44100;

const between = (min: number, max: number) =>
  fc.double({ min, max, noNaN: true });

// Attacks slower than the release too: the branch is then a maximum.
const parameters = fc.record({
  threshold_db: between(-60, 0),
  ratio: between(1, 20),
  attack_ms: between(0.1, 100),
  release_ms: between(10, 1000),
  make_up_db: between(-12, 12),
});

/** Noise over 90 dB of level, with silence in it. */
function noise(seed: number, length: number): Float32Array {
  const random = createRandom(seed);
  return Float32Array.from({ length }, (_, n) => {
    const step = (7 * Math.floor(n / 300)) % 31;
    const level = step === 30 ? 0 : 10 ** (-3 * step / 20);
    return 1.8 * (random.uniform() - 0.5) * level;
  });
}

Deno.test("createFastCompressor() renders what the double-precision compressor does, to 1e-6 of full scale", () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.integer({ min: 1, max: 9000 }),
      parameters,
      (seed, length, given) => {
        const input = noise(seed, length);
        const expected = compress(input, given, RATE);
        const output = new Float32Array(length);
        createFastCompressor(given, RATE).process(input, output);
        const scale = 10 ** (Math.max(0, given.make_up_db) / 20);
        output.forEach((y, n) =>
          assert(Math.abs(y - expected[n]) <= 1e-6 * scale, `sample ${n}`)
        );
      },
    ),
    { numRuns: 40 },
  );
});

Deno.test("createFastCompressor() gives the same bytes in blocks of any size, in place too", () => {
  const given = {
    threshold_db: -30,
    ratio: 4,
    attack_ms: 1,
    release_ms: 80,
    make_up_db: 2,
  };
  const input = noise(1, 10_000);
  const whole = new Float32Array(input.length);
  createFastCompressor(given, RATE).process(input, whole);
  const sizes = fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 8 });
  fc.assert(fc.property(sizes, (blocks) => {
    const output = input.slice();
    const compressor = createFastCompressor(given, RATE);
    let at = 0;
    for (const size of [...blocks, input.length]) {
      const end = Math.min(input.length, at + size);
      const part = output.subarray(at, end);
      compressor.process(part, part);
      at = end;
    }
    assert.deepEqual(output, whole);
  }));
});

Deno.test("sumScore() sums up what the double-precision meters do", () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.integer({ min: 2, max: 30_000 }),
      parameters,
      parameters,
      (seed, length, target, given) => {
        const dry = noise(seed, length);
        const wet = Float32Array.from(
          compress(dry, target, RATE),
          (y) => y - 0.1 * y * y,
        );
        const sums = sumScore({ dry, wet, sampleRate: RATE }, given);
        const model = compress(dry, given, RATE);
        const ratio = sums.error / sums.target;
        assert(Math.abs(ratio - esr(model, wet)) <= 1e-5 * (1e-6 + ratio));
        for (
          const [actual, signal] of [
            [sums.modelLdr, model],
            [sums.targetLdr, wet],
          ] as const
        ) {
          const expected = loudnessDynamicRange(signal, RATE);
          assert(Math.abs(actual - expected) <= 1e-5 * expected);
        }
      },
    ),
    { numRuns: 30 },
  );
});

Deno.test("sumEnergies() gives each of any number of compressors what it gets alone", () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.array(parameters, { maxLength: 5 }),
      (seed, compressors) => {
        const dry = noise(seed, 5000);
        const wet = dry.map((x) => x / 2);
        const pair = { dry, wet, sampleRate: RATE };
        const found = sumEnergies(pair, compressors);
        assert.equal(found.length, compressors.length);
        found.forEach(({ error, target }, i) => {
          const alone = sumScore(pair, compressors[i]);
          assert.equal(error, alone.error);
          assert.equal(target, alone.target);
        });
      },
    ),
    { numRuns: 30 },
  );
});

Deno.test("score() of the compressor that made the target is 0 / 0, and silence is refused", () => {
  const given = {
    threshold_db: -30,
    ratio: 4,
    attack_ms: 1,
    release_ms: 80,
    make_up_db: 2,
  };
  const dry = noise(4, 20_000);
  const wet = new Float32Array(dry.length);
  createFastCompressor(given, RATE).process(dry, wet);
  const pair = { dry, wet, sampleRate: RATE };
  const [own, other] = score(pair, [given, { ...given, ratio: 2 }]);
  assert(own.esr < 1e-13, `${own.esr}`);
  assert(Math.abs(own.deltaLdrDb) < 1e-6, `${own.deltaLdrDb}`);
  assert(other.esr > 1e-3);
  assert(other.deltaLdrDb > 0.1);
  const silent = { ...pair, wet: new Float32Array(dry.length) };
  assert.throws(() => score(silent, [given]), /silent/);
});
