/**
 * The capture signal: what to send through a unit so that its recording tells the
 * unit's parameters (a compressor's memory is long, and a test signal must be made
 * for that).
 *
 * It begins and ends with a blip, between which latency, drift and lost buffers
 * show, and has one at the end of every round. Then
 *
 * - the **loop-back** section: silence, which has the noise of the loop in it, and a
 *   sweep far below any threshold, which has its gain and its response;
 * - **rounds**, each a row of all the kinds of {@linkcode ROUND}: a ladder of
 *   levels, bursts, sweeps, noise, and the built-in varied stimulus.
 *
 * Most of the time goes to bursts, for nothing else tells attack and release so
 * well: the loud part of a burst sets the gain, and its attack is heard while the
 * gain falls; the quiet part after it is heard through the gain that comes back. Both
 * levels, and how long either lasts, are drawn anew for each burst over all that a
 * knob may ask for. What is quiet stays only some way below what is loud, since an
 * error in the gain counts with the square of the sound that is there to hear it; it
 * lasts up to seconds, since a slow release is told from the make-up gain by nothing
 * else. Waves are nearly square: they have the most energy for their peak. Ranges and
 * parts were chosen by the least eigenvalues of the Hessians of drawn compressors, as
 * `tests/capture_gain.ts` has them.
 *
 * Layout and samples depend on the options alone.
 *
 * @module
 */

import { createRandom, type Random } from "../base/random.ts";
import { makeStimulus } from "../data/stimulus.ts";
import { peakOf, type Signal } from "../sound/signal.ts";

/** Raised whenever the same options give other samples. */
export const CAPTURE_VERSION = 2;

/** Kinds of section, in the order of a round, and what part of it each has. */
export const ROUND = {
  ladder: 0.07,
  bursts: 0.56,
  sweeps: 0.04,
  noise: 0.23,
  stimulus: 0.1,
} as const;

/** Kind of a section. */
export type SectionKind = keyof typeof ROUND | "blip" | "loop-back" | "music";

/** A section of the signal. */
export interface Section {
  kind: SectionKind;
  /** First sample. */
  start: number;
  /** Samples. */
  length: number;
}

/** What to make. */
export interface CaptureOptions {
  /** Length in seconds. */
  seconds: number;
  /** Samples a second (default 48000). */
  sampleRate?: number;
  /** Peak, in dBFS (default −1). */
  level?: number;
  /** Seed of everything drawn (default 0). */
  seed?: number | string;
  /** Music that takes the place of half of every round, at its own level. */
  music?: Signal;
}

/** The signal. */
export interface CaptureSignal {
  samples: Float32Array;
  sampleRate: number;
  sections: Section[];
}

/** Shortest signal, in seconds: one round with a blip at either end. */
export const SHORTEST = 4;

/** Seconds of a round, about. */
const ROUND_SECONDS = 20;

/** Seconds of silence, of a blip, and of what is silent around it. */
const BLIP_SECONDS = 0.12;

/** Seconds of loop-back: silence, then the sweep; of a short signal a part. */
const LOOP_SECONDS = 2;
const LOOP_PART = 0.05;

/** Level of the loop-back sweep below the peak, in dB. */
const LOOP_DB = -45;

/** How square the waves of ladders and bursts are: most energy for their peak. */
const SQUARENESS = 9;

/** Levels of a burst, in dB below the peak, of some of them lower; its seconds. */
const LOUD_DB = [-10, 0] as const;
const LOWER_DB = [-26, 0] as const;
const LOWER = 0.55;
const LOUD_SECONDS = [0.003, 1] as const;

/** What comes between bursts: something quiet, or, in so many cases, a rest. */
const QUIET_DB = [-38, -12] as const;
const QUIET_SECONDS = [0.04, 4] as const;
const RESTS = 0.25;
const REST_SECONDS = [0.15, 1] as const;

/** Levels of the ladder's rungs, in dB below the peak, and how many there are. */
const LADDER_DB = -42;
const RUNGS = 12;

/** Samples that a Gaussian of that width reaches to either side, and its taps. */
const REACH = 5;
const WIDTH = 1.1;
const SOFT = Array.from(
  { length: 2 * REACH + 1 },
  (_, i) => Math.exp(-0.5 * ((i - REACH) / WIDTH) ** 2) / (WIDTH * 2.5066),
);

const TURN = 2 * Math.PI;

