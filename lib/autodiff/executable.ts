/**
 * Executes a program on signals, in a memory laid out beforehand.
 *
 * A program is a straight line and its sweeps are known, so it is known when
 * every signal is first written and last read. Each stored signal gets a place
 * for just that time. All places are as long, so one that is given back fits
 * whatever comes next, and the most in use at once is the memory needed: exactly
 * that is allocated, as one WebAssembly memory.
 *
 *     | states | constants | signals |
 *
 * In front of and behind every signal stands a row of zeros, so that the signal a
 * sample earlier or later is the same signal read a row further on.
 *
 * Scalars are computed here, in double precision, between the sweeps.
 *
 * @module
 */

import type { Signal } from "../sound/signal.ts";
import { compileSweep, type Precision } from "./compile.ts";
import type { Program } from "./program.ts";
import { schedule, type ScheduleOptions, type Sweep } from "./schedule.ts";
import { isState, startOf } from "./simplify.ts";
import type { Node } from "./value.ts";
import { runRows, type SweepFunction } from "./rows.ts";
import { assemble, MOST_PAGES, PAGE_BYTES } from "./wasm.ts";
import {
  constantBytesOf,
  readSums,
  scalarAt,
  scalarValues,
  stateBytesOf,
  sumStart,
  type Values,
  VECTOR_BYTES,
  writeConstants,
  writeStates,
} from "./work.ts";

/** Size and format of the signals that a program is made ready for. */
export interface ExecutableOptions extends ScheduleOptions {
  /** Chunks, side by side. */
  batch: number;
  /** Samples in a chunk. */
  length: number;
  /** Format of signals (default "single"). */
  precision?: Precision;
  /** Whether multiply-adds may be rounded once (default false). */
  relaxed?: boolean;
  /** Sample that later sums begin with, if it is not the one they were traced with. */
  sumsFrom?: number;
}

/** Bytes that an executable holds. */
export interface MemoryUse {
  /** All of it: what is live at the worst moment. */
  peakBytes: number;
  /** Input signals, live throughout. */
  inputBytes: number;
  /** Other stored signals, at the worst moment. */
  storedBytes: number;
  /** States and constants. */
  workBytes: number;
}

/** A program ready to run on signals of one size. */
export interface Executable {
  readonly memory: MemoryUse;
  /** Passes over time that a run makes. */
  readonly sweeps: number;
  /** Sets chunk `row` of input signal `index`. */
  load(index: number, row: number, samples: Signal): void;
  /** Computes the outputs at `scalars`; NaN stands for outputs that are signals. */
  run(scalars: ArrayLike<number>): Float64Array;
  /** Chunk `row` of output `index`, a signal, as the last run left it. */
  read(index: number, row: number): Float64Array;
}

