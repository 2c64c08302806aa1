/**
 * Attack and release: how the gain follows what the static curve asks for.
 *
 *     linear   g moves towards 10^(G/20): g[n] = g[n−1] + α (ĝ[n] − g[n−1])
 *     decibel  d moves towards G, g = 10^(d/20)
 *
 * α is the attack coefficient where the target lies below the state, else that of
 * the release. A two-stage release is two such states with one attack: the
 * second, which is slower, has the share m of the gain (or of its decibels).
 *
 * A time is that in which the state rises from 10 to 90 %, 2.2 time constants.
 *
 * @module
 */

import {
  add,
  divide,
  exp,
  less,
  multiply,
  type Operand,
  select,
  subtract,
} from "../autodiff/primitives.ts";
import type { Value } from "../autodiff/value.ts";
import { TIME_SCALE } from "../sound/units.ts";
import { DB_PER_NEPER } from "./detector.ts";
import { anyNumber, onLogarithm, type Parameter, type Theta } from "./model.ts";

const time = (
  ...[name, title, start, range]: [string, string, number, Parameter["range"]]
) => onLogarithm(name, title, "ms", start, range);

/** Attack time. */
export const ATTACK = time("attack_ms", "Attack", 1, [0.005, 2000]);

/** Release time, of the faster stage where there are two. */
export const RELEASE = time("release_ms", "Release", 200, [0.5, 20000]);

/** Release time of the slower stage. */
export const SECOND_RELEASE = time(
  "second_release_ms",
  "Second release",
  1000,
  [0.5, 60000],
);

/** Share m of the slower stage. */
export const SECOND_SHARE: Parameter = {
  name: "second_share",
  title: "Second share",
  unit: "",
  decimals: 3,
  start: 0.4,
  range: [0, 1],
  scale: "logit",
};

/** Gain of every stage before the first sample. */
export const INITIAL_GAIN = anyNumber(
  "initial_gain_db",
  "Initial gain",
  "dB",
  2,
  0,
);

/** A gain in dB as a factor. */
export function factor(db: Operand): Value {
  return exp(multiply(1 / DB_PER_NEPER, db));
}

/** Coefficient 1 − e^(−`scale` / (ms fs)) of a time. */
export function coefficient(
  ms: Value,
  sampleRate: Operand,
  scale = TIME_SCALE,
): Value {
  return subtract(1, exp(divide(-scale, multiply(ms, sampleRate))));
}

/** What a state moves by towards `target`. */
export function approach(
  state: Value,
  target: Value,
  attack: Operand,
  release: Operand,
): Value {
  const alpha = select(less(target, state), attack, release);
  return multiply(alpha, subtract(target, state));
}

/** The two stages as one. */
export function mix([first, second]: Value[], { second_share }: Theta): Value {
  return second === undefined
    ? first
    : add(first, multiply(second_share, subtract(second, first)));
}
