/** What the commands share: parameters, paths and the wording of errors. @module */

import assert from "node:assert/strict";
import { join } from "node:path";
import * as z from "zod";
import { writeFileWhole } from "../lib/base/atomic_file.ts";
import {
  configOf,
  messageOf,
  REPORTS,
  requireDistinctFiles,
  resultsFolder,
} from "../lib/cli/command_line.ts";
import { readSetting } from "../lib/commands/unit_files.ts";
import { fitSchema } from "../lib/fitting/fit_config.ts";
import { dataSchema } from "../lib/data/data_config.ts";
import { reasonOf } from "../lib/base/file_error.ts";
import { readWav, writeWav } from "../lib/sound/wav.ts";
import { listTree, runTask, withFolder } from "./cli.ts";

const PARAMETERS = {
  threshold_db: -24,
  ratio: 4,
  attack_ms: 2,
  release_ms: 200,
  make_up_db: 1,
};

/** Text of `PARAMETERS` as YAML, indented by `indent`. */
function yaml(indent = ""): string {
  return Object.entries(PARAMETERS)
    .map(([key, value]) => `${indent}${key}: ${value}\n`).join("");
}

/** Runs `body` as if a person stood in a new folder. */
async function standingIn(body: (folder: string) => Promise<void>) {
  const before = Deno.env.get("INIT_CWD");
  await withFolder(async (folder) => {
    Deno.env.set("INIT_CWD", folder);
    try {
      await body(folder);
    } finally {
      if (before === undefined) Deno.env.delete("INIT_CWD");
      else Deno.env.set("INIT_CWD", before);
    }
  });
}

Deno.test("readSetting() takes text or a file, YAML or JSON, at its top or under params", async () => {
  await standingIn(async (folder) => {
    const forms: Record<string, string> = {
      "flat.yaml": yaml(),
      "nested.yaml": `params:\n${yaml("  ")}esr: 0.01\ndry: a.wav\n`,
      "flat.json": JSON.stringify(PARAMETERS),
      // As `fit --json` writes it.
      "nested.json": JSON.stringify(
        { params: PARAMETERS, esr: 0.01, hessian: [[1, 2], [3, 4]] },
        null,
        2,
      ),
    };
    for (const [name, text] of Object.entries(forms)) {
      await Deno.writeTextFile(join(folder, name), text);
      assert.deepEqual((await readSetting(name)).values, PARAMETERS, name);
      if (name.endsWith(".json")) {
        assert.deepEqual((await readSetting(text)).values, PARAMETERS, name);
      }
    }
    await assert.rejects(readSetting("none.json"), /^.*none\.json: no such/);
    await assert.rejects(readSetting(""), /--params is empty: give/);
    await assert.rejects(
      readSetting("{}"),
      /--params: "threshold_db" is missing\. Model 4a-2a has threshold_db, .*; name another model with --model$/,
    );
    await assert.rejects(readSetting("[1, 2]"), /--params: must hold keys/);
    await assert.rejects(
      readSetting('{"params": {"ratio": 4}}'),
      /--params: "params\.threshold_db"/,
    );
    await Deno.mkdir(join(folder, "folder"));
    await assert.rejects(
      readSetting("folder"),
      /folder: cannot be read \(it is a folder\)/,
    );
  });
});

Deno.test("paths in options, in --set and in a config are relative to where the person stands", async () => {
  await standingIn(async (folder) => {
    const schema = fitSchema.extend({ data: dataSchema.prefault({}) });
    const folders = async (...given: Parameters<typeof configOf>[2][]) =>
      (await configOf(schema, "fit", given[0])).data;
    const inside = join(folder, "inside");
    assert.equal((await folders({ data: "inside" })).folder, inside);
    assert.equal((await folders({ stimulus: "inside" })).stimulus, inside);
    assert.equal(
      (await folders({ set: ["data.folder=inside"] })).folder,
      inside,
    );
    await Deno.mkdir(join(folder, "configs"));
    await Deno.writeTextFile(
      join(folder, "configs", "mine.yaml"),
      "data: { folder: ../elsewhere, stimulus: /anywhere }\n",
    );
    const data = await folders({ config: "configs/mine.yaml" });
    assert.equal(data.folder, join(folder, "..", "elsewhere"));
    assert.equal(data.stimulus, "/anywhere");
    assert.equal((await folders({})).folder, null);

    assert.equal(resultsFolder("mine"), join(folder, "mine"));
    assert.equal(resultsFolder(undefined), REPORTS);
    assert.equal(
      REPORTS,
      join(new URL("..", import.meta.url).pathname, "reports"),
    );
  });
});

