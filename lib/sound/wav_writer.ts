/**
 * Writes WAVE files block by block: PCM of 8, 16, 24 and 32 bits, floating
 * point of 32 and 64 bits.
 *
 * The header is the wavefile package's; the samples go through typed arrays. PCM
 * is rounded to the nearest level, without dither, and clipped at full scale,
 * and how many samples were clipped is counted. Everything goes to a hidden
 * `.part` file beside the destination, which takes its name only when it is
 * whole: nothing half-written is ever left under the destination's name.
 *
 * @module
 */

import wavefile from "wavefile";
import { reasonOf } from "../base/file_error.ts";
import { beginFile, endFile } from "../base/atomic_file.ts";
import { basename, dirname, join } from "node:path";
import type { Signal } from "./signal.ts";
import {
  badSampleError,
  FLOAT_32,
  formatName,
  RATES,
  SAMPLE_LIMIT,
  type SampleFormat,
  SoundFileError,
} from "./sound_file.ts";

/** What to write. */
export interface WriteOptions {
  /** Samples a second, a whole number that {@linkcode RATES} has room for. */
  sampleRate: number;
  /** How to code them (default: 32-bit floating point). */
  format?: SampleFormat;
  /** Channels (default: 1). */
  channels?: number;
  /** Frames to come, if known: a file too large is then refused at once. */
  length?: number;
}

/** Largest value of the size field in a WAVE file's header. */
const LARGEST_SIZE = 0xffffffff;

/** Samples coded at a time. */
const BLOCK_LENGTH = 65536;

/** A WAVE file in the making. */
export class WavWriter implements AsyncDisposable {
  /** Where the finished file will be. */
  readonly path: string;
  /** How the samples are coded. */
  readonly format: SampleFormat;
  /** Samples a second. */
  readonly sampleRate: number;
  /** Channels, a sample of each making a frame. */
  readonly channels: number;

  readonly #file: Deno.FsFile;
  readonly #partPath: string;
  readonly #headerBytes: number;
  readonly #encoded: ArrayBuffer;
  #length = 0;
  #clipped = 0;
  #open = true;

  /** Takes over `file`, into which the header is already written. */
  constructor(
    file: Deno.FsFile,
    info: {
      path: string;
      partPath: string;
      headerBytes: number;
      sampleRate: number;
      channels: number;
      format: SampleFormat;
    },
  ) {
    this.#file = file;
    this.path = info.path;
    this.#partPath = info.partPath;
    this.#headerBytes = info.headerBytes;
    this.sampleRate = info.sampleRate;
    this.channels = info.channels;
    this.#encoded = new ArrayBuffer(8 * Math.max(BLOCK_LENGTH, info.channels));
    this.format = info.format;
  }

  /** Frames written so far: samples of each channel. */
  get length(): number {
    return this.#length;
  }

  /** Samples so far that PCM could not hold and that were clipped. */
  get clipped(): number {
    return this.#clipped;
  }

