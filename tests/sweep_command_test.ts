import assert from "node:assert/strict";
import { join } from "node:path";
import { compress } from "../lib/compressor/compressor.ts";
import { parametersAt, valuesAt } from "../lib/data/curve.ts";
import { curveFromCsv } from "../lib/data/curve_csv.ts";
import { readUnit } from "../lib/data/read_unit.ts";
import {
  PUBLISHED_SCORES,
  publishedFit,
  type PublishedScore,
} from "../lib/data/published.ts";
import { nameOfSetting, sameSetting } from "../lib/data/setting.ts";
import { openSource } from "../lib/data/source.ts";
import { dataSchema } from "../lib/data/data_config.ts";
import { esr } from "../lib/metrics/esr.ts";
import { score, scoreEsr } from "../lib/metrics/score.ts";
import { parseModel } from "../lib/models/presets.ts";
import { FLOAT_32, readWav, writeWav } from "../lib/sound/wav.ts";
import { browserTest, countCharts, openPage } from "./browser.ts";
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
    const unit = readUnit(yaml, "parameters.yaml");
    assert.equal(unit.model, "4a-2a");
    assert.equal(unit.sample_rate, 44_100);
    assert.deepEqual(
      unit.settings.map(({ at }) => at),
      [100, 90, 80].map((peak_reduction) => ({
        peak_reduction,
        mode: "compress",
      })),
    );
    assert(
      unit.settings.every(({ esr, whole_esr, converged }) =>
        converged && esr !== whole_esr && esr! < 1e-4 && whole_esr! < 1e-4
      ),
    );
    assert.equal(unit.origin.surrogate, true);
    assert.match(
      unit.origin.text!,
      /^Fitted by Optofit to the twin.*Surrogate/,
    );
    const csv = await Deno.readTextFile(path("surrogate-twin-compress.csv"));
    assert.match(
      csv,
      /^Peak Reduction,ESR,,,Threshold \(dB\).*\nSurrogate data: not measured on a real LA-2A,GT,/,
    );
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

    // Another config has nothing to do with those results, the same data or not.
    for (
      const change of [
        "solver.tolerance=1e-4",
        "chunks.overlap_seconds=2",
        "data.seed=2",
      ]
    ) {
      const other = await runTask("exp:sweep", [
        ...SMALL,
        "--set",
        change,
        "--out",
        halved,
      ]);
      assert.equal(other.code, 0, other.stderr);
      assert.doesNotMatch(other.stderr, /kept/, change);
    }
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

