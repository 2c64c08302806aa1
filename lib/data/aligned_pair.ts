/**
 * A pair made ready for the objective: the lag between its sides found and
 * removed, a wet side of opposite polarity turned over.
 *
 * Long recordings are looked at through an excerpt from their middle: a lag is
 * the same everywhere in a take. Where that tells little, a pause say, the whole
 * is looked at.
 *
 * @module
 */

import {
  align,
  type Alignment,
  CONFIDENCE_THRESHOLD,
  findAlignment,
  MATCH_THRESHOLD,
  searchAlignment,
  SilentSideError,
} from "../sound/alignment.ts";
import { formatInteger, formatNumber } from "../base/format.ts";
import { delayed } from "../sound/fractional_delay.ts";
import type { Pair } from "../sound/signal.ts";

/** A pair whose sides follow each other sample for sample. */
export interface AlignedPair {
  /** The pair: views, but for a wet side that was turned over. */
  pair: Pair;
  /** Samples by which the wet side was late; undefined if not looked for. */
  lag?: number;
  /** −1 if the wet side was turned over, or 1; undefined if not looked for. */
  polarity?: 1 | -1;
  /** What a person should know about the recordings. */
  warnings: string[];
}

/** Whether and how far to look for a lag. */
export interface AlignmentConfig {
  /** Whether the lag is removed. */
  enabled: boolean;
  /** Largest lag looked for at first, in samples: any, where none of them matches. */
  max_lag: number;
}

/** Times the match of a lag near by that one from afar must have. */
const CLEARLY = 1.05;

/** Seconds of a long recording that the lag is found by. */
const EXCERPT_SECONDS = 30;

/**
 * Aligns `pair`, whose sides may differ in length.
 *
 * @param delay Samples, whole or not, that wet is known to be late by: nothing is
 * looked for then.
 * @throws {SilentSideError} where a side is silent.
 */
export function alignPair(
  pair: Pair,
  config: AlignmentConfig,
  delay?: number,
): AlignedPair {
  if (delay !== undefined) {
    const whole = Math.round(delay);
    // Moved before it is cut, for neighbours of the ends to be heard.
    const wet = delay === whole
      ? pair.wet
      : delayed(pair.wet, delay - whole).value;
    return { pair: align({ ...pair, wet }, whole), lag: delay, warnings: [] };
  }
  if (!config.enabled) return { pair: align(pair, 0), warnings: [] };
  const found = findBy(pair, config.max_lag);
  const aligned = align(pair, found.lag);
  const isMatch = found.match >= MATCH_THRESHOLD;
  const polarity = isMatch && found.inverted ? -1 : 1;
  const warnings: string[] = [];
  if (!isMatch) {
    warnings.push(
      `the match of the two recordings is poor (${
        formatNumber(found.match, 2)
      } of 1): the wet one may be of other material`,
    );
  } else if (found.confidence < CONFIDENCE_THRESHOLD) {
    warnings.push(
      `the lag of ${
        formatInteger(found.lag)
      } samples is uncertain: others match nearly as well. If you know the recordings are in step, leave the lag as it is with --set alignment.enabled=false`,
    );
  }
  if (polarity === -1) {
    warnings.push(
      "the wet recording has the opposite polarity; it was turned over",
    );
    aligned.wet = aligned.wet.map((sample) => -sample);
  }
  return { pair: aligned, lag: found.lag, polarity, warnings };
}

/** How the wet side follows the dry one, by an excerpt if that will do. */
function findBy({ dry, wet, sampleRate }: Pair, maxLag: number): Alignment {
  const length = Math.round(EXCERPT_SECONDS * sampleRate);
  const common = Math.min(dry.length, wet.length);
  if (common > length) {
    const from = Math.floor((common - length) / 2);
    try {
      const found = findAlignment(
        dry.subarray(from, from + length),
        wet.subarray(from, from + length),
        maxLag,
      );
      if (
        found.match >= MATCH_THRESHOLD &&
        found.confidence >= CONFIDENCE_THRESHOLD
      ) return found;
    } catch (error) {
      if (!(error instanceof SilentSideError)) throw error;
    }
  }
  const near = findAlignment(dry, wet, maxLag);
  const isFound = near.match >= MATCH_THRESHOLD &&
    Math.abs(near.lag) < maxLag;
  if (isFound || maxLag === 0) return near;
  const far = searchAlignment(dry, wet, maxLag);
  const isOfAll = far.from === 0 && far.to === dry.length;
  return isOfAll && far.match > CLEARLY * near.match ? far : near;
}