const amplitude = (db: number) => 10 ** (db / 20);

/** A click of a raised cosine's second difference: band-limited, no constant part. */
function blip(out: Float32Array, rate: number, peak: number): void {
  const width = Math.max(8, Math.round(4e-4 * rate));
  const from = Math.floor((out.length - width) / 2);
  for (let n = 0; n < width; n++) {
    const phase = TURN * n / width;
    out[from + n] = 0.5 * (1 - Math.cos(phase)) * Math.sin(2 * phase) * peak;
  }
}

/** Silence, then a soft sweep over all that is heard. */
function loopBack(out: Float32Array, rate: number): void {
  const from = Math.floor(out.length / 2);
  sweepInto(out.subarray(from), rate, [20, 0.45 * rate], amplitude(LOOP_DB));
}

/** An exponential sweep between two frequencies, with soft ends. */
function sweepInto(
  out: Float32Array,
  rate: number,
  [low, high]: readonly [number, number],
  peak: number,
): void {
  const growth = (high / low) ** (1 / out.length);
  const edge = Math.max(1, Math.round(0.005 * rate));
  let step = low / rate;
  let phase = 0;
  for (let n = 0; n < out.length; n++) {
    const fade = Math.min(1, n / edge, (out.length - 1 - n) / edge);
    out[n] += fade * peak * Math.sin(TURN * phase);
    phase += step;
    step *= growth;
  }
}

/** A tone, or noise, whose level climbs in steps from far down to the peak. */
function ladder(out: Float32Array, rate: number, random: Random): void {
  const carry = carrier(rate, random);
  for (let n = 0; n < out.length; n++) {
    const step = Math.floor(RUNGS * n / out.length);
    out[n] = amplitude(LADDER_DB * (1 - step / (RUNGS - 1))) * carry();
  }
}

/** What a burst is made of: samples of about one size. */
function carrier(rate: number, random: Random): () => number {
  const step = random.logUniform(80, Math.min(2000, 0.1 * rate)) / rate;
  let phase = random.uniform();
  return () => {
    phase += step;
    if (phase >= 1) phase -= 1;
    return Math.tanh(SQUARENESS * Math.sin(TURN * phase));
  };
}

/**
 * Loud, then quiet or nothing at all, each drawn anew. After a rest that is long
 * enough the gain is 1 and the next loud sound begins with that: nothing says as
 * well how much of what follows is reduction and how much is make-up.
 */
function bursts(out: Float32Array, rate: number, random: Random): void {
  let carry = carrier(rate, random);
  let left = 0;
  let isLoud = false;
  let level = 0;
  for (let n = 0; n < out.length; n++) {
    if (left-- <= 0) {
      isLoud = !isLoud;
      if (isLoud) {
        carry = carrier(rate, random);
        level = amplitude(
          random.uniform(...(random.chance(LOWER) ? LOWER_DB : LOUD_DB)),
        );
        left = rate * random.logUniform(...LOUD_SECONDS);
      } else if (random.chance(RESTS)) {
        level = 0;
        left = rate * random.logUniform(...REST_SECONDS);
      } else {
        level = amplitude(random.uniform(...QUIET_DB));
        left = rate * random.logUniform(...QUIET_SECONDS);
      }
    }
    out[n] = level * carry();
  }
}

/** Sweeps up and down, each at a level of its own. */
function sweeps(out: Float32Array, rate: number, random: Random): void {
  const count = Math.max(1, Math.round(out.length / (0.8 * rate)));
  for (let i = 0; i < count; i++) {
    const part = out.subarray(
      Math.floor(i * out.length / count),
      Math.floor((i + 1) * out.length / count),
    );
    const ends: [number, number] = [30, Math.min(18_000, 0.45 * rate)];
    if (random.chance(0.5)) ends.reverse();
    sweepInto(part, rate, ends, amplitude(random.uniform(-12, 0)));
  }
}

/** Noise whose level moves up and down: every level at once, within the knee too. */
function noise(out: Float32Array, rate: number, random: Random): void {
  const turns = random.logUniform(1, 6);
  const depth = random.uniform(14, 34);
  for (let n = 0; n < out.length; n++) {
    const swell = 0.5 * (1 - Math.cos(TURN * turns * n / rate));
    out[n] = amplitude(-depth * (1 - swell)) * (random.bits() * 2 ** -31 - 1);
  }
}

