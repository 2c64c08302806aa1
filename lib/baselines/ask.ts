/**
 * Unit and fitted models on test signals. Recordings cannot be asked; a built-in unit
 * can.
 *
 * @module
 */

import { createFastCompressor } from "../compressor/render.ts";
import type { CurvePoint } from "../data/curve.ts";
import { nameOfSetting } from "../data/setting.ts";
import { createUnit, type UnitName } from "../data/unit.ts";
import { createCompressorWithGru } from "../gru/processor.ts";
import { FITTED, WITH_GRU } from "./methods.ts";
import {
  recoverySeconds,
  staticCurve,
  type StaticPoint,
  type StepResponses,
  stepResponses,
} from "./probe_signals.ts";

/** The answers of one of them at one setting. */
export interface Answer {
  /** Who was asked. */
  source: string;
  /** At which setting. */
  setting: string;
  /** Its static curve. */
  curve: StaticPoint[];
  /** Its answer to steps of level. */
  steps: StepResponses;
  /** Seconds until half of the way back from a step down is gone. */
  half_seconds: number;
  /** The same of nine tenths. */
  most_seconds: number;
}

/** Columns of how long the gain takes to come back. */
export const RECOVERY_COLUMNS = [
  { key: "source", title: "Signal" },
  { key: "setting", title: "Setting" },
  { key: "half_seconds", title: "Half of the way", unit: "s", digits: 2 },
  { key: "most_seconds", title: "Nine tenths", unit: "s", digits: 2 },
];

/** Asks `unit`, 4A-2A and 4A-2A-G at each of `fits`. */
export function askAll(
  unit: UnitName,
  fits: readonly CurvePoint[],
  weights: Float64Array,
  sampleRate: number,
): Answer[] {
  return fits.flatMap((fit) => {
    const { parameters } = fit;
    const asked = [
      [unit, () => createUnit(unit, fit, { sampleRate, seed: 0 })],
      [FITTED, () => createFastCompressor(parameters, sampleRate)],
      [
        WITH_GRU,
        () => createCompressorWithGru(parameters, weights, sampleRate),
      ],
    ] as const;
    return asked.map(([source, create]) => {
      const steps = stepResponses(create, sampleRate);
      return {
        source,
        setting: nameOfSetting(fit),
        curve: staticCurve(create, sampleRate),
        steps,
        half_seconds: recoverySeconds(steps, 0.5),
        most_seconds: recoverySeconds(steps, 0.9),
      };
    });
  });
}