Deno.test("what the system says of files is put into words, without its numbers", async () => {
  const systemError = (code: string, text: string) =>
    Object.assign(new Error(`${text} (os error 30): mkdir '/data/new'`), {
      code,
    });
  const readOnly = systemError("EROFS", "Read-only file system");
  assert.equal(reasonOf(readOnly), "the disk is read-only");
  assert.equal(
    messageOf(readOnly),
    "'/data/new': the disk is read-only. Check the path, and that it may be read or written to",
  );
  assert.match(
    messageOf(systemError("ENOSPC", "No space left")),
    /'\/data\/new': the disk is full/,
  );
  // Where the output goes, there is no path to name.
  assert.equal(
    messageOf(Object.assign(new Error("No space left"), { code: "ENOSPC" })),
    "the disk is full: check where the output goes",
  );
  assert.equal(
    messageOf(
      new Deno.errors.NotCapable(
        'Requires all access to "/dev/stdin", run again with the --allow-all flag',
      ),
    ),
    '"/dev/stdin": this program has no permission for it. Check the path, and that it may be read or written to',
  );
  // A code that is not known keeps the system's own words.
  const strange = systemError("ESTRANGE", "Something strange");
  assert.doesNotMatch(reasonOf(strange), /os error/);
  assert.match(reasonOf(strange), /Something strange/);

  await withFolder(async (folder) => {
    const file = join(folder, "file");
    await Deno.writeTextFile(file, "");
    await assert.rejects(
      writeFileWhole(join(file, "below"), "text"),
      /below cannot be written \((something else|part of its path)[^)]*\): check/,
    );
    await assert.rejects(
      writeFileWhole(join(folder, "x".repeat(300)), "text"),
      /cannot be written \(its name is too long\): choose a shorter name$/,
    );
    await assert.rejects(
      writeWav(join(file, "below.wav"), new Float32Array(1), {
        sampleRate: 8000,
      }),
      /below\.wav: cannot be written \(part of its path is a file/,
    );
    const made = await runTask("data:make", [join(file, "below")]);
    assert.equal(made.code, 1);
    assert.match(
      made.stderr,
      /file\/below': (something else|part of its path)/,
    );
    assert.doesNotMatch(made.stderr, /os error/);
  });
});

Deno.test("messageOf() shows no character that would steer the terminal", () => {
  assert.equal(
    messageOf(new Error("key \x1b[31mred\x07\x9b\nnext line")),
    "key \\x1b[31mred\\x07\\x9b\nnext line",
  );
});

