/**
 * What the clocks of two recordings did to each other: a constant lag, a drift,
 * samples that were lost or put in, stretches that dropped out; and the pieces in
 * which wet follows dry without a break.
 *
 * **Lag over time.** The windows of {@linkcode lagWindows} are fitted by weighted least
 * squares,
 *
 *     lag = a_piece + drift · t + κ₁ P + κ₂ P²
 *
 * with one drift for the recording, since a converter keeps its clock, and a new
 * constant after every jump. P is the half period that a window's lag was taken
 * at: a unit's phase shows as a lag that goes with the period (κ₂ of a coupling's
 * corner f is 2 f / (π · sample rate)), and may not be taken for a drift where high and
 * low sounds follow each other. κ₁ and κ₂ are held to what units have.
 *
 * **Jumps** are added one at a time where they lower the misfit most, as long as
 * they are many times their error. Between the last window of one piece and the first
 * of the next the place is found by the zero crossings themselves: up to it they
 * have partners by the one lag, from it on by the other, and where samples were lost
 * there is a stretch between that has none by either.
 *
 * **Dropouts** are runs of silence, of one value, or of one buffer again and again,
 * in wet, while dry moves by much more than wet's least step. A value that is not
 * silence may be the flat top of a wave, unless dry passes zero meanwhile.
 *
 * @module
 */

import { Matrix, solve } from "ml-matrix";
import { formatDuration, formatFixed, formatInteger } from "../base/format.ts";
import { constantOffset, withoutOffset } from "./constant_offset.ts";
import type { WideAlignment } from "./alignment.ts";
import {
  type LagWindow,
  lagWindows,
  pairCrossings,
  PARTNER,
  refined,
} from "./lag_windows.ts";
import { type Pair, peakOf, type Signal } from "./signal.ts";

/** A stretch in which wet follows dry without a break. */
export interface Piece {
  /** First sample of dry. All of dry before it is there to settle by. */
  from: number;
  /** The sample of dry after the last. */
  to: number;
  /** Samples that wet is late at `from`, a real number; negative where early. */
  lag: number;
  /** What the lag grows by, in millionths of a sample a sample; 0 if steady. */
  driftPpm: number;
}

/** Samples that wet lacks, or has too many. */
export interface Slip {
  /** Sample of dry at which it happens, as near as can be told. */
  at: number;
  /** The last sample before which it surely does not happen. */
  from: number;
  /** The first sample after which it surely has. */
  to: number;
  /** What the lag jumps by: below 0, wet lacks so many samples. */
  samples: number;
}

/** A stretch of dry of which wet has nothing. */
export interface Dropout {
  /** First sample of dry. */
  from: number;
  /** The sample of dry after the last. */
  to: number;
}

/** What the clocks of a pair did. */
export interface Clock {
  /** Stretches to be compared, in the order of time. */
  pieces: Piece[];
  /** How fast wet's clock runs against dry's; 0 where no drift is significant. */
  driftPpm: number;
  /** Standard error of the drift; infinite where there is too little to tell it. */
  driftErrorPpm: number;
  /** Samples lost or put in. */
  slips: Slip[];
  /** Stretches that dropped out. */
  dropouts: Dropout[];
  /** The lag over time, as it was found. */
  windows: LagWindow[];
  /** What a person should know, a sentence each; empty for a steady lag. */
  sentences: string[];
}

/** Least jump that is taken for a slip, in samples. */
const LEAST_SLIP = 0.6;

/** A jump is a slip where it is so many times its error. */
const SIGNIFICANT_SLIP = 6;

/** A drift is one where it is so many times its error; more, of few windows. */
const SIGNIFICANT_DRIFT = 4;

/** Least change of the lag over the recording that is a drift, in samples. */
const LEAST_CHANGE = 0.5;

/** Lag that a unit's phase makes, in samples, from which it is taken off. */
const LEAST_PHASE = 0.05;

