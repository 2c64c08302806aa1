/**
 * How far outputs are from their targets, and what simpler things than a network reach.
 *
 * @module
 */

import type { NetworkSizes } from "./sizes.ts";
import type { TrainingWindows } from "./windows.ts";

/** ln cosh e, without the overflow of cosh. */
export function logCosh(error: number): number {
  const size = Math.abs(error);
  return size + Math.log1p(Math.exp(-2 * size)) - Math.LN2;
}

/** Mean ln cosh and mean absolute value of `made` − `wanted`. */
export function errorsOf(
  made: Float32Array,
  wanted: Float32Array,
): { validation: number; mae: number } {
  let validation = 0;
  let mae = 0;
  for (let n = 0; n < made.length; n++) {
    const error = made[n] - wanted[n];
    validation += logCosh(error);
    mae += Math.abs(error);
  }
  return { validation: validation / made.length, mae: mae / made.length };
}

/**
 * What simpler things reach on `windows`: the output as the input, and the best gain
 * that is the same for all.
 */
export function simpleErrors(
  { dry, wet, count }: TrainingWindows,
  { input, output }: NetworkSizes,
) {
  const last = new Float32Array(count * output);
  for (let i = 0; i < count; i++) {
    const end = (i + 1) * input;
    last.set(dry.subarray(end - output, end), i * output);
  }
  const scaled = (gain: number) => errorsOf(last.map((x) => gain * x), wet);
  // ln cosh is convex in the gain: golden sections.
  const part = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [0, 2];
  for (let i = 0; i < 40; i++) {
    const [a, b] = [high - part * (high - low), low + part * (high - low)];
    if (scaled(a).validation < scaled(b).validation) high = b;
    else low = a;
  }
  const gain = (low + high) / 2;
  return { input: scaled(1), gain: { gain, ...scaled(gain) } };
}
