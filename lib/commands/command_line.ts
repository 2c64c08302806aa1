/**
 * What the commands share: how they report errors, print results, show progress
 * and read paths and parameters.
 *
 * @module
 */

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
import { removeUnfinished, writeFileWhole } from "../atomic_file.ts";
import type { CompressorParameters } from "../compressor/parameters.ts";
import { ConfigError, loadConfig, parseConfig } from "../config.ts";
import {
  chooseEngine,
  ENGINE_NAMES,
  type EngineName,
} from "../engines/open.ts";
import { UNIT_NAMES } from "../data/unit.ts";
import { isFileError, reasonOf } from "../file_error.ts";
import { parametersSchema } from "../fit_config.ts";
import { userPath } from "../user_path.ts";

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
    // `deno task` hands on a "--" that a person may put before the options.
    const words = Deno.args[0] === "--" ? Deno.args.slice(1) : Deno.args;
    await command.parseAsync(words, { from: "user" });
  } catch (error) {
    console.error(`${styleText("red", "error:")} ${messageOf(error)}`);
    Deno.exit(1);
  }
}

/** One line, or a few, that tell a person what is wrong with what and the remedy. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof Deno.errors.NotCapable) {
    return `${error.message}\nchoose a place that this program may read and write`;
  }
  // What the system says of a file ends in the path, or paths, in quotes.
  const [paths] = /'.*'/.exec(error.message) ?? [];
  if (isFileError(error) && paths !== undefined) {
    return `${paths}: ${
      reasonOf(error)
    }. Check the path, and that it may be read or written to`;
  }
  return error.message;
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
  console.log(text);
  if (json !== undefined) await writeFileWhole(userPath(json), serialised);
}

/**
 * Parameters from `--params`: a JSON or YAML text in braces, or a file of either,
 * with the parameters at its top or under `params`, as `fit` writes them.
 */
export async function readParameters(
  given: string,
): Promise<CompressorParameters> {
  if (given.trim() === "") {
    throw new ConfigError(
      "--params is empty: give the parameters as JSON, or a YAML or JSON file of them",
    );
  }
  const isText = given.trimStart().startsWith("{");
  const place = isText ? "--params" : given;
  const text = isText ? given : await readTextFile(userPath(given), given);
  const [{ parseDocument }, z] = await Promise.all([
    import("yaml"),
    import("zod"),
  ]);
  return parseDocument(text).has("params")
    ? parseConfig(z.looseObject({ params: parametersSchema }), text, place)
      .params
    : parseConfig(parametersSchema, text, place);
}

/** Text of the file a person called `name`. @throws {ConfigError} naming it. */
export async function readTextFile(
  path: string,
  name: string,
): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw new ConfigError(
      error instanceof Deno.errors.NotFound
        ? `${name}: no such file`
        : `${name}: cannot be read (${
          reasonOf(error)
        }). Give a text file that may be read`,
      { cause: error },
    );
  }
}

/** The options of a command that reads a config, in `configs/`. */
export interface ConfigOptions {
  /** `--config`. */
  config?: string;
  /** `--set`. */
  set?: string[];
  /** `--engine`. */
  engine?: string;
  /** `--unit`. */
  unit?: string;
  /** `--data`. */
  data?: string;
  /** `--stimulus`. */
  stimulus?: string;
}

/**
 * Reads the config called `name`, or what `--config` names instead, with the other
 * options on top, and `more` values by their keys in the config.
 */
export async function configOf<Schema extends z.ZodType>(
  schema: Schema,
  name: string,
  options: ConfigOptions,
  more: Record<string, unknown> = {},
): Promise<z.output<Schema>> {
  const values = {
    engine: options.engine,
    "data.unit": options.unit,
    "data.folder": options.data,
    "data.stimulus": options.stimulus,
    ...more,
  };
  const overrides = Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return await loadConfig(
    schema,
    options.config === undefined
      ? new URL(`../../configs/${name}.yaml`, import.meta.url)
      : userPath(options.config),
    [...options.set ?? [], ...overrides],
  );
}

/** The config with the engine that is to be used; says which, and why. */
export async function withEngine<
  Config extends { engine: typeof ENGINE_NAMES[number] },
>(config: Config): Promise<Config & { engine: EngineName }> {
  const { engine, reason } = await chooseEngine(config.engine);
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
  return new Option("--engine <name>", "what computes the objective")
    .choices(ENGINE_NAMES);
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

/** The option `--channel`, counted from 1. */
export function channelOption() {
  return new Option(
    "--channel <n>",
    "channel to use of files with several, from 1",
  ).argParser((text) => {
    const channel = Number(text);
    if (Number.isInteger(channel) && channel >= 1) return channel;
    throw new InvalidArgumentError("give a whole number from 1.");
  });
}

/** The option `--json`. */
export function jsonOption() {
  return new Option(
    "--json <FILE>",
    'write the result as JSON; "-" prints only that',
  );
}

/** Says something beside the result, where it does not disturb `--json -`. */
export function note(text: string): void {
  console.error(text);
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
      `${what} {bar} {percentage} % · {value}/{total} · {eta_formatted} left {note}`,
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
