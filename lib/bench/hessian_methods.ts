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
import type { CompiledEngineOptions } from "../engines/compiled/compiled_engine.ts";
import type { Engine } from "../objective/evaluation.ts";
import { LANES, RECORD_BYTES } from "../engines/wasm/job.ts";
import type { Pool, PoolHold } from "../engines/wasm/pool.ts";
import type { TensorflowBackend } from "../frameworks/tensorflow/names.ts";
import type { ChunkedPair } from "../sound/chunks.ts";

/** Bytes that a method has allocated. */
export interface MethodMemory {
  /** The most that were live at once in an evaluation, all included. */
  peakBytes: number;
  /** Those of them that hold the recording, laid out as the method reads it. */
  recordingBytes: number;
}

/** A Hessian on one pair, ready to be evaluated. */
export interface OpenHessian {
  /** ∇²𝓛 by the published coordinates at `z`, 5 × 5, row-major. */
  evaluate(z: Float64Array): Promise<Float64Array> | Float64Array;
  /** What it has allocated, by its own count; absent where it has none. */
  memory?(): MethodMemory;
  /** The most memory of the process that computes, where that is another. */
  processBytes?(): number;
  /** What it runs on, beside the processor and this runtime. */
  device?(): string;
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
  separate: "transforms, unfused",
  framework: "TensorFlow.js",
  published: "published library",
  compiled: "compiled engine",
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
}

