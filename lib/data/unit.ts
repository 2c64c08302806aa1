/**
 * The built-in units: what a stimulus can be sent through where no recordings of
 * a real one are at hand. Both are surrogates, not measured on an LA-2A.
 *
 * @module
 */

import type { Processor } from "../compressor/compressor.ts";
import { createOptical, OPTICAL_VERSION } from "./optical.ts";
import { nameOfSetting, type Setting } from "./setting.ts";
import { createTwin } from "./twin.ts";

/** Names of the built-in units. */
export const UNIT_NAMES = ["optical", "twin"] as const;

/** Name of a built-in unit. */
export type UnitName = typeof UNIT_NAMES[number];

/** What each unit is, for reports and for the read-me of a data set. */
export const UNITS: Record<
  UnitName,
  { title: string; description: string; version: number }
> = {
  optical: {
    title: "the optical unit, a made-up levelling amplifier",
    description:
      "A simulated levelling amplifier that shares nothing with the fitted " +
      "model: a feedback side chain, an electro-optical cell whose release has " +
      "two stages, coupling capacitors, mild saturation, an output transformer " +
      "and noise. Its knob and its cell are calibrated so that the curves " +
      "fitted to it follow the published trends. It was not measured on a real " +
      "LA-2A.",
    version: OPTICAL_VERSION,
  },
  twin: {
    title: "the twin, the published curve played back",
    description:
      "The compressor itself with the published parameters of each setting, so " +
      "that the right answer is known. It was not measured on a real LA-2A.",
    version: 1,
  },
};

/** A built-in unit at rest, its noise seeded by `seed` and the setting. */
export function createUnit(
  unit: UnitName,
  setting: Setting,
  { sampleRate, seed }: { sampleRate: number; seed: number | string },
): Processor {
  if (unit === "twin") return createTwin(setting, sampleRate);
  return createOptical({
    ...setting,
    sampleRate,
    seed: `${seed}/${nameOfSetting(setting)}`,
  });
}
