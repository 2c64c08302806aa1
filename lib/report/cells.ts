/**
 * The cells of a report, in the order in which an experiment makes them.
 *
 * A report is a list of plain cells, like a notebook: prose, a step with its
 * code, headline figures, charts, tables, the config. The functions here only
 * make them; `page.ts` turns a list of cells into a page.
 *
 * @module
 */

import type { TopLevelSpec } from "vega-lite";
import type { MaybeNumber } from "../base/format.ts";

/** Markdown. Use the `md` template for prose with values in it. */
export interface ProseCell {
  kind: "prose";
  /** The Markdown. */
  markdown: string;
}

/** Opens a numbered step; the cells up to the next one belong to it. */
export interface StepCell {
  kind: "step";
  /** What is done. */
  title: string;
  /** The code that does it, shown folded. */
  code?: string;
}

/** A banner with what a reader must know before anything else. */
export interface NoticeCell {
  kind: "notice";
  /** What it is about. */
  title: string;
  /** One line each: plain text. */
  items: string[];
}

/** One headline figure. */
export interface Figure {
  /** What it is. */
  label: string;
  /** Its value; a string is shown as it is. */
  value: MaybeNumber | string;
  /** Unit of the value. */
  unit?: string;
  /** Significant digits of a number (default 4, all of a whole number). */
  digits?: number;
  /** A few words beneath, such as what it compares with. */
  note?: string;
}

/** Headline figures, side by side. */
export interface FiguresCell {
  kind: "figures";
  /** The figures. */
  figures: Figure[];
}

/** One chart. */
export interface Chart {
  /** Its heading; also names its files. */
  title: string;
  /** The chart in Vega-Lite, with its data inside. */
  spec: TopLevelSpec;
  /** What to see in it: plain text beneath, and its description read aloud. */
  caption?: string;
}

/** One key of a legend. */
export interface LegendItem {
  /** Value of the field that the key switches. */
  value: string | number;
  /** What the key says (default: the value). */
  label?: string;
  /** Colour of the series, as the spec names it (default: that of the text). */
  colour?: string;
  /** Dashes of its line, as in Vega's `strokeDash`. */
  dash?: number[];
  /** Opacity of its line. */
  opacity?: number;
}

/** The keys for one field of the data. */
export interface LegendGroup {
  /** Field of the data rows that the keys switch. */
  field: string;
  /** Heading of the keys. */
  title: string;
  /** The keys. */
  items: LegendItem[];
}

/** Charts that share a legend. Two or more stand in a grid. */
export interface ChartsCell {
  kind: "charts";
  /** The charts. */
  charts: Chart[];
  /**
   * Keys that show and hide the rows of all these charts. They take the place
   * of Vega's own legend on the page; downloaded pictures have that one.
   */
  legend: LegendGroup[];
}

/** What a cell of a table may hold. */
export type TableValue = string | number | boolean | null | undefined;

/** One column of a table. */
export interface Column {
  /** Key of the value in a row, and the heading in the CSV file. */
  key: string;
  /** Heading on the page (default: the key). */
  title?: string;
  /** Unit, shown beneath the heading. */
  unit?: string;
  /** Significant digits of the numbers (default 4, all of whole numbers). */
  digits?: number;
  /** Fixed decimals instead of significant digits. */
  decimals?: number;
}

/** A table that can be sorted and downloaded. */
export interface TableCell {
  kind: "table";
  /** What it shows; also names its file. */
  caption: string;
  /** The columns; the first heads each row. */
  columns: Column[];
  /** The rows. */
  rows: Record<string, TableValue>[];
}

/** A short sound. */
export interface SoundClip {
  /** What it is. */
  label: string;
  /** A few words beneath. */
  note?: string;
  /** The sound as a WAVE file; it becomes part of the page, so keep it short. */
  wav: Uint8Array;
}

/** Sounds to listen to, side by side. */
export interface SoundsCell {
  kind: "sounds";
  /** What they are of. */
  caption: string;
  /** The sounds. */
  clips: SoundClip[];
}

