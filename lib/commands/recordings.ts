/**
 * A dry and a wet sound file made into a pair: read, checked against each other,
 * aligned and trimmed to the same length.
 *
 * @module
 */

import type { CompressorParameters } from "../compressor/parameters.ts";
import type { Pair } from "../objective/chunks.ts";
import {
  formatDecibels,
  formatMilliseconds,
  formatNumber,
} from "../report/format.ts";
import { readWav } from "../sound/wav.ts";
import { bold } from "./command_line.ts";

/** A sound file, and what the person called it. */
export interface NamedPath {
  /** Where it is. */
  path: string;
  /** As given on the command line, for messages. */
  name: string;
}

/** Two recordings ready to be fitted. */
export interface Recordings {
  /** The pair, aligned. */
  pair: Pair;
  /** Lag of the wet recording in samples that was removed; absent if not sought. */
  lag?: number;
  /** What a person should know about them. */
  warnings: string[];
}

/** Options of {@linkcode openRecordings}. */
export interface RecordingOptions {
  /** Channel of files with several, counted from 1. */
  channel?: number;
  /** Whether and how far to look for a lag. */
  alignment: { enabled: boolean; max_lag: number };
}

/**
 * Reads two recordings as a pair.
 *
 * @throws {Error} naming the file that cannot be used, and what to do.
 */
export async function openRecordings(
  dryFile: string,
  wetFile: string,
  { channel, alignment }: RecordingOptions,
): Promise<Recordings> {
  const dry = await readWav(dryFile.path, { channel });
  const wet = await readWav(wetFile.path, { channel });
  if (dry.sampleRate !== wet.sampleRate) {
    throw new Error(
      `${dryFile.name} is at ${dry.sampleRate} Hz, ${wetFile.name} at ${wet.sampleRate} Hz: convert one to the rate of the other`,
    );
  }
}

/** The parameters as lines for people. */
export function describeParameters(parameters: CompressorParameters): string {
  const rows: [string, string][] = [
    ["Threshold", formatDecibels(parameters.threshold_db)],
    ["Ratio", `${formatNumber(parameters.ratio)} : 1`],
    ["Attack", formatMilliseconds(parameters.attack_ms)],
    ["Release", formatMilliseconds(parameters.release_ms)],
    ["Make-up", formatDecibels(parameters.make_up_db)],
  ];
  return rows.map(([name, value]) =>
    `${bold(name)}${" ".repeat(12 - name.length)}${value}`
  )
    .join("\n");
}
