/**
 * The built-in dry sound: seeded, varied test sounds over a wide dynamic range,
 * in the spirit of those that the SignalTrain data set was recorded with
 * (Hawley, Colburn, Mimilakis, AES 147, 2019).
 *
 * The sound is a row of rounds. A round plays every kind of
 * {@linkcode SEGMENT_KINDS} once, in random order, for about nine seconds. Its
 * peak levels are drawn from fixed strata, so that every twelve seconds hold
 * several sounds far above −13 dBFS and several between −15 and −40 dBFS: at
 * every setting of the published curve some sounds drive the compressor and
 * others let it recover.
 *
 * The layout depends on the seed alone, the samples on seed and rate. A longer
 * stimulus begins with the samples of a shorter one.
 *
 * @module
 */

import { createRandom, type Random } from "../base/random.ts";

/**
 * Version of the samples: raised whenever the same options give others, so that
 * results made from the old ones are not taken up.
 */
export const STIMULUS_VERSION = 1;

/** Kinds of sound in a stimulus. */
export const SEGMENT_KINDS = [
  "tone",
  "sweep",
  "pluck",
  "drum",
  "pulse",
  "noise",
  "steps",
  "silence",
] as const;

/** Kind of sound of one segment. */
export type SegmentKind = typeof SEGMENT_KINDS[number];

/** One sound of a stimulus, for scores by kind. */
export interface StimulusSegment {
  /** What sounds. */
  kind: SegmentKind;
  /** First sample. */
  start: number;
  /** Samples; the last segment ends with the stimulus. */
  length: number;
}

/** What to generate. */
export interface StimulusOptions {
  /** Length in seconds. */
  seconds: number;
  /** Samples a second (default 44100). */
  sampleRate?: number;
  /** Seed of everything random (default 0). */
  seed?: number | string;
}

/** A generated dry sound. */
export interface Stimulus {
  /** Samples within ±0.95. */
  samples: Float32Array;
  /** Samples a second. */
  sampleRate: number;
  /** The segments, end to end. */
  segments: StimulusSegment[];
}

/** Shortest and longest length of a segment, in seconds. */
const LENGTHS: Record<SegmentKind, [number, number]> = {
  tone: [1, 2],
  sweep: [0.8, 2],
  pluck: [0.8, 1.8],
  drum: [0.8, 2],
  pulse: [0.5, 1.2],
  noise: [0.6, 1.6],
  steps: [1.2, 2.2],
  silence: [0.1, 0.6],
};

/** Peak levels of a round's seven sounds, in dBFS: one draw from each range. */
const LEVELS: [number, number][] = [
  [-2, -0.5],
  [-4, -1],
  [-7, -3],
  [-10, -5],
  [-15, -9],
  [-26, -14],
  [-40, -24],
];

/** Fade at the end of every segment, in seconds. */
const FADE_SECONDS = 0.003;

const TURN = 2 * Math.PI;

/** Amplitude of `db` decibels. */
function amplitude(db: number): number {
  return 10 ** (db / 20);
}

/**
 * A chord of one to three tones, each with up to four harmonics, keyed on and
 * off; between the bursts it falls to a bed up to 40 dB below, so that the
 * recovery can be heard.
 */
function tone(out: Float32Array, rate: number, random: Random): void {
  const steps: number[] = [];
  const weights: number[] = [];
  const voices = random.integer(1, 3);
  for (let voice = 0; voice < voices; voice++) {
    const frequency = random.logUniform(45, 3000);
    const harmonics = random.integer(1, 4);
    for (let harmonic = 1; harmonic <= harmonics; harmonic++) {
      if (frequency * harmonic > 0.45 * rate) break;
      steps.push(frequency * harmonic / rate);
      weights.push(random.uniform(0.3, 1) / harmonic);
    }
  }
  const phases = steps.map(() => random.uniform());
  const bed = random.chance(0.3) ? 0 : amplitude(random.uniform(-40, -10));
  const edge = 1 / Math.max(1, random.logUniform(0.0002, 0.02) * rate);
  let loud = true;
  let remaining = 0;
  let envelope = 0;
  for (let n = 0; n < out.length; n++) {
    if (remaining-- <= 0) {
      remaining = random.logUniform(0.04, loud ? 0.6 : 0.5) * rate;
      loud = !loud;
    }
    const goal = loud ? bed : 1;
    envelope = goal > envelope
      ? Math.min(goal, envelope + edge)
      : Math.max(goal, envelope - edge);
    let sum = 0;
    for (let i = 0; i < steps.length; i++) {
      phases[i] += steps[i];
      if (phases[i] >= 1) phases[i] -= 1;
      sum += weights[i] * Math.sin(TURN * phases[i]);
    }
    out[n] = envelope * sum;
  }
}

