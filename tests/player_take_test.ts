/**
 * The player with a target: put in step, compared, trimmed and mixed, and used by
 * keys and numbers.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { createRandom } from "../lib/base/random.ts";
import { unitOfValues, unitToYaml } from "../lib/data/unit_file.ts";
import { esr } from "../lib/metrics/esr.ts";
import { parseModel } from "../lib/models/presets.ts";
import { targetsScript } from "../lib/player/module_script.ts";
import { delayed } from "../lib/sound/fractional_delay.ts";
import { readWav, writeWav } from "../lib/sound/wav.ts";
import target from "../lib/player/target.js" with { type: "text" };
import { browserTest, openPage } from "./browser.ts";
import { runTask, withFolder } from "./cli.ts";
import { compress } from "./oracle.ts";
import { findings, overflow } from "./page_checks.ts";

const RATE = 16000;
const VALUES = {
  threshold_db: -24,
  ratio: 4,
  attack_ms: 4,
  release_ms: 120,
  make_up_db: 12,
};

/** Bursts of low-passed noise at many levels: nothing near half the rate. */
function drySound(seconds: number, seed = 1): Float32Array {
  const random = createRandom(seed);
  let [slow, slower] = [0, 0];
  return Float32Array.from({ length: seconds * RATE }, (_, n) => {
    const step = (7 * Math.floor(n / 1500)) % 31;
    slow += 0.2 * (random.uniform() - 0.5 - slow);
    slower += 0.2 * (slow - slower);
    return 3 * slower * 10 ** (-step / 16);
  });
}

