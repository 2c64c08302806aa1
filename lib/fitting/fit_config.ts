/**
 * The parts of a config that every fit has: chunks, start, solver and engine.
 *
 * @module
 */

import * as z from "zod";
import { ENGINE_NAMES } from "../engines/open.ts";
import { parameterSchema } from "../data/values_schema.ts";
import type { ChunkOptions } from "../sound/chunks.ts";
import type { Model, Values } from "../models/model.ts";
import { BANDWIDTH, SHELF_POLE, SHELF_ZERO } from "../models/output.ts";
import { PAPER_MODEL, parseModel } from "../models/presets.ts";
import { requireRange, wordsOf } from "../objective/coordinates.ts";

/** Schema of how the recordings are divided. */
export const chunksSchema = z.strictObject({
  /** Length of a chunk, in seconds. */
  chunk_seconds: z.number().positive("must be above 0").default(12),
  /** Overlap of neighbouring chunks and warm-up, in seconds. */
  overlap_seconds: z.number().nonnegative("must not be negative").default(1),
});

/** What `chunk` needs to know, from a config. */
export function chunkOptions(
  { chunk_seconds, overlap_seconds }: z.output<typeof chunksSchema>,
): ChunkOptions {
  return { chunkSeconds: chunk_seconds, overlapSeconds: overlap_seconds };
}

/** Schema of the alignment of dry and wet before a fit. */
export const alignmentSchema = z.strictObject({
  /** Whether the lag is removed. */
  enabled: z.boolean().default(true),
  /** Largest lag looked for at first, in samples. */
  max_lag: z.int().min(0).max(1_000_000).default(2048),
});

/** Schema of an end of a range, which may be infinite. */
const endSchema = z.custom<number>(
  (value) => typeof value === "number" && !Number.isNaN(value),
  "must be a number, or .inf",
);

/** Schema of the minimiser and where it starts. */
export const solverSchema = z.strictObject({
  method: z.enum(["trust-region", "damped"]).default("trust-region"),
  max_iterations: z.int().min(1).max(10_000).default(100),
  /** Stops where the model promises a relative fall of the loss below this. */
  tolerance: z.number().positive().default(1e-9),
  /**
   * Chunks of a first, coarse fit, spread over the recording; the second fit, on
   * all chunks, starts from its result. 0 fits all chunks at once, as does a
   * recording with fewer than twice as many.
   */
  coarse_chunks: z.int().min(0).default(16),
  /** Where it starts, by parameter; the model's own start where nothing is said. */
  start: z.record(z.string(), z.number()).default({}),
  /** What is searched, by parameter, in place of the model's own ranges. */
  ranges: z.record(
    z.string(),
    z.tuple([endSchema, endSchema], "must be [low, high]"),
  ).default({}),
  /** Shifts the start's make-up so that the model's energy is the target's. */
  match_energy: z.boolean().default(true),
});

/** Schema of the engine's name. */
export const engineSchema = z.enum(ENGINE_NAMES);

/** Schema of a model, by its name. */
export const modelSchema = z.string().transform((text, context): Model => {
  try {
    return parseModel(text);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    context.addIssue({ code: "custom", message: error.message });
    return z.NEVER;
  }
});

/** What a config says of fitting; `4a-2a` unless it names another model. */
export const fittingShape = {
  engine: engineSchema.default("wasm"),
  model: modelSchema.default(() => parseModel(PAPER_MODEL)),
  chunks: chunksSchema.prefault({}),
  alignment: alignmentSchema.prefault({}),
};

const fitShape = {
  model: modelSchema.default(() =>
    parseModel(`${PAPER_MODEL}+coupling+bandwidth`)
  ),
  engine: engineSchema.default("wasm"),
  chunks: chunksSchema.prefault({}),
  alignment: alignmentSchema.extend({
    /** Whether what is left of the lag, a part of a sample, is found with it. */
    delay: z.enum(["whole", "fraction"]).default("fraction"),
  }).prefault({}),
  solver: solverSchema.prefault({}),
};

/** Schema of the config of one fit, `configs/fit.yaml`. */
export const fitSchema = z.strictObject(fitShape)
  .superRefine(requireParameters);

/** Stands for a model where the recordings are to say which. */
export const AUTO = "auto";

/** The richest model that is then tried, which has the parameters of all of them. */
export const RICHEST = "opto+coupling+bandwidth";

/** The same, where the model may be {@linkcode AUTO}. */
export const choosingSchema = z.strictObject({
  ...fitShape,
  model: z.union([z.literal(AUTO), fitShape.model]),
}).superRefine((config, context) =>
  requireParameters(
    {
      ...config,
      model: config.model === AUTO ? parseModel(RICHEST) : config.model,
    },
    context,
  )
);

/** A checked config of one fit. */
export type FitConfig = z.output<typeof fitSchema>;

/** The solver's part of a config. */
export type SolverConfig = z.output<typeof solverSchema>;

/**
 * Refuses starts and ranges that the config's model cannot have; for `superRefine`. A
 * config without a model is one of `4a-2a`.
 */
export function requireParameters(
  { model = parseModel(PAPER_MODEL), solver }: {
    model?: Model;
    solver: SolverConfig;
  },
  context: z.RefinementCtx,
): void {
  const { parameters, feedback } = model;
  // A bandwidth may become a shelf, whose ranges can be set too.
  const shelf = parameters.some(({ name }) => name === BANDWIDTH.name)
    ? [SHELF_POLE, SHELF_ZERO]
    : [];
  for (const key of ["start", "ranges"] as const) {
    const known = key === "ranges" ? [...parameters, ...shelf] : parameters;
    for (const name of Object.keys(solver[key])) {
      const path = ["solver", key, name];
      const parameter = known.find((one) => one.name === name);
      const refuse = (message: string) =>
        context.addIssue({ code: "custom", path, message });
      if (parameter === undefined) {
        refuse(
          `the model ${model.name} has no such parameter; it has ${
            parameters.map(({ name }) => name).join(", ")
          }`,
        );
        continue;
      }
      if (key === "ranges") {
        try {
          requireRange(parameter, solver.ranges[name]);
        } catch (error) {
          refuse((error as RangeError).message);
        }
        continue;
      }
      const start = solver.start[name];
      const { error } = parameterSchema(parameter, false).safeParse(start);
      const [low, high] = solver.ranges[name] ?? parameter.range;
      if (error !== undefined) refuse(error.issues[0].message);
      // Ranges of times in feedback are of the loop's.
      else if (!(feedback && parameter.unit === "ms" && !parameter.isOpen)) {
        if (start < low || start > high) {
          refuse(`must be ${wordsOf([low, high], parameter.unit)}`);
        }
      }
    }
  }
}

/** The parameters of `model`: those that `values` has, and else where they start. */
export function completed({ parameters }: Model, values: Values): Values {
  return Object.fromEntries(
    parameters.map(({ name, start }) => [name, values[name] ?? start]),
  );
}

/** Where a fit of `model` starts whose config says `start`. */
export function startOf(model: Model, start: Values = {}): Values {
  return { ...completed(model, {}), ...start };
}
