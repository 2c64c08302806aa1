/**
 * Engines that compute by natural parameters θ, made to take and give those that
 * people write. Each θ is a function of one parameter:
 *
 *     ratio R   s = 1 − 1/R
 *     times     α = 1 − exp(−2200 / (ms · fs))
 *
 * and the others stand for themselves.
 *
 * @module
 */

import { coefficientOfTime, TIME_SCALE } from "../sound/units.ts";
import type { Model, Parameter } from "../models/model.ts";
import { type Jet, scalarChainRule } from "../objective/chain_rule.ts";
import type { Engine } from "../objective/evaluation.ts";

/** θ of a parameter's `value`, and its derivatives by it. */
function naturalOf(
  { name, unit }: Parameter,
  value: number,
  sampleRate: number,
): Jet {
  if (name === "ratio") {
    const square = value * value;
    return [1 - 1 / value, 1 / square, -2 / (square * value)];
  }
  if (unit === "ms") {
    const decay = TIME_SCALE / (value * sampleRate);
    const first = -decay / value * Math.exp(-decay);
    return [
      coefficientOfTime(value, sampleRate),
      first,
      first * (decay - 2) / value,
    ];
  }
  return [value, 1, 0];
}

/** `engine`, which computes by θ, by the `parameters` of its model at `sampleRate`. */
export function byParameters(
  engine: Engine,
  { parameters }: Pick<Model, "parameters">,
  sampleRate: number,
): Engine {
  const jetsAt = (values: Float64Array) =>
    parameters.map((parameter, i) =>
      naturalOf(parameter, values[i], sampleRate)
    );
  const thetaOf = (jets: Jet[]) => Float64Array.from(jets, ([value]) => value);
  const { groupGradients } = engine;
  return {
    name: engine.name,
    targetEnergy: engine.targetEnergy,
    precision: engine.precision,
    async evaluate(values, order) {
      const jets = jetsAt(values);
      return scalarChainRule(await engine.evaluate(thetaOf(jets), order), jets);
    },
    ...(groupGradients && {
      async groupGradients(values: Float64Array) {
        const jets = jetsAt(values);
        return (await groupGradients(thetaOf(jets))).map((gradient) =>
          gradient.map((slope, i) => slope * jets[i][1])
        );
      },
    }),
    close: () => engine.close(),
  };
}
