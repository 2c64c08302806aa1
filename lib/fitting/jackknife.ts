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
 * many chunks, neighbours go together (the grouped jackknife), whose gradients an
 * engine that holds them all may have at once.
 *
 * @module
 */

import { Matrix, pseudoInverse } from "ml-matrix";
import type { Values } from "../models/model.ts";
import type { Coordinates } from "../objective/coordinates.ts";
import { type Engine, GROUP } from "../objective/evaluation.ts";
import { objectiveOf } from "../objective/objective.ts";
import type { Minimum } from "../optimise/minimiser.ts";
import type { ChunkedPair } from "../sound/chunks.ts";
import { covarianceOf } from "./uncertainty.ts";

/** Fewest chunks that say anything of their scatter. */
const FEWEST = 3;

/** Fewest groups of neighbours that stand for the chunks. */
const ENOUGH_GROUPS = 12;

/** From where to where each parameter may lie, in 95 of 100 such recordings. */
export type Bands = Readonly<
  Record<string, readonly [low: number, high: number]>
>;

/** Whether `pair` has so many chunks that groups of neighbours stand for them. */
export function isInGroups({ starts }: ChunkedPair): boolean {
  return starts.length >= ENOUGH_GROUPS * GROUP;
}

/**
 * The band of each parameter around the minimum of the loss over all chunks of `pair`;
 * undefined where there are fewer than three.
 *
 * @param open Opens an engine on some of the chunks.
 * @param known Gradient at the minimum of each group, of a pair that is in groups.
 */
export async function jackknifeBands(
  pair: ChunkedPair,
  coordinates: Coordinates,
  { z, hessian }: Pick<Minimum, "z" | "hessian">,
  open: (pair: ChunkedPair) => Promise<Engine>,
  known?: readonly Float64Array[],
): Promise<Bands | undefined> {
  if (pair.starts.length < FEWEST) return undefined;
  const size = z.length;
  const gradients = known ?? await gradientsAlone(pair, coordinates, z, open);
  // By singular values: what the data say nothing of does not move.
  const back = pseudoInverse(Matrix.from1DArray(size, size, [...hessian]));
  const errors = covarianceOf(gradients, back).diagonal().map(Math.sqrt);
  const reach = studentT(gradients.length - 1);
  const at = (i: number, side: number): Values =>
    coordinates.values(z.with(i, z[i] + side * reach * errors[i]));
  return Object.fromEntries(coordinates.names.map((name, i) => {
    const ends = [at(i, -1)[name], at(i, 1)[name]].sort((a, b) => a - b);
    return [name, [ends[0], ends[1]] as const];
  }));
}

/** Gradient at `z` of each chunk, or group of them, by an engine of its own. */
async function gradientsAlone(
  pair: ChunkedPair,
  coordinates: Coordinates,
  z: Float64Array,
  open: (pair: ChunkedPair) => Promise<Engine>,
): Promise<Float64Array[]> {
  const gradients: Float64Array[] = [];
  const size = isInGroups(pair) ? GROUP : 1;
  for (let at = 0; at < pair.starts.length; at += size) {
    const starts = pair.starts.slice(at, at + size);
    const engine = await open({ ...pair, starts });
    try {
      const objective = objectiveOf(engine, coordinates);
      gradients.push((await objective.evaluate(z, 1)).gradient!);
    } finally {
      await engine.close();
    }
  }
  return gradients;
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
