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
  maximum,
  multiply,
  negate,
  select,
  subtract,
} from "../autodiff/primitives.ts";
import { named } from "../autodiff/program.ts";
import type { Value } from "../autodiff/value.ts";
import { anyNumber, onLogarithm, type Parameter, type Theta } from "./model.ts";

/** Threshold CT. */
export const THRESHOLD = anyNumber("threshold_db", "Threshold", "dB", 2, -36);

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
export const KNEE = onLogarithm("knee_db", "Knee", "dB", 6, [0, Infinity], 2);

/** Width, in dB, of a knee that is as good as none; 0 has no derivative. */
const NARROWEST = 1e-6;

/** Gain in dB that the curve of `theta` asks for at `level`. */
export function staticGain(
  { threshold_db, ratio, knee_db }: Theta,
  level: Value,
  feedback: boolean,
): Value {
  const slope = named(
    "slope",
    feedback ? subtract(1, ratio) : subtract(divide(1, ratio), 1),
  );
  const over = named("over", subtract(level, threshold_db));
  const asked = (above: Value) => named("asked_db", multiply(slope, above));
  if (knee_db === undefined) return asked(select(less(0, over), over, 0));
  const width = named("width", maximum(knee_db, NARROWEST));
  const half = named("half_knee", multiply(0.5, width));
  const into = named("into", subtract(over, negate(half)));
  const square = multiply(into, into);
  const bend = named("bend", multiply(divide(0.5, width), square));
  const above = select(less(half, over), over, bend);
  return asked(select(less(0, into), above, 0));
}