/** A sine whose pitch moves logarithmically, up or down, its level in ramps. */
function sweep(out: Float32Array, rate: number, random: Random): void {
  const low = random.logUniform(25, 200);
  const high = Math.min(0.45 * rate, random.logUniform(2000, 18000));
  const up = random.chance(0.5);
  let step = (up ? low : high) / rate;
  const growth = (up ? high / low : low / high) ** (1 / out.length);
  const firstDb = random.uniform(-30, 0);
  const lastDb = random.chance(0.5) ? -firstDb - 30 : firstDb;
  let envelope = amplitude(firstDb);
  const swell = amplitude(lastDb - firstDb) ** (1 / out.length);
  let phase = 0;
  for (let n = 0; n < out.length; n++) {
    phase += step;
    if (phase >= 1) phase -= 1;
    step *= growth;
    envelope *= swell;
    out[n] = envelope * Math.sin(TURN * phase);
  }
}

/** Plucked strings (Karplus and Strong 1983): noise in a damped delay line. */
function pluck(out: Float32Array, rate: number, random: Random): void {
  for (let start = 0; start < out.length;) {
    const period = Math.max(
      2,
      Math.round(rate / random.logUniform(60, 900)),
    );
    const velocity = amplitude(random.uniform(-18, 0));
    const damping = amplitude(
      -60 * period / (rate * random.logUniform(0.3, 3)),
    );
    const line = new Float32Array(period);
    for (let i = 0; i < period; i++) line[i] = random.uniform(-1, 1);
    const end = Math.min(
      out.length,
      start + Math.ceil(random.logUniform(0.12, 0.9) * rate),
    );
    let last = line[period - 1];
    for (let n = start, i = 0; n < end; n++) {
      const value = line[i];
      out[n] += velocity * value;
      line[i] = damping * 0.5 * (value + last);
      last = value;
      if (++i === period) i = 0;
    }
    start = end;
  }
}

/** Drum-like hits: a falling sine, noise, or both, each dying exponentially. */
function drum(out: Float32Array, rate: number, random: Random): void {
  const beat = random.uniform(0.12, 0.4);
  for (let time = 0; time * rate < out.length;) {
    const sort = random.pick(["kick", "snare", "hat"] as const);
    const velocity = amplitude(random.uniform(-15, 0));
    const body = sort === "hat" ? 0 : sort === "kick" ? 1 : 0.5;
    const hiss = sort === "kick" ? 0.05 : 0.7;
    const decay = sort === "hat"
      ? random.logUniform(0.01, 0.06)
      : random.logUniform(0.04, 0.25);
    const fall = Math.exp(-1 / (decay * rate));
    const base = (sort === "kick"
      ? random.logUniform(40, 80)
      : random.logUniform(150, 300)) / rate;
    let extra = base * random.uniform(1, 5);
    const drop = Math.exp(-1 / (0.02 * rate));
    const start = Math.round(time * rate);
    const end = Math.min(out.length, start + Math.ceil(7 * decay * rate));
    let phase = 0;
    let envelope = velocity;
    let previous = 0;
    for (let n = start; n < end; n++) {
      phase += base + extra;
      if (phase >= 1) {
        phase -= 1;
      }
      extra *= drop;
      const white = random.bits() * 2 ** -31 - 1;
      out[n] += envelope *
        (body * Math.sin(TURN * phase) + hiss * 0.5 * (white - previous));
      previous = white;
      envelope *= fall;
    }
    time += beat * random.pick([0.5, 1, 1, 2]);
  }
}

/** Short pulses at a steady rate, some trains speeding up, without DC. */
function pulse(out: Float32Array, rate: number, random: Random): void {
  let interval = rate / random.logUniform(3, 200);
  const bend = random.chance(0.5) ? 1 : random.uniform(0.85, 1.1);
  const fall = Math.exp(-1 / (random.logUniform(0.0002, 0.01) * rate));
  const flip = random.chance(0.5) ? -1 : 1;
  const block = Math.exp(-TURN * 20 / rate);
  let height = 1;
  let untilNext = 0;
  let value = 0;
  let previous = 0;
  let filtered = 0;
  for (let n = 0; n < out.length; n++) {
    value *= fall;
    if (untilNext-- <= 0) {
      value += height;
      height *= flip;
      untilNext += interval;
      interval = Math.max(rate / 400, interval * bend);
    }
    filtered = block * filtered + value - previous;
    previous = value;
    out[n] = filtered;
  }
}

