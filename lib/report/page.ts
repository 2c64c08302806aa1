/**
 * A report as one HTML page that opens from disk and needs no network.
 *
 * {@linkcode renderReport} turns a list of cells into the page: masthead, what
 * it was run on (with a banner where the data are a surrogate), contents, the
 * cells, and how it was made. {@linkcode writeReport} writes it, with a small
 * card of its headline figures beside it for an index of reports. The page's
 * content security policy allows its own scripts, by hash, and nothing else.
 *
 * @module
 */

import { writeFileWhole } from "../atomic_file.ts";
import { CHART_CONFIG } from "./chart_config.ts";
import type { Cell, Figure } from "./cells.ts";
import {
  type Context,
  renderCell,
  renderContents,
  renderFacts,
} from "./render_cells.ts";
import {
  codeForScript,
  escapeHtml,
  jsonForScript,
  scriptHash,
} from "./html.ts";
import { paletteCss, paletteProperties } from "./palette.ts";
import { type PackageScript, vegaScripts } from "./vega_scripts.ts";
import client from "./client.js" with { type: "text" };
import style from "./style.css" with { type: "text" };

/** What the sound of a run came from. */
export interface ReportSource {
  /** Its name, such as a data folder or a built-in unit. */
  name: string;
  /** Whether it stands in for recordings of the real unit. */
  surrogate: boolean;
  /** One sentence on it; shown in the banner of surrogate data. */
  description?: string;
}

/** What a report is about and how it was made. */
export interface ReportMeta {
  /** Name of the experiment, such as `04_la2a_sweep`. */
  experiment: string;
  /** Heading of the page. */
  title: string;
  /** One sentence beneath it. */
  subtitle?: string;
  /** The data. */
  source: ReportSource;
  /** When the run ended. */
  generatedAt: Date;
  /** Versions, seeds, machine, time taken: shown at the end of the page. */
  provenance: Record<string, string | number>;
}

/** What an index of reports shows of one, written beside it as JSON. */
export interface ReportCard {
  /** Name of the experiment. */
  experiment: string;
  /** Heading of the page. */
  title: string;
  /** One sentence on it. */
  subtitle: string;
  /** File name of the page, in the same folder. */
  report: string;
  /** When the run ended, ISO 8601. */
  generated_at: string;
  /** The data. */
  source: ReportSource;
  /** The headline figures: those of the first such cell. */
  figures: Figure[];
}

function dateOf(when: Date): string {
  return `${when.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

function banner({ name, surrogate, description }: ReportSource): string {
  if (!surrogate) return "";
  const sentence = description ??
    "It stands in for recordings of the real unit, which these figures do not describe.";
  return `<aside class="surrogate" aria-label="Surrogate data">
<p><strong>Surrogate data: <bdi>${escapeHtml(name)}</bdi>.</strong>
${escapeHtml(sentence)}</p>
</aside>`;
}

/** The page for `cells`, described by `meta`. */
export async function renderReport(
  meta: ReportMeta,
  cells: readonly Cell[],
): Promise<string> {
  const { surrogate } = meta.source;
  const context: Context = {
    surrogate,
    explained: false,
    taken: new Set(["content", "how-made", "chart-theme"]),
    steps: [],
  };
  const body: string[] = [];
  for (const cell of cells) body.push(await renderCell(cell, context));
  if (context.steps.length > 0) body.push("</section>");

  const charted = cells.some((cell) => cell.kind === "charts");
  const scripts: PackageScript[] = [
    ...(charted ? await vegaScripts() : []),
    { name: "client.js", code: client },
  ];
  const inlined = scripts.map(({ name, code }) => codeForScript(code, name));
  const hashes = await Promise.all(inlined.map(scriptHash));
  const policy = [
    "default-src 'none'",
    `script-src ${hashes.join(" ")}`,
    "style-src 'unsafe-inline'",
    "img-src data: blob:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");

  return `<!doctype html>
<html lang="en-GB"${
    surrogate ? ` data-surrogate="${escapeHtml(meta.source.name)}"` : ""
  }>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(meta.title)} · Optofit</title>
<link rel="icon" href="data:,">
<style>
${paletteCss()}${style}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header class="masthead">
<div class="overline"><span>Optofit</span> <span>${
    escapeHtml(meta.experiment)
  }</span>
<button type="button" class="theme" hidden>Theme: <span>auto</span></button></div>
<h1 dir="auto">${escapeHtml(meta.title)}</h1>
${
    meta.subtitle
      ? `<p class="subtitle" dir="auto">${escapeHtml(meta.subtitle)}</p>`
      : ""
  }
<p class="facts"><time datetime="${meta.generatedAt.toISOString()}">${
    dateOf(meta.generatedAt)
  }</time><span>Data: <bdi>${escapeHtml(meta.source.name)}</bdi></span></p>
${banner(meta.source)}
</header>
<div class="layout">
${renderContents(context)}
<main id="content" tabindex="-1">
${body.join("\n")}
<section class="provenance" aria-labelledby="how-made">
<h2 id="how-made">How this was made</h2>
${renderFacts(meta.provenance)}
</section>
</main>
</div>
${
    charted
      ? `<script type="application/json" id="chart-theme">${
        jsonForScript({ config: CHART_CONFIG, colours: paletteProperties() })
      }</script>\n`
      : ""
  }${inlined.map((code) => `<script>${code}</script>`).join("\n")}
</body>
</html>
`;
}

/** The card of a report called `report`. */
export function cardOf(
  meta: ReportMeta,
  cells: readonly Cell[],
  report: string,
): ReportCard {
  const headline = cells.find((cell) => cell.kind === "figures");
  return {
    experiment: meta.experiment,
    title: meta.title,
    subtitle: meta.subtitle ?? "",
    report,
    generated_at: meta.generatedAt.toISOString(),
    source: meta.source,
    figures: headline?.figures ?? [],
  };
}

async function write(path: string, text: string): Promise<void> {
  try {
    await writeFileWhole(path, text);
  } catch (error) {
    throw new Error(
      `cannot write the report ${path} (${
        (error as Error).message
      }): check that its folder can be written to and has room`,
      { cause: error },
    );
  }
}

/**
 * Writes the report to `path`, which ends in `.html`, and its card beside it as
 * `….card.json`; each whole or not at all. Makes the folder if need be.
 *
 * @returns the path of the card.
 * @throws {Error} where `path` has another ending or cannot be written.
 */
export async function writeReport(
  path: string,
  meta: ReportMeta,
  cells: readonly Cell[],
): Promise<string> {
  if (!path.endsWith(".html")) {
    throw new Error(`report ${path}: its name must end in .html`);
  }
  const name = path.replaceAll("\\", "/").split("/").at(-1)!;
  const cardPath = path.replace(/\.html$/, ".card.json");
  await write(path, await renderReport(meta, cells));
  await write(
    cardPath,
    JSON.stringify(cardOf(meta, cells, name), null, 2) + "\n",
  );
  return cardPath;
}

/** What ran this: Deno, V8, the system and its logical processors. */
export function runtimeFacts(): Record<string, string | number> {
  return {
    "Deno": Deno.version.deno,
    "V8": Deno.version.v8,
    "System": `${Deno.build.os} ${Deno.build.arch}`,
    "Logical processors": navigator.hardwareConcurrency,
  };
}
