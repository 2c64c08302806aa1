/**
 * The objective that the optimiser sees: an engine's loss and derivatives,
 * carried from the model's parameters to the coordinates z by the chain rule.
 *
 * @module
 */

import type { Engine, Evaluation, Order } from "./evaluation.ts";
import type { Coordinates } from "./coordinates.ts";

/** A twice differentiable function of the coordinates z. */
export interface Objective {
  /** The coordinates z. */
  readonly coordinates: Coordinates;
  /** Loss and derivatives by z, up to `order`. */
  evaluate(z: Float64Array, order: Order): Promise<Evaluation>;
  /** Gradient by z of each group of neighbouring chunks; see `Engine`. */
  groupGradients?(z: Float64Array): Promise<Float64Array[]>;
  /** Σ y² over the counted samples: ESR = loss / targetEnergy. */
  readonly targetEnergy: number;
  /** Part of the loss that its rounding can make up. */
  readonly precision: number;
}

/** The objective of `engine` in `coordinates`, which are of its parameters. */
export function objectiveOf(
  engine: Engine,
  coordinates: Coordinates,
): Objective {
  const { names } = coordinates;
  const valuesAt = (z: Float64Array) => {
    const values = coordinates.values(z);
    return Float64Array.from(names, (name) => values[name]);
  };
  const { groupGradients } = engine;
  return {
    coordinates,
    targetEnergy: engine.targetEnergy,
    precision: engine.precision,
    async evaluate(z, order) {
      const evaluation = await engine.evaluate(valuesAt(z), order);
      return coordinates.byCoordinates(z, evaluation);
    },
    ...(groupGradients && {
      async groupGradients(z: Float64Array) {
        return (await groupGradients(valuesAt(z))).map((gradient) =>
          coordinates.byCoordinates(z, { loss: 0, modelEnergy: 0, gradient })
            .gradient!
        );
      },
    }),
  };
}

/**
 * `z` with its make-up gain shifted so that the model's energy meets the target's:
 * the published start.
 *
 * @param known The evaluation at `z`, where there is one.
 */
export async function matchEnergy(
  { coordinates, evaluate, targetEnergy }: Objective,
  z: Float64Array,
  known?: Evaluation,
): Promise<Float64Array> {
  const { modelEnergy } = known ?? await evaluate(z, 0);
  const shift = 10 * Math.log10(targetEnergy / modelEnergy);
  if (!Number.isFinite(shift)) return z.slice();
  const values = coordinates.values(z);
  const matched = coordinates.nearest({
    ...values,
    make_up_db: values.make_up_db + shift,
  });
  return z.map((value, i) =>
    coordinates.names[i] === "make_up_db" ? matched[i] : value
  );
}
