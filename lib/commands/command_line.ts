/**
 * What the commands share: how they report errors, print results, show progress
 * and read paths and parameters.
 *
 * @module
 */

import { isAbsolute, resolve } from "node:path";
import process from "node:process";
import { styleText } from "node:util";
import {
  type CommandUnknownOpts,
  Help,
  InvalidArgumentError,
  Option,
} from "@commander-js/extra-typings";
import { removeUnfinished, writeFileWhole } from "../atomic_file.ts";
import type { CompressorParameters } from "../compressor/parameters.ts";
import { ConfigError, parseConfig } from "../config.ts";
import { parametersSchema } from "../fit_config.ts";

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
  if (error instanceof Deno.errors.NotFound) {
    return `${error.message}: check the path`;
  }
  if (
    error instanceof Deno.errors.NotCapable ||
    error instanceof Deno.errors.PermissionDenied
  ) {
    return `${error.message}\nchoose a place that this program may read and write`;
  }
  if (/os error 28/.test(error.message)) {
    return `${error.message}\nthe disk is full: free some space, or write elsewhere`;
  }
  return error.message;
}

/** `path` as the person meant it: relative to where they stand. */
export function userPath(path: string): string {
  // `deno task` runs in the project's folder and leaves theirs in INIT_CWD.
  return isAbsolute(path)
    ? path
    : resolve(process.env.INIT_CWD ?? Deno.cwd(), path);
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
 * Parameters from `--params`: a JSON or YAML text in braces, or a YAML file with
 * the parameters at its top or under `params`.
 */
export async function readParameters(
  given: string,
): Promise<CompressorParameters> {
  const isText = given.trimStart().startsWith("{");
  const place = isText ? "--params" : given;
  const text = isText ? given : await readTextFile(userPath(given), given);
  const nested = /^params:/m.test(text) && !isText;
  if (nested) {
    const z = await import("zod");
    const schema = z.looseObject({ params: parametersSchema });
    return parseConfig(schema, text, place).params;
  }
  return parseConfig(parametersSchema, text, place);
}

/** Text of the file a person called `name`. @throws {ConfigError} if absent. */
export async function readTextFile(
  path: string,
  name: string,
): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new ConfigError(`${name}: no such file`);
    }
    throw error;
  }
}

/** Settings that `fit` and `objective` start from. */
export const DEFAULT_FIT_CONFIG = new URL(
  "../../configs/fit.yaml",
  import.meta.url,
);

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
