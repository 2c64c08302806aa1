/**
 * The config of the experiment on SignalTrain, and its option.
 *
 * @module
 */

import { Option } from "@commander-js/extra-typings";
import * as z from "zod";
import { dataSchema } from "../data/data_config.ts";
import { engineSchema } from "../fitting/fit_config.ts";
import { TENSORFLOW_BACKENDS } from "../frameworks/tensorflow/names.ts";

/** A whole number from 1 to `most`. */
const count = (most: number) => z.int().min(1).max(most);

/** Parts of a config that say how large a network is, and how long it trains. */
function trainingShape(
  { scale, batches, validation }: {
    scale: number;
    batches: number;
    validation: number;
  },
) {
  return {
    scale: z.number().positive("must be above 0").max(1).refine(
      (scale) => Number.isInteger(64 * scale),
      "must be a multiple of 1/64",
    ).default(scale),
    batch: count(10_000).default(40),
    batches: count(1e7).default(batches),
    cycles: count(1000).default(1),
    learning_rate: z.number().positive("must be above 0").default(1e-3),
    validation: count(10_000).default(validation),
  };
}

/** What such a config says. */
export type TrainingConfig = z.output<
  z.ZodObject<ReturnType<typeof trainingShape>>
>;

/** The config, `configs/06_signaltrain.yaml`. */
export const CONFIG = {
  engine: engineSchema.default("wasm"),
  tfjs_backend: z.enum(TENSORFLOW_BACKENDS).default("wasm"),
  data: dataSchema.extend({ duration: dataSchema.shape.duration.default(24) })
    .prefault({}),
  lookback: z.strictObject({
    settings: count(1000).default(12),
    seconds: z.number().min(1).max(600).default(5),
    output: count(1e5).default(2048),
  }).prefault({}),
  newton: z.strictObject({
    settings: count(1000).default(20),
    seconds: z.number().min(0.5).max(60).default(3),
  }).prefault({}),
  network: z.strictObject(
    trainingShape({ scale: 0.25, batches: 2000, validation: 400 }),
  ).prefault({}),
  comparisons: z.strictObject({
    ...trainingShape({ scale: 0.125, batches: 200, validation: 200 }),
    windows: z.tuple([count(64), count(64)]).default([1, 4]),
  }).prefault({}),
  la2a_settings: z.array(z.number().min(0).max(100)).min(1)
    .default([100, 80, 60, 40, 20]),
  test_seconds: z.number().min(4).max(600).default(10),
  seed: z.int().min(0).default(1),
};

/** A checked config. */
export type Config = z.output<z.ZodObject<typeof CONFIG>>;

/** Its option, by the key that it sets. */
export const OPTIONS = {
  tfjs_backend: new Option(
    "--tfjs-backend <name>",
    "what computes the network (default: the config's)",
  ).choices(TENSORFLOW_BACKENDS),
};
