import assert from "node:assert/strict";
import { browserTest, countCharts, openPage } from "./browser.ts";
import { listTree, runTask, withFolder } from "./cli.ts";

/** Fast: little sound at a low rate, few steps of the slow methods. */
const SMALL = [
  "--engine",
  "reference",
  "--set",
  "data.sample_rate=8000",
  "--set",
  "data.fit_seconds=4",
  "--set",
  "data.test_seconds=4",
  "--set",
  "gradient_descent.steps=20",
  "--set",
  "gradient_descent.seconds=2",
  "--set",
  "frequency_sampling.seconds=3",
  "--set",
  "frequency_sampling.max_iterations=15",
];

Deno.test("exp:ff recovers FF-A, FF-B and FF-C in at most 40 iterations, and takes up what is done", async () => {
  await withFolder(async (folder) => {
    const words = [...SMALL, "--out", folder, "--json", "-"];
    const { code, stdout, stderr } = await runTask("exp:ff", words);
    assert.equal(code, 0, stderr);
    const { fits, report } = JSON.parse(stdout);
    assert.equal(fits.length, 15);
    for (const fit of fits) {
      const name = `${fit.target} ${fit.method}`;
      assert(Number.isFinite(fit.esr_test) && fit.esr_test < 1, name);
      if (fit.method !== "trust-region") continue;
      assert(fit.recovered, name);
      assert(fit.iterations <= 40, name);
      assert(fit.esr_test <= 1e-6, name);
      assert(Math.abs(fit.params.threshold_db + 20) <= 0.01, name);
      for (
        const key of [
          "ratio",
          "attack_ms",
          "release_ms",
          "averaging_coefficient",
        ]
      ) {
        assert(Math.abs(fit.params[key] / fit.true[key] - 1) <= 1e-3, name);
      }
      assert(fit.seconds_to["0.000001"] <= fit.seconds, name);
    }
    const peak = fits.find((fit: { method: string }) =>
      fit.method === "other-model"
    );
    assert.equal("averaging_coefficient" in peak.params, false);
    assert(peak.esr_fit > 1e-5, "a wrong model leaves an error");
    assert.match(await Deno.readTextFile(report), /Surrogate data/);

    const paths = await listTree(folder);
    await Deno.remove(paths.find((path) => path.includes("FF-B__damped"))!);
    const again = await runTask("exp:ff", words);
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stderr, /14 of 15 fits were kept/);
    assert.deepEqual(await listTree(folder), paths);
  });
});

Deno.test("exp:ff refuses what it cannot do, and leaves nothing", async () => {
  await withFolder(async (folder) => {
    const cases: [string[], RegExp][] = [
      [["--set", "targets=[FF-D]"], /"targets\.0"/],
      [["--set", "newton.iterations=3"], /unknown key "newton\.iterations"/],
      [["--stimulus", `${folder}/nowhere`], /nowhere/],
    ];
    for (const [words, message] of cases) {
      const { code, stderr } = await runTask("exp:ff", [
        ...words,
        "--out",
        `${folder}/out`,
      ]);
      assert.equal(code, 1, `${words}`);
      assert.match(stderr, message);
      assert.deepEqual(await listTree(folder), []);
    }
  });
});

browserTest(
  "exp:ff's page opens from disk with every chart drawn and no console error",
  async (browser) => {
    await withFolder(async (folder) => {
      const { code, stdout, stderr } = await runTask("exp:ff", [
        ...SMALL,
        "--set",
        "targets=[FF-A]",
        "--out",
        folder,
        "--json",
        "-",
      ]);
      assert.equal(code, 0, stderr);
      const { page, misdeeds } = await openPage(
        browser,
        `file://${JSON.parse(stdout).report}`,
        { width: 1280, height: 900, colorScheme: "light" },
      );
      const counts = await countCharts(page);
      assert.equal(counts.charts, 2);
      assert.equal(counts.drawn, 2);
      assert.deepEqual(misdeeds, { complaints: [], requests: [] });
      await page.close();
    });
  },
);
