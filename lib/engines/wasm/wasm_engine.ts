/**
 * The fast CPU engine: single-precision SIMD kernels in WebAssembly, on all
 * cores. See `lib/kernels/assembly/compressor.ts` for the algorithm.
 *
 * A quad of chunks is a task, or two where that leaves one for every worker, as two
 * take less time together than one after the other. Its sums come back in double
 * precision and are added in the order of the tasks, so the result does not depend on
 * which worker took which, nor on how many took part.
 *
 * @module
 */

import type { ChunkedPair } from "../../sound/chunks.ts";
import { type Engine, GROUP, type Order } from "../../objective/evaluation.ts";
import { loadDataSet } from "./data_set.ts";
import { LANES } from "./job.ts";
import {
  kernelParameters,
  moved,
  PARAMETER_COUNT,
} from "./kernel_parameters.ts";
import { openHolding, type Pool } from "./pool.ts";
import { evaluationOfSums, SUMS } from "./sums.ts";

/** Options of {@linkcode openWasmEngine}. */
export interface WasmEngineOptions {
  /** Most threads an evaluation uses (default: one per core). */
  threads?: number;
}

/** Opens the engine on `pair`. */
export async function openWasmEngine(
  pair: ChunkedPair,
  options: WasmEngineOptions = {},
): Promise<Engine> {
  return await openHolding(
    (pool) => openOnPool(pool, pair, options),
    options.threads,
  );
}

/** Opens the engine on `pair`, with the workers of `pool`. */
export async function openOnPool(
  pool: Pool,
  pair: ChunkedPair,
  { threads = pool.size }: WasmEngineOptions = {},
): Promise<Engine> {
  const { heap } = pool;
  const { quads, length, warmUp, targetEnergy } = await loadDataSet(pool, pair);
  const parameters = heap.allocate(4 * LANES * PARAMETER_COUNT);
  const sumCount = SUMS.length;
  const sumBytes = 8 * sumCount;
  const output = heap.allocate(sumBytes * quads.length);
  const tasks = (groups: number[][], order: Order) =>
    groups.map(([quad, other = 0], i) => [
      order,
      quad,
      other,
      length,
      warmUp,
      parameters,
      output + sumBytes * i,
    ]);
  let isOpen = true;

  /** Lays the numbers out, each in all lanes. */
  const write = (numbers: number[]) => {
    const size = LANES * PARAMETER_COUNT;
    const view = new Float32Array(heap.memory.buffer, parameters, size);
    numbers.forEach((value, i) => {
      view.fill(value, LANES * i, LANES * (i + 1));
    });
  };

  /** Sums of `count` tasks from the one at `first` on. */
  const sumsAt = (first: number, count: number) => {
    const size = sumCount * count;
    const from = output + sumBytes * first;
    const all = new Float64Array(heap.memory.buffer, from, size);
    const sums = new Float64Array(sumCount);
    for (let i = 0; i < size; i++) sums[i % sumCount] += all[i];
    return sums;
  };

  /** What `collect` makes of the sums at `theta`, the quads taken by `groups`. */
  const run = <T>(
    theta: Float64Array,
    groups: number[][],
    order: Order,
    collect: (at: Float64Array, rounded: Float64Array) => T,
  ): Promise<T> => {
    if (!isOpen) return Promise.reject(new Error("the engine wasm is closed"));
    const at = Float64Array.from(theta);
    const { numbers, rounded } = kernelParameters(at);
    return pool.run({
      kernel: "evaluate",
      tasks: tasks(groups, order),
      threads,
      before: () => write(numbers),
      collect: () => collect(at, rounded),
    });
  };

  const all = inGroups(quads, quads.length >= 2 * pool.size ? 2 : 1);
  const neighbours = inGroups(quads, GROUP / LANES);
  return {
    name: "wasm",
    targetEnergy,
    precision: 1e-6,
    evaluate: (theta, order) =>
      run(theta, all, order, (at, rounded) => {
        const sums = sumsAt(0, all.length);
        return order < 2
          ? evaluationOfSums(sums, at, order)
          : moved(evaluationOfSums(sums, rounded, order), rounded, at);
      }),
    groupGradients: (theta) =>
      run(
        theta,
        neighbours,
        1,
        (at) =>
          neighbours.map((_, i) =>
            evaluationOfSums(sumsAt(i, 1), at, 1).gradient!
          ),
      ),
    async close() {
      if (!isOpen) return;
      isOpen = false;
      await pool.idle();
      for (const address of [...quads, parameters, output]) {
        heap.release(address);
      }
    },
  };
}

/** `quads` in groups of `size`. */
function inGroups(quads: number[], size: number): number[][] {
  const groups: number[][] = [];
  for (let at = 0; at < quads.length; at += size) {
    groups.push(quads.slice(at, at + size));
  }
  return groups;
}
