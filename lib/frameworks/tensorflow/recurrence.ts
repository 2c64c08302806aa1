/**
 * The linear recurrence as an operation of TensorFlow.js.
 *
 *     forward    y[n] = (1 − α[n]) y[n−1] + u[n]
 *     backward   y[n] = (1 − α[n+1]) y[n+1] + u[n]     its transpose
 *
 * over the last axis of tensors [batch, time]. A kernel is registered for each
 * backend, and one gradient for all of them, which is made of the operation
 * itself, so that it can be differentiated again.
 *
 * The gradient computes y anew from the inputs and does not save it: a saved
 * output would lose second derivatives (see operations.ts).
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs-core";
import { linear } from "./operations.ts";
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import type { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu";

const RECURRENCE = "LinearRecurrence";

/** Inputs of the recurrence, of one shape [batch, time]. */
interface Inputs extends tf.NamedTensorMap {
  leak: tf.Tensor;
  drive: tf.Tensor;
}

/** y[n] = (1 − leak[n]) y[n−1] + drive[n], or, `backward`, its transpose. */
export function recurrence(
  leak: tf.Tensor,
  drive: tf.Tensor,
  backward = false,
): tf.Tensor {
  const inputs: Inputs = { leak, drive };
  return tf.engine().runKernel(RECURRENCE, inputs, { backward });
}

/** x[n − 1], zero at the start. */
export function delay(x: tf.Tensor): tf.Tensor {
  return shifted(x, 1);
}

/** x[n + 1], zero at the end. */
export function advance(x: tf.Tensor): tf.Tensor {
  return shifted(x, -1);
}

function shifted(x: tf.Tensor, rows: number): tf.Tensor {
  return linear((x) => shift(x, rows), (e) => shift(e, -rows))(x);
}

/** x[n − rows], or x[n + |rows|]; zero beyond the ends. */
function shift(x: tf.Tensor, rows: number): tf.Tensor {
  const [batch, length] = x.shape;
  const from = Math.max(0, -rows);
  return tf.pad(
    tf.slice(x, [0, from], [batch, length - Math.abs(rows)]),
    [[0, 0], [Math.max(0, rows), from]],
  );
}

tf.registerGradient({
  kernelName: RECURRENCE,
  inputsToSave: ["leak", "drive"],
  gradFunc: (cotangent, saved, attributes) => {
    const [leak, drive] = saved;
    const { backward } = attributes as { backward: boolean };
    const adjoint = recurrence(leak, cotangent as tf.Tensor, !backward);
    const y = recurrence(leak, drive, backward);
    return {
      drive: () => adjoint,
      leak: () =>
        tf.neg(
          backward ? tf.mul(y, delay(adjoint)) : tf.mul(delay(y), adjoint),
        ),
    };
  },
});

/** Registers the kernel for `backend`, unless that has been done. */
export function registerRecurrence(backend: string): void {
  if (tf.getKernel(RECURRENCE, backend)) return;
  const kernelFunc = backend === "cpu"
    ? onCpu
    : backend === "wasm"
    ? onWasm
    : composed;
  tf.registerKernel({
    kernelName: RECURRENCE,
    backendName: backend,
    kernelFunc,
  });
}

type Kernel = tf.KernelFunc;
type Call = Parameters<Kernel>[0];

function onCpu(call: Call): tf.TensorInfo {
  const { leak, drive } = call.inputs as Inputs;
  const backend = call.backend as MathBackendCPU;
  const values = ({ dataId }: tf.TensorInfo) =>
    backend.data.get(dataId).values as Float32Array;
  const y = new Float32Array(drive.size);
  recur(values(leak), values(drive), y, lengthOf(drive), isBackward(call));
  return backend.makeTensorInfo(drive.shape, "float32", y);
}

function onWasm(call: Call): tf.TensorInfo {
  const { leak, drive } = call.inputs as Inputs;
  const backend = call.backend as BackendWasm;
  const output = backend.makeOutput(drive.shape, "float32");
  const values = (tensor: tf.TensorInfo) =>
    backend.typedArrayFromHeap(tensor) as Float32Array;
  recur(
    values(leak),
    values(drive),
    values(output),
    lengthOf(drive),
    isBackward(call),
  );
  return output;
}

function lengthOf({ shape }: tf.TensorInfo): number {
  return shape[shape.length - 1];
}

function isBackward({ attrs }: Call): boolean {
  return (attrs as { backward: boolean } | undefined)?.backward ?? false;
}

/** The recurrence on rows of `length` samples; the state is in double precision. */
function recur(
  leak: Float32Array,
  drive: Float32Array,
  y: Float32Array,
  length: number,
  backward: boolean,
): void {
  for (let row = 0; row < drive.length; row += length) {
    let state = 0;
    if (backward) {
      for (let i = row + length - 1; i >= row; i--) {
        const value = state + drive[i];
        state = (1 - leak[i]) * value;
        y[i] = value;
      }
    } else {
      for (let i = row; i < row + length; i++) {
        state = (1 - leak[i]) * state + drive[i];
        y[i] = state;
      }
    }
  }
}

/**
 * The recurrence out of tensor operations, for backends without a kernel of ours:
 * a scan of logarithmic depth over the affine maps y ↦ (1 − λ) y + u, each step
 * of which joins every map to the one `reach` samples before it,
 *
 *     (λ₁, u₁) then (λ₂, u₂)  =  (λ₁ + λ₂ − λ₁ λ₂,  u₂ + u₁ − λ₂ u₁)
 *
 * (Hillis and Steele 1986). Leaks, unlike decays near 1, keep their digits.
 */
function composed(call: Call): tf.TensorInfo {
  const inputs = call.inputs as Inputs;
  const backward = isBackward(call);
  return tf.tidy(() => {
    let leak = inputs.leak;
    let y = tf.clone(inputs.drive);
    if (backward) leak = shift(leak, -1);
    const length = lengthOf(y);
    for (let reach = 1; reach < length; reach *= 2) {
      const step = backward ? -reach : reach;
      const leakBefore = shift(leak, step);
      const before = shift(y, step);
      y = tf.add(y, tf.sub(before, tf.mul(leak, before)));
      leak = tf.sub(tf.add(leak, leakBefore), tf.mul(leak, leakBefore));
    }
    return y;
  });
}
