/**
 * The index of all runs: what it finds, what it shows, what hostile names come
 * to, and how it is served.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  type Cell,
  charts,
  claims,
  figures,
  prose,
} from "../lib/report/cells.ts";
import { cardOf, pictureOf } from "../lib/report/card.ts";
import { lineChart } from "../lib/report/charts.ts";
import type { ReportMeta } from "../lib/report/meta.ts";
import { writeReport } from "../lib/report/page.ts";
import { PALETTE } from "../lib/report/palette.ts";
import { findRuns, renderIndex, writeIndex } from "../lib/report/run_index.ts";
import { serveReports } from "../lib/report/serve.ts";
import { browserTest, openPage } from "./browser.ts";
import { runTask, withFolder } from "./cli.ts";
import { findings, overflow } from "./page_checks.ts";

/** A run that ended on a day of March, with a figure to compare. */
function runOf(day: number, esr: number): [ReportMeta, Cell[]] {
  return [
    {
      experiment: "00_test",
      title: "A test",
      subtitle: `Run of day ${day}`,
      source: { name: "twin", surrogate: true },
      generatedAt: new Date(Date.UTC(2025, 2, day)),
      provenance: {},
    },
    [
      figures([{ label: "ESR", value: esr, digits: 3 }, {
        label: "Lag",
        value: NaN,
        unit: "ms",
      }]),
      prose("Words."),
    ],
  ];
}

const TEXTS = [
  `</script><script>globalThis.broken = 1</script>`,
  `"><img src=x onerror="globalThis.broken = 1">`,
  `javascript:alert(1)//'`,
  "very-long-".repeat(100),
];

Deno.test("cardOf() draws a small picture of the first chart with lines", () => {
  const rows = [0, 1, 2, 3].flatMap((x) => [
    { mode: "compress", source: "fitted", x, y: 10 ** x },
    { mode: "compress", source: "published", x, y: 10 ** (3 - x) },
    { mode: "limit", source: "fitted", x, y: x === 3 ? NaN : 10 },
  ]);
  const chart = lineChart({
    title: "T",
    rows,
    x: { field: "x", title: "x" },
    y: { field: "y", title: "y", log: true },
    colour: { field: "mode", title: "Mode" },
    dash: { field: "source", title: "Source" },
  });
  const picture = pictureOf(chart)!;
  assert.equal(picture.title, "T");
  assert.deepEqual(
    picture.series.map(({ colour, line }) => [colour, line]),
    [
      [PALETTE.blue.light, "solid"],
      [PALETTE.blue.light, "dashed"],
      [PALETTE.orange.light, "solid"],
    ],
  );
  // Logarithmic, as the chart is.
  assert.deepEqual(picture.series[0].points, [[0, 0], [0.333, 0.333], [
    0.667,
    0.667,
  ], [1, 1]]);
  assert.equal(picture.series[2].points.length, 3);

  // Points over names stand in the order of the names, from the top.
  const points = pictureOf({
    title: "P",
    spec: {
      data: { values: [{ n: "a", v: 1 }, { n: "b", v: 3 }] },
      mark: { type: "point" },
      encoding: {
        x: { field: "v", type: "quantitative" },
        y: { field: "n", type: "nominal" },
      },
    },
  })!;
  assert.deepEqual(points.series, [
    { colour: "", line: "none", points: [[0, 1], [1, 0]] },
  ]);

  const [meta, cells] = runOf(1, 0.5);
  assert.equal(cardOf(meta, cells, "r.html").picture, undefined);
  assert.deepEqual(
    cardOf(meta, [charts([]), charts([chart])], "r.html").picture,
    picture,
  );
});

Deno.test("findRuns() finds cards at any depth, newest first, and warns of others", () =>
  withFolder(async (folder) => {
    assert.deepEqual(await findRuns(`${folder}/none`), {
      runs: [],
      warnings: [],
      hasPlayer: false,
    });
    await writeReport(`${folder}/a.html`, ...runOf(1, 0.1));
    await writeReport(`${folder}/x/y/b.html`, ...runOf(3, 0.3));
    await writeReport(`${folder}/x/c.html`, ...runOf(2, 0.2));
    await writeReport(`${folder}/x/gone.html`, ...runOf(4, 0.2));
    await Deno.remove(`${folder}/x/gone.html`);
    await Deno.writeTextFile(`${folder}/broken.card.json`, "{");
    const card = await Deno.readTextFile(`${folder}/a.card.json`);
    await Deno.writeTextFile(
      `${folder}/elsewhere.card.json`,
      card.replace('"a.html"', '"../a.html"'),
    );
    const { runs, warnings } = await findRuns(folder);
    assert.deepEqual(
      runs.map(({ card, folders }) => [card.report, folders]),
      [["b.html", ["x", "y"]], ["c.html", ["x"]], ["a.html", []]],
    );
    assert.deepEqual(runs[2].card.figures, [
      { label: "ESR", value: 0.1, digits: 3 },
      { label: "Lag", value: null, unit: "ms" },
    ]);
    assert.equal(warnings.length, 3);
    assert.match(warnings[0], /broken\.card\.json: not the card/);
    assert.match(warnings[1], /elsewhere\.card\.json: not the card/);
    assert.match(warnings[2], /gone\.card\.json: its page gone\.html is gone/);
  }));

