import assert from "node:assert/strict";
import { join } from "node:path";
import { curveFromCsv, curveFromYaml, parametersAt } from "../lib/curve.ts";
import { publishedFit } from "../lib/data/published.ts";
import { openSource } from "../lib/data/source.ts";
import { dataSchema } from "../lib/data_config.ts";
import { scoreEsr } from "../lib/metrics/score.ts";
import { browserTest, openPage } from "./browser.ts";
import { listTree, runTask, withFolder } from "./cli.ts";

/** Fast: two settings of one mode, on seven seconds of sound. */
const SMALL = [
  "--unit",
  "twin",
  "--set",
  "data.duration=7",
  "--set",
  "sweep.modes=[compress]",
  "--set",
  "sweep.settings=[100, 90, 80]",
];

Deno.test("exp:sweep on the twin recovers all 26 published settings from 30 s of sound", async () => {
  await withFolder(async (folder) => {
    const { code, stdout, stderr } = await runTask("exp:sweep", [
      "--unit",
      "twin",
      "--set",
      "data.duration=30",
      "--out",
      folder,
      "--json",
      "-",
    ]);
    assert.equal(code, 0, stderr);
    const { settings, sample_rate } = JSON.parse(stdout);
    assert.equal(sample_rate, 44_100);
    assert.equal(settings.length, 26);
    for (
      const { mode, peak_reduction, params, converged, ...rest } of settings
    ) {
      const name = `${mode} ${peak_reduction}`;
      assert.equal(rest.lag_samples, null, name);
      assert.equal(rest.whole_esr, rest.esr, name);
      const truth = publishedFit({ mode, peakReduction: peak_reduction })!
        .parameters;
      assert(converged, name);
      for (const key of ["threshold_db", "make_up_db"] as const) {
        assert(Math.abs(params[key] - truth[key]) <= 0.02, `${name} ${key}`);
      }
      for (const key of ["ratio", "attack_ms", "release_ms"] as const) {
        const error = Math.abs(params[key] / truth[key] - 1);
        assert(error <= 0.005, `${name} ${key}`);
      }
    }
  });
});

Deno.test("exp:sweep writes its curve as YAML and CSV beside the page, and says that it is surrogate data", async () => {
  await withFolder(async (folder) => {
    const { code, stderr, stdout } = await runTask("exp:sweep", [
      ...SMALL,
      "--out",
      folder,
    ]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /surrogate/);
    const paths = await listTree(folder);
    const path = (ending: string) => {
      const found = paths.find((path) => path.endsWith(ending));
      assert(found, `${ending} in ${paths}`);
      return found;
    };
    const yaml = await Deno.readTextFile(path("parameters.yaml"));
    assert.match(yaml, /^# .*\n# .*[Ss]urrogate/);
    assert.equal(curveFromYaml(yaml, "yaml").length, 3);
    const csv = await Deno.readTextFile(path("surrogate-twin-compress.csv"));
    assert.match(csv, /^Peak Reduction,ESR,,,Threshold \(dB\)/);
    assert.match(
      await Deno.readTextFile(path("report.html")),
      /Surrogate data/,
    );
    assert(!paths.some((path) => path.endsWith(".part")), `${paths}`);
  });
});

Deno.test("exp:sweep scores what lies between the settings by lines and by a spline, and tells which is which", async () => {
  await withFolder(async (folder) => {
    const { code, stderr } = await runTask("exp:sweep", [
      ...SMALL,
      "--set",
      "sweep.settings=[100, 85, 75, 65, 60, 45, 40]",
      "--out",
      folder,
    ]);
    assert.equal(code, 0, stderr);
    const paths = await listTree(folder);
    const csv = await Deno.readTextFile(
      paths.find((path) => path.endsWith("surrogate-twin-compress.csv"))!,
    );
    const rows = curveFromCsv(csv, "compress", "csv");
    const knots = rows.filter((_, i) => i % 2 === 0);
    const source = await openSource(
      dataSchema.parse({ unit: "twin", duration: 7 }),
    );
    for (const [i, row] of rows.entries()) {
      if (i % 2 === 0) {
        assert.equal(row.esrLinear, undefined);
        assert.equal(row.esrSpline, undefined);
        continue;
      }
      const [linear, spline] = scoreEsr(await source.load(row), [
        parametersAt(knots, row, "linear"),
        parametersAt(knots, row, "spline"),
      ]);
      assert(Math.abs(linear / spline - 1) > 1e-3);
      assert(Math.abs(row.esrLinear! / linear - 1) < 1e-9);
      assert(Math.abs(row.esrSpline! / spline - 1) < 1e-9);
    }
  });
});

Deno.test("exp:sweep takes up an interrupted run and ends with the same bytes as one that was not", async () => {
  await withFolder(async (folder) => {
    const whole = join(folder, "whole");
    const halved = join(folder, "halved");
    assert.equal(
      (await runTask("exp:sweep", [...SMALL, "--out", whole])).code,
      0,
    );
    assert.equal(
      (await runTask("exp:sweep", [...SMALL, "--out", halved])).code,
      0,
    );
    const parts = async (root: string) =>
      (await listTree(root)).map((path) => path.slice(root.length));
    // As if killed after the first setting: one result, and two damaged files.
    for (const path of await parts(halved)) {
      if (path.endsWith("compress_090.json")) {
        await Deno.writeTextFile(halved + path, '{"mode": "compr');
      } else if (path.endsWith("compress_080.json")) {
        await Deno.writeTextFile(halved + path, "{}");
      } else if (!path.endsWith("compress_100.json")) {
        await Deno.remove(halved + path);
      }
    }
    const { code, stderr } = await runTask("exp:sweep", [
      ...SMALL,
      "--out",
      halved,
    ]);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /1 of 3 settings were kept from an earlier run/);
    assert.deepEqual(await parts(halved), await parts(whole));
    for (const path of await parts(whole)) {
      if (!/\.(yaml|csv)$/.test(path)) continue;
      assert.equal(
        await Deno.readTextFile(halved + path),
        await Deno.readTextFile(whole + path),
      );
    }

    // Another config has nothing to do with those results.
    const other = await runTask("exp:sweep", [
      ...SMALL,
      "--set",
      "data.seed=2",
      "--out",
      halved,
    ]);
    assert.equal(other.code, 0, other.stderr);
    assert.doesNotMatch(other.stderr, /kept/);
  });
});

