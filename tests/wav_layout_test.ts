/**
 * WAVE files as people have them: every layout read back, what is odd named, the
 * same on the command line and in the player's page. @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { waveReaderScript } from "../lib/player/module_script.ts";
import { SoundFileError } from "../lib/sound/sound_file.ts";
import { readChannels } from "../lib/sound/wav.ts";
import { type ByteSource, findLayout } from "../lib/sound/wav_layout.ts";
import { readSource } from "../lib/sound/wav_reader.ts";
import { browserTest } from "./browser.ts";
import { withFolder } from "./cli.ts";
import {
  type Coding,
  type Layout,
  layOut,
  type Other,
  samplesIn,
} from "./wav_layouts.ts";

/** Bytes as a file; counts what is asked for. */
function sourceOf(bytes: Uint8Array, name = "take.wav") {
  return {
    name,
    size: bytes.length,
    asked: 0,
    readInto(into: Uint8Array, position: number) {
      const part = bytes.subarray(position, position + into.length);
      this.asked += into.length;
      into.set(part);
      return Promise.resolve(part.length);
    },
  } satisfies ByteSource & { asked: number };
}

async function read(layout: Layout) {
  const { channels, warnings, format, sampleRate } = await readSource(
    sourceOf(layOut(layout)),
  );
  return {
    samples: channels.map((samples) => [...samples]),
    warnings,
    format,
    sampleRate,
  };
}

/** A few loud levels of 16 bits. */
const LEVELS = Array.from(
  { length: 300 },
  (_, n) => Math.round(30000 * Math.sin(n * n)),
);
const CHANNELS = [LEVELS];

/** Sizes that streaming writers leave: of SoX, arecord, FFmpeg and others. */
const OPEN_SIZES = [
  0x7ffff000,
  0x7fffffff,
  0x80000000,
  0x80000000 - 36,
  0xfffffffe,
  0xffffffff,
  0xffffffff - 36,
  0xffffffff - 44,
];

/** All bits of 32 and of 64. */
const OPEN = 0xffffffff;
const LONG = 0xffffffff_ffffffffn;

/** A chunk of text, of an odd number of bytes. */
const TEXT = new TextEncoder().encode("INFOISFT\x0f\0\0\0made by me 1.2\0");

/** What is written after samples of which nobody noted the size. */
const CUE = new Uint8Array(28).fill(127);
CUE.set([1, 0, 0, 0]);

Deno.test("sizes that streaming writers leave are read to the end, and no further", async () => {
  const cases: Layout[] = [
    ...OPEN_SIZES.map((dataSize) => ({
      channels: CHANNELS,
      dataSize,
      riffSize: dataSize + 36 & 0xffffffff,
    })),
    { channels: CHANNELS, dataSize: 0, riffSize: 0 },
    { channels: CHANNELS, dataSize: 0, riffSize: 4088 },
    { channels: CHANNELS, container: "RF64", longSize: 0n, riffSize: OPEN },
    { channels: CHANNELS, container: "BW64", longSize: LONG, riffSize: OPEN },
  ];
  for (const layout of cases) {
    layout.riffSize! >>>= 0;
    const tails: Other[][] = [
      [],
      [["cue ", CUE]],
      [["LIST", 27], ["id3 ", 10]],
    ];
    for (const after of tails) {
      for (const pad of [0, null]) {
        const whole = { ...layout, after, pad };
        const { samples, warnings } = await read(whole);
        assert.deepEqual(samples, samplesIn(whole));
        assert.deepEqual(warnings, []);
      }
    }
  }
});

Deno.test("an odd chunk is passed over with its pad byte, without it, and with a wrong one", async () => {
  assert.equal(TEXT.length, 27);
  for (const coding of [{ bits: 24 }, { bits: 16 }]) {
    for (const pad of [0, null, 81, 100]) {
      for (const at of ["before", "between"]) {
        const layout: Layout = {
          channels: CHANNELS,
          coding,
          pad,
          [at]: [["LIST", TEXT], ["junk", 3]],
        };
        assert.deepEqual((await read(layout)).samples, samplesIn(layout));
      }
    }
  }
});

