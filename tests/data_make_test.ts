import assert from "node:assert/strict";
import { join, relative } from "node:path";
import { dataSchema } from "../lib/data/data_config.ts";
import { openSource, SURROGATE_HEADING } from "../lib/data/source.ts";
import { PUBLISHED_FITS } from "../lib/data/published.ts";
import { readUnit } from "../lib/data/read_unit.ts";
import type { Unit } from "../lib/data/unit_file.ts";
import { startOf } from "../lib/fitting/fit_config.ts";
import { parseModel } from "../lib/models/presets.ts";
import { openWav, readWav, writeWav } from "../lib/sound/wav.ts";
import { listTree, runTask, withFolder } from "./cli.ts";
import { assertClose } from "./close.ts";
import { compress } from "./oracle.ts";

const SMALL = ["--duration", "0.2", "--sample-rate", "8000"];

Deno.test("data:make writes SignalTrain's layout, which reads back as the built-in source", async () => {
  await withFolder(async (folder) => {
    const dir = join(folder, "set");
    const made = await runTask("data:make", [
      dir,
      ...SMALL,
      "--settings",
      "100,65,40,45,50",
      "--bits",
      "32f",
      "--seed",
      "4",
      "--json",
      "-",
    ]);
    assert.equal(made.code, 0, made.stderr);
    const result = JSON.parse(made.stdout);
    assert.equal(result.surrogate, true);
    assert.equal(result.pairs.length, 10);
    const files = (await listTree(dir)).map((path) => relative(dir, path));
    assert.equal(files.length, 21);
    for (
      const name of [
        "README.txt",
        "Train/input_1_.wav",
        "Train/target_1_LA2A_3c__0__100.wav",
        "Train/target_7_LA2A_3c__1__65.wav",
        "Val/target_9_LA2A_3c__1__45.wav",
        "Test/target_10_LA2A_3c__1__50.wav",
        "Test/input_10_.wav",
      ]
    ) assert(files.includes(name), name);
    const readMe = await Deno.readTextFile(join(dir, "README.txt"));
    assert(readMe.startsWith(SURROGATE_HEADING));
    assert.match(readMe, /not recordings of an LA-2A/);

    const config = { duration: 0.2, sample_rate: 8000, seed: 4 };
    const builtIn = await openSource(dataSchema.parse(config));
    const written = await openSource(dataSchema.parse({ folder: dir }));
    assert.equal(written.describe().surrogate, true);
    assert.equal(written.settings().length, 10);
    for (const setting of written.settings()) {
      const expected = await builtIn.load(setting);
      const found = await written.load(setting);
      assert.deepEqual(found.dry, expected.dry);
      assert.deepEqual(found.wet, expected.wet);
    }
  });
});

/** What a data set says of the unit that it was made with. */
async function truthIn(dir: string): Promise<Unit> {
  const path = join(dir, "truth.yaml");
  return readUnit(await Deno.readTextFile(path), path);
}

/** Three seconds of a twin with `words`, read back, and what was said of it. */
async function makeTwin(folder: string, ...words: string[]) {
  const dir = join(folder, "twin");
  const made = await runTask("data:make", [
    dir,
    ...["--duration", "3", "--sample-rate", "8000", "--bits", "32f"],
    ...["--force", "--json", "-", ...words],
  ]);
  assert.equal(made.code, 0, made.stderr);
  const source = await openSource(dataSchema.parse({ folder: dir }));
  const [setting, ...others] = source.settings();
  assert.deepEqual(setting, { mode: "compress", peakReduction: 50 });
  assert.deepEqual(others, []);
  return {
    result: JSON.parse(made.stdout),
    pair: await source.load(setting),
    readMe: await Deno.readTextFile(join(dir, "README.txt")),
    truth: await truthIn(dir),
  };
}

const PARAMS = {
  threshold_db: -30,
  ratio: 3,
  attack_ms: 5,
  release_ms: 80,
  make_up_db: 2,
};

Deno.test("data:make makes a twin of any parameters", async () => {
  await withFolder(async (folder) => {
    const words = ["--params", JSON.stringify(PARAMS)];
    const { result, pair, readMe, truth } = await makeTwin(folder, ...words);
    assert.equal(truth.model, "4a-2a");
    assert.equal(truth.sample_rate, 8000);
    assert.equal(truth.origin.surrogate, true);
    assert.deepEqual(truth.settings, [{ at: {}, params: PARAMS }]);
    assert.match(readMe, /truth\.yaml is what a fit should find/);
    assert.equal(result.model, "4a-2a");
    assert.deepEqual(result.params, PARAMS);
    assert.match(readMe, /The model 4a-2a with .*\n\n {4}threshold_db: -30\n/);
    const expected = compress(pair.dry, PARAMS, 8000);
    assert.deepEqual(pair.wet, Float32Array.from(expected));
  });
});

