/**
 * What tests hold the project to: the compressor and its derivatives, written by hand
 * in double precision, with either detector.
 *
 * @module
 */

import { compress as compressByPeaks } from "../lib/compressor/compressor.ts";
import { MEAN_SQUARE_FLOOR, NEPER_PER_DB } from "../lib/sound/units.ts";
import { toNatural } from "../lib/compressor/parameters.ts";
import { byParameters } from "../lib/engines/by_parameters.ts";
import type { Engine } from "../lib/objective/evaluation.ts";
import type { Model, Values } from "../lib/models/model.ts";
import { parseModel } from "../lib/models/presets.ts";
import type { ChunkedPair } from "../lib/sound/chunks.ts";
import type { Signal } from "../lib/sound/signal.ts";
import { type Detector, openReferenceEngine } from "./reference_engine.ts";

/** `input` through the compressor, with an RMS detector where it has an average. */
export function compress(
  input: Signal,
  values: Values,
  sampleRate: number,
): Float64Array {
  const { averaging_coefficient: averaging } = values;
  if (averaging === undefined) {
    return compressByPeaks(input, values, sampleRate);
  }
  const theta = toNatural(values, sampleRate);
  const [threshold, slope, attack, release, makeUp] = theta;
  let [gain, mean] = [1, 0];
  return Float64Array.from(input, (x) => {
    mean += averaging * (Math.max(x * x, MEAN_SQUARE_FLOOR) - mean);
    const over = 10 * Math.log10(mean) - threshold;
    const target = Math.exp(-NEPER_PER_DB * slope * Math.max(0, over));
    gain += (target < gain ? attack : release) * (target - gain);
    return Math.exp(NEPER_PER_DB * makeUp) * gain * x;
  });
}

/** The model with each detector. */
export const MODELS: Readonly<Record<Detector, Model>> = {
  peak: parseModel("4a-2a"),
  rms: parseModel("rms"),
};

/** `engine`, which computes by θ on `pair`, by parameters. */
export function inParameters(
  engine: Engine,
  { sampleRate }: ChunkedPair,
  detector: Detector = "peak",
): Engine {
  return byParameters(engine, MODELS[detector], sampleRate);
}

/** The oracle on `pair`. */
export function openOracle(
  pair: ChunkedPair,
  detector: Detector = "peak",
): Engine {
  return inParameters(openReferenceEngine(pair, { detector }), pair, detector);
}
