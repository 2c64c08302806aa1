/**
 * Cascades that are known, and a sound that has been through one: what a fit must find
 * again. The sound goes through the transfer function itself, by one FFT, with no
 * recurrence and no interpolation.
 *
 * @module
 */

import FFT from "fft.js";
import * as z from "zod";
import { createRandom, type Random } from "../base/random.ts";
import { fitPhase } from "./fit_phase.ts";
import { spectraOf } from "./pair_spectra.ts";
import { type Cascade, cascadePhase } from "./phase_loss.ts";
import { coefficientsOf } from "./section.ts";

/** Schema of how many are tried, and on what. */
export const knownSchema = z.strictObject({
  cascades: z.int().min(1).max(1000).default(6),
  /** Of the sweep, in Hz. */
  rate: z.int().min(44_100).max(192_000).default(48_000),
  seconds: z.number().min(0.5).max(60).default(2.5),
  /** Beside the wet sound. */
  noise_db: z.number().max(0).default(-60),
});

/** Ends of the corners and of Q. */
const CORNERS = [20, 10000] as const;
const QS = [0.5, 4] as const;

/** Part of the sections that are of second order. */
const SECOND = 0.65;

/** Samples, either way, that a delay can have. */
const DELAY = 30;

/** Up to three sections, corners at least an octave apart, polarity and delay. */
export function randomCascade(random: Random): Cascade {
  for (;;) {
    const sections = Array.from({ length: random.integer(1, 3) }, () => ({
      cornerHz: random.logUniform(...CORNERS),
      ...(random.chance(SECOND) && { q: random.logUniform(...QS) }),
    })).sort((a, b) => a.cornerHz - b.cornerHz);
    const polarity = random.pick([1, -1] as const);
    const delay = random.uniform(-DELAY, DELAY);
    const isApart = sections.every(({ cornerHz }, i) =>
      i === 0 || cornerHz > 2 * sections[i - 1].cornerHz
    );
    if (isApart) return { polarity, delay, sections };
  }
}

/** A sweep from 20 Hz to 20 kHz in `seconds`, then silence up to `length` samples. */
export function sweep(
  seconds: number,
  length: number,
  sampleRate: number,
): Float64Array {
  const decades = Math.log(1000);
  return Float64Array.from({ length }, (_, n) => {
    const t = n / sampleRate;
    if (t >= seconds) return 0;
    const fade = Math.min(1, t / 0.01, (seconds - t) / 0.01);
    const turns = 20 * seconds / decades * Math.expm1(decades * t / seconds);
    return 0.5 * fade * Math.sin(2 * Math.PI * turns);
  });
}

/** `dry`, of a power of two of samples, through `cascade`. */
export function throughTransfer(
  dry: Float64Array,
  cascade: Cascade,
  sampleRate: number,
): Float64Array {
  const size = dry.length;
  const fft = new FFT(size);
  const [x, y] = [new Float64Array(2 * size), new Float64Array(2 * size)];
  dry.forEach((value, n) => x[2 * n] = value);
  fft.transform(y, x);
  y[size] = y[size + 1] = 0; // Half the rate, where a delay has no phase.
  for (let k = 0; k < size / 2; k++) {
    const phase = cascadePhase(cascade, sampleRate, 2 * Math.PI * k / size);
    const [cosine, sine] = [Math.cos(phase), Math.sin(phase)];
    const [re, im] = [y[2 * k], y[2 * k + 1]];
    const m = (size - k) % size;
    y[2 * k] = y[2 * m] = re * cosine - im * sine;
    y[2 * k + 1] = re * sine + im * cosine;
    y[2 * m + 1] = -y[2 * k + 1];
  }
  fft.inverseTransform(x, y);
  return dry.map((_, n) => x[2 * n]);
}

/** What differs between a cascade and the one that it should be. */
export interface Recovery {
  /** Largest difference of a coefficient; ∞ where the sections are others. */
  coefficients: number;
  /** Samples. */
  delay: number;
  /** Largest difference of phase from 20 Hz to 20 kHz, in degrees. */
  degrees: number;
}

/** How far `found` is from `truth`. */
export function recoveryOf(
  found: Cascade,
  truth: Cascade,
  sampleRate: number,
): Recovery {
  const [a, b] = [found, truth].map(({ sections }) =>
    sections.map((section) => coefficientsOf(section, sampleRate))
  );
  const isAlike = a.length === b.length &&
    a.every(({ length }, i) => length === b[i].length);
  let degrees = 0;
  for (let hz = 20; hz < 20000; hz *= 1.01) {
    const omega = 2 * Math.PI * hz / sampleRate;
    const off = (cascadePhase(found, sampleRate, omega) -
      cascadePhase(truth, sampleRate, omega)) / (2 * Math.PI);
    degrees = Math.max(degrees, 360 * Math.abs(off - Math.round(off)));
  }
  const flat = a.flat();
  return {
    coefficients: isAlike
      ? Math.max(
        0,
        ...b.flat().map((value, i) => Math.abs(value - flat[i])),
      )
      : Infinity,
    delay: Math.abs(found.delay - truth.delay),
    degrees,
  };
}

/** What became of a known cascade. */
export interface KnownRow extends Recovery {
  cascade: number;
  sections: string;
  /** Phase error with noise beside the wet sound. */
  noisy_degrees: number;
}

/** A random cascade, and what is found of it from a sweep, without noise and with it. */
export async function recover(
  seed: number,
  { seconds, noise_db, rate }: Omit<z.output<typeof knownSchema>, "cascades">,
): Promise<KnownRow> {
  const random = createRandom(`cascade ${seed}`);
  const truth = randomCascade(random);
  const length = 2 ** Math.ceil(Math.log2((seconds + 1) * rate));
  const dry = sweep(seconds, length, rate);
  const wet = throughTransfer(dry, truth, rate);
  const power = wet.reduce((sum, y) => sum + y * y, 0) / (seconds * rate);
  const scale = Math.sqrt(power) * 10 ** (noise_db / 20);
  const noisy = wet.map((y) => y + scale * random.normal());
  const found = await fitPhase(spectraOf(dry, wet, rate));
  const heard = await fitPhase(spectraOf(dry, noisy, rate));
  return {
    cascade: seed,
    sections: truth.sections.map(({ cornerHz, q }) =>
      `${cornerHz.toFixed(0)} Hz${q === undefined ? "" : `, Q ${q.toFixed(2)}`}`
    ).join("; "),
    ...recoveryOf(found, truth, rate),
    noisy_degrees: recoveryOf(heard, truth, rate).degrees,
  };
}
