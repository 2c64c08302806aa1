/**
 * Channels: which belong together, several takes in one fit, linked detectors, and
 * sounds of several channels through the compressor. @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { loudest } from "../lib/compressor/linked.ts";
import { openEngine } from "../lib/engines/open.ts";
import { score, scoreTakes } from "../lib/metrics/score.ts";
import { esr } from "../lib/metrics/esr.ts";
import { valuesOf, vectorOf } from "../lib/models/model.ts";
import { readUnit } from "../lib/data/read_unit.ts";
import { parseModel } from "../lib/models/presets.ts";
import { chunk, chunkTakes } from "../lib/sound/chunks.ts";
import { createRandom } from "../lib/base/random.ts";
import { type ChannelChoice, takesOf } from "../lib/sound/channels.ts";
import type { Signal } from "../lib/sound/signal.ts";
import { SoundFileError } from "../lib/sound/sound_file.ts";
import { createWav, readChannels } from "../lib/sound/wav.ts";
import { runForJson, runTask, withFolder } from "./cli.ts";
import { writeChannels } from "./recordings.ts";
import { compress } from "./oracle.ts";

const RATE = 22050;
const TRUTH = {
  threshold_db: -24,
  ratio: 4,
  attack_ms: 3,
  release_ms: 150,
  make_up_db: 1,
};

/** Noise bursts at many levels. */
function sound(seed: number, seconds = 3): Float32Array {
  const random = createRandom(seed);
  let level = 0;
  return Float32Array.from({ length: seconds * RATE }, (_, n) => {
    if (n % 1500 === 0) level = 10 ** random.uniform(-1.7, -0.1);
    return level * random.uniform(-1, 1);
  });
}

/** What the mono model makes of `dry`, its detector hearing `heard`. */
function byHand(
  dry: Signal,
  heard: Signal = dry,
  params = TRUTH,
): Float32Array {
  const gained = compress(heard, params, RATE);
  return Float32Array.from(
    dry,
    (x, n) => heard[n] === 0 ? 0 : x * (gained[n] / heard[n]),
  );
}

const PAPER = parseModel("4a-2a");
const LEFT = sound(1);
const RIGHT = sound(2).map((x) => 0.8 * x);
const SILENT = new Float32Array(LEFT.length);
const LOUDEST = loudest([LEFT, RIGHT], new Float32Array(LEFT.length));

/** The takes of channels by name, each as "dry wet". */
function takes(
  dry: readonly Signal[],
  wet: readonly Signal[],
  choice: ChannelChoice = {},
): string[] {
  const nameOf = (signal: Signal) =>
    Object.entries({ LEFT, RIGHT, SILENT }).find(([, one]) =>
      one.every((x, n) => x === signal[n])
    )![0];
  return takesOf(
    { file: "dry.wav", channels: dry },
    { file: "wet.wav", channels: wet },
    choice,
  ).map((take) => `${nameOf(take.dry)} ${nameOf(take.wet)} ${take.channel}`);
}

Deno.test("takesOf() pairs channels that belong together and needs no choice where there is none", () => {
  const copy = LEFT.slice();
  const both = ["LEFT LEFT 1", "RIGHT RIGHT 2"];
  assert.deepEqual(takes([LEFT], [RIGHT]), ["LEFT RIGHT 1"]);
  assert.deepEqual(takes([LEFT, copy], [RIGHT]), ["LEFT RIGHT 1"]);
  assert.deepEqual(takes([LEFT], [RIGHT, RIGHT]), ["LEFT RIGHT 1"]);
  assert.deepEqual(takes([LEFT], [SILENT, RIGHT]), ["LEFT RIGHT 2"]);
  assert.deepEqual(takes([LEFT, copy], [SILENT, RIGHT]), ["LEFT RIGHT 2"]);
  assert.deepEqual(takes([LEFT, SILENT], [SILENT, RIGHT]), ["LEFT RIGHT 2"]);
  assert.deepEqual(takes([SILENT, LEFT], [RIGHT]), ["LEFT RIGHT 1"]);
  assert.deepEqual(takes([LEFT, RIGHT], [LEFT, RIGHT]), both);
  assert.deepEqual(takes([LEFT], [LEFT, RIGHT]), [
    "LEFT LEFT 1",
    "LEFT RIGHT 2",
  ]);
  assert.deepEqual(
    takes([LEFT, SILENT, RIGHT], [LEFT, RIGHT, RIGHT]),
    ["LEFT LEFT 1", "RIGHT RIGHT 3"],
  );
  // Silence all over is for others to name.
  assert.deepEqual(takes([LEFT, RIGHT], [SILENT, SILENT], { channel: 2 }), [
    "RIGHT SILENT 2",
  ]);
});

