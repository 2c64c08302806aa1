/** The check of a data set: what it finds, what it would leave out. @module */

import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { compress } from "../lib/compressor/compressor.ts";
import { findClipping } from "../lib/data/clipping.ts";
import {
  CHECK_PARTS,
  checkPair,
  type CheckRecord,
  type PairCheck,
  recordOfCheck,
} from "../lib/data/pair_check.ts";
import {
  inputFileName,
  listEntries,
  targetFileName,
} from "../lib/data/signaltrain.ts";
import { makeStimulus } from "../lib/data/stimulus.ts";
import type { Signal } from "../lib/sound/signal.ts";
import { dataSchema } from "../lib/data/data_config.ts";
import { openSource } from "../lib/data/source.ts";
import { readWav, writeWav } from "../lib/sound/wav.ts";
import { listTree, runTask, withFolder } from "./cli.ts";
import { type Layout, layOut } from "./wav_layouts.ts";

const RATE = 8000;
const PARAMETERS = {
  threshold_db: -30,
  ratio: 4,
  attack_ms: 5,
  release_ms: 100,
  make_up_db: 3,
};

function sound(seed: number, seconds = 3): Float32Array {
  return makeStimulus({ seconds, sampleRate: RATE, seed }).samples;
}

/** `signal`, `lag` samples late, of the same length. */
function late(signal: Signal, lag: number): Float64Array {
  return Float64Array.from(signal, (_, n) => signal[n - lag] ?? 0);
}

const DRY = sound(1);
const WET = compress(DRY, PARAMETERS, RATE);

/** Paths of pair `number`; every other pair is in limit mode. */
function pathsOf(folder: string, number: number): [string, string] {
  const name = targetFileName({
    number: String(number),
    kind: "3c",
    mode: number % 2 === 0 ? 0 : 1,
    peakReduction: 40,
  });
  const train = join(folder, "Train");
  return [join(train, inputFileName(String(number))), join(train, name)];
}

async function writePair(
  folder: string,
  number: number,
  dry: Signal,
  wet: Signal,
  rates = [RATE, RATE],
): Promise<void> {
  await Deno.mkdir(join(folder, "Train"), { recursive: true });
  const paths = pathsOf(folder, number);
  await writeWav(paths[0], dry, { sampleRate: rates[0] });
  await writeWav(paths[1], wet, { sampleRate: rates[1] });
}

/** The check of the only pair in `folder`. */
async function checkOnly(folder: string, maxLag = 2048): Promise<PairCheck> {
  const { entries } = await listEntries(folder);
  assert.equal(entries.length, 1);
  return await checkPair(entries[0], maxLag);
}

Deno.test("findClipping counts runs of equal samples at full scale, and no others", () => {
  const top = 1 - 2 ** -15;
  const cases: [number[], number, number, number][] = [
    [[0, 1, 1, 1, 0], 16, 1, 3],
    [[top, top, top, top], 16, 1, 4],
    [[-1, -1, -1, 1, 1, 1], 24, 2, 6],
    [[1, 1, 0, 1, 1], 16, 0, 0],
    [[0.5, 0.5, 0.5, 0.5], 16, 0, 0],
    [[1.1, 1.2, 1.3, 1.2], 32, 0, 0],
    [[2, 2, 2], 32, 1, 3],
    [[0.9921875, 0.9921875, 0.9921875], 8, 1, 3],
    [[0.9921875, 0.9921875, 0.9921875], 16, 0, 0],
    [[], 16, 0, 0],
  ];
  for (const [list, bits, runs, samples] of cases) {
    assert.deepEqual(findClipping(Float64Array.from(list), bits), {
      runs,
      samples,
    });
  }
});

Deno.test("findClipping never counts more samples than reach full scale", () => {
  const sample = fc.constantFrom(0, 0.5, 1, -1, 1.5);
  fc.assert(fc.property(fc.array(sample, { maxLength: 60 }), (list) => {
    const { runs, samples } = findClipping(Float64Array.from(list), 16);
    const full = list.filter((x) => Math.abs(x) >= 1).length;
    assert(samples <= full && 3 * runs <= samples);
  }));
});

