/** The sweep: where each fit starts, and what it says of its end. @module */

import assert from "node:assert/strict";
import { createRandom } from "../lib/base/random.ts";
import { openSource } from "../lib/data/source.ts";
import { nameOfSetting, type Setting } from "../lib/data/setting.ts";
import { dataSchema } from "../lib/data/data_config.ts";
import { fitPair } from "../lib/fitting/fit.ts";
import { type SolverConfig, solverSchema } from "../lib/fitting/fit_config.ts";
import { buildKernels } from "../lib/kernels/build.ts";
import { score } from "../lib/metrics/score.ts";
import { parseModel } from "../lib/models/presets.ts";
import { chunk } from "../lib/sound/chunks.ts";
import { publishedCoordinates } from "../lib/objective/coordinates.ts";
import { openResultStore } from "../lib/base/result_store.ts";
import { RecordingError } from "../lib/sound/recording_error.ts";
import { SoundFileError } from "../lib/sound/sound_file.ts";
import { sweep, type SweptSetting } from "../lib/fitting/sweep.ts";
import { withFolder } from "./cli.ts";

await buildKernels(["compressor", "render"]);

const SETTINGS: Setting[] = [
  { mode: "compress", peakReduction: 100 },
  { mode: "compress", peakReduction: 90 },
  { mode: "limit", peakReduction: 90 },
];

const CONFIG = {
  model: parseModel("4a-2a"),
  engine: "wasm",
  chunks: { chunkSeconds: 1, overlapSeconds: 0.25 },
  alignment: { enabled: false, max_lag: 0 },
  solver: solverSchema.parse({ coarse_chunks: 0 }),
} as const;

/** The sweep's coordinates: those of the paper. */
const coordinates = publishedCoordinates(22050);

/** The optical unit on three seconds of sound: the minimum is well above 0. */
const source = await openSource(
  dataSchema.parse({ unit: "optical", duration: 3, sample_rate: 22050 }),
);

async function swept(
  ...[from, settings, config, options]: Parameters<typeof sweep>
): Promise<SweptSetting[]> {
  return await Array.fromAsync(sweep(from, settings, config, options));
}

Deno.test("sweep() starts a mode's first fit from the config's start and each other from its neighbour's result", async () => {
  const fits = await swept(source, SETTINGS, CONFIG);
  assert.deepEqual(fits.map(nameOfSetting), SETTINGS.map(nameOfSetting));
  for (const [i, fit] of fits.entries()) {
    const pair = await source.load(SETTINGS[i]);
    const chunked = chunk(pair, CONFIG.chunks);
    const fitFrom = async (neighbour?: SweptSetting) => {
      const { minimum, targetEnergy, ...rest } = await fitPair(
        chunked,
        CONFIG.model,
        CONFIG.solver,
        CONFIG.engine,
        { start: neighbour?.parameters, coordinates },
      );
      return {
        ...rest,
        curve: minimum.records.map(({ loss }) => loss / targetEnergy),
      };
    };
    const [cold, warm] = [await fitFrom(), await fitFrom(fits[0])];
    assert.notEqual(cold.curve[0], warm.curve[0]);
    const expected = i === 1 ? warm : cold;
    assert.deepEqual(fit.esrByIteration, expected.curve);
    assert.deepEqual(fit.parameters, expected.parameters);
    // What it says of the end: over the counted samples, and over all.
    assert(fit.chunkEsr > 1e-4);
    assert.equal(fit.chunkEsr, expected.esr);
    assert.equal(fit.chunkEsr, fit.esrByIteration.at(-1));
    assert.deepEqual(fit.score, score(pair, [fit.parameters])[0]);
    assert.notEqual(fit.score.esr, fit.chunkEsr);
  }
});