Deno.test("takesOf() takes the channels that were chosen, apart or for both", () => {
  const dry = [LEFT, RIGHT];
  assert.deepEqual(takes(dry, dry, { channel: 2 }), ["RIGHT RIGHT 2"]);
  assert.deepEqual(takes([LEFT], dry, { channel: 2 }), ["LEFT RIGHT 2"]);
  assert.deepEqual(takes(dry, [LEFT], { channel: 2 }), ["RIGHT LEFT 1"]);
  assert.deepEqual(takes(dry, [LEFT], { dryChannel: 1 }), ["LEFT LEFT 1"]);
  assert.deepEqual(
    takes(dry, dry, { dryChannel: 2, wetChannel: 1 }),
    ["RIGHT LEFT 1"],
  );
  assert.deepEqual(
    takes(dry, dry, { channel: 1, wetChannel: 2 }),
    ["LEFT RIGHT 2"],
  );
});

Deno.test("what takesOf() advises works", () => {
  const sides = fc.array(fc.constantFrom(LEFT, RIGHT, SILENT), {
    minLength: 1,
    maxLength: 4,
  });
  const number = fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined });
  let advised = 0;
  fc.assert(
    fc.property(
      sides,
      sides,
      fc.record({ channel: number, dryChannel: number, wetChannel: number }),
      (dry, wet, choice) => {
        let given: ChannelChoice = choice;
        // Each piece of advice is followed; after a few there is none left.
        for (let i = 0; i < 4; i++) {
          try {
            assert.ok(takes(dry, wet, given).length > 0);
            return;
          } catch (error) {
            assert.ok(error instanceof SoundFileError, `${error}`);
            advised++;
            const next: Record<string, number | undefined> = { ...given };
            const { remedy } = error;
            for (
              const [option, key] of [
                ["--channel", "channel"],
                ["--dry-channel", "dryChannel"],
                ["--wet-channel", "wetChannel"],
              ]
            ) {
              if (remedy.includes(`Leave ${option} out`)) delete next[key];
              const range = new RegExp(`${option} 1 … (\\d)`).exec(remedy);
              if (range) next[key] = Number(range[1]);
            }
            assert.notDeepEqual(next, given, remedy);
            given = next;
          }
        }
        assert.fail(`advised without end: ${JSON.stringify(given)}`);
      },
    ),
    { numRuns: 500 },
  );
  assert.ok(advised > 20);
  assert.throws(
    () => takes([LEFT, RIGHT], [LEFT]),
    /dry\.wav: has 2 channels that differ, wet\.wav one.*--dry-channel 1 … 2$/,
  );
  assert.throws(
    () => takes([LEFT], [LEFT], { channel: 3 }),
    /has 1 channel, and so no channel 3\. Leave --channel out/,
  );
});

Deno.test("chunkTakes() lays takes side by side, and no chunk has a part in two", () => {
  const pairs = [LEFT, RIGHT.subarray(0, -500)].map((dry) => ({
    dry,
    wet: byHand(dry),
    sampleRate: RATE,
  }));
  for (const [chunkSeconds, overlapSeconds] of [[0.5, 0.1], [9, 1]]) {
    const options = { chunkSeconds, overlapSeconds };
    const alone = chunk(pairs[1], options);
    const joined = chunkTakes(pairs, options);
    const length = pairs[1].dry.length;
    assert.equal(joined.dry.length, 2 * length);
    assert.equal(joined.starts.length, 2 * alone.starts.length);
    assert.equal(joined.chunkLength, alone.chunkLength);
    assert.equal(joined.warmUp, alone.warmUp);
    joined.starts.forEach((start, i) => {
      const take = i < alone.starts.length ? 0 : 1;
      const at = start - take * length;
      assert.equal(at, alone.starts[i % alone.starts.length]);
      assert.ok(at + joined.chunkLength <= length);
      for (const side of ["dry", "wet"] as const) {
        assert.deepEqual(
          joined[side].subarray(start, start + 50),
          pairs[take][side].subarray(at, at + 50),
        );
      }
    });
  }
});

