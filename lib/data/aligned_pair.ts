/**
 * A pair made ready for the objective: the lag between its sides found and
 * removed, a wet side of opposite polarity turned over.
 *
 * Long recordings are looked at through an excerpt from their middle: a lag is
 * the same everywhere in a take.
 *
 * @module
 */

import {
  align,
  CONFIDENCE_THRESHOLD,
  findAlignment,
  MATCH_THRESHOLD,
  SilentSideError,
} from "../sound/alignment.ts";
import { formatNumber } from "../format.ts";
import type { Pair } from "../sound/signal.ts";

/** A pair whose sides follow each other sample for sample. */
export interface AlignedPair {
  /** The pair: views, but for a wet side that was turned over. */
  pair: Pair;
  /** Samples by which the wet side was late; undefined if not looked for. */
  lag?: number;
  /** What a person should know about the recordings. */
  warnings: string[];
}

/** Whether and how far to look for a lag. */
export interface AlignmentConfig {
  /** Whether the lag is removed. */
  enabled: boolean;
  /** Largest lag looked for, in samples. */
  max_lag: number;
}

/** Seconds of a long recording that the lag is found by. */
const EXCERPT_SECONDS = 30;

/**
 * Aligns `pair`, whose sides may differ in length.
 *
 * @throws {SilentSideError} where a side is silent.
 */
export function alignPair(pair: Pair, config: AlignmentConfig): AlignedPair {
  if (!config.enabled) return { pair: align(pair, 0), warnings: [] };
  const found = findInExcerpt(pair, config.max_lag);
  const aligned = align(pair, found.lag);
  const warnings: string[] = [];
  if (found.match < MATCH_THRESHOLD) {
    warnings.push(
      `the match of the two recordings is poor (${
        formatNumber(found.match, 2)
      } of 1): the wet one may be of other material, or lag by more than ${config.max_lag} samples`,
    );
  } else if (found.confidence < CONFIDENCE_THRESHOLD) {
    warnings.push(
      `the lag of ${found.lag} samples is uncertain: others match nearly as well. If you know the recordings are in step, switch the alignment off`,
    );
  }
  if (found.inverted) {
    warnings.push(
      "the wet recording has the opposite polarity; it was turned over",
    );
    aligned.wet = aligned.wet.map((sample) => -sample);
  }
  return { pair: aligned, lag: found.lag, warnings };
}

function findInExcerpt({ dry, wet, sampleRate }: Pair, maxLag: number) {
  const length = Math.round(EXCERPT_SECONDS * sampleRate);
  const common = Math.min(dry.length, wet.length);
  if (common > length) {
    const from = Math.floor((common - length) / 2);
    try {
      return findAlignment(
        dry.subarray(from, from + length),
        wet.subarray(from, from + length),
        maxLag,
      );
    } catch (error) {
      if (!(error instanceof SilentSideError)) throw error;
    }
  }
  return findAlignment(dry, wet, maxLag);
}
