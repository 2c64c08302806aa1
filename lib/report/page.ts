/**
 * A report as one HTML page that opens from disk and needs no network.
 *
 * {@linkcode renderReport} turns a list of cells into the page: masthead, what
 * it was run on (with a banner where the data are a surrogate), contents, the
 * cells, and how it was made. {@linkcode writeReport} writes it, with a small
 * card of its headline figures beside it for an index of reports.
 *
 * @module
 */

import { writeFileWhole } from "../base/atomic_file.ts";
import { cardOf } from "./card.ts";
import { CHART_CONFIG } from "./chart_config.ts";
import type { Cell } from "./cells.ts";
import {
  type Context,
  renderCell,
  renderContents,
  renderFacts,
} from "./render_cells.ts";
import { escapeHtml, jsonForScript } from "./html.ts";
import type { ReportMeta } from "./meta.ts";
import { paletteProperties } from "./palette.ts";
import { renderShell, renderTime } from "./shell.ts";
import { vegaScripts } from "./vega_scripts.ts";
import project from "../../deno.json" with { type: "json" };
import client from "./client.js" with { type: "text" };

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

  const widgets = cells.filter((cell) => cell.kind === "widget");
  const once = <T>(list: T[], key: (item: T) => string) => [
    ...new Map(list.map((item) => [key(item), item])).values(),
  ];
  const charted = cells.some((cell) => cell.kind === "charts");
  const theme = { config: CHART_CONFIG, colours: paletteProperties() };
  return await renderShell({
    title: meta.title,
    overline: meta.experiment,
    heading: meta.title,
    subtitle: meta.subtitle,
    facts: [
      renderTime(meta.generatedAt),
      `<span>Data: <bdi>${escapeHtml(meta.source.name)}</bdi></span>`,
    ],
    surrogate: surrogate ? meta.source : undefined,
    contents: renderContents(context),
    main: `${body.join("\n")}
<section class="provenance" aria-labelledby="how-made">
<h2 id="how-made">How this was made</h2>
${renderFacts(meta.provenance)}
</section>`,
    data: charted
      ? `<script type="application/json" id="chart-theme">${
        jsonForScript(theme)
      }</script>\n`
      : "",
    scripts: [
      ...(charted ? await vegaScripts() : []),
      { name: "client.js", code: client },
      ...once(widgets.flatMap(({ scripts }) => scripts), ({ name }) => name),
    ],
    style: once(widgets.map(({ style }) => style), (style) => style).join("\n"),
    scriptSources: once(
      widgets.flatMap(({ scriptSources = [] }) => scriptSources),
      (source) => source,
    ),
  });
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
  await writeFileWhole(path, await renderReport(meta, cells));
  await writeFileWhole(
    cardPath,
    JSON.stringify(cardOf(meta, cells, name), null, 2) + "\n",
  );
  return cardPath;
}

/** The packages that figures and charts come from: those that only read and print are left out. */
const COMPUTING_PACKAGES = [
  "assemblyscript/asc",
  "fft.js",
  "ml-matrix",
  "vega",
  "vega-embed",
  "vega-lite",
  "wavefile",
] as const;

/** Such as "fft.js 4.0.4", from what the import map has for it. */
function packageVersion(name: typeof COMPUTING_PACKAGES[number]): string {
  const [, version] = /@([^@/]+)(?:\/|$)/.exec(project.imports[name])!;
  return `${name.replace(/\/.*/, "")} ${version}`;
}

/**
 * What ran this: Optofit, its packages, Deno, V8, the system and its logical
 * processors.
 */
export function runtimeFacts(): Record<string, string | number> {
  return {
    "Optofit": project.version,
    "Packages": COMPUTING_PACKAGES.map(packageVersion).join(", "),
    "Deno": Deno.version.deno,
    "V8": Deno.version.v8,
    "System": `${Deno.build.os} ${Deno.build.arch}`,
    "Logical processors": navigator.hardwareConcurrency,
  };
}
