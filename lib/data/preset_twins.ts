/**
 * Twins of the presets: units of every preset whose parameters are known, so that what
 * a fit must find is known too.
 *
 * @module
 */

import { type Model, type Values, valuesOf } from "../models/model.ts";

/** What the units are set to, in part. */
const VALUES: Values = {
  threshold_db: -27.4,
  ratio: 3.7,
  knee_db: 7.3,
  attack_ms: 6.1,
  release_ms: 83,
  second_release_ms: 910,
  second_share: 0.44,
  averaging_coefficient: 0.05,
  make_up_db: 4.2,
};

/** What is otherwise in a preset: loops of 0.08 ms and of 20 ms. */
const OTHERWISE: Readonly<Record<string, Values>> = {
  fet: { ratio: 8.3, attack_ms: 0.66, release_ms: 310 },
  opto: { attack_ms: 74 },
};

/** Parameters of the twin of `model`, a preset. */
export function twinValues(model: Model): Values {
  const values = { ...VALUES, ...OTHERWISE[model.name] };
  return valuesOf(model, model.parameters.map(({ name }) => values[name]));
}

/** To what a twin must be found: dB, parts of ratios and times, and shares. */
const LEVEL_DB = 0.05;
const PART = 0.01;
const SHARE = 0.01;

/** How far `found` is from `truth`, in parts of what it must be found to. */
export function recoveryErrors(
  { parameters }: Model,
  found: Values,
  truth: Values,
): Values {
  return Object.fromEntries(parameters.map(({ name, unit }) => {
    const [is, was] = [found[name], truth[name]];
    const off = unit === "dB"
      ? (is - was) / LEVEL_DB
      : name === "second_share"
      ? (is - was) / SHARE
      : (is / was - 1) / PART;
    return [name, Math.abs(off)];
  }));
}
