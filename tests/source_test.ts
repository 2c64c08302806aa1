import assert from "node:assert/strict";
import { join } from "node:path";
import { dataSchema, requireOneSource } from "../lib/data/data_config.ts";
import {
  factsToJson,
  openDry,
  openSource,
  requireSettings,
  SURROGATE_HEADING,
  SURROGATE_NOTICE,
} from "../lib/data/source.ts";
import { createUnit } from "../lib/data/unit.ts";
import { makeStimulus, STIMULUS_VERSION } from "../lib/data/stimulus.ts";
import { isOfRecording } from "../lib/sound/recording_error.ts";
import { writeWav } from "../lib/sound/wav.ts";
import { withFolder } from "./cli.ts";

const RATE = 22050;

function config(changes: Record<string, unknown> = {}) {
  return dataSchema.parse({ duration: 1, sample_rate: RATE, ...changes });
}

/** A ramp of `length` samples that starts at `from`. */
function ramp(length: number, from: number): Float32Array {
  return Float32Array.from({ length }, (_, n) => from + n / 65536);
}

Deno.test("a built-in source sends the stimulus through the unit, and shares it between settings", async () => {
  for (const unit of ["optical", "twin"] as const) {
    const source = await openSource(config({ unit, seed: 3 }));
    const setting = { mode: "limit", peakReduction: 80 } as const;
    const pair = await source.load(setting);
    const { samples } = makeStimulus({
      seconds: 1,
      sampleRate: RATE,
      seed: 3,
    });
    assert.deepEqual(pair.dry, samples);
    assert.equal(pair.sampleRate, RATE);
    const wet = new Float32Array(samples.length);
    createUnit(unit, setting, { sampleRate: RATE, seed: 3 })
      .process(samples, wet);
    assert.deepEqual(pair.wet, wet);
    const other = await source.load({ mode: "limit", peakReduction: 40 });
    assert.equal(other.dry, pair.dry);
    assert.notDeepEqual(other.wet, pair.wet);

    const facts = source.describe();
    assert.equal(facts.name, unit);
    assert.equal(facts.surrogate, true);
    assert.match(facts.description, /not measured on a real LA-2A/);
    assert.equal(facts.seconds, 1);
    assert(source.settings().length >= 26);
  }
});

Deno.test("a source is identified by all that its data depend on", async () => {
  const identity = async (changes: Record<string, unknown>) =>
    JSON.stringify((await openSource(config(changes))).describe().identity);
  const plain = await identity({});
  assert.equal(await identity({}), plain);
  assert(plain.includes(`"built-in","version":${STIMULUS_VERSION}`), plain);
  for (
    const changes of [{ unit: "twin" }, { seed: 2 }, { duration: 2 }, {
      sample_rate: 44100,
    }]
  ) assert.notEqual(await identity(changes), plain);
});

Deno.test("a stimulus folder is read in the order of its names, first channel, up to the duration", async () => {
  await withFolder(async (folder) => {
    const [one, two] = [ramp(RATE / 2, 0), ramp(RATE, -0.5)];
    const options = { sampleRate: RATE };
    await writeWav(join(folder, "b.wav"), two, options);
    await writeWav(join(folder, "a.WAV"), one, options);
    await Deno.writeTextFile(join(folder, "notes.txt"), "not a sound");
    const dry = await openDry(config({ stimulus: folder }));
    assert.equal(dry.seconds, 1);
    const { samples } = await dry.load();
    assert.deepEqual(samples.subarray(0, one.length), one);
    assert.deepEqual(samples.subarray(one.length), two.subarray(0, RATE / 2));

    const all = await openDry(config({ stimulus: folder, duration: 60 }));
    assert.equal(all.seconds, 1.5);
    const source = await openSource(config({ stimulus: folder }));
    assert.match(source.describe().description, /music in the folder/);
    assert.equal(source.describe().surrogate, true);
  });
});

