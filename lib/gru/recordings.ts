/**
 * Recordings as training material: what the compressor without its make-up does
 * to the dry side, and the wet side that the network is to make of it.
 *
 * @module
 */

import type { CurvePoint } from "../data/curve.ts";
import { loadAhead } from "../data/load_ahead.ts";
import type { PairSource } from "../data/source.ts";
import { openProcessor } from "../engines/open_processor.ts";
import { PAPER_MODEL, parseModel } from "../models/presets.ts";
import { type GruBatch, openGruBatch } from "./batch.ts";

/**
 * Opens a batch with the first `length` samples of every setting of `curve`, whose
 * model is that of the paper where it names none.
 * `onSetting` is told how many are in place.
 */
export async function openRecordings(
  source: PairSource,
  curve: readonly (CurvePoint & { model?: string })[],
  length: number,
  onSetting: (done: number) => void = () => {},
): Promise<GruBatch> {
  const batch = await openGruBatch(curve.length, length);
  try {
    let i = 0;
    for await (const [point, pair] of loadAhead(source, curve)) {
      const { dry, wet, sampleRate } = pair;
      const { parameters } = point;
      const model = parseModel(point.model ?? PAPER_MODEL);
      // A saturation is to hear what it was fitted on.
      const quiet = "square" in parameters
        ? parameters
        : { ...parameters, make_up_db: 0 };
      const compressor = await openProcessor(model, quiet, sampleRate);
      compressor.process(dry.subarray(0, length), batch.inputs[i]);
      batch.targets[i].set(wet.subarray(0, length));
      onSetting(++i);
    }
    return batch;
  } catch (error) {
    batch.close();
    throw error;
  }
}
