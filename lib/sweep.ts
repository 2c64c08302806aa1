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
import { chunk, type ChunkOptions, type Pair } from "./objective/chunks.ts";
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
  /** Iterations of the coarse fit that went before; 0 where there was none. */
  coarseIterations: number;
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
  const load = (setting: Setting) => {
    const pair = source.load(setting);
    pair.catch(() => {}); // Reported when its turn comes.
    return pair;
  };
  let before: SettingFit | undefined;
  // The next setting's recording, which is loaded while the present one is fitted.
  let ahead: { setting: Setting; pair: Promise<Pair> } | undefined;
  for (const [i, setting] of settings.entries()) {
    const key = keyOfSetting(setting);
    const kept = await store?.get<SettingFit>(key);
    const neighbour = before?.mode === setting.mode ? before : undefined;
    let fit = kept;
    if (fit === undefined) {
      const pair = ahead?.setting === setting ? ahead.pair : load(setting);
      ahead = undefined;
      const next = settings.at(i + 1);
      fit = await fitSetting(setting, pair, config, neighbour, () => {
        if (next !== undefined) ahead = { setting: next, pair: load(next) };
      });
      await store?.put(key, fit);
    }
    before = fit;
    yield { ...fit, isKept: kept !== undefined };
  }
}

/** Name of a setting's result, such as "compress_045". */
export function keyOfSetting({ mode, peakReduction }: Setting): string {
  return `${mode}_${String(peakReduction).padStart(3, "0")}`;
}

async function fitSetting(
  setting: Setting,
  loading: Promise<Pair>,
  config: SweepConfig,
  neighbour: SettingFit | undefined,
  onLoaded: () => void,
): Promise<SettingFit> {
  try {
    const { pair, lag, warnings } = alignPair(await loading, config.alignment);
    onLoaded();
    const started = performance.now();
    const fit = await fitPair(
      chunk(pair, config.chunks),
      config.solver,
      config.engine,
      { start: neighbour?.parameters },
    );
    const { parameters, esr, targetEnergy, minimum } = fit;
    const fitSeconds = (performance.now() - started) / 1000;
    return {
      ...setting,
      parameters,
      lag,
      warnings,
      chunkEsr: esr,
      score: score(pair, [parameters])[0],
      esrByIteration: minimum.records.map(({ loss }) => loss / targetEnergy),
      coarseIterations: fit.coarseIterations,
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
