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
import { compileSweep, type Precision, withState } from "./compile.ts";
import type { Node, Program } from "./program.ts";
import {
  nameOf,
  schedule,
  type ScheduleOptions,
  type Sweep,
} from "./schedule.ts";
import { assemble } from "./wasm.ts";

/** Size and format of the signals that a program is made ready for. */
export interface ExecutableOptions extends ScheduleOptions {
  /** Chunks, side by side. */
  batch: number;
  /** Samples in a chunk. */
  length: number;
  /** Format of signals (default "single"). */
  precision?: Precision;
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

type SweepFunction = (row: number, rows: number) => void;

const VECTOR_BYTES = 16;
const PAGE_BYTES = 65536;
/** All that a 32-bit WebAssembly memory can address. */
const MOST_PAGES = 65536;
/**
 * Rows in one call of compiled code. Many short calls, because a runtime that has
 * found better code for a function uses it from the next call on.
 */
const ROWS_A_CALL = 1024;

/** Makes `program` ready for signals of the size that `options` give. */
export async function prepare(
  program: Program,
  options: ExecutableOptions,
): Promise<Executable> {
  const { batch, length, precision = "single" } = options;
  if (!(batch >= 1 && length >= 1)) {
    throw new RangeError(
      `${batch} chunks of ${length} samples: nothing to run`,
    );
  }
  const sweeps = schedule(program, options);
  const { placeOf, places } = assignPlaces(program, sweeps);
  const constants = sweeps.map(({ body }) =>
    body.filter((node) => nameOf(node) === "broadcast")
  );

  const lanes = 4 * Math.ceil(batch / 4);
  const stateBytes = 8 * lanes;
  const rowBytes = lanes * (precision === "single" ? 4 : 8);
  const signalBytes = (length + 2) * rowBytes;
  const atConstants = stateBytes * most(sweeps.map((s) => withState(s).length));
  const atSignals = atConstants +
    VECTOR_BYTES * most(constants.map((nodes) => nodes.length));
  const peakBytes = atSignals + signalBytes * places;
  const memory = allocate(peakBytes, `${batch} chunks of ${length} samples`);
  const signalAt = (node: Node) =>
    atSignals + signalBytes * placeOf.get(node)! + rowBytes;

  const functions = sweeps.map((sweep, i) =>
    compileSweep(sweep, `sweep${i}`, precision, {
      rowBytes,
      stateBytes,
      state: (index) => stateBytes * index,
      constant: (node) =>
        atConstants + VECTOR_BYTES * constants[i].indexOf(node),
      signal: signalAt,
    })
  );
  const { instance } = await WebAssembly.instantiate(assemble(functions), {
    env: { memory },
  });
  const calls = functions.map(({ name }) =>
    instance.exports[name] as SweepFunction
  );
  const numbers = precision === "single"
    ? new Float32Array(memory.buffer)
    : new Float64Array(memory.buffer);
  const states = new Float64Array(memory.buffer, 0, atConstants / 8);
  const bytesEach = numbers.BYTES_PER_ELEMENT;

  function runSweep(index: number, values: Map<Node, number>): void {
    constants[index].forEach((node, i) => {
      const from = (atConstants + VECTOR_BYTES * i) / bytesEach;
      numbers.fill(
        scalarAt(node.inputs[0], values),
        from,
        from + VECTOR_BYTES / bytesEach,
      );
    });
    states.fill(0);
    const sweep = sweeps[index];
    for (let done = 0; done < length; done += ROWS_A_CALL) {
      const rows = Math.min(ROWS_A_CALL, length - done);
      const row = sweep.direction === "forward" ? done : length - 1 - done;
      calls[index](row * rowBytes, rows);
    }
    withState(sweep).forEach((node, i) => {
      if (nameOf(node) !== "sum") return;
      const from = lanes * i;
      let total = 0;
      for (let row = 0; row < batch; row++) total += states[from + row];
      values.set(node, total);
    });
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
      const values = new Map<Node, number>();
      program.scalars.forEach((node, i) => values.set(node, scalars[i]));
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

/** The number that scalar `node` is; what is found is kept in `values`. */
function scalarAt(node: Node, values: Map<Node, number>): number {
  const known = values.get(node);
  if (known !== undefined) return known;
  const { primitive, inputs, parameter } = node;
  const value = typeof primitive === "string"
    ? parameter
    : primitive.evaluate!(...inputs.map((input) => scalarAt(input, values)));
  values.set(node, value);
  return value;
}

function most(numbers: number[]): number {
  return Math.max(0, ...numbers);
}
