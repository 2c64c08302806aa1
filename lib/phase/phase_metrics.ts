/**
 * How well two sounds add up: X the dry side, as it is or through a cascade, Y the wet
 * one, both as one spectrum (see `cross_spectrum.ts`).
 *
 *     phase error     |wrap(φ − arg C)|, the mean weighted by |C|, and 95th percentile
 *     of an octave    |arg Σ C e^{−iφ}|: what scatters from bin to bin counts nothing
 *     mix             10 log₁₀ of Σ |X e^{iφ} + Y|² over Σ (|X| + |Y|)²; 0 dB is ideal
 *     deepest notch   the least of |1 + e^{ie}|/2 over the octaves' twelfths, in dB:
 *                     what a mix of half and half leaves where it leaves least
 *
 * @module
 */

import FFT from "fft.js";
import type { Spectra } from "./cross_spectrum.ts";
import { type Cascade, cascadePhase } from "./phase_loss.ts";

/** An octave. */
export interface OctaveScore {
  /** Its lower end, in Hz. */
  fromHz: number;
  /** Part of the energy of |C| that it holds. */
  part: number;
  /** Phase error of its sum, degrees, signed. */
  phaseDegrees: number;
  /** Energy of the mix beside the ideal, dB. */
  mixDb: number;
}

/** How well two sounds add up. */
export interface PhaseScore {
  /** Mean phase error, weighted by energy, in degrees. */
  meanDegrees: number;
  /** What 95 % of the energy stays below, in degrees. */
  degrees95: number;
  /** Mean over the octaves of their sums' phase error, weighted by energy, in degrees. */
  octaveDegrees: number;
  /** Energy of the mix beside the ideal, dB. */
  mixDb: number;
  /** Energy of the mix in dB, whatever the unit of the samples. */
  energyDb: number;
  /** Deepest notch, dB. */
  notchDb: number;
  /** Normalised correlation. */
  correlation: number;
  octaves: OctaveScore[];
}

/** Ends of the octaves that count, in Hz, unless told otherwise. */
const RANGE = [20, 20000] as const;

/** Part of all energy that a band must hold to have a notch that is heard. */
const HEARD = 1e-4;

const DEGREES = 180 / Math.PI;

/** Scores `spectra`, the dry side sent through what turns it by `turn`. */
export function scorePhase(
  { cross, dry, wet, both, size }: Spectra,
  turn: Cascade | ((bin: number) => number),
  sampleRate: number,
  [lowest, highest]: readonly [number, number] = RANGE,
): PhaseScore {
  const sums = () => ({ re: 0, im: 0, c: 0, mix: 0, ideal: 0 });
  const octaves = new Map<number, ReturnType<typeof sums>>();
  const bands = new Map<number, ReturnType<typeof sums>>();
  const all = sums();
  const errors: [error: number, weight: number][] = [];
  let [energyX, energyY, mean] = [0, 0, 0];
  const step = sampleRate / size;
  const top = Math.min(highest, 0.499 * sampleRate);
  for (let k = Math.ceil(lowest / step); k * step < top; k++) {
    const phase = typeof turn === "function"
      ? turn(k)
      : cascadePhase(turn, sampleRate, 2 * Math.PI * k / size);
    const [cosine, sine] = [Math.cos(phase), Math.sin(phase)];
    const re = cross[2 * k] * cosine + cross[2 * k + 1] * sine;
    const im = cross[2 * k + 1] * cosine - cross[2 * k] * sine;
    const c = Math.hypot(re, im);
    const error = Math.abs(Math.atan2(im, re));
    errors.push([error, c]);
    mean += c * error;
    energyX += dry[k];
    energyY += wet[k];
    const octave = Math.floor(Math.log2(k * step / lowest));
    const twelfth = Math.floor(12 * Math.log2(k * step / lowest));
    for (const [map, key] of [[octaves, octave], [bands, twelfth]] as const) {
      if (!map.has(key)) map.set(key, sums());
    }
    for (const one of [octaves.get(octave)!, bands.get(twelfth)!, all]) {
      one.re += re;
      one.im += im;
      one.c += c;
      one.mix += dry[k] + wet[k] + 2 * re;
      one.ideal += dry[k] + wet[k] + 2 * both[k];
    }
  }
  errors.sort(([a], [b]) => a - b);
  let left = 0.95 * all.c;
  const at95 = errors.find(([, weight]) => (left -= weight) <= 0)?.[0] ?? 0;
  const db = (ratio: number) => 10 * Math.log10(Math.max(ratio, 1e-12));
  const scored = [...octaves].sort(([a], [b]) => a - b).map((
    [octave, { re, im, c, mix, ideal }],
  ) => ({
    fromHz: lowest * 2 ** octave,
    part: c / (all.c || 1),
    phaseDegrees: DEGREES * Math.atan2(im, re),
    mixDb: db(mix / ideal),
  }));
  const notches = [...bands.values()].filter(({ c }) => c > HEARD * all.c)
    .map(({ re, im }) => db(0.5 + 0.5 * re / (Math.hypot(re, im) || 1)));
  return {
    meanDegrees: DEGREES * mean / (all.c || 1),
    degrees95: DEGREES * at95,
    octaveDegrees: scored.reduce(
      (sum, { part, phaseDegrees }) => sum + part * Math.abs(phaseDegrees),
      0,
    ),
    mixDb: db(all.mix / all.ideal),
    energyDb: db(all.mix),
    notchDb: Math.min(0, ...notches),
    correlation: all.re / (Math.sqrt(energyX * energyY) || 1),
    octaves: scored,
  };
}

/**
 * Phase, by bins, of the FIR filter of `taps` coefficients, half of them ahead of time,
 * that brings X nearest to Y: C/|X|² cut to so many samples. No cascade can do much better.
 */
export function firPhase(
  { cross, dry, size }: Spectra,
  taps: number,
): (bin: number) => number {
  const fft = new FFT(size);
  const [time, bins] = [new Float64Array(2 * size), new Float64Array(2 * size)];
  const floor = 1e-9 * dry.reduce((most, x) => Math.max(most, x), 0);
  for (let k = 1; k < size / 2; k++) {
    const scale = 1 / (dry[k] + floor);
    const m = size - k;
    bins[2 * k] = bins[2 * m] = scale * cross[2 * k];
    bins[2 * k + 1] = scale * cross[2 * k + 1];
    bins[2 * m + 1] = -bins[2 * k + 1];
  }
  fft.inverseTransform(time, bins);
  for (let n = 0; n < size; n++) {
    const away = Math.min(n, size - n) / (taps / 2);
    const kept = away < 1 ? 0.5 + 0.5 * Math.cos(Math.PI * away) : 0;
    time[2 * n] *= kept;
    time[2 * n + 1] = 0;
  }
  fft.transform(bins, time);
  return (bin) => Math.atan2(bins[2 * bin + 1], bins[2 * bin]);
}
