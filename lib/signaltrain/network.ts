/**
 * SignalTrain's network in operations of TensorFlow.js, layer by layer (Hawley,
 * Colburn, Mimilakis, AES 147, 2019, figure 2, and the authors' program).
 *
 *     u = x/2, cut into T frames of N samples, with N zeros at either end
 *     X = u A                                   both parts, F = N/2 + 1 bins
 *     M = |X|,  Φ = atan2(X_im, X_re + 1e-7)
 *     M̂ = f(M, knobs) · M[last OT],  Φ̂ = h(Φ, knobs) + Φ[last OT]
 *     s = overlapping frames of (M̂ cos Φ̂) S_re + (M̂ sin Φ̂) S_im
 *     ŷ = 2 (s + u[last])
 *
 * f and h are the autoencoders: nine linear layers along time, the same for every
 * bin, with an ELU after each. A bin that the published program has twice, once
 * mirrored, counts twice here.
 *
 * **Layout.** Frames are rows [T·B, N], time first, and so are spectra, [T·B, F] or
 * [T, B·F]; turned, [B·F, T], they are what a layer along time multiplies from the
 * right. Products are what costs. The backend `wasm` does those of two plain matrices
 * some twenty times faster than those that take one of them turned, so matrices are
 * turned beforehand, and it packs the right one anew each time, so that the small one
 * stands there.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs-core";
import { layersOf, type NetworkSizes } from "./sizes.ts";
import {
  AUTOENCODER_TENSORS,
  ENDS,
  mirrorsOf,
  tensorPlaces,
} from "./weights.ts";

/** Keeps the phase of silence defined. */
const PHASE_OFFSET = 1e-7;

/** Keeps M = 0 from dividing by it. */
const TINY = 1e-30;

type Save = (tensors: tf.Tensor[]) => void;

/** Windows, as the network takes them. */
export interface NetworkInput {
  /** Frames of u, [T·B, N], frame by frame. */
  frames: tf.Tensor2D;
  /** The same, transposed, for gradients. */
  turned: tf.Tensor2D;
  /** The last samples of x, [B, output]. */
  last: tf.Tensor2D;
  /** The knobs, from −½ to ½, for every bin: [B·F, K]. */
  knobs: tf.Tensor2D;
}

/** What the network makes of them. */
export interface NetworkOutput {
  /** ŷ, [B, output]. */
  output: tf.Tensor2D;
  /** M̂, [OT·B, F]. */
  magnitude: tf.Tensor2D;
}

/** Plain windows: `dry` is [B, input], `knobs` [B, K] from −½ to ½. */
export interface Windows {
  count: number;
  dry: Float32Array;
  knobs: Float32Array;
}

/** `windows` as tensors, which the caller disposes of. */
export function networkInput(
  { count, dry, knobs }: Windows,
  sizes: NetworkSizes,
): NetworkInput {
  const { frame, hop, input, output, frames, bins } = sizes;
  const cut = new Float32Array(frames * count * frame);
  const last = new Float32Array(count * output);
  for (let b = 0; b < count; b++) {
    const x = dry.subarray(b * input, (b + 1) * input);
    last.set(x.subarray(input - output), b * output);
    for (let t = 0; t < frames; t++) {
      const at = (t * count + b) * frame;
      const first = t * hop - frame;
      const from = Math.max(0, first);
      const to = Math.min(input, first + frame);
      for (let n = from; n < to; n++) cut[at + n - first] = x[n] / 2;
    }
  }
  const spread = new Float32Array(count * bins * sizes.knobs);
  for (let row = 0; row < count * bins; row++) {
    const from = Math.floor(row / bins) * sizes.knobs;
    spread.set(knobs.subarray(from, from + sizes.knobs), row * sizes.knobs);
  }
  const rows = tf.tensor2d(cut, [frames * count, frame]);
  return {
    frames: rows,
    turned: tf.transpose(rows),
    last: tf.tensor2d(last, [count, output]),
    knobs: tf.tensor2d(spread, [count * bins, sizes.knobs]),
  };
}

