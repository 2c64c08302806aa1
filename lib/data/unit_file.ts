/**
 * A unit as a file: a model, the unit's knobs, and the model's parameters at one
 * setting or at many. `fit`, `exp:sweep` and `data:make` write it; whatever plays,
 * shows or starts from a model reads it.
 *
 *     format: 2
 *     unit: 1176 rev. D
 *     model: opto+coupling
 *     sample_rate: 48000
 *     knobs:
 *       ratio: { kind: choice, values: [4, 8] }
 *       input: { kind: number, range: [0, 10], unit: "" }
 *     settings:
 *       - at: { ratio: 4, input: 3 }
 *         params: { threshold_db: -21.3, … }
 *     origin: …
 *
 * Read as well: parameters alone, what `fit --json` writes, and what earlier
 * versions wrote, `params:` of a fit, `curve:` of a sweep, and CSV in the columns
 * of the published files.
 *
 * @module
 */

import { basename } from "node:path";
import { stringify } from "yaml";
import * as z from "zod";
import { checkConfig, ConfigError, parseKeys } from "../config.ts";
import type { Model, Values } from "../models/model.ts";
import { PAPER_MODEL, parseModel } from "../models/presets.ts";
import { curveFromCsv, type CurvePoint } from "./curve_csv.ts";
import { MODES, type Setting } from "./setting.ts";
import { valuesSchema } from "./values_schema.ts";
import project from "../../deno.json" with { type: "json" };

/** A knob, by what it can be set to. */
export type Knob = z.output<typeof knobSchema>;

/** Where each knob stands. */
export type Positions = Readonly<Record<string, number | string>>;

/** A unit. */
export type Unit = z.output<ReturnType<typeof unitSchema>>;

/** A setting of a unit. */
export type UnitSetting = Unit["settings"][number];

/** The controls of a levelling amplifier. */
export const LEVELLING_KNOBS: Readonly<Record<string, Knob>> = {
  peak_reduction: { kind: "number", range: [0, 100], unit: "" },
  mode: { kind: "choice", values: [...MODES] },
};

/** Most knobs, choices of a knob, and settings that a file may have. */
const MOST = { knobs: 16, choices: 100, settings: 10_000 };

function most(count: number, noun: string) {
  return [count, `must have at most ${count} ${noun}`] as const;
}

const knobSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("number"),
    range: z.tuple([z.number(), z.number()])
      .refine(([low, high]) => low < high, "must ascend"),
    unit: z.string().default(""),
  }),
  z.strictObject({
    kind: z.literal("choice"),
    values: z.array(z.union([z.number(), z.string().min(1)]))
      .min(1, "must hold a choice").max(...most(MOST.choices, "choices"))
      .refine(
        (values) => new Set(values.map(String)).size === values.length,
        "holds a choice twice",
      ),
  }),
]);

const recordingSchema = z.strictObject({
  /** What went in, as the person named it. */
  dry: z.string().optional(),
  /** What came out. */
  wet: z.string().optional(),
  /** Samples by which the wet side was late; null where none was looked for. */
  lag_samples: z.number().nullable().optional(),
  /** −1 where the wet side was turned over; null where it was not looked at. */
  polarity: z.union([z.literal(1), z.literal(-1)]).nullable().optional(),
  /** By how much the wet side's clock was off, in parts in a million. */
  drift_ppm: z.number().optional(),
  /** Gain before the first sample, in dB. */
  initial_gain_db: z.number().optional(),
  /** Where samples were lost or put in, and how many. */
  slips: z.array(z.strictObject({
    at_seconds: z.number(),
    samples: z.number(),
  })).optional(),
});

/**
 * Schema of a unit of `model`. It checks the parameters by the model's, and every
 * setting by the knobs.
 */
