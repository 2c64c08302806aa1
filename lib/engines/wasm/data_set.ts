/**
 * A chunked pair in the workers' memory.
 *
 * Four chunks make a *quad*, one chunk to a vector lane; sample n of a quad is a
 * record of twelve numbers: dry, log₂ of the level that the detector hears, and the
 * negated pre-emphasised target. A last quad with fewer chunks has silent lanes,
 * which add nothing to any sum. What a recording costs is 12 bytes a sample of
 * every chunk; twice that where its delay is fitted, for the target's derivatives,
 * in a record behind each.
 *
 * The recording is copied to the shared memory some quads at a time, and the
 * workers order, filter and take the logarithm of one part while the next is
 * copied.
 *
 * @module
 */

import type { ChunkedPair } from "../../sound/chunks.ts";
import { LANES, RECORD_BYTES } from "./job.ts";
import type { Pool } from "./pool.ts";

/** Parts of the recording in the shared memory at a time. */
const PARTS = 2;

/** A pair laid out for the kernels. */
export interface DataSet {
  /** Addresses of the quads. */
  quads: number[];
  /** Bytes from one record to the next. */
  recordBytes: number;
  /** Records in a quad: samples in a chunk. */
  length: number;
  /** Records at the head of a quad that the loss leaves out. */
  warmUp: number;
  /** Σ y² over the counted samples. */
  targetEnergy: number;
}

/** Lays `pair` out in the memory of `pool`. */
export async function loadDataSet(
  pool: Pool,
  pair: ChunkedPair,
): Promise<DataSet> {
  const { starts, chunkLength: length, warmUp, moves } = pair;
  const { heap } = pool;
  const recordBytes = (moves === undefined ? 1 : 2) * RECORD_BYTES;
  const quads: number[] = [];
  try {
    for (let at = 0; at < starts.length; at += LANES) {
      quads.push(heap.allocate(recordBytes * length));
    }
    const targetEnergy = await fill(pool, pair, quads, recordBytes);
    if (moves !== undefined) {
      const [dry, wet] = moves;
      const behind = quads.map((address) => address + RECORD_BYTES);
      await fill(
        pool,
        { ...pair, dry, wet, heard: undefined },
        behind,
        recordBytes,
      );
    }
    return { quads, recordBytes, length, warmUp, targetEnergy };
  } catch (error) {
    quads.forEach((address) => heap.release(address));
    throw error;
  }
}

/**
 * Fills records, `recordBytes` from one to the next, from each of the addresses
 * `quads` on. Gives Σ y² over the counted samples.
 */
async function fill(
  pool: Pool,
  pair: ChunkedPair,
  quads: readonly number[],
  recordBytes: number,
): Promise<number> {
  const { starts, chunkLength, warmUp } = pair;
  const { heap } = pool;
  // In the staging memory one after the other, the detector's last.
  const sounds = [pair.dry, pair.wet, ...(pair.heard ? [pair.heard] : [])];
  const groups = quads.map((_, i) => starts.slice(LANES * i, LANES * (i + 1)));
  const chunkBytes = 4 * chunkLength;
  // Room for a quad: each sound of the first chunk, of the next one, and so on.
  const stride = sounds.length * chunkBytes;

  const staging: number[] = [];
  const energies = heap.allocate(8 * groups.length);
  const jobs: Promise<void>[] = [];
  try {
    for (let i = 0; i < Math.min(groups.length, PARTS * pool.size); i++) {
      staging.push(heap.allocate(LANES * stride));
    }
    for (let from = 0; from < groups.length; from += pool.size) {
      await jobs.at(-PARTS);
      const tasks = groups.slice(from, from + pool.size).map((group, i) => {
        const quad = from + i;
        const address = staging[quad % staging.length];
        const copy = new Float32Array(
          heap.memory.buffer,
          address,
          group.length * stride / 4,
        );
        const parts = group.flatMap((start) =>
          sounds.map((sound) => sound.subarray(start, start + chunkLength))
        );
        parts.forEach((part, i) => copy.set(part, i * chunkLength));
        return [
          quads[quad],
          address,
          address + (pair.heard ? 2 * chunkBytes : 0),
          address + chunkBytes,
          // Where the other lanes' chunks lie, from the first one on.
          ...[1, 2, 3].map((lane) => lane < group.length ? lane * stride : 0),
          group.length,
          chunkLength,
          warmUp,
          recordBytes,
          energies + 8 * quad,
        ];
      });
      const job = pool.run({ kernel: "prepare", tasks, collect: () => {} });
      job.catch(() => {}); // Awaited below.
      jobs.push(job);
    }
    await Promise.all(jobs);
    return new Float64Array(heap.memory.buffer, energies, groups.length)
      .reduce((sum, energy) => sum + energy, 0);
  } finally {
    await Promise.allSettled(jobs);
    staging.forEach((address) => heap.release(address));
    heap.release(energies);
  }
}
