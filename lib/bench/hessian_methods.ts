/**
 * The ways to a Hessian that are compared with each other, each behind the same
 * small interface. A new one is a new entry of {@linkcode hessianMethods}.
 *
 * Each loads its modules when it is opened, so that the memory of a process that
 * measures one method is that method's.
 *
 * @module
 */

import { STRATEGIES } from "../autodiff/strategies.ts";
import type { Engine } from "../engines/engine.ts";
import type { TensorflowBackend } from "../frameworks/tensorflow/names.ts";
import type { ChunkedPair } from "../objective/chunks.ts";

/** A Hessian on one pair, ready to be evaluated. */
export interface OpenHessian {
  /** ∇²𝓛 by the published coordinates at `z`, 5 × 5, row-major. */
  evaluate(z: Float64Array): Promise<Float64Array> | Float64Array;
  /**
   * The most bytes that were allocated at once, the recording included, by the
   * method's own count; absent where it has none.
   */
  bytes?(): number;
  /** What it runs on, where that is not the processor. */
  device?: string;
  /** Gives back what it holds. */
  close(): Promise<void> | void;
}

/** A way to a Hessian. */
export interface HessianMethod {
  /** Name as a config takes it. */
  name: string;
  /** What it is a case of. */
  family: string;
  /** How it differentiates. */
  strategy: string;
  /** What else tells it from others of its family and strategy. */
  variant: string;
  /** Makes it ready on `pair`. */
  open(pair: ChunkedPair): Promise<OpenHessian>;
}

/** Families, in the order of the report. */
export const FAMILIES = {
  fused: "transforms, fused",
  separate: "transforms, operation by operation",
  framework: "TensorFlow.js",
  kernel: "purpose-built kernel",
} as const;

/** Gradients by an adjoint, and a Hessian out of first-order recurrences. */
const ADJOINT = "adjoint";

/** The method that all others are checked against. */
export const YARDSTICK = "reference";

/** What the methods depend on beside the pair. */
export interface MethodOptions {
  /** Where TensorFlow.js computes (default "wasm"). */
  tensorflowBackend?: TensorflowBackend;
  /** Whether a GPU will do that is only software (default false). */
  softwareGpu?: boolean;
}

/** All methods. */
export function hessianMethods(options: MethodOptions = {}): HessianMethod[] {
  const { tensorflowBackend = "wasm", softwareGpu = false } = options;
  return [
    {
      name: YARDSTICK,
      family: FAMILIES.kernel,
      strategy: "forward-over-forward",
      variant: "double precision, 1 thread",
      async open(pair) {
        const { openReferenceEngine } = await import("../engines/reference.ts");
        return inCoordinates(openReferenceEngine(pair), pair);
      },
    },
    {
      name: "wasm-1-thread",
      family: FAMILIES.kernel,
      strategy: ADJOINT,
      variant: "WebAssembly, 1 thread",
      open: (pair) => openWasm(pair, 1),
    },
    {
      name: "wasm",
      family: FAMILIES.kernel,
      strategy: ADJOINT,
      variant: "WebAssembly, all threads",
      open: openWasm,
    },
    {
      name: "webgpu",
      family: FAMILIES.kernel,
      strategy: ADJOINT,
      variant: "WebGPU",
      open: (pair) => openWebGpu(pair, softwareGpu),
    },
    ...[true, false].flatMap((fuse) =>
      STRATEGIES.map((strategy): HessianMethod => ({
        name: `${fuse ? "fused" : "separate"}-${strategy}`,
        family: fuse ? FAMILIES.fused : FAMILIES.separate,
        strategy,
        variant: "WebAssembly, 1 thread",
        async open(pair) {
          const { openHessian } = await import("../autodiff/compressor.ts");
          const { evaluate, memory } = await openHessian(pair, {
            strategy,
            fuse,
          });
          return { evaluate, bytes: () => memory.peakBytes, close() {} };
        },
      }))
    ),
    {
      name: "tensorflow",
      family: FAMILIES.framework,
      strategy: "reverse-over-reverse",
      variant: `backend ${tensorflowBackend}`,
      async open(pair) {
        const [{ useBackend }, { openTensorflowHessian }] = await Promise.all([
          import("../frameworks/tensorflow/backend.ts"),
          import("../frameworks/tensorflow/compressor.ts"),
        ]);
        await useBackend(tensorflowBackend);
        const hessian = openTensorflowHessian(pair);
        return { ...hessian, bytes: () => hessian.peakBytes };
      },
    },
  ];
}

/** The WebAssembly engine, on `threads` threads or one for each core. */
async function openWasm(
  pair: ChunkedPair,
  threads?: number,
): Promise<OpenHessian> {
  const { holdPool } = await import("../engines/wasm/pool.ts");
  const { openOnPool } = await import("../engines/wasm/wasm_engine.ts");
  const { pool, release } = await holdPool();
  const hessian = await inCoordinates(
    await openOnPool(pool, pair, { threads }),
    pair,
  );
  return {
    ...hessian,
    bytes: () => pool.heap.peakBytes,
    async close() {
      await hessian.close();
      await release();
    },
  };
}

async function openWebGpu(
  pair: ChunkedPair,
  softwareGpu: boolean,
): Promise<OpenHessian> {
  const { requestGpu } = await import("../engines/webgpu/gpu.ts");
  const { openWebGpuEngine } = await import("../engines/webgpu/webgpu.ts");
  const { adapterName, software } = await requestGpu();
  if (software && !softwareGpu) {
    throw new Error(
      `the only GPU is ${adapterName}: measure it with --set software_gpu=true`,
    );
  }
  const engine = await openWebGpuEngine(pair);
  const bytes = engine.parts.flatMap(({ buffers }) =>
    Object.values(buffers).map(({ size }) => size)
  ).reduce((sum, size) => sum + size, 0);
  return {
    ...await inCoordinates(engine, pair),
    bytes: () => bytes,
    device: engine.adapterName,
  };
}

/** The Hessian of `engine` in the published coordinates. */
async function inCoordinates(
  engine: Engine,
  pair: ChunkedPair,
): Promise<OpenHessian> {
  const { objectiveOf } = await import("../objective/objective.ts");
  const { boundedSpace } = await import("../objective/parameter_space.ts");
  const objective = objectiveOf(engine, boundedSpace(pair.sampleRate));
  return {
    evaluate: async (z) => (await objective.evaluate(z, 2)).hessian!,
    close: () => engine.close(),
  };
}
