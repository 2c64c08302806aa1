/** `deno task objective`: what its options do to the figures. @module */

import assert from "node:assert/strict";
import { join } from "node:path";
import { compress } from "../lib/compressor/compressor.ts";
import { unitOfValues, unitToYaml } from "../lib/data/unit_file.ts";
import { chunk } from "../lib/sound/chunks.ts";
import { type Values, valuesOf, vectorOf } from "../lib/models/model.ts";
import { parseModel, PRESETS } from "../lib/models/presets.ts";
import {
  paperCoordinates,
  publishedCoordinates,
} from "../lib/objective/coordinates.ts";
import { createRandom } from "../lib/base/random.ts";
import { delayed } from "../lib/sound/fractional_delay.ts";
import { readWav, writeWav } from "../lib/sound/wav.ts";
import { runTask, withFolder } from "./cli.ts";
import { assertClose } from "./close.ts";
import { openOracle } from "./oracle.ts";
import { writeRecordings } from "./recordings.ts";

const RATE = 8000;
const POINT = {
  threshold_db: -20,
  ratio: 3,
  attack_ms: 3,
  release_ms: 120,
  make_up_db: 1,
};

/** Writes two seconds of noise bursts, and what a compressor makes of them. */
async function writePair(folder: string): Promise<[string, string]> {
  const random = createRandom(5);
  const dry = Float32Array.from(
    { length: 2 * RATE },
    (_, n) => (random.uniform() - 0.5) * (n % 1600 < 700 ? 1 : 0.05),
  );
  const wet = Float32Array.from(
    compress(dry, { ...POINT, ratio: 6, release_ms: 300 }, RATE),
  );
  return await writeRecordings(folder, dry, wet, RATE);
}

function objective(paths: string[], params: unknown, ...words: string[]) {
  return runTask("objective", [
    ...paths,
    "--no-align",
    "--engine",
    "reference",
    "--params",
    JSON.stringify(params),
    "--json",
    "-",
    ...words,
  ]);
}

Deno.test("objective counts what --chunk and --overlap say", async () => {
  await withFolder(async (folder) => {
    const paths = await writePair(folder);
    const [dry, wet] = await Promise.all(
      paths.map(async (path) => (await readWav(path)).samples),
    );
    const options: [number | undefined, number | undefined][] = [
      [undefined, undefined],
      [1.5, 0.25],
      [1.5, 0.5],
      [1.1, 0.25],
    ];
    const losses = new Set<number>();
    for (const [chunkSeconds, overlapSeconds] of options) {
      const words = chunkSeconds === undefined
        ? []
        : ["--chunk", `${chunkSeconds}`, "--overlap", `${overlapSeconds}`];
      const { stdout, stderr } = await objective(paths, POINT, ...words);
      const { loss, target_energy } = JSON.parse(stdout || stderr);
      const pair = { dry, wet, sampleRate: RATE };
      const engine = openOracle(
        chunk(pair, { chunkSeconds, overlapSeconds }),
      );
      const expected = await engine.evaluate(
        Float64Array.from(Object.values(POINT)),
        0,
      );
      assert(Math.abs(loss / expected.loss - 1) < 1e-9, `${words}: ${loss}`);
      assert.equal(target_energy, engine.targetEnergy);
      losses.add(loss);
    }
    // None of them is without effect on this sound.
    assert.equal(losses.size, options.length);
  });
});

Deno.test("objective takes parameters at the ends of their ranges, where fits may end, and none beyond", async () => {
  await withFolder(async (folder) => {
    const paths = await writePair(folder);
    for (const change of [{ ratio: 20 }, { attack_ms: 100.0000000000008 }]) {
      const { code, stdout, stderr } = await objective(paths, {
        ...POINT,
        ...change,
      });
      assert.equal(code, 0, stderr);
      assert(Number.isFinite(JSON.parse(stdout).loss));
    }
    const { code, stderr } = await objective(paths, { ...POINT, ratio: 25 });
    assert.equal(code, 1);
    assert.match(
      stderr,
      /--params: ratio is 25: must be from 1 to 20\. Give a --range .*--by parameters/,
    );
  });
});