Deno.test("exp:sweep leaves out recordings that cannot be used, and says on the page, in the JSON and by its exit code which and why", async () => {
  await withFolder(async (folder) => {
    // Its name stands in the reasons: on the page it must be no HTML.
    const data = join(folder, "da<b>ta");
    const made = await runTask("data:make", [
      data,
      "--unit",
      "twin",
      "--duration",
      "7",
      "--settings",
      "100,90,80,70,60",
      "--modes",
      "limit",
    ]);
    assert.equal(made.code, 0, made.stderr);
    const wavs = await listTree(data);
    const target = (setting: number) =>
      wavs.find((path) => path.endsWith(`_3c__1__${setting}.wav`))!;
    const rewrite = async (path: string, change: (x: number) => number) => {
      const { samples, sampleRate } = await readWav(path);
      await writeWav(path, samples.map(change), {
        sampleRate,
        format: FLOAT_32,
      });
    };
    // One sample that is no number, one take of the wrong polarity, one no sound.
    await rewrite(target(90), (x) => x);
    const bytes = await Deno.readFile(target(90));
    new DataView(bytes.buffer).setFloat32(bytes.length - 4, NaN, true);
    await Deno.writeFile(target(90), bytes);
    await rewrite(target(80), (x) => -x);
    await Deno.writeTextFile(target(70), "no sound");

    const out = join(folder, "reports");
    const sweep = (settings: string, to = out) =>
      runTask("exp:sweep", [
        "--data",
        data,
        "--set",
        "sweep.modes=[limit]",
        "--set",
        `sweep.settings=${settings}`,
        "--out",
        to,
        "--json",
        "-",
      ]);
    const { code, stdout, stderr } = await sweep("[100, 90, 80]");
    assert.equal(code, 1, stderr);
    assert.match(stderr, /^left out: limit 90: .*_3c__1__90\.wav: sample \d+/m);
    assert.match(
      stderr,
      /\nerror: 1 of 3 settings was left out: .*report\.html says why/,
    );
    assert.doesNotMatch(stderr, /\n\s+at |limit 70/);
    const { settings, left_out, report } = JSON.parse(stdout);
    assert.deepEqual(
      settings.map((one: { peak_reduction: number }) => one.peak_reduction),
      [100, 80],
    );
    assert.equal(left_out.length, 1);
    const [{ reason, ...where }] = left_out;
    assert.deepEqual(where, { mode: "limit", peak_reduction: 90 });
    assert.match(reason, /_3c__1__90\.wav: sample \d+ .* not a number/);
    // The one that was turned over is fitted, with a warning.
    assert.deepEqual(settings[0].warnings, []);
    assert.match(settings[1].warnings.join(), /opposite polarity/);
    assert(settings[1].esr < 1e-4);
    assert.match(stderr, /warning: limit 80: .*opposite polarity/);

    const html = await Deno.readTextFile(report);
    const notices = [
      ...html.matchAll(/<div class="notice"[^]*?<\/div>/g),
    ].map(([text]) => text);
    assert.equal(notices.length, 2);
    assert.match(notices[0], /Left out: 1 of 3 settings/);
    assert.match(notices[0], /limit 90: .*da&lt;b&gt;ta.*_3c__1__90\.wav/);
    assert.match(notices[1], /limit 80: .*opposite polarity/);
    assert(!html.includes("da<b>ta"));
    const beside = join(report, "..");
    const yaml = await Deno.readTextFile(join(beside, "parameters.yaml"));
    const unit = readUnit(yaml, "parameters.yaml");
    assert.deepEqual(unit.settings.map(({ at }) => at.peak_reduction), [
      100,
      80,
    ]);
    assert.equal(unit.settings[0].warnings, undefined);
    assert.match(unit.settings[1].warnings!.join(), /opposite polarity/);
    assert.deepEqual(unit.settings[1].recordings, [{ lag_samples: 0 }]);
    const csv = await Deno.readTextFile(
      (await listTree(beside)).find((path) => path.endsWith(".csv"))!,
    );
    assert.deepEqual(
      curveFromCsv(csv, "limit", "csv").map((row) => row.peakReduction),
      [80, 100],
    );

    // The next run tries it again, and keeps the others.
    const again = await sweep("[100, 90, 80]");
    assert.equal(again.code, 1);
    assert.match(again.stderr, /2 of 3 settings were kept/);
    assert.match(again.stderr, /left out: limit 90/);

    // Once it is mended, what was interpolated without it is worked out anew,
    // though the file looks the same from outside.
    const mended = join(folder, "mended");
    const before = await sweep("[100, 90, 80, 60]", mended);
    assert.equal(before.code, 1, before.stderr);
    const { atime, mtime } = await Deno.stat(target(90));
    const broken = bytes.slice();
    new DataView(bytes.buffer).setFloat32(bytes.length - 4, 0, true);
    await Deno.writeFile(target(90), bytes);
    await Deno.utime(target(90), atime!, mtime!);
    const interpolatedAt80 = async (to: string) => {
      const { code, stdout, stderr } = await sweep("[100, 90, 80, 60]", to);
      assert.equal(code, 0, stderr);
      const csv = await Deno.readTextFile(
        join(JSON.parse(stdout).report, "..", "surrogate-recordings-limit.csv"),
      );
      const row = csv.split("\n").find((line) => line.startsWith("80,"))!;
      const [linear, spline] = row.split(",").slice(2, 4).map(Number);
      assert(linear > 0 && spline > 0, row);
      return { linear, spline, stderr };
    };
    const after = await interpolatedAt80(mended);
    assert.match(after.stderr, /3 of 4 settings were kept/);
    const fresh = await interpolatedAt80(join(folder, "fresh"));
    assert(Math.abs(after.linear / fresh.linear - 1) < 1e-3);
    assert(Math.abs(after.spline / fresh.spline - 1) < 1e-3);
    await Deno.remove(mended, { recursive: true });
    await Deno.remove(join(folder, "fresh"), { recursive: true });
    await Deno.writeFile(target(90), broken);

    // Where nothing is left there is nothing to report.
    const none = join(folder, "none");
    const failed = await sweep("[90, 70]", none);
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, /\nerror: limit 90: .*_3c__1__90\.wav/);
    assert.match(failed.stderr, /left out: limit 70: .*_3c__1__70\.wav/);
    assert.equal(failed.stdout, "");
    assert.deepEqual(await listTree(folder), [
      ...wavs,
      ...await listTree(out),
    ]);

    // A setting that is not there is known before anything is fitted.
    const absent = await sweep("[100, 75]", none);
    assert.equal(absent.code, 1);
    assert.match(
      absent.stderr,
      /no setting limit 75 there; there are limit 60, 70, 80, 90, 100/,
    );
    assert.match(absent.stderr, /sweep\.settings=/);
    assert.doesNotMatch(absent.stderr, /left out/);
  });
});

