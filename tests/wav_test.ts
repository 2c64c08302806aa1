/** WAVE files: round trips, headers good and hostile, streaming, safe writing. @module */

import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import wavefile from "wavefile";
import {
  createWav,
  openWav,
  readChannels,
  readWav,
  type SampleFormat,
  SoundFileError,
  writeWav,
} from "../lib/sound/wav.ts";
import { listTree, withFolder } from "./cli.ts";

const FORMATS: SampleFormat[] = [
  { bits: 8, float: false },
  { bits: 16, float: false },
  { bits: 24, float: false },
  { bits: 32, float: false },
  { bits: 32, float: true },
  { bits: 64, float: true },
];

/** Asserts that `promise` fails with a SoundFileError that reads like `message`. */
async function rejects(promise: Promise<unknown>, message: RegExp) {
  await assert.rejects(promise, (error) => {
    assert(error instanceof SoundFileError, `${error}`);
    assert.match(error.message, message);
    assert(error.what.length > 0 && error.remedy.length > 0);
    return true;
  });
}

/** What is put into a WAVE file by hand. */
interface Recipe {
  code?: number;
  channels?: number;
  rate?: number;
  bits?: number;
  align?: number;
  data?: Uint8Array;
  dataSize?: number;
  riffSize?: number;
  /** GUID of an extensible format. */
  guid?: number[];
  /** Chunks before `fmt `, between it and `data`, and after. */
  before?: [string, number][];
  between?: [string, number][];
  after?: [string, number][];
}

function chunkBytes(
  id: string,
  body: Uint8Array,
  size = body.length,
): number[] {
  const bytes = [...new TextEncoder().encode(id), 0, 0, 0, 0, ...body];
  const field = new DataView(new ArrayBuffer(4));
  field.setUint32(0, size, true);
  for (let i = 0; i < 4; i++) bytes[4 + i] = field.getUint8(i);
  if (body.length % 2 === 1) bytes.push(0);
  return bytes;
}

/** A WAVE file byte by byte, the way the standard lays it out. */
function makeWav(recipe: Recipe = {}): Uint8Array {
  const { code = 1, channels = 1, rate = 8000, bits = 16, guid } = recipe;
  const { align = channels * bits / 8, data = new Uint8Array(64) } = recipe;
  const fmt = new DataView(new ArrayBuffer(guid === undefined ? 16 : 40));
  fmt.setUint16(0, code, true);
  fmt.setUint16(2, channels, true);
  fmt.setUint32(4, rate, true);
  fmt.setUint32(8, rate * align, true);
  fmt.setUint16(12, align, true);
  fmt.setUint16(14, bits, true);
  if (guid !== undefined) {
    fmt.setUint16(16, 22, true);
    fmt.setUint16(18, bits, true);
    guid.forEach((part, i) => fmt.setUint32(24 + 4 * i, part, true));
  }
  const others = (list: [string, number][] = []) =>
    list.flatMap(([id, size]) => chunkBytes(id, new Uint8Array(size).fill(7)));
  const body = [
    ...new TextEncoder().encode("WAVE"),
    ...others(recipe.before),
    ...chunkBytes("fmt ", new Uint8Array(fmt.buffer)),
    ...others(recipe.between),
    ...chunkBytes("data", data, recipe.dataSize),
    ...others(recipe.after),
  ];
  return Uint8Array.from(
    chunkBytes("RIFF", Uint8Array.from(body), recipe.riffSize),
  );
}

const PLAIN_GUID = [0x00100000, 0xaa000080, 0x719b3800];

/** Code of `format` in the wavefile package. */
function codeOf({ bits, float }: SampleFormat): string {
  return float && bits === 32 ? "32f" : `${bits}`;
}

