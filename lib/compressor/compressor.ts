/**
 * The model `4a-2a` by hand, in double precision, sample by sample: what twins are
 * made with, so that a fit is not held to its own model's code.
 *
 *     static gain  ĝ[n] = exp(min(0, s (k CT − ℓ[n]))),  ℓ = ln max(|x|, 1e-8)
 *     ballistics   g[n] = g[n−1] + α[n] (ĝ[n] − g[n−1]),  α = a if ĝ < g[n−1] else r
 *     output       f[n] = c g[n] x[n],  c = exp(k γ)
 *
 * The state lives in the processor, so a sound of any length can be passed through
 * block by block.
 *
 * @module
 */

import type { Signal } from "../sound/signal.ts";
import type { Values } from "../models/model.ts";
import { LEVEL_FLOOR, NEPER_PER_DB } from "../sound/units.ts";
import { toNatural } from "./parameters.ts";

/** Something that turns a sound into another, block by block. */
export interface Processor {
  /**
   * Processes `input` into `output`, which may be the same array and must be at
   * least as long. State carries over to the next call.
   */
  process(input: Signal, output: Signal): void;
}

/** A processor whose detector can hear another sound, as of linked channels. */
export interface SideChainProcessor extends Processor {
  /** As `process` of any; the detector hears `heard`, which is as long as `input`. */
  process(input: Signal, output: Signal, heard?: Signal): void;
}

/** A compressor at rest, with `parameters` at `sampleRate` Hz. */
export function createCompressor(
  parameters: Values,
  sampleRate: number,
): SideChainProcessor {
  const theta = toNatural(parameters, sampleRate);
  const [thresholdDb, slope, attack, release, makeUpDb] = theta;
  const makeUp = Math.exp(NEPER_PER_DB * makeUpDb);
  const threshold = NEPER_PER_DB * thresholdDb;
  let state = 1;
  return {
    process(input, output, heard = input) {
      let gain = state; // A local copy: V8 keeps it in a register.
      for (let n = 0; n < input.length; n++) {
        const level = Math.log(Math.max(Math.abs(heard[n]), LEVEL_FLOOR));
        const target = Math.exp(Math.min(0, slope * (threshold - level)));
        gain += (target < gain ? attack : release) * (target - gain);
        output[n] = makeUp * gain * input[n];
      }
      state = gain;
    },
  };
}

/** `input` through a compressor that starts at rest, as a new array. */
export function compress(
  input: Signal,
  parameters: Values,
  sampleRate: number,
): Float64Array {
  const output = new Float64Array(input.length);
  createCompressor(parameters, sampleRate).process(input, output);
  return output;
}
