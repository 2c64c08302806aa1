/**
 * The report in a real browser: opened from disk, drawn, used, read aloud, and
 * laid out in both themes on a wide and a narrow screen.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import { charts, prose, step, table } from "../lib/report/cells.ts";
import { md } from "../lib/report/markdown.ts";
import { writeReport } from "../lib/report/page.ts";
import { browserTest, openPage } from "./browser.ts";
import { findings, overflow } from "./page_checks.ts";
import { DEMO_META, demoCells } from "./report_demo.ts";

/** Calls `run` with the address of the demonstration report on disk. */
async function withDemo(run: (url: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/demo.html`;
    await writeReport(path, DEMO_META, demoCells());
    await run(`file://${path}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Waits until the page has tried to draw every chart. */
async function drawn(page: Page): Promise<void> {
  await page.evaluate("optofit.ready");
}

/** What `expression` comes to in the page. */
async function ask<T>(page: Page, expression: string): Promise<T> {
  return await page.evaluate(expression) as T;
}

/** Clicks what `selector` finds and gives the text of the file that comes. */
async function downloaded(
  page: Page,
  selector: string,
): Promise<{ name: string; bytes: Uint8Array }> {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.click(selector),
  ]);
  return {
    name: download.suggestedFilename(),
    bytes: await Deno.readFile(await download.path()),
  };
}

const DOMAINS = (id: string) =>
  `["x", "y"].map((axis) => optofit.views["${id}"].scale(axis).domain())`;

browserTest(
  "a report opens from disk, draws its charts and asks for nothing",
  (browser) =>
    withDemo(async (url) => {
      for (const colorScheme of ["light", "dark"] as const) {
        for (const width of [1280, 390]) {
          const { page, misdeeds } = await openPage(browser, url, {
            colorScheme,
            width,
          });
          await drawn(page);
          const at = `${colorScheme}, ${width} px`;
          assert.deepEqual(
            await ask(page, "[optofit.charts, optofit.drawn, optofit.failed]"),
            [9, 9, []],
            at,
          );
          assert.equal(
            await page.locator(".chart[data-drawn=true] .plot svg").count(),
            9,
            at,
          );
          const layout = await overflow(page);
          assert.deepEqual(layout, [width, []], `${at}: no sideways overflow`);
          assert.equal(
            await page.locator(".plot .role-axis-label").count(),
            18,
          );
          assert.deepEqual(await overlaps(page), [], `${at}: labels apart`);
          // Each theme once and each width once: neither changes the other.
          if ((width === 390) === (colorScheme === "light")) {
            assert.deepEqual(await findings(page), [], at);
          }
          assert.deepEqual(misdeeds, { complaints: [], requests: [] }, at);
          await page.close();
        }
      }
    }),
);

/** Axis labels of one axis that lie over each other. */
async function overlaps(page: Page): Promise<string[]> {
  return await ask(
    page,
    `[...document.querySelectorAll(".plot .role-axis-label")].flatMap((group) => {
      const labels = [...group.querySelectorAll("text")]
        .filter((label) => Number(label.getAttribute("opacity") ?? 1) > 0)
        .map((label) => [label.textContent, label.getBoundingClientRect()]);
      return labels.flatMap(([text, a], i) =>
        labels.slice(0, i).filter(([, b]) =>
          a.left < b.right && b.left < a.right && a.top < b.bottom - 2 &&
          b.top < a.bottom - 2
        ).map(([other]) => text + " / " + other)
      );
    })`,
  );
}

