/**
 * A recording made into takes that can be fitted together: its lag found whatever
 * it is, a wet side of opposite polarity turned over, a constant offset taken away,
 * a clock that drifts put right, and where samples were lost the sides of the gap
 * told apart (MATH 6).
 *
 * @module
 */

import { formatInteger, formatNumber } from "../base/format.ts";
import { MATCH_THRESHOLD, searchAlignment } from "../sound/alignment.ts";
import { type Piece, readClock } from "../sound/clock.ts";
import { constantOffset, withoutOffset } from "../sound/constant_offset.ts";
import { fillFrom, resampled, sameKind } from "../sound/fractional_delay.ts";
import type { Pair, Signal } from "../sound/signal.ts";
import { suspects } from "../sound/suspects.ts";
import type { AlignmentConfig } from "./aligned_pair.ts";

/** A stretch of a recording, ready to be fitted. */
export interface RecordedTake {
  /**
   * The stretch with the wet side taken so many samples later than at `lag`; dry
   * begins `lead` samples before it.
   */
  cut(by: number): Pair;
  /** What of the dry sound before the stretch settles the unit, in samples. */
  lead: number;
  /** Samples that wet is late by at its start, as found before the fit. */
  lag: number;
  /** Other lags that may be right, in samples after `lag`, and 0, most likely first. */
  trials: number[];
  /** First second of dry that it holds. */
  from: number;
  /** The second of dry that it ends before. */
  to: number;
  /** How fast wet's clock ran, in parts of a million; put right. */
  driftPpm: number;
}

/** A recording as takes. */
export interface RecordedTakes {
  takes: RecordedTake[];
  /** −1 if the wet side was turned over; undefined if not looked for. */
  polarity?: 1 | -1;
  /** Samples by which wet jumped, and when, in seconds. */
  slips: { at_seconds: number; samples: number }[];
  /** Whether the louder the dry side is, the more gain the wet one has. */
  isSwapped: boolean;
  /** What a person should know. */
  warnings: string[];
}

/** Seconds of dry before a stretch that the unit settles in, where nothing is said. */
const LEAD_SECONDS = 1;

/** Seconds that a stretch must have to be fitted. */
const SHORTEST = 0.25;

/** Lags that a short fit tells apart, at most. */
const MOST_TRIALS = 3;

/** A part of a recording, in seconds of its dry side. */
export interface Part {
  from?: number;
  to?: number;
}

/**
 * Takes of `pair`, whose sides may differ in length, or of the `part` of it.
 *
 * @param leadSeconds What of the dry sound before a stretch settles the unit.
 * @throws {RangeError} where nothing is left that can be fitted.
 */
