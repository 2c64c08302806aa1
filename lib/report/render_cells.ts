/**
 * One cell of a report as HTML.
 *
 * Everything is readable without scripts, save the charts: tables are tables,
 * values are text. Values that the page sorts and exports by stand unrounded in
 * `data-value`.
 *
 * @module
 */

import type {
  Cell,
  ChartsCell,
  Claim,
  Column,
  ConfigCell,
  Figure,
  LegendGroup,
  LegendItem,
  NoticeCell,
  ProseCell,
  SoundsCell,
  StepCell,
  TableCell,
  TableValue,
  WidgetCell,
} from "./cells.ts";
import {
  formatFixed,
  formatInteger,
  formatNumber,
  NO_VALUE,
} from "../base/format.ts";
import { highlight } from "./highlight.ts";
import { escapeHtml, jsonForScript, slug } from "./html.ts";
import { renderMarkdown } from "./markdown.ts";

/** What the cells of one page share. */
export interface Context {
  /** Whether the data are a surrogate: tables say so. */
  surrogate: boolean;
  /** Whether the page has said how its charts are used. */
  explained: boolean;
  /** Identifiers in use on the page. */
  taken: Set<string>;
  /** The steps so far. */
  steps: { id: string; title: string }[];
}

/** Level of a heading inside the current step, or before the first. */
function headingLevel({ steps }: Context): number {
  return steps.length > 0 ? 3 : 2;
}

function renderStep({ title, code }: StepCell, context: Context): string {
  const closing = context.steps.length > 0 ? "</section>\n" : "";
  const id = slug(title, context.taken);
  context.steps.push({ id, title });
  const listing = code === undefined ? "" : `
<details class="code"><summary>Code of this step</summary>
<pre tabindex="0" role="region" aria-label="Code: ${escapeHtml(title)}"><code>${
    highlight(code)
  }</code></pre></details>`;
  return `${closing}<section class="step" aria-labelledby="${id}">
<h2 id="${id}"><span class="number">${context.steps.length}</span> <bdi>${
    escapeHtml(title)
  }</bdi></h2>${listing}`;
}

async function renderProse(
  { markdown }: ProseCell,
  context: Context,
): Promise<string> {
  const html = await renderMarkdown(markdown, headingLevel(context));
  return `<div class="prose">${html}</div>`;
}

function renderNotice({ title, items }: NoticeCell): string {
  const lines = items.map((item) => `<li dir="auto">${escapeHtml(item)}</li>`);
  return `<div class="notice" role="note" aria-label="${escapeHtml(title)}">
<p><strong>${escapeHtml(title)}</strong></p>
<ul>
${lines.join("\n")}
</ul>
</div>`;
}

/** Headline figures, side by side. */
export function renderFigures(figures: readonly Figure[]): string {
  const tiles = figures.map(({ label, value, unit, digits, note }) => {
    const text = typeof value === "string"
      ? value
      : digits === undefined && Number.isInteger(value)
      ? formatInteger(value)
      : formatNumber(value, digits);
    const suffix = unit && text !== NO_VALUE
      ? ` <span class="unit">${escapeHtml(unit)}</span>`
      : "";
    return `<div><dt dir="auto">${escapeHtml(label)}</dt>
<dd class="value"><bdi>${escapeHtml(text)}</bdi>${suffix}</dd>${
      note ? `\n<dd class="note" dir="auto">${escapeHtml(note)}</dd>` : ""
    }</div>`;
  });
  return `<dl class="figures">\n${tiles.join("\n")}\n</dl>`;
}

function swatch({ colour, dash, opacity = 1 }: LegendItem): string {
  // Solid "dashes" have no gap; the attribute needs none either.
  const dashes = dash && dash[1] !== 0
    ? ` stroke-dasharray="${dash.join(" ")}"`
    : "";
  return `<svg width="22" height="10" viewBox="0 0 22 10" aria-hidden="true"><path d="M1 5h20" ${
    colour ? `data-colour="${escapeHtml(colour)}" ` : ""
  }stroke="${
    escapeHtml(colour ?? "currentColor")
  }" stroke-width="2.5" stroke-opacity="${opacity}"${dashes}/></svg>`;
}

