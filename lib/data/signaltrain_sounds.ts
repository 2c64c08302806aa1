/**
 * The synthetic sounds that SignalTrain was trained on (Hawley, Colburn, Mimilakis,
 * AES 147, 2019, figure 4, and the authors' program), drawn anew from seeds of our
 * own. In what follows u is uniform in [0, 1), each time another, and t runs in
 * seconds over one clip; frequencies of sines are in radians a second.
 *
 *     sine         1–2 cosines of 5–150 rad/s, amplitude 0.2–0.9, shifted
 *     noisy sine   the same + 0.2u pink + 0.2u white
 *     pluck        1–3 sines of 50–6400 rad/s, low at first, then ∝ e^(−12u (t − t₀))
 *     noisy pluck  the same + (0.1–0.4) pink
 *     triangle     a triangle on silence + (0.02–0.12) pink
 *     box          three levels: low, high, middle
 *     noisy box    white noise in these levels
 *     box + noise  the box + 0.2u white + 0.2u pink
 *     spikes       50 spikes of three samples on faint noise
 *     stepped sine 400–5000 rad/s in steps of level
 *     sweep        exponential, from 20 Hz; one in three grows
 *     pink         (0.2–0.8) pink
 *
 * Sines, plucks, steps and sweeps are brought to a peak of 0.6 + 0.3u. Each sound
 * has a random sign and uniform noise of 1e-8, and is turned down where its peak is
 * above 1.
 *
 * @module
 */

import FFT from "fft.js";
import { createRandom, type Random } from "../base/random.ts";
import { peakOf } from "../sound/signal.ts";

/** Raised whenever the same options give other samples. */
export const SIGNALTRAIN_SOUNDS_VERSION = 1;

/** Seconds of a clip of the data set: 54 windows of 4096 samples at 44.1 kHz. */
export const CLIP_SECONDS = 54 * 4096 / 44100;

type Fill = (out: Float32Array, sampleRate: number, random: Random) => void;

const SOUNDS = {
  "sine": sine,
  "noisy sine": (out, rate, random) => {
    sine(out, rate, random);
    addNoise(out, random);
  },
  "pluck": pluck,
  "noisy pluck": (out, rate, random) => {
    pluck(out, rate, random);
    addPink(out, random.uniform(0.1, 0.4), random);
  },
  "triangle": triangle,
  "box": box,
  "noisy box": (out, rate, random) => {
    box(out, rate, random);
    for (let n = 0; n < out.length; n++) out[n] *= random.uniform(-1, 1);
  },
  "box + noise": (out, rate, random) => {
    box(out, rate, random);
    addNoise(out, random);
  },
  "spikes": spikes,
  "stepped sine": steppedSine,
  "sweep": sweep,
  "pink": (out, _, random) => addPink(out, random.uniform(0.2, 0.8), random),
} satisfies Record<string, Fill>;

/** A kind of sound. */
export type SoundKind = keyof typeof SOUNDS;

/** All kinds. */
export const SOUND_KINDS = Object.keys(SOUNDS) as SoundKind[];

/** Those of the data set with synthetic effects, from which training draws. */
export const TRAINING_KINDS: readonly SoundKind[] = [
  "sine",
  "noisy sine",
  "pluck",
  "box",
  "noisy box",
  "noisy pluck",
  "stepped sine",
  "sweep",
];

/** A clip of `kind`, of `length` samples at `sampleRate` Hz. */
export function makeSound(
  kind: SoundKind,
  length: number,
  sampleRate: number,
  random: Random,
): Float32Array {
  const out = new Float32Array(length);
  const fill: Fill = SOUNDS[kind];
  fill(out, sampleRate, random);
  const sign = random.chance(0.5) ? -1 : 1;
  const peak = Math.max(1, peakOf(out));
  for (let n = 0; n < length; n++) {
    out[n] = sign * out[n] / peak + random.uniform(-1e-8, 1e-8);
  }
  return out;
}

/** Clips of all kinds one after the other, in random order round by round. */
export function makeSounds(
  { seconds, sampleRate, seed }: {
    seconds: number;
    sampleRate: number;
    seed: number | string;
  },
): {
  samples: Float32Array;
  segments: { kind: SoundKind; start: number; length: number }[];
} {
  const samples = new Float32Array(Math.round(seconds * sampleRate));
  const length = Math.round(CLIP_SECONDS * sampleRate);
  const segments = [];
  let order: SoundKind[] = [];
  for (let start = 0; start < samples.length; start += length) {
    const random = createRandom(`${seed}/clip ${segments.length}`);
    if (order.length === 0) order = random.shuffle(SOUND_KINDS);
    const kind = order.pop()!;
    const part = samples.subarray(start, start + length);
    const sound = makeSound(kind, length, sampleRate, random);
    part.set(sound.subarray(0, part.length));
    segments.push({ kind, start, length: part.length });
  }
  return { samples, segments };
}

function sine(out: Float32Array, sampleRate: number, random: Random): void {
  const seconds = out.length / sampleRate;
  for (let i = random.integer(1, 2); i > 0; i--) {
    const amplitude = random.uniform(0.2, 0.9);
    const speed = random.uniform(5, 150);
    const shift = random.uniform() * seconds;
    for (let n = 0; n < out.length; n++) {
      out[n] += amplitude * Math.cos(speed * (n / sampleRate - shift));
    }
  }
  normalise(out, random);
}

