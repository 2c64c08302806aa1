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
  NEXT,
  QUIT,
  TASKS,
  WORDS,
  type WorkerMessage,
  WORKERS,
  type WorkerStart,
} from "./job.ts";

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

function work(start: WorkerStart): void {
  const { module, memory, block, index, scratch } = start;
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  const kernels = instance.exports as Record<
    string,
    (...values: number[]) => void
  >;
  kernels.initialise(scratch);
  const words = new Int32Array(memory.buffer, block, WORDS);
  let generation = Atomics.load(words, GENERATION);
  tell({ ready: true });
  while (true) {
    Atomics.wait(words, GENERATION, generation);
    if (Atomics.load(words, GENERATION) === generation) continue;
    generation++;
    if (words[QUIT] !== 0) return;
    if (index < words[WORKERS]) {
      const kernel = kernels[FUNCTIONS[words[FUNCTION]]];
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
        kernel(scratch, ...values.subarray(task * size, (task + 1) * size));
      }
    }
    if (Atomics.sub(words, BUSY, 1) === 1) {
      Atomics.add(words, FINISHED, 1);
      Atomics.notify(words, FINISHED);
    }
  }
}
