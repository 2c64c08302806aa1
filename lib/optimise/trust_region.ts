/**
 * Newton–Raphson with the exact Hessian in a trust region.
 *
 * Each iteration minimises the quadratic model within radius Δ exactly, negative
 * curvature included, and compares the fall of the loss with the one predicted,
 * ρ = actual / predicted. A step that lowers the loss (ρ > 0) is taken; Δ shrinks
 * where ρ < ¼ and grows where ρ > ¾ on the boundary (Moré and Sorensen 1983;
 * Conn, Gould and Toint, "Trust-Region Methods", 2000, § 6.1). The loss never
 * rises, and a point whose loss is not finite is only a reason to shrink.
 *
 * Where it stops need not be a minimum worth having. With the threshold above
 * every sample the loss depends on the make-up alone; towards the end of its range
 * a ratio or a time hardly counts any more, and the others settle around it; and
 * where many samples share one peak the slope jumps as the threshold passes it, and
 * ever shorter steps creep along the edge. So where the curvature of a coordinate
 * is next to nothing, or the model goes on promising what no step keeps, the method
 * looks elsewhere: such coordinates are put back where they started, then moved by
 * 5, 10 and 20 to either side, each by itself. Where this changes the loss, a few
 * iterations may find one clearly lower, and the method goes on from there.
 *
 * @module
 */

import { iterate, type Standpoint } from "./iterate.ts";
import {
  type Evaluate,
  isFiniteEvaluation,
  isNegligible,
  type MinimiserOptions,
  type Minimum,
  norm,
  PRECISION,
  SETTLED,
} from "./minimiser.ts";
import {
  type Spectrum,
  spectrumOf,
  trustRegionStep,
} from "./quadratic_model.ts";

/** Options of {@linkcode trustRegion}. */
export interface TrustRegionOptions extends MinimiserOptions {
  /** First radius Δ, in units of z (default 1). */
  initialRadius?: number;
  /** Largest radius (default 10). */
  maxRadius?: number;
  /**
   * The start is known to lie near the minimum, so that no lower one is looked
   * for out of reach of the derivatives (default false).
   */
  isNear?: boolean;
}

/** Minimises `evaluate` from `start`. */
export async function trustRegion(
  evaluate: Evaluate,
  start: Float64Array,
  options: TrustRegionOptions = {},
): Promise<Minimum> {
  const {
    maxIterations = 100,
    precision = PRECISION,
    isNear = false,
    onIteration,
  } = options;
  let found = await descend(evaluate, start, options, !isNear);
  const { records, evaluations } = found;
  const scale = records[0].loss;
  // Lowest losses from which either search found no way on.
  const fruitless = { putBack: Infinity, lookAround: Infinity };
  for (;;) {
    const left = maxIterations - records.length;
    const canGoOn = found.stopReason !== "exact" &&
      (found.converged || found.isStuck || found.stopReason === "stalled");
    if (!canGoOn || isNear || left < 0) break;
    let below: Float64Array | undefined;
    const search: Search = { evaluate, at: found, evaluations, precision };
    const faint = faintCoordinates(found.hessian);
    if (found.loss < (1 - WORTH_A_SEARCH) * fruitless.putBack) {
      below = await putBack(search, faint, start);
      if (below === undefined) fruitless.putBack = found.loss;
    }
    // What drifts is followed to its end before anything else is tried.
    const isDrifting = found.isStuck && faint.length > 0;
    if (
      below === undefined && !isDrifting &&
      found.loss < (1 - WORTH_A_SEARCH) * fruitless.lookAround
    ) {
      const left = fallWithin(found.gradient, spectrumOf(found.hessian));
      const isBroken = left > precision * scale;
      below = await lookAround(search, isBroken ? [...start.keys()] : faint);
      if (below === undefined) fruitless.lookAround = found.loss;
    }
    if (below === undefined && !found.isStuck) break;
    const offset = records.length;
    const next = await descend(evaluate, below ?? found.z, {
      ...options,
      maxIterations: left,
      onIteration: (entry) =>
        onIteration?.({ ...entry, iteration: entry.iteration + offset }),
    }, below !== undefined);
    for (const entry of next.records) {
      records.push({ ...entry, iteration: entry.iteration + offset });
    }
    addCounts(evaluations, next.evaluations);
    found = next;
  }
  const { isStuck: _, ...minimum } = found;
  return { ...minimum, iterations: records.length - 1, records, evaluations };
}

