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
import { type EngineName, openEngine } from "../engines/open.ts";
import type { Model, Values } from "../models/model.ts";
import type { Coordinates } from "../objective/coordinates.ts";
import { gradientsOfParts, jointModel, type Take } from "../objective/takes.ts";
import type { Fit } from "./fit.ts";

/**
 * Cov(z) of the minimum, as above.
 *
 * @param back The inverse of the Hessian by z, or what stands for it.
 */
export function covarianceOf(
  gradients: readonly Float64Array[],
  back: Matrix,
): Matrix {
  const parts = gradients.length;
  const scatter = Matrix.zeros(back.rows, back.columns);
  for (const g of gradients) {
    for (let i = 0; i < back.rows; i++) {
      for (let j = 0; j < back.columns; j++) {
        scatter.set(
          i,
          j,
          scatter.get(i, j) + g[i] * g[j] * parts / (parts - 1),
        );
      }
    }
  }
  return back.mmul(scatter).mmul(back);
}

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
  const { names } = coordinates;
  const unknown = () =>
    Object.fromEntries(names.map((name) => [name, Infinity]));
  let covariance: Matrix;
  try {
    const back = inverse(Matrix.from1DArray(size, size, [...hessian]));
    covariance = covarianceOf(gradients, back);
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

/**
 * Standard error of each parameter that `fit` found of `takes`, which must be laid out
 * as they were fitted; infinite where the data say nothing.
 */
export async function errorsOfTakes(
  { parameters, coordinates, minimum: { z, hessian } }: Pick<
    Fit,
    "parameters" | "coordinates" | "minimum"
  >,
  takes: readonly Take[],
  model: Model,
  engine: EngineName,
): Promise<Values> {
  const all = jointModel(takes, model).parameters.map(({ name }) => name);
  const parts = await gradientsOfParts(
    takes,
    model,
    (pair, model) => openEngine(engine, pair, model),
    Float64Array.from(all, (name) => parameters[name]),
  );
  const gradients = parts.map((gradient) =>
    coordinates.byCoordinates(z, {
      loss: 0,
      modelEnergy: 0,
      gradient: gradient.filter((_, i) => coordinates.names.includes(all[i])),
    }).gradient!
  );
  return standardErrors(coordinates, z, gradients, hessian);
}
