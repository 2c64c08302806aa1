/**
 * A unit captured as a person would: the signal, the recordings of a made-up unit, the
 * fit, the player, a plug-in; and a fit divided, killed and taken up.
 *
 * @module
 */

import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { valuesAt } from "../lib/data/curve.ts";
import { inLines } from "../lib/data/knob_law.ts";
import { readUnit } from "../lib/data/read_unit.ts";
import { openProcessor } from "../lib/engines/open_processor.ts";
import { parseModel } from "../lib/models/presets.ts";
import { readWav } from "../lib/sound/wav.ts";
import { browserTest, openPage } from "./browser.ts";
import { listTree, runForJson, runTask, withFolder } from "./cli.ts";
import { buildLv2, lv2Test, writeFrames } from "./faust.ts";
import { gains } from "./capture_gain.ts";
import { CLOCK_PPM, LATE, lawsOf, record } from "./simulated_unit.ts";

const STEPS = [0, 2.5, 5, 7.5, 10];
const RATIOS = ["low", "high"] as const;
const NAMES = "unit_{ratio}_{input}_{release}.wav";
const TITLE = 'Made-up <i>unit</i> "surrogate"';

/** A capture signal and recordings of the unit at some of its settings. */
async function recordUnit(
  folder: string,
  steps: readonly number[],
  ratios: readonly ("low" | "high")[],
): Promise<void> {
  const dry = `${folder}/capture.wav`;
  const made = await runTask("capture:signal", [
    ...[dry, "--rate", "16000", "--minutes", "0.1334"],
  ]);
  assert.equal(made.code, 0, made.stderr);
  for (const ratio of ratios) {
    for (const input of steps) {
      for (const release of steps) {
        const isLost = ratio === "low" && input === 5 && release === 5;
        const name = `unit_${ratio}_${input}_${release}.wav`;
        const setting = { ratio, input, release };
        await record(dry, folder, name, setting, isLost ? 256 : 0);
      }
    }
  }
}

type Captured = Pick<Awaited<ReturnType<typeof runForJson>>, "result"> & {
  folder: string;
};
let captured: Promise<Captured> | undefined;

/** The whole unit, captured once for all tests. */
function capturedUnit() {
  return captured ??= (async () => {
    const folder = await Deno.makeTempDir();
    addEventListener("unload", () => {
      Deno.removeSync(folder, { recursive: true });
    });
    await recordUnit(folder, STEPS, RATIOS);
    const begun = await runTask("capture:init", [
      ...[folder, "--names", NAMES, "--unit", TITLE],
      ...["--by", "Ada <Example>", "--licence", "CC0 & co"],
    ]);
    assert.equal(begun.code, 0, begun.stderr);
    const { result } = await runForJson("capture:fit", [
      ...[folder, "--model", "auto", "--out", `${folder}/unit.yaml`],
      ...["--results", `${folder}/results`],
    ]);
    return { folder, result };
  })();
}

Deno.test("a unit of two knobs and a switch is captured: model, parameters, and what lies between", async () => {
  const { folder, result } = await capturedUnit();
  assert.match(result.model, /opto|feedback/);
  assert.deepEqual(result.left_out, []);
  assert.equal(result.settings.length, 50);
  for (const { at, esr, whole_esr, params, recordings } of result.settings) {
    assert.ok(esr <= 1e-4, `${JSON.stringify(at)}: ${esr}`);
    assert.ok(whole_esr <= 1e-4, `${JSON.stringify(at)}: ${whole_esr}`);
    const truth = lawsOf(at);
    assert.ok(Math.abs(params.threshold_db - truth.threshold_db) < 0.1);
    const [first, second] = recordings;
    assert.ok(Math.abs(first.lag_samples - LATE) < 0.05);
    assert.ok(Math.abs(Math.abs(first.drift_ppm) - CLOCK_PPM) < 2);
    const isLost = at.ratio === "low" && at.input === 5 && at.release === 5;
    assert.equal(second !== undefined, isLost);
    if (isLost) assert.equal(Math.round(first.slips[0].samples), -256);
  }
  assert.ok(result.tests.length >= 60);
  for (const { at, smooth } of result.tests) {
    assert.ok(smooth <= 1e-3, `${JSON.stringify(at)}: ${smooth}`);
  }

  // Who and what stands on everything, as text.
  const unit = readUnit(
    await Deno.readTextFile(`${folder}/unit.yaml`),
    "unit.yaml",
  );
  assert.equal(unit.origin.by, "Ada <Example>");
  assert.equal(unit.origin.licence, "CC0 & co");
  for (const path of [result.report, result.player]) {
    const page = await Deno.readTextFile(path);
    assert.match(page, /Ada &lt;Example&gt;/);
    assert.match(page, /CC0 &amp; co/);
    assert.ok(!page.includes("<i>unit</i>"), path);
  }
});