Deno.test("objective says that a loss is not finite, and why", async () => {
  await withFolder(async (folder) => {
    const paths = await writePair(folder);
    const { code, stdout, stderr } = await objective(paths, {
      ...POINT,
      make_up_db: 9999,
    });
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.match(
      stderr,
      /--params: the loss is not .* make-up gain of 9999 dB/,
    );
  });
});

Deno.test("objective --by parameters differentiates by what people write, and names the order", async () => {
  await withFolder(async (folder) => {
    const paths = await writePair(folder);
    const [dry, wet] = await Promise.all(
      paths.map(async (path) => (await readWav(path)).samples),
    );
    const pair = chunk({ dry, wet, sampleRate: RATE });
    const names = Object.keys(POINT);
    const at = Float64Array.from(Object.values(POINT));
    const expected = await openOracle(pair).evaluate(at, 2);
    const { stdout, stderr } = await objective(
      paths,
      POINT,
      "--by",
      "parameters",
    );
    const result = JSON.parse(stdout || stderr);
    assert.equal(result.model, "4a-2a");
    assert.equal(result.by, "parameters");
    assert.deepEqual(result.order, names);
    assert.equal(result.coordinates, undefined);
    assertClose(result.gradient, expected.gradient!, 1e-8);
    assertClose(result.hessian.flat(), expected.hessian!, 1e-8);

    // The published coordinates otherwise, whose z and derivatives they are.
    const space = publishedCoordinates(RATE);
    const z = space.coordinates(POINT);
    const byZ = space.byCoordinates(z, expected);
    const other = JSON.parse((await objective(paths, POINT)).stdout);
    assert.deepEqual(other.order, names);
    assertClose(other.coordinates, z, 1e-12);
    assertClose(other.gradient, byZ.gradient!, 1e-8);
    assertClose(other.hessian.flat(), byZ.hessian!, 1e-8);

    // Beyond the published ranges where --range says so, or by parameters.
    const steep = { ...POINT, ratio: 25 };
    for (const words of [["--range", "ratio=1..50"], ["--by", "parameters"]]) {
      const { code, stderr } = await objective(paths, steep, ...words);
      assert.equal(code, 0, stderr);
    }
    const both = ["--by", "parameters", "--range", "ratio=1..50"];
    assert.match(
      (await objective(paths, steep, ...both)).stderr,
      /--range: .* leave it out with --by parameters/,
    );
    const wide = await objective(paths, POINT, "--range", "ratio=50..1");
    assert.match(wide.stderr, /--range .*write it as name=low\.\.high/);
  });
});

Deno.test("objective takes the parameters of other models, and refuses those of another", async () => {
  await withFolder(async (folder) => {
    const paths = await writePair(folder);
    const params = { ...POINT, averaging_coefficient: 0.1 };
    const rms = await objective(paths, params, "--model", "rms");
    assert.equal(rms.code, 0, rms.stderr);
    const { model, order, loss } = JSON.parse(rms.stdout);
    assert.equal(model, "rms");
    assert.deepEqual(order.slice(-2), ["averaging_coefficient", "make_up_db"]);
    assert(loss > 0);
    const cases: [string[], unknown, RegExp][] = [
      [[], params, /--params: unknown key "averaging_coefficient"; known here/],
      [["--model", "rms"], POINT, /"averaging_coefficient" is missing/],
      [["--model", "5a"], POINT, /--model.*"5a" is not known; give 4a-2a, rms/],
    ];
    for (const [words, given, message] of cases) {
      const { code, stderr } = await objective(paths, given, ...words);
      assert.equal(code, 1);
      assert.match(stderr, message);
    }
  });
});

Deno.test("objective takes a limiter and a knee of no width, whose derivatives are numbers", async () => {
  await withFolder(async (folder) => {
    const paths = await writePair(folder);
    const limiter = { ...POINT, ratio: "∞" };
    const words = ["--by", "parameters"];
    const { code, stdout, stderr } = await objective(paths, limiter, ...words);
    assert.equal(code, 0, stderr);
    const hard = JSON.parse(stdout);
    assert.deepEqual(hard.params, limiter);
    assert.equal(hard.gradient[1], 0);
    const soft = await objective(
      paths,
      { ...limiter, knee_db: 0 },
      ...[...words, "--model", "soft-knee"],
    );
    assert.equal(soft.code, 0, soft.stderr);
    const found = JSON.parse(soft.stdout);
    assert(Math.abs(found.loss / hard.loss - 1) < 1e-9);
    const at = hard.order.map((name: string) => found.order.indexOf(name));
    assertClose(
      at.map((i: number) => found.gradient[i]),
      hard.gradient,
      1e-6,
    );
    assert(found.hessian.flat().every(Number.isFinite));
  });
});

