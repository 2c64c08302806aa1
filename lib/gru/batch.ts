/**
 * The make-up network over many sequences at once, on all cores: loss and
 * gradient of a window, with the states carried from window to window.
 *
 * The sequences lie in the memory that the worker threads share. Four of them are
 * a task (see `lib/kernels/assembly/gru.ts`); the tasks' results are added in
 * order, in double precision, so the sums do not depend on the number of cores.
 *
 * @module
 */

import { Pool } from "../engines/wasm/pool.ts";
import { HIDDEN, WEIGHT_COUNT } from "./weights.ts";

/** Longest window that the kernel takes, in samples. */
export const LONGEST_WINDOW = 12_288;

const LANES = 4;

/** h and the error's filter, four lanes each. */
const STATE_FLOATS = LANES * (HIDDEN + 1);

/** Loss of a window and its gradient. */
export interface WindowGradient {
  /** Σ over the sequences of scale Σ e². */
  loss: number;
  /** Its gradient by the weights. */
  gradient: Float64Array;
}

/** Sequences of equal length, and where each stands. */
export interface GruBatch {
  /** What goes into the network: fill it after opening. */
  readonly inputs: Float32Array[];
  /** What is to come out: fill it after opening. */
  readonly targets: Float32Array[];
  /** Puts every sequence at rest, as before its first sample. */
  rewind(): void;
  /**
   * Loss of samples `from` to `to` under `weights`, each sequence's squared
   * error counted `scales` times. The states move on to `to`.
   */
  loss(
    weights: Float64Array,
    from: number,
    to: number,
    scales: Float64Array,
  ): Promise<number>;
  /** As {@linkcode loss}, with the gradient. */
  gradient(
    weights: Float64Array,
    from: number,
    to: number,
    scales: Float64Array,
  ): Promise<WindowGradient>;
  /** Ends the threads and gives the memory back. */
  close(): void;
}

/** Options of {@linkcode openGruBatch}. */
export interface GruBatchOptions {
  /** Threads (default: one per core). */
  threads?: number;
}

/** Opens a batch of `count` sequences of `length` samples, all zero. */
export async function openGruBatch(
  count: number,
  length: number,
  { threads }: GruBatchOptions = {},
): Promise<GruBatch> {
  if (!(count >= 1 && length >= 1)) {
    throw new RangeError(
      `a batch of ${count} sequences of ${length} samples: give at least one of each`,
    );
  }
  const groups = Math.ceil(count / LANES);
  const pool = await Pool.start(
    Math.min(groups, threads ?? navigator.hardwareConcurrency),
    "gru",
  );
  try {
    return onPool(pool, count, length, groups);
  } catch (error) {
    pool.close();
    throw error;
  }
}

function onPool(
  pool: Pool,
  count: number,
  length: number,
  groups: number,
): GruBatch {
  const { heap } = pool;
  const rowBytes = 4 * length;
  const inputAddress = heap.allocate(rowBytes * count);
  const targetAddress = heap.allocate(rowBytes * count);
  const weightAddress = heap.allocate(4 * WEIGHT_COUNT);
  const scaleAddress = heap.allocate(4 * LANES * groups);
  const stateAddress = heap.allocate(4 * STATE_FLOATS * groups);
  const resultBytes = 8 * (1 + WEIGHT_COUNT);
  const resultAddress = heap.allocate(resultBytes * groups);
  const { buffer } = heap.memory;
  const rows = (address: number) =>
    Array.from(
      { length: count },
      (_, i) => new Float32Array(buffer, address + rowBytes * i, length),
    );
  const inputs = rows(inputAddress);
  const targets = rows(targetAddress);
  for (const row of [...inputs, ...targets]) row.fill(0);
  const kernelWeights = new Float32Array(buffer, weightAddress, WEIGHT_COUNT);
  const kernelScales = new Float32Array(buffer, scaleAddress, LANES * groups);
  const states = new Float32Array(buffer, stateAddress, STATE_FLOATS * groups);
  const results = new Float64Array(
    buffer,
    resultAddress,
    (1 + WEIGHT_COUNT) * groups,
  );
  states.fill(0);

  /** Arguments of each group's call, for a window from `from` to `to`. */
  const tasks = (from: number, to: number) =>
    Array.from({ length: groups }, (_, group) => {
      const first = LANES * group;
      // Lanes without a sequence run the group's first, counted 0 times.
      const offset = (lane: number) =>
        first + lane < count ? lane * rowBytes : 0;
      return [
        weightAddress,
        inputAddress + rowBytes * first + 4 * from,
        targetAddress + rowBytes * first + 4 * from,
        offset(1),
        offset(2),
        offset(3),
        to - from,
        scaleAddress + 4 * LANES * group,
        stateAddress + 4 * STATE_FLOATS * group,
        resultAddress + resultBytes * group,
      ];
    });

  /** Runs `kernel` on every group and adds up its results in order. */
  function run(
    kernel: "value" | "gradient",
    weights: Float64Array,
    from: number,
    to: number,
    scales: Float64Array,
  ): Promise<Float64Array> {
    const isWindow = from >= 0 && from < to && to <= length &&
      to - from <= LONGEST_WINDOW;
    if (!isWindow) {
      throw new RangeError(
        `window from sample ${from} to ${to}: must lie within 0 and ${length} and hold 1 to ${LONGEST_WINDOW} samples`,
      );
    }
    const size = kernel === "value" ? 1 : 1 + WEIGHT_COUNT;
    return pool.run({
      kernel,
      tasks: tasks(from, to),
      before: () => {
        kernelWeights.set(weights);
        kernelScales.fill(0);
        kernelScales.set(scales);
      },
      collect: () => {
        const sums = new Float64Array(size);
        for (let group = 0; group < groups; group++) {
          const at = (1 + WEIGHT_COUNT) * group;
          for (let i = 0; i < size; i++) sums[i] += results[at + i];
        }
        return sums;
      },
    });
  }

  return {
    inputs,
    targets,
    rewind: () => {
      states.fill(0);
    },
    async loss(weights, from, to, scales) {
      return (await run("value", weights, from, to, scales))[0];
    },
    async gradient(weights, from, to, scales) {
      const sums = await run("gradient", weights, from, to, scales);
      // The kernel differentiates half the loss.
      return { loss: sums[0], gradient: sums.subarray(1).map((g) => 2 * g) };
    },
    close: () => pool.close(),
  };
}
