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
import type { Parameter, Theta } from "./model.ts";

/** Make-up gain γ. */
export const MAKE_UP: Parameter = {
  name: "make_up_db",
  title: "Make-up",
  unit: "dB",
  decimals: 2,
  start: 0,
  range: [-Infinity, Infinity],
  scale: "linear",
};

function share(name: string, title: string): Parameter {
  return {
    name,
    title,
    unit: "",
    decimals: 4,
    start: 0,
    range: [-Infinity, Infinity],
    scale: "linear",
  };
}

/** Factor q₂ of the output's square. */
export const SQUARE = share("square", "Square");

/** Factor q₃ of the output's cube. */
export const CUBE = share("cube", "Cube");

function corner(
  name: string,
  title: string,
  start: number,
  range: Parameter["range"],
): Parameter {
  return { name, title, unit: "Hz", decimals: 4, start, range, scale: "log" };
}

/** Corner of the coupling. */
export const COUPLING = corner("coupling_hz", "Coupling", 5, [0.05, 1000]);

/** Corner of the bandwidth. */
export const BANDWIDTH = corner("bandwidth_hz", "Bandwidth", 30000, [500, 1e6]);

/** Saturation, coupling and bandwidth of `u`, those that `theta` has. */
export function outputStages(
  u: Value,
  theta: Theta,
  sampleRate: Operand,
): Value {
  const { square, cube, coupling_hz, bandwidth_hz } = theta;
  let y = named("made_up", u, "after the make-up gain");
  if (square !== undefined) {
    y = multiply(y, add(1, multiply(y, add(square, multiply(cube, y)))));
    y = named("bent", y, "saturated");
  }
  if (coupling_hz !== undefined) {
    const leaks = leak("coupling", coupling_hz, sampleRate);
    y = named(
      "coupled",
      highPass(y, leaks),
      "without what is below the coupling",
    );
  }
  if (bandwidth_hz !== undefined) {
    const leaks = leak("bandwidth", bandwidth_hz, sampleRate);
    y = named(
      "limited",
      follow(y, leaks),
      "without what is above the bandwidth",
    );
  }
  return y;
}

/** 1 − p of a corner in Hz. */
function leak(name: string, hertz: Value, sampleRate: Operand): Value {
  return named(
    name,
    subtract(1, exp(divide(multiply(-2 * Math.PI, hertz), sampleRate))),
    "of the way, each sample",
  );
}

/** State that follows v by its part `leak` a sample. */
export function follow(v: Value, leak: Operand): Value {
  return recur([[negate(leak)]], [multiply(leak, v)])[0];
}

/** First-order high-pass of unit gain at the highest frequencies. */
function highPass(v: Value, leak: Value): Value {
  const below = named("below", follow(v, leak), "what the coupling takes away");
  const rest = subtract(v, delay(below));
  return multiply(subtract(1, multiply(0.5, leak)), rest);
}
