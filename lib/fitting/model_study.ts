/**
 * Models side by side: each fitted to the first part of the same takes, and scored on
 * the rest with its state run on.
 *
 * @module
 */

import { mean, total } from "../base/statistics.ts";
import type { Processor } from "../compressor/compressor.ts";
import { nameOfSetting, type Setting } from "../data/setting.ts";
import type { PairSource } from "../data/source.ts";
import { gainOverTime } from "../metrics/gain.ts";
import { type Release, releaseOf } from "../metrics/release.ts";
import { keyOfSetting } from "./sweep.ts";
import { jsonValues } from "../data/values_schema.ts";
import { type RecordedTake, recordedTakes } from "../data/recorded_takes.ts";
import { openProcessor } from "../engines/open_processor.ts";
import type { EngineName } from "../engines/open.ts";
import type { Values } from "../models/model.ts";
import { parseModel } from "../models/presets.ts";
import { nameInTake } from "../objective/takes.ts";
import type { ChunkOptions } from "../sound/chunks.ts";
import type { Pair, Signal } from "../sound/signal.ts";
import type { SolverConfig } from "./fit_config.ts";
import { fitTakes, type TakesFit } from "./fit_takes.ts";
import {
  esrOf,
  headOf,
  playedTake,
  runOn,
  samplesOf,
  settled,
} from "./held_out.ts";
import { shelvedAs, startsFrom } from "./starts.ts";

/** How models are fitted here. */
export interface StudyConfig {
  engine: EngineName;
  solver: SolverConfig;
  chunks: ChunkOptions;
  /** Part of every take that is fitted, from 0 to 1. */
  part: number;
}

/** A model fitted to a part and scored on the rest, as plain data. */
export interface StudiedModel {
  /** What was asked for. */
  asked: string;
  /** What remained of it. */
  model: string;
  size: number;
  esr: number;
  held_out_esr: number;
  delta_ldr_db: number;
  seconds: number;
  lag_samples: number;
  params: Values;
}

/** The same, with what it came from. */
export interface Study {
  row: StudiedModel;
  fit: TakesFit;
}

/**
 * `name` fitted to the first part of `takes`. It starts from each of `others`, results
 * of the same parameters elsewhere, and from what the `simpler` model came to here;
 * without either, from anywhere.
 */
export async function studyModel(
  takes: readonly RecordedTake[],
  name: string,
  { engine, solver, chunks, part }: StudyConfig,
  { others = [], simpler, isDelayed = true }: {
    others?: readonly Values[];
    simpler?: Study;
    isDelayed?: boolean;
  } = {},
): Promise<Study> {
  const started = performance.now();
  const asked = parseModel(name);
  const model = simpler === undefined
    ? asked
    : shelvedAs(asked, simpler.fit.model);
  const placed = simpler === undefined
    ? takes
    : takes.map((take, i) => settled(take, simpler.fit.takes[i].lag));
  const delays = Object.fromEntries(placed.map(({ lag }, i) => [
    nameInTake("delay_samples", i, takes.length),
    simpler === undefined ? 0 : simpler.fit.takes[i].lag - lag,
  ]));
  const spread = simpler === undefined
    ? []
    : startsFrom(model, simpler.fit.model, simpler.fit.parameters)
      .slice(0, others.length === 0 ? undefined : 2);
  const starts = [...others, ...spread].map((start) => ({
    ...start,
    ...delays,
  }));
  const fit = await fitTakes(
    placed.map((take) => headOf(take, part)),
    model,
    solver,
    engine,
    { chunks, isDelayed, starts: starts.length === 0 ? undefined : starts },
  );
  const energies = await Promise.all(
    placed.map((take, i) =>
      runOn(take, fit.takes[i], fit.model, fit.parameters, part)
    ),
  );
  const row = {
    asked: name,
    model: fit.model.name,
    size: fit.model.parameters.length,
    esr: fit.esr,
    held_out_esr: esrOf(energies),
    delta_ldr_db: mean(energies.map(({ deltaLdrDb }) => deltaLdrDb)),
    seconds: (performance.now() - started) / 1000,
    lag_samples: fit.takes[0].lag,
    params: jsonValues(fit.parameters) as Values,
  };
  return { row, fit };
}

/** What is fitted at a setting: the paper's model alone, and two with all stages. */
export const BARE = "4a-2a";
const STAGES = "+saturation+coupling+bandwidth";
export const STAGED = BARE + STAGES;
export const RICH = "opto" + STAGES;

/** {@linkcode BARE}, {@linkcode STAGED} and {@linkcode RICH} at one setting. */
export async function studySetting(
  pair: Pair,
  how: StudyConfig,
  before?: readonly StudiedModel[],
): Promise<StudiedModel[]> {
  const takes = takesOf(pair);
  const bare = await studyModel(takes, BARE, how, { isDelayed: false });
  const staged = await studyModel(takes, STAGED, how);
  const rich = await studyModel(takes, RICH, how, {
    simpler: staged,
    // The neighbour's, so that the curve of the parameters is one.
    others: before?.filter(({ asked }) => asked === RICH)
      .map(({ params }) => params),
  });
  return [bare.row, staged.row, rich.row];
}