function renderLegend(groups: LegendGroup[]): string {
  if (groups.length === 0) return "";
  const rendered = groups.map(({ field, title, items }) =>
    `<div role="group" aria-label="${escapeHtml(title)}" data-field="${
      escapeHtml(field)
    }"><span class="legend-title">${escapeHtml(title)}</span>${
      items.map((item) =>
        `<button type="button" class="key" aria-pressed="true" data-value="${
          escapeHtml(JSON.stringify(item.value))
        }">${swatch(item)}<bdi>${
          escapeHtml(item.label ?? String(item.value))
        }</bdi></button>`
      ).join("")
    }<button type="button" class="all" hidden>Show all</button></div>`
  );
  return `<div class="legend">${rendered.join("\n")}</div>\n`;
}

function renderCharts(cell: ChartsCell, context: Context): string {
  const level = headingLevel(context);
  const hint = context.explained
    ? ""
    : `<p class="hint">${
      cell.legend.length > 0
        ? "A key hides or shows its series; with Shift it shows that one alone. "
        : ""
    }Drag across a chart to zoom, double-click to reset.</p>\n`;
  context.explained = true;
  const rendered = cell.charts.map(({ title, spec, caption }) => {
    const id = slug(title, context.taken);
    const name = escapeHtml(title);
    return `<figure class="chart" id="${id}">
<div class="bar"><h${level} dir="auto">${name}</h${level}>
<div class="tools" role="group" aria-label="${name}: tools">
<button type="button" data-do="reset" hidden>Reset zoom</button>
<button type="button" data-do="png" title="Download as PNG">PNG</button>
<button type="button" data-do="svg" title="Download as SVG">SVG</button>
<button type="button" data-do="spec" aria-expanded="false" title="Show the Vega-Lite spec">Spec</button>
</div></div>
<div class="plot" tabindex="0" role="group" aria-label="${name}. Plus and minus zoom, arrows move, 0 resets."><p class="waiting">The chart is drawn by a script.</p></div>
${
      caption
        ? `<figcaption dir="auto">${escapeHtml(caption)}</figcaption>\n`
        : ""
    }<pre class="spec" tabindex="0" role="region" aria-label="${name}: Vega-Lite spec" hidden></pre>
<script type="application/json" class="spec-data">${
      jsonForScript(spec)
    }</script>
</figure>`;
  });
  return `<div class="charts">
${renderLegend(cell.legend)}${hint}<div class="grid" data-count="${
    Math.min(2, rendered.length)
  }">
${rendered.join("\n")}
</div>
</div>`;
}

/** Whether `column` holds numbers, and its digits: none where all are whole. */
function settle(
  column: Column,
  rows: TableCell["rows"],
): Column & { numeric: boolean } {
  const values = rows.map((row) => row[column.key])
    .filter((value) => value !== null && value !== undefined);
  const numeric = values.length > 0 &&
    values.every((value) => typeof value === "number");
  const whole = numeric && column.digits === undefined &&
    values.every((value) => Number.isInteger(value) || Number.isNaN(value));
  return { decimals: whole ? 0 : undefined, ...column, numeric };
}

function renderValue(value: TableValue, column: Column): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string") return value;
  return column.decimals === undefined
    ? formatNumber(value, column.digits)
    : formatFixed(value, column.decimals);
}

function renderTable(
  { caption, columns: given, rows }: TableCell,
  context: Context,
): string {
  const columns = given.map((column) => settle(column, rows));
  const id = slug(caption, context.taken);
  const heading = slug(`${caption} caption`, context.taken);
  const level = headingLevel(context);
  const head = columns.map(({ key, title, unit, numeric }) =>
    `<th scope="col"${numeric ? ' class="number"' : ""} data-key="${
      escapeHtml(key)
    }"><button type="button"><bdi>${escapeHtml(title ?? key)}</bdi>${
      unit ? ` <span class="unit">${escapeHtml(unit)}</span>` : ""
    }</button></th>`
  );
  const body = rows.map((row) =>
    `<tr>${
      columns.map((column, i) => {
        const value = row[column.key];
        const text = escapeHtml(renderValue(value, column));
        const raw = typeof value === "string"
          ? ""
          : ` data-value="${
            typeof value === "number" && Number.isNaN(value) ? "" : value ?? ""
          }"`;
        const attributes = `${
          column.numeric ? ' class="number"' : ' dir="auto"'
        }${raw}`;
        return i === 0
          ? `<th scope="row"${attributes}>${text}</th>`
          : `<td${attributes}>${text}</td>`;
      }).join("")
    }</tr>`
  );
  return `<div class="table" id="${id}">
<div class="bar"><h${level} id="${heading}" dir="auto">${
    escapeHtml(caption)
  }</h${level}>