Deno.test("writeWav and readWav give back every format's own levels", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "sound.wav");
    for (const format of FORMATS) {
      const { bits, float } = format;
      const level = float
        ? fc.double({ min: -2, max: 2, noNaN: true }).map((x) =>
          bits === 32 ? Math.fround(x) : x
        )
        // Float32 holds 24 bits: of 32-bit PCM, take levels that it can hold.
        : fc.integer({
          min: -(2 ** (Math.min(bits, 24) - 1)),
          max: 2 ** (Math.min(bits, 24) - 1) - 1,
        }).map((i) => i / 2 ** (Math.min(bits, 24) - 1));
      await fc.assert(
        fc.asyncProperty(
          fc.array(level, { minLength: 1, maxLength: 50 }),
          fc.constantFrom(8000, 44100, 192000),
          async (list, sampleRate) => {
            const samples = Float64Array.from(list);
            const clipped = await writeWav(path, samples, {
              sampleRate,
              format,
            });
            assert.equal(clipped, 0);
            const sound = await readWav(path);
            assert.deepEqual(
              [...sound.samples].map((x) => x + 0),
              list.map((x) => x + 0),
            );
            assert.equal(sound.sampleRate, sampleRate);
            assert.deepEqual(sound.format, { ...format, channels: 1 });
            const is64 = sound.samples instanceof Float64Array;
            assert.equal(is64, bits === 64);
            const size = (await Deno.stat(path)).size;
            assert.equal(size % 2, 0, "padded to whole words");
          },
        ),
        { numRuns: 15 },
      );
    }
  });
});

Deno.test("readWav and the wavefile package read the same from files of either", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "sound.wav");
    // An even number: the package takes the padding byte for a sample.
    const wave = Float64Array.from(
      { length: 1000 },
      (_, n) => Math.sin(n) * 0.9,
    );
    for (const format of FORMATS) {
      await writeWav(path, wave, { sampleRate: 44100, format });
      const theirs = new wavefile.WaveFile(await Deno.readFile(path));
      const levels = theirs.getSamples(true);
      const { samples } = await readWav(path);
      const scale = format.float ? 1 : 2 ** (format.bits - 1);
      const offset = format.bits === 8 ? 128 : 0;
      assert.equal(levels.length, 1000);
      for (let n = 0; n < 1000; n++) {
        const expected = Math.fround((levels[n] - offset) / scale);
        assert.equal(Math.fround(samples[n]), expected);
      }
    }
  });
});

Deno.test("readWav reads each channel of a file with several, plain or extensible", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "sound.wav");
    const channels = [1, 2, 3].map((c) =>
      Float64Array.from({ length: 300 }, (_, n) => (n * c % 100 - 50) / 64)
    );
    for (const format of FORMATS) {
      const scale = format.float ? 1 : 2 ** (format.bits - 1);
      const offset = format.bits === 8 ? 128 : 0;
      // The package writes three channels as WAVE_FORMAT_EXTENSIBLE.
      for (const count of [2, 3]) {
        const file = new wavefile.WaveFile();
        const levels = channels.slice(0, count).map((channel) =>
          channel.map((x) => x * scale + offset)
        );
        file.fromScratch(count, 48000, codeOf(format), levels);
        await Deno.writeFile(path, file.toBuffer());
        for (let c = 1; c <= count; c++) {
          const sound = await readWav(path, { channel: c });
          assert.equal(sound.format.channels, count);
          assert.deepEqual([...sound.samples], [...channels[c - 1]]);
        }
        await rejects(
          readWav(path),
          new RegExp(`has ${count} channels that differ.*Extract one`),
        );
        const whole = await readChannels(path);
        assert.deepEqual(
          whole.channels.map((samples) => [...samples]),
          channels.slice(0, count).map((samples) => [...samples]),
        );
        for (const channel of [0, count + 1, 1.5, NaN]) {
          await rejects(readWav(path, { channel }), /no channel/);
        }
      }
    }
    await writeWav(path, channels[0], { sampleRate: 8000 });
    await rejects(
      readWav(path, { channel: 2 }),
      /1 channel, .*Leave --channel out/,
    );
    assert.equal((await readWav(path, { channel: 1 })).samples.length, 300);
  });
});

