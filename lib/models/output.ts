/**
 * What comes after the gain: make-up, then saturation, coupling, bandwidth, shelf and
 * all-pass sections, each where the model has it, all at rest at the start.
 *
 *     make-up     u = c g x,  c = 10^(γ/20)
 *     saturation  w = u + q₂ u² + q₃ u³
 *     coupling    first-order high-pass (1+p)/2 · (1 − z⁻¹)/(1 − p z⁻¹)
 *     bandwidth   first-order low-pass (1−q)/(1 − q z⁻¹)
 *     shelf       (1 + τ₀ s)/(1 + τ₁ s) by the trapezoidal rule, s = 2 fs (1−z⁻¹)/(1+z⁻¹)
 *
 * p and q are e^(−2π f/fs): f is the pole's frequency. Either filter is a state
 * that follows its input, y[n] = y[n−1] + (1 − p) (v[n] − y[n−1]): the low-pass is
 * y itself, and the high-pass (1+p)/2 · (v[n] − y[n−1]).
 *
 * The shelf has unit gain at 0 Hz. It is what a transformer or a converter does at the
 * top of the band, where one pole is too little: its corners 1/2πτ may lie above half
 * the rate, its zero anywhere on the real axis. The mean of two samples is a shelf, of
 * τ₀ = 0, and so is every bandwidth. With T = 2 fs τ,
 *
 *     s moves by 2/(1 + T₁) · (v − s[n−1]),   y = s + (1 − T₀)/2 · (s[n−1] − s)
 *
 * The sections are those of Bargum et al. (DAFx 2023) by corner and Q, as in
 * `../phase/section.ts`; here they are filters of states that move little where a corner
 * is low, for single precision to follow. With K = tan(π f/fs), f ≤ 0.49 fs,
 *
 *     first order   s moves by λ (v − s[n−1]),  λ = 2K/(1 + K)
 *                   y = (λ − 1) v + (2 − λ) s[n−1]
 *     second order  a = 1/(1 + K (K + 1/Q)),  e = v − s₂[n−1]
 *                   s₁ moves by 2 (a K e − (1 − a) s₁[n−1])
 *                   s₂ moves by 2 (a K s₁[n−1] + a K² e)
 *                   y = v − 2/Q · (a s₁[n−1] + a K e)
 *
 * (the trapezoidal state-variable filter, V. Zavalishin, “The Art of VA Filter Design”,
 * 2012). `inverted` turns the sound over behind them: with a section of first order whose
 * corner is low that is a lead, as of a coupling, that weakens nothing.
 *
 * @module
 */

import {
  add,
  delay,
  divide,
  exp,
  less,
  multiply,
  negate,
  type Operand,
  reciprocal,
  select,
  subtract,
  tan,
} from "../autodiff/primitives.ts";
import { named } from "../autodiff/program.ts";
import { recur } from "../autodiff/recurrences.ts";
import type { Value } from "../autodiff/value.ts";
import { anyNumber, onLogarithm, type Parameter, type Theta } from "./model.ts";

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

/** Time constant τ₁ of the shelf's pole. */
export const SHELF_POLE = onLogarithm("shelf_pole_us", "Shelf pole", "µs", 5, [
  0.1,
  300,
]);

/** Time constant τ₀ of the shelf's zero: 0 of none. */
export const SHELF_ZERO = anyNumber("shelf_zero_us", "Shelf zero", "µs", 4, 1);

/** An all-pass section: its corner, and its Q if it is of second order. */
export type AllPass =
  | readonly [corner: Parameter]
  | readonly [corner: Parameter, q: Parameter];

/** Part of the rate that no corner of a section lies beyond. */
const HIGHEST_CORNER = 0.49;