Deno.test("exp:sweep ends where what went wrong is not a recording's fault", async () => {
  await withFolder(async (folder) => {
    const out = join(folder, "out");
    const run = () => runTask("exp:sweep", [...SMALL, "--out", out]);
    const first = await run();
    assert.equal(first.code, 0, first.stderr);
    const [kept] = (await listTree(out)).filter((path) =>
      path.endsWith("compress_090.json")
    );
    await Deno.remove(kept);
    await Deno.mkdir(kept);
    const { code, stderr } = await run();
    assert.equal(code, 1);
    assert.match(stderr, /error: .*compress_090\.json/);
    assert.doesNotMatch(stderr, /left out/);
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
        /no setting compress 41 and limit 41/,
      ],
      [["--data", join(folder, "nowhere")], /nowhere/],
      [["--unit", "valve"], /valve/],
      [
        ["--unit", "twin", "--set", "sweep.settings=[100, 30]"],
        /no setting compress 30 and limit 30 there; there are compress 40, .*sweep\.settings=/,
      ],
      [
        ["--unit", "optical", "--data", folder],
        /--unit optical and --data .* exclude each other/,
      ],
      [
        ["--stimulus", folder, "--data", folder],
        /--stimulus .* and --data .* exclude each other/,
      ],
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

Deno.test("exp:sweep shows and counts the iterations on a part of the sound", async () => {
  await withFolder(async (folder) => {
    const sweep = async (coarseChunks: number) => {
      const { code, stdout, stderr } = await runTask("exp:sweep", [
        ...SMALL,
        "--set",
        "sweep.settings=[70]",
        "--set",
        "chunks={chunk_seconds: 1, overlap_seconds: 0.25}",
        "--set",
        `solver.coarse_chunks=${coarseChunks}`,
        "--out",
        folder,
        "--json",
        "-",
      ]);
      assert.equal(code, 0, stderr);
      const { report, settings: [found] } = JSON.parse(stdout);
      const html = await Deno.readTextFile(report);
      const specs = [
        ...html.matchAll(/class="spec-data">([^]*?)<\/script>/g),
      ].map(([, text]) => JSON.parse(text));
      const { data: { values } } = specs.find(({ description }) =>
        description.startsWith("Error above its end")
      );
      return { found, html, rows: values };
    };
    type Row = { of: string; iteration: number; gap: number };

    const { found, html, rows } = await sweep(2);
    const { iterations: fine, coarse_iterations: coarse } = found;
    assert(coarse > 2);
    const of = (runs: string) =>
      rows.filter((row: Row) => row.of === runs)
        .map((row: Row) => row.iteration);
    // The gap is 0 at the end, which a logarithm has no place for.
    assert.deepEqual(
      of("median on a part, before"),
      Array.from({ length: coarse }, (_, i) => i - coarse),
    );
    assert.deepEqual(of("median"), Array.from({ length: fine }, (_, i) => i));
    assert(rows.every((row: Row) => row.gap > 0));

    const [lead] = html.split("<h2"); // With what stands above the first step.
    assert.match(lead, /5 parameters at 1 setting of the twin/);
    assert.doesNotMatch(html, /\b1 (settings|fits|steps)\b/);
    // Six chunks pull apart: each parameter has a band.
    assert.deepEqual(Object.keys(found.bands), Object.keys(found.params));
    for (const [name, [low, high]] of Object.entries<number[]>(found.bands)) {
      assert(low <= found.params[name] && found.params[name] <= high, name);
    }

    const atOnce = await sweep(0);
    assert.equal(atOnce.found.coarse_iterations, 0);
    assert(atOnce.rows.every((row: Row) => row.iteration >= 0));
  });
});

Deno.test("exp:sweep's page names the versions of Optofit and of the packages that compute", async () => {
  await withFolder(async (folder) => {
    const { code, stdout, stderr } = await runTask("exp:sweep", [
      ...SMALL,
      "--out",
      folder,
      "--json",
      "-",
    ]);
    assert.equal(code, 0, stderr);
    const { report } = JSON.parse(stdout);
    const [, made] = (await Deno.readTextFile(report)).split('id="how-made"');
    const facts = new Map(
      [...made.matchAll(/<dt[^>]*>(.*?)<\/dt><dd[^>]*>(.*?)<\/dd>/g)]
        .map(([, name, value]) => [name, value]),
    );
    const project = JSON.parse(
      await Deno.readTextFile(new URL("../deno.json", import.meta.url)),
    );
    for (const name of ["fft.js", "ml-matrix", "vega", "vega-lite"]) {
      const version = project.imports[name].split("@").at(-1);
      assert(facts.get("Packages")!.split(", ").includes(`${name} ${version}`));
    }
    assert(facts.get("Packages")!.includes("assemblyscript 0."));
    assert.equal(facts.get("Optofit"), project.version);
    assert.equal(facts.get("Deno"), Deno.version.deno);
  });
});

/** What a page shows: the rows of its charts and tables, by their headings. */
interface Shown {
  charts: Record<string, Record<string, unknown>[]>;
  tables: Record<string, Record<string, unknown>[]>;
}

/** Read in the page, as a person's CSV and charts have it: unrounded. */
const SHOWN = `({
  charts: Object.fromEntries([...document.querySelectorAll("figure.chart:not(.diagram)")].map(
    (figure) => [
      figure.querySelector(".bar h3").textContent,
      JSON.parse(figure.querySelector(".spec-data").textContent).data.values,
    ],
  )),
  tables: Object.fromEntries([...document.querySelectorAll("div.table")].map(
    (cell) => {
      const table = cell.querySelector("table");
      const keys = [...table.tHead.rows[0].cells].map((cell) => cell.dataset.key);
      const rows = [...table.tBodies[0].rows].map((row) => Object.fromEntries(
        [...row.cells].map((cell, i) => [
          keys[i],
          cell.dataset.value ?? cell.textContent,
        ]),
      ));
      return [cell.querySelector(".bar h3").textContent, rows];
    },
  )),
})`;

browserTest(
  "exp:sweep's page opens from disk without complaint, and its charts and tables hold what was found and what is published",
  async (browser) => {
    await withFolder(async (folder) => {
      const { code, stdout, stderr } = await runTask("exp:sweep", [
        ...SMALL,
        // Chunks with a warm-up: so the two kinds of ESR differ.
        "--set",
        "chunks={chunk_seconds: 3, overlap_seconds: 1}",
        "--out",
        folder,
        "--json",
        "-",
      ]);
      assert.equal(code, 0, stderr);
      const { report, settings } = JSON.parse(stdout);
      const { page, misdeeds } = await openPage(
        browser,
        `file://${report}`,
        { width: 1280, height: 900, colorScheme: "light" },
      );
      const counts = await countCharts(page);
      assert.equal(counts.charts, 8);
      assert.equal(counts.drawn, 8);
      assert.deepEqual(misdeeds, { complaints: [], requests: [] });
      const { charts, tables } = await page.evaluate(SHOWN) as Shown;
      await page.close();

      const data = await openSource(
        dataSchema.parse({ unit: "twin", duration: 7 }),
      );
      for (const found of settings) {
        const { mode, peak_reduction, params, esr, delta_ldr_db } = found;
        const setting = { mode, peakReduction: peak_reduction };
        const name = nameOfSetting(setting);
        const isHere = (row: Record<string, unknown>) =>
          row.mode === mode && Number(row.peak_reduction) === peak_reduction;
        const rowOf = (chart: string, source: string) => {
          const rows = charts[chart].filter((row) =>
            isHere(row) && row.source === source
          );
          assert.equal(rows.length, 1, `${chart}, ${source} at ${name}`);
          return rows[0];
        };

        // The parameters, and beside them the published ones.
        const truth = publishedFit(setting)!.parameters;
        for (
          const [chart, key] of [
            ["Threshold", "threshold_db"],
            ["Ratio", "ratio"],
            ["Attack", "attack_ms"],
            ["Release", "release_ms"],
            ["Make-up", "make_up_db"],
          ] as const
        ) {
          assert.notEqual(params[key], truth[key]);
          assert.equal(rowOf(chart, "fitted (twin)")[key], params[key]);
          assert.equal(rowOf(chart, "published")[key], truth[key]);
        }

        // The scores are of the whole recording, not of the counted samples.
        const [whole] = score(await data.load(setting), [params]);
        assert.notEqual(found.chunk_esr, esr);
        assert(Math.abs(esr / whole.esr - 1) < 1e-9, name);
        assert(Math.abs(delta_ldr_db / whole.deltaLdrDb - 1) < 1e-9, name);
        const published = PUBLISHED_SCORES.find((one: PublishedScore) =>
          one.method === "4A2A" && sameSetting(one, setting)
        )!;
        for (
          const [chart, key, known] of [
            ["ESR over peak reduction", "esr", published.esr],
            [
              "ΔLDR over peak reduction",
              "delta_ldr_db",
              published.deltaLdrDb,
            ],
          ] as const
        ) {
          assert.equal(rowOf(chart, "fitted (twin)")[key], found[key]);
          assert.equal(rowOf(chart, "published")[key], known);
        }

        // What is left between found and true.
        const left = tables["Recovery: found less true"].find(isHere)!;
        const expected = {
          threshold_db: params.threshold_db - truth.threshold_db,
          ratio: 100 * (params.ratio / truth.ratio - 1),
          attack: 100 * (params.attack_ms / truth.attack_ms - 1),
          release: 100 * (params.release_ms / truth.release_ms - 1),
          make_up_db: params.make_up_db - truth.make_up_db,
        };
        for (const [key, value] of Object.entries(expected)) {
          assert.equal(Number(left[key]), value, `${name} ${key}`);
          assert.notEqual(value, 0);
        }

        const row = tables["Every setting"].find(isHere)!;
        for (const [key, value] of Object.entries(params)) {
          assert.equal(Number(row[key]), value, `${name} ${key}`);
        }
        assert.equal(Number(row.esr), esr);
        assert.equal(Number(row.delta_ldr_db), delta_ldr_db);
        assert.equal(Number(row.iterations), found.iterations);
      }
      assert.equal(tables["ESR with interpolated parameters"].length, 1);
    });
  },
);

Deno.test("exp:sweep --model fits another model, and its page, curve and figures are of that one alone", async () => {
  await withFolder(async (folder) => {
    const { code, stdout, stderr } = await runTask("exp:sweep", [
      ...[...SMALL, "--model", "RMS", "--out", folder, "--json", "-"],
    ]);
    assert.equal(code, 0, stderr);
    const { model, order, settings, report } = JSON.parse(stdout);
    const names = parseModel("rms").parameters.map(({ name }) => name);
    assert.equal(model, "rms");
    assert.deepEqual(order, names);
    assert.equal(settings.length, 3);

    // The curve, which render takes.
    const beside = join(report, "..");
    const path = join(beside, "parameters.yaml");
    const unit = readUnit(await Deno.readTextFile(path), path);
    assert.equal(unit.model, "rms");
    assert.deepEqual(
      unit.settings.map(({ at, params }) => [at.peak_reduction, params]),
      settings.map((one: { peak_reduction: number; params: unknown }) => [
        one.peak_reduction,
        one.params,
      ]),
    );
    const paths = await listTree(beside);
    assert(!paths.some((path) => path.endsWith(".csv")), `${paths}`);
    const dry = join(folder, "dry.wav");
    await writeWav(dry, new Float32Array(4000).fill(0.5), {
      sampleRate: 44_100,
    });
    const rendered = await runTask("render", [
      ...[dry, join(folder, "out.wav"), "--curve", path],
      ...["--peak-reduction", "85", "--json", "-"],
    ]);
    assert.equal(rendered.code, 0, rendered.stderr);
    const at85 = valuesAt(
      unit,
      { peak_reduction: 85, mode: "compress" },
      "linear",
    );
    assert.deepEqual(JSON.parse(rendered.stdout).params, at85);

    // What lies between the settings is scored as that model plays it.
    const kept = paths.find((path) => path.includes("interpolation_"))!;
    const { result } = JSON.parse(await Deno.readTextFile(kept));
    const source = await openSource(
      dataSchema.parse({ unit: "twin", duration: 7 }),
    );
    const { dry: input, wet, sampleRate } = await source.load({
      mode: "compress",
      peakReduction: 90,
    });
    const knots = { ...unit, settings: [unit.settings[0], unit.settings[2]] };
    const between = valuesAt(
      knots,
      { peak_reduction: 90, mode: "compress" },
      "linear",
    );
    const wanted = esr(compress(input, between, sampleRate), wet);
    assert(Math.abs(result.linear / wanted - 1) < 1e-4, `${wanted}`);

    const html = await Deno.readTextFile(report);
    assert.match(html, /<h1[^>]*>rms: the levelling amplifier/);
    assert.match(html, /6 parameters at 3 settings/);
    assert.match(html, /Averaging/);
    assert.doesNotMatch(html, /Published, |Recovery: found less true/);

    const unknown = await runTask("exp:sweep", [...SMALL, "--model", "x"]);
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /--model <M>.*"x" is not known; give 4a-2a/);
  });
});
