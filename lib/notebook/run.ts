/**
 * One run of an experiment: config, engine, data, store, the notebook, and what it
 * leaves: the page with its card, the JSON, a summary, an exit code.
 *
 * @module
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Option } from "@commander-js/extra-typings";
import type * as z from "zod";
import { writeFileWhole } from "../base/atomic_file.ts";
import { loadConfig } from "../base/config.ts";
import {
  formatDuration,
  formatInteger,
  formatNumber,
  withUnit,
} from "../base/format.ts";
import { inputsOf, openResultStore } from "../base/result_store.ts";
import {
  bold,
  configOf,
  exists,
  printResult,
  resultsFolder,
  withEngine,
} from "../cli/command_line.ts";
import type { SourceFacts } from "../data/source.ts";
import type { EngineName } from "../engines/open.ts";
import type { Model } from "../models/model.ts";
import type { Figure } from "../report/cells.ts";
import { changedFrom } from "./config_options.ts";
import type { ConfigOf, Experiment, Given, Run } from "./experiment.ts";
import { type DataFacts, openNotebook, type Written } from "./notebook.ts";

/** What the command of an experiment knows beside what it is. */
export interface Place {
  path: string;
  name: string;
  schema: z.ZodType;
  byKey: Readonly<Record<string, Option>>;
  given: Given;
}

/** Runs an experiment. */
export async function runExperiment<Shape extends z.core.$ZodLooseShape, Data>(
  about: Experiment<Shape, Data>,
  run: (
    run: Run<ConfigOf<Shape>, Data>,
  ) => Promise<Record<string, unknown> | undefined>,
  { path, name, schema, byKey, given }: Place,
  options: { config?: string; set: string[]; out?: string; json?: string },
): Promise<void> {
  const started = performance.now();
  const plain = new URL(`../configs/${name}.yaml`, about.url);
  // An experiment may do without a file of its defaults.
  const file = await exists(fileURLToPath(plain)) ? plain : NO_CONFIG;
  const checked = await configOf(
    schema,
    file,
    { config: options.config, set: options.set, json: options.json },
    Object.fromEntries(
      Object.entries(byKey).map((
        [key, option],
      ) => [key, given[option.attributeName()]]),
    ),
    Object.fromEntries(
      Object.entries(byKey).map(([key, { long }]) => [key, long!]),
    ),
  ) as ConfigOf<Shape>;
  const config = hasEngine(checked)
    ? await withEngine(
      checked,
      about.engineFor?.(checked) ?? checked.model,
      about.engineNeeds,
    )
    : checked;
  const opened = await about.open(config, given);
  const { facts } = opened;
  const written = writtenConfig(config) as Record<string, unknown>;
  const { keeps = true } = about;
  const parent = join(resultsFolder(options.out), name);
  const store = await openResultStore(
    parent,
    facts.name,
    inputsOf(written, facts),
    keeps ? undefined : parent,
  );
  let book: Written;
  let results: Record<string, unknown> | undefined;
  try {
    const source = await Deno.readTextFile(path);
    const { notebook, written } = openNotebook(facts, store, source);
    book = written;
    results = await run({ ...notebook, config, given, data: opened.data });
  } finally {
    opened.close?.();
  }

  const seconds = (performance.now() - started) / 1000;
  if (results === undefined) {
    await printResult(
      `A share was done in ${
        formatDuration(seconds)
      }; a run without --part takes it up.`,
      { seconds, store: store.folder, left_out: book.leftOut.length },
      options.json,
    );
    return;
  }
  const page = join(store.folder, "report.html");
  const { bibtex, claims, config: configCell, figures } = await import(
    "../report/cells.ts"
  );
  const { PAPER_BIBTEX, pageLinks } = await import("../report/references.ts");
  const { runtimeFacts, writeReport } = await import("../report/page.ts");
  const changed = changedFrom(
    writtenConfig(await loadConfig(schema, file)),
    written,
  );
  await writeReport(page, {
    experiment: name,
    title: about.title,
    subtitle: about.subtitle,
    ...book.heading,
    source: {
      name: facts.title,
      surrogate: facts.surrogate,
      description: facts.description,
    },
    changed,
    links: pageLinks(page, resultsFolder(options.out)),
    generatedAt: new Date(),
    provenance: {
      ...runtimeFacts(),
      ...("engine" in written && { "Engine": String(written.engine) }),
      ...seedOf(written),
      "Time": formatDuration(seconds),
    },
  }, [
    ...book.notices,
    ...(book.claims.length > 0 ? [claims(book.claims)] : []),
    ...(book.figures.length > 0 ? [figures(book.figures)] : []),
    ...book.lead,
    ...book.body,
    bibtex(...about.cites ?? [PAPER_BIBTEX]),
    configCell(written),
  ]);

  const { identity, title, description, surrogate, ...rest } = facts;
  const data = rest as Partial<SourceFacts>;
  const json = JSON.parse(JSON.stringify(
    {
      source: {
        name: data.name,
        title,
        description,
        surrogate,
        seconds: data.seconds,
        sample_rate: data.sampleRate,
        identity,
      },
      sample_rate: data.sampleRate,
      engine: written.engine,
      ...modelOf(config),
      seconds,
      report: page,
      changed,
      claims: book.claims,
      ...results,
      left_out: book.leftOut.map(({ row }) => row),
    },
    (_, value) => value === Infinity ? "∞" : value,
  ));
  await writeFileWhole(
    join(store.folder, "results.json"),
    `${JSON.stringify(json, null, 2)}\n`,
  );
  await printResult(
    summaryOf(facts, book, seconds, page),
    json,
    options.json,
  );
  if (book.leftOut.length > 0) {
    const count = book.leftOut.length;
    throw new Error(
      `${count} of ${book.tried} ${
        count === 1 ? "was" : "were"
      } left out: ${page} says why; the rest lies beside it`,
    );
  }
}

