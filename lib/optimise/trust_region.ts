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
 * @module
 */

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
import {
  promisedFall,
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
}

/** Minimises `evaluate` from `start`. */
export async function trustRegion(
  evaluate: Evaluate,
  start: Float64Array,
  options: TrustRegionOptions = {},
): Promise<Minimum> {
  const {
    maxIterations = 100,
    tolerance = 1e-9,
    stepTolerance = 1e-9,
    lossFloor = 0,
    initialRadius = 1,
    maxRadius = 10,
    onIteration,
  } = options;
  const evaluations: Minimum["evaluations"] = [0, 0, 0];
  const records: IterationRecord[] = [];
  let z: Float64Array = start.slice();
  let radius = initialRadius;
  let stopReason: StopReason | undefined;

  let here = await evaluate(z, 2);
  evaluations[2]++;
  let spectrum: Spectrum = { values: new Float64Array(0), vectors: [] };
  if (isFiniteEvaluation(here)) spectrum = spectrumOf(here.hessian!);
  else stopReason = "not-finite";

  const record = (accepted: boolean) => {
    const entry: IterationRecord = {
      iteration: records.length,
      loss: here.loss,
      gradientNorm: norm(here.gradient!),
      stepLength: radius,
      accepted,
      eigenvalues: [...spectrum.values],
      z: [...z],
    };
    records.push(entry);
    onIteration?.(entry);
  };
  record(true);

  while (stopReason === undefined) {
    const gradient = here.gradient!;
    const promised = promisedFall(gradient, spectrum);
    if (here.loss <= lossFloor || promised <= tolerance * here.loss) {
      stopReason = "gradient";
      break;
    }
    if (records.length > maxIterations) {
      stopReason = "iterations";
      break;
    }
    const { step, predicted, onBoundary } = trustRegionStep(
      gradient,
      spectrum,
      radius,
    );
    if (isNegligible(step, z, stepTolerance)) {
      stopReason = "step";
      break;
    }
    const trial = z.map((value, i) => value + step[i]);
    const there = await evaluate(trial, 2);
    evaluations[2]++;
    const actual = here.loss - there.loss;
    const accepted = isFiniteEvaluation(there) && actual > 0;
    const ratio = accepted && predicted > 0 ? actual / predicted : 0;
    // A promise below the rounding of the loss itself cannot be kept or broken.
    if (!accepted && predicted <= PRECISION * here.loss) {
      stopReason = "precision";
      break;
    }
    if (ratio < 0.25) radius = 0.25 * norm(step);
    else if (ratio > 0.75 && onBoundary) {
      radius = Math.min(maxRadius, 2 * radius);
    }
    if (accepted) {
      z = trial;
      here = there;
      spectrum = spectrumOf(there.hessian!);
    }
    record(accepted);
  }

  return {
    z,
    loss: here.loss,
    gradient: here.gradient!,
    hessian: here.hessian!,
    iterations: records.length - 1,
    converged: isConverged(stopReason),
    stopReason,
    records,
    evaluations,
  };
}

/** Relative fall of the loss that float32 engines cannot tell from rounding. */
const PRECISION = 1e-6;

function isNegligible(
  step: Float64Array,
  z: Float64Array,
  tolerance: number,
): boolean {
  return step.every((value, i) =>
    Math.abs(value) <= tolerance * (1 + Math.abs(z[i]))
  );
}