/** Slips at most; what slips more often is no recording. */
const MOST_SLIPS = 50;

/** Standard deviation of a drift before anything is known, in ppm. */
const DRIFT_PRIOR = 1000;

/** Standard deviations of κ₁ and κ₂ before anything is known. */
const PHASE_PRIORS = [0.01, 3e-4];

/** Cost of a crossing that belongs to neither side of a slip; a hit costs 0. */
const NEITHER = 0.35;

/** Seconds within which a slip's time is told as one. */
const SHARP_SECONDS = 0.04;

/** Samples left out on either side of a slip that has no sharp end. */
const GUARD = 16;

/** Least samples of a dropout. */
const LEAST_DROPOUT = 24;

/** Steps of wet by which it should have moved in a dropout. */
const MOVED_STEPS = 20;

/** Part of wet's peak by which it should have moved: −60 dB. */
const MOVED_PART = 1e-3;

/** Part of wet's peak up to which a still run is silence: −60 dB. */
const SILENT_PART = 1e-3;

/** Seconds on either side of a dropout by which the gain is told. */
const GAIN_SECONDS = 0.05;

/** Buffers that are held and played again, in samples. */
const BUFFERS = [32, 64, 128, 256, 512, 1024, 2048, 4096];

/**
 * Finds how the clocks of `pair` went, from an alignment that holds somewhere.
 * The sides may differ in length.
 */
export function readClock(pair: Pair, alignment: WideAlignment): Clock {
  const { sampleRate } = pair;
  const [dry, wet] = [pair.dry, pair.wet].map((side) => {
    const offset = constantOffset(side, sampleRate);
    return offset === undefined ? side : withoutOffset(side, offset.value);
  });
  const sign = alignment.inverted ? -1 : 1;
  const centred = { dry, wet, sampleRate };
  let windows = refined(centred, sign, lagWindows(centred, alignment));
  let line = fitLine(windows);
  const { phase, drift } = line;
  if (drift !== 0 || mattersFor(phase, windows)) {
    windows = refined(centred, sign, windows, phase, drift);
    line = fitLine(windows);
  }
  const slips: Slip[] = [];
  const pieces: Piece[] = [];
  let from = 0;
  line.starts.forEach((first, i) => {
    const constant = line.constants[i];
    const next = line.starts[i + 1];
    const lagAt = (at: number) => constant + line.drift * at;
    let to = dry.length;
    let nextFrom = dry.length;
    if (next !== undefined) {
      const after = line.constants[i + 1];
      const lagAfter = (at: number) => after + line.drift * at;
      // Between windows that are surely of the one and of the other: on a steady tone a
      // lag may be off by a period.
      let last = next - 1;
      while (last > first && !isOn(windows[last], lagAt)) last--;
      let begin = next;
      while (begin + 1 < windows.length && !isOn(windows[begin], lagAfter)) {
        begin++;
      }
      const place = placeOfSlip(
        dry,
        wet,
        sign,
        windows[last].from,
        windows[begin].to,
        lagAt,
        lagAfter,
        phase,
      );
      const [earliest, latest] = [place.to, place.from];
      slips.push({
        at: place.at,
        from: earliest,
        to: latest,
        samples: after - constant,
      });
      [to, nextFrom] = [place.to, place.from];
    }
    // Only what wet has: it may begin later and end earlier.
    const ratio = 1 + line.drift;
    const start = Math.max(from, Math.ceil(-constant / ratio - 0.5));
    const end = Math.min(
      to,
      Math.ceil((wet.length - constant) / ratio - 0.5),
    );
    if (end > start) {
      pieces.push({
        from: start,
        to: end,
        lag: lagAt(start),
        driftPpm: line.drift * 1e6,
      });
    }
    from = nextFrom;
  });
  const dropouts = cutDropouts(dry, wet, sampleRate, pieces, slips);
  return {
    pieces,
    driftPpm: line.drift * 1e6,
    driftErrorPpm: line.error * 1e6,
    slips,
    dropouts,
    windows,
    sentences: sentencesOf(
      line.drift * 1e6,
      line.error * 1e6,
      slips,
      dropouts,
      dry.length,
      sampleRate,
    ),
  };
}

