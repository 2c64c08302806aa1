/**
 * The player in a real browser: opened from disk, played, turned, rendered, and
 * compared with the command line.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import wavefile from "wavefile";
import { compress } from "../lib/compressor/compressor.ts";
import type { SideChainProcessor } from "../lib/compressor/compressor.ts";
import { loudest } from "../lib/compressor/linked.ts";
import { parametersAt, valuesAt } from "../lib/data/curve.ts";
import { curveFromCsv, curveToCsv } from "../lib/data/curve_csv.ts";
import { PUBLISHED_FITS } from "../lib/data/published.ts";
import { makeStimulus } from "../lib/data/stimulus.ts";
import {
  levellingUnit,
  type Unit,
  unitOfValues,
  unitToYaml,
} from "../lib/data/unit_file.ts";
import { openProcessor } from "../lib/engines/open_processor.ts";
import type { Model, Values } from "../lib/models/model.ts";
import { CHOICES, parseModel, PRESETS } from "../lib/models/presets.ts";
import { panelOf } from "../lib/player/knob.ts";
import { renderPlayer } from "../lib/player/page.ts";
import { rendererOf } from "../lib/player/renderer.ts";
import { slidersOf } from "../lib/player/sliders.ts";
import { readChannels, readWav } from "../lib/sound/wav.ts";
import { findings, overflow } from "./page_checks.ts";
import { browserTest, openPage } from "./browser.ts";
import { runTask, withFolder } from "./cli.ts";

const RATE = 48000;

/** Writes a 24-bit WAVE file, so that its samples are not those of 16 bits. */
async function writeSound(
  path: string,
  channels: Float32Array[],
): Promise<void> {
  const file = new wavefile.WaveFile();
  const pcm = channels.map((samples) =>
    Array.from(samples, (value) => Math.round(value * (2 ** 23 - 1)))
  );
  file.fromScratch(
    channels.length,
    RATE,
    "24",
    pcm.length === 1 ? pcm[0] : pcm,
  );
  await Deno.writeFile(path, file.toBuffer());
}

/** Two channels of the stimulus. */
function stereo(seconds: number): Float32Array[] {
  return [3, 4].map((seed) =>
    makeStimulus({ seconds, sampleRate: RATE, seed }).samples
  );
}

/** A tone at −6 dBFS whose end meets its beginning. */
function tone(): Float32Array {
  return Float32Array.from(
    { length: RATE },
    (_, n) => 0.5 * Math.sin(2 * Math.PI * 1000 * n / RATE),
  );
}

/** What `expression` comes to in the page. */
async function ask<T>(page: Page, expression: string): Promise<T> {
  return await page.evaluate(expression) as T;
}

/** The page's sound as its AudioWorklet plays it, by channel. */
async function fromWorklet(page: Page): Promise<number[][]> {
  return await ask(
    page,
    `(async () => {
      const { sound, parameters } = player.state;
      const { channels, sampleRate } = sound;
      const context = new OfflineAudioContext(
        channels.length, channels[0].length, sampleRate);
      const unit = await player.createUnit(context, channels.length, parameters);
      const source = context.createBufferSource();
      source.buffer = player.bufferOf(context, sound);
      source.connect(unit).connect(context.destination);
      source.start();
      const result = await context.startRendering();
      return channels.map((_, c) => Array.from(result.getChannelData(c)));
    })()`,
  );
}

