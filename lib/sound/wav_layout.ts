/**
 * Where the samples of a WAVE file lie and how they are coded: its chunks walked,
 * its `fmt ` read. RIFF, RF64 and BW64, as recorders and editors write them and as
 * streaming writers, who never come back to the header, leave them.
 *
 * It knows bytes and no file system: the command line reads files by it, the
 * player, with this very text in its page, what a person drops there.
 *
 * @module
 */

import { RATES, SoundFileError, type SoundFormat } from "./sound_file.ts";

/** A file as bytes by position. */
export interface ByteSource {
  /** What errors call it. */
  readonly name: string;
  /** Bytes in it. */
  readonly size: number;
  /**
   * Fills `bytes` with what stands at `position`; returns how many bytes that
   * were, fewer than asked for only where the file ends.
   */
  readInto(bytes: Uint8Array, position: number): Promise<number>;
}

/** Where the samples are, and how they are coded. */
export interface WavLayout {
  /** Samples a second. */
  sampleRate: number;
  /** Channels, and the coding of a sample; `bits` are those that count. */
  format: SoundFormat;
  /** Bytes that a sample takes, `bits / 8` or more. */
  sampleBytes: number;
  /** Bits above a sample in its bytes: 0 unless it stands at their lower end. */
  shift: number;
  /** First byte of the first frame. */
  start: number;
  /** Frames: samples of each channel. */
  length: number;
  /** What is odd about the file and did not keep it from being read. */
  warnings: string[];
}

/** Chunks looked through; no real file comes near. */
const MOST_CHUNKS = 1000;

/** Bytes at the end of a file in which chunks after an open end are looked for. */
const TAIL_BYTES = 1 << 22;

/** Bytes by which the size of the samples may exceed what is there. */
const SIZE_SLACK = 4096;

/** Bytes looked at a time for where samples stand in wider containers. */
const PROBE_BYTES = 1 << 16;

const COPY_AGAIN = "Copy or export the recording again";

/** The codings that are read. */
const CODINGS = { pcm: 1, float: 3, extensible: 0xfffe } as const;

/** Codings that are known only by name. */
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

/** Last 12 bytes of the GUID that an extensible file gives a plain coding. */
const PLAIN_GUID = [0x00100000, 0xaa000080, 0x719b3800];

/** Chunks that stand in WAVE files, as far as known. */
const KNOWN_CHUNKS = (
  "fmt |data|fact|cue |LIST|list|plst|labl|note|ltxt|smpl|inst|bext|iXML|axml|" +
  "chna|ubxt|cart|levl|link|umid|minf|elm1|regn|ovwf|DGDA|DISP|PEAK|acid|strc|" +
  "JUNK|junk|FLLR|PAD |id3 |ID3 |_PMX|afsp|SAUR|LGWV|ds64|r64m|slnt|wavl|Fake|" +
  "tlst|clm |ResU|SMED"
).split("|");

/** Finds the samples of the WAVE file `source`. */
export async function findLayout(source: ByteSource): Promise<WavLayout> {
  const container = await containerOf(source);
  const { fmt, data, warnings } = await findChunks(source, container);
  const coding = codingOf(fmt, source.name);
  const frameBytes = coding.format.channels * coding.sampleBytes;
  const length = Math.floor(data.size / frameBytes);
  if (length === 0) {
    throw new SoundFileError(
      source.name,
      "is empty: it has no samples",
      "Record or export it again",
    );
  }
  const { spare, ...rest } = coding;
  const layout = { ...rest, start: data.start, length, shift: 0, warnings };
  if (spare > 0) layout.shift = await shiftOf(source, layout, spare);
  return layout;
}

/**
 * The command that converts the file `name` to a WAV file that is read, as a
 * shell takes it.
 */
export function conversionOf(name: string, more = ""): string {
  return `ffmpeg -i ${quoted(name)} ${more}-c:a pcm_f32le ${
    quoted(convertedName(name))
  }`;
}

/** The name that {@linkcode conversionOf} gives the converted file. */
export function convertedName(name: string): string {
  const stem = name.replace(/\.\w+$/, "");
  return /\.wav$/i.test(name) ? `${stem}-pcm.wav` : `${stem}.wav`;
}

