/**
 * The weights of the make-up network, y = x + v·GRU₈(x) + c, and their file.
 *
 * They lie in one vector of {@linkcode WEIGHT_COUNT} numbers, in the order and
 * layout in which TensorFlow.js keeps those of a `gru` layer of 8 units followed
 * by a `dense` layer of one:
 *
 *     kernel W           1 × 24   columns z₀…z₇ r₀…r₇ n₀…n₇
 *     recurrent kernel U 8 × 24   row j: what h_j adds to each
 *     bias b             24
 *     dense kernel v     8 × 1
 *     dense bias c       1
 *
 * So `tf.layers.gru({units: 8, recurrentActivation: "sigmoid",
 * returnSequences: true})` and `tf.layers.dense({units: 1})` take
 * {@linkcode tensorsOf} as they are.
 *
 * @module
 */

import * as z from "zod";
import { parseConfig } from "../base/config.ts";
import { createRandom } from "../base/random.ts";

/** Hidden units. */
export const HIDDEN = 8;

/** Gate inputs a sample: update z, reset r and candidate n of every unit. */
export const GATES = 3 * HIDDEN;

/** Index of the first recurrent weight. */
export const RECURRENT = GATES;

/** Index of the first bias. */
export const BIAS = RECURRENT + HIDDEN * GATES;

/** Index of the first weight of the dense layer. */
export const DENSE = BIAS + GATES;

/** Index of the dense layer's bias. */
export const OFFSET = DENSE + HIDDEN;

/** Numbers in a weight vector. */
export const WEIGHT_COUNT = OFFSET + 1;

/** One of the tensors that TensorFlow.js keeps the weights in. */
export interface NamedTensor {
  /** Its name there. */
  name: string;
  /** Its shape. */
  shape: number[];
  /** Its numbers, row by row. */
  values: number[];
}

/** Name, shape and place of each tensor. */
const TENSORS: { name: string; shape: number[]; start: number }[] = [
  { name: "gru/kernel", shape: [1, GATES], start: 0 },
  { name: "gru/recurrent_kernel", shape: [HIDDEN, GATES], start: RECURRENT },
  { name: "gru/bias", shape: [GATES], start: BIAS },
  { name: "dense/kernel", shape: [HIDDEN, 1], start: DENSE },
  { name: "dense/bias", shape: [1], start: OFFSET },
];

/** Samples that the slow units remember at the start, in powers of ten. */
const SLOW_UNITS = [1.5, 2.5, 3.5, 4.5];

/**
 * Weights to start training from, for sound of the level `inputRms`.
 *
 * The dense layer is zero, so that the network begins as a wire. The others are
 * uniform within ±1/√8, with two things added without which the network learns
 * little more than a constant gain: the input weights are divided by the level,
 * so that the units feel how loud it is; and half of the units begin slow, with
 * memories from 32 to 32 000 samples, by the bias b = ln T of their update gate
 * ("chrono initialisation", Tallec and Ollivier, ICLR 2018). A compressor's
 * errors are as slow as its release.
 */
export function initialWeights(
  seed: number | string,
  inputRms: number,
): Float64Array {
  const random = createRandom(`${seed}/gru`);
  const weights = new Float64Array(WEIGHT_COUNT);
  const bound = 1 / Math.sqrt(HIDDEN);
  for (let i = 0; i < DENSE; i++) weights[i] = random.uniform(-bound, bound);
  for (let i = 0; i < RECURRENT; i++) weights[i] /= inputRms;
  SLOW_UNITS.forEach((decades, j) => {
    weights[BIAS + j] = decades * Math.LN10;
  });
  return weights;
}

/** `weights` as the tensors of TensorFlow.js, in its order. */
export function tensorsOf(weights: Float64Array): NamedTensor[] {
  return TENSORS.map(({ name, shape, start }) => ({
    name,
    shape: [...shape],
    values: [...weights.subarray(start, start + sizeOf(shape))],
  }));
}

/**
 * The weights in `tensors`, as {@linkcode tensorsOf} makes them.
 *
 * @throws {Error} where one is missing or has another shape; `place` says whose.
 */
export function weightsOf(
  tensors: readonly NamedTensor[],
  place: string,
): Float64Array {
  const weights = new Float64Array(WEIGHT_COUNT);
  for (const { name, shape, start } of TENSORS) {
    const tensor = tensors.find((candidate) => candidate.name === name);
    if (tensor === undefined) {
      throw new Error(
        `${place}: the tensor ${name} is missing. Give weights that exp:baselines wrote, or a gru layer of ${HIDDEN} units and a dense one of 1`,
      );
    }
    const isShaped = `${tensor.shape}` === `${shape}` &&
      tensor.values.length === sizeOf(shape);
    if (!isShaped) {
      throw new Error(
        `${place}: the tensor ${name} has the shape [${tensor.shape}] and ${tensor.values.length} numbers where [${shape}] belongs. Give the weights of a gru layer of ${HIDDEN} units and a dense one of 1`,
      );
    }
    weights.set(tensor.values, start);
  }
  return weights;
}

const fileSchema = z.looseObject({
  weights: z.array(z.looseObject({
    name: z.string(),
    shape: z.array(z.int().positive()),
    values: z.array(z.number()),
  })),
});

/** Reads weights from `text`, as {@linkcode weightsToJson} writes them. */
export function weightsFromJson(text: string, place: string): Float64Array {
  return weightsOf(parseConfig(fileSchema, text, place).weights, place);
}

/** `weights` as a file's text, with a line on where they come from. */
export function weightsToJson(weights: Float64Array, origin: string): string {
  const file = {
    origin,
    network: "y = x + dense(gru(x)), after the compressor without make-up",
    weights: tensorsOf(weights),
  };
  return `${JSON.stringify(file, null, 1)}\n`;
}

function sizeOf(shape: number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}