export function unitSchema(model: Model) {
  return z.strictObject({
    format: z.literal(2, "must be 2, the only one there is"),
    /** What the unit is, for people. */
    unit: z.string().default(""),
    model: z.string(),
    /** Of the recordings, in Hz. */
    sample_rate: z.number().positive("must be above 0").optional(),
    knobs: z.record(
      z.string().regex(/^[a-z][a-z0-9_]*$/i),
      knobSchema,
      {
        error: ({ code }) =>
          code === "invalid_key"
            ? "must begin with a letter and hold letters, digits and _ alone"
            : undefined,
      },
    ).refine(
      (knobs) => Object.keys(knobs).length <= MOST.knobs,
      `must be at most ${MOST.knobs}`,
    ).default({}),
    settings: z.array(z.strictObject({
      /** Where each knob stood. */
      at: z.record(z.string(), z.union([z.number(), z.string()])).default({}),
      /** The parameters found. */
      params: valuesSchema(model),
      /** Their standard deviations. */
      uncertainty: z.partialRecord(
        z.enum(model.parameters.map(({ name }) => name)),
        z.number().nonnegative("must not be negative"),
      ).optional(),
      /** ESR over the samples that the loss counts. */
      esr: z.number().optional(),
      /** ESR over the whole recording. */
      whole_esr: z.number().optional(),
      delta_ldr_db: z.number().optional(),
      converged: z.boolean().optional(),
      /** What a person should know before relying on it. */
      warnings: z.array(z.string()).optional(),
      recordings: z.array(recordingSchema).optional(),
    })).min(1, "must hold at least one setting")
      .max(...most(MOST.settings, "settings")),
    origin: z.strictObject({
      /** Where it comes from, in a sentence or two. */
      text: z.string().optional(),
      /** When it was made. */
      date: z.string().optional(),
      /** Whether the data stood in for a real unit's. */
      surrogate: z.boolean().optional(),
      /** Versions of what made it. */
      versions: z.record(z.string(), z.string()).optional(),
      warnings: z.array(z.string()).optional(),
    }).default({}),
  }).superRefine(({ knobs, settings }, context) => {
    const seen = new Map<string, number>();
    settings.forEach(({ at }, i) => {
      const complain = (message: string, ...path: string[]) =>
        context.addIssue({
          code: "custom",
          message,
          path: ["settings", i, "at", ...path],
        });
      for (const name of Object.keys(at)) {
        if (!Object.hasOwn(knobs, name)) {
          complain(`is no knob of this unit: ${knobsInWords(knobs)}`, name);
        }
      }
      for (const [name, knob] of Object.entries(knobs)) {
        if (!Object.hasOwn(at, name)) {
          complain(`does not say where ${name} stood: add it`);
        } else if (!isOn(knob, at[name])) {
          complain(`must be ${whatKnobTakes(knob)}`, name);
        }
      }
      const key = positionsKey(at);
      const other = seen.get(key);
      if (other !== undefined) {
        complain(`stands where settings.${other} does: give each setting once`);
      }
      seen.set(key, i);
    });
  });
}

/** Whether `position` is one that `knob` can have. */
function isOn(knob: Knob, position: number | string): boolean {
  if (knob.kind === "choice") return knob.values.includes(position);
  const [low, high] = knob.range;
  return typeof position === "number" && position >= low && position <= high;
}

/** What `knob` can be set to, in words. */
export function whatKnobTakes(knob: Knob): string {
  return knob.kind === "number"
    ? `a number from ${knob.range.join(" to ")}`
    : `${knob.values.length === 1 ? "" : "one of "}${knob.values.join(", ")}`;
}

/** The knobs there are, in words. */
export function knobsInWords(knobs: Readonly<Record<string, Knob>>): string {
  const names = Object.keys(knobs);
  return names.length === 0 ? "it has none" : `it has ${names.join(", ")}`;
}

/** The same text for the same positions, in whatever order. */
function positionsKey(at: Positions): string {
  return JSON.stringify(Object.entries(at).sort(([a], [b]) => a < b ? -1 : 1));
}

/** Where a levelling amplifier's knobs stand at `setting`. */
export function positionsOf({ mode, peakReduction }: Setting): Positions {
  return { peak_reduction: peakReduction, mode };
}

/**
 * Reads a unit from the `text` of the file called `name`, or of an option.
 *
 * @param expected The model, where the person named it. Parameters that do not
 * say whose they are are that model's; without it `4a-2a`'s, or those of `rms`
 * where there is an averaging coefficient.
 * @throws {ConfigError} naming what is wrong, its place and the remedy.
 */
