import assert from "node:assert/strict";
import fc from "fast-check";
import { createRandom } from "../lib/base/random.ts";
import { dataSchema } from "../lib/data/data_config.ts";
import {
  CLIP_SECONDS,
  makeSound,
  makeSounds,
  SOUND_KINDS,
  type SoundKind,
} from "../lib/data/signaltrain_sounds.ts";
import { openDry, openSource } from "../lib/data/source.ts";
import { runForJson, withFolder } from "./cli.ts";

const peakOf = (sound: Float32Array) =>
  sound.reduce((peak, x) => Math.max(peak, Math.abs(x)), 0);

/** Kinds that are brought to a peak of 0.6 to 0.9. */
const NORMALISED: SoundKind[] = ["sine", "pluck", "stepped sine", "sweep"];

Deno.test("every kind of sound is seeded, not silent and within ±1; sines, plucks and sweeps peak at 0.6 to 0.9", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...SOUND_KINDS),
      fc.integer(),
      fc.integer({ min: 400, max: 9000 }),
      fc.constantFrom(5512, 11025, 44100),
      (kind, seed, length, rate) => {
        const make = (seed: number) =>
          makeSound(kind, length, rate, createRandom(seed));
        const sound = make(seed);
        assert.deepEqual(sound, make(seed));
        assert.notDeepEqual(sound, make(seed + 1));
        const peak = peakOf(sound);
        assert(peak > 0 && peak <= 1 + 2e-8, `peak ${peak}`);
        assert(sound.every(Number.isFinite));
        if (NORMALISED.includes(kind)) {
          assert(peak >= 0.6 - 1e-6 && peak <= 0.9);
        }
      },
    ),
    { numRuns: 100 },
  );
});

Deno.test("a box has three levels, and jumps between them", () => {
  const sound = makeSound("box", 20000, 44100, createRandom(4));
  const jumps = [...sound.keys()].filter((n) =>
    n > 0 && Math.abs(sound[n] - sound[n - 1]) > 0.01
  );
  assert.equal(jumps.length, 2);
  const [low, high, middle] = [0, jumps[0], jumps[1]].map((n) =>
    Math.abs(sound[n])
  );
  assert(low <= 0.15 && high >= 0.6 && middle >= 0.1 && middle <= 0.3);
});

Deno.test("spikes are 50 triangles of three samples", () => {
  const sound = makeSound("spikes", 200000, 44100, createRandom(1));
  const spikes = sound.filter((x) => Math.abs(x) > 0.55).length;
  assert(spikes >= 45 && spikes <= 55, `${spikes}`);
});

Deno.test("pink noise falls by 3 dB an octave", () => {
  const size = 2 ** 15;
  const sound = makeSound("pink", size, 44100, createRandom(1));
  // Goertzel's sums over some bins of two bands, four octaves apart.
  const power = (from: number) => {
    let sum = 0;
    for (let bin = from; bin < 2 * from; bin += from / 64) {
      let [re, im] = [0, 0];
      for (let n = 0; n < size; n++) {
        const angle = 2 * Math.PI * Math.floor(bin) * n / size;
        re += sound[n] * Math.cos(angle);
        im += sound[n] * Math.sin(angle);
      }
      sum += re * re + im * im;
    }
    return 10 * Math.log10(sum);
  };
  assert(Math.abs(power(128) - power(2048) - 12) < 3);
});

Deno.test("makeSounds() is a row of clips of every kind, and begins as a shorter one", () => {
  const sampleRate = 8000;
  const seconds = SOUND_KINDS.length * CLIP_SECONDS;
  const { samples, segments } = makeSounds({ seconds, sampleRate, seed: 1 });
  assert.equal(samples.length, Math.round(seconds * sampleRate));
  const last = segments.at(-1)!;
  assert.equal(last.start + last.length, samples.length);
  const kinds = segments.slice(0, SOUND_KINDS.length).map(({ kind }) => kind);
  assert.deepEqual([...kinds].sort(), [...SOUND_KINDS].sort());
  const short = makeSounds({ seconds: 7.3, sampleRate, seed: 1 }).samples;
  assert.deepEqual(short, samples.subarray(0, short.length));
});

Deno.test("the stimulus signaltrain drives a built-in unit, and is known apart from others", async () => {
  const config = dataSchema.parse({
    stimulus: "signaltrain",
    duration: 12,
    sample_rate: 8000,
  });
  assert.equal(config.stimulus, "signaltrain");
  const dry = await openDry(config);
  const { samples, segments } = await dry.load();
  assert.equal(samples.length, 96000);
  assert.equal(segments?.length, 3);
  assert.match(dry.title, /SignalTrain's synthetic sounds, seed 1/);
  const other = await openDry({ ...config, stimulus: null });
  assert.notDeepEqual(dry.identity, other.identity);
  const source = await openSource(config);
  const pair = await source.load({ mode: "compress", peakReduction: 80 });
  assert.deepEqual(pair.dry, samples);
  assert.equal(pair.wet.length, samples.length);
});

Deno.test("data:make --stimulus signaltrain says so, and a folder of that name is still one", async () => {
  await withFolder(async (folder) => {
    const words = ["--duration", "1", "--sample-rate", "8000"];
    const few = ["--settings", "100", "--modes", "compress"];
    const { result } = await runForJson("data:make", [
      `${folder}/made`,
      ...[...words, ...few, "--stimulus", "signaltrain"],
    ]);
    assert.match(result.stimulus, /SignalTrain's synthetic sounds, seed 1/);
    assert.equal(result.seconds, 1);
    await Deno.mkdir(`${folder}/signaltrain`);
    const input = `${folder}/made/Train/input_1_.wav`;
    await Deno.copyFile(input, `${folder}/signaltrain/a.wav`);
    const { result: music } = await runForJson("data:make", [
      `${folder}/again`,
      ...[...words, ...few, "--stimulus", `${folder}/signaltrain`],
    ]);
    assert.match(music.stimulus, /the music in the folder signaltrain/);
  });
});
