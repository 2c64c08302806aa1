/**
 * Units from the options that name them: `--params`, one setting; `--curve`, many,
 * and `--knob` and its like, which say where on them; `--model`, which model.
 *
 * @module
 */

import { basename } from "node:path";
import { Option } from "@commander-js/extra-typings";
import { ConfigError, readTextFile } from "../base/config.ts";
import { valuesAt } from "../data/curve.ts";
import { inLines } from "../data/knob_law.ts";
import { type Mode, MODES } from "../data/setting.ts";
import { readUnit } from "../data/read_unit.ts";
import {
  joinUnits,
  knobsInWords,
  LEVELLING_KNOBS,
  levellingUnit,
  nameOfPositions,
  type Unit,
  whatKnobTakes,
} from "../data/unit_file.ts";
import type { Model, Values } from "../models/model.ts";
import { MODEL_HELP, PAPER_MODEL, parseModel } from "../models/presets.ts";
import {
  collect,
  placeOfParameters,
  printable,
  userPath,
} from "../cli/command_line.ts";

/** What `--params` takes. */
export const PARAMS_HELP =
  "parameters, as JSON or a file: a unit with one setting, such as fit --out " +
  "writes, or parameters alone";

/** What `--curve` takes. */
export const CURVE_HELP =
  "unit with knobs that exp:sweep fitted, its YAML or CSV file; repeat for the " +
  "CSV of the other mode (default: the published curve)";

/** The option `--model` of a command that reads parameters. */
export function modelOption() {
  return new Option(
    "--model <model>",
    `whose parameters they are, where they do not say: ${MODEL_HELP}`,
  );
}

/** One setting of a unit. */
export interface NamedSetting {
  /** The model. */
  model: Model;
  /** Its parameters. */
  values: Values;
  /** The unit as its file has it. */
  unit: Unit;
}

/**
 * The setting that `--params` gives: a JSON or YAML text in braces, or a file. So
 * is what `--start` begins with read.
 *
 * @param model As `--model` names it, if it does.
 */
export async function readSetting(
  given: string,
  model?: string,
): Promise<NamedSetting> {
  if (given.trim() === "") {
    throw new ConfigError(
      "--params is empty: give the parameters as JSON, or a YAML or JSON file of them",
    );
  }
  const place = placeOfParameters(given);
  const text = place === given
    ? await readTextFile(userPath(given), given)
    : given;
  const unit = readUnit(text, place, modelNamed(model));
  const [setting, ...others] = unit.settings;
  if (others.length > 0) {
    throw new ConfigError(
      `${place} has ${unit.settings.length} settings, and --params takes one: render and player take it with --curve, and ${
        optionsOf(unit).join(" and ")
      }`,
    );
  }
  return { model: parseModel(unit.model), values: setting.params, unit };
}

/** The options that set the knobs of `unit`. */
function optionsOf({ knobs }: Unit): string[] {
  return Object.keys(knobs).map((name) => `--knob ${name}=…`);
}

/** The model called `text`, as `--model` takes it. */
export function modelNamed(text: string | undefined): Model | undefined {
  if (text === undefined) return undefined;
  try {
    return parseModel(text);
  } catch (error) {
    throw new ConfigError(`--model: ${(error as Error).message}`);
  }
}

/** A unit with knobs, and where it comes from. */
export interface NamedCurve {
  /** The unit. */
  unit: Unit;
  /** Where it comes from, in a sentence or two. */
  origin: string;
  /** Whether it was fitted to data that stand in for the real unit's. */
  surrogate: boolean;
}

/**
 * The unit in `files`, named as a person names them; the published curve where
 * there are none.
 *
 * @param model As `--model` names it, if it does.
 */
