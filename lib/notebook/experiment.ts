/**
 * An experiment: one file, read from top to bottom, that is a command and writes a
 * page. What is the same in all of them is done here.
 *
 *     export const command = experiment({
 *       url: import.meta.url,
 *       task: "exp:gain",
 *       about: "finds the gain of a unit.",
 *       title: "One gain",
 *       config: { engine: engineSchema.default("wasm"), data: dataSchema.prefault({}) },
 *       open: pairSource,
 *     }, async ({ config, data, say, step, each, table, claim }) => {
 *       say(md`A unit that does nothing but turn the sound up or down …`);
 *       step("Each setting", gainOf);
 *       const settings = await each("Gains", data.settings(), {
 *         key: keyOfSetting,
 *         noun: "setting",
 *         load: (setting) => data.load(setting),
 *         run: gainOf,
 *       });
 *       table("Every setting", settings);
 *       claim("The gain never rises", rises === 0, `${rises} rises`);
 *       return { settings };
 *     });
 *
 *     if (import.meta.main) await runCommand(command);
 *
 * **The config** is a shape of zod schemas; values come from `configs/NAME.yaml`, where
 * NAME is that of the file, if there is one, and else from the schemas' defaults. Parts
 * bring their options: `model` `--model`, `engine` `--engine` (and then it is chosen
 * before the run), `data.unit` `--unit`, `data.folder` `--data`, `data.stimulus`
 * `--stimulus`. Options of an experiment's own stand in `options` by the key of the
 * config that they set, or in `extra`, whose values come in `given`.
 *
 * **The data** are opened by `open`, which says what they are: {@linkcode pairSource} for
 * a config whose `data` is `dataSchema`. Surrogate data get their banner, their tags and
 * their line on the terminal from `facts.surrogate` alone.
 *
 * **Results** of `each` and `once` are kept in `reports/NAME/DATA-FINGERPRINT/results`
 * under their keys, and an interrupted run takes up there; a changed config starts anew.
 * What the run returns is the JSON's: rows in snake_case, parameters below `params`, as
 * they go into `table` too. Before it come source, engine, model and claims. The same
 * JSON lies beside the page as `results.json`.
 *
 * **Steps that take long** are either `each`, a step for each of several items whose
 * result is kept as it comes (`key`; `load` reads the next item meanwhile, `run` works,
 * `finish` scores it beside the next, `follows` hands `run` the result before it, `open`
 * holds what they share, such as `keepReady(engine)`, `leaveOut` goes on without a
 * recording that cannot be used), or `once`, one step kept whole. Steps of a library,
 * such as `sweepSteps`, go straight in: `each("Fitting", settings, { ...sweepSteps(…) })`.
 * A training that keeps its state uses `store` itself, with `progress` for its bar.
 *
 * **Output**: `say` takes Markdown from the `md` template, which escapes its values;
 * `step` a title and the function of this file that does it, or `codeOf(text, name)` of
 * another; `show` charts (`lineChart`, `dotChart` and the like of `report/charts.ts`, or
 * any `{ title, caption, spec }` with a Vega-Lite spec that holds its data), or cells of
 * `report/cells.ts`: `sounds`, `figures`, `notice`; `table` rows, with columns by key, as
 * parameters of a model, or spelt out; `write` a file beside the page; `lead` a cell above
 * the text, such as `knobFigure`; `titled` the heading where the run decides on it, and
 * the chart that the index shows (`picture`, by its title). Prose says what
 * is so by construction; what depends on the run stands in figures, tables and claims.
 *
 * **Claims, headline figures, left-out items and warnings** open the page wherever
 * they are made; the first two are on the card and on the terminal as well. A claim is
 * one sentence, the same in every run, with a verdict of this run: true, false,
 * "surrogate" where it is about a real unit and the data are not of one, "untested" where
 * the run has nothing to test it on; with the figure it rests on, and who claims it.
 *
 * **Errors** end the run with one line and exit code 1, and leave no page; items that
 * `each` left out give a page and exit code 1.
 *
 * @module
 */

import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { Command, type Option } from "@commander-js/extra-typings";
import * as z from "zod";
import {
  configOption,
  jsonOption,
  outOption,
  setOption,
} from "../cli/command_line.ts";
import { openBackgroundSource } from "../data/background_source.ts";
import { type DataConfig, requireOneSource } from "../data/data_config.ts";
import { type PairSource, type SourceFacts } from "../data/source.ts";
import type { EngineName, EngineNeeds } from "../engines/open.ts";
import type { Model } from "../models/model.ts";
import { optionsOf } from "./config_options.ts";
import type { DataFacts, Notebook, VerdictInShort } from "./notebook.ts";
import { runExperiment } from "./run.ts";

export type { DataFacts, Notebook, VerdictInShort };

