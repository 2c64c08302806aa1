/**
 * Reads a unit, of today's format or an older one: parameters alone, what
 * `fit --json` writes, `params:` and `curve:` in YAML as earlier versions wrote
 * them, and CSV in the columns of the published files.
 *
 * @module
 */

import { basename } from "node:path";
import * as z from "zod";
import { checkConfig, ConfigError, parseKeys } from "../base/config.ts";
import type { Model } from "../models/model.ts";
import { PAPER_MODEL, parseModel } from "../models/presets.ts";
import { curveFromCsv } from "./curve_csv.ts";
import { MODES } from "./setting.ts";
import {
  levellingUnit,
  MOST,
  most,
  recordingSchema,
  type Unit,
  unitOfValues,
  unitSchema,
} from "./unit_file.ts";
import { valuesSchema } from "./values_schema.ts";

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
    if (isFit) return unitOfFit(model, checked(fitResultSchema(model)));
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

/**
 * Schema of what a fit wrote: to `--out` once, and to `--json`. What it says
 * beside the parameters is taken where it can be.
 */
function fitResultSchema(model: Model) {
  const maybe = <Schema extends z.ZodType>(schema: Schema) =>
    schema.optional().catch(undefined);
  return z.looseObject({
    params: valuesSchema(model),
    esr: maybe(z.number()),
    whole_esr: maybe(z.number()),
    delta_ldr_db: maybe(z.number()),
    converged: maybe(z.boolean()),
    warnings: maybe(z.array(z.string())),
    link: maybe(z.literal(true)),
    sample_rate: maybe(z.number().positive()),
    dry: maybe(z.string()),
    wet: maybe(z.string()),
    lag_samples: maybe(z.number().nullable()),
    polarity: maybe(recordingSchema.shape.polarity),
  });
}

function unitOfFit(
  model: Model,
  fit: z.output<ReturnType<typeof fitResultSchema>>,
): Unit {
  const { esr, whole_esr, delta_ldr_db, converged, warnings, link } = fit;
  const { sample_rate, dry, wet, lag_samples, polarity } = fit;
  const known = { esr, whole_esr, delta_ldr_db, converged, warnings, link };
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
