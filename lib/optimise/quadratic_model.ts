/**
 * The quadratic model gᵀd + ½ dᵀHd of the loss around a point, and its exact
 * minimiser within ‖d‖ ≤ Δ (Moré and Sorensen, SIAM J. Sci. Stat. Comput. 1983).
 *
 * With H = Q Λ Qᵀ and γ = Qᵀg the minimiser is d(λ) = −Q (Λ + λ)⁻¹ γ for the
 * smallest λ ≥ max(0, −Λ₁) that keeps it inside. Where the region binds, λ solves
 * ‖d(λ)‖ = Δ, by Newton on 1/Δ − 1/‖d(λ)‖ kept within a bracket. In the *hard
 * case*, γ without a part along the lowest eigenvector, d(−Λ₁) falls short of
 * the boundary and is completed along that eigenvector.
 *
 * @module
 */

import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { dot, norm } from "./minimiser.ts";

/** A symmetric matrix by its eigenvalues, ascending, and eigenvectors. */
export interface Spectrum {
  /** Eigenvalues Λ, ascending. */
  values: Float64Array;
  /** `vectors[i]` belongs to `values[i]`; orthonormal. */
  vectors: Float64Array[];
}

/** Eigen-decomposition of the symmetric row-major `hessian`. */
export function spectrumOf(hessian: Float64Array): Spectrum {
  const size = Math.round(Math.sqrt(hessian.length));
  // Scaled to 1, so that the decomposition meets no denormal numbers.
  const scale = hessian.reduce((top, h) => Math.max(top, Math.abs(h)), 0) || 1;
  const matrix = Matrix.from1DArray(size, size, hessian.map((h) => h / scale));
  const decomposition = new EigenvalueDecomposition(matrix, {
    assumeSymmetric: true,
  });
  const order = decomposition.realEigenvalues
    .map((value, at) => ({ value, at }))
    .sort((a, b) => a.value - b.value);
  const vectors = decomposition.eigenvectorMatrix;
  return {
    values: Float64Array.from(order, ({ value }) => scale * value),
    vectors: order.map(({ at }) => Float64Array.from(vectors.getColumn(at))),
  };
}

/** A step and what the quadratic model makes of it. */
export interface ModelStep {
  /** The step d. */
  step: Float64Array;
  /** Fall of the loss that the model predicts, −(gᵀd + ½ dᵀHd) ≥ 0. */
  predicted: number;
  /** Whether ‖d‖ = Δ: the region, not the model, set the length. */
  onBoundary: boolean;
}

/** The exact minimiser of the quadratic model within radius `radius` > 0. */
export function trustRegionStep(
  gradient: Float64Array,
  spectrum: Spectrum,
  radius: number,
): ModelStep {
  const { values, vectors } = spectrum;
  const size = values.length;
  const slope = vectors.map((vector) => dot(vector, gradient)); // γ = Qᵀg
  const scale = Math.max(Math.abs(values[0]), Math.abs(values[size - 1]));
  const tiny = scale * Number.EPSILON * size;
  const coordinates = new Float64Array(size); // Qᵀd
  // λ is counted from `lowest`, so that Λ + λ keeps its digits next to −Λ₁.
  const lowest = Math.max(0, -values[0]);
  const gaps = values.map((value) => {
    const gap = value + lowest;
    return gap <= tiny ? 0 : gap;
  });

  const isInside = gaps[0] > 0 &&
    newtonStep(slope, gaps, 0, coordinates) <= radius;
  let onBoundary = !isInside;
  if (onBoundary) {
    // What drives the step along the lowest eigenvalue's space decides the case.
    let driven = 0;
    const others = slope.map((value, i) => {
      if (gaps[i] > 0) return value;
      driven = Math.max(driven, Math.abs(value));
      return 0;
    });
    const isUndriven = driven <= Number.EPSILON * norm(slope);
    const short = isUndriven
      ? newtonStep(others, gaps, 0, coordinates)
      : Infinity;
    if (short > radius) {
      solveSecular(slope, gaps, radius, coordinates);
    } else if (values[0] < -tiny) {
      // Hard case: the rest of the length goes along the lowest eigenvector.
      coordinates[0] = (slope[0] > 0 ? -1 : 1) *
        Math.sqrt(radius * radius - short * short);
    } else {
      // A valley without slope: going along it gains nothing.
      onBoundary = false;
    }
  }

  const step = new Float64Array(size);
  let predicted = 0;
  for (let i = 0; i < size; i++) {
    const along = coordinates[i];
    predicted -= slope[i] * along + 0.5 * values[i] * along * along;
    for (let j = 0; j < size; j++) step[j] += along * vectors[i][j];
  }
  return { step, predicted: Math.max(0, predicted), onBoundary };
}

/** Fills `step` with −slope / (gaps + λ), 0 where the slope is, and returns its length. */
function newtonStep(
  slope: readonly number[],
  gaps: Float64Array,
  lambda: number,
  step: Float64Array,
): number {
  for (let i = 0; i < step.length; i++) {
    step[i] = slope[i] === 0 ? 0 : -slope[i] / (gaps[i] + lambda);
  }
  return norm(step);
}

/** Fills `step` with the Newton step of length `radius`, λ > 0. */
function solveSecular(
  slope: readonly number[],
  gaps: Float64Array,
  radius: number,
  step: Float64Array,
): void {
  let low = 0;
  // ‖d(λ)‖ ≤ ‖g‖ / (gaps₁ + λ): beyond this λ every step is inside.
  let high = Math.max(0, norm(slope) / radius - gaps[0]);
  let lambda = high;
  for (let iteration = 0; iteration < 200; iteration++) {
    const length = newtonStep(slope, gaps, lambda, step);
    if (Math.abs(length - radius) <= 1e-12 * radius) return;
    if (length > radius) low = lambda;
    else high = lambda;
    let curvature = 0; // γᵀ(Λ + λ)⁻³γ
    for (let i = 0; i < step.length; i++) {
      if (slope[i] !== 0) curvature += step[i] ** 2 / (gaps[i] + lambda);
    }
    const newton = lambda + (length / radius - 1) * length ** 2 / curvature;
    lambda = newton > low && newton < high ? newton : 0.5 * (low + high);
    if (!(high - low > Number.EPSILON * high)) break;
  }
  newtonStep(slope, gaps, high, step);
}

/**
 * What the model promises at its unconstrained minimum, ½ gᵀH⁻¹g, where H is
 * positive definite; Infinity where it is not and the loss can fall further.
 * Directions the data do not see at all (no slope, no curvature) count nothing.
 */
export function promisedFall(
  gradient: Float64Array,
  { values, vectors }: Spectrum,
): number {
  const size = values.length;
  const scale = Math.max(Math.abs(values[0]), Math.abs(values[size - 1]));
  const length = norm(gradient);
  let fall = 0;
  for (let i = 0; i < size; i++) {
    const slope = dot(vectors[i], gradient);
    const isFlat = Math.abs(values[i]) <= 1e-14 * scale;
    if (isFlat && Math.abs(slope) <= 1e-10 * length) continue;
    if (values[i] < 0 || (isFlat && slope !== 0)) return Infinity;
    fall += 0.5 * slope * slope / values[i];
  }
  return fall;
}