/** Part by which the loss must fall before a fruitless search is repeated. */
const WORTH_A_SEARCH = 0.03;

/** Iterations after which creeping along an edge counts as being stuck. */
const STUCK_AFTER = 20;

/** Part of the loss that they must have gained. */
const STUCK_GAIN = 1e-4;

/**
 * Part of the loss that is all a coordinate's drift towards the end of its range
 * can gain any more: no need to follow it there before looking elsewhere.
 */
const DRIFT_GAIN = 0.02;

/**
 * Trust-region iterations from `start` until one of the tests stops them, or, if
 * `mayStick`, until they hardly gain any more although the model promises it.
 */
async function descend(
  evaluate: Evaluate,
  start: Float64Array,
  options: TrustRegionOptions = {},
  mayStick = false,
): Promise<Minimum & { isStuck: boolean }> {
  const {
    stepTolerance = 1e-9,
    precision = PRECISION,
    initialRadius = 1,
    maxRadius = MAX_RADIUS,
  } = options;
  let radius = initialRadius;
  let isStuck = false;
  const minimum = await iterate(evaluate, start, options, {
    order: 2,
    initialLength: radius,
    async advance(from, evaluate) {
      const { z, here, gradient, spectrum } = from;
      if (mayStick && (creeps(from) || drifts(from))) {
        isStuck = true;
        return "iterations";
      }
      const { step, predicted, onBoundary } = trustRegionStep(
        gradient,
        spectrum,
        radius,
      );
      if (isNegligible(step, z, stepTolerance)) {
        // Short of itself, or because nothing longer lowers the loss.
        return onBoundary ? "stalled" : "step";
      }
      const trial = z.map((value, i) => value + step[i]);
      const there = await evaluate(trial, 2);
      const actual = here.loss - there.loss;
      const accepted = isFiniteEvaluation(there) && actual > 0;
      const ratio = accepted && predicted > 0 ? actual / predicted : 0;
      // A promise below the rounding of the loss itself cannot be kept or broken.
      if (!accepted && predicted <= precision * here.loss) {
        const left = fallWithin(gradient, spectrum, maxRadius);
        return left <= SETTLED * here.loss ? "precision" : "stalled";
      }
      if (ratio < 0.25) radius = 0.25 * norm(step);
      else if (ratio > 0.75 && onBoundary) {
        radius = Math.min(maxRadius, 2 * radius);
      }
      const stepLength = radius;
      return accepted
        ? { z: trial, here: there, stepLength }
        : { z, here, stepLength, accepted };
    },
  });
  return { ...minimum, isStuck };
}

/** Whether many iterations gained nothing of what the model promises. */
function creeps({ here, promised, records }: Standpoint): boolean {
  const before = records.at(-STUCK_AFTER - 1);
  return before !== undefined && promised > STUCK_GAIN * here.loss &&
    before.loss - here.loss < STUCK_GAIN * here.loss;
}

/** Whether little is left to gain but along a coordinate that hardly counts. */
function drifts({ here, promised }: Standpoint): boolean {
  return promised <= DRIFT_GAIN * here.loss &&
    faintCoordinates(here.hessian!).length > 0;
}

/** What the model promises within `radius`, negative curvature included. */
function fallWithin(
  gradient: Float64Array,
  spectrum: Spectrum,
  radius = MAX_RADIUS,
): number {
  return trustRegionStep(gradient, spectrum, radius).predicted;
}