Deno.test("readWav passes over other chunks, odd sizes and padding bits", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "sound.wav");
    const data = Uint8Array.of(0, 0, 0, 0x40, 0, 0x80); // 0, 0.5, −1
    const recipes: Recipe[] = [
      { data },
      { data, before: [["JUNK", 28], ["bext", 603]] },
      { data, between: [["fact", 4], ["LIST", 7]], after: [["id3 ", 33]] },
      { data, code: 0xfffe, guid: [1, ...PLAIN_GUID] },
      { data, bits: 12, align: 2 },
    ];
    for (const recipe of recipes) {
      await Deno.writeFile(path, makeWav(recipe));
      const { samples } = await readWav(path);
      assert.deepEqual([...samples], [0, 0.5, -1]);
    }
  });
});

Deno.test("readWav reads to the end where a recorder left the size open", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "sound.wav");
    const data = new Uint8Array(201); // 100 samples and half a one
    for (const dataSize of [0, 0xffffffff]) {
      for (const riffSize of [0, 0xffffffff, 36]) {
        await Deno.writeFile(path, makeWav({ data, dataSize, riffSize }));
        const { samples } = await readWav(path);
        // The half sample with its padding byte.
        assert.equal(samples.length, 101);
      }
    }
  });
});

Deno.test("readWav says what is wrong with a file it cannot use", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "sound.wav");
    const floats = (...values: number[]) =>
      new Uint8Array(Float32Array.from(values).buffer);
    const wav = makeWav();
    const text = new TextEncoder().encode("RIFF, I say, but not a WAVE");
    const swapped = (id: string) => {
      const bytes = wav.slice();
      bytes.set(new TextEncoder().encode(id));
      return bytes;
    };
    const cases: [Uint8Array, RegExp][] = [
      [new Uint8Array(0), /is an empty file\. Convert it/],
      [Uint8Array.of(1, 2, 3), /is not a WAV file/],
      [text, /is not a WAV file/],
      [swapped("RIFX"), /RIFX, .*Convert it: ffmpeg -i .*sound-pcm\.wav/],
      [wav.subarray(0, 12), /no "data" chunk/],
      [
        wav.subarray(0, 30),
        /truncated: its "fmt " chunk is 16 bytes long, 10 are/,
      ],
      [wav.subarray(0, 60), /truncated: its header promises 64 bytes.*16 are/],
      [
        makeWav({ data: new Uint8Array(9000), dataSize: 13097 }),
        /truncated.*13097 bytes.*9000 are/,
      ],
      [makeWav({ data: new Uint8Array(0) }), /is empty: it has no samples/],
      [
        makeWav({ data: new Uint8Array(0), after: [["LIST", 40]] }),
        /is empty: it has no samples/,
      ],
      [makeWav({ data: new Uint8Array(1), dataSize: 1 }), /is empty/],
      [makeWav({ code: 2 }), /Microsoft ADPCM \(format code 0x0002\)/],
      [makeWav({ code: 7, bits: 8 }), /µ-law/],
      [makeWav({ code: 0x55 }), /MP3/],
      [makeWav({ code: 0x1234 }), /coded as format code 0x1234, which is not/],
      [makeWav({ code: 0xfffe, guid: [1, 2, 3, 4] }), /unknown GUID/],
      [makeWav({ code: 0xfffe }), /unknown GUID/],
      [
        makeWav({ code: 0xfffe, guid: [7, ...PLAIN_GUID], bits: 8 }),
        /µ-law/,
      ],
      [makeWav({ bits: 64 }), /64-bit PCM/],
      [makeWav({ code: 3, bits: 16 }), /16-bit floating point/],
      [
        makeWav({ bits: 24, align: 5 }),
        /24-bit PCM in frames of 5 bytes for 1 channel,/,
      ],
      [
        makeWav({ bits: 24, align: 4, data: new Uint8Array(8).fill(99) }),
        /24-bit PCM that takes all of its 4 bytes/,
      ],
      [makeWav({ bits: 8, align: 2 }), /8-bit PCM in frames of 2 bytes/],
      [makeWav({ bits: 0, align: 2 }), /0-bit PCM/],
      [makeWav({ channels: 0 }), /no channels, its header says/],
      [makeWav({ rate: 0 }), /rate of 0 Hz.* 1000 to 1000000 Hz are taken/],
      [makeWav({ rate: 999 }), /rate of 999 Hz/],
      [makeWav({ rate: 1_000_001 }), /rate of 1000001 Hz/],
      [makeWav({ rate: 0xffffffff }), /rate of 4294967295 Hz/],
      [
        makeWav({ code: 3, bits: 32, data: floats(0, 1, 2, NaN, Infinity) }),
        /sample 3 \(at 0\.000375 s\) is not a number \(NaN\)/,
      ],
      [
        makeWav({ code: 3, bits: 32, data: floats(0, -Infinity) }),
        /sample 1 .* is −infinite\. .*cut this part out/,
      ],
      [
        makeWav({ code: 3, bits: 32, data: floats(1e30) }),
        /sample 0 .* is 1\.000e\+30, where full scale is 1/,
      ],
    ];
    for (const [bytes, message] of cases) {
      await Deno.writeFile(path, bytes);
      await rejects(readWav(path), message);
      await rejects(readWav(path), /^.*sound\.wav: /);
    }
    await rejects(readWav(join(folder, "none.wav")), /none\.wav: no such file/);
    await rejects(readWav(folder), /is a folder/);
    await rejects(readWav("/dev/zero"), /is not a regular file/);
    for (const rate of [1000, 1_000_000]) {
      await Deno.writeFile(path, makeWav({ rate }));
      assert.equal((await readWav(path)).sampleRate, rate);
    }
  });
});

