/**
 * The parts of a config that every fit has: chunks, start, solver and engine.
 *
 * @module
 */

import * as z from "zod";
import { ENGINE_NAMES } from "./engines/open.ts";
import type { ChunkOptions } from "./objective/chunks.ts";
import type { Model } from "./models/model.ts";
import { parseModel } from "./models/presets.ts";
import { PARAMETER_RANGES } from "./objective/parameter_space.ts";

/** Schema of {@linkcode CompressorParameters} with the peak detector. */
export const parametersSchema = z.strictObject({
  threshold_db: z.number(),
  ratio: z.number().min(1, "must be at least 1"),
  attack_ms: z.number().positive("must be above 0"),
  release_ms: z.number().positive("must be above 0"),
  make_up_db: z.number(),
});

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
  /** Largest lag looked for, in samples. */
  max_lag: z.int().min(0).max(1_000_000).default(2048),
});

/** Schema of a number in a range, its ends included. */
function within([low, high]: readonly [number, number]) {
  const words = `must be from ${low} to ${high}`;
  return z.number().min(low, words).max(high, words);
}

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
  /** The published starting point. */
  start: parametersSchema.extend({
    ratio: within(PARAMETER_RANGES.ratio),
    attack_ms: within(PARAMETER_RANGES.attack_ms),
    release_ms: within(PARAMETER_RANGES.release_ms),
  }).default({
    threshold_db: -36,
    ratio: 4,
    attack_ms: 1,
    release_ms: 200,
    make_up_db: 0,
  }),
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

/** Schema of the config of one fit, `configs/fit.yaml`. */
export const fitSchema = z.strictObject({
  engine: engineSchema.default("wasm"),
  chunks: chunksSchema.prefault({}),
  alignment: alignmentSchema.prefault({}),
  solver: solverSchema.prefault({}),
});

/** A checked config of one fit. */
export type FitConfig = z.output<typeof fitSchema>;

/** The solver's part of a config. */
export type SolverConfig = z.output<typeof solverSchema>;
