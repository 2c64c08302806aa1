/**
 * The minimisers by the names that configs and reports use.
 *
 * @module
 */

import { adam } from "./adam.ts";
import { dampedNewton } from "./damped_newton.ts";
import { gradientDescent } from "./gradient_descent.ts";
import { lBfgs } from "./l_bfgs.ts";
import type { Evaluate, MinimiserOptions, Minimum } from "./minimiser.ts";
import { newtonCg } from "./newton_cg.ts";
import { trustRegion } from "./trust_region.ts";

/** Names of the methods. */
export const METHOD_NAMES = [
  "trust-region",
  "damped",
  "newton-cg",
  "l-bfgs",
  "adam",
  "gradient-descent",
] as const;

/** Name of a method. */
export type MethodName = typeof METHOD_NAMES[number];

/** What reports call a method. */
export function titleOfMethod(method: MethodName): string {
  return method === "damped" ? "damped (published)" : method;
}

/** Options that every method takes; not every method heeds all. */
export interface MethodOptions extends MinimiserOptions {
  /** Learning rate of Adam and of gradient descent. */
  learningRate?: number;
  /** Seed of the random steps of the damped method. */
  seed?: number | string;
}

/** A method: minimises a function from a start. */
export type Minimise = (
  evaluate: Evaluate,
  start: Float64Array,
  options?: MethodOptions,
) => Promise<Minimum>;

/** The methods. */
export const METHODS: Record<MethodName, Minimise> = {
  "trust-region": trustRegion,
  "damped": dampedNewton,
  "newton-cg": newtonCg,
  "l-bfgs": lBfgs,
  "adam": adam,
  "gradient-descent": gradientDescent,
};
