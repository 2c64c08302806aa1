/**
 * The lag of a wet recording against its dry one over time, to a fraction of a
 * sample, in windows of a second.
 *
 * **Zero crossings.** A compressor multiplies by a gain above zero, so it moves
 * no zero crossing, however fast that gain moves; nor does a saturation through
 * the origin. Each crossing of the dry side is paired with the nearest of the same
 * direction in the wet one, and the lag of a window is the weighted median of
 * what lies between them, of the rising and of the falling ones apart: their mean
 * is free of a constant offset on either side. The weight is 1/σ with
 *
 *     σ² = (ν / slope)² + (ρ P)²
 *
 * where ν is the noise as the scatter of all pairs shows it, P the shorter of the
 * half periods beside the crossing, and ρ what a unit's phase is trusted to keep.
 *
 * **Lock.** A window starts from the lag of the one before it. Where less than
 * half of its crossings (by slope) find a partner within P/4, the lag has jumped, or
 * the two have drifted apart: the peaks of the window's cross-correlation are
 * tried then, and at last all of the wet recording. What finds no lag is no window:
 * silence, noise, a place where samples were lost.
 *
 * What a unit's coupling does to the lowest sounds is in these lags: a corner at
 * 3 Hz is 12 samples early at 40 Hz. So each window tells the half period
 * that its lag was taken at.
 *
 * @module
 */

import {
  type Candidate,
  lagCandidates,
  partCandidates,
  SILENCE,
  SilentSideError,
} from "./alignment.ts";
import { weightedMedian } from "../base/statistics.ts";
import type { Pair, Signal } from "./signal.ts";

/** The lag in one window. */
export interface LagWindow {
  /** First sample of dry. */
  from: number;
  /** The sample of dry after the last. */
  to: number;
  /** Sample of dry that the lag holds at: the middle of the crossings. */
  at: number;
  /** Samples that wet is late there; negative where early. */
  lag: number;
  /** What the lag was taken to grow by from sample to sample. */
  slope: number;
  /** Standard error of the lag, in samples. */
  error: number;
  /** Mean half period, in samples, of the crossings that tell the lag. */
  period: number;
  /** Part of the crossings, by slope, that have a partner in wet. */
  hits: number;
}

/** One zero crossing of dry, and where wet has it. */
export interface PairedCrossing {
  /** Where dry crosses zero, in samples. */
  at: number;
  /**
   * Samples from where it was expected in wet to the nearest one there of the same
   * direction; infinite where there is none.
   */
  off: number;
  /** Half period around it, in samples. */
  period: number;
  /** Change from one sample of dry to the next; below 0 where it falls. */
  slope: number;
}

/** Seconds of a window. */
export const WINDOW_SECONDS = 1;

/** Windows at most; those of longer recordings stand apart. */
const MOST_WINDOWS = 400;

/** Phase that a unit is trusted to keep, as a part of half a period. */
const PHASE_TRUST = 0.003;

/** Least error of a lag, in samples: what hum and rounding may do unseen. */
const LEAST_ERROR = 0.01;

/** Part of half a period within which a partner is a hit. */
const HIT = 0.25;

/** Part of half a period beyond which there is no partner. */
export const PARTNER = 0.5;

/** Hits, by slope, with which a lag is taken. */
const LOCKED = 0.5;

/** Hits, by slope, with which no other lag is tried. */
const SURELY_LOCKED = 0.75;

/** Hits, by slope, of which none is in doubt. */
const SURE_HITS = 0.85;

/** Crossings that a lag is taken from; of more, some are left out. */
const MOST_CROSSINGS = 3000;

/** Crossings that a window needs. */
const FEWEST_CROSSINGS = 12;

/** Searches through all of wet at most, each of which takes its time. */
const MOST_SEARCHES = 3;

/** Windows in a row without a lag, after which all of wet is searched. */
const LOST = 2;

/** Level of a window below the loudest at which it is not looked at: −70 dB. */
const QUIET = 10 ** (-70 / 20);

