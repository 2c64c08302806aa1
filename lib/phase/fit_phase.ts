/**
 * Finds the cascade of all-pass sections, delay and polarity that brings a dry sound
 * into phase with a wet one, by Newton's method on its few numbers.
 *
 * The phase is known modulo 2π only and sections may change places, so the loss has
 * many minima. So sections are added one by one: each of either order, begun at
 * corners from the lowest up, with all found before moving along, of either polarity
 * and from several lags; the few best go on. That is quick on pooled spectra. A
 * section stays where it lowers the loss on windows that it was not fitted to by a
 * hundredth; the cascade is then fitted to the whole spectrum, and what makes no
 * difference there is dropped.
 *
 * @module
 */

import { trustRegion } from "../optimise/trust_region.ts";
import type { CrossSpectrum } from "./cross_spectrum.ts";
import {
  type Cascade,
  cascadeAt,
  coordinatesOf,
  ordersOf,
  phaseLoss,
  phasesOf,
  type SectionOrder,
} from "./phase_loss.ts";

/** Spectra of one pair, from which a cascade is found. */
export interface PhaseSpectra {
  /** All of it, at every frequency. */
  whole: CrossSpectrum;
  /** All of it, pooled. */
  pooled: CrossSpectrum;
  /** Every other window of it, pooled. */
  fitted: CrossSpectrum;
  /** The other windows. */
  heldOut: CrossSpectrum;
  /** Lags to begin at, in samples, the likeliest first. */
  lags: number[];
  /** Hz. */
  sampleRate: number;
}

/** A cascade and its loss: 1 less the mean cosine of the phase error. */
export interface FittedCascade extends Cascade {
  loss: number;
}

/** Cascades that go on after each section. */
const BEAM = 4;

/** Starts of each order, the lowest ones, that a few steps are taken from. */
const TRIED = 32;
const FEW_STEPS = 6;

/** Those of them that are followed to their end. */
const FOLLOWED = 6;

/** Corners that a section starts at, in Hz, an octave apart. */
const LOWEST_START = 1;
const STARTS_AN_OCTAVE = 1;

/** Qs that one of second order starts with. */
const Q_STARTS = [0.7, 2.5];

/** Part of the loss on held-out windows by which a section must lower it. */
const GAIN = 0.01;

/** Part of the loss by which the end must be worse without it. */
const DIFFERENCE = 0.05;

/** Loss that counts as none: that of a phase error of 0.03°. */
const NOTHING = 1e-7;

/** Loss of rounding alone: no other candidate has less. */
const EXACT = 1e-20;

/** A candidate in the search. */
interface Candidate {
  z: Float64Array;
  orders: SectionOrder[];
  polarity: 1 | -1;
  loss: number;
}

/** Newton's method on `spectrum` from `candidate`. */
async function settled(
  { z, orders, polarity }: Omit<Candidate, "loss">,
  spectrum: CrossSpectrum,
  maxIterations: number,
): Promise<Candidate> {
  const found = await trustRegion(phaseLoss(spectrum, orders, polarity), z, {
    maxIterations,
    isNear: true,
    lossFloor: 1e-26,
    precision: 1e-14,
  });
  return { z: found.z, orders, polarity, loss: found.loss };
}

/** The best of `candidates`, no two alike. */
function best(candidates: readonly Candidate[], count: number): Candidate[] {
  const sorted = candidates.filter(({ loss }) => Number.isFinite(loss))
    .toSorted((a, b) => a.loss - b.loss);
  const kept: Candidate[] = [];
  for (const one of sorted) {
    const isKnown = kept.some(({ loss }) =>
      Math.abs(loss - one.loss) <= 1e-6 * loss + 1e-15
    );
    if (!isKnown) kept.push(one);
    if (kept.length === count) break;
  }
  return kept;
}

/** Samples to either side of a lag that a delay is looked for in, and how finely. */
const DELAY_REACH = 48;
const DELAY_STEP = 0.5;