browserTest(
  "the player of a captured unit opens, and every knob moves the parameters",
  async (browser) => {
    const { result } = await capturedUnit();
    const url = pathToFileURL(result.player).href;
    const { page, misdeeds } = await openPage(browser, url);
    await page.evaluate("player.ready");
    const parameters = async () =>
      await page.evaluate("player.state.parameters") as Record<string, number>;
    const before = await parameters();
    await page.locator("#knob").focus();
    for (let i = 0; i < 4; i++) await page.keyboard.press("PageUp");
    const turned = await parameters();
    assert.ok(turned.threshold_db < before.threshold_db - 0.5);
    await page.locator("#more-0").focus();
    await page.keyboard.press("End");
    const released = await parameters();
    assert.ok(released.release_ms < 0.8 * turned.release_ms);
    const other = await page.locator("[name=mode]:not(:checked)").first();
    await other.check();
    const switched = await parameters();
    assert.ok(Math.abs(switched.ratio - released.ratio) > 1);
    assert.deepEqual(misdeeds, { complaints: [], requests: [] });
    await page.close();
  },
);

lv2Test(
  "a captured unit is exported with all its knobs, built and hosted",
  async () => {
    const { folder, result } = await capturedUnit();
    const yaml = `${folder}/unit.yaml`;
    const out = `${folder}/unit.dsp`;
    const { code, stderr } = await runTask("export", [yaml, "--out", out]);
    assert.equal(code, 0, stderr);
    const plugin = await buildLv2(out, "mono");
    const rate = 44100;
    const { samples } = await readWav(`${folder}/capture.wav`);
    const dry = samples.slice(0, 2 * rate) as Float32Array;
    const [from, to] = [`${folder}/from.wav`, `${folder}/to.wav`];
    await writeFrames(from, [dry], rate);
    await plugin.host(from, to, { Input: 6.1, Release: 3.3, Ratio: 0 });
    const model = parseModel(result.model);
    // Faust's map over two knobs is of lines between the settings.
    const unit = inLines(
      readUnit(await Deno.readTextFile(yaml), yaml),
      model,
      1,
    );
    const first = (unit.knobs.ratio as { values: string[] }).values[0];
    const at = { input: 6.1, release: 3.3, ratio: first };
    const wanted = new Float32Array(dry.length);
    (await openProcessor(model, valuesAt(unit, at, "linear"), rate))
      .process(dry, wanted);
    const { samples: heard } = await readWav(to);
    const gap = wanted.reduce(
      (most, value, n) => Math.max(most, Math.abs(value - heard[n])),
      0,
    );
    assert.ok(gap < 1e-4, String(gap));
  },
);

Deno.test("render plays a captured unit between its settings", async () => {
  const { folder } = await capturedUnit();
  const words = [
    ...[`${folder}/capture.wav`, `${folder}/out.wav`],
    ...["--curve", `${folder}/unit.yaml`, "--knob", "ratio=low"],
    ...["--knob", "input=6.2", "--knob", "release=1.1"],
  ];
  const { code, stderr } = await runTask("render", words);
  assert.equal(code, 0, stderr);
  const { samples, sampleRate } = await readWav(`${folder}/capture.wav`);
  const wanted = new Float32Array(samples.length);
  const truth = lawsOf({ ratio: "low", input: 6.2, release: 1.1 });
  (await openProcessor(parseModel("opto"), truth, sampleRate))
    .process(samples, wanted);
  const { samples: heard } = await readWav(`${folder}/out.wav`);
  const energy = (of: (n: number) => number) =>
    wanted.reduce((sum, _, n) => sum + of(n) ** 2, 0);
  const off = energy((n) => heard[n] - wanted[n]) / energy((n) => wanted[n]);
  assert.ok(off < 1e-3, String(off));
});

