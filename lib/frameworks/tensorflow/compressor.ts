/**
 * The objective in operations of TensorFlow.js, and its Hessian by that
 * framework's own reverse-over-reverse: `grads` of `grads`.
 *
 * Which samples lie above the threshold, and which attack, is locally constant.
 * These two masks are computed beforehand at the same point, and go into the
 * differentiated function as data.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs-core";
import { coefficientOfTime, NEPER_PER_DB } from "../../sound/units.ts";
import {
  chunkLevel,
  chunkOf,
  chunkTarget,
} from "../../objective/chunk_signals.ts";
import type { ChunkedPair } from "../../sound/chunks.ts";
import { PRE_EMPHASIS_POLE } from "../../sound/pre_emphasis.ts";
import { byteCounter } from "./memory.ts";
import {
  exponential,
  linear,
  plus,
  scale,
  spread,
  square,
  times,
  total,
} from "./operations.ts";
import { advance, delay, recurrence } from "./recurrence.ts";

/** The Hessian in TensorFlow.js. */
export interface TensorflowHessian {
  /** ∇²𝓛 at `z`, 5 × 5, row-major. */
  evaluate(z: ArrayLike<number>): Promise<Float64Array>;
  /** The most bytes that its tensors have held at once, data included. */
  readonly peakBytes: number;
  /** Gives back the tensors that it holds. */
  close(): void;
}

/** The recording, as tensors [batch, time]. */
interface Recording {
  input: tf.Tensor2D;
  level: tf.Tensor2D;
  target: tf.Tensor2D;
  /** 1 − the pole of the pre-emphasis, everywhere. */
  poleLeak: tf.Tensor2D;
  sampleRate: number;
  warmUp: number;
}

/** Masks of the branches taken at a point, 1 or 0. */
interface Branches {
  /** Samples above the threshold. */
  active: tf.Tensor2D;
  /** Samples that the ballistics follow with the attack coefficient. */
  attacks: tf.Tensor2D;
}

/** Makes the Hessian on `pair` ready, on the backend in use. */
export function openTensorflowHessian(pair: ChunkedPair): TensorflowHessian {
  const counter = byteCounter();
  counter.reset();
  const recording = toTensors(pair);
  return {
    evaluate: (z) => hessian(recording, Array.from(z)),
    get peakBytes() {
      return counter.peak;
    },
    close() {
      const { input, level, target, poleLeak } = recording;
      tf.dispose([input, level, target, poleLeak]);
    },
  };
}

function toTensors(pair: ChunkedPair): Recording {
  const { dry, starts, chunkLength, sampleRate, warmUp } = pair;
  const tensor = (fill: (start: number, row: Float32Array) => unknown) => {
    const values = new Float32Array(starts.length * chunkLength);
    starts.forEach((start, i) =>
      fill(start, values.subarray(i * chunkLength, (i + 1) * chunkLength))
    );
    return tf.tensor2d(values, [starts.length, chunkLength]);
  };
  return {
    input: tensor((start, row) => row.set(chunkOf(pair, dry, start))),
    level: tensor((start, row) => chunkLevel(pair, start, row)),
    target: tensor((start, row) => chunkTarget(pair, start, row)),
    poleLeak: tensor((_, row) => row.fill(1 - PRE_EMPHASIS_POLE)),
    sampleRate,
    warmUp,
  };
}

/** Row i of the Hessian is the gradient of the gradient's entry i. */
async function hessian(
  recording: Recording,
  point: number[],
): Promise<Float64Array> {
  const z = point.map((value) => tf.scalar(value));
  const branches = await branchesAt(recording, z);
  const gradient = tf.grads((...z: tf.Tensor[]) =>
    loss(recording, branches, z)
  );
  const result = new Float64Array(z.length ** 2);
  for (let i = 0; i < z.length; i++) {
    const row = tf.tidy(() =>
      tf.stack(tf.grads((...z: tf.Tensor[]) => gradient(z)[i])(z))
    );
    result.set(await row.data(), i * z.length);
    row.dispose();
  }
  tf.dispose([...z, branches.active, branches.attacks]);
  return result;
}

