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