Deno.test("exp:sweep reads back a data set that data:make wrote", async () => {
  await withFolder(async (folder) => {
    const data = join(folder, "data");
    const made = await runTask("data:make", [
      data,
      "--unit",
      "twin",
      "--duration",
      "7",
      "--settings",
      "100,80",
      "--modes",
      "limit",
    ]);
    assert.equal(made.code, 0, made.stderr);
    const { code, stdout, stderr } = await runTask("exp:sweep", [
      "--data",
      data,
      "--set",
      "sweep.modes=[limit]",
      "--set",
      "sweep.settings=[100, 80]",
      "--out",
      join(folder, "reports"),
      "--json",
      "-",
    ]);
    assert.equal(code, 0, stderr);
    const { settings, source } = JSON.parse(stdout);
    assert.equal(source.surrogate, true);
    assert.equal(settings.length, 2);
    for (const { esr, lag_samples } of settings) {
      assert.equal(lag_samples, 0);
      assert(esr < 1e-4, `ESR ${esr}`);
    }
  });
});

Deno.test("exp:sweep keeps what it fitted before a recording that cannot be used, and names the file", async () => {
  await withFolder(async (folder) => {
    const data = join(folder, "data");
    const made = await runTask("data:make", [
      data,
      "--unit",
      "twin",
      "--duration",
      "7",
      "--settings",
      "100,80",
      "--modes",
      "limit",
    ]);
    assert.equal(made.code, 0, made.stderr);
    const broken = (await listTree(data)).find((path) =>
      path.endsWith("_3c__1__80.wav")
    )!;
    await Deno.writeTextFile(broken, "no sound");
    const out = join(folder, "reports");
    const sweep = (settings: string) =>
      runTask("exp:sweep", [
        "--data",
        data,
        "--set",
        "sweep.modes=[limit]",
        "--set",
        `sweep.settings=${settings}`,
        "--out",
        out,
      ]);
    const { code, stderr } = await sweep("[100, 80]");
    assert.equal(code, 1, stderr);
    assert.match(stderr, /error:.* limit 80: .*_3c__1__80\.wav/);
    assert.doesNotMatch(stderr, /\n\s+at /);
    const kept = await listTree(out);
    assert.equal(kept.length, 1, `${kept}`);
    assert.match(kept[0], /limit_100\.json$/);

    const check = await runTask("data:check", [data]);
    assert.equal(check.code, 0, check.stderr);
    assert.match(check.stdout, /To be left out\n.*_3c__1__80\.wav: target/);
    assert.match(check.stdout, /2 targets, 1 good pair, 1 to be left out/);

    // A setting that is not there is known before anything is fitted.
    const absent = await sweep("[100, 75]");
    assert.equal(absent.code, 1);
    assert.match(
      absent.stderr,
      /no recording of limit 75; there are limit 80, 100/,
    );
    assert.deepEqual(await listTree(out), kept);
  });
});

Deno.test("exp:sweep refuses what it cannot do with what, where and the remedy, and leaves nothing", async () => {
  await withFolder(async (folder) => {
    const file = join(folder, "file");
    await Deno.writeTextFile(file, "");
    const cases: [string[], RegExp][] = [
      [["--set", "data.durations=3"], /unknown key "data\.durations"/],
      [["--set", "data.duration=soon"], /"data\.duration"/],
      [
        ["--set", "sweep.settings=[41]", "--unit", "twin"],
        /limit 41|compress 41/,
      ],
      [["--data", join(folder, "nowhere")], /nowhere/],
      [["--unit", "valve"], /valve/],
      [[...SMALL, "--out", join(file, "below")], /below/],
    ];
    for (const [words, message] of cases) {
      const out = words.includes("--out") ? [] : ["--out", join(folder, "out")];
      const { code, stderr } = await runTask("exp:sweep", [...words, ...out]);
      assert.equal(code, 1, `${words}`);
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /\n\s+at /);
      assert.deepEqual(await listTree(folder), [file]);
    }
  });
});

browserTest(
  "exp:sweep's page opens from disk with every chart drawn and no console error",
  async (browser) => {
    await withFolder(async (folder) => {
      const { code, stdout, stderr } = await runTask("exp:sweep", [
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
        { width: 1280, height: 900, colorScheme: "light" },
      );
      await page.evaluate("optofit.ready");
      const counts = await page.evaluate(
        "({charts: optofit.charts, drawn: optofit.drawn, failed: optofit.failed})",
      ) as { charts: number; drawn: number; failed: unknown };
      assert(counts.charts >= 8, `${counts.charts} charts`);
      assert.equal(counts.drawn, counts.charts);
      assert.deepEqual(misdeeds, { complaints: [], requests: [] });
      await page.close();
    });
  },
);