browserTest(
  "keys of a legend hide, show and single out their series",
  (browser) =>
    withDemo(async (url) => {
      const { page, misdeeds } = await openPage(browser, url);
      await drawn(page);
      const modes = () =>
        ask<string[]>(
          page,
          `[...new Set(optofit.views.attack.data("source_0")
          .map(({ mode, source }) => mode + " " + source))].sort()`,
        );
      const section = page.locator(".charts").first();
      const key = (name: string) => section.getByRole("button", { name });
      assert.equal((await modes()).length, 4);
      await key("limit").click();
      assert.equal(await key("limit").getAttribute("aria-pressed"), "false");
      assert.deepEqual(await modes(), [
        "compress fitted",
        "compress published",
      ]);
      // By keyboard, with Shift: this one alone.
      await key("published").focus();
      await page.keyboard.press("Shift+Enter");
      assert.deepEqual(await modes(), ["compress published"]);
      // Hiding the last one of its kind brings the others back.
      await key("published").click();
      assert.deepEqual(await modes(), [
        "compress fitted",
        "compress published",
      ]);
      await section.getByRole("button", { name: "Show all" }).first().click();
      assert.equal((await modes()).length, 4);
      assert.deepEqual(misdeeds.complaints, []);
      await page.close();
    }),
);

browserTest(
  "a chart zooms by brush and by keyboard, and resets",
  (browser) =>
    withDemo(async (url) => {
      const { page, misdeeds } = await openPage(browser, url);
      await drawn(page);
      type Domains = [[number, number], [number, number]];
      const domains = () => ask<Domains>(page, DOMAINS("ratio"));
      const whole = await domains();
      const plot = page.locator("#ratio .plot");
      await plot.scrollIntoViewIfNeeded();
      const box = (await plot.locator("svg").boundingBox())!;
      const [left, top] = await ask<[number, number]>(
        page,
        "optofit.views.ratio.origin()",
      );
      const [width, height] = await ask<[number, number]>(
        page,
        "[optofit.views.ratio.width(), optofit.views.ratio.height()]",
      );
      const at = (x: number, y: number) =>
        [box.x + left + x * width, box.y + top + y * height] as const;
      await page.mouse.move(...at(0.25, 0.25));
      await page.mouse.down();
      await page.mouse.move(...at(0.5, 0.75), { steps: 4 });
      await page.mouse.up();
      const [x, y] = await domains();
      const span = whole[0][1] - whole[0][0];
      assert.ok(Math.abs(x[0] - (whole[0][0] + span / 4)) < span / 100);
      assert.ok(Math.abs(x[1] - (whole[0][0] + span / 2)) < span / 100);
      // The vertical axis is logarithmic and grows upwards.
      const decades = Math.log(whole[1][1] / whole[1][0]);
      assert.ok(
        Math.abs(Math.log(y[0] / whole[1][0]) / decades - 0.25) < 0.01,
        String(y),
      );
      assert.ok(Math.abs(Math.log(y[1] / whole[1][0]) / decades - 0.75) < 0.01);

      await page.click("#ratio [data-do=reset]");
      assert.deepEqual(await domains(), whole);
      assert.ok(await page.locator("#ratio [data-do=reset]").isHidden());
      await plot.focus();
      await page.keyboard.press("+");
      const [closer] = await domains();
      assert.ok(closer[0] > whole[0][0] && closer[1] < whole[0][1]);
      await page.keyboard.press("ArrowRight");
      assert.ok((await domains())[0][1] > closer[1]);
      await page.keyboard.press("0");
      assert.deepEqual(await domains(), whole);
      assert.deepEqual(misdeeds.complaints, []);
      await page.close();
    }),
);

