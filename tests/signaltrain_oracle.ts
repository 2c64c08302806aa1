/**
 * SignalTrain's network written out in plain loops and double precision, with all N
 * rows of its four matrices, mirrored bins included: what the tensors are held to.
 *
 * @module
 */

import { layersOf, type NetworkSizes } from "../lib/signaltrain/sizes.ts";
import { tensorPlaces } from "../lib/signaltrain/weights.ts";

/** Weights in full. */
export interface FullWeights {
  /** N × N, row by bin. */
  analysisRe: Float64Array;
  analysisIm: Float64Array;
  synthesisRe: Float64Array;
  synthesisIm: Float64Array;
  /** Of the magnitude and of the phase: W, [in, out], and b of nine layers. */
  layers: { w: Float64Array; b: Float64Array }[][];
}

/** The vector `weights` unfolded. */
export function unfolded(
  weights: ArrayLike<number>,
  sizes: NetworkSizes,
): FullWeights {
  const { frame: N, bins: F } = sizes;
  const parts = tensorPlaces(sizes).map(({ start, size }) =>
    Float64Array.from({ length: size }, (_, i) => weights[start + i])
  );
  const [are, aim, sre, sim, ...rest] = parts;
  const full = () => new Float64Array(N * N);
  const all = {
    analysisRe: full(),
    analysisIm: full(),
    synthesisRe: full(),
    synthesisIm: full(),
  };
  for (let k = 0; k < N; k++) {
    const isMirror = k >= F;
    const held = isMirror ? N - k : k;
    for (let n = 0; n < N; n++) {
      if (!isMirror) {
        all.analysisRe[k * N + n] = are[n * F + k];
        all.analysisIm[k * N + n] = aim[n * F + k];
      }
      all.synthesisRe[k * N + n] = sre[held * N + n];
      all.synthesisIm[k * N + n] = (isMirror ? -1 : 1) * sim[held * N + n];
    }
  }
  const layers = [0, 1].map((part) =>
    layersOf(sizes).map((_, i) => ({
      w: rest[18 * part + 2 * i],
      b: rest[18 * part + 2 * i + 1],
    }))
  );
  return { ...all, layers };
}

const elu = (z: number) => z > 0 ? z : Math.expm1(z);

/** Output and M̂ of one window. */
export function plainForward(
  weights: FullWeights,
  x: ArrayLike<number>,
  knobs: readonly number[],
  sizes: NetworkSizes,
): { output: Float64Array; magnitude: Float64Array[] } {
  const { frame: N, hop, input, output, frames, outputFrames, bins: F } = sizes;
  const u = (n: number) => n >= 0 && n < input ? x[n] / 2 : 0;
  const M: Float64Array[] = [];
  const P: Float64Array[] = [];
  for (let t = 0; t < frames; t++) {
    M.push(new Float64Array(F));
    P.push(new Float64Array(F));
    for (let k = 0; k < F; k++) {
      let [re, im] = [0, 0];
      for (let n = 0; n < N; n++) {
        re += weights.analysisRe[k * N + n] * u(t * hop - N + n);
        im += weights.analysisIm[k * N + n] * u(t * hop - N + n);
      }
      M[t][k] = Math.hypot(re, im);
      P[t][k] = Math.atan2(im, re + 1e-7);
    }
  }
  const along = (X: Float64Array[], k: number, part: number) => {
    let h = X.map((row) => row[k]);
    weights.layers[part].forEach(({ w, b }, i) => {
      if (i === 4) h = [...h, ...knobs];
      h = [...b].map((bias, j) =>
        elu(
          h.reduce((sum, value, m) => sum + value * w[m * b.length + j], bias),
        )
      );
    });
    return h;
  };
  const magnitude = Array.from(
    { length: outputFrames },
    () => new Float64Array(F),
  );
  const phase = magnitude.map(() => new Float64Array(F));
  const skipped = frames - outputFrames;
  for (let k = 0; k < F; k++) {
    const f = along(M, k, 0);
    const h = along(P, k, 1);
    for (let t = 0; t < outputFrames; t++) {
      magnitude[t][k] = f[t] * M[skipped + t][k];
      phase[t][k] = h[t] + P[skipped + t][k];
    }
  }
  const long = new Float64Array((outputFrames - 1) * hop + N);
  for (let t = 0; t < outputFrames; t++) {
    for (let k = 0; k < N; k++) {
      const held = k < F ? k : N - k;
      const re = magnitude[t][held] * Math.cos(phase[t][held]);
      const im = (k < F ? 1 : -1) * magnitude[t][held] *
        Math.sin(phase[t][held]);
      for (let n = 0; n < N; n++) {
        long[t * hop + n] += re * weights.synthesisRe[k * N + n] +
          im * weights.synthesisIm[k * N + n];
      }
    }
  }
  const made = Float64Array.from(
    { length: output },
    (_, n) => 2 * long[N + n] + x[input - output + n],
  );
  return { output: made, magnitude };
}
