/**
 * What comes after the gain: make-up, then saturation, coupling and bandwidth,
 * each where the model has it, all at rest at the start.
 *
 *     make-up     u = c g x,  c = 10^(γ/20)
 *     saturation  w = u + q₂ u² + q₃ u³
 *     coupling    first-order high-pass (1+p)/2 · (1 − z⁻¹)/(1 − p z⁻¹)
 *     bandwidth   first-order low-pass (1−q)/(1 − q z⁻¹)
 *
 * p and q are e^(−2π f/fs): f is the pole's frequency. Either filter is a state
 * that follows its input, y[n] = y[n−1] + (1 − p) (v[n] − y[n−1]): the low-pass is
 * y itself, and the high-pass (1+p)/2 · (v[n] − y[n−1]).
 *
 * @module
 */

import {
  add,
  delay,
  divide,
  exp,
  multiply,
  negate,
  type Operand,
  subtract,
} from "../autodiff/primitives.ts";
import { named } from "../autodiff/program.ts";
import { recur } from "../autodiff/recurrences.ts";
import type { Value } from "../autodiff/value.ts";
import { anyNumber, onLogarithm, type Theta } from "./model.ts";

/** Make-up gain γ. */
export const MAKE_UP = anyNumber("make_up_db", "Make-up", "dB", 2, 0);

/** Factor q₂ of the output's square. */
export const SQUARE = anyNumber("square", "Square", "", 4, 0);

/** Factor q₃ of the output's cube. */
export const CUBE = anyNumber("cube", "Cube", "", 4, 0);

/** Corner of the coupling. */
export const COUPLING = onLogarithm("coupling_hz", "Coupling", "Hz", 5, [
  0.05,
  1000,
]);

/** Corner of the bandwidth. */
export const BANDWIDTH = onLogarithm("bandwidth_hz", "Bandwidth", "Hz", 30000, [
  500,
  1e6,
]);

/** Saturation, coupling and bandwidth of `u`, those that `theta` has. */
export function outputStages(
  u: Value,
  theta: Theta,
  sampleRate: Operand,
): Value {
  const { square, cube, coupling_hz, bandwidth_hz } = theta;
  let y = named("made_up", u);
  if (square !== undefined) {
    const bent = multiply(y, add(square, multiply(cube, y)));
    y = named("bent", multiply(y, add(1, bent)));
  }
  const leakOf = (name: string, hertz: Value) =>
    named(name, leak(hertz, sampleRate));
  if (coupling_hz !== undefined) {
    y = named("coupled", highPass(y, leakOf("coupling", coupling_hz)));
  }
  if (bandwidth_hz !== undefined) {
    y = named("limited", follow(y, leakOf("bandwidth", bandwidth_hz)));
  }
  return y;
}

/** 1 − p of a corner in Hz. */
function leak(hertz: Value, sampleRate: Operand): Value {
  return subtract(1, exp(divide(multiply(-2 * Math.PI, hertz), sampleRate)));
}

/** State that follows v by its part `leak` a sample. */
export function follow(v: Value, leak: Operand): Value {
  return recur([[negate(leak)]], [multiply(leak, v)])[0];
}

/** First-order high-pass of unit gain at the highest frequencies. */
function highPass(v: Value, leak: Value): Value {
  const rest = subtract(v, delay(named("below", follow(v, leak))));
  return multiply(subtract(1, multiply(0.5, leak)), rest);
}
