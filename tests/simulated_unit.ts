/**
 * A made-up unit with two knobs and a switch, recorded as a person would record it:
 * late by a part of a sample, on a clock of its own, with noise, and once with a
 * buffer lost.
 *
 * @module
 */

import { openProcessor } from "../lib/engines/open_processor.ts";
import { parseModel } from "../lib/models/presets.ts";
import type { Values } from "../lib/models/model.ts";
import { createRandom } from "../lib/base/random.ts";
import { resampled } from "../lib/sound/fractional_delay.ts";
import { readWav, writeWav } from "../lib/sound/wav.ts";
import { join } from "node:path";

/** Where its controls stand. */
export interface Setting {
  /** 0 to 10, how far the sound is driven. */
  input: number;
  /** 0 to 10, how soon the gain comes back. */
  release: number;
  /** What it does to what is loud. */
  ratio: "low" | "high";
}

/** What it is made with. */
export const SIMULATED_MODEL = parseModel("opto");

/** Its laws: from the controls to the parameters. */
export function lawsOf({ input, release, ratio }: Setting): Values {
  const slope = ratio === "low" ? 3 : 6;
  const release_ms = 320 * Math.exp(-0.13 * release);
  return {
    threshold_db: -14 - 1.6 * input + 0.03 * input * input,
    ratio: slope + 0.05 * input,
    knee_db: 6,
    attack_ms: slope * 4 * Math.exp(0.04 * input),
    release_ms,
    second_release_ms: 4 * release_ms,
    second_share: 0.4,
    make_up_db: 0.3 * input - 1,
  };
}

/** Samples that its recordings are late by, and millionths their clock is off by. */
export const LATE = 3.7;
export const CLOCK_PPM = 15;

/** Level of the noise in them, in dBFS. */
const NOISE_DB = -80;

/** Records `setting` from the file `dry` into `folder`, as `name`. */
export async function record(
  dry: string,
  folder: string,
  name: string,
  setting: Setting,
  lost = 0,
): Promise<void> {
  const { samples, sampleRate } = await readWav(dry);
  const made = new Float32Array(samples.length);
  const processor = await openProcessor(
    SIMULATED_MODEL,
    lawsOf(setting),
    sampleRate,
  );
  processor.process(samples, made);
  const wet = resampled(made, CLOCK_PPM, -LATE, samples.length);
  const random = createRandom(name);
  const noise = 10 ** (NOISE_DB / 20);
  for (let n = 0; n < wet.length; n++) wet[n] += noise * random.normal();
  const at = Math.round(0.55 * wet.length);
  const kept = new Float32Array(wet.length - lost);
  kept.set(wet.subarray(0, at));
  kept.set(wet.subarray(at + lost), at);
  await writeWav(join(folder, name), kept, {
    sampleRate,
    format: { bits: 24, float: false },
  });
}
