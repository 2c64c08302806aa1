/**
 * What the commands share: how they report errors, print results, show progress
 * and read paths and configs.
 *
 * @module
 */

import { basename, dirname, isAbsolute, join, relative, sep } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { styleText } from "node:util";
import {
  type CommandUnknownOpts,
  Help,
  InvalidArgumentError,
  Option,
} from "@commander-js/extra-typings";
import type * as z from "zod";
import { removeUnfinished, writeFileWhole } from "../base/atomic_file.ts";
import { loadConfig, type Override } from "../base/config.ts";
import {
  chooseEngine,
  ENGINE_NAMES,
  type EngineName,
  type EngineNeeds,
} from "../engines/open.ts";
import { UNIT_NAMES } from "../data/unit.ts";
import { isFileError, reasonOf } from "../base/file_error.ts";
import { formatDuration } from "../base/format.ts";
import type { Model } from "../models/model.ts";
import type { Range } from "../objective/coordinates.ts";
import { userPath } from "../base/user_path.ts";

export { userPath };

/**
 * Parses the command line and runs the command's action. An error ends the
 * program with one line that says what is wrong and exit code 1.
 */
export async function runCommand(command: CommandUnknownOpts): Promise<void> {
  const plain = new Help();
  command.configureHelp({
    // That a repeatable option is not there at first goes without saying.
    optionDescription: (option) =>
      plain.optionDescription(option).replace(" (default: [])", ""),
  });
  for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
    if (Deno.build.os === "windows" && signal === "SIGTERM") continue;
    Deno.addSignalListener(signal, () => {
      removeUnfinished();
      // A progress bar hides the cursor.
      if (Deno.stderr.isTerminal()) console.error("\x1b[?25h");
      Deno.exit(code);
    });
  }
  try {
    await command.parseAsync(wordsOf(command, Deno.args), { from: "user" });
  } catch (error) {
    console.error(`${styleText("red", "error:")} ${messageOf(error)}`);
    Deno.exit(1);
  }
}

/**
 * What the person typed. `deno task` hands on a "--" before the options, which is
 * left out; before a file whose name begins with "-" it has its usual meaning.
 */
function wordsOf(command: CommandUnknownOpts, given: string[]): string[] {
  const [first, next = ""] = given;
  const isOption = [
    ...command.options.flatMap(({ short, long }) => [short, long]),
    "-h",
    "--help",
  ].includes(next.split("=")[0]);
  const isFile = next.startsWith("-") && !isOption;
  return first === "--" && !isFile ? given.slice(1) : given;
}

/** One line, or a few, that tell a person what is wrong with what and the remedy. */
export function messageOf(error: unknown): string {
  return printable(error instanceof Error ? wordingOf(error) : String(error));
}

function wordingOf(error: Error): string {
  const isForbidden = error instanceof Deno.errors.NotCapable;
  if (!isForbidden && !isFileError(error)) return error.message;
  // What the system says of a file holds the path, or paths, in quotes.
  const [paths] = /'.*'|".*"/.exec(error.message) ?? [];
  return paths === undefined
    ? `${reasonOf(error)}: check where the output goes`
    : `${paths}: ${
      reasonOf(error)
    }. Check the path, and that it may be read or written to`;
}

