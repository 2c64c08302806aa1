/**
 * Manifests of captures: what they resolve to, and what they refuse.
 *
 * @module
 */

import assert from "node:assert/strict";
import { stringify } from "yaml";
import { parseConfig } from "../lib/base/config.ts";
import { chainsOf } from "../lib/capture/chains.ts";
import { manifestOf, manifestText } from "../lib/capture/init.ts";
import {
  type Manifest,
  manifestSchema,
  openCapture,
} from "../lib/capture/manifest.ts";
import { parsePart, shareOf } from "../lib/fitting/parts.ts";
import { writeWav } from "../lib/sound/wav.ts";
import { listTree, runTask, withFolder } from "./cli.ts";

/** Writes short sounds called `names` into `folder`. */
async function sounds(folder: string, names: string[], sampleRate = 8000) {
  for (const name of names) {
    const path = `${folder}/${name}`;
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    await writeWav(path, new Float32Array(80), { sampleRate });
  }
}

const KNOBS = {
  ratio: { kind: "choice", values: [4, 8] },
  input: { kind: "number", range: [0, 10], unit: "" },
};
const BASE = { format: 1, unit: "1176", knobs: KNOBS, dry: "capture.wav" };

/** What `plain` resolves to in `folder`. */
async function opened(plain: unknown, folder: string) {
  const manifest = parseConfig(manifestSchema, stringify(plain), "c.yaml");
  return await openCapture(manifest, folder, "c.yaml");
}

Deno.test("a pattern of names tells the settings, several takes of one among them", async () => {
  await withFolder(async (folder) => {
    await sounds(folder, [
      "capture.wav",
      "1176_4_0.wav",
      "1176_4_2.5.wav",
      "1176_8_10.wav",
      "notes.wav",
    ]);
    const { settings, others, sampleRate } = await opened(
      { ...BASE, wet: "1176_{ratio}_{input}.wav" },
      folder,
    );
    assert.deepEqual(settings.map(({ at }) => at), [
      { ratio: 4, input: 0 },
      { ratio: 4, input: 2.5 },
      { ratio: 8, input: 10 },
    ]);
    assert.deepEqual(others, ["notes.wav"]);
    assert.equal(sampleRate, 8000);

    await sounds(folder, ["more/4-0_a.wav", "more/4-0_b.wav", "dry_a.wav"]);
    await sounds(folder, ["dry_b.wav"]);
    const several = await opened({
      ...BASE,
      wet: "more/{ratio}-{input}_{take}.wav",
      dry: "dry_{take}.wav",
    }, folder);
    assert.deepEqual(several.settings, [{
      at: { ratio: 4, input: 0 },
      takes: [
        { wet: "more/4-0_a.wav", dry: "dry_a.wav" },
        { wet: "more/4-0_b.wav", dry: "dry_b.wav" },
      ],
    }]);
  });
});

Deno.test("SignalTrain's layout is one such folder", async () => {
  await withFolder(async (folder) => {
    await sounds(folder, [
      "Train/input_1_.wav",
      "Train/target_1_LA2A_3c__0__40.wav",
      "Val/input_9_.wav",
      "Val/target_9_LA2A_3c__1__100.wav",
      "Val/target_9_LA2A_2c__1__95.wav",
    ]);
    const manifest = manifestOf(
      (await listTree(folder)).map((path) => path.slice(folder.length + 1)),
      "x",
    );
    const { settings } = await opened(manifest, folder);
    assert.deepEqual(settings, [
      {
        at: { peak_reduction: 40, mode: "compress" },
        takes: [{
          wet: "Train/target_1_LA2A_3c__0__40.wav",
          dry: "Train/input_1_.wav",
        }],
      },
      {
        at: { peak_reduction: 100, mode: "limit" },
        takes: [{
          wet: "Val/target_9_LA2A_3c__1__100.wav",
          dry: "Val/input_9_.wav",
        }],
      },
    ]);
  });
});

Deno.test("manifestOf() reads knobs from names, and its text is read again", async () => {
  const names = ["dry.wav", "loop.wav"].concat(
    ["low", "high"].flatMap((ratio) =>
      [0, 5, 10].map((input) => `x_${ratio}_in${input}.wav`)
    ),
  );
  const guess = manifestOf(names, "Unit");
  assert.equal(guess.wet, "x_{knob_1}_in{in}.wav");
  assert.equal(guess.loop, "loop.wav");
  const manifest = manifestOf(names, "Unit", {
    names: "x_{ratio}_in{input}.wav",
    choices: ["ratio"],
  });
  assert.deepEqual(manifest.knobs, {
    ratio: { kind: "choice", values: ["high", "low"] },
    input: { kind: "number", range: [0, 10], unit: "" },
  });
  const again: Manifest = parseConfig(
    manifestSchema,
    manifestText(manifest),
    "capture.yaml",
  );
  assert.deepEqual(again, manifest);
  await withFolder(async (folder) => {
    await sounds(folder, names);
    assert.equal((await opened(again, folder)).settings.length, 6);
  });
  assert.throws(() => manifestOf(["a.wav", "b.wav"], "Unit"), /went in|tell/);
  assert.throws(
    () => manifestOf(names, "Unit", { names: "y_{a}.wav" }),
    /no file in it is called/,
  );
});

