/**
 * Trains SignalTrain's network as the paper and its program do: Adam, the 1-cycle
 * schedule, and the gradients of front and back end together held to an L1 norm of 1.
 *
 *     1-cycle   30 % of the steps from η/15 up to η, the rest down to η/1500, both
 *               along half a cosine
 *     clipping  g ← g / max(1, ‖g‖₁), of the four matrices alone
 *     Adam      β₁ = 0.9, β₂ = 0.999, ε = 1e-8 (Kingma and Ba, ICLR 2015), without
 *               weight decay, which their program leaves out too
 *
 * The state after any check holds all that the rest depends on: a training that is
 * taken up again ends in the same weights, byte for byte, on one backend.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs-core";
import { errorsOf } from "./errors.ts";
import { type LossName, lossOf } from "./loss.ts";
import { forward, networkInput, unpack } from "./network.ts";
import type { NetworkSizes } from "./sizes.ts";
import {
  ENDS,
  endsCount,
  heldCount,
  initialWeights,
  mirrorsOf,
} from "./weights.ts";
import type { TrainingWindows, WindowSource } from "./windows.ts";

const BETA_1 = 0.9;
const BETA_2 = 0.999;
const EPSILON = 1e-8;

/** Part of the 1-cycle's steps in which the rate rises. */
const RISING = 0.3;

/** η over the first rate, and over the last. */
const FIRST = 15;
const LAST = 1500;

/** How the rate goes over the steps. */
export const SCHEDULES = ["1-cycle", "constant"] as const;

/** How a network is trained. */
export interface TrainOptions {
  /** Batches of a cycle of the schedule. */
  batches: number;
  /** Cycles, one after the other (1 in the paper): more go on where fewer end. */
  cycles: number;
  /** Windows of a batch. */
  batch: number;
  /** η, the largest learning rate. */
  learningRate: number;
  schedule: typeof SCHEDULES[number];
  loss: LossName;
  /** Whether the regulariser is weighted by frequency. */
  weighted: boolean;
  /** Seed of the initial weights. */
  seed: number;
  /** Windows to judge by. */
  validation: number;
  /** Batches from check to check. */
  checkEvery: number;
}

/** What a check found. */
export interface Check {
  /** Batches until then. */
  batches: number;
  /** Mean loss of the batches since the last, regulariser included; none at 0. */
  train?: number;
  /** Mean ln cosh of the error on the validation windows. */
  validation: number;
  /** Mean absolute error there. */
  mae: number;
}

/** Where a training stands. */
export interface TrainingState {
  batches: number;
  weights: Float32Array;
  /** Adam's running means, of the gradient and of its square. */
  mean: Float32Array;
  square: Float32Array;
  checks: Check[];
}

/** Rate of step `i`, from 0. */
export function rateAt(
  i: number,
  { batches, learningRate, schedule }: TrainOptions,
): number {
  if (schedule === "constant") return learningRate;
  const between = (from: number, to: number, part: number) =>
    learningRate * (to + (from - to) * (1 + Math.cos(Math.PI * part)) / 2);
  const at = i % batches;
  const top = RISING * batches;
  return at < top
    ? between(1 / FIRST, 1, at / top)
    : between(1, 1 / LAST, (at - top) / (batches - top));
}

/**
 * Trains a network on the backend in use. `kept` is where an earlier run stopped;
 * `onCheck` is given every new state, `onBatch` the count of batches done.
 *
 * @throws {Error} where the loss is no number any more.
 */
export async function trainNetwork(
  sizes: NetworkSizes,
  source: WindowSource,
  options: TrainOptions,
  { kept, onCheck, onBatch }: {
    kept?: TrainingState;
    onCheck?: (state: TrainingState) => Promise<void> | void;
    onBatch?: (batches: number) => void;
  } = {},
): Promise<TrainingState> {
  const judged = source.validation(options.validation);
  const zeros = () => new Float32Array(heldCount(sizes));
  let state = kept;
  if (state === undefined) {
    const weights = initialWeights(sizes, options.seed);
    state = {
      batches: 0,
      weights,
      mean: zeros(),
      square: zeros(),
      checks: [{ batches: 0, ...await judge(weights, judged, sizes, options) }],
    };
    await onCheck?.(state);
  }
  const total = options.batches * options.cycles;
  let tensors = [state.weights, state.mean, state.square]
    .map((values) => tf.tensor1d(values));
  let sum: tf.Tensor = tf.scalar(0);
  try {
    for (let i: number = state.batches; i < total; i++) {
      const windows = source.batch(i, options.batch);
      const next = tf.tidy(() =>
        step(tensors, sum, windows, i, sizes, options)
      );
      tf.dispose([...tensors, sum]);
      [sum, ...tensors] = next as [tf.Tensor, ...tf.Tensor1D[]];
      onBatch?.(i + 1);
      // Lets a progress bar be drawn, and a signal be heard.
      await new Promise((resolve) => setTimeout(resolve));
      const done: number = i + 1;
      const isCheck = done % options.checkEvery === 0 ||
        done % options.batches === 0;
      if (!isCheck) continue;
      const since = done - state.checks.at(-1)!.batches;
      const [weights, mean, square]: Float32Array[] = await Promise.all(
        tensors.map(async (tensor) => await tensor.data() as Float32Array),
      );
      const train = (await sum.data())[0] / since;
      sum.dispose();
      sum = tf.scalar(0);
      const found = await judge(weights, judged, sizes, options);
      if (!Number.isFinite(train + found.validation)) {
        throw new Error(
          `training broke down before batch ${done}: the loss is no number any more. Lower the learning rate of ${options.learningRate}`,
        );
      }
      const checks: Check[] = [...state.checks, {
        batches: done,
        train,
        ...found,
      }];
      state = { batches: done, weights, mean, square, checks };
      await onCheck?.(state);
    }
  } finally {
    tf.dispose([...tensors, sum]);
  }
  return state;
}

