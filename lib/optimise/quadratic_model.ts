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
  const matrix = Matrix.from1DArray(size, size, hessian);
  const decomposition = new EigenvalueDecomposition(matrix, {
    assumeSymmetric: true,
  });
  const order = decomposition.realEigenvalues
    .map((value, at) => ({ value, at }))
    .sort((a, b) => a.value - b.value);
  const vectors = decomposition.eigenvectorMatrix;
  return {
    values: Float64Array.from(order, ({ value }) => value),
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
  // Fills Qᵀd(λ) and returns its length; a zero numerator over zero is zero.
  const lengthAt = (lambda: number): number => {
    for (let i = 0; i < size; i++) {
      const pivot = values[i] + lambda;
      coordinates[i] = slope[i] === 0 ? 0 : -slope[i] / pivot;
    }
    return norm(coordinates);
  };

  const isPositiveDefinite = values[0] > tiny;
  let onBoundary = false;
  if (!isPositiveDefinite || lengthAt(0) > radius) {
    onBoundary = true;
    const lowest = Math.max(0, -values[0]);
    // Components along the lowest eigenvalue's space decide the hard case.
    const isLowest = (i: number) => values[i] + lowest <= tiny;
    let driven = 0;
    for (let i = 0; i < size; i++) {
      if (isLowest(i)) driven = Math.max(driven, Math.abs(slope[i]));
      coordinates[i] = isLowest(i) || slope[i] === 0
        ? 0
        : -slope[i] / (values[i] + lowest);
    }
    const short = norm(coordinates);
    const negligible = driven <= Number.EPSILON * norm(slope);
    if (negligible && short <= radius) {
      // Hard case: the rest of the length goes along the lowest eigenvector.
      // On a flat valley (Λ₁ = 0) that gains nothing, so the step stays inside.
      if (values[0] < -tiny) {
        coordinates[0] = (slope[0] > 0 ? -1 : 1) *
          Math.sqrt(radius * radius - short * short);
      } else {
        onBoundary = false;
      }
    } else {
      solveSecular(slope, values, lowest, radius, lengthAt);
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

/** Finds λ > lowest with ‖d(λ)‖ = radius; leaves d(λ) with `lengthAt`. */
function solveSecular(
  slope: number[],
  values: Float64Array,
  lowest: number,
  radius: number,
  lengthAt: (lambda: number) => number,
): void {
  const size = values.length;
  let low = lowest;
  // ‖d(λ)‖ ≤ ‖g‖ / (Λ₁ + λ): beyond this λ every step is inside.
  let high = Math.max(lowest, norm(slope) / radius - values[0]) *
    (1 + 4 * Number.EPSILON);
  let lambda = high;
  for (let iteration = 0; iteration < 200; iteration++) {
    const length = lengthAt(lambda);
    if (Math.abs(length - radius) <= 1e-12 * radius) return;
    if (length > radius) low = lambda;
    else high = lambda;
    let curvature = 0; // γᵀ(Λ+λ)⁻³γ
    for (let i = 0; i < size; i++) {
      if (slope[i] !== 0) {
        curvature += slope[i] ** 2 / (values[i] + lambda) ** 3;
      }
    }
    const newton = lambda +
      (length / radius - 1) * length * length / curvature;
    lambda = newton > low && newton < high ? newton : 0.5 * (low + high);
    if (!(high - low > Number.EPSILON * high)) break;
  }
  lengthAt(high);
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
