import assert from "node:assert/strict";
import { join } from "node:path";
import { decode } from "fast-png";
import { alignRendering, listRenderings } from "../lib/baselines/rendered.ts";
import { staticCurve, stepResponses } from "../lib/baselines/probe_signals.ts";
import { createCompressor } from "../lib/compressor/compressor.ts";
import { beginningOf, partsOf } from "../lib/data/parts.ts";
import { loadAhead } from "../lib/data/load_ahead.ts";
import type { Setting } from "../lib/data/setting.ts";
import type { PairSource } from "../lib/data/source.ts";
import { openBreakdown } from "../lib/metrics/breakdown.ts";
import { createRandom } from "../lib/base/random.ts";
import { sounds } from "../lib/report/cells.ts";
import { pngUrl } from "../lib/report/png.ts";
import { renderReport } from "../lib/report/page.ts";
import { spectrogramCharts } from "../lib/report/spectrogram_chart.ts";
import { wavClip } from "../lib/sound/wav_clip.ts";
import { withFolder } from "./cli.ts";

const RATE = 16_000;

function noise(seed: number, length: number): Float32Array {
  const random = createRandom(seed);
  return Float32Array.from({ length }, () => random.uniform(-0.5, 0.5));
}

Deno.test("alignRendering removes the lag of a rendering and reports lag, gain and length", () => {
  const target = noise(1, 20_000);
  for (const lag of [0, 37, -112]) {
    const rendering = new Float32Array(20_500);
    target.forEach((y, n) => {
      if (n + lag >= 0) rendering[n + lag] = Math.fround(y / 2);
    });
    const found = alignRendering(rendering, target);
    assert.equal(found.lag, lag);
    assert.equal(found.extraSamples, 500);
    assert.equal(found.from, Math.max(0, -lag));
    assert.equal(found.to, 20_000);
    assert(Math.abs(found.gainDb - 20 * Math.log10(2)) < 1e-5);
    for (let n = found.from; n < found.to; n++) {
      assert.equal(found.samples[n], Math.fround(target[n] / 2));
    }
  }
});

Deno.test("alignRendering of the target itself scores exactly 0 and 0", () => {
  const target = noise(2, 9000);
  const { samples, lag, gainDb, extraSamples } = alignRendering(
    target.slice(),
    target,
  );
  assert.deepEqual([lag, gainDb, extraSamples], [0, 0, 0]);
  const { esr, deltaLdrDb } = openBreakdown(target, { sampleRate: RATE })(
    samples,
  );
  assert.deepEqual([esr, deltaLdrDb], [0, 0]);
});

Deno.test("alignRendering of one that ends early says where", () => {
  const target = noise(3, 9000);
  const { to, samples } = alignRendering(target.slice(0, 8000), target);
  assert.equal(to, 8000);
  assert(samples.subarray(8000).every((sample) => sample === 0));
});

Deno.test("listRenderings finds them by the data set's names and refuses none, two of a setting, and no folder", async () => {
  await withFolder(async (folder) => {
    const touch = (...path: string[]) =>
      Deno.writeTextFile(join(folder, ...path), "");
    await assert.rejects(listRenderings("X", folder), /no rendering in it/);
    await assert.rejects(
      listRenderings("X", join(folder, "nowhere")),
      /no such folder/,
    );
    await touch("target_138_LA2A_3c__0__65.wav");
    await touch("notes.txt");
    await Deno.mkdir(join(folder, "Val"));
    await touch("Val", "target_139_LA2A_3c__1__40.wav");
    const { name, renderings } = await listRenderings("X", folder);
    assert.equal(name, "X");
    assert.deepEqual(
      renderings.map(({ mode, peakReduction }) => [mode, peakReduction]),
      [["compress", 65], ["limit", 40]],
    );
    await touch("Val", "target_140_LA2A_3c__0__65.wav");
    await assert.rejects(
      listRenderings("X", folder),
      /two renderings of compress 65/,
    );
  });
});

/** A source whose pairs carry their setting in their samples. */
function countingSource(loaded: number[]): PairSource {
  return {
    describe: () => ({
      name: "test",
      title: "a test",
      description: "",
      surrogate: true,
      seconds: 10,
      sampleRate: RATE,
      identity: null,
    }),
    settings: () => [],
    load: ({ peakReduction }) => {
      loaded.push(peakReduction);
      return Promise.resolve({
        dry: new Float32Array(100).fill(peakReduction),
        wet: new Float32Array(100).fill(-peakReduction),
        sampleRate: RATE,
      });
    },
  };
}

Deno.test("partsOf divides a recording and refuses one with nothing left to test on", () => {
  const recording = { seconds: 60, sampleRate: RATE };
  assert.deepEqual(
    partsOf(recording, { train_seconds: 30, validation_seconds: 10 }),
    { trainEnd: 30 * RATE, testStart: 40 * RATE },
  );
  assert.throws(
    () => partsOf(recording, { train_seconds: 50, validation_seconds: 6 }),
    /data\.duration/,
  );
});

