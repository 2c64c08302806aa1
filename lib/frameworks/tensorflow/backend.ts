/**
 * Chooses where TensorFlow.js computes.
 *
 * `cpu` (JavaScript), `wasm` (XNNPACK) and `webgpu` come with the project.
 * `tensorflow` is the native library with CUDA behind `@tensorflow/tfjs-node-gpu`;
 * it is large and needs a build step, so it is loaded only when it is asked for.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs-core";
// Registers the gradients of all operations, which the core package does not.
import "@tensorflow/tfjs-layers";
import type { TensorflowBackend } from "./names.ts";
import { registerRecurrence } from "./recurrence.ts";

const NATIVE_PACKAGE = "npm:@tensorflow/tfjs-node-gpu@4.22.0";

/** What registers each backend. */
const LOADERS: Record<TensorflowBackend, () => Promise<unknown>> = {
  cpu: () => import("@tensorflow/tfjs-backend-cpu"),
  async wasm() {
    const { setWasmPaths } = await import("@tensorflow/tfjs-backend-wasm");
    const main = import.meta.resolve("@tensorflow/tfjs-backend-wasm");
    // The binaries lie beside the package's main file.
    setWasmPaths(new URL(".", main).href);
  },
  webgpu: () => import("@tensorflow/tfjs-backend-webgpu"),
  tensorflow: () => importNative(),
};

/**
 * Makes TensorFlow.js compute on `name`, with our recurrence among its kernels.
 *
 * @throws {Error} that says what is missing, and how to get it.
 */
export async function useBackend(name: TensorflowBackend): Promise<void> {
  tf.enableProdMode(); // No notices on the console.
  await LOADERS[name]();
  let isReady = false;
  let reason = "it did not start";
  try {
    isReady = await tf.setBackend(name);
  } catch (error) {
    reason = error instanceof Error ? error.message : String(error);
  }
  if (!isReady) {
    const remedy = name === "webgpu"
      ? "it needs a WebGPU adapter (mesa-vulkan-drivers has one in software); try --tfjs-backend wasm"
      : "try --tfjs-backend cpu";
    throw new Error(`TensorFlow.js backend ${name}: ${reason}; ${remedy}`);
  }
  await tf.ready();
  registerRecurrence(name);
}

/**
 * Loads the native library.
 *
 * @param load how to import a module, for tests.
 */
export async function importNative(
  load: (specifier: string) => Promise<unknown> = (specifier) =>
    import(specifier),
): Promise<void> {
  try {
    await load(NATIVE_PACKAGE);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `TensorFlow.js backend tensorflow: ${NATIVE_PACKAGE} cannot be loaded (${
        reason.split("\n")[0]
      }). Its native library is installed by its own install script: run ` +
        `deno install --node-modules-dir=auto --allow-scripts=${NATIVE_PACKAGE} ${NATIVE_PACKAGE} ` +
        "(it wants CUDA 11.2 and cuDNN 8.1), and the task again with --node-modules-dir=auto --allow-ffi",
    );
  }
}