/** Waits until `expression` is true in the page. */
async function until(page: Page, expression: string): Promise<void> {
  for (const start = Date.now(); !await ask(page, expression);) {
    assert.ok(Date.now() - start < 20_000, `never: ${expression}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  assert.equal(a.length, b.length);
  let largest = 0;
  for (let n = 0; n < a.length; n++) {
    largest = Math.max(largest, Math.abs(a[n] - b[n]));
  }
  return largest;
}

/** A levelling amplifier with some of the published settings, or all. */
function published(
  keep: (fit: typeof PUBLISHED_FITS[number]) => boolean = () => true,
): Unit {
  const points = PUBLISHED_FITS.filter(keep)
    .map(({ mode, peakReduction, parameters }) => ({
      mode,
      peakReduction,
      parameters,
    }));
  return levellingUnit(parseModel("4a-2a"), points, {});
}

Deno.test("panelOf() follows the curve and ends in no compression", () => {
  const { dial, choice, turns: { compress: knob, limit } } = panelOf(
    published(),
  );
  assert.deepEqual(dial, {
    title: "Peak reduction",
    unit: "",
    range: [0, 100],
    fades: true,
  });
  assert.deepEqual(choice, { title: "Mode", values: ["compress", "limit"] });
  assert.deepEqual(knob.fitted, [40, 100]);
  assert.equal(limit.positions.length, 101);
  assert.deepEqual(
    knob.positions[63],
    parametersAt(
      PUBLISHED_FITS,
      { mode: "compress", peakReduction: 63 },
      "linear",
    ),
  );
  const [lowest] = knob.positions;
  assert.equal(lowest.threshold_db, 0);
  assert.equal(lowest.ratio, knob.positions[40].ratio);
  // The threshold falls all the way, without a jump at the end of the curve.
  for (let position = 1; position <= 100; position++) {
    const step = knob.positions[position].threshold_db -
      knob.positions[position - 1].threshold_db;
    assert.ok(step < 0 && step > -1, `${step} dB at ${position}`);
  }
  // Nothing within full scale is touched at 0, save by the make-up.
  const sound = makeStimulus({ seconds: 1 }).samples;
  const quiet = { ...lowest, make_up_db: 0 };
  assert.deepEqual(compress(sound, quiet, RATE), Float64Array.from(sound));
});

Deno.test("panelOf() stays where a curve ends, and leaves out a mode it lacks", () => {
  const { turns } = panelOf(
    published(({ mode, peakReduction }) =>
      mode === "limit" && peakReduction >= 50 && peakReduction <= 80
    ),
  );
  assert.equal(turns.compress, undefined);
  assert.deepEqual(turns.limit.fitted, [50, 80]);
  assert.deepEqual(turns.limit.positions[95], turns.limit.positions[80]);
});

/** A soft-knee limiter with a switch that counts and a dial from 0 to 10. */
function limiter(): Unit {
  return {
    format: 2,
    unit: "my <limiter>",
    model: "4a-2a+soft-knee",
    knobs: {
      ratio: { kind: "choice", values: [4, 20] },
      input_gain: { kind: "number", range: [0, 10], unit: "dB" },
    },
    settings: [4, 20].flatMap((ratio) =>
      [2, 6].map((input_gain) => ({
        at: { ratio, input_gain },
        params: {
          threshold_db: -10 - input_gain,
          ratio: ratio === 20 ? Infinity : ratio,
          knee_db: 6,
          attack_ms: 1,
          release_ms: 100,
          make_up_db: input_gain,
        },
      }))
    ),
    origin: {},
  };
}

Deno.test("panelOf() shows any unit with a dial and a switch, with either, or with neither", () => {
  const unit = limiter();
  const { dial, choice, turns } = panelOf(unit);
  assert.deepEqual(dial, {
    title: "Input gain",
    unit: "dB",
    range: [0, 10],
    fades: false,
  });
  assert.deepEqual(choice, { title: "Ratio", values: ["4", "20"] });
  assert.deepEqual(turns["20"].fitted, [2, 6]);
  assert.deepEqual(
    turns["4"].positions[35],
    valuesAt(unit, { ratio: 4, input_gain: 3.5 }, "linear"),
  );
  // Beyond what was fitted everything stays.
  assert.deepEqual(turns["4"].positions[0], turns["4"].positions[20]);
  assert.deepEqual(turns["4"].positions[100], turns["4"].positions[60]);

  const [{ params }] = unit.settings;
  assert.deepEqual(panelOf(unitOfValues(parseModel("rms"), params)), {
    turns: { "": { fitted: [0, 0], positions: [params] } },
  });
  const { ratio } = unit.knobs;
  const switched = panelOf({
    ...unit,
    knobs: { ratio },
    settings: [{ at: { ratio: 20 }, params }],
  });
  assert.equal(switched.dial, undefined);
  assert.deepEqual(switched.turns, {
    "20": { fitted: [0, 0], positions: [params] },
  });
  const { more } = panelOf({
    ...unit,
    knobs: { ...unit.knobs, more: ratio },
    settings: unit.settings.map((setting) => ({
      ...setting,
      at: { ...setting.at, more: 4 },
    })),
  });
  assert.deepEqual(more!.controls, [{
    title: "More",
    values: ["4"],
    start: 0,
  }]);
});

/** The model of `preset` with all choices; comp-4c is forward, of peaks. */
function withEveryChoice(preset: string): string {
  const left = preset === "comp-4c" ? ["feedback", "rms"] : [];
  return [preset, ...CHOICES.filter((one) => !left.includes(one))].join("+");
}

Deno.test("slidersOf() has a slider for each parameter of any model, on which start and values stand", () => {
  for (const preset of Object.keys(PRESETS)) {
    const model = parseModel(withEveryChoice(preset));
    const odd = Object.fromEntries(
      model.parameters.map(({ name, range: [low, high] }) => [
        name,
        Math.max(Math.min(12_345, high), low),
      ]),
    );
    const sliders = slidersOf(model, [odd, { ...odd, ratio: Infinity }]);
    assert.deepEqual(
      sliders.map(({ key, label, unit }) => [key, label, unit]),
      model.parameters.map(({ name, title, unit }) => [name, title, unit]),
    );
    model.parameters.forEach(({ name, start, range }, i) => {
      const { low, high, log } = sliders[i];
      assert.ok(low < high && Number.isFinite(high - low), name);
      assert.ok(!log || low > 0, name);
      assert.ok(low <= start && start <= high, name);
      assert.ok(low <= odd[name] && odd[name] <= high, name);
      assert.ok(low >= range[0] && high <= range[1], name);
    });
  }
});

/** One channel as the page's script plays it. */
interface Renderer extends SideChainProcessor {
  set(values: Values): void;
  gain(): number;
}

/** What the page runs for `model`, run here. */
async function createRenderer(model: Model, values: Values): Promise<Renderer> {
  const { wasm, code } = await rendererOf(model);
  const create = new Function(`${code}; return createRenderer;`)();
  return create(new WebAssembly.Module(wasm), values, RATE);
}

/** The start of `model` with a threshold and an attack that compress. */
function startOf(model: Model): Record<string, number> {
  return {
    ...Object.fromEntries(
      model.parameters.map(({ name, start }) => [name, start]),
    ),
    threshold_db: -30,
    attack_ms: 5,
    make_up_db: 2,
  };
}

const EVERY_MODEL = [
  ...Object.keys(PRESETS),
  ...Object.keys(PRESETS).map(withEveryChoice),
];

for (const name of EVERY_MODEL) {
  Deno.test(`the page's renderer of ${name} plays what the command line plays`, async () => {
    const model = parseModel(name);
    const values = startOf(model);
    const [input, other] = stereo(1);
    const heard = loudest([input, other], new Float32Array(RATE));
    for (const listened of [input, heard]) {
      const renderer = await createRenderer(model, values);
      const processor = await openProcessor(model, values, RATE);
      const [got, wanted] = [0, 1].map(() => new Float32Array(RATE));
      // In blocks that the worklet and the page have, and in place.
      let at = 0;
      for (const length of [128, 1, 256, 5000, RATE]) {
        const block = got.subarray(at, at + length);
        block.set(input.subarray(at, at + length));
        renderer.process(block, block, listened.subarray(at, at + length));
        at += length;
      }
      processor.process(input, wanted, listened);
      const difference = largestDifference(got, wanted);
      assert.ok(difference <= 1e-6, `differs by ${difference}`);
      assert.ok(largestDifference(input, wanted) > 0.01, "it compresses");
    }
  });
}