Deno.test("objective of a feedback model shows the times of its loop beside its own", async () => {
  await withFolder(async (folder) => {
    const paths = await writePair(folder);
    const words = ["--model", "feedback+decibel"];
    const { code, stdout, stderr } = await objective(paths, POINT, ...words);
    assert.equal(code, 0, stderr);
    const { params, loop_ms } = JSON.parse(stdout);
    assert.deepEqual(params, POINT);
    assert.deepEqual(loop_ms, { attack_ms: 1, release_ms: 40 });
    const text = await runTask("objective", [
      ...[...paths, "--no-align", "--engine", "reference", ...words],
      ...["--params", JSON.stringify(POINT)],
    ]);
    assert.match(
      text.stdout,
      /\nAttack {6}3\.000\sms \(in the loop 1\.000\sms\)\nRelease {5}120\.0\sms \(in the loop 40\.00\sms\)\n/,
    );
  });
});

/** Values of every preset's parameters, at which no sample lies on an edge. */
const SMOOTH: Values = {
  threshold_db: -26.7,
  ratio: 2.7,
  knee_db: 5.1,
  attack_ms: 4.3,
  release_ms: 57.1,
  second_release_ms: 311,
  second_share: 0.37,
  averaging_coefficient: 0.13,
  make_up_db: 1.1,
};

for (const name of Object.keys(PRESETS)) {
  Deno.test(`objective of ${name} has the derivatives of its own figures, by parameters and by coordinates`, async () => {
    await withFolder(async (folder) => {
      const paths = await writePair(folder);
      const model = parseModel(name);
      const values = valuesOf(
        model,
        model.parameters.map((parameter) =>
          (name === "fet" ? { ...SMOOTH, attack_ms: 1.3 } : SMOOTH)[
            parameter.name
          ]
        ),
      );
      const space = paperCoordinates(model, { sampleRate: RATE });
      const random = createRandom(name);
      const direction = model.parameters.map(() => random.normal());
      const z = space.coordinates(values);
      const ways: [string, number[], (t: number) => Values][] = [
        [
          "parameters",
          // In proportion, so that ms and Hz count as much as ratios.
          direction.map((part, i) => part * vectorOf(model, values)[i]),
          (t) =>
            valuesOf(
              model,
              vectorOf(model, values).map((value, i) =>
                value * (1 + t * direction[i])
              ),
            ),
        ],
        [
          "coordinates",
          direction,
          (t) => space.values(z.map((value, i) => value + t * direction[i])),
        ],
      ];
      const h = 1e-6; // So short that no sample crosses an edge.
      for (const [by, along, at] of ways) {
        const [here, up, down] = await Promise.all([0, h, -h].map(async (t) => {
          const words = ["--model", name, "--by", by];
          const run = await objective(paths, at(t), ...words);
          assert.equal(run.code, 0, run.stderr);
          return JSON.parse(run.stdout);
        }));
        assert.deepEqual(here.order, space.names);
        const dot = (a: number[]) => a.reduce((s, x, i) => s + x * along[i], 0);
        // Each in the scale of what it is along the direction.
        const weigh = (a: number[]) => a.map((x, i) => x * along[i]);
        assertClose(
          [(up.loss - down.loss) / (2 * h)],
          [dot(here.gradient)],
          1e-5,
        );
        assertClose(
          weigh(
            here.gradient.map((_: number, i: number) =>
              (up.gradient[i] - down.gradient[i]) / (2 * h)
            ),
          ),
          weigh(here.hessian.map(dot)),
          1e-5,
        );
      }
    });
  });
}

