/**
 * A dry and a wet sound file made into a pair.
 *
 * @module
 */

import {
  type AlignedPair,
  type AlignmentConfig,
  alignPair,
} from "../data/aligned_pair.ts";
import { recordingWarnings } from "../data/recording_warnings.ts";
import { readWav } from "../sound/wav.ts";
import { userPath } from "./command_line.ts";

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
