import assert from "node:assert/strict";
import { join } from "node:path";
import { readUnit } from "../lib/data/read_unit.ts";
import { score } from "../lib/metrics/score.ts";
import { createRandom } from "../lib/base/random.ts";
import { readWav, writeWav } from "../lib/sound/wav.ts";
import { listTree, runForJson, runTask, withFolder } from "./cli.ts";
import { writeRecordings } from "./recordings.ts";
import { compress } from "./oracle.ts";

const RATE = 22050;
const TRUTH = {
  threshold_db: -24,
  ratio: 4.5,
  attack_ms: 4,
  release_ms: 150,
  make_up_db: 2,
};

/** Three seconds of noise bursts at many levels. */
function drySound(seed = 1): Float32Array {
  const random = createRandom(seed);
  return Float32Array.from({ length: 3 * RATE }, (_, n) => {
    const step = (7 * Math.floor(n / 1500)) % 31;
    return 1.6 * (random.uniform() - 0.5) * 10 ** (-1.5 * step / 20);
  });
}

/** Writes dry.wav and wet.wav, the wet one `lag` samples late, times `sign`. */
async function writePair(
  folder: string,
  lag = 0,
  sign: 1 | -1 = 1,
): Promise<[string, string]> {
  const dry = drySound();
  const out = compress(dry, TRUTH, RATE);
  const wet = Float32Array.from(out, (_, n) => sign * (out[n - lag] ?? 0));
  return await writeRecordings(folder, dry, wet, RATE);
}

Deno.test("fit finds the compressor and its lag, and render with its parameters gives the wet file again", async () => {
  await withFolder(async (folder) => {
    const [dry, wet] = await writePair(folder, 700);
    const out = join(folder, "unit.yaml");
    const fit = await runTask("fit", [dry, wet, "--out", out, "--json", "-"]);
    assert.equal(fit.code, 0, fit.stderr);
    const result = JSON.parse(fit.stdout);
    assert(Math.abs(result.lag_samples - 700) < 1e-4, result.lag_samples);
    assert.equal(result.converged, true);
    assert(result.esr < 1e-9, `ESR ${result.esr}`);
    assert.equal(result.chunk_esr, result.esr);
    for (const [key, value] of Object.entries(TRUTH)) {
      assert(Math.abs(result.params[key] / value - 1) < 1e-3, key);
    }
    // The corners made no difference; the delay is found with the rest.
    assert.equal(result.model, "4a-2a");
    assert.deepEqual(result.dropped, ["coupling", "bandwidth"]);
    assert.deepEqual(Object.keys(result.params), Object.keys(TRUTH));
    assert.deepEqual(result.order, [...Object.keys(TRUTH), "delay_samples"]);
    assert.equal(result.loop_ms, undefined);
    assert.equal(result.gradient.length, 6);
    assert.equal(result.hessian.length, 6);
    for (const [key, error] of Object.entries(result.uncertainty)) {
      assert(error as number < 1e-2, `${key}: ${error}`);
    }
    assert.equal(result.verdict, "compresses");
    assert(result.gain_alone.esr > 0.05, `${result.gain_alone.esr}`);

    const rendered = join(folder, "rendered.wav");
    const render = await runTask("render", [dry, rendered, "--params", out]);
    assert.equal(render.code, 0, render.stderr);
    // What --json writes will do as well.
    const json = join(folder, "unit.json");
    await Deno.writeTextFile(json, fit.stdout);
    const other = join(folder, "other.wav");
    const more = await runTask("render", [dry, other, "--params", json]);
    assert.equal(more.code, 0, more.stderr);
    const bytes = await Deno.readFile(rendered);
    const same = await Deno.readFile(other);
    assert.equal(same.length, bytes.length);
    assert(same.every((byte, i) => byte === bytes[i]));
    const again = await runTask("objective", [
      rendered,
      wet,
      "--params",
      '{"threshold_db":0,"ratio":1.5,"attack_ms":1,"release_ms":50,"make_up_db":0}',
      "--json",
      "-",
    ]);
    assert.equal(again.code, 0, again.stderr);
    assert(JSON.parse(again.stdout).esr < 1e-6);
  });
});

