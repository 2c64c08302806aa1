/**
 * Fits every setting of a unit, from the most peak reduction to the least.
 *
 * The first setting of a mode starts from the config's (the published) starting
 * point, each next one from its neighbour's result, as in the paper. Finished
 * settings are kept in a {@linkcode ResultStore} at once.
 *
 * @module
 */

import { type AlignmentConfig, alignPair } from "../data/aligned_pair.ts";
import type { LeftOut, LoadedPair, PairSource } from "../data/source.ts";
import { keyOfSetting, nameOfSetting, type Setting } from "../data/setting.ts";
import { type EngineName, keepReady, openEngine } from "../engines/open.ts";
import { fitPair } from "./fit.ts";
import { expands, gainAlone, reasonOf, verdictOf } from "./fit_verdict.ts";
import { fitWarnings, rangeSettingOf } from "./fit_warnings.ts";
import type { SolverConfig } from "./fit_config.ts";
import { type Bands, isInGroups, jackknifeBands } from "./jackknife.ts";
import type { BackgroundScorer } from "../metrics/background_score.ts";
import { type Score, scoreModel } from "../metrics/score.ts";
import type { Model, Values } from "../models/model.ts";
import { chunk, type ChunkOptions } from "../sound/chunks.ts";
import { paperCoordinates } from "../objective/coordinates.ts";
import type { StopReason } from "../optimise/minimiser.ts";
import type { ResultStore } from "../base/result_store.ts";
import { type FinishedSteps, runSteps } from "../base/steps.ts";
import { MATCH_THRESHOLD, searchAlignment } from "../sound/alignment.ts";
import { readClock } from "../sound/clock.ts";
import { isOfRecording, RecordingError } from "../sound/recording_error.ts";
import type { Pair } from "../sound/signal.ts";
import { lagMoves } from "../sound/steady_lag.ts";

export { keyOfSetting };

/** What a sweep found at one setting. */
export interface SettingFit extends Setting {
  /** Parameters found. */
  parameters: Values;
  /** Samples of lag that were removed; absent if none was looked for. */
  lag?: number;
  /** Seconds of sound that were used. */
  seconds: number;
  /** What a person should know about the recordings, and of relying on the fit. */
  warnings: string[];
  /** ESR over the chunks' counted samples, what the fit minimised. */
  chunkEsr: number;
  /** ESR and ΔLDR over the whole recording. */
  score: Score;
  /** ESR after the start and each iteration. */
  esrByIteration: number[];
  /**
   * The same of the coarse fit that went before, on a part of the sound and over
   * its counted samples; empty where there was none.
   */
  coarseEsrByIteration: number[];
  /** Whether the minimiser converged, and why it stopped. */
  converged: boolean;
  /** Why it stopped. */
  stopReason: StopReason;
  /** Eigenvalues of the Hessian at the end, ascending. */
  eigenvalues: number[];
  /** Where each parameter may lie, by the scatter of the chunks; absent for few. */
  bands?: Bands;
  /** Time the fit took, loading and scoring left out, in seconds. */
  fitSeconds: number;
}

/** What a sweep does at each setting. */
export interface SweepConfig {
  /** What is fitted; `4a-2a` in the published coordinates, unless ranges are given. */
  model: Model;
  /** Which engine. */
  engine: EngineName;
  /** How recordings are divided. */
  chunks: ChunkOptions;
  /** Whether and how far to look for a lag. */
  alignment: AlignmentConfig;
  /** The minimiser and where it starts. */
  solver: SolverConfig;
}

/** What a sweep may be given beside its config. */
export interface SweepOptions {
  /** Keeps results at once, and gives back those of an interrupted run. */
  store?: ResultStore;
  /**
   * Scores in a thread of its own, while the next setting is fitted. It takes
   * the pairs over, so they must not be the source's own: see
   * `openBackgroundSource`.
   */
  scorer?: BackgroundScorer;
  /**
   * Called for a setting whose recording cannot be used; the sweep goes on
   * without it. Where this is not given, the error ends the sweep.
   */
  onLeftOut?: (setting: LeftOut) => void;
}

/** A setting that was fitted, and whether in an earlier run. */
export type SweptSetting = SettingFit & { isKept: boolean };

/** A fit whose score is still to come, and what it is scored on. */
type Begun = Omit<SettingFit, "score"> & { pair: Pair };

/**
 * The steps of a sweep: fit a setting, from its neighbour's result where the mode
 * is the same, and score it.
 *
 * @param onPair Given each pair once it is fitted; a scorer takes it over after that.
 */
export function sweepSteps(
  source: PairSource,
  config: SweepConfig,
  scorer?: BackgroundScorer,
  onPair: (setting: Setting, pair: Pair) => void = () => {},
): FinishedSteps<Setting, SettingFit, LoadedPair, Begun> {
  return {
    key: keyOfSetting,
    name: nameOfSetting,
    open: () => keepReady(config.engine),
    load: (setting) => source.load(setting),
    follows: (setting, before) => setting.mode === before.mode,
    run: (setting, loaded, before, ready) =>
      fitSetting(setting, loaded, config, before?.parameters, ready),
    async finish({ pair, ...fit }, setting) {
      onPair(setting, pair);
      const candidates = [fit.parameters];
      const [score] = scorer === undefined
        ? await scoreModel(pair, config.model, candidates)
        : await scorer.score(pair, candidates, config.model);
      return { ...fit, score };
    },
  };
}