/** The vector of weights as tensors, in the order of `tensorPlaces`. */
export function unpack(vector: tf.Tensor1D, sizes: NetworkSizes): tf.Tensor[] {
  return tensorPlaces(sizes).map(({ start, size, shape }) =>
    tf.reshape(tf.slice(vector, start, size), shape)
  );
}

/**
 * The network. `bypass` leaves the autoencoders out: M̂ and Φ̂ are then M and Φ of the
 * last frames.
 */
export function forward(
  weights: readonly tf.Tensor[],
  { frames, turned, last, knobs }: NetworkInput,
  sizes: NetworkSizes,
  { bypass = false }: { bypass?: boolean } = {},
): NetworkOutput {
  const { outputFrames, bins } = sizes;
  const batch = last.shape[0];
  const [analysisRe, analysisIm, synthesisRe, synthesisIm] = weights;
  const re = ofData(frames, turned, analysisRe);
  const im = ofData(frames, turned, analysisIm);
  const alongTime = [sizes.frames, batch * bins];
  const m = tf.reshape(modulus(re, im), alongTime);
  const phi = tf.reshape(angle(re, im), alongTime);
  const lastOf = (x: tf.Tensor) =>
    tf.slice(x, [sizes.frames - outputFrames, 0], [outputFrames, -1]);
  const autoencoder = (x: tf.Tensor, place: number) => {
    const first = ENDS + place * AUTOENCODER_TENSORS;
    const made = layersOf(sizes).reduce((h, [fanIn], i) => {
      const [w, b] = weights.slice(first + 2 * i);
      return layer(fanIn > h.shape[1]! ? tf.concat([h, knobs], 1) : h, w, b);
    }, tf.transpose(x));
    return tf.transpose(made);
  };
  const [mHat, phiHat] = bypass ? [lastOf(m), lastOf(phi)] : [
    tf.mul(autoencoder(m, 0), lastOf(m)),
    tf.add(autoencoder(phi, 1), lastOf(phi)),
  ];
  const asFrames = (x: tf.Tensor) =>
    tf.reshape(x, [outputFrames * batch, bins]) as tf.Tensor2D;
  const magnitude = asFrames(mHat);
  const phase = asFrames(phiHat);
  const weighted = tf.mul(magnitude, mirrors(sizes));
  const made = tf.add(
    product(tf.mul(weighted, tf.cos(phase)), synthesisRe),
    product(tf.mul(weighted, tf.sin(phase)), synthesisIm),
  );
  const s = overlapAdd(made, batch, sizes);
  return { output: tf.add(tf.mul(s, 2), last), magnitude };
}

/** 1 for the first and the last bin, 2 for those that are mirrored: [1, F]. */
function mirrors(sizes: NetworkSizes): tf.Tensor {
  return tf.tensor2d(
    Array.from({ length: sizes.bins }, (_, k) => mirrorsOf(k, sizes)),
    [1, sizes.bins],
  );
}

/** `data` · w, where only w has a gradient; `turned` is `data` transposed. */
function ofData(data: tf.Tensor, turned: tf.Tensor, w: tf.Tensor): tf.Tensor {
  const multiply = tf.customGrad((...given) => ({
    value: tf.matMul(data as tf.Tensor2D, given[0] as tf.Tensor2D),
    gradFunc: (dy: tf.Tensor) =>
      tf.matMul(turned as tf.Tensor2D, dy as tf.Tensor2D),
  }));
  return multiply(w);
}

/** a · b, as a sum of a's rows, with a gradient that multiplies plain matrices. */
const product: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor = tf.customGrad(
  (...given) => {
    const [a, b, save] = given as [tf.Tensor2D, tf.Tensor2D, Save];
    save([a, b]);
    return {
      value: tf.matMul(a, b),
      gradFunc: (dy: tf.Tensor, [a, b]: tf.Tensor[]) => [
        tf.matMul(dy as tf.Tensor2D, tf.transpose(b) as tf.Tensor2D),
        tf.matMul(tf.transpose(a) as tf.Tensor2D, dy as tf.Tensor2D),
      ],
    };
  },
);

