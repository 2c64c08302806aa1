/**
 * A dry and a wet sound file made into takes.
 *
 * @module
 */

import { loudest } from "../compressor/linked.ts";
import {
  type AlignedPair,
  type AlignmentConfig,
  alignPair,
} from "../data/aligned_pair.ts";
import {
  type Part,
  type RecordedTakes,
  recordedTakes,
} from "../data/recorded_takes.ts";
import { closerWarnings } from "../data/closer_warnings.ts";
import { recordingWarnings } from "../data/recording_warnings.ts";
import { align, MATCH_THRESHOLD, searchAlignment } from "../sound/alignment.ts";
import { readClock } from "../sound/clock.ts";
import { areSame, type ChannelChoice, takesOf } from "../sound/channels.ts";
import type { Pair } from "../sound/signal.ts";
import { readChannels } from "../sound/wav.ts";
import { userPath } from "./command_line.ts";

/** Options of {@linkcode openRecordings}. */
export interface RecordingOptions extends ChannelChoice {
  /** Whether the unit's channels share a detector, which hears the loudest. */
  link?: boolean;
  /** Whether and how far to look for a lag. */
  alignment: AlignmentConfig;
  /** Samples that the wet side is known to be late by, in place of looking. */
  delay?: number;
}

/** A take made ready for the objective. */
export interface OpenTake extends Omit<AlignedPair, "warnings"> {
  /** The wet side's channel, from 1. */
  channel: number;
}

/** Two recordings made into takes: one, or one for each of several channels. */
export interface Recordings {
  /** The takes, all of the same rate. */
  takes: OpenTake[];
  /** What a person should know about the recordings. */
  warnings: string[];
}

/** Both sides of one channel, as recorded. */
interface RawTake {
  pair: Pair;
  channel: number;
  /** What a person should know of the pair, once it is in step. */
  warningsOf(pair: Pair): string[];
}

/** Reads two recordings, given as a person names them, channel by channel. */
async function readTakes(
  dryFile: string,
  wetFile: string,
  options: Omit<RecordingOptions, "alignment" | "delay">,
): Promise<RawTake[]> {
  const dry = await readChannels(userPath(dryFile));
  const wet = await readChannels(userPath(wetFile));
  const { sampleRate } = dry;
  if (sampleRate !== wet.sampleRate) {
    throw new Error(
      `${dryFile} is at ${sampleRate} Hz, ${wetFile} at ${wet.sampleRate} Hz: convert one to the rate of the other`,
    );
  }
  const found = takesOf(
    { file: dryFile, channels: dry.channels },
    { file: wetFile, channels: wet.channels },
    options,
  );
  const [first] = found;
  const isChosen = (options.dryChannel ?? options.channel) !== undefined;
  const heard = options.link && !isChosen && !areSame(dry.channels)
    ? loudest(dry.channels, first.dry.slice())
    : undefined;
  return found.map((take) => ({
    pair: { dry: take.dry, wet: take.wet, sampleRate, ...(heard && { heard }) },
    channel: take.channel,
    warningsOf: (pair) => [
      ...recordingWarnings(
        { ...dry, samples: take.dry },
        { ...wet, samples: take.wet },
        pair,
      ),
      ...closerWarnings(pair),
    ],
  }));
}

/** A recording's channel as takes, and what it was told by. */
export interface OpenRecorded extends RecordedTakes {
  dry: string;
  wet: string;
  channel: number;
}

/**
 * Reads two recordings as takes that can be fitted together: one, or one for each of
 * several channels and for each side of a gap.
 *
 * @throws {Error} naming the file that cannot be used, and what to do.
 */
export async function openRecordedTakes(
  dryFile: string,
  wetFile: string,
  { alignment, ...options }: Omit<RecordingOptions, "delay">,
  part?: Part,
): Promise<OpenRecorded[]> {
  const raw = await readTakes(dryFile, wetFile, options);
  return raw.map(({ pair, channel, warningsOf }) => {
    const recorded = recordedTakes(pair, alignment, part);
    // What both sides have, whatever part of it is asked for.
    const heard = warningsOf(align(pair, Math.round(recorded.takes[0].lag)));
    return {
      ...recorded,
      warnings: [...heard, ...recorded.warnings],
      dry: dryFile,
      wet: wetFile,
      channel,
    };
  });
}

/**
 * Reads two recordings, given as a person names them, as aligned takes.
 *
 * @throws {Error} naming the file that cannot be used, and what to do.
 */
export async function openRecordings(
  dryFile: string,
  wetFile: string,
  options: RecordingOptions,
): Promise<Recordings> {
  const raw = await readTakes(dryFile, wetFile, options);
  const said: string[][] = [];
  const takes = raw.map(({ pair, channel, warningsOf }) => {
    const { warnings, ...aligned } = alignPair(
      pair,
      options.alignment,
      options.delay,
    );
    said.push([
      ...warnings,
      ...warningsOf(aligned.pair),
      ...options.delay === undefined && options.alignment.enabled
        ? clockWarnings(pair, options.alignment)
        : [],
    ]);
    return { ...aligned, channel };
  });
  const [{ lag }] = takes;
  const other = takes.find((take) => take.lag !== lag);
  return {
    takes,
    warnings: [
      ...new Set(
        said.flatMap((warnings, t) =>
          warnings.map((warning) =>
            said.every((others) => others.includes(warning))
              ? warning
              : `channel ${takes[t].channel}: ${warning}`
          )
        ),
      ),
      ...(other === undefined ? [] : [
        `channel ${
          takes[0].channel
        } lags by ${lag} samples, channel ${other.channel} by ${other.lag}: do both hold the same take?`,
      ]),
    ],
  };
}

/** What the clocks of `pair` did to a lag that is taken for one throughout. */
function clockWarnings(pair: Pair, { max_lag }: AlignmentConfig): string[] {
  const found = searchAlignment(pair.dry, pair.wet, max_lag);
  if (found.match < MATCH_THRESHOLD) return [];
  return readClock(pair, found).sentences.map((sentence) =>
    `${sentence}, which is left as it is here; fit puts it right`
  );
}

/**
 * The one take of `recordings`.
 *
 * @throws {Error} where there are several, as of stereo recordings.
 */
export function soleTake({ takes }: Recordings): Pair {
  if (takes.length === 1) return takes[0].pair;
  throw new Error(
    `the recordings have ${takes.length} channels that differ, where one is needed: extract one of them from each`,
  );
}

/**
 * Whether two ESRs differ by what a person would want to know, such as that over
 * the whole recording and that over the samples that the loss counts.
 */
export function esrsDiffer(one: number, other: number): boolean {
  // Below that, either is no more than rounding.
  return Math.max(one, other) > 1e-9 && Math.abs(one / other - 1) > 0.01;
}