Deno.test("renderIndex() compares the runs of an experiment", () =>
  withFolder(async (folder) => {
    for (const day of [1, 2, 3, 4, 5, 6]) {
      await writeReport(`${folder}/run-${day}/r.html`, ...runOf(day, day / 7));
    }
    const html = await renderIndex(await findRuns(folder));
    assert.match(html, /6 runs of 1 experiment</);
    const links = [...html.matchAll(/<h3><a href="([^"]*)">/g)]
      .map(([, href]) => href);
    assert.deepEqual(
      links,
      [6, 5, 4, 3, 2, 1].map((day) => `run-${day}/r.html`),
    );
    assert.match(html, /<summary>2 older runs<\/summary>/);
    assert.match(html, /<td class="number" data-value="0.857142[^"]*">0.857</);
    assert.match(html, /Surrogate<\/bdi>/);
    const none = await renderIndex({ runs: [], hasPlayer: true });
    assert.match(none, /No run has left a report here yet/);
    assert.match(none, /<a href="player\.html">/);
  }));

browserTest(
  "the index says what each config changed, and overlays two runs with what lies between them",
  (browser) =>
    withFolder(async (folder) => {
      const claim = {
        said: "It works",
        verdict: "held",
        figure: "1 of 1",
      } as const;
      const curve = (to: number) =>
        charts([
          lineChart({
            title: "Curve",
            rows: [0, 1, 2].map((x) => ({ mode: "compress", x, y: x * to })),
            x: { field: "x", title: "x" },
            y: { field: "y", title: "y" },
            colour: { field: "mode", title: "Mode" },
          }),
        ]);
      for (const day of [1, 2]) {
        const [meta, cells] = runOf(day, day / 8);
        await writeReport(
          `${folder}/run-${day}/r.html`,
          { ...meta, changed: day === 1 ? {} : { "data.seed": 2 } },
          [claims([claim]), curve(day), ...cells],
        );
      }
      const [meta, cells] = runOf(3, 0.5);
      const first = { ...meta, experiment: "000_first" };
      await writeReport(`${folder}/other/r.html`, first, cells);
      const { path } = await writeIndex(folder);
      const { page, misdeeds } = await openPage(browser, `file://${path}`);
      assert.deepEqual(
        await page.locator("h2 .number").allTextContents(),
        ["000_first", "00_test"],
      );
      assert.deepEqual(await page.locator(".changed").allTextContents(), [
        "Config: the default",
        "Config: data.seed=2",
        "Config: the default",
      ]);
      assert.deepEqual(await page.locator(".verdicts").allTextContents(), [
        "Claims: 1 held",
        "Claims: 1 held",
      ]);
      const paths = await page.locator(".overlay path").evaluateAll((all) =>
        all.map((path) => [
          path.getAttribute("d"),
          path.getAttribute("stroke-dasharray"),
        ])
      );
      // On common axes the newer run, which rises to 4, is solid and twice as high.
      assert.deepEqual(paths, [
        ["M6.0 154.0L240.0 80.0L474.0 6.0", null],
        ["M6.0 154.0L240.0 117.0L474.0 80.0", "5 3"],
      ]);
      const rows = await page.locator(".overlay tbody tr").allTextContents();
      assert.deepEqual(rows, [
        "ESR0.25000.1250−0.1250",
        "Lag––",
        "data.seed2default",
      ]);
      await page.locator(".overlay select").first().selectOption("1");
      assert.match(
        (await page.locator(".overlay tbody tr").first().textContent())!,
        /^ESR0\.12500\.12500$/,
      );
      assert.deepEqual(await findings(page), []);
      assert.deepEqual(misdeeds, { complaints: [], requests: [] });
      await page.close();
    }),
);

Deno.test("report builds the index and lists the runs", () =>
  withFolder(async (folder) => {
    await writeReport(`${folder}/a/r.html`, ...runOf(1, 0.1));
    const { code, stdout, stderr } = await runTask("report", [
      folder,
      "--json",
      "-",
    ]);
    assert.equal(code, 0, stderr);
    const { index, runs } = JSON.parse(stdout);
    assert.equal(index, `${folder}/index.html`);
    assert.equal(runs[0].report, "a/r.html");
    assert.match(await Deno.readTextFile(index), /href="a\/r\.html"/);
    const wrong = await runTask("report", [folder, "--port", "x"]);
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /whole number from 0 to 65535/);
  }));

