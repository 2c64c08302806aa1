/**
 * The page of a fit, in a real browser: looked at, listened to, on paper.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { createRandom } from "../lib/base/random.ts";
import { parseModel } from "../lib/models/presets.ts";
import { levelCounts, toneCurve } from "../lib/metrics/transfer.ts";
import { meanSpectrum, spectrogram } from "../lib/metrics/spectrogram.ts";
import { writeWav } from "../lib/sound/wav.ts";
import { browserTest, openPage } from "./browser.ts";
import { runTask, withFolder } from "./cli.ts";
import { compress } from "./oracle.ts";
import { findings, overflow } from "./page_checks.ts";

const RATE = 16000;
const TRUTH = {
  threshold_db: -24,
  ratio: 4,
  attack_ms: 4,
  release_ms: 120,
  make_up_db: 3,
};

/** Bursts of noise at many levels, with a silence of half a second. */
function drySound(seed: number): Float32Array {
  const random = createRandom(seed);
  return Float32Array.from({ length: 3 * RATE }, (_, n) => {
    const step = (7 * Math.floor(n / 1500)) % 31;
    const isSilent = n >= 1.5 * RATE && n < 2 * RATE;
    return isSilent ? 0 : 1.6 * (random.uniform() - 0.5) * 10 ** (-step / 14);
  });
}

/** Writes a take; the wet side has a little hiss. */
async function writeTake(folder: string, name: string, seed: number) {
  const dry = drySound(seed);
  const random = createRandom(seed + 100);
  const wet = Float32Array.from(
    compress(dry, TRUTH, RATE),
    (y) => y + 2e-2 * (random.uniform() - 0.5),
  );
  const paths = ["dry", "wet"].map((side) =>
    join(folder, `${name}-${side}.wav`)
  );
  for (const [i, samples] of [dry, wet].entries()) {
    await writeWav(paths[i], samples, { sampleRate: RATE });
  }
  return paths;
}

async function ask<T>(page: Page, expression: string): Promise<T> {
  return await page.evaluate(expression) as T;
}

