/** The data set's layout: names to entries and back. @module */

import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import {
  DataSetError,
  inputFileName,
  listEntries,
  listPairs,
  parseTargetName,
  targetFileName,
  type TargetName,
} from "../lib/data/signaltrain.ts";
import { withFolder } from "./cli.ts";

/** Makes empty files at these paths below `folder`. */
async function touch(folder: string, paths: string[]): Promise<void> {
  for (const path of paths) {
    await Deno.mkdir(join(folder, path, ".."), { recursive: true });
    await Deno.writeTextFile(join(folder, path), "");
  }
}

Deno.test("parseTargetName reads back what targetFileName writes", () => {
  const target: fc.Arbitrary<TargetName> = fc.record({
    number: fc.nat(9999).map(String),
    kind: fc.constantFrom("2c" as const, "3c" as const),
    mode: fc.constantFrom(0 as const, 1 as const),
    peakReduction: fc.oneof(fc.nat(100), fc.constantFrom(2.5, 99.9)),
  }, { noNullPrototype: true });
  fc.assert(fc.property(target, (name) => {
    assert.deepEqual(parseTargetName(targetFileName(name)), name);
  }));
});

Deno.test("parseTargetName reads the data set's own names and no others", () => {
  assert.deepEqual(parseTargetName("target_235_LA2A_3c__1__65.wav"), {
    number: "235",
    kind: "3c",
    mode: 1,
    peakReduction: 65,
  });
  const others = [
    "target_235_LA2A_3c__2__65.wav",
    "target_235_LA2A_3c__1__101.wav",
    "target_235_LA2A_4c__1__65.wav",
    "target_235_LA2A_3c__1__.wav",
    "target_235_LA2A_3c_1_65.wav",
    "target_235_LA2A_3c__1__65.flac",
    "target_a_LA2A_3c__1__65.wav",
    "input_235_.wav",
    "",
  ];
  for (const name of others) assert.equal(parseTargetName(name), null, name);
});

Deno.test("listEntries pairs by number within a folder, and lists what is over", async () => {
  await withFolder(async (folder) => {
    await touch(folder, [
      "Train/input_138_.wav",
      "Train/target_138_LA2A_3c__1__40.wav",
      "Train/input_139_.wav",
      "Train/target_139_LA2A_3c__0__100.wav",
      "Train/target_140_LA2A_2c__0__5.wav", // its input is in Test/
      "Train/input_141_.wav", // no target
      "Train/notes.txt",
      "Train/.DS_Store",
      "Test/input_140_.wav",
      "Test/target_140_LA2A_3c__0__45.wav",
      "Test/target_140_LA2A_3c__1__9.wav", // two of one input
      "effect_info.ini",
    ]);
    const { entries, unpairedInputs, unrecognised } = await listEntries(folder);
    assert.deepEqual(
      entries.map((e) => [e.split, e.number, e.kind, e.mode, e.peakReduction]),
      [
        ["Train", "140", "2c", 0, 5],
        ["Train", "139", "3c", 0, 100],
        ["Train", "138", "3c", 1, 40],
        ["Test", "140", "3c", 0, 45],
        ["Test", "140", "3c", 1, 9],
      ],
    );
    assert.deepEqual(entries.map((e) => e.inputPath), [
      null,
      join(folder, "Train", inputFileName("139")),
      join(folder, "Train", inputFileName("138")),
      join(folder, "Test", inputFileName("140")),
      join(folder, "Test", inputFileName("140")),
    ]);
    assert.equal(
      entries[1].targetPath,
      join(folder, "Train", "target_139_LA2A_3c__0__100.wav"),
    );
    assert.deepEqual(unpairedInputs, [join(folder, "Train/input_141_.wav")]);
    assert.deepEqual(unrecognised, [join(folder, "Train/notes.txt")]);

    const pairs = await listPairs(folder);
    assert.deepEqual(pairs, entries.filter((e) => e.inputPath !== null));
  });
});

Deno.test("listEntries refuses a folder that is missing or holds something else", async () => {
  await withFolder(async (folder) => {
    const cases: [string, RegExp][] = [
      [folder, /none of the folders Train\/, Val\/, Test\/.*Give the folder/],
      [join(folder, "nowhere"), /nowhere: no such folder/],
      [join(folder, "file"), /file: cannot be listed/],
    ];
    await touch(folder, ["file"]);
    for (const [path, message] of cases) {
      await assert.rejects(
        listEntries(path),
        (error) => error instanceof DataSetError && message.test(error.message),
      );
    }
  });
});
