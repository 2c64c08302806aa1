/**
 * How well the data determine each parameter, from the loss itself.
 *
 * At the minimum the gradients g_b of the B parts of the recordings add up to
 * nothing; how they scatter says how the minimum would move with other sound of the
 * same kind. With H the Hessian of all,
 *
 *     Cov(z) = H⁻¹ · B/(B−1) Σ_b g_b g_bᵀ · H⁻¹
 *
 * (the sandwich of robust statistics, White 1980, by parts, so that the error's own
 * correlation in time counts). Parameters follow to first order.
 *
 * @module
 */

import { inverse, Matrix } from "ml-matrix";
import type { Values } from "../models/model.ts";
import type { Coordinates } from "../objective/coordinates.ts";

/** Step of the coordinates by which the parameters' slopes are taken. */
const STEP = 1e-5;

/**
 * Standard error of each parameter at `z`; infinite where the data say nothing.
 *
 * @param gradients Gradient by z of each part of the data.
 * @param hessian Hessian by z of all of them, row by row.
 */
export function standardErrors(
  coordinates: Coordinates,
  z: Float64Array,
  gradients: readonly Float64Array[],
  hessian: Float64Array,
): Values {
  const size = z.length;
  const parts = gradients.length;
  const { names } = coordinates;
  const unknown = () =>
    Object.fromEntries(names.map((name) => [name, Infinity]));
  const scatter = Matrix.zeros(size, size);
  for (const g of gradients) {
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        scatter.set(
          i,
          j,
          scatter.get(i, j) + g[i] * g[j] * parts / (parts - 1),
        );
      }
    }
  }
  const h = new Matrix(
    Array.from(
      { length: size },
      (_, i) => [...hessian.subarray(size * i, size * (i + 1))],
    ),
  );
  let covariance: Matrix;
  try {
    const back = inverse(h);
    covariance = back.mmul(scatter).mmul(back);
  } catch {
    return unknown();
  }
  const jacobian = Matrix.zeros(size, size);
  for (let j = 0; j < size; j++) {
    const moved = (by: number) =>
      coordinates.values(z.map((value, k) => k === j ? value + by : value));
    const [up, down] = [moved(STEP), moved(-STEP)];
    names.forEach((name, i) =>
      jacobian.set(i, j, (up[name] - down[name]) / (2 * STEP))
    );
  }
  const cov = jacobian.mmul(covariance).mmul(jacobian.transpose());
  return Object.fromEntries(names.map((name, i) => {
    const variance = cov.get(i, i);
    return [name, variance >= 0 ? Math.sqrt(variance) : Infinity];
  }));
}
