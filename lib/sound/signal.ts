/**
 * Sound in memory: one signal, and two that belong together.
 *
 * @module
 */

/** Samples of a mono sound, nominally within ±1. */
export type Signal = Float32Array | Float64Array;

/** A dry recording and what the unit made of it, sample for sample. */
export interface Pair {
  /** What went in. */
  dry: Signal;
  /** What came out, as long as `dry`. */
  wet: Signal;
  /**
   * What the unit's detector hears, as long as `dry`, where that is another sound:
   * of linked channels the loudest.
   */
  heard?: Signal;
  /** Samples a second. */
  sampleRate: number;
}

/** The largest magnitude. */
export function peakOf(samples: Signal): number {
  let peak = 0;
  for (let n = 0; n < samples.length; n++) {
    const magnitude = Math.abs(samples[n]);
    if (magnitude > peak) peak = magnitude;
  }
  return peak;
}

/** The memory of the sides of `pair`, to be handed to another thread. */
export function buffersOf({ dry, wet }: Pair): ArrayBuffer[] {
  return [...new Set([dry.buffer, wet.buffer])] as ArrayBuffer[];
}