/**
 * The lag in windows of {@linkcode WINDOW_SECONDS}, in the order of time.
 *
 * @param start Where to begin: a lag that holds between `from` and `to` of dry.
 */
export function lagWindows(
  { dry, wet, sampleRate }: Pair,
  start: Candidate & { from: number; to: number },
): LagWindow[] {
  const length = Math.min(
    dry.length,
    Math.max(64, Math.round(WINDOW_SECONDS * sampleRate)),
  );
  const hop = Math.max(length, Math.ceil(dry.length / MOST_WINDOWS));
  const places: number[] = [];
  for (let from = 0; from + length <= dry.length; from += hop) {
    places.push(from);
  }
  const levels = places.map((from) =>
    peakOf(dry.subarray(from, from + length))
  );
  const loudest = Math.max(...levels);
  const floor = Math.max(SILENCE, QUIET * loudest);
  const sounding = places.filter((_, i) => levels[i] > floor);
  const sign = start.inverted ? -1 : 1;

  let searches = MOST_SEARCHES;
  function lock(from: number, lag: number, slopes: number[], isLost: boolean) {
    const to = from + length;
    let best: LagWindow | undefined;
    const tryAll = (lags: number[]) => {
      for (const near of lags) {
        for (const slope of slopes) {
          if ((best?.hits ?? 0) >= SURELY_LOCKED) return;
          const tried = measure(dry, wet, sign, from, to, near, slope);
          if (tried !== undefined && tried.hits > (best?.hits ?? 0) + 0.05) {
            best = tried;
          }
        }
      }
    };
    const lagsOf = (candidates: Candidate[]) =>
      candidates.filter(({ inverted }) => inverted === start.inverted)
        .map((candidate) => candidate.lag);
    tryAll([lag]);
    if ((best?.hits ?? 0) < SURELY_LOCKED) {
      tryAll(lagsOf(nearCandidates(dry, wet, from, to, Math.round(lag))));
    }
    if ((best?.hits ?? 0) < LOCKED && isLost && searches > 0) {
      searches--;
      tryAll(lagsOf(partCandidates(dry, wet, from, to)));
    }
    return (best?.hits ?? 0) < LOCKED ? undefined : best;
  }

  function follow(froms: number[]): LagWindow[] {
    const found: LagWindow[] = [];
    let missed = 0;
    for (const from of froms) {
      const last = found.at(-1);
      // A clock that drifts is found by trying; once found, it is kept.
      const slope = slopeOf(found.slice(-SLOPE_WINDOWS)) ?? last?.slope ?? 0;
      const others = found.length < 3 ? SLOPES : [last?.slope ?? 0, 0];
      const slopes = [...new Set([slope, ...others])];
      const lag = last === undefined
        ? start.lag
        : last.lag + slope * (from + length / 2 - last.at);
      const window = lock(from, lag, slopes, missed >= LOST);
      missed = window === undefined ? missed + 1 : 0;
      if (window !== undefined) found.push(window);
    }
    return found;
  }
  // From the middle of the place where the lag is known, both ways.
  const middle = (start.from + start.to) / 2;
  const later = follow(sounding.filter((from) => from + length > middle));
  const earlier = follow(
    sounding.filter((from) => from + length <= middle).reverse(),
  );
  return agreed({ dry, wet, sampleRate }, sign, [
    ...earlier.reverse(),
    ...later,
  ]);
}

/**
 * Windows that take their neighbour's lag where it serves as well as their own: on
 * a steady tone every lag that is a period away does.
 */