/** Makes `program` ready for signals of the size that `options` give. */
export async function prepare(
  program: Program,
  options: ExecutableOptions,
): Promise<Executable> {
  const { batch, length, precision = "single", relaxed = false } = options;
  if (!(batch >= 1 && length >= 1)) {
    throw new RangeError(
      `${batch} chunks of ${length} samples: nothing to run`,
    );
  }
  const sweeps = schedule(program, options);
  const { placeOf, places } = assignPlaces(program, sweeps);
  const start = options.sumsFrom ?? sumStart(sweeps);

  const bytesEach = precision === "single" ? 4 : 8;
  const lanes = 4 * Math.ceil(batch / 4);
  const rowBytes = lanes * bytesEach;
  const vectors = Math.ceil(batch * bytesEach / VECTOR_BYTES);
  const signalBytes = (length + 2) * rowBytes;
  const stateBytes = most(
    sweeps.map((sweep) => stateBytesOf(sweep, precision)),
  );
  const atConstants = stateBytes * vectors;
  const atSignals = atConstants + most(sweeps.map(constantBytesOf));
  const peakBytes = atSignals + signalBytes * places;
  const memory = allocate(peakBytes, `${batch} chunks of ${length} samples`);
  const signalAt = (node: Node) =>
    atSignals + signalBytes * placeOf.get(node)! + rowBytes;

  const layout = {
    precision,
    relaxed,
    rowBytes,
    isIndexed: true,
    signal: signalAt,
  };
  const { instance } = await WebAssembly.instantiate(
    assemble(sweeps.flatMap((sweep, i) => [
      compileSweep(sweep, `early${i}`, layout, false),
      compileSweep(sweep, `sweep${i}`, layout),
    ])),
    { env: { memory } },
  );
  const calls = instance.exports as Record<string, SweepFunction>;
  const numbers = precision === "single"
    ? new Float32Array(memory.buffer)
    : new Float64Array(memory.buffer);

  function runSweep(index: number, values: Values): void {
    const sweep = sweeps[index];
    writeConstants(sweep, precision, memory, atConstants, values);
    for (const node of sweep.writes) {
      const from = (signalAt(node) - rowBytes) / bytesEach;
      const before = isState(node) ? scalarAt(startOf(node), values) : 0;
      numbers.fill(before, from, from + lanes);
      numbers.fill(0, from + lanes * (length + 1), from + lanes * (length + 2));
    }
    const totals = new Map<Node, number>();
    for (let vector = 0; vector < vectors; vector++) {
      const states = stateBytes * vector;
      writeStates(sweep, precision, memory, states, values);
      runRows(length, start, sweep.direction, (row, rows, isEarly) => {
        calls[`${isEarly ? "early" : "sweep"}${index}`](
          row * rowBytes + VECTOR_BYTES * vector,
          rows,
          states,
          atConstants,
        );
      });
      const used = batch - vector * VECTOR_BYTES / bytesEach;
      readSums(sweep, precision, memory, states, totals, used);
    }
    for (const [node, total] of totals) values.set(node, total);
  }

  return {
    memory: {
      peakBytes,
      inputBytes: signalBytes * program.signals.length,
      storedBytes: signalBytes * (places - program.signals.length),
      workBytes: atSignals,
    },
    sweeps: sweeps.length,
    load(index, row, samples) {
      if (samples.length !== length) {
        throw new RangeError(
          `chunk ${row} has ${samples.length} samples: ${length} expected`,
        );
      }
      const from = signalAt(program.signals[index]) / bytesEach + row;
      for (let n = 0; n < length; n++) numbers[from + n * lanes] = samples[n];
    },
    run(scalars) {
      const values = scalarValues(program, scalars);
      sweeps.forEach((_, index) => runSweep(index, values));
      return Float64Array.from(
        program.outputs,
        (node) => node.shape === "scalar" ? scalarAt(node, values) : NaN,
      );
    },
    read(index, row) {
      const from = signalAt(program.outputs[index]) / bytesEach + row;
      return Float64Array.from({ length }, (_, n) => numbers[from + n * lanes]);
    },
  };
}

/** A memory of `bytes`, no more than a page is rounded up. */
function allocate(bytes: number, what: string): WebAssembly.Memory {
  const gigabytes = (bytes / 1e9).toFixed(1);
  const remedy = "take fewer or shorter chunks";
  const pages = Math.ceil(bytes / PAGE_BYTES);
  if (pages > MOST_PAGES) {
    throw new RangeError(
      `${what} need ${gigabytes} GB, and WebAssembly addresses 4.3 GB: ${remedy}`,
    );
  }
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages });
  } catch {
    throw new RangeError(
      `${what} need ${gigabytes} GB, which this machine does not give: ${remedy}`,
    );
  }
}

/** Gives each signal that is stored a place for as long as it is needed. */
function assignPlaces(
  program: Program,
  sweeps: Sweep[],
): { placeOf: Map<Node, number>; places: number } {
  const placeOf = new Map<Node, number>();
  const free: number[] = [];
  let places = 0;
  const take = (node: Node) => placeOf.set(node, free.pop() ?? places++);

  const lastUse = new Map<Node, number>();
  sweeps.forEach(({ reads, writes }, at) => {
    for (const node of [...writes, ...reads]) lastUse.set(node, at);
  });
  for (const node of [...program.signals, ...program.outputs]) {
    lastUse.set(node, Infinity);
  }
  program.signals.forEach(take);
  sweeps.forEach(({ reads, writes }, at) => {
    writes.forEach(take);
    for (const node of [...writes, ...reads]) {
      if (lastUse.get(node) === at) free.push(placeOf.get(node)!);
    }
  });
  return { placeOf, places };
}

function most(numbers: number[]): number {
  return Math.max(0, ...numbers);
}
