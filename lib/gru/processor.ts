/**
 * 4A-2A-G as it sounds: the fitted compressor without its make-up, then the
 * network, block by block. One sound leaves no settings to fill the vector's
 * lanes with, so the kernel's `render` puts the hidden units there.
 *
 * The network starts where silence would have left it, so a sound begins without
 * a click.
 *
 * @module
 */

import type { Processor } from "../compressor/compressor.ts";
import type { Values } from "../models/model.ts";
import { loadKernel } from "../kernels/kernels.ts";
import { createFastCompressor } from "../compressor/render.ts";
import { settle } from "./silence.ts";
import { HIDDEN, WEIGHT_COUNT } from "./weights.ts";

/** Samples that the kernel is given at a time. */
const BLOCK = 4096;

/** Functions of the kernel that are used here. */
interface RenderKernel {
  render(
    weights: number,
    state: number,
    input: number,
    output: number,
    length: number,
  ): void;
}

// Addresses in the kernel's memory, whose first page holds them all.
const WEIGHTS = 64;
const STATE = WEIGHTS + 4 * WEIGHT_COUNT + 28; // The next multiple of 64.
const INPUT = STATE + 64;
const OUTPUT = INPUT + 4 * BLOCK;

let module: WebAssembly.Module | undefined;

/** The network alone, after silence. */
export function createGru(weights: Float64Array): Processor {
  module ??= loadKernel("gru");
  const memory = new WebAssembly.Memory({
    initial: 1,
    maximum: 65536,
    shared: true,
  });
  const kernel = new WebAssembly.Instance(module, { env: { memory } })
    .exports as unknown as RenderKernel;
  const { buffer } = memory;
  new Float32Array(buffer, WEIGHTS, WEIGHT_COUNT).set(weights);
  new Float32Array(buffer, STATE, HIDDEN).set(settle(weights));
  const kernelInput = new Float32Array(buffer, INPUT, BLOCK);
  const kernelOutput = new Float32Array(buffer, OUTPUT, BLOCK);
  return {
    process(input, output) {
      for (let at = 0; at < input.length; at += BLOCK) {
        const length = Math.min(BLOCK, input.length - at);
        kernelInput.set(input.subarray(at, at + length));
        kernel.render(WEIGHTS, STATE, INPUT, OUTPUT, length);
        output.set(kernelOutput.subarray(0, length), at);
      }
    },
  };
}

/** The compressor without its make-up, followed by the network. */
export function createCompressorWithGru(
  parameters: Values,
  weights: Float64Array,
  sampleRate: number,
): Processor {
  const compressor = createFastCompressor(
    { ...parameters, make_up_db: 0 },
    sampleRate,
  );
  const gru = createGru(weights);
  return {
    process(input, output) {
      compressor.process(input, output);
      gru.process(output.subarray(0, input.length), output);
    },
  };
}
