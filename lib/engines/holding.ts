/**
 * An engine with one of its parameters held at a value: it is no longer among those
 * that are given, nor differentiated by.
 *
 * @module
 */

import type { Engine } from "../objective/evaluation.ts";

/** `engine` with the parameter at `place` held at `value`. */
export function holding(engine: Engine, place: number, value: number): Engine {
  const { name, precision } = engine;
  return {
    name,
    precision,
    get targetEnergy() {
      return engine.targetEnergy;
    },
    async evaluate(vector, order) {
      const size = vector.length + 1;
      const { gradient, hessian, ...rest } = await engine.evaluate(
        Float64Array.from([...vector].toSpliced(place, 0, value)),
        order,
      );
      return {
        ...rest,
        ...(gradient && { gradient: gradient.filter((_, i) => i !== place) }),
        ...(hessian && {
          hessian: hessian.filter((_, k) =>
            Math.floor(k / size) !== place && k % size !== place
          ),
        }),
      };
    },
    close: () => engine.close(),
  };
}
