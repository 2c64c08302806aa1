/**
 * Where TensorFlow.js can compute, by the names it gives its backends.
 *
 * @module
 */

/** The backends: JavaScript, WebAssembly, WebGPU, the native library with CUDA. */
export const TENSORFLOW_BACKENDS = [
  "cpu",
  "wasm",
  "webgpu",
  "tensorflow",
] as const;

/** A backend of TensorFlow.js. */
export type TensorflowBackend = typeof TENSORFLOW_BACKENDS[number];