Deno.test("scoreTakes() is score() of one take, and knows a linked detector", async () => {
  const pair = { dry: LEFT, wet: byHand(LEFT), sampleRate: RATE };
  const off = { ...TRUTH, ratio: 3 };
  assert.deepEqual(
    await scoreTakes([pair], PAPER, off),
    score(pair, [off])[0],
  );
  const twice = await scoreTakes([pair, pair], PAPER, off);
  assert.ok(Math.abs(twice.esr / score(pair, [off])[0].esr - 1) < 1e-12);
  const linked = { ...pair, wet: byHand(LEFT, LOUDEST), heard: LOUDEST };
  assert.ok((await scoreTakes([linked], PAPER, TRUTH)).esr < 1e-11);
  assert.ok(score(linked, [TRUTH])[0].esr > 1e-3);
});

Deno.test("the engine webgpu refuses a linked detector, with the remedy", async () => {
  const pair = { dry: LEFT, wet: RIGHT, heard: LOUDEST, sampleRate: RATE };
  await assert.rejects(
    openEngine("webgpu", chunk(pair), PAPER),
    /webgpu has no linked detector: use --engine wasm or reference/,
  );
});

/** The parameters that `fit` finds, and all else that it says. */
async function fit(...words: string[]) {
  const { result, stderr } = await runForJson("fit", words);
  return { ...result, stderr };
}

function assertTruth(params: Record<string, number>): void {
  for (const [key, value] of Object.entries(TRUTH)) {
    assert.ok(
      Math.abs(params[key] / value - 1) < 1e-3,
      `${key} ${params[key]}`,
    );
  }
}

Deno.test("fit takes mono with stereo, identical channels as one, and channels chosen apart", () =>
  withFolder(async (folder) => {
    const at = (name: string) => join(folder, name);
    const wet = byHand(LEFT);
    await writeChannels(at("dry.wav"), [LEFT], RATE);
    await writeChannels(at("dry_both.wav"), [LEFT, LEFT], RATE);
    await writeChannels(at("right.wav"), [SILENT, wet], RATE);
    await writeChannels(at("both.wav"), [wet, wet], RATE);
    await writeChannels(at("one.wav"), [LEFT, wet], RATE);
    await writeChannels(at("wet.wav"), [wet], RATE);
    const cases = [
      ["dry.wav", "right.wav"],
      ["dry.wav", "right.wav", "--channel", "2"],
      ["dry.wav", "both.wav"],
      ["dry_both.wav", "wet.wav"],
      ["dry_both.wav", "right.wav"],
      ["one.wav", "one.wav", "--dry-channel", "1", "--wet-channel", "2"],
    ];
    for (const [dry, wet, ...words] of cases) {
      const { params, takes, stderr } = await fit(at(dry), at(wet), ...words);
      assertTruth(params);
      assert.equal(takes.length, 1);
      assert.equal(stderr, "", `${dry} ${wet}`);
    }
    const { code, stderr } = await runTask("fit", [
      at("one.wav"),
      at("wet.wav"),
    ]);
    assert.equal(code, 1);
    assert.match(stderr, /2 channels that differ.*--dry-channel 1 … 2/);
  }));