/** Largest radius of a region, in units of z. */
const MAX_RADIUS = 10;

/** Part of the whole curvature that is next to nothing for a coordinate. */
const FAINT = 1e-4;

/** How far a lower loss is looked for, in units of z. */
const ESCAPE_DISTANCES = [5, 10, 20];

/** Iterations that a point so far away has to come below. */
const ESCAPE_ITERATIONS = 6;

/** The same, for a point with coordinates put back where they started. */
const RETURN_ITERATIONS = 12;

/** Part of the loss by which it must. */
const ESCAPE_GAIN = 1e-3;

/** A search for a loss clearly below that of `at`, out of its derivatives' reach. */
interface Search {
  evaluate: Evaluate;
  at: Minimum;
  /** Where the cost is added. */
  evaluations: Minimum["evaluations"];
  /** Part of the loss that is rounding. */
  precision: number;
}

/** Looks from where the `faint` coordinates stand as they did at the `start`. */
async function putBack(
  search: Search,
  faint: readonly number[],
  start: Float64Array,
): Promise<Float64Array | undefined> {
  if (faint.length === 0) return undefined;
  const z = search.at.z.slice();
  for (const i of faint) z[i] = start[i];
  if (await lossElsewhere(z, search) === undefined) return undefined;
  return await descendFrom(z, search, 1, RETURN_ITERATIONS);
}

/** Looks along each of the `coordinates`, from the lowest point on either side. */
async function lookAround(
  search: Search,
  coordinates: readonly number[],
): Promise<Float64Array | undefined> {
  for (const i of coordinates) {
    for (const side of [-1, 1]) {
      let lowest:
        | { z: Float64Array; loss: number; distance: number }
        | undefined;
      for (const distance of ESCAPE_DISTANCES) {
        const z = search.at.z.slice();
        z[i] += side * distance;
        const loss = await lossElsewhere(z, search);
        if (loss === undefined) continue;
        if (lowest === undefined || loss < lowest.loss) {
          lowest = { z, loss, distance };
        }
      }
      const found = lowest && await descendFrom(
        lowest.z,
        search,
        lowest.distance,
        ESCAPE_ITERATIONS,
      );
      if (found !== undefined) return found;
    }
  }
}

/** The loss at `z`; undefined where it is none, or that of `at` still. */
async function lossElsewhere(
  z: Float64Array,
  { evaluate, at, evaluations, precision }: Search,
): Promise<number | undefined> {
  const { loss } = await evaluate(z, 0);
  evaluations[0]++;
  const isStillOn = Math.abs(loss - at.loss) <= precision * at.loss;
  return isStillOn || !Number.isFinite(loss) ? undefined : loss;
}

/** What a few iterations from `z` reach, if that is clearly lower. */
async function descendFrom(
  z: Float64Array,
  { evaluate, at, evaluations, precision }: Search,
  initialRadius: number,
  maxIterations: number,
): Promise<Float64Array | undefined> {
  const lossFloor = at.loss * (1 - ESCAPE_GAIN);
  const descent = await descend(evaluate, z, {
    maxIterations,
    tolerance: 0.5 * ESCAPE_GAIN,
    lossFloor,
    precision,
    initialRadius,
  });
  addCounts(evaluations, descent.evaluations);
  return descent.loss <= lossFloor ? descent.z : undefined;
}

/** Coordinates whose curvature is next to nothing beside that of the others. */
function faintCoordinates(hessian: Float64Array): number[] {
  const size = Math.round(Math.sqrt(hessian.length));
  const bend = norm(hessian);
  return Array.from({ length: size }, (_, i) => i).filter((i) =>
    Math.abs(hessian[i * size + i]) <= FAINT * bend
  );
}

function addCounts(
  sum: Minimum["evaluations"],
  counts: Minimum["evaluations"],
): void {
  counts.forEach((count, order) => sum[order] += count);
}