Deno.test("requireDistinctFiles() sees through links and spellings, of what is not there yet too", async () => {
  await standingIn(async (folder) => {
    const at = (name: string) => join(folder, name);
    for (const name of ["sub", "read"]) await Deno.mkdir(at(name));
    for (const name of ["dry.wav", "wet.wav", "read/take.wav"]) {
      await Deno.writeTextFile(at(name), name);
    }
    const links = Deno.build.os !== "windows";
    if (links) {
      await Deno.symlink(at("dry.wav"), at("link.wav"));
      await Deno.symlink(at("sub"), at("other"));
      await Deno.symlink(at("read"), at("other read"));
    }
    const inputs = [
      "dry.wav",
      at("wet.wav"),
      "read",
      null,
      undefined,
      "",
      "{a: 3}",
    ];
    const allowed: Record<string, string | undefined>[] = [
      {},
      { "--out": undefined, "--json": "-" },
      { "--out": "sub/dry.wav", "--json": "wet.wav.json" },
      { "--out": "new/x.yaml", "--json": "new/y.yaml" },
      { "--out": "..new/x.yaml", "--json": "read2/x.json" },
      { "--out": "read/new/x.yaml", "--json": "read/page.json" },
    ];
    for (const outputs of allowed) await requireDistinctFiles(inputs, outputs);
    const refused: [Record<string, string>, RegExp][] = [
      [
        { "--out": "dry.wav" },
        /^Error: --out dry\.wav would overwrite dry\.wav, which is read: choose another name$/,
      ],
      [
        { "--json": "sub/.././wet.wav" },
        /--json .* would overwrite .*wet\.wav/,
      ],
      [{ "--out": at("dry.wav") }, /would overwrite dry\.wav/],
      [
        { "--out": "new/x", "--json": "./sub/../new/x" },
        /--json \S+ would overwrite what --out writes/,
      ],
      [
        { "--json": "read/take.wav" },
        /^Error: --json read\/take\.wav would overwrite a file in read, which is read: choose another name$/,
      ],
      [{ "--json": "sub/../read" }, /would overwrite read, which is read/],
      [
        { "--out": "new", "--json": "new/x" },
        /--json new\/x lies in what --out writes/,
      ],
      ...(links
        ? [
          [
            { "--out": "other read/take.wav" },
            /overwrite a file in read, which/,
          ],
          [{ "--out": "link.wav" }, /overwrite dry\.wav/],
          [{ "--out": "sub/x", "--json": "other/x" }, /what --out writes/],
        ] as [Record<string, string>, RegExp][]
        : []),
    ];
    for (const [outputs, message] of refused) {
      await assert.rejects(requireDistinctFiles(inputs, outputs), message);
    }
  });
});

Deno.test("configOf() refuses a --json that would overwrite the config or what it names", async () => {
  const schema = fitSchema.extend({
    data: dataSchema.prefault({}),
    pair: z.strictObject({ dry: z.string(), wet: z.string() }).nullish(),
  });
  await standingIn(async (folder) => {
    await Deno.writeTextFile(join(folder, "my.yaml"), "engine: wasm\n");
    for (const name of ["set/Train/input_1_.wav", "music/take.wav"]) {
      await Deno.mkdir(join(folder, name, ".."), { recursive: true });
      await Deno.writeTextFile(join(folder, name), "sound");
    }
    const data = { data: "set", json: "set/Train/input_1_.wav" };
    const music = { stimulus: "music", json: "music/take.wav" };
    const pair = { "pair.dry": "a.wav", "pair.wet": "b.wav" };
    const refused: [Parameters<typeof configOf>[2], object?][] = [
      [{ config: "my.yaml", json: "my.yaml" }],
      [data],
      [{ ...data, data: undefined, set: ["data.folder=set"] }],
      [music],
      [{ json: "a.wav" }, pair],
      [{ json: "./b.wav" }, pair],
    ];
    for (const [options, more] of refused) {
      await assert.rejects(
        configOf(schema, "fit", options, { ...more }),
        /--json \S+ would overwrite (a file in )?\S+, which is read: choose/,
        JSON.stringify(options),
      );
      for (const json of ["-", "result.json", undefined]) {
        await configOf(schema, "fit", { ...options, json }, { ...more });
      }
    }
  });
});

