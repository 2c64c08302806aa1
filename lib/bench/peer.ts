/**
 * The same Hessian by the published library, torchcomp on PyTorch, in a Python
 * that has both: `peer.py` beside this module is a user of its public functions.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import process from "node:process";
import { toNatural } from "../compressor/parameters.ts";
import type { ChunkedPair } from "../objective/chunks.ts";
import { objectiveOf } from "../objective/objective.ts";
import { boundedSpace } from "../objective/parameter_space.ts";
import { openWasmEngine } from "../engines/wasm/wasm_engine.ts";
import { BENCH_POINT } from "./cpu_bench.ts";

/** Timed calls of the library, after one in which it compiles. */
const REPEATS = 2;

/** What the peer took, and how near the results are. */
export interface PeerBench {
  /** Versions of the libraries. */
  versions: Record<string, string>;
  /** Milliseconds of torch.autograd.functional.hessian, each call. */
  peer_ms: number[];
  /** Quickest milliseconds of the engine, all three orders, just after. */
  engine_ms: number;
  /** Quickest call of the peer over the engine's time. */
  times_faster: number;
  /** Largest deviation of the Hessians over the largest entry. */
  hessian_deviation: number;
}

/** Thrown where there is no Python that can be the peer. */
export class PeerError extends Error {
  override name = "PeerError";
}

/** Runs the peer and the engine on `pair`, on all threads both. */
export async function runPeerBench(pair: ChunkedPair): Promise<PeerBench> {
  const python = process.env.OPTOFIT_PEER_PYTHON ?? "python3";
  const { dry, wet, starts, chunkLength, warmUp, sampleRate } = pair;
  const space = boundedSpace(sampleRate);
  const z = space.coordinates(BENCH_POINT);
  const folder = await Deno.makeTempDir();
  let answer: {
    milliseconds: number[];
    hessian: number[][];
    versions: Record<string, string>;
  };
  try {
    const samples = `${folder}/samples.f32`;
    const chunks = new Float32Array(2 * starts.length * chunkLength);
    [dry, wet].forEach((signal, side) =>
      starts.forEach((start, i) =>
        chunks.set(
          signal.subarray(start, start + chunkLength),
          (side * starts.length + i) * chunkLength,
        )
      )
    );
    await Deno.writeFile(samples, new Uint8Array(chunks.buffer));
    answer = await runPython(python, {
      samples,
      chunks: starts.length,
      chunk_length: chunkLength,
      warm_up: warmUp,
      sample_rate: sampleRate,
      z: [...z],
      threads: navigator.hardwareConcurrency,
      repeats: REPEATS,
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }

  const engine = await openWasmEngine(pair);
  const theta = toNatural(BENCH_POINT, sampleRate);
  const times: number[] = [];
  for (let i = 0; i < 30; i++) {
    const start = performance.now();
    await engine.evaluate(theta, 2);
    if (i >= 5) times.push(performance.now() - start);
  }
  const { hessian } = await objectiveOf(engine, space).evaluate(z, 2);
  await engine.close();
  const engine_ms = Math.min(...times);
  const peerHessian = answer.hessian.flat();
  const largest = Math.max(...peerHessian.map(Math.abs));
  return {
    versions: answer.versions,
    peer_ms: answer.milliseconds,
    engine_ms,
    times_faster: Math.min(...answer.milliseconds) / engine_ms,
    hessian_deviation: Math.max(
      ...peerHessian.map((value, i) => Math.abs(value - (hessian?.[i] ?? NaN))),
    ) / largest,
  };
}

async function runPython<T>(python: string, request: unknown): Promise<T> {
  const remedy =
    "name one that has torch and torchcomp in OPTOFIT_PEER_PYTHON (pip install torch torchcomp)";
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(python, {
      args: [fileURLToPath(new URL("./peer.py", import.meta.url))],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  } catch (error) {
    throw new PeerError(`cannot start the Python ${python}: ${remedy}`, {
      cause: error,
    });
  }
  const writer = child.stdin.getWriter();
  // A Python that ends at once leaves nobody to write to: its exit code tells.
  await writer.write(new TextEncoder().encode(JSON.stringify(request)))
    .catch(() => {});
  await writer.close().catch(() => {});
  const { success, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  if (!success) {
    const last = text(stderr).split("\n").at(-1);
    throw new PeerError(`the Python ${python} failed (${last}): ${remedy}`);
  }
  return JSON.parse(text(stdout));
}