Deno.test("whatever does not fit together is refused by name, and nothing is written", async () => {
  await withFolder(async (folder) => {
    await sounds(folder, ["capture.wav", "a.wav", "b.wav", "u_4_3.wav"]);
    await sounds(folder, ["u_4_3.0.wav", "v_4_11.wav"]);
    await sounds(folder, ["fast.wav"], 16_000);
    const before = await listTree(folder);
    const at = { ratio: 4, input: 3 };
    const take = (more: object) => ({
      ...BASE,
      takes: [{ at, wet: "a.wav", ...more }],
    });
    const cases: [unknown, RegExp][] = [
      [{ ...BASE, knob: 1 }, /unknown key "knob"/],
      [take({ wett: "a.wav" }), /unknown key "takes\.0\.wett"/],
      [{ ...BASE, format: 2, wet: "x" }, /"format": must be 1/],
      [BASE, /"wet" is missing/],
      [{ ...take({}), wet: "x.wav" }, /either/],
      [take({ wet: "missing.wav" }), /missing\.wav: not in the folder/],
      [take({ dry: "gone.wav" }), /gone\.wav: not in the folder/],
      [take({ wet: "../a.wav" }), /within the folder/],
      [take({ wet: "/etc/passwd" }), /within the folder/],
      [take({ wet: "C:\\a.wav" }), /within the folder/],
      [take({ wet: "a\u0007.wav" }), /control characters/],
      [{ ...BASE, unit: "a\u001b[31m", wet: "x" }, /control characters/],
      [take({ at: { ratio: 4, input: 11 } }), /takes\.0: input 11 is beyond/],
      [take({ at: { ratio: 5, input: 1 } }), /ratio 5 .* one of 4, 8/],
      [take({ at: { ratio: 4 } }), /does not say where input stood/],
      [take({ at: { ...at, more: 1 } }), /more is no knob/],
      [
        { ...BASE, takes: [{ at, wet: "a.wav" }, { at, wet: "b.wav" }] },
        /takes\.1: ratio 4, input 3 is there twice/,
      ],
      [take({ wet: ["a.wav", "a.wav"] }), /a\.wav is the wet side of two/],
      [
        take({
          wet: ["a.wav", "b.wav", "u_4_3.wav"],
          dry: ["capture.wav", "a.wav"],
        }),
        /3 wet files and 2 dry ones/,
      ],
      [take({ wet: "fast.wav" }), /is at 16000 Hz|at 8000 Hz/],
      [{ ...BASE, wet: "u_{ratio}_{input}.wav" }, /are of one setting/],
      [{ ...BASE, wet: "v_{ratio}_{input}.wav" }, /input 11 is beyond/],
      [{ ...BASE, wet: "w_{ratio}_{input}.wav" }, /no file in the folder/],
      [{ ...BASE, wet: "u_{ratio}.wav" }, /does not say where input stood/],
      [{ ...BASE, wet: "u_{what}.wav" }, /\{what\} is no knob/],
      [{ ...BASE, knobs: { "a b": KNOBS.input }, wet: "x" }, /letters/],
      [{ ...BASE, knobs: { take: KNOBS.input }, wet: "x" }, /word of patterns/],
      [
        { ...BASE, spelt: { ratio: ["a"] }, wet: "x" },
        /a word for each value/,
      ],
    ];
    for (const [plain, said] of cases) {
      await assert.rejects(opened(plain, folder), said, JSON.stringify(plain));
    }
    assert.deepEqual(await listTree(folder), before);

    await Deno.writeTextFile(
      `${folder}/capture.yaml`,
      stringify(take({ wet: "missing.wav" })),
    );
    const { code, stderr } = await runTask("capture:fit", [
      ...[folder, "--out", `${folder}/unit.yaml`],
      ...["--results", `${folder}/results`],
    ]);
    assert.equal(code, 1);
    assert.match(stderr, /capture\.yaml: missing\.wav: not in the folder/);
    assert.deepEqual(
      await listTree(folder),
      [...before, `${folder}/capture.yaml`].sort(),
    );
  });
});

Deno.test("capture:init writes no manifest over another", async () => {
  await withFolder(async (folder) => {
    await sounds(folder, ["capture.wav", "u_1.wav", "u_2.wav"]);
    const once = await runTask("capture:init", [folder, "--by", "A. N."]);
    assert.equal(once.code, 0, once.stderr);
    const text = await Deno.readTextFile(`${folder}/capture.yaml`);
    assert.match(text, /by: A\. N\./);
    const twice = await runTask("capture:init", [folder]);
    assert.equal(twice.code, 1);
    assert.match(twice.stderr, /--force/);
    assert.equal(await Deno.readTextFile(`${folder}/capture.yaml`), text);
  });
});

Deno.test("chains go down one dial, and parts share them out without a gap", () => {
  const settings = [4, 8].flatMap((ratio) =>
    Array.from({ length: 13 }, (_, input) => ({
      at: { ratio, input },
      takes: [],
    }))
  );
  const chains = chainsOf(
    {
      ratio: { kind: "choice", values: [4, 8] },
      input: { kind: "number", range: [0, 12], unit: "" },
    },
    settings,
  );
  assert.ok(chains.every((chain) => chain.length <= 7));
  assert.deepEqual(
    chains.map((chain) => chain[0].at.input),
    [12, 5, 12, 5],
  );
  for (const count of [1, 3, 8]) {
    const parts = Array.from(
      { length: count },
      (_, i) => shareOf(chains, { index: i + 1, count }),
    );
    assert.equal(new Set(parts.flat()).size, chains.length);
    assert.equal(parts.flat().length, chains.length);
  }
  assert.deepEqual(parsePart("2/8"), { index: 2, count: 8 });
  for (const wrong of ["0/8", "9/8", "2", "a/b", "1/0", "-1/2"]) {
    assert.throws(() => parsePart(wrong), RangeError);
  }
});