Deno.test({
  name: "openWav does not wait for a pipe that nobody writes to",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withFolder(async (folder) => {
      const path = join(folder, "pipe.wav");
      const { success } = await new Deno.Command("mkfifo", { args: [path] })
        .output();
      assert(success);
      await rejects(openWav(path), /pipe\.wav: is not a regular file/);
    }),
});

Deno.test("readWav names the sample of a NaN in a later block", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "sound.wav");
    const samples = new Float32Array(400_000);
    await writeWav(path, samples, { sampleRate: 8000 });
    const bytes = await Deno.readFile(path);
    new DataView(bytes.buffer).setFloat32(44 + 4 * 345_678, NaN, true);
    await Deno.writeFile(path, bytes);
    await rejects(readWav(path), /sample 345678 \(at 43\.209750 s\)/);
  });
});

Deno.test("readWav of a damaged file gives a sound or a SoundFileError, at once", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "sound.wav");
    const seeds = [
      makeWav(),
      makeWav({ channels: 2, bits: 24, before: [["JUNK", 5]] }),
      makeWav({ code: 3, bits: 32, between: [["fact", 4]] }),
      makeWav({ code: 0xfffe, guid: [3, ...PLAIN_GUID], bits: 64 }),
    ];
    const byte = fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 127, 128, 255));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...seeds),
        fc.array(fc.tuple(fc.nat(80), byte), { maxLength: 8 }),
        fc.option(fc.nat(130)),
        fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
        async (seed, changes, cut, channel) => {
          const bytes = seed.slice(0, cut ?? seed.length);
          for (const [at, value] of changes) {
            if (at < bytes.length) bytes[at] = value;
          }
          await Deno.writeFile(path, bytes);
          try {
            const { samples, sampleRate } = await readWav(path, { channel });
            assert(samples.length > 0 && samples.length <= bytes.length);
            assert(sampleRate > 0);
            assert(samples.every(Number.isFinite));
          } catch (error) {
            assert(error instanceof SoundFileError, `${error}`);
          }
        },
      ),
      { numRuns: 400 },
    );
    // Nothing but zeros after the head: chunks without name or size.
    const zeros = new Uint8Array(1_000_000);
    zeros.set(makeWav().subarray(0, 12));
    await Deno.writeFile(path, zeros);
    await rejects(readWav(path), /no "data" chunk/);
  });
});