/** Where an experiment without a file of defaults has them: nothing is said there. */
const NO_CONFIG = new URL("./no_config.yaml", import.meta.url);

function hasEngine(
  config: unknown,
): config is { engine: "auto" | EngineName; model?: Model } {
  return typeof config === "object" && config !== null && "engine" in config;
}

/** `config` as it is written: models by their names. */
function writtenConfig(config: unknown): unknown {
  if (Array.isArray(config)) return config.map(writtenConfig);
  if (typeof config !== "object" || config === null) return config;
  if (isModel(config)) return config.name;
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key, writtenConfig(value)]),
  );
}

function isModel(value: object): value is Model {
  return "parameters" in value && "name" in value;
}

/** Name and parameters of the model that a config has, if it has one. */
function modelOf(config: object): Record<string, unknown> {
  const { model } = config as { model?: unknown };
  if (typeof model !== "object" || model === null || !isModel(model)) return {};
  return {
    model: model.name,
    order: model.parameters.map(({ name }) => name),
  };
}

function seedOf(config: Record<string, unknown>): Record<string, number> {
  const { seed } = (config.data ?? config) as { seed?: number };
  return seed === undefined ? {} : { "Seed": seed };
}

/** What a run showed, for a terminal: its headline figures and claims. */
function summaryOf(
  facts: DataFacts,
  { figures, claims }: Written,
  seconds: number,
  page: string,
): string {
  const lines: [string, string][] = [
    [
      "Data",
      facts.surrogate && !/surrogate/.test(facts.title)
        ? `${facts.title} (surrogate data)`
        : facts.title,
    ],
    ...figures.map((figure): [string, string] => [
      figure.label,
      `${valueOf(figure)}${figure.note ? ` (${figure.note})` : ""}`,
    ]),
    ["Time", formatDuration(seconds)],
    ["Report", page],
  ];
  const width = Math.max(...lines.map(([label]) => label.length)) + 3;
  return [
    ...claims.map(({ said, verdict, figure }) =>
      `${bold(verdict)}: ${said}: ${figure}`
    ),
    ...lines.map(([label, text]) =>
      `${bold(label)}${" ".repeat(width - label.length)}${text}`
    ),
  ].join("\n");
}

function valueOf({ value, unit = "", digits }: Figure): string {
  return typeof value === "string" ? value : withUnit(
    digits === undefined && Number.isInteger(value)
      ? formatInteger(value)
      : formatNumber(value, digits),
    unit,
  );
}