/** Whether a window's lag is the one expected, but for its error. */
function isOn(
  { at, lag, error }: LagWindow,
  lagAt: (at: number) => number,
): boolean {
  return isNear(lag - lagAt(at), error);
}

/** Whether a unit's phase moves any window by much. */
function mattersFor(
  [one, two]: readonly [number, number],
  windows: LagWindow[],
) {
  return windows.some(({ period }) =>
    Math.abs(one * period + two * period * period) > LEAST_PHASE
  );
}

/** A line with jumps through windows. */
interface Line {
  /** First window of each piece. */
  starts: number[];
  /** Lag of each piece at sample 0 of dry. */
  constants: number[];
  /** Slope, in samples a sample; 0 where it is not significant. */
  drift: number;
  /** Standard error of the slope. */
  error: number;
  /** κ₁ and κ₂. */
  phase: [number, number];
}

function fitLine(windows: LagWindow[]): Line {
  const kept = withoutStrays(windows);
  if (kept.length === 0) {
    return {
      starts: [],
      constants: [],
      drift: 0,
      error: Infinity,
      phase: [0, 0],
    };
  }
  let starts = [0];
  let best = leastSquares(kept, starts, true);
  while (starts.length <= MOST_SLIPS) {
    let better: { starts: number[]; fit: LeastSquares } | undefined;
    for (let at = 1; at < kept.length; at++) {
      if (!mayBegin(at, starts, kept.length)) continue;
      const tried = [...starts, at].sort((a, b) => a - b);
      const fit = leastSquares(kept, tried, true);
      if (fit.misfit < (better?.fit.misfit ?? Infinity)) {
        better = { starts: tried, fit };
      }
    }
    // The line alone may have been worse than what has a jump too many.
    if (better === undefined || !(better.fit.misfit < best.misfit)) break;
    const added = better.starts.findIndex((at) => !starts.includes(at));
    // By the middle of the residuals: jumps still to be found are no scatter.
    if (!isSlip(better.fit, added, better.fit.middle)) break;
    ({ starts, fit: best } = better);
  }
  best = robustly(kept, starts, true);
  // A jump that others have explained, or that scatters like the rest, goes again.
  for (let i = starts.length - 1; i > 0; i--) {
    const isHeld = [i - 1, i].every((piece) =>
      windowsOn(best, kept, starts, piece) >= 2
    );
    if (isHeld && isSlip(best, i, best.tail)) continue;
    starts = starts.filter((_, k) => k !== i);
    best = robustly(kept, starts, true);
  }
  const freedom = kept.length - starts.length - 1;
  const drift = best.values[starts.length];
  const error = freedom > 0
    ? Math.max(best.middle, best.tail) * best.errors[starts.length]
    : Infinity;
  const span = kept.at(-1)!.to - kept[0].from;
  const isDrift = freedom > 1 &&
    Math.abs(drift) > (SIGNIFICANT_DRIFT + 12 / freedom) * error &&
    Math.abs(drift) * span > LEAST_CHANGE;
  if (!isDrift) best = robustly(kept, starts, false);
  return {
    // In the numbers of all windows.
    starts: starts.map((at) => windows.indexOf(kept[at])),
    constants: best.values.slice(0, starts.length),
    drift: isDrift ? drift : 0,
    error,
    phase: [best.values[starts.length + 1], best.values[starts.length + 2]],
  };
}

/** Windows of a piece whose lag is the piece's. */
function windowsOn(
  { residuals }: LeastSquares,
  windows: LagWindow[],
  starts: number[],
  piece: number,
): number {
  const end = starts[piece + 1] ?? windows.length;
  let count = 0;
  for (let i = starts[piece]; i < end; i++) {
    if (isNear(residuals[i] * windows[i].error, windows[i].error)) count++;
  }
  return count;
}

