/**
 * Clipping: runs of equal samples at full scale, or at a peak below it where a clipped
 * recording was turned down.
 *
 * @module
 */

import type { Signal } from "../sound/signal.ts";

/** Clipping found in a recording. */
export interface Clipping {
  /** Runs of equal samples at full scale. */
  runs: number;
  /** Samples in these runs. */
  samples: number;
}

/** Samples that make a run at full scale: shorter ones are a peak's own top. */
export const CLIPPED_RUN = 3;

/**
 * Runs of at least {@linkcode CLIPPED_RUN} equal samples at full scale, which is
 * the highest level of 16 bits (of 8, for 8-bit files), or anything beyond.
 * Clipping that was turned down afterwards is seen by {@linkcode findLowClipping}.
 */
export function findClipping(samples: Signal, bits: number): Clipping {
  const fullScale = 1 - 2 ** (1 - Math.min(bits, 16));
  const clipping: Clipping = { runs: 0, samples: 0 };
  let n = 0;
  const { length } = samples;
  while (n < length) {
    const end = Math.min(length, n + SCANNED);
    n = firstAbove(fullScale, samples, n, end);
    if (n === end) continue;
    const value = samples[n];
    const from = n;
    while (n < length && samples[n] === value) n++;
    if (n - from >= CLIPPED_RUN) {
      clipping.runs++;
      clipping.samples += n - from;
    }
  }
  return clipping;
}

/** Runs of equal samples at a peak below full scale that make it a clipped one. */
const CLIPPED_RUNS = 8;

/** Part of the peak from which samples are near it. */
const NEAR_PEAK = 0.95;

/**
 * Clipping at a level below full scale, that of the peak: many runs of equal samples
 * there, and more samples than near it. A wave's own tops are as rare as they are high.
 */
export function findLowClipping(
  samples: Signal,
  peak: number,
): Clipping | undefined {
  if (peak === 0) return undefined;
  const clipping: Clipping = { runs: 0, samples: 0 };
  let near = 0;
  for (let n = firstAbove(NEAR_PEAK * peak, samples, 0, samples.length);;) {
    if (n === samples.length) break;
    const value = samples[n];
    if (Math.abs(value) < peak) {
      near++;
      n++;
    } else {
      const from = n;
      while (n < samples.length && samples[n] === value) n++;
      if (n - from >= CLIPPED_RUN) {
        clipping.runs++;
        clipping.samples += n - from;
      }
    }
    n = firstAbove(NEAR_PEAK * peak, samples, n, samples.length);
  }
  return clipping.runs >= CLIPPED_RUNS && clipping.samples > near
    ? clipping
    : undefined;
}

/** Samples looked through at a time: a function that is called often runs faster. */
const SCANNED = 1 << 14;

/** The first of the samples `from` … `end` of at least `level`, or `end`. */
function firstAbove(
  level: number,
  samples: Signal,
  from: number,
  end: number,
): number {
  let n = from;
  while (n < end && samples[n] < level && samples[n] > -level) n++;
  return n;
}
