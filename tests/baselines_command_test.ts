import assert from "node:assert/strict";
import { join } from "node:path";
import { compress } from "../lib/compressor/compressor.ts";
import { forward } from "../lib/gru/gru.ts";
import { settle } from "../lib/gru/silence.ts";
import { weightsFromJson } from "../lib/gru/weights.ts";
import { readWav, writeWav } from "../lib/sound/wav.ts";
import { browserTest, countCharts, openPage } from "./browser.ts";
import { listTree, runTask, withFolder } from "./cli.ts";
import { assertClose } from "./close.ts";

/** Fast: two settings of one mode, a few seconds, two epochs. */
const SMALL = [
  "--set",
  "data.duration=14",
  "--set",
  "data.sample_rate=22050",
  "--set",
  "parts={train_seconds: 6, validation_seconds: 2}",
  "--set",
  "sweep={modes: [compress], settings: [100, 80, 60]}",
  "--set",
  "gru.epochs=2",
  "--set",
  "gru.window=4096",
  "--set",
  "bootstrap.resamples=100",
];

Deno.test("exp:baselines scores every method, keeps what it found, and its network renders", async () => {
  await withFolder(async (folder) => {
    const out = join(folder, "reports");
    const run = async (...words: string[]) => {
      const { code, stdout, stderr } = await runTask("exp:baselines", [
        ...SMALL,
        ...words,
        "--out",
        out,
        "--json",
        "-",
      ]);
      assert.equal(code, 0, stderr);
      return JSON.parse(stdout);
    };
    const found = await run();
    assert.deepEqual(
      found.methods.map(({ method, settings }: Record<string, unknown>) => [
        method,
        settings,
      ]),
      [
        ["constant gain", 3],
        ["published curve", 3],
        ["4A-2A", 3],
        ["4A-2A-G", 3],
        ["interpolated, linear", 1],
        ["interpolated, spline", 1],
      ],
    );
    for (
      const { method, esr, low, high, beyond, fitted_esr } of found.methods
    ) {
      assert(0 < low && low <= esr && esr <= high);
      if (method === "4A-2A") assert.equal(beyond, undefined);
      else assert(Math.abs(beyond - (esr - fitted_esr)) < 1e-12);
    }
    const [constant, , fitted] = found.methods;
    assert(fitted.esr < constant.esr / 3);
    assert.equal(found.gru.epochs.length, 3);
    assert(found.kinds.length > 3);
    const { claims } = found;
    assert.deepEqual(
      [0, 2, 4].map((i) => claims[i].verdict),
      ["not comparable (surrogate)", "held", "did not hold"],
    );
    // Nowhere do figures of the LA-2A stand beside the surrogate's unmarked.
    assert.match(
      claims[0].figure,
      /LA-2A: to 0\.428, another unit, not comparable/,
    );
    assert.match(claims[4].figure, /at 26 settings .* UAD −0\.00620 \(95 %: /);

    const paths = await listTree(out);
    const scores = paths.find((path) =>
      path.endsWith("surrogate-optical-scores.csv")
    )!;
    const lines = (await Deno.readTextFile(scores)).trim().split("\n");
    assert.equal(lines[0], "Method,Mode,Peak Value,ESR,LDR");
    assert.equal(lines.length, 1 + 4 * 3 + 2);
    const page = await Deno.readTextFile(found.report);
    assert.match(page, /Surrogate data/);
    assert.match(page, /Over all 42 settings .* UAD 0\.0604, CA-2A 0\.178/s);
    assert.match(
      page,
      /class="table" id="published-means[^"]*" data-origin="published, LA-2A"/,
    );
    assert(!paths.some((path) => path.endsWith(".part")), `${paths}`);

    // As if killed before the last score: nothing else is done again.
    const training = paths.find((path) => path.endsWith("training.json"))!;
    const checkpoint = JSON.parse(await Deno.readTextFile(training));
    const weights = await Deno.readTextFile(found.weights);
    await Deno.remove(
      paths.find((path) => path.endsWith("scores_compress_060.json"))!,
    );
    await Deno.remove(found.weights);
    const again = await run();
    assert.equal(await Deno.readTextFile(found.weights), weights);
    assert.deepEqual(again.scores, found.scores);
    assert.deepEqual(
      JSON.parse(await Deno.readTextFile(training)),
      checkpoint,
    );

    // Its files are what render takes.
    const sound = Float32Array.from(
      { length: 5000 },
      (_, n) => 0.5 * Math.sin(n / 9) * Math.sin(n / 300),
    );
    const [dry, wet] = [join(folder, "dry.wav"), join(folder, "wet.wav")];
    await writeWav(dry, sound, { sampleRate: 22_050 });
    const rendered = await runTask("render", [
      dry,
      wet,
      "--model",
      "gru",
      "--weights",
      found.weights,
      "--peak-reduction",
      "80",
      "--curve",
      found.parameters,
      "--json",
      "-",
    ]);
    assert.equal(rendered.code, 0, rendered.stderr);
    const { params, model } = JSON.parse(rendered.stdout);
    assert.equal(model, "gru");
    assert.equal(params.make_up_db, 0);
    // The weights alone say as much.
    const other = join(folder, "other.wav");
    const alone = await runTask("render", [
      ...[dry, other, "--weights", found.weights, "--peak-reduction", "80"],
      ...["--curve", found.parameters],
    ]);
    assert.equal(alone.code, 0, alone.stderr);
    assert.deepEqual(await Deno.readFile(other), await Deno.readFile(wet));
    const network = weightsFromJson(weights, "weights");
    assertClose(
      (await readWav(wet)).samples,
      forward(network, compress(sound, params, 22_050), settle(network)),
      5e-6,
    );
  });
});

