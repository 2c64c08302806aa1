/**
 * Looks a dry/wet pair of a data set over: can both files be read, do they
 * belong together, and would a fit to them mean anything?
 *
 * A pair is left out for what a fit cannot make good: a file that is missing or
 * cannot be used, rates that differ, silence, a wet side of other material, a lag that
 * does not hold (a drift, samples lost), a wet side clipped for more than
 * {@linkcode MOST_CLIPPED} of its length. What a fit takes care of itself (a
 * constant lag, the polarity, a tail that only one side has) is only noted.
 *
 * @module
 */

import { peakOf } from "../sound/signal.ts";
import {
  formatCount,
  formatDuration,
  formatNumber,
  formatPercent,
} from "../base/format.ts";
import {
  type Alignment,
  CONFIDENCE_THRESHOLD,
  findAlignment,
  MATCH_THRESHOLD,
  searchAlignment,
  SilentSideError,
} from "../sound/alignment.ts";
import { readClock } from "../sound/clock.ts";
import {
  formatName,
  readWav,
  type Sound,
  SoundFileError,
  type SoundFormat,
} from "../sound/wav.ts";
import { type Clipping, findClipping } from "./clipping.ts";
import { closerWarnings } from "./closer_warnings.ts";
import { type Mode, MODES } from "./setting.ts";
import type { SignalTrainEntry } from "./signaltrain.ts";

/** One file of a pair. */
export interface SideCheck {
  /** Samples a second. */
  sampleRate: number;
  /** Samples. */
  length: number;
  /** How the file codes them. */
  format: SoundFormat;
  /** Largest magnitude; full scale is 1. */
  peak: number;
  /** Where it stands at full scale. */
  clipping: Clipping;
}

/** What was found of one pair. */
export interface PairCheck {
  /** The pair, by its names. */
  entry: SignalTrainEntry;
  /** The input; absent where it cannot be read. */
  dry?: SideCheck;
  /** The target; absent where it cannot be read. */
  wet?: SideCheck;
  /** How the target follows the input; absent where this could not be found. */
  alignment?: Alignment;
  /** Why the pair should be left out; empty where it is good. */
  reasons: string[];
  /** What a fit takes care of, but a person may want to know. */
  notes: string[];
}

/** Part of the wet side that may be clipped before the pair is left out. */
export const MOST_CLIPPED = 1e-3;

/** Parts of a check: the input, the target, the lag between them, whether it holds. */
export const CHECK_PARTS = 4;

/**
 * Checks one pair.
 *
 * @param maxLag Largest lag looked for at first, in samples.
 * @param onPart Told how many of {@linkcode CHECK_PARTS} are done; the last few are
 * passed over where the first are reason enough to leave the pair out.
 */
export async function checkPair(
  entry: SignalTrainEntry,
  maxLag: number,
  onPart: (done: number) => void = () => {},
): Promise<PairCheck> {
  const reasons: string[] = [];
  const notes: string[] = [];
  const check: PairCheck = { entry, reasons, notes };

  // What follows is in one piece: let the terminal, and an interrupt, in between.
  const partDone = (done: number) => {
    onPart(done);
    return new Promise((resolve) => setTimeout(resolve));
  };
  const read = async (path: string, side: string) => {
    try {
      const sound = await readWav(path);
      notes.push(...sound.warnings.map((warning) => `${side}: ${warning}`));
      return sound;
    } catch (error) {
      if (!(error instanceof SoundFileError)) throw error;
      reasons.push(`${side} ${error.what}`);
    }
  };
  let dry: Sound | undefined;
  if (entry.inputPath === null) {
    reasons.push(`no input_${entry.number}_.wav in ${entry.split}/`);
  } else {
    dry = await read(entry.inputPath, "input");
  }
  if (dry !== undefined) check.dry = sideOf(dry);
  await partDone(1);
  const wet = await read(entry.targetPath, "target");
  if (wet !== undefined) check.wet = sideOf(wet);
  if (check.dry !== undefined) noteClipping(check.dry, "input", notes);
  if (check.wet !== undefined) {
    const { clipping, length } = check.wet;
    const isTooMuch = clipping.samples > MOST_CLIPPED * length;
    noteClipping(check.wet, "target", isTooMuch ? reasons : notes);
  }
  if (dry !== undefined && wet !== undefined) {
    notes.push(...closerWarnings({
      dry: dry.samples,
      wet: wet.samples,
      sampleRate: wet.sampleRate,
    }));
  }
  if (dry === undefined || wet === undefined) return check;

  if (dry.sampleRate !== wet.sampleRate) {
    reasons.push(
      `the rates differ: input ${dry.sampleRate} Hz, target ${wet.sampleRate} Hz`,
    );
    return check;
  }
  const difference = wet.samples.length - dry.samples.length;
  if (difference !== 0) {
    const time = formatDuration(Math.abs(difference) / dry.sampleRate);
    notes.push(
      `the target is ${Math.abs(difference)} samples (${time}) ${
        difference > 0 ? "longer" : "shorter"
      } than the input`,
    );
  }
  await partDone(2);
  try {
    check.alignment = findAlignment(dry.samples, wet.samples, maxLag);
  } catch (error) {
    if (!(error instanceof SilentSideError)) throw error;
    reasons.push(`the ${error.side === "dry" ? "input" : "target"} is silent`);
    return check;
  }
  await partDone(3);
  const pair = {
    dry: dry.samples,
    wet: wet.samples,
    sampleRate: wet.sampleRate,
  };
  // By parts too: no lag suits the whole where it does not hold.
  const found = searchAlignment(pair.dry, pair.wet, maxLag);
  const sentences = found.match >= MATCH_THRESHOLD
    ? readClock(pair, found).sentences
    : [];
  const near = check.alignment;
  const isAtEnd = near.match < MATCH_THRESHOLD || Math.abs(near.lag) === maxLag;
  const isOfAll = found.from === 0 && found.to === pair.dry.length;
  if (maxLag > 0 && isAtEnd && isOfAll && found.match > near.match) {
    check.alignment = found;
  }
  const isMatch = check.alignment.match >= MATCH_THRESHOLD;
  if (isMatch || sentences.length === 0) {
    judgeAlignment(check.alignment, maxLag, reasons, notes);
  }
  reasons.push(...sentences);
  return check;
}