/** What the unit makes of `dry`, late by `lag` samples and turned over, with an offset. */
function wetSound(dry: Float32Array, lag: number, offset = 0): Float32Array {
  const made = Float32Array.from(compress(dry, VALUES, RATE));
  const late = delayed(made, -lag).value;
  return late.map((y) => offset - y);
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

interface InStep {
  channels: Float32Array[];
  lag: number;
  words: string;
}

/** The page's own function, run here. */
const putInStep = new Function(
  `${targetsScript()}\n${target}; return putInStep;`,
)() as (
  sound: { channels: Float32Array[]; sampleRate: number },
  target: { channels: Float32Array[]; sampleRate: number },
  make: (length: number) => Float32Array,
) => InStep;

Deno.test("the page puts a target in step: lag in parts of a sample, polarity, offset", () => {
  const dry = drySound(3);
  const made = Float32Array.from(compress(dry, VALUES, RATE));
  const make = (length: number) => made.subarray(0, length);
  for (const lag of [0, 12.37, -3.7, 5000.25]) {
    const wet = wetSound(dry, lag, 0.02);
    const found = putInStep(
      { channels: [dry], sampleRate: RATE },
      { channels: [wet], sampleRate: RATE },
      make,
    );
    assert.ok(Math.abs(found.lag - lag) < 2e-3, `${found.lag}, not ${lag}`);
    assert.match(found.words, /turned over/);
    assert.match(found.words, /offset/);
    // Its ends, which were not heard, apart.
    const inside = (side: Float32Array) => side.subarray(100, 1.5 * RATE);
    const left = esr(inside(made), inside(found.channels[0]));
    // What two interpolations leave of it, and no more.
    const best = delayed(delayed(made, -lag).value, lag).value;
    const least = esr(inside(made), inside(best));
    assert.ok(left < 1.05 * least + 1e-6, `ESR ${left}, ${least} at ${lag}`);
  }
  const other = putInStep(
    { channels: [dry], sampleRate: RATE },
    { channels: [drySound(3, 77)], sampleRate: RATE },
    make,
  );
  assert.match(other.words, /does not match the sound/);
  assert.equal(other.lag, 0);
});

browserTest(
  "player --dry --wet opens on a fit: target in step, ESR, difference, trim and mix",
  (browser) =>
    withFolder(async (folder) => {
      const dry = drySound(4);
      const [dryPath, wetPath, unit, html] = [
        "dry.wav",
        "<wet>.wav",
        "unit.yaml",
        "player.html",
      ].map((name) => join(folder, name));
      await writeWav(dryPath, dry, { sampleRate: RATE });
      await writeWav(wetPath, wetSound(dry, 7.3), { sampleRate: RATE });
      const model = parseModel("4a-2a");
      await Deno.writeTextFile(unit, unitToYaml(unitOfValues(model, VALUES)));
      const words = ["--params", unit, "--dry", dryPath, "--wet", wetPath];
      const built = await runTask("player", [...words, "--out", html]);
      assert.equal(built.code, 0, built.stderr);
      assert.match(
        built.stdout,
        /Target {2}.*<wet>\.wav: 7\.(299|300) samples late, put in step, turned over$/m,
      );

      const { page, misdeeds } = await openPage(browser, `file://${html}`);
      await page.evaluate("player.ready");
      await page.getByText(
        /^Target: <wet>-in-step\.wav · 0:03\.9 · 16000 Hz · mono; 7\.\d+ samples late/,
      ).waitFor();
      const esrNow = () => ask<number>(page, "player.state.overview.esr");
      await until(page, "player.state.overview?.esr < 2e-4");
      assert.match(
        (await page.locator("#esr").textContent())!,
        /^(\d\.\d\d\s×\s10⁻\S|0\.000\d+) \(−\d\d\.\d dB\)$/,
      );
      // In both directions: here the amplifier is louder than bypass, and turned down.
      const match = await ask<Record<string, number>>(
        page,
        "player.state.overview.match",
      );
      const energy = (sound: ArrayLike<number>) =>
        Array.from(sound).reduce((sum, x) => sum + x * x, 0);
      const louder = Math.sqrt(
        energy(compress(dry, VALUES, RATE)) / energy(dry),
      );
      assert.equal(match.bypass, 1);
      assert.ok(Math.abs(match.unit * louder - 1) < 0.02, `${match.unit}`);
      assert.ok(Math.abs(match.target / match.unit - 1) < 0.01);
      assert.match(
        (await page.locator("[data-by=unit]").textContent())!,
        /^−\d\.\d dB$/,
      );
      assert.equal(await page.locator("[data-by=bypass]").textContent(), "");

      // Keys: Space, A, B, D; none of them in a field.
      const faders = (name: string) =>
        `player.state.playing?.faders.${name}.gain.value`;
      await page.keyboard.press("Space");
      await until(page, `${faders("unit")} > 0.3`);
      await page.keyboard.press("a");
      await until(
        page,
        `${faders("target")} > 0.3 && ${faders("unit")} < 0.01`,
      );
      await page.keyboard.press("d");
      await until(page, `${faders("difference")} > 0.9`);
      await page.keyboard.press("b");
      await until(page, `${faders("unit")} > 0.3`);
      await page.locator("#ratio-number").focus();
      await page.keyboard.press("a");
      assert.ok(await page.locator("[value=unit]").isChecked());
      await page.keyboard.press("Escape");
      await page.keyboard.press("Space");
      await until(page, "player.state.playing === null");

      // A number typed; then the difference is there, and heard.
      const ratio = page.getByRole("textbox", { name: "Ratio, a number" });
      await ratio.fill("8,5");
      await ratio.press("Enter");
      assert.equal(await ask(page, "player.state.parameters.ratio"), 8.5);
      assert.equal(await ratio.inputValue(), "8.500");
      await until(page, "player.state.overview.esr > 1e-3");
      const rendered = compress(dry, { ...VALUES, ratio: 8.5 }, RATE)
        .subarray(0, dry.length - 64);
      const wet = compress(dry, VALUES, RATE).subarray(0, dry.length - 64);
      const wanted = esr(rendered, wet);
      assert.ok(Math.abs(await esrNow() / wanted - 1) < 0.02, `${wanted}`);
      await ratio.fill("inf");
      await ratio.press("Enter");
      assert.equal(await ratio.inputValue(), "∞");
      for (const [typed, shown] of [["rubbish", "∞"], ["−5", "1.000"]]) {
        await ratio.fill(typed);
        await ratio.press("Enter");
        assert.equal(await ratio.inputValue(), shown);
      }
      await page.getByRole("slider", { name: "Ratio" }).dblclick();
      assert.equal(await ask(page, "player.state.parameters.ratio"), 4);

      // Trim and mix: heard, rendered, counted, and undone.
      const render = async () => {
        const [download] = await Promise.all([
          page.waitForEvent("download"),
          page.getByRole("button", { name: "Render to WAV" }).click(),
        ]);
        return (await readWav(await download.path())).samples;
      };
      const plain = await render();
      const trim = page.getByRole("textbox", { name: "Trim, a number" });
      await trim.fill("-6");
      await trim.press("Enter");
      const mix = page.getByRole("textbox", { name: "Mix, a number" });
      await mix.fill("50");
      await mix.press("Enter");
      assert.ok(
        await page.getByText("It knows neither trim nor mix").isVisible(),
      );
      const blended = await render();
      const factor = 0.5 * 10 ** (-6 / 20);
      let largest = 0;
      for (let n = 0; n < blended.length; n++) {
        const wanted = factor * plain[n] + 0.5 * dry[n];
        largest = Math.max(largest, Math.abs(blended[n] - wanted));
      }
      assert.ok(largest < 1e-6, `${largest}`);
      await page.getByRole("button", { name: "Back to what was fitted" })
        .click();
      assert.deepEqual(
        await ask(page, "[player.state.trimDb, player.state.mix]"),
        [0, 1],
      );
      assert.equal((await render()).length, plain.length);
      assert.ok(
        await page.getByText("It knows neither trim nor mix").isHidden(),
      );

      // A click on a wave goes there; there are scales.
      const box = (await page.locator("#wave-gain svg").boundingBox())!;
      await page.mouse.click(box.x + box.width / 4, box.y + 10);
      assert.match(
        (await page.locator("#time").textContent())!,
        /^0:0(0\.9|1\.0)$/,
      );
      assert.deepEqual(
        await page.locator("#wave-gain .heights span").allTextContents(),
        ["0 dB", "6", "12", "18", "24"],
      );
      assert.equal(
        (await page.locator("#times span").allTextContents()).join(" "),
        "0 s 0.5 1 1.5 2 2.5 3 3.5",
      );
      assert.deepEqual(await findings(page), []);
      assert.deepEqual(misdeeds, { complaints: [], requests: [] });
      await page.close();
    }),
);

browserTest(
  "knob and Play are in sight together, on a screen of 1280 × 800 and on a phone",
  (browser) =>
    withFolder(async (folder) => {
      const html = join(folder, "player.html");
      assert.equal((await runTask("player", ["--out", html])).code, 0);
      for (const [width, height] of [[1280, 800], [390, 844]]) {
        const { page, misdeeds } = await openPage(browser, `file://${html}`, {
          width,
          height,
        });
        await page.evaluate("player.ready");
        for (const id of ["knob", "play", "position"]) {
          const box = (await page.locator(`#${id}`).boundingBox())!;
          assert.ok(
            box.y >= 0 && box.y + box.height <= height && box.x >= 0 &&
              box.x + box.width <= width,
            `${id} at ${JSON.stringify(box)} of ${width} × ${height}`,
          );
        }
        assert.deepEqual(await overflow(page), [width, []]);
        // The number beside the knob turns it.
        const number = page.getByRole("textbox", {
          name: "Peak reduction, a number",
        });
        await number.fill("63");
        await number.press("Enter");
        const knob = page.getByRole("slider", { name: "Peak reduction" });
        assert.equal(await knob.getAttribute("aria-valuenow"), "63");
        assert.deepEqual(misdeeds, { complaints: [], requests: [] });
        await page.close();
      }
    }),
);

Deno.test("player refuses half a take, and one without a fit", () =>
  withFolder(async (folder) => {
    const dry = join(folder, "dry.wav");
    await writeWav(dry, drySound(1), { sampleRate: RATE });
    const params = JSON.stringify(VALUES);
    for (
      const [words, message] of [
        [["--params", params, "--dry", dry], /--dry is one side of a take/],
        [["--params", params, "--wet", dry], /--wet is one side of a take/],
        [["--dry", dry, "--wet", dry], /give its fit with --params/],
      ] as const
    ) {
      const { code, stderr } = await runTask("player", [...words]);
      assert.equal(code, 1);
      assert.match(stderr, message);
    }
  }));
