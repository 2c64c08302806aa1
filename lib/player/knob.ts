/**
 * The compressor at every whole position of the peak-reduction knob.
 *
 * Between fitted settings the parameters are interpolated linearly, as
 * `deno task render` does. Outside, something must be chosen:
 *
 * - Below the lowest setting the threshold rises in a straight line to 0 dBFS at
 *   knob position 0, where nothing within full scale is compressed; the other
 *   parameters stay. (The published curve begins at 40, since below it the
 *   recordings hardly reach the threshold.)
 * - Above the highest setting everything stays.
 *
 * @module
 */

import type { CompressorParameters } from "../compressor/parameters.ts";
import { type CurvePoint, parametersAt } from "../curve.ts";
import { type Mode, MODES } from "../data/setting.ts";

/** The knob in one mode. */
export interface Knob {
  /** Lowest and highest setting that was fitted. */
  fitted: [number, number];
  /** Parameters at positions 0 to 100. */
  positions: CompressorParameters[];
}

/** The knob in each mode that `curve` has. */
export function knobOf(
  curve: readonly CurvePoint[],
): Partial<Record<Mode, Knob>> {
  const knobs: Partial<Record<Mode, Knob>> = {};
  for (const mode of MODES) {
    const settings = curve.filter((point) => point.mode === mode)
      .map(({ peakReduction }) => peakReduction);
    if (settings.length === 0) continue;
    const [low, high] = [Math.min(...settings), Math.max(...settings)];
    const positions = Array.from({ length: 101 }, (_, position) => {
      const peakReduction = Math.min(Math.max(position, low), high);
      const parameters = parametersAt(curve, { mode, peakReduction }, "linear");
      return position < low
        ? {
          ...parameters,
          threshold_db: Math.max(parameters.threshold_db, 0) +
            Math.min(parameters.threshold_db, 0) * position / low,
        }
        : parameters;
    });
    knobs[mode] = { fitted: [low, high], positions };
  }
  return knobs;
}
