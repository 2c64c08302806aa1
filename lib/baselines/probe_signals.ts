/**
 * What a compressor does to test signals: its static curve, and its answer to
 * steps of level.
 *
 * Both use a sine of 1 kHz. The static curve is its level out over its level in,
 * each level held for three seconds and measured over the last quarter of one.
 * The steps go from −30 to −6 dBFS, stay for a second, and back; how the gain comes
 * back is told by the times after which half and nine tenths of its way are gone.
 *
 * @module
 */

import type { Processor } from "../compressor/compressor.ts";
import { type GainCurve, gainOverTime, levelDb } from "../metrics/gain.ts";

const SINE_HZ = 1000;

/** Seconds that each level of the static curve is held, and measured. */
const HELD_SECONDS = 3;
const MEASURED_SECONDS = 0.25;

/** Levels of the static curve in dBFS (RMS of the sine). */
const STATIC_LEVELS = Array.from({ length: 20 }, (_, i) => -60 + 3 * i);

/** Levels of the steps in dBFS (RMS), and when they come. */
const QUIET_DB = -30;
const LOUD_DB = -6;
const STEP_UP_SECONDS = 0.5;
const STEP_DOWN_SECONDS = 1.5;
const STEPS_SECONDS = 4;

/** A point of the static curve. */
export interface StaticPoint {
  /** Level in, in dBFS (RMS). */
  inputDb: number;
  /** Level out. */
  outputDb: number;
}

/** Static curve of what `create` makes, one at rest for every level. */
export function staticCurve(
  create: () => Processor,
  sampleRate: number,
): StaticPoint[] {
  const length = Math.round(HELD_SECONDS * sampleRate);
  const measured = Math.round(MEASURED_SECONDS * sampleRate);
  return STATIC_LEVELS.map((inputDb) => {
    const input = sine(length, sampleRate, () => inputDb);
    const output = new Float32Array(length);
    create().process(input, output);
    return { inputDb, outputDb: levelDb(output.subarray(-measured)) };
  });
}

/** Gain around the two steps; seconds are counted from the step. */
export interface StepResponses {
  /** After the step up, in fine steps of time. */
  attack: GainCurve;
  /** After the step down. */
  release: GainCurve;
  /** Gain in dB before the steps, where it comes back to. */
  restDb: number;
}

/** Answer of what `create` makes to the steps. */
export function stepResponses(
  create: () => Processor,
  sampleRate: number,
): StepResponses {
  const input = sine(
    Math.round(STEPS_SECONDS * sampleRate),
    sampleRate,
    (seconds) =>
      seconds >= STEP_UP_SECONDS && seconds < STEP_DOWN_SECONDS
        ? LOUD_DB
        : QUIET_DB,
  );
  const output = new Float32Array(input.length);
  create().process(input, output);
  const around = (
    from: number,
    to: number,
    zero: number,
    windowSeconds: number,
  ): GainCurve => {
    const [start, end] = [from, to].map((s) => Math.round(s * sampleRate));
    const { seconds, gainDb } = gainOverTime(
      input.subarray(start, end),
      output.subarray(start, end),
      sampleRate,
      windowSeconds,
    );
    return { seconds: seconds.map((s) => s + from - zero), gainDb };
  };
  const before = around(0, STEP_UP_SECONDS, 0, 30 / SINE_HZ).gainDb;
  return {
    restDb: before[before.length - 1],
    attack: around(
      STEP_UP_SECONDS,
      STEP_UP_SECONDS + 0.15,
      STEP_UP_SECONDS,
      2 / SINE_HZ,
    ),
    release: around(
      STEP_DOWN_SECONDS,
      STEPS_SECONDS,
      STEP_DOWN_SECONDS,
      30 / SINE_HZ,
    ),
  };
}

/**
 * Seconds after the step down until `part` of the way back to rest, in decibels, is
 * gone; Infinity where it is not as long as the answer was followed.
 */
export function recoverySeconds(
  { release: { seconds, gainDb }, restDb }: StepResponses,
  part: number,
): number {
  const wanted = gainDb[0] + part * (restDb - gainDb[0]);
  const i = gainDb.findIndex((gain) => gain >= wanted);
  return i < 0 ? Infinity : seconds[i];
}

function sine(
  length: number,
  sampleRate: number,
  levelAt: (seconds: number) => number,
): Float32Array {
  return Float32Array.from({ length }, (_, n) => {
    const amplitude = Math.SQRT2 * 10 ** (levelAt(n / sampleRate) / 20);
    return amplitude * Math.sin(2 * Math.PI * SINE_HZ * n / sampleRate);
  });
}