browserTest(
  "a chart comes as PNG, as SVG and as its spec",
  (browser) =>
    withDemo(async (url) => {
      const { page, misdeeds } = await openPage(browser, url, {
        colorScheme: "dark",
      });
      await drawn(page);
      const png = await downloaded(page, "#ratio [data-do=png]");
      assert.equal(png.name, "ratio.png");
      assert.deepEqual([...png.bytes.slice(1, 4)], [0x50, 0x4e, 0x47]);
      const wide = new DataView(png.bytes.buffer, png.bytes.byteOffset)
        .getUint32(16);
      assert.ok(wide > 600, `${wide} pixels wide`);
      const svg = await downloaded(
        page,
        "#error-above-its-end-by-iteration [data-do=svg]",
      );
      assert.equal(svg.name, "error-above-its-end-by-iteration.svg");
      const text = new TextDecoder().decode(svg.bytes);
      assert.match(text, /^<svg /);
      // It stands alone: legend, title, where the data are from, real colours.
      for (
        const shown of [
          "compress",
          "Of the runs",
          "Error above its end, by iteration",
          "Surrogate data: demonstration numbers",
        ]
      ) assert.ok(text.includes(`>${shown}</text>`), shown);
      assert.doesNotMatch(text, /var\(/);

      await page.click("#ratio [data-do=spec]");
      const spec = JSON.parse(
        (await page.locator("#ratio pre.spec").textContent())!,
      );
      assert.equal(
        spec.$schema,
        "https://vega.github.io/schema/vega-lite/v6.json",
      );
      assert.equal(spec.data.values.length, 52);
      assert.deepEqual(misdeeds, { complaints: [], requests: [] });
      await page.close();
    }),
);

browserTest(
  "a table sorts by mouse and by keyboard, and comes as CSV",
  (browser) =>
    withDemo(async (url) => {
      const { page, misdeeds } = await openPage(browser, url);
      await drawn(page);
      const column = (n: number) =>
        ask<string[]>(
          page,
          `[...document.querySelectorAll(".table tbody tr")]
          .map((row) => row.cells[${n}].textContent)`,
        );
      const heading = (name: string) =>
        page.getByRole("columnheader", { name }).first();
      const release = (await column(5)).map(Number);
      await heading("Release").getByRole("button").click();
      assert.equal(
        await heading("Release").getAttribute("aria-sort"),
        "ascending",
      );
      assert.deepEqual(
        (await column(5)).map(Number),
        release.toSorted((a, b) => a - b),
      );
      await heading("Release").getByRole("button").focus();
      await page.keyboard.press("Enter");
      assert.equal(
        await heading("Release").getAttribute("aria-sort"),
        "descending",
      );
      assert.deepEqual(
        (await column(5)).map(Number),
        release.toSorted((a, b) => b - a),
      );
      // The row without a value stays last, whichever way.
      for (let click = 0; click < 2; click++) {
        await heading("ΔLDR").getByRole("button").click();
        assert.equal((await column(8)).at(-1), "–");
      }
      assert.equal(await heading("Release").getAttribute("aria-sort"), null);

      // Sorting keeps the order of equals.
      await heading("Mode").getByRole("button").click();
      await heading("Peak reduction").getByRole("button").click();
      const { name, bytes } = await downloaded(page, "[data-do=csv]");
      assert.equal(name, "parameters-and-scores-of-every-setting.csv");
      const lines = new TextDecoder().decode(bytes).split("\r\n");
      assert.equal(lines.length, 28);
      assert.equal(
        lines[0],
        "peak_reduction,mode,threshold_db,ratio,attack_ms,release_ms," +
          "make_up_db,esr,delta_ldr_db,stop_reason,data",
      );
      // Unrounded: the first row is the lowest knob's, computed as it was made.
      const first = lines[1].split(",");
      assert.equal(first[0], "40");
      assert.equal(Number(first[4]), 32.4);
      assert.equal(first.at(-1), "surrogate: demonstration numbers");
      assert.deepEqual(misdeeds, { complaints: [], requests: [] });
      await page.close();
    }),
);

browserTest(
  "the theme follows the system until it is chosen",
  (browser) =>
    withDemo(async (url) => {
      const { page } = await openPage(browser, url, { colorScheme: "dark" });
      await drawn(page);
      const colours = () =>
        ask<string[]>(
          page,
          `[
          getComputedStyle(document.body).backgroundColor,
          getComputedStyle(document.querySelector("#ratio .role-axis-label text")).fill,
          getComputedStyle(document.querySelector("#ratio .mark-line path")).stroke,
        ]`,
        );
      const dark = await colours();
      await page.emulateMedia({ colorScheme: "light" });
      const light = await colours();
      light.forEach((colour, i) => assert.notEqual(colour, dark[i]));
      const button = page.getByRole("button", { name: "Theme" });
      await button.click();
      await button.click();
      assert.equal(await button.textContent(), "Theme: dark");
      assert.deepEqual(await colours(), dark);
      // Paper is white.
      await page.emulateMedia({ media: "print" });
      assert.equal((await colours())[0], "rgb(255, 255, 255)");
      assert.deepEqual((await colours()).slice(1), light.slice(1));
      await page.close();
    }),
);

browserTest("hostile text shows as text", async (browser: Browser) => {
  const texts = [
    `</script><script>globalThis.broken = 1</script>`,
    `"><img src=x onerror="globalThis.broken = 1">`,
    `'; globalThis.broken = 1; //`,
    `🎛️ \u202egnp.exe <b>`,
    "very-long-".repeat(300),
  ];
  const folder = await Deno.makeTempDir();
  try {
    for (const [i, text] of texts.entries()) {
      const path = `${folder}/${i}.html`;
      await writeReport(path, {
        ...DEMO_META,
        experiment: text,
        title: text,
        subtitle: text,
        source: { name: text, surrogate: true, description: text },
        provenance: { [text]: text },
      }, [
        step(text, text),
        prose(md`From ${text}.`),
        charts([{
          title: "Chart",
          caption: text,
          spec: {
            width: "container",
            data: {
              values: [{ series: text, x: 1, y: 1 }, {
                series: "b",
                x: 2,
                y: 2,
              }],
            },
            mark: { type: "point", tooltip: true },
            encoding: {
              x: { field: "x", type: "quantitative", title: text },
              y: { field: "y", type: "quantitative" },
              color: { field: "series", type: "nominal" },
            },
          },
        }], [{
          field: "series",
          title: text,
          items: [{ value: text }, { value: "b" }],
        }]),
        table("Table", [{ key: "name", title: text }, { key: "v" }], [
          { name: text, v: 1 },
        ]),
      ]);
      const url = `file://${path}`;
      const { page, misdeeds } = await openPage(browser, url, { width: 390 });
      await drawn(page);
      assert.deepEqual(await ask(page, "[optofit.drawn, optofit.failed]"), [
        1,
        [],
      ]);
      assert.equal(await ask(page, "globalThis.broken"), undefined);
      assert.equal(await page.locator("h1").textContent(), text);
      assert.equal(await page.locator("tbody th").textContent(), text);
      assert.equal(await page.locator("h2 bdi").first().textContent(), text);
      assert.equal(await page.locator("pre code").first().textContent(), text);
      await page.locator(".key").first().click();
      assert.equal(
        await ask(page, `optofit.views.chart.data("source_0").length`),
        1,
      );
      assert.equal(
        await ask(page, "document.documentElement.scrollWidth"),
        390,
        text.slice(0, 40),
      );
      const { bytes } = await downloaded(page, "[data-do=csv]");
      assert.ok(
        new TextDecoder().decode(bytes).includes(text.replaceAll('"', '""')),
      );
      assert.deepEqual(misdeeds, { complaints: [], requests: [] });
      await page.close();
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

browserTest(
  "a chart that cannot be drawn says so and stops no other",
  async (browser: Browser) => {
    const folder = await Deno.makeTempDir();
    try {
      const path = `${folder}/broken.html`;
      const chart = (title: string, mark: string) => ({
        title,
        spec: {
          width: "container" as const,
          data: { values: [{ x: 1 }] },
          mark: mark as "point",
          encoding: { x: { field: "x", type: "quantitative" as const } },
        },
      });
      await writeReport(path, DEMO_META, [
        charts([chart("Broken", "no such mark"), chart("Whole", "point")]),
      ]);
      const { page, misdeeds } = await openPage(browser, `file://${path}`);
      await drawn(page);
      assert.deepEqual(await ask(page, "[optofit.drawn, optofit.failed]"), [
        1,
        ["broken"],
      ]);
      assert.match(
        (await page.locator("#broken .plot").textContent())!,
        /^This chart could not be drawn: /,
      );
      assert.ok(misdeeds.complaints.length > 0);
      await page.close();
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