/** ELU(h W + b): a layer along time, on rows of channels [B·F, in]. */
const layer: (h: tf.Tensor, w: tf.Tensor, b: tf.Tensor) => tf.Tensor = tf
  .customGrad((...given) => {
    const [h, w, bias, save] = given as [
      tf.Tensor2D,
      tf.Tensor2D,
      tf.Tensor,
      Save,
    ];
    const y = tf.fused.matMul({ a: h, b: w, bias, activation: "elu" });
    save([h, w, y]);
    return {
      value: y,
      gradFunc: (dy: tf.Tensor, [h, w, y]: tf.Tensor[]) => {
        const dz = tf.engine().runKernel("EluGrad", { dy, y }) as tf.Tensor2D;
        // A product, as dz is packed for one anyway: faster than a sum.
        const ones = tf.ones([1, dz.shape[0]]) as tf.Tensor2D;
        return [
          tf.matMul(dz, tf.transpose(w) as tf.Tensor2D),
          tf.matMul(tf.transpose(h) as tf.Tensor2D, dz),
          tf.matMul(ones, dz),
        ];
      },
    };
  });

/** √(re² + im²), of slope 0 at 0. */
const modulus: (re: tf.Tensor, im: tf.Tensor) => tf.Tensor = tf.customGrad(
  (...given) => {
    const [re, im, save] = given as [tf.Tensor, tf.Tensor, Save];
    const m = tf.sqrt(tf.add(tf.square(re), tf.square(im)));
    save([re, im, m]);
    return {
      value: m,
      gradFunc: (dm: tf.Tensor, [re, im, m]: tf.Tensor[]) => {
        const part = tf.div(dm, tf.add(m, TINY));
        return [tf.mul(part, re), tf.mul(part, im)];
      },
    };
  },
);

/** atan2(im, re + 1e-7). */
const angle: (re: tf.Tensor, im: tf.Tensor) => tf.Tensor = tf.customGrad(
  (...given) => {
    const [re, im, save] = given as [tf.Tensor, tf.Tensor, Save];
    save([re, im]);
    return {
      value: tf.atan2(im, tf.add(re, PHASE_OFFSET)),
      gradFunc: (dphi: tf.Tensor, [re, im]: tf.Tensor[]) => {
        const x = tf.add(re, PHASE_OFFSET);
        const square = tf.add(tf.square(x), tf.square(im));
        const part = tf.div(dphi, tf.add(square, TINY));
        return [tf.neg(tf.mul(part, im)), tf.mul(part, x)];
      },
    };
  },
);

/**
 * Frames [OT·B, N] laid over each other every `hop` samples, N samples cut from
 * either end: [B, output].
 */
function overlapAdd(
  frames: tf.Tensor,
  batch: number,
  { frame, hop, output, outputFrames }: NetworkSizes,
): tf.Tensor {
  const parts = Math.ceil(frame / hop);
  const rows = outputFrames * batch;
  const padded = tf.pad(frames as tf.Tensor2D, [[0, 0], [
    0,
    parts * hop - frame,
  ]]);
  const blocks = Array.from({ length: parts }, (_, i) =>
    tf.pad(
      tf.slice(padded, [0, i * hop], [rows, hop]) as tf.Tensor2D,
      [[i * batch, (parts - 1 - i) * batch], [0, 0]],
    ));
  const count = outputFrames + parts - 1;
  const sum = tf.reshape(blocks.reduce((a, b) => tf.add(a, b)), [
    count,
    batch,
    hop,
  ]);
  const whole = tf.reshape(tf.transpose(sum, [1, 0, 2]), [batch, count * hop]);
  return tf.slice(whole, [0, frame], [batch, output]);
}
