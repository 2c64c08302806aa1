/**
 * What the objective makes of a chunk of a recording beside its dry sound: the
 * level that the detector hears and the pre-emphasised target. The WebAssembly
 * kernels and those of the GPU lay the same out in their own memory.
 *
 * @module
 */

import { LEVEL_FLOOR } from "../sound/units.ts";
import type { Signal } from "../sound/signal.ts";
import type { ChunkedPair } from "../sound/chunks.ts";
import { preEmphasise } from "../sound/pre_emphasis.ts";

/** Level 20 log₁₀ max(|x|, 1e-8) of each sample, into `output`, which is returned. */
export function levelOf<T extends Signal>(x: Signal, output: T): T {
  for (let n = 0; n < x.length; n++) {
    output[n] = 20 * Math.log10(Math.max(Math.abs(x[n]), LEVEL_FLOOR));
  }
  return output;
}

/** Samples of `signal` in the chunk of `pair` that begins at `start`. */
export function chunkOf(
  { chunkLength }: ChunkedPair,
  signal: Signal,
  start: number,
): Signal {
  return signal.subarray(start, start + chunkLength);
}

/** Level of the chunk at `start`, in dB, into `output`. */
export function chunkLevel<T extends Signal>(
  pair: ChunkedPair,
  start: number,
  output: T,
): T {
  return levelOf(chunkOf(pair, pair.heard ?? pair.dry, start), output);
}

/** Pre-emphasised target of the chunk at `start`, into `output`. */
export function chunkTarget<T extends Signal>(
  pair: ChunkedPair,
  start: number,
  output: T,
): T {
  return preEmphasise(chunkOf(pair, pair.wet, start), output);
}

/** Σ y² of the pre-emphasised target over the counted samples of all chunks. */
export function targetEnergyOf(pair: ChunkedPair): number {
  const target = new Float64Array(pair.chunkLength);
  let energy = 0;
  for (const start of pair.starts) {
    chunkTarget(pair, start, target);
    energy = plusEnergy(energy, target, pair.warmUp);
  }
  return energy;
}

/** `energy` and Σ y² of `target` from sample `from` on. */
export function plusEnergy(
  energy: number,
  target: Signal,
  from: number,
): number {
  for (let n = from; n < target.length; n++) energy += target[n] * target[n];
  return energy;
}
