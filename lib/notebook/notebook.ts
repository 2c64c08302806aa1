/**
 * The vocabulary of a notebook: say, step, show, table, each, claim. Output stands
 * where it is computed, save claims, headline figures and what went wrong, which
 * open the page.
 *
 * @module
 */

import { join } from "node:path";
import { writeFileWhole } from "../base/atomic_file.ts";
import { formatCount } from "../base/format.ts";
import type { ResultStore } from "../base/result_store.ts";
import { note, type Progress, startProgress } from "../cli/command_line.ts";
import * as cells from "../report/cells.ts";
import {
  type ColumnChoice,
  columnOf,
  flat,
  keysOf,
  type Row,
} from "./columns.ts";
import { eachOf, type EachStep, type LeftOut } from "./each.ts";

/** What the data of a run are. */
export interface DataFacts {
  /** A word that is fit for a file name. */
  name: string;
  /** The data in a few words, to stand after "of". */
  title: string;
  /** What they are, in a sentence or two. */
  description?: string;
  /** Whether they were made up rather than measured. */
  surrogate: boolean;
  /** JSON that is another where the data are others. */
  identity: unknown;
}

/** What a page is called, and shown by. */
export interface Heading {
  /** Its heading. */
  title: string;
  /** The sentence beneath it. */
  subtitle: string;
  /** Title of the chart that its card shows (default: the first). */
  picture: string;
}

/** A function of the experiment's file whose code is shown, or code as it stands. */
// deno-lint-ignore ban-types
export type CodeOfStep = Function | string;

/** A cell, or a chart that becomes one. */
type Shown = cells.Cell | cells.Chart;

/** A verdict, in short: true is "held", false "did not hold". */
export type VerdictInShort = boolean | "surrogate" | "untested";

const VERDICT: Readonly<Record<string, cells.Verdict>> = {
  true: "held",
  false: "did not hold",
  surrogate: "not comparable (surrogate)",
  untested: "not tested",
};

/** A step for each of several items, with or without something after it. */
export interface Each {
  <Item, Result, Loaded, Begun>(
    what: string,
    items: readonly Item[],
    steps:
      & Omit<EachStep<Item, Result, Loaded, Begun>, "finish">
      & { finish(begun: Begun, item: Item): Promise<Result> },
  ): Promise<Result[]>;
  <Item, Result, Loaded = void>(
    what: string,
    items: readonly Item[],
    steps: EachStep<Item, Result, Loaded, Result>,
  ): Promise<Result[]>;
}

/** The words of an experiment; none of them needs its `this`. */
export interface Notebook {
  /** What the data are. */
  readonly facts: DataFacts;
  /** Folder of the page and of all that is written beside it. */
  readonly folder: string;
  /** Keeps what `each` and `once` do not, such as the state of a training. */
  readonly store: ResultStore;
  /** Sets the page's heading, its subtitle or the picture of its card. */
  titled(heading: Partial<Heading>): void;
  /** Prose: Markdown, best made by the `md` template. */
  say(markdown: string): void;
  /** Opens a numbered step; `code` is a function of the same file, or a text. */
  step(title: string, code?: CodeOfStep): void;
  /** Shows charts, which share `legend`, or any cells. */
  show(shown: Shown | readonly Shown[], legend?: cells.LegendGroup[]): void;
  /** Shows a cell at the top of the page, beneath the headline figures. */
  lead(cell: cells.Cell): void;
  /** Shows rows as they stand in the JSON; `columns` default to all they hold. */
  table(
    caption: string,
    rows: readonly object[],
    columns?: readonly ColumnChoice[],
  ): void;
  /** A banner at the top of the page. */
  warn(title: string, items: readonly string[]): void;
  /** A headline figure: at the top of the page, on its card, on the terminal. */
  headline(figure: cells.Figure): void;
  /**
   * What is claimed, what became of it here, and the figure that it rests on.
   *
   * @param said One sentence, the same in every run.
   * @param verdict "surrogate" where the claim is of a real unit and the data are
   * not; "untested" where this run has nothing to test it on.
   * @param figure What was found, and what it is compared with.
   * @param by Who claims it, with the source.
   */
  claim(
    said: string,
    verdict: VerdictInShort,
    figure: string,
    by?: string,
  ): void;
  /**
   * A step for each of `items`, kept at once and taken up after an interruption;
   * what is left out, and warnings, go to the top of the page.
   */
  each: Each;
  /** One long step, kept under `key`. */
  once<Result>(key: string, compute: () => Promise<Result>): Promise<Result>;
  /** A progress bar for a step that is no `each`; stop it in a `finally`. */
  progress(what: string, total: number): Promise<Progress>;
  /** Writes a file beside the page, whole. @returns its path. */
  write(name: string, content: string | Uint8Array): Promise<string>;
  /** Says something on the terminal, beside the result. */
  note(text: string): void;
}