export function recordedTakes(
  pair: Pair,
  { enabled, max_lag }: AlignmentConfig,
  part: Part = {},
  leadSeconds = LEAD_SECONDS,
): RecordedTakes {
  const { sampleRate } = pair;
  const first = Math.round((part.from ?? 0) * sampleRate);
  const last = Math.round((part.to ?? Infinity) * sampleRate);
  const within = (piece: Piece): Piece => {
    const from = Math.max(piece.from, first);
    const moved = piece.driftPpm * 1e-6 * (from - piece.from);
    return {
      ...piece,
      from,
      to: Math.min(piece.to, last),
      lag: piece.lag + moved,
    };
  };
  const nothingLeft = (lag: number) =>
    new RangeError(
      `a lag of ${
        formatInteger(lag)
      } samples, and the part asked for, leave less than ${SHORTEST} s of the recordings: give longer ones`,
    );
  const warnings: string[] = [];
  const whole = (side: Signal) => side;
  const [dry, wet] = ([["dry", pair.dry], ["wet", pair.wet]] as const)
    .map(([name, side]) => {
      const offset = enabled ? constantOffset(side, sampleRate) : undefined;
      if (offset === undefined) return whole(side);
      warnings.push(
        `the ${name} recording has a constant offset of ${
          formatNumber(offset.value, 2)
        } of full scale, which was taken away`,
      );
      return withoutOffset(side, offset.value);
    });
  if (!enabled) {
    const length = Math.min(dry.length, wet.length);
    const piece = within({ from: 0, to: length, lag: 0, driftPpm: 0 });
    if (piece.to - piece.from < 1) throw nothingLeft(0);
    const sides = { ...pair, dry, wet };
    const asIs = { lag: 0, match: 1 };
    return {
      takes: [takeOf(sides, piece, [0], leadSeconds)],
      slips: [],
      isSwapped: suspects(sides, asIs).swapped !== undefined,
      warnings,
    };
  }
  const found = searchAlignment(dry, wet, max_lag);
  const { swapped, rate } = suspects({ ...pair, dry, wet }, found);
  const poor = found.match < MATCH_THRESHOLD
    ? `the match of the two recordings is poor (${
      formatNumber(found.match, 2)
    } of 1), whatever the lag: is it the same take?`
    : undefined;
  if (poor !== undefined) {
    if (rate !== undefined) {
      const [side, other, real] = rate.dryRate === sampleRate
        ? ["wet", "dry", rate.wetRate]
        : ["dry", "wet", rate.dryRate];
      throw new RangeError(
        `the ${side} recording seems to be at ${real} Hz, though it says ${sampleRate} Hz like the ${other} one: correct its rate, or record it again`,
      );
    }
    warnings.push(poor);
  }
  const isTurned = found.inverted && found.match >= MATCH_THRESHOLD;
  const turned = isTurned ? wet.map((sample) => -sample) : wet;
  if (isTurned) {
    warnings.push(
      "the wet recording has the opposite polarity; it was turned over",
    );
  }
  const clock = readClock({ ...pair, dry, wet }, found);
  warnings.push(...clock.sentences);
  const sides = { ...pair, dry, wet: turned };
  const pieces = clock.pieces.map(within).filter(({ from, to }) =>
    to - from >= SHORTEST * sampleRate
  );
  const isWhole = pieces.length === 1 && clock.driftPpm === 0;
  const takes = pieces.map((piece) => {
    if (!isWhole) return takeOf(sides, piece, [0], leadSeconds);
    // A steady lag: those that match nearly as well are worth a short fit.
    const lag = Math.round(piece.lag);
    const trials = [0, ...found.candidates.map((other) => other.lag - lag)]
      .filter((by, i, all) => all.indexOf(by) === i).slice(0, MOST_TRIALS);
    return takeOf(sides, { ...piece, lag }, trials, leadSeconds);
  });
  if (takes.length === 0) {
    throw poor === undefined ? nothingLeft(found.lag) : new RangeError(poor);
  }
  return {
    takes,
    polarity: isTurned ? -1 : 1,
    isSwapped: swapped !== undefined,
    slips: clock.slips.map(({ at, samples }) => ({
      at_seconds: at / sampleRate,
      samples,
    })),
    warnings,
  };
}

/** The take of `piece` of `pair`. */
function takeOf(
  pair: Pair,
  piece: Piece,
  trials: number[],
  leadSeconds: number,
): RecordedTake {
  const { dry, wet, heard, sampleRate } = pair;
  const { from, to, lag, driftPpm } = piece;
  const lead = Math.min(from, Math.round(leadSeconds * sampleRate));
  const start = from - lead;
  const first = start + lag - driftPpm * 1e-6 * lead;
  const isPlain = driftPpm === 0 && Number.isInteger(lag);
  return {
    lead,
    lag,
    trials,
    driftPpm,
    from: from / sampleRate,
    to: to / sampleRate,
    cut: (by) => ({
      sampleRate,
      dry: dry.subarray(start, to),
      wet: isPlain
        ? stretch(wet, first + by, to - start)
        : resampled(wet, driftPpm, first + by, to - start),
      ...(heard && { heard: heard.subarray(start, to) }),
    }),
  };
}

/** So many samples of `signal` from `start` on, zeros where it has none. */
function stretch(signal: Signal, start: number, length: number): Signal {
  if (start >= 0 && start + length <= signal.length) {
    return signal.subarray(start, start + length);
  }
  const result = sameKind(signal, length);
  fillFrom(signal, start, result);
  return result;
}
