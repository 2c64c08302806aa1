/**
 * The network on sounds of any length, as the authors' program does it: zeros in front,
 * windows that overlap, and their outputs end to end.
 *
 * @module
 */

import FFT from "fft.js";
import type { Signal } from "../sound/signal.ts";
import type { NetworkSizes } from "./sizes.ts";
import { predict } from "./train.ts";

/** `dry` through the network of `weights` at `knobs`, from −½ to ½. */
export async function predictLong(
  weights: Float32Array,
  dry: Signal,
  knobs: readonly number[],
  sizes: NetworkSizes,
  batch = 40,
): Promise<Float32Array> {
  const { input, output } = sizes;
  const count = Math.ceil(dry.length / output);
  const windows = {
    count,
    dry: new Float32Array(count * input),
    knobs: new Float32Array(count * sizes.knobs),
  };
  for (let i = 0; i < count; i++) {
    const first = (i + 1) * output - input;
    const part = dry.subarray(Math.max(0, first), first + input);
    windows.dry.set(part, i * input + Math.max(0, -first));
    windows.knobs.set(knobs, i * sizes.knobs);
  }
  const made = await predict(weights, windows, sizes, batch);
  return made.subarray(0, dry.length);
}

/** Samples of a frame of {@linkcode spectrumOf}. */
const FRAME = 1024;

/**
 * Mean power of `sound` by frequency, in dB: Hann frames of 1024 samples that overlap
 * by half (Welch, IEEE Trans. Audio 15(2), 1967).
 */
export function spectrumOf(
  sound: Signal,
  sampleRate: number,
): { hertz: number; db: number }[] {
  const fft = new FFT(FRAME);
  const bins = fft.createComplexArray();
  const power = new Float64Array(FRAME / 2);
  for (let from = 0; from + FRAME <= sound.length; from += FRAME / 2) {
    const frame = Array.from(
      { length: FRAME },
      (_, n) =>
        sound[from + n] * (0.5 - 0.5 * Math.cos(2 * Math.PI * n / FRAME)),
    );
    fft.realTransform(bins, frame);
    for (let k = 0; k < power.length; k++) {
      power[k] += bins[2 * k] ** 2 + bins[2 * k + 1] ** 2;
    }
  }
  return [...power.subarray(1)].map((sum, i) => ({
    hertz: (i + 1) * sampleRate / FRAME,
    db: 10 * Math.log10(sum + 1e-20),
  }));
}

/** Half-width of the low-pass before a decimation, in samples of the result. */
const HALF_WIDTH = 16;

/**
 * Every `factor`-th sample of `sound`, after a low-pass at 0.45 of the new rate: a sinc
 * under a Hann window.
 */
export function decimated(sound: Signal, factor: number): Float32Array {
  if (factor === 1) return Float32Array.from(sound);
  const half = HALF_WIDTH * factor;
  const cutoff = 0.9 / factor;
  const taps = Float64Array.from({ length: 2 * half + 1 }, (_, i) => {
    const t = (i - half) * Math.PI * cutoff;
    const sinc = t === 0 ? 1 : Math.sin(t) / t;
    return cutoff * sinc * (0.5 + 0.5 * Math.cos(Math.PI * (i - half) / half));
  });
  const result = new Float32Array(Math.floor(sound.length / factor));
  for (let m = 0; m < result.length; m++) {
    let sum = 0;
    for (let i = 0; i < taps.length; i++) {
      sum += taps[i] * (sound[m * factor + i - half] ?? 0);
    }
    result[m] = sum;
  }
  return result;
}
