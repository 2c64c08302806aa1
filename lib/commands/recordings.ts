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
import { findClipping } from "../data/pair_check.ts";
import {
  formatDecibels,
  formatDuration,
  formatInteger,
  formatMilliseconds,
  formatNumber,
} from "../format.ts";
import { readWav, type Sound } from "../sound/wav.ts";
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
  const warnings = [
    ...aligned.warnings,
    ...lengthWarnings(dry, wet, aligned),
  ];
  if (aligned.pair.dry.every((x, n) => x === aligned.pair.wet[n])) {
    warnings.push(
      `the wet recording is the same as the dry one: is ${wetFile} the right file?`,
    );
  }
  const clipping = findClipping(wet.samples, wet.format.bits);
  if (clipping.runs > 0) {
    warnings.push(
      `the wet recording is clipped: ${
        formatInteger(clipping.samples)
      } samples stand at full scale, which no compressor explains. Record it at a lower level`,
    );
  }
  return { ...aligned, warnings };
}

/** Part of the longer side that both should have. */
const COMMON_PART = 0.9;

/** Seconds of sound below which little can be told of the release. */
const FEW_SECONDS = 1;

/** What a person should know about how much sound the pair has. */
function lengthWarnings(
  dry: Sound,
  wet: Sound,
  { pair }: AlignedPair,
): string[] {
  const { sampleRate } = pair;
  const [dryLength, wetLength, length] = [dry.samples, wet.samples, pair.dry]
    .map((samples) => samples.length);
  const time = (samples: number) => formatDuration(samples / sampleRate);
  const warnings: string[] = [];
  if (length < COMMON_PART * Math.max(dryLength, wetLength)) {
    warnings.push(
      `the dry recording has ${time(dryLength)}, the wet one ${
        time(wetLength)
      }: only the ${
        time(length)
      } that both have is used. Do they hold the same take?`,
    );
  }
  if (length < FEW_SECONDS * sampleRate) {
    warnings.push(
      `${
        time(length)
      } of sound is too little to rely on: give a few seconds of varied sound`,
    );
  }
  return warnings;
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
