/**
 * What a sweep found, as a unit.
 *
 * @module
 */

import type { SourceFacts } from "../data/source.ts";
import { levellingUnit, type Unit, versions } from "../data/unit_file.ts";
import type { Model, Parameter } from "../models/model.ts";
import { curveToCsv } from "../data/curve_csv.ts";
import { jsonValues } from "../data/values_schema.ts";
import { publishedFit } from "../data/published.ts";
import type { SettingFit } from "./sweep.ts";

/** What must go with everything that was fitted to surrogate data. */
export const SURROGATE_REMARK = "Surrogate data: not measured on a real LA-2A";

/** Where what was fitted to the data of `facts` comes from, in words. */
export function originInWords({ title, surrogate }: SourceFacts): string {
  return `Fitted by Optofit to ${title}.${
    surrogate ? ` ${SURROGATE_REMARK}.` : ""
  }`;
}

/**
 * The unit that `fits` of `model` describe. It bears no date, so that a run that
 * was interrupted and taken up ends with the same bytes.
 */
export function sweptUnit(
  model: Model,
  fits: readonly SettingFit[],
  facts: SourceFacts,
): Unit {
  const points = fits.map((fit) => ({
    mode: fit.mode,
    peakReduction: fit.peakReduction,
    parameters: fit.parameters,
    esr: fit.chunkEsr,
    whole_esr: fit.score.esr,
    delta_ldr_db: fit.score.deltaLdrDb,
    converged: fit.converged,
    ...(fit.warnings.length > 0 && { warnings: fit.warnings }),
    ...(fit.lag !== undefined && { recordings: [{ lag_samples: fit.lag }] }),
  }));
  const origin = {
    text: originInWords(facts),
    ...(facts.surrogate && { surrogate: true }),
    versions: versions(),
  };
  return levellingUnit(model, points, origin, {
    unit: facts.title,
    sample_rate: facts.sampleRate,
  });
}

/** What was found at a setting, as the JSON of the sweep spells it. */
export function settingRow(fit: SettingFit) {
  return {
    mode: fit.mode,
    peak_reduction: fit.peakReduction,
    params: jsonValues(fit.parameters),
    esr: fit.score.esr,
    whole_esr: fit.score.esr,
    chunk_esr: fit.chunkEsr,
    delta_ldr_db: fit.score.deltaLdrDb,
    lag_samples: fit.lag ?? null,
    iterations: fit.esrByIteration.length - 1,
    coarse_iterations: Math.max(0, fit.coarseEsrByIteration.length - 1),
    converged: fit.converged,
    stop_reason: fit.stopReason,
    warnings: fit.warnings,
    bands: fit.bands,
    fit_seconds: fit.fitSeconds,
  };
}

/** Whether the loss of `fit` never rises from one iteration to the next. */
export function neverRises(fit: SettingFit): boolean {
  return [fit.esrByIteration, fit.coarseEsrByIteration].every((esrs) =>
    esrs.every((esr, i) => i === 0 || esr <= esrs[i - 1])
  );
}

/**
 * What was found, from `source`, as charts over the knob take it: parameters, the ends
 * of their bands as `NAME_low` and `NAME_high`, and scores.
 */
export function curveRows(fits: readonly SettingFit[], source: string) {
  return fits.map((fit) => ({
    source,
    mode: fit.mode,
    peak_reduction: fit.peakReduction,
    ...fit.parameters,
    ...Object.fromEntries(
      Object.entries(fit.bands ?? {}).flatMap(([name, [low, high]]) => [
        [`${name}_low`, low],
        [`${name}_high`, high],
      ]),
    ),
    esr: fit.score.esr,
    delta_ldr_db: fit.score.deltaLdrDb,
  }));
}

/** Columns of {@linkcode recoveryRow}. */
export const RECOVERY_COLUMNS = [
  "mode",
  "peak_reduction",
  { key: "threshold_db", title: "Threshold", unit: "dB", digits: 2 },
  { key: "ratio", title: "Ratio", unit: "%", digits: 2 },
  { key: "attack", title: "Attack", unit: "%", digits: 2 },
  { key: "release", title: "Release", unit: "%", digits: 2 },
  { key: "make_up_db", title: "Make-up", unit: "dB", digits: 2 },
];

/** Parameters of the published model found at a setting, less the true ones. */
export function recoveryRow(
  { mode, peakReduction, parameters: found }: SettingFit,
) {
  const { parameters: truth } = publishedFit({ mode, peakReduction })!;
  const percent = (a: number, b: number) => 100 * (a / b - 1);
  return {
    mode,
    peak_reduction: peakReduction,
    threshold_db: found.threshold_db - truth.threshold_db,
    ratio: percent(found.ratio, truth.ratio),
    attack: percent(found.attack_ms, truth.attack_ms),
    release: percent(found.release_ms, truth.release_ms),
    make_up_db: found.make_up_db - truth.make_up_db,
  };
}

/** Where a setting was tested with interpolated parameters, the ESRs. */
export interface TestedSetting {
  mode: string;
  peak_reduction: number;
  linear: number;
  spline: number;
}

/**
 * The curve of `fits` to the published model in the published columns, a file for each
 * mode by its name; that of a surrogate says so, in its name too.
 *
 * @param tests ESRs of the interpolation test.
 */
export function publishedFiles(
  fits: readonly SettingFit[],
  tests: readonly TestedSetting[],
  { name, surrogate }: SourceFacts,
): Record<string, string> {
  const rows = fits.map((fit) => {
    const tested = tests.find((one) =>
      one.mode === fit.mode && one.peak_reduction === fit.peakReduction
    );
    return {
      ...fit,
      esr: fit.score.esr,
      esrLinear: tested?.linear,
      esrSpline: tested?.spline,
    };
  });
  const remark = surrogate ? SURROGATE_REMARK : "";
  return Object.fromEntries(
    [...new Set(fits.map((fit) => fit.mode))].map((mode) => [
      `${surrogate ? `surrogate-${name}-` : ""}${mode}.csv`,
      curveToCsv(rows, mode, remark),
    ]),
  );
}

/** The columns of what {@linkcode settingRow} gives. */
export function settingColumns(parameters: readonly Parameter[]) {
  return [
    "mode",
    "peak_reduction",
    ...parameters,
    { key: "esr", digits: 3 },
    { key: "delta_ldr_db", decimals: 3 },
    "iterations",
    { key: "coarse_iterations", title: "On a part before" },
    "stop_reason",
    "lag_samples",
    { key: "fit_seconds", title: "Time", unit: "s", digits: 2 },
  ];
}
