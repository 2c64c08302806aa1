/**
 * Trains the make-up network much as the paper does (`as_published.ts` says what
 * differs): truncated back-propagation over windows of 12 288 samples with the states
 * carried from one to the next, all settings side by side, Adam, and the
 * error-to-signal ratio after pre-emphasis as the loss. The epoch that is best on the
 * validation part is kept; training stops when so many epochs in a row have brought
 * nothing better.
 *
 * The loss is the mean over the sequences of each one's ESR. A window of
 * sequence s contributes Σ e² / (S w P_s), with S sequences, windows of w
 * samples and P_s the mean power of the pre-emphasised target over the whole
 * training part: so the mean over the windows is the mean ESR, and a silent
 * window divides nothing by zero.
 *
 * What is judged and kept are not the weights of the last step, which Adam at a
 * constant rate leaves noisy, but their running mean over some hundred steps
 * (Polyak and Juditsky 1992). With `averaging` 0 they are those of the last step.
 *
 * After every epoch a checkpoint holds all that the rest of the training depends
 * on: one that is taken up again ends in the same weights, bit for bit.
 *
 * @module
 */

import * as z from "zod";
import { PRE_EMPHASIS_POLE } from "../sound/pre_emphasis.ts";
import type { Signal } from "../sound/signal.ts";
import {
  adamAtStart,
  type AdamState,
  adamStep,
} from "../optimise/adam_step.ts";
import { type GruBatch, LONGEST_WINDOW } from "./batch.ts";
import { withSilence } from "./silence.ts";
import { initialWeights, WEIGHT_COUNT } from "./weights.ts";

/** Schema of how the network is trained. */
export const trainingSchema = z.strictObject({
  window: z.int().min(1).max(LONGEST_WINDOW).default(LONGEST_WINDOW),
  learning_rate: z.number().positive("must be above 0").default(0.005),
  averaging: z.number().min(0).lt(1, "must be below 1").default(0.995),
  epochs: z.int().min(1).max(10_000).default(50),
  patience: z.int().min(1).default(5),
  seed: z.int().min(0).default(1),
});

/** How the network is trained. */
export interface TrainOptions {
  /** Samples from the start of the sequences that are trained on. */
  trainLength: number;
  /** Samples after those that the epochs are judged by. */
  validationLength: number;
  /** Samples of a window. */
  window: number;
  /** Adam's learning rate. */
  learningRate: number;
  /** Decay of the running mean of the weights at a step, from 0 to below 1. */
  averaging: number;
  /** Most epochs. */
  epochs: number;
  /** Epochs without gain after which training stops. */
  patience: number;
  /** Seed of the initial weights. */
  seed: number;
}

/** One epoch. */
export interface EpochRecord {
  /** Its number, from 1; 0 is the network as a wire. */
  epoch: number;
  /** Mean loss of its windows while the weights moved; none of epoch 0. */
  trainEsr?: number;
  /** Mean ESR of the validation part after it. */
  validationEsr: number;
  /** Time it took, in seconds. */
  seconds: number;
  /** Mean time of a training step, in seconds; none of epoch 0. */
  stepSeconds?: number;
}

/** Where training stands after an epoch; plain data, to be kept as JSON. */
export interface Checkpoint {
  /** Weights now. */
  weights: number[];
  /** Their running mean. */
  mean: number[];
  /** The optimiser. */
  adam: AdamState;
  /** Mean weights of the best epoch. */
  best: { epoch: number; weights: number[] };
  /** All epochs so far. */
  epochs: EpochRecord[];
}

/** A trained network. */
export interface TrainedGru {
  /** Weights of the best epoch, silence kept silent. */
  weights: Float64Array;
  /** Number of that epoch. */
  bestEpoch: number;
  /** All epochs. */
  epochs: EpochRecord[];
}

/**
 * Trains on `batch`, whose rows hold the training part and after it the
 * validation part. `kept` is where an earlier run stopped, if one did;
 * `onEpoch` is given every new checkpoint.
 *
 * @throws {Error} where a target is silent, or the loss is no longer a number.
 */
