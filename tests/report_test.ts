/**
 * The report library without a browser: numbers as text, text as HTML, prose,
 * colours, specs, the page and the files.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Cell,
  charts,
  codeOf,
  config,
  figures,
  prose,
  step,
  table,
} from "../lib/report/cells.ts";
import {
  gapChart,
  lineChart,
  parameterCurves,
  scoreCurves,
} from "../lib/report/charts.ts";
import { PAPER_MODEL, parseModel } from "../lib/models/presets.ts";
import {
  formatBytes,
  formatCount,
  formatDecibels,
  formatDuration,
  formatFixed,
  formatInteger,
  formatMilliseconds,
  formatNumber,
  formatPercent,
} from "../lib/base/format.ts";
import { highlight } from "../lib/report/highlight.ts";
import {
  codeForScript,
  escapeHtml,
  jsonForScript,
  slug,
} from "../lib/report/html.ts";
import { md, renderMarkdown } from "../lib/report/markdown.ts";
import type { ReportMeta } from "../lib/report/meta.ts";
import { cardOf } from "../lib/report/card.ts";
import { renderReport, writeReport } from "../lib/report/page.ts";
import { coloursOf, PALETTE } from "../lib/report/palette.ts";
import { vegaScripts } from "../lib/report/vega_scripts.ts";
import { DEMO_META, demoCells } from "./report_demo.ts";

const META: ReportMeta = {
  experiment: "00_test",
  title: "A test",
  source: { name: "none", surrogate: false },
  generatedAt: new Date("2025-02-03T04:05:06Z"),
  provenance: { Seed: 1 },
};

/** What a browser would show of `html`, its tags taken away. */
function textOf(html: string): string {
  return html.replace(/<[^>]*>/g, "")
    .replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'").replace(/&amp;/g, "&");
}

Deno.test("formatNumber keeps significant digits and marks what is no number", () => {
  const cases: [number | null | undefined, number, string][] = [
    [5.8600001, 3, "5.86"],
    [0.005684, 3, "0.00568"],
    [-19.1549, 4, "−19.15"],
    [0, 4, "0"],
    [-0, 4, "0"],
    [9.9996, 4, "10.00"],
    [199.1, 4, "199.1"],
    [12345.6, 4, "12\u202f346"],
    [1.234e-7, 3, "1.23\u202f×\u202f10⁻⁷"],
    [-2.5e9, 2, "−2.5\u202f×\u202f10⁹"],
    [NaN, 4, "–"],
    [null, 4, "–"],
    [undefined, 4, "–"],
    [Infinity, 4, "∞"],
    [-Infinity, 4, "−∞"],
  ];
  for (const [value, digits, text] of cases) {
    assert.equal(formatNumber(value, digits), text);
  }
});

Deno.test("formatNumber is true to the value", () => {
  const superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹";
  fc.assert(fc.property(
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e30, max: 1e30 }),
    fc.integer({ min: 1, max: 8 }),
    (value, digits) => {
      const text = formatNumber(value, digits)
        .replace(
          /\u202f×\u202f10(.*)$/,
          (_, power: string) =>
            "e" + power.replace("⁻", "-").replace(
              /[⁰-⁹¹²³]/g,
              (c) => String(superscripts.indexOf(c)),
            ),
        ).replaceAll("\u202f", "").replace("−", "-");
      const error = Math.abs(Number(text) - value);
      assert.ok(error <= Math.abs(value) * 0.5001 * 10 ** (1 - digits), text);
    },
  ));
});

