/** `deno task export`: what it writes, and what it refuses. @module */

import assert from "node:assert/strict";
import { join } from "node:path";
import { valuesAnywhere } from "../lib/data/curve.ts";
import { PUBLISHED_FITS } from "../lib/data/published.ts";
import { makeStimulus } from "../lib/data/stimulus.ts";
import {
  levellingUnit,
  type Unit,
  unitOfValues,
  unitToYaml,
} from "../lib/data/unit_file.ts";
import { openModel } from "../lib/engines/compiled/stream.ts";
import { type Exported, faustFile } from "../lib/export/faust.ts";
import { jsonFile } from "../lib/export/json.ts";
import type { Operation } from "../lib/export/listing.ts";
import type { Values } from "../lib/models/model.ts";
import { parseModel } from "../lib/models/presets.ts";
import { buildKernels } from "../lib/kernels/build.ts";
import { runTask, withFolder } from "./cli.ts";

await buildKernels(["compressor"]);

const PARAMETERS: Values = {
  threshold_db: -24,
  ratio: 4,
  attack_ms: 2,
  release_ms: 200,
  make_up_db: 1,
};

const published = levellingUnit(parseModel("4a-2a"), PUBLISHED_FITS, {});

function exported(unit: Unit, more: Partial<Exported> = {}): Exported {
  return {
    unit,
    model: parseModel(unit.model),
    title: "Unit",
    origin: "",
    interpolation: "linear",
    ...more,
  };
}

/** A unit of two dials. */
const grid: Unit = {
  ...unitOfValues(parseModel("4a-2a"), PARAMETERS),
  knobs: {
    input: { kind: "number", range: [0, 10], unit: "" },
    ratio: { kind: "choice", values: [4, 8, 20] },
    attack: { kind: "number", range: [1, 7], unit: "" },
  },
  settings: [0, 4, 10].flatMap((input) =>
    [4, 8].flatMap((ratio) =>
      [1, 7].map((attack) => ({
        at: { input, ratio, attack },
        params: { ...PARAMETERS, ratio, attack_ms: attack + input },
      }))
    )
  ),
};

Deno.test("the Faust file of the published curve has at most 150 lines, none of them long, and every parameter by name", () => {
  const code = faustFile(exported(published));
  const lines = code.trimEnd().split("\n");
  assert.ok(lines.length <= 150, `${lines.length}`);
  assert.ok(lines.every((line) => line.length <= 110));
  for (const { name } of parseModel("4a-2a").parameters) {
    assert.match(code, new RegExp(`^${name} = `, "m"));
  }
  assert.match(code, /'compress':0;'limit':1/);
  assert.match(code, /^gain\(x\) = /m);
});

Deno.test("no text of a unit gets out of its string or comment", () => {
  const evil = '"; process = _; //\nimport("x.lib");\u2028process = !;\\';
  const code = faustFile(exported({
    ...grid,
    knobs: {
      ...grid.knobs,
      ratio: { kind: "choice", values: [4, 8, evil] },
      attack: { kind: "number", range: [1, 7], unit: evil },
    },
    settings: grid.settings.map((setting) =>
      setting.at.ratio === 8
        ? { ...setting, at: { ...setting.at, ratio: evil } }
        : setting
    ),
  }, { title: evil, origin: evil }));
  const statements = code.replace(/"[^"\n]*"/g, "TEXT").replace(/\/\/.*/g, "");
  assert.equal(statements.match(/\bprocess\b/g)?.length, 1);
  assert.equal(statements.match(/\bimport\b/g)?.length, 1);
  assert.doesNotMatch(statements, /["\\]/);
});

Deno.test("knobs called as the language's words, parameters or own controls are told apart", () => {
  const names = [
    "process",
    "ratio",
    "mix",
    "Mix",
    "sum",
    "_".repeat(0) + "gain",
  ];
  const unit: Unit = {
    ...unitOfValues(parseModel("4a-2a"), PARAMETERS),
    knobs: Object.fromEntries(
      names.map((name) => [name, { kind: "number", range: [0, 1], unit: "" }]),
    ),
    settings: [{
      at: Object.fromEntries(names.map((name) => [name, 0])),
      params: PARAMETERS,
    }],
  };
  const code = faustFile(exported(unit));
  const defined = [...code.matchAll(/^(\w+) = /gm)].map(([, name]) => name);
  assert.deepEqual(defined, [...new Set(defined)]);
  const labels = [...code.matchAll(/"\[\d+\] ([^"[]+)/g)]
    .map(([, label]) => label.trim());
  assert.deepEqual(labels, [...new Set(labels)]);
  assert.equal(labels.length, names.length + 5);
});

// ---------------------------------------------------------------- JSON

/** What the operations on numbers do. */
const ARITHMETIC: Partial<Record<Operation, (...of: number[]) => number>> = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  negate: (a) => -a,
  multiply: (a, b) => a * b,
  reciprocal: (a) => 1 / a,
  exp: Math.exp,
  log: Math.log,
  tan: Math.tan,
  abs: Math.abs,
  maximum: Math.max,
  less: (a, b) => a < b ? 1 : 0,
  select: (mask, a, b) => mask !== 0 ? a : b,
};