for (const name of Object.keys(PRESETS)) {
  Deno.test(`the page's renderer of ${name} goes on where it was when the parameters change`, async () => {
    const model = parseModel(name);
    const values = startOf(model);
    const [input] = stereo(1);
    const half = RATE / 2;
    const play = async (later: Values) => {
      const renderer = await createRenderer(model, values);
      const output = input.slice();
      const [before, after] = [output.subarray(0, half), output.subarray(half)];
      renderer.process(before, before);
      renderer.set(later);
      renderer.process(after, after);
      return { output, gain: renderer.gain() };
    };
    const { output, gain } = await play(values);
    const louder = await play({ ...values, make_up_db: 8 });
    const factor = (db: number) => 10 ** (db / 20);
    assert.deepEqual(
      louder.output.subarray(0, half),
      output.subarray(0, half),
    );
    const raised = output.subarray(half).map((x) => x * factor(6));
    const difference = largestDifference(louder.output.subarray(half), raised);
    assert.ok(difference < 1e-6, `differs by ${difference}`);
    // The gain is that of the last sample, without make-up.
    const last = RATE - 1;
    const wanted = output[last] / input[last] / factor(2);
    assert.ok(Math.abs(gain / wanted - 1) < 1e-4, `${gain}, not ${wanted}`);
    assert.ok(Math.abs(louder.gain / gain - 1) < 1e-6);
    const milder = await play({ ...values, threshold_db: 0 });
    assert.ok(milder.gain > 1.05 * gain);
  });
}

Deno.test("curveFromCsv() reads the published layout and names a wrong line", async () => {
  const text = await Deno.readTextFile(
    new URL("../lib/data/published/limit.csv", import.meta.url),
  );
  const rows = curveFromCsv(text, "limit", "limit.csv");
  assert.equal(rows.length, 13);
  // The second line below the headings, as it stands there.
  assert.deepEqual(rows[1], {
    mode: "limit",
    peakReduction: 45,
    esr: 0.07984044402837753,
    esrLinear: 0.08011198788881302,
    esrSpline: 0.07994262544565658,
    parameters: {
      threshold_db: -14.168609619140625,
      ratio: 4.7533416748046875,
      attack_ms: 17.140609741210938,
      release_ms: 350.7540283203125,
      make_up_db: 0.6642460227012634,
    },
  });
  assert.deepEqual(
    curveFromCsv(curveToCsv(rows, "limit"), "limit", "again.csv"),
    rows,
  );
  assert.throws(
    () => curveFromCsv(text.replace("16.92", "x16.92"), "limit", "my.csv"),
    /my\.csv, line 7: not a setting/,
  );
  assert.throws(() => curveFromCsv("a\nb\n", "limit", "my.csv"), /no setting/);
});

