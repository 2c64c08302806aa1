/**
 * Trainings that are kept on the disk, each in a folder named after all that it
 * depends on but for how long it goes. So any run that wants the same takes it up: one
 * that was interrupted, one with other pages, one with more cycles.
 *
 *     cycle-1.bin, cycle-2.bin   the ends of cycles
 *     running.bin                the last check since
 *
 * A file is a line of JSON, with the time it took and a check sum of what follows, and the three vectors
 * of the state as 32-bit numbers. It is written whole or not at all; a damaged one
 * counts as not there.
 *
 * @module
 */

import { join } from "node:path";
import { writeFileWhole } from "../base/atomic_file.ts";
import { fingerprint } from "../base/result_store.ts";
import type { NetworkSizes } from "./sizes.ts";
import {
  type TrainingState,
  trainNetwork,
  type TrainOptions,
} from "./train.ts";
import { heldCount } from "./weights.ts";
import type { WindowSource } from "./windows.ts";

/** What a training is. */
export interface Training {
  sizes: NetworkSizes;
  options: TrainOptions;
  /** JSON that is another where the windows are others. */
  data: unknown;
  /** Makes the windows, if there is anything left to train. */
  windows(): WindowSource | Promise<WindowSource>;
}

/** Where a training that is kept stands. */
export interface KeptState extends TrainingState {
  /** Seconds that it took. */
  seconds: number;
}

/** Vectors of a state, in the order of a file. */
const VECTORS = ["weights", "mean", "square"] as const;

/** Brings `training` to its end, from where the folder `parent` has it. */
export async function keptTraining(
  { sizes, options, data, windows }: Training,
  { parent, backend, onBatch }: {
    parent: string;
    /** Where it computes, as other backends round otherwise. */
    backend: string;
    onBatch?: (batches: number) => void;
  },
): Promise<KeptState> {
  const { cycles, ...rest } = options;
  const print = await fingerprint({ sizes, rest, data, backend });
  const place = (name: string) => join(parent, print, `${name}.bin`);
  const count = heldCount(sizes);
  const end = await readState(place(`cycle-${cycles}`), count);
  if (end !== undefined) return end;
  let kept = await readState(place("running"), count);
  // Of a run with more cycles it lies too far.
  if (kept !== undefined && kept.batches > cycles * options.batches) {
    kept = undefined;
  }
  for (let cycle = cycles - 1; cycle > 0 && kept === undefined; cycle--) {
    kept = await readState(place(`cycle-${cycle}`), count);
  }
  const before = kept?.seconds ?? 0;
  const source = await windows();
  const started = performance.now();
  let reached = kept;
  await trainNetwork(sizes, source, options, {
    kept,
    onBatch,
    async onCheck(state) {
      const seconds = before + (performance.now() - started) / 1000;
      reached = { ...state, seconds };
      const bytes = await bytesOf(reached);
      await writeFileWhole(place("running"), bytes);
      const cycle = state.batches / options.batches;
      if (cycle === 0 || !Number.isInteger(cycle)) return;
      await writeFileWhole(place(`cycle-${cycle}`), bytes);
    },
  });
  return reached!;
}

/** `state` as a file. */
async function bytesOf(state: KeptState): Promise<Uint8Array> {
  const parts = VECTORS.map((name) => new Uint8Array(state[name].buffer));
  const body = new Uint8Array(
    parts.reduce((sum, { length }) => sum + length, 0),
  );
  let at = 0;
  for (const part of parts) {
    body.set(part, at);
    at += part.length;
  }
  const { batches, checks, seconds } = state;
  const head = { batches, checks, seconds, check: await sumOf(body) };
  const line = new TextEncoder().encode(`${JSON.stringify(head)}\n`);
  const bytes = new Uint8Array(line.length + body.length);
  bytes.set(line);
  bytes.set(body, line.length);
  return bytes;
}

/** The state in the file at `path`, of `count` weights; none if there is none. */
async function readState(
  path: string,
  count: number,
): Promise<KeptState | undefined> {
  try {
    const bytes = await Deno.readFile(path);
    const end = bytes.indexOf(10);
    const head: Omit<KeptState, typeof VECTORS[number]> & { check: string } =
      JSON.parse(new TextDecoder().decode(bytes.subarray(0, end)));
    const body = bytes.slice(end + 1);
    const isWhole = body.length === 4 * count * VECTORS.length &&
      await sumOf(body) === head.check;
    if (!isWhole) return undefined;
    const vectors = VECTORS.map((_, i) =>
      new Float32Array(body.buffer, 4 * count * i, count).slice()
    );
    const [weights, mean, square] = vectors;
    const { batches, checks, seconds } = head;
    return { batches, checks, seconds, weights, mean, square };
  } catch (error) {
    const isAbsent = error instanceof Deno.errors.NotFound ||
      error instanceof SyntaxError;
    if (isAbsent) return undefined;
    throw error;
  }
}

async function sumOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const sum = await crypto.subtle.digest("SHA-256", bytes);
  return new Uint8Array(sum).toHex();
}
