/** Units as options name them, and `render` and `player` with them. @module */

import assert from "node:assert/strict";
import { join } from "node:path";
import {
  firstKnobOption,
  readCurve,
  readSetting,
  unitHeldAt,
  valuesAtKnobs,
} from "../lib/commands/unit_files.ts";
import { describeParameters } from "../lib/commands/describe_parameters.ts";
import { formatParameter } from "../lib/models/parameter_text.ts";
import { PUBLISHED_FITS } from "../lib/data/published.ts";
import {
  levellingUnit,
  type Unit,
  unitOfValues,
  unitToYaml,
} from "../lib/data/unit_file.ts";
import { parametersAt } from "../lib/data/curve.ts";
import type { Values } from "../lib/models/model.ts";
import { parseModel } from "../lib/models/presets.ts";
import { readWav, writeWav } from "../lib/sound/wav.ts";
import { listTree, runTask, withFolder } from "./cli.ts";
import { compress } from "./oracle.ts";

const RATE = 8000;
const PARAMETERS: Values = {
  threshold_db: -24,
  ratio: 4,
  attack_ms: 2,
  release_ms: 200,
  make_up_db: 1,
};

/** A unit with a switch that counts and a dial. */
function fet(model = "4a-2a", more: Values = {}): Unit {
  return {
    format: 2,
    unit: "my limiter",
    model,
    sample_rate: RATE,
    knobs: {
      ratio: { kind: "choice", values: [4, 8, "all"] },
      input: { kind: "number", range: [0, 10], unit: "" },
    },
    settings: [4, 8].flatMap((ratio) =>
      [2, 6].map((input) => ({
        at: { ratio, input },
        params: { ...PARAMETERS, ...more, ratio, threshold_db: -10 - input },
      }))
    ),
    origin: {},
  };
}

const curve = levellingUnit(
  parseModel("4a-2a"),
  PUBLISHED_FITS.map(({ mode, peakReduction, parameters }) => ({
    mode,
    peakReduction,
    parameters,
  })),
  {},
);

/** Sound that goes over the threshold and comes back. */
function sound(): Float32Array {
  return Float32Array.from(
    { length: RATE },
    (_, n) => Math.sin(n / 9) * (n % 4000 < 2000 ? 0.5 : 0.05),
  );
}

Deno.test("valuesAtKnobs() sets the knobs by any of its options", () => {
  assert.deepEqual(
    valuesAtKnobs(fet(), { knob: ["ratio=8.0", " input = 3"] }),
    { ...PARAMETERS, ratio: 8, threshold_db: -13 },
  );
  const at = (mode: "compress" | "limit") =>
    parametersAt(PUBLISHED_FITS, { mode, peakReduction: 63 }, "linear");
  // The switch stands at compress where nothing is said.
  assert.deepEqual(
    valuesAtKnobs(curve, { knob: [], peakReduction: "63" }),
    at("compress"),
  );
  for (
    const options of [
      { knob: [], peakReduction: "63", mode: "limit" as const },
      { knob: ["mode=limit"], peakReduction: "63" },
      { knob: ["peak_reduction=63"], mode: "limit" as const },
      { knob: ["peak_reduction=63", "mode=limit"] },
    ]
  ) {
    assert.deepEqual(valuesAtKnobs(curve, options), at("limit"));
    assert.notEqual(firstKnobOption(options), undefined);
  }
  assert.equal(firstKnobOption({ knob: [] }), undefined);
});