Deno.test("player builds with another curve and says where it is from", () =>
  withFolder(async (folder) => {
    const text = await Deno.readTextFile(
      new URL("../lib/data/published/limit.csv", import.meta.url),
    );
    const csv = `${folder}/surrogate-<b>-limit.csv`;
    await Deno.writeTextFile(csv, text);
    const path = `${folder}/mine.html`;
    const built = await runTask("player", ["--curve", csv, "--out", path]);
    assert.equal(built.code, 0, built.stderr);
    const html = await Deno.readTextFile(path);
    assert.match(html, /<strong>Surrogate data/);
    assert.match(html, /From surrogate-&lt;b&gt;-limit\.csv/);
    assert.doesNotMatch(html, /<b>/);
    assert.match(html, /no mode compress/);
    await Deno.rename(csv, `${folder}/mine.csv`);
    const nameless = await runTask("player", [
      "--curve",
      `${folder}/mine.csv`,
    ]);
    assert.equal(nameless.code, 1);
    assert.match(nameless.stderr, /must hold "compress" or "limit"/);

    // One setting, and what does not go together.
    const values = PUBLISHED_FITS[3].parameters;
    const file = `${folder}/unit.yaml`;
    await Deno.writeTextFile(
      file,
      unitToYaml({
        ...unitOfValues(parseModel("4a-2a"), values),
        unit: "my <unit>",
      }),
    );
    const one = await runTask("player", [
      ...["--params", file, "--out", path, "--json", "-"],
    ]);
    assert.equal(one.code, 0, one.stderr);
    const { settings, model, surrogate } = JSON.parse(one.stdout);
    assert.deepEqual([settings, model, surrogate], [1, "4a-2a", false]);
    const page = await Deno.readTextFile(path);
    assert.match(page, /<title>my &lt;unit&gt; player/);
    assert.doesNotMatch(page, /<unit>|<strong>Surrogate data/);
    const cases: [string[], RegExp][] = [
      [["--params", file, "--curve", file], /--curve belongs to a unit with/],
      [["--params", file, "--knob", "a=1"], /--knob belongs to a unit with/],
      [["--params", file, "--model", "rms"], /is of model 4a-2a, not rms/],
      [["--curve", file], /has no knobs: give it to --params/],
      [["--knob", "peak_reduction=41"], /no setting .* peak_reduction 41/],
    ];
    for (const [words, message] of cases) {
      const { code, stderr } = await runTask("player", words);
      assert.equal(code, 1, stderr);
      assert.match(stderr, message);
    }
  }));

browserTest(
  "the page shows any model's parameters and any unit's knobs",
  (browser) =>
    withFolder(async (folder) => {
      const unit = limiter();
      const path = `${folder}/limiter.html`;
      const sound = `${folder}/tone.wav`;
      await writeSound(sound, [tone()]);
      const html = await renderPlayer({
        model: parseModel(unit.model),
        unit: unit.unit,
        renderer: await rendererOf(parseModel(unit.model)),
        excerpt: await Deno.readFile(sound),
        excerptName: "tone.wav",
        panel: panelOf(unit),
        origin: "made up",
        surrogate: false,
        builtAt: new Date(),
        provenance: {},
      });
      await Deno.writeTextFile(path, html);
      const { page, misdeeds } = await openPage(browser, `file://${path}`);
      await page.evaluate("player.ready");
      assert.equal(
        await page.locator("h1").textContent(),
        "my <limiter>: a compressor to play with",
      );
      const dial = page.getByRole("slider", { name: "Input gain" });
      const states = async () => [
        await dial.getAttribute("aria-valuenow"),
        await page.locator("#knob-note").textContent(),
        await ask(page, "player.state.parameters"),
      ];
      const at = (ratio: number, input_gain: number) =>
        valuesAt(unit, { ratio, input_gain }, "linear");
      await dial.focus();
      await page.keyboard.press("Home");
      assert.deepEqual(await states(), [
        "0",
        "Below 2 nothing was fitted: everything stays as there.",
        at(4, 2),
      ]);
      for (const _ of Array(7)) await page.keyboard.press("PageUp");
      assert.deepEqual(await states(), ["3.5", "", at(4, 3.5)]);
      assert.equal(await dial.getAttribute("aria-valuetext"), "3.5 dB");
      assert.deepEqual(
        await ask(
          page,
          `[...document.querySelectorAll(".sliders .typed")].map((typed) =>
            typed.querySelector("input").value + typed.textContent)`,
        ),
        [
          "−13.50 dB",
          "4.000 : 1",
          "6.00 dB",
          "1.000 ms",
          "100.0 ms",
          "3.50 dB",
        ],
      );
      const command = await page.locator("#command").textContent();
      assert.equal(
        command,
        `deno task render tone.wav tone-4a2a-soft-knee.wav --model ${unit.model} --params '${
          JSON.stringify(at(4, 3.5))
        }'`,
      );
      await page.getByRole("radio", { name: "20" }).check();
      assert.deepEqual(await states(), ["3.5", "", at(20, 3.5)]);

      // The static curve: unity below the knee, and above it level at the limit.
      const points = await ask<[number, number][]>(
        page,
        `document.querySelector(".static").getAttribute("d").slice(1).split("L")
        .map((point) => point.split(" ").map(Number))`,
      );
      const db = points.map(([x, y]) => [(x - 34) / 3 - 60, 6 - (y - 8) / 3]);
      for (const [input, output] of db) {
        const d = input + 13.5;
        const gain = d <= -3 ? 0 : d >= 3 ? -d : -((d + 3) ** 2) / 12;
        assert.ok(Math.abs(output - input - gain - 3.5) < 1e-9, `${input} dB`);
      }
      assert.ok(db.filter(([x]) => x > -16.5 && x < -10.5).length > 10);
      assert.deepEqual(await findings(page), []);
      assert.deepEqual(misdeeds, { complaints: [], requests: [] });
      await page.close();
    }),
);

