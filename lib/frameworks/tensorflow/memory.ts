/**
 * Counts the bytes that TensorFlow.js holds.
 *
 * `tf.memory().numBytes` counts a buffer once for every tensor that shares it. So
 * the count is taken where the engine enters a buffer in its books and where it
 * strikes it off, which happens once for each.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs-core";

/** Keeps count of the buffers of TensorFlow.js from when it is made. */
export interface ByteCounter {
  /** The most bytes that have been live at once, since the last reset. */
  readonly peak: number;
  /** Starts the peak anew from what is live now. */
  reset(): void;
}

interface BufferInfo {
  dtype: tf.DataType;
  shape: number[];
}

let counter: ByteCounter | undefined;

/** The counter of this process. Buffers made before its first use are not in it. */
export function byteCounter(): ByteCounter {
  return counter ??= createCounter();
}

function createCounter(): ByteCounter {
  let live = 0;
  let peak = 0;
  const bytesOf = ({ dtype, shape }: BufferInfo) =>
    tf.util.sizeFromShape(shape) * tf.util.bytesPerElement(dtype);
  const { state } = tf.engine();
  const books = state.tensorInfo;
  // Same books, with the count taken on the way.
  state.tensorInfo = new class extends WeakMap<object, never> {
    override has(id: object) {
      return books.has(id);
    }
    override get(id: object) {
      return books.get(id) as never;
    }
    override set(id: object, info: never) {
      books.set(id, info);
      live += bytesOf(info);
      peak = Math.max(peak, live);
      return this;
    }
    override delete(id: object) {
      const info = books.get(id);
      if (info) live -= bytesOf(info as BufferInfo);
      return books.delete(id);
    }
  }() as typeof books;
  return {
    get peak() {
      return peak;
    },
    reset() {
      peak = live;
    },
  };
}