/** A file's name as a shell takes it, and no program as an option. */
export function quoted(name: string): string {
  const safe = name.startsWith("-") ? `./${name}` : name;
  return /^[\w./-]+$/.test(safe) ? safe : `'${safe.replaceAll("'", `'\\''`)}'`;
}

function convert(name: string): string {
  return `Convert it: ${conversionOf(name)}`;
}

// Container ------------------------------------------------------------------

/** What the first bytes of a file say that is no WAV file, or nothing known. */
function nameOfContainer(head: Uint8Array): string | undefined {
  const [first, third] = [fourCharacters(head, 0), fourCharacters(head, 8)];
  const magic = head.length < 4 ? 0 : bigEndian(head, 0);
  if (first === "FORM" && third.startsWith("AIF")) return "an AIFF file";
  if (fourCharacters(head, 4) === "ftyp") return "an MPEG-4 file";
  if (magic === 0x00051607) {
    return "what macOS keeps beside a file (AppleDouble)";
  }
  if (magic === 0x1a45dfa3) return "a Matroska or WebM file";
  if (first.startsWith("ID3")) return "an MP3 file";
  // Eleven bits of synchronisation, then layer: 0 is that of AAC.
  if (magic >>> 21 === 0x7ff && head[1] !== 0xff) {
    return magic >> 17 & 3 ? "an MP3 file" : "an AAC file";
  }
  return ({
    "fLaC": "a FLAC file",
    "caff": "a CAF file",
    "OggS": "an Ogg file",
    "riff": "a Wave64 file",
    "wvpk": "a WavPack file",
    ".snd": "a Sun AU file",
    "RIFX": "a WAV file of the big-endian variety RIFX",
  } as Record<string, string>)[first];
}

/** Whether `source` begins as a WAVE file does. */
export async function isWave(source: ByteSource): Promise<boolean> {
  const head = await bytesAt(source, 0, 12);
  return ["RIFF", "RF64", "BW64"].includes(fourCharacters(head, 0)) &&
    fourCharacters(head, 8) === "WAVE";
}

/** Makes sure that `source` is a WAVE file; returns its own size of itself. */
async function containerOf(source: ByteSource): Promise<number> {
  const head = await bytesAt(source, 0, 12);
  if (await isWave(source)) return littleEndian(head, 4);
  const known = nameOfContainer(head);
  if (known !== undefined) {
    throw new SoundFileError(
      source.name,
      `is ${known}, which is not read`,
      known.includes("AppleDouble")
        ? "Give the file that it lies beside"
        : convert(source.name),
    );
  }
  throw new SoundFileError(
    source.name,
    source.size === 0
      ? "is an empty file"
      : "is not a WAV file: it does not begin with RIFF … WAVE",
    "Convert it to a WAV file of PCM or floating point",
  );
}

// Chunks ---------------------------------------------------------------------

/** What lies between two bytes of a file. */
interface Stretch {
  start: number;
  size: number;
}

/** Walks the chunks until the format and the samples are found. */
async function findChunks(
  source: ByteSource,
  ownSize: number,
): Promise<{ fmt: Uint8Array; data: Stretch; warnings: string[] }> {
  const { name } = source;
  const warnings: string[] = [];
  let fmt: Uint8Array | undefined;
  let data: Stretch | undefined;
  let longSize: number | undefined;
  let position = 12;
  for (let i = 0; i < MOST_CHUNKS && !(fmt && data); i++) {
    const head = await bytesAt(source, position, 8);
    if (head.length < 8) break;
    const id = fourCharacters(head, 0);
    const start = position + 8;
    const rest = source.size - start;
    let size = littleEndian(head, 4);
    if (id === "data" && data === undefined) {
      if (size === 0xffffffff && longSize !== undefined) size = longSize;
      // A whole file whose own size is right and whose samples are of size 0 has
      // truly none.
      const isOpen = isLeftOpen(size) ||
        (size === 0 && ownSize + 8 !== source.size);
      if (isOpen) {
        const { end, chunks } = await tailOf(source, start);
        data = { start, size: end - start };
        fmt ??= await formatAmong(source, chunks);
        break;
      }
      if (size > rest) {
        const missing = size - rest;
        if (missing > SIZE_SLACK || missing > rest) {
          throw new SoundFileError(
            name,
            `is truncated: its header promises ${size} bytes of samples, ` +
              `${rest} are there`,
            COPY_AGAIN,
          );
        }
        warnings.push(
          `its header promises ${missing} bytes of samples more than there are; it is read to its end`,
        );
      }
      size = Math.min(size, rest);
      const off = await excessOf(source, start, size);
      if (off !== 0) {
        warnings.push(
          `its header is ${
            Math.abs(off)
          } bytes off: the samples are read up to the chunk that follows them`,
        );
        size -= off;
      }
      data = { start, size };
    } else if (size > rest) {
      if (data !== undefined) break;
      throw new SoundFileError(
        name,
        `is truncated: its "${printable(id)}" chunk is ${size} bytes long, ` +
          `${rest} are there`,
        COPY_AGAIN,
      );
    } else if (id === "fmt ") {
      fmt ??= await bytesAt(source, start, Math.min(size, 40));
    } else if (id === "ds64" && size >= 16) {
      const sizes = await bytesAt(source, start, 16);
      longSize = littleEndian(sizes, 12) * 2 ** 32 + littleEndian(sizes, 8);
    }
    position = await nextChunk(source, start + size, size % 2 === 1);
  }
  if (data === undefined) {
    throw new SoundFileError(
      name,
      'has no "data" chunk, and so no samples',
      COPY_AGAIN,
    );
  }
  if (fmt === undefined) {
    throw new SoundFileError(
      name,
      'has no "fmt " chunk, so its samples cannot be decoded',
      COPY_AGAIN,
    );
  }
  return { fmt, data, warnings };
}

/**
 * Whether a writer that streams put `size` where it did not know better: all bits
 * of 32 or of 31, or up to a block less, for headers taken off or whole blocks.
 */
function isLeftOpen(size: number): boolean {
  return size >= 2 ** 53 ||
    [2 ** 31, 2 ** 32].some((end) => size <= end && size >= end - 1 - 4096);
}

/** Where the chunk after `end` begins; an odd one may lack the byte that pads it. */
async function nextChunk(
  source: ByteSource,
  end: number,
  isOdd: boolean,
): Promise<number> {
  if (!isOdd) return end;
  const bytes = await bytesAt(source, end, 5);
  const [plain, padded] = [0, 1].map((at) => fourCharacters(bytes, at));
  const isPadded = KNOWN_CHUNKS.includes(padded) ||
    !(KNOWN_CHUNKS.includes(plain) || (isPlain(plain) && !isPlain(padded)));
  return end + (isPadded ? 1 : 0);
}

/**
 * Bytes by which samples of `size`, where no chunk follows them, run into the next
 * or end before it; 0 where there is none near.
 */
async function excessOf(
  source: ByteSource,
  start: number,
  size: number,
): Promise<number> {
  const end = start + size;
  const next = await nextChunk(source, end, size % 2 === 1);
  const id = fourCharacters(await bytesAt(source, next, 4), 0);
  if (next >= source.size || KNOWN_CHUNKS.includes(id)) return 0;
  const tail = await tailOf(source, Math.max(start, end - SIZE_SLACK));
  const excess = end - tail.end;
  // What looks like a name is that of an unknown chunk, unless it lies in a known.
  return tail.chunks.length === 0 || excess < -SIZE_SLACK ||
      (excess < 0 && isPlain(id))
    ? 0
    : excess;
}

/** Whether `id` is one that a chunk might have. */
function isPlain(id: string): boolean {
  return /^[ -~]{4}$/.test(id);
}

/**
 * Where samples that begin at `start` end, if no size says so: at the first of
 * the known chunks that follow one another up to the end of the file.
 */
async function tailOf(
  source: ByteSource,
  start: number,
): Promise<{ end: number; chunks: number[] }> {
  const from = Math.max(start, source.size - TAIL_BYTES);
  const tail = await bytesAt(source, from, source.size - from);
  const known = new Set(
    KNOWN_CHUNKS.map((id) => bigEndian(new TextEncoder().encode(id), 0)),
  );
  const ends = new Set([tail.length]);
  const chunks: number[] = [];
  for (let at = tail.length - 8; at >= 0; at--) {
    if (!known.has(bigEndian(tail, at))) continue;
    const size = littleEndian(tail, at + 4);
    const next = at + 8 + size;
    const isFollowed = ends.has(next) ||
      (size % 2 === 1 && ends.has(next + 1));
    if (!isFollowed) continue;
    ends.add(at);
    chunks.unshift(from + at);
  }
  return { end: chunks[0] ?? source.size, chunks };
}

/** The format among `chunks`, by where they begin. */
async function formatAmong(
  source: ByteSource,
  chunks: number[],
): Promise<Uint8Array | undefined> {
  for (const at of chunks) {
    const head = await bytesAt(source, at, 8);
    if (fourCharacters(head, 0) !== "fmt ") continue;
    return await bytesAt(source, at + 8, Math.min(littleEndian(head, 4), 40));
  }
}

// Coding ---------------------------------------------------------------------

/**
 * What the `fmt ` chunk says; `spare` bits of a sample's bytes are not its own,
 * where whole bytes are not.
 */
function codingOf(
  chunk: Uint8Array,
  name: string,
): Pick<WavLayout, "sampleRate" | "format" | "sampleBytes"> & {
  spare: number;
} {
  if (chunk.length < 16) {
    throw new SoundFileError(
      name,
      `its "fmt " chunk has ${chunk.length} bytes, where 16 are needed`,
      COPY_AGAIN,
    );
  }
  const word = (at: number) => chunk[at] | chunk[at + 1] << 8;
  const channels = word(2);
  const sampleRate = littleEndian(chunk, 4);
  const frameBytes = word(12);
  const bits = word(14);
  let coding = word(0);
  if (coding === CODINGS.extensible) {
    const isPlain = chunk.length >= 40 &&
      PLAIN_GUID.every((part, i) => part === littleEndian(chunk, 28 + 4 * i));
    if (!isPlain) {
      throw unsupported(name, "an extensible format of unknown GUID");
    }
    coding = littleEndian(chunk, 24);
  }
  const float = coding === CODINGS.float;
  if (!float && coding !== CODINGS.pcm) {
    const code = `format code 0x${coding.toString(16).padStart(4, "0")}`;
    const known = CODING_NAMES[coding];
    throw unsupported(name, known === undefined ? code : `${known} (${code})`);
  }
  if (channels === 0) {
    throw new SoundFileError(
      name,
      "has no channels, its header says",
      COPY_AGAIN,
    );
  }
  if (sampleRate < RATES.lowest || sampleRate > RATES.highest) {
    throw new SoundFileError(
      name,
      `has a sample rate of ${sampleRate} Hz, its header says, where ${RATES.lowest} to ${RATES.highest} Hz are taken`,
      COPY_AGAIN,
    );
  }
  const bytes = Math.ceil(bits / 8);
  const sampleBytes = frameBytes / channels;
  const isKnown = float
    ? sampleBytes === bytes && (bits === 32 || bits === 64)
    : bits >= 1 && bits <= 32 && Number.isInteger(sampleBytes) &&
      // Of 8 bits, which have no sign, none can tell where in more they stand.
      sampleBytes >= bytes && sampleBytes <= (bytes === 1 ? 1 : 4);
  if (!isKnown) {
    throw unsupported(
      name,
      `${bits}-bit ${
        float ? "floating point" : "PCM"
      } in frames of ${frameBytes} bytes for ${channels} ${
        channels === 1 ? "channel" : "channels"
      }`,
    );
  }
  const format = { bits: 8 * bytes, float, channels } as SoundFormat;
  const spare = sampleBytes > bytes ? 8 * sampleBytes - bits : 0;
  return { sampleRate, format, sampleBytes, spare };
}

/**
 * Bits above each sample, where `spare` of the bits in its bytes are not its own:
 * 0 where it stands at their upper end, as the standard has it, `spare` at the
 * lower, as ALSA has it. The first sample that can stand at one end only tells.
 */
async function shiftOf(
  source: ByteSource,
  layout: WavLayout,
  spare: number,
): Promise<number> {
  const { sampleBytes, start, length, format } = layout;
  const end = start + length * format.channels * sampleBytes;
  const step = PROBE_BYTES * sampleBytes;
  let isSilent = true;
  for (let at = start; at < end; at += step) {
    const bytes = await bytesAt(source, at, Math.min(step, end - at));
    for (let n = 0; n + sampleBytes <= bytes.length; n += sampleBytes) {
      let value = 0;
      for (let i = sampleBytes - 1; i >= 0; i--) {
        value = value << 8 | bytes[n + i];
      }
      if (value === 0) continue;
      isSilent = false;
      const unused = 32 - 8 * sampleBytes;
      value = value << unused >> unused;
      const isUpper = value << 32 - spare === 0;
      const isLower = value << unused + spare >> unused + spare === value;
      if (isUpper !== isLower) return isUpper ? 0 : spare;
      if (!isUpper) {
        throw unsupported(
          source.name,
          `${format.bits}-bit PCM that takes all of its ${sampleBytes} bytes`,
        );
      }
    }
  }
  if (isSilent) return 0;
  layout.warnings.push(
    `its ${format.bits} bits stand somewhere in ${sampleBytes} bytes; taken from the lower end, for at the upper all would be ${
      Math.round(6.02 * spare)
    } dB lower`,
  );
  return spare;
}

function unsupported(name: string, what: string): SoundFileError {
  return new SoundFileError(
    name,
    `is coded as ${what}, which is not read`,
    convert(name),
  );
}

// Bytes ----------------------------------------------------------------------

/** Up to `count` bytes of `source` from `position` on. */
async function bytesAt(
  source: ByteSource,
  position: number,
  count: number,
): Promise<Uint8Array> {
  const room = Math.max(0, Math.min(count, source.size - position));
  const bytes = new Uint8Array(room);
  return bytes.subarray(0, await source.readInto(bytes, position));
}

function littleEndian(bytes: Uint8Array, at: number): number {
  return (bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16 |
    bytes[at + 3] << 24) >>> 0;
}

function bigEndian(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 |
    bytes[at + 3]) >>> 0;
}

function fourCharacters(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}

/** `text` with what is not plain ASCII shown as a dot. */
function printable(text: string): string {
  return text.replace(/[^ -~]/g, ".");
}