Deno.test("checkPair has nothing against a good pair", async () => {
  await withFolder(async (folder) => {
    await writePair(folder, 2, DRY, WET);
    const check = await checkOnly(folder);
    assert.deepEqual(check.reasons, []);
    assert.deepEqual(check.notes, []);
    assert.equal(check.alignment!.lag, 0);
    assert(check.alignment!.match > 0.9);
    assert.equal(check.dry!.length, DRY.length);
    assert.equal(check.wet!.sampleRate, RATE);
    const record = recordOfCheck(check);
    assert.equal(record.leave_out, false);
    assert.equal(record.mode, "compress");
    assert.equal(record.peak_reduction, 40);
    assert.equal(record.target_seconds, 3);
    const peak = DRY.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    assert(Math.abs(record.input_peak_db! - 20 * Math.log10(peak)) < 1e-9);
  });
});

Deno.test("checkPair notes what a fit takes care of", async () => {
  const clippedOnce = WET.slice();
  clippedOnce.fill(1, 100, 103);
  const cases: [Signal, RegExp][] = [
    [late(WET, 123), /target is 123 samples late/],
    [late(WET, -7), /target is 7 samples early/],
    [WET.map((x) => -x), /opposite polarity/],
    [WET.subarray(0, 2 * RATE), /8000 samples \(1\.00 s\) shorter/],
    [clippedOnce, /target is clipped: 1 run at full scale, 0\.013 %/],
  ];
  for (const [wet, message] of cases) {
    await withFolder(async (folder) => {
      await writePair(folder, 1, DRY, wet);
      const { reasons, notes } = await checkOnly(folder);
      assert.deepEqual(reasons, []);
      assert.equal(notes.length, 1, notes.join());
      assert.match(notes[0].replaceAll("\u00a0", " "), message);
    });
  }
});

Deno.test("checkPair would leave out what a fit cannot make good, and says why", async () => {
  const clipped = WET.map((x) => Math.max(-1, Math.min(1, 30 * x)));
  const silence = new Float32Array(DRY.length);
  const cases: [Signal, Signal, RegExp, number[]?][] = [
    [DRY, sound(2), /match is poor \(0\.\d+ of 1\): other material/],
    [DRY, late(WET, 5000), /no lag stands out .*beyond 2048 samples/],
    [DRY, late(WET, 2048), /lag is at the end .*--max-lag/],
    [DRY, WET, /rates differ: input 8000 Hz, target 44100 Hz/, [8000, 44100]],
    [DRY, silence, /the target is silent/],
    [silence, WET, /the input is silent/],
    [DRY, clipped, /target is clipped: \d+ runs/],
  ];
  for (const [dry, wet, message, rates] of cases) {
    await withFolder(async (folder) => {
      await writePair(folder, 1, dry, wet, rates);
      const check = await checkOnly(folder);
      assert.equal(check.reasons.length, 1, check.reasons.join());
      assert.match(check.reasons[0], message);
      assert.equal(recordOfCheck(check).leave_out, true);
    });
  }
});

Deno.test("checkPair says which file cannot be used, and looks at the other", async () => {
  await withFolder(async (folder) => {
    await writePair(folder, 1, DRY, WET);
    const [input, target] = pathsOf(folder, 1);
    const bytes = await Deno.readFile(target);
    const withNan = bytes.slice();
    new DataView(withNan.buffer).setFloat32(44 + 4 * 777, NaN, true);
    const damages: [Uint8Array, RegExp][] = [
      [withNan, /^target sample 777 .*not a number/],
      [bytes.subarray(0, 900), /^target is truncated/],
      [bytes.subarray(0, 44), /^target is truncated/],
      [new Uint8Array(0), /^target is an empty file/],
      [new Uint8Array(90), /^target is not a WAV file/],
    ];
    for (const [damaged, message] of damages) {
      await Deno.writeFile(target, damaged);
      const check = await checkOnly(folder);
      assert.equal(check.reasons.length, 1);
      assert.match(check.reasons[0], message);
      assert(check.dry !== undefined && check.wet === undefined);
      assert.equal(recordOfCheck(check).match, null);
    }
    await Deno.writeFile(target, bytes);
    await Deno.remove(input);
    const { reasons } = await checkOnly(folder);
    assert.deepEqual(reasons, ["no input_1_.wav in Train/"]);
  });
});