const MAKERS = { ladder, bursts, sweeps, noise };

/**
 * Makes a capture signal.
 *
 * @throws {RangeError} where it would be shorter than {@linkcode SHORTEST}, or its
 * level or rate means nothing.
 */
export function makeCaptureSignal(options: CaptureOptions): CaptureSignal {
  const { seconds, sampleRate: rate = 48_000, level = -1, seed = 0, music } =
    options;
  if (!(seconds >= SHORTEST && Number.isFinite(seconds))) {
    throw new RangeError(
      `a capture signal of ${seconds} s: must be at least ${SHORTEST} s`,
    );
  }
  if (!(rate > 0 && Number.isFinite(rate))) {
    throw new RangeError(`sample rate of ${rate} Hz: must be above 0`);
  }
  if (!(level <= 0 && level >= -60)) {
    throw new RangeError(`a level of ${level} dBFS: must be from -60 to 0`);
  }
  const total = Math.round(seconds * rate);
  const samples = new Float32Array(total);
  const sections: Section[] = [];
  const peak = amplitude(level);
  let at = 0;
  const add = (
    kind: SectionKind,
    length: number,
    fill: (out: Float32Array) => void,
  ) => {
    const out = samples.subarray(at, at + length);
    fill(out);
    sections.push({ kind, start: at, length: out.length });
    at += out.length;
  };
  const blipLength = Math.round(BLIP_SECONDS * rate);
  const addBlip = () => add("blip", blipLength, (out) => blip(out, rate, peak));
  addBlip();
  add(
    "loop-back",
    Math.round(Math.min(LOOP_SECONDS, LOOP_PART * seconds) * rate),
    (out) => loopBack(out, rate),
  );
  const body = total - at;
  const rounds = Math.max(1, Math.round(body / rate / ROUND_SECONDS));
  let played = 0;
  for (let round = 0; round < rounds; round++) {
    const end = Math.round(total - body * (rounds - 1 - round) / rounds) -
      blipLength;
    const length = end - at;
    const ofMusic = music === undefined ? 0 : Math.round(length / 2);
    const scale = (length - ofMusic) / length;
    for (const kind of Object.keys(ROUND) as (keyof typeof ROUND)[]) {
      const random = createRandom(`${seed}/capture ${round}/${kind}`);
      const isLast = kind === "stimulus";
      const size = isLast
        ? end - ofMusic - at
        : Math.round(scale * ROUND[kind] * length);
      add(kind, size, (out) => {
        if (kind === "stimulus") {
          const varied = makeStimulus({
            seconds: Math.max(1, out.length) / rate,
            sampleRate: rate,
            seed: `${seed}/capture ${round}`,
          });
          out.set(varied.samples.subarray(0, out.length));
        } else MAKERS[kind](out, rate, random);
        if (kind !== "sweeps") soften(out);
        scaleTo(out, peak, rate);
      });
    }
    if (ofMusic > 0) {
      add("music", end - at, (out) => {
        for (let n = 0; n < out.length; n++) {
          out[n] = music![(played + n) % music!.length];
        }
        played += out.length;
        if (peakOf(out) > peak) scaleTo(out, peak, rate);
        else softEnds(out, rate);
      });
    }
    addBlip();
  }
  return { samples, sampleRate: rate, sections };
}

/**
 * Takes away what no converter passes, and what cannot be moved by a part of a
 * sample; by a Gaussian, under which a square wave stays within its peak.
 */
function soften(samples: Float32Array): void {
  const padded = new Float64Array(samples.length + 2 * REACH);
  padded.set(samples, REACH);
  for (let n = 0; n < samples.length; n++) {
    let sum = 0;
    for (let i = 0; i < SOFT.length; i++) sum += SOFT[i] * padded[n + i];
    samples[n] = sum;
  }
}

/** Brings a section to its peak; its ends are soft. */
function scaleTo(out: Float32Array, peak: number, rate: number): void {
  const highest = peakOf(out);
  if (highest === 0) return;
  for (let n = 0; n < out.length; n++) out[n] *= peak / highest;
  softEnds(out, rate);
}

function softEnds(out: Float32Array, rate: number): void {
  const edge = Math.min(Math.round(0.003 * rate), out.length >> 1);
  for (let n = 0; n < edge; n++) {
    out[n] *= n / edge;
    out[out.length - 1 - n] *= n / edge;
  }
}