browserTest(
  "the player plays one setting, an infinite ratio too",
  (browser) =>
    withFolder(async (folder) => {
      const path = `${folder}/player.html`;
      const limiter = {
        threshold_db: -20,
        ratio: "∞",
        attack_ms: 1,
        release_ms: 12_345.6,
        make_up_db: 3,
      };
      const params = JSON.stringify(limiter);
      const built = await runTask("player", [
        "--params",
        params,
        "--out",
        path,
      ]);
      assert.equal(built.code, 0, built.stderr);
      const { page, misdeeds } = await openPage(browser, `file://${path}`);
      await page.evaluate("player.ready");
      assert.equal(await page.locator(".knob-panel").isVisible(), false);
      assert.deepEqual(
        await ask(
          page,
          `[...document.querySelectorAll(".sliders .typed")].map((typed) =>
            typed.querySelector("input").value + typed.textContent)`,
        ),
        ["−20.00 dB", "∞ : 1", "1.000 ms", "12346 ms", "3.00 dB"],
      );
      assert.equal(
        await page.locator("#command").textContent(),
        `deno task render built-in-excerpt.wav built-in-excerpt-4a2a.wav --params '${params}'`,
      );
      // From ∞ to a ratio and back, while it plays.
      await page.getByRole("button", { name: "Play" }).click();
      await until(page, "player.state.playing !== null");
      await page.getByRole("slider", { name: "Ratio" }).focus();
      await page.keyboard.press("Home");
      assert.equal(await ask(page, "player.state.parameters.ratio"), 1);
      await page.getByRole("button", { name: "Back to what was fitted" })
        .click();
      assert.equal(await ask(page, "player.state.parameters.ratio"), Infinity);
      await until(page, "player.state.reduction > 1");
      await page.getByRole("button", { name: "Stop" }).click();
      assert.deepEqual(await findings(page), []);
      assert.deepEqual(misdeeds, { complaints: [], requests: [] });
      await page.close();
    }),
);