/**
 * Fits `settings`, which must be ordered as they are to be fitted; a change of
 * mode starts anew. Yields each as it is done. While one setting is fitted the
 * next is loaded and the one before is scored.
 *
 * @throws {Error} naming the setting where something went wrong.
 */
export async function* sweep(
  source: PairSource,
  settings: readonly Setting[],
  config: SweepConfig,
  { store, scorer, onLeftOut }: SweepOptions = {},
): AsyncGenerator<SweptSetting> {
  const onFailure = (setting: Setting, error: Error) => {
    if (onLeftOut === undefined || !isOfRecording(error)) return false;
    onLeftOut({ ...setting, reason: error.message });
    return true;
  };
  const steps = sweepSteps(source, config, scorer);
  for await (
    const { result, isKept } of runSteps(settings, steps, { store, onFailure })
  ) {
    yield { ...result, isKept };
  }
}

/**
 * ESR from which a lag that moves at all is looked into: one that moves by less than
 * {@linkcode FAR} samples leaves more. From the second on, which the published fits of
 * the LA-2A do not reach, the whole is looked at in any case.
 */
const DOUBTFUL_ESR = 0.05;
const POOR_ESR = 0.15;

/** Samples that a lag may move by in excerpts: a unit's phase moves that of low notes. */
const FAR = 3;

/** ESR from which it is asked whether a unit expands, and the seconds that tell. */
const EXPANDED_ESR = 0.01;
const SLOPE_SECONDS = 120;

/** Whether the lag of `pair`, whose fit left `esr`, may be one that moves. */
function isClockDoubtful(pair: Pair, esr: number): boolean {
  if (esr > POOR_ESR) return true;
  const moved = lagMoves(pair);
  return esr > DOUBTFUL_ESR ? moved !== 0 : moved !== undefined && moved > FAR;
}

/**
 * Refuses a pair whose lag does not hold: a sweep has one for each setting.
 *
 * @throws {RecordingError} naming what happened, and when.
 */
function requireOneClock(pair: Pair, { max_lag }: AlignmentConfig): void {
  const found = searchAlignment(pair.dry, pair.wet, max_lag);
  if (found.match < MATCH_THRESHOLD) return;
  const { sentences } = readClock(pair, found);
  if (sentences.length === 0) return;
  throw new RecordingError(
    `${
      sentences.join("; ")
    }: a sweep has one lag for each setting. Record it again, or fit it by itself with deno task fit, which puts that right`,
  );
}

/**
 * What is doubtful about a fit with `esr` to `pair`, if anything.
 *
 * @throws {RecordingError} where no compressor explains the pair.
 */
function doubtsOf(pair: Pair, esr: number): string[] {
  if (esr <= EXPANDED_ESR) return [];
  const { dry, wet, sampleRate } = pair;
  const length = Math.min(dry.length, Math.round(SLOPE_SECONDS * sampleRate));
  const from = Math.floor((dry.length - length) / 2);
  const middle = (side: Pair["dry"]) => side.subarray(from, from + length);
  const isExpanding = expands([
    { dry: middle(dry), wet: middle(wet), sampleRate },
  ]);
  if (esr <= DOUBTFUL_ESR && !isExpanding) return [];
  const verdict = verdictOf(esr, gainAlone([pair]), isExpanding);
  if (verdict.kind === "nothing found") {
    throw new RecordingError(reasonOf(verdict));
  }
  return verdict.kind === "compresses" && verdict.doubt !== undefined
    ? [verdict.doubt]
    : [];
}

async function fitSetting(
  setting: Setting,
  loaded: LoadedPair,
  config: SweepConfig,
  start: Values | undefined,
  onLoaded: () => void,
): Promise<Begun> {
  const { pair, lag, warnings } = alignPair(loaded, config.alignment);
  onLoaded();
  const started = performance.now();
  const { model, solver } = config;
  const chunked = chunk(pair, config.chunks);
  const found = await fitPair(
    chunked,
    model,
    solver,
    config.engine,
    {
      start,
      groupGradients: isInGroups(chunked),
      coordinates: paperCoordinates(model, {
        ranges: solver.ranges,
        sampleRate: pair.sampleRate,
      }),
    },
  );
  const { parameters, esr, targetEnergy, coarse, minimum } = found;
  if (config.alignment.enabled && isClockDoubtful(pair, esr)) {
    requireOneClock(loaded, config.alignment);
  }
  const doubts = doubtsOf(pair, esr);
  const fitSeconds = (performance.now() - started) / 1000;
  const bands = await jackknifeBands(
    chunked,
    found.coordinates,
    minimum,
    (part) => openEngine(config.engine, part, model),
    found.groupGradients,
  );
  return {
    pair,
    ...setting,
    parameters,
    lag,
    seconds: pair.dry.length / pair.sampleRate,
    warnings: [
      ...loaded.warnings ?? [],
      ...warnings,
      ...doubts,
      ...fitWarnings([pair], model, found, rangeSettingOf),
    ],
    chunkEsr: esr,
    esrByIteration: minimum.records.map(({ loss }) => loss / targetEnergy),
    coarseEsrByIteration: coarse === undefined
      ? []
      : coarse.records.map(({ loss }) => loss / coarse.targetEnergy),
    converged: minimum.converged,
    stopReason: minimum.stopReason,
    eigenvalues: minimum.records.at(-1)!.eigenvalues,
    ...(bands && { bands }),
    fitSeconds,
  };
}
