/**
 * The part of a config that says which recordings an experiment works on.
 *
 * @module
 */

import * as z from "zod";
import { ConfigError } from "../base/config.ts";
import { MODES, type Setting } from "./setting.ts";
import { UNIT_NAMES } from "./unit.ts";
import { userPath, userPathSchema } from "../base/user_path.ts";

/** The stimulus that is no folder: the synthetic sounds of SignalTrain. */
export const SIGNALTRAIN = "signaltrain";

/** What `--stimulus` names: {@linkcode SIGNALTRAIN}, or a folder as a person means it. */
export function stimulusPath(named: string): string {
  return named === SIGNALTRAIN ? named : userPath(named);
}

/** Schema of a stimulus in a config. */
export const stimulusSchema = z.string()
  .min(1, `is empty: give a folder or ${SIGNALTRAIN}, or leave it out`)
  .transform(stimulusPath);

/** Schema of `data` in an experiment's config. */
export const dataSchema = z.strictObject({
  /** Built-in unit: `optical`, a surrogate, or `twin`, the published curve. */
  unit: z.enum(UNIT_NAMES).default("optical"),
  /** A data set in SignalTrain's layout instead of a built-in unit. */
  folder: userPathSchema.nullable().default(null),
  /**
   * What drives the built-in unit instead of the stimulus: a folder of music, or
   * `signaltrain`, its synthetic sounds.
   */
  stimulus: stimulusSchema.nullable().default(null),
  /** Seconds of sound a setting. */
  duration: z.number().positive("must be above 0").max(36_000).default(60),
  /** Rate of the built-in stimulus, in Hz. */
  sample_rate: z.int().min(8000).max(384_000).default(44_100),
  /** Seed of the stimulus and of the unit's noise. */
  seed: z.int().min(0).default(1),
});

/** A checked `data` part of a config. */
export type DataConfig = z.output<typeof dataSchema>;

/**
 * Makes sure that a built-in unit, named on the command line as `unit`, or a
 * stimulus is not asked for beside recordings, where neither has a part.
 *
 * @throws {ConfigError} naming both.
 */
export function requireOneSource(
  { folder, stimulus }: DataConfig,
  unit?: string,
): void {
  if (folder === null) return;
  const other = unit !== undefined
    ? `--unit ${unit}`
    : stimulus !== null
    ? `--stimulus ${stimulus}`
    : undefined;
  if (other === undefined) return;
  throw new ConfigError(
    `${other} and --data ${folder} exclude each other: recordings are used as they are. Leave one of them out, here or in the config's data`,
  );
}

/** Schema of the settings that an experiment covers. */
export const settingsSchema = z.strictObject({
  /** Positions of the switch. */
  modes: z.array(z.enum(MODES)).min(1, "name at least one mode")
    .default([...MODES]),
  /** Positions of the knob, in any order; fitted from the highest down. */
  settings: z.array(z.number().min(0).max(100))
    .min(1, "name at least one setting")
    .default([100, 95, 90, 85, 80, 75, 70, 65, 60, 55, 50, 45, 40]),
});

/**
 * The settings in the order of the fits: each mode from the most peak reduction
 * down, for there the compressor works hardest and its parameters show most
 * clearly.
 */
export function settingsInOrder(
  { modes, settings }: z.output<typeof settingsSchema>,
): Setting[] {
  const knob = [...new Set(settings)].sort((a, b) => b - a);
  return [...new Set(modes)].flatMap((mode) =>
    knob.map((peakReduction) => ({ mode, peakReduction }))
  );
}