function agreed(
  { dry, wet }: Pair,
  sign: 1 | -1,
  windows: LagWindow[],
): LagWindow[] {
  const result = windows.slice();
  for (const step of [-1, 1]) {
    const first = step > 0 ? 1 : result.length - 2;
    for (let i = first; i >= 0 && i < result.length; i += step) {
      const own = result[i];
      const other = result[i - step];
      const { from, to, slope } = own;
      const near = other.lag + other.slope * ((from + to) / 2 - other.at);
      if (Math.abs(near - own.lag) < Math.max(2, own.period)) continue;
      const tried = measure(dry, wet, sign, from, to, near, slope);
      const isAsGood = tried !== undefined && tried.hits > own.hits - 0.02 &&
        Math.abs(tried.lag - near) < tried.period / 2;
      if (isAsGood) result[i] = tried;
    }
  }
  return result;
}

/**
 * The same windows taken again, along the lag's slope (a clock that drifts takes the
 * ends of a window out of step) and with what a unit's phase does taken off
 * every crossing.
 *
 * @param sign −1 where wet has the opposite polarity.
 * @param phase κ₁ and κ₂ of κ₁ P + κ₂ P², by which a crossing of half period P is late.
 * @param slope The lag's slope; without one, that of the windows near by.
 */
export function refined(
  { dry, wet }: Pair,
  sign: 1 | -1,
  windows: LagWindow[],
  phase: readonly [number, number] = [0, 0],
  slope?: number,
): LagWindow[] {
  return windows.flatMap((window, i) => {
    const { from, to, at, lag, period } = window;
    const atPeriod = phase[0] * period + phase[1] * period * period;
    const near = slopeOf(windows.slice(Math.max(0, i - 2), i + 3));
    const slopes = slope === undefined
      ? [window.slope, near ?? window.slope]
      : [slope];
    const [best] = slopes.flatMap((along) => {
      const middle = lag + along * ((from + to) / 2 - at) - atPeriod;
      return measure(dry, wet, sign, from, to, middle, along, phase) ?? [];
    }).sort((one, other) => other.hits - one.hits);
    return best === undefined || best.hits < LOCKED ? [] : best;
  });
}

/** Windows that the slope is taken from. */
const SLOPE_WINDOWS = 6;

/** Steepest slope that is a clock's, in samples a sample: 2000 ppm. */
const STEEPEST = 2e-3;

/** Slopes that are tried where none is known: to 320 ppm, in steps of 40. */
const SLOPES = Array.from(
  { length: 17 },
  (_, i) => (i % 2 === 0 ? 1 : -1) * Math.ceil(i / 2) * 40e-6,
);

/** Median slope of the lag from each window to the next, of three or more. */
function slopeOf(windows: LagWindow[]): number | undefined {
  const slopes = windows.slice(1).map((window, i) =>
    (window.lag - windows[i].lag) / (window.at - windows[i].at)
  );
  if (slopes.length < 2) return;
  slopes.sort((a, b) => a - b);
  // Of two in the middle the smaller: the other may be a jump.
  const half = slopes.length >> 1;
  const [one, other] = [slopes[half], slopes[slopes.length - 1 - half]];
  const middle = Math.abs(one) < Math.abs(other) ? one : other;
  return Math.abs(middle) < STEEPEST ? middle : undefined;
}

function peakOf(signal: Signal): number {
  // From one sample to the next: a constant offset is no sound.
  let peak = 0;
  for (let n = 1; n < signal.length; n++) {
    peak = Math.max(peak, Math.abs(signal[n] - signal[n - 1]));
  }
  return peak;
}

/** Peaks of the cross-correlation of a window, around `lag`. */
function nearCandidates(
  dry: Signal,
  wet: Signal,
  from: number,
  to: number,
  lag: number,
): Candidate[] {
  const wetFrom = Math.max(0, from + lag);
  const wetTo = Math.min(wet.length, to + lag);
  if (wetTo - wetFrom < (to - from) / 2) return [];
  try {
    return lagCandidates(
      dry.subarray(wetFrom - lag, wetTo - lag),
      wet.subarray(wetFrom, wetTo),
      to - from,
    ).map((one) => ({ ...one, lag: one.lag + lag }));
  } catch (error) {
    if (error instanceof SilentSideError) return [];
    throw error;
  }
}

