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
 * Reading is done by `readUnit`, which knows older files too.
 *
 * @module
 */

import { stringify } from "yaml";
import * as z from "zod";
import { ConfigError } from "../base/config.ts";
import type { Model, Values } from "../models/model.ts";
import type { CurvePoint } from "./curve_csv.ts";
import { MODES, type Setting } from "./setting.ts";
import { valuesSchema } from "./values_schema.ts";
import project from "../../deno.json" with { type: "json" };

/** A knob, by what it can be set to. */
export type Knob = z.output<typeof knobSchema>;

/** Where each knob stands. */
export type Positions = Readonly<Record<string, number | string>>;

/** A unit. */
export type Unit = z.output<ReturnType<typeof unitSchema>>;

/** A recording that a setting was fitted to. */
export type RecordingInUnit = z.output<typeof recordingSchema>;

/** A setting of a unit. */
export type UnitSetting = Unit["settings"][number];

/** The controls of a levelling amplifier. */
export const LEVELLING_KNOBS: Readonly<Record<string, Knob>> = {
  peak_reduction: { kind: "number", range: [0, 100], unit: "" },
  mode: { kind: "choice", values: [...MODES] },
};

/** Most knobs, choices of a knob, and settings that a file may have. */
export const MOST = { knobs: 16, choices: 100, settings: 10_000 };

/** The arguments of `max` for at most `count` of a thing. */
export function most(count: number, noun: string) {
  return [count, `must have at most ${count} ${noun}`] as const;
}

/** Schema of a knob. */
export const knobSchema = z.discriminatedUnion("kind", [
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

/** Schema of a unit's knobs, by their names. */
export const knobsSchema = z.record(
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
);

/** Schema of a score, which may be no number where a side is silent. */
const scoreSchema = z.custom<number>(
  (value) => typeof value === "number",
  "must be a number",
);

/** Schema of a recording that a setting was fitted to. */
export const recordingSchema = z.strictObject({
  /** What went in, as the person named it. */
  dry: z.string().optional(),
  /** What came out. */
  wet: z.string().optional(),
  /** Channel of the wet side, from 1, where it has several that differ. */
  channel: z.int().positive().optional(),
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
    knobs: knobsSchema.default({}),
    /** How parameters lie between settings, where not on straight lines. */
    interpolation: z.literal("smooth").optional(),
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
      esr: scoreSchema.optional(),
      /** ESR over the whole recording. */
      whole_esr: scoreSchema.optional(),
      delta_ldr_db: scoreSchema.optional(),
      converged: z.boolean().optional(),
      /** What a person should know before relying on it. */
      warnings: z.array(z.string()).optional(),
      /** Whether its channels share a detector, which hears the loudest. */
      link: z.boolean().optional(),
      recordings: z.array(recordingSchema).optional(),
    })).min(1, "must hold at least one setting")
      .max(...most(MOST.settings, "settings")),
    origin: z.strictObject({
      /** Where it comes from, in a sentence or two. */
      text: z.string().optional(),
      /** Who recorded the unit. */
      by: z.string().optional(),
      /** What others may do with it. */
      licence: z.string().optional(),
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
export function isOn(knob: Knob, position: number | string): boolean {
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

/** "Peak reduction" of the knob `peak_reduction`. */
export function titleOfKnob(name: string): string {
  const words = name.replaceAll("_", " ");
  return words[0].toUpperCase() + words.slice(1);
}

/** The same text for the same positions, in whatever order. */
function positionsKey(at: Positions): string {
  return JSON.stringify(Object.entries(at).sort(([a], [b]) => a < b ? -1 : 1));
}

/** Where a levelling amplifier's knobs stand at `setting`. */
export function positionsOf({ mode, peakReduction }: Setting): Positions {
  return { peak_reduction: peakReduction, mode };
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

/** `unit` as YAML that `readUnit` takes. */
export function unitToYaml({ knobs, settings, origin, ...head }: Unit): string {
  return stringify(
    { ...head, knobs, settings, origin },
    { lineWidth: 0, aliasDuplicateObjects: false },
  );
}
