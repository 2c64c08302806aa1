import assert from "node:assert/strict";
import { buildKernels } from "../lib/kernels/build.ts";
import {
  bestVariant,
  KERNEL_FOLDER,
  kernelPath,
  loadKernel,
  VARIANTS,
} from "../lib/kernels/kernels.ts";

Deno.test("buildKernels() builds what is missing, once, for both instruction sets", async () => {
  await buildKernels(["one_pass"]);
  for (const variant of VARIANTS) {
    const path = kernelPath("one_pass", variant);
    assert(path.startsWith(KERNEL_FOLDER));
    await Deno.remove(path);
    assert.deepEqual(await buildKernels(["one_pass"]), [path]);
    assert.deepEqual(await buildKernels(["one_pass"]), []);
    const exports = WebAssembly.Module.exports(loadKernel("one_pass", variant));
    assert(exports.some(({ name }) => name === "onePass"));
  }
});

Deno.test("loadKernel() says how to build what is missing", async () => {
  await buildKernels(["one_pass"]);
  const path = kernelPath("one_pass", "plain");
  await Deno.remove(path);
  assert.throws(
    () => loadKernel("one_pass", "plain"),
    (error: Error) =>
      error.message.includes(path) &&
      error.message.includes("deno task kernels"),
  );
  await buildKernels(["one_pass"]);
});

Deno.test("bestVariant() is relaxed where the runtime has relaxed SIMD", () => {
  // The runtime pinned for this project has it.
  assert.equal(bestVariant(), "relaxed");
});
