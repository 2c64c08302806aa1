/**
 * Reads the samples of WAVE files: PCM of up to 32 bits, floating point of 32 and
 * 64, any number of channels, in blocks or whole.
 *
 * The samples are decoded block by block through typed arrays that share one
 * buffer with the bytes read, which makes this as fast as the disk. PCM of n bits
 * is scaled by 2^(1−n): full scale is ±1. As `wav_layout.ts` it knows no file
 * system, and stands in the player's page too.
 *
 * @module
 */

import type { Signal } from "./signal.ts";
import {
  badSampleError,
  SAMPLE_LIMIT,
  SoundFileError,
  type SoundFormat,
} from "./sound_file.ts";
import { type ByteSource, findLayout, type WavLayout } from "./wav_layout.ts";

/** A recording in memory, every channel of it. */
export interface Channels {
  /** The channels: 64-bit where the file holds 64-bit floating point, else 32. */
  channels: Signal[];
  /** Samples a second. */
  sampleRate: number;
  /** How the file codes them. */
  format: SoundFormat;
  /** What is odd about the file and did not keep it from being read. */
  warnings: string[];
}

/** Samples in a block of {@linkcode WavReader.blocks}, unless told otherwise. */
export const BLOCK_LENGTH = 65536;

/** Bytes decoded at a time, shared out to whole frames. */
const BUFFER_BYTES = 1 << 20;

/** Channels of an open WAVE file, read from its start to its end. */
export class WavReader {
  /** What errors call the file. */
  readonly name: string;
  /** Samples a second. */
  readonly sampleRate: number;
  /** How the file codes its samples. */
  readonly format: SoundFormat;
  /** Samples in each channel. */
  readonly length: number;
  /** The channels that are read, 1 being the first. */
  readonly channels: readonly number[];
  /** What is odd about the file and did not keep it from being read. */
  readonly warnings: readonly string[];

  readonly #source: ByteSource;
  readonly #layout: WavLayout;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  #position = 0;

