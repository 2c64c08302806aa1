/**
 * What a model of a unit is: its parameters, and its maths in differentiable
 * primitives. Engines, derivatives, `render`, the player, options and columns of
 * tables all follow from these two.
 *
 * @module
 */

import type { Operand } from "../autodiff/primitives.ts";
import type { Value } from "../autodiff/value.ts";

/**
 * The coordinate u in which a parameter is searched: as it is, ln p, ln(p − 1),
 * or the logit of p between 0 and 1 (MATH 7 of the model family).
 */
export type Scale = "linear" | "log" | "log-above-one" | "logit";

/** One number that describes a unit, in the units people use. */
export interface Parameter {
  /** Name in files and options, such as `attack_ms`. */
  name: string;
  /** Name in tables and charts, such as "Attack". */
  title: string;
  /** Unit after the number, such as "ms"; empty where there is none. */
  unit: string;
  /** Significant digits, or decimals of a parameter in dB, that people are shown. */
  decimals: number;
  /** Where a fit starts that was told nothing else. */
  start: number;
  /** Ends of what a fit searches; an end may be infinite. */
  range: readonly [low: number, high: number];
  /** Whether, in feedback, a time is searched as it is and not as that of the loop. */
  isOpen?: boolean;
  /** Coordinate in which it is searched. */
  scale: Scale;
}

/** A parameter that may be any number. */
export function anyNumber(
  name: string,
  title: string,
  unit: string,
  decimals: number,
  start: number,
): Parameter {
  const range = [-Infinity, Infinity] as const;
  return { name, title, unit, decimals, start, range, scale: "linear" };
}

/** Numbers by the names of a model's parameters. */
export type Values = Readonly<Record<string, number>>;

/** The parameters inside a model's maths: scalars, by name. */
export type Theta = Readonly<Record<string, Value>>;

/** What a model's maths is given beside its parameters. */
export interface Sound {
  /** The dry sound x. */
  input: Value;
  /** What the detector hears, up to its sign: x, or the loudest of linked channels. */
  heard: Value;
  /** Its peak level 20 log₁₀ max(|heard|, 1e-8), which depends on nothing fitted. */
  level: Value;
  /** Hz. */
  sampleRate: Operand;
}

/** A parameter above 0 that is searched by its logarithm. */
export function onLogarithm(
  name: string,
  title: string,
  unit: string,
  start: number,
  range: Parameter["range"],
  decimals = 4,
): Parameter {
  return { name, title, unit, decimals, start, range, scale: "log" };
}

/** A unit, written once. */
export interface Model {
  /** Name as `--model` takes it, such as "4a-2a+coupling". */
  name: string;
  /** The parameters, in the order of vectors, rows and columns. */
  parameters: readonly Parameter[];
  /** The gain g that it turns the dry sound up or down by, before make-up. */
  gain(theta: Theta, sound: Sound): Value;
  /** The wet sound that the unit makes of the dry one. */
  output(theta: Theta, sound: Sound): Value;
  /**
   * True where the detector hears the output: the loop then has times of about
   * t / R, in which such a model is searched.
   */
  feedback: boolean;
}

/** `values` as a vector, in the order of the model's parameters. */
export function vectorOf({ parameters }: Model, values: Values): Float64Array {
  return Float64Array.from(parameters, ({ name }) => values[name]);
}

/** The inverse of {@linkcode vectorOf}, of anything that has a model's order. */
export function valuesOf<One>(
  { parameters }: Pick<Model, "parameters">,
  vector: ArrayLike<One>,
): Record<string, One> {
  return Object.fromEntries(
    parameters.map(({ name }, i) => [name, vector[i]]),
  );
}