Deno.test("a stimulus folder that cannot be used is refused with the reason", async () => {
  await withFolder(async (folder) => {
    const open = () => openDry(config({ stimulus: folder, duration: 60 }));
    await assert.rejects(open, /no WAV files in it/);
    await writeWav(join(folder, "a.wav"), ramp(100, 0), { sampleRate: RATE });
    await writeWav(join(folder, "b.wav"), ramp(100, 0), { sampleRate: 8000 });
    await assert.rejects(
      open,
      /b\.wav is at 8000 Hz, .*a\.wav at 22050 Hz: convert/,
    );
    await assert.rejects(
      () => openDry(config({ stimulus: join(folder, "nowhere") })),
      /no such folder/,
    );
  });
});

Deno.test("recordings in SignalTrain's layout are paired, the longest 3c take chosen", async () => {
  await withFolder(async (folder) => {
    const options = { sampleRate: RATE };
    const put = async (
      split: string,
      number: number,
      name: string,
      length: number,
      value: number,
    ) => {
      await Deno.mkdir(join(folder, split), { recursive: true });
      const place = (file: string) => join(folder, split, file);
      await writeWav(place(`input_${number}_.wav`), ramp(length, 0), options);
      await writeWav(
        place(`target_${number}_LA2A_${name}.wav`),
        ramp(length + 5, value),
        options,
      );
    };
    await put("Train", 1, "3c__0__40", 100, 0.1);
    await put("Val", 2, "3c__0__40", 200, 0.2);
    await put("Test", 3, "2c__0__40", 300, 0.3);
    await put("Train", 4, "3c__1__100", 150, 0.4);
    await put("Train", 5, "2c__1__95", 150, 0.5);
    const source = await openSource(config({ folder }));
    assert.deepEqual(source.settings(), [
      { mode: "compress", peakReduction: 40 },
      { mode: "limit", peakReduction: 100 },
    ]);
    const pair = await source.load({ mode: "compress", peakReduction: 40 });
    assert.deepEqual(pair.dry, ramp(200, 0));
    assert.deepEqual(pair.wet, ramp(200, 0.2));
    assert.equal(source.describe().surrogate, false);
    assert.equal(source.describe().seconds, 175 / RATE);
    await assert.rejects(
      () => source.load({ mode: "limit", peakReduction: 95 }),
      /no 3c recording of limit 95/,
    );

    const before = JSON.stringify(source.describe().identity);
    await put("Val", 2, "3c__0__40", 250, 0.2);
    await Deno.writeTextFile(
      join(folder, SURROGATE_NOTICE),
      `${SURROGATE_HEADING}\n`,
    );
    const marked = (await openSource(config({ folder }))).describe();
    assert.equal(marked.surrogate, true);
    assert.match(marked.description, /^Surrogate data/);
    assert.notEqual(JSON.stringify(marked.identity), before);
  });
});

Deno.test("a folder of recordings that has none to use is refused with the reason", async () => {
  await withFolder(async (folder) => {
    await Deno.mkdir(join(folder, "Train"));
    await assert.rejects(
      () => openSource(config({ folder })),
      /no 3c target with its input/,
    );
    await assert.rejects(
      () => openSource(config({ folder: join(folder, "nowhere") })),
      /no such folder/,
    );
    const write = (name: string, sampleRate: number) =>
      writeWav(join(folder, "Train", name), ramp(100, 0), { sampleRate });
    await write("input_1_.wav", 44100);
    await write("target_1_LA2A_3c__0__40.wav", 48000);
    await assert.rejects(
      () => openSource(config({ folder })),
      /input_1_\.wav is at 44100 Hz, .* at 48000 Hz: convert one/,
    );
  });
});

