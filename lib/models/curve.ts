/**
 * The static curve: the gain G, in dB, that is asked for at a level L. With
 * d = L − CT,
 *
 *     hard knee  G = −s max(d, 0)
 *     soft knee  G = 0 for d ≤ −W/2, −s (d + W/2)² / 2W inside, −s d for d ≥ W/2
 *
 * (Giannoulis, Massberg, Reiss, JAES 60(6), 2012). The slope is s = 1 − 1/R where
 * the detector hears the input and R − 1 where it hears the output, so that R is
 * the same ratio of input to output dB in both.
 *
 * @module
 */

import {
  divide,
  less,
  multiply,
  negate,
  select,
  subtract,
} from "../autodiff/primitives.ts";
import { named } from "../autodiff/program.ts";
import type { Value } from "../autodiff/value.ts";
import type { Parameter, Theta } from "./model.ts";

/** Threshold CT. */
export const THRESHOLD: Parameter = {
  name: "threshold_db",
  title: "Threshold",
  unit: "dB",
  decimals: 2,
  start: -36,
  range: [-Infinity, Infinity],
  scale: "linear",
};

/** Ratio R. */
export const RATIO: Parameter = {
  name: "ratio",
  title: "Ratio",
  unit: ": 1",
  decimals: 4,
  start: 4,
  range: [1, Infinity],
  scale: "log-above-one",
};

/** Width W of the soft knee. */
export const KNEE: Parameter = {
  name: "knee_db",
  title: "Knee",
  unit: "dB",
  decimals: 2,
  start: 6,
  range: [0, Infinity],
  scale: "log",
};

/** Gain in dB that the curve of `theta` asks for at `level`. */
export function staticGain(
  { threshold_db, ratio, knee_db }: Theta,
  level: Value,
  feedback: boolean,
): Value {
  const slope = named(
    "slope",
    feedback ? subtract(1, ratio) : subtract(divide(1, ratio), 1),
    "dB of gain for a dB above the threshold",
  );
  const over = named(
    "over",
    subtract(level, threshold_db),
    "dB above the threshold",
  );
  const asked = (above: Value) =>
    named("asked_db", multiply(slope, above), "the gain that is asked for, dB");
  if (knee_db === undefined) return asked(select(less(0, over), over, 0));
  const half = named("half_knee", multiply(0.5, knee_db), "dB");
  const into = named(
    "into",
    subtract(over, negate(half)),
    "dB above the knee's beginning",
  );
  const bend = named(
    "bend",
    multiply(divide(0.5, knee_db), multiply(into, into)),
    "what of it counts within the knee",
  );
  const above = select(less(half, over), over, bend);
  return asked(select(less(0, into), above, 0));
}