Deno.test("sweep() keeps what it has fitted where a recording cannot be loaded, and goes on from there", async () => {
  await withFolder(async (folder) => {
    const store = await openResultStore(folder, "unit", null);
    const broken = {
      ...source,
      load: (setting: Setting) =>
        setting === SETTINGS[1]
          ? Promise.reject(new Error("file.wav: is no sound"))
          : source.load(setting),
    };
    await assert.rejects(
      swept(broken, SETTINGS, CONFIG, { store }),
      /^Error: compress 90: file\.wav: is no sound$/,
    );
    const again = await swept(source, SETTINGS, CONFIG, { store });
    assert.deepEqual(again.map(({ isKept }) => isKept), [true, false, false]);
    const anew = await swept(source, SETTINGS, CONFIG);
    // Kept or not, the same is found; only the times differ.
    const found = (fits: SweptSetting[]) =>
      fits.map(({ parameters, esrByIteration, chunkEsr, score }) => ({
        parameters,
        esrByIteration,
        chunkEsr,
        score,
      }));
    assert.deepEqual(found(again), found(anew));
  });
});

Deno.test("sweep() leaves out a setting whose recording cannot be used, goes on from the last fitted one, and tries it again", async () => {
  const at = (peakReduction: number): Setting => ({
    mode: "compress",
    peakReduction,
  });
  const settings = [at(100), at(95), at(90), at(85), at(80)];
  const pair = await source.load(settings[0]);
  const silent = { ...pair, wet: new Float32Array(pair.wet.length) };
  const bad = new Map<Setting, () => Promise<typeof pair>>([
    [
      settings[1],
      () => Promise.reject(new SoundFileError("95.wav", "is empty", "Copy it")),
    ],
    [settings[2], () => Promise.resolve(silent)],
    [settings[3], () => Promise.reject(new RecordingError("two rates"))],
  ]);
  const broken = {
    ...source,
    load: (setting: Setting) => bad.get(setting)?.() ?? source.load(setting),
  };
  await withFolder(async (folder) => {
    const store = await openResultStore(folder, "unit", null);
    const leftOut: string[] = [];
    const onLeftOut = ({ reason, ...setting }: Setting & { reason: string }) =>
      leftOut.push(`${nameOfSetting(setting)}: ${reason}`);
    for (const isKept of [false, true]) {
      leftOut.length = 0;
      const fits = await swept(broken, settings, CONFIG, { store, onLeftOut });
      assert.match(
        leftOut.join("\n"),
        /^compress 95: 95\.wav: is empty\. Copy it\ncompress 90: the wet recording is silent where the loss counts.*\ncompress 85: two rates$/,
      );
      assert.deepEqual(fits.map(nameOfSetting), [
        "compress 100",
        "compress 80",
      ]);
      assert(fits.every((fit) => fit.isKept === isKept));
      const fromLast = await fitPair(
        chunk(await source.load(settings[4]), CONFIG.chunks),
        CONFIG.model,
        CONFIG.solver,
        CONFIG.engine,
        { start: fits[0].parameters, coordinates },
      );
      assert.deepEqual(fits[1].parameters, fromLast.parameters);
    }
    bad.clear();
    const whole = await swept(broken, settings, CONFIG, { store, onLeftOut });
    assert.deepEqual(
      whole.map(({ isKept }) => isKept),
      [true, false, false, false, true],
    );

    // With alignment, a silent side is found before the fit.
    const aligning = { ...CONFIG, alignment: { enabled: true, max_lag: 64 } };
    bad.set(settings[0], () => Promise.resolve(silent));
    leftOut.length = 0;
    await swept(broken, settings.slice(0, 1), aligning, { onLeftOut });
    assert.match(leftOut.join(), /^compress 100: the wet recording is silent/);

    // What is no fault of a recording ends the sweep all the same.
    bad.set(settings[0], () => Promise.reject(new Error("the disk is full")));
    await assert.rejects(
      swept(broken, settings, CONFIG, { onLeftOut }),
      /^Error: compress 100: the disk is full$/,
    );
    // And so does a recording's where nobody asked for it to be left out.
    bad.set(settings[0], () => Promise.reject(new RecordingError("no sound")));
    await assert.rejects(
      swept(broken, settings, CONFIG),
      /^Error: compress 100: no sound$/,
    );
  });
});

