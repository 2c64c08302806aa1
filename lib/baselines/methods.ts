/**
 * The methods that experiment 05 compares: what each makes of a setting, fitted at
 * most to the part of the recording that it may see.
 *
 * @module
 */

import type { Processor } from "../compressor/compressor.ts";
import { createFastCompressor } from "../compressor/render.ts";
import { type CurvePoint, parametersAt } from "../data/curve.ts";
import { publishedFit } from "../data/published.ts";
import { createCompressorWithGru } from "../gru/processor.ts";
import { bestGain } from "../metrics/gain.ts";
import type { Values } from "../models/model.ts";
import type { Pair } from "../sound/signal.ts";

/** The constant gain that comes nearest. */
export const CONSTANT = "constant gain";
/** The published curve as it is, its make-up included. */
export const PUBLISHED_CURVE = "published curve";
/** The fitted compressor. */
export const FITTED = "4A-2A";
/** The parameters that the settings on both sides would give, on a line. */
export const LINEAR = "interpolated, linear";
/** The same, on a spline. */
export const SPLINE = "interpolated, spline";
/** The fitted compressor without its make-up, and the network after it. */
export const WITH_GRU = "4A-2A-G";

/** All of them. */
export const METHODS: readonly string[] = [
  CONSTANT,
  PUBLISHED_CURVE,
  FITTED,
  LINEAR,
  SPLINE,
  WITH_GRU,
];

/** A method at one setting. */
export interface Method {
  /** Its name. */
  method: string;
  /** What it does to a sound. */
  processor: Processor;
}

/**
 * What each method makes of the setting `fit`. Half of the settings in `fits` are left
 * out in turn: one that lies between two others also gets the interpolated parameters.
 *
 * @param fitted The part of the recording that may be seen.
 * @param weights The network.
 */
export function methodsAt(
  fit: CurvePoint,
  fits: readonly CurvePoint[],
  fitted: Pair,
  weights: Float64Array,
): Method[] {
  const { sampleRate } = fitted;
  const gain = bestGain(fitted.dry, fitted.wet);
  const compressor = (parameters: Values) =>
    createFastCompressor(parameters, sampleRate);
  const published = publishedFit(fit)?.parameters;
  const others = fits.filter((other) => other.mode === fit.mode)
    .sort((a, b) => a.peakReduction - b.peakReduction);
  const place = others.indexOf(fit);
  const knots = others.filter((_, i) => i % 2 === 0);
  const isBetween = place % 2 === 1 && place < others.length - 1;
  const between = ([[LINEAR, "linear"], [SPLINE, "spline"]] as const)
    .filter(() => isBetween)
    .map(([method, kind]) => ({
      method,
      processor: compressor(parametersAt(knots, fit, kind)),
    }));
  return [
    {
      method: CONSTANT,
      processor: {
        process: (input, output) =>
          input.forEach((x, n) => output[n] = gain * x),
      },
    },
    ...(published
      ? [{ method: PUBLISHED_CURVE, processor: compressor(published) }]
      : []),
    ...between,
    { method: FITTED, processor: compressor(fit.parameters) },
    {
      method: WITH_GRU,
      processor: createCompressorWithGru(fit.parameters, weights, sampleRate),
    },
  ];
}
