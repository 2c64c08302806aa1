/**
 * Scores compressors against a whole recording: nothing cut into chunks, no
 * warm-up left out.
 *
 * @module
 */

import { createCompressor } from "../compressor/compressor.ts";
import type { CompressorParameters } from "../compressor/parameters.ts";
import type { Pair } from "../objective/chunks.ts";
import { EsrMeter } from "./esr.ts";
import { LdrMeter } from "./loudness_dynamic_range.ts";

/** How near a compressor comes to a recording. */
export interface Score {
  /** Error-to-signal ratio of the pre-emphasised signals. */
  esr: number;
  /** LDR(model) − LDR(target), in dB; positive: the model compresses less. */
  deltaLdrDb: number;
}

/** Samples rendered at a time. */
const BLOCK = 1 << 14;

/** Scores each compressor of `candidates` against `pair`, in their order. */
export function score(
  { dry, wet, sampleRate }: Pair,
  candidates: readonly CompressorParameters[],
): Score[] {
  const targetLdr = new LdrMeter(sampleRate);
  targetLdr.add(wet);
  const output = new Float64Array(BLOCK);
  return candidates.map((parameters) => {
    const compressor = createCompressor(parameters, sampleRate);
    const esr = new EsrMeter();
    const ldr = new LdrMeter(sampleRate);
    for (let at = 0; at < dry.length; at += BLOCK) {
      const input = dry.subarray(at, at + BLOCK);
      const model = output.subarray(0, input.length);
      compressor.process(input, model);
      esr.add(model, wet.subarray(at, at + BLOCK));
      ldr.add(model);
    }
    return { esr: esr.value, deltaLdrDb: ldr.value - targetLdr.value };
  });
}