${
    context.surrogate
      ? '<span class="tag">surrogate data</span>\n'
      : ""
  }<div class="tools"><button type="button" data-do="csv" title="Download as CSV" hidden>CSV</button></div></div>
<div class="scroll" tabindex="0" role="region" aria-labelledby="${heading}">
<table aria-labelledby="${heading}">
<thead><tr>${head.join("")}</tr></thead>
<tbody>
${body.join("\n")}
</tbody></table></div></div>`;
}

function renderSounds(
  { caption, clips }: SoundsCell,
  context: Context,
): string {
  const id = slug(caption, context.taken);
  const level = headingLevel(context);
  const players = clips.map(({ label, note, wav }) =>
    `<figure><figcaption><strong dir="auto">${escapeHtml(label)}</strong>${
      note ? ` <span dir="auto">${escapeHtml(note)}</span>` : ""
    }</figcaption>
<audio controls preload="metadata" aria-label="${
      escapeHtml(`${caption}: ${label}`)
    }" src="data:audio/wav;base64,${wav.toBase64()}"></audio></figure>`
  );
  return `<div class="sounds" id="${id}">
<div class="bar"><h${level} dir="auto">${escapeHtml(caption)}</h${level}>
<div class="tools">${
    context.surrogate ? '<span class="tag">surrogate data</span>' : ""
  }</div></div>
<div class="players">
${players.join("\n")}
</div></div>`;
}

/** Claims, each with its verdict and figure. */
export function renderClaims(claims: readonly Claim[]): string {
  const rows = claims.map(({ said, verdict, figure, by }) =>
    `<li data-verdict="${escapeHtml(verdict)}"><strong>${
      escapeHtml(verdict)
    }</strong> <div><p dir="auto">${escapeHtml(said)}</p>
<p class="figure" dir="auto">${escapeHtml(figure)}${
      by ? ` <cite>${escapeHtml(by)}</cite>` : ""
    }</p></div></li>`
  );
  return `<ul class="claims" aria-label="Claims, and what became of them here">
${rows.join("\n")}
</ul>`;
}

function renderWidget(
  { title, caption, name, html, data }: WidgetCell,
  context: Context,
): string {
  const id = slug(title, context.taken);
  const level = headingLevel(context);
  return `<figure class="widget" id="${id}" data-widget="${escapeHtml(name)}">
<div class="bar"><h${level} dir="auto">${escapeHtml(title)}</h${level}>
<div class="tools">${
    context.surrogate ? '<span class="tag">surrogate data</span>' : ""
  }</div></div>
${html}
${caption ? `<figcaption dir="auto">${escapeHtml(caption)}</figcaption>` : ""}
<script type="application/json" class="widget-data">${
    jsonForScript(data)
  }</script></figure>`;
}

async function renderConfig({ value }: ConfigCell): Promise<string> {
  const { stringify } = await import("yaml");
  return `<details class="code"><summary>Config</summary>
<pre tabindex="0" role="region" aria-label="Config"><code>${
    escapeHtml(stringify(value))
  }</code></pre></details>`;
}

/** HTML of `cell`, which comes after those that `context` has seen. */
export async function renderCell(
  cell: Cell,
  context: Context,
): Promise<string> {
  switch (cell.kind) {
    case "prose":
      return await renderProse(cell, context);
    case "step":
      return renderStep(cell, context);
    case "notice":
      return renderNotice(cell);
    case "figures":
      return renderFigures(cell.figures);
    case "charts":
      return renderCharts(cell, context);
    case "table":
      return renderTable(cell, context);
    case "sounds":
      return renderSounds(cell, context);
    case "widget":
      return renderWidget(cell, context);
    case "claims":
      return renderClaims(cell.claims);
    case "config":
      return await renderConfig(cell);
  }
}

/** The contents: a link to every step. Nothing where there are none. */
export function renderContents({ steps }: Context): string {
  if (steps.length === 0) return "";
  const links = steps.map(({ id, title }) =>
    `<li><a href="#${id}"><bdi>${escapeHtml(title)}</bdi></a></li>`
  );
  return `<nav class="contents" aria-label="Contents"><ol>
${links.join("\n")}
</ol></nav>`;
}

/** Names and values, as a list. */
export function renderFacts(facts: Record<string, string | number>): string {
  const rows = Object.entries(facts).map(([name, value]) =>
    `<div><dt dir="auto">${escapeHtml(name)}</dt><dd dir="auto">${
      escapeHtml(String(value))
    }</dd></div>`
  );
  return `<dl class="how">\n${rows.join("\n")}\n</dl>`;
}
