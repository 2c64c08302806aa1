/**
 * How a unit lets go: the gain after a loud tone, with a soft one to hear it by.
 *
 *     |---- soft ----|######## loud ########|------------- soft -------------|
 *
 * What is left of the reduction is read off against the gain of the soft tone before.
 *
 * @module
 */

import type { Processor } from "../compressor/compressor.ts";
import { gainOverTime } from "./gain.ts";

/** The probe: hertz, levels in dBFS, and seconds. */
const TONE_HZ = 1000;
const LOUD_DB = -6;
const SOFT_DB = -50;
const BEFORE = 0.5;
const LOUD_SECONDS = 2;
const AFTER = 6;

/** Seconds of a window, of which the gain is that of its middle. */
const WINDOW = 0.01;

/** What is left of the gain reduction, over time. */
export interface Release {
  /** Seconds after the end of the loud tone. */
  seconds: number[];
  /** Gain reduction left, in dB, negative. */
  gainDb: number[];
  /** Milliseconds in which half of it is gone; undefined where that takes longer. */
  halfMs?: number;
  /** Seconds from there until nine tenths are gone; undefined likewise. */
  restSeconds?: number;
}

/** The release of `unit`, which stands at rest. */
export function releaseOf(unit: Processor, sampleRate: number): Release {
  const length = Math.round((BEFORE + LOUD_SECONDS + AFTER) * sampleRate);
  const dry = new Float32Array(length);
  for (let n = 0; n < length; n++) {
    const at = n / sampleRate;
    const isLoud = at >= BEFORE && at < BEFORE + LOUD_SECONDS;
    dry[n] = 10 ** ((isLoud ? LOUD_DB : SOFT_DB) / 20) *
      Math.sin(2 * Math.PI * TONE_HZ * at);
  }
  const wet = new Float32Array(length);
  unit.process(dry, wet);
  const curve = gainOverTime(dry, wet, sampleRate, WINDOW);
  const rest = curve.gainDb[Math.floor(0.5 * BEFORE * 2 / WINDOW)];
  const end = BEFORE + LOUD_SECONDS;
  const release: Release = { seconds: [], gainDb: [] };
  curve.seconds.forEach((at, i) => {
    if (at < end + 0.5 * WINDOW) return;
    release.seconds.push(at - end);
    release.gainDb.push(curve.gainDb[i] - rest);
  });
  const [first] = release.gainDb;
  const timeTo = (part: number) => {
    const at = release.gainDb.findIndex((gain) => gain >= (1 - part) * first);
    return at < 0 ? undefined : release.seconds[at];
  };
  const [half, most] = [timeTo(0.5), timeTo(0.9)];
  if (half !== undefined) release.halfMs = 1000 * half;
  if (half !== undefined && most !== undefined) {
    release.restSeconds = most - half;
  }
  return release;
}
