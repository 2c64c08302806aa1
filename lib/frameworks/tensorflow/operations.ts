/**
 * Operations of TensorFlow.js with gradients that serve a Hessian.
 *
 * They differ from the framework's own gradients in three ways.
 *
 * - What an operation saves is an input, never an output. A saved tensor is copied
 *   when the operation runs, and the copy is recorded before the operation: right
 *   for an input, but an output is copied before it has been made, and what a
 *   second derivative should send through it is lost without a word. `tf.exp` and
 *   `tf.sigmoid` lose terms so.
 * - A linear operation saves nothing. The framework's keep their inputs, if only
 *   for the shape, and on some backends every saved tensor is one more copy.
 * - Sums over whole signals are taken in blocks of about √n. A backend may add up
 *   in single precision, one sample after the other, and over eight million of
 *   them that costs four digits.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs-core";

/** A function of one tensor. */
export type Operation = (x: tf.Tensor) => tf.Tensor;

type Save = (tensors: tf.Tensor[]) => void;

/** The linear operation `f`, with the gradient `transpose`, itself linear. */
export function linear(f: Operation, transpose: Operation): Operation {
  return tf.customGrad((...given) => ({
    value: f(given[0] as tf.Tensor),
    gradFunc: (cotangent: tf.Tensor) => linear(transpose, f)(cotangent),
  }));
}

/** x + c, for a constant c. */
export function plus(x: tf.Tensor, c: tf.Tensor | number): tf.Tensor {
  const operation = tf.customGrad((...given) => ({
    value: tf.add(given[0] as tf.Tensor, c),
    gradFunc: (cotangent: tf.Tensor) => tf.clone(cotangent),
  }));
  return operation(x);
}

/** x c, for a constant c of the same shape. */
export function times(x: tf.Tensor, c: tf.Tensor): tf.Tensor {
  const multiply: Operation = (x) => tf.mul(x, c);
  return linear(multiply, multiply)(x);
}

/** Sum of a signal. */
export function total(x: tf.Tensor): tf.Tensor {
  const { shape, size } = x;
  const block = divisorNearRoot(size);
  return linear(
    (x) => tf.sum(tf.sum(tf.reshape(x, [size / block, block]), 1)),
    (s) => tf.mul(s, tf.ones(shape)),
  )(x);
}

/** s x, of a scalar and a signal. */
export const scale: (s: tf.Tensor, x: tf.Tensor) => tf.Tensor = tf.customGrad(
  (...given) => {
    const [s, x, save] = given as [tf.Tensor, tf.Tensor, Save];
    save([s, x]);
    return {
      value: tf.mul(s, x),
      gradFunc: (cotangent: tf.Tensor, [s, x]: tf.Tensor[]) => [
        total(tf.mul(cotangent, x)),
        scale(s, cotangent),
      ],
    };
  },
);

/** s + c, of a scalar and a constant signal. */
export function spread(s: tf.Tensor, c: tf.Tensor): tf.Tensor {
  const operation = tf.customGrad((...given) => ({
    value: tf.add(given[0] as tf.Tensor, c),
    gradFunc: (cotangent: tf.Tensor) => total(cotangent),
  }));
  return operation(s);
}

/** eˣ. */
export const exponential: Operation = tf.customGrad((...given) => {
  const [x, save] = given as [tf.Tensor, Save];
  save([x]);
  return {
    value: tf.exp(x),
    gradFunc: (cotangent: tf.Tensor, [x]: tf.Tensor[]) =>
      tf.mul(cotangent, exponential(x)),
  };
});

/** x². */
export const square: Operation = tf.customGrad((...given) => {
  const [x, save] = given as [tf.Tensor, Save];
  save([x]);
  return {
    value: tf.square(x),
    gradFunc: (cotangent: tf.Tensor, [x]: tf.Tensor[]) =>
      tf.mul(linear(twice, twice)(cotangent), x),
  };
});

function twice(x: tf.Tensor): tf.Tensor {
  return tf.mul(x, 2);
}

/** The largest divisor of `n` that is at most √n. */
function divisorNearRoot(n: number): number {
  let divisor = Math.floor(Math.sqrt(n));
  while (n % divisor !== 0) divisor--;
  return divisor;
}
