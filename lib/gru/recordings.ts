/**
 * Recordings as training material: what the compressor without its make-up does
 * to the dry side, and the wet side that the network is to make of it.
 *
 * @module
 */

import type { CurvePoint } from "../data/curve.ts";
import { loadAhead } from "../data/load_ahead.ts";
import type { PairSource } from "../data/source.ts";
import { createFastCompressor } from "../compressor/render.ts";
import { type GruBatch, openGruBatch } from "./batch.ts";

/**
 * Opens a batch with the first `length` samples of every setting of `curve`.
 * `onSetting` is told how many are in place.
 */
export async function openRecordings(
  source: PairSource,
  curve: readonly CurvePoint[],
  length: number,
  onSetting: (done: number) => void = () => {},
): Promise<GruBatch> {
  const batch = await openGruBatch(curve.length, length);
  try {
    let i = 0;
    for await (const [point, pair] of loadAhead(source, curve)) {
      const { dry, wet, sampleRate } = pair;
      createFastCompressor({ ...point.parameters, make_up_db: 0 }, sampleRate)
        .process(dry.subarray(0, length), batch.inputs[i]);
      batch.targets[i].set(wet.subarray(0, length));
      onSetting(++i);
    }
    return batch;
  } catch (error) {
    batch.close();
    throw error;
  }
}
