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

import { writeFileWhole } from "../atomic_file.ts";
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
import { paletteProperties } from "./palette.ts";
import { renderShell, renderTime } from "./shell.ts";
import { vegaScripts } from "./vega_scripts.ts";
import client from "./client.js" with { type: "text" };

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
    ],
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

/** What ran this: Deno, V8, the system and its logical processors. */
export function runtimeFacts(): Record<string, string | number> {
  return {
    "Deno": Deno.version.deno,
    "V8": Deno.version.v8,
    "System": `${Deno.build.os} ${Deno.build.arch}`,
    "Logical processors": navigator.hardwareConcurrency,
  };
}
