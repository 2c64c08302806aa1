import assert from "node:assert/strict";
import fc from "fast-check";
import {
  createOptical,
  type OpticalOptions,
  SIDE_CHAIN_DB,
  sideChainGain,
} from "../lib/data/optical.ts";
import { makeStimulus } from "../lib/data/stimulus.ts";

const RATE = 44100;
const MODES = ["compress", "limit"] as const;

/** A test tone at `frequency` whose level in dBFS is `levelDb` of the time. */
function toneOf(
  seconds: number,
  levelDb: (time: number) => number,
  frequency = 2000,
  rate = RATE,
): Float32Array {
  return Float32Array.from(
    { length: Math.round(seconds * rate) },
    (_, n) =>
      10 ** (levelDb(n / rate) / 20) *
      Math.sin(2 * Math.PI * frequency * n / rate),
  );
}

function optical(options: Partial<OpticalOptions> = {}) {
  return createOptical({
    peakReduction: 70,
    mode: "compress",
    sampleRate: RATE,
    seed: 1,
    noiseDb: -Infinity,
    ...options,
  });
}

function rms(samples: Float32Array, from = 0, to = samples.length): number {
  let sum = 0;
  for (let n = from; n < to; n++) sum += samples[n] * samples[n];
  return Math.sqrt(sum / (to - from));
}

/** Reduction in dB over time: one value for each 1 ms, two cycles of the tone. */
function reductionOver(
  tone: Float32Array,
  options: Partial<OpticalOptions>,
): number[] {
  const wet = new Float32Array(tone.length);
  const flat = new Float32Array(tone.length);
  optical(options).process(tone, wet);
  optical({ ...options, sideChainDb: -200 }).process(tone, flat);
  const frame = Math.round(RATE / 1000);
  return Array.from({ length: Math.floor(tone.length / frame) }, (_, i) => {
    const [from, to] = [i * frame, (i + 1) * frame];
    return 20 * Math.log10(rms(flat, from, to) / rms(wet, from, to));
  });
}

/** Level of a 2 kHz tone, held for `seconds`, that is reduced by `goal` dB. */
function levelFor(goal: number, seconds: number): number {
  let [low, high] = [-60, 6];
  for (let i = 0; i < 12; i++) {
    const middle = (low + high) / 2;
    const reduction = reductionOver(toneOf(seconds, () => middle), {
      peakReduction: 80,
    });
    if (reduction.at(-1)! > goal) high = middle;
    else low = middle;
  }
  return (low + high) / 2;
}

/** Reduction after a tone of `levelDb` for `seconds`, heard by a faint one. */
function recovery(levelDb: number, seconds: number): number[] {
  const tone = toneOf(seconds + 5, (time) => time < seconds ? levelDb : -60);
  return reductionOver(tone, { peakReduction: 80 })
    .slice(Math.ceil(1000 * seconds) + 1);
}

