/** The double-precision engine, and others that compute by θ, by parameters. @module */

import type { Detector } from "../lib/compressor/parameters.ts";
import { byParameters } from "../lib/engines/by_parameters.ts";
import type { Engine } from "../lib/engines/engine.ts";
import { openReferenceEngine } from "./reference_engine.ts";
import type { Model } from "../lib/models/model.ts";
import { parseModel } from "../lib/models/presets.ts";
import type { ChunkedPair } from "../lib/objective/chunks.ts";

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