/** `text`, maybe from a file, without characters that would steer a terminal. */
export function printable(text: string): string {
  return text.replace(
    /(?!\n)\p{Cc}/gu,
    (character) =>
      `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

/** Collects a repeatable option's values. */
export function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

/**
 * Prints a result: `text` for people, and `data` as JSON where `json` names a
 * file, or instead of the text where it is "-".
 */
export async function printResult(
  text: string,
  data: unknown,
  json?: string,
): Promise<void> {
  const serialised = `${JSON.stringify(data, null, 2)}\n`;
  if (json === "-") {
    console.log(serialised.trimEnd());
    return;
  }
  try {
    console.log(text);
  } finally {
    // The result is not lost where it cannot be printed.
    if (json !== undefined) await writeFileWhole(userPath(json), serialised);
  }
}

/**
 * Refuses to write over what is read, such as a recording or any file of a folder
 * of them, and over what is written besides. A page or JSON in such a folder may
 * be written, also again. Links and different spellings of one path are seen
 * through.
 *
 * @param inputs Files and folders that the command reads, as the person named them.
 * @param outputs What it writes, by the option or argument that names it.
 * @throws {Error} naming the option and the file.
 */
export async function requireDistinctFiles(
  inputs: readonly (string | null | undefined)[],
  outputs: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const read = new Map<string, string>();
  for (const name of inputs) {
    if (!name) continue; // What is empty is no folder, and said to be elsewhere.
    read.set(await realPathOf(userPath(name)), name);
  }
  const written = new Map<string, string>();
  for (const [option, name] of Object.entries(outputs)) {
    if (name === undefined || name === "-") continue;
    const path = await realPathOf(userPath(name));
    const isNew = /\.(html|json)$/i.test(path) || !await exists(path);
    for (const [other, said] of read) {
      if (path === other || (isWithin(path, other) && !isNew)) {
        const place = path === other ? "" : " a file in";
        throw new Error(
          `${option} ${name} would overwrite${place} ${said}, which is read: choose another name`,
        );
      }
    }
    for (const [other, said] of written) {
      if (isWithin(path, other)) {
        const does = path === other ? "would overwrite" : "lies in";
        throw new Error(
          `${option} ${name} ${does} what ${said} writes: choose another name`,
        );
      }
    }
    written.set(path, option);
  }
}

/** Whether there is something at `path`, a link that leads nowhere included. */
export async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}

/** Whether `path` is `folder` or lies in it; links are seen through. */
export async function liesIn(path: string, folder: string): Promise<boolean> {
  return isWithin(
    await realPathOf(userPath(path)),
    await realPathOf(userPath(folder)),
  );
}

function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/** `path` without links; of what is not there yet, its folder's. */
async function realPathOf(path: string): Promise<string> {
  try {
    return await Deno.realPath(path);
  } catch {
    const folder = dirname(path);
    return folder === path
      ? path
      : join(await realPathOf(folder), basename(path));
  }
}

/** Where what `--params` gave comes from: the file, or the option itself. */
export function placeOfParameters(given: string): string {
  const isText = /^\s*(\{|\[.*\]\s*$)/s.test(given);
  return isText ? "--params" : given;
}

/** The options of a command that reads a config, in `configs/`. */
export interface ConfigOptions {
  /** `--config`. */
  config?: string;
  /** `--set`. */
  set?: string[];
  /** `--engine`. */
  engine?: string;
  /** `--model`. */
  model?: string;
  /** `--range`, each time it was given. */
  range?: (readonly [name: string, range: Range])[];
  /** `--unit`. */
  unit?: string;
  /** `--data`. */
  data?: string;
  /** `--stimulus`. */
  stimulus?: string;
  /** `--json`. */
  json?: string;
}

/** The options that set a key of a config, by that key. */
const OPTION_OF: Readonly<Record<string, string>> = {
  engine: "--engine",
  model: "--model",
  tfjs_backend: "--tfjs-backend",
  "alignment.enabled": "--no-align",
  "chunks.chunk_seconds": "--chunk",
  "chunks.overlap_seconds": "--overlap",
  "data.folder": "--data",
  "data.stimulus": "--stimulus",
  "data.unit": "--unit",
  "pair.dry": "--dry",
  "pair.wet": "--wet",
};

/**
 * Reads the config called `name`, or at the address `name`, or what `--config` names
 * instead, with the other options on top, and `more` values by their keys in the
 * config, where `optionOf` says which option set them. Makes sure that `--json` does
 * not overwrite it, nor the recordings that it names.
 */
export async function configOf<Schema extends z.ZodType>(
  schema: Schema,
  name: string | URL,
  options: ConfigOptions,
  more: Record<string, unknown> = {},
  optionOf: Readonly<Record<string, string>> = OPTION_OF,
): Promise<z.output<Schema>> {
  const values = {
    engine: options.engine,
    model: options.model,
    "data.unit": options.unit,
    "data.folder": options.data,
    "data.stimulus": options.stimulus,
    ...more,
  };
  const overrides: Override[] = Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ({
      option: typeof value === "boolean"
        ? optionOf[key] ?? key
        : `${optionOf[key] ?? key} ${JSON.stringify(value)}`,
      key,
      value,
    }));
  for (const [name, ends] of options.range ?? []) {
    overrides.push({
      option: `--range ${name}=${ends.join("..")}`,
      key: `solver.ranges.${name}`,
      value: [...ends],
    });
  }
  const config = await loadConfig(
    schema,
    options.config === undefined
      ? typeof name === "string"
        ? new URL(`../../configs/${name}.yaml`, import.meta.url)
        : name
      : userPath(options.config),
    [...options.set ?? [], ...overrides],
  );
  const { data, pair } = config as {
    data?: { folder?: string | null; stimulus?: string | null };
    pair?: { dry: string | null; wet: string | null };
  };
  await requireDistinctFiles(
    [options.config, data?.folder, data?.stimulus, pair?.dry, pair?.wet],
    { "--json": options.json },
  );
  return config;
}

/**
 * The config with the engine that is to be used for `model`, by default its own if it
 * has one; says which, and why.
 */
export async function withEngine<
  Config extends { engine: typeof ENGINE_NAMES[number]; model?: Model },
>(
  config: Config,
  model = config.model,
  needs?: EngineNeeds,
): Promise<Config & { engine: EngineName }> {
  const { engine, reason } = await chooseEngine(config.engine, model, needs);
  if (reason !== undefined) note(`Engine: ${reason}`);
  return { ...config, engine };
}

/** The option `--config`, by default the one called `name`. */
export function configOption(name: string) {
  return new Option(
    "--config <FILE.yaml>",
    `settings (default: configs/${name}.yaml)`,
  );
}

/** The option `--set`. */
export function setOption() {
  return new Option("--set <key=value>", "change one setting; repeatable")
    .argParser(collect).default([] as string[]);
}

/** The option `--engine`. */
export function engineOption() {
  return new Option(
    "--engine <name>",
    "what computes the objective (default: the config's)",
  ).choices(ENGINE_NAMES);
}

/** The option `--unit`. */
export function unitOption() {
  return new Option("--unit <unit>", "built-in unit: optical is a surrogate")
    .choices(UNIT_NAMES);
}

/** The option `--data`. */
export function dataOption() {
  return new Option(
    "--data <DIR>",
    "a data set in SignalTrain's layout instead",
  );
}

/** The option `--stimulus`. */
export function stimulusOption() {
  return new Option(
    "--stimulus <DIR>",
    "your own music to drive the built-in unit with",
  );
}

/** The project's own folder of results. */
export const REPORTS = fileURLToPath(new URL("../../reports", import.meta.url));

/** The option `--out` of the experiments; see {@linkcode REPORTS}. */
export function outOption() {
  return new Option(
    "--out <DIR>",
    "where results go (default: reports/ in the project's folder)",
  );
}

/** The folder of results that `--out` names. */
export function resultsFolder(out: string | undefined): string {
  return out === undefined ? REPORTS : userPath(out);
}

/** A channel that an option names, counted from 1. */
export function channelOf(text: string): number {
  const channel = Number(text);
  if (Number.isInteger(channel) && channel >= 1) return channel;
  throw new InvalidArgumentError("give a whole number from 1.");
}

/** Help of the option `--channel` of what reads a dry and a wet recording. */
export const CHANNEL_HELP =
  "channel of both recordings, from 1 (default: all that differ)";

/** Help of the option `--link` there. */
export const LINK_HELP =
  "the unit's channels share a detector, which hears the loudest";

/** The option `--json`. */
export function jsonOption() {
  return new Option(
    "--json <FILE>",
    'write the result as JSON; "-" prints only that',
  );
}

/** Says something beside the result, where it does not disturb `--json -`. */
export function note(text: string): void {
  console.error(printable(text));
}

/** Bold where the output is a terminal. */
export function bold(text: string): string {
  return styleText("bold", text);
}

/** Progress on the terminal; silent elsewhere. */
export interface Progress {
  /** Says that `done` of the total is done, and what is being worked on. */
  update(done: number, note?: string): void;
  /** Takes the bar away. */
  stop(): void;
}

/** A progress bar with time left for `total` steps of `what`. */
export async function startProgress(
  what: string,
  total: number,
): Promise<Progress> {
  if (!Deno.stderr.isTerminal()) return { update() {}, stop() {} };
  const { default: cliProgress } = await import("cli-progress");
  const bar = new cliProgress.SingleBar({
    format:
      `${what} {bar} {percentage} % · {value}/{total}{eta_formatted} {note}`,
    // Nothing is known of the time left at first.
    formatTime: (seconds: number) =>
      Number.isFinite(seconds) ? ` · ${formatDuration(seconds)} left` : "",
    barCompleteChar: "█",
    barIncompleteChar: "░",
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
  });
  bar.start(total, 0, { note: "" });
  return {
    update: (done, note = "") =>
      bar.update(done, { note: note && `· ${note}` }),
    stop: () => bar.stop(),
  };
}

/** Seconds that `isAllowed` allows, which `range` puts into words. */
export function secondsOf(
  text: string,
  range: string,
  isAllowed: (seconds: number) => boolean,
): number {
  const seconds = text.trim() === "" ? NaN : Number(text);
  if (Number.isFinite(seconds) && isAllowed(seconds)) return seconds;
  throw new InvalidArgumentError(`give seconds as a number ${range}.`);
}

/** Seconds, 0 among them. */
export function secondsFromZero(text: string): number {
  return secondsOf(text, "from 0", (seconds) => seconds >= 0);
}
