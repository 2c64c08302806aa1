/**
 * The targets FF-A, FF-B and FF-C: feed-forward compressors with the RMS detector and
 * known parameters (Yu et al., "Differentiable All-pole Filters for Time-varying Audio
 * Systems", DAFx 2024), and where the published fits of them start.
 *
 * @module
 */

import { parseModel } from "../models/presets.ts";
import type { Parameter, Values } from "../models/model.ts";

/** Who published them. */
export const FF_CITATION =
  "Yu et al., “Differentiable All-pole Filters for Time-varying Audio Systems”, DAFx 2024";

/** The model that makes the targets. */
export const FF_MODEL = parseModel("rms");

/** Names of the targets. */
export const TARGET_NAMES = ["FF-A", "FF-B", "FF-C"] as const;

/** Name of a target. */
export type TargetName = typeof TARGET_NAMES[number];

/** The published targets: threshold, averaging and make-up are the same. */
export const TARGETS: Readonly<Record<TargetName, Values>> = {
  "FF-A": targetWith(3, 1, 100),
  "FF-B": targetWith(5, 30, 30),
  "FF-C": targetWith(8, 0.1, 200),
};

function targetWith(
  ratio: number,
  attackMs: number,
  releaseMs: number,
): Values {
  return {
    threshold_db: -20,
    ratio,
    attack_ms: attackMs,
    release_ms: releaseMs,
    averaging_coefficient: 0.03,
    make_up_db: 0,
  };
}

/** The published starting point. */
export const FF_START: Values = {
  threshold_db: -10,
  ratio: 2,
  attack_ms: 50,
  release_ms: 50,
  averaging_coefficient: 0.3,
  make_up_db: 0,
};

/** Farthest a recovered parameter may be from the true one: in dB, or a part of it. */
const RECOVERED = { db: 0.01, part: 1e-3 };

const inDecibels = ({ unit }: Parameter) => unit === "dB";

/**
 * The parameters found less the true ones: in dB, for the others in per cent of the
 * true value. What a model has not is left out.
 */
export function errorsOf(target: TargetName, found: Values): Values {
  return Object.fromEntries(
    FF_MODEL.parameters.filter(({ name }) => name in found).map((parameter) => {
      const { name } = parameter;
      const [value, truth] = [found[name], TARGETS[target][name]];
      return [
        name,
        inDecibels(parameter) ? value - truth : 100 * (value / truth - 1),
      ];
    }),
  );
}

/** Columns of {@linkcode errorsOf}. */
export const ERROR_COLUMNS = FF_MODEL.parameters.map((parameter) => ({
  key: parameter.name,
  title: parameter.title,
  unit: inDecibels(parameter) ? "dB" : "%",
  digits: 2,
}));

/** Whether all six parameters are the true ones: within 0.01 dB and 0.1 %. */
export function isRecovered(target: TargetName, found: Values): boolean {
  const errors = errorsOf(target, found);
  return FF_MODEL.parameters.every((parameter) =>
    Math.abs(errors[parameter.name]) <=
      (inDecibels(parameter) ? RECOVERED.db : 100 * RECOVERED.part)
  );
}