Deno.test("openWav streams what readWav reads, in blocks of any length", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "sound.wav");
    const list = Float64Array.from({ length: 5000 }, (_, n) => Math.sin(n * n));
    for (const format of FORMATS) {
      await writeWav(path, list, { sampleRate: 8000, format });
      const whole = await readWav(path);
      for (const length of [1, 17, 4999, 5000, 70000]) {
        using reader = await openWav(path);
        assert.equal(reader.length, 5000);
        const streamed: number[] = [];
        for await (const [block] of reader.blocks(length)) {
          assert(block.length <= length);
          streamed.push(...block);
          if (length === 1 && streamed.length === 50) break;
        }
        assert.deepEqual(
          streamed,
          [...whole.samples.subarray(0, streamed.length)],
        );
        assert.equal(streamed.length, length === 1 ? 50 : 5000);
      }
    }
  });
});

Deno.test("openWav streams many channels across its own buffer", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "sound.wav");
    // 300 000 frames of two 24-bit channels exceed the reader's buffer.
    const frames = 300_000;
    const bytes = new Uint8Array(6 * frames);
    for (let n = 0; n < frames; n++) {
      bytes[6 * n + 3] = n;
      bytes[6 * n + 4] = n >> 8;
      bytes[6 * n + 5] = n >> 16;
    }
    const head = makeWav({
      channels: 2,
      bits: 24,
      data: new Uint8Array(0),
      dataSize: 0xffffffff,
    });
    const file = new Uint8Array(head.length + bytes.length);
    file.set(head);
    file.set(bytes, head.length);
    await Deno.writeFile(path, file);
    const { samples } = await readWav(path, { channel: 2 });
    assert.equal(samples.length, frames);
    assert(samples.every((x, n) => x * 2 ** 23 === n));
    const silent = await readWav(path, { channel: 1 });
    assert(silent.samples.every((x) => x === 0));
  });
});

Deno.test("a reader says that the file was cut short while it was read", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "sound.wav");
    await writeWav(path, new Float32Array(1000), { sampleRate: 8000 });
    using reader = await openWav(path);
    await Deno.truncate(path, 44 + 4 * 600 + 1);
    await rejects(
      reader.readInto([new Float32Array(1000)]),
      /ends at sample 600 of 1000/,
    );
  });
});

Deno.test("writeWav rounds to the nearest level, clips and counts what it clipped", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "sound.wav");
    const samples = Float64Array.of(0, 1, -1, 1.5, -1.5, 0.999999, 0.3);
    for (const bits of [8, 16, 24, 32] as const) {
      const scale = 2 ** (bits - 1);
      const clipped = await writeWav(path, samples, {
        sampleRate: 8000,
        format: { bits, float: false },
      });
      const top = scale - 1;
      const nearTop = Math.round(0.999999 * scale);
      assert.equal(clipped, 3 + (nearTop > top ? 1 : 0));
      const levels = [0, top, -scale, top, -scale, Math.min(top, nearTop)];
      levels.push(Math.round(0.3 * scale));
      const read = await readWav(path);
      assert.deepEqual(
        [...read.samples].map((x) => x + 0),
        levels.map((level) => Math.fround(level / scale)),
      );
    }
    for (const bits of [32, 64] as const) {
      const format = { bits, float: true } as const;
      assert.equal(
        await writeWav(path, samples, { sampleRate: 8000, format }),
        0,
      );
      assert.equal((await readWav(path)).samples[3], 1.5);
    }
  });
});