/** Whether a lag that is `off` is off by no more than its error. */
function isNear(off: number, error: number): boolean {
  return Math.abs(off) < Math.max(LEAST_SLIP / 2, 4 * error);
}

/** Without windows that have a lag of their own between two that agree. */
function withoutStrays(windows: LagWindow[]): LagWindow[] {
  return windows.filter(({ lag, error }, i) => {
    const before = windows[i - 1];
    const after = windows[i + 1];
    if (before === undefined || after === undefined) return true;
    const middle = (before.lag + after.lag) / 2;
    const apart = Math.abs(before.lag - after.lag);
    const unsure = Math.hypot(error, before.error, after.error);
    return Math.abs(lag - middle) < Math.max(1, 2 * apart, 8 * unsure);
  });
}

/** Pieces have two windows at least. */
function mayBegin(at: number, starts: number[], count: number): boolean {
  return at <= count - 2 && starts.every((start) => Math.abs(at - start) >= 2);
}

interface LeastSquares {
  /** Constants of the pieces, drift, κ₁, κ₂. */
  values: number[];
  /** Their standard errors, if windows scatter by theirs. */
  errors: number[];
  /** Errors of the jumps before each piece, but the first. */
  jumpErrors: number[];
  /** Weighted sum of squares. */
  misfit: number;
  /** What each window is off by, in its errors. */
  residuals: number[];
  /** How much more than that they scatter, by the middle of the residuals. */
  middle: number;
  /** The same by their largest tenth. */
  tail: number;
}

/** Whether there is a jump before a piece, by that much scatter. */
function isSlip(
  { values, jumpErrors }: LeastSquares,
  piece: number,
  scatter: number,
): boolean {
  const jump = Math.abs(values[piece] - values[piece - 1]);
  const error = scatter * jumpErrors[piece];
  // Samples are lost whole.
  const isWhole = Math.abs(jump - Math.round(jump)) < Math.max(0.25, 2 * error);
  return jump > LEAST_SLIP && isWhole && jump > SIGNIFICANT_SLIP * error;
}

/**
 * The same with less weight for windows far off (Huber's, by repeated least squares).
 */
function robustly(
  windows: LagWindow[],
  starts: number[],
  hasDrift: boolean,
): LeastSquares {
  let fit = leastSquares(windows, starts, hasDrift);
  for (let round = 0; round < 8; round++) {
    const far = 1.5 * fit.middle;
    const { residuals } = fit;
    const weighted = windows.map((window, i) => ({
      ...window,
      error: window.error * Math.sqrt(Math.max(1, residuals[i] / far)),
    }));
    fit = leastSquares(weighted, starts, hasDrift, windows);
  }
  return fit;
}

