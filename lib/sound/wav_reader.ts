/**
 * Reads WAVE files: PCM of 8, 16, 24 and 32 bits, floating point of 32 and 64
 * bits, plain or WAVE_FORMAT_EXTENSIBLE, one channel of any number.
 *
 * The chunks up to `data` are walked here, so that a recording of any length can
 * be streamed; what the `fmt ` chunk says is left to the wavefile package. The
 * samples are decoded block by block through typed arrays that share one buffer
 * with the bytes read, which makes this as fast as the disk. PCM of n bits is
 * scaled by 2^(1−n): full scale is ±1.
 *
 * @module
 */

import wavefile from "wavefile";
import { reasonOf } from "../file_error.ts";
import { formatCount } from "../format.ts";
import type { Signal } from "./signal.ts";
import {
  badSampleError,
  RATES,
  SAMPLE_LIMIT,
  SoundFileError,
  type SoundFormat,
} from "./sound_file.ts";

/** A recording, or one channel of it, in memory. */
export interface Sound {
  /** The samples: 64-bit where the file holds 64-bit floating point, else 32. */
  samples: Signal;
  /** Samples a second. */
  sampleRate: number;
  /** How the file codes them. */
  format: SoundFormat;
}

/** What to read of a file. */
export interface ReadOptions {
  /** Channel to read, 1 being the first. Needed where there is more than one. */
  channel?: number;
}

/** Samples in a block of {@linkcode WavReader.blocks}, unless told otherwise. */
export const BLOCK_LENGTH = 65536;

/** Chunks looked through before `data`; no real file comes near. */
const MOST_CHUNKS = 1000;

/** Bytes decoded at a time, shared out to whole frames. */
const BUFFER_BYTES = 1 << 20;

const NOT_WAV = "Convert it to a WAV file of PCM or floating point";
const COPY_AGAIN = "Copy or export the recording again";

/** Codings that this module knows only by name. */
const CODING_NAMES: Record<number, string> = {
  0x02: "Microsoft ADPCM",
  0x06: "A-law",
  0x07: "µ-law",
  0x11: "IMA ADPCM",
  0x31: "GSM 6.10",
  0x50: "MPEG audio",
  0x55: "MP3",
  0x92: "Dolby AC-3",
  0xff: "AAC",
  0xf1ac: "FLAC",
};

const PCM = 1;
const FLOAT = 3;
const EXTENSIBLE = 0xfffe;

/** Last 12 bytes of the GUID that an extensible file gives a plain coding. */
const PLAIN_GUID = [0x00100000, 0xaa000080, 0x719b3800];

/** What the wavefile package reads from a `fmt ` chunk. */
interface FormatChunk {
  audioFormat: number;
  numChannels: number;
  sampleRate: number;
  blockAlign: number;
  bitsPerSample: number;
  subformat: number[];
}

/** One channel of an open WAVE file, read from its start to its end. */
export class WavReader implements Disposable {
  /** Path as it was given. */
  readonly path: string;
  /** Samples a second. */
  readonly sampleRate: number;
  /** How the file codes its samples. */
  readonly format: SoundFormat;
  /** Samples in the channel. */
  readonly length: number;
  /** The channel, 1 being the first. */
  readonly channel: number;

  readonly #file: Deno.FsFile;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  #position = 0;