Deno.test("exp:baselines gives a rendering that equals the target exactly 0 and 0, and reports another's lag and gain", async () => {
  await withFolder(async (folder) => {
    const data = join(folder, "data");
    const made = await runTask("data:make", [
      data,
      "--duration",
      "14",
      "--settings",
      "100,80",
      "--modes",
      "compress",
    ]);
    assert.equal(made.code, 0, made.stderr);
    const other = join(folder, "other");
    await Deno.mkdir(other);
    for (const path of await listTree(data)) {
      const name = path.split("/").at(-1)!;
      if (!name.includes("__0__100")) continue;
      const { samples, sampleRate } = await readWav(path);
      const late = new Float32Array(samples.length + 100);
      late.set(samples.map((sample) => sample / 2), 25);
      await writeWav(join(other, name), late, { sampleRate });
    }
    const { code, stdout, stderr } = await runTask("exp:baselines", [
      "--data",
      data,
      "--set",
      "parts={train_seconds: 5, validation_seconds: 2}",
      "--set",
      "sweep={modes: [compress], settings: [100, 80]}",
      "--set",
      "gru.epochs=1",
      "--set",
      "bootstrap.resamples=100",
      "--rendered",
      `same=${data}`,
      "--rendered",
      `late=${other}`,
      "--out",
      join(folder, "reports"),
      "--json",
      "-",
    ]);
    assert.equal(code, 0, stderr);
    const { methods, scores, renderings } = JSON.parse(stdout);
    const of = (name: string) =>
      scores.filter(({ method }: { method: string }) => method === name);
    assert.equal(of("same").length, 2);
    for (const { esr, delta_ldr_db } of of("same")) {
      assert.deepEqual([esr, delta_ldr_db], [0, 0]);
    }
    assert.equal(
      methods.find(({ method }: { method: string }) => method === "same").high,
      0,
    );
    const [late] = of("late");
    assert(Math.abs(late.esr - 0.25) < 1e-3, `${late.esr}`);
    const { lag_samples, gain_db, extra_samples } = renderings.find((
      { method }: { method: string },
    ) => method === "late");
    assert.deepEqual([lag_samples, extra_samples], [25, 100]);
    assert(Math.abs(gain_db - 20 * Math.log10(2)) < 0.01, `${gain_db}`);
  });
});

Deno.test("exp:baselines and render refuse what they cannot do with what, where and the remedy", async () => {
  await withFolder(async (folder) => {
    const file = join(folder, "in.wav");
    await writeWav(file, new Float32Array(100), { sampleRate: 22_050 });
    const out = ["--out", join(folder, "out")];
    const cases: [string, string[], RegExp][] = [
      ["exp:baselines", ["--set", "gru.layers=2", ...out], /"gru\.layers"/],
      ["exp:baselines", ["--set", "gru.window=99999", ...out], /gru\.window/],
      ["exp:baselines", ["--rendered", "folder", ...out], /NAME=DIR/],
      [
        "exp:baselines",
        ["--rendered", `4A-2A=${folder}`, ...out],
        /choose another name/,
      ],
      [
        "exp:baselines",
        ["--rendered", `other=${folder}`, ...out],
        /no rendering in it/,
      ],
      [
        "exp:baselines",
        ["--set", "parts.train_seconds=500", ...out],
        /data\.duration/,
      ],
      [
        "render",
        [file, join(folder, "o.wav"), "--model", "gru", "--params", PARAMETERS],
        /needs --weights/,
      ],
      [
        "render",
        [
          file,
          join(folder, "o.wav"),
          "--model",
          "gru",
          "--weights",
          join(folder, "none.json"),
          "--params",
          PARAMETERS,
        ],
        /none\.json: no such file/,
      ],
    ];
    for (const [task, words, message] of cases) {
      const { code, stderr } = await runTask(task, words);
      assert.equal(code, 1, `${words}`);
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /\n\s+at /);
      assert.deepEqual(await listTree(folder), [file]);
    }
  });
});

const PARAMETERS =
  "{threshold_db: -20, ratio: 4, attack_ms: 2, release_ms: 200, make_up_db: 0}";

browserTest(
  "exp:baselines's page opens from disk with every chart drawn, its players loaded, and no console error",
  async (browser) => {
    await withFolder(async (folder) => {
      const { code, stdout, stderr } = await runTask("exp:baselines", [
        ...SMALL,
        "--out",
        folder,
        "--json",
        "-",
      ]);
      assert.equal(code, 0, stderr);
      const { report } = JSON.parse(stdout);
      assert((await Deno.stat(report)).size < 2.5e6);
      const { page, misdeeds } = await openPage(
        browser,
        `file://${report}`,
        { width: 1280, height: 900, colorScheme: "light" },
      );
      const counts = await countCharts(page);
      assert(counts.charts >= 15, `${counts.charts} charts`);
      assert.equal(counts.drawn, counts.charts);
      const durations = await page.evaluate(
        `Promise.all([...document.querySelectorAll("audio")].map((audio) =>
          new Promise((resolve, reject) => {
            if (audio.readyState > 0) resolve(audio.duration);
            audio.onloadedmetadata = () => resolve(audio.duration);
            audio.onerror = () => reject(audio.error);
          })))`,
      ) as number[];
      // Dry, target, both models and what they leave.
      assert.equal(durations.length, 6);
      assert(durations.every((seconds) => seconds > 1));
      assert.deepEqual(misdeeds, { complaints: [], requests: [] });
      await page.close();
    });
  },
);
