/**
 * The weights of SignalTrain's network, in one vector, and what they begin with.
 *
 *     analysis    A_re, A_im   N × F, F = N/2 + 1: frame → bins
 *     synthesis   S_re, S_im   F × N: bins → frame
 *     autoencoder of the magnitude, then of the phase: nine times W, in × out, and b
 *
 * The front end begins as the orthonormal DFT under a Hamming window, the back end
 * as the same DFT under the window with which overlapping frames add up to the sound
 * they were cut from (Griffin and Lim, IEEE TASSP 32(2), 1984),
 *
 *     w_s[n] = w[n] / Σ_{k=−2..2} w²[n + k hop]
 *
 * and the linear layers as normal numbers of the variance 2 / (fan-in + fan-out),
 * biases as 0.
 *
 * @module
 */

import { createRandom } from "../base/random.ts";
import { layersOf, type NetworkSizes } from "./sizes.ts";

/** Place and shape of one of the tensors. */
export interface TensorPlace {
  name: string;
  shape: [rows: number, columns: number];
  start: number;
  size: number;
}

/** Tensors of the front and back end, which come first. */
export const ENDS = 4;

/** Tensors of one autoencoder: W and b of nine layers. */
export const AUTOENCODER_TENSORS = 18;

/** Every tensor, in the order of the vector. */
export function tensorPlaces(sizes: NetworkSizes): TensorPlace[] {
  const { frame, bins } = sizes;
  const shapes: [string, TensorPlace["shape"]][] = [
    ["analysis/re", [frame, bins]],
    ["analysis/im", [frame, bins]],
    ["synthesis/re", [bins, frame]],
    ["synthesis/im", [bins, frame]],
  ];
  for (const part of ["magnitude", "phase"]) {
    layersOf(sizes).forEach(([fanIn, fanOut], i) => {
      shapes.push([`${part}/${i + 1}/weights`, [fanIn, fanOut]]);
      shapes.push([`${part}/${i + 1}/bias`, [1, fanOut]]);
    });
  }
  let start = 0;
  return shapes.map(([name, shape]) => {
    const size = shape[0] * shape[1];
    start += size;
    return { name, shape, start: start - size, size };
  });
}

/** Numbers that are held. */
export function heldCount(sizes: NetworkSizes): number {
  const { start, size } = tensorPlaces(sizes).at(-1)!;
  return start + size;
}

/** Numbers of the front and back end, at the head of the vector. */
export function endsCount(sizes: NetworkSizes): number {
  return tensorPlaces(sizes)[ENDS].start;
}

/**
 * How often the bin `k` is there when the upper half is mirrored: the function is
 * that of all N rows, and so is every weight's gradient once it is divided by this.
 */
export function mirrorsOf(k: number, { bins }: NetworkSizes): number {
  return k === 0 || k === bins - 1 ? 1 : 2;
}

/** Weights before training. */
export function initialWeights(
  sizes: NetworkSizes,
  seed: number | string,
): Float32Array {
  const { frame, hop, bins } = sizes;
  const weights = new Float32Array(heldCount(sizes));
  const places = tensorPlaces(sizes);
  const [re, im, backRe, backIm] = places;
  const window = Float64Array.from(
    { length: frame },
    (_, n) => 0.54 - 0.46 * Math.cos(2 * Math.PI * n / (frame - 1)),
  );
  for (let n = 0; n < frame; n++) {
    let overlap = 0;
    for (let k = -2; k <= 2; k++) overlap += (window[n + k * hop] ?? 0) ** 2;
    for (let k = 0; k < bins; k++) {
      // The product is taken by the period, which keeps the angle small and exact.
      const angle = 2 * Math.PI * ((k * n) % frame) / frame;
      const cosine = window[n] * Math.cos(angle) / Math.sqrt(frame);
      const sine = -window[n] * Math.sin(angle) / Math.sqrt(frame);
      weights[re.start + n * bins + k] = cosine;
      weights[im.start + n * bins + k] = sine;
      weights[backRe.start + k * frame + n] = cosine / overlap;
      weights[backIm.start + k * frame + n] = sine / overlap;
    }
  }
  const random = createRandom(`${seed}/layers`);
  for (const { name, shape: [fanIn, fanOut], start, size } of places) {
    if (!name.endsWith("weights")) continue;
    const deviation = Math.sqrt(2 / (fanIn + fanOut));
    for (let i = 0; i < size; i++) {
      weights[start + i] = random.normal(0, deviation);
    }
  }
  return weights;
}