/** Band-pass filtered noise (state-variable filter), its level gated or moving. */
function noise(out: Float32Array, rate: number, random: Random): void {
  const centre = Math.min(0.4 * rate, random.logUniform(80, 9000));
  const g = Math.tan(Math.PI * centre / rate);
  const damping = random.logUniform(0.2, 2);
  const scale = 1 / (1 + g * (g + damping));
  const lfo = random.logUniform(0.7, 8) / rate;
  const depth = amplitude(random.uniform(-35, -6));
  const gated = random.chance(0.5);
  let phase = random.uniform(0, 0.5);
  let band = 0;
  let low = 0;
  for (let n = 0; n < out.length; n++) {
    const white = random.bits() * 2 ** -31 - 1;
    const high = (white - (g + damping) * band - low) * scale;
    const bandOut = g * high + band;
    band = g * high + bandOut;
    const lowOut = g * bandOut + low;
    low = g * bandOut + lowOut;
    phase += lfo;
    if (phase >= 1) phase -= 1;
    const envelope = gated
      ? (phase < 0.5 ? 1 : depth)
      : depth + (1 - depth) * 0.5 * (1 - Math.cos(TURN * phase));
    out[n] = envelope * bandOut;
  }
}

/**
 * A steady tone or noise whose level jumps: from loud to quiet and back, by 6
 * to 36 dB, each level held for 0.1 to 0.7 s.
 */
function steps(out: Float32Array, rate: number, random: Random): void {
  const noisy = random.chance(0.3);
  const step = random.logUniform(80, 2500) / rate;
  let loud = random.chance(0.5);
  let phase = random.uniform();
  let level = 0;
  let remaining = 0;
  for (let n = 0; n < out.length; n++) {
    if (remaining-- <= 0) {
      level = amplitude(loud ? random.uniform(-6, 0) : random.uniform(-36, -6));
      remaining = random.logUniform(0.1, 0.7) * rate;
      loud = !loud;
    }
    phase += step;
    if (phase >= 1) phase -= 1;
    out[n] = level *
      (noisy ? random.bits() * 2 ** -31 - 1 : Math.sin(TURN * phase));
  }
}

const RENDERERS: Record<
  SegmentKind,
  (out: Float32Array, rate: number, random: Random) => void
> = { tone, sweep, pluck, drum, pulse, noise, steps, silence: () => {} };

/** Scales `sound` to a peak of `peak` and fades its end out. */
function finish(sound: Float32Array, peak: number, fadeLength: number): void {
  const fade = Math.min(fadeLength, sound.length);
  for (let i = 0; i < fade; i++) sound[sound.length - 1 - i] *= i / fade;
  let highest = 0;
  for (let n = 0; n < sound.length; n++) {
    const size = Math.abs(sound[n]);
    if (size > highest) highest = size;
  }
  if (highest === 0) return;
  const scale = peak / highest;
  for (let n = 0; n < sound.length; n++) sound[n] *= scale;
}

/**
 * Generates a stimulus.
 *
 * @throws {RangeError} where the length or the rate is not above 0.
 */
export function makeStimulus(options: StimulusOptions): Stimulus {
  const { seconds, sampleRate = 44100, seed = 0 } = options;
  if (!(sampleRate > 0 && Number.isFinite(sampleRate))) {
    throw new RangeError(`sample rate of ${sampleRate} Hz: must be above 0`);
  }
  const total = Math.round(seconds * sampleRate);
  if (!(total > 0 && Number.isFinite(total))) {
    throw new RangeError(`stimulus of ${seconds} s: must be above 0`);
  }
  const samples = new Float32Array(total);
  const segments: StimulusSegment[] = [];
  const longest = Math.max(...SEGMENT_KINDS.map((kind) => LENGTHS[kind][1]));
  const scratch = new Float32Array(Math.ceil(longest * sampleRate) + 1);
  const fade = Math.round(FADE_SECONDS * sampleRate);
  let time = 0;
  for (let round = 0; Math.round(time * sampleRate) < total; round++) {
    const plan = createRandom(`${seed}/round ${round}`);
    const levels = plan.shuffle(LEVELS);
    for (const kind of plan.shuffle(SEGMENT_KINDS)) {
      const duration = plan.uniform(...LENGTHS[kind]);
      const peakDb = kind === "silence" ? 0 : plan.uniform(...levels.pop()!);
      const start = Math.round(time * sampleRate);
      if (start >= total) break;
      time += duration;
      const full = Math.round(time * sampleRate) - start;
      if (full === 0) continue;
      const sound = scratch.subarray(0, full).fill(0);
      RENDERERS[kind](
        sound,
        sampleRate,
        createRandom(`${seed}/round ${round}/${kind}`),
      );
      finish(sound, amplitude(peakDb), fade);
      const length = Math.min(full, total - start);
      samples.set(sound.subarray(0, length), start);
      segments.push({ kind, start, length });
    }
  }
  return { samples, sampleRate, segments };
}
