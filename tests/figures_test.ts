/**
 * Figures to play in a report: a knob that moves curve, gain and sound, and settings
 * to choose, their sounds in scripts beside the page.
 *
 * @module
 */

import assert from "node:assert/strict";
import { compress } from "../lib/compressor/compressor.ts";
import { PUBLISHED_FITS, publishedFit } from "../lib/data/published.ts";
import { makeStimulus } from "../lib/data/stimulus.ts";
import { levellingUnit } from "../lib/data/unit_file.ts";
import { writeFileWhole } from "../lib/base/atomic_file.ts";
import { buildKernels } from "../lib/kernels/build.ts";
import { PAPER_MODEL, parseModel } from "../lib/models/presets.ts";
import { knobFigure, playedSound } from "../lib/player/knob_figure.ts";
import { openSettingPicker } from "../lib/player/setting_picker.ts";
import type { Cell } from "../lib/report/cells.ts";
import { renderReport } from "../lib/report/page.ts";
import { browserTest, openPage } from "./browser.ts";
import { withFolder } from "./cli.ts";

await buildKernels(["render"]);

const MODEL = parseModel(PAPER_MODEL);
const RATE = 22_050;

/** Writes a page of `cells` to `folder`. @returns its address. */
async function pageOf(folder: string, cells: Cell[]): Promise<string> {
  const html = await renderReport({
    experiment: "00_test",
    title: "Figures",
    source: { name: "twin", surrogate: true },
    generatedAt: new Date(0),
    provenance: {},
  }, cells);
  await writeFileWhole(`${folder}/r.html`, html);
  return `file://${folder}/r.html`;
}

/** Largest difference of two signals. */
function apart(one: ArrayLike<number>, other: ArrayLike<number>): number {
  assert.equal(one.length, other.length);
  let most = 0;
  for (let i = 0; i < one.length; i++) {
    most = Math.max(most, Math.abs(one[i] - other[i]));
  }
  return most;
}

browserTest(
  "the knob of a report moves parameters, curve and gain, and its sound is what render makes",
  (browser) =>
    withFolder(async (folder) => {
      const unit = levellingUnit(MODEL, PUBLISHED_FITS, {});
      const sound = playedSound();
      const cell = await knobFigure(unit, MODEL, sound, "Turn it.");
      const { page, misdeeds } = await openPage(
        browser,
        await pageOf(folder, [cell!]),
      );
      const figure = page.locator('[data-widget="knob"]');
      const seen = async () => ({
        ratio: await figure.locator("[data-parameter=ratio]").textContent(),
        curve: await figure.locator(".curve").getAttribute("d"),
        gain: await figure.locator(".gain").getAttribute("d"),
      });
      const at100 = await seen();
      await figure.getByRole("slider").fill("45");
      const at45 = await seen();
      for (const key of ["ratio", "curve", "gain"] as const) {
        assert.notEqual(at45[key], at100[key], key);
      }
      const made = await page.evaluate(
        `Array.from(document.querySelector("[data-widget=knob]").state.made.output)`,
      ) as number[];
      const { parameters } = publishedFit({
        mode: "compress",
        peakReduction: 45,
      })!;
      // The page holds 16 bits of the dry sound.
      const dry = Float32Array.from(
        sound.samples,
        (x) => Math.round(32768 * x) / 32768,
      );
      const wanted = compress(dry, parameters, sound.sampleRate);
      assert(apart(made, wanted) < 1e-5);
      await figure.getByLabel("limit").check();
      assert.notEqual((await seen()).ratio, at45.ratio);
      assert.deepEqual(misdeeds, { complaints: [], requests: [] });
      await page.close();
    }),
);

browserTest(
  "a setting's sounds are loaded when they are to be heard, and a file that is gone is said",
  (browser) =>
    withFolder(async (folder) => {
      const { samples: dry } = makeStimulus({
        seconds: 9,
        sampleRate: RATE,
        seed: 3,
      });
      const files: string[] = [];
      const picker = openSettingPicker(MODEL, async (name, content) => {
        files.push(name);
        await writeFileWhole(`${folder}/${name}`, content);
      });
      for (const peakReduction of [100, 60]) {
        const fit = publishedFit({ mode: "compress", peakReduction })!;
        // A target 1 dB louder than the model makes it.
        const wet = compress(dry, {
          ...fit.parameters,
          make_up_db: fit.parameters.make_up_db + 1,
        }, RATE);
        picker.take(fit, {
          dry,
          wet: Float32Array.from(wet),
          sampleRate: RATE,
        });
        await picker.add({ ...fit, score: { esr: 0.0148 } });
      }
      // The dry sound of both is one.
      assert.deepEqual(files, [
        "sounds/dry_compress_100.js",
        "sounds/compress_100.js",
        "sounds/compress_60.js",
      ]);
      const { page, misdeeds } = await openPage(
        browser,
        await pageOf(folder, [await picker.cell("Choose", "Listen.")]),
      );
      const figure = page.locator('[data-widget="settings"]');
      const gain = figure.locator(".gain-target");
      const before = await gain.getAttribute("d");
      assert.equal(misdeeds.requests.length, 0);

      await figure.locator(".play").click();
      await figure.getByText("model +1.0 dB").waitFor();
      assert.deepEqual(
        misdeeds.requests.map((asked) => asked.split("/").at(-1)),
        ["dry_compress_100.js", "compress_100.js"],
      );
      await figure.getByLabel("difference").check();
      await figure.locator(".play").click();

      await Deno.remove(`${folder}/sounds/compress_60.js`);
      await figure.locator("select").selectOption({ label: "compress 60" });
      assert.notEqual(await gain.getAttribute("d"), before);
      await figure.locator(".play").click();
      await figure.getByText(
        "sounds/compress_60.js is not beside this page: keep the folder together",
      ).waitFor();
      await page.close();
    }),
);