Deno.test("a header a few bytes off is read, with a warning that says by how much", async () => {
  const bytes = 2 * LEVELS.length;
  for (const more of [1, 4, 16]) {
    const layout = { channels: CHANNELS, dataSize: bytes + more };
    const { samples, warnings } = await read(layout);
    assert.deepEqual(samples, samplesIn(layout));
    assert.deepEqual(warnings, [
      `its header promises ${more} bytes of samples more than there are; it is read to its end`,
    ]);
  }
  // Where chunks follow, the samples end at the first of them.
  for (const off of [4, 8, 16, -4, -20]) {
    const layout: Layout = {
      channels: CHANNELS,
      dataSize: bytes + off,
      after: [["LIST", TEXT], ["id3 ", 10]],
    };
    const { samples, warnings } = await read(layout);
    assert.deepEqual(samples, samplesIn(layout));
    assert.match(warnings.join(), new RegExp(`is ${Math.abs(off)} bytes off`));
  }
  // A chunk that nobody knows is no reason to look further.
  const strange: Layout = {
    channels: CHANNELS,
    after: [["abcd", 20], ["LIST", TEXT]],
  };
  const { samples, warnings: none } = await read(strange);
  assert.deepEqual([samples, none], [samplesIn(strange), []]);
  // Cut short by half a kilobyte.
  const cut = layOut({ channels: [Array(2000).fill(5)] }).subarray(0, -500);
  const { channels, warnings } = await readSource(sourceOf(cut));
  assert.equal(channels[0].length, 1750);
  assert.match(warnings.join(), /promises 500 bytes/);
  // The size of the file does not matter.
  assert.deepEqual(await read({ channels: CHANNELS, riffSize: 35 }), {
    ...await read({ channels: CHANNELS }),
  });
});

Deno.test("24 bits are read at either end of 4 bytes, and refused where they fill them", async () => {
  const levels = [
    0,
    1,
    -1,
    0x400001,
    -0x400001,
    77777,
    2 ** 23 - 1,
    -(2 ** 23),
  ];
  for (const low of [false, true]) {
    const layout = {
      channels: [levels, levels.toReversed()],
      coding: { bits: 24, bytes: 4, low },
    };
    const { samples, format, warnings } = await read(layout);
    assert.deepEqual(samples, samplesIn(layout));
    assert.deepEqual(format, { bits: 24, float: false, channels: 2 });
    assert.deepEqual(warnings, []);
  }
  // 16 bits at the lower end might be a whisper at the upper one.
  const quiet = {
    channels: [[0, 256, -25600]],
    coding: { bits: 24, bytes: 4, low: true },
  };
  const found = await read(quiet);
  assert.deepEqual(found.samples, samplesIn(quiet));
  assert.match(found.warnings.join(), /taken from the lower end.*48 dB lower/);
  const silent = await read({
    channels: [[0, 0]],
    coding: { bits: 24, bytes: 4 },
  });
  assert.deepEqual(silent.samples, [[0, 0]]);
  assert.deepEqual(silent.warnings, []);
  // Floating point that says it is 24 bits: Cool Edit wrote such files.
  const float = layOut({
    channels: [[0.3]],
    coding: { bits: 32, float: true },
    code: 1,
  });
  float[34] = 24;
  await assert.rejects(
    readSource(sourceOf(float)),
    /take\.wav: is coded as 24-bit PCM that takes all of its 4 bytes/,
  );
});

/** Layouts as the writer of these tests can produce them. */
function layouts(): fc.Arbitrary<Layout> {
  const codings: Coding[] = [
    { bits: 8 },
    { bits: 16 },
    { bits: 20 },
    { bits: 24 },
    { bits: 32 },
    { bits: 12 },
    { bits: 20, bytes: 4 },
    { bits: 24, bytes: 4 },
    { bits: 24, bytes: 4, low: true },
    { bits: 20, bytes: 4, low: true },
    { bits: 16, bytes: 4, low: true },
    { bits: 16, bytes: 3 },
    { bits: 24, bytes: 4, extensible: true },
    { bits: 20, extensible: true },
    { bits: 16, extensible: true },
    { bits: 32, float: true },
    { bits: 64, float: true },
    { bits: 32, float: true, extensible: true },
  ];
  const ids = ["LIST", "bext", "JUNK", "fact", "iXML", "id3 ", "cue ", "PEAK"];
  const others = fc.array(
    fc.tuple(fc.constantFrom(...ids), fc.nat(40)),
    { maxLength: 3 },
  );
  return fc.constantFrom(...codings).chain((coding) => {
    const { bits, float } = coding;
    const top = 2 ** (bits - 1);
    const level = float
      ? fc.double({ min: -2, max: 2, noNaN: true }).map((x) =>
        bits === 32 ? Math.fround(x) : x
      )
      : fc.integer({ min: -top, max: top - 1 });
    // One that stands at one end of its bytes only.
    const loud = float ? 0.75 : top / 2 + 1;
    return fc.record({
      coding: fc.constant(coding),
      container: fc.constantFrom("RIFF", "RIFF", "RF64", "BW64"),
      channels: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.nat(60)).chain((
        [count, more],
      ) =>
        fc.array(
          fc.array(level, { minLength: more, maxLength: more })
            .map((list) => [loud, ...list]),
          { minLength: count, maxLength: count },
        )
      ),
      rate: fc.constantFrom(8000, 44100, 192000),
      dataSize: fc.oneof(
        { weight: 2, arbitrary: fc.constant(undefined) },
        { weight: 1, arbitrary: fc.constantFrom(...OPEN_SIZES) },
      ),
      riffSize: fc.constantFrom(undefined, 0, 35, 0xffffffff),
      pad: fc.constantFrom(0, null, 81),
      before: others,
      between: others,
      after: others,
      formatLast: fc.boolean(),
    }).map((layout): Layout => ({
      ...layout,
      // Of odd samples without a size, a pad byte cannot be told from one.
      pad: layout.dataSize !== undefined && bits === 8 ? null : layout.pad,
    }));
  });
}

