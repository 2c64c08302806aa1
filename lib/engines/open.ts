/**
 * Opens an engine by the name that `--engine` takes.
 *
 * @module
 */

import type { Model } from "../models/model.ts";
import { PAPER_MODEL } from "../models/presets.ts";
import type { ChunkedPair } from "../sound/chunks.ts";
import { byParameters } from "./by_parameters.ts";
import type { Engine } from "../objective/evaluation.ts";

/** The engines: SIMD on all cores, a GPU, double precision. */
export const ENGINES = ["wasm", "webgpu", "reference"] as const;

/** Name of an engine. */
export type EngineName = typeof ENGINES[number];

/** What `--engine` takes: an engine, or `auto` for the fastest one here. */
export const ENGINE_NAMES = [...ENGINES, "auto"] as const;

/** An engine that was chosen, and why. */
export interface EngineChoice {
  /** The engine to open. */
  engine: EngineName;
  /** Why, in a few words, where `auto` left it open. */
  reason?: string;
}

/** What a fit asks of an engine beside its model. */
export interface EngineNeeds {
  /** Whether a detector hears another sound than its channel's. */
  linked?: boolean;
  /** Whether delays are fitted, in parts of a sample. */
  delayed?: boolean;
}

/**
 * The engine that `name` stands for on this machine. `auto` takes the GPU where
 * there is a real one and it can compute `model`, if any is given, and what else is
 * needed; software that plays a GPU is slower than the CPU engine.
 */
export async function chooseEngine(
  name: typeof ENGINE_NAMES[number],
  model?: Model,
  { linked = false, delayed = false }: EngineNeeds = {},
): Promise<EngineChoice> {
  if (name !== "auto") return { engine: name };
  const isOther = model !== undefined && model.name !== PAPER_MODEL;
  const lack = isOther
    ? `computes the model ${PAPER_MODEL} alone`
    : linked
    ? "has no linked detector"
    : delayed
    ? "knows delays of whole samples alone"
    : undefined;
  if (lack !== undefined) {
    return { engine: "wasm", reason: `wasm: webgpu ${lack}` };
  }
  const { GpuError, requestGpu } = await import("./webgpu/gpu.ts");
  try {
    const { adapterName, software } = await requestGpu();
    return software
      ? {
        engine: "wasm",
        reason: `wasm: the only GPU, ${adapterName}, is software`,
      }
      : { engine: "webgpu", reason: `webgpu on ${adapterName}` };
  } catch (error) {
    if (!(error instanceof GpuError)) throw error;
    return { engine: "wasm", reason: `wasm: ${error.message}` };
  }
}

/**
 * Keeps what engines called `name` share, such as their threads, between one that
 * is closed and the next that is opened. Dispose of it when done.
 */
export async function keepReady(name: EngineName): Promise<AsyncDisposable> {
  if (name !== "wasm") return { [Symbol.asyncDispose]: async () => {} };
  const { holdPool } = await import("./wasm/pool.ts");
  return await holdPool();
}

/**
 * Opens the engine called `name` on `pair` with `model`. Only that engine is loaded.
 * The model of the paper has kernels of its own, tuned to it, in `wasm` and
 * `webgpu`; all others, `reference`, and a delay that is fitted, compute from the
 * model's definition.
 *
 * @throws {RangeError} where the engine cannot compute the model.
 */
export async function openEngine(
  name: EngineName,
  pair: ChunkedPair,
  model: Model,
): Promise<Engine> {
  const isPaper = model.name === PAPER_MODEL;
  if (name === "webgpu") {
    if (!isPaper) {
      throw new RangeError(
        `the engine webgpu computes the model ${PAPER_MODEL} alone, not ${model.name}: use --engine wasm`,
      );
    }
    if (pair.moves !== undefined) {
      throw new RangeError(
        "the engine webgpu knows delays of whole samples alone: use --engine wasm, or --set alignment.delay=whole",
      );
    }
    const { openWebGpuEngine } = await import("./webgpu/webgpu.ts");
    return byParameters(await openWebGpuEngine(pair), model, pair.sampleRate);
  }
  if (name === "wasm" && isPaper && pair.moves === undefined) {
    const { openWasmEngine } = await import("./wasm/wasm_engine.ts");
    return byParameters(await openWasmEngine(pair), model, pair.sampleRate);
  }
  const { openCompiledEngine } = await import("./compiled/compiled_engine.ts");
  return await openCompiledEngine(pair, model, {
    precision: name === "reference" ? "double" : "single",
  });
}
