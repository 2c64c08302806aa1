/**
 * What SignalTrain's network is trained to make small (Hawley, Colburn, Mimilakis,
 * AES 147, 2019, and the authors' program):
 *
 *     mean ln cosh(ŷ − y)  +  λ/10 · mean |M̂| w,   w = e^(7k/F) of bin k, or 10
 *
 * over batch and samples, or frames and bins; λ = 2e-5. ln cosh is half the square
 * where the error is small, and the error itself where it is large: its slope is
 * tanh, that of |e| the sign. The weight makes high bins dear, up to 1100 times.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs-core";
import type { NetworkOutput } from "./network.ts";
import type { NetworkSizes } from "./sizes.ts";

/** How errors count: the paper's way, or its comparison. */
export const LOSSES = ["log-cosh", "L1"] as const;

/** A way to count errors. */
export type LossName = typeof LOSSES[number];

/** λ. */
const REGULARISATION = 2e-5;

/** Mean of ln cosh over all entries, of slope tanh. */
export const meanLogCosh: (error: tf.Tensor) => tf.Tensor = tf.customGrad(
  (...given) => {
    const [error, save] = given as [tf.Tensor, (tensors: tf.Tensor[]) => void];
    save([error]);
    const size = tf.abs(error);
    const tail = tf.log1p(tf.exp(tf.mul(size, -2)));
    return {
      value: tf.sub(tf.mean(tf.add(size, tail)), Math.LN2),
      gradFunc: (dy: tf.Tensor, [error]: tf.Tensor[]) =>
        tf.mul(tf.tanh(error), tf.div(dy, error.size)),
    };
  },
);

/** The loss of the network's `made` against `wet`. */
export function lossOf(
  { output, magnitude }: NetworkOutput,
  wet: tf.Tensor,
  { bins }: NetworkSizes,
  { loss, weighted }: { loss: LossName; weighted: boolean },
): tf.Scalar {
  const error = tf.sub(output, wet);
  const fit = loss === "log-cosh" ? meanLogCosh(error) : tf.mean(tf.abs(error));
  const weight = tf.tensor2d(
    Array.from(
      { length: bins },
      (_, k) => weighted ? Math.exp(7 * k / bins) : 10,
    ),
    [1, bins],
  );
  const size = tf.mean(tf.mul(tf.abs(magnitude), weight));
  return tf.add(fit, tf.mul(size, REGULARISATION / 10)) as tf.Scalar;
}