Deno.test("checkPair tells of its parts, in order and not beyond the last", async () => {
  await withFolder(async (folder) => {
    await writePair(folder, 1, DRY, WET);
    const { entries } = await listEntries(folder);
    const parts: number[] = [];
    await checkPair(entries[0], 2048, (done) => parts.push(done));
    assert.deepEqual(parts, [1, 2, 3]);
    assert(parts.at(-1)! < CHECK_PARTS);
  });
});

Deno.test("checkPair finds a lag that drifts over a long recording", async () => {
  await withFolder(async (folder) => {
    const dry = sound(3, 64);
    const wet = compress(dry, PARAMETERS, RATE);
    const half = wet.length / 2;
    const drifting = late(wet, 10);
    drifting.set(late(wet, 14).subarray(half), half);
    await writePair(folder, 1, dry, drifting);
    const { reasons } = await checkOnly(folder);
    assert.equal(reasons.length, 1);
    assert.match(
      reasons[0],
      /^the wet recording has 4 samples too many between 31\.\d+\ss and 32\.\d+\ss/,
    );
  });
});

Deno.test("data:check --strict fails where a pair would be left out, and a source reads the list it writes", async () => {
  await withFolder(async (folder) => {
    const data = join(folder, "data");
    await writePair(data, 2, DRY, WET);
    await writePair(data, 3, DRY, sound(2));
    const list = join(folder, "good.yaml");
    const strict = await runTask("data:check", [
      data,
      "--strict",
      "--write-list",
      list,
    ]);
    assert.equal(strict.code, 1);
    assert.match(strict.stderr, /1 pair to be left out.* --data .*good\.yaml/s);
    const source = await openSource(dataSchema.parse({ folder: list }));
    const [good, bad] = [
      { mode: "compress", peakReduction: 40 },
      { mode: "limit", peakReduction: 40 },
    ] as const;
    assert.deepEqual(source.settings(), [good, bad]);
    assert.equal((await source.load(good)).dry.length, DRY.length);
    await assert.rejects(source.load(bad), /target_3_.*the match is poor/);
    const { unusable = [] } = source.describe();
    assert.deepEqual(unusable.map(({ mode }) => mode), ["limit"]);

    await Deno.remove(pathsOf(data, 3)[1]);
    assert.equal((await runTask("data:check", [data, "--strict"])).code, 0);
    await Deno.writeTextFile(list, "data: 3");
    await assert.rejects(
      openSource(dataSchema.parse({ folder: list })),
      /good\.yaml: .*data:check --write-list/,
    );
  });
});

