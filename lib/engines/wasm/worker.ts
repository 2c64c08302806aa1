/// <reference lib="deno.worker" />
/**
 * One thread of the pool: sleeps until a job is announced (see `job.ts`), does
 * its share and sleeps again, until it is told to quit.
 *
 * @module
 */

import {
  ARGUMENT_COUNT,
  ARGUMENTS,
  BUSY,
  FINISHED,
  FUNCTION,
  FUNCTIONS,
  GENERATION,
  MODULE,
  MODULE_BYTES,
  NEXT,
  PROGRAM,
  QUIT,
  TASKS,
  WORDS,
  type WorkerMessage,
  WORKERS,
  type WorkerStart,
} from "./job.ts";
import { runRows, type SweepFunction } from "../../autodiff/rows.ts";

// The first message is the only one: from then on the thread sleeps in work().
self.onmessage = ({ data }: MessageEvent<WorkerStart>) => {
  try {
    work(data);
  } catch (error) {
    tell({ error: String(error) });
  }
  self.close();
};

function tell(message: WorkerMessage): void {
  self.postMessage(message);
}

/** The program of `bytes`, as a function of a task's arguments. */
function runnerOf(bytes: Uint8Array<ArrayBuffer>, memory: WebAssembly.Memory) {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
    env: { memory },
  });
  const functions = exports as Record<string, SweepFunction>;
  return (
    part: number,
    records: number,
    states: number,
    constants: number,
    length: number,
    start: number,
    recordBytes: number,
  ) => {
    const [early, sweep] = [
      functions[`early${part}`],
      functions[`sweep${part}`],
    ];
    runRows(length, start, "forward", (row, rows, isEarly) => {
      (isEarly ? early : sweep)(
        records + recordBytes * row,
        rows,
        states,
        constants,
      );
    });
  };
}

function work(start: WorkerStart): void {
  const { module, memory, block, index, scratch } = start;
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  const kernels = instance.exports as Record<
    string,
    (...values: number[]) => void
  >;
  kernels.initialise(scratch);
  const words = new Int32Array(memory.buffer, block, WORDS);
  const programs = new Map<number, (...values: number[]) => void>();
  const programOf = (number: number) => {
    let program = programs.get(number);
    if (program === undefined) {
      // Compiled from a copy: modules are not made of shared memory.
      const bytes = new Uint8Array(
        memory.buffer,
        words[MODULE] >>> 0,
        words[MODULE_BYTES],
      ).slice();
      program = runnerOf(bytes, memory);
      programs.set(number, program);
    }
    return program;
  };
  let generation = Atomics.load(words, GENERATION);
  tell({ ready: true });
  while (true) {
    Atomics.wait(words, GENERATION, generation);
    if (Atomics.load(words, GENERATION) === generation) continue;
    generation++;
    if (words[QUIT] !== 0) return;
    if (index < words[WORKERS]) {
      const kernel = words[PROGRAM] === 0
        ? (...values: number[]) =>
          kernels[FUNCTIONS[words[FUNCTION]]](scratch, ...values)
        : programOf(words[PROGRAM]);
      const size = words[ARGUMENT_COUNT];
      const tasks = words[TASKS];
      const values = new Uint32Array(
        memory.buffer,
        words[ARGUMENTS] >>> 0,
        tasks * size,
      );
      while (true) {
        const task = Atomics.add(words, NEXT, 1);
        if (task >= tasks) break;
        kernel(...values.subarray(task * size, (task + 1) * size));
      }
    }
    if (Atomics.sub(words, BUSY, 1) === 1) {
      Atomics.add(words, FINISHED, 1);
      Atomics.notify(words, FINISHED);
    }
  }
}