/** Fits a_piece + drift t + κ₁ P + κ₂ P², or without drift. */
function leastSquares(
  windows: LagWindow[],
  starts: number[],
  hasDrift: boolean,
  unweighted: LagWindow[] = windows,
): LeastSquares {
  const pieces = starts.length;
  const size = pieces + 3;
  const normal = Matrix.zeros(size, size);
  const right = Matrix.zeros(size, 1);
  // Seen from the middle and by millions of samples, for a sound system of equations.
  const origin = (windows[0].from + windows.at(-1)!.to) / 2;
  const rows = windows.map(({ at, lag, error, period }, i) => {
    const row = new Array<number>(size).fill(0);
    row[starts.findLastIndex((start) => start <= i)] = 1;
    row[pieces] = hasDrift ? (at - origin) * 1e-6 : 0;
    row[pieces + 1] = period;
    row[pieces + 2] = period * period;
    return { row, lag, weight: 1 / error ** 2 };
  });
  for (const { row, lag, weight } of rows) {
    for (let i = 0; i < size; i++) {
      if (row[i] === 0) continue;
      right.set(i, 0, right.get(i, 0) + weight * row[i] * lag);
      for (let j = 0; j < size; j++) {
        normal.set(i, j, normal.get(i, j) + weight * row[i] * row[j]);
      }
    }
  }
  [hasDrift ? DRIFT_PRIOR : 1, ...PHASE_PRIORS].forEach((prior, k) => {
    const at = pieces + k;
    normal.set(at, at, normal.get(at, at) + 1 / prior ** 2);
  });
  const inverse = solve(normal, Matrix.eye(size));
  const values = inverse.mmul(right).to1DArray();
  let misfit = 0;
  const residuals = rows.map(({ row, lag, weight }, i) => {
    const off = lag - row.reduce((sum, x, k) => sum + x * values[k], 0);
    misfit += weight * off * off;
    return Math.abs(off) / unweighted[i].error;
  });
  const sorted = residuals.slice().sort((a, b) => a - b);
  const quantile = (part: number) =>
    sorted[Math.floor(part * (sorted.length - 1))];
  const variance = (i: number, j: number) => inverse.get(i, j);
  const errors = values.map((_, i) => Math.sqrt(variance(i, i)));
  const jumpErrors = starts.map((_, i) =>
    i === 0 ? 0 : Math.sqrt(
      variance(i, i) + variance(i - 1, i - 1) - 2 * variance(i, i - 1),
    )
  );
  values[pieces] *= 1e-6;
  errors[pieces] *= 1e-6;
  for (let i = 0; i < pieces; i++) values[i] -= values[pieces] * origin;
  return {
    values,
    errors,
    jumpErrors,
    misfit,
    residuals,
    middle: Math.max(1, 1.4826 * quantile(0.5)),
    tail: Math.max(1, quantile(0.9) / 1.645),
  };
}

/**
 * Where between the samples `from` and `to` of dry the one lag ends to hold and
 * the other begins.
 */
function placeOfSlip(
  dry: Signal,
  wet: Signal,
  sign: 1 | -1,
  from: number,
  to: number,
  before: (at: number) => number,
  after: (at: number) => number,
  phase: readonly [number, number],
): { at: number; to: number; from: number } {
  const cost = (lagAt: (at: number) => number) =>
    pairCrossings(dry, wet, sign, from, to, lagAt, phase).map((
      { at, off, period },
    ) => ({
      at,
      cost: Math.min(1, Math.abs(off) / (PARTNER * period)),
    }));
  const one = cost(before);
  const other = cost(after);
  // Three states in turn: the one lag, neither, the other.
  let inOne = 0;
  let inNeither = Infinity;
  let inOther = Infinity;
  let lastOfOne = -1;
  // Where the best way to each state left the first one, and entered the last.
  let neitherLeft = -1;
  let otherLeft = -1;
  let otherFrom = 0;
  for (let i = 0; i <= one.length; i++) {
    // Before crossing i: a way may change its state here.
    if (inOne < inNeither) {
      inNeither = inOne;
      neitherLeft = i;
    }
    if (inNeither < inOther) {
      inOther = inNeither;
      otherLeft = neitherLeft;
      otherFrom = i;
    }
    if (i === one.length) break;
    inOne += one[i].cost;
    inNeither += NEITHER;
    inOther += other[i].cost;
  }
  lastOfOne = otherLeft - 1;
  const end = lastOfOne >= 0 ? one[lastOfOne].at : from;
  const begin = otherFrom < one.length ? one[otherFrom].at : to;
  const lost = Math.max(0, before(end) - after(end));
  return {
    // What was lost lies behind the slip.
    at: Math.round(Math.max(end, (end + begin - lost) / 2)),
    to: Math.floor(end) + 1 - GUARD,
    from: Math.ceil(begin) + GUARD,
  };
}

