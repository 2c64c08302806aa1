/**
 * What every minimiser takes and returns: a function with derivatives, limits,
 * a record of each iteration and the reason it stopped.
 *
 * @module
 */

import type { Evaluation, Order } from "../objective/evaluation.ts";

/** The function to minimise, with derivatives up to the order asked for. */
export type Evaluate = (z: Float64Array, order: Order) => Promise<Evaluation>;

/** Why a minimiser stopped. The first four mean that it converged. */
export type StopReason =
  /** The loss counts as zero: it is at most `lossFloor`. */
  | "exact"
  /** The quadratic model promises less than `tolerance` of the loss. */
  | "gradient"
  /** The step has become smaller than `stepTolerance`. */
  | "step"
  /** No step lowers the loss, and the model promises next to nothing. */
  | "precision"
  /** The allowed iterations were used up. */
  | "iterations"
  /**
   * Ever shorter steps of a trust region do not lower the loss, although the
   * model promises a good deal: the slope jumps there.
   */
  | "stalled"
  /** No step along the search direction lowered the loss. */
  | "line-search"
  /** Loss or derivatives were not finite. */
  | "not-finite";

/** One iteration, as reports and `--json` show it. */
export interface IterationRecord {
  /** Count from 0; record 0 is the start. */
  iteration: number;
  /**
   * Loss after the iteration. Never above that of the record before, save with
   * Adam and gradient descent, which take every step, and with the damped method,
   * which takes some.
   */
  loss: number;
  /** Euclidean norm of the gradient there. */
  gradientNorm: number;
  /** Radius of the trust region, or length of the line-search step taken. */
  stepLength: number;
  /** Whether the iteration moved: a trust region may only shrink instead. */
  accepted: boolean;
  /** Eigenvalues of the Hessian there, ascending; none without a Hessian. */
  eigenvalues: number[];
  /** Coordinates z after the iteration. */
  z: number[];
}

/** Limits common to the minimisers. */
export interface MinimiserOptions {
  /** Most iterations (default 100). */
  maxIterations?: number;
  /**
   * Converged where the quadratic model promises a fall of the loss by less than
   * this part of it (default 1e-9).
   */
  tolerance?: number;
  /** Converged where every |Δzᵢ| ≤ stepTolerance · (1 + |zᵢ|) (default 1e-9). */
  stepTolerance?: number;
  /** Loss that counts as zero, e.g. 1e-15 of the target's energy (default 0). */
  lossFloor?: number;
  /** Part of the loss that its rounding can make up (default 1e-6). */
  precision?: number;
  /** Called after each iteration. */
  onIteration?: (record: IterationRecord) => void;
}

/**
 * Part of the loss that the model may promise and no step keep, where a minimiser
 * still counts as converged: what a slope that jumps a little can hold back.
 */
export const SETTLED = 1e-5;

/** {@linkcode MinimiserOptions.precision} where none is given. */
export const PRECISION = 1e-6;

/** Where a minimiser ended and how it came there. */
export interface Minimum {
  /** Coordinates of the lowest loss found. */
  z: Float64Array;
  /** Loss there. */
  loss: number;
  /** Gradient there. */
  gradient: Float64Array;
  /** Hessian there, row-major; empty with methods that use none. */
  hessian: Float64Array;
  /** Iterations used. */
  iterations: number;
  /** Whether it stopped at a minimum. */
  converged: boolean;
  /** Why it stopped. */
  stopReason: StopReason;
  /** One record for the start and each iteration. */
  records: IterationRecord[];
  /** Evaluations made, by order: values, gradients, Hessians. */
  evaluations: [values: number, gradients: number, hessians: number];
}

/** Euclidean norm of `vector`. */
export function norm(vector: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < vector.length; i++) sum += vector[i] * vector[i];
  return Math.sqrt(sum);
}

/** Inner product of two vectors of one length. */
export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** Whether loss and the derivatives present are all finite numbers. */
export function isFiniteEvaluation(evaluation: Evaluation): boolean {
  const { loss, gradient, hessian } = evaluation;
  return Number.isFinite(loss) && (gradient?.every(Number.isFinite) ?? true) &&
    (hessian?.every(Number.isFinite) ?? true);
}

/** Whether a step changes every zᵢ by at most tolerance · (1 + |zᵢ|). */
export function isNegligible(
  step: Float64Array,
  z: Float64Array,
  tolerance: number,
): boolean {
  return step.every((value, i) =>
    Math.abs(value) <= tolerance * (1 + Math.abs(z[i]))
  );
}

/** Whether a stop reason means a minimum was reached. */
export function isConverged(reason: StopReason): boolean {
  return reason === "exact" || reason === "gradient" || reason === "step" ||
    reason === "precision";
}