export function readUnit(text: string, name: string, expected?: Model): Unit {
  if (isCsv(name)) {
    requireModel(PAPER_MODEL, expected, name);
    return unitOfCsv(text, name);
  }
  const plain = parseKeys(text, name);
  const isFit = "params" in plain;
  const isAlone = !isFit &&
    !["format", "settings", "curve"].some((key) => key in plain);
  const values = isAlone ? plain : plain.params;
  const model = modelOf(isAlone ? undefined : plain.model, values, {
    expected,
    name,
  });
  try {
    if (isAlone) return unitOfValues(model, checked(valuesSchema(model)));
    if (isFit) return unitOfFit(model, checked(fitSchema(model)));
    if ("curve" in plain) {
      return unitOfCurve(model, checked(curveSchema(model)), headOf(text));
    }
    return { ...checked(unitSchema(model)), model: model.name };
  } catch (error) {
    const isOfValues = isAlone ||
      /"(settings\.\d+\.|curve\.\d+\.)?params[."]/.test(String(error));
    if (!(error instanceof ConfigError) || !isOfValues) throw error;
    const names = model.parameters.map(({ name }) => name).join(", ");
    const remedy = expected === undefined && plain.model === undefined
      ? "; name another model with --model"
      : "";
    throw new ConfigError(
      `${error.message}. Model ${model.name} has ${names}${remedy}`,
      { cause: error },
    );
  }

  function checked<Schema extends z.ZodType>(schema: Schema) {
    return checkConfig(schema, plain, name);
  }
}

/** The model that a file says it is of, or that its values imply. */
function modelOf(
  said: unknown,
  values: unknown,
  { expected, name }: { expected?: Model; name: string },
): Model {
  if (said === undefined) {
    const isRms = typeof values === "object" && values !== null &&
      "averaging_coefficient" in values;
    return expected ?? parseModel(isRms ? "rms" : PAPER_MODEL);
  }
  if (typeof said !== "string" || said.length > 200) {
    throw new ConfigError(
      `${name}: "model": must be a name, such as ${PAPER_MODEL}`,
    );
  }
  let model: Model;
  try {
    model = parseModel(said);
  } catch (error) {
    throw new ConfigError(`${name}: ${(error as Error).message}`);
  }
  requireModel(model.name, expected, name);
  return model;
}

/** Refuses a file of another model than the person named. */
function requireModel(
  found: string,
  expected: Model | undefined,
  name: string,
): void {
  if (expected === undefined || expected.name === found) return;
  throw new ConfigError(
    `${name} is of model ${found}, not ${expected.name}: leave --model out, or give another file`,
  );
}

/** `params` as a unit of one setting, with nothing known beside them. */
export function unitOfValues({ name }: Model, params: Values): Unit {
  return {
    format: 2,
    unit: "",
    model: name,
    knobs: {},
    settings: [{ at: {}, params }],
    origin: {},
  };
}

/**
 * Schema of what a fit wrote: to `--out` once, and to `--json`. What it says
 * beside the parameters is taken where it can be.
 */
function fitSchema(model: Model) {
  const maybe = <Schema extends z.ZodType>(schema: Schema) =>
    schema.optional().catch(undefined);
  return z.looseObject({
    params: valuesSchema(model),
    esr: maybe(z.number()),
    whole_esr: maybe(z.number()),
    delta_ldr_db: maybe(z.number()),
    converged: maybe(z.boolean()),
    warnings: maybe(z.array(z.string())),
    sample_rate: maybe(z.number().positive()),
    dry: maybe(z.string()),
    wet: maybe(z.string()),
    lag_samples: maybe(z.number().nullable()),
    polarity: maybe(recordingSchema.shape.polarity),
  });
}

function unitOfFit(
  model: Model,
  fit: z.output<ReturnType<typeof fitSchema>>,
): Unit {
  const { esr, whole_esr, delta_ldr_db, converged, warnings } = fit;
  const { sample_rate, dry, wet, lag_samples, polarity } = fit;
  const known = { esr, whole_esr, delta_ldr_db, converged, warnings };
  const recording = defined({ dry, wet, lag_samples, polarity });
  return {
    ...unitOfValues(model, fit.params),
    ...defined({ sample_rate }),
    settings: [{
      at: {},
      params: fit.params,
      ...defined(known),
      ...(Object.keys(recording).length > 0 && { recordings: [recording] }),
    }],
  };
}

/** What is known of `record`. */
function defined<T extends object>(record: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(record).filter(([, value]) => value !== undefined),
  ) as Partial<T>;
}

/** Schema of what a sweep wrote before there was a format 2. */
function curveSchema(model: Model) {
  return z.looseObject({
    curve: z.array(z.looseObject({
      mode: z.enum(MODES),
      peak_reduction: z.number().min(0).max(100),
      params: valuesSchema(model),
    })).min(1, "must hold at least one setting")
      .max(...most(MOST.settings, "settings")),
  });
}