type Line = {
  operation: Operation;
  operands?: number[];
  value?: number;
  parameter?: string;
  state?: number;
};

/** Plays the listing of an export by what its documentation says alone. */
function play(
  { listing, output }: { listing: Line[]; output: number },
  values: Values,
  sampleRate: number,
  x: Float64Array,
): Float64Array {
  let last: Float64Array | undefined;
  return x.map((input) => {
    const now = new Float64Array(listing.length);
    const value = (at: number): number => {
      const { operation, operands = [], ...line } = listing[at];
      switch (operation) {
        case "constant":
          return line.value!;
        case "parameter":
          return values[line.parameter!];
        case "sample_rate":
          return sampleRate;
        case "input":
          return input;
        case "delay":
          return last === undefined ? now[operands[1]] : last[operands[0]];
        case "before":
          return last === undefined
            ? now[listing[line.state!].operands![1]]
            : last[line.state!];
        case "state": {
          const before = last === undefined ? now[operands[1]] : last[at];
          return before + now[operands[0]];
        }
      }
      return ARITHMETIC[operation]!(...operands.map((of) => now[of]));
    };
    listing.forEach((_, at) => now[at] = value(at));
    last = now;
    return now[output];
  });
}

for (
  const name of [
    "4a-2a",
    "opto",
    "fet",
    "vca",
    "rms+feedback+saturation+coupling+bandwidth+fitted-start",
    "opto+coupling+shelf",
    "4a-2a+coupling+allpass-1+allpass-2+allpass-2+inverted",
  ]
) {
  Deno.test(`the JSON of ${name} plays as the model does`, () => {
    const model = parseModel(name);
    const values: Values = {
      ...Object.fromEntries(
        model.parameters.map(({ name, start }) => [name, start]),
      ),
      threshold_db: -30,
      attack_ms: 10,
      ...(name.includes("saturation") && {
        square: 0.1,
        cube: 0.05,
        initial_gain_db: -4,
      }),
    };
    const data = JSON.parse(jsonFile(exported(unitOfValues(model, values))));
    const { samples } = makeStimulus({
      seconds: 0.4,
      sampleRate: 44100,
      seed: 3,
    });
    const x = Float64Array.from(samples);
    const wanted = new Float64Array(x.length);
    openModel(model, values, 44100, { precision: "double" }).process(x, wanted);
    const found = play(data, values, 44100, x);
    found.forEach((value, n) =>
      assert.ok(Math.abs(value - wanted[n]) < 1e-9, `${n}: ${value}`)
    );
    assert.deepEqual(data.map.tables[0].rows, [values]);
  });
}

Deno.test("the map in JSON gives the parameters wherever the knob stands", () => {
  for (const interpolation of ["linear", "spline"] as const) {
    const { map } = JSON.parse(
      jsonFile(exported(published, { interpolation })),
    );
    const [{ fades }] = map.dials;
    const table = map.tables[1];
    assert.deepEqual(table.at, { mode: "limit" });
    const [knots] = table.knots;
    for (const position of [10, 40, 41.5, 63, 88, 100]) {
      const at = Math.max(position, knots[0]);
      const i = Math.max(
        0,
        knots.findIndex((_: number, k: number) => at <= knots[k + 1]),
      );
      const h = knots[i + 1] - knots[i];
      const t = (at - knots[i]) / h;
      const wanted = valuesAnywhere(
        published,
        { peak_reduction: position, mode: "limit" },
        interpolation,
      );
      for (const [name, value] of Object.entries(wanted)) {
        const [a, b] = [table.rows[i][name], table.rows[i + 1][name]];
        let found = (1 - t) * a + t * b;
        if (interpolation === "spline") {
          const [c, d] = [table.bends[i][name], table.bends[i + 1][name]];
          found += h * h / 6 *
            (((1 - t) ** 3 - (1 - t)) * c + (t ** 3 - t) * d);
        }
        if (fades && name === "threshold_db" && position < knots[0]) {
          found = Math.max(found, 0) + Math.min(found, 0) * position / knots[0];
        }
        assert.ok(Math.abs(found - value) < 1e-9, `${name} at ${position}`);
      }
    }
  }
});

