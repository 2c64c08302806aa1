/**
 * Output level over input level: of a recording, how often each pair of levels
 * occurs, and of a model, where it settles on a steady tone. Levels are peaks, as
 * the detectors hear them.
 *
 * @module
 */

import { openProcessor } from "../engines/open_processor.ts";
import type { Model, Values } from "../models/model.ts";
import { type Pair, peakOf, type Signal } from "../sound/signal.ts";

/** How often a pair of levels occurs. */
export interface LevelCount {
  /** Middle of the bin of input levels, in dBFS. */
  inputDb: number;
  /** Middle of the bin of output levels. */
  outputDb: number;
  /** Windows. */
  count: number;
}

/** Seconds of a window, decibels of a bin, and the lowest input that counts. */
const WINDOW_SECONDS = 0.02;
const BIN_DB = 1.5;
const LOWEST_DB = -60;

/** The levels of `pairs` in windows of 20 ms, in bins of 1.5 dB; empty ones left out. */
export function levelCounts(pairs: readonly Pair[]): LevelCount[] {
  const counts = new Map<string, LevelCount>();
  const middle = (db: number) => BIN_DB * (Math.floor(db / BIN_DB) + 0.5);
  for (const { dry, wet, sampleRate } of pairs) {
    const length = Math.max(2, Math.round(WINDOW_SECONDS * sampleRate));
    for (let at = 0; at + length <= dry.length; at += length) {
      const input = peakDb(dry.subarray(at, at + length));
      const output = peakDb(wet.subarray(at, at + length));
      if (input < LOWEST_DB || !Number.isFinite(output)) continue;
      const [inputDb, outputDb] = [middle(input), middle(output)];
      const key = `${inputDb} ${outputDb}`;
      const bin = counts.get(key);
      if (bin === undefined) counts.set(key, { inputDb, outputDb, count: 1 });
      else bin.count++;
    }
  }
  return [...counts.values()];
}

/** A point of a transfer curve. */
export interface TransferPoint {
  /** Peak level of the tone, in dBFS. */
  inputDb: number;
  /** Peak level of what comes out. */
  outputDb: number;
}

/** The tone, how long it is held at each level, and how much of that is measured. */
const TONE_HZ = 1000;
const HELD_SECONDS = 1;
const MEASURED_SECONDS = 0.1;

/**
 * Where `model` settles on a tone of 1 kHz, from −60 dBFS up in steps of 2 dB.
 * Upwards, so that attacks settle it rather than slow releases.
 */
export async function toneCurve(
  model: Model,
  values: Values,
  sampleRate: number,
): Promise<TransferPoint[]> {
  const processor = await openProcessor(model, values, sampleRate);
  const length = Math.round(HELD_SECONDS * sampleRate);
  const measured = Math.round(MEASURED_SECONDS * sampleRate);
  const input = new Float64Array(length);
  const output = new Float64Array(length);
  const points: TransferPoint[] = [];
  for (let inputDb = LOWEST_DB; inputDb <= 0; inputDb += 2) {
    const amplitude = 10 ** (inputDb / 20);
    for (let n = 0; n < length; n++) {
      input[n] = amplitude * Math.sin(2 * Math.PI * TONE_HZ * n / sampleRate);
    }
    processor.process(input, output);
    points.push({ inputDb, outputDb: peakDb(output.subarray(-measured)) });
  }
  return points;
}

/** Level of the loudest sample, in dBFS. */
function peakDb(signal: Signal): number {
  return 20 * Math.log10(peakOf(signal));
}
