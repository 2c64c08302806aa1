/**
 * The loss of a model against a recording, written once, and the programs of its
 * derivatives by the parameters as people write them.
 *
 *     p = F(f(x; θ)),   e = p − y on the counted samples,   𝓛 = Σ e²
 *
 * with F the pre-emphasis and y the pre-emphasised target. F is the difference of
 * its input and what a state that follows it by 1 − 0.995 was a sample ago.
 *
 * @module
 */

import { add, delay, multiply, subtract, sum } from "../autodiff/primitives.ts";
import { type Program, trace } from "../autodiff/program.ts";
import { gradientForward, upperTriangle } from "../autodiff/strategies.ts";
import type { Value } from "../autodiff/value.ts";
import {
  type Model,
  type Sound,
  type Theta,
  valuesOf,
} from "../models/model.ts";
import { follow } from "../models/output.ts";
import { factor } from "../models/smoothing.ts";
import type { Order } from "./evaluation.ts";
import { PRE_EMPHASIS_POLE } from "../sound/pre_emphasis.ts";

/** A recording, as the objective takes it: signals of shape [batch, time]. */
export interface Recording extends Sound {
  /** Pre-emphasised target y. */
  target: Value;
  /** Samples at the head of every chunk that the loss leaves out. */
  warmUp: number;
}

/** Pre-emphasis F. */
export function filter(x: Value): Value {
  return subtract(x, delay(follow(x, 1 - PRE_EMPHASIS_POLE)));
}

/** Loss 𝓛 = Σ e² and Σ p², over the counted samples. */
export function leastSquares(
  model: Model,
  theta: Theta,
  recording: Recording,
): [loss: Value, modelEnergy: Value] {
  const { target, warmUp } = recording;
  const filtered = filter(model.output(theta, recording));
  const error = subtract(filtered, target);
  return [
    sum(multiply(error, error), warmUp),
    sum(multiply(filtered, filtered), warmUp),
  ];
}

/** What a program of a model is made for. */
export interface ProgramOptions {
  /** Hz. */
  sampleRate: number;
  /** Samples at the head of every chunk that the loss leaves out. */
  warmUp: number;
  /** What the signals are given in: dB, and the target's own unit, by default. */
  units?: { level: number; target: number };
  /** Whether the detector hears another sound, of which the level tells. */
  linked?: boolean;
  /** Whether the target's delay is a parameter more, the last. */
  delayed?: boolean;
}

/**
 * Program of loss and model energy, then, by `order`, the gradient and the upper
 * triangle of the Hessian, row by row. It takes the parameters, and the signals
 * input, level and target; with a delay δ, in samples, also the derivatives y' of
 * the wet sound by time and F y'': the target is then F(y + δ y' + ½ δ² y'').
 */
export function evaluationProgram(
  model: Model,
  order: Order,
  options: ProgramOptions,
): Program {
  const { units = { level: 1, target: 1 }, linked, delayed, ...given } =
    options;
  const { parameters } = model;
  const scalars = parameters.length + (delayed ? 1 : 0);
  return trace(scalars, delayed ? 5 : 3, (z, [input, ...signals]) => {
    const level = multiply(units.level, signals[0]);
    const still = multiply(units.target, signals[1]);
    const heard = linked ? factor(level) : input;
    const losses = (...z: Value[]) => {
      const delta = z[parameters.length];
      const target = delayed
        ? add(
          still,
          multiply(
            delta,
            add(
              filter(signals[2]),
              multiply(multiply(0.5 * units.target, delta), signals[3]),
            ),
          ),
        )
        : still;
      const recording = { input, heard, level, target, ...given };
      return leastSquares(model, valuesOf(model, z), recording);
    };
    const objective = (...z: Value[]) => losses(...z).slice(0, 1);
    const outputs = losses(...z);
    // First the gradient, for the Hessian makes use of what is known from it.
    if (order > 0) outputs.push(...gradientForward(objective)(...z));
    if (order > 1) outputs.push(...upperTriangle(objective)(...z));
    return outputs;
  });
}
