/**
 * The index of all runs: one page that opens every report below a folder.
 *
 * {@linkcode findRuns} reads the cards that the reports left beside them;
 * {@linkcode renderIndex} makes the page: experiment by experiment, the newest
 * run first, with what its config had other than by default and what became of its
 * claims; two runs overlaid, and a table of all to compare them by.
 *
 * @module
 */

import { join } from "node:path";
import { writeFileWhole } from "../base/atomic_file.ts";
import { formatCount } from "../base/format.ts";
import { cardSchema, type Picture, type ReportCard } from "./card.ts";
import { type Column, table, type TableValue, VERDICTS } from "./cells.ts";
import { escapeHtml, jsonForScript, slug } from "./html.ts";
import { paletteProperties } from "./palette.ts";
import { type Context, renderCell, renderFigures } from "./render_cells.ts";
import { renderShell, renderTime } from "./shell.ts";
import client from "./client.js" with { type: "text" };
import overlay from "./run_index.js" with { type: "text" };
import indexStyle from "./run_index.css" with { type: "text" };

/** A run that left a report. */
export interface Run {
  /** What its card says. */
  card: ReportCard;
  /** Names of the folders that hold it, below the one that was searched. */
  folders: string[];
}

/** What was found below a folder. */
export interface Runs {
  /** The runs, newest first. */
  runs: Run[];
  /** Cards that could not be used, and why. */
  warnings: string[];
  /** Whether the folder holds the player. */
  hasPlayer: boolean;
}

/** File name of the index. */
export const INDEX_NAME = "index.html";

/** File name of the player. */
export const PLAYER_NAME = "player.html";

/**
 * The runs below `folder`, which need not exist. Hidden folders and links to
 * elsewhere are passed over.
 */
