import assert from "node:assert/strict";
import { benchWebGpu } from "../lib/bench/webgpu_bench.ts";

const adapter = await navigator.gpu?.requestAdapter();
const isRequired = Deno.env.get("OPTOFIT_REQUIRE_GPU") === "1";
if (!adapter && !isRequired) {
  console.log(
    "skipped: the WebGPU bench (no adapter: install a GPU driver, or Debian's mesa-vulkan-drivers)",
  );
}

Deno.test({
  name:
    "benchWebGpu() times engine, scans and TensorFlow.js on the same Hessian",
  ignore: !adapter && !isRequired,
  async fn() {
    const bench = await benchWebGpu({
      chunks: 2,
      chunkSeconds: 0.2,
      repetitions: 1,
    });
    assert(bench.frameworkDeviation < 1e-4);
    const { hessianMs } = bench;
    for (const kind of ["plain", "block", "framework"] as const) {
      const ms = kind === "framework"
        ? bench.frameworkMs
        : bench[`${kind}ScansMs`];
      assert(ms > 0);
      assert.equal(bench[`${kind}Ratio`], ms / hessianMs);
    }
    assert(bench.rounds.meanRounds > 0 && bench.bytesPerSample > 16);
  },
});
