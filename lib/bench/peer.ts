/**
 * The same Hessian by the published library, torchcomp on PyTorch, in a Python
 * that has both: `peer.py` beside this module is a user of its public functions.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import process from "node:process";
import { PAPER_MODEL, parseModel } from "../models/presets.ts";
import type { ChunkedPair } from "../sound/chunks.ts";
import { objectiveOf } from "../objective/objective.ts";
import {
  type Coordinates,
  publishedCoordinates,
} from "../objective/coordinates.ts";
import { openCompiledEngine } from "../engines/compiled/compiled_engine.ts";
import type { Engine } from "../objective/evaluation.ts";
import { openEngine } from "../engines/open.ts";
import { BENCH_POINT } from "./cpu_bench.ts";

/** Timed calls of the library, after one in which it compiles. */
const REPEATS = 2;

/** What the peer took, and how near the results are. */
export interface PeerBench {
  /** Versions of the libraries. */
  versions: Record<string, string>;
  /** Milliseconds of torch.autograd.functional.hessian, each call. */
  peer_ms: number[];
  /** Quickest milliseconds of the tuned kernel, all three orders, just after. */
  engine_ms: number;
  /** The same of the compiled engine. */
  compiled_ms: number;
  /** Quickest call of the peer over the tuned kernel's time. */
  times_faster: number;
  /** The same over the compiled engine's. */
  compiled_times_faster: number;
  /** Largest deviation of the Hessians over the largest entry. */
  hessian_deviation: number;
}

/** Thrown where there is no Python that can be the peer. */
export class PeerError extends Error {
  override name = "PeerError";
}

/** What the library answers at one point. */
interface Answer {
  hessian: number[][];
  milliseconds: number;
  process_bytes: number;
  versions: Record<string, string>;
}

/** The library's Hessian on one pair, in a process of its own. */
export interface PeerHessian {
  /** ∇²𝓛 at `z`, in the published coordinates. The first call compiles. */
  evaluate(z: Iterable<number>): Promise<Answer>;
  /** Ends the process. */
  close(): Promise<void>;
}

/** How a peer is started. */
export interface PeerOptions {
  /** The Python, by default the one that OPTOFIT_PEER_PYTHON names. */
  python?: string;
  /** Where it computes (default "cpu"). */
  device?: "cpu" | "cuda";
}

/**
 * Starts the peer on `pair`.
 *
 * @throws {PeerError} where that cannot be done, or, from `evaluate`, where it
 * fails.
 */
export async function openPeerHessian(
  pair: ChunkedPair,
  {
    python = process.env.OPTOFIT_PEER_PYTHON ?? "python3",
    device = "cpu",
  }: PeerOptions = {},
): Promise<PeerHessian> {
  const { dry, wet, starts, chunkLength, warmUp, sampleRate } = pair;
  const remedy =
    "name one that has torch and torchcomp in OPTOFIT_PEER_PYTHON (pip install torch torchcomp)";
  const folder = await Deno.makeTempDir();
  const removeFolder = () => Deno.remove(folder, { recursive: true });
  const samples = `${folder}/samples.f32`;
  let child: Deno.ChildProcess;
  try {
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
    child = new Deno.Command(python, {
      args: [fileURLToPath(new URL("./peer.py", import.meta.url))],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  } catch (error) {
    await removeFolder();
    throw new PeerError(`cannot start the Python ${python}: ${remedy}`, {
      cause: error,
    });
  }
  const complaints = new Response(child.stderr).text();
  const answers = linesOf(child.stdout);
  const writer = child.stdin.getWriter();
  // A Python that ends at once leaves nobody to write to: no answer tells.
  const say = (message: unknown) =>
    writer.write(new TextEncoder().encode(`${JSON.stringify(message)}\n`))
      .catch(() => {});
  await say({
    samples,
    device,
    chunks: starts.length,
    chunk_length: chunkLength,
    warm_up: warmUp,
    sample_rate: sampleRate,
    threads: navigator.hardwareConcurrency,
  });
  return {
    async evaluate(z) {
      await say([...z]);
      const { value, done } = await answers.next();
      if (!done) return JSON.parse(value);
      const last = (await complaints).trim().split("\n").at(-1);
      throw new PeerError(`the Python ${python} failed (${last}): ${remedy}`);
    },
    async close() {
      await writer.close().catch(() => {});
      for await (const _ of answers) { /* to its end */ }
      await complaints;
      await child.status;
      await removeFolder();
    },
  };
}

/** The lines of `stream`, as they come. */
async function* linesOf(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<string, void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}

/** Shortest time of a Hessian at `z` by `engine`, in ms. */
async function shortestTime(
  engine: Engine,
  space: Coordinates,
  z: Float64Array,
): Promise<number> {
  const objective = objectiveOf(engine, space);
  const times: number[] = [];
  for (let i = 0; i < 30; i++) {
    const start = performance.now();
    await objective.evaluate(z, 2);
    if (i >= 5) times.push(performance.now() - start);
  }
  return Math.min(...times);
}

/** Runs the peer and both engines on `pair`, all on all threads. */
export async function runPeerBench(pair: ChunkedPair): Promise<PeerBench> {
  const space = publishedCoordinates(pair.sampleRate);
  const z = space.coordinates(BENCH_POINT);
  const peer = await openPeerHessian(pair);
  const answers: Answer[] = [];
  try {
    await peer.evaluate(z);
    for (let i = 0; i < REPEATS; i++) answers.push(await peer.evaluate(z));
  } finally {
    await peer.close();
  }

  const model = parseModel(PAPER_MODEL);
  const tuned = await openEngine("wasm", pair, model);
  const compiled = await openCompiledEngine(pair, model);
  const [engine_ms, compiled_ms] = [
    await shortestTime(tuned, space, z),
    await shortestTime(compiled, space, z),
  ];
  const { hessian } = await objectiveOf(tuned, space).evaluate(z, 2);
  await tuned.close();
  await compiled.close();
  const peer_ms = answers.map(({ milliseconds }) => milliseconds);
  const peerHessian = answers[0].hessian.flat();
  const largest = Math.max(...peerHessian.map(Math.abs));
  return {
    versions: answers[0].versions,
    peer_ms,
    engine_ms,
    compiled_ms,
    times_faster: Math.min(...peer_ms) / engine_ms,
    compiled_times_faster: Math.min(...peer_ms) / compiled_ms,
    hessian_deviation: Math.max(
      ...peerHessian.map((value, i) => Math.abs(value - (hessian?.[i] ?? NaN))),
    ) / largest,
  };
}