function pluck(out: Float32Array, sampleRate: number, random: Random): void {
  const seconds = out.length / sampleRate;
  for (let i = random.integer(1, 3); i > 0; i--) {
    const amplitude = (random.chance(0.5) ? 1 : -1) * random.uniform(0.5, 0.95);
    const speed = random.uniform(50, 6400);
    for (let n = 0; n < out.length; n++) {
      out[n] += amplitude * Math.sin(speed * n / sampleRate);
    }
  }
  const low = random.uniform(0.1, 0.2);
  const start = random.uniform(0, 0.35) * seconds;
  const height = random.uniform(0.6, 0.95);
  const decay = 12 * random.uniform();
  for (let n = 0; n < out.length; n++) {
    const time = n / sampleRate - start;
    out[n] *= time < 0 ? low : height * Math.exp(-decay * time);
  }
  normalise(out, random);
}

function triangle(out: Float32Array, _: number, random: Random): void {
  const height = (random.chance(0.5) ? 1 : -1) * random.uniform(0.4, 0.8);
  const half = Math.max(1, random.uniform(0, 0.25) * out.length);
  const centre = 2 * half + random.uniform(0, 0.4) * out.length;
  for (let n = 0; n < out.length; n++) {
    out[n] = height * Math.max(0, 1 - Math.abs(n - centre) / half);
  }
  addPink(out, random.uniform(0.02, 0.12), random);
}

function box(out: Float32Array, _: number, random: Random): void {
  const up = Math.floor(random.uniform(0, 0.3) * out.length);
  const down = up + Math.floor(random.uniform(0.3, 0.65) * out.length);
  out.fill(random.uniform(0, 0.15), 0, up);
  out.fill(random.uniform(0.6, 0.95), up, down);
  out.fill(random.uniform(0.1, 0.3), down);
}

function spikes(out: Float32Array, _: number, random: Random): void {
  const noise = random.uniform(0, 0.1);
  for (let n = 0; n < out.length; n++) out[n] = noise * random.normal();
  for (let i = 0; i < 50 && out.length >= 3; i++) {
    const n = random.integer(1, out.length - 2);
    const height = random.chance(0.5) ? 0.7 : -0.7;
    out[n] += height;
    out[n - 1] += height / 2;
    out[n + 1] += height / 2;
  }
}

function steppedSine(
  out: Float32Array,
  sampleRate: number,
  random: Random,
): void {
  const speed = random.uniform(400, 5000);
  const steps = random.integer(3, 10);
  for (let i = 0; i < steps; i++) {
    const level = 10 ** (random.integer(-30, 0) / 10);
    const end = Math.round(out.length * (i + 1) / steps);
    for (let n = Math.round(out.length * i / steps); n < end; n++) {
      out[n] = level * Math.sin(speed * n / sampleRate);
    }
  }
  normalise(out, random);
}

function sweep(out: Float32Array, sampleRate: number, random: Random): void {
  const low = random.uniform(20, 1000);
  const high = random.uniform(1000, 20000);
  const seconds = out.length / sampleRate;
  const rate = Math.log(high / low) / seconds;
  const grows = random.chance(1 / 3);
  for (let n = 0; n < out.length; n++) {
    const time = n / sampleRate;
    // Beyond the highest frequency of this rate there is nothing to hear.
    if (20 * Math.exp(rate * time) > sampleRate / 2) break;
    const phase = 2 * Math.PI * 20 * Math.expm1(rate * time) / rate;
    out[n] = (grows ? time / seconds : 1) * Math.sin(phase);
  }
  normalise(out, random);
}

/** Brings the peak to 0.6 + 0.3u. */
function normalise(out: Float32Array, random: Random): void {
  const peak = peakOf(out);
  const scale = peak === 0 ? 0 : random.uniform(0.6, 0.9) / peak;
  for (let n = 0; n < out.length; n++) out[n] *= scale;
}

function addNoise(out: Float32Array, random: Random): void {
  addPink(out, 0.2 * random.uniform(), random);
  const white = 0.2 * random.uniform();
  for (let n = 0; n < out.length; n++) out[n] += white * random.uniform(-1, 1);
}

/**
 * Adds pink noise of the peak `level`: a uniform real spectrum over √(k + 1), of the
 * next power of two.
 */
function addPink(out: Float32Array, level: number, random: Random): void {
  const size = 2 ** Math.max(1, Math.ceil(Math.log2(out.length)));
  const fft = new FFT(size);
  const spectrum = fft.createComplexArray();
  for (let k = 0; k <= size / 2; k++) {
    const value = random.uniform(-1, 1) / Math.sqrt(k + 1);
    spectrum[2 * k] = value;
    spectrum[2 * ((size - k) % size)] = value;
  }
  const noise = fft.createComplexArray();
  fft.inverseTransform(noise, spectrum);
  let peak = 0;
  for (let n = 0; n < out.length; n++) {
    peak = Math.max(peak, Math.abs(noise[2 * n]));
  }
  if (peak === 0) return;
  for (let n = 0; n < out.length; n++) out[n] += level / peak * noise[2 * n];
}
