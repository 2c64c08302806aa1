/**
 * The training of the make-up network, kept epoch by epoch, so that an interrupted one
 * goes on where it was.
 *
 * @module
 */

import type * as z from "zod";
import { formatNumber } from "../base/format.ts";
import type { ResultStore } from "../base/result_store.ts";
import type { CurvePoint } from "../data/curve.ts";
import type { Parts } from "../data/parts.ts";
import type { PairSource } from "../data/source.ts";
import { openRecordings } from "./recordings.ts";
import {
  type Checkpoint,
  isDone,
  type TrainedGru,
  trainedOf,
  trainGru,
  type trainingSchema,
} from "./train.ts";

/** A progress bar. */
interface Bar {
  update(done: number, note?: string): void;
  stop(): void;
}

/** Where a training is kept and shown. */
export interface Training {
  /** Keeps the state after every epoch. */
  store: ResultStore;
  /** A progress bar for so many steps. */
  progress(what: string, total: number): Promise<Bar>;
}

/**
 * Trains one network after the compressors of `fits`, without their make-up, on the
 * first of `parts`; the second says when to stop.
 */
export async function trainKept(
  source: PairSource,
  fits: readonly CurvePoint[],
  { trainEnd, testStart }: Parts,
  config: z.output<typeof trainingSchema>,
  { store, progress }: Training,
): Promise<TrainedGru> {
  const kept = await store.get<Checkpoint>("training");
  if (kept !== undefined && isDone(kept, config)) return trainedOf(kept);
  const loading = await progress("Loading", fits.length);
  const batch = await openRecordings(source, fits, testStart, loading.update)
    .finally(() => loading.stop());
  const bar = await progress("Training, epochs", config.epochs);
  try {
    return await trainGru(batch, {
      ...config,
      trainLength: trainEnd,
      validationLength: testStart - trainEnd,
      learningRate: config.learning_rate,
    }, {
      kept,
      onEpoch: async (checkpoint) => {
        await store.put("training", checkpoint);
        const { epoch, validationEsr } = checkpoint.epochs.at(-1)!;
        bar.update(epoch, `ESR ${formatNumber(validationEsr, 3)}`);
      },
    });
  } finally {
    bar.stop();
    batch.close();
  }
}
