/**
 * The parameters of `4a-2a` as its own kernels work on them, the *natural vector* θ:
 * threshold CT in dB, slope s = 1 − 1/R, attack coefficient a, release coefficient
 * r, make-up gain γ in dB.
 *
 * @module
 */

import type { Values } from "../models/model.ts";
import { coefficientOfTime } from "../sound/units.ts";

/** Natural vector θ of `parameters`, those of `4a-2a`, at `sampleRate` Hz. */
export function toNatural(
  parameters: Values,
  sampleRate: number,
): Float64Array {
  return Float64Array.from([
    parameters.threshold_db,
    1 - 1 / parameters.ratio,
    coefficientOfTime(parameters.attack_ms, sampleRate),
    coefficientOfTime(parameters.release_ms, sampleRate),
    parameters.make_up_db,
  ]);
}
