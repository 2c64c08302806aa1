/**
 * By how much the lag of a recording moves from its start to its end, told by excerpts
 * in a small part of the time that `clock.ts` takes: what a clock's drift or
 * lost samples do to a lag adds up, and the end has all of it.
 *
 * @module
 */

import {
  CONFIDENCE_THRESHOLD,
  findAlignment,
  MATCH_THRESHOLD,
  SilentSideError,
} from "./alignment.ts";
import type { Pair } from "./signal.ts";

/** Excerpts, their length in seconds at most, and the lag looked for in them. */
const EXCERPTS = 4;
const SECONDS = 4;
const REACH = 1024;

/**
 * Samples between the least and the greatest lag of excerpts of `pair`, which is in step;
 * undefined where its two ends do not both tell one.
 */
export function lagMoves({ dry, wet, sampleRate }: Pair): number | undefined {
  const samples = Math.min(dry.length, wet.length);
  const length = Math.floor(
    Math.min(SECONDS * sampleRate, samples / EXCERPTS),
  );
  const lags: number[] = [];
  let ends = 0;
  for (let i = 0; i < EXCERPTS; i++) {
    const from = Math.floor((samples - length) * i / (EXCERPTS - 1));
    const part = (side: Pair["dry"]) => side.subarray(from, from + length);
    try {
      const found = findAlignment(part(dry), part(wet), REACH);
      const isClear = found.match >= MATCH_THRESHOLD &&
        found.confidence >= CONFIDENCE_THRESHOLD;
      if (!isClear) continue;
      lags.push(found.lag);
      if (i === 0 || i === EXCERPTS - 1) ends++;
    } catch (error) {
      // A rest tells nothing.
      if (!(error instanceof SilentSideError)) throw error;
    }
  }
  return ends === 2 ? Math.max(...lags) - Math.min(...lags) : undefined;
}