/** `pair` as takes, which are in step. */
export function takesOf(pair: Pair): RecordedTake[] {
  return recordedTakes(pair, { enabled: false, max_lag: 0 }).takes;
}

/** What is fitted to recordings, each from what the one before it came to. */
const TRIED = [
  "4a-2a",
  "4a-2a+soft-knee",
  "4a-2a+two-stage",
  "4a-2a+decibel+two-stage",
  "opto",
].map((name) => `${name}+coupling+bandwidth`);

/** {@linkcode BARE} and the models of {@linkcode TRIED} on the same takes. */
export async function studyTakes(
  takes: readonly RecordedTake[],
  how: StudyConfig,
): Promise<StudiedModel[]> {
  const { row } = await studyModel(takes, BARE, how, { isDelayed: false });
  const found: Study[] = [];
  for (const name of TRIED) {
    found.push(await studyModel(takes, name, how, { simpler: found.at(-1) }));
  }
  return [row, ...found.map(({ row }) => row)];
}

/** The setting of a unit, and three models there. */
export interface StudiedSetting extends ReturnType<typeof settingRow> {
  models: StudiedModel[];
}

function settingRow({ mode, peakReduction }: Setting) {
  return { mode, peak_reduction: peakReduction };
}

/** Steps that study the settings of `source`, from the most peak reduction down. */
export function settingSteps(source: PairSource, how: StudyConfig) {
  return {
    key: keyOfSetting,
    name: nameOfSetting,
    noun: "setting",
    load: (setting: Setting) => source.load(setting),
    follows: (setting: Setting, { mode }: Setting) => setting.mode === mode,
    async run(setting: Setting, pair: Pair, before?: StudiedSetting) {
      const models = await studySetting(pair, how, before?.models);
      return { ...settingRow(setting), models };
    },
  };
}

/** Means over several studies of the same models. */
export function meansOf(studies: readonly (readonly StudiedModel[])[]) {
  return studies[0].map(({ asked, size }, i) => {
    const mine = (of: (row: StudiedModel) => number) =>
      studies.map((rows) => of(rows[i]));
    return {
      asked,
      size,
      esr: mean(mine((row) => row.esr)),
      held_out_esr: mean(mine((row) => row.held_out_esr)),
      delta_ldr_db: mean(mine((row) => Math.abs(row.delta_ldr_db))),
      seconds: total(mine((row) => row.seconds)),
    };
  });
}

/** A loud tone let go of by the models of `rows`, and by the unit, if one is given. */
export async function releasesOf(
  rows: readonly StudiedModel[],
  sampleRate: number,
  unit?: Processor,
): Promise<(Release & { model: string })[]> {
  const found = unit === undefined
    ? []
    : [{ model: "the unit", ...releaseOf(unit, sampleRate) }];
  for (const { asked, model, params } of rows) {
    const one = await openProcessor(parseModel(model), params, sampleRate);
    found.push({ model: asked, ...releaseOf(one, sampleRate) });
  }
  return found;
}

/** The release of a model as rows, finer at first. */
export function releaseRows(
  { model, seconds, gainDb }: Release & { model: string },
) {
  return seconds.map((seconds, i) => ({ model, seconds, gain_db: gainDb[i] }))
    .filter(({ seconds }, i) => i % Math.ceil(10 * seconds) === 0);
}

/** Seconds that are shown of a recording. */
const SHOWN = 2;

/** Gain over time of the wet side and of every model, where the gain rises most. */
export async function gainsOf(
  takes: readonly RecordedTake[],
  rows: readonly StudiedModel[],
  { part }: StudyConfig,
) {
  const [take] = takes;
  const at = (lag: number) => ({ lag });
  const played = await Promise.all(
    rows.map(({ model, params, lag_samples }) =>
      playedTake(take, at(lag_samples), parseModel(model), params)
    ),
  );
  const { pair } = played.at(-1)!;
  const { sampleRate } = pair;
  const from = take.lead + Math.round(part * samplesOf(take));
  const gainOf = (side: Signal) => {
    const [dry, wet] = [pair.dry, side].map((one) => one.subarray(from));
    return gainOverTime(dry, wet, sampleRate);
  };
  const curves = [
    { model: "the recording", ...gainOf(pair.wet) },
    ...played.map(({ made }, i) => ({ model: rows[i].asked, ...gainOf(made) })),
  ];
  const { seconds, gainDb } = curves[0];
  const step = seconds[1] - seconds[0];
  const reach = Math.round(SHOWN / 2 / step);
  let [most, middle] = [-Infinity, 0];
  gainDb.forEach((gain, i) => {
    const rise = gainDb[i + reach] - gain;
    if (rise > most) [most, middle] = [rise, seconds[i] + SHOWN / 4];
  });
  return curves.flatMap(({ model, seconds, gainDb }) =>
    seconds.map((seconds, i) => ({ model, seconds, gain_db: gainDb[i] }))
      .filter(({ seconds, gain_db }) =>
        Number.isFinite(gain_db) && Math.abs(seconds - middle) < SHOWN / 2
      )
  );
}