Deno.test("data:make makes a twin of any model, by default one that compresses", async () => {
  await withFolder(async (folder) => {
    const { result, pair, truth } = await makeTwin(folder, "--model", "rms");
    assert.equal(truth.model, "rms");
    assert.deepEqual(truth.settings[0].params, result.params);
    const model = parseModel("rms");
    const params = startOf(model, { threshold_db: -24 });
    assert.equal(result.model, "rms");
    assert.deepEqual(result.params, params);
    const expected = compress(pair.dry, params, 8000);
    assertClose(pair.wet, expected, 1e-6);
    assert(pair.wet.some((y, n) => Math.abs(y) < 0.8 * Math.abs(pair.dry[n])));
  });
});

Deno.test("data:make writes what a twin is, ∞ included, which render and player read", async () => {
  await withFolder(async (folder) => {
    const curve = join(folder, "curve");
    const limiter = join(folder, "limiter");
    const made = [
      await runTask("data:make", [
        curve,
        ...[...SMALL, "--unit", "twin", "--settings", "40,50"],
      ]),
      await runTask("data:make", [
        limiter,
        ...[...SMALL, "--bits", "32f", "--json", "-"],
        ...["--params", JSON.stringify({ ...PARAMS, ratio: "∞" })],
      ]),
    ];
    for (const { code, stderr } of made) assert.equal(code, 0, stderr);
    assert.equal(JSON.parse(made[1].stdout).params.ratio, "∞");
    const published = await truthIn(curve);
    assert.equal(published.settings.length, 4);
    for (const { at, params } of published.settings) {
      const { parameters } = PUBLISHED_FITS.find(({ mode, peakReduction }) =>
        mode === at.mode && peakReduction === at.peak_reduction
      )!;
      assert.deepEqual(params, parameters);
    }
    const dry = join(limiter, "Train/input_1_.wav");
    const wet = join(folder, "wet.wav");
    const truth = join(limiter, "truth.yaml");
    const played = await runTask("render", [dry, wet, "--params", truth]);
    assert.equal(played.code, 0, played.stderr);
    assert.match(played.stdout, /Ratio {7}∞ : 1/);
    assertClose(
      (await readWav(wet)).samples,
      (await readWav(join(limiter, "Train/target_1_LA2A_3c__0__50.wav")))
        .samples,
      1e-6,
    );
    const page = join(folder, "player.html");
    const words = ["--out", page, "--curve", join(curve, "truth.yaml")];
    const built = await runTask("player", words);
    assert.equal(built.code, 0, built.stderr);

    // Nothing is written over what is read, and no truth outlives its data.
    const over = await runTask("data:make", [
      limiter,
      ...[...SMALL, "--force", "--params", truth],
    ]);
    assert.equal(over.code, 1);
    assert.match(over.stderr, /truth\.yaml would overwrite/);
    const replacing = [curve, ...SMALL, "--force", "--settings", "60"];
    const other = await runTask("data:make", replacing);
    assert.equal(other.code, 0, other.stderr);
    await assert.rejects(truthIn(curve), Deno.errors.NotFound);
  });
});

Deno.test("data:make leaves a filled folder alone unless it made it and is forced", async () => {
  await withFolder(async (folder) => {
    const dir = join(folder, "set");
    const make = (...words: string[]) =>
      runTask("data:make", [dir, ...SMALL, "--unit", "twin", ...words]);
    const first = await make("--settings", "40,45", "--modes", "compress");
    assert.equal(first.code, 0, first.stderr);
    const before = await listTree(dir);

    const again = await make("--settings", "40");
    assert.equal(again.code, 1);
    assert.match(again.stderr, /holds an earlier data set.*--force/);
    assert.deepEqual(await listTree(dir), before);

    const forced = await make(
      "--settings",
      "100",
      "--modes",
      "limit",
      "--bits",
      "16",
      "--force",
    );
    assert.equal(forced.code, 0, forced.stderr);
    const files = (await listTree(dir)).map((path) => relative(dir, path));
    assert.deepEqual(files, [
      "README.txt",
      "Train/input_1_.wav",
      "Train/target_1_LA2A_3c__1__100.wav",
      "truth.yaml",
    ]);
    using input = await openWav(join(dir, "Train/input_1_.wav"));
    assert.deepEqual(input.format, { bits: 16, float: false, channels: 1 });
    assert.equal(input.length, 1600);

    await Deno.remove(join(dir, "README.txt"));
    const foreign = await make("--force");
    assert.equal(foreign.code, 1);
    assert.match(foreign.stderr, /no earlier data set of data:make/);
  });
});

