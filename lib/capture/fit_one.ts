/**
 * A setting of a capture by itself: its recordings read, and fitted from a neighbour's
 * result, or where that leads to little anew from the reference; and scored.
 *
 * @module
 */

import { type Positions, type RecordingInUnit } from "../data/unit_file.ts";
import type { EngineName } from "../engines/open.ts";
import { completed, type SolverConfig } from "../fitting/fit_config.ts";
import { type ScoredTake, scoreModel } from "../metrics/score.ts";
import type { Model, Values } from "../models/model.ts";
import type { ChunkOptions } from "../sound/chunks.ts";
import { isOfRecording } from "../sound/recording_error.ts";
import { fitSetting, type FoundSetting, inStep } from "./fit_setting.ts";
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

/** What works on settings, by their places in the capture. */
export interface Fitter {
  /**
   * Fits a setting from `start`, the reference if there is none. Why its recordings
   * cannot be used, if they cannot.
   */
  fit(
    place: number,
    start: Values | undefined,
  ): Promise<CaptureFit | LeftOutSetting>;
  /** ESR of each of `candidates` over the takes of a setting, as they lagged in `fit`. */
  score(
    place: number,
    fit: Pick<CaptureFit, "lags" | "recordings">,
    candidates: readonly Values[],
  ): Promise<number[]>;
}

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
  const fit: Fitter["fit"] = async (place, start) => {
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
  // A setting is scored several times in a row.
  let last: { place: number; takes: ScoredTake[] } | undefined;
  const score: Fitter["score"] = async (place, found, candidates) => {
    if (last?.place !== place) {
      const { lags, recordings } = found;
      const [{ polarity, drift_ppm, slips }] = recordings;
      const isSteady = recordings.length === 1 && polarity === 1 &&
        drift_ppm === undefined && slips === undefined;
      const known = isSteady ? Math.round(lags[0]) : undefined;
      const { takes } = await read(capture.settings[place], known);
      last = {
        place,
        takes: takes.map((take, i) => inStep(take, lags[i] - take.lag)),
      };
    }
    return await scoreOver(last.takes, model, candidates);
  };
  return { fit, score };
}

/** Whether every take has a delay of its own, in parts of a sample. */
export function isDelayed({ alignment }: FitterConfig): boolean {
  return alignment.enabled && alignment.delay === "fraction";
}

/** ESR of each of `candidates` over `pairs`, weighed by their length. */
async function scoreOver(
  pairs: readonly ScoredTake[],
  model: Model,
  candidates: readonly Values[],
): Promise<number[]> {
  const sums = candidates.map(() => 0);
  let length = 0;
  for (const pair of pairs) {
    const scores = await scoreModel(pair, model, candidates);
    scores.forEach(({ esr }, i) => sums[i] += esr * pair.dry.length);
    length += pair.dry.length;
  }
  return sums.map((sum) => sum / length);
}
