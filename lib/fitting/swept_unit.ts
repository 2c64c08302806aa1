/**
 * What a sweep found, as a unit.
 *
 * @module
 */

import type { SourceFacts } from "../data/source.ts";
import { levellingUnit, type Unit, versions } from "../data/unit_file.ts";
import type { Model } from "../models/model.ts";
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
