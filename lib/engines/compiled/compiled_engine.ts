/**
 * The engine of every model: its loss and derivatives, differentiated by the
 * project itself and compiled to WebAssembly when they are first wanted.
 *
 * In single precision it runs on the workers of the pool, on the records that the
 * tuned kernel reads too: a quad of chunks is a task. In double precision, the
 * oracle, two chunks at a time on the main thread.
 *
 * @module
 */

import type { Precision } from "../../autodiff/compile.ts";
import { type Executable, prepare } from "../../autodiff/executable.ts";
import {
  constantBytesOf,
  readSums,
  scalarAt,
  scalarValues,
  stateBytesOf,
  writeConstants,
  writeStates,
} from "../../autodiff/work.ts";
import { total } from "../../base/statistics.ts";
import type { Model } from "../../models/model.ts";
import {
  chunkLevel,
  chunkOf,
  chunkTarget,
  targetEnergyOf,
} from "../../objective/chunk_signals.ts";
import type { ChunkedPair } from "../../sound/chunks.ts";
import { preEmphasise } from "../../sound/pre_emphasis.ts";
import type { Engine, Order } from "../../objective/evaluation.ts";
import { loadDataSet } from "../wasm/data_set.ts";
import { LANES } from "../wasm/job.ts";
import { openHolding, type Pool } from "../wasm/pool.ts";
import { compiledProgram, evaluationOf, tracedProgram } from "./programs.ts";

/** Options of {@linkcode openCompiledEngine}. */
export interface CompiledEngineOptions {
  /** Number format of signals (default "single"). */
  precision?: Precision;
  /** Most threads an evaluation uses, in single precision (default: all). */
  threads?: number;
}

/** Opens the engine of `model` on `pair`. */
export async function openCompiledEngine(
  pair: ChunkedPair,
  model: Model,
  { precision = "single", threads }: CompiledEngineOptions = {},
): Promise<Engine> {
  if (precision === "double") return openInDouble(pair, model);
  return await openHolding(
    (pool) => openOnPool(pool, pair, model, threads),
    threads,
  );
}

/** Opens the engine of `model` on `pair`, with the workers of `pool`. */
export async function openOnPool(
  pool: Pool,
  pair: ChunkedPair,
  model: Model,
  threads = pool.size,
): Promise<Engine> {
  const { heap } = pool;
  const { memory } = heap;
  const data = await loadDataSet(pool, pair);
  const { quads, recordBytes, length, warmUp, targetEnergy } = data;
  let isOpen = true;
  // Threads enough are at work where there are more quads.
  const isShared = quads.length === 1 && Math.min(threads, pool.size) > 1;
  return {
    name: "wasm",
    targetEnergy,
    precision: 1e-6,
    async evaluate(parameters, order) {
      if (!isOpen) throw new Error("the engine wasm is closed");
      const parts = isShared && order === 2 ? 2 : 1;
      const kernel = compiledProgram(model, order, pair, parts);
      const { program, sweeps } = kernel;
      const values = scalarValues(program, parameters.slice());
      // Each part's constants, then its states, one set a quad.
      const sizes = sweeps.map((sweep) => ({
        constants: constantBytesOf(sweep),
        states: stateBytesOf(sweep, "single"),
      }));
      const block = heap.allocate(
        total(
          sizes.map(({ constants, states }) =>
            constants + states * quads.length
          ),
        ),
      );
      let end = block;
      const places = sizes.map(({ constants, states }) => {
        const at = end;
        end += constants + states * quads.length;
        return {
          constants: at,
          states: quads.map((_, i) => at + constants + states * i),
        };
      });
      try {
        return await pool.run({
          kernel,
          tasks: places.flatMap(({ constants, states }, part) =>
            quads.map((quad, i) => [
              part,
              quad,
              states[i],
              constants,
              length,
              warmUp,
              recordBytes,
            ])
          ),
          threads,
          before() {
            const bytes = new Uint8Array(memory.buffer);
            places.forEach(
              ({ constants, states: [first, ...others] }, part) => {
                const sweep = sweeps[part];
                writeConstants(sweep, "single", memory, constants, values);
                // All quads begin alike.
                writeStates(sweep, "single", memory, first, values);
                const end = first + sizes[part].states;
                for (const at of others) bytes.copyWithin(at, first, end);
              },
            );
          },
          collect() {
            const totals = new Map();
            places.forEach(({ states }, part) =>
              states.forEach((at, i) => {
                const lanes = pair.starts.length - LANES * i;
                readSums(sweeps[part], "single", memory, at, totals, lanes);
              })
            );
            for (const [node, total] of totals) values.set(node, total);
            const outputs = program.outputs.map((node) =>
              scalarAt(node, values)
            );
            return evaluationOf(outputs, parameters.length, order);
          },
        });
      } finally {
        heap.release(block);
      }
    },
    async close() {
      if (!isOpen) return;
      isOpen = false;
      await pool.idle();
      for (const address of quads) heap.release(address);
    },
  };
}

/**
 * Hands input, level and target of the chunk of `pair` at `start` to `executable`, as
 * its row `row`, by way of `scratch`.
 */
export function loadChunk(
  executable: Executable,
  row: number,
  pair: ChunkedPair,
  start: number,
  scratch: Float64Array,
): void {
  executable.load(0, row, chunkOf(pair, pair.dry, start));
  executable.load(1, row, chunkLevel(pair, start, scratch));
  executable.load(2, row, chunkTarget(pair, start, scratch));
}

/** Chunks side by side in double precision. */
const PAIR = 2;

/** Milliseconds of computing after which an interrupt is let in. */
const PAUSE_AFTER = 20;

function openInDouble(pair: ChunkedPair, model: Model): Engine {
  const { starts, chunkLength: length, warmUp, moves } = pair;
  const scratch = new Float64Array(length);
  const targetEnergy = targetEnergyOf(pair);
  let pausedAt = performance.now();
  const pause = async () => {
    if (performance.now() - pausedAt < PAUSE_AFTER) return;
    // A timer lets the runtime rest, and only then does it look for signals.
    await new Promise<void>((resolve) => setTimeout(resolve));
    pausedAt = performance.now();
  };
  const executables = new Map<string, ReturnType<typeof prepare>>();
  const executableOf = (order: Order, batch: number) => {
    const key = `${order} ${batch}`;
    let found = executables.get(key);
    if (found === undefined) {
      const program = tracedProgram(model, order, pair, "double");
      found = prepare(program, {
        batch,
        length,
        precision: "double",
        sumsFrom: warmUp,
      });
      executables.set(key, found);
    }
    return found;
  };
  return {
    name: "reference",
    targetEnergy,
    precision: 1e-12,
    async evaluate(parameters, order) {
      let total: Float64Array | undefined;
      for (let at = 0; at < starts.length; at += PAIR) {
        await pause();
        const some = starts.slice(at, at + PAIR);
        const executable = await executableOf(order, some.length);
        some.forEach((start, row) => {
          loadChunk(executable, row, pair, start, scratch);
          if (moves === undefined) return;
          const [first, second] = moves;
          executable.load(3, row, chunkOf(pair, first, start));
          const bend = preEmphasise(chunkOf(pair, second, start), scratch);
          executable.load(4, row, bend);
        });
        const outputs = executable.run(parameters);
        // All outputs are linear in sums over the chunks.
        total = total?.map((sum, i) => sum + outputs[i]) ?? outputs;
      }
      return evaluationOf(total!, parameters.length, order);
    },
    close: () => Promise.resolve(),
  };
}