function sideOf({ samples, sampleRate, format }: Sound): SideCheck {
  const peak = peakOf(samples);
  const clipping = findClipping(samples, format.bits);
  return { sampleRate, length: samples.length, format, peak, clipping };
}

function noteClipping(side: SideCheck, name: string, to: string[]): void {
  const { runs, samples } = side.clipping;
  if (runs === 0) return;
  to.push(
    `the ${name} is clipped: ${formatCount(runs, "run")} at full scale, ${
      formatPercent(samples / side.length, 2)
    } of it`,
  );
}

function judgeAlignment(
  { lag, inverted, match, confidence }: Alignment,
  maxLag: number,
  reasons: string[],
  notes: string[],
): void {
  if (match < MATCH_THRESHOLD) {
    reasons.push(
      `the match is poor (${formatNumber(match, 2)} of 1): other material`,
    );
    return;
  }
  if (confidence < CONFIDENCE_THRESHOLD) {
    reasons.push(
      `no lag stands out (confidence ${
        formatNumber(confidence, 2)
      } of 1): steady tones, or a lag beyond ${maxLag} samples; look further with --max-lag`,
    );
  } else if (maxLag > 0 && Math.abs(lag) === maxLag) {
    reasons.push(
      `the lag is at the end of what was looked for (${maxLag} samples); look further with --max-lag`,
    );
  } else if (lag !== 0) {
    notes.push(
      `the target is ${Math.abs(lag)} samples ${lag > 0 ? "late" : "early"}`,
    );
  }
  if (inverted) notes.push("the target has the opposite polarity");
}

/** A pair's check as plain JSON, for files and tables. */
export interface CheckRecord {
  /** Folder of the data set. */
  split: string;
  /** Number that pairs input and target. */
  number: string;
  /** `3c` for long takes, `2c` for short ones. */
  kind: string;
  /** Compress/limit switch. */
  mode: Mode;
  /** Peak reduction, 0 to 100. */
  peak_reduction: number;
  /** Path of the input; null where it is missing. */
  input: string | null;
  /** Path of the target. */
  target: string;
  /** Rate of the target, in Hz. */
  sample_rate: number | null;
  /** Length of the input, in seconds. */
  input_seconds: number | null;
  /** Length of the target, in seconds. */
  target_seconds: number | null;
  /** How the target codes its samples. */
  format: string | null;
  /** Peak of the input, in dB of full scale; null for digital silence too. */
  input_peak_db: number | null;
  /** Peak of the target. */
  target_peak_db: number | null;
  /** Runs at full scale in the input. */
  input_clipped_runs: number | null;
  /** Runs at full scale in the target. */
  target_clipped_runs: number | null;
  /** Samples that the target is late. */
  lag_samples: number | null;
  /** Whether the target's polarity is the opposite one. */
  inverted: boolean | null;
  /** How alike the two are, 0 to 1. */
  match: number | null;
  /** How sure the lag is, 0 to 1. */
  confidence: number | null;
  /** Whether the pair should be left out. */
  leave_out: boolean;
  /** Why. */
  reasons: string[];
  /** What else a person should know. */
  notes: string[];
}

/** `check` as plain JSON. */
export function recordOfCheck(check: PairCheck): CheckRecord {
  const { entry, dry, wet, alignment, reasons, notes } = check;
  const seconds = (side?: SideCheck) =>
    side === undefined ? null : side.length / side.sampleRate;
  const peakDb = (side?: SideCheck) =>
    side === undefined || side.peak === 0 ? null : 20 * Math.log10(side.peak);
  return {
    split: entry.split,
    number: entry.number,
    kind: entry.kind,
    mode: MODES[entry.mode],
    peak_reduction: entry.peakReduction,
    input: entry.inputPath,
    target: entry.targetPath,
    sample_rate: wet?.sampleRate ?? null,
    input_seconds: seconds(dry),
    target_seconds: seconds(wet),
    format: wet === undefined ? null : formatName(wet.format),
    input_peak_db: peakDb(dry),
    target_peak_db: peakDb(wet),
    input_clipped_runs: dry?.clipping.runs ?? null,
    target_clipped_runs: wet?.clipping.runs ?? null,
    lag_samples: alignment?.lag ?? null,
    inverted: alignment?.inverted ?? null,
    match: alignment?.match ?? null,
    confidence: alignment?.confidence ?? null,
    leave_out: reasons.length > 0,
    reasons,
    notes,
  };
}
