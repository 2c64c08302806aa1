/**
 * Recordings at a network's rate.
 *
 * @module
 */

import type { Signal } from "../sound/signal.ts";

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