export async function findRuns(folder: string): Promise<Runs> {
  const runs: Run[] = [];
  const warnings: string[] = [];
  const search = async (folders: string[]) => {
    const path = join(folder, ...folders);
    const entries = await Array.fromAsync(Deno.readDir(path));
    const isPage = (name: string) =>
      entries.some((entry) => entry.isFile && entry.name === name);
    for (const { name, isFile, isDirectory } of entries) {
      if (isDirectory && !name.startsWith(".")) {
        await search([...folders, name]);
      } else if (isFile && name.endsWith(".card.json")) {
        const place = join(path, name);
        try {
          const text = await Deno.readTextFile(place);
          const card = cardSchema.parse(JSON.parse(text));
          if (isPage(card.report)) runs.push({ card, folders });
          else warnings.push(`${place}: its page ${card.report} is gone`);
        } catch {
          warnings.push(`${place}: not the card of a report, left out`);
        }
      }
    }
  };
  const isThere = await exists(folder);
  if (isThere) await search([]);
  const timeOf = ({ card }: Run) => Date.parse(card.generated_at);
  runs.sort((a, b) =>
    timeOf(b) - timeOf(a) || compareText(pathOf(a), pathOf(b))
  );
  return {
    runs,
    warnings: warnings.sort(),
    hasPlayer: isThere && await exists(join(folder, PLAYER_NAME)),
  };
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Path of a run's page from the index, `/` between its parts. */
function pathOf({ card, folders }: Run): string {
  return [...folders, card.report].join("/");
}

/** The same as an address: nothing in a name can be more than a name. */
function hrefOf(run: Run): string {
  return [...run.folders, run.card.report].map(encodeURIComponent).join("/");
}

/** What tells the runs of an experiment apart: the folder, or the page's name. */
function nameOf({ card, folders }: Run): string {
  return folders.at(-1) ?? card.report.replace(/\.html$/, "");
}

/** A picture's lines and points as SVG, in the colours of the page. */
function renderPicture({ title, series }: Picture): string {
  const [width, height, margin] = [240, 72, 4];
  const x = (part: number) => (margin + part * (width - 2 * margin)).toFixed(1);
  const y = (part: number) =>
    (height - margin - part * (height - 2 * margin)).toFixed(1);
  const themed = paletteProperties();
  const drawn = series.map(({ colour, line, points }) => {
    // Only colours of the palette: the rest of a card is not to be trusted.
    const stroke = themed[colour] ?? "currentColor";
    const at = points.map(([right, up]) => `${x(right)} ${y(up)}`);
    if (at.length === 0) return "";
    // A point is a line that ends where it starts, with round ends.
    return line === "none"
      ? `<path class="dots" d="${
        at.map((place) => `M${place}h0`).join("")
      }" stroke="${stroke}"/>`
      : `<path d="M${at.join("L")}" stroke="${stroke}"${
        line === "dashed" ? ' stroke-dasharray="5 3"' : ""
      }/>`;
  });
  const text = escapeHtml(title);
  return `<figure class="picture"><svg viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" aria-hidden="true">${
    drawn.join("")
  }</svg><figcaption dir="auto">${text}</figcaption></figure>`;
}

/** What the config had other than by default. */
function renderChanged({ changed }: ReportCard): string {
  const entries = Object.entries(changed);
  if (entries.length === 0) {
    return `<p class="changed">Config: the default</p>`;
  }
  const items = entries.map(([key, value]) =>
    `<code>${escapeHtml(`${key}=${JSON.stringify(value)}`)}</code>`
  );
  return `<p class="changed">Config: ${items.join(" ")}</p>`;
}

/** How many claims came to which verdict. */
function renderVerdicts({ claims }: ReportCard): string {
  const counts = VERDICTS.flatMap((verdict) => {
    const count = claims.filter((claim) => claim.verdict === verdict).length;
    return count === 0 ? [] : [`${count} ${verdict}`];
  });
  return counts.length === 0
    ? ""
    : `<p class="verdicts">Claims: ${escapeHtml(counts.join(", "))}</p>`;
}

/** Two runs of an experiment, to choose: overlaid, and what is between them. */
function renderOverlay(runs: readonly Run[], id: string): string {
  const data = runs.map((run) => ({
    name: `${run.card.generated_at.slice(0, 16).replace("T", " ")} · ${
      nameOf(run)
    }`,
    picture: run.card.picture ?? null,
    figures: run.card.figures,
    changed: run.card.changed,
  }));
  const choice = (label: string, chosen: number) =>
    `<label>${label} <select>${
      data.map(({ name }, i) =>
        `<option value="${i}"${i === chosen ? " selected" : ""}>${
          escapeHtml(name)
        }</option>`
      ).join("")
    }</select></label>`;
  return `<div class="overlay" aria-labelledby="${id}">
<h3>Two runs overlaid</h3>
<div class="choices">${choice("Solid", 0)} ${choice("Dashed", 1)}</div>
<figure class="picture"><svg viewBox="0 0 480 160" preserveAspectRatio="none" aria-hidden="true"></svg><figcaption></figcaption></figure>
<div class="scroll" tabindex="0" role="region" aria-label="Differences of two runs"><table><thead><tr><th scope="col">Figure</th><th scope="col" class="number">Solid</th><th scope="col" class="number">Dashed</th><th scope="col" class="number">Dashed less solid</th></tr></thead><tbody></tbody></table></div>
<script type="application/json" class="overlay-data">${
    jsonForScript({ runs: data, colours: paletteProperties() })
  }</script></div>`;
}

/** Headline figures a card has room for. */
const FIGURES = 5;

function renderCard(run: Run): string {
  const { card } = run;
  return `<article class="card">
<div class="bar"><h3><a href="${escapeHtml(hrefOf(run))}">${
    renderTime(new Date(card.generated_at))
  }</a></h3>${
    card.source.surrogate ? '<span class="tag">surrogate data</span>' : ""
  }</div>
<p class="what" dir="auto">${escapeHtml(card.subtitle || card.title)}</p>
<p class="from">Data: <bdi>${
    escapeHtml(card.source.name)
  }</bdi><br>Run: <bdi><code>${escapeHtml(nameOf(run))}</code></bdi></p>
${renderChanged(card)}
${card.picture ? renderPicture(card.picture) : ""}
${renderVerdicts(card)}
${card.figures.length > 0 ? renderFigures(card.figures.slice(0, FIGURES)) : ""}
</article>`;
}

/** The runs of an experiment side by side, by their headline figures. */
function comparison(runs: readonly Run[]) {
  const columns = new Map<string, Column>();
  const keyOf = ({ label, unit }: ReportCard["figures"][number]) =>
    `${label}${unit === undefined ? "" : ` (${unit})`}`;
  for (const { card } of runs) {
    for (const figure of card.figures) {
      const { label: title, unit, digits } = figure;
      const key = keyOf(figure);
      // A heading that is also a fixed column's gets a name of its own.
      columns.set(`figure ${key}`, {
        key: `figure ${key}`,
        title,
        unit,
        digits,
      });
    }
  }
  const rows = runs.map((run) => {
    const { card } = run;
    const row: Record<string, TableValue> = {
      run: nameOf(run),
      when: card.generated_at.slice(0, 16).replace("T", " "),
      data: card.source.name,
      surrogate: card.source.surrogate,
    };
    for (const figure of card.figures) {
      row[`figure ${keyOf(figure)}`] = figure.value;
    }
    return row;
  });
  return { columns: [...columns.values()], rows };
}

/** Cards that stand open; older ones unfold. */
const OPEN_CARDS = 4;

async function renderExperiment(
  runs: readonly Run[],
  id: string,
  context: Context,
): Promise<string> {
  const [{ card }] = runs;
  const recent = runs.slice(0, OPEN_CARDS).map(renderCard);
  const older = runs.slice(OPEN_CARDS).map(renderCard);
  const grid = (cards: string[]) =>
    `<div class="cards">\n${cards.join("\n")}\n</div>`;
  const { columns, rows } = comparison(runs);
  const compared = runs.length < 2 ? "" : await renderCell(
    table(`Runs of ${card.experiment}`, [
      { key: "run", title: "Run" },
      { key: "when", title: "When", unit: "UTC" },
      ...columns,
      { key: "data", title: "Data" },
      { key: "surrogate", title: "Surrogate" },
    ], rows),
    context,
  );
  return `<section class="step" aria-labelledby="${id}">
<h2 id="${id}"><span class="number" dir="auto">${
    escapeHtml(card.experiment)
  }</span> <bdi>${escapeHtml(card.title)}</bdi></h2>
${grid(recent)}
${
    older.length === 0
      ? ""
      : `<details class="code older"><summary>${
        formatCount(older.length, "older run")
      }</summary>\n${grid(older)}</details>`
  }
${runs.length < 2 ? "" : renderOverlay(runs, id)}
${compared}
</section>`;
}

/** The index of `runs`, which come newest first. */
export async function renderIndex(
  { runs, hasPlayer }: Omit<Runs, "warnings">,
): Promise<string> {
  const groups = new Map(
    [...Map.groupBy(runs, ({ card }) => card.experiment)]
      .sort(([a], [b]) => compareText(a, b)),
  );
  const context: Context = {
    surrogate: false,
    explained: true,
    taken: new Set(["content"]),
    steps: [],
  };
  const links: string[] = [];
  const sections: string[] = [];
  for (const [experiment, own] of groups) {
    const id = slug(experiment, context.taken);
    context.steps.push({ id, title: experiment });
    links.push(
      `<li><a href="#${id}"><bdi>${escapeHtml(experiment)}</bdi></a></li>`,
    );
    sections.push(await renderExperiment(own, id, context));
  }
  const player = hasPlayer
    ? `<p class="to-player"><a href="${PLAYER_NAME}">Play the 4A-2A</a>: the
levelling amplifier with a knob to turn, for any sound of yours.</p>`
    : `<p class="to-player">To play the levelling amplifier, run
<code>deno task player</code> and build this page again.</p>`;
  const none =
    `<p>No run has left a report here yet. Start one, for example with
<code>deno task exp:sweep</code>, then run <code>deno task report</code> again.</p>`;
  return await renderShell({
    title: "Runs",
    overline: "all runs",
    heading: "What was run, and what it showed",
    subtitle:
      "Every report below this folder, by experiment, the newest run first.",
    facts: [
      `<span>${formatCount(runs.length, "run")} of ${
        formatCount(groups.size, "experiment")
      }</span>`,
    ],
    contents: links.length === 0
      ? ""
      : `<nav class="contents plain" aria-label="Contents"><ol>
${links.join("\n")}
</ol></nav>`,
    main: `${player}\n${sections.join("\n") || none}`,
    scripts: [
      { name: "client.js", code: client },
      { name: "run_index.js", code: overlay },
    ],
    style: indexStyle,
  });
}

/** Builds the index of `folder` in it. @returns its path, and what was found. */
export async function writeIndex(
  folder: string,
): Promise<Runs & { path: string }> {
  const found = await findRuns(folder);
  const path = join(folder, INDEX_NAME);
  await writeFileWhole(path, await renderIndex(found));
  return { ...found, path };
}
