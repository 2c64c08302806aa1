/**
 * Memory of recordings that are done with, for the next ones. The system clears every
 * page that it gives, which takes as long as reading a file into it.
 *
 * @module
 */

/** Most that are kept: the two sides of two recordings. */
const MOST = 4;

const kept: ArrayBuffer[] = [];

/** Keeps `buffers`, which nobody uses any more. */
export function keepBuffers(buffers: readonly ArrayBuffer[]): void {
  kept.push(...buffers);
  kept.splice(0, kept.length - MOST);
}

/** Takes up to `count` of those kept, the latest first. */
export function takeBuffers(count: number): ArrayBuffer[] {
  return kept.splice(-count);
}

/** Lets go of all. */
export function dropBuffers(): void {
  kept.length = 0;
}