  /** Takes over `file`, which stands at its first sample. */
  constructor(
    file: Deno.FsFile,
    info: {
      path: string;
      sampleRate: number;
      format: SoundFormat;
      length: number;
      channel: number;
    },
  ) {
    this.#file = file;
    this.path = info.path;
    this.sampleRate = info.sampleRate;
    this.format = info.format;
    this.length = info.length;
    this.channel = info.channel;
    const frames = Math.max(1, Math.floor(BUFFER_BYTES / this.#frameBytes));
    // Views of 2, 4 and 8 bytes are taken on the buffer: round its size up.
    const bytes = Math.ceil(
      Math.min(frames, info.length) * this.#frameBytes / 8,
    );
    this.#bytes = new Uint8Array(bytes * 8);
  }

  get #frameBytes(): number {
    return this.format.channels * this.format.bits / 8;
  }

  /** An array of `length` samples, of the precision that the file needs. */
  allocate(length: number): Signal {
    return this.format.bits === 64
      ? new Float64Array(length)
      : new Float32Array(length);
  }

  /**
   * Reads the next samples into `output` and returns how many there were: as
   * many as fit until the file ends, then 0.
   *
   * @throws {SoundFileError} at a sample that is NaN or infinite, and where the
   * file cannot be read to its end.
   */
  async readInto(output: Signal): Promise<number> {
    const frameBytes = this.#frameBytes;
    const most = Math.floor(this.#bytes.length / frameBytes);
    let filled = 0;
    while (filled < output.length && this.#position < this.length) {
      const count = Math.min(
        most,
        output.length - filled,
        this.length - this.#position,
      );
      const bytes = this.#bytes.subarray(0, count * frameBytes);
      const got = await readFully(this.#file, bytes, this.path);
      if (got < bytes.length) {
        throw new SoundFileError(
          this.path,
          `ends at sample ${this.#position + Math.floor(got / frameBytes)} ` +
            `of ${this.length}: it was cut short while it was read`,
          COPY_AGAIN,
        );
      }
      const part = output.subarray(filled, filled + count);
      decode(this.#bytes.buffer, this.format, this.channel - 1, part);
      if (this.format.float) this.#check(part);
      filled += count;
      this.#position += count;
    }
    return filled;
  }

  /**
   * The samples not yet read, in blocks of up to `length`. Every block is the
   * same array: it holds until the next one is asked for.
   */
  async *blocks(length = BLOCK_LENGTH): AsyncGenerator<Signal, void> {
    const block = this.allocate(Math.min(length, this.length));
    for (;;) {
      const count = await this.readInto(block);
      if (count === 0) return;
      yield block.subarray(0, count);
    }
  }

  /** Closes the file. */
  close(): void {
    this.#file.close();
  }

  /** Closes the file at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  #check(part: Signal): void {
    for (let i = 0; i < part.length; i++) {
      if (!(Math.abs(part[i]) <= SAMPLE_LIMIT)) {
        throw badSampleError(
          this.path,
          this.#position + i,
          part[i],
          this.sampleRate,
          "Render the recording again, or cut this part out of both dry and wet",
        );
      }
    }
  }
}

/**
 * Opens a WAVE file and reads its header.
 *
 * @throws {SoundFileError} where it is missing, not a WAVE file, truncated,
 * empty, of another coding, or has several channels and none is chosen.
 */
export async function openWav(
  path: string,
  options: ReadOptions = {},
): Promise<WavReader> {
  let stat: Deno.FileInfo;
  let file: Deno.FsFile;
  try {
    // Looked at before it is opened: a pipe would make that wait.
    stat = await Deno.stat(path);
    if (!stat.isFile) {
      throw new SoundFileError(
        path,
        stat.isDirectory ? "is a folder" : "is not a regular file",
        "Give the path of a WAV file",
      );
    }
    file = await Deno.open(path, { read: true });
  } catch (error) {
    throw error instanceof SoundFileError ? error : openError(path, error);
  }
  try {
    const { chunk, dataBytes } = await findData(file, path, stat.size);
    const { sampleRate, format } = formatOf(chunk, path);
    const length = Math.floor(dataBytes / (format.channels * format.bits / 8));
    if (length === 0) {
      throw new SoundFileError(
        path,
        "is empty: it has no samples",
        "Record or export it again",
      );
    }
    const channel = chosenChannel(options.channel, format.channels, path);
    return new WavReader(file, { path, sampleRate, format, length, channel });
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Reads a whole WAVE file, or one channel of it, into memory. */
export async function readWav(
  path: string,
  options: ReadOptions = {},
): Promise<Sound> {
  using reader = await openWav(path, options);
  const { sampleRate, format, length } = reader;
  let samples: Signal;
  try {
    samples = reader.allocate(length);
  } catch (error) {
    throw new SoundFileError(
      path,
      `is too long to hold in memory (${length} samples)`,
      "Cut it into shorter recordings",
      error,
    );
  }
  await reader.readInto(samples);
  return { samples, sampleRate, format };
}

/** Walks the chunks to `data` and leaves `file` at its first byte. */
async function findData(
  file: Deno.FsFile,
  path: string,
  fileSize: number,
): Promise<{ chunk: Uint8Array; dataBytes: number }> {
  const head = new Uint8Array(12);
  const got = await readFully(file, head, path);
  const container = fourCharacters(head, 0);
  if (container === "RIFX" || container === "RF64" || container === "BW64") {
    throw new SoundFileError(
      path,
      `is of the ${container} variety of WAV, which is not read`,
      "Convert it to a plain WAV file, below 4 GB",
    );
  }
  if (got < 12 || container !== "RIFF" || fourCharacters(head, 8) !== "WAVE") {
    const what = fileSize === 0
      ? "is an empty file"
      : "is not a WAV file: it does not begin with RIFF … WAVE";
    throw new SoundFileError(path, what, NOT_WAV);
  }
  const riffSize = littleEndian(head, 4);

  let chunk: Uint8Array | undefined;
  let position = 12;
  const chunkHead = new Uint8Array(8);
  for (let i = 0; i < MOST_CHUNKS; i++) {
    await file.seek(position, Deno.SeekMode.Start);
    if (await readFully(file, chunkHead, path) < 8) break;
    position += 8;
    const id = fourCharacters(chunkHead, 0);
    const size = littleEndian(chunkHead, 4);
    const rest = fileSize - position;
    if (id === "data") {
      if (chunk === undefined) {
        throw new SoundFileError(
          path,
          'has no "fmt " chunk before its samples, so they cannot be decoded',
          NOT_WAV,
        );
      }
      // Recorders that stream leave the size open; a whole file whose outer
      // size is right and whose data are of size 0 has truly no samples.
      const open = size === 0xffffffff ||
        (size === 0 && riffSize + 8 !== fileSize);
      if (!open && size > rest) {
        throw new SoundFileError(
          path,
          `is truncated: its header promises ${size} bytes of samples, ` +
            `${rest} are there`,
          COPY_AGAIN,
        );
      }
      return { chunk, dataBytes: open ? rest : size };
    }
    if (size > rest) {
      throw new SoundFileError(
        path,
        `is truncated: its "${printable(id)}" chunk is ${size} bytes long, ` +
          `${rest} are there`,
        COPY_AGAIN,
      );
    }
    if (id === "fmt " && chunk === undefined) {
      chunk = new Uint8Array(Math.min(size, 40));
      await readFully(file, chunk, path);
    }
    position += size + size % 2;
  }
  throw new SoundFileError(
    path,
    'has no "data" chunk, and so no samples',
    COPY_AGAIN,
  );
}

/** What the `fmt ` chunk says, by way of the wavefile package. */
function formatOf(
  chunk: Uint8Array,
  path: string,
): { sampleRate: number; format: SoundFormat } {
  if (chunk.length < 16) {
    throw new SoundFileError(
      path,
      `its "fmt " chunk has ${chunk.length} bytes, where 16 are needed`,
      COPY_AGAIN,
    );
  }
  const fmt = parseFormat(chunk);
  const { numChannels: channels, sampleRate, blockAlign } = fmt;
  let coding = fmt.audioFormat;
  if (coding === EXTENSIBLE) {
    const [code, ...guid] = fmt.subformat;
    if (!PLAIN_GUID.every((part, i) => part === guid[i])) {
      throw unsupported(path, "an extensible format of unknown GUID");
    }
    coding = code;
  }
  if (coding !== PCM && coding !== FLOAT) {
    const code = `format code 0x${coding.toString(16).padStart(4, "0")}`;
    const name = CODING_NAMES[coding];
    throw unsupported(path, name === undefined ? code : `${name} (${code})`);
  }
  if (channels === 0) {
    throw new SoundFileError(
      path,
      "has no channels, its header says",
      COPY_AGAIN,
    );
  }
  if (sampleRate < RATES.lowest || sampleRate > RATES.highest) {
    throw new SoundFileError(
      path,
      `has a sample rate of ${sampleRate} Hz, its header says, where ${RATES.lowest} to ${RATES.highest} Hz are taken`,
      COPY_AGAIN,
    );
  }
  const bits = 8 * Math.ceil(fmt.bitsPerSample / 8);
  const float = coding === FLOAT;
  const known = float ? bits === 32 || bits === 64 : bits >= 8 && bits <= 32;
  if (!known || blockAlign !== channels * bits / 8) {
    throw unsupported(
      path,
      `${fmt.bitsPerSample}-bit ${float ? "floating point" : "PCM"} ` +
        `in frames of ${blockAlign} bytes for ${
          formatCount(channels, "channel")
        }`,
    );
  }
  return { sampleRate, format: { bits, float, channels } as SoundFormat };
}

/** Hands a file of this `fmt ` chunk and no samples to the wavefile package. */
function parseFormat(chunk: Uint8Array): FormatChunk {
  // Whole, or the first 16 bytes that every coding has.
  const size = chunk.length >= 40 ? 40 : 16;
  const bytes = new Uint8Array(12 + 8 + size + 8);
  const text = new TextEncoder();
  const view = new DataView(bytes.buffer);
  text.encodeInto("RIFF", bytes);
  view.setUint32(4, bytes.length - 8, true);
  text.encodeInto("WAVEfmt ", bytes.subarray(8));
  view.setUint32(16, size, true);
  bytes.set(chunk.subarray(0, size), 20);
  text.encodeInto("data", bytes.subarray(20 + size));
  return new wavefile.WaveFile(bytes).fmt as FormatChunk;
}

function unsupported(path: string, what: string): SoundFileError {
  return new SoundFileError(
    path,
    `is coded as ${what}, which is not read`,
    "Convert it to PCM of 8, 16, 24 or 32 bits or to 32- or 64-bit float",
  );
}

/** The channel to read, after a look at how many there are. */
function chosenChannel(
  channel: number | undefined,
  channels: number,
  path: string,
): number {
  if (channel === undefined) {
    if (channels === 1) return 1;
    throw new SoundFileError(
      path,
      `has ${channels} channels, where one is needed`,
      "Mix them down or extract one; fit, objective and render take one of " +
        `them with --channel 1 … ${channels}`,
    );
  }
  if (!Number.isInteger(channel) || channel < 1 || channel > channels) {
    throw new SoundFileError(
      path,
      `has ${formatCount(channels, "channel")}, and so no channel ${channel}`,
      channels === 1
        ? "Leave --channel out"
        : `Choose one with --channel 1 … ${channels}`,
    );
  }
  return channel;
}

/**
 * Decodes one channel (from 0) of the frames at the start of `buffer` into
 * `output`. The machine is little-endian, as WAVE is and every platform of Deno.
 */
function decode(
  buffer: ArrayBuffer,
  { bits, float, channels }: SoundFormat,
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
  } else if (bits === 24) {
    const bytes = new Uint8Array(buffer);
    const step = 3 * channels;
    for (let n = 0, at = 3 * channel; n < count; n++, at += step) {
      const high = bytes[at + 2] << 24;
      output[n] = (high | bytes[at + 1] << 16 | bytes[at] << 8) * 2 ** -31;
    }
  } else if (bits === 8) {
    const bytes = new Uint8Array(buffer);
    for (let n = 0, at = channel; n < count; n++, at += channels) {
      output[n] = (bytes[at] - 128) * 2 ** -7;
    }
  } else if (bits === 16) {
    const source = new Int16Array(buffer);
    for (let n = 0, at = channel; n < count; n++, at += channels) {
      output[n] = source[at] * 2 ** -15;
    }
  } else {
    const source = new Int32Array(buffer);
    for (let n = 0, at = channel; n < count; n++, at += channels) {
      output[n] = source[at] * 2 ** -31;
    }
  }
}

/** Reads until `bytes` is full or the file ends; returns how many were read. */
async function readFully(
  file: Deno.FsFile,
  bytes: Uint8Array,
  path: string,
): Promise<number> {
  let filled = 0;
  try {
    while (filled < bytes.length) {
      const got = await file.read(bytes.subarray(filled));
      if (got === null) break;
      filled += got;
    }
  } catch (error) {
    throw openError(path, error);
  }
  return filled;
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

function littleEndian(bytes: Uint8Array, at: number): number {
  return (bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16 |
    bytes[at + 3] << 24) >>> 0;
}

function fourCharacters(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}

/** `text` with what is not plain ASCII shown as a dot. */
function printable(text: string): string {
  return text.replace(/[^ -~]/g, ".");
}