browserTest(
  "the player plays, meters and renders as the command line does",
  (browser) =>
    withFolder(async (folder) => {
      const path = `${folder}/player.html`;
      const built = await runTask("player", ["--out", path]);
      assert.equal(built.code, 0, built.stderr);
      assert.ok((await Deno.stat(path)).size < 2.5e6);
      const dry = `${folder}/dry take.wav`;
      await writeSound(dry, stereo(3));
      await writeSound(`${folder}/tone.wav`, [tone()]);

      const { page, misdeeds } = await openPage(browser, `file://${path}`);
      await page.evaluate("player.ready");
      const knob = page.getByRole("slider", { name: "Peak reduction" });
      const turn = async (...keys: string[]) => {
        await knob.focus();
        for (const key of keys) await page.keyboard.press(key);
      };
      const parameters = () => ask(page, "player.state.parameters");
      // With as many digits as tell anything.
      const curve = (mode: "compress" | "limit", peakReduction: number) => {
        const exact = parametersAt(
          PUBLISHED_FITS,
          { mode, peakReduction },
          "linear",
        );
        return Object.fromEntries(
          Object.entries(exact).map(([key, value]) => [
            key,
            Number(value.toPrecision(7)),
          ]),
        ) as unknown as Values;
      };
      assert.match(
        (await page.locator("#sound-name").textContent())!,
        /^built-in-excerpt\.wav · 0:08\.0 · 44100 Hz · mono$/,
      );

      // The knob, by keyboard and by mouse, and the switch.
      await turn("Home", "PageUp", "ArrowUp");
      assert.equal(await knob.getAttribute("aria-valuenow"), "6");
      assert.match(
        (await page.locator("#knob-note").textContent())!,
        /^Below 40 nothing was fitted/,
      );
      const box = (await knob.boundingBox())!;
      const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
      await page.mouse.move(x, y);
      await page.mouse.down();
      await page.mouse.move(x, y - 80, { steps: 4 });
      await page.mouse.up();
      assert.deepEqual(await parameters(), curve("compress", 46));
      assert.equal(await page.locator("#knob-note").textContent(), "");
      await page.getByRole("radio", { name: "limit" }).check();
      await turn("End", ...Array(37).fill("ArrowDown"));
      assert.deepEqual(await parameters(), curve("limit", 63));

      // The render, against the command line, and the worklet against the render.
      await page.locator("#sound-file").setInputFiles(dry);
      await page.getByText("dry take.wav · 0:03.0 · 48000 Hz · stereo")
        .waitFor();
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("button", { name: "Render to WAV" }).click(),
      ]);
      assert.equal(download.suggestedFilename(), "dry take-4a2a.wav");
      const rendered = await download.path();
      const command = await page.locator("#command").textContent();
      const given = /--params '(.*)'$/.exec(command!)![1];
      const worklet = await fromWorklet(page);
      for (const channel of [1, 2]) {
        const out = `${folder}/out${channel}.wav`;
        const words = channel === 1
          ? ["--peak-reduction", "63", "--mode", "limit"]
          : ["--params", given];
        const { code, stderr } = await runTask("render", [
          dry,
          out,
          ...words,
          "--channel",
          String(channel),
        ]);
        assert.equal(code, 0, stderr);
        const wanted = (await readWav(out)).samples;
        const got = await readWav(rendered, { channel });
        assert.equal(got.sampleRate, RATE);
        assert.ok(wanted.some((value) => Math.abs(value) > 0.1));
        const input = (await readWav(dry, { channel })).samples;
        assert.ok(largestDifference(input, wanted) > 0.1, "it compresses");
        const inPage = largestDifference(got.samples, wanted);
        assert.ok(inPage <= 1e-6, `the page differs by ${inPage}`);
        const inWorklet = largestDifference(worklet[channel - 1], wanted);
        assert.ok(inWorklet <= 1e-6, `the worklet differs by ${inWorklet}`);
      }

      // Playing: the meter shows what the static curve asks for, and moves.
      await page.locator("#sound-file").setInputFiles(`${folder}/tone.wav`);
      await page.getByText("tone.wav · 0:01.0").waitFor();
      await page.getByRole("radio", { name: "compress" }).check();
      await turn("Home");
      await page.getByRole("button", { name: "Play" }).click();
      const level = 20 * Math.log10(0.5);
      const reading = (low: number, high: number) =>
        until(
          page,
          `(() => {
        const now = Number(document.querySelector("#meter").ariaValueNow ??
          document.querySelector("#meter").getAttribute("aria-valuenow"));
        return player.state.playing && now >= ${low} && now <= ${high};
      })()`,
        );
      await until(
        page,
        `document.querySelector("#level-in").textContent === "−6.0"`,
      );
      await reading(0, 0.1);
      await turn("End");
      // The gain of a tone swings between the reduction of its peaks and less.
      const { threshold_db, ratio } = curve("compress", 100);
      const most = (level - threshold_db) * (1 - 1 / ratio);
      await reading(0.6 * most, most + 0.1);
      assert.equal(await page.locator(".now").isVisible(), true);
      const heard = await page.locator("#time").textContent();
      await until(
        page,
        `document.querySelector("#time").textContent !== "${heard}"`,
      );

      // Bypass at the level of the output.
      await page.getByRole("radio", { name: "bypass" }).check();
      const faders = () =>
        ask<Record<string, number>>(
          page,
          `Object.fromEntries(Object.entries(player.state.playing.faders)
        .map(([name, fader]) => [name, fader.gain.value]))`,
        );
      const { unit, bypass: match } = await ask<Record<string, number>>(
        page,
        "player.state.overview.match",
      );
      assert.equal(unit, 1);
      const energy = (sound: ArrayLike<number>) =>
        Array.from(sound).reduce((sum, value) => sum + value * value, 0);
      const output = compress(tone(), curve("compress", 100), RATE);
      assert.ok(
        Math.abs(match - Math.sqrt(energy(output) / energy(tone()))) < 1e-4,
      );
      await until(
        page,
        `Math.abs(player.state.playing.faders.bypass.gain.value - ${match}) < 1e-3`,
      );
      assert.ok((await faders()).unit < 0.1);
      assert.equal(
        await page.locator("[data-by=bypass]").textContent(),
        `−${(-20 * Math.log10(match)).toFixed(1)} dB`,
      );
      await page.getByText("Match the levels").click();
      assert.equal(await page.locator("[data-by=bypass]").textContent(), "");
      await until(page, "player.state.playing.faders.bypass.gain.value > 0.99");

      // A target to compare with.
      const target = page.getByRole("radio", { name: "the target" });
      assert.ok(await target.isDisabled());
      await page.locator("#target-file").setInputFiles(`${folder}/tone.wav`);
      await page.getByText("Target: tone.wav").waitFor();
      await target.check();
      await until(
        page,
        "player.state.playing?.faders.target.gain.value > 0.99",
      );
      await page.getByRole("button", { name: "Stop" }).click();
      assert.equal(await page.locator("#reduction").textContent(), "0.0");

      // The sliders, and the way back.
      const ratioSlider = page.getByRole("slider", { name: "Ratio" });
      await ratioSlider.focus();
      await page.keyboard.press("End");
      assert.equal((await parameters() as { ratio: number }).ratio, 20);
      assert.equal(await knob.getAttribute("class"), "left");
      await page.getByRole("button", { name: "Back to the knob" }).click();
      assert.deepEqual(await parameters(), curve("compress", 100));

      // What cannot be used says so, and its name is only a name.
      const hostile = `${folder}/<img src=x onerror=alert(1)>.wav`;
      await Deno.writeTextFile(hostile, "RIFFxxxxWAVE");
      await page.locator("#sound-file").setInputFiles(hostile);
      const trouble = page.getByRole("alert");
      await trouble.getByText('has no "data" chunk').waitFor();
      assert.match((await trouble.textContent())!, /^<img src=x/);
      assert.equal(await page.locator("main img").count(), 0);
      assert.deepEqual(misdeeds, { complaints: [], requests: [] });
      await page.close();

      for (const colorScheme of ["light", "dark"] as const) {
        for (const width of [1280, 390]) {
          const { page, misdeeds } = await openPage(browser, `file://${path}`, {
            colorScheme,
            width,
          });
          await page.evaluate("player.ready");
          const at = `${colorScheme}, ${width} px`;
          assert.deepEqual(await overflow(page), [width, []], at);
          if ((width === 390) === (colorScheme === "light")) {
            assert.deepEqual(await findings(page), [], at);
          }
          assert.deepEqual(misdeeds, { complaints: [], requests: [] }, at);
          await page.close();
        }
      }
    }),
);