/**
 * The lag between the samples `from` and `to` of dry, from one that is nearly
 * right; undefined where there are too few crossings.
 */
function measure(
  dry: Signal,
  wet: Signal,
  sign: 1 | -1,
  from: number,
  to: number,
  lag: number,
  slope: number,
  phase: readonly [number, number] = [0, 0],
): LagWindow | undefined {
  const middle = (from + to) / 2;
  let near = lag;
  let result: LagWindow | undefined;
  // From the better lag, crossings beside the right ones are paired anew.
  for (let round = 0; round < 3; round++) {
    const crossings = pairCrossings(
      dry,
      wet,
      sign,
      from,
      to,
      (at) => near + slope * (at - middle),
      phase,
    );
    const own = offOf(crossings);
    if (own === undefined) return result;
    const { off, at, error, period } = own;
    const hits = hitsOf(crossings);
    // Where many find no partner, those that do may have found a wrong one.
    const doubt = Math.max(0, SURE_HITS - hits) * period;
    result = {
      from,
      to,
      at,
      lag: near + off + slope * (at - middle),
      slope,
      error: Math.hypot(error, doubt),
      period,
      hits,
    };
    if (Math.abs(off) < 0.02) break;
    near += off;
  }
  return result;
}

/**
 * Pairs the crossings of dry between `from` and `to` with those of wet.
 *
 * @param sign −1 where wet has the opposite polarity.
 * @param lagAt Lag that is expected at a sample of dry.
 * @param phase As of {@linkcode refined}.
 */
export function pairCrossings(
  dry: Signal,
  wet: Signal,
  sign: 1 | -1,
  from: number,
  to: number,
  lagAt: (at: number) => number,
  phase: readonly [number, number] = [0, 0],
): PairedCrossing[] {
  const x = crossingsOf(dry, from, to);
  const y = crossingsOf(
    wet,
    Math.floor(from + Math.min(lagAt(from), lagAt(to))) - MARGIN,
    Math.ceil(to + Math.max(lagAt(from), lagAt(to))) + MARGIN,
  );
  const crossings: PairedCrossing[] = [];
  let next = 0;
  for (let i = 1; i + 1 < x.length; i++) {
    const { at, slope } = x[i];
    // Interpolation may bring two crossings together.
    const period = Math.max(0.5, Math.min(at - x[i - 1].at, x[i + 1].at - at));
    const expected = at + lagAt(at) + phase[0] * period +
      phase[1] * period * period;
    while (next > 0 && y[next - 1].at >= expected) next--;
    while (next < y.length && y[next].at < expected) next++;
    let off = Infinity;
    // Directions alternate: of the two on either side one has the right one.
    for (let k = Math.max(0, next - 2); k < Math.min(y.length, next + 2); k++) {
      if (sign * y[k].slope * slope < 0) continue;
      const distance = y[k].at - expected;
      if (Math.abs(distance) < Math.abs(off)) off = distance;
    }
    crossings.push({ at, off, period, slope });
  }
  return crossings;
}

/** Samples of wet that are looked at beyond a window. */
const MARGIN = 512;

/** Part of the crossings, by slope, that have a partner near by. */
function hitsOf(crossings: PairedCrossing[]): number {
  let all = 0;
  let hit = 0;
  for (const { off, period, slope } of crossings) {
    all += Math.abs(slope);
    if (Math.abs(off) <= HIT * period) hit += Math.abs(slope);
  }
  return all > 0 ? hit / all : 0;
}

/** Where a signal passes zero between samples `from` and `to`, and how steeply. */
function crossingsOf(
  signal: Signal,
  from: number,
  to: number,
): { at: number; slope: number }[] {
  const crossings: { at: number; slope: number }[] = [];
  const end = Math.min(signal.length - 1, to);
  for (let n = Math.max(0, from); n < end; n++) {
    const a = signal[n];
    const b = signal[n + 1];
    if (a < 0 === b < 0) continue;
    crossings.push({ at: n + rootBetween(signal, n), slope: b - a });
  }
  return crossings;
}