/** A part of the page with scripts of its own, such as a player. */
export interface WidgetCell {
  kind: "widget";
  /** Its heading. */
  title: string;
  /** Plain text beneath it. */
  caption?: string;
  /** Word that its script knows it by. */
  name: string;
  /** HTML of it, in which every text is escaped. */
  html: string;
  /** JSON for its script, which finds it in the element of class `widget-data`. */
  data: unknown;
  /** Scripts, each once on a page; they run in their order, after the page's own. */
  scripts: { name: string; code: string }[];
  /** Rules of its style. */
  style: string;
  /** What scripts may be beside those of the page, as its policy names them. */
  scriptSources?: string[];
}

/** What became of a claim in a run. */
export const VERDICTS = [
  "held",
  "did not hold",
  "not comparable (surrogate)",
  "not tested",
] as const;

/** What became of a claim in a run. */
export type Verdict = typeof VERDICTS[number];

/** What the paper claims, or the experiment is for, and what became of it here. */
export interface Claim {
  /** The claim: one sentence that holds or does not. */
  said: string;
  /** What became of it. */
  verdict: Verdict;
  /** The figure that the verdict rests on, with what it is to be compared with. */
  figure: string;
  /** Who claims it (default: the experiment itself). */
  by?: string;
}

/** The claims that a report is about. */
export interface ClaimsCell {
  kind: "claims";
  /** The claims. */
  claims: Claim[];
}

/** The whole config of the run, shown folded as YAML. */
export interface ConfigCell {
  kind: "config";
  /** The config. */
  value: unknown;
}

/** Anything a report holds. */
export type Cell =
  | ProseCell
  | StepCell
  | NoticeCell
  | FiguresCell
  | ChartsCell
  | TableCell
  | SoundsCell
  | ClaimsCell
  | WidgetCell
  | ConfigCell;

/** A cell of prose. */
export function prose(markdown: string): ProseCell {
  return { kind: "prose", markdown };
}

/** Opens a step; `code` is what does it, see {@linkcode codeOf}. */
export function step(title: string, code?: string): StepCell {
  return { kind: "step", title, code };
}

/** A banner with `items` under `title`. */
export function notice(title: string, items: string[]): NoticeCell {
  return { kind: "notice", title, items };
}

/** A cell of headline figures. */
export function figures(list: Figure[]): FiguresCell {
  return { kind: "figures", figures: list };
}

/** A cell of charts that share `legend`. */
export function charts(list: Chart[], legend: LegendGroup[] = []): ChartsCell {
  return { kind: "charts", charts: list, legend };
}

/** A cell with one table. */
export function table(
  caption: string,
  columns: Column[],
  rows: Record<string, TableValue>[],
): TableCell {
  return { kind: "table", caption, columns, rows };
}

/** A cell of sounds to listen to. */
export function sounds(caption: string, clips: SoundClip[]): SoundsCell {
  return { kind: "sounds", caption, clips };
}

/** A cell of claims and what became of them. */
export function claims(list: Claim[]): ClaimsCell {
  return { kind: "claims", claims: list };
}

/** A cell with the whole config. */
export function config(value: unknown): ConfigCell {
  return { kind: "config", value };
}

/**
 * The code of the top-level function `name` in `source`, with its doc comment:
 * from its first line to the first line that is a lone `}`.
 *
 * An experiment gets its own source with
 * `import source from "./04_la2a_sweep.ts" with { type: "text" }`.
 *
 * @throws {Error} where `source` has no such function.
 */
export function codeOf(source: string, name: string): string {
  const head = new RegExp(
    String.raw`^(?:/\*\*(?:(?!\*/)[^])*\*/\n)?(?:export )?(?:async )?` +
      String.raw`function\*? ${name}\b[^]*?^\}$`,
    "m",
  );
  const found = head.exec(source);
  if (!found) {
    throw new Error(
      `no top-level function "${name}" in the source given: check the name that the step's code is asked by`,
    );
  }
  return found[0];
}
