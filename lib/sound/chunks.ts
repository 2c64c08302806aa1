/**
 * Cuts a dry/wet pair into the chunks that the objective sums over.
 *
 * Chunks of `chunkSeconds` overlap by `overlapSeconds`; each starts at rest and
 * its first `overlapSeconds` are warm-up that the loss leaves out. A tail too
 * short for a chunk is not used. A recording shorter than one chunk is a single
 * chunk with no warm-up (§ "Data" of the paper: 12 s, 1 s).
 *
 * @module
 */

import type { Pair, Signal } from "./signal.ts";

/** A pair with its division into chunks. Chunks are views, never copies. */
export interface ChunkedPair extends Pair {
  /** First sample of every chunk. */
  starts: number[];
  /** Samples in a chunk, warm-up included. */
  chunkLength: number;
  /** Samples at the head of every chunk that the loss leaves out. */
  warmUp: number;
  /**
   * First and second derivative of the wet side by time, in samples, where the
   * delay is to be found: engines then take it as one more parameter, the last.
   */
  moves?: readonly [first: Signal, second: Signal];
}

/** Lengths of the division, in seconds. */
export interface ChunkOptions {
  /** Length of a chunk, in seconds (default 12). */
  chunkSeconds?: number;
  /** Overlap of neighbours and length of the warm-up, in seconds (default 1). */
  overlapSeconds?: number;
}

/**
 * Divides `pair` into chunks.
 *
 * @throws {RangeError} where the pair is empty, its sides differ in length, or
 * the lengths asked for make no chunk.
 */
export function chunk(pair: Pair, options: ChunkOptions = {}): ChunkedPair {
  const { dry, wet, sampleRate } = pair;
  const { chunkSeconds = 12, overlapSeconds = 1 } = options;
  if (dry.length !== wet.length) {
    throw new RangeError(
      `dry has ${dry.length} samples, wet ${wet.length}: trim them to the same length`,
    );
  }
  if (dry.length === 0) throw new RangeError("the pair has no samples");
  if (!(chunkSeconds > 0)) {
    throw new RangeError(`chunk of ${chunkSeconds} s: must be above 0`);
  }
  if (!(overlapSeconds >= 0 && overlapSeconds < chunkSeconds)) {
    throw new RangeError(
      `overlap of ${overlapSeconds} s: must be at least 0 and below the chunk's ${chunkSeconds} s`,
    );
  }
  const chunkLength = Math.max(1, Math.round(chunkSeconds * sampleRate));
  const overlap = Math.min(
    chunkLength - 1,
    Math.round(overlapSeconds * sampleRate),
  );
  if (dry.length < chunkLength) {
    return { ...pair, starts: [0], chunkLength: dry.length, warmUp: 0 };
  }
  const starts: number[] = [];
  const hop = chunkLength - overlap;
  for (let start = 0; start + chunkLength <= dry.length; start += hop) {
    starts.push(start);
  }
  return { ...pair, starts, chunkLength, warmUp: overlap };
}

/**
 * Divides several takes of one unit, which one compressor is fitted to. They lie
 * one after the other in the pair, cut to the length of the shortest, and no
 * chunk has a part in two.
 *
 * @throws {RangeError} as {@linkcode chunk} does.
 */
export function chunkTakes(
  takes: readonly Pair[],
  options: ChunkOptions = {},
): ChunkedPair {
  if (takes.length === 1) return chunk(takes[0], options);
  const length = Math.min(...takes.map(({ dry }) => dry.length));
  const joined = (side: (take: Pair) => Signal) => {
    const isDouble = takes.some((take) => side(take) instanceof Float64Array);
    const samples = takes.length * length;
    const whole = isDouble
      ? new Float64Array(samples)
      : new Float32Array(samples);
    takes.forEach((take, t) =>
      whole.set(side(take).subarray(0, length), t * length)
    );
    return whole;
  };
  const [{ dry, wet, sampleRate }] = takes;
  const { starts, chunkLength, warmUp } = chunk({
    dry: dry.subarray(0, length),
    wet: wet.subarray(0, length),
    sampleRate,
  }, options);
  return {
    dry: joined((take) => take.dry),
    wet: joined((take) => take.wet),
    ...(takes.some(({ heard }) => heard) &&
      { heard: joined((take) => take.heard ?? take.dry) }),
    sampleRate,
    starts: takes.flatMap((_, t) => starts.map((start) => start + t * length)),
    chunkLength,
    warmUp,
  };
}
