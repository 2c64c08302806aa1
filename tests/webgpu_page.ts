/**
 * What tests/webgpu_browser_test.ts runs in a browser: the WebGPU engine and the
 * scan, bundled as they are.
 *
 * @module
 */

import type { Evaluation } from "../lib/objective/evaluation.ts";
import { requestGpu } from "../lib/engines/webgpu/gpu.ts";
import { scan } from "../lib/engines/webgpu/scan.ts";
import { openWebGpuEngine } from "../lib/engines/webgpu/webgpu.ts";
import type { ChunkedPair } from "../lib/sound/chunks.ts";
import { createRandom } from "../lib/base/random.ts";

/** What the page computes. */
export interface PageResult {
  adapterName: string;
  evaluation: Evaluation;
  sums: Float32Array;
}

/** A pair that page and test make alike. */
export function pagePair(): ChunkedPair {
  const random = createRandom("page");
  const dry = Float32Array.from(
    { length: 20_000 },
    () => random.normal(0, 0.2),
  );
  return {
    dry,
    wet: dry.map((x) => 0.5 * x - 0.2 * x * x * x),
    sampleRate: 44100,
    starts: [0, 8000],
    chunkLength: 12_000,
    warmUp: 2000,
  };
}

/** θ of the evaluation. */
export const PAGE_THETA = Float64Array.of(-30, 0.75, 0.02, 2e-4, 1);

/** Evaluates the engine, and sums 1 … 5000 by a scan with β = 1. */
export async function compute(): Promise<PageResult> {
  const engine = await openWebGpuEngine(pagePair());
  const evaluation = await engine.evaluate(PAGE_THETA, 2);
  const { adapterName } = engine;
  await engine.close();
  const ones = new Float32Array(5000).fill(1);
  const sums = await scan(await requestGpu(), { time: 5000 }, 1, ones);
  return { adapterName, evaluation, sums };
}