/**
 * `sections`, as coordinates, of either polarity, with the delay within reach of `lag`
 * that suits them best.
 */
function placed(
  sections: readonly number[],
  orders: SectionOrder[],
  spectrum: CrossSpectrum,
  lag: number,
): Candidate[] {
  const { omega, weight, angle } = spectrum;
  const from = lag - DELAY_REACH;
  const count = omega.length;
  // Σ |C| e^{i e}, turned on by each step of the delay.
  const re = new Float64Array(count);
  const im = new Float64Array(count);
  const phases = phasesOf(sections, orders, omega);
  for (let k = 0; k < count; k++) {
    const e = phases[k] - omega[k] * from - angle[k];
    re[k] = weight[k] * Math.cos(e);
    im[k] = weight[k] * Math.sin(e);
  }
  const cosine = omega.map((w) => Math.cos(DELAY_STEP * w));
  const sine = omega.map((w) => Math.sin(DELAY_STEP * w));
  const total = weight.reduce((sum, w) => sum + w, 0) || 1;
  let [highest, lowest] = [-Infinity, Infinity];
  let [upright, over] = [from, from];
  for (let i = 0; i <= 2 * DELAY_REACH / DELAY_STEP; i++) {
    let sum = 0;
    for (let k = 0; k < count; k++) {
      sum += re[k];
      const turned = re[k] * cosine[k] + im[k] * sine[k];
      im[k] = im[k] * cosine[k] - re[k] * sine[k];
      re[k] = turned;
    }
    const tau = from + i * DELAY_STEP;
    if (sum > highest) [highest, upright] = [sum, tau];
    if (sum < lowest) [lowest, over] = [sum, tau];
  }
  return [
    {
      z: Float64Array.from([upright, ...sections]),
      orders,
      polarity: 1,
      loss: 1 - highest / total,
    },
    {
      z: Float64Array.from([over, ...sections]),
      orders,
      polarity: -1,
      loss: 1 + lowest / total,
    },
  ];
}

/** `from` with one more section of any of `orders`, the best first. */
async function withSection(
  from: readonly Candidate[],
  spectrum: CrossSpectrum,
  sampleRate: number,
  orders: readonly SectionOrder[],
): Promise<Candidate[]> {
  const highest = 0.45 * sampleRate;
  const starts: [SectionOrder, number[]][] = [];
  for (let f = LOWEST_START; f < highest; f *= 2 ** (1 / STARTS_AN_OCTAVE)) {
    const corner = Math.log(Math.tan(Math.PI * f / sampleRate));
    if (orders.includes(1)) starts.push([1, [corner]]);
    if (!orders.includes(2)) continue;
    for (const q of Q_STARTS) starts.push([2, [corner, Math.log(q)]]);
  }
  const begun: Candidate[] = [];
  for (const { z, orders: before } of best(from, BEAM)) {
    for (const [order, start] of starts) {
      const both = placed(
        [...z.subarray(1), ...start],
        [...before, order],
        spectrum,
        z[0],
      );
      begun.push(...both);
    }
  }
  const tried: Candidate[] = [];
  for (const one of best(begun, TRIED * orders.length)) {
    tried.push(await settled(one, spectrum, FEW_STEPS));
  }
  const followed: Candidate[] = [];
  for (const one of best(tried, FOLLOWED)) {
    const end = await settled(one, spectrum, 60);
    if (end.loss < EXACT) return [end];
    followed.push(end);
  }
  return best(followed, BEAM);
}

/** Loss of `candidate` on `spectrum`. */
async function lossOn(
  { z, orders, polarity }: Candidate,
  spectrum: CrossSpectrum,
): Promise<number> {
  return (await phaseLoss(spectrum, orders, polarity)(z, 0)).loss;
}

/** Options of {@linkcode fitPhase}. */
export interface PhaseOptions {
  /** Sections, at most, or so many exactly if `isExact` (default 4). */
  sections?: number;
  isExact?: boolean;
  /** The order of each, in place of whatever is best. */
  orders?: readonly SectionOrder[];
}