function unitOfCurve(
  model: Model,
  { curve }: z.output<ReturnType<typeof curveSchema>>,
  head: string,
): Unit {
  return levellingUnit(
    model,
    curve.map(({ mode, peak_reduction, params }) => ({
      mode,
      peakReduction: peak_reduction,
      parameters: params,
    })),
    originOf(head),
  );
}

/** The comment at the head of a YAML file. */
function headOf(text: string): string {
  const [comment] = /^(?:#.*\r?\n)*/.exec(text)!;
  return comment.replace(/^# ?/gm, "").replace(/\s+/g, " ").trim();
}

/** Where older files come from, which they say in words alone. */
function originOf(text: string): Unit["origin"] {
  if (text === "") return {};
  return { text, ...(/surrogate/i.test(text) && { surrogate: true }) };
}

function isCsv(name: string): boolean {
  return /\.csv$/i.test(name);
}

/** One mode in the published columns, which the file's name says. */
function unitOfCsv(text: string, path: string): Unit {
  const name = basename(path);
  const mode = /limit/i.test(name)
    ? "limit"
    : /comp/i.test(name)
    ? "compress"
    : undefined;
  if (mode === undefined) {
    throw new ConfigError(
      `${name}: its name must hold "compress" or "limit", the mode of its settings`,
    );
  }
  // In the heading that the published columns leave empty.
  const remark = text.split(/\r?\n/)[1]?.split(",")[0] ?? "";
  return levellingUnit(
    parseModel(PAPER_MODEL),
    curveFromCsv(text, mode, path).map(({ mode, peakReduction, ...row }) => ({
      mode,
      peakReduction,
      parameters: row.parameters,
      ...(Number.isFinite(row.esr) && { whole_esr: row.esr }),
    })),
    originOf(remark.trim()),
  );
}

/** A setting of a levelling amplifier, with what is known of it. */
export type LevellingPoint =
  & CurvePoint
  & Omit<UnitSetting, "at" | "params">;

/**
 * A levelling amplifier as a unit: `points` over its knob and its switch.
 */
export function levellingUnit(
  { name }: Model,
  points: readonly LevellingPoint[],
  origin: Unit["origin"],
  about: Pick<Unit, "sample_rate"> & { unit?: string } = {},
): Unit {
  return {
    format: 2,
    unit: "",
    ...about,
    model: name,
    knobs: { ...LEVELLING_KNOBS },
    settings: points.map(({ mode, peakReduction, parameters, ...known }) => ({
      at: positionsOf({ mode, peakReduction }),
      params: parameters,
      ...known,
    })),
    origin,
  };
}

/**
 * Several files as one unit, such as a CSV file for each mode. Each is what was
 * read from the file of the same place in `names`.
 *
 * @throws {ConfigError} where they are of different models or knobs, or a setting
 * is there twice.
 */
export function joinUnits(units: readonly Unit[], names: readonly string[]) {
  const [first] = units;
  const seen = new Set<string>();
  for (const [i, unit] of units.entries()) {
    const same = unit.model === first.model &&
      JSON.stringify(unit.knobs) === JSON.stringify(first.knobs);
    if (!same) {
      throw new ConfigError(
        `${names[i]}: its model or knobs are not those of ${
          names[0]
        }: give files of one unit`,
      );
    }
    for (const { at } of unit.settings) {
      const key = positionsKey(at);
      if (seen.has(key)) {
        throw new ConfigError(
          `${names[i]}: ${
            nameOfPositions(at)
          } is there twice: give each setting once`,
        );
      }
      seen.add(key);
    }
  }
  return { ...first, settings: units.flatMap(({ settings }) => settings) };
}

/** Positions in words, such as "mode compress, peak_reduction 65". */
export function nameOfPositions(at: Positions): string {
  return Object.entries(at).map(([name, position]) => `${name} ${position}`)
    .join(", ");
}

/** What a file made now says of its origin. */
export function originNow(): Unit["origin"] {
  return {
    date: new Date().toISOString().slice(0, 10),
    versions: versions(),
  };
}

/** Versions of what makes a file. */
export function versions(): Record<string, string> {
  return { optofit: project.version, deno: Deno.version.deno };
}

/** `unit` as YAML that {@linkcode readUnit} takes. */
export function unitToYaml(unit: Unit): string {
  return stringify(unit, { lineWidth: 0, aliasDuplicateObjects: false });
}