Deno.test("any layout reads back exactly", async () => {
  await fc.assert(
    fc.asyncProperty(layouts(), async (layout) => {
      const { samples, sampleRate, format } = await read(layout);
      assert.deepEqual(
        samples.map((list) => list.map((x) => x + 0)),
        samplesIn(layout).map((list) => list.map((x) => x + 0)),
      );
      assert.equal(sampleRate, layout.rate);
      assert.equal(format.channels, layout.channels.length);
    }),
    { numRuns: 1500 },
  );
});

Deno.test("a header with any bytes changed gives sound or a reason, at once and in no more room than the file takes", async () => {
  const byte = fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 127, 128, 255));
  await fc.assert(
    fc.asyncProperty(
      layouts(),
      fc.array(fc.tuple(fc.nat(200), byte), { maxLength: 10 }),
      fc.option(fc.nat(200)),
      async (layout, changes, cut) => {
        const whole = layOut(layout);
        const bytes = whole.slice(0, cut ?? whole.length);
        for (const [at, value] of changes) {
          if (at < bytes.length) bytes[at] = value;
        }
        const source = sourceOf(bytes);
        try {
          const { length, format } = await findLayout(source);
          assert.ok(length * format.channels <= bytes.length);
          const { channels } = await readSource(source);
          assert.ok(channels.every((x) => x.length === length));
        } catch (error) {
          assert.ok(error instanceof SoundFileError, `${error}`);
          assert.match(error.message, /^take\.wav: /);
        }
        assert.ok(source.asked <= 12 * bytes.length + 8192, `${source.asked}`);
      },
    ),
    { numRuns: 3000 },
  );
});

/** First bytes of what is no WAVE file, and what it is. */
const FOREIGN: [string, string, string][] = [
  ["fLaC\0\0\0\x22", "take.flac", "a FLAC file"],
  ["FORM\0\0\0\x22AIFF", "take.aif", "an AIFF file"],
  ["FORM\0\0\0\x22AIFC", "take.aiff", "an AIFF file"],
  ["caff\0\x01\0\0", "take.caf", "a CAF file"],
  ["riff\x2e\x91\xcf\x11\xa5\xd6", "take.w64", "a Wave64 file"],
  ["ID3\x04\0\0\0\0\0\0", "my take.mp3", "an MP3 file"],
  ["\xff\xfb\x90\x44", "take.mp3", "an MP3 file"],
  ["\xff\xf1\x50\x80", "take.aac", "an AAC file"],
  ["OggS\0\x02", "take.ogg", "an Ogg file"],
  ["\0\0\0\x20ftypM4A ", "take.m4a", "an MPEG-4 file"],
  ["RIFX\0\0\0\x22WAVE", "take.wav", "a WAV file of the big-endian variety"],
];

