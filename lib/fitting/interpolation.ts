/**
 * The interpolation test: every second setting of a mode is left out, its parameters
 * are interpolated from the others, and the result is scored on its recording over
 * the whole of it, as published. A curve that passes is one that a knob can be driven
 * by.
 *
 * @module
 */

import { median } from "../base/statistics.ts";
import { parametersAt } from "../data/curve.ts";
import type { CurvePoint } from "../data/curve_csv.ts";
import { nameOfSetting, sameSetting, type Setting } from "../data/setting.ts";
import { alignPair } from "../data/aligned_pair.ts";
import type { LoadedPair, PairSource } from "../data/source.ts";
import { fingerprint } from "../base/result_store.ts";
import type { Pair } from "../sound/signal.ts";
import type { BackgroundScorer } from "../metrics/background_score.ts";
import { keyOfSetting, type SettingFit, type SweepConfig } from "./sweep.ts";
import type { Values } from "../models/model.ts";

/** A setting left out, with its parameters from those beside it. */
export interface InterpolationTest extends Setting {
  /** On a straight line between its neighbours. */
  linear: Values;
  /** On a not-a-knot cubic spline through all others. */
  spline: Values;
}

/** Every second setting of each mode, those between others. */
export function interpolationTests(
  fits: readonly CurvePoint[],
): InterpolationTest[] {
  return [...new Set(fits.map((fit) => fit.mode))].flatMap((mode) => {
    const ascending = fits.filter((fit) => fit.mode === mode)
      .sort((a, b) => a.peakReduction - b.peakReduction);
    const knots = ascending.filter((_, i) => i % 2 === 0);
    return ascending
      .filter((fit, i) =>
        i % 2 === 1 && fit.peakReduction < knots.at(-1)!.peakReduction
      )
      .map(({ mode, peakReduction }) => ({
        mode,
        peakReduction,
        linear: parametersAt(knots, { mode, peakReduction }, "linear"),
        spline: parametersAt(knots, { mode, peakReduction }, "spline"),
      }));
  });
}

/** A test, and what its result is kept by: which settings there are counts too. */
export interface KeyedTest extends InterpolationTest {
  key: string;
  /** ESR of the setting's own fit. */
  fitted: number;
}

/** The tests of `fits`, by key. */
export async function keyedTests(
  fits: readonly SettingFit[],
): Promise<KeyedTest[]> {
  return await Promise.all(
    interpolationTests(fits).map(async (test) => {
      const print = await fingerprint([test.linear, test.spline]);
      return {
        ...test,
        key: `interpolation_${keyOfSetting(test)}_${print}`,
        fitted: fits.find((fit) => sameSetting(fit, test))!.score.esr,
      };
    }),
  );
}

/**
 * Every second setting is left out, its parameters are interpolated from the others,
 * and the result is scored on its recording, over the whole of it as published. A
 * curve that passes is one that a knob can be driven by.
 */
export function interpolationSteps(
  source: PairSource,
  { model, alignment }: Pick<SweepConfig, "model" | "alignment">,
  scorer: BackgroundScorer,
) {
  return {
    key: (test: KeyedTest) => test.key,
    name: nameOfSetting,
    load: (test: KeyedTest) => source.load(test),
    run: (_: KeyedTest, loaded: LoadedPair) =>
      Promise.resolve(alignPair(loaded, alignment).pair),
    async finish(pair: Pair, test: KeyedTest) {
      const candidates = [test.linear, test.spline];
      const [linear, spline] = await scorer.scoreEsr(pair, candidates, model);
      return { linear, spline };
    },
  };
}

/** A test and its result, as the JSON spells it. */
export function testedRow(
  { mode, peakReduction, fitted }: KeyedTest,
  esrs: { linear: number; spline: number },
) {
  return { mode, peak_reduction: peakReduction, fitted, ...esrs };
}

/** ESRs at a setting: fitted there, and with parameters from its neighbours. */
export interface InterpolatedEsrs {
  fitted: number;
  linear: number;
  spline: number;
}

/** By how much interpolation raises the ESR, in per cent, by method. */
export interface Growth {
  source: string;
  method: "linear" | "spline";
  /** How many settings were tested. */
  settings: number;
  median: number;
  largest: number;
}

/** What became of the test at the settings of `source`; nothing where there are none. */
export function growthOf(
  source: string,
  tested: readonly InterpolatedEsrs[],
): Growth[] {
  if (tested.length === 0) return [];
  return (["linear", "spline"] as const).map((method) => {
    const parts = tested.map((esrs) => 100 * (esrs[method] / esrs.fitted - 1));
    return {
      source,
      method,
      settings: tested.length,
      median: median(parts),
      largest: Math.max(...parts),
    };
  });
}

/** The columns of what {@linkcode growthOf} gives. */
export const GROWTH_COLUMNS = [
  { key: "source", title: "Source" },
  "method",
  { key: "settings", title: "Settings" },
  { key: "median", title: "Median", unit: "%", digits: 3 },
  { key: "largest", title: "Largest", unit: "%", digits: 3 },
];