Deno.test("formatFixed and the units write what people read", () => {
  assert.equal(formatFixed(-0.001, 2), "0.00");
  assert.equal(formatFixed(-0.005001, 2), "−0.01");
  assert.equal(formatFixed(1234567.891, 1), "1\u202f234\u202f567.9");
  assert.equal(formatInteger(44100), "44\u202f100");
  assert.equal(formatCount(1, "setting"), "1 setting");
  assert.equal(formatCount(0, "setting"), "0 settings");
  assert.equal(formatDecibels(-19.154), "−19.15\u00a0dB");
  assert.equal(formatDecibels(NaN), "–");
  assert.equal(formatMilliseconds(9.481), "9.481\u00a0ms");
  assert.equal(formatPercent(0.0568), "5.68\u00a0%");
  assert.equal(formatPercent(null), "–");
  assert.equal(formatBytes(532), "532\u00a0B");
  assert.equal(formatBytes(999_700), "1.00\u00a0MB");
  assert.equal(formatBytes(1.72e9), "1.72\u00a0GB");
});

Deno.test("formatDuration picks its units, and carries", () => {
  const cases: [number, string][] = [
    [0, "0 s"],
    [12e-6, "12.0 µs"],
    [0.34, "340 ms"],
    [0.9999, "1.00 s"],
    [12.34, "12.3 s"],
    [59.97, "1 min 00 s"],
    [134, "2 min 14 s"],
    [3599.9, "1 h 00 min"],
    [3725, "1 h 02 min"],
    [-134, "−2 min 14 s"],
  ];
  for (const [seconds, text] of cases) {
    assert.equal(formatDuration(seconds).replaceAll("\u00a0", " "), text);
  }
  assert.equal(formatDuration(NaN), "–");
});

Deno.test("escapeHtml leaves no mark-up and loses no text", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => {
    const html = escapeHtml(text);
    assert.doesNotMatch(html, /[<>"']/);
    assert.equal(textOf(html), text);
  }));
  assert.equal(escapeHtml("a\u0000b"), "a\ufffdb");
});

Deno.test("jsonForScript keeps the value and cannot end its element", () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => {
    const json = jsonForScript(value);
    assert.doesNotMatch(json, /<|\u2028|\u2029/);
    assert.deepEqual(JSON.parse(json), JSON.parse(JSON.stringify(value)));
  }));
  assert.equal(
    jsonForScript("</script><!--"),
    '"\\u003c/script>\\u003c!--"',
  );
});

Deno.test("codeForScript defuses an end tag in a string and refuses a comment", () => {
  const code = codeForScript('const s = "</SCRIPT>";', "x.js");
  assert.doesNotMatch(code, /<\/script/i);
  assert.equal(Function(`${code} return s;`)(), "</SCRIPT>");
  assert.throws(() => codeForScript("a <!-- b", "x.js"), /x\.js holds "<!--"/);
});

Deno.test("slug makes distinct identifiers of any title", () => {
  const taken = new Set<string>();
  assert.equal(
    slug("ESR over peak reduction", taken),
    "esr-over-peak-reduction",
  );
  assert.equal(
    slug("ESR over peak reduction!", taken),
    "esr-over-peak-reduction-2",
  );
  assert.equal(slug("<script>", taken), "script");
  assert.equal(slug("日本", taken), "item");
  assert.equal(slug("x".repeat(500), taken).length, 60);
});

Deno.test("renderMarkdown shows raw HTML as text and loads nothing", async () => {
  const html = await renderMarkdown(
    "# Head\n\n<script>alert(1)</script>\n\nan <img src=x onerror=alert(1)> here, " +
      "**bold**, `a < b`\n\n![alt](https://x.example/y.png)",
    3,
  );
  assert.match(html, /<h3>Head<\/h3>/);
  assert.match(html, /<strong>bold<\/strong>/);
  assert.match(html, /<code>a &lt; b<\/code>/);
  assert.doesNotMatch(html, /<script|<img/);
  assert.match(html, /&lt;script&gt;alert\(1\)&lt;\/script&gt;/);
});

