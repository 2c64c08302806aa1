/** The sweep: where each fit starts, and what it says of its end. @module */

import assert from "node:assert/strict";
import { openSource } from "../lib/data/source.ts";
import { nameOfSetting, type Setting } from "../lib/data/setting.ts";
import { dataSchema } from "../lib/data_config.ts";
import { fitPair } from "../lib/fit.ts";
import { solverSchema } from "../lib/fit_config.ts";
import { buildKernels } from "../lib/kernels/build.ts";
import { score } from "../lib/metrics/score.ts";
import { chunk } from "../lib/objective/chunks.ts";
import { openResultStore } from "../lib/result_store.ts";
import { sweep, type SweptSetting } from "../lib/sweep.ts";
import { withFolder } from "./cli.ts";

await buildKernels(["compressor", "render"]);

const SETTINGS: Setting[] = [
  { mode: "compress", peakReduction: 100 },
  { mode: "compress", peakReduction: 90 },
  { mode: "limit", peakReduction: 90 },
];

const CONFIG = {
  engine: "wasm",
  chunks: { chunkSeconds: 1, overlapSeconds: 0.25 },
  alignment: { enabled: false, max_lag: 0 },
  solver: solverSchema.parse({ coarse_chunks: 0 }),
} as const;

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
        CONFIG.solver,
        CONFIG.engine,
        { start: neighbour?.parameters },
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