Deno.test("valuesAtKnobs() names the option that is wrong or missing", () => {
  const cases: [Unit, Parameters<typeof valuesAtKnobs>[1], RegExp][] = [
    [fet(), { knob: ["ratio"] }, /^--knob ratio: write it as name=value/],
    [fet(), { knob: ["=4"] }, /^--knob =4: write it as name=value/],
    [
      fet(),
      { knob: ["gain=4"] },
      /^--knob gain=4: the unit has no knob gain; it has ratio, input$/,
    ],
    [
      fet(),
      { knob: ["__proto__=4"] },
      /^--knob __proto__=4: the unit has no knob/,
    ],
    [
      fet(),
      { knob: ["ratio=6"] },
      /^--knob ratio=6: must be one of 4, 8, all$/,
    ],
    [fet(), { knob: ["ratio="] }, /^--knob ratio=: must be one of 4, 8, all$/],
    [
      fet(),
      { knob: ["ratio=4", "input=x"] },
      /^--knob input=x: give a number, for example 2$/,
    ],
    [
      fet(),
      { knob: ["ratio=4"] },
      /^--knob input=… is missing: give a number from 0 to 10$/,
    ],
    [
      fet(),
      { knob: ["input=4"] },
      /^--knob ratio=… is missing: give one of 4, 8, all$/,
    ],
    [
      fet(),
      { knob: ["ratio=all", "input=4"] },
      /no setting with ratio all: choose 4 or 8/,
    ],
    [
      fet(),
      { knob: ["ratio=4", "input=7"] },
      /input 7 lies outside the curve: choose 2 to 6/,
    ],
    [
      fet(),
      { knob: [], peakReduction: "3" },
      /^--peak-reduction: the unit has no knob peak_reduction/,
    ],
    [
      curve,
      { knob: ["mode=limit"], mode: "limit" },
      /^--knob mode=limit and --mode set the same knob/,
    ],
    [
      curve,
      { knob: [], mode: "limit" },
      /^--knob peak_reduction=… is missing: give a number from 0 to 100$/,
    ],
    [
      unitOfValues(parseModel("4a-2a"), PARAMETERS),
      { knob: ["a=1"] },
      /no knob a; it has none/,
    ],
  ];
  for (const [unit, options, message] of cases) {
    assert.throws(() => valuesAtKnobs(unit, options), (error: Error) => {
      assert.match(error.message, message);
      return true;
    });
  }
});

Deno.test("unitHeldAt() leaves the other knobs, and the settings that stand there", () => {
  const held = unitHeldAt(fet(), { knob: ["ratio=8"] });
  assert.deepEqual(Object.keys(held.knobs), ["input"]);
  assert.deepEqual(held.settings.map(({ at }) => at), [
    { input: 2 },
    { input: 6 },
  ]);
  assert(held.settings.every(({ params }) => params.ratio === 8));
  assert.deepEqual(unitHeldAt(fet(), { knob: [] }), fet());
  assert.throws(
    () => unitHeldAt(fet(), { knob: ["input=3"] }),
    /--knob: no setting of the unit stands at input 3/,
  );
});

Deno.test("readSetting() and readCurve() say which option a file belongs to, and know the model", async () => {
  await withFolder(async (folder) => {
    const write = async (name: string, unit: Unit) => {
      await Deno.writeTextFile(join(folder, name), unitToYaml(unit));
      return join(folder, name);
    };
    const soft = { ...PARAMETERS, knee_db: 6 };
    const one = await write(
      "one.yaml",
      unitOfValues(parseModel("4a-2a+soft-knee"), soft),
    );
    const many = await write("many.yaml", fet());
    const { model, values } = await readSetting(one);
    assert.equal(model.name, "4a-2a+soft-knee");
    assert.deepEqual(values, soft);
    // A unit with knobs will do where it has one setting.
    const [first] = fet().settings;
    const single = await write("single.yaml", { ...fet(), settings: [first] });
    assert.deepEqual((await readSetting(single)).values, first.params);
    assert.equal(
      (await readSetting(JSON.stringify(soft), "soft-knee")).model.name,
      "4a-2a+soft-knee",
    );
    const refused: [() => Promise<unknown>, RegExp][] = [
      [
        () => readSetting(many),
        /many\.yaml has 4 settings, and --params takes one: render and player take it with --curve, and --knob ratio=… and --knob input=…/,
      ],
      [
        () => readSetting(one, "rms"),
        /one\.yaml is of model 4a-2a\+soft-knee, not/,
      ],
      [
        () => readSetting(one, "nonsense"),
        /^ConfigError: --model: model "nonsense": /,
      ],
      [
        () => readCurve([one]),
        /one\.yaml has no knobs: give it to --params instead/,
      ],
      [
        () => readCurve([many, many]),
        /many\.yaml: ratio 4, input 2 is there twice/,
      ],
      [
        () => readCurve([], "rms"),
        /--model rms: the published curve is of 4a-2a/,
      ],
      [() => readCurve([many], "rms"), /many\.yaml is of model 4a-2a, not rms/],
    ];
    for (const [read, message] of refused) {
      await assert.rejects(read(), (error: Error) => {
        assert.match(String(error), message);
        return true;
      });
    }
    const { unit, origin, surrogate } = await readCurve([many], "4a-2a");
    assert.deepEqual(unit, fet());
    assert.equal(origin, "From many.yaml: my limiter");
    assert.equal(surrogate, false);
    const made = await write("made.yaml", {
      ...fet(),
      origin: { surrogate: true },
    });
    assert.equal((await readCurve([made])).surrogate, true);
  });
});