/**
 * Finds the stretches of wet that dropped out, cuts the pieces there, and leaves
 * to a slip what belongs to it.
 */
function cutDropouts(
  dry: Signal,
  wet: Signal,
  sampleRate: number,
  pieces: Piece[],
  slips: Slip[],
): Dropout[] {
  const dropouts: Dropout[] = [];
  const peak = peakOf(wet);
  for (const run of stillRuns(wet)) {
    const at = pieces.findIndex((piece) =>
      run.to > wetAt(piece, piece.from) && run.from < wetAt(piece, piece.to)
    );
    // Between two pieces it is a slip's own.
    if (at < 0) continue;
    const piece = pieces[at];
    const from = Math.max(piece.from, Math.floor(dryAt(piece, run.from)));
    const to = Math.min(piece.to, Math.ceil(dryAt(piece, run.to)));
    if (!isMissing(dry, wet, sampleRate, piece, from, to, run, peak)) continue;
    const isOfSlip = slips.some((slip) =>
      Math.abs(slip.at - from) < run.to - run.from + GAIN_SECONDS * sampleRate
    );
    if (!isOfSlip) dropouts.push({ from, to });
    const rest: Piece[] = [];
    if (from > piece.from) rest.push({ ...piece, to: from });
    if (to < piece.to) {
      const lag = piece.lag + piece.driftPpm * 1e-6 * (to - piece.from);
      rest.push({ ...piece, from: to, lag });
    }
    pieces.splice(at, 1, ...rest);
  }
  return dropouts;
}

function wetAt({ from, lag, driftPpm }: Piece, at: number): number {
  return at + lag + driftPpm * 1e-6 * (at - from);
}

function dryAt({ from, lag, driftPpm }: Piece, at: number): number {
  return from + (at - lag - from) / (1 + driftPpm * 1e-6);
}

/** A stretch of wet that stands still, or repeats a buffer of so many samples. */
interface StillRun {
  from: number;
  to: number;
  buffer: number;
}

/** Runs of one value, and of buffers played again. */
function stillRuns(wet: Signal): StillRun[] {
  const runs: StillRun[] = [];
  for (const buffer of [1, ...BUFFERS]) {
    const least = Math.max(LEAST_DROPOUT, buffer);
    let n = buffer;
    while (n < wet.length) {
      // A run of `least` samples has one at every such step.
      if (wet[n] !== wet[n - buffer]) {
        n += least >> 1;
        continue;
      }
      let from = n;
      while (from > buffer && wet[from - 1] === wet[from - 1 - buffer]) from--;
      let to = n + 1;
      while (to < wet.length && wet[to] === wet[to - buffer]) to++;
      n = to + 1;
      if (to - from < least - 1) continue;
      const isSeen = buffer > 1 &&
        (isStill(wet, from, to) ||
          runs.some((run) => run.from <= from && to <= run.to));
      if (!isSeen) {
        runs.push({ from: buffer === 1 ? from - 1 : from, to, buffer });
      }
    }
  }
  return runs.sort((one, other) => one.from - other.from);
}

function isStill(wet: Signal, from: number, to: number): boolean {
  let changes = 0;
  for (let n = from + 1; n < to; n++) if (wet[n] !== wet[n - 1]) changes++;
  return changes < (to - from) / 8;
}

