/**
 * Writes WAVE files in every way that recorders and editors have of doing it, well
 * and badly, for the tests of what reads them.
 *
 * @module
 */

/** How the samples are coded. */
export interface Coding {
  /** Bits of a sample. */
  bits: number;
  /** Bytes that it takes (default: as few as hold them). */
  bytes?: number;
  /** Whether it stands at the lower end of more bytes than it needs. */
  low?: boolean;
  /** Whether it is floating point. */
  float?: boolean;
  /** Whether the format is WAVE_FORMAT_EXTENSIBLE. */
  extensible?: boolean;
}

/** A chunk: its name, and its size or its bytes. */
export type Other = readonly [id: string, body: number | Uint8Array];

/** A WAVE file to write. */
export interface Layout {
  /** First four characters (default: RIFF). */
  container?: string;
  /** Coding (default: PCM of 16 bits). */
  coding?: Coding;
  /** Format code, in place of the coding's. */
  code?: number;
  /** Samples, channel after channel: levels of PCM, or numbers. */
  channels: readonly (readonly number[])[];
  /** Sample rate (default: 8000). */
  rate?: number;
  /** Size of the samples as the file states it (default: the true one). */
  dataSize?: number;
  /** Size of the file as it states it (default: the true one). */
  riffSize?: number;
  /** Size of the samples in `ds64` (default: the true one). */
  longSize?: bigint;
  /** Byte after what is odd in size; null leaves it out (default: 0). */
  pad?: number | null;
  /** Other chunks before `fmt `, between it and `data`, and after. */
  before?: readonly Other[];
  between?: readonly Other[];
  after?: readonly Other[];
  /** Whether `fmt ` comes after `data`. */
  formatLast?: boolean;
}

/** GUID that an extensible file gives a plain coding, after its first 4 bytes. */
const GUID_REST = [0x00100000, 0xaa000080, 0x719b3800];

const OPEN = 0xffffffff;

/** The file. */
export function layOut(layout: Layout): Uint8Array<ArrayBuffer> {
  const { container = "RIFF", channels, pad = 0 } = layout;
  const isLong = container !== "RIFF";
  const data = samplesOf(layout);
  const chunk = (id: string, body: Uint8Array, size = body.length) => [
    ...ascii(id),
    ...little(size, 4),
    ...body,
    ...(body.length % 2 === 1 && pad !== null ? [pad] : []),
  ];
  const others = (list: readonly Other[] = []) =>
    list.flatMap(([id, body]) =>
      chunk(
        id,
        typeof body === "number" ? new Uint8Array(body).fill(7) : body,
      )
    );
  const format = chunk("fmt ", formatOf(layout));
  const samples = chunk(
    "data",
    data,
    layout.dataSize ?? (isLong ? OPEN : undefined),
  );
  const frames = BigInt(channels[0].length);
  const sizes = new Uint8Array(28);
  const view = new DataView(sizes.buffer);
  view.setBigUint64(8, layout.longSize ?? BigInt(data.length), true);
  view.setBigUint64(16, frames, true);
  const body = [
    ...ascii("WAVE"),
    ...(isLong ? chunk("ds64", sizes) : []),
    ...others(layout.before),
    ...(layout.formatLast ? [] : format),
    ...others(layout.between),
    ...samples,
    ...(layout.formatLast ? format : []),
    ...others(layout.after),
  ];
  const size = layout.riffSize ?? (isLong ? OPEN : body.length);
  return Uint8Array.from([...ascii(container), ...little(size, 4), ...body]);
}

/** The samples that a reader must find in it, channel after channel. */
export function samplesIn({ channels, coding }: Layout): number[][] {
  const { bits, float } = { bits: 16, float: false, ...coding };
  return channels.map((samples) =>
    samples.map((x) => float ? x : Math.fround(x / 2 ** (bits - 1)))
  );
}

function formatOf(layout: Layout): Uint8Array {
  const { channels: { length }, rate = 8000 } = layout;
  const { bits, float, extensible } = codingOf(layout);
  const bytes = bytesOf(codingOf(layout));
  const code = layout.code ?? (float ? 3 : 1);
  const plain = [
    ...little(extensible ? 0xfffe : code, 2),
    ...little(length, 2),
    ...little(rate, 4),
    ...little(rate * length * bytes, 4),
    ...little(length * bytes, 2),
    // Of extensible files it is the room, and the next field what counts.
    ...little(extensible ? 8 * bytes : bits, 2),
  ];
  return Uint8Array.from(
    extensible
      ? [
        ...plain,
        ...little(22, 2),
        ...little(bits, 2),
        ...little(0, 4),
        ...little(code, 4),
        ...GUID_REST.flatMap((part) => little(part, 4)),
      ]
      : plain,
  );
}

function samplesOf(layout: Layout): Uint8Array {
  const { channels } = layout;
  const coding = codingOf(layout);
  const { bits, float, low } = coding;
  const bytes = bytesOf(coding);
  const list: number[] = [];
  for (let n = 0; n < channels[0].length; n++) {
    for (const samples of channels) {
      if (float) {
        const view = new DataView(new ArrayBuffer(bytes));
        if (bits === 32) view.setFloat32(0, samples[n], true);
        else view.setFloat64(0, samples[n], true);
        list.push(...new Uint8Array(view.buffer));
      } else if (bits <= 8) {
        list.push(samples[n] * 2 ** (8 - bits) + 128);
      } else {
        const shift = low ? 0 : 8 * bytes - bits;
        list.push(...little(samples[n] * 2 ** shift, bytes));
      }
    }
  }
  return Uint8Array.from(list);
}

function codingOf({ coding }: Layout): Coding {
  return coding ?? { bits: 16 };
}

function bytesOf({ bits, bytes }: Coding): number {
  return bytes ?? Math.ceil(bits / 8);
}

/** `value` as `count` bytes, the lowest first; of a negative one its complement. */
function little(value: number, count: number): number[] {
  const whole = BigInt.asUintN(8 * count, BigInt(value));
  return Array.from(
    { length: count },
    (_, i) => Number(whole >> BigInt(8 * i) & 0xffn),
  );
}

function ascii(text: string): number[] {
  return [...text].map((character) => character.charCodeAt(0));
}
