/**
 * The small network of 4A-2A-G after any model: what is left for it to mend?
 *
 * @module
 */

import * as z from "zod";
import { mean } from "../base/statistics.ts";
import type { Setting } from "../data/setting.ts";
import type { PairSource } from "../data/source.ts";
import { EsrMeter } from "../metrics/esr.ts";
import type { Values } from "../models/model.ts";
import { LONGEST_WINDOW } from "./batch.ts";
import { createGru } from "./processor.ts";
import { openRecordings } from "./recordings.ts";
import { trainGru } from "./train.ts";

/** Schema of how it is trained; see `TrainOptions`. */
export const networkSchema = z.strictObject({
  window: z.int().min(64).max(LONGEST_WINDOW).default(LONGEST_WINDOW),
  learning_rate: z.number().positive().default(0.005),
  averaging: z.number().min(0).lt(1).default(0.995),
  epochs: z.int().min(1).default(12),
  patience: z.int().min(1).default(4),
  seed: z.int().min(0).default(1),
});

/** Part of what is fitted that the epochs are judged by. */
const VALIDATION = 0.25;

/**
 * Mean ESR on the rest of the recordings of `settings` of one network that was trained
 * on the first `part` of each, with the model of `rows`, in the same order, before it.
 */
export async function networkAfter(
  source: PairSource,
  settings: readonly Setting[],
  rows: readonly { model: string; params: Values }[],
  part: number,
  { learning_rate, ...options }: z.output<typeof networkSchema>,
): Promise<number> {
  const { dry } = await source.load(settings[0]);
  const samples = dry.length;
  const fitted = Math.round(part * samples);
  const validationLength = Math.round(VALIDATION * fitted);
  const curve = settings.map((setting, i) => ({
    ...setting,
    parameters: rows[i].params,
    model: rows[i].model,
  }));
  const batch = await openRecordings(source, curve, samples);
  try {
    const { weights } = await trainGru(batch, {
      ...options,
      learningRate: learning_rate,
      trainLength: fitted - validationLength,
      validationLength,
    });
    return mean(batch.inputs.map((input, i) => {
      const made = new Float32Array(samples);
      createGru(weights).process(input, made);
      const meter = new EsrMeter();
      meter.add(made.subarray(fitted), batch.targets[i].slice(fitted));
      return meter.value;
    }));
  } finally {
    batch.close();
  }
}