Deno.test("fit of different channels is one fit to two takes, or to one with a linked detector", () =>
  withFolder(async (folder) => {
    const at = (name: string) => join(folder, name);
    await writeChannels(at("dry.wav"), [LEFT, RIGHT], RATE);
    await writeChannels(at("apart.wav"), [byHand(LEFT), byHand(RIGHT)], RATE);
    await writeChannels(at("linked.wav"), [
      byHand(LEFT, LOUDEST),
      byHand(RIGHT, LOUDEST),
    ], RATE);
    const apart = await fit(at("dry.wav"), at("apart.wav"));
    assertTruth(apart.params);
    assert.equal(apart.takes.length, 2);
    assert.ok(apart.esr < 1e-9 && apart.whole_esr < 1e-9);
    for (const engine of ["wasm", "reference"]) {
      const linked = await fit(
        at("dry.wav"),
        at("linked.wav"),
        "--link",
        "--engine",
        engine,
      );
      assertTruth(linked.params);
      assert.ok(linked.esr < 1e-9 && linked.whole_esr < 1e-9, linked.whole_esr);
    }
    const wrong = await fit(at("dry.wav"), at("linked.wav"));
    assert.ok(wrong.esr > 1e-3, `${wrong.esr}`);
    const params = JSON.stringify(TRUTH);
    const esrOf = async (...words: string[]) => {
      const { code, stdout, stderr } = await runTask("objective", [
        at("dry.wav"),
        at("linked.wav"),
        "--params",
        params,
        "--json",
        "-",
        ...words,
      ]);
      assert.equal(code, 0, stderr);
      return JSON.parse(stdout).esr;
    };
    assert.ok(await esrOf("--link") < 1e-9);
    assert.ok(await esrOf() > 1e-3);
  }));

Deno.test("fit of linked channels finds the parameters of any model, and its unit says that they are linked", () =>
  withFolder(async (folder) => {
    const at = (name: string) => join(folder, name);
    const unit = at("unit.yaml");
    await writeChannels(at("dry.wav"), [LEFT, RIGHT], RATE);
    for (const name of ["rms", "opto+coupling"]) {
      const model = parseModel(name);
      const truth = {
        ...Object.fromEntries(
          model.parameters.map(({ name, start }) => [name, start]),
        ),
        ...TRUTH,
        averaging_coefficient: 0.02,
      };
      const render = await runTask("render", [
        ...[at("dry.wav"), at("wet.wav"), "--link", "--model", name],
        ...[
          "--params",
          JSON.stringify(valuesOf(model, vectorOf(model, truth))),
        ],
      ]);
      assert.equal(render.code, 0, render.stderr);
      const found = await fit(
        ...[at("dry.wav"), at("wet.wav"), "--link", "--model", name],
        ...["--out", unit],
      );
      assert.ok(found.esr < 1e-8 && found.whole_esr < 1e-8, `${found.esr}`);
      assert.ok(Math.abs(found.params.ratio / truth.ratio - 1) < 1e-2);
      const read = readUnit(await Deno.readTextFile(unit), unit);
      const [setting] = read.settings;
      assert.equal(setting.link, true);
      const sides = { dry: at("dry.wav"), wet: at("wet.wav") };
      const recordings = setting.recordings ?? [];
      assert.deepEqual(
        recordings.map(({ lag_samples: _, ...recording }) => recording),
        [{}, { channel: 2 }].map((of) => ({ ...sides, ...of, polarity: 1 })),
      );
      for (const { lag_samples } of recordings) {
        assert.ok(Math.abs(lag_samples!) < 1e-4, `${lag_samples}`);
      }
      const [json] = readUnit(JSON.stringify(found), "fit.json").settings;
      assert.equal(json.link, true);
      // What it found plays what was recorded.
      const again = await runTask("render", [
        ...[at("dry.wav"), at("again.wav"), "--link", "--params", unit],
      ]);
      assert.equal(again.code, 0, again.stderr);
      const [wet, played] = await Promise.all(
        ["wet.wav", "again.wav"].map((name) => readChannels(at(name))),
      );
      wet.channels.forEach((samples, c) =>
        assert.ok(esr(played.channels[c], samples) < 1e-6)
      );
    }
    // One that is not says nothing of it.
    await fit(
      ...[at("dry.wav"), at("wet.wav"), "--channel", "2", "--out", unit],
    );
    const [setting] = readUnit(await Deno.readTextFile(unit), unit).settings;
    assert.equal(setting.link, undefined);
    assert.equal(setting.recordings![0].channel, 2);
  }));