Deno.test("renderMarkdown links to the web and to neighbours only", async () => {
  const hrefs = async (markdown: string) =>
    [...(await renderMarkdown(markdown, 2)).matchAll(/href="([^"]*)"/g)]
      .map(([, href]) => href);
  assert.deepEqual(
    await hrefs("[a](https://arxiv.org/x?a=1&b=2) [b](other.html) [c](#step)"),
    ["https://arxiv.org/x?a=1&amp;b=2", "other.html", "#step"],
  );
  for (
    const href of [
      "javascript:alert(1)",
      "JaVaScRiPt:alert(1)",
      "<java\u0001script:alert(1)>",
      "data:text/html,x",
      "file:///etc/passwd",
      "//host.example/x",
    ]
  ) assert.deepEqual(await hrefs(`[a](${href})`), [], href);
});

Deno.test("md shows what is put into it, letter for letter", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: "binary-ascii" }),
      async (text) => {
        const html = await renderMarkdown(md`See ${text}.`, 2);
        assert.equal(
          textOf(html).trimEnd(),
          `See ${text.replace(/\s+/g, " ")}.`,
        );
        assert.match(html, /^<p>[^<]*<\/p>\n$/);
      },
    ),
  );
});

Deno.test("codeOf cuts a function out of a source, doc comment and all", () => {
  const source =
    "/** One. */\nconst a = 1;\n\n/** Two\n * lines. */\nexport async function " +
    "two(\n  a: number,\n): Promise<void> {\n  if (a) {\n  }\n}\n\nfunction twofold() {\n}\n";
  assert.equal(
    codeOf(source, "two"),
    source.slice(
      source.indexOf("/** Two"),
      source.indexOf("\n\nfunction twofold"),
    ),
  );
  assert.equal(codeOf(source, "twofold"), "function twofold() {\n}");
  assert.throws(() => codeOf(source, "three"), /no top-level function "three"/);
});

Deno.test("highlight marks tokens and changes no text", () => {
  const code = 'const a = "</script>"; // <b>\nreturn 1.5e-3 + `x`;';
  const html = highlight(code);
  assert.equal(textOf(html), code);
  assert.match(html, /<span class="code-keyword">const<\/span>/);
  assert.match(html, /<span class="code-comment">\/\/ &lt;b&gt;<\/span>/);
  assert.match(html, /<span class="code-number">1\.5e-3<\/span>/);
});

Deno.test("coloursOf gives a thing its colour, and different things different ones", () => {
  assert.deepEqual(coloursOf(["limit", "compress"]), [
    PALETTE.orange.light,
    PALETTE.blue.light,
  ]);
  const colours = coloursOf(["other", "compress", "__proto__", "constructor"]);
  assert.equal(colours[1], PALETTE.blue.light);
  assert.equal(new Set(colours).size, 4);
  assert.throws(
    () => coloursOf(Array.from({ length: 9 }, (_, i) => `t${i}`)),
    /no colour left for "t8"/,
  );
});

// Linear RGB of a colour seen with full vision, and with severe protanopia,
// deuteranopia and tritanopia: Machado, Oliveira and Fernandes 2009, table 1.
const VISION = [
  [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
];

function linear(hex: string): number[] {
  return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255)
    .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
}