async function until(page: Page, expression: string): Promise<void> {
  for (const start = Date.now(); !await ask(page, expression);) {
    assert.ok(Date.now() - start < 20_000, `never: ${expression}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

Deno.test("toneCurve() settles on the static curve, forward and in feedback", async () => {
  const values = {
    threshold_db: -30,
    ratio: 3,
    attack_ms: 0.1,
    release_ms: 2000,
    make_up_db: 2,
  };
  const curve = await toneCurve(parseModel("4a-2a"), values, 48000);
  assert.equal(curve.length, 31);
  for (const { inputDb, outputDb } of curve) {
    const wanted = inputDb + 2 - Math.max(0, inputDb + 30) * (1 - 1 / 3);
    assert.ok(Math.abs(outputDb - wanted) < 0.3, `${inputDb}: ${outputDb}`);
  }
  const loop = await toneCurve(parseModel("feedback"), values, 48000);
  for (const { inputDb, outputDb } of loop) {
    const wanted = inputDb + 2 - Math.max(0, inputDb + 30) * (1 - 1 / 3);
    assert.ok(Math.abs(outputDb - wanted) < 0.5, `${inputDb}: ${outputDb}`);
  }
});

Deno.test("levelCounts() counts every window that is heard, where its peaks lie", () => {
  const dry = Float64Array.from({ length: 8000 }, (_, n) => n < 4000 ? 0.5 : 0);
  const counts = levelCounts([
    { dry, wet: dry.map((x) => x / 2), sampleRate: 8000 },
  ]);
  assert.equal(counts.length, 1);
  const [{ inputDb, outputDb, count }] = counts;
  assert.equal(count, 25);
  assert.ok(Math.abs(inputDb + 6.02) <= 0.75);
  assert.ok(Math.abs(outputDb + 12.04) <= 0.75);
});

Deno.test("meanSpectrum() is the level of a tone in its band", () => {
  const tone = Float64Array.from(
    { length: 48000 },
    (_, n) => 0.5 * Math.sin(2 * Math.PI * 1000 * n / 48000),
  );
  const bands = meanSpectrum(spectrogram(tone, 48000));
  const loudest = bands.toSorted((a, b) => b.levelDb - a.levelDb)[0];
  assert.ok(Math.abs(loudest.hertz / 1000 - 1) < 0.04, `${loudest.hertz}`);
  assert.ok(Math.abs(loudest.levelDb + 6.02) < 1, `${loudest.levelDb}`);
});

browserTest(
  "fit --report makes a page of several takes and a test, seen and heard",
  (browser) =>
    withFolder(async (folder) => {
      const one = await writeTake(folder, "one", 1);
      const two = await writeTake(folder, "<two>", 2);
      const test = await writeTake(folder, "three", 3);
      const html = join(folder, "fit.html");
      const unit = join(folder, "unit.yaml");
      const fit = await runTask("fit", [
        ...one,
        ...two,
        ...["--test", ...test, "--model", "4a-2a", "--out", unit],
        ...["--report", html],
      ]);
      assert.equal(fit.code, 0, fit.stderr);
      // It says where everything is.
      assert.match(fit.stdout, /^Unit {8}.*unit\.yaml$/m);
      assert.match(fit.stdout, /^Page {8}.*fit\.html$/m);
      const size = (await Deno.stat(html)).size;
      const sounds = (await Deno.readTextFile(html))
        .match(/(?<=clips-data">)[^<]*/g)!
        .reduce((sum, text) => sum + text.length, 0);
      assert.ok(size - sounds < 2.5e6, `${size - sounds} bytes`);

      for (
        const [width, colorScheme] of [[1280, "dark"], [390, "light"]] as const
      ) {
        const { page, misdeeds } = await openPage(browser, `file://${html}`, {
          width,
          colorScheme,
        });
        await page.evaluate("optofit.ready");
        const state = await ask(page, "[optofit.charts, optofit.drawn]");
        assert.deepEqual(state, [5, 5]);
        assert.deepEqual(await overflow(page), [width, []], `${width}`);
        assert.deepEqual(await findings(page), [], `${width}`);
        assert.deepEqual(misdeeds, { complaints: [], requests: [] });
        await page.close();
      }

      const { page, misdeeds } = await openPage(browser, `file://${html}`);
      await page.evaluate("optofit.ready");
      assert.equal(await page.locator("main img, main b b").count(), 0);
      assert.match(
        (await page.locator("#what-was-found tbody").textContent())!,
        /Threshold−2\d\.\d\d ± \d\.\d\d\sdBthreshold_db\n[^]*Make-up/,
      );
      assert.deepEqual(
        await ask(
          page,
          `[...document.querySelectorAll("#takes tbody tr")].map((row) =>
            [row.cells[0].textContent, row.cells[1].textContent])`,
        ),
        [["one-wet.wav", "fitted"], ["<two>-wet.wav", "fitted"], [
          "three-wet.wav",
          "tested",
        ]],
      );

      // Gain reduction: that of both, and none where it is silent.
      type Row = { side: string; seconds: number; reduction: number | null };
      const rows = await ask<Row[]>(
        page,
        `JSON.parse(document.querySelector("#gain-reduction-one-wet-wav .spec-data")
          .textContent).data.values`,
      );
      const silent = rows.filter(({ seconds }) =>
        seconds > 1.55 && seconds < 1.95
      );
      assert.ok(silent.length > 20);
      assert.ok(silent.every(({ reduction }) => reduction === null));
      const heard = rows.filter(({ reduction }) => reduction !== null);
      for (const side of ["target", "model"]) {
        const most = Math.max(
          ...heard.filter((row) => row.side === side)
            .map(({ reduction }) => reduction!),
        );
        assert.ok(most > 5 && most < 20, `${side}: ${most} dB`);
      }
      // The silence breaks the line.
      const paths = await ask<string[]>(
        page,
        `[...document.querySelectorAll("#gain-reduction-one-wet-wav .mark-line path")]
          .map((one) => one.getAttribute("d") ?? "")`,
      );
      assert.ok(
        paths.every((path) => path.match(/M/g)!.length >= 2),
        "a line goes through silence",
      );

      // Listening: in step, as loud, by keys.
      const section = page.locator(".comparison").first();
      await section.scrollIntoViewIfNeeded();
      const own =
        `optofit.comparisons[document.querySelector(".comparison").id]`;
      await until(page, `${own}.clips.length === 4`);
      const levels = await ask<number[]>(
        page,
        `${own}.clips.map(({ samples, matchDb }) => matchDb + 10 * Math.log10(
          samples.reduce((sum, x) => sum + x * x, 0) / samples.length))`,
      );
      for (const i of [0, 2]) {
        assert.ok(Math.abs(levels[i] - levels[1]) < 0.05, `${levels}`);
      }
      assert.ok(levels[3] < levels[1] - 20, "what is left is quiet");
      await section.getByRole("button", { name: "Play" }).click();
      const gains = () =>
        ask<number[]>(
          page,
          `${own}.playing.faders.map(({ gain }) => gain.value)`,
        );
      await until(page, `${own}.playing?.faders[2].gain.value > 0.5`);
      await page.keyboard.press("a");
      await until(page, `${own}.playing.faders[1].gain.value > 0.3`);
      await until(page, `${own}.playing.faders[2].gain.value < 0.01`);
      const started = await ask(page, `${own}.playing.startedAt`);
      await page.keyboard.press("1");
      await until(page, `${own}.playing.faders[0].gain.value > 0.1`);
      const matched = (await gains())[0];
      await section.getByText("Match levels").click();
      await until(page, `${own}.playing.faders[0].gain.value > 0.99`);
      assert.ok(matched < 1);
      // Nothing was started anew by switching.
      assert.equal(await ask(page, `${own}.playing.startedAt`), started);
      const wave = (await section.locator(".wave").boundingBox())!;
      await page.mouse.click(wave.x + wave.width / 2, wave.y + 20);
      await until(page, `${own}.playing?.offset > 1.4`);
      assert.ok(await ask<number>(page, `${own}.playing.offset`) < 1.6);
      await page.keyboard.press("Space");
      await until(page, `${own}.playing === null`);
      assert.deepEqual(misdeeds, { complaints: [], requests: [] });
      await page.close();
    }),
);

Deno.test("fit --report refuses a name that is no page's, and a recording's", () =>
  withFolder(async (folder) => {
    const [dry, wet] = await writeTake(folder, "one", 1);
    for (
      const [words, message] of [
        [
          ["--report", dry, wet],
          /must end in \.html; without a name, give --report after/,
        ],
        [
          [dry, wet, "--report", `${folder}/a.pdf`],
          /a\.pdf: its name must end in \.html/,
        ],
        [[
          dry,
          wet,
          "--report",
          `${folder}/a.html`,
          "--json",
          `${folder}/a.html`,
        ], /would overwrite/],
      ] as const
    ) {
      const { code, stderr } = await runTask("fit", [...words]);
      assert.equal(code, 1);
      assert.match(stderr, message);
    }
  }));