/** One step: the sum of losses, the weights and Adam's means after it. */
function step(
  [vector, mean, square]: tf.Tensor[],
  sum: tf.Tensor,
  windows: TrainingWindows,
  i: number,
  sizes: NetworkSizes,
  options: TrainOptions,
): tf.Tensor[] {
  const input = networkInput(windows, sizes);
  const wet = tf.tensor2d(windows.wet, [windows.count, sizes.output]);
  const { value, grads } = tf.valueAndGrads((...weights: tf.Tensor[]) =>
    lossOf(forward(weights, input, sizes), wet, sizes, options)
  )(unpack(vector as tf.Tensor1D, sizes));
  const gradient = clipped(grads, sizes);
  const nextMean = tf.add(tf.mul(mean, BETA_1), tf.mul(gradient, 1 - BETA_1));
  const nextSquare = tf.add(
    tf.mul(square, BETA_2),
    tf.mul(tf.square(gradient), 1 - BETA_2),
  );
  const size = tf.sqrt(tf.mul(nextSquare, 1 / (1 - BETA_2 ** (i + 1))));
  const rate = rateAt(i, options) / (1 - BETA_1 ** (i + 1));
  const move = tf.div(tf.mul(nextMean, rate), tf.add(size, EPSILON));
  return [tf.add(sum, value), tf.sub(vector, move), nextMean, nextSquare];
}

/**
 * Gradients as one vector, those of front and back end of an L1 norm of at most 1,
 * as of all N rows; a row's that is mirrored is then that of one of the two.
 */
export function clipped(
  gradients: readonly tf.Tensor[],
  sizes: NetworkSizes,
): tf.Tensor1D {
  const flat = tf.concat(gradients.map((g) => tf.reshape(g, [-1])));
  const ends = tf.slice(flat, 0, endsCount(sizes));
  const norm = tf.sum(tf.abs(ends));
  const factor = tf.div(1, tf.maximum(norm, 1));
  const parts = gradients.slice(0, ENDS).map((g, place) => {
    const isSynthesis = place >= 2;
    const scale = isSynthesis ? tf.mul(factor, perRow(sizes)) : factor;
    return tf.reshape(tf.mul(g, scale), [-1]);
  });
  const rest = tf.slice(flat, endsCount(sizes), -1);
  return tf.concat([...parts, rest]) as tf.Tensor1D;
}

/** 1 over how often each row of the synthesis is there: [F, 1]. */
function perRow(sizes: NetworkSizes): tf.Tensor {
  return tf.tensor2d(
    Array.from({ length: sizes.bins }, (_, k) => 1 / mirrorsOf(k, sizes)),
    [sizes.bins, 1],
  );
}

/** What the network of `weights` makes of `windows`: [count, output]. */
export async function predict(
  weights: Float32Array,
  windows: TrainingWindows | Parameters<typeof networkInput>[0],
  sizes: NetworkSizes,
  batch: number,
): Promise<Float32Array> {
  const { input, output, knobs } = sizes;
  const result = new Float32Array(windows.count * output);
  const vector = tf.tensor1d(weights);
  try {
    for (let from = 0; from < windows.count; from += batch) {
      const count = Math.min(batch, windows.count - from);
      const part = {
        count,
        dry: windows.dry.subarray(from * input, (from + count) * input),
        knobs: windows.knobs.subarray(from * knobs, (from + count) * knobs),
      };
      const made = tf.tidy(() =>
        forward(unpack(vector, sizes), networkInput(part, sizes), sizes).output
      );
      result.set(await made.data(), from * output);
      made.dispose();
    }
    return result;
  } finally {
    vector.dispose();
  }
}

/** Mean ln cosh and mean absolute error on `windows`. */
async function judge(
  weights: Float32Array,
  windows: TrainingWindows,
  sizes: NetworkSizes,
  { batch }: TrainOptions,
): Promise<{ validation: number; mae: number }> {
  const made = await predict(weights, windows, sizes, batch);
  return errorsOf(made, windows.wet);
}
