/**
 * Measures one way to a Hessian in a process of its own, so that the process's
 * peak memory is that way's alone.
 *
 * {@linkcode measureHessian} starts this same module as a child, which opens the
 * method, evaluates it until it is warm, times it, and prints what it found.
 * Every evaluation is at another point, lest a method remember the last one; the
 * first timed one is at the point asked for.
 *
 * @module
 */

import process from "node:process";
import { fileURLToPath } from "node:url";
import type { TensorflowBackend } from "../frameworks/tensorflow/names.ts";
import type { ChunkedPair } from "../sound/chunks.ts";
import { hessianMethods, type MethodMemory } from "./hessian_methods.ts";

/** What to measure, and on what. */
export interface MeasureRequest {
  /** Name of the method. */
  method: string;
  /** File of dry, then wet samples, single precision, as the system orders bytes. */
  samples: string;
  /** Division of the pair. */
  division: Pick<
    ChunkedPair,
    "sampleRate" | "starts" | "chunkLength" | "warmUp"
  >;
  /** Where the Hessian is wanted, in the published coordinates. */
  z: number[];
  /** Evaluations go on until so many seconds have passed, warm-up and timed each. */
  seconds: number;
  /** Where TensorFlow.js computes. */
  tensorflowBackend: TensorflowBackend;
}

/** What was found. */
export interface Measurement {
  /** Milliseconds of every timed evaluation. */
  milliseconds: number[];
  /** ∇²𝓛 at the point asked for. */
  hessian: number[];
  /** What the method has allocated, if it counts. */
  memory?: MethodMemory;
  /** The most memory that the process had. */
  processBytes: number;
  /** What it ran on, where that is not the processor. */
  device?: string;
}

/** A method that could not be measured, with the reason. */
export class MeasureError extends Error {
  override name = "MeasureError";
}

/** Path of a file beside this one. */
const pathOf = (relative: string) =>
  fileURLToPath(new URL(relative, import.meta.url));

/**
 * Measures as `request` says, in a child process.
 *
 * @throws {MeasureError} with the child's own words.
 */
export async function measureHessian(
  request: MeasureRequest,
): Promise<Measurement> {
  const native = request.tensorflowBackend === "tensorflow" &&
    request.method === "tensorflow";
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      "--ignore-env",
      "--allow-read",
      ...(request.method === "torchcomp"
        ? ["--allow-env=OPTOFIT_PEER_PYTHON", "--allow-write", "--allow-run"]
        : []),
      ...(native
        ? ["--allow-ffi", "--node-modules-dir=auto", "--no-lock"]
        : [`--lock=${pathOf("../../tests/deno.lock")}`]),
      `--config=${pathOf("../../deno.json")}`,
      fileURLToPath(import.meta.url),
      JSON.stringify(request),
    ],
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  const last = text(stdout).split("\n").at(-1);
  if (success && last) return JSON.parse(last);
  const reason = text(stderr).split("\n").at(-1) || "it ended without a word";
  throw new MeasureError(reason);
}

/** The child: opens the method, warms it up, times it. */
async function measure(request: MeasureRequest): Promise<Measurement> {
  const { seconds } = request;
  const method = hessianMethods(request)
    .find(({ name }) => name === request.method);
  if (method === undefined) throw new Error(`no method ${request.method}`);
  const hessian = await method.open(await readPair(request));
  const results: Float64Array[] = [];
  const evaluateFor = async (seconds: number, isTimed: boolean) => {
    const milliseconds: number[] = [];
    const start = performance.now();
    do {
      const z = Float64Array.from(request.z);
      const isAtPoint = isTimed && milliseconds.length === 0;
      if (!isAtPoint) z[0] += 1e-3 * (1 + results.length);
      const before = performance.now();
      results.push(await hessian.evaluate(z));
      milliseconds.push(performance.now() - before);
    } while (performance.now() - start < 1000 * seconds);
    return milliseconds;
  };
  const warmUps = (await evaluateFor(seconds, false)).length;
  const milliseconds = await evaluateFor(seconds, true);
  const memory = hessian.memory?.();
  const device = hessian.device?.();
  const processBytes = hessian.processBytes?.() ??
    1024 * process.resourceUsage().maxRSS;
  await hessian.close();
  return {
    milliseconds,
    hessian: [...results[warmUps]],
    memory,
    processBytes,
    device,
  };
}

async function readPair(
  { samples, division }: MeasureRequest,
): Promise<ChunkedPair> {
  const { buffer } = await Deno.readFile(samples);
  const both = new Float32Array(buffer);
  const middle = both.length / 2;
  return {
    ...division,
    dry: both.subarray(0, middle),
    wet: both.subarray(middle),
  };
}

if (import.meta.main) {
  try {
    console.log(JSON.stringify(await measure(JSON.parse(Deno.args[0]))));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    console.error(message.replaceAll("\n", " "));
    Deno.exit(1);
  }
}