Deno.test("a fit divided among machines, one killed and taken up, ends with the bytes of one process", async () => {
  await withFolder(async (folder) => {
    await recordUnit(folder, [0, 5, 10], ["low", "high"]);
    const fit = (results: string, ...more: string[]) => [
      ...[folder, "--model", "4a-2a", "--results", `${folder}/${results}`],
      ...more,
    ];
    const whole = await runTask(
      "capture:fit",
      fit("one", "--out", `${folder}/one.yaml`),
    );
    assert.equal(whole.code, 0, whole.stderr);

    // One part is killed once something of it is kept.
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", "--no-check", "lib/commands/capture_fit.ts"],
        ...fit("many", "--part", "1/2"),
      ],
      cwd: new URL("../", import.meta.url),
      stdout: "null",
      stderr: "null",
    }).spawn();
    let hasEnded = false;
    child.status.then(() => hasEnded = true);
    for (;;) {
      assert.ok(!hasEnded, "it ended before a setting was kept");
      const kept = await listTree(`${folder}/many`).catch(() => []);
      if (kept.some((path) => /setting_\d+\.json$/.test(path))) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    child.kill("SIGKILL");
    await child.status;
    const said: string[] = [];
    for (const part of ["1/2", "2/2"]) {
      const { code, stdout, stderr } = await runTask(
        "capture:fit",
        fit("many", "--part", part),
      );
      assert.equal(code, 0, stderr);
      said.push(stdout);
    }
    assert.match(said[0], /Part 1 of 2: 9 settings fitted/);
    const last = await runTask(
      "capture:fit",
      fit("many", "--out", `${folder}/many.yaml`),
    );
    assert.equal(last.code, 0, last.stderr);
    assert.equal(
      await Deno.readTextFile(`${folder}/many.yaml`),
      await Deno.readTextFile(`${folder}/one.yaml`),
    );
  });
});

Deno.test("the optical unit through a manifest has the curves of exp:sweep", async () => {
  await withFolder(async (folder) => {
    const data = `${folder}/optical`;
    const made = await runTask("data:make", [
      ...[data, "--settings", "100,80,60", "--modes", "compress"],
      ...["--duration", "14", "--bits", "32f"],
    ]);
    assert.equal(made.code, 0, made.stderr);
    const begun = await runTask("capture:init", [data]);
    assert.equal(begun.code, 0, begun.stderr);
    const { result: capture } = await runForJson("capture:fit", [
      ...[data, "--model", "4a-2a", "--no-align"],
      ...["--results", `${folder}/results`],
    ]);
    const { result: sweep } = await runForJson("exp:sweep", [
      ...["--data", data, "--out", folder],
      ...["--set", "sweep.modes=[compress]"],
      ...["--set", "sweep.settings=[100, 80, 60]"],
      ...["--set", "alignment.enabled=false"],
    ]);
    assert.equal(capture.settings.length, 3);
    for (const { at, params, whole_esr } of capture.settings) {
      const other = sweep.settings.find((one: { peak_reduction: number }) =>
        one.peak_reduction === at.peak_reduction
      );
      for (const [name, value] of Object.entries<number>(other.params)) {
        const off = Math.abs(params[name] - value) /
          Math.max(1, Math.abs(value));
        assert.ok(off < 1e-3, `${at.peak_reduction} ${name}: ${off}`);
      }
      assert.ok(Math.abs(whole_esr / other.esr - 1) < 1e-3);
    }
  });
});

for (const name of ["4a-2a", "opto"]) {
  Deno.test(`the capture signal tells the parameters of ${name} twice as well as the stimulus`, async () => {
    const found = await gains(name, 60, 24_000, 20);
    assert.ok(
      Math.min(...found) >= 2,
      found.map((g) => g.toFixed(2)).join(" "),
    );
  });
}
