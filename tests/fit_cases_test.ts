/**
 * Recordings with something the matter: the right figures, or a word.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { compress } from "../lib/compressor/compressor.ts";
import { recordedTakes } from "../lib/data/recorded_takes.ts";
import { fitTakes, type TakesFit } from "../lib/fitting/fit_takes.ts";
import { solverSchema } from "../lib/fitting/fit_config.ts";
import { closerWarnings } from "../lib/data/closer_warnings.ts";
import { filterWarnings } from "../lib/fitting/filter_left.ts";
import {
  gainAlone,
  levelSlope,
  verdictOf,
} from "../lib/fitting/fit_verdict.ts";
import { buildKernels } from "../lib/kernels/build.ts";
import type { Values } from "../lib/models/model.ts";
import { parseModel } from "../lib/models/presets.ts";
import { createRandom } from "../lib/base/random.ts";
import { delayed, resampled } from "../lib/sound/fractional_delay.ts";
import { writeWav } from "../lib/sound/wav.ts";
import { runForJson, runTask, withFolder } from "./cli.ts";
import { writeRecordings } from "./recordings.ts";

await buildKernels(["compressor"]);

const RATE = 22050;
const TRUTH: Values = {
  threshold_db: -24,
  ratio: 4,
  attack_ms: 3,
  release_ms: 150,
  make_up_db: 0,
};

/** Plucked tones below `highest` Hz, in all levels, with short pauses. */
function plucks(
  seconds: number,
  { highest = 3000, seed = 1, rate = RATE } = {},
): Float32Array {
  const random = createRandom(seed);
  const x = new Float32Array(Math.round(seconds * rate));
  let peak = 0;
  for (let at = 0; at < x.length;) {
    const length = Math.round(rate * (0.08 + 0.4 * random.uniform()));
    const level = 10 ** (-1.4 * random.uniform());
    const decay = rate * (0.03 + 0.35 * random.uniform());
    const tones = Array.from({ length: 4 }, () => ({
      step: 2 * Math.PI * highest * 40 ** (random.uniform() - 1) / rate,
      phase: 6.28 * random.uniform(),
    }));
    for (let k = 0; k < length && at + k < x.length; k++) {
      const envelope = level * Math.min(1, k / 60) * Math.exp(-k / decay);
      let sum = 0;
      for (const { step, phase } of tones) sum += Math.sin(step * k + phase);
      x[at + k] = envelope * sum / 4;
      peak = Math.max(peak, Math.abs(x[at + k]));
    }
    at += length + Math.round(0.1 * rate * random.uniform() ** 3);
  }
  return x.map((sample) => 0.9 * sample / peak);
}

/** What a compressor makes of `dry`, as a file has it. */
function through(
  dry: Float32Array,
  change: Partial<Values> = {},
  rate = RATE,
): Float32Array {
  return Float32Array.from(
    compress(dry, { ...TRUTH, ...change } as Values, rate),
  );
}

/** Fits the default model as the command does. */
async function fitOf(
  dry: Float32Array,
  wet: Float32Array,
  rate = RATE,
  { model = "4a-2a+coupling+bandwidth", ranges = {} }: {
    model?: string;
    ranges?: Record<string, [number, number]>;
  } = {},
) {
  const pair = { dry, wet, sampleRate: rate };
  const recorded = recordedTakes(pair, { enabled: true, max_lag: 2048 });
  const fit = await fitTakes(
    recorded.takes,
    parseModel(model),
    solverSchema.parse({ ranges }),
    "wasm",
    { chunks: {} },
  );
  return { ...recorded, fit };
}

/** Threshold within 0.1 dB, ratio and times within `tolerance`. */
function assertFound(
  { parameters }: Pick<TakesFit, "parameters">,
  change: Partial<Values> = {},
  tolerance = 0.02,
) {
  const truth = { ...TRUTH, ...change } as Values;
  const found = JSON.stringify(parameters);
  const off = Math.abs(parameters.threshold_db - truth.threshold_db);
  assert.ok(off < 0.1, found);
  for (const name of ["ratio", "attack_ms", "release_ms"]) {
    const part = parameters[name] / truth[name] - 1;
    assert.ok(Math.abs(part) < tolerance, `${name}: ${found}`);
  }
}

