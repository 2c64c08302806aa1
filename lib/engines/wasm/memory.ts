/**
 * The memory that the workers share, and who holds which part of it.
 *
 * One `WebAssembly.Memory` serves all engines: it can grow but never shrink, so
 * what one data set gives back the next one takes. Free parts are kept in order
 * of address; the first that is large enough is taken, and neighbours that are
 * both free become one.
 *
 * @module
 */

const PAGE_BYTES = 65536;

/** Pages a 32-bit address reaches: 4 GiB. */
const MAXIMUM_PAGES = 65536;

/** Addresses are multiples of this, a line of cache. */
const ALIGNMENT = 64;

interface Part {
  start: number;
  end: number;
}

/** Shared memory, dealt out in aligned parts. */
export class SharedHeap {
  /** The memory that kernels import. */
  readonly memory = new WebAssembly.Memory({
    initial: 1,
    maximum: MAXIMUM_PAGES,
    shared: true,
  });
  // Address 0 is never dealt out.
  readonly #free: Part[] = [{ start: ALIGNMENT, end: PAGE_BYTES }];
  readonly #taken = new Map<number, number>();

  /** Takes `bytes` and returns their address. Their content is undefined. */
  allocate(bytes: number): number {
    const size = Math.ceil(Math.max(bytes, 1) / ALIGNMENT) * ALIGNMENT;
    let at = this.#free.findIndex(({ start, end }) => end - start >= size);
    if (at < 0) {
      this.#grow(size);
      at = this.#free.length - 1;
    }
    const part = this.#free[at];
    const address = part.start;
    part.start += size;
    if (part.start === part.end) this.#free.splice(at, 1);
    this.#taken.set(address, address + size);
    return address;
  }

  /** Gives back what {@linkcode allocate} returned. */
  release(address: number): void {
    const end = this.#taken.get(address);
    if (end === undefined) {
      throw new RangeError(`nothing was allocated at address ${address}`);
    }
    this.#taken.delete(address);
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

  /** Makes the last free part at least `size` bytes. */
  #grow(size: number): void {
    const end = this.memory.buffer.byteLength;
    const last = this.#free.at(-1);
    const tail = last?.end === end ? end - last.start : 0;
    const pages = Math.ceil((size - tail) / PAGE_BYTES);
    try {
      this.memory.grow(pages);
    } catch (error) {
      const megabytes = (bytes: number) => Math.ceil(bytes / 1e6);
      throw new RangeError(
        `a data set needs ${megabytes(size)} MB more than the ${
          megabytes(end)
        } MB the engine holds, and WebAssembly addresses 4295 MB: take shorter recordings, or fewer at a time`,
        { cause: error },
      );
    }
    const grown = end + pages * PAGE_BYTES;
    if (last !== undefined && tail > 0) last.end = grown;
    else this.#free.push({ start: end, end: grown });
  }
}