Deno.test("createWav written in blocks is the file written whole", async () => {
  await withFolder(async (folder) => {
    const samples = Float32Array.from(
      { length: 70_001 },
      (_, n) => Math.sin(n),
    );
    for (const format of FORMATS) {
      const whole = join(folder, "whole.wav");
      const parts = join(folder, "parts.wav");
      await writeWav(whole, samples, { sampleRate: 44100, format });
      await using writer = await createWav(parts, {
        sampleRate: 44100,
        format,
      });
      for (let n = 0; n < samples.length; n += 12_345) {
        await writer.write(samples.subarray(n, n + 12_345));
      }
      assert.equal(writer.length, samples.length);
      await writer.close();
      assert.deepEqual(await Deno.readFile(parts), await Deno.readFile(whole));
    }
  });
});

Deno.test("a sound file appears when it is closed, whole, or not at all", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "sound.wav");
    const options = { sampleRate: 8000 };
    await writeWav(path, Float32Array.of(0.25), options);
    const before = await listTree(folder);
    const bytes = await Deno.readFile(path);
    const untouched = async () => {
      assert.deepEqual(await listTree(folder), before);
      assert.deepEqual(await Deno.readFile(path), bytes);
    };

    const abandoned = await createWav(path, options);
    await abandoned.write(new Float32Array(100));
    assert.deepEqual(await Deno.readFile(path), bytes);
    await abandoned.abort();
    await abandoned.abort();
    await untouched();
    await assert.rejects(abandoned.write(new Float32Array(1)), TypeError);

    await assert.rejects(async () => {
      await using writer = await createWav(path, options);
      await writer.write(new Float32Array(100));
      throw new Error("the sound's source failed");
    }, /source failed/);
    await untouched();

    const bad = await createWav(path, options);
    await bad.write(new Float32Array(70));
    await rejects(
      bad.write(Float32Array.of(0, 0, NaN)),
      /sound\.wav: sample 72 \(at 0\.009000 s\) is not a number.*Check what/,
    );
    const loud = await createWav(path, options);
    await rejects(
      loud.write(Float32Array.of(1e25)),
      /sample 0 .* where full scale is 1\. Check what .* make_up_db/,
    );
    await untouched();

    const done = await createWav(path, options);
    await done.write(new Float32Array(3));
    await done.close();
    await done.abort();
    assert.equal((await readWav(path)).samples.length, 3);
    assert.deepEqual(await listTree(folder), before);
  });
});

Deno.test("createWav refuses what cannot be written, with the remedy, and leaves nothing", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "sound.wav");
    const sampleRate = 44100;
    await rejects(
      createWav(path, { sampleRate, length: 2 ** 30 }),
      /1073741824 samples of 32-bit float exceed the 4 GB .*cut the recording/,
    );
    await rejects(createWav(path, { sampleRate: 44100.5 }), /whole number/);
    await rejects(createWav(path, { sampleRate: 0 }), /0 Hz/);
    await rejects(createWav(path, { sampleRate: 2e6 }), /1000 to 1000000/);
    await rejects(
      createWav(join(folder, "none", "sound.wav"), { sampleRate }),
      /there is no folder .*none\. Make the folder first/,
    );
    await Deno.mkdir(join(folder, "folder.wav"));
    await rejects(
      createWav(join(folder, "folder.wav"), { sampleRate }),
      /folder\.wav: is a folder/,
    );
    await rejects(
      createWav("/dev/null", { sampleRate }),
      /\/dev\/null: is not a regular file/,
    );
    // A folder that nobody may write to, whoever runs this test.
    await rejects(
      createWav("/proc/sound.wav", { sampleRate }),
      /sound\.wav: cannot be written/,
    );
    assert.deepEqual(await listTree(folder), []);
  });
});
