/**
 * The fast streaming compressor, and scores by it, on the kernel `render`: the
 * model `4a-2a`, single-precision samples, state in double precision. It
 * equals `createCompressor` to single-precision rounding.
 *
 * @module
 */

import type { SideChainProcessor } from "./compressor.ts";
import { NEPER_PER_DB } from "../sound/units.ts";
import { toNatural } from "./parameters.ts";
import type { Values } from "../models/model.ts";
import {
  LONG_TIME_CONSTANT,
  SHORT_TIME_CONSTANT,
} from "../sound/loudness_dynamic_range.ts";
import type { Pair } from "../sound/signal.ts";
import { loadKernel, SMALL_PAGES } from "../kernels/kernels.ts";

/** What the kernel exports. */
interface RenderExports {
  blockLength(): number;
  inputAddress(): number;
  targetAddress(): number;
  outputAddress(): number;
  parametersAddress(): number;
  sumsAddress(): number;
  reset(): void;
  render(count: number, heard: number): void;
  scoreEnergies(count: number): void;
  score(count: number): void;
}

/** Compressors that the kernel runs side by side. */
const LANES = 2;

let module: WebAssembly.Module | undefined;

/**
 * A kernel with memory of its own, at rest, set to one compressor or two: with
 * one, both lanes are the same.
 */
function openKernel(
  compressors: readonly Values[],
  sampleRate: number,
) {
  module ??= loadKernel("render");
  const memory = new WebAssembly.Memory({
    initial: SMALL_PAGES,
    maximum: SMALL_PAGES,
  });
  const kernel = new WebAssembly.Instance(module, { env: { memory } })
    .exports as unknown as RenderExports;
  const lanes = Array.from({ length: LANES }, (_, lane) => {
    const parameters = compressors[Math.min(lane, compressors.length - 1)];
    const [thresholdDb, slope, attack, release, makeUpDb] = toNatural(
      parameters,
      sampleRate,
    );
    return [
      NEPER_PER_DB / Math.LN2 * thresholdDb,
      slope,
      attack,
      release,
      Math.exp(NEPER_PER_DB * makeUpDb),
    ];
  });
  const coefficient = (tau: number) => -Math.expm1(-1 / (sampleRate * tau));
  const numbers = [
    ...lanes[0].flatMap((_, i) => lanes.map((lane) => lane[i])),
    coefficient(SHORT_TIME_CONSTANT),
    coefficient(LONG_TIME_CONSTANT),
  ];
  new Float64Array(memory.buffer, kernel.parametersAddress(), numbers.length)
    .set(numbers);
  kernel.reset();
  const length = kernel.blockLength();
  const samplesAt = (address: number) =>
    new Float32Array(memory.buffer, address, length);
  return {
    kernel,
    length,
    input: samplesAt(kernel.inputAddress()),
    target: samplesAt(kernel.targetAddress()),
    output: samplesAt(kernel.outputAddress()),
    sums: new Float64Array(memory.buffer, kernel.sumsAddress(), 6),
  };
}

/** The compressor at rest, as fast as this runtime runs it. */
export function createFastCompressor(
  parameters: Values,
  sampleRate: number,
): SideChainProcessor {
  const { kernel, length, input, target, output } = openKernel(
    [parameters],
    sampleRate,
  );
  return {
    process(from, to, heard = from) {
      const isOther = heard !== from;
      // What else is heard stands where scores have their target.
      const listened = isOther ? target : input;
      for (let at = 0; at < from.length; at += length) {
        const block = from.subarray(at, at + length);
        input.set(block);
        if (isOther) target.set(heard.subarray(at, at + length));
        kernel.render(block.length, listened.byteOffset);
        to.set(output.subarray(0, block.length), at);
      }
    },
  };
}

/** Energies over a recording that its ESR is made of. */
export interface Energies {
  /** Σ e² of the pre-emphasised error. */
  error: number;
  /** Σ y² of the pre-emphasised target. */
  target: number;
}

/**
 * Runs peak-detector compressors over `pair` and sums up how near each comes, two
 * at a time, for two take no longer than one.
 */
export function sumEnergies(
  pair: Pair,
  compressors: readonly Values[],
): Energies[] {
  const found: Energies[] = [];
  for (let i = 0; i < compressors.length; i += LANES) {
    const some = compressors.slice(i, i + LANES);
    const opened = openKernel(some, pair.sampleRate);
    runOver(pair, opened, opened.kernel.scoreEnergies);
    const [errors, target] = [opened.sums.subarray(0, LANES), opened.sums[2]];
    found.push(...some.map((_, lane) => ({ error: errors[lane], target })));
  }
  return found;
}

/** Energies over a recording, and loudness dynamic ranges. */
export interface ScoreSums extends Energies {
  /** LDR of the model, in dB. */
  modelLdr: number;
  /** LDR of the target, in dB. */
  targetLdr: number;
}

/** Runs a peak-detector compressor over `pair` and sums up how near it comes. */
export function sumScore(
  pair: Pair,
  parameters: Values,
): ScoreSums {
  const opened = openKernel([parameters], pair.sampleRate);
  runOver(pair, opened, opened.kernel.score);
  const [error, , target, , modelSquares, targetSquares] = opened.sums;
  const ldr = (sum: number) =>
    10 * Math.log10(2) * Math.sqrt(sum / pair.dry.length);
  return {
    error,
    target,
    modelLdr: ldr(modelSquares),
    targetLdr: ldr(targetSquares),
  };
}

/** Runs the kernel's function `take` over `pair`, block by block. */
function runOver(
  { dry, wet }: Pair,
  { length, input, target }: ReturnType<typeof openKernel>,
  take: (count: number) => void,
): void {
  for (let at = 0; at < dry.length; at += length) {
    const block = dry.subarray(at, at + length);
    input.set(block);
    target.set(wet.subarray(at, at + length));
    take(block.length);
  }
}
