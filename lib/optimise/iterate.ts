/**
 * The loop that all minimisers share: record where the method stands, ask whether to
 * stop there, and if not let it move. A method is what it does to come from one
 * point to the next.
 *
 * @module
 */

import type { Evaluation } from "../objective/evaluation.ts";
import {
  type Evaluate,
  isConverged,
  isFiniteEvaluation,
  type IterationRecord,
  type MinimiserOptions,
  type Minimum,
  norm,
  type StopReason,
} from "./minimiser.ts";
import { promisedFall, type Spectrum, spectrumOf } from "./quadratic_model.ts";

/** Where a method stands. */
export interface Standpoint {
  /** Coordinates. */
  z: Float64Array;
  /** Loss there, with the derivatives that the method asks for. */
  here: Evaluation;
  /** Gradient there. */
  gradient: Float64Array;
  /** Eigenvalues and eigenvectors of the Hessian; none with methods without one. */
  spectrum: Spectrum;
  /**
   * By how much the quadratic model lets the loss fall; without a Hessian nothing
   * is promised where the gradient vanishes, and anything elsewhere.
   */
  promised: number;
  /** All that was recorded so far, this point included. */
  records: readonly IterationRecord[];
}

/** Where a method goes. */
export interface Move {
  /** Coordinates. */
  z: Float64Array;
  /** Loss and derivatives there. */
  here: Evaluation;
  /** What is recorded as the iteration's `stepLength`. */
  stepLength: number;
  /** False where it stayed and only changed its mind (default true). */
  accepted?: boolean;
  /** Whether the step was too short to be followed by another (default false). */
  isSettled?: boolean;
}

/** What makes a method. */
export interface Method {
  /** Derivatives that it needs at every point. */
  order: 1 | 2;
  /** The `stepLength` recorded of the start (default 0). */
  initialLength?: number;
  /** Moves on from a point, or says why not; counts what it evaluates. */
  advance(from: Standpoint, evaluate: Evaluate): Promise<Move | StopReason>;
}

/** No Hessian, or none to speak of. */
const NO_SPECTRUM: Spectrum = { values: new Float64Array(0), vectors: [] };

/**
 * Follows `method` from `start` until one of the tests stops it: in this order, the
 * loss counts as zero, the model promises next to nothing, the last step was
 * negligible, the iterations are used up. A point without finite loss and
 * derivatives ends it and is not taken, unless it is the start.
 */
export async function iterate(
  evaluate: Evaluate,
  start: Float64Array,
  { maxIterations = 100, tolerance = 1e-9, lossFloor = 0, onIteration }:
    MinimiserOptions,
  { order, initialLength = 0, advance }: Method,
): Promise<Minimum> {
  const evaluations: Minimum["evaluations"] = [0, 0, 0];
  const records: IterationRecord[] = [];
  const counted: Evaluate = async (z, order) => {
    evaluations[order]++;
    return await evaluate(z, order);
  };
  let z: Float64Array = start.slice();
  let here = await counted(z, order);
  let spectrum = spectrumAt(here);
  record(initialLength, true);
  let stopReason = isFiniteEvaluation(here)
    ? undefined
    : "not-finite" as StopReason;
  for (let isSettled = false; stopReason === undefined;) {
    const gradient = here.gradient!;
    const promised = here.hessian === undefined
      ? (norm(gradient) === 0 ? 0 : Infinity)
      : promisedFall(gradient, spectrum);
    if (here.loss <= lossFloor) stopReason = "exact";
    else if (promised <= tolerance * here.loss) stopReason = "gradient";
    else if (isSettled) stopReason = "step";
    else if (records.length > maxIterations) stopReason = "iterations";
    else {
      const from = { z, here, gradient, spectrum, promised, records };
      const move = await advance(from, counted);
      if (typeof move === "string") {
        stopReason = move;
      } else if (!isFiniteEvaluation(move.here)) {
        stopReason = "not-finite";
      } else {
        if (move.here !== here) spectrum = spectrumAt(move.here);
        ({ z, here, isSettled = false } = move);
        record(move.stepLength, move.accepted ?? true);
      }
    }
  }
  return {
    z,
    loss: here.loss,
    gradient: here.gradient!,
    hessian: here.hessian ?? new Float64Array(0),
    iterations: records.length - 1,
    converged: isConverged(stopReason),
    stopReason,
    records,
    evaluations,
  };

  function record(stepLength: number, accepted: boolean): void {
    const entry: IterationRecord = {
      iteration: records.length,
      loss: here.loss,
      gradientNorm: norm(here.gradient!),
      stepLength,
      accepted,
      eigenvalues: [...spectrum.values],
      z: [...z],
    };
    records.push(entry);
    onIteration?.(entry);
  }
}

/**
 * `evaluate`, and the point of the lowest loss at which it gave derivatives: of a
 * method that may climb the result.
 */
export function lowestOf(evaluate: Evaluate): {
  evaluate: Evaluate;
  lowest(): Pick<Minimum, "z" | "loss" | "gradient" | "hessian"> | undefined;
} {
  let lowest: { z: Float64Array; here: Evaluation } | undefined;
  return {
    async evaluate(z, order) {
      const here = await evaluate(z, order);
      const isLower = lowest === undefined || here.loss < lowest.here.loss;
      if (order > 0 && isFiniteEvaluation(here) && isLower) {
        lowest = { z, here };
      }
      return here;
    },
    lowest: () =>
      lowest && {
        z: lowest.z,
        loss: lowest.here.loss,
        gradient: lowest.here.gradient!,
        hessian: lowest.here.hessian ?? new Float64Array(0),
      },
  };
}

function spectrumAt(here: Evaluation): Spectrum {
  return here.hessian !== undefined && isFiniteEvaluation(here)
    ? spectrumOf(here.hessian)
    : NO_SPECTRUM;
}