Deno.test("data:make replaces nothing before the new sound is there, and marks no folder in vain", async () => {
  await withFolder(async (folder) => {
    const dir = join(folder, "set");
    const music = join(folder, "music");
    const take = join(music, "take.wav");
    await Deno.mkdir(music);
    await writeWav(take, new Float32Array(1600).fill(0.1), {
      sampleRate: 8000,
    });
    const good = await Deno.readFile(take);
    const bad = good.slice();
    new DataView(bad.buffer).setFloat32(bad.length - 400, NaN, true);
    const make = (...words: string[]) =>
      runTask("data:make", [
        dir,
        "--settings",
        "100",
        "--modes",
        "limit",
        "--duration",
        "0.2",
        "--stimulus",
        music,
        ...words,
      ]);

    await Deno.writeFile(take, bad);
    const failed = await make();
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, /take\.wav: sample 1500 .*not a number/);
    assert.deepEqual(await listTree(folder), [take]);

    await Deno.writeFile(take, good);
    const mended = await make();
    assert.equal(mended.code, 0, mended.stderr);
    assert.match(mended.stdout, /1 pair of 200\sms/);
    const before = await listTree(dir);

    await Deno.writeFile(take, bad);
    for (
      const words of [[], ["--duration", "1e9"], ["--duration", "0.00001"]]
    ) {
      const { code } = await make("--force", ...words);
      assert.equal(code, 1);
      assert.deepEqual(await listTree(dir), before);
    }

    // A run that ended before it wrote a recording is not in the way.
    for (const path of before) {
      if (path.endsWith(".wav")) await Deno.remove(path);
    }
    await Deno.writeFile(take, good);
    const again = await make();
    assert.equal(again.code, 0, again.stderr);
    assert.deepEqual(await listTree(dir), before);
  });
});

Deno.test("data:make neither replaces its own stimulus nor writes its result over either", async () => {
  await withFolder(async (folder) => {
    const dir = join(folder, "set");
    const music = join(folder, "music");
    await Deno.mkdir(music);
    const take = join(music, "take.wav");
    await writeWav(take, new Float32Array(1600), { sampleRate: 8000 });
    const make = (...words: string[]) =>
      runTask("data:make", [dir, ...SMALL, "--settings", "100", ...words]);
    assert.equal((await make()).code, 0);
    const stateOf = async () =>
      await Promise.all(
        (await listTree(folder)).map(async (path) => [
          path,
          await Deno.readFile(path),
        ]),
      );
    const before = await stateOf();
    const cases: [string[], RegExp][] = [
      [["--stimulus", dir], /--stimulus .*set lies in .*set, where/],
      [["--stimulus", join(dir, "Train")], /--stimulus .*Train lies in .*set/],
      [
        ["--stimulus", music, "--json", take],
        /take\.wav would overwrite a file in .*music, whi/,
      ],
      [
        ["--json", join(dir, "README.txt")],
        /README\.txt lies in what DIR wr/,
      ],
    ];
    for (const [words, message] of cases) {
      const { code, stderr } = await make("--force", ...words);
      assert.equal(code, 1, words.join(" "));
      assert.match(stderr, message);
      assert.deepEqual(await stateOf(), before);
    }
  });
});

Deno.test("data:make says what is wrong with its options, and writes nothing", async () => {
  await withFolder(async (folder) => {
    const dir = join(folder, "set");
    const cases: [string[], RegExp][] = [
      [["--settings", "40,120"], /numbers from 0 to 100/],
      [["--settings", "40,,45"], /numbers from 0 to 100/],
      [["--modes", "squash"], /compress or limit/],
      [["--duration", "0"], /--duration .*above 0, up to 36000/],
      [["--duration", "1e9"], /--duration .*above 0, up to 36000/],
      [["--duration", "0.00001"], /--duration 0\.00001: not one sample/],
      [["--duration", "36000", "--bits", "32f"], /exceed the 4 GB/],
      [["--sample-rate", "0.3"], /--sample-rate .*from 8000 to 384000/],
      [["--sample-rate", "44100.5"], /--sample-rate .*whole number/],
      [["--unit", "twin", "--settings", "63"], /--settings 63: the twin has/],
      [["--stimulus", join(folder, "nowhere")], /no such folder/],
      [["--seed", "4,5"], /whole number/],
      [["--unit", "valve"], /optical, twin/],
      [["--model", "valve"], /"valve" is not known; give 4a-2a/],
      [["--model", "rms", "--unit", "optical"], /--model: .*--unit twin/],
      [["--model", "rms", "--modes", "limit"], /--model: .* one setting/],
      [["--params", "{ratio: 4}"], /--params: "threshold_db" is missing/],
    ];
    for (const [words, message] of cases) {
      const { code, stderr } = await runTask("data:make", [dir, ...words]);
      assert.equal(code, 1, words.join(" "));
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /\n +at /);
    }
    assert.deepEqual(await listTree(folder), []);
    const { stdout } = await runTask("data:make", ["--help"]);
    assert.match(stdout, /--modes <list> .*\(default: compress,limit\)/);
  });
});