Deno.test("fit looks where --range says, and tells how to look beyond its end", async () => {
  await withFolder(async (folder) => {
    const [dry, wet] = await writePair(folder);
    const words = ["--range", "attack_ms=8..50", "--range", "ratio=1..10"];
    const fit = await runTask("fit", [dry, wet, ...words, "--json", "-"]);
    assert.equal(fit.code, 0, fit.stderr);
    const { params, warnings } = JSON.parse(fit.stdout);
    assert(Math.abs(params.attack_ms / 8 - 1) < 5e-3, `${params.attack_ms}`);
    assert.match(
      warnings.join(),
      /the attack of 8\.0\d+ ms .*, 8–50 ms: .*--range attack_ms=0\.8\.\.500/,
    );
    const text = await runTask("fit", [dry, wet]);
    assert.match(
      text.stdout,
      /Threshold {3}−2\d\.\d\d\sdB\nRatio {7}4\.\d{3} : 1\nAttack {6}[34]\.\d{3}\sms\n/,
    );
  });
});

Deno.test("fit --model finds the parameters of another model", async () => {
  await withFolder(async (folder) => {
    const truth = { ...TRUTH, averaging_coefficient: 0.05 };
    const dry = drySound();
    const wet = Float32Array.from(compress(dry, truth, RATE));
    const paths = await writeRecordings(folder, dry, wet, RATE);
    const words = [...paths, "--model", "rms"];
    const fit = await runTask("fit", [...words, "--json", "-"]);
    assert.equal(fit.code, 0, fit.stderr);
    const result = JSON.parse(fit.stdout);
    assert.equal(result.model, "rms");
    assert(result.esr < 1e-8 && result.whole_esr < 1e-8, `${result.esr}`);
    for (const [name, value] of Object.entries(truth)) {
      assert(Math.abs(result.params[name] / value - 1) < 1e-2, name);
    }
    const text = await runTask("fit", words);
    assert.match(text.stdout, /Averaging {3}0\.0\d+\nMake-up /);
  });
});

Deno.test("fit finds a wet file that is early and turned over", async () => {
  await withFolder(async (folder) => {
    const [dry, wet] = await writePair(folder, -700, -1);
    const out = join(folder, "unit.yaml");
    const json = join(folder, "unit.json");
    const fit = await runTask("fit", [
      ...[dry, wet, "--out", out, "--json", json],
      ...[
        "--set",
        "chunks.chunk_seconds=1",
        "--set",
        "chunks.overlap_seconds=0.25",
        "--set",
        "solver.coarse_chunks=1",
      ],
    ]);
    assert.equal(fit.code, 0, fit.stderr);
    assert.match(
      fit.stdout,
      /lag 700(\.\d+)? samples \(31\.7\sms\), .* early, removed/,
    );
    assert.match(fit.stderr, /opposite polarity; it was turned over/);
    const result = JSON.parse(await Deno.readTextFile(json));
    assert(Math.abs(result.lag_samples + 700) < 1e-2, result.lag_samples);
    assert.equal(result.polarity, -1);
    assert(result.esr < 1e-3, `ESR ${result.esr}`);
    assert.equal(result.warnings.length, 1);
    const unit = readUnit(await Deno.readTextFile(out), "unit.yaml");
    const { settings: [setting], ...about } = unit;
    assert.equal(about.model, "4a-2a");
    assert.equal(about.sample_rate, RATE);
    assert.deepEqual(about.knobs, {});
    assert.match(about.origin.date!, /^\d{4}-\d\d-\d\d$/);
    const found = result.takes[0].initial_gain_db;
    assert.deepEqual(setting, {
      at: {},
      params: result.params,
      uncertainty: result.uncertainty,
      esr: result.esr,
      whole_esr: result.whole_esr,
      delta_ldr_db: result.delta_ldr_db,
      converged: result.converged,
      warnings: result.warnings,
      recordings: [
        {
          dry,
          wet,
          lag_samples: result.lag_samples,
          polarity: -1,
          ...(found !== undefined && { initial_gain_db: found }),
        },
      ],
    });

    // Each iteration of every fit on the way, as it was.
    const { records, iterations, coarse_iterations } = result;
    assert(coarse_iterations > 0);
    const coarse = records.filter((record: { coarse: boolean }) =>
      record.coarse
    );
    const starts = (some: { iteration: number }[]) =>
      some.filter(({ iteration }) => iteration === 0).length;
    const fine = records.filter((record: { coarse: boolean }) =>
      !record.coarse
    );
    assert.equal(coarse.length, coarse_iterations + starts(coarse));
    assert.equal(fine.length, iterations + starts(fine));
    const last = records.at(-1);
    assert.equal(records.at(-1 - last.iteration).iteration, 0);
    assert.equal(last.loss, result.loss);
    // Beside the unit's: the fraction of the lag and the gain at the cut.
    const { delay_samples, initial_gain_db, ...params } = last.params;
    assert.deepEqual(params, result.params);
    assert(Math.abs(delay_samples) <= 1);
    assert.equal(initial_gain_db, found);
    assert.equal(last.eigenvalues.length, found === undefined ? 6 : 7);
    assert(
      Math.abs(Math.hypot(...result.gradient) - last.gradient_norm) < 1e-9,
    );
    assert(last.step_length > 0);
    assert.equal(typeof last.accepted, "boolean");
  });
});

