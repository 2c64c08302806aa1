/**
 * The sliders of the page, one for each of a model's parameters.
 *
 * A slider spans what is of use around the parameter's start, within what a fit
 * searches, and whatever values the unit has.
 *
 * @module
 */

import type { Model, Parameter, Values } from "../models/model.ts";

/** A slider. */
export interface Slider {
  /** Name of the parameter. */
  key: string;
  /** Its title. */
  label: string;
  /** Unit after the number. */
  unit: string;
  /** Lowest value. */
  low: number;
  /** Highest value. */
  high: number;
  /** Ends of what may be typed, where a slider's own do not reach; "∞" for none. */
  least: number;
  most: number | "∞";
  /** Whether it moves by ratios. */
  log: boolean;
  /** Digits of the number: decimals in dB, else significant ones. */
  digits: number;
}

/** The sliders of `model`, for a unit that has the values `found`. */
export function slidersOf(
  { parameters, feedback }: Model,
  found: readonly Values[],
): Slider[] {
  return parameters.map((parameter) => {
    const { name, title, unit, decimals, scale } = parameter;
    const [low, high] = spanOf(parameter);
    const log = scale === "log" || scale === "log-above-one";
    const values = found.map((values) => values[name])
      // Those that a slider can stand at.
      .filter((value) => Number.isFinite(value) && (value > 0 || !log));
    return {
      key: name,
      label: title,
      unit,
      ...typed(parameter, feedback),
      low: values.reduce((a, b) => Math.min(a, b), low),
      high: values.reduce((a, b) => Math.max(a, b), high),
      log,
      digits: decimals,
    };
  });
}

/** The most that may be typed of what has no end. */
const MOST = { dB: 200, other: 1e6 };

/** What may be typed of a parameter; of a ratio ∞, where a model can have it. */
function typed(
  { unit, range: [low, high], scale }: Parameter,
  feedback: boolean,
): Pick<Slider, "least" | "most"> {
  const end = unit === "dB" ? MOST.dB : MOST.other;
  return {
    least: Math.max(low, -end),
    most: scale === "log-above-one" && !feedback && high === Infinity
      ? "∞"
      : Math.min(high, end),
  };
}

/** What is of use of a parameter. */
function spanOf(
  { scale, unit, start, range }: Parameter,
): [low: number, high: number] {
  const reach = spanAround(scale, unit, start);
  return [Math.max(reach[0], range[0]), Math.min(reach[1], range[1])];
}

function spanAround(
  scale: Parameter["scale"],
  unit: string,
  start: number,
): [number, number] {
  switch (scale) {
    case "linear": {
      const way = unit === "dB" ? 36 : 0.5;
      return [start - way, start + way];
    }
    case "log": {
      const factor = unit === "dB" ? 10 : 100;
      return [start / factor, start * factor];
    }
    case "log-above-one":
      return [1, 5 * start];
    case "logit":
      return [0, 1];
  }
}