Deno.test("other formats are named for what they are, with the command that converts them", async () => {
  const messageOf = async (bytes: Uint8Array, name: string) => {
    const error = await readSource(sourceOf(bytes, name)).catch((e) => e);
    assert.ok(error instanceof SoundFileError, `${error}`);
    return error.message;
  };
  for (const [text, name, what] of FOREIGN) {
    const bytes = Uint8Array.from(text, (c) => c.charCodeAt(0));
    const message = await messageOf(bytes, name);
    assert.ok(message.startsWith(`${name}: is ${what}`), message);
    assert.match(message, /Convert it: ffmpeg -i .* -c:a pcm_f32le .*\.wav'?$/);
  }
  assert.match(
    await messageOf(Uint8Array.from([73, 68, 51, 4]), "my take's.mp3"),
    /ffmpeg -i 'my take'\\''s\.mp3' -c:a pcm_f32le 'my take'\\''s\.wav'$/,
  );
  for (
    const [code, what] of [
      [6, "A-law"],
      [7, "µ-law"],
      [2, "Microsoft ADPCM"],
      [0x11, "IMA ADPCM"],
      [0x55, "MP3"],
    ] as const
  ) {
    const bytes = layOut({ channels: [[1, 2]], coding: { bits: 8 }, code });
    assert.match(
      await messageOf(bytes, "-take.WAV"),
      new RegExp(
        `is coded as ${what} .*ffmpeg -i \\./-take\\.WAV .* \\./-take-pcm\\.wav$`,
      ),
    );
  }
  assert.match(
    await messageOf(Uint8Array.of(0, 5, 22, 7, 0, 2), "._take.wav"),
    /AppleDouble.*Give the file that it lies beside$/,
  );
});

/** Files of all kinds, good and bad, by name. */
function manyFiles(): Map<string, Uint8Array> {
  const stereo = [LEVELS, LEVELS.toReversed()];
  const deep = LEVELS.map((level) => level * 250 + 1);
  const good: Layout[] = [
    ...OPEN_SIZES.map((dataSize) => ({ channels: stereo, dataSize })),
    {
      channels: CHANNELS,
      dataSize: 0,
      riffSize: 0,
      after: [["cue ", CUE] as const],
    },
    { channels: CHANNELS, between: [["LIST", 27]], pad: null },
    { channels: CHANNELS, between: [["LIST", 27]], pad: 81 },
    { channels: CHANNELS, dataSize: 2 * LEVELS.length + 16 },
    { channels: CHANNELS, riffSize: 35 },
    { channels: CHANNELS, container: "RF64", formatLast: true },
    { channels: CHANNELS, container: "BW64" },
    { channels: [deep], coding: { bits: 24 } },
    { channels: [deep, deep], coding: { bits: 24, bytes: 4 } },
    { channels: [deep, deep], coding: { bits: 24, bytes: 4, low: true } },
    { channels: [deep], coding: { bits: 24, bytes: 4, extensible: true } },
    { channels: [LEVELS], coding: { bits: 20 } },
    { channels: [LEVELS], coding: { bits: 32 } },
    { channels: [[1, -1, 77]], coding: { bits: 8 } },
    { channels: [[0.1, -1.5]], coding: { bits: 64, float: true } },
    { channels: [[0.25, 1.5]], coding: { bits: 32, float: true } },
  ];
  const bad: Layout[] = [
    { channels: [[0.5, NaN]], coding: { bits: 32, float: true } },
    { channels: [[1]], coding: { bits: 8 }, code: 6 },
    { channels: [[1]], code: 2 },
    { channels: [[]] },
    { channels: CHANNELS, dataSize: 1e6 },
    { channels: CHANNELS, rate: 7 },
  ];
  const files = [...good, ...bad].map(layOut);
  const texts = FOREIGN.map(([text]) =>
    Uint8Array.from(text, (c) => c.charCodeAt(0))
  );
  const damaged = layOut({ channels: CHANNELS });
  return new Map(
    [...files, ...texts, damaged.subarray(0, 30), new Uint8Array(0)]
      .map((bytes, i) => [`take ${i}.wav`, bytes]),
  );
}

browserTest(
  "the player's page decodes every file to the samples of the command line, or says the same of it",
  (browser) =>
    withFolder(async (folder) => {
      const page = await browser.newPage();
      let read = 0;
      let refused = 0;
      for (const [name, bytes] of manyFiles()) {
        const path = join(folder, name);
        await Deno.writeFile(path, bytes);
        const here = await readChannels(path).then(
          ({ channels, sampleRate, format, warnings }) => ({
            channels: channels.map((samples) => [...samples]),
            sampleRate,
            format,
            warnings,
          }),
          (error) => {
            assert.ok(error instanceof SoundFileError, `${error}`);
            return error.message;
          },
        );
        if (typeof here === "string") refused++;
        else read++;
        const inPage = await page.evaluate(`(async () => {
  ${waveReaderScript()}
  const file = new File([Uint8Array.from(${
          JSON.stringify([...bytes])
        })], "take.wav");
  const source = {
    name: ${JSON.stringify(path)},
    size: file.size,
    async readInto(bytes, position) {
      const part = file.slice(position, position + bytes.length);
      bytes.set(new Uint8Array(await part.arrayBuffer()));
      return part.size;
    },
  };
  try {
    const { channels, ...rest } = await waveReader.readSource(source);
    return { channels: channels.map((x) => [...x]), ...rest };
  } catch (error) {
    return error.message;
  }
})()`);
        assert.deepEqual(inPage, here, name);
      }
      assert.deepEqual([read, refused], [24, 19]);
      await page.close();
    }),
);