/**
 * Where between samples n and n + 1 of unlike sign the signal passes zero: by the
 * parabola through both and what lies half-way, which is interpolated. Straight
 * lines are off by up to a tenth of a sample on the highest sounds.
 */
function rootBetween(signal: Signal, n: number): number {
  const a = signal[n];
  const b = signal[n + 1];
  const reach = HALF_WAY.length;
  if (n < reach - 1 || n + reach >= signal.length) return a / (a - b);
  let half = 0;
  for (let k = 0; k < reach; k++) {
    half += HALF_WAY[k] * (signal[n - k] + signal[n + 1 + k]);
  }
  // a + p t + q t², seen from 0 to 1; of its two roots the one in between.
  const q = 2 * (a + b - 2 * half);
  const p = b - a - q;
  const root = Math.sqrt(Math.max(0, p * p - 4 * q * a));
  const at = -2 * a / (p + (b > a ? root : -root));
  return at >= 0 && at <= 1 ? at : a / (a - b);
}

/** Weights of the samples 0, 1, … to either side of half-way: a windowed sinc. */
const HALF_WAY = Float64Array.from({ length: 12 }, (_, k) => {
  const t = k + 0.5;
  const sinc = (k % 2 === 0 ? 1 : -1) / (Math.PI * t);
  return sinc * Math.cos(Math.PI * t / 25) ** 2;
});

/** By how much a window's lag differs from what was expected of its crossings. */
function offOf(
  all: PairedCrossing[],
): Pick<LagWindow, "at" | "error" | "period"> & { off: number } | undefined {
  // Directions alternate, so that an odd step takes as many of either.
  const step = 2 * Math.floor(all.length / MOST_CROSSINGS / 2) + 1;
  const crossings = all.filter(({ off, period }, i) =>
    i % step === 0 && Math.abs(off) <= PARTNER * period
  );
  const offs = crossings.map(({ off }) => off);
  const rising = crossings.flatMap(({ slope }, i) => slope > 0 ? i : []);
  const falling = crossings.flatMap(({ slope }, i) => slope < 0 ? i : []);
  if (Math.min(rising.length, falling.length) < FEWEST_CROSSINGS / 2) return;
  const slopes = crossings.map(({ slope }) => Math.abs(slope));
  const middle = (weights: number[]) =>
    [rising, falling].map((side) =>
      weightedMedian(side.map((i) => [offs[i], weights[i]]))
    );
  const first = middle(slopes);
  const beside = (medians: number[], i: number) =>
    Math.abs(offs[i] - medians[crossings[i].slope > 0 ? 0 : 1]);
  const noise = 1.4826 *
    weightedMedian(
      crossings.map((_, i) => [beside(first, i) * slopes[i], 1]),
    );
  const deviations = crossings.map(({ period }, i) =>
    Math.hypot(noise / slopes[i], PHASE_TRUST * period)
  );
  const weights = deviations.map((deviation) => 1 / deviation);
  const medians = middle(weights);
  let information = 0;
  let total = 0;
  let periods = 0;
  let places = 0;
  crossings.forEach(({ at, period }, i) => {
    information += weights[i] ** 2;
    total += weights[i];
    periods += weights[i] * period;
    places += weights[i] * at;
  });
  const scatter = 1.4826 * weightedMedian(
    crossings.map((_, i) => [beside(medians, i) * weights[i], 1]),
  );
  const period = periods / total;
  // 1.25: a median has less to say than a mean. Neighbouring crossings share what
  // the unit does to them, so that many of them are not much better than a few.
  const own = 1.25 * scatter / Math.sqrt(information);
  return {
    off: (medians[0] + medians[1]) / 2,
    at: places / total,
    error: Math.hypot(own, PHASE_TRUST * period / 3, LEAST_ERROR),
    period,
  };
}