Deno.test("data:check shows a folder as a table, as JSON and as a page that escapes names", async () => {
  await withFolder(async (outer) => {
    const folder = join(outer, "<b>takes & more</b>");
    await writePair(folder, 2, DRY, late(WET, 40));
    await writePair(folder, 3, DRY, sound(2));
    const [over] = pathsOf(folder, 4);
    await Deno.copyFile(pathsOf(folder, 2)[0], over);
    await Deno.writeTextFile(join(folder, "Train", "<i>.txt"), "");
    const page = join(outer, "check.html");
    const json = join(outer, "check.json");

    const { code, stdout, stderr } = await runTask("data:check", [
      folder,
      "--report",
      page,
      "--json",
      json,
    ]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /input|Target +Mode/);
    assert.match(stdout, /target_2_LA2A_3c__0__40\.wav.* 40 .*good/);
    assert.match(stdout, /target_3_LA2A_3c__1__40\.wav.*leave out/);
    assert.match(stdout, /target_3_LA2A_3c__1__40\.wav: the match is poor/);
    assert.match(stdout, /Inputs without a target\n.*input_4_\.wav/);
    assert.match(stdout, /2 targets, 1 good pair, 1 to be left out/);

    const found = JSON.parse(await Deno.readTextFile(json));
    assert.equal(found.surrogate, false);
    assert.deepEqual(found.unpaired_inputs, [over]);
    assert.equal(found.unrecognised.length, 1);
    assert.deepEqual(
      found.pairs.map((pair: { lag_samples: number; leave_out: boolean }) =>
        pair.leave_out ? "out" : pair.lag_samples
      ),
      [40, "out"],
    );

    const html = await Deno.readTextFile(page);
    assert.match(html, /target_2_LA2A_3c__0__40\.wav/);
    assert(!html.includes("<b>takes"), "the folder's name is escaped");
    assert(!html.includes("<i>.txt"), "a file's name is escaped");
  });
});

Deno.test("data:check shows a position of the knob as it is, and one target as one", async () => {
  await withFolder(async (folder) => {
    await writePair(folder, 1, DRY, WET);
    const [, target] = pathsOf(folder, 1);
    await Deno.rename(target, target.replace("__40.wav", "__72.5.wav"));
    const { code, stdout, stderr } = await runTask("data:check", [folder]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /__1__72\.5\.wav +limit +72\.5 +3\.0 +8000 +0 /);
    assert.match(stdout, /: 1 target, 1 good pair, 0 to be left out/);
  });
});

Deno.test("data:check prints what it found before it writes, and never into the data set", async () => {
  await withFolder(async (outer) => {
    const folder = join(outer, "set");
    await writePair(folder, 2, DRY, WET);
    const [input] = pathsOf(folder, 2);
    const bytes = await Deno.readFile(input);
    const over = await runTask("data:check", [folder, "--json", input]);
    assert.equal(over.code, 1);
    assert.match(over.stderr, /--json .*input_2_\.wav would overwrite/);
    assert.deepEqual(await Deno.readFile(input), bytes);
    await Deno.writeTextFile(join(folder, "README.txt"), "SURROGATE");
    const before = await listTree(outer);
    const notice = join(folder, "README.txt");
    const into = await runTask("data:check", [folder, "--json", notice]);
    assert.equal(into.code, 1);
    assert.match(into.stderr, /--json .* would overwrite a file in .*set, whi/);
    assert.deepEqual(await listTree(outer), before);

    // A folder that has the page's name.
    const page = join(outer, "new", "page.html");
    await Deno.mkdir(page, { recursive: true });
    const failed = await runTask("data:check", [folder, "--report", page]);
    assert.equal(failed.code, 1);
    assert.match(failed.stdout, /1 target, 1 good pair/);
    assert.match(failed.stderr, /page\.html cannot be written/);
  });
});

