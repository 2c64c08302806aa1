/**
 * A take whose lag is steady, told by a few excerpts of it: reading the clock of
 * all of a long recording takes longer than the fit.
 *
 * Where excerpts at the beginning, in the middle and at the end lag alike, nothing
 * was lost between them and no clock drifts. Else the whole is read.
 *
 * @module
 */

import { type RecordedTakes, recordedTakes } from "../data/recorded_takes.ts";
import { align, SilentSideError } from "../sound/alignment.ts";
import { delayed } from "../sound/fractional_delay.ts";
import type { Pair } from "../sound/signal.ts";

/** Where the excerpts are, as parts of the recording, and their seconds. */
const PLACES = [0, 0.5, 1];
const EXCERPT_SECONDS = 2;

/** Samples by which lags of excerpts differ and are still one. */
const ALIKE = 0.12;

/** Seconds of the dry sound that settle the unit after samples were lost. */
const LEAD_SECONDS = 8;

/**
 * Takes of `pair`, as {@linkcode recordedTakes} gives them, sooner where it can.
 *
 * @param known Samples that wet is known to be late by, all along.
 */
export function takesInStep(
  pair: Pair,
  maxLag: number,
  known?: number,
): RecordedTakes {
  if (known !== undefined) return takeAt(pair, known);
  const config = { enabled: true, max_lag: maxLag };
  return steady(pair, maxLag) ?? recordedTakes(pair, config, {}, LEAD_SECONDS);
}

function steady(pair: Pair, maxLag: number): RecordedTakes | undefined {
  const { dry, wet, sampleRate, heard } = pair;
  const length = Math.round(EXCERPT_SECONDS * sampleRate);
  const common = Math.min(dry.length, wet.length);
  if (common < 6 * length || heard !== undefined) return undefined;
  const lags: number[] = [];
  for (const place of PLACES) {
    const from = Math.floor(place * (common - length));
    const cut = (side: typeof dry) => side.subarray(from, from + length);
    let found: RecordedTakes;
    try {
      found = recordedTakes(
        { dry: cut(dry), wet: cut(wet), sampleRate },
        { enabled: true, max_lag: maxLag },
      );
    } catch (error) {
      if (error instanceof SilentSideError || error instanceof RangeError) {
        return undefined;
      }
      throw error;
    }
    const [take, ...others] = found.takes;
    const isPlain = others.length === 0 && found.warnings.length === 0 &&
      !found.isSwapped && found.slips.length === 0 && found.polarity !== -1;
    if (!isPlain || take.driftPpm !== 0) return undefined;
    lags.push(take.lag);
  }
  const [lag] = lags;
  if (Math.max(...lags) - Math.min(...lags) > ALIKE) return undefined;
  return takeAt(pair, lag);
}

/** All of `pair` as one take, its wet side late by `lag`. */
function takeAt({ dry, wet, sampleRate }: Pair, lag: number): RecordedTakes {
  return {
    takes: [{
      lag,
      lead: 0,
      trials: [0],
      driftPpm: 0,
      from: 0,
      to: Math.min(dry.length, wet.length) / sampleRate,
      cut(by) {
        const late = lag + by;
        const whole = Math.round(late);
        const moved = late === whole ? wet : delayed(wet, late - whole).value;
        return align({ dry, wet: moved, sampleRate }, whole);
      },
    }],
    polarity: 1,
    slips: [],
    isSwapped: false,
    warnings: [],
  };
}