Deno.test("beginningOf and loadAhead keep order and cut lengths, one recording ahead", async () => {
  const loaded: number[] = [];
  const source = beginningOf(countingSource(loaded), 40);
  assert.equal(source.describe().seconds, 40 / RATE);
  const settings = [90, 70, 50].map((peakReduction): Setting => ({
    mode: "limit",
    peakReduction,
  }));
  const seen: number[] = [];
  for await (const [setting, { dry, wet }] of loadAhead(source, settings)) {
    seen.push(setting.peakReduction);
    assert.deepEqual([dry.length, wet.length], [40, 40]);
    assert.equal(dry[0], setting.peakReduction);
    assert.deepEqual(loaded, [90, 70, 50].slice(0, seen.length + 1));
  }
  assert.deepEqual(seen, [90, 70, 50]);
});

Deno.test("staticCurve and stepResponses read a known compressor", () => {
  const parameters = {
    threshold_db: -20,
    ratio: 4,
    attack_ms: 5,
    release_ms: 200,
    make_up_db: 3,
  };
  const create = () => createCompressor(parameters, RATE);
  for (const { inputDb, outputDb } of staticCurve(create, RATE)) {
    // Below the threshold, peak −20 dBFS, nothing but the make-up.
    if (inputDb < -24) assert(Math.abs(outputDb - inputDb - 3) < 1e-3);
    if (inputDb > -18) assert(outputDb < inputDb + 3);
  }
  const { attack, release } = stepResponses(create, RATE);
  const settled = attack.gainDb.at(-1)!;
  // Fast to fall, slow to come back to the make-up.
  assert(attack.gainDb[0] > settled + 3);
  assert(Math.abs(attack.gainDb[30] - settled) < 0.5);
  assert(release.gainDb[0] < -4);
  assert(Math.abs(release.gainDb.at(-1)! - 3) < 0.05);
  assert(attack.seconds[0] >= 0 && attack.seconds[0] < 0.003);
});

Deno.test("pngUrl() gives a picture that reads back pixel for pixel", () => {
  const [width, height] = [5, 3];
  const pixels = Uint8Array.from({ length: width * height }, (_, i) => i % 4);
  const palette: [number, number, number][] = [
    [0, 0, 0],
    [255, 0, 0],
    [0, 255, 0],
    [1, 2, 3],
  ];
  const [head, body] = pngUrl({ width, height, palette, pixels }).split(",");
  assert.equal(head, "data:image/png;base64");
  const read = decode(Uint8Array.fromBase64(body), { checkCrc: true });
  assert.deepEqual([read.width, read.height, read.depth], [width, height, 8]);
  assert.deepEqual(read.palette, palette);
  assert.deepEqual([...read.data], [...pixels]);
});

Deno.test("spectrogramCharts give all panels the same colour scale and their own axes", () => {
  const panel = (level: number) => ({
    title: `Level ${level}`,
    start: 2,
    spectrogram: {
      columns: 4,
      rows: 2,
      levels: new Float32Array(8).fill(level),
      seconds: [0.1, 0.5] as [number, number],
      hertz: [30, 15_000] as [number, number],
    },
  });
  const cell = spectrogramCharts([panel(-20.4), panel(-60)], 80);
  const text = cell.charts.map(({ spec }) => JSON.stringify(spec));
  for (const spec of text) {
    assert.match(spec, /"domain":\[-100,-20\]/);
    assert.match(spec, /"from":2\.1,"to":2\.5/);
  }
  assert.notEqual(text[0], text[1]);
});

Deno.test("a cell of sounds becomes players of WAVE files, its text escaped", async () => {
  const wav = wavClip(Float32Array.of(0, 0.5, -2), 8000);
  assert.equal(new TextDecoder().decode(wav.subarray(0, 4)), "RIFF");
  assert.deepEqual(
    [...new Int16Array(wav.slice(-6).buffer)],
    [0, 16384, -32768],
  );
  const meta = {
    experiment: "test",
    title: "Test",
    source: { name: "noise", surrogate: true },
    generatedAt: new Date(0),
    provenance: {},
  };
  const html = await renderReport(meta, [
    sounds('<b>"listen"</b>', [{ label: "<i>dry</i>", note: "a & b", wav }]),
  ]);
  assert.match(html, /media-src data:/);
  assert.doesNotMatch(html, /<b>|<i>/);
  assert.match(html, /&lt;i&gt;dry/);
  assert.match(html, /a &amp; b/);
  assert(html.includes(`src="data:audio/wav;base64,${wav.toBase64()}"`));
});
