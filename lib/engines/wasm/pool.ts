/**
 * The pool of worker threads, one per core, that all engines share.
 *
 * It starts with the first holder and ends with the last, so a program that
 * opens many engines in turn pays for the start once if it holds the pool itself
 * (see {@linkcode holdPool}). Jobs run one at a time, in the order they came.
 *
 * @module
 */

import {
  bestVariant,
  type KernelName,
  loadKernel,
  type Variant,
} from "../../kernels/kernels.ts";
import type { Engine } from "../../objective/evaluation.ts";
import {
  ARGUMENT_COUNT,
  ARGUMENTS,
  BUSY,
  type CompiledProgram,
  FINISHED,
  FUNCTION,
  FUNCTIONS,
  GENERATION,
  type KernelFunction,
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
import { SharedHeap } from "./memory.ts";

/** Kernel calls that the workers share among them. */
export interface Job<T> {
  /** Function to call, or program to run. */
  kernel: KernelFunction | CompiledProgram;
  /**
   * Arguments of every call: of a function, those after the scratch memory's
   * address; of a program, its part, the addresses of records, states and constants, the
   * number of records, that of those before the later sums begin, and the bytes
   * from one record to the next.
   */
  tasks: number[][];
  /** Most threads to use (default: all). */
  threads?: number;
  /** Writes what the calls read, just before they start. */
  before?: () => void;
  /** Reads the results, before another job can overwrite them. */
  collect: () => T;
}

/** A hold on the pool. */
export interface PoolHold extends AsyncDisposable {
  /** The pool. */
  readonly pool: Pool;
  /** Gives the hold back; the last to do so ends the pool. */
  release(): Promise<void>;
}

let current: { pool: Promise<Pool>; holders: number } | undefined;
// Kept: what the runtime has optimised of a module serves the next pool too.
const modules = new Map<string, WebAssembly.Module>();

/** Holds the pool, starting it if nobody does. */
export async function holdPool(): Promise<PoolHold> {
  if (current === undefined) current = { pool: Pool.start(), holders: 0 };
  const held = current;
  held.holders++;
  let isHeld = true;
  const release = async () => {
    if (!isHeld) return;
    isHeld = false;
    held.holders--;
    if (held.holders > 0) return;
    if (current === held) current = undefined;
    await held.pool.then((pool) => pool.close(), () => {});
  };
  try {
    const pool = await held.pool;
    // After a death the next engine gets a pool of its own.
    pool.onFailure = () => {
      if (current === held) current = undefined;
    };
    return { pool, release, [Symbol.asyncDispose]: release };
  } catch (error) {
    await release();
    throw error;
  }
}

/**
 * Opens an engine with the workers of the pool, which it holds until it is closed.
 *
 * @param threads Most threads an evaluation uses (default: all).
 * @throws {RangeError} if that is less than one.
 */
export async function openHolding(
  open: (pool: Pool) => Promise<Engine>,
  threads?: number,
): Promise<Engine> {
  if (threads !== undefined && !(threads >= 1)) {
    throw new RangeError(`${threads} threads: must be at least 1`);
  }
  const hold = await holdPool();
  try {
    const engine = await open(hold.pool);
    return {
      ...engine,
      async close() {
        await engine.close();
        await hold.release();
      },
    };
  } catch (error) {
    await hold.release();
    throw error;
  }
}

/** The worker threads, their memory and the queue of jobs. */
export class Pool {
  /** Memory of all workers. */
  readonly heap = new SharedHeap();
  /** Bytes of scratch memory that every worker has. */
  readonly scratchBytes: number;
  /** Called once, when a worker has died. */
  onFailure = () => {};

  readonly #workers: Worker[] = [];
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #module: WebAssembly.Module;
  readonly #scratch: number[] = [];
  readonly #block: number;
  readonly #programs = new Map<number, number>();
  #queue: Promise<unknown> = Promise.resolve();
  #failure: Error | undefined;
  // Tells whoever waits for a worker.
  #reject: (error: Error) => void = () => {};

  private constructor(module: WebAssembly.Module, size: number) {
    this.#module = module;
    const { heap } = this;
    this.#block = heap.allocate(4 * WORDS);
    const kernels = new WebAssembly.Instance(module, {
      env: { memory: heap.memory },
    }).exports as Record<string, () => number>;
    this.scratchBytes = kernels.scratchBytes();
    for (let i = 0; i < size; i++) {
      this.#scratch.push(heap.allocate(this.scratchBytes));
    }
    this.#words = new Int32Array(
      heap.memory.buffer as ArrayBuffer,
      this.#block,
      WORDS,
    );
    this.#words.fill(0);
  }

  /** Starts one worker per core, for the functions of one kernel. */
  static async start(
    size: number = navigator.hardwareConcurrency,
    kernel: KernelName = "compressor",
    variant: Variant = bestVariant(),
  ): Promise<Pool> {
    const key = `${kernel} ${variant}`;
    const module = modules.get(key) ?? loadKernel(kernel, variant);
    modules.set(key, module);
    const pool = new Pool(module, size);
    try {
      await pool.#startWorkers();
    } catch (error) {
      pool.close();
      throw error;
    }
    return pool;
  }

  /** Number of workers. */
  get size(): number {
    return this.#workers.length;
  }

  #startWorkers(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      let starting = this.#scratch.length;
      this.#scratch.forEach((scratch, index) => {
        const worker = new Worker(new URL("./worker.ts", import.meta.url), {
          type: "module",
          name: `optofit ${index + 1}`,
        });
        this.#workers.push(worker);
        const died = (cause: string) =>
          this.#fail(
            new Error(
              `worker thread ${
                index + 1
              } of ${this.#scratch.length} died: ${cause}. Open the engine again`,
            ),
          );
        worker.onmessage = ({ data }: MessageEvent<WorkerMessage>) => {
          if ("error" in data) died(data.error);
          else if (--starting === 0) resolve();
        };
        worker.onerror = (event) => {
          event.preventDefault();
          died(event.message);
        };
        const start: WorkerStart = {
          module: this.#module,
          memory: this.heap.memory,
          block: this.#block,
          index,
          scratch,
        };
        worker.postMessage(start);
      });
    });
  }

  #fail(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#reject(error);
    this.onFailure();
  }

  /** Runs `job` after those that wait already. */
  run<T>(job: Job<T>): Promise<T> {
    const result = this.#queue.then(() => this.#announce(job));
    this.#queue = result.catch(() => {});
    return result;
  }

  async #announce<T>(job: Job<T>): Promise<T> {
    if (this.#failure !== undefined) throw this.#failure;
    const { kernel, tasks, threads = this.size, before, collect } = job;
    const size = tasks[0]?.length ?? 0;
    const address = this.heap.allocate(4 * size * tasks.length);
    const words = this.#words;
    try {
      if (typeof kernel === "string") {
        words[PROGRAM] = 0;
        words[FUNCTION] = FUNCTIONS.indexOf(kernel);
      } else {
        words[PROGRAM] = kernel.number;
        words[MODULE] = this.#addressOf(kernel);
        words[MODULE_BYTES] = kernel.bytes.length;
      }
      before?.();
      new Uint32Array(
        this.heap.memory.buffer,
        address,
        size * tasks.length,
      ).set(tasks.flat());
      words[TASKS] = tasks.length;
      words[ARGUMENTS] = address;
      words[ARGUMENT_COUNT] = size;
      words[WORKERS] = Math.min(threads, this.size);
      words[NEXT] = 0;
      words[BUSY] = this.size;
      const finished = Atomics.load(words, FINISHED);
      Atomics.add(words, GENERATION, 1);
      Atomics.notify(words, GENERATION);
      // More than once, where the notice of the job before comes late.
      while (Atomics.load(words, FINISHED) === finished) {
        const waiting = Atomics.waitAsync(words, FINISHED, finished);
        if (!waiting.async) break;
        await new Promise((resolve, reject) => {
          this.#reject = reject;
          waiting.value.then(resolve);
        });
      }
      return collect();
    } finally {
      this.heap.release(address);
    }
  }

  /** Where the workers find the module of `program`; it stays there. */
  #addressOf({ number, bytes }: CompiledProgram): number {
    let address = this.#programs.get(number);
    if (address === undefined) {
      address = this.heap.allocate(bytes.length);
      new Uint8Array(this.heap.memory.buffer, address).set(bytes);
      this.#programs.set(number, address);
    }
    return address;
  }

  /** Resolves when the jobs that were asked for so far have ended. */
  async idle(): Promise<void> {
    await this.#queue;
  }

  /** Ends the workers. What waits is rejected. */
  close(): void {
    // A worker that sleeps cannot be terminated: it has to be woken.
    const words = this.#words;
    words[QUIT] = 1;
    Atomics.add(words, GENERATION, 1);
    Atomics.notify(words, GENERATION);
    this.#fail(new Error("the pool of worker threads was closed"));
  }
}
