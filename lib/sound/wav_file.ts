/**
 * WAVE files on disk, by the reader of `wav_reader.ts`.
 *
 * @module
 */

import { reasonOf } from "../base/file_error.ts";
import { areSame, requireChannel } from "./channels.ts";
import type { Signal } from "./signal.ts";
import { SoundFileError, type SoundFormat } from "./sound_file.ts";
import { type ByteSource, findLayout, type WavLayout } from "./wav_layout.ts";
import { type Channels, readSource, WavReader } from "./wav_reader.ts";

/** A recording of one channel, or one channel of it, in memory. */
export interface Sound {
  /** The samples: 64-bit where the file holds 64-bit floating point, else 32. */
  samples: Signal;
  /** Samples a second. */
  sampleRate: number;
  /** How the file codes them. */
  format: SoundFormat;
  /** What is odd about the file and did not keep it from being read. */
  warnings: string[];
}

/** What to read of a file. */
export interface ReadOptions {
  /** Channel to read, 1 being the first (default: all). */
  channel?: number;
  /** Memory to read into, where it has room; what is used is taken out of it. */
  spare?: ArrayBuffer[];
}

/** A reader with its file, which it closes. */
export class WavFileReader extends WavReader implements Disposable {
  readonly #file: FileSource;

  /** Takes over `file`. */
  constructor(
    file: FileSource,
    layout: WavLayout,
    channels: readonly number[],
  ) {
    super(file, layout, channels);
    this.#file = file;
  }

  /** Closes the file. */
  close(): void {
    this.#file.close();
  }

  /** Closes the file at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Opens a WAVE file, or one channel of it, to be read in blocks.
 *
 * @throws {SoundFileError} where it is missing, not a WAVE file, truncated,
 * empty, of another coding, or without the channel asked for.
 */
export async function openWav(
  path: string,
  { channel }: ReadOptions = {},
): Promise<WavFileReader> {
  const file = await FileSource.open(path);
  try {
    const layout = await findLayout(file);
    const count = layout.format.channels;
    if (channel !== undefined) requireChannel(path, channel, count);
    const channels = channel === undefined
      ? Array.from({ length: count }, (_, c) => c + 1)
      : [channel];
    return new WavFileReader(file, layout, channels);
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Reads every channel of a WAVE file into memory. */
export async function readChannels(
  path: string,
  { spare }: Pick<ReadOptions, "spare"> = {},
): Promise<Channels> {
  using file = await FileSource.open(path);
  return await readSource(file, spare);
}

/**
 * Reads a WAVE file of one channel, of several that are the same, or the channel
 * asked for, into memory.
 */
export async function readWav(
  path: string,
  { channel, spare }: ReadOptions = {},
): Promise<Sound> {
  if (channel === undefined) {
    const { channels, ...rest } = await readChannels(path, { spare });
    if (!areSame(channels)) {
      throw new SoundFileError(
        path,
        `has ${channels.length} channels that differ, where one is needed`,
        "Extract one of them",
      );
    }
    return { samples: channels[0], ...rest };
  }
  using reader = await openWav(path, { channel });
  const { sampleRate, format, length, warnings } = reader;
  const [samples] = reader.allocate(length, spare);
  await reader.readInto([samples]);
  return { samples, sampleRate, format, warnings: [...warnings] };
}

/** A file on disk, read by position. */
class FileSource implements ByteSource, Disposable {
  readonly name: string;
  readonly size: number;
  readonly #file: Deno.FsFile;

  private constructor(name: string, size: number, file: Deno.FsFile) {
    this.name = name;
    this.size = size;
    this.#file = file;
  }

  static async open(path: string): Promise<FileSource> {
    try {
      // Looked at before it is opened: a pipe would make that wait.
      const stat = await Deno.stat(path);
      if (!stat.isFile) {
        throw new SoundFileError(
          path,
          stat.isDirectory ? "is a folder" : "is not a regular file",
          "Give the path of a WAV file",
        );
      }
      const file = await Deno.open(path, { read: true });
      return new FileSource(path, stat.size, file);
    } catch (error) {
      throw error instanceof SoundFileError ? error : openError(path, error);
    }
  }

  async readInto(bytes: Uint8Array, position: number): Promise<number> {
    let filled = 0;
    try {
      await this.#file.seek(position, Deno.SeekMode.Start);
      while (filled < bytes.length) {
        const got = await this.#file.read(bytes.subarray(filled));
        if (got === null) break;
        filled += got;
      }
    } catch (error) {
      throw openError(this.name, error);
    }
    return filled;
  }

  close(): void {
    this.#file.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function openError(path: string, error: unknown): SoundFileError {
  const missing = error instanceof Deno.errors.NotFound;
  return new SoundFileError(
    path,
    missing ? "no such file" : `cannot be read (${reasonOf(error)})`,
    missing ? "Check the path" : "Check the file and its permissions",
    error,
  );
}