Deno.test("a recording that cannot be used keeps its own setting from being loaded and no other", async () => {
  await withFolder(async (folder) => {
    await Deno.mkdir(join(folder, "Train"));
    const place = (name: string) => join(folder, "Train", name);
    const put = async (number: number, name: string, length: number) => {
      for (
        const file of [`input_${number}_`, `target_${number}_LA2A_${name}`]
      ) {
        await writeWav(place(`${file}.wav`), ramp(length, 0), {
          sampleRate: RATE,
        });
      }
    };
    await put(1, "3c__0__40", 100);
    await put(2, "3c__0__45", 100);
    await put(3, "3c__0__50", 200);
    await put(4, "3c__0__50", 300);
    // A link to nowhere: its size and time are not to be had either.
    await put(5, "3c__0__55", 100);
    await Deno.remove(place("input_5_.wav"));
    await Deno.symlink(place("nowhere"), place("input_5_.wav"));
    // A file that is no sound, and one of two takes that was cut short.
    const broken = place("target_2_LA2A_3c__0__45.wav");
    await Deno.writeTextFile(broken, "no sound");
    const short = place("input_3_.wav");
    await Deno.writeFile(short, (await Deno.readFile(short)).subarray(0, 30));

    const source = await openSource(config({ folder }));
    assert.deepEqual(
      source.settings().map(({ peakReduction }) => peakReduction),
      [40, 45, 50, 55],
    );
    const load = (peakReduction: number) =>
      source.load({ mode: "compress", peakReduction });
    const loaded = await load(40);
    assert.deepEqual(loaded.dry, ramp(100, 0));
    assert.match(loaded.warnings!.join(), /too little.*same as the dry one/);
    await assert.rejects(() => load(45), /target_2_LA2A_3c__0__45\.wav/);
    await assert.rejects(() => load(50), /input_3_\.wav/);
    const { unusable, seconds } = source.describe();
    assert.equal(seconds, 100 / RATE);
    assert.deepEqual(
      unusable!.map(({ mode, peakReduction }) => [mode, peakReduction]),
      [["compress", 45], ["compress", 50], ["compress", 55]],
    );
    assert.match(unusable![0].reason, /target_2_LA2A_3c__0__45\.wav/);
    assert.match(unusable![1].reason, /input_3_\.wav/);
    // What is wrong with a recording can be told from what is wrong elsewhere.
    await load(45).catch((error) => assert(isOfRecording(error)));
    await assert.rejects(load(75), (error) => !isOfRecording(error));
  });
});

Deno.test("requireSettings() names the settings that are not there, and those that are", async () => {
  const source = await openSource(config({ unit: "twin" }));
  const at = (peakReduction: number) =>
    ({ mode: "limit", peakReduction }) as const;
  requireSettings(source, [at(40), at(100)]);
  assert.throws(
    () => requireSettings(source, [at(42), at(50), at(41)]),
    /no setting limit 41, 42 there; there are compress 40, 45.* and limit 40, 45/,
  );
  // The optical unit has a knob that stands anywhere.
  requireSettings(await openSource(config({ unit: "optical" })), [at(41.5)]);
});

Deno.test("factsToJson() has keys in snake case all the way down", async () => {
  const keys = (value: unknown): string[] =>
    value !== null && typeof value === "object"
      ? Object.entries(value).flatMap(([key, inner]) => [key, ...keys(inner)])
      : [];
  for (const unit of ["optical", "twin"] as const) {
    const facts = (await openSource(config({ unit }))).describe();
    const json = factsToJson(facts);
    assert.equal(json.sample_rate, RATE);
    assert.equal(json.identity, facts.identity);
    for (const key of keys(json)) assert.match(key, /^[a-z_\d]+$/);
  }
});

Deno.test("requireOneSource() refuses a unit or a stimulus beside recordings", () => {
  requireOneSource(config({ stimulus: "/music" }), "twin");
  requireOneSource(config({ folder: "/recordings" }));
  assert.throws(
    () => requireOneSource(config({ folder: "/recordings" }), "optical"),
    /^ConfigError: --unit optical and --data \/recordings exclude each other/,
  );
  assert.throws(
    () =>
      requireOneSource(config({ folder: "/recordings", stimulus: "/music" })),
    /^ConfigError: --stimulus \/music and --data \/recordings exclude/,
  );
});
