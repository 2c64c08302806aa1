/**
 * The fast streaming compressor, and scores by it, on the kernel `render`: the
 * peak detector only, single-precision samples, state in double precision. It
 * equals `createCompressor` to single-precision rounding.
 *
 * @module
 */

import { createCompressor, type Processor } from "../compressor/compressor.ts";
import {
  type CompressorParameters,
  detectorOf,
  NEPER_PER_DB,
  toNatural,
} from "../compressor/parameters.ts";
import {
  LONG_TIME_CONSTANT,
  SHORT_TIME_CONSTANT,
} from "../metrics/loudness_dynamic_range.ts";
import type { Pair } from "../objective/chunks.ts";
import { loadKernel } from "./kernels.ts";

/** What the kernel exports. */
interface RenderExports {
  blockLength(): number;
  inputAddress(): number;
  targetAddress(): number;
  outputAddress(): number;
  parametersAddress(): number;
  sumsAddress(): number;
  memoryBytes(): number;
  reset(): void;
  render(count: number): void;
  scoreEnergy(count: number): void;
  score(count: number): void;
}

/** Size of a page of WebAssembly's memory. */
const PAGE_BYTES = 65536;

/** Parameters the kernel takes, before those of the mean squares. */
const PARAMETERS = 7;

let module: WebAssembly.Module | undefined;

/** A kernel with memory of its own, at rest, set to `parameters`. */
function openKernel(parameters: CompressorParameters, sampleRate: number) {
  module ??= loadKernel("render");
  const memory = new WebAssembly.Memory({ initial: 1 });
  const kernel = new WebAssembly.Instance(module, { env: { memory } })
    .exports as unknown as RenderExports;
  const missing = kernel.memoryBytes() - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
  kernel.reset();
  const [thresholdDb, slope, attack, release, makeUpDb] = toNatural(
    parameters,
    sampleRate,
  );
  const coefficient = (tau: number) => -Math.expm1(-1 / (sampleRate * tau));
  new Float64Array(memory.buffer, kernel.parametersAddress(), PARAMETERS).set([
    NEPER_PER_DB / Math.LN2 * thresholdDb,
    slope,
    attack,
    release,
    Math.exp(NEPER_PER_DB * makeUpDb),
    coefficient(SHORT_TIME_CONSTANT),
    coefficient(LONG_TIME_CONSTANT),
  ]);
  const length = kernel.blockLength();
  const samplesAt = (address: number) =>
    new Float32Array(memory.buffer, address, length);
  return {
    kernel,
    length,
    input: samplesAt(kernel.inputAddress()),
    target: samplesAt(kernel.targetAddress()),
    output: samplesAt(kernel.outputAddress()),
    sums: new Float64Array(memory.buffer, kernel.sumsAddress(), 4),
  };
}

/**
 * The compressor at rest, as fast as this runtime runs it. With the RMS detector
 * it is `createCompressor`'s.
 */
export function createFastCompressor(
  parameters: CompressorParameters,
  sampleRate: number,
): Processor {
  if (detectorOf(parameters) === "rms") {
    return createCompressor(parameters, sampleRate);
  }
  const { kernel, length, input, output } = openKernel(parameters, sampleRate);
  return {
    process(from, to) {
      for (let at = 0; at < from.length; at += length) {
        const block = from.subarray(at, at + length);
        input.set(block);
        kernel.render(block.length);
        to.set(output.subarray(0, block.length), at);
      }
    },
  };
}

/** Sums over a recording that its scores are made of. */
export interface ScoreSums {
  /** Σ e² of the pre-emphasised error. */
  errorEnergy: number;
  /** Σ y² of the pre-emphasised target. */
  targetEnergy: number;
  /** LDR of the model, in dB. */
  modelLdr: number;
  /** LDR of the target, in dB. */
  targetLdr: number;
}

/**
 * Runs the peak-detector compressor over `pair` and sums up how near it comes.
 * Without `withLdr`, which takes half of the time, the LDRs are 0.
 */
export function sumScore(
  { dry, wet, sampleRate }: Pair,
  parameters: CompressorParameters,
  withLdr = true,
): ScoreSums {
  const { kernel, length, input, target, sums } = openKernel(
    parameters,
    sampleRate,
  );
  for (let at = 0; at < dry.length; at += length) {
    const block = dry.subarray(at, at + length);
    input.set(block);
    target.set(wet.subarray(at, at + length));
    if (withLdr) kernel.score(block.length);
    else kernel.scoreEnergy(block.length);
  }
  const [errorEnergy, targetEnergy, modelSquares, targetSquares] = sums;
  const ldr = (sum: number) => 10 * Math.log10(2) * Math.sqrt(sum / dry.length);
  return {
    errorEnergy,
    targetEnergy,
    modelLdr: ldr(modelSquares),
    targetLdr: ldr(targetSquares),
  };
}
