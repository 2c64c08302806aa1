/**
 * Which runs reached the best minimum of their setting, how far apart they ended, and
 * what it cost them.
 *
 * @module
 */

import * as z from "zod";
import { formatFixed } from "../base/format.ts";
import { median } from "../base/statistics.ts";
import type { Parameter } from "../models/model.ts";
import type { MethodName } from "../optimise/methods.ts";
import type { ProblemCosts } from "./performance_profile.ts";
import type { Run } from "./run.ts";
import type { Runs, Verdict } from "./verdict.ts";

/** One setting of a unit, or a pair of recordings, with all that was found. */
export interface Study {
  /** What a person calls it. */
  name: string;
  /** Mode of the setting, or "recording". */
  mode: string;
  /** Position of the knob; absent where there is none. */
  peak_reduction?: number;
  /** The runs. */
  runs: Runs;
  /** What they ended in. */
  verdict: Verdict;
}

/** Schema of how near the best ESR an end must come to count as there. */
export const reachedSchema = z.strictObject({
  /** As a part of it. */
  relative: z.number().nonnegative().default(1e-3),
  /** As an ESR. */
  absolute: z.number().nonnegative().default(1e-6),
});

/** How near the best ESR an end must come to count as there. */
export type Reached = z.output<typeof reachedSchema>;

/** Whether an ESR of `esr` counts as the best. */
export function isReached(
  esr: number,
  best: number,
  { relative, absolute }: Reached,
): boolean {
  return esr <= best * (1 + relative) + absolute;
}

/** What a method's runs at one setting amount to. */
export type Share = {
  mode: string;
  peak_reduction?: number;
  method: MethodName;
  /** Starts that reached the best minimum, and all. */
  reached: number;
  runs: number;
  /** The part that did, in per cent. */
  percent: number;
  /** Medians over those that did. */
  iterations: number;
  evaluations: number;
  seconds: number;
};

/** The lists of runs by method. */
function listsOf(runs: Runs): [MethodName, Run[]][] {
  return Object.entries(runs) as [MethodName, Run[]][];
}

/** Share of starts that got to the best minimum, by setting and method. */
export function sharesOf(
  studies: readonly Study[],
  reached: Reached,
): Share[] {
  return studies.flatMap(({ mode, peak_reduction, runs, verdict }) =>
    listsOf(runs).map(([method, list]) => {
      const there = list.filter(({ esr }) =>
        isReached(esr, verdict.best.esr, reached)
      );
      const total = ({ evaluations }: Run) =>
        evaluations.reduce((sum, count) => sum + count);
      return {
        mode,
        peak_reduction,
        method,
        reached: there.length,
        runs: list.length,
        percent: 100 * there.length / list.length,
        iterations: median(there.map(({ iterations }) => iterations)),
        evaluations: median(there.map(total)),
        seconds: median(there.map(({ seconds }) => seconds)),
      };
    })
  );
}

/**
 * What it cost each method to come as near as `reached` asks, start by start;
 * Infinity where one did not get there. Settings where fewer methods ran are left out.
 */
export function costsToReach(
  studies: readonly Study[],
  cost: "evaluations" | "seconds",
  reached: Reached,
): ProblemCosts[] {
  const count = ({ runs }: Study) => Object.keys(runs).length;
  const most = Math.max(...studies.map(count));
  return studies.filter((study) => count(study) === most)
    .flatMap(({ runs, verdict }) => {
      const lists = listsOf(runs);
      const common = Math.min(...lists.map(([, list]) => list.length));
      return Array.from(
        { length: common },
        (_, i) =>
          Object.fromEntries(lists.map(([method, list]) => {
            const point = list[i].curve.find(({ esr }) =>
              isReached(esr, verdict.best.esr, reached)
            );
            return [method, point?.[cost] ?? Infinity];
          })),
      );
    });
}

/** Excess of the ESR below which the curves of the loss show no difference. */
export const LOWEST_SHOWN = 1e-10;

/** Median over the starts of the ESR above the best, by evaluations. */
export function medianCurves({ runs, verdict }: Study) {
  return listsOf(runs).flatMap(([method, list]) => {
    const last = Math.max(
      ...list.map(({ curve }) => curve.at(-1)?.evaluations ?? 1),
    );
    const rows: {
      method: MethodName;
      evaluations: number;
      excess: number;
    }[] = [];
    for (let at = 1; at < 1.25 * last; at = Math.max(at + 1, at * 1.25)) {
      const evaluations = Math.min(Math.round(at), last);
      const excesses = list.map(({ curve }) => {
        const point = curve.findLast((point) =>
          point.evaluations <= evaluations
        ) ?? curve[0];
        return Math.max(LOWEST_SHOWN, point.esr - verdict.best.esr);
      });
      rows.push({ method, evaluations, excess: median(excesses) });
    }
    return rows;
  });
}