export async function readCurve(
  files: readonly string[],
  model?: string,
): Promise<NamedCurve> {
  const expected = modelNamed(model);
  if (files.length === 0) {
    if (expected !== undefined && expected.name !== PAPER_MODEL) {
      throw new ConfigError(
        `--model ${expected.name}: the published curve is of ${PAPER_MODEL}; give a unit with --curve or --params`,
      );
    }
    const { PUBLISHED_CITATION, PUBLISHED_FITS } = await import(
      "../data/published.ts"
    );
    const origin = `The published curve: ${PUBLISHED_CITATION}.`;
    const unit = levellingUnit(
      parseModel(PAPER_MODEL),
      PUBLISHED_FITS.map(({ mode, peakReduction, parameters }) => ({
        mode,
        peakReduction,
        parameters,
      })),
      { text: origin },
    );
    return { unit, origin, surrogate: false };
  }
  const named = await readUnits(files, model);
  if (Object.keys(named.unit.knobs).length === 0) {
    throw new ConfigError(
      `${files[0]} has no knobs: give it to --params instead of --curve`,
    );
  }
  return named;
}

/**
 * The unit in `files`, of which there is at least one, with knobs or without.
 *
 * @param model As `--model` names it, if it does.
 */
export async function readUnits(
  files: readonly string[],
  model?: string,
): Promise<NamedCurve> {
  const expected = modelNamed(model);
  const units: Unit[] = [];
  for (const file of files) {
    const text = await readTextFile(userPath(file), file);
    units.push(readUnit(text, file, expected));
  }
  return { unit: joinUnits(units, files), ...originInWords(units, files) };
}

/** Where `units`, read from `files`, come from. */
export function originInWords(
  units: readonly Unit[],
  files: readonly string[],
): Pick<NamedCurve, "origin" | "surrogate"> {
  const origin = files.map((file, i) => {
    const { unit, origin: { text = unit } } = units[i];
    const said = printable(text).trim();
    return `From ${basename(file)}${said === "" ? "." : `: ${said}`}`;
  }).join(" ");
  const surrogate = /surrogate/i.test(origin) ||
    units.some(({ origin }) => origin.surrogate);
  return { origin, surrogate };
}

/** The options that say where a unit's knobs stand. */
export interface KnobOptions {
  /** `--knob`, each `name=value`. */
  knob: string[];
  /** `--peak-reduction`. */
  peakReduction?: string;
  /** `--mode`. */
  mode?: Mode;
}

/** The option `--knob`. */
export function knobOption(
  description = "where a knob of the unit stands; repeat for each",
) {
  return new Option("--knob <name=value>", description)
    .argParser(collect).default([] as string[]);
}

/** The option `--peak-reduction`. */
export function peakReductionOption() {
  return new Option(
    "--peak-reduction <0 to 100>",
    "short for --knob peak_reduction=…",
  );
}

/** The option `--mode`. */
export function modeOption() {
  return new Option(
    "--mode <mode>",
    "short for --knob mode=… (default: compress)",
  ).choices(MODES);
}

/** The knob options that were given, by the knob: the option, and its value. */
function knobsGiven(
  { knob, peakReduction, mode }: KnobOptions,
): Map<string, { option: string; value: string }> {
  const given = new Map<string, { option: string; value: string }>();
  const add = (name: string, option: string, value: string) => {
    const before = given.get(name);
    if (before !== undefined) {
      throw new ConfigError(
        `${before.option} and ${option} set the same knob: leave one of them out`,
      );
    }
    given.set(name, { option, value });
  };
  for (const text of knob) {
    const cut = text.indexOf("=");
    if (cut <= 0) {
      throw new ConfigError(
        `--knob ${text}: write it as name=value, for example --knob input=3`,
      );
    }
    add(text.slice(0, cut).trim(), `--knob ${text}`, text.slice(cut + 1));
  }
  if (peakReduction !== undefined) {
    add("peak_reduction", "--peak-reduction", peakReduction);
  }
  if (mode !== undefined) add("mode", "--mode", mode);
  return given;
}

