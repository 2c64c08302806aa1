/**
 * What makes a report readable: numbers on axes, figures and formulas, colours,
 * contents at hand, tables on a phone and on paper, charts drawn when needed.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { formatShare } from "../lib/base/format.ts";
import { parseModel, PRESETS } from "../lib/models/presets.ts";
import {
  bibtex,
  type Cell,
  charts,
  comparison,
  diagram,
  equation,
  step,
  table,
} from "../lib/report/cells.ts";
import { dotChart, legendOf, lineChart } from "../lib/report/charts.ts";
import { modelDiagram, modelEquations } from "../lib/report/model_diagram.ts";
import { renderReport, writeReport } from "../lib/report/page.ts";
import { withPageColours } from "../lib/report/page_colours.ts";
import { PALETTE } from "../lib/report/palette.ts";
import { pageLinks, PAPER_BIBTEX } from "../lib/report/references.ts";
import { browserTest, openPage } from "./browser.ts";
import { withFolder } from "./cli.ts";
import { findings, overflow } from "./page_checks.ts";
import { DEMO_META, demoCells } from "./report_demo.ts";

async function ask<T>(page: Page, expression: string): Promise<T> {
  return await page.evaluate(expression) as T;
}

async function until(page: Page, expression: string): Promise<void> {
  for (const start = Date.now(); !await ask(page, expression);) {
    assert.ok(Date.now() - start < 20_000, `never: ${expression}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Opens a page of `cells`. */
function withPage(
  cells: Cell[],
  run: (url: string) => Promise<void>,
): Promise<void> {
  return withFolder(async (folder) => {
    const path = join(folder, "page.html");
    await writeReport(path, DEMO_META, cells);
    await run(`file://${path}`);
  });
}

/** A chart of values from `low` to `high`, both axes logarithmic. */
function logChart(title: string, low: number, high: number, thousands = false) {
  const axis = { log: true, thousands };
  return lineChart({
    title,
    rows: [low, high].map((value) => ({ value, series: "one" })),
    x: { field: "value", title: "Across", ...axis },
    y: { field: "value", title: "Up", ...axis },
    colour: { field: "series", title: "Series" },
  });
}

browserTest(
  "logarithmic axes say so, in powers of ten or plain numbers, never in both",
  (browser) =>
    withPage(
      [charts([
        logChart("Tiny", 1e-12, 1),
        logChart("Small", 2e-6, 8e-5),
        logChart("Usual", 0.8, 300),
        logChart("Part", 4, 9),
        logChart("Tone", 30, 20_000, true),
      ])],
      async (url) => {
        const { page, misdeeds } = await openPage(browser, url);
        await page.evaluate("optofit.ready");
        const labels = (id: string) =>
          ask<string[]>(
            page,
            `[...document.querySelectorAll("#${id} .role-axis-label")].flatMap((group) =>
              [...group.querySelectorAll("text")]
                .filter((text) => text.getAttribute("opacity") !== "0")
                .map(({ textContent }) => textContent).filter(Boolean))`,
          );
        const power = /^10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+$/;
        const tiny = await labels("tiny");
        assert.ok(tiny.length >= 6, tiny.join());
        for (const text of tiny) assert.match(text, power);
        for (const text of await labels("small")) {
          assert.match(text, /^([25]\s×\s)?10⁻[⁵⁶]$/);
        }
        const usual = await labels("usual");
        for (const text of usual) assert.match(text, /^[125]0*$/);
        assert.ok(usual.includes("100"), usual.join());
        assert.deepEqual(
          new Set(await labels("part")),
          new Set(["4", "5", "6", "8"]),
        );
        const tone = await labels("tone");
        for (const text of tone) assert.match(text, /^[125]0{0,2}k?$/);
        assert.ok(tone.includes("1k") && tone.includes("10k"), tone.join());
        const titles = await ask<string[]>(
          page,
          `[...document.querySelectorAll(".role-axis-title")]
            .map(({ textContent }) => textContent)`,
        );
        assert.equal(titles.length, 10);
        for (const title of titles) {
          assert.match(title, /^(Across|Up), log scale$/);
        }
        assert.deepEqual(misdeeds, { complaints: [], requests: [] });
        await page.close();
      },
    ),
);