/** Whether wet should have moved between `from` and `to` of dry. */
function isMissing(
  dry: Signal,
  wet: Signal,
  sampleRate: number,
  piece: Piece,
  from: number,
  to: number,
  run: StillRun,
  peak: number,
): boolean {
  // Its inner part alone: the ends are no surer than the lag.
  const margin = Math.max(4, (to - from) >> 3);
  const [first, last] = [from + margin, to - margin];
  if (last - first < LEAST_DROPOUT / 4) return false;
  let low = Infinity;
  let high = -Infinity;
  let change = 0;
  let level = 0;
  let passes = 0;
  for (let n = first; n < last; n++) {
    low = Math.min(low, dry[n]);
    high = Math.max(high, dry[n]);
    if (n >= run.buffer) change += (dry[n] - dry[n - run.buffer]) ** 2;
    level += dry[n] ** 2;
    if (n > first && dry[n] < 0 !== dry[n - 1] < 0) passes++;
  }
  // A sound that repeats itself by this very buffer.
  if (run.buffer > 1 && change < 0.01 * level) return false;
  const isSilence = run.buffer === 1 &&
    Math.abs(wet[run.from]) <= SILENT_PART * peak;
  if (!isSilence && passes < 2) return false;
  const reach = Math.round(GAIN_SECONDS * sampleRate);
  const gains = [
    gainBetween(dry, wet, piece, from - reach, from),
    gainBetween(dry, wet, piece, to, to + reach),
  ].filter((gain) => gain > 0);
  if (gains.length === 0) return false;
  const moved = (high - low) * Math.min(...gains);
  return moved > MOVED_STEPS * leastStep(wet, run) &&
    moved > MOVED_PART * peak;
}

/** Root mean square of wet over that of dry; 0 where there is no telling. */
function gainBetween(
  dry: Signal,
  wet: Signal,
  piece: Piece,
  from: number,
  to: number,
): number {
  let dryEnergy = 0;
  let wetEnergy = 0;
  for (let n = Math.max(0, from); n < Math.min(dry.length, to); n++) {
    const at = Math.round(wetAt(piece, n));
    if (at < 0 || at >= wet.length) continue;
    dryEnergy += dry[n] ** 2;
    wetEnergy += wet[at] ** 2;
  }
  return dryEnergy > 0 ? Math.sqrt(wetEnergy / dryEnergy) : 0;
}

/** The least step of wet around a run: that of its bits. */
function leastStep(wet: Signal, run: StillRun): number {
  const reach = 4096;
  let least = Infinity;
  const from = Math.max(1, run.from - reach);
  const to = Math.min(wet.length, run.to + reach);
  for (let n = from; n < to; n++) {
    const step = Math.abs(wet[n] - wet[n - 1]);
    if (step > 0 && step < least) least = step;
  }
  return least === Infinity ? 0 : least;
}

function sentencesOf(
  driftPpm: number,
  errorPpm: number,
  slips: Slip[],
  dropouts: Dropout[],
  length: number,
  sampleRate: number,
): string[] {
  const sentences: string[] = [];
  const time = (samples: number) => formatDuration(samples / sampleRate);
  const place = (at: number) => `at ${formatFixed(at / sampleRate, 3)} s`;
  if (driftPpm !== 0) {
    sentences.push(
      `the wet recording's clock is ${driftPpm > 0 ? "fast" : "slow"} by ${
        formatFixed(Math.abs(driftPpm), 1)
      } ± ${formatFixed(errorPpm, 1)} ppm, which is ${
        formatFixed(Math.abs(driftPpm) * 1e-6 * length, 1)
      } samples over ${time(length)}`,
    );
  }
  for (const { at, from, to, samples } of slips) {
    const size = Math.abs(samples);
    const isSharp = to - from - size < SHARP_SECONDS * sampleRate;
    const where = isSharp
      ? place(at)
      : `between ${formatFixed(from / sampleRate, 3)} s and ${
        formatFixed(to / sampleRate, 3)
      } s, where the sound does not tell`;
    const count = Math.abs(size - Math.round(size)) < 0.25
      ? formatInteger(size)
      : formatFixed(size, 1);
    const noun = count === "1" ? "sample" : "samples";
    sentences.push(
      samples < 0
        ? `${count} ${noun} of the wet recording are missing ${where}`
        : `the wet recording has ${count} ${noun} too many ${where}`,
    );
  }
  for (const { from, to } of dropouts) {
    sentences.push(
      `the wet recording drops out for ${time(to - from)} ${place(from)}`,
    );
  }
  return sentences;
}