Deno.test("render sends every channel through, unlinked or linked, as the mono model does by hand", () =>
  withFolder(async (folder) => {
    const path = join(folder, "in.wav");
    const out = join(folder, "out.wav");
    const params = JSON.stringify(TRUTH);
    const render = async (...words: string[]) => {
      const { code, stderr } = await runTask("render", [
        path,
        out,
        "--params",
        params,
        ...words,
      ]);
      assert.equal(code, 0, stderr);
      return (await readChannels(out)).channels;
    };
    const assertNear = (got: Signal[], wanted: Signal[]) => {
      assert.equal(got.length, wanted.length);
      got.forEach((samples, c) => {
        assert.equal(samples.length, wanted[c].length);
        let worst = 0;
        for (let n = 0; n < samples.length; n++) {
          worst = Math.max(worst, Math.abs(samples[n] - wanted[c][n]));
        }
        assert.ok(worst <= 1e-6, `channel ${c + 1} differs by ${worst}`);
      });
    };
    for (const channels of [[LEFT, RIGHT], [LEFT, RIGHT, SILENT, sound(4)]]) {
      await writeChannels(path, channels, RATE);
      assertNear(await render(), channels.map((x) => byHand(x)));
      const heard = loudest(channels, new Float32Array(LEFT.length));
      const linked = channels.map((x) => byHand(x, heard));
      assertNear(await render("--link"), linked);
      assertNear(await render("--channel", "2"), [byHand(RIGHT)]);
      // Levels of 16 bits, whatever the channels.
      const coarse = await render("--format", "16", "--link");
      coarse.forEach((samples, c) =>
        samples.forEach((x, n) =>
          assert.ok(Math.abs(x - linked[c][n]) <= 2 ** -16 + 1e-6)
        )
      );
    }
    const refused = await runTask("render", [
      path,
      out,
      "--params",
      params,
      "--link",
      "--weights",
      "weights.json",
    ]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /--link belongs to a compressor, not/);
  }));

Deno.test("render sends as many channels through as a file has", () =>
  withFolder(async (folder) => {
    const [path, out] = ["in.wav", "out.wav"].map((name) => join(folder, name));
    const channels = Array.from(
      { length: 150 },
      (_, c) => LEFT.subarray(c, c + 3000),
    );
    await writeChannels(path, channels, RATE);
    const { code, stderr } = await runTask("render", [
      path,
      out,
      "--params",
      JSON.stringify(TRUTH),
    ]);
    assert.equal(code, 0, stderr);
    const got = (await readChannels(out)).channels;
    assert.equal(got.length, 150);
    const wanted = byHand(channels[149]);
    assert.ok(got[149].every((x, n) => Math.abs(x - wanted[n]) <= 1e-6));
  }));

/** Highest memory, in bytes, of a render of `seconds` of stereo. */
async function memoryOf(folder: string, seconds: number): Promise<number> {
  const rate = 8000;
  const path = join(folder, `${seconds}.wav`);
  const block = sound(3, 1).subarray(0, rate);
  await using file = await createWav(path, {
    sampleRate: rate,
    channels: 2,
    format: { bits: 8, float: false },
  });
  for (let n = 0; n < seconds; n++) await file.write(block, block);
  await file.close();
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--allow-read",
      "--allow-write",
      "--allow-env",
      new URL("./peak_memory.ts", import.meta.url).pathname,
      path,
      join(folder, "out.wav"),
      "--params",
      JSON.stringify(TRUTH),
      "--link",
      "--format",
      "16",
    ],
    stderr: "null",
  }).output();
  assert.equal(code, 0);
  return Number(new TextDecoder().decode(stdout));
}

Deno.test({
  name: "an hour of stereo renders in no more memory than a minute",
  fn: () =>
    withFolder(async (folder) => {
      const minute = await memoryOf(folder, 60);
      const hour = await memoryOf(folder, 3600);
      assert.ok(minute > 1e7, `${minute}`);
      // The hour's samples alone would take 230 MB.
      assert.ok(hour - minute < 60e6, `${minute} to ${hour} bytes`);
    }),
});
