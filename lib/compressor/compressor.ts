/**
 * The feed-forward compressor itself, in double precision, sample by sample.
 *
 *     static gain  ĝ[n] = exp(min(0, s (k CT − ℓ[n]))),  ℓ = ln level
 *     ballistics   g[n] = g[n−1] + α[n] (ĝ[n] − g[n−1]),  α = a if ĝ < g[n−1] else r
 *     output       f[n] = c g[n] x[n],  c = exp(k γ)
 *
 * The peak detector's level is max(|x|, 1e-8); the RMS detector's is the root of
 * a one-pole average of x² (Yu et al., DAFx 2024). The state lives in the
 * processor, so a sound of any length can be passed through block by block.
 *
 * @module
 */

import type { Signal } from "../sound/signal.ts";
import {
  type CompressorParameters,
  detectorOf,
  LEVEL_FLOOR,
  MEAN_SQUARE_FLOOR,
  NEPER_PER_DB,
  toNatural,
} from "./parameters.ts";

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
  parameters: CompressorParameters,
  sampleRate: number,
): SideChainProcessor {
  const theta = toNatural(parameters, sampleRate);
  const [thresholdDb, slope, attack, release] = theta;
  const averaging = detectorOf(parameters) === "rms" ? theta[4] : undefined;
  const makeUp = Math.exp(NEPER_PER_DB * theta[theta.length - 1]);
  const threshold = NEPER_PER_DB * thresholdDb;
  const state = { gain: 1, meanSquare: 0 };
  return {
    process(input, output, heard = input) {
      // Local copies: V8 keeps them in registers.
      let { gain, meanSquare } = state;
      for (let n = 0; n < input.length; n++) {
        const x = heard[n];
        let level: number;
        if (averaging === undefined) {
          level = Math.log(Math.max(Math.abs(x), LEVEL_FLOOR));
        } else {
          meanSquare += averaging *
            (Math.max(x * x, MEAN_SQUARE_FLOOR) - meanSquare);
          level = 0.5 * Math.log(meanSquare);
        }
        const target = Math.exp(Math.min(0, slope * (threshold - level)));
        gain += (target < gain ? attack : release) * (target - gain);
        output[n] = makeUp * gain * input[n];
      }
      state.gain = gain;
      state.meanSquare = meanSquare;
    },
  };
}

/** `input` through a compressor that starts at rest, as a new array. */
export function compress(
  input: Signal,
  parameters: CompressorParameters,
  sampleRate: number,
): Float64Array {
  const output = new Float64Array(input.length);
  createCompressor(parameters, sampleRate).process(input, output);
  return output;
}
