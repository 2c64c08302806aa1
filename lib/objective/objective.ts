/**
 * The objective that the optimiser sees: an engine's loss and derivatives,
 * carried from the natural parameters θ to the coordinates z by the chain rule.
 *
 *     ∇_z 𝓛 = D ∇_θ 𝓛,   ∇²_z 𝓛 = D (∇²_θ 𝓛) D + diag(∇_θ 𝓛 · d²θ/dz²)
 *
 * @module
 */

import type { Engine, Evaluation, Order } from "../engines/engine.ts";
import type { ParameterSpace } from "./parameter_space.ts";

/** A twice differentiable function of the coordinates z. */
export interface Objective {
  /** Loss and derivatives by z, up to `order`. */
  evaluate(z: Float64Array, order: Order): Promise<Evaluation>;
  /** Σ y² over the counted samples: ESR = loss / targetEnergy. */
  readonly targetEnergy: number;
  /** Part of the loss that its rounding can make up. */
  readonly precision: number;
}

/** The objective of `engine` in the coordinates of `space`. */
export function objectiveOf(engine: Engine, space: ParameterSpace): Objective {
  return {
    targetEnergy: engine.targetEnergy,
    precision: engine.precision,
    async evaluate(z, order) {
      const natural = await engine.evaluate(space.natural(z), order);
      const { gradient, hessian } = natural;
      if (gradient === undefined) return natural;
      const { first, second } = space.derivatives(z);
      const size = z.length;
      return {
        ...natural,
        gradient: gradient.map((value, i) => first[i] * value),
        hessian: hessian?.map((value, at) => {
          const i = Math.floor(at / size);
          const j = at % size;
          const bend = i === j ? gradient[i] * second[i] : 0;
          return first[i] * value * first[j] + bend;
        }),
      };
    },
  };
}

/**
 * `z` with its make-up gain (the last coordinate) shifted so that the model's
 * energy meets the target's: the published start.
 */
export async function matchEnergy(
  objective: Objective,
  z: Float64Array,
): Promise<Float64Array> {
  const { modelEnergy } = await objective.evaluate(z, 0);
  const shift = 10 * Math.log10(objective.targetEnergy / modelEnergy);
  const matched = z.slice();
  if (Number.isFinite(shift)) matched[z.length - 1] += shift;
  return matched;
}
