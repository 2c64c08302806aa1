/**
 * A setting of a capture by itself: its recordings read, and fitted from a neighbour's
 * result, or where that leads to little anew from the reference.
 *
 * @module
 */

import { type Positions, type RecordingInUnit } from "../data/unit_file.ts";
import type { EngineName } from "../engines/open.ts";
import { completed, type SolverConfig } from "../fitting/fit_config.ts";
import type { Model, Values } from "../models/model.ts";
import type { ChunkOptions } from "../sound/chunks.ts";
import { isOfRecording } from "../sound/recording_error.ts";
import { fitSetting, type FoundSetting } from "./fit_setting.ts";
import type { Capture } from "./manifest.ts";
import { openReader } from "./takes.ts";

/** A setting that was fitted. */
export interface CaptureFit extends FoundSetting {
  at: Positions;
  recordings: RecordingInUnit[];
  seconds: number;
}

/** A setting that was not. */
export interface LeftOutSetting {
  at: Positions;
  reason: string;
}

/** How a setting is fitted. */
export interface FitterConfig {
  engine: EngineName;
  solver: SolverConfig;
  chunks: ChunkOptions;
  alignment: { enabled: boolean; max_lag: number; delay: "whole" | "fraction" };
}

/**
 * Fits the setting of that place in the capture from `start`, the reference if there is
 * none. Why its recordings cannot be used, if they cannot.
 */
export type Fitter = (
  place: number,
  start: Values | undefined,
) => Promise<CaptureFit | LeftOutSetting>;

/** ESR above which a setting is fitted again from the reference. */
const RETRY_ESR = 0.02;

/** A fitter in this thread. */
export function openFitter(
  capture: Capture,
  config: FitterConfig,
  model: Model,
  reference: Values,
): Fitter {
  const { alignment } = config;
  const read = openReader(capture, alignment);
  const how = { ...config, model, isDelayed: isDelayed(config) };
  return async (place, start) => {
    const setting = capture.settings[place];
    const { at } = setting;
    try {
      const { takes, recordings, isSwapped, warnings, seconds } = await read(
        setting,
      );
      const from = completed(model, start ?? reference);
      let found = await fitSetting(takes, isSwapped, { ...how, start: from });
      if (found.esr > RETRY_ESR && start !== undefined) {
        const again = await fitSetting(takes, isSwapped, {
          ...how,
          start: reference,
        });
        if (again.esr < found.esr) found = again;
      }
      return {
        ...found,
        at,
        recordings: recordings.map((one, i) => ({
          ...one,
          ...(alignment.enabled && { lag_samples: found.lags[i] }),
        })),
        seconds,
        warnings: [...warnings, ...found.warnings],
      };
    } catch (error) {
      if (!isOfRecording(error)) throw error;
      return { at, reason: error.message };
    }
  };
}

/** Whether every take has a delay of its own, in parts of a sample. */
export function isDelayed({ alignment }: FitterConfig): boolean {
  return alignment.enabled && alignment.delay === "fraction";
}