/** Sections of these orders, their parameters numbered where there are several. */
export function allPasses(orders: readonly (1 | 2)[]): AllPass[] {
  return orders.map((order, i) => {
    const [end, word] = orders.length === 1
      ? ["", ""]
      : [`_${i + 1}`, ` ${i + 1}`];
    const corner = onLogarithm(
      `allpass_corner_hz${end}`,
      `All-pass${word}`,
      "Hz",
      // Spread out, for sections that stand alike never part.
      1000 * 4 ** (i - (orders.length - 1) / 2),
      [0.1, 20000],
    );
    const q = onLogarithm(`allpass_q${end}`, `All-pass Q${word}`, "", 0.7, [
      0.05,
      50,
    ]);
    return order === 1 ? [corner] : [corner, q];
  });
}

/** The stages of `u` that `theta` has, then `sections`, then upside down or not. */
export function outputStages(
  u: Value,
  theta: Theta,
  sampleRate: Operand,
  sections: readonly AllPass[],
  isInverted: boolean,
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
  const { shelf_pole_us, shelf_zero_us } = theta;
  if (shelf_pole_us !== undefined) {
    const [pole, zero] = [shelf_pole_us, shelf_zero_us].map((time) =>
      multiply(2e-6, multiply(time, sampleRate))
    );
    y = named("shelved", shelf(y, pole, zero));
  }
  for (const [corner, q] of sections) {
    const k = named("turn", tangent(theta[corner.name], sampleRate));
    y = q === undefined
      ? allPassFirst(y, k)
      : allPassSecond(y, k, theta[q.name]);
    y = named("turned", y);
  }
  return isInverted ? negate(y) : y;
}

/** K = tan(π f/fs). */
function tangent(hertz: Value, sampleRate: Operand): Value {
  const part = named("place", divide(hertz, sampleRate));
  const isLow = less(part, HIGHEST_CORNER);
  return tan(multiply(Math.PI, select(isLow, part, HIGHEST_CORNER)));
}

function allPassFirst(v: Value, k: Value): Value {
  const way = named("way", divide(multiply(2, k), add(1, k)));
  const before = delay(named("held", follow(v, way)));
  return add(
    multiply(subtract(way, 1), v),
    multiply(subtract(2, way), before),
  );
}

function allPassSecond(v: Value, k: Value, q: Value): Value {
  const width = named("spread", add(k, reciprocal(q)));
  const a = named("damped", reciprocal(add(1, multiply(k, width))));
  const band = named("band", multiply(2, multiply(a, k)));
  const low = named("low", multiply(band, k));
  const [s1, s2] = recur(
    [[negate(multiply(band, width)), negate(band)], [band, negate(low)]],
    [multiply(band, v), multiply(low, v)],
  ).map((state, i) => delay(named(["swings", "sinks"][i], state)));
  const through = named(
    "through",
    add(multiply(a, s1), multiply(0.5, multiply(band, subtract(v, s2)))),
  );
  return subtract(v, multiply(multiply(2, reciprocal(q)), through));
}

/** 1 − p of a corner in Hz. */
function leak(hertz: Value, sampleRate: Operand): Value {
  return subtract(1, exp(divide(multiply(-2 * Math.PI, hertz), sampleRate)));
}

/** State that follows v by its part `leak` a sample. */
export function follow(v: Value, leak: Operand): Value {
  return recur([[negate(leak)]], [multiply(leak, v)])[0];
}

/** The shelf of a pole and a zero, each as T = 2 fs τ. */
function shelf(v: Value, pole: Value, zero: Value): Value {
  const way = named("shelf", multiply(2, reciprocal(add(1, pole))));
  const low = named("leaning", follow(v, way));
  const back = named("zero", subtract(0.5, multiply(0.5, zero)));
  return add(low, multiply(back, subtract(delay(low), low)));
}

/** The shelf that is the bandwidth of this corner. */
export function shelfOf(bandwidthHz: number, sampleRate: number) {
  const zero = 1e6 / (2 * sampleRate);
  const pole = zero / Math.tanh(Math.PI * bandwidthHz / sampleRate);
  return { shelf_pole_us: pole, shelf_zero_us: zero };
}

/** First-order high-pass of unit gain at the highest frequencies. */
function highPass(v: Value, leak: Value): Value {
  const rest = subtract(v, delay(named("below", follow(v, leak))));
  return multiply(subtract(1, multiply(0.5, leak)), rest);
}