Deno.test("fit prints what it found where a file cannot be written", async () => {
  await withFolder(async (folder) => {
    const [dry, wet] = await writePair(folder);
    const good = join(folder, "good.yaml");
    const file = join(folder, "file");
    await Deno.writeTextFile(file, "");
    for (
      const words of [
        ["--out", join(file, "unit.yaml")],
        ["--json", join(file, "unit.json"), "--out", good],
      ]
    ) {
      const { code, stdout, stderr } = await runTask("fit", [
        dry,
        wet,
        ...words,
      ]);
      assert.equal(code, 1);
      assert.match(stderr, /unit\.\w+ cannot be written/);
      assert.match(stdout, /Threshold .*\n.*Ratio /);
    }
    assert.match(await Deno.readTextFile(good), /threshold_db/);
  });
});

Deno.test("fit tells what is no compressor, in JSON too", async () => {
  await withFolder(async (folder) => {
    const [dry] = await writePair(folder);
    const same = [/same as the dry one/, /not compressing: .* 0\.00\sdB/];
    const quiet = join(folder, "quiet.wav");
    await writeWav(quiet, drySound().map((x) => x / 2), { sampleRate: RATE });
    const other = join(folder, "other.wav");
    await writeWav(other, drySound(99), { sampleRate: RATE });
    const unlike = [dry, other, "--no-align"];
    const cases: [string[], RegExp[]][] = [
      [[...unlike, "--force"], [
        /no compressor explains the recordings \(ESR /,
      ]],
      [[dry, dry], same],
      [[dry, quiet], [/not compressing: .* gain of −6\.02\sdB/]],
    ];
    for (const [words, messages] of cases) {
      const { stdout, stderr } = await runTask("fit", [
        ...words,
        "--json",
        "-",
      ]);
      const { warnings, polarity, verdict, params, uncertainty } = JSON.parse(
        stdout,
      );
      for (const message of messages) {
        assert.match(warnings.join("\n"), message);
        assert.match(stderr, message);
      }
      assert.equal(polarity, words.includes("--no-align") ? null : 1);
      if (words.includes("--force")) {
        assert.equal(verdict, "nothing found");
        continue;
      }
      assert.equal(verdict, "not compressing");
      assert.equal(params.ratio, 1);
      assert.equal(uncertainty.threshold_db, "∞");
    }
    // Unless forced to, it writes nothing of what explains nothing.
    const before = await listTree(folder);
    const out = ["--out", join(folder, "unit.yaml"), "--json", "-"];
    const poor = await runTask("fit", [...unlike, ...out]);
    assert.equal(poor.code, 1);
    assert.equal(poor.stdout, "");
    assert.match(poor.stderr, /^error: no compressor .* with --force$/m);
    assert.deepEqual(await listTree(folder), before);
  });
});

Deno.test("fit tells the ESR of the whole recording from that of the samples that the loss counts", async () => {
  await withFolder(async (folder) => {
    const [dry, wet] = await writePair(folder);
    // Half a second that nothing explains, in the warm-up of the first chunk.
    const { samples } = await readWav(wet);
    const random = createRandom(3);
    for (let n = 0; n < RATE / 2; n++) samples[n] += random.uniform() - 0.5;
    await writeWav(wet, samples, { sampleRate: RATE });
    const words = [
      dry,
      wet,
      "--no-align",
      "--set",
      "chunks.chunk_seconds=1.5",
      "--set",
      "chunks.overlap_seconds=0.75",
    ];
    const { result } = await runForJson("fit", words);
    assert.equal(result.lag_samples, null);
    assert.equal(result.chunk_esr, result.esr);
    assert(result.chunk_esr < 1e-9, `${result.chunk_esr}`);
    const { params } = result;
    const [{ esr }] = score(
      { dry: (await readWav(dry)).samples, wet: samples, sampleRate: RATE },
      [params],
    );
    assert(Math.abs(result.whole_esr / esr - 1) < 1e-12);
    assert(esr > 0.01, `${esr}`);
    const text = await runTask("fit", words);
    assert.match(text.stdout, /ESR .*where the loss counts\n.*whole recording/);
  });
});

Deno.test("fit gives the same bytes for the same files and config", async () => {
  await withFolder(async (folder) => {
    const [dry, wet] = await writePair(folder);
    const runs = await Promise.all(
      [1, 2].map(() => runTask("fit", [dry, wet, "--json", "-"])),
    );
    assert.equal(runs[0].code, 0, runs[0].stderr);
    assert.equal(runs[0].stdout, runs[1].stdout);
  });
});

Deno.test("fit takes paths relative to where the person stands", async () => {
  await withFolder(async (folder) => {
    await writePair(folder);
    const { code, stderr } = await runTask(
      "fit",
      ["dry.wav", "wet.wav", "--out", "unit.yaml", "--json", "unit.json"],
      folder,
    );
    assert.equal(code, 0, stderr);
    await Deno.stat(join(folder, "unit.yaml"));
    await Deno.stat(join(folder, "unit.json"));
  });
});

Deno.test("fit refuses bad input with what, where and the remedy, exit 1, no stack trace, and writes nothing", async () => {
  await withFolder(async (folder) => {
    const [dry, wet] = await writePair(folder);
    const at = (name: string) => join(folder, name);
    await Deno.writeTextFile(at("text.wav"), "not a sound at all");
    await Deno.writeTextFile(at("empty.wav"), "");
    const bytes = await Deno.readFile(dry);
    await Deno.writeFile(at("short.wav"), bytes.subarray(0, 5000));
    const bad = bytes.slice();
    new DataView(bad.buffer).setFloat32(bad.length - 4 * 100, NaN, true);
    await Deno.writeFile(at("nan.wav"), bad);
    await writeWav(at("rate.wav"), drySound(), { sampleRate: 48000 });
    await writeWav(at("silence.wav"), new Float32Array(3 * RATE), {
      sampleRate: RATE,
    });
    await Deno.writeTextFile(at("bad.yaml"), "solver: {methd: damped}");
    await Deno.mkdir(at("folder.yaml"));
    const before = await listTree(folder);

    const cases: [string[], RegExp][] = [
      [[at("text.wav"), wet], /text\.wav.*not a WAV/i],
      [[at("empty.wav"), wet], /empty\.wav/],
      [[at("short.wav"), wet], /short\.wav/],
      [[dry, at("nan.wav")], /nan\.wav.*sample/],
      [[dry, at("rate.wav")], /48000 Hz.*convert/],
      [[dry, at("silence.wav")], /silen/],
      [[dry, at("missing.wav")], /missing\.wav/],
      [[dry, wet, "--config", at("bad.yaml")], /unknown key "solver\.methd"/],
      [[dry, wet, "--config", at("nowhere.yaml")], /nowhere\.yaml/],
      [[dry, wet, "--set", "chunks.size=3"], /unknown key "chunks\.size"/],
      [
        [dry, wet, "--set", "solver.start.ratio=0.5"],
        /solver\.start\.ratio=0\.5: .*at least 1/,
      ],
      [
        [dry, wet, "--set", "solver.start.attack_ms=5000"],
        /solver\.start\.attack_ms=5000: .*from 0\.005 to 2000 ms/,
      ],
      [
        [dry, wet, "--set", "solver.start.knee_db=3"],
        /start\.knee_db=3: .* 4a-2a\+\S+ has no such parameter; it has threshold_db,/,
      ],
      [
        [dry, wet, "--range", "knee_db=1..3"],
        /--range knee_db=1\.\.3: .* 4a-2a\+\S+ has no such parameter/,
      ],
      [
        [dry, wet, "--range", "ratio=0.5..3"],
        /--range ratio=0\.5\.\.3: .*at least 1/,
      ],
      [[dry, wet, "--range", "attack_ms=5"], /--range.* name=low\.\.high/],
      [[dry, wet, "--model", "5a-5a"], /--model .*"5a-5a" is not known; give/],
      [
        [dry, wet, "--model", "4a-2a+fitted-start"],
        /fitted-start is for objective alone/,
      ],
      [
        [dry, wet, "--model", "opto", "--engine", "webgpu"],
        /webgpu computes the model 4a-2a alone/,
      ],
      [
        [dry, wet, "--set", "solver.start.make_up_db=1e5"],
        /solver\.start: a make-up gain of 100000 dB/,
      ],
      [[dry, wet, "--out", dry], /--out .*dry\.wav: .*\.yaml or \.yml/],
      [[dry, wet, "--json", wet], /--json .* would overwrite .*wet\.wav/],
      [
        [dry, wet, "--config", at("bad.yaml"), "--out", at("bad.yaml")],
        /--out .* would overwrite .*bad\.yaml/,
      ],
      [
        [dry, wet, "--out", at("x.yaml"), "--json", at("./x.yaml")],
        /--json .* would overwrite what --out writes/,
      ],
      [[dry, wet, "--channel", "3"], /channel/],
      [[dry, wet, "--engine", "abacus"], /reference/],
      [[dry], /WET\.wav/],
      [[dry, wet, "--out", at("folder.yaml")], /folder\.yaml/],
    ];
    for (const [words, message] of cases) {
      const { code, stdout, stderr } = await runTask("fit", words);
      assert.equal(code, 1, `${words}: ${stdout}${stderr}`);
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /\n\s+at /, stderr);
    }
    assert.deepEqual(await listTree(folder), before);
  });
});