/** Loss at the coordinates z, on fixed branches. */
function loss(
  { input, level, target, poleLeak, sampleRate, warmUp }: Recording,
  { active, attacks }: Branches,
  z: tf.Tensor[],
): tf.Scalar {
  const [threshold, slope, attack, release, makeUp] = natural(z, sampleRate);
  const drive = driveAt(threshold, slope, level, active);
  const leak = tf.add(
    scale(attack, attacks),
    scale(release, tf.sub(1, attacks)),
  );
  const gain = plus(recurrence(leak, tf.mul(leak, drive)), 1);
  const filtered = preEmphasise(times(gain, input), poleLeak);
  const model = scale(exponential(tf.mul(NEPER_PER_DB, makeUp)), filtered);
  const error = counted(plus(model, tf.neg(target)), warmUp);
  return total(square(error)) as tf.Scalar;
}

/** ĝ − 1, what the ballistics follow. */
function driveAt(
  threshold: tf.Tensor,
  slope: tf.Tensor,
  level: tf.Tensor,
  active: tf.Tensor,
): tf.Tensor {
  const above = times(spread(threshold, tf.neg(level)), active);
  return plus(exponential(scale(tf.mul(NEPER_PER_DB, slope), above)), -1);
}

/** Pre-emphasis F. */
function preEmphasise(x: tf.Tensor, poleLeak: tf.Tensor): tf.Tensor {
  return linear(
    (x) => recurrence(poleLeak, tf.sub(x, delay(x))),
    (e) => {
      const q = recurrence(poleLeak, e, true);
      return tf.sub(q, advance(q));
    },
  )(x);
}

/** The samples from `warmUp` on. */
function counted(x: tf.Tensor, warmUp: number): tf.Tensor {
  return linear(
    (x) => tf.slice(x, [0, warmUp]),
    (e) => tf.pad(e, [[0, 0], [warmUp, 0]]),
  )(x);
}

/** Natural parameters θ of the published coordinates z. */
function natural(z: tf.Tensor[], sampleRate: number): tf.Tensor[] {
  const [threshold, ratio, attack, release, makeUp] = z;
  const between = (low: number, high: number, z: tf.Tensor) =>
    tf.add(low, tf.div(high - low, tf.add(1, exponential(tf.neg(z)))));
  const time = (fastest: number, slowest: number, z: tf.Tensor) =>
    between(
      coefficientOfTime(fastest, sampleRate),
      coefficientOfTime(slowest, sampleRate),
      z,
    );
  return [
    threshold,
    tf.sub(1, tf.div(1, between(1, 20, ratio))),
    time(0.1, 100, attack),
    time(10, 1000, release),
    makeUp,
  ];
}

/** Masks of the branches at z. The ballistics' is found here, sample by sample. */
async function branchesAt(
  { level, sampleRate }: Recording,
  z: tf.Tensor[],
): Promise<Branches> {
  const { active, drive, coefficients } = tf.tidy(() => {
    const [threshold, slope, attack, release] = natural(z, sampleRate);
    const active = tf.cast(tf.less(threshold, level), "float32");
    return {
      active: active as tf.Tensor2D,
      drive: driveAt(threshold, slope, level, active),
      coefficients: tf.stack([attack, release]),
    };
  });
  const [h, [attack, release]] = await Promise.all([
    drive.data(),
    coefficients.data(),
  ]);
  tf.dispose([drive, coefficients]);
  const [batch, length] = level.shape;
  const mask = new Float32Array(batch * length);
  for (let row = 0; row < mask.length; row += length) {
    let d = 0;
    for (let i = row; i < row + length; i++) {
      const isAttack = h[i] < d;
      if (isAttack) mask[i] = 1;
      d += (isAttack ? attack : release) * (h[i] - d);
    }
  }
  return { active, attacks: tf.tensor2d(mask, level.shape) };
}
