/**
 * A recording that a unit was fitted to, for the page: both sides in step, as `fit`
 * puts them, the delay found in parts of a sample for the unit's own parameters.
 *
 * @module
 */

import { basename } from "node:path";
import wavefile from "wavefile";
import { formatDecibels, formatFixed, formatNumber } from "../base/format.ts";
import type { RecordedTakes } from "../data/recorded_takes.ts";
import { keepReady } from "../engines/open.ts";
import { placeTake } from "../fitting/fit_takes.ts";
import type { Model, Values } from "../models/model.ts";
import type { Signal } from "../sound/signal.ts";
import type { NamedSound, PlayerTake } from "./page.ts";

/** Seconds of a recording that the page takes at most. */
const MOST_SECONDS = 20;

/** A recording as `openRecordedTakes` gives it. */
interface Recorded extends RecordedTakes {
  dry: string;
  wet: string;
}

/** The first take of `recorded`, in step for `model` at `values`. */
export async function playerTake(
  { dry, wet, takes, polarity, slips }: Recorded,
  model: Model,
  values: Values,
): Promise<PlayerTake> {
  const [take] = takes;
  const engine = "wasm";
  await using _threads = await keepReady(engine);
  const { pair, lag, initialGainDb } = await placeTake(
    take,
    model,
    values,
    engine,
    { chunks: {} },
  );
  const length = Math.min(
    pair.dry.length,
    Math.round(MOST_SECONDS * pair.sampleRate),
  );
  const words = [
    Math.abs(lag) < 5e-4
      ? "in step"
      : `${formatFixed(Math.abs(lag), 3)} samples ${
        lag > 0 ? "late" : "early"
      }, put in step`,
    ...(polarity === -1 ? ["turned over"] : []),
    ...(take.driftPpm === 0
      ? []
      : [`a drift of ${formatNumber(take.driftPpm, 3)} ppm put right`]),
    ...(slips.length === 0 ? [] : ["up to where samples are missing"]),
    ...(initialGainDb === undefined
      ? []
      : [`it begins with a gain of ${formatDecibels(initialGainDb)}`]),
    ...(length === pair.dry.length ? [] : [`the first ${MOST_SECONDS} s`]),
  ];
  const sound = (file: string, signal: Signal): NamedSound => ({
    name: `${basename(file).replace(/\.\w+$/, "")}-in-step.wav`,
    wav: floatWave(signal.subarray(0, length), pair.sampleRate),
  });
  return {
    dry: sound(dry, pair.dry),
    wet: sound(wet, pair.wet),
    words: words.join(", "),
  };
}

/** `samples` as a WAVE file of 32-bit floating point. */
function floatWave(samples: Signal, sampleRate: number): Uint8Array {
  const file = new wavefile.WaveFile();
  file.fromScratch(1, sampleRate, "32f", Float32Array.from(samples));
  return file.toBuffer();
}