Deno.test("an experiment does not write its result over what it reads", async () => {
  await withFolder(async (folder) => {
    const rendered = "renderings/target_1_LA2A_3c__0__80.wav";
    await Deno.mkdir(join(folder, "renderings"));
    await Deno.mkdir(join(folder, "set", "Train"), { recursive: true });
    await Deno.writeTextFile(join(folder, "my.yaml"), "{}\n");
    const recording = "set/Train/input_1_.wav";
    for (const name of ["a.wav", "b.wav", rendered, recording]) {
      await writeWav(join(folder, name), new Float32Array(99), {
        sampleRate: 8000,
      });
    }
    const cases: [string, string[]][] = [
      ["hessian-bench", ["--config", "my.yaml", "--json", "my.yaml"]],
      ["convergence", ["--dry", "a.wav", "--wet", "b.wav", "--json", "a.wav"]],
      ["ff", ["--stimulus", ".", "--json", "b.wav"]],
      ["sweep", ["--data", "set", "--json", recording]],
      ["baselines", ["--rendered", "X=renderings", "--json", rendered]],
    ];
    const before = await listTree(folder);
    for (const [name, words] of cases) {
      const { code, stderr } = await runTask(
        `exp:${name}`,
        [...words, "--out", "reports"],
        folder,
      );
      assert.equal(code, 1, name);
      assert.match(
        stderr,
        /--json \S+ would overwrite (a file in )?\S+, which is/,
      );
    }
    assert.deepEqual(await listTree(folder), before);
  });
});

Deno.test("configOf() blames the option that was typed", async () => {
  const schema = fitSchema.extend({ data: dataSchema.prefault({}) });
  await assert.rejects(
    configOf(schema, "fit", { stimulus: "" }),
    /^ConfigError: --stimulus "": "data\.stimulus": is empty/,
  );
  await assert.rejects(
    configOf(schema, "fit", {}, { "chunks.chunk_seconds": -1 }),
    /^ConfigError: --chunk -1: /,
  );
  // The switch has no value.
  await assert.rejects(
    configOf(
      schema,
      "fit",
      { set: ["alignment=3"] },
      { "alignment.enabled": false },
    ),
    /^ConfigError: --no-align: /,
  );
});

Deno.test("a file whose name begins with a dash can be named after --", async () => {
  await withFolder(async (folder) => {
    const text = JSON.stringify(PARAMETERS);
    const render = (...words: string[]) => runTask("render", words, folder);
    await writeWav(join(folder, "-lead dry.wav"), new Float32Array(99), {
      sampleRate: 8000,
    });
    // The options come first then.
    const named = await render(
      "--params",
      text,
      "--",
      "-lead dry.wav",
      "a.wav",
    );
    assert.equal(named.code, 0, named.stderr);
    const first = await render("--", "-lead dry.wav", "a.wav");
    assert.match(first.stderr, /say which compressor/);
    // Before an option it is left out.
    const option = await render("--", "--params", text, "none.wav", "a.wav");
    assert.match(option.stderr, /none\.wav: no such file/);
  });
});

Deno.test("render makes the folder of its result, and blames parameters that are too loud for any sound", async () => {
  await withFolder(async (folder) => {
    const dry = join(folder, "dry.wav");
    await writeWav(dry, new Float32Array(99).fill(0.1), { sampleRate: 8000 });
    const out = join(folder, "new", "folder", "out.wav");
    const render = (make_up_db: number, ...words: string[]) =>
      runTask("render", [
        dry,
        out,
        "--params",
        JSON.stringify({ ...PARAMETERS, make_up_db }),
        ...words,
      ]);
    const loud = await render(500);
    assert.equal(loud.code, 1);
    assert.match(loud.stderr, /lower the make-up gain of 500\.00\sdB/);
    assert.deepEqual(await listTree(folder), [dry]);
    const over = await render(1, "--json", out);
    assert.equal(over.code, 1);
    assert.match(
      over.stderr,
      /--json .*out\.wav would overwrite what OUT\.wav/,
    );
    const good = await render(1);
    assert.equal(good.code, 0, good.stderr);
    assert.deepEqual(await listTree(folder), [dry, out]);
    const other = await runTask("render", [
      ...[dry, join(folder, "out.mp3")],
      ...["--params", JSON.stringify(PARAMETERS)],
    ]);
    assert.equal(other.code, 1);
    assert.match(other.stderr, /out\.mp3: its name must end in \.wav/);
    assert.deepEqual(await listTree(folder), [dry, out]);
  });
});