Deno.test("createOptical never gives anything but bounded numbers, whatever comes in", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(fc.double(), fc.constantFrom(NaN, Infinity, -Infinity)),
        {
          minLength: 1,
          maxLength: 300,
        },
      ),
      fc.constantFrom(...MODES),
      fc.double({ min: 0, max: 100, noNaN: true }),
      fc.constantFrom(100, 8000, 44100, 192000),
      (values, mode, peakReduction, sampleRate) => {
        const input = Float64Array.from(values);
        const output = new Float64Array(input.length);
        optical({ mode, peakReduction, sampleRate, noiseDb: -80 })
          .process(input, output);
        for (const value of output) assert(Math.abs(value) < 40, `${value}`);
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("createOptical recovers from the worst input", () => {
  const input = new Float32Array(8 * RATE + 1);
  for (let n = 0; n < RATE; n++) input[n] = n % 2 ? Infinity : -Infinity;
  input[RATE] = NaN;
  const faint = toneOf(7, () => -60);
  input.set(faint, RATE + 1);
  const output = new Float32Array(input.length);
  optical({ peakReduction: 100 }).process(input, output);
  const last = input.length - RATE / 2;
  const change = 20 *
    Math.log10(rms(output, last, input.length - 2) / rms(input, last));
  assert(Math.abs(change) < 1.5, `${change} dB`);
});

Deno.test("createOptical gives the same in blocks of any length, and in place", () => {
  const { samples } = makeStimulus({ seconds: 0.2, seed: 2 });
  fc.assert(fc.property(
    fc.array(fc.integer({ min: 1, max: 4000 }), { maxLength: 8 }),
    fc.constantFrom(...MODES),
    (lengths, mode) => {
      const whole = new Float32Array(samples.length);
      optical({ mode, noiseDb: -80 }).process(samples, whole);
      const parts = samples.slice();
      const unit = optical({ mode, noiseDb: -80 });
      let at = 0;
      for (const length of [...lengths, samples.length]) {
        const block = parts.subarray(at, at + length);
        unit.process(block, block);
        at += block.length;
      }
      assert.deepEqual(parts, whole);
    },
  ));
});

Deno.test("steady reduction grows with the knob and with the level, more so in limit mode", () => {
  const steady = (levelDb: number, options: Partial<OpticalOptions>) =>
    reductionOver(toneOf(0.6, () => levelDb), options).at(-1)!;
  let before = -1;
  for (let peakReduction = 0; peakReduction <= 100; peakReduction += 10) {
    const reduction = steady(-3, { peakReduction });
    if (peakReduction === 0) assert(Math.abs(reduction) < 1e-6);
    else if (peakReduction >= 40) {
      assert(reduction > before + 0.2, `${peakReduction}`);
    }
    before = reduction;
  }
  before = -1;
  for (const level of [-40, -30, -20, -10, 0]) {
    const compress = steady(level, { peakReduction: 90 });
    const limit = steady(level, { peakReduction: 90, mode: "limit" });
    assert(compress >= before);
    if (level >= -20) assert(limit > compress + 0.1, `${level}`);
    before = compress;
  }
});

Deno.test("the curve has a knee: the ratio rises from one to above three", () => {
  const steady = (levelDb: number) =>
    reductionOver(toneOf(0.6, () => levelDb), { peakReduction: 100 }).at(-1)!;
  const ratio = (levelDb: number) =>
    4 / (4 - (steady(levelDb + 2) - steady(levelDb - 2)));
  assert(Math.abs(ratio(-46) - 1) < 0.05);
  const [knee, above] = [ratio(-37), ratio(-20)];
  assert(knee > 1.1 && knee < above, `${knee}, ${above}`);
  assert(above > 3 && above < 8, `${above}`);
});

Deno.test("attack takes about 10 ms, and less the further the level jumps", () => {
  const timeToMost = (goal: number) => {
    const levelDb = levelFor(goal, 0.5);
    const reduction = reductionOver(
      toneOf(0.6, (time) => time < 0.1 ? -80 : levelDb),
      { peakReduction: 80 },
    );
    const steady = reduction.at(-1)!;
    return reduction.findIndex((value, ms) =>
      ms >= 100 && value > 0.63 * steady
    ) - 100;
  };
  const [moderate, strong] = [timeToMost(6), timeToMost(15)];
  assert(moderate >= 5 && moderate <= 20, `${moderate} ms`);
  assert(strong < moderate, `${strong} ms, ${moderate} ms`);
});

Deno.test("release has two stages: half in about 60 ms, all of it in 0.5 to 5 s, longer after more", () => {
  const levelDb = levelFor(10, 1);
  const after = recovery(levelDb, 1);
  const half = after.findIndex((value) => value < 5);
  assert(half >= 45 && half <= 80, `half in ${half} ms`);

  // All of it: all but half a decibel.
  const all = (level: number, seconds: number) =>
    recovery(level, seconds).findIndex((value) => value < 0.5);
  const soft = all(levelFor(5, 0.2), 0.2);
  const short = all(levelDb, 0.2);
  const long = all(levelDb, 8);
  const hard = all(0, 8);
  assert(soft > 300, `${soft}`);
  assert(
    soft < short && short < long && long < hard,
    `${[soft, short, long, hard]}`,
  );
  assert(hard > 1500 && hard < 5000, `${hard}`);
  // One exponential would need 3.3 halvings of the dB for a tenth: this has more.
  const tenth = after.findIndex((value) => value < 1);
  assert(tenth > 4.5 * half, `${tenth} ms, half in ${half} ms`);
});

Deno.test("noise lies at −80 dBFS and follows its seed", () => {
  const silence = new Float32Array(2 * RATE);
  const hiss = (seed: number) => {
    const output = new Float32Array(silence.length);
    optical({ seed, noiseDb: undefined }).process(silence, output);
    return output;
  };
  const one = hiss(1);
  const level = 20 * Math.log10(rms(one));
  assert(Math.abs(level + 80) < 0.1, `${level} dBFS`);
  assert.deepEqual(hiss(1), one);
  assert.notDeepEqual(hiss(2), one);
});

Deno.test("saturation is mild and asymmetric, and the capacitors pass no DC", () => {
  // A whole number of cycles, after the capacitors have settled.
  const input = toneOf(2, () => -6, 441);
  const output = new Float32Array(input.length);
  optical({ peakReduction: 0 }).process(input, output);
  const harmonic = (order: number) => {
    let [re, im] = [0, 0];
    for (let n = RATE; n < 2 * RATE; n++) {
      const phase = 2 * Math.PI * 441 * order * n / RATE;
      re += output[n] * Math.cos(phase);
      im += output[n] * Math.sin(phase);
    }
    return Math.hypot(re, im);
  };
  const second = harmonic(2) / harmonic(1);
  const third = harmonic(3) / harmonic(1);
  assert(second > 1e-3 && second < 2e-2, `${second}`);
  assert(third > 1e-5 && third < second, `${third}`);
  const direct = new Float32Array(2 * RATE).fill(0.5);
  const left = new Float32Array(direct.length);
  optical({ peakReduction: 0 }).process(direct, left);
  assert(Math.abs(left[left.length - 1]) < 1e-6);
});

Deno.test("the unit does not depend on the sample rate", () => {
  const levels = (rate: number) => {
    const tone = toneOf(1, (t) => t < 0.3 ? -6 : -30, 500, rate);
    const output = new Float32Array(tone.length);
    optical({ peakReduction: 80, sampleRate: rate }).process(tone, output);
    return [0.05, 0.25, 0.35, 0.45, 0.9].map((time) =>
      20 * Math.log10(
        rms(output, Math.round(time * rate), Math.round((time + 0.02) * rate)),
      )
    );
  };
  const [low, high] = [levels(22050), levels(96000)];
  for (const [i, level] of low.entries()) {
    assert(Math.abs(level - high[i]) < 0.15, `${i}: ${level}, ${high[i]}`);
  }
});

Deno.test("sideChainGain rises from nothing, meets its table and is bounded by the knob", () => {
  assert.equal(sideChainGain(0), 0);
  for (const [i, db] of SIDE_CHAIN_DB.entries()) {
    const gain = sideChainGain(40 + 5 * i);
    assert(Math.abs(20 * Math.log10(gain) - db) < 1e-9);
  }
  fc.assert(fc.property(
    fc.double({ min: 0, max: 100, noNaN: true }),
    fc.double({ min: 0, max: 100, noNaN: true }),
    (one, other) => {
      const [low, high] = one < other ? [one, other] : [other, one];
      assert(sideChainGain(low) <= sideChainGain(high));
    },
  ));
  for (const knob of [-1, 101, NaN]) {
    assert.throws(() => sideChainGain(knob), /between 0 and 100/);
  }
});
