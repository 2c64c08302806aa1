import assert from "node:assert/strict";
import { join, relative } from "node:path";
import { dataSchema } from "../lib/data_config.ts";
import { openSource, SURROGATE_HEADING } from "../lib/data/source.ts";
import { openWav } from "../lib/sound/wav.ts";
import { listTree, runTask, withFolder } from "./cli.ts";

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

Deno.test("data:make says what is wrong with its options, and writes nothing", async () => {
  await withFolder(async (folder) => {
    const dir = join(folder, "set");
    const cases: [string[], RegExp][] = [
      [["--settings", "40,120"], /numbers from 0 to 100/],
      [["--settings", "40,,45"], /numbers from 0 to 100/],
      [["--modes", "squash"], /compress or limit/],
      [["--duration", "0"], /above 0/],
      [["--unit", "twin", "--settings", "63"], /--settings 63: the twin has/],
      [["--stimulus", join(folder, "nowhere")], /no such folder/],
      [["--seed", "4,5"], /whole number/],
      [["--unit", "valve"], /optical, twin/],
    ];
    for (const [words, message] of cases) {
      const { code, stderr } = await runTask("data:make", [dir, ...words]);
      assert.equal(code, 1, words.join(" "));
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /\n +at /);
    }
    assert.deepEqual(await listTree(folder), []);
  });
});
