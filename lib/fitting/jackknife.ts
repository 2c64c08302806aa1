/**
 * How far each parameter would move with other sound of the same kind: the
 * jackknife over the chunks that a fit sums over (Tukey 1958), to first order
 * (Jaeckel 1972).
 *
 * Without chunk b the minimum moves by δ_b = H⁻¹ g_b in the coordinates z, where g_b is
 * the chunk's own gradient there and H the Hessian of all. With B chunks the variance
 * of a coordinate is B/(B−1) Σ δ_b², that of `uncertainty.ts`, and its band reaches as
 * many standard errors as Student's t with B − 1 degrees of freedom has for 95 %. On the
 * built-in unit it comes within a third of the scatter over seeds. Where there are very
 * many chunks, neighbours go together (the grouped jackknife): an engine that holds one
 * chunk alone takes as long as one that holds a few.
 *
 * @module
 */

import { Matrix, pseudoInverse } from "ml-matrix";
import type { Values } from "../models/model.ts";
import type { Coordinates } from "../objective/coordinates.ts";
import type { Engine } from "../objective/evaluation.ts";
import { objectiveOf } from "../objective/objective.ts";
import type { Minimum } from "../optimise/minimiser.ts";
import type { ChunkedPair } from "../sound/chunks.ts";
import { covarianceOf } from "./uncertainty.ts";

/** Fewest chunks that say anything of their scatter. */
const FEWEST = 3;

/** Neighbours that go together, and the groups that this must leave. */
const TOGETHER = 8;
const ENOUGH_GROUPS = 12;

/** From where to where each parameter may lie, in 95 of 100 such recordings. */
export type Bands = Readonly<
  Record<string, readonly [low: number, high: number]>
>;

/**
 * The band of each parameter around the minimum of the loss over all chunks of `pair`;
 * undefined where there are fewer than three.
 *
 * @param open Opens an engine on some of the chunks.
 */
export async function jackknifeBands(
  pair: ChunkedPair,
  coordinates: Coordinates,
  { z, hessian }: Pick<Minimum, "z" | "hessian">,
  open: (pair: ChunkedPair) => Promise<Engine>,
): Promise<Bands | undefined> {
  const { starts } = pair;
  if (starts.length < FEWEST) return undefined;
  const size = z.length;
  const groups = groupsOf(starts);
  const gradients: Float64Array[] = [];
  for (const group of groups) {
    const engine = await open({ ...pair, starts: group });
    try {
      const objective = objectiveOf(engine, coordinates);
      gradients.push((await objective.evaluate(z, 1)).gradient!);
    } finally {
      await engine.close();
    }
  }
  // By singular values: what the data say nothing of does not move.
  const back = pseudoInverse(Matrix.from1DArray(size, size, [...hessian]));
  const errors = covarianceOf(gradients, back).diagonal().map(Math.sqrt);
  const reach = studentT(groups.length - 1);
  const at = (i: number, side: number): Values =>
    coordinates.values(z.with(i, z[i] + side * reach * errors[i]));
  return Object.fromEntries(coordinates.names.map((name, i) => {
    const ends = [at(i, -1)[name], at(i, 1)[name]].sort((a, b) => a - b);
    return [name, [ends[0], ends[1]] as const];
  }));
}

/** Chunks that are left out together. */
function groupsOf(starts: readonly number[]): number[][] {
  const size = starts.length < TOGETHER * ENOUGH_GROUPS ? 1 : TOGETHER;
  return Array.from(
    { length: Math.ceil(starts.length / size) },
    (_, i) => starts.slice(size * i, size * (i + 1)),
  );
}

/**
 * The 97.5 % point of Student's t with `n` degrees of freedom, within 3 % from 2 up
 * (Abramowitz and Stegun 26.7.5).
 */
export function studentT(n: number): number {
  const x = 1.959964;
  const [x3, x5, x7] = [x ** 3, x ** 5, x ** 7];
  return x + (x3 + x) / (4 * n) + (5 * x5 + 16 * x3 + 3 * x) / (96 * n ** 2) +
    (3 * x7 + 19 * x5 + 17 * x3 - 15 * x) / (384 * n ** 3);
}