/** Whether a parameter's width is a part of it, rather than in dB. */
function isRelative({ scale }: Parameter): boolean {
  return scale !== "linear";
}

/** "dB" or "%", as {@linkcode halfWidth} and {@linkcode spreadOfEnds} count. */
export function widthUnit(parameter: Parameter): string {
  return isRelative(parameter) ? "%" : parameter.unit;
}

/** Half the width of an interval: in dB, or in per cent of its middle. */
export function halfWidth(
  parameter: Parameter,
  [low, high]: readonly [number, number],
): number {
  return isRelative(parameter)
    ? 50 * (high - low) / Math.sqrt(high * low)
    : (high - low) / 2;
}

/** Largest less smallest value of `parameter` among the ends that got there. */
export function spreadOfEnds(
  parameter: Parameter,
  { runs, verdict }: Study,
  reached: Reached,
): number {
  const values = (runs["trust-region"] ?? [])
    .filter(({ esr }) => isReached(esr, verdict.best.esr, reached))
    .map(({ end }) => end[parameter.name]);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return isRelative(parameter) ? 100 * (high / low - 1) : high - low;
}

/**
 * The best minimum of a study as a row: its parameters, how well each is determined
 * (`…_within`, `…_error`), and how far the runs that got there are apart (`…_spread`).
 */
export function rowOf(
  study: Study,
  parameters: readonly Parameter[],
  reached: Reached,
) {
  const { mode, peak_reduction, verdict } = study;
  const { best, curvature, within, standard } = verdict;
  const widths = parameters.flatMap((parameter) => {
    const { name } = parameter;
    return [
      [`${name}_within`, halfWidth(parameter, within[name])],
      [`${name}_error`, halfWidth(parameter, standard[name])],
      [`${name}_spread`, spreadOfEnds(parameter, study, reached)],
    ];
  });
  return {
    mode,
    peak_reduction,
    ...best,
    at_bounds: best.at_bounds.join(", "),
    minima: verdict.minima.length,
    condition: curvature.condition,
    eigenvalues: curvature.eigenvalues,
    faintest: faintDirection(curvature.faintest, parameters),
    ...Object.fromEntries(widths) as Record<string, number>,
  };
}

/** Columns of the widths in a {@linkcode rowOf}. */
export function widthColumns(parameters: readonly Parameter[]) {
  const kinds = { within: "freedom", error: "std. error", spread: "spread" };
  return parameters.flatMap((parameter) =>
    Object.entries(kinds).map(([kind, title]) => ({
      key: `${parameter.name}_${kind}`,
      title: `${parameter.title}, ${title}`,
      unit: widthUnit(parameter),
      digits: 2,
    }))
  );
}

/** The minima of each of `studies`, one row each. */
export function minimaOf(studies: readonly Study[]) {
  return studies.flatMap(({ mode, peak_reduction, verdict }) =>
    verdict.minima.map((one) => ({
      mode,
      peak_reduction,
      ...one,
      at_bounds: one.at_bounds.join(", "),
    }))
  );
}

/** The direction the data see least, in words. */
function faintDirection(
  direction: readonly number[],
  parameters: readonly Parameter[],
): string {
  return parameters.map(({ title }, i) => ({ title, part: direction[i] }))
    .filter(({ part }) => Math.abs(part) >= 0.2)
    .sort((a, b) => Math.abs(b.part) - Math.abs(a.part))
    .map(({ title, part }) => `${title.toLowerCase()} ${formatFixed(part, 2)}`)
    .join(", ");
}

/** Starts of `method` that reached the best minimum, from `from` on the knob up. */
export function reachedBy(
  method: MethodName,
  shares: readonly Share[],
  from = 0,
): { reached: number; runs: number; lowest_percent: number } {
  const counted = shares.filter((share) =>
    share.method === method && (share.peak_reduction ?? Infinity) >= from
  );
  const sum = (key: "reached" | "runs") =>
    counted.reduce((total, share) => total + share[key], 0);
  return {
    reached: sum("reached"),
    runs: sum("runs"),
    lowest_percent: Math.min(...counted.map(({ percent }) => percent)),
  };
}

/** All runs of `method` in short. */
export function behaviourOf(method: MethodName, studies: readonly Study[]) {
  const own = studies.flatMap(({ runs }) => runs[method] ?? []);
  return {
    runs: own.length,
    rose: own.filter(({ rose }) => rose).length,
    not_finite: own.filter(({ notFinite }) => notFinite).length,
    median_iterations: median(own.map(({ iterations }) => iterations)),
  };
}
