/**
 * An excerpt of the test part at one setting: the recording, and what the fitted
 * models make of it, to be looked at and listened to.
 *
 * @module
 */

import * as z from "zod";
import { createFastCompressor } from "../compressor/render.ts";
import type { Processor } from "../compressor/compressor.ts";
import type { CurvePoint } from "../data/curve.ts";
import type { Parts } from "../data/parts.ts";
import { MODES, type Setting } from "../data/setting.ts";
import { createCompressorWithGru } from "../gru/processor.ts";
import type { Pair, Signal } from "../sound/signal.ts";

/** Schema of which excerpt is taken: at the setting nearest to this one. */
export const excerptSchema = z.strictObject({
  mode: z.enum(MODES).default("compress"),
  peak_reduction: z.number().min(0).max(100).default(70),
  start_seconds: z.number().nonnegative("must not be negative").default(0),
  seconds: z.number().min(1).max(20).default(6),
  listen_seconds: z.number().min(0.5).max(10).default(2),
});

/** An excerpt as everybody hears it. */
export interface Excerpt {
  /** First sample, in seconds from the recording's start. */
  start: number;
  /** Samples a second. */
  sampleRate: number;
  /** What went in. */
  dry: Signal;
  /** What came out. */
  target: Signal;
  /** 4A-2A. */
  fitted: Signal;
  /** 4A-2A-G. */
  withGru: Signal;
}

/** The one of `fits` that is nearest to `wanted`, its mode first. */
export function nearestFit<Fit extends Setting>(
  fits: readonly Fit[],
  wanted: Setting,
): Fit {
  const distance = (fit: Fit) =>
    Math.abs(fit.peakReduction - wanted.peakReduction) +
    (fit.mode === wanted.mode ? 0 : 1000);
  return fits.toSorted((a, b) => distance(a) - distance(b))[0];
}

/**
 * `seconds` of the recording of a fit, from `start_seconds` into the test part on, or
 * its last ones.
 */
export function takeExcerpt(
  { dry, wet, sampleRate }: Pair,
  { parameters }: CurvePoint,
  weights: Float64Array,
  { trainEnd, testStart }: Parts,
  { start_seconds, seconds }: { start_seconds: number; seconds: number },
): Excerpt {
  const heard = dry.subarray(trainEnd);
  const length = Math.min(
    wet.length - testStart,
    Math.round(seconds * sampleRate),
  );
  const start = Math.min(
    wet.length - length,
    testStart + Math.round(start_seconds * sampleRate),
  );
  const cut = (signal: Signal) =>
    signal.subarray(start - trainEnd, start - trainEnd + length);
  const render = (processor: Processor) => {
    const output = new Float32Array(heard.length);
    processor.process(heard, output);
    return cut(output);
  };
  return {
    start: start / sampleRate,
    sampleRate,
    dry: cut(heard),
    target: cut(wet.subarray(trainEnd)),
    fitted: render(createFastCompressor(parameters, sampleRate)),
    withGru: render(createCompressorWithGru(parameters, weights, sampleRate)),
  };
}