/** The first option of {@linkcode KnobOptions} that was given, if any was. */
export function firstKnobOption(
  { knob, peakReduction, mode }: KnobOptions,
): string | undefined {
  return peakReduction !== undefined
    ? "--peak-reduction"
    : mode !== undefined
    ? "--mode"
    : knob.length > 0
    ? "--knob"
    : undefined;
}

/** Refuses options of knobs beside --params, which has none. */
export function requireNoKnobs(
  options: KnobOptions & { curve: string[] },
): void {
  const other = firstKnobOption(options) ??
    (options.curve.length > 0 ? "--curve" : undefined);
  if (other === undefined) return;
  throw new Error(
    `${other} belongs to a unit with knobs, not to --params: leave one of them out`,
  );
}

/** Where the options put knobs of `unit`: all of them, or some. */
function positionsGiven(
  unit: Unit,
  options: KnobOptions,
): Record<string, number | string> {
  const at: Record<string, number | string> = {};
  for (const [name, { option, value }] of knobsGiven(options)) {
    if (!Object.hasOwn(unit.knobs, name)) {
      throw new ConfigError(
        `${option}: the unit has no knob ${name}; ${knobsInWords(unit.knobs)}`,
      );
    }
    const knob = unit.knobs[name];
    const said = value.trim();
    const number = said === "" ? NaN : Number(said);
    const position = knob.kind === "number"
      ? number
      : knob.values.find((choice) =>
        String(choice) === said || choice === number
      );
    if (position === undefined) {
      throw new ConfigError(`${option}: must be ${whatKnobTakes(knob)}`);
    }
    if (typeof position === "number" && !Number.isFinite(position)) {
      const place = option === "--peak-reduction"
        ? `${option} ${said || "is empty"}`
        : option;
      throw new ConfigError(
        `${place}: give a number, for example ${exampleOf(unit, name)}`,
      );
    }
    at[name] = position;
  }
  return at;
}

/**
 * Parameters of `unit` where the options put its knobs; a switch between compress
 * and limit that none of them names stands at compress.
 *
 * @throws {ConfigError} naming the option that is wrong or missing.
 */
export function valuesAtKnobs(unit: Unit, options: KnobOptions): Values {
  const at = positionsGiven(unit, options);
  for (const [name, knob] of Object.entries(unit.knobs)) {
    if (Object.hasOwn(at, name)) continue;
    const isSwitch = knob.kind === "choice" &&
      JSON.stringify(knob) === JSON.stringify(LEVELLING_KNOBS[name]);
    if (!isSwitch) {
      throw new ConfigError(
        `--knob ${name}=… is missing: give ${whatKnobTakes(knob)}`,
      );
    }
    at[name] = knob.values[0];
  }
  const { model, interpolation } = unit;
  if (interpolation !== "smooth") return valuesAt(unit, at, "linear");
  return valuesAt(inLines(unit, parseModel(model)), at, "linear");
}

/**
 * `unit` with the knobs that the options name held where they put them: they are
 * no knobs of it any more, and only the settings that stand there remain.
 */
export function unitHeldAt(unit: Unit, options: KnobOptions): Unit {
  const held = Object.entries(positionsGiven(unit, options));
  if (held.length === 0) return unit;
  const without = <T>(of: Readonly<Record<string, T>>) =>
    Object.fromEntries(
      Object.entries(of).filter(([name]) =>
        !held.some(([other]) => other === name)
      ),
    );
  const settings = unit.settings
    .filter(({ at }) => held.every(([name, value]) => at[name] === value))
    .map((setting) => ({ ...setting, at: without(setting.at) }));
  if (settings.length === 0) {
    throw new ConfigError(
      `${firstKnobOption(options)}: no setting of the unit stands at ${
        nameOfPositions(Object.fromEntries(held))
      }; choose one that was fitted`,
    );
  }
  return { ...unit, knobs: without(unit.knobs), settings };
}

/** A number that the knob called `name` stood at. */
function exampleOf({ settings }: Unit, name: string): number | string {
  return settings[Math.floor(settings.length / 2)].at[name];
}