/** The words of a shell's command, run through a shell. */
async function wordsOf(command: string): Promise<string[]> {
  const { stdout } = await new Deno.Command("bash", {
    args: ["-c", `printf '%s\\n' ${command}`],
  }).output();
  return new TextDecoder().decode(stdout).trimEnd().split("\n");
}

browserTest(
  "stereo in the player, linked or not, is what the printed command and the mono model by hand give",
  (browser) =>
    withFolder(async (folder) => {
      const path = `${folder}/player.html`;
      assert.equal((await runTask("player", ["--out", path])).code, 0);
      const name = "-left & it's right.WAV";
      const [left, right] = stereo(2);
      const quiet = right.map((x) => 0.3 * x);
      await writeSound(`${folder}/${name}`, [left, quiet]);
      const inputs = (await readChannels(`${folder}/${name}`)).channels;
      const heard = loudest(inputs, new Float32Array(inputs[0].length));

      const { page, misdeeds } = await openPage(browser, `file://${path}`);
      await page.evaluate("player.ready");
      const link = page.getByRole("checkbox", { name: "Link the channels" });
      assert.ok(await link.isDisabled(), "the excerpt is mono");
      // The excerpt can be had as the file that the command names.
      const [excerpt] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("link", { name: "Save the excerpt" }).click(),
      ]);
      const [, saved] = await wordsOf(
        (await page.locator("#command").textContent())!
          .replace("deno task ", ""),
      );
      assert.equal(excerpt.suggestedFilename(), saved);
      assert.equal((await readWav(await excerpt.path())).sampleRate, 44100);

      await page.locator("#sound-file").setInputFiles(`${folder}/${name}`);
      await page.getByText(`${name} · 0:02.0`).waitFor();
      assert.ok(await page.getByText("Save the excerpt").isHidden());
      await page.getByRole("slider", { name: "Peak reduction" }).press("End");
      for (const isLinked of [false, true]) {
        await link.setChecked(isLinked);
        const [download] = await Promise.all([
          page.waitForEvent("download"),
          page.getByRole("button", { name: "Render to WAV" }).click(),
        ]);
        const inPage = (await readChannels(await download.path())).channels;

        const command = (await page.locator("#command").textContent())!;
        const numbers = command.match(/(?<=:)-?[\d.]+/g)!;
        assert.equal(numbers.length, 5);
        for (const number of numbers) {
          assert.ok(number.replace(/[-.]/g, "").length <= 8, number);
        }
        const [deno, task, render, ...words] = await wordsOf(command);
        assert.deepEqual([deno, task, render], ["deno", "task", "render"]);
        assert.equal(words.includes("--link"), isLinked);
        const { code, stderr } = await runTask("render", words, folder);
        assert.equal(code, 0, stderr);
        const byCommand =
          (await readChannels(`${folder}/${words[1]}`)).channels;
        assert.equal(
          words[1].replace(/^\.\//, ""),
          download.suggestedFilename(),
        );

        const parameters = await ask<Values>(
          page,
          "player.state.parameters",
        );
        for (const channel of [0, 1]) {
          const input = inputs[channel];
          const listened = isLinked ? heard : input;
          const gained = compress(listened, parameters, RATE);
          const wanted = Float64Array.from(
            input,
            (x, n) => listened[n] === 0 ? 0 : x * (gained[n] / listened[n]),
          );
          if (isLinked && channel === 1) {
            const alone = compress(input, parameters, RATE);
            assert.ok(largestDifference(wanted, alone) > 0.02, "it is linked");
          }
          for (const got of [inPage, byCommand]) {
            const difference = largestDifference(got[channel], wanted);
            assert.ok(difference <= 1e-6, `${isLinked}: ${difference}`);
          }
        }
        (await fromWorklet(page)).forEach((samples, c) =>
          assert.ok(largestDifference(samples, inPage[c]) <= 1e-6)
        );
      }

      // What only the browser reads is converted first, by the same command.
      await page.evaluate(
        `Object.assign(player.state.sound, { name: "my take.mp3", isWave: false })`,
      );
      await link.setChecked(false);
      assert.match(
        (await page.locator("#command").textContent())!,
        /^ffmpeg -i 'my take\.mp3' -ar 48000 -c:a pcm_f32le 'my take\.wav' &&\ndeno task render 'my take\.wav' 'my take-4a2a\.wav' --params '\{[^}]*\}'$/,
      );

      // What nobody reads is named.
      const trouble = page.getByRole("alert");
      await Deno.writeTextFile(`${folder}/take.caf`, "caff\0\x01\0\0");
      await page.locator("#sound-file").setInputFiles(`${folder}/take.caf`);
      await trouble.getByText("take.caf: is a CAF file").waitFor();
      assert.match(
        (await trouble.textContent())!,
        /Convert it: ffmpeg -i take\.caf -c:a pcm_f32le take\.wav$/,
      );
      // A header that is off is read, and said to be.
      const bytes = await Deno.readFile(`${folder}/${name}`);
      await Deno.writeFile(`${folder}/cut.wav`, bytes.subarray(0, -60));
      await page.locator("#sound-file").setInputFiles(`${folder}/cut.wav`);
      await page.getByText("cut.wav · 0:01.9").waitFor();
      await trouble.getByText("promises 60 bytes of samples more").waitFor();
      assert.deepEqual(misdeeds, { complaints: [], requests: [] });
      await page.close();
    }),
);

