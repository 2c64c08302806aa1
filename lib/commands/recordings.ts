/**
 * A dry and a wet sound file made into a pair, and parameters put into words.
 *
 * @module
 */

import type { CompressorParameters } from "../compressor/parameters.ts";
import {
  type AlignedPair,
  type AlignmentConfig,
  alignPair,
} from "../data/aligned_pair.ts";
import { recordingWarnings } from "../data/recording_warnings.ts";
import { formatDecibels, formatMilliseconds, formatNumber } from "../format.ts";
import { readWav } from "../sound/wav.ts";
import { bold, userPath } from "./command_line.ts";

/** Options of {@linkcode openRecordings}. */
export interface RecordingOptions {
  /** Channel of files with several, counted from 1. */
  channel?: number;
  /** Whether and how far to look for a lag. */
  alignment: AlignmentConfig;
}

/**
 * Reads two recordings, given as a person names them, as an aligned pair.
 *
 * @throws {Error} naming the file that cannot be used, and what to do.
 */
export async function openRecordings(
  dryFile: string,
  wetFile: string,
  { channel, alignment }: RecordingOptions,
): Promise<AlignedPair> {
  const dry = await readWav(userPath(dryFile), { channel });
  const wet = await readWav(userPath(wetFile), { channel });
  if (dry.sampleRate !== wet.sampleRate) {
    throw new Error(
      `${dryFile} is at ${dry.sampleRate} Hz, ${wetFile} at ${wet.sampleRate} Hz: convert one to the rate of the other`,
    );
  }
  const { sampleRate } = dry;
  const pair = { dry: dry.samples, wet: wet.samples, sampleRate };
  const aligned = alignPair(pair, alignment);
  return {
    ...aligned,
    warnings: [
      ...aligned.warnings,
      ...recordingWarnings(dry, wet, aligned.pair),
    ],
  };
}

/**
 * Whether two ESRs differ by what a person would want to know, such as that over
 * the whole recording and that over the samples that the loss counts.
 */
export function esrsDiffer(one: number, other: number): boolean {
  // Below that, either is no more than rounding.
  return Math.max(one, other) > 1e-9 && Math.abs(one / other - 1) > 0.01;
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
  return rows.map(([name, value]) => `${bold(name.padEnd(12))}${value}`)
    .join("\n");
}
