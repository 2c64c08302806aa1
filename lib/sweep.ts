/**
 * Fits every setting of a unit, from the most peak reduction to the least.
 *
 * The first setting of a mode starts from the config's (the published) starting
 * point, each next one from its neighbour's result, as in the paper. Finished
 * settings are kept in a {@linkcode ResultStore} at once.
 *
 * @module
 */

import type { CompressorParameters } from "./compressor/parameters.ts";
import { type AlignmentConfig, alignPair } from "./data/aligned_pair.ts";
import type { PairSource } from "./data/source.ts";
import { nameOfSetting, type Setting } from "./data/setting.ts";
import type { EngineName } from "./engines/open.ts";
import { fitPair } from "./fit.ts";
import type { SolverConfig } from "./fit_config.ts";
import { type Score, score } from "./metrics/score.ts";
import { chunk, type ChunkOptions } from "./objective/chunks.ts";
import type { StopReason } from "./optimise/minimiser.ts";
import type { ResultStore } from "./result_store.ts";

/** What a sweep found at one setting. */
export interface SettingFit extends Setting {
  /** Parameters found. */
  parameters: CompressorParameters;
  /** Samples of lag that were removed; absent if none was looked for. */
  lag?: number;
  /** What a person should know about the recordings. */
  warnings: string[];
  /** ESR over the chunks' counted samples, what the fit minimised. */
  chunkEsr: number;
  /** ESR and ΔLDR over the whole recording. */
  score: Score;
  /** ESR after the start and each iteration. */
  esrByIteration: number[];
  /** Whether the minimiser converged, and why it stopped. */
  converged: boolean;
  /** Why it stopped. */
  stopReason: StopReason;
  /** Eigenvalues of the Hessian at the end, ascending. */
  eigenvalues: number[];
  /** Time the fit took, loading and scoring left out, in seconds. */
  fitSeconds: number;
}

/** What a sweep does at each setting. */
export interface SweepConfig {
  /** Which engine. */
  engine: EngineName;
  /** How recordings are divided. */
  chunks: ChunkOptions;
  /** Whether and how far to look for a lag. */
  alignment: AlignmentConfig;
  /** The minimiser and where it starts. */
  solver: SolverConfig;
}

/**
 * Fits `settings`, which must be ordered as they are to be fitted; a change of
 * mode starts anew. Yields each as it is done.
 *
 * @throws {Error} naming the setting whose recording cannot be fitted.
 */
export async function* sweep(
  source: PairSource,
  settings: readonly Setting[],
  config: SweepConfig,
  store?: ResultStore,
): AsyncGenerator<SettingFit & { isKept: boolean }> {
  let before: SettingFit | undefined;
  for (const setting of settings) {
    const key = keyOfSetting(setting);
    const kept = await store?.get<SettingFit>(key);
    const neighbour = before?.mode === setting.mode ? before : undefined;
    const fit = kept ?? await fitSetting(source, setting, config, neighbour);
    if (kept === undefined) await store?.put(key, fit);
    before = fit;
    yield { ...fit, isKept: kept !== undefined };
  }
}

/** Name of a setting's result, such as "compress_045". */
export function keyOfSetting({ mode, peakReduction }: Setting): string {
  return `${mode}_${String(peakReduction).padStart(3, "0")}`;
}

async function fitSetting(
  source: PairSource,
  setting: Setting,
  config: SweepConfig,
  neighbour?: SettingFit,
): Promise<SettingFit> {
  try {
    const { pair, lag, warnings } = alignPair(
      await source.load(setting),
      config.alignment,
    );
    const started = performance.now();
    const { parameters, esr, targetEnergy, minimum } = await fitPair(
      chunk(pair, config.chunks),
      config.solver,
      config.engine,
      { start: neighbour?.parameters },
    );
    const fitSeconds = (performance.now() - started) / 1000;
    return {
      ...setting,
      parameters,
      lag,
      warnings,
      chunkEsr: esr,
      score: score(pair, [parameters])[0],
      esrByIteration: minimum.records.map(({ loss }) => loss / targetEnergy),
      converged: minimum.converged,
      stopReason: minimum.stopReason,
      eigenvalues: minimum.records.at(-1)!.eigenvalues,
      fitSeconds,
    };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new Error(`${nameOfSetting(setting)}: ${error.message}`, {
      cause: error,
    });
  }
}
