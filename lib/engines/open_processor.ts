/**
 * Opens what plays a model, by the fastest way there is.
 *
 * @module
 */

import type { SideChainProcessor } from "../compressor/compressor.ts";
import { createFastCompressor } from "../compressor/render.ts";
import type { Model, Values } from "../models/model.ts";
import { PAPER_MODEL } from "../models/presets.ts";

/** `model` at rest, with the parameters `values`, at `sampleRate` Hz. */
export async function openProcessor(
  model: Model,
  values: Values,
  sampleRate: number,
): Promise<SideChainProcessor> {
  if (model.name === PAPER_MODEL) {
    return createFastCompressor(values, sampleRate);
  }
  const { openModel } = await import("./compiled/stream.ts");
  return openModel(model, values, sampleRate);
}
