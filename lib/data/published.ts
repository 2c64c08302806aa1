/**
 * The published figures that results are shown beside: C.-Y. Yu and G. Fazekas,
 * "Sound Matching an Analogue Levelling Amplifier Using the Newton-Raphson
 * Method", AES International Conference on Artificial Intelligence and Machine
 * Learning for Audio (AIMLA), 2025, arXiv 2509.10706. The CSV files beside this
 * module are the ones of the paper's repository, aim-qmul/4a2a.
 *
 * @module
 */

import { curveFromCsv, type CurveRow } from "./curve_csv.ts";
import { MODES, sameSetting, type Setting } from "./setting.ts";
import compressText from "./published/comp.csv" with { type: "text" };
import limitText from "./published/limit.csv" with { type: "text" };
import scoresText from "./published/scores.csv" with { type: "text" };

/** The paper, in short. */
export const PAPER = "Yu and Fazekas, AES AIMLA 2025";

/** Citation of the figures, for captions. */
export const PUBLISHED_CITATION =
  "C.-Y. Yu, G. Fazekas, “Sound Matching an Analogue Levelling Amplifier " +
  "Using the Newton-Raphson Method”, AES AIMLA 2025, arXiv 2509.10706; " +
  "figures from the repository aim-qmul/4a2a";

/** Published fit of one setting ("4A-2A"); interpolated at 45, 55 … 95 only. */
export type PublishedFit = CurveRow;

/** Published scores of one method at one setting. */
export interface PublishedScore extends Setting {
  /** "4A2A", "4A2A+GRU", "UAD", "CA-2A" or "CLA-2A". */
  method: string;
  /** Error-to-signal ratio. */
  esr: number;
  /** Difference in loudness dynamic range from the recording, in dB. */
  deltaLdrDb: number;
}

/** The published curve: 13 settings of each mode, peak reduction rising. */
export const PUBLISHED_FITS: readonly PublishedFit[] = [
  ...curveFromCsv(compressText, "compress", "comp.csv"),
  ...curveFromCsv(limitText, "limit", "limit.csv"),
];

/** Published scores of every method, as listed. */
export const PUBLISHED_SCORES: readonly PublishedScore[] = scoresText.trim()
  .split(/\r?\n/).slice(1).map((line) => line.split(","))
  .map(([method, mode, peakReduction, esr, ldr]) => ({
    method,
    mode: MODES[Number(mode)],
    peakReduction: Number(peakReduction),
    esr: Number(esr),
    deltaLdrDb: Number(ldr),
  }));

/** The published fit of `setting`, or undefined where there is none. */
export function publishedFit(
  { mode, peakReduction }: Setting,
): PublishedFit | undefined {
  return PUBLISHED_FITS.find((fit) =>
    fit.mode === mode && fit.peakReduction === peakReduction
  );
}

/** The published fits of `settings`, of those that there are. */
export function publishedFits(settings: readonly Setting[]): PublishedFit[] {
  return settings.flatMap((setting) => publishedFit(setting) ?? []);
}

/** ESRs of the published interpolation test at the setting of `fit`, where tested. */
export function interpolationOf(
  { esr, esrLinear, esrSpline }: PublishedFit,
): { fitted: number; linear: number; spline: number }[] {
  return esrLinear === undefined || esrSpline === undefined
    ? []
    : [{ fitted: esr, linear: esrLinear, spline: esrSpline }];
}

/** The published curve and its scores at `settings`, as charts over the knob take it. */
export function publishedRows(settings: readonly Setting[]) {
  return settings.flatMap((setting) => {
    const fit = publishedFit(setting);
    const score = PUBLISHED_SCORES.find((row) =>
      row.method === "4A2A" && sameSetting(setting, row)
    );
    return fit === undefined ? [] : [{
      source: "published",
      mode: setting.mode,
      peak_reduction: setting.peakReduction,
      ...fit.parameters,
      esr: score?.esr ?? NaN,
      delta_ldr_db: score?.deltaLdrDb ?? NaN,
    }];
  });
}

/** What the LA-2A's maker says of it, to stand beside the curves. */
export const MAKERS_WORDS =
  "The maker says of the LA-2A: “The average compression ratio is always set at " +
  "roughly 3:1, while the average attack time is 10 milliseconds, and the release time " +
  "is about 60 milliseconds for 50 % of the release, and anywhere from 1 to 15 seconds " +
  "for the rest” (Universal Audio's page on the LA-2A, quoted in the slides of 4A-2A). A " +
  "release that is half way after 60 ms takes 190 ms from 10 to 90 %, were it of one stage.";