/** `signal` with `count` zeros before it, or so many of its samples left out. */
function late(signal: Float32Array, count: number): Float32Array {
  const moved = new Float32Array(Math.max(0, signal.length + count));
  moved.set(signal.subarray(Math.max(0, -count)), Math.max(0, count));
  return moved;
}

/** Both, one after the other. */
function joined(...parts: Float32Array[]): Float32Array {
  const whole = new Float32Array(
    parts.reduce((sum, { length }) => sum + length, 0),
  );
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

for (const lag of [5000, 30000, -1500, -5000]) {
  Deno.test(`fit finds a wet recording that is ${Math.abs(lag)} samples ${lag > 0 ? "late" : "early"}`, async () => {
    const dry = plucks(4);
    const { fit } = await fitOf(dry, late(through(dry), lag));
    assertFound(fit);
    assert.ok(Math.abs(fit.takes[0].lag - lag) < 0.005, `${fit.takes[0].lag}`);
  });
}

for (
  const [what, cut, jump] of [
    ["64 samples lost", 0, -64],
    ["256 zeros put in", 256, 256],
  ] as const
) {
  Deno.test(`fit says where ${what}, and fits both sides of it`, async () => {
    const dry = plucks(8);
    const wet = through(dry);
    const at = 3 * RATE;
    const broken = joined(
      wet.subarray(0, at),
      new Float32Array(cut),
      wet.subarray(at + Math.max(0, -jump)),
    );
    const { fit, slips, warnings } = await fitOf(dry, broken);
    assertFound(fit);
    assert.equal(fit.takes.length, 2);
    assert.equal(slips.length, 1);
    assert.ok(
      Math.abs(slips[0].at_seconds - 3) < 0.05,
      `${slips[0].at_seconds}`,
    );
    assert.ok(Math.abs(slips[0].samples - jump) < 0.05, `${slips[0].samples}`);
    assert.match(
      warnings.join(),
      /samples .*(missing|too many) at [23]\.\d+\ss/,
    );
  });
}

for (const seconds of [3, 11.9, 12.1]) {
  Deno.test(`fit of ${seconds} s cut from the middle of a take finds the release within 1 %`, async () => {
    const rate = 16000;
    const dry = plucks(seconds + 1, { rate, seed: 2 });
    // A loud tone just before the cut.
    for (let n = 0.8 * rate; n < rate; n++) dry[n] = 0.9 * Math.sin(0.0864 * n);
    const wet = through(dry, { release_ms: 900 }, rate);
    const { fit } = await fitOf(
      dry.slice(rate),
      wet.slice(rate),
      rate,
    );
    assertFound(fit, { release_ms: 900 }, 0.01);
    // The first second of longer ones is warm-up, where the start is forgotten.
    if (seconds > 12) return;
    const { initialGainDb } = fit.takes[0];
    const gain = 20 * Math.log10(wet[rate] / dry[rate]);
    assert.ok(Math.abs(initialGainDb! - gain) < 0.5, `${initialGainDb}`);
  });
}

for (const delay of [0.25, 0.5, 20.37]) {
  Deno.test(`fit finds a delay of ${delay} samples to 0.005`, async () => {
    const dry = plucks(4, { seed: 3 });
    const { fit } = await fitOf(dry, delayed(through(dry), -delay).value);
    assertFound(fit);
    const { lag } = fit.takes[0];
    assert.ok(Math.abs(lag - delay) < 0.005, `${lag}`);
  });
}

Deno.test("fit takes a constant offset away before the detector, of either side, and says so", async () => {
  const dry = plucks(4);
  const wet = through(dry);
  for (
    const [side, offset] of [["dry", 0.05], ["dry", 0.005], [
      "wet",
      0.05,
    ]] as const
  ) {
    const moved = (side === "dry" ? dry : wet).map((x) => x + offset);
    const { fit, warnings } = await fitOf(
      ...(side === "dry" ? [moved, wet] : [dry, moved]) as [
        Float32Array,
        Float32Array,
      ],
    );
    assertFound(fit);
    assert.match(warnings.join(), new RegExp(`the ${side} .* constant offset`));
  }
});

/** Plucked tones and bursts of noise, which have high notes. */
function bursts(seconds: number): Float32Array {
  const dry = plucks(seconds, { highest: 9000 });
  const noise = createRandom(8);
  for (let n = 0; n < dry.length; n++) {
    if (n % RATE < RATE / 4) dry[n] += 0.3 * (noise.uniform() - 0.5);
  }
  return dry;
}

/** `sound` by a windowed sinc of 65 taps, `delay` samples late, as a resampler does. */
function resampledBy(sound: Float32Array, delay: number): Float32Array {
  const taps = Array.from({ length: 65 }, (_, i) => {
    const at = i - 32 - delay;
    return Math.sin(Math.PI * at) / (Math.PI * at) *
      (0.5 + 0.5 * Math.cos(Math.PI * at / 33));
  });
  return sound.map((_, n) =>
    taps.reduce((sum, tap, i) => sum + tap * (sound[n + 32 - i] ?? 0), 0)
  );
}

Deno.test("fit finds the true figures behind what converters do near half the rate", async () => {
  const dry = bursts(4);
  const wet = through(dry);
  const half = wet.map((y, n) => (y + (wet[n - 1] ?? 0)) / 2);
  for (const side of [half, resampledBy(wet, 0.3), resampledBy(wet, 0.5)]) {
    const { fit } = await fitOf(dry, side);
    assert.equal(fit.model.name, "4a-2a+shelf");
    assert.ok(fit.bandwidthEsr! > 2 * fit.esr, `${fit.bandwidthEsr}`);
    assertFound(fit);
  }
  const { parameters } = (await fitOf(dry, half)).fit;
  // The mean of two samples has its pole at z = 0 and its zero at z = −1.
  assert.ok(Math.abs(parameters.shelf_pole_us - 5e5 / RATE) < 0.01);
  assert.ok(Math.abs(parameters.shelf_zero_us) < 0.01);
});

/** `sound` behind a shelf of these time constants, in µs. */
function shelved(sound: Float32Array, pole: number, zero: number) {
  const [t1, t0] = [pole, zero].map((us) => 2e-6 * us * RATE);
  let [before, output] = [0, 0];
  return sound.map((x) => {
    output = ((1 + t0) * x + (1 - t0) * before - (1 - t1) * output) / (1 + t1);
    before = x;
    return output;
  });
}

for (
  const [what, pole, zero, model] of [
    ["one that rises", 20, 40, undefined],
    ["one asked for by name", 60, 15, "4a-2a+shelf"],
  ] as const
) {
  Deno.test(`fit finds a shelf, ${what}`, async () => {
    const dry = bursts(4);
    const wet = shelved(through(dry), pole, zero);
    const { fit } = await fitOf(dry, wet, RATE, { model });
    assertFound(fit);
    assert.equal(fit.model.name, "4a-2a+shelf");
    const { shelf_pole_us, shelf_zero_us } = fit.parameters;
    assert.ok(Math.abs(shelf_pole_us / pole - 1) < 0.01, `${shelf_pole_us}`);
    assert.ok(Math.abs(shelf_zero_us / zero - 1) < 0.01, `${shelf_zero_us}`);
    assert.deepEqual(fit.takes[0].initialGainDb, undefined);
  });
}

Deno.test("fit leaves a bandwidth as it is where its range is given", async () => {
  const dry = bursts(3);
  const wet = shelved(through(dry), 20, 5);
  const { fit } = await fitOf(dry, wet, RATE, {
    ranges: { bandwidth_hz: [6000, 9000] },
  });
  assert.match(fit.model.name, /bandwidth$/);
  const { bandwidth_hz } = fit.parameters;
  assert.ok(bandwidth_hz >= 6000 && bandwidth_hz <= 9000, `${bandwidth_hz}`);
});

Deno.test("fit tells of a linear filter that its model lacks, and of no other error", async () => {
  const dry = bursts(4);
  const noise = createRandom(9);
  const wet = through(dry);
  const comb = wet.map((y, n) => (y + (wet[n - 3] ?? 0)) / 2);
  const noisy = wet.map((y) => y + 0.02 * (noise.uniform() - 0.5));
  for (const [side, isTold] of [[comb, true], [noisy, false]] as const) {
    const { fit } = await fitOf(dry, side);
    assert.ok(fit.esr > 1e-3, `${fit.esr}`);
    const said = await filterWarnings(
      fit.takes.map(({ pair }) => pair),
      fit.model,
      fit.parameters,
    );
    assert.equal(said.length, isTold ? 1 : 0, said.join());
    if (isTold) assert.match(said[0], /^9\d\s%.* linear filter .* may be off/);
  }
});

Deno.test("fit tells of clipping that was turned down, with its share, and not where the dry side has it", () => {
  const dry = plucks(3);
  const clipped = through(dry).map((y) => Math.max(-0.2, Math.min(0.2, y)));
  const [said, ...others] = closerWarnings({
    dry,
    wet: clipped,
    sampleRate: RATE,
  });
  assert.match(said, /clipped at −13\.98\sdB .*\([\d.]+\s%\) stand there/);
  assert.equal(others.length, 0);
  for (
    const [x, wet] of [
      [clipped, clipped.map((y) => y / 2)],
      [dry, through(dry)],
      // Few steps have equal samples, and no more of them at the peak.
      [dry, through(dry).map((y) => Math.round(100 * y) / 128)],
    ]
  ) assert.deepEqual(closerWarnings({ dry: x, wet, sampleRate: RATE }), []);
});

Deno.test("fit tells an offset inside the unit from a converter's", () => {
  const dry = plucks(6);
  const inside = through(dry.map((x) => x + 0.05));
  const warn = (wet: Float32Array) =>
    closerWarnings({ dry, wet, sampleRate: RATE });
  assert.match(warn(inside).join(), /moves with the level.* inside the unit/);
  assert.deepEqual(warn(through(dry).map((y) => y + 0.05)), []);
  assert.deepEqual(warn(through(dry)), []);
});

Deno.test("a fit of a twin to rounding has converged", async () => {
  const random = createRandom(9);
  for (let seed = 20; seed < 24; seed++) {
    const dry = plucks(2, { seed });
    const change = { release_ms: 60 + 400 * random.uniform() };
    const { fit } = await fitOf(dry, through(dry, change));
    assert.ok(fit.esr < 1e-10, `${fit.esr}`);
    assert.ok(fit.minimum.converged, fit.minimum.stopReason);
  }
});

Deno.test("fit suspects a wrong rate in a header", () => {
  const dry = plucks(4);
  // 48 kHz where it says 44.1.
  const wet = resampled(through(dry), 1e6 * (44100 / 48000 - 1));
  const pair = { dry, wet, sampleRate: 44100 };
  assert.throws(
    () => recordedTakes(pair, { enabled: true, max_lag: 2048 }),
    /wet recording seems to be at 48000 Hz, though it says 44100 Hz/,
  );
});

Deno.test("fit starts below the peak of a quiet recording", async () => {
  const dry = plucks(4).map((x) => x / 1000);
  const { fit } = await fitOf(dry, through(dry, { threshold_db: -84 }));
  assertFound(fit, { threshold_db: -84 });
});

for (const ppm of [20, 100]) {
  Deno.test(`fit puts a clock right that is off by ${ppm} ppm, to 1 ppm`, async () => {
    const dry = plucks(20, { seed: 4 });
    const { fit, takes, warnings } = await fitOf(
      dry,
      resampled(through(dry), -ppm),
    );
    assertFound(fit);
    assert.ok(Math.abs(takes[0].driftPpm - ppm) < 1, `${takes[0].driftPpm}`);
    assert.match(warnings.join(), /clock is fast by [\d.]+ ± [\d.]+ ppm/);
  });
}

for (
  const [what, change] of [
    ["a release of 3 s", { release_ms: 3000 }],
    ["a release of 5 ms", { release_ms: 5 }],
    ["an attack of 0.02 ms", { attack_ms: 0.02 }],
    ["an attack of 300 ms", { attack_ms: 300, release_ms: 500 }],
    ["a ratio of 100", { ratio: 100 }],
    ["a ratio of 1.1", { ratio: 1.1 }],
    ["a threshold of −60 dB", { threshold_db: -60, make_up_db: 30 }],
    ["a threshold of −3 dB", { threshold_db: -3 }],
  ] as [string, Partial<Values>][]
) {
  Deno.test(`fit finds ${what} without a range`, async () => {
    const dry = plucks(4, { seed: 5 });
    const { fit } = await fitOf(dry, through(dry, change));
    assertFound(fit, change);
    const pairs = fit.takes.map(({ pair }) => pair);
    const verdict = verdictOf(fit.esr, gainAlone(pairs), levelSlope(pairs) > 1);
    assert.equal(verdict.kind, "compresses");
  });
}

Deno.test("fit says ∞ of a limiter's ratio, and the unit it writes plays", async () => {
  await withFolder(async (folder) => {
    const sound = plucks(3, { seed: 6 });
    const limited = through(sound, { ratio: Infinity });
    const [dry, wet] = await writeRecordings(folder, sound, limited, RATE);
    const unit = join(folder, "unit.yaml");
    const { code, stdout, stderr } = await runTask("fit", [
      ...[dry, wet, "--out", unit],
    ]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /\nRatio {7}∞ : 1\n/);
    assert.match(stdout, /\nThreshold {3}−24\.00\sdB\n/);
    const out = join(folder, "out.wav");
    const render = await runTask("render", [dry, out, "--params", unit]);
    assert.equal(render.code, 0, render.stderr);
    assert.match(render.stdout, /∞ : 1/);
  });
});

Deno.test("verdictOf() sets a fit beside the best constant gain", () => {
  const alone = { gainDb: -1, esr: 0.002 };
  assert.deepEqual(verdictOf(0.0001, alone, false), { kind: "compresses" });
  const doubtful = verdictOf(0.0019, alone, false);
  assert.equal(doubtful.kind, "compresses");
  assert.match(
    doubtful.kind === "compresses" ? doubtful.doubt ?? "" : "",
    /explains little more than a gain does/,
  );
  assert.equal(verdictOf(0.0019, alone, true).kind, "nothing found");
  assert.equal(
    verdictOf(0.1, { ...alone, esr: 0.105 }, false).kind,
    "nothing found",
  );
  assert.equal(
    verdictOf(0.1, { ...alone, esr: 0.2 }, false).kind,
    "compresses",
  );
  assert.equal(
    verdictOf(1e-5, { ...alone, esr: 5e-5 }, false).kind,
    "not compressing",
  );
  assert.equal(
    verdictOf(1e-7, { ...alone, esr: 5e-5 }, false).kind,
    "compresses",
  );
});

/** A downward expander, 1 : 2 below −20 dB. */
function expanded(dry: Float32Array): Float32Array {
  const [attack, release] = [1, 100].map((ms) =>
    -Math.expm1(-2200 / (ms * RATE))
  );
  let gain = 1;
  return dry.map((x) => {
    const wanted = Math.min(1, Math.abs(x) / 0.1);
    gain += (wanted > gain ? attack : release) * (wanted - gain);
    return gain * x;
  });
}

Deno.test("fit refuses a tremolo, an expander and swapped sides, and writes nothing unless forced to", async () => {
  await withFolder(async (folder) => {
    const sound = plucks(6, { seed: 7 });
    const tremolo = sound.map((x, n) =>
      x * (1 - 0.4 * (1 + Math.sin(10 * Math.PI * n / RATE)))
    );
    const cases: [Float32Array, Float32Array, RegExp][] = [
      [sound, tremolo, /no compressor explains .* nothing but compress\?/],
      [sound, expanded(sound), /wet side is louder .* expander/],
      [through(sound), sound, /wet side is louder .* swapped\?/],
    ];
    const unit = join(folder, "unit.yaml");
    for (const [dry, wet, message] of cases) {
      const paths = await writeRecordings(folder, dry, wet, RATE);
      const words = [...paths, "--out", unit, "--json", "-"];
      const { code, stdout, stderr } = await runTask("fit", words);
      assert.equal(code, 1, stderr);
      assert.match(stderr, message);
      assert.equal(stdout, "");
      await assert.rejects(Deno.stat(unit));
    }
    const forced = await runTask("fit", [
      ...[join(folder, "dry.wav"), join(folder, "wet.wav")],
      ...["--out", unit, "--force"],
    ]);
    assert.equal(forced.code, 0, forced.stderr);
    assert.match(forced.stderr, /warning: no compressor explains/);
    assert.ok((await Deno.stat(unit)).size > 0);
  });
});

Deno.test("fit tells of samples that were lost, and of nothing else; --from and --to fit a part", async () => {
  await withFolder(async (folder) => {
    const sound = plucks(7, { seed: 8 });
    const whole = through(sound);
    const broken = joined(
      whole.subarray(0, 4 * RATE),
      whole.subarray(4 * RATE + 64),
    );
    const paths = await writeRecordings(folder, sound, broken, RATE);
    const unit = join(folder, "unit.yaml");
    const words = [...paths, "--json", "-"];
    const all = await runTask("fit", [...words, "--out", unit]);
    assert.equal(all.code, 0, all.stderr);
    const { warnings, takes } = JSON.parse(all.stdout);
    assert.equal(warnings.length, 1, warnings.join("\n"));
    assert.match(
      warnings[0],
      /^64 samples of the wet recording are missing at/,
    );
    assert.equal(takes.length, 2);
    const part = await runTask("fit", [
      ...[...words, "--start", unit, "--from", "1", "--to", "3.5"],
    ]);
    assert.equal(part.code, 0, part.stderr);
    const { params, takes: [take, ...others] } = JSON.parse(part.stdout);
    assertFound({ parameters: params });
    assert.deepEqual(others, []);
    assert.equal(take.from_seconds, 1);
    assert.equal(take.to_seconds, 3.5);
  });
});

Deno.test("fit of several takes of one setting has one unit, a delay of each, and a test that took no part", async () => {
  await withFolder(async (folder) => {
    const delays = [3.25, -40.5, 700];
    const files: string[] = [];
    for (const [i, delay] of delays.entries()) {
      const dry = plucks(2.5 + i / 2, { seed: 10 + i });
      const wet = delayed(through(dry), -delay).value;
      for (const [side, sound] of [["dry", dry], ["wet", wet]] as const) {
        const path = join(folder, `${side}${i}.wav`);
        await writeWav(path, sound, { sampleRate: RATE });
        files.push(path);
      }
    }
    const words = [...files.slice(0, 4), "--test", ...files.slice(4)];
    const { result } = await runForJson("fit", words);
    assertFound({ parameters: result.params });
    assert.deepEqual(result.order.slice(-2), [
      "delay_samples_1",
      "delay_samples_2",
    ]);
    const lags = [...result.takes, ...result.tests]
      .map(({ lag_samples }) => lag_samples);
    lags.forEach((lag, i) =>
      assert.ok(Math.abs(lag - delays[i]) < 0.005, `${lag}`)
    );
    for (const { esr, delta_ldr_db } of [...result.takes, ...result.tests]) {
      assert.ok(esr < 1e-4 && Math.abs(delta_ldr_db) < 0.02, `${esr}`);
    }
    const text = (await runTask("fit", words)).stdout;
    assert.match(text, /, 2 takes\n/);
    assert.match(text, /fitted .*wet1\.wav: ESR .*lag −40\.5/);
    assert.match(text, /tested .*wet2\.wav: ESR .*lag 700/);
    const odd = await runTask("fit", files.slice(0, 3));
    assert.equal(odd.code, 1);
    assert.match(odd.stderr, /dry1\.wav has no other side/);
  });
});