  /**
   * Writes the next samples, a block for each channel.
   *
   * @throws {SoundFileError} at a sample that is NaN or infinite, where the disk
   * is full, and where the file would exceed 4 GB. Nothing is left behind.
   */
  async write(...blocks: readonly Signal[]): Promise<void> {
    this.#assertOpen();
    const { channels, format } = this;
    try {
      if (blocks.length !== channels) {
        throw new TypeError(`${blocks.length} blocks for ${channels} channels`);
      }
      const { length } = blocks[0];
      requireRoom(this.path, (this.#length + length) * channels, format);
      const step = Math.max(1, Math.floor(BLOCK_LENGTH / channels));
      for (let from = 0; from < length; from += step) {
        const parts = blocks.map((block) => block.subarray(from, from + step));
        for (let c = 0; c < channels; c++) {
          this.#check(parts[c]);
          this.#clipped += encode(parts[c], format, this.#encoded, c, channels);
        }
        const bytes = parts[0].length * channels * format.bits / 8;
        await writeFully(this.#file, new Uint8Array(this.#encoded, 0, bytes));
        this.#length += parts[0].length;
      }
    } catch (error) {
      await this.abort();
      throw writeError(this.path, error);
    }
  }

  /** Completes the header and puts the file in its place. */
  async close(): Promise<void> {
    this.#assertOpen();
    try {
      const dataBytes = this.#length * this.channels * this.format.bits / 8;
      if (dataBytes % 2 === 1) await writeFully(this.#file, new Uint8Array(1));
      const riffSize = this.#headerBytes - 8 + dataBytes + dataBytes % 2;
      await writeSize(this.#file, 4, riffSize);
      await writeSize(this.#file, this.#headerBytes - 4, dataBytes);
      await this.#file.sync();
      this.#file.close();
      await Deno.rename(this.#partPath, this.path);
      endFile(this.#partPath);
      this.#open = false;
    } catch (error) {
      await this.abort();
      throw writeError(this.path, error);
    }
  }

  /** Gives up: what was written is removed. Does nothing to a closed file. */
  async abort(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    try {
      this.#file.close();
    } catch {
      // Closed already, where only the renaming failed.
    }
    await removeQuietly(this.#partPath);
    endFile(this.#partPath);
  }

  /** Gives up at the end of an `await using` block that did not close it. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.abort();
  }

  #assertOpen(): void {
    if (!this.#open) {
      throw new TypeError(`${this.path}: closed, or given up, before`);
    }
  }

  #check(part: Signal): void {
    for (let n = 0; n < part.length; n++) {
      if (!(Math.abs(part[n]) <= SAMPLE_LIMIT)) {
        const index = this.#length + n;
        throw badSampleError(
          this.path,
          index,
          part[n],
          this.sampleRate,
          "Check what it is made from: the sound, and parameters such as make_up_db",
        );
      }
    }
  }
}

/**
 * Begins a WAVE file. Close it to have it, or abort it:
 *
 *     await using out = await createWav(path, { sampleRate });
 *     for await (const block of blocks) await out.write(block);
 *     await out.close();
 *
 * @throws {SoundFileError} where the folder is missing or cannot be written to,
 * and where `length` samples would exceed 4 GB.
 */
export async function createWav(
  path: string,
  options: WriteOptions,
): Promise<WavWriter> {
  const { sampleRate, channels = 1, format = FLOAT_32, length = 0 } = options;
  const isTaken = sampleRate >= RATES.lowest && sampleRate <= RATES.highest;
  if (!(Number.isInteger(sampleRate) && isTaken)) {
    throw new SoundFileError(
      path,
      `a sample rate of ${sampleRate} Hz cannot be written`,
      `Use a whole number from ${RATES.lowest} to ${RATES.highest}`,
    );
  }
  requireRoom(path, length * channels, format);
  await assertReplaceable(path);
  const unique = crypto.randomUUID().slice(0, 8);
  const partPath = join(dirname(path), `.optofit-${unique}.part`);
  const head = header(sampleRate, channels, format);
  let file: Deno.FsFile | undefined;
  beginFile(partPath);
  try {
    file = await Deno.open(partPath, { write: true, createNew: true });
    await writeFully(file, head);
  } catch (error) {
    if (file !== undefined) {
      file.close();
      await removeQuietly(partPath);
    }
    endFile(partPath);
    throw writeError(path, error);
  }
  return new WavWriter(file, {
    path,
    partPath,
    headerBytes: head.length,
    sampleRate,
    channels,
    format,
  });
}

/** Writes `samples` as a mono WAVE file; returns how many were clipped. */
export async function writeWav(
  path: string,
  samples: Signal,
  options: Omit<WriteOptions, "length" | "channels">,
): Promise<number> {
  const { length } = samples;
  await using writer = await createWav(path, { ...options, length });
  await writer.write(samples);
  await writer.close();
  return writer.clipped;
}

/** Header of a file without samples, its last four bytes being the data's size. */
function header(
  sampleRate: number,
  channels: number,
  { bits, float }: SampleFormat,
): Uint8Array {
  const file = new wavefile.WaveFile();
  const code = float && bits === 32 ? "32f" : String(bits);
  file.fromScratch(channels, sampleRate, code, new Float64Array(0));
  return file.toBuffer();
}

/**
 * Makes sure that `length` samples fit the size fields of a WAVE file.
 *
 * @throws {SoundFileError} where they do not.
 */
export function requireRoom(
  path: string,
  length: number,
  format: SampleFormat,
): void {
  // Room for the header, and for the byte that pads an odd size.
  if (length * format.bits / 8 > LARGEST_SIZE - 128) {
    throw new SoundFileError(
      path,
      `${length} samples of ${
        formatName(format)
      } exceed the 4 GB of a WAV file`,
      "Choose a format of fewer bits, or cut the recording into parts",
    );
  }
}

/** Throws where `path` is there and not a file, which renaming would replace. */
async function assertReplaceable(path: string): Promise<void> {
  let stat: Deno.FileInfo;
  try {
    stat = await Deno.stat(path);
  } catch {
    return; // Not there; what else is wrong shows when the file is opened.
  }
  if (!stat.isFile) {
    throw new SoundFileError(
      path,
      stat.isDirectory ? "is a folder" : "is not a regular file",
      "Give the path of the WAV file to write",
    );
  }
}

/**
 * Codes `part` as channel `channel`, from 0, of the frames at the start of
 * `buffer`; returns how many samples clipped.
 */
function encode(
  part: Signal,
  { bits, float }: SampleFormat,
  buffer: ArrayBuffer,
  channel: number,
  channels: number,
): number {
  if (float) {
    const target = bits === 32
      ? new Float32Array(buffer)
      : new Float64Array(buffer);
    if (channels === 1) {
      target.set(part);
    } else {
      for (let n = 0, at = channel; n < part.length; n++, at += channels) {
        target[at] = part[n];
      }
    }
    return 0;
  }
  const scale = 2 ** (bits - 1);
  const highest = scale - 1;
  const bytes = new Uint8Array(buffer);
  const target = bits === 16
    ? new Int16Array(buffer)
    : bits === 32
    ? new Int32Array(buffer)
    : undefined;
  let clipped = 0;
  for (let n = 0, at = channel; n < part.length; n++, at += channels) {
    let level = Math.round(part[n] * scale);
    if (level > highest) {
      level = highest;
      clipped++;
    } else if (level < -scale) {
      level = -scale;
      clipped++;
    }
    if (target !== undefined) {
      target[at] = level;
    } else if (bits === 8) {
      bytes[at] = level + 128;
    } else {
      bytes[3 * at] = level;
      bytes[3 * at + 1] = level >> 8;
      bytes[3 * at + 2] = level >> 16;
    }
  }
  return clipped;
}

async function writeSize(
  file: Deno.FsFile,
  position: number,
  size: number,
): Promise<void> {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, size, true);
  await file.seek(position, Deno.SeekMode.Start);
  await writeFully(file, bytes);
}

async function writeFully(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    written += await file.write(bytes.subarray(written));
  }
}

async function removeQuietly(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch {
    // Gone already, or its folder is: there is nothing left to clean up.
  }
}

function writeError(path: string, error: unknown): Error {
  if (error instanceof SoundFileError) return error;
  const folder = dirname(path);
  const name = basename(path);
  if (error instanceof Deno.errors.NotFound) {
    return new SoundFileError(
      path,
      `cannot be written: there is no folder ${folder}`,
      `Make the folder first`,
      error,
    );
  }
  const code = (error as { code?: string }).code;
  return new SoundFileError(
    path,
    `cannot be written (${reasonOf(error)})`,
    code === "ENOSPC"
      ? `Free some space, or write ${name} to another disk`
      : `Check that ${folder} can be written to`,
    error,
  );
}