/** What a notebook holds when it is done. */
export interface Written {
  heading: Partial<Heading>;
  /** Banners, to stand first. */
  notices: cells.Cell[];
  figures: cells.Figure[];
  claims: cells.Claim[];
  /** What stands above the text. */
  lead: cells.Cell[];
  body: cells.Cell[];
  leftOut: LeftOut[];
  /** How many were tried where some were left out, in words: "3 settings". */
  tried: string;
}

/** A new notebook; `source` is the text of the experiment's file. */
export function openNotebook(
  facts: DataFacts,
  store: ResultStore,
  source: string,
): { notebook: Notebook; written: Written } {
  const written: Written = {
    heading: {},
    notices: [],
    figures: [],
    claims: [],
    lead: [],
    body: [],
    leftOut: [],
    tried: "",
  };
  const { notices, figures, claims, body } = written;
  const notebook: Notebook = {
    facts,
    folder: store.folder,
    store,
    titled: (heading) => void Object.assign(written.heading, heading),
    say: (markdown) => void body.push(cells.prose(markdown)),
    step(title, code) {
      const text = typeof code === "function"
        ? cells.codeOf(source, code.name)
        : code;
      body.push(cells.step(title, text));
    },
    show(shown, legend) {
      const charts: cells.Chart[] = [];
      for (const one of [shown].flat() as Shown[]) {
        if ("kind" in one) body.push(one);
        else charts.push(one);
      }
      if (charts.length > 0) body.push(cells.charts(charts, legend));
    },
    lead: (cell) => void written.lead.push(cell),
    table(caption, rows, columns = keysOf(rows as Row[])) {
      body.push(
        cells.table(
          caption,
          columns.map(columnOf),
          rows.map((row) => flat(row as Row)),
        ),
      );
    },
    warn: (title, items) => void notices.push(cells.notice(title, [...items])),
    headline: (figure) => void figures.push(figure),
    claim(said, short, figure, by) {
      const verdict = VERDICT[String(short)];
      claims.push({ said, verdict, figure, ...(by && { by }) });
    },
    async each<Item, Result, Loaded, Begun>(
      what: string,
      items: readonly Item[],
      steps: EachStep<Item, Result, Loaded, Begun>,
    ) {
      const found = await eachOf(what, items, steps, store);
      const { results, leftOut, warnings } = found;
      if (leftOut.length > 0) {
        written.leftOut.push(...leftOut);
        written.tried = formatCount(items.length, steps.noun ?? "step");
        notebook.warn(
          `Left out: ${leftOut.length} of ${written.tried}, whose recordings cannot be used`,
          leftOut.map(({ name, reason }) => `${name}: ${reason}`),
        );
      }
      if (warnings.length > 0) {
        notebook.warn("Warnings: take these results with care", warnings);
      }
      return results;
    },
    async once<Result>(key: string, compute: () => Promise<Result>) {
      const kept = await store.get<Result>(key);
      if (kept !== undefined) return kept;
      const result = await compute();
      await store.put(key, result);
      return result;
    },
    progress: startProgress,
    async write(name, content) {
      const path = join(store.folder, name);
      await writeFileWhole(path, content);
      return path;
    },
    note,
  };
  return { notebook, written };
}