/** A checked config of this shape, with the engine that was chosen. */
export type ConfigOf<Shape extends z.core.$ZodLooseShape> =
  & z.output<z.ZodObject<Shape, z.core.$strict>>
  & (Shape extends { engine: unknown } ? { engine: EngineName } : unknown);

/** Data that an experiment works on. */
export interface OpenData<Data> {
  /** What they are. */
  facts: DataFacts;
  /** What the run gets as `data`. */
  data: Data;
  /** Gives back what they hold, after the run. */
  close?(): void;
}

/** Values of the options in `extra`, by their names in camelCase. */
export type Given = Record<string, unknown>;

/** What an experiment is. */
export interface Experiment<Shape extends z.core.$ZodLooseShape, Data> {
  /** `import.meta.url` of its file, which names it: `04_la2a_sweep`. */
  url: string;
  /** Its task in `deno.json`, for the help. */
  task: string;
  /** What its page says to cite, in BibTeX (default: the paper of 4A-2A). */
  cites?: readonly string[];
  /** What it does, in a sentence or two, for the help. */
  about: string;
  /** Heading of its page. */
  title: string;
  /** Sentence beneath the heading. */
  subtitle?: string;
  /** Schemas of its config, by key. */
  config: Shape;
  /** Checks of the config as a whole, as zod's `superRefine` takes them. */
  check?(config: never, context: z.RefinementCtx): void;
  /** Its own options, by the key of the config that each sets. */
  options?: Readonly<Record<string, Option>>;
  /** Its own options that are no part of the config. */
  extra?: readonly Option[];
  /** Text of the help before the examples. */
  notes?: string;
  /** Command lines for the help. */
  examples?: readonly string[];
  /** The model that the engine is chosen for (default: the config's). */
  engineFor?(config: ConfigOf<Shape>): Model;
  /** What the engine must be able to do beside that. */
  engineNeeds?: EngineNeeds;
  /** Opens the data; see {@linkcode pairSource}. */
  open(config: ConfigOf<Shape>, given: Given): Promise<OpenData<Data>>;
  /**
   * Whether results are kept for another run (default yes); without, the page of
   * the last run takes the place of the one before.
   */
  keeps?: boolean;
}

/** What a run works with: the words of the notebook, its config and its data. */
export interface Run<Config, Data> extends Notebook {
  readonly config: Config;
  readonly data: Data;
  readonly given: Given;
}

/** Opens the source of pairs that a config's `data` names, in a thread of its own. */
export async function pairSource(
  { data }: { data: DataConfig },
  given: Given,
): Promise<OpenData<PairSource> & { facts: SourceFacts }> {
  requireOneSource(data, given.unit as string | undefined);
  const source = await openBackgroundSource(data);
  return {
    facts: source.describe(),
    data: source,
    close: () => source[Symbol.dispose](),
  };
}

/**
 * The command of an experiment; `run` is the notebook, and returns its results, or
 * nothing where it did a share of the work for another run to take up.
 */
export function experiment<
  const Shape extends z.core.$ZodLooseShape,
  Data,
>(
  about: Experiment<Shape, Data>,
  run: (
    run: Run<ConfigOf<Shape>, Data>,
  ) => Promise<Record<string, unknown> | undefined>,
): Command {
  const path = fileURLToPath(about.url);
  const name = basename(path).replace(/\.[jt]s$/, "");
  const number = /^\d+/.exec(name)?.[0];
  const strict = z.strictObject(about.config);
  const schema = about.check === undefined
    ? strict
    : strict.superRefine(about.check as never);
  const byKey = { ...optionsOf(strict), ...about.options };
  const command = new Command(`deno task ${about.task}`)
    .description(`${number ? `Experiment ${number}: ` : ""}${about.about}`);
  for (const option of [...Object.values(byKey), ...about.extra ?? []]) {
    command.addOption(option);
  }
  return command
    .addOption(configOption(name))
    .addOption(setOption())
    .addOption(outOption())
    .addOption(jsonOption())
    .addHelpText("after", helpOf(about))
    .action(async (options) => {
      const given = options as Given;
      await runExperiment(
        about,
        run,
        { path, name, schema: schema as z.ZodType, byKey, given },
        options,
      );
    }) as Command;
}

function helpOf<Shape extends z.core.$ZodLooseShape, Data>(
  { task, notes, examples = [], keeps = true }: Experiment<Shape, Data>,
): string {
  const resuming = keeps
    ? "A run that was interrupted takes up where it was; a changed config starts anew."
    : "";
  const lines = [`deno task ${task}`, ...examples].map((line) => `  ${line}`);
  return `\n${
    [resuming, notes].filter(Boolean).map((text) => `${text}\n`).join("")
  }\nExamples:\n${lines.join("\n")}`;
}
