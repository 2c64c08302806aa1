/**
 * What the main thread and the workers agree on: a block of 32-bit words in the
 * shared memory that announces one job at a time.
 *
 * A job is a list of tasks, each a call of the same kernel function. To announce
 * it the main thread writes the words below, adds 1 to `GENERATION` and wakes
 * the workers; each takes the next task by adding 1 to `NEXT` until none is left,
 * then subtracts 1 from `BUSY`. The worker that brings it to 0 wakes the main
 * thread by adding 1 to `FINISHED`. Waking this way costs about 10 µs, where a
 * message costs about 160 µs.
 *
 * @module
 */

/** Word that counts the jobs announced. Workers sleep on it. */
export const GENERATION = 0;
/** Word that counts the jobs finished. The main thread waits on it. */
export const FINISHED = 1;
/** Number of the next task. */
export const NEXT = 2;
/** Workers that have not yet finished the job. */
export const BUSY = 3;
/** Workers that may take tasks. */
export const WORKERS = 4;
/** Index of the kernel function in {@linkcode FUNCTIONS}. */
export const FUNCTION = 5;
/** Number of tasks. */
export const TASKS = 6;
/** Address of the tasks' arguments. */
export const ARGUMENTS = 7;
/** Arguments a task. */
export const ARGUMENT_COUNT = 8;
/** Not 0 when the workers are to end. */
export const QUIT = 9;
/** Number of the compiled program to run, if not 0, in place of a function. */
export const PROGRAM = 10;
/** Address of its module's bytes. */
export const MODULE = 11;
/** Number of these bytes. */
export const MODULE_BYTES = 12;
/** Words in the block. */
export const WORDS = 13;

/** Bytes of a record: dry, level and target of the four chunks of a quad. */
export const RECORD_BYTES = 48;

/** Chunks side by side in a vector: those of a quad. */
export const LANES = 4;

/** A program compiled to sweeps over the records of a quad: each is a part of it. */
export interface CompiledProgram {
  /** Its number, not 0, which no other program has. */
  number: number;
  /** The module, with functions `early0` and `sweep0` of the first part, and so on. */
  bytes: Uint8Array;
}

/** Kernel functions that a job can call, by index. */
export const FUNCTIONS = [
  // Of the kernel `compressor`.
  "prepare",
  "evaluate",
  // Of the kernel `gru`.
  "value",
  "gradient",
] as const;

/** Name of a kernel function. */
export type KernelFunction = typeof FUNCTIONS[number];

/** What a worker tells: that it is ready, or what ended it. */
export type WorkerMessage = { ready: true } | { error: string };

/** What a worker is told when it starts. */
export interface WorkerStart {
  /** The kernel. */
  module: WebAssembly.Module;
  /** The memory of all workers. */
  memory: WebAssembly.Memory;
  /** Address of the block of words. */
  block: number;
  /** This worker's number, from 0. */
  index: number;
  /** Address of this worker's scratch memory. */
  scratch: number;
}