Deno.test("report does not make a folder that it was told of and that is not there", async () => {
  await withFolder(async (folder) => {
    const none = join(folder, "none");
    const { code, stderr } = await runTask("report", [none]);
    assert.equal(code, 1);
    assert.match(stderr, /none: no such folder/);
    assert.deepEqual(await listTree(folder), []);
    if (Deno.build.os === "windows") return;
    // Not every folder that cannot be opened is missing.
    const loop = join(folder, "loop");
    await Deno.symlink(loop, loop);
    const round = await runTask("report", [loop]);
    assert.equal(round.code, 1);
    assert.match(round.stderr, /loop': its links go round in a circle/);
  });
});

Deno.test("objective and render take the JSON that fit writes, and refuse what is not one compressor", async () => {
  await withFolder(async (folder) => {
    const sound = Float32Array.from(
      { length: 16000 },
      (_, n) => Math.sin(n / 9) * (n % 4000 < 2000 ? 0.5 : 0.05),
    );
    const dry = join(folder, "dry.wav");
    await writeWav(dry, sound, { sampleRate: 8000 });
    const json = join(folder, "fit.json");
    await Deno.writeTextFile(
      json,
      JSON.stringify({ params: PARAMETERS, esr: 0.01, gradient: [1, 2] }),
    );
    const out = join(folder, "out.wav");
    const render = await runTask("render", [dry, out, "--params", json]);
    assert.equal(render.code, 0, render.stderr);
    assert.equal((await readWav(out)).samples.length, sound.length);
    const objective = await runTask("objective", [
      dry,
      out,
      "--params",
      json,
      "--json",
      "-",
      "--no-align",
    ]);
    assert.equal(objective.code, 0, objective.stderr);
    const { esr, lag_samples } = JSON.parse(objective.stdout);
    assert(esr < 1e-9, `ESR ${esr}`);
    assert.equal(lag_samples, null);

    // A surrogate curve says so, beside the result.
    const curve = join(folder, "surrogate-twin-compress.csv");
    await Deno.writeTextFile(
      curve,
      "Peak Reduction\n,GT\n50,0.1,,,-20,3,5,100,1\n60,0.1,,,-22,3,5,100,1\n",
    );
    const words = ["--peak-reduction", "55", "--curve", curve, "--json", "-"];
    const knob = await runTask("render", [dry, out, ...words]);
    assert.equal(knob.code, 0, knob.stderr);
    assert.match(knob.stderr, /curve is that of surrogate data/);
    assert.equal(JSON.parse(knob.stdout).params.threshold_db, -21);

    const before = await listTree(folder);
    const other = join(folder, "other.wav");
    const cases: [string, string[], RegExp][] = [
      ["render", ["--params", ""], /--params is empty/],
      ["render", ["--peak-reduction", ""], /--peak-reduction is empty: give a/],
      [
        "render",
        ["--peak-reduction", "x"],
        /--peak-reduction x: give a number/,
      ],
      [
        "render",
        ["--params", json, "--mode", "limit"],
        /--mode belongs to a unit with knobs, not to --params/,
      ],
      [
        "render",
        ["--params", json, "--curve", curve],
        /--curve belongs to a unit with knobs, not to --params/,
      ],
      [
        "objective",
        ["--params", json, "--chunk", "abc"],
        /'--chunk <seconds>' argument 'abc' is invalid.* above 0/,
      ],
      [
        "objective",
        ["--params", json, "--overlap", "-1"],
        /'--overlap <seconds>' argument '-1' is invalid.* from 0/,
      ],
    ];
    for (const [task, words, message] of cases) {
      const { code, stderr } = await runTask(task, [dry, other, ...words]);
      assert.equal(code, 1, `${words}: ${stderr}`);
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /\n\s+at |--set/, stderr);
    }
    assert.deepEqual(await listTree(folder), before);
  });
});