browserTest(
  "the index opens every run from disk, hostile names as text",
  (browser) =>
    withFolder(async (folder) => {
      const { code, stderr } = await runTask("exp:sweep", [
        ...["--unit", "twin", "--out", folder, "--set", "data.duration=4"],
        ...["--set", "sweep.settings=[100,70,40]"],
      ]);
      assert.equal(code, 0, stderr);
      for (const day of [1, 2, 3, 4, 5]) {
        await writeReport(
          `${folder}/run-${day}/r.html`,
          ...runOf(day, day / 7),
        );
      }
      for (const [i, text] of TEXTS.entries()) {
        const [meta, cells] = runOf(10 + i, 0.5);
        const name = text.replaceAll("/", "_").slice(0, 80);
        await writeReport(`${folder}/${name}/#?%.html`, {
          ...meta,
          experiment: text,
          title: text,
          subtitle: text,
          source: { name: text, surrogate: true, description: text },
        }, [
          figures([{ label: text, value: text, unit: text, note: text }]),
          ...cells,
        ]);
      }
      const { path } = await writeIndex(folder);
      const url = `file://${path}`;
      for (const colorScheme of ["light", "dark"] as const) {
        for (const width of [1280, 390]) {
          const { page, misdeeds } = await openPage(browser, url, {
            colorScheme,
            width,
          });
          const at = `${colorScheme}, ${width} px`;
          assert.deepEqual(await overflow(page), [width, []], at);
          if ((width === 390) === (colorScheme === "light")) {
            assert.deepEqual(await findings(page), [], at);
          }
          assert.deepEqual(misdeeds, { complaints: [], requests: [] }, at);
          await page.close();
        }
      }
      const { page, misdeeds } = await openPage(browser, url);
      assert.equal(await page.evaluate("globalThis.broken"), undefined);
      assert.equal(await page.locator("article").count(), 10);
      assert.equal(await page.locator(".card .picture svg path").count(), 4);
      const headings = await page.locator("h2 bdi").allTextContents();
      for (const text of TEXTS) assert.ok(headings.includes(text), text);
      // The table of the experiment with several runs sorts.
      const esr = page.getByRole("columnheader", { name: "ESR" });
      await esr.getByRole("button").click();
      assert.equal(await esr.getAttribute("aria-sort"), "ascending");
      // Every link leads to its page.
      const links = await page.locator("h3 a").count();
      let drawnInAll = 0;
      for (let i = 0; i < links; i++) {
        const link = page.locator("h3 a").nth(i);
        const wanted = await link.textContent();
        await page.evaluate(
          "document.querySelectorAll('details').forEach((d) => d.open = true)",
        );
        await link.click();
        await page.waitForLoadState();
        assert.equal(await page.locator("time").textContent(), wanted);
        await page.evaluate("optofit.ready");
        const [charts, drawn, failed] = await page.evaluate(
          "[optofit.charts, optofit.drawn, optofit.failed]",
        ) as [number, number, string[]];
        assert.deepEqual([drawn, failed], [charts, []]);
        drawnInAll += drawn;
        await page.goBack();
      }
      assert.equal(drawnInAll, 8, "the charts of the sweep");
      assert.deepEqual(misdeeds.complaints, []);
      assert.ok(misdeeds.requests.every((asked) => /^file:/.test(asked)));
      await page.close();
    }),
);

browserTest(
  "report --serve reloads the index and a page whose run has ended",
  (browser) =>
    withFolder(async (outside) => {
      const folder = `${outside}/reports`;
      await writeReport(`${folder}/a run/r.html`, ...runOf(1, 0.1));
      await Deno.writeTextFile(`${outside}/secret.txt`, "no");
      const counts: number[] = [];
      const server = await serveReports(folder, 0, {
        onIndex: (runs) => void counts.push(runs),
      });
      const opened = [];
      try {
        assert.match(server.url, /^http:\/\/127\.0\.0\.1:\d+\/$/);
        const index = await openPage(browser, server.url);
        const report = await openPage(browser, `${server.url}a%20run/r.html`);
        opened.push(index.page, report.page);
        assert.equal(await index.page.locator("article").count(), 1);
        const changed = report.page.getByText("Run of day 2");
        await writeReport(`${folder}/b/r.html`, ...runOf(3, 0.1));
        await index.page.locator("article").nth(1).waitFor();
        await writeReport(`${folder}/a run/r.html`, ...runOf(2, 0.2));
        await changed.waitFor();
        assert.ok(counts.length >= 3 && counts.at(-1) === 2, counts.join());
        assert.deepEqual(index.misdeeds.complaints, []);
        assert.deepEqual(report.misdeeds.complaints, []);

        // Nothing but what lies in the folder, to nobody but this machine.
        const get = async (path: string, headers = {}) => {
          const response = await fetch(`${server.url}${path}`, { headers });
          await response.body?.cancel();
          return response.status;
        };
        assert.equal(await get("b/r.card.json"), 200);
        assert.equal(await get("b"), 404);
        assert.equal(await get("none.html"), 404);
        assert.equal(await get("..%2fsecret.txt"), 404);
        await Deno.symlink(`${outside}/secret.txt`, `${folder}/link.txt`);
        assert.equal(await get("link.txt"), 404);
        await assert.rejects(
          serveReports(folder, Number(new URL(server.url).port)),
          /port \d+ is taken: choose another/,
        );
      } finally {
        for (const page of opened) await page.close();
        await server.close();
      }
    }),
);