Deno.test("fit says that a wet file from other material is a poor match", async () => {
  await withFolder(async (folder) => {
    const [dry] = await writePair(folder);
    const other = join(folder, "other.wav");
    await writeWav(other, drySound(99), { sampleRate: RATE });
    const { code, stderr } = await runTask("fit", [dry, other]);
    assert.equal(code, 1);
    assert.match(stderr, /match of the two recordings is poor.* same take\?/);
  });
});

Deno.test("every command explains itself with examples", async () => {
  const help = (await runTask("fit", ["--help"])).stdout;
  assert.match(help, /attacks\s+of 0\.005–2000 ms .* 0\.5–20000 ms/s);
  const names = ["fit", "objective", "render", "data:make", "data:check"];
  for (const name of [...names, "exp:sweep"]) {
    const { code, stdout } = await runTask(name, ["--help"]);
    assert.equal(code, 0, name);
    assert.match(stdout, new RegExp(`Usage: deno task ${name}`));
    assert.match(stdout, /Examples?:/, name);
  }
});

Deno.test("a command that is interrupted leaves no file half written", async () => {
  await withFolder(async (folder) => {
    const dry = join(folder, "dry.wav");
    await writeWav(dry, new Float32Array(60 * 48000), { sampleRate: 48000 });
    const out = join(folder, "out.wav");
    const command = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--no-prompt",
        "--ignore-env",
        "--allow-read",
        "--allow-write",
        new URL("./interrupted.ts", import.meta.url).pathname,
        out,
      ],
      stdout: "piped",
      stderr: "null",
    });
    const child = command.spawn();
    // It says when it is in the middle of the file.
    const reader = child.stdout.getReader();
    await reader.read();
    child.kill("SIGINT");
    const { code } = await child.status;
    await reader.cancel();
    assert.equal(code, 130);
    assert.deepEqual(await listTree(folder), [dry]);
  });
});
