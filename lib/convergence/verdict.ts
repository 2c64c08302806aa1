/**
 * The verdict on the runs at one setting: the best minimum, the others that
 * trust-region ended in and what each is, and what the curvature at the best says
 * about the parameters.
 *
 * @module
 */

import { formatNumber } from "../base/format.ts";
import type { Parameter, Values } from "../models/model.ts";
import type { Coordinates } from "../objective/coordinates.ts";
import type { MethodName } from "../optimise/methods.ts";
import {
  type Curvature,
  curvatureOf,
  type Intervals,
  intervalsOf,
  spreadOf,
} from "./curvature.ts";
import { distinctMinima } from "./minima.ts";
import type { OpenEsr, Run } from "./run.ts";

/** The runs of each method at one setting, in the order of the starts. */
export type Runs = Readonly<Partial<Record<MethodName, Run[]>>>;

/** A minimum that runs ended in. */
export interface Minimum {
  /** ESR there. */
  esr: number;
  /** The parameters. */
  params: Values;
  /** Names of those that stand at the end of their range. */
  at_bounds: string[];
  /** How many runs of trust-region ended in it. */
  runs: number;
  /** What it is, in words. */
  why: string;
}

/** What all runs at one setting ended in. */
export interface Verdict {
  /** The lowest ESR that any run of any method found, and where. */
  best: { esr: number; params: Values; at_bounds: string[] };
  /** Minima that trust-region ended in, the lowest first. */
  minima: Minimum[];
  /** Curvature at the best. */
  curvature: Curvature;
  /** Parameters whose ESR is at most {@linkcode RISE} above the best. */
  within: Intervals;
  /** One standard error either side, were the errors independent. */
  standard: Intervals;
}

/** Rise of the ESR that the parameters' freedom is stated for. */
export const RISE = 1e-4;

/** Beyond this |z| a sigmoid has less than 0.1 % of its range left. */
const AT_THE_END = 7;

/** Judges `runs`, which minimised what is open. */
export async function judge(
  runs: Runs,
  { evaluate, space, samples }: Omit<OpenEsr, "objective">,
  parameters: readonly Parameter[],
): Promise<Verdict> {
  const all = Object.values(runs).flat();
  const best = all.reduce((low, run) => run.esr < low.esr ? run : low);
  const at = Float64Array.from(best.z);
  const hessian = (await evaluate(at, 2)).hessian!;
  const found = await distinctMinima(
    runs["trust-region"] ?? [],
    async (point) => (await evaluate(point, 0)).loss,
  );
  const minima: Minimum[] = [];
  for (const [i, { best: lowest, ends, ridge }] of found.entries()) {
    const there = await evaluate(Float64Array.from(lowest.z), 2);
    const at_bounds = atBounds(lowest.z, space, parameters);
    const isBest = i === 0 && best.esr >= lowest.esr * (1 - 1e-3) - 1e-12;
    minima.push({
      esr: lowest.esr,
      params: lowest.end,
      at_bounds,
      runs: ends.length,
      why: isBest
        ? "the best found"
        : reasonFor(lowest, there.hessian!, ridge, at_bounds),
    });
  }
  const standardRise = best.esr / Math.max(1, samples - at.length);
  return {
    best: {
      esr: best.esr,
      params: best.end,
      at_bounds: atBounds(best.z, space, parameters),
    },
    minima,
    curvature: curvatureOf(hessian),
    within: intervalsOf(space, at, spreadOf(hessian, RISE)),
    standard: intervalsOf(space, at, spreadOf(hessian, standardRise)),
  };
}

/** Titles of the parameters that stand at the end of a range, in lower case. */
function atBounds(
  z: readonly number[],
  { names, ranges }: Coordinates,
  parameters: readonly Parameter[],
): string[] {
  return parameters.filter(({ name }) =>
    ranges[name]?.every(Number.isFinite) &&
    Math.abs(z[names.indexOf(name)]) > AT_THE_END
  ).map(({ title }) => title.toLowerCase());
}

/** Why a run may end at a point. */
function reasonFor(
  run: Run,
  hessian: Float64Array,
  ridge: number,
  bounds: readonly string[],
): string {
  const { eigenvalues } = curvatureOf(hessian);
  const top = eigenvalues[eigenvalues.length - 1];
  const flat = eigenvalues.filter((value) => Math.abs(value) <= 1e-9 * top);
  if (flat.length >= eigenvalues.length - 1) {
    return "plateau: the sound stays below the threshold, nothing is compressed";
  }
  if (!run.converged) return `no minimum was reached (${run.stopReason})`;
  if (bounds.length > 0) {
    return `at the end of the range of ${bounds.join(", ")}`;
  }
  if (eigenvalues[0] < 0) {
    return "edge: many samples share one peak level, and the slope jumps there";
  }
  return `hollow: the way to the best rises to ESR ${formatNumber(ridge, 2)}`;
}