export async function trainGru(
  batch: GruBatch,
  options: TrainOptions,
  { kept, onEpoch }: {
    kept?: Checkpoint;
    onEpoch?: (checkpoint: Checkpoint) => Promise<void> | void;
  } = {},
): Promise<TrainedGru> {
  const { trainLength, validationLength, window } = options;
  const { learningRate, averaging } = options;
  const windows = Math.floor(trainLength / window);
  if (windows === 0) {
    throw new RangeError(
      `a training part of ${trainLength} samples holds no window of ${window}: train on more sound, or choose a shorter window`,
    );
  }
  const sequences = batch.targets.length;
  const end = trainLength + validationLength;
  const trainScales = Float64Array.from(
    batch.targets,
    (target) =>
      trainLength /
      (energy(target.subarray(0, trainLength)) * sequences * window),
  );
  const validationScales = Float64Array.from(
    batch.targets,
    (target) => 1 / (energy(target.subarray(trainLength, end)) * sequences),
  );

  /** Mean ESR of the validation part, from a state warmed up just before it. */
  async function validate(weights: Float64Array): Promise<number> {
    batch.rewind();
    const warmUp = Math.max(0, trainLength - window);
    await batch.loss(weights, warmUp, trainLength, validationScales);
    let sum = 0;
    for (let from = trainLength; from < end; from += window) {
      const to = Math.min(from + window, end);
      sum += await batch.loss(weights, from, to, validationScales);
    }
    return sum;
  }

  let checkpoint: Checkpoint | undefined = kept;
  if (checkpoint === undefined) {
    const started = performance.now();
    const inputRms = rootMeanSquare(
      batch.inputs.map((input) => input.subarray(0, trainLength)),
    );
    const weights = initialWeights(options.seed, inputRms);
    checkpoint = {
      weights: [...weights],
      mean: [...weights],
      adam: adamAtStart(WEIGHT_COUNT),
      best: { epoch: 0, weights: [...weights] },
      epochs: [{
        epoch: 0,
        validationEsr: await validate(weights),
        seconds: (performance.now() - started) / 1000,
      }],
    };
    await onEpoch?.(checkpoint);
  }
  while (!isDone(checkpoint, options)) {
    const started = performance.now();
    const weights: Float64Array = Float64Array.from(checkpoint.weights);
    const mean: Float64Array = Float64Array.from(checkpoint.mean);
    const adam: AdamState = structuredClone(checkpoint.adam);
    batch.rewind();
    let sum = 0;
    for (let i = 0; i < windows; i++) {
      const { loss, gradient } = await batch.gradient(
        weights,
        i * window,
        (i + 1) * window,
        trainScales,
      );
      adamStep(weights, gradient, adam, learningRate);
      // At first, the plain mean of all steps.
      const share = Math.max(1 - averaging, 1 / adam.steps);
      for (let k = 0; k < mean.length; k++) {
        mean[k] = (1 - share) * mean[k] + share * weights[k];
      }
      sum += loss;
    }
    const stepSeconds = (performance.now() - started) / 1000 / windows;
    const validationEsr = await validate(mean);
    const { best, epochs }: Checkpoint = checkpoint;
    const epoch = epochs.length;
    if (!Number.isFinite(validationEsr)) {
      throw new Error(
        `training broke down in epoch ${epoch}: the loss is no number any more. Lower the learning rate of ${learningRate}`,
      );
    }
    checkpoint = {
      weights: [...weights],
      mean: [...mean],
      adam,
      best: validationEsr < epochs[best.epoch].validationEsr
        ? { epoch, weights: [...mean] }
        : best,
      epochs: [...epochs, {
        epoch,
        trainEsr: sum / windows,
        validationEsr,
        seconds: (performance.now() - started) / 1000,
        stepSeconds,
      }],
    };
    await onEpoch?.(checkpoint);
  }
  return trainedOf(checkpoint);
}

/** The network that a training which stopped at `checkpoint` has found. */
export function trainedOf({ best, epochs }: Checkpoint): TrainedGru {
  return {
    weights: withSilence(Float64Array.from(best.weights)),
    bestEpoch: best.epoch,
    epochs,
  };
}

/** Whether there is nothing left to train after `checkpoint`. */
export function isDone(
  { best, epochs }: Checkpoint,
  options: Pick<TrainOptions, "epochs" | "patience">,
): boolean {
  const done = epochs.length - 1;
  return done >= options.epochs || done - best.epoch >= options.patience;
}

/** Level of several signals of the same length. */
function rootMeanSquare(signals: readonly Signal[]): number {
  let sum = 0;
  for (const signal of signals) {
    for (let n = 0; n < signal.length; n++) sum += signal[n] * signal[n];
  }
  return Math.sqrt(sum / (signals.length * signals[0].length));
}

/** Σ F(target)². */
function energy(target: Signal): number {
  let filtered = 0;
  let before = target[0];
  let sum = 0;
  for (let n = 0; n < target.length; n++) {
    filtered = target[n] - before + PRE_EMPHASIS_POLE * filtered;
    before = target[n];
    sum += filtered * filtered;
  }
  if (!(sum > 0)) {
    throw new Error(
      "a target is silent in the training or the validation part: give longer parts, or leave its setting out",
    );
  }
  return sum;
}