/** The cascade that fits `spectra`. */
export async function fitPhase(
  spectra: PhaseSpectra,
  {
    orders,
    sections = orders?.length ?? 4,
    isExact = orders !== undefined,
  }: PhaseOptions = {},
): Promise<FittedCascade> {
  const { fitted, heldOut, whole, pooled, sampleRate, lags } = spectra;
  const spectrum = isExact ? pooled : fitted;
  let beam: Candidate[] = [];
  for (const lag of lags) {
    for (const one of placed([], [], spectrum, lag)) {
      beam.push(await settled(one, spectrum, 60));
    }
  }
  beam = best(beam, BEAM);
  let [chosen] = beam;
  let reached = await lossOn(chosen, heldOut);
  for (let count = 1; count <= sections; count++) {
    const order = orders?.[count - 1];
    beam = await withSection(
      beam,
      spectrum,
      sampleRate,
      order === undefined ? [1, 2] : [order],
    );
    const scored = await Promise.all(beam.map((one) => lossOn(one, heldOut)));
    const at = scored.indexOf(Math.min(...scored));
    if (isExact) {
      [chosen] = beam;
    } else if (scored[at] + NOTHING < (1 - GAIN) * (reached + NOTHING)) {
      [chosen, reached] = [beam[at], scored[at]];
    }
  }
  chosen = await settled(chosen, pooled, 100);
  for (let round = 0; !isExact && round < 2; round++) {
    chosen = await withoutIdle(divided(chosen), pooled);
  }
  chosen = await settled(chosen, whole, 30);
  return sorted(isExact ? chosen : divided(chosen), sampleRate);
}

/** `candidate` with two sections of first order for one whose poles are real. */
function divided(candidate: Candidate): Candidate {
  const { z, orders } = candidate;
  const more: number[] = [z[0]];
  const parts: SectionOrder[] = [];
  let at = 1;
  for (const order of orders) {
    const [u, v] = z.subarray(at, at + order);
    at += order;
    if (order === 2 && v < Math.log(0.5)) {
      const spread = Math.acosh(0.5 * Math.exp(-v));
      more.push(u - spread, u + spread);
      parts.push(1, 1);
    } else {
      more.push(...(order === 1 ? [u] : [u, v]));
      parts.push(order);
    }
  }
  return { ...candidate, z: Float64Array.from(more), orders: parts };
}

/** `candidate` without the sections that make no difference on `spectrum`. */
async function withoutIdle(
  candidate: Candidate,
  spectrum: CrossSpectrum,
): Promise<Candidate> {
  const { z, orders, loss } = candidate;
  let at = 1;
  for (const [i, order] of orders.entries()) {
    const rest = [...z.subarray(1, at), ...z.subarray(at + order)];
    at += order;
    // One with its corner below all sound turns it over, one with p = 0 is a delay.
    const others = orders.toSpliced(i, 1);
    for (const start of placed(rest, others, spectrum, z[0])) {
      const without = await settled(start, spectrum, 60);
      if (without.loss <= (1 + DIFFERENCE) * (loss + NOTHING)) {
        return await withoutIdle(without, spectrum);
      }
    }
  }
  return candidate;
}

/** `candidate` as people read it, sections in rising order of their corners. */
function sorted(
  { z, orders, polarity, loss }: Candidate,
  sampleRate: number,
): FittedCascade {
  const cascade = cascadeAt(z, orders, polarity, sampleRate);
  const sections = cascade.sections.toSorted((a, b) => a.cornerHz - b.cornerHz);
  return { ...cascade, sections, loss };
}

/** The cascade of `start`'s orders nearest to it that fits `spectrum`. */
export async function refine(
  start: Cascade,
  spectrum: CrossSpectrum,
  sampleRate: number,
): Promise<FittedCascade> {
  const { polarity } = start;
  const orders = ordersOf(start);
  const z = coordinatesOf(start, sampleRate);
  return sorted(
    await settled({ z, orders, polarity }, spectrum, 100),
    sampleRate,
  );
}