for (const name of ["opto", "rms", "opto+saturation+coupling"]) {
  browserTest(
    `the player plays ${name} as the command line does, its channels linked or not`,
    (browser) =>
      withFolder(async (folder) => {
        const model = parseModel(name);
        const path = `${folder}/player.html`;
        const params = JSON.stringify(startOf(model));
        const built = await runTask("player", [
          ...["--params", params, "--model", name, "--out", path],
        ]);
        assert.equal(built.code, 0, built.stderr);
        const [left, right] = stereo(2);
        await writeSound(`${folder}/take.wav`, [
          left,
          right.map((x) => 0.3 * x),
        ]);
        const { page, misdeeds } = await openPage(browser, `file://${path}`);
        await page.evaluate("player.ready");
        await page.locator("#sound-file").setInputFiles(`${folder}/take.wav`);
        await page.getByText("take.wav · 0:02.0").waitFor();
        const rendered: ArrayLike<number>[] = [];
        for (const isLinked of [false, true]) {
          await page.getByRole("checkbox", { name: "Link the channels" })
            .setChecked(isLinked);
          const [download] = await Promise.all([
            page.waitForEvent("download"),
            page.getByRole("button", { name: "Render to WAV" }).click(),
          ]);
          const inPage = (await readChannels(await download.path())).channels;
          const command = (await page.locator("#command").textContent())!;
          const words = (await wordsOf(command)).slice(3);
          assert.equal(words.includes("--link"), isLinked);
          assert.equal(words[words.indexOf("--model") + 1], model.name);
          const { code, stderr } = await runTask("render", words, folder);
          assert.equal(code, 0, stderr);
          const wanted = (await readChannels(`${folder}/${words[1]}`)).channels;
          const inWorklet = await fromWorklet(page);
          wanted.forEach((samples, c) => {
            for (const got of [inPage[c], inWorklet[c]]) {
              const difference = largestDifference(got, samples);
              assert.ok(difference <= 1e-6, `channel ${c + 1}: ${difference}`);
            }
          });
          rendered.push(wanted[1]);
        }
        assert.ok(largestDifference(rendered[0], rendered[1]) > 0.01);

        // While it plays, the meter moves and sliders are heard.
        await page.getByRole("button", { name: "Play" }).click();
        await until(page, "player.state.reduction > 1");
        await page.getByRole("slider", { name: "Threshold" }).press("End");
        await until(page, "player.state.reduction < 0.1");
        await page.getByRole("button", { name: "Stop" }).click();
        assert.deepEqual(misdeeds, { complaints: [], requests: [] });
        await page.close();
      }),
  );
}