Deno.test("describeParameters() has a line for each parameter, its digits and unit the model's", () => {
  const plain = (model: string, values: Values) =>
    describeParameters(parseModel(model), values)
      // deno-lint-ignore no-control-regex
      .replace(/\x1b\[\d+m/g, "").replaceAll("\u00a0", " ").split("\n");
  assert.deepEqual(
    plain("4a-2a", {
      threshold_db: -19.153,
      ratio: 5.8561,
      attack_ms: 9.48,
      release_ms: 199.12,
      make_up_db: -4.018,
    }),
    [
      "Threshold   −19.15 dB",
      "Ratio       5.856 : 1",
      "Attack      9.480 ms",
      "Release     199.1 ms",
      "Make-up     −4.02 dB",
    ],
  );
  assert.deepEqual(
    plain("opto+saturation+coupling", {
      threshold_db: -30,
      ratio: 4,
      knee_db: 6,
      attack_ms: 9.48,
      release_ms: 60,
      second_release_ms: 900,
      second_share: 0.4,
      square: -0.01,
      cube: 0,
      coupling_hz: 5,
      make_up_db: 2,
    }),
    [
      "Threshold       −30.00 dB",
      "Ratio           4.000 : 1",
      "Knee            6.00 dB",
      "Attack          9.480 ms (in the loop 2.370 ms)",
      "Release         60.00 ms (in the loop 15.00 ms)",
      "Second release  900.0 ms (in the loop 225.0 ms)",
      "Second share    0.400",
      "Square          −0.01000",
      "Cube            0",
      "Coupling        5.000 Hz",
      "Make-up         2.00 dB",
    ],
  );
  const ratio = parseModel("rms").parameters[1];
  assert.equal(formatParameter(ratio, Infinity), "∞ : 1");
});

Deno.test("render plays a unit at its knobs, and one setting of it", async () => {
  await withFolder(async (folder) => {
    const dry = join(folder, "dry.wav");
    const out = join(folder, "out.wav");
    await writeWav(dry, sound(), { sampleRate: RATE });
    const file = join(folder, "unit.yaml");
    await Deno.writeTextFile(file, unitToYaml(fet()));
    const knobs = ["--knob", "ratio=8", "--knob", "input=3"];
    const played = await runTask("render", [
      ...[dry, out, "--curve", file, ...knobs, "--json", "-"],
    ]);
    assert.equal(played.code, 0, played.stderr);
    assert.equal(played.stderr, "");
    const { model, params } = JSON.parse(played.stdout);
    assert.equal(model, "4a-2a");
    assert.deepEqual(params, { ...PARAMETERS, ratio: 8, threshold_db: -13 });
    const wanted = compress(sound(), params, RATE);
    const { samples } = await readWav(out);
    assert(samples.every((value, n) => Math.abs(value - wanted[n]) < 1e-6));

    // A ratio of ∞, in a surrogate's file and as text.
    const limiter = { ...PARAMETERS, ratio: Infinity };
    await Deno.writeTextFile(
      file,
      unitToYaml({
        ...unitOfValues(parseModel("4a-2a"), limiter),
        origin: { surrogate: true },
      }),
    );
    const whole = await runTask("render", [dry, out, "--params", file]);
    assert.equal(whole.code, 0, whole.stderr);
    assert.match(
      whole.stderr,
      /are those of surrogate data, not of a real unit/,
    );

    assert.match(whole.stderr, /those of surrogate data, not of a real unit/);
    assert.match(whole.stdout, /Ratio {7}∞ : 1/);
    const limited = (await readWav(out)).samples;
    const again = await runTask("render", [
      ...[dry, out, "--json", "-", "--params"],
      JSON.stringify({ ...limiter, ratio: "∞" }),
    ]);
    assert.equal(again.code, 0, again.stderr);
    assert.equal(JSON.parse(again.stdout).params.ratio, "∞");
    assert.deepEqual((await readWav(out)).samples, limited);
    const over = compress(sound(), limiter, RATE);
    assert(limited.every((value, n) => Math.abs(value - over[n]) < 1e-6));
  });
});

Deno.test("render refuses models, knobs and weights that do not go together, and writes nothing", async () => {
  await withFolder(async (folder) => {
    const dry = join(folder, "dry.wav");
    await writeWav(dry, sound(), { sampleRate: RATE });
    const file = join(folder, "unit.yaml");
    await Deno.writeTextFile(file, unitToYaml(fet()));
    const params = JSON.stringify(PARAMETERS);
    const rms = JSON.stringify({ ...PARAMETERS, averaging_coefficient: 0.1 });
    const cases: [string[], RegExp][] = [
      [["--curve", file], /say which compressor/],
      [["--params", file], /has 4 settings, and --params takes one/],
      [["--params", params, "--knob", "a=1"], /--knob belongs to a unit with/],
      [
        ["--params", params, "--model", "opto"],
        /"knee_db" is missing\. Model op/,
      ],
      [
        ["--params", params, "--model", "x"],
        /--model: model "x": "x" is not kn/,
      ],
      [["--params", params, "--model", "gru"], /--model gru needs --weights/],
      [
        ["--params", rms, "--weights", "w.json"],
        /--weights belongs to parameters of 4a-2a, .* not of rms/,
      ],
      [
        ["--curve", file, "--peak-reduction", "50"],
        /--peak-reduction: the unit has no knob peak_reduction; it has ratio/,
      ],
      [
        ["--peak-reduction", "50", "--model", "rms"],
        /the published curve is of/,
      ],
      [
        ["--peak-reduction", "50", "--knob", "peak_reduction=3"],
        /--knob peak_reduction=3 and --peak-reduction set the same knob/,
      ],
    ];
    const before = await listTree(folder);
    for (const [words, message] of cases) {
      const { code, stderr } = await runTask("render", [
        dry,
        join(folder, "out.wav"),
        ...words,
      ]);
      assert.equal(code, 1, `${words}: ${stderr}`);
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /\n\s+at /, stderr);
    }
    assert.deepEqual(await listTree(folder), before);
  });
});

Deno.test("render streams any other model through the compiled one", async () => {
  await withFolder(async (folder) => {
    const dry = join(folder, "dry.wav");
    const out = join(folder, "out.wav");
    await writeWav(dry, sound(), { sampleRate: RATE });
    const rms = { ...PARAMETERS, averaging_coefficient: 0.1 };
    for (const words of [[], ["--model", "rms"]]) {
      const { code, stderr, stdout } = await runTask("render", [
        ...[dry, out, "--params", JSON.stringify(rms), ...words],
      ]);
      assert.equal(code, 0, stderr);
      assert.match(stdout, /Averaging {3}0\.1000/);
      const wanted = compress(sound(), rms, RATE);
      const { samples } = await readWav(out);
      assert(samples.every((value, n) => Math.abs(value - wanted[n]) < 1e-5));
    }
  });
});