Deno.test("objective --delay takes away that many samples, whole or not, and looks for no lag", async () => {
  await withFolder(async (folder) => {
    // Nothing near half the rate, which no interpolation keeps whole.
    const sound = Float32Array.from(
      { length: 2 * RATE },
      (_, n) =>
        (0.02 + 0.5 * Math.sin(n / 800) ** 8) *
        (Math.sin(0.11 * n) + Math.sin(0.31 * n + 1) + Math.sin(0.74 * n + 2)),
    );
    const samples = Float32Array.from(compress(sound, POINT, RATE));
    const [dry, wet] = await writeRecordings(folder, sound, samples, RATE);
    const truth = JSON.stringify(POINT);
    const run = (...words: string[]) =>
      runTask("objective", [dry, wet, "--params", truth, ...words]);
    const esrOf = async (...words: string[]) => {
      const { code, stdout, stderr } = await run(...words, "--json", "-");
      assert.equal(code, 0, stderr);
      const { esr, lag_samples } = JSON.parse(stdout);
      return { esr, lag_samples };
    };
    for (const delay of [0.25, 20.37, -7.5, 12]) {
      const moved = delayed(samples, -delay).value;
      await writeWav(wet, moved, { sampleRate: RATE });
      const { esr, lag_samples } = await esrOf("--delay", `${delay}`);
      assert.equal(lag_samples, delay);
      assert(esr < 1e-5, `${delay}: ${esr}`);
      const off = await esrOf("--delay", `${delay + 0.25}`);
      assert(off.esr > 5e-3, `${delay}: ${off.esr}`);
    }
    // A unit's file knows the lag of the recordings that it was fitted to.
    const unit = join(folder, "unit.yaml");
    const written = {
      ...unitOfValues(parseModel("4a-2a"), POINT),
      settings: [{
        at: {},
        params: POINT,
        recordings: [{ dry, wet, lag_samples: 0.3, polarity: 1 as const }],
      }],
    };
    await Deno.writeTextFile(unit, unitToYaml(written));
    const moved = delayed(samples, -0.3).value;
    await writeWav(wet, moved, { sampleRate: RATE });
    for (
      const [words, lag] of [[[], 0.3], [["--delay", "0"], 0], [[
        "--no-align",
      ], null]] as const
    ) {
      const { stdout } = await runTask("objective", [
        ...[dry, wet, "--params", unit, ...words, "--json", "-"],
      ]);
      const { esr, lag_samples } = JSON.parse(stdout);
      assert.equal(lag_samples, lag);
      assert.equal(esr < 1e-5, lag === 0.3, `${lag}: ${esr}`);
    }
    const both = await run("--delay", "3", "--no-align");
    assert.equal(both.code, 1);
    assert.match(both.stderr, /--delay.* cannot be used with .*--no-align/);
    const none = await run("--delay", "half");
    assert.match(none.stderr, /--delay.* give samples as a number/);
  });
});

Deno.test("objective computes the model of the unit that it is given", async () => {
  await withFolder(async (folder) => {
    const paths = await writePair(folder);
    const unit = join(folder, "unit.yaml");
    const model = parseModel("4a-2a+coupling");
    const params = { ...POINT, coupling_hz: 8 };
    await Deno.writeTextFile(unit, unitToYaml(unitOfValues(model, params)));
    const words = [...paths, "--params", unit, "--json", "-"];
    const { code, stdout, stderr } = await runTask("objective", words);
    assert.equal(code, 0, stderr);
    const result = JSON.parse(stdout);
    assert.equal(result.model, "4a-2a+coupling");
    assert.deepEqual(result.params, params);
    const other = await runTask("objective", [...words, "--model", "4a-2a"]);
    assert.equal(other.code, 1);
    assert.match(other.stderr, /unit\.yaml.*4a-2a\+coupling/);
  });
});

Deno.test("objective says the lag that it used", () =>
  withFolder(async (folder) => {
    const [dry, wet] = await writePair(folder);
    const { samples } = await readWav(wet);
    const late = Float32Array.from(samples, (_, n) => samples[n - 7] ?? 0);
    await writeWav(wet, late, { sampleRate: RATE });
    const say = async (...words: string[]) => {
      const { code, stdout, stderr } = await runTask("objective", [
        ...[dry, wet, "--params", JSON.stringify(POINT)],
        ...["--engine", "reference", ...words],
      ]);
      assert.equal(code, 0, stderr);
      return /^Recording .*$/m.exec(stdout)![0];
    };
    assert.match(await say(), /lag 7 samples \(.*\), .* is late, removed$/);
    assert.match(await say("--delay", "6.5"), /lag 6\.500 samples/);
    assert.match(await say("--no-align"), /lag not looked for$/);
  }));
