/**
 * The memory that the workers share, and who holds which part of it.
 *
 * One `WebAssembly.Memory` serves all engines of a pool, so what one data set
 * gives back the next one takes. It has its full size from the start, for the
 * reason that `lib/kernels/kernels.ts` gives, but the system provides a page only
 * when it is first written. Free parts are kept in order of address; the first
 * that is large enough is taken, and neighbours that are both free become one.
 *
 * @module
 */

import { MEMORY_PAGES } from "../../kernels/kernels.ts";

const PAGE_BYTES = 65536;

/**
 * Addresses are multiples of this, a page of the system: two arrays that are read
 * together then wait for new pages together.
 */
const ALIGNMENT = 4096;

interface Part {
  start: number;
  end: number;
}

/** Shared memory, dealt out in aligned parts. */
export class SharedHeap {
  /** The memory that kernels import. */
  readonly memory: WebAssembly.Memory;
  // Neither address 0 nor the last page is dealt out: no end of a part is 2³².
  readonly #free: Part[] = [
    { start: ALIGNMENT, end: (MEMORY_PAGES - 1) * PAGE_BYTES },
  ];
  readonly #taken = new Map<number, number>();
  #bytes = 0;
  #peakBytes = 0;

  /** Reserves the memory. */
  constructor() {
    try {
      this.memory = new WebAssembly.Memory({
        initial: MEMORY_PAGES,
        maximum: MEMORY_PAGES,
        shared: true,
      });
    } catch (error) {
      throw new Error(
        "the system does not let this process reserve 4 GiB of address space for the engine wasm: raise its limit (ulimit -v), or use --engine reference",
        { cause: error },
      );
    }
  }

  /** Bytes that are dealt out. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Most bytes that were dealt out at a time. */
  get peakBytes(): number {
    return this.#peakBytes;
  }

  /** Takes `bytes` and returns their address. Their content is undefined. */
  allocate(bytes: number): number {
    const size = Math.ceil(Math.max(bytes, 1) / ALIGNMENT) * ALIGNMENT;
    const at = this.#free.findIndex(({ start, end }) => end - start >= size);
    if (at < 0) {
      const megabytes = (bytes: number) => Math.ceil(bytes / 1e6);
      throw new RangeError(
        `a data set needs ${
          megabytes(size)
        } MB in one piece, the engine holds ${
          megabytes(this.#bytes)
        } MB, and WebAssembly addresses 4295 MB: take shorter recordings, or fewer at a time`,
      );
    }
    const part = this.#free[at];
    const address = part.start;
    part.start += size;
    if (part.start === part.end) this.#free.splice(at, 1);
    this.#taken.set(address, size);
    this.#bytes += size;
    this.#peakBytes = Math.max(this.#peakBytes, this.#bytes);
    return address;
  }

  /** Gives back what {@linkcode allocate} returned. */
  release(address: number): void {
    const size = this.#taken.get(address);
    if (size === undefined) {
      throw new RangeError(`nothing was allocated at address ${address}`);
    }
    this.#taken.delete(address);
    this.#bytes -= size;
    const end = address + size;
    const free = this.#free;
    let at = free.findIndex(({ start }) => start > address);
    if (at < 0) at = free.length;
    free.splice(at, 0, { start: address, end });
    if (free[at + 1]?.start === end) {
      free[at].end = free.splice(at + 1, 1)[0].end;
    }
    if (free[at - 1]?.end === address) {
      free[at - 1].end = free.splice(at, 1)[0].end;
    }
  }
}
