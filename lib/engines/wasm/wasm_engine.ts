/**
 * The fast CPU engine: single-precision SIMD kernels in WebAssembly, on all
 * cores. See `lib/kernels/assembly/compressor.ts` for the algorithm.
 *
 * A quad of chunks, or two, is a task; its sums come back in double precision and
 * are added in the order of the tasks, so the result does not depend on which
 * worker took which, nor on how many took part.
 *
 * @module
 */

import type { ChunkedPair } from "../../sound/chunks.ts";
import type { Engine, Order } from "../../objective/evaluation.ts";
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
  const groups = group(quads, pool.size);
  const sumCount = SUMS.length;
  const sumBytes = 8 * sumCount;
  const output = heap.allocate(sumBytes * groups.length);
  const tasks = (order: Order) =>
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

  const addUp = () => {
    const size = sumCount * groups.length;
    const all = new Float64Array(heap.memory.buffer, output, size);
    const sums = new Float64Array(sumCount);
    for (let i = 0; i < size; i++) sums[i % sumCount] += all[i];
    return sums;
  };

  return {
    name: "wasm",
    targetEnergy,
    precision: 1e-6,
    evaluate(theta, order) {
      if (!isOpen) {
        return Promise.reject(new Error("the engine wasm is closed"));
      }
      const at = Float64Array.from(theta);
      const { numbers, rounded } = kernelParameters(at);
      return pool.run({
        kernel: "evaluate",
        tasks: tasks(order),
        threads,
        before: () => write(numbers),
        collect: () =>
          order < 2
            ? evaluationOfSums(addUp(), at, order)
            : moved(evaluationOfSums(addUp(), rounded, order), rounded, at),
      });
    },
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

/**
 * Quads by task: two, where that leaves a task for every worker, as two take less
 * time together than one after the other; else one.
 */
function group(quads: number[], workers: number): number[][] {
  const size = quads.length >= 2 * workers ? 2 : 1;
  const groups: number[][] = [];
  for (let at = 0; at < quads.length; at += size) {
    groups.push(quads.slice(at, at + size));
  }
  return groups;
}