/** All methods. */
export function hessianMethods(options: MethodOptions = {}): HessianMethod[] {
  const { tensorflowBackend = "wasm" } = options;
  return [
    {
      name: YARDSTICK,
      family: FAMILIES.compiled,
      strategy: "forward-over-forward",
      variant: "double precision, 1 thread",
      open: (pair) => openCompiled(pair, { precision: "double" }),
    },
    {
      name: "compiled-1-thread",
      family: FAMILIES.compiled,
      strategy: "forward-over-forward",
      variant: "WebAssembly, 1 thread",
      open: (pair) => openCompiled(pair, { threads: 1 }),
    },
    {
      name: "compiled",
      family: FAMILIES.compiled,
      strategy: "forward-over-forward",
      variant: "WebAssembly, all threads",
      open: (pair) => openCompiled(pair),
    },
    {
      name: "one-pass",
      family: FAMILIES.kernel,
      strategy: "forward-over-forward",
      variant: "WebAssembly, 1 thread",
      open: openStraightforward,
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
      open: openWebGpu,
    },
    ...[true, false].flatMap((fuse) =>
      STRATEGIES.map((strategy): HessianMethod => ({
        name: `${fuse ? "fused" : "separate"}-${strategy}`,
        family: fuse ? FAMILIES.fused : FAMILIES.separate,
        strategy,
        variant: "WebAssembly, 1 thread",
        async open(pair) {
          const { openStrategyHessian } = await import("./strategy_hessian.ts");
          const { evaluate, memory } = await openStrategyHessian(pair, {
            strategy,
            fuse,
          });
          const { peakBytes, inputBytes } = memory;
          return {
            evaluate,
            memory: () => ({ peakBytes, recordingBytes: inputBytes }),
            close() {},
          };
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
        const recordingBytes = hessian.peakBytes;
        return {
          evaluate: hessian.evaluate,
          memory: () => ({ peakBytes: hessian.peakBytes, recordingBytes }),
          close: hessian.close,
        };
      },
    },
    {
      name: "torchcomp",
      family: FAMILIES.published,
      strategy: "reverse-over-reverse",
      variant: "PyTorch, all threads",
      open: openPublished,
    },
  ];
}

/** The straightforward kernel, on one thread. */
async function openStraightforward(pair: ChunkedPair): Promise<OpenHessian> {
  const { holdPool } = await import("../engines/wasm/pool.ts");
  const { openOnePass } = await import("./one_pass.ts");
  return openOnHeap(
    await holdPool(),
    pair,
    async (pool, pair) => inParameters(await openOnePass(pool, pair), pair),
  );
}

/** The compiled engine of the model. */
async function openCompiled(
  pair: ChunkedPair,
  options: CompiledEngineOptions = {},
): Promise<OpenHessian> {
  const { openCompiledEngine, openOnPool } = await import(
    "../engines/compiled/compiled_engine.ts"
  );
  const { PAPER_MODEL, parseModel } = await import("../models/presets.ts");
  const model = parseModel(PAPER_MODEL);
  if (options.precision === "double") {
    return inCoordinates(await openCompiledEngine(pair, model, options), pair);
  }
  const { holdPool } = await import("../engines/wasm/pool.ts");
  return openOnHeap(
    await holdPool(),
    pair,
    (pool, pair) => openOnPool(pool, pair, model, options.threads),
  );
}

/** The WebAssembly engine, on `threads` threads or one for each core. */
async function openWasm(
  pair: ChunkedPair,
  threads?: number,
): Promise<OpenHessian> {
  const { holdPool } = await import("../engines/wasm/pool.ts");
  const { openOnPool } = await import("../engines/wasm/wasm_engine.ts");
  return openOnHeap(
    await holdPool(),
    pair,
    async (pool, pair) =>
      inParameters(await openOnPool(pool, pair, { threads }), pair),
  );
}

/**
 * A Hessian in the memory of the pool's threads. What it takes to lay the
 * recording out is given back before the first evaluation, and not counted.
 */
async function openOnHeap(
  { pool, release }: PoolHold,
  pair: ChunkedPair,
  open: (pool: Pool, pair: ChunkedPair) => Promise<Engine>,
): Promise<OpenHessian> {
  const hessian = await inCoordinates(await open(pool, pair), pair);
  const { heap } = pool;
  let peakBytes = heap.bytes;
  const allocate = heap.allocate.bind(heap);
  heap.allocate = (bytes) => {
    const address = allocate(bytes);
    peakBytes = Math.max(peakBytes, heap.bytes);
    return address;
  };
  const recordingBytes = RECORD_BYTES * pair.chunkLength *
    Math.ceil(pair.starts.length / LANES);
  return {
    ...hessian,
    memory: () => ({ peakBytes, recordingBytes }),
    async close() {
      await hessian.close();
      await release();
    },
  };
}

async function openWebGpu(pair: ChunkedPair): Promise<OpenHessian> {
  const { openWebGpuEngine } = await import("../engines/webgpu/webgpu.ts");
  const engine = await openWebGpuEngine(pair);
  const buffers = engine.parts.map(({ buffers }) => buffers);
  const bytesOf = (list: { size: number }[]) =>
    list.reduce((sum, { size }) => sum + size, 0);
  return {
    ...await inCoordinates(await inParameters(engine, pair), pair),
    memory: () => ({
      peakBytes: bytesOf(buffers.flatMap((part) => Object.values(part))),
      recordingBytes: bytesOf(buffers.flatMap(({ dry, wet }) => [dry, wet])),
    }),
    device: () => engine.adapterName,
  };
}

/** The published library, where the environment names a Python that has it. */
async function openPublished(pair: ChunkedPair): Promise<OpenHessian> {
  const { default: process } = await import("node:process");
  const python = process.env.OPTOFIT_PEER_PYTHON;
  if (!python) {
    throw new Error(
      "name a Python that has torch and torchcomp in OPTOFIT_PEER_PYTHON",
    );
  }
  const { openPeerHessian } = await import("./peer.ts");
  const peer = await openPeerHessian(pair, { python });
  let processBytes = 0;
  let device = "";
  return {
    async evaluate(z) {
      const { hessian, process_bytes, versions } = await peer.evaluate(z);
      processBytes = process_bytes;
      device = Object.entries(versions).map((pair) => pair.join(" "))
        .join(", ");
      return Float64Array.from(hessian.flat());
    },
    processBytes: () => processBytes,
    device: () => device,
    close: peer.close,
  };
}

/** `engine`, which computes by natural parameters, by those people write. */
async function inParameters(
  engine: Engine,
  { sampleRate }: ChunkedPair,
): Promise<Engine> {
  const { byParameters } = await import("../engines/by_parameters.ts");
  const { PAPER_MODEL, parseModel } = await import("../models/presets.ts");
  return byParameters(engine, parseModel(PAPER_MODEL), sampleRate);
}

/** The Hessian of `engine` in the published coordinates. */
async function inCoordinates(
  engine: Engine,
  pair: ChunkedPair,
): Promise<OpenHessian> {
  const { objectiveOf } = await import("../objective/objective.ts");
  const { publishedCoordinates } = await import("../objective/coordinates.ts");
  const objective = objectiveOf(
    engine,
    publishedCoordinates(pair.sampleRate),
  );
  return {
    evaluate: async (z) => (await objective.evaluate(z, 2)).hessian!,
    close: () => engine.close(),
  };
}
