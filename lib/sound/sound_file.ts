/**
 * What reading and writing sound files share: the sample formats and the error
 * that names the file, what is wrong with it and what to do about it.
 *
 * @module
 */

/** How a file codes one sample. */
export type SampleFormat =
  | {
    /** Bits in a sample: 8, 16, 24 or 32. */
    bits: 8 | 16 | 24 | 32;
    /** Linear PCM; 8 bits are unsigned, the others signed. */
    float: false;
  }
  | {
    /** Bits in a sample: 32 or 64. */
    bits: 32 | 64;
    /** IEEE floating point, ±1 being full scale. */
    float: true;
  };

/** How a file codes its sound. */
export type SoundFormat = SampleFormat & {
  /** Channels, one sample of each making a frame. */
  channels: number;
};

/** The formats that a person can choose, by the names that options give them. */
export const SAMPLE_FORMATS = {
  "16": { bits: 16, float: false },
  "24": { bits: 24, float: false },
  "32f": { bits: 32, float: true },
} as const satisfies Record<string, SampleFormat>;

/** Name of a format that a person can choose. */
export type SampleFormatName = keyof typeof SAMPLE_FORMATS;

/** Those names. */
export const SAMPLE_FORMAT_NAMES = Object.keys(
  SAMPLE_FORMATS,
) as SampleFormatName[];

/** 32-bit floating point, what the project writes unless told otherwise. */
export const FLOAT_32: SampleFormat = { bits: 32, float: true };

/**
 * Largest magnitude taken for a sample, in either direction. Full scale is 1;
 * what lies 180 dB above it is no sound, and its powers would overflow.
 */
export const SAMPLE_LIMIT = 1e9;

/**
 * Lowest and highest sample rate taken, in Hz. Recorders go from 8 to 768 kHz: a
 * header that says far less or more is damaged, and at its rate the times of the
 * compressor would be a few samples, or most of the file.
 */
export const RATES = { lowest: 1000, highest: 1_000_000 } as const;

/** A sound file that cannot be used, or written. */
export class SoundFileError extends Error {
  /** The file. */
  readonly file: string;
  /** What is wrong with it. */
  readonly what: string;
  /** What to do about it. */
  readonly remedy: string;

  /** The message reads `file: what. Remedy`. */
  constructor(file: string, what: string, remedy: string, cause?: unknown) {
    super(`${file}: ${what}. ${remedy}`, { cause });
    this.name = "SoundFileError";
    this.file = file;
    this.what = what;
    this.remedy = remedy;
  }
}

/** The format in words, as tables and errors show it. */
export function formatName({ bits, float }: SampleFormat): string {
  return `${bits}-bit ${float ? "float" : "PCM"}`;
}

/** The error for sample `index`, which is no number that sound is made of. */
export function badSampleError(
  file: string,
  index: number,
  value: number,
  sampleRate: number,
  remedy: string,
): SoundFileError {
  const name = Number.isNaN(value)
    ? "not a number (NaN)"
    : Number.isFinite(value)
    ? `${value.toExponential(3)}, where full scale is 1`
    : `${value > 0 ? "+" : "−"}infinite`;
  const time = (index / sampleRate).toFixed(6);
  return new SoundFileError(
    file,
    `sample ${index} (at ${time} s) is ${name}`,
    remedy,
  );
}
