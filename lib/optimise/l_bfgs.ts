/**
 * L-BFGS: a quasi-Newton method that builds its picture of the curvature from
 * the last few steps and the gradients at their ends (Nocedal and Wright,
 * "Numerical Optimization", 2006, algorithm 7.4: two-loop recursion), with a line
 * search for the strong Wolfe conditions (algorithms 3.5 and 3.6).
 *
 * Written out here because no package that offers it would do: they take a
 * function that answers at once, where engines answer by a promise, come without
 * types and have had no release for years (`optimization-js`, `bfgs-algorithm`,
 * `nlopt-js`), or leave L-BFGS out (`fmin`, `ml-levenberg-marquardt`).
 *
 * @module
 */

import type { Evaluation } from "../objective/evaluation.ts";
import { iterate } from "./iterate.ts";
import {
  dot,
  type Evaluate,
  isFiniteEvaluation,
  isNegligible,
  type MinimiserOptions,
  type Minimum,
  norm,
} from "./minimiser.ts";

/** Pairs of steps and changes of gradient that are remembered. */
const MEMORY = 10;

/** Part of the promised fall that a step must keep (c₁). */
const SUFFICIENT_FALL = 1e-4;

/** Part of the slope that may be left after a step (c₂). */
const SLOPE_LEFT = 0.9;

/** Most evaluations of one line search. */
const MAX_TRIALS = 30;

/** A step s and the change y of the gradient along it. */
interface Pair {
  s: Float64Array;
  y: Float64Array;
  /** 1 / sᵀy. */
  weight: number;
}

/** Minimises `evaluate` from `start` by L-BFGS; at most 200 iterations. */
export async function lBfgs(
  evaluate: Evaluate,
  start: Float64Array,
  options: MinimiserOptions = {},
): Promise<Minimum> {
  const { maxIterations = 200, tolerance = 1e-9, stepTolerance = 1e-9 } =
    options;
  const pairs: Pair[] = [];
  return await iterate(evaluate, start, { ...options, maxIterations }, {
    order: 1,
    async advance({ z, here, gradient }, evaluate) {
      let direction = quasiNewton(gradient, pairs);
      const slope = dot(gradient, direction);
      // What the picture of the curvature promises, as with Newton's methods.
      if (pairs.length > 0 && -0.5 * slope <= tolerance * here.loss) {
        return "gradient";
      }
      let found = await searchLine(evaluate, z, here, direction);
      if (found === undefined && pairs.length > 0) {
        // An old picture may mislead: once more without it.
        pairs.length = 0;
        direction = quasiNewton(gradient, pairs);
        found = await searchLine(evaluate, z, here, direction);
      }
      if (found === undefined) return "line-search";
      const { length, evaluation } = found;
      const s = direction.map((value) => length * value);
      const y = evaluation.gradient!.map((value, i) => value - gradient[i]);
      const curvature = dot(s, y);
      if (curvature > Number.EPSILON * norm(s) * norm(y)) {
        pairs.push({ s, y, weight: 1 / curvature });
        if (pairs.length > MEMORY) pairs.shift();
      }
      return {
        z: found.z,
        here: evaluation,
        stepLength: norm(s),
        isSettled: isNegligible(s, z, stepTolerance),
      };
    },
  });
}

/** −H g for the inverse Hessian H that `pairs` stand for (two-loop recursion). */
function quasiNewton(
  gradient: Float64Array,
  pairs: readonly Pair[],
): Float64Array {
  const direction = gradient.map((value) => -value);
  if (pairs.length === 0) {
    // Nothing is known of the curvature: a step of length 1.
    const length = norm(direction);
    return direction.map((value) => value / length);
  }
  const parts: number[] = [];
  for (let i = pairs.length - 1; i >= 0; i--) {
    const { s, y, weight } = pairs[i];
    parts[i] = weight * dot(s, direction);
    for (let j = 0; j < y.length; j++) direction[j] -= parts[i] * y[j];
  }
  const { y, weight } = pairs[pairs.length - 1];
  const scale = 1 / (weight * dot(y, y));
  for (let j = 0; j < y.length; j++) direction[j] *= scale;
  pairs.forEach(({ s, y, weight }, i) => {
    const part = parts[i] - weight * dot(y, direction);
    for (let j = 0; j < y.length; j++) direction[j] += part * s[j];
  });
  return direction;
}

/** A point on the line. */
interface LinePoint {
  /** Multiple of the direction. */
  length: number;
  z: Float64Array;
  evaluation: Evaluation;
  /** dφ/dlength. */
  slope: number;
}

/**
 * A length that meets the strong Wolfe conditions, or failing that the lowest
 * that was met below the start; undefined where none was.
 */
async function searchLine(
  evaluate: Evaluate,
  z: Float64Array,
  here: Evaluation,
  direction: Float64Array,
): Promise<LinePoint | undefined> {
  const slope = dot(here.gradient!, direction);
  if (!(slope < 0)) return undefined;
  let trials = 0;
  const at = async (length: number): Promise<LinePoint> => {
    trials++;
    const point = z.map((value, i) => value + length * direction[i]);
    const evaluation = await evaluate(point, 1);
    const finite = isFiniteEvaluation(evaluation);
    return {
      length,
      z: point,
      evaluation: finite ? evaluation : { ...evaluation, loss: Infinity },
      slope: finite ? dot(evaluation.gradient!, direction) : Infinity,
    };
  };
  const isTooHigh = ({ length, evaluation }: LinePoint, low: LinePoint) =>
    !(evaluation.loss <= here.loss + SUFFICIENT_FALL * length * slope) ||
    evaluation.loss >= low.evaluation.loss;

  const origin: LinePoint = { length: 0, z, evaluation: here, slope };
  let low = origin;
  let high: LinePoint | undefined;
  for (let length = 1; trials < MAX_TRIALS;) {
    const point = await at(length);
    if (isTooHigh(point, low)) {
      high = point;
    } else if (Math.abs(point.slope) <= -SLOPE_LEFT * slope) {
      return point;
    } else {
      // Past the bottom, the bracket lies between here and the former low.
      const passed = high === undefined
        ? point.slope >= 0
        : point.slope * (high.length - low.length) >= 0;
      if (passed) high = low;
      low = point;
    }
    if (high === undefined) {
      length *= 2;
    } else {
      if (Math.abs(high.length - low.length) <= 1e-14 * (1 + low.length)) break;
      length = between(low, high);
    }
  }
  return low === origin ? undefined : low;
}

/** Where a parabola through `low`, its slope and `high` is lowest, well inside. */
function between(low: LinePoint, high: LinePoint): number {
  const width = high.length - low.length;
  const rise = high.evaluation.loss - low.evaluation.loss;
  const bend = 2 * (rise - low.slope * width);
  const part = bend > 0 && Number.isFinite(bend)
    ? -low.slope * width / bend
    : 0.5;
  return low.length + width * Math.min(0.9, Math.max(0.1, part));
}