Deno.test("data:check refuses what is no data set, and leaves nothing behind", async () => {
  await withFolder(async (outer) => {
    const folder = join(outer, "empty");
    const good = join(outer, "good");
    const file = fileURLToPath(import.meta.url);
    await Deno.mkdir(folder);
    await writePair(good, 2, DRY, WET);
    const before = await listTree(outer);
    const cases: [string[], RegExp][] = [
      [[folder], /none of the folders Train\/, Val\/, Test\//],
      [[join(folder, "nowhere")], /nowhere: no such folder/],
      [[folder, "--report", "page.txt"], /page\.txt.*\.html/],
      [
        [good, "--report", join(file, "page.html")],
        /--report .*page\.html: cannot be written \(/,
      ],
      [[folder, "--max-lag", "-3"], /whole number/],
      [[], /DIR/],
    ];
    for (const [words, message] of cases) {
      const { code, stdout, stderr } = await runTask("data:check", words);
      assert.equal(code, 1, `${words}: ${stdout}`);
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /\n\s+at /, stderr);
    }
    assert.deepEqual(await listTree(outer), before);
  });
});

Deno.test("data:check reads a data set as people have it, and says of each file what fit would", () =>
  withFolder(async (folder) => {
    for (const split of ["Train", "Val"]) {
      await Deno.mkdir(join(folder, split), { recursive: true });
    }
    const levels = (samples: Signal) =>
      [...samples].map((x) => Math.max(-32768, Math.round(32767 * x)));
    const dry = levels(DRY);
    const wet = levels(WET);
    const layout = (channels: number[][], more: Partial<Layout> = {}) =>
      layOut({ channels, rate: RATE, ...more });
    const put = (
      split: string,
      number: number,
      target: Uint8Array | null,
      name = targetFileName({
        number: String(number),
        kind: "3c",
        mode: 0,
        peakReduction: 40 + number,
      }),
    ) =>
      Promise.all([
        Deno.writeFile(
          join(folder, split, inputFileName(String(number))),
          layout([dry]),
        ),
        target && Deno.writeFile(join(folder, split, name), target),
      ]);
    await put("Train", 1, layout([wet]));
    await put(
      "Train",
      2,
      layout([wet], { between: [["LIST", 27]], pad: null }),
    );
    await put("Train", 3, layout([wet], { dataSize: 0x7ffff000 }));
    await put("Train", 4, layout([wet], { container: "RF64" }));
    await put("Train", 5, layout([wet, wet]));
    await put("Train", 6, layout([wet], { dataSize: 2 * wet.length + 16 }));
    await put("Train", 7, layout([wet, dry]));
    await put("Train", 8, layout([wet], { rate: 2 * RATE }));
    await put("Train", 9, layout([wet], { code: 6 }));
    const capitals = "target_10_LA2A_3c__0__50.WAV";
    await put("Val", 10, layout([wet]), capitals);
    await put("Val", 11, layout([wet]));
    await Deno.remove(join(folder, "Val", inputFileName("11")));
    for (const name of ["._input_10_.wav", `._${capitals}`, ".DS_Store"]) {
      await Deno.writeFile(
        join(folder, "Val", name),
        Uint8Array.of(0, 5, 22, 7),
      );
    }
    const { code, stdout } = await runTask("data:check", [
      folder,
      "--json",
      "-",
    ]);
    assert.equal(code, 0);
    const { pairs, unrecognised } = JSON.parse(stdout);
    assert.deepEqual(unrecognised, []);
    const found = new Map<string, CheckRecord>(
      pairs.map((pair: CheckRecord) => [pair.number, pair]),
    );
    assert.equal(found.size, 11);
    for (const number of ["1", "2", "3", "4", "5", "6", "10"]) {
      const { leave_out, reasons, match } = found.get(number)!;
      assert.equal(leave_out, false, `${number}: ${reasons}`);
      assert.ok(match! > 0.9, number);
    }
    assert.deepEqual(found.get("6")!.notes, [
      "target: its header promises 16 bytes of samples more than there are; it is read to its end",
    ]);
    const reasons: [string, RegExp][] = [
      ["7", /^target has 2 channels that differ, where one is needed$/],
      ["8", /^the rates differ: input \d+ Hz, target \d+ Hz$/],
      ["9", /^target is coded as A-law .*, which is not read$/],
      ["11", /^no input_11_\.wav in Val\/$/],
    ];
    for (const [number, reason] of reasons) {
      assert.equal(found.get(number)!.reasons.length, 1);
      assert.match(found.get(number)!.reasons[0], reason);
      assert.equal(found.get(number)!.leave_out, true);
    }
    // The sweep's source reads them by the same reader, in the same words.
    const stereo = found.get("7")!;
    await assert.rejects(readWav(stereo.target), /has 2 channels that differ/);
  }));