// ---------------------------------------------------------------- the command

Deno.test("export writes the published curve, and a unit with a knob held, and says what it wrote", async () => {
  await withFolder(async (folder) => {
    const out = join(folder, "new", "curve.dsp");
    const { code, stdout, stderr } = await runTask("export", ["--out", out]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /4A-2A, model 4a-2a/);
    assert.match(stdout, /peak_reduction, mode/);
    assert.match(await Deno.readTextFile(out), /process = stereo;/);

    const file = join(folder, "unit.yaml");
    const surrogate = {
      ...grid,
      unit: "my limiter",
      origin: { surrogate: true },
    };
    await Deno.writeTextFile(file, unitToYaml(surrogate));
    const held = await runTask("export", [
      ...[file, "--to", "json", "--out", join(folder, "unit.json")],
      ...["--knob", "ratio=8", "--knob", "attack=7", "--json", "-"],
    ]);
    assert.equal(held.code, 0, held.stderr);
    assert.match(held.stderr, /surrogate/);
    const said = JSON.parse(held.stdout);
    assert.deepEqual(said.knobs, ["input"]);
    assert.equal(said.surrogate, true);
    const data = JSON.parse(await Deno.readTextFile(join(folder, "unit.json")));
    assert.equal(data.unit, "my limiter");
    assert.deepEqual(data.map.tables[0].knots, [[0, 4, 10]]);
    assert.deepEqual(
      data.map.tables[0].rows.map(({ attack_ms }: Values) => attack_ms),
      [7, 11, 17],
    );
  });
});

Deno.test("export refuses what it cannot write, and leaves no file behind", async () => {
  await withFolder(async (folder) => {
    const file = join(folder, "unit.yaml");
    const full = unitToYaml(grid);
    await Deno.writeTextFile(file, full);
    const holed = join(folder, "holed.yaml");
    await Deno.writeTextFile(
      holed,
      unitToYaml({ ...grid, settings: grid.settings.slice(1) }),
    );
    const out = join(folder, "unit.dsp");
    const refusals: [string[], RegExp][] = [
      [[file], /--out is missing: .* \.dsp/],
      // What is wrong with the rest is not hidden by it.
      [[file, "--knob", "drive"], /--knob drive: write it as name=value/],
      [
        [join(folder, "none.yaml")],
        /none\.yaml: no such file\. Check the path/,
      ],
      [[file, "--out", join(folder, "unit.txt")], /must end in \.dsp/],
      [[file, "--to", "json", "--out", out], /must end in \.json/],
      [[file, "--to", "vst", "--out", out], /faust, json/],
      [[join(folder, "none.yaml"), "--out", out], /none\.yaml/],
      [
        [file, "--interpolation", "spline", "--out", out],
        /input and attack.*--knob/,
      ],
      [[holed, "--out", out], /no setting at ratio 4, input 0, attack 1/],
      [[file, "--knob", "drive=3", "--out", out], /no knob drive/],
      [
        [file, "--knob", "input=3", "--out", out],
        /no setting of the unit stands at/,
      ],
      [[file, "--model", "opto", "--out", out], /not opto/],
      [[file, file, "--out", out], /there twice/],
      [[file, "--out", out, "--json", out], /--json/],
    ];
    for (const [words, message] of refusals) {
      const { code, stderr } = await runTask("export", words);
      assert.notEqual(code, 0, words.join(" "));
      assert.match(stderr, message, words.join(" "));
    }
    // A link of its name would be written through.
    const link = join(folder, "link.dsp");
    await Deno.symlink(file, link);
    const { code, stderr } = await runTask("export", [file, "--out", link]);
    assert.equal(code, 1);
    assert.match(stderr, /would overwrite/);
    assert.equal(await Deno.readTextFile(file), full);
    const left = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    assert.deepEqual(left, ["holed.yaml", "link.dsp", "unit.yaml"]);
  });
});