  /** Reads `channels`, counted from 1, of the samples that lie as `layout` says. */
  constructor(
    source: ByteSource,
    layout: WavLayout,
    channels: readonly number[],
  ) {
    this.#source = source;
    this.#layout = layout;
    this.name = source.name;
    this.sampleRate = layout.sampleRate;
    this.format = layout.format;
    this.length = layout.length;
    this.warnings = layout.warnings;
    this.channels = channels;
    const frames = Math.max(1, Math.floor(BUFFER_BYTES / this.#frameBytes));
    // Views of 2, 4 and 8 bytes are taken on the buffer: round its size up.
    const bytes = Math.ceil(
      Math.min(frames, layout.length) * this.#frameBytes / 8,
    );
    this.#bytes = new Uint8Array(bytes * 8);
  }

  get #frameBytes(): number {
    return this.format.channels * this.#layout.sampleBytes;
  }

  /**
   * An array of `length` samples for each channel, as precise as the file, in memory
   * of `spare` where that has room. Their content is undefined.
   */
  allocate(length: number, spare: ArrayBuffer[] = []): Signal[] {
    try {
      return this.channels.map(() => {
        const Kind = this.format.bits === 64 ? Float64Array : Float32Array;
        const buffer = fitting(spare, Kind.BYTES_PER_ELEMENT * length);
        return buffer === undefined
          ? new Kind(length)
          : new Kind(buffer, 0, length);
      });
    } catch (error) {
      throw new SoundFileError(
        this.name,
        `is too long to hold in memory (${length} samples)`,
        "Cut it into shorter recordings",
        error,
      );
    }
  }

  /**
   * Reads the next samples into `outputs`, an array for each channel, and returns
   * how many there were: as many as fit until the file ends, then 0.
   *
   * @throws {SoundFileError} at a sample that is NaN or infinite, and where the
   * file cannot be read to its end.
   */
  async readInto(outputs: readonly Signal[]): Promise<number> {
    const frameBytes = this.#frameBytes;
    const most = Math.floor(this.#bytes.length / frameBytes);
    const wanted = outputs[0].length;
    let filled = 0;
    while (filled < wanted && this.#position < this.length) {
      const count = Math.min(
        most,
        wanted - filled,
        this.length - this.#position,
      );
      const bytes = this.#bytes.subarray(0, count * frameBytes);
      const at = this.#layout.start + this.#position * frameBytes;
      const got = await this.#source.readInto(bytes, at);
      if (got < bytes.length) {
        throw new SoundFileError(
          this.name,
          `ends at sample ${this.#position + Math.floor(got / frameBytes)} ` +
            `of ${this.length}: it was cut short while it was read`,
          "Copy or export the recording again",
        );
      }
      const parts = outputs.map((output) =>
        output.subarray(filled, filled + count)
      );
      this.channels.forEach((channel, i) =>
        decode(this.#bytes.buffer, this.#layout, channel - 1, parts[i])
      );
      if (this.format.float) parts.forEach((part) => this.#check(part));
      filled += count;
      this.#position += count;
    }
    return filled;
  }

  /**
   * The samples not yet read, in blocks of up to `length`, an array for each
   * channel. Every block is the same arrays: it holds until the next one is asked
   * for.
   */
  async *blocks(length = BLOCK_LENGTH): AsyncGenerator<Signal[], void> {
    // So that many channels take no more room than a few.
    const most = Math.ceil(16 * BLOCK_LENGTH / this.channels.length);
    const block = this.allocate(Math.min(length, most, this.length));
    for (;;) {
      const count = await this.readInto(block);
      if (count === 0) return;
      yield block.map((samples) => samples.subarray(0, count));
    }
  }

  #check(part: Signal): void {
    for (let i = 0; i < part.length; i++) {
      if (!(Math.abs(part[i]) <= SAMPLE_LIMIT)) {
        throw badSampleError(
          this.name,
          this.#position + i,
          part[i],
          this.sampleRate,
          "Render the recording again, or cut this part out of both dry and wet",
        );
      }
    }
  }
}

/** Reads all of the WAVE file `source`, into memory of `spare` where that has room. */
export async function readSource(
  source: ByteSource,
  spare?: ArrayBuffer[],
): Promise<Channels> {
  const layout = await findLayout(source);
  const { format, sampleRate, length } = layout;
  const all = Array.from({ length: format.channels }, (_, c) => c + 1);
  const reader = new WavReader(source, layout, all);
  const channels = reader.allocate(length, spare);
  await reader.readInto(channels);
  return { channels, sampleRate, format, warnings: layout.warnings };
}

/** Takes the first of `spare` that holds `bytes` out of it, if there is one. */
function fitting(
  spare: ArrayBuffer[],
  bytes: number,
): ArrayBuffer | undefined {
  const at = spare.findIndex(({ byteLength }) => byteLength >= bytes);
  return at < 0 ? undefined : spare.splice(at, 1)[0];
}

/**
 * Decodes one channel (from 0) of the frames at the start of `buffer` into
 * `output`. The machine is little-endian, as WAVE is and every platform of Deno
 * and of browsers.
 */
function decode(
  buffer: ArrayBuffer,
  { format: { bits, float, channels }, sampleBytes, shift }: WavLayout,
  channel: number,
  output: Signal,
): void {
  const count = output.length;
  if (float) {
    const source = bits === 32
      ? new Float32Array(buffer)
      : new Float64Array(buffer);
    if (channels === 1) {
      output.set(source.subarray(0, count));
    } else {
      for (let n = 0, at = channel; n < count; n++, at += channels) {
        output[n] = source[at];
      }
    }
  } else if (sampleBytes === 3) {
    const bytes = new Uint8Array(buffer);
    const step = 3 * channels;
    for (let n = 0, at = 3 * channel; n < count; n++, at += step) {
      const high = bytes[at + 2] << 24 | bytes[at + 1] << 16 | bytes[at] << 8;
      output[n] = (high << shift) * 2 ** -31;
    }
  } else if (sampleBytes === 1) {
    const bytes = new Uint8Array(buffer);
    for (let n = 0, at = channel; n < count; n++, at += channels) {
      output[n] = (bytes[at] - 128) * 2 ** -7;
    }
  } else {
    const source = sampleBytes === 2
      ? new Int16Array(buffer)
      : new Int32Array(buffer);
    const scale = 2 ** (1 - 8 * sampleBytes);
    let n = 0;
    if (channels === 1 && shift === 0) {
      // Four at a time take half as long.
      for (; n + 3 < count; n += 4) {
        output[n] = source[n] * scale;
        output[n + 1] = source[n + 1] * scale;
        output[n + 2] = source[n + 2] * scale;
        output[n + 3] = source[n + 3] * scale;
      }
    }
    for (let at = channel + n * channels; n < count; n++, at += channels) {
      output[n] = (source[at] << shift) * scale;
    }
  }
}