function oklab([r, g, b]: number[]): number[] {
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function luminance(hex: string): number {
  const [r, g, b] = linear(hex);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

Deno.test("PALETTE is visible on its page and told apart without colour vision", async () => {
  const style = await Deno.readTextFile(
    new URL("../lib/report/style.css", import.meta.url),
  );
  const [, ...surfaces] = /--surface: light-dark\((#\w+), (#\w+)\)/.exec(
    style,
  )!;
  for (const [i, theme] of (["light", "dark"] as const).entries()) {
    const colours = Object.values(PALETTE).map((colour) => colour[theme]);
    for (const colour of colours) {
      const [low, high] = [luminance(colour), luminance(surfaces[i])]
        .sort((a, b) => a - b);
      assert.ok((high + 0.05) / (low + 0.05) >= 3, `${colour} on ${theme}`);
    }
    for (const matrix of VISION) {
      const seen = colours.map((colour) => {
        const rgb = linear(colour);
        return oklab(
          matrix.map((row) =>
            Math.max(
              0,
              Math.min(1, row.reduce((sum, m, k) => sum + m * rgb[k], 0)),
            )
          ),
        );
      });
      for (let a = 0; a < seen.length; a++) {
        for (let b = 0; b < a; b++) {
          const distance = Math.hypot(...seen[a].map((v, k) => v - seen[b][k]));
          assert.ok(
            distance >= 0.08,
            `${colours[a]} and ${colours[b]}: ${distance}`,
          );
        }
      }
    }
  }
});

Deno.test("the builders make specs that Vega-Lite compiles without a warning", async () => {
  const { compile } = await import("vega-lite");
  const { parse } = await import("vega");
  const setting = { mode: "compress", source: "fitted", peak_reduction: 40 };
  const rows = [setting, { ...setting, mode: "limit", source: 'a "b"\\' }].map(
    (row) => ({
      ...row,
      threshold_db: -20,
      ratio: 4,
      attack_ms: 1,
      release_ms: 100,
      make_up_db: 0,
      esr: 0.1,
      delta_ldr_db: -0.1,
      iteration: 0,
    }),
  );
  const cells = [
    parameterCurves(rows, parseModel(PAPER_MODEL).parameters),
    scoreCurves(rows),
    gapChart([{ mode: "compress", losses: [3, 2, 1], before: [] }]),
  ];
  assert.deepEqual(cells.map((cell) => cell.charts.length), [5, 2, 1]);
  const warnings: unknown[] = [];
  const logger = {
    level: () => 3,
    warn: (...text: unknown[]) => (warnings.push(text), logger),
    error: (...text: unknown[]) => (warnings.push(text), logger),
    info: () => logger,
    debug: () => logger,
    // deno-lint-ignore no-explicit-any
  } as any;
  for (const { spec, title } of cells.flatMap((cell) => cell.charts)) {
    const compiled = compile(spec, { logger }).spec;
    const names = parse(compiled).operators;
    assert.ok(names.length > 0, title);
    const axes = (compiled.axes ?? []).map((axis) => axis.title).filter(
      Boolean,
    );
    assert.equal(axes.length, 2, `${title}: both axes have a title`);
  }
  assert.deepEqual(warnings, []);
});

Deno.test("gapChart shows the median and the largest gap of the runs that are not at their end", () => {
  const runs = [[8, 4, 2], [3, 2.5, 2], [4, 2]].map((losses, i) => ({
    mode: "compress",
    losses,
    before: i === 0 ? [3, 1] : [],
  }));
  const { charts: [{ spec }] } = gapChart(runs);
  const { values } = spec.data as { values: Record<string, unknown>[] };
  assert.deepEqual(
    values.map(({ of, iteration, gap }) => [of, iteration, gap]),
    [
      ["median on a part, before", -1, 2],
      ["largest on a part, before", -1, 2],
      ["median", 0, 1],
      ["largest", 0, 3],
      ["median", 1, 0.625],
      ["largest", 1, 1],
    ],
  );
});

Deno.test("lineChart leaves out what has no place on its axes, and says so", () => {
  const rows = [1, 0, -1, NaN, Infinity, null, 0.5].map((loss, iteration) => ({
    mode: "limit",
    iteration,
    loss,
  }));
  const options = {
    title: "Loss",
    caption: "Falls.",
    rows,
    x: { field: "iteration", title: "Iteration" },
    colour: { field: "mode", title: "Mode" },
  };
  const values = (chart: ReturnType<typeof lineChart>) =>
    (chart.spec.data as unknown as { values: { loss: number }[] }).values
      .map(({ loss }) => loss);
  const log = lineChart({
    ...options,
    y: { field: "loss", title: "Loss", log: true },
  });
  assert.deepEqual(values(log), [1, 0.5]);
  assert.equal(
    log.caption,
    "Falls. Left out: 5 of 7 rows with no positive number.",
  );
  const plain = lineChart({ ...options, y: { field: "loss", title: "Loss" } });
  assert.deepEqual(values(plain), [1, 0, -1, 0.5]);
  assert.equal(plain.caption, "Falls. Left out: 3 of 7 rows with no number.");
});

Deno.test("vegaScripts finds the three minified builds", async () => {
  const scripts = await vegaScripts();
  assert.deepEqual(scripts.map(({ name }) => name), [
    "vega.min.js",
    "vega-lite.min.js",
    "vega-embed.min.js",
  ]);
  for (const { name, code } of scripts) {
    assert.ok(code.length > 50_000, name);
    assert.ok(codeForScript(code, name).length >= code.length);
  }
});

const HOSTILE = [
  `</script><script>alert(1)</script>`,
  `<img src=x onerror="alert(1)">`,
  `"'><svg onload=alert(1)>`,
  `<!--`,
  `&lt;b&gt;`,
  `=1+2,"quoted"`,
  `🎛️ 調整 \u202egnp.exe`,
  "long-".repeat(2000),
];

/** A report that has `text` wherever text can come from outside. */
function reportOf(text: string): [ReportMeta, Cell[]] {
  const spec = {
    data: { values: [{ x: text, y: 1 }] },
    mark: "bar" as const,
    encoding: {
      x: { field: "x", type: "nominal" as const, title: text },
      y: { field: "y", type: "quantitative" as const },
    },
  };
  return [
    {
      ...META,
      experiment: text,
      title: text,
      subtitle: text,
      source: { name: text, surrogate: true, description: text },
      provenance: { [text]: text },
    },
    [
      figures([{ label: text, value: text, unit: text, note: text }]),
      prose(md`From ${text}.`),
      prose(text),
      step(text, text),
      charts([{ title: text, spec, caption: text }], [{
        field: text,
        title: text,
        items: [{ value: text, label: text }],
      }]),
      table(text, [{ key: text, title: text, unit: text }], [{ [text]: text }]),
      config({ [text]: text }),
    ],
  ];
}

Deno.test("renderReport adds no element or handler for hostile text", async () => {
  const shape = (html: string) => {
    // What the scripts hold is not mark-up; their tags are.
    const bare = html.replace(/(<script[^>]*>)[^]*?<\/script>/g, "$1");
    return [...bare.matchAll(/<[a-z!][^>]*>/gi)]
      .map(([tag]) => /^<([^\s>]+)/.exec(tag)![1]);
  };
  const plain = await renderReport(...reportOf("plain"));
  for (const text of HOSTILE) {
    const html = await renderReport(...reportOf(text));
    // The cell of raw Markdown may become emphasis or a link, nothing else.
    const count = (tag: string) =>
      shape(html).filter((name) => name === tag).length -
      shape(plain).filter((name) => name === tag).length;
    for (const tag of ["script", "img", "svg", "!--", "iframe", "b"]) {
      assert.equal(count(tag), 0, `${tag} for ${text.slice(0, 40)}`);
    }
    for (const [tag] of html.matchAll(/<[a-z][^<>]*>/gi)) {
      const names = tag.replace(/"[^"]*"/g, "");
      assert.doesNotMatch(names, /\son\w+=/i);
    }
  }
});

Deno.test("renderReport calls surrogate data so, and only those", async () => {
  const cells = [table("T", [{ key: "a" }], [{ a: 1 }])];
  const real = await renderReport(META, cells);
  assert.doesNotMatch(
    real,
    /<strong>Surrogate data|class="tag"|<html[^>]*data-surrogate/,
  );
  const html = await renderReport(
    { ...META, source: { name: "optical", surrogate: true } },
    cells,
  );
  assert.match(html, /<strong>Surrogate data: <bdi>optical<\/bdi>/);
  assert.match(html, /<span class="tag">surrogate data<\/span>/);
  assert.match(html, /<html[^>]*data-surrogate="optical"/);
});

Deno.test("renderReport names each of its scripts in the policy, and no more", async () => {
  const html = await renderReport(DEMO_META, demoCells());
  assert.ok(html.length < 2.5e6, `${html.length} characters`);
  const policy = /Content-Security-Policy" content="([^"]*)"/.exec(html)![1];
  assert.match(policy, /^default-src 'none'; script-src 'sha256-/);
  assert.doesNotMatch(policy, /https?:|\*|script-src[^;]*unsafe/);
  const scripts = [...html.matchAll(/<script>([^]*?)<\/script>/g)];
  assert.equal(scripts.length, 4);
  for (const [, code] of scripts) {
    const digest = await crypto.subtle.digest(
      "SHA-256",
      new TextEncoder().encode(code),
    );
    const hash = btoa(String.fromCharCode(...new Uint8Array(digest)));
    assert.ok(policy.includes(`'sha256-${hash}'`));
  }
  // Without charts there is nothing to draw them with.
  const plain = await renderReport(META, [prose("Words.")]);
  assert.ok(plain.length < 60_000, `${plain.length} characters`);
});

Deno.test("renderReport shows values with their digits, and exports them whole", async () => {
  const html = await renderReport(META, [
    table("T", [
      { key: "name" },
      { key: "a", title: "Alpha", unit: "dB", decimals: 2 },
      { key: "b", digits: 2 },
      { key: "ok" },
      { key: "count" },
    ], [
      { name: "x", a: -1.23456, b: NaN, ok: true, count: 12 },
      { name: "y", a: null, b: 0, ok: false, count: 44100 },
    ]),
    figures([
      { label: "F", value: NaN, unit: "dB" },
      { label: "G", value: 26, unit: "settings" },
    ]),
  ]);
  assert.match(html, /<td class="number" data-value="-1.23456">−1.23<\/td>/);
  assert.match(html, /<td class="number" data-value="">–<\/td>/);
  assert.match(html, /<td class="number" data-value="0">0<\/td>/);
  assert.match(html, /data-value="true">yes</);
  assert.match(html, /data-value="12">12</);
  assert.match(html, /data-value="44100">44\u202f100</);
  assert.match(html, /<bdi>26<\/bdi> <span class="unit">settings</);
  assert.match(html, /Alpha<\/bdi> <span class="unit">dB</);
  assert.match(html, /<dd class="value"><bdi>–<\/bdi><\/dd>/);
  assert.doesNotMatch(html, /NaN<|undefined<|null</);
});

Deno.test("writeReport writes the page and its card, whole or not at all", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const cells = [figures([{ label: "ESR", value: 0.5 }]), prose("Words.")];
    const path = `${folder}/00_test.html`;
    const card = await writeReport(path, META, cells);
    assert.equal(
      await Deno.readTextFile(path),
      await renderReport(META, cells),
    );
    assert.equal(card, `${folder}/00_test.card.json`);
    const read = JSON.parse(await Deno.readTextFile(card));
    assert.deepEqual(read, cardOf(META, cells, "00_test.html"));
    assert.deepEqual(read.figures, [{ label: "ESR", value: 0.5 }]);
    assert.equal(read.generated_at, "2025-02-03T04:05:06.000Z");

    // A folder in the way of the page: nothing is left behind.
    await Deno.mkdir(`${folder}/taken.html`);
    const before = [...Deno.readDirSync(folder)].length;
    await assert.rejects(
      writeReport(`${folder}/taken.html`, META, cells),
      /taken\.html cannot be written \(.*\): check that/,
    );
    assert.equal([...Deno.readDirSync(folder)].length, before);
    await assert.rejects(
      writeReport(`${path}/x.html`, META, cells),
      /00_test\.html\/x\.html .*: check that the folder may be written to/,
    );
    await assert.rejects(
      writeReport(`${folder}/x.htm`, META, cells),
      /must end in \.html/,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