Deno.test("a negative number on a linear axis has a true minus sign, and gaps break a line", async () => {
  const [chart] = [lineChart({
    title: "Gaps",
    rows: [[0, 1], [1, NaN], [2, 3]].map(([x, y]) => ({ x, y, s: "a" })),
    x: { field: "x", title: "X" },
    y: { field: "y", title: "Y" },
    colour: { field: "s", title: "S" },
    gaps: true,
  })];
  assert.equal(chart.caption, undefined);
  const { compile } = await import("vega-lite");
  const { parse, View } = await import("vega");
  const view = new View(parse(
    compile({ ...chart.spec, width: 100 } as Parameters<typeof compile>[0], {
      logger: console as never,
    }).spec,
  ));
  const svg = await view.toSVG();
  const [, path] = /class="mark-line[^]*?<path[^>]* d="([^"]*)"/.exec(svg)!;
  assert.equal(path.match(/M/g)!.length, 2, path);
});

browserTest(
  "charts are drawn as they come into view, and all of them for paper",
  (browser) =>
    withPage(demoCells(), async (url) => {
      const { page, misdeeds } = await openPage(browser, url, { height: 600 });
      await page.waitForLoadState();
      await page.waitForTimeout(500);
      const drawn = () => ask<number>(page, "optofit.drawn");
      const atFirst = await drawn();
      assert.ok(atFirst < 4, `${atFirst} are drawn before anybody looks`);
      await page.locator("#error-above-its-end-by-iteration")
        .scrollIntoViewIfNeeded();
      await until(
        page,
        `document.querySelector("#error-above-its-end-by-iteration").dataset.drawn`,
      );
      assert.ok(await drawn() < 9);
      await page.pdf();
      assert.equal(await drawn(), 9);
      assert.equal(
        await page.locator(".chart[data-drawn] .plot svg").count(),
        9,
      );
      assert.deepEqual(misdeeds, { complaints: [], requests: [] });
      await page.close();
    }),
);

browserTest(
  "on a phone contents and theme stay at hand, and a table says that it scrolls",
  (browser) =>
    withPage(demoCells(), async (url) => {
      const { page } = await openPage(browser, url, { width: 390 });
      await page.evaluate("optofit.ready");
      await page.locator("#listen").scrollIntoViewIfNeeded();
      const inSight = (selector: string) =>
        ask<boolean>(
          page,
          `(() => {
            const box = document.querySelector("${selector}").getBoundingClientRect();
            return box.height > 0 && box.top >= 0 && box.bottom <= innerHeight;
          })()`,
        );
      assert.ok(await inSight("button.theme"));
      assert.ok(!await page.locator("#contents").isVisible());
      await page.getByRole("button", { name: "Contents" }).click();
      assert.ok(await page.locator("#contents").isVisible());
      assert.deepEqual(await findings(page), []);
      await page.locator("#contents a").first().click();
      assert.ok(!await page.locator("#contents").isVisible());
      await until(
        page,
        `Math.abs(document.querySelector("#invent-the-curves").getBoundingClientRect().top - 64) < 40`,
      );
      const more = page.locator(".table .more");
      assert.ok(await more.isVisible());
      assert.ok(await page.locator(".table .scroll.goes-on").count() === 1);
      await page.locator(".table .scroll").evaluate((scroll) => {
        (scroll as unknown as { scrollLeft: number }).scrollLeft = 1e4;
      });
      await until(page, `!document.querySelector(".table .goes-on")`);
      await page.close();

      const wide = await openPage(browser, url);
      assert.ok(await wide.page.locator("#contents").isVisible());
      assert.ok(
        !await wide.page.getByRole("button", { name: "Contents" }).isVisible(),
      );
      await wide.page.close();
    }),
);

/** A table of twelve columns, as wide as they get. */
function wideTable() {
  const keys = Array.from({ length: 12 }, (_, i) => `column_${i}`);
  return table(
    "Wide",
    keys.map((key) => ({ key, title: `Some heading of ${key}`, unit: "dB" })),
    [1, 2].map((row) =>
      Object.fromEntries(keys.map((key, i) => [key, -row * 12.345 ** (i % 4)]))
    ),
  );
}

browserTest(
  "a wide table uses the page, and fits on paper",
  (browser) =>
    withPage(
      [wideTable(), table("Narrow", [{ key: "a" }], [{ a: 1 }])],
      async (url) => {
        const { page } = await openPage(browser, url, { width: 1400 });
        const widths = await ask<number[]>(
          page,
          `["main", "#wide table", "#narrow table"].map((one) =>
          document.querySelector(one).getBoundingClientRect().width)`,
        );
        for (const width of widths.slice(1)) assert.ok(width >= widths[0] - 3);
        // The heading of a table has no rule of a section's.
        assert.deepEqual(
          await ask(
            page,
            `(({ borderTopWidth, marginTop }) => [borderTopWidth, marginTop])(
            getComputedStyle(document.querySelector("#wide h2")))`,
          ),
          ["0px", "0px"],
        );
        // Across, A4 less its margins is 269 mm wide.
        await page.setViewportSize({ width: 1017, height: 600 });
        await page.emulateMedia({ media: "print" });
        const [table, room] = await ask<[number, number]>(
          page,
          `[document.querySelector("#wide table").scrollWidth, document.querySelector("main").clientWidth]`,
        );
        assert.ok(table <= room, `${table} of ${room}`);
        await page.close();
      },
    ),
);

browserTest(
  "figures and formulas are numbered; diagrams, formulas and citations show",
  (browser: Browser) =>
    withPage([
      step("One"),
      modelDiagram(parseModel("opto+coupling")),
      ...modelEquations(parseModel("4a-2a")),
      charts([logChart("Chart", 1, 10)]),
      diagram("Hostile <b>", {
        size: [200, 60],
        blocks: [
          { kind: "box", at: [100, 30], lines: ["<script>", "</svg>"] },
          { kind: "text", at: [10, 30], text: "<x>" },
        ],
        wires: [[[20, 30], [39, 30]]],
      }, "<i>"),
      bibtex(PAPER_BIBTEX),
    ], async (url) => {
      const { page, misdeeds } = await openPage(browser, url);
      await page.evaluate("optofit.ready");
      assert.deepEqual(
        await page.locator("figcaption b").allTextContents(),
        ["Figure 1", "Figure 2", "Figure 3"],
      );
      assert.deepEqual(
        await page.locator(".equation .number").allTextContents(),
        ["(1)", "(2)", "(3)", "(4)"],
      );
      const sizes = await ask<number[]>(
        page,
        `[...document.querySelectorAll("math")].map((one) =>
          one.getBoundingClientRect().height)`,
      );
      assert.ok(sizes.every((height) => height > 15), sizes.join());
      const words = (await page.locator("#the-model-opto-coupling svg")
        .textContent())!;
      for (
        const word of ["Detector", "soft knee", "Coupling", "×", "Make-up"]
      ) {
        assert.ok(words.includes(word), word);
      }
      assert.ok(
        (await page.locator("#hostile-b svg").textContent())!
          .includes("<script></svg><x>"),
      );
      await page.getByText("Cite as BibTeX").click();
      assert.equal(
        await page.locator("#bibtex code").textContent(),
        PAPER_BIBTEX,
      );
      assert.match(PAPER_BIBTEX, /Gy\{\\"o\}rgy/);
      const hrefs = await page.locator(".links a").evaluateAll((links) =>
        links.map((link) => link.getAttribute("href"))
      );
      assert.deepEqual(hrefs.slice(2), ["../index.html", "../player.html"]);
      for (const width of [1280, 390]) {
        await page.setViewportSize({ width, height: 900 });
        assert.deepEqual(await overflow(page), [width, []]);
        assert.deepEqual(await findings(page), []);
      }
      assert.deepEqual(misdeeds, { complaints: [], requests: [] });
      await page.close();
    }),
);

Deno.test("modelDiagram() and modelEquations() draw every preset with every choice", async () => {
  const names = Object.keys(PRESETS).flatMap((preset) => [
    preset,
    `${preset}+soft-knee+two-stage+saturation+coupling+bandwidth`,
    `${preset}+shelf`,
  ]);
  for (const name of names) {
    const model = parseModel(name);
    const { drawing: { size, blocks, wires } } = modelDiagram(model);
    const points = [...wires.flat(), ...blocks.map(({ at }) => at)];
    for (const [x, y] of points) {
      assert.ok(x >= 0 && x <= size[0] && y >= 0 && y <= size[1], name);
    }
    const html = await renderReport(DEMO_META, modelEquations(model));
    assert.equal(html.match(/<math/g)!.length, 4, name);
    assert.doesNotMatch(html, /tml-error|merror/);
  }
});

Deno.test("a formula that is none, and a link that leads elsewhere, are refused", async () => {
  await assert.rejects(renderReport(DEMO_META, [equation("\\frac{1")]), /1/);
  const links = [{ label: "Bad", href: "javascript:alert(1)" }];
  await assert.rejects(
    renderReport({ ...DEMO_META, links }, []),
    /the link "Bad" leads to javascript:alert\(1\)/,
  );
});

Deno.test("pageLinks() finds index and player from any folder below", () => {
  const from = (page: string) =>
    pageLinks(page, "/reports").map(({ href }) => href).slice(2);
  assert.deepEqual(from("/reports/a.html"), ["index.html", "player.html"]);
  assert.deepEqual(from("/reports/a/b/c.html"), [
    "../../index.html",
    "../../player.html",
  ]);
});

Deno.test("withPageColours() gives different things different colours, on all charts of a page", () => {
  const chart = (title: string, names: string[]) => {
    const options = {
      title,
      rows: names.map((name, x) => ({ x, y: 1, name })),
      x: { field: "x", title: "X" },
      y: { field: "y", title: "Y" },
      colour: { field: "name", title: "Name" },
    };
    return charts([lineChart(options)], legendOf(options));
  };
  // Each chart alone would give its first name the first colour.
  const cells = withPageColours([
    chart("One", ["apple", "pear"]),
    chart("Two", ["plum", "apple"]),
    // Both are blue, each on pages of its own.
    chart("Three", ["compress", "trust-region"]),
  ]);
  const colours = new Map<string, Set<string>>();
  for (const cell of cells) {
    assert.ok(cell.kind === "charts");
    for (const { value, colour } of cell.legend[0].items) {
      colours.set(
        String(value),
        (colours.get(String(value)) ?? new Set()).add(colour!),
      );
      const spec = JSON.stringify(cell.charts[0].spec);
      assert.ok(spec.includes(colour!), `${value} is ${colour}`);
    }
  }
  const all = [...colours.values()].map((own) => {
    assert.equal(own.size, 1);
    return [...own][0];
  });
  assert.equal(new Set(all).size, 5);
  assert.deepEqual(colours.get("compress"), new Set([PALETTE.blue.light]));
  // More things than colours: everything stays.
  const many = [
    chart("A", ["1", "2", "3", "4", "5"]),
    chart("B", ["6", "7", "8", "9"]),
  ];
  assert.deepEqual(withPageColours(many), many);
});

Deno.test("formatShare() tells few things as what they are", () => {
  assert.equal(formatShare(1, 3), "1\u00a0of\u00a03");
  assert.equal(formatShare(0, 19), "0\u00a0of\u00a019");
  assert.equal(formatShare(5, 40), "12.5\u00a0%");
});

Deno.test("a comparison names the keys of A and B, and says by how much each is turned", async () => {
  const wav = new Uint8Array(44);
  const html = await renderReport(DEMO_META, [
    comparison("C", [
      { label: "<dry>", wav, matchDb: -7.66 },
      { label: "target", wav },
      { label: "model", wav, matchDb: 1.2 },
    ], { ab: ["target", "model"] }),
  ]);
  assert.match(html, /&lt;dry&gt;<\/bdi> <kbd>1<\/kbd> <span class="by">−7\.7/);
  assert.match(html, /target<\/bdi> <kbd>A<\/kbd> <span class="by">0\.0/);
  assert.match(html, /model<\/bdi> <kbd>B<\/kbd> <span class="by">\+1\.2/);
  assert.match(html, /data-ab="1 2"/);
});

browserTest("a lone dot of a category stands beside its label", (browser) => {
  const rows = [["first", "fast"], ["second", "slow"], ["third", "fast"]]
    .map(([name, family], i) => ({ name, family, time: i + 1 }));
  const dots = dotChart({
    title: "Dots",
    rows,
    category: { field: "name", title: "Name" },
    x: { field: "time", title: "Time" },
    colour: { field: "family", title: "Family" },
  });
  return withPage([charts([dots])], async (url) => {
    const { page } = await openPage(browser, url);
    await page.evaluate("optofit.ready");
    const middles = (selector: string) =>
      ask<number[]>(
        page,
        `[...document.querySelectorAll("${selector}")].map((one) => {
          const box = one.getBoundingClientRect();
          return (box.top + box.bottom) / 2;
        })`,
      );
    const labels = (await middles(".role-axis-label text")).slice(-3);
    const marks = await middles(".mark-symbol.role-mark path");
    assert.equal(marks.length, 3);
    marks.forEach((y, i) => assert.ok(Math.abs(y - labels[i]) < 3, `${i}`));
    await page.close();
  });
});
