/**
 * What the curvature at a minimum says about the parameters: which the data pin
 * down, and which they cannot tell apart.
 *
 * With the Hessian H of the ESR at its minimum, moving parameter i while all the
 * others follow as best they can raises the ESR by ½ δ² / (H⁻¹)ᵢᵢ. So a rise ρ
 * leaves z within δ = √(2 ρ (H⁻¹)ᵢᵢ). With ρ = ESR / (N − P) that is the standard
 * error of least squares for N errors that are independent of each other; errors
 * of sound are not, so it is a lower bound.
 *
 * @module
 */

import type { Coordinates } from "../objective/coordinates.ts";
import { spectrumOf } from "../optimise/quadratic_model.ts";

/** The curvature at a minimum. */
export interface Curvature {
  /** Eigenvalues of H, ascending. */
  eigenvalues: number[];
  /** Largest eigenvalue over the smallest; Infinity unless all are positive. */
  condition: number;
  /** The direction with the least curvature, of length 1. */
  faintest: number[];
}

/** Spectrum of the row-major Hessian `hessian`. */
export function curvatureOf(hessian: Float64Array): Curvature {
  const { values, vectors } = spectrumOf(hessian);
  const least = values[0];
  return {
    eigenvalues: [...values],
    condition: least > 0 ? values[values.length - 1] / least : Infinity,
    faintest: [...vectors[0]],
  };
}

/**
 * How far each coordinate can move before the loss has risen by `rise`, all the
 * others following: √(2 ρ (H⁻¹)ᵢᵢ). Infinity where H is not positive definite.
 */
export function spreadOf(hessian: Float64Array, rise: number): Float64Array {
  const { values, vectors } = spectrumOf(hessian);
  const size = values.length;
  const scale = values[size - 1];
  return new Float64Array(size).map((_, i) => {
    let inverse = 0;
    for (let j = 0; j < size; j++) {
      const part = vectors[j][i] ** 2;
      if (values[j] > 1e-13 * scale) inverse += part / values[j];
      else if (part > 1e-12) return Infinity;
    }
    return Math.sqrt(2 * rise * inverse);
  });
}

/** Lowest and highest value of a parameter, by its name. */
export type Intervals = Record<string, [low: number, high: number]>;

/** Each parameter, in the units people use, from z − spread to z + spread. */
export function intervalsOf(
  space: Coordinates,
  z: Float64Array,
  spread: Float64Array,
): Intervals {
  const intervals: Intervals = {};
  space.names.forEach((name, i) => {
    const at = (sign: number) => {
      const moved = z.slice();
      moved[i] += sign * spread[i];
      return space.values(moved)[name];
    };
    const [a, b] = [at(-1), at(1)];
    intervals[name] = [Math.min(a, b), Math.max(a, b)];
  });
  return intervals;
}
