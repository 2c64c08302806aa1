import assert from "node:assert/strict";
import { join } from "node:path";
import { compress } from "../lib/compressor/compressor.ts";
import { publishedFit } from "../lib/data/published.ts";
import { makeStimulus } from "../lib/data/stimulus.ts";
import { FLOAT_32 } from "../lib/sound/sound_file.ts";
import { writeWav } from "../lib/sound/wav.ts";
import { browserTest, countCharts, openPage } from "./browser.ts";
import { listTree, runTask, withFolder } from "./cli.ts";

/** Fast: two settings, six starts, short slow methods, a coarse map. */
const SMALL = [
  "--unit",
  "twin",
  "--set",
  "data.duration=5",
  "--set",
  "settings.modes=[compress]",
  "--set",
  "settings.settings=[100, 60]",
  "--set",
  "starts.count=6",
  "--set",
  "others.starts=2",
  "--set",
  "limits.first_order_iterations=20",
  "--set",
  "map.setting=60",
  "--set",
  "map.points=5",
];

Deno.test("exp:convergence on the twin leads every start of trust-region to the published parameters, and takes up what is done", async () => {
  await withFolder(async (folder) => {
    const words = [...SMALL, "--out", folder, "--json", "-"];
    const { code, stdout, stderr } = await runTask("exp:convergence", words);
    assert.equal(code, 0, stderr);
    const { trust_region, settings, shares, minima, claims, report } = JSON
      .parse(stdout);
    assert.equal(trust_region.claimed.reached, 12);
    assert.equal(trust_region.claimed.lowest_percent, 100);
    assert.equal(trust_region.runs, 12);
    assert.equal(trust_region.rose, 0);
    assert.equal(trust_region.not_finite, 0);
    assert.deepEqual(
      claims.map(({ verdict }: { verdict: string }) => verdict)
        .toSpliced(2, 1),
      ["not comparable (surrogate)", "held", "held"],
    );
    assert.match(claims[2].figure, /^\d of 2 starts$/);
    for (
      const { mode, peak_reduction, esr, params, gain_alone_esr } of settings
    ) {
      const truth = publishedFit({ mode, peakReduction: peak_reduction })!
        .parameters;
      assert(esr < 1e-6);
      assert(Math.abs(params.threshold_db - truth.threshold_db) < 0.02);
      assert(Math.abs(params.ratio / truth.ratio - 1) < 0.005);
      assert(gain_alone_esr > 0.01);
      const own = (row: { peak_reduction: number }) =>
        row.peak_reduction === peak_reduction;
      assert.equal(minima.find(own).runs, 6);
      // The setting 60 is not among those that the other methods run at.
      assert.equal(
        shares.filter(own).length,
        peak_reduction === 100 ? 6 : 1,
      );
    }
    const html = await Deno.readTextFile(report);
    for (
      const text of [
        "Surrogate data",
        "Performance profile",
        "λ₁",
        "damped (published)",
      ]
    ) {
      assert(html.includes(text), text);
    }

    const results = (await listTree(folder)).filter((path) =>
      path.endsWith(".json")
    );
    await Deno.remove(results.find((path) => path.includes("100__l-bfgs"))!);
    const again = await runTask("exp:convergence", words);
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stderr, /6 of 7 rounds were kept/);
    assert.match(again.stderr, /2 of 2 settings were kept/);
    assert.deepEqual(
      (await listTree(folder)).filter((path) => path.endsWith(".json")),
      results,
    );
  });
});

Deno.test("exp:convergence takes a pair of recordings", async () => {
  await withFolder(async (folder) => {
    const sampleRate = 16_000;
    const { samples } = makeStimulus({ seconds: 4, sampleRate, seed: 2 });
    const wet = Float32Array.from(
      compress(samples, {
        threshold_db: -25,
        ratio: 4,
        attack_ms: 2,
        release_ms: 150,
        make_up_db: 0,
      }, sampleRate),
    );
    const [dryPath, wetPath] = ["dry.wav", "wet.wav"].map((name) =>
      join(folder, name)
    );
    const format = { sampleRate, format: FLOAT_32 };
    await writeWav(dryPath, samples, format);
    await writeWav(wetPath, wet, format);
    const { code, stdout, stderr } = await runTask("exp:convergence", [
      "--dry",
      dryPath,
      "--wet",
      wetPath,
      "--set",
      "starts.count=4",
      "--set",
      "others.methods=[damped]",
      "--model",
      "4a-2a+soft-knee",
      "--set",
      "map.points=4",
      "--out",
      folder,
      "--json",
      "-",
    ]);
    assert.equal(code, 0, stderr);
    const { settings: [{ params }], trust_region, shares, claims } = JSON.parse(
      stdout,
    );
    assert(trust_region.claimed.reached > 0);
    assert.equal(shares.length, 2);
    // Nothing is claimed of recordings without a knob.
    assert.equal(claims[0].verdict, "not tested");
    assert(Math.abs(params.threshold_db + 25) < 0.05);
    assert(params.knee_db < 1);
  });
});

Deno.test("exp:convergence refuses what it cannot do, and leaves nothing", async () => {
  await withFolder(async (folder) => {
    const cases: [string[], RegExp][] = [
      [["--set", "starts.counts=3"], /unknown key "starts\.counts"/],
      [["--set", "starts.ratio=[9, 2]"], /must be \[lowest, highest\]/],
      [["--dry", "only.wav"], /name both recordings/],
      [
        ["--unit", "twin", "--data", folder],
        /--unit twin and --data .* exclude each other/,
      ],
      [
        ["--unit", "twin", "--set", "settings.settings=[5]"],
        /none of the settings asked for/,
      ],
    ];
    for (const [words, message] of cases) {
      const { code, stderr } = await runTask("exp:convergence", [
        ...words,
        "--out",
        join(folder, "out"),
      ]);
      assert.equal(code, 1, `${words}`);
      assert.match(stderr, message);
      assert.deepEqual(await listTree(folder), []);
    }
  });
});

browserTest(
  "exp:convergence's page opens from disk with every chart drawn and no console error",
  async (browser) => {
    await withFolder(async (folder) => {
      const { code, stdout, stderr } = await runTask("exp:convergence", [
        ...SMALL,
        "--out",
        folder,
        "--json",
        "-",
      ]);
      assert.equal(code, 0, stderr);
      const { page, misdeeds } = await openPage(
        browser,
        `file://${JSON.parse(stdout).report}`,
        { width: 390, height: 900, colorScheme: "dark" },
      );
      const counts = await countCharts(page);
      assert(counts.charts >= 15, `${counts.charts} charts`);
      assert.equal(counts.drawn, counts.charts);
      assert.equal(
        await page.evaluate("document.documentElement.scrollWidth"),
        390,
      );
      assert.deepEqual(misdeeds, { complaints: [], requests: [] });
      await page.close();
    });
  },
);
