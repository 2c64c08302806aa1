/**
 * What all-pass sections behind a compressor are worth on sound that they were not
 * fitted to.
 *
 * @module
 */

import { recordedTakes } from "../data/recorded_takes.ts";
import type { EngineName } from "../engines/open.ts";
import type { Model } from "../models/model.ts";
import { withSections } from "../models/presets.ts";
import type { Pair } from "../sound/signal.ts";
import { alignmentSchema, solverSchema } from "./fit_config.ts";
import { fitTakes, placeTake } from "./fit_takes.ts";

/** A model asked for, what was kept of it, and how it fares. */
export interface HeldOut {
  asked: string;
  kept: string;
  /** ESR on what it was fitted to. */
  esr: number;
  /** The worst one on what it was not. */
  esr_elsewhere: number;
}

/** Part of a pair that is fitted. */
const FITTED = 0.6;

/** Sections that are tried, the plain model first. */
const TRIED: readonly (1 | 2)[][] = [[], [1], [2], [1, 2]];

/** Fits `model` with and without sections to the first 60 % of `pair`. */
export async function heldOutFits(
  pair: Pair,
  model: Model,
  engine: EngineName,
): Promise<HeldOut[]> {
  const cut = Math.round(FITTED * pair.dry.length);
  const part = (from: number, to?: number) =>
    recordedTakes({
      ...pair,
      dry: pair.dry.slice(from, to),
      wet: pair.wet.slice(from, to),
    }, alignmentSchema.parse({})).takes;
  const rows: HeldOut[] = [];
  for (const orders of TRIED) {
    const asked = withSections(model, orders, false);
    const options = { chunks: {} };
    const solver = solverSchema.parse({});
    const fit = await fitTakes(part(0, cut), asked, solver, engine, options);
    let worst = 0;
    for (const take of part(cut)) {
      const { esr } = await placeTake(
        take,
        fit.model,
        fit.parameters,
        engine,
        options,
      );
      worst = Math.max(worst, esr);
    }
    rows.push({
      asked: asked.name,
      kept: fit.model.name,
      esr: fit.esr,
      esr_elsewhere: worst,
    });
  }
  return rows;
}