Deno.test("sweep() keeps the error by iteration of the coarse fit too, over the part it was of", async () => {
  const solver = solverSchema.parse({ coarse_chunks: 1 });
  const [fit] = await swept(source, SETTINGS.slice(0, 1), {
    ...CONFIG,
    solver,
  });
  const chunked = chunk(await source.load(SETTINGS[0]), CONFIG.chunks);
  assert.equal(chunked.starts.length, 3);
  const alone = await fitPair(
    { ...chunked, starts: [chunked.starts[1]] },
    CONFIG.model,
    { ...solver, coarse_chunks: 0, tolerance: 1e-6 },
    CONFIG.engine,
    { coordinates },
  );
  assert(fit.coarseEsrByIteration.length > 2);
  assert.deepEqual(
    fit.coarseEsrByIteration,
    alone.minimum.records.map(({ loss }) => loss / alone.targetEnergy),
  );
  assert.equal(fit.coarseEsrByIteration.at(-1), alone.esr);
  assert.notEqual(fit.esrByIteration[0], alone.esr);
  const [atOnce] = await swept(source, SETTINGS.slice(0, 1), CONFIG);
  assert.deepEqual(atOnce.coarseEsrByIteration, []);
});

Deno.test("sweep() warns of a fit that explains next to nothing of its recording", async () => {
  const backwards = {
    ...source,
    load: async (setting: Setting) => {
      const pair = await source.load(setting);
      return { ...pair, wet: pair.wet.toReversed() };
    },
  };
  const [poor] = await swept(backwards, SETTINGS.slice(0, 1), CONFIG);
  assert(poor.chunkEsr > 0.5);
  assert.match(poor.warnings.join(), /the match is poor/);
  const [good] = await swept(source, SETTINGS.slice(0, 1), CONFIG);
  assert.deepEqual(good.warnings, []);
});

Deno.test("sweep() leaves out a setting that no compressor explains", async () => {
  const random = createRandom(1);
  const noisy = {
    ...source,
    load: async (setting: Setting) => {
      const pair = await source.load(setting);
      return { ...pair, wet: pair.wet.map(() => random.uniform() - 0.5) };
    },
  };
  const leftOut: string[] = [];
  const fits = await swept(noisy, SETTINGS.slice(0, 1), CONFIG, {
    onLeftOut: ({ reason }) => leftOut.push(reason),
  });
  assert.deepEqual(fits, []);
  assert.match(leftOut.join(), /^no compressor explains .*\?$/);
});

Deno.test("sweep() looks beyond the published ranges where the config says so, and names the setting to do it with", async () => {
  const at = async (ranges: SolverConfig["ranges"]) => {
    const solver = { ...CONFIG.solver, ranges };
    const [fit] = await swept(source, SETTINGS.slice(0, 1), {
      ...CONFIG,
      solver,
    });
    return fit;
  };
  const { parameters } = await at({});
  const end = parameters.attack_ms / 2;
  const bounded = await at({ attack_ms: [0.01, end] });
  assert(Math.abs(bounded.parameters.attack_ms / end - 1) < 5e-3);
  assert.match(
    bounded.warnings.join(),
    /^the attack of .* Look there with --set solver\.ranges\.attack_ms=\[0\.001,/,
  );
  const free = await at({ attack_ms: [0.01, 1000] });
  assert(Math.abs(free.parameters.attack_ms / (2 * end) - 1) < 1e-2);
});

Deno.test("sweep() leaves out a setting whose wet side lost samples, and says when", async () => {
  const long = await openSource(
    dataSchema.parse({ unit: "twin", duration: 8, sample_rate: 22050 }),
  );
  const broken = {
    ...long,
    async load(setting: Setting) {
      const { dry, wet, sampleRate } = await long.load(setting);
      if (setting !== SETTINGS[1]) return { dry, wet, sampleRate };
      const at = 4 * sampleRate;
      const lost = wet.slice();
      lost.set(wet.subarray(at + 40), at);
      return { dry, wet: lost, sampleRate };
    },
  };
  const leftOut: string[] = [];
  const alignment = { enabled: true, max_lag: 256 };
  const fits = await swept(broken, SETTINGS, { ...CONFIG, alignment }, {
    onLeftOut: ({ reason }) => leftOut.push(reason),
  });
  assert.deepEqual(fits.map(nameOfSetting), [
    nameOfSetting(SETTINGS[0]),
    nameOfSetting(SETTINGS[2]),
  ]);
  assert.equal(leftOut.length, 1);
  assert.match(
    leftOut[0],
    /40 samples .* missing .*(3\.9|4\.)\d*\ss.* deno task fit/,
  );
});
