/**
 * The capture signal: what is in it, and how the command writes it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { makeCaptureSignal, ROUND } from "../lib/capture/signal.ts";
import { readChannels } from "../lib/sound/wav.ts";
import { runForJson, runTask, withFolder } from "./cli.ts";

Deno.test("makeCaptureSignal() is seeded, within its peak, and begins and ends with a blip", () => {
  const options = { seconds: 8, sampleRate: 16_000, level: -6 };
  const { samples, sections } = makeCaptureSignal(options);
  assert.deepEqual(makeCaptureSignal(options).samples, samples);
  assert.notDeepEqual(
    makeCaptureSignal({ ...options, seed: 1 }).samples,
    samples,
  );
  const peak = samples.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  assert.ok(Math.abs(20 * Math.log10(peak) + 6) < 0.1, String(peak));
  assert.equal(sections[0].kind, "blip");
  assert.equal(sections.at(-1)!.kind, "blip");
  const kinds = new Set(sections.map(({ kind }) => kind));
  for (const kind of [...Object.keys(ROUND), "loop-back"]) {
    assert.ok(kinds.has(kind as keyof typeof ROUND), kind);
  }
  let at = 0;
  for (const { start, length } of sections) {
    assert.equal(start, at);
    at += length;
  }
  assert.equal(at, samples.length);
  // The loop-back section begins with silence, in which the noise is heard.
  const loop = sections.find(({ kind }) => kind === "loop-back")!;
  const quiet = samples.subarray(loop.start, loop.start + loop.length / 3);
  assert.ok(quiet.every((sample) => sample === 0));
});

Deno.test("a longer capture signal has blips in between, and music where there is some", () => {
  const music = Float32Array.from({ length: 16_000 }, (_, n) => Math.sin(n));
  const { sections } = makeCaptureSignal({
    seconds: 41,
    sampleRate: 8000,
    music,
  });
  assert.equal(sections.filter(({ kind }) => kind === "blip").length, 3);
  assert.equal(sections.filter(({ kind }) => kind === "music").length, 2);
});

Deno.test("makeCaptureSignal() refuses lengths, rates and levels that mean nothing", () => {
  for (
    const wrong of [{ seconds: 1 }, { seconds: 9, sampleRate: 0 }, {
      seconds: 9,
      level: 3,
    }]
  ) {
    assert.throws(() => makeCaptureSignal(wrong), RangeError);
  }
});

Deno.test("capture:signal writes what was asked for", async () => {
  await withFolder(async (folder) => {
    const out = `${folder}/capture.wav`;
    const { result } = await runForJson("capture:signal", [
      ...[out, "--rate", "16000", "--minutes", "0.1", "--bits", "16"],
      ...["--level", "-3", "--stereo"],
    ]);
    assert.equal(result.seconds, 6);
    const { channels, sampleRate } = await readChannels(out);
    assert.equal(sampleRate, 16_000);
    assert.equal(channels.length, 2);
    assert.deepEqual(channels[0], channels[1]);
    assert.equal(channels[0].length, 96_000);
  });
});

Deno.test("capture:signal refuses names and lengths that mean nothing, and writes nothing", async () => {
  await withFolder(async (folder) => {
    for (
      const [words, said] of [
        [[`${folder}/capture.mp3`], /must end in \.wav/],
        [[`${folder}/a.wav`, "--minutes", "0.01"], /give a number from/],
        [[`${folder}/a.wav`, "--music", `${folder}/none`], /no such folder/],
        [[`${folder}/no/a.wav`], /no/],
      ] as const
    ) {
      const { code, stderr } = await runTask("capture:signal", [...words]);
      assert.equal(code, 1);
      assert.match(stderr, said);
    }
    assert.deepEqual(await Array.fromAsync(Deno.readDir(folder)), []);
  });
});
