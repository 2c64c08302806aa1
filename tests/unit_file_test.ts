/** A unit as a file: what is written is read, today's files are, others are refused. @module */

import assert from "node:assert/strict";
import fc from "fast-check";
import { curveToCsv } from "../lib/data/curve_csv.ts";
import { PUBLISHED_FITS } from "../lib/data/published.ts";
import { readUnit } from "../lib/data/read_unit.ts";
import {
  joinUnits,
  LEVELLING_KNOBS,
  levellingUnit,
  type Unit,
  unitOfValues,
  unitToYaml,
} from "../lib/data/unit_file.ts";
import { jsonValues } from "../lib/data/values_schema.ts";
import type { Model, Parameter, Values } from "../lib/models/model.ts";
import { CHOICES, parseModel, PRESETS } from "../lib/models/presets.ts";

const PARAMETERS = {
  threshold_db: -24,
  ratio: 4,
  attack_ms: 2,
  release_ms: 200,
  make_up_db: 1,
};

/** Any model of the family. */
const models = fc.tuple(
  fc.constantFrom(...Object.keys(PRESETS)),
  fc.subarray([...CHOICES]),
).filter(([preset, choices]) =>
  // It is forward and hears peaks.
  preset !== "comp-4c" ||
  !choices.some((choice) => choice === "feedback" || choice === "rms")
).map(([preset, choices]) => parseModel([preset, ...choices].join("+")));

/** Any number; not −0, which JSON has not. */
const finite = fc.double({ noNaN: true, noDefaultInfinity: true })
  .map((value) => value + 0);

/** Any value that a parameter can have, its ends among them. */
function valueOf({ scale, range }: Parameter, { feedback }: Model) {
  const above = (min: number, minExcluded = false) =>
    fc.double({ min, minExcluded, noNaN: true, noDefaultInfinity: true });
  switch (scale) {
    case "linear":
      return finite;
    case "logit":
      return fc.double({ min: 0, max: 1, noNaN: true });
    case "log":
      return above(0, range[0] > 0);
    case "log-above-one":
      return feedback
        ? above(1)
        : fc.oneof({ weight: 5, arbitrary: above(1) }, fc.constant(Infinity));
  }
}

function valuesOf(model: Model): fc.Arbitrary<Values> {
  return fc.record(
    Object.fromEntries(
      model.parameters.map((parameter) => [
        parameter.name,
        valueOf(parameter, model),
      ]),
    ),
    { noNullPrototype: true },
  );
}

/** Text with all that YAML might take for something else. */
const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom("yes", "1e3", "- a: b", "# no", "null", "\u001b[31m", "a\nb"),
);

const positions = fc.uniqueArray(
  fc.integer({ min: -50, max: 50 }).map((tenths) => tenths / 10),
  { minLength: 1, maxLength: 4 },
);

/** A unit of any model: a dial, a switch of numbers or words, or neither. */
const units: fc.Arbitrary<Unit> = models.chain((model) => {
  const values = valuesOf(model);
  const setting = fc.record({
    params: values,
    esr: finite,
    delta_ldr_db: fc.double(),
    converged: fc.boolean(),
    warnings: fc.array(text, { maxLength: 2 }),
    recordings: fc.array(
      fc.record({
        dry: text,
        wet: text,
        lag_samples: fc.option(finite),
        polarity: fc.constantFrom(1 as const, -1 as const, null),
      }, { requiredKeys: ["lag_samples"], noNullPrototype: true }),
      { maxLength: 2 },
    ),
  }, { requiredKeys: ["params"], noNullPrototype: true });
  const choices = fc.uniqueArray(
    fc.oneof(fc.integer(), fc.string({ minLength: 1 })),
    { minLength: 1, maxLength: 3, selector: String },
  );
  return fc.tuple(
    fc.record({
      unit: text,
      sample_rate: fc.integer({ min: 1, max: 384_000 }),
      origin: fc.record({ text, surrogate: fc.boolean() }, {
        requiredKeys: [],
        noNullPrototype: true,
      }),
    }, { noNullPrototype: true }),
    fc.option(choices),
    fc.option(positions),
    fc.array(setting, { minLength: 12, maxLength: 12 }),
  ).map(([about, choices, dial, settings]) => {
    const places = (choices ?? [undefined]).flatMap((choice) =>
      (dial ?? [undefined]).map((position) => ({
        ...(choice !== undefined && { sort: choice }),
        ...(position !== undefined && { input: position }),
      }))
    );
    return {
      ...about,
      format: 2 as const,
      model: model.name,
      knobs: {
        ...(choices && { sort: { kind: "choice" as const, values: choices } }),
        ...(dial && {
          input: {
            kind: "number" as const,
            range: [-5, 5] as [number, number],
            unit: "",
          },
        }),
      },
      settings: places.map((at, i) => ({ at, ...settings[i] })),
    };
  });
});

Deno.test("readUnit() reads what unitToYaml() writes, of any model, to the last digit", () => {
  fc.assert(
    fc.property(units, (unit) => {
      const text = unitToYaml(unit);
      assert.deepEqual(readUnit(text, "unit.yaml"), unit);
      assert.deepEqual(
        readUnit(text, "unit.yaml", parseModel(unit.model)),
        unit,
      );
    }),
  );
});

Deno.test("readUnit() reads any model's parameters alone, as YAML and as JSON, an infinite ratio too", () => {
  fc.assert(
    fc.property(
      models.chain((model) => fc.tuple(fc.constant(model), valuesOf(model))),
      ([model, values]) => {
        const whole = unitOfValues(model, values);
        const { settings, ...rest } = readUnit(
          JSON.stringify(jsonValues(values)),
          "--params",
          model,
        );
        assert.deepEqual({ ...rest, settings }, whole);
        const yaml = unitToYaml(whole).replace(/^[^]*params:\n/, "params:\n")
          .replace(/\norigin: .*\n$/, "\n").replace(/^ {6}/gm, "  ");
        assert.deepEqual(readUnit(yaml, "params.yaml", model), whole);
      },
    ),
  );
});

Deno.test("parameters that do not say whose they are are 4a-2a's, or rms's where there is an averaging coefficient", () => {
  const read = (values: Values, model?: Model) =>
    readUnit(JSON.stringify(values), "--params", model).model;
  assert.equal(read(PARAMETERS), "4a-2a");
  const averaged = { ...PARAMETERS, averaging_coefficient: 0.1 };
  assert.equal(read(averaged), "rms");
  assert.equal(read(PARAMETERS, parseModel("comp-4c")), "comp-4c");
  assert.equal(
    read(
      { ...averaged, coupling_hz: 5 },
      parseModel("rms+coupling"),
    ),
    "rms+coupling",
  );
});

Deno.test("readUnit() takes what a fit wrote before, and the model where its JSON has it", () => {
  const yaml = "# warning: turned over\nparams:\n" +
    Object.entries(PARAMETERS).map(([key, value]) => `  ${key}: ${value}\n`)
      .join("") +
    "esr: 0.01\nwhole_esr: 0.02\ndelta_ldr_db: 0.3\nlag_samples: 700\n" +
    "polarity: -1\nconverged: true\ndry: a.wav\nwet: b.wav\n";
  assert.deepEqual(readUnit(yaml, "unit.yaml"), {
    ...unitOfValues(parseModel("4a-2a"), PARAMETERS),
    settings: [{
      at: {},
      params: PARAMETERS,
      esr: 0.01,
      whole_esr: 0.02,
      delta_ldr_db: 0.3,
      converged: true,
      recordings: [{
        dry: "a.wav",
        wet: "b.wav",
        lag_samples: 700,
        polarity: -1,
      }],
    }],
  });
  // JSON of a fit: null stands for what is no number, and there is much besides.
  const json = JSON.stringify({
    model: "4a-2a+coupling",
    order: ["threshold_db"],
    params: { ...PARAMETERS, coupling_hz: 4 },
    delta_ldr_db: null,
    sample_rate: 48000,
    lag_samples: null,
    gradient: [1, 2],
  });
  const { model, sample_rate, settings } = readUnit(json, "fit.json");
  assert.equal(model, "4a-2a+coupling");
  assert.equal(sample_rate, 48000);
  assert.equal(settings[0].params.coupling_hz, 4);
  assert.equal(settings[0].delta_ldr_db, undefined);
  assert.deepEqual(settings[0].recordings, [{ lag_samples: null }]);
});

Deno.test("readUnit() takes the curve that a sweep wrote before, and its CSV files, and knows a surrogate's", () => {
  const head = "# Fitted by Optofit to the twin.\n# Surrogate data.\n";
  const rows = PUBLISHED_FITS.slice(0, 2).map((fit) =>
    `  - mode: ${fit.mode}\n    peak_reduction: ${fit.peakReduction}\n` +
    `    params: ${JSON.stringify(fit.parameters)}\n`
  );
  const unit = readUnit(
    `${head}curve:\n  # warning: late\n${rows.join("")}`,
    "parameters.yaml",
  );
  assert.deepEqual(
    unit,
    levellingUnit(
      parseModel("4a-2a"),
      PUBLISHED_FITS.slice(0, 2).map(({ mode, peakReduction, parameters }) => ({
        mode,
        peakReduction,
        parameters,
      })),
      {
        text: "Fitted by Optofit to the twin. Surrogate data.",
        surrogate: true,
      },
    ),
  );
  assert.deepEqual(unit.settings[0].at, {
    peak_reduction: 40,
    mode: "compress",
  });
  assert.deepEqual(unit.knobs, LEVELLING_KNOBS);

  const files = ["my comp.csv", "compressor-limit.CSV"];
  const modes = ["compress", "limit"] as const;
  const read = modes.map((mode, i) =>
    readUnit(curveToCsv(PUBLISHED_FITS, mode), files[i])
  );
  const both = joinUnits(read, files);
  assert.deepEqual(
    both.settings.map(({ at, params }) => [at.mode, params.release_ms]),
    PUBLISHED_FITS.map(({ mode, parameters }) => [mode, parameters.release_ms]),
  );
  assert.equal(both.settings[0].whole_esr, PUBLISHED_FITS[0].esr);
  const remarked = curveToCsv(PUBLISHED_FITS, "limit", "Surrogate data");
  assert.equal(readUnit(remarked, "limit.csv").origin.surrogate, true);
  assert.throws(
    () => readUnit(remarked, "mine.csv"),
    /mine\.csv: its name must hold "compress" or "limit"/,
  );
  assert.throws(
    () => joinUnits([read[0], read[0]], ["a.csv", "b.csv"]),
    /b\.csv: peak_reduction 40, mode compress is there twice/,
  );
  assert.throws(
    () =>
      joinUnits([
        read[0],
        unitOfValues(parseModel("rms"), {}),
      ], ["a.csv", "b.yaml"]),
    /b\.yaml: its model or knobs are not those of a\.csv/,
  );
});

/** A unit in words, to be spoiled. */
const GOOD = `format: 2
unit: mine
model: opto
knobs:
  ratio: { kind: choice, values: [4, 8] }
  input: { kind: number, range: [0, 10], unit: dB }
settings:
  - at: { ratio: 4, input: 3 }
    params: { threshold_db: -30, ratio: 4, knee_db: 6, attack_ms: 9, release_ms: 60, second_release_ms: 900, second_share: 0.4, make_up_db: 2 }
  - at: { ratio: 8, input: 3 }
    params: { threshold_db: -30, ratio: 8, knee_db: 6, attack_ms: 9, release_ms: 60, second_release_ms: 900, second_share: 0.4, make_up_db: 2 }
`;

Deno.test("readUnit() names what is wrong with a unit, its place and the remedy", () => {
  assert.equal(readUnit(GOOD, "u.yaml").settings.length, 2);
  const cases: [RegExp | string, string, RegExp][] = [
    [
      "knee_db: 6, ",
      "",
      /^u\.yaml: "settings\.0\.params\.knee_db" is missing\. Model opto has threshold_db, ratio, knee_db, .*make_up_db$/,
    ],
    [
      "knee_db",
      "knee",
      /unknown key "settings\.0\.params\.knee"|params\.knee_db" is missing/,
    ],
    ["make_up_db: 2", "make_up_db: loud", /"settings\.0\.params\.make_up_db"/],
    ["make_up_db: 2", "make_up_db: .nan", /"settings\.0\.params\.make_up_db"/],
    ["make_up_db: 2", "make_up_db: .inf", /"settings\.0\.params\.make_up_db"/],
    ["ratio: 4, knee", "ratio: 0.5, knee", /params\.ratio": must be at least/],
    // A ratio of ∞ has no meaning where the detector hears the output.
    ["ratio: 4, knee", "ratio: .inf, knee", /"settings\.0\.params\.ratio"/],
    ["attack_ms: 9", "attack_ms: 0", /params\.attack_ms": must be above 0/],
    [
      "second_share: 0.4",
      "second_share: 1.2",
      /second_share": must be from 0 to 1/,
    ],
    [
      "model: opto",
      "model: optic",
      /^u\.yaml: model "optic": "optic" is not known; give 4a-2a, /,
    ],
    ["model: opto", "model: 3", /^u\.yaml: "model": must be a name/],
    ["model: opto", "x: 1", /^u\.yaml: ("model" is missing|unknown key "x")/],
    ["format: 2", "format: 3", /^u\.yaml: "format": must be 2/],
    ["format: 2\n", "", /^u\.yaml: "format" is missing/],
    ["unit: mine", "units: mine", /unknown key "units"; known here: format, u/],
    [
      "at: { ratio: 8, input: 3 }",
      "at: { ratio: 4, input: 3 }",
      /"settings\.1\.at": stands where settings\.0 does: give each setting once/,
    ],
    [
      "at: { ratio: 8, input: 3 }",
      "at: { ratio: 6, input: 3 }",
      /"settings\.1\.at\.ratio": must be one of 4, 8/,
    ],
    [
      "at: { ratio: 8, input: 3 }",
      "at: { ratio: 8, input: 11 }",
      /"settings\.1\.at\.input": must be a number from 0 to 10/,
    ],
    [
      "at: { ratio: 8, input: 3 }",
      "at: { ratio: 8 }",
      /"settings\.1\.at": does not say where input stood: add it/,
    ],
    [
      "at: { ratio: 8, input: 3 }",
      "at: { ratio: 8, input: 3, gain: 2 }",
      /"settings\.1\.at\.gain": is no knob of this unit: it has ratio, input/,
    ],
    ["range: [0, 10]", "range: [10, 0]", /"knobs\.input\.range": must ascend/],
    ["values: [4, 8]", 'values: [4, "4"]', /ratio\.values": holds a choice tw/],
    ["kind: choice", "kind: wheel", /"knobs\.ratio\.kind"/],
    [
      "  ratio: { kind",
      "  __proto__: { kind",
      /"settings\.0\.at\.ratio": is no knob of this unit: it has input/,
    ],
    ["  ratio: { kind", "  no name: { kind", /"knobs\.no name": .*letter/],
    [/settings:\n[^]*/, "settings: []\n", /"settings": must hold at least one/],
    [/settings:\n[^]*/, "settings: 4\n", /"settings"/],
    ["unit: mine", "unit: [", /^u\.yaml: /],
  ];
  for (const [from, to, message] of cases) {
    const text = GOOD.replace(from, to);
    assert.notEqual(text, GOOD, `${from}`);
    assert.throws(
      () => readUnit(text, "u.yaml"),
      (error: Error) => {
        assert.equal(error.name, "ConfigError", error.stack);
        assert.match(error.message, message);
        return true;
      },
      `${to}`,
    );
  }
  assert.throws(
    () => readUnit(GOOD, "u.yaml", parseModel("rms")),
    /^ConfigError: u\.yaml is of model opto, not rms: leave --model out, or give/,
  );
  assert.throws(
    () =>
      readUnit(
        curveToCsv(PUBLISHED_FITS, "limit"),
        "limit.csv",
        parseModel("rms"),
      ),
    /limit\.csv is of model 4a-2a, not rms/,
  );
});

Deno.test("readUnit() names what is wrong with parameters alone and with older files", () => {
  const json = (more: object) => JSON.stringify({ ...PARAMETERS, ...more });
  const cases: [string, string, RegExp][] = [
    [
      "{}",
      "--params",
      /^--params: "threshold_db" is missing\. Model 4a-2a has threshold_db, .*; name another model with --model$/,
    ],
    [json({ knee_db: 3 }), "--params", /unknown key "knee_db".*with --model/],
    [
      json({ ratio: "4" }),
      "--params",
      /"ratio": must be a number from 1, or ∞/,
    ],
    [json({ averaging_coefficient: 2 }), "a.json", /a\.json: "averaging_c/],
    ['{"params": {"ratio": 4}}', "a.json", /"params\.threshold_db" is missing/],
    ['{"params": 4}', "a.json", /a\.json: "params"/],
    [
      `{"model": "rms", "params": ${json({})}}`,
      "a.json",
      /"params\.averaging_coefficient" is missing\. Model rms has [^;]*$/,
    ],
    ["curve: []", "c.yaml", /c\.yaml: "curve": must hold at least one setting/],
    [
      "curve: [{mode: loud, peak_reduction: 1, params: {}}]",
      "c.yaml",
      /"curve\.0\.mode"/,
    ],
    [
      `curve: [{mode: limit, peak_reduction: 101, params: ${json({})}}]`,
      "c.yaml",
      /"curve\.0\.peak_reduction"/,
    ],
    [
      "curve: [{mode: limit, peak_reduction: 1, params: {}}]",
      "c.yaml",
      /"curve\.0\.params\.threshold_db" is missing\. Model 4a-2a has/,
    ],
    ["[1, 2]", "--params", /--params: must hold keys and values/],
  ];
  for (const [text, name, message] of cases) {
    assert.throws(() => readUnit(text, name), (error: Error) => {
      assert.equal(error.name, "ConfigError", error.stack);
      assert.match(error.message, message);
      return true;
    }, text);
  }
});

Deno.test("a hostile unit is refused, in little time and few words", () => {
  const settings = (count: number) =>
    `settings:\n${"  - at: {}\n    params: {}\n".repeat(count)}`;
  const wide = Array.from({ length: 5000 }, (_, i) => i).join(",");
  const knobs = Array.from(
    { length: 500 },
    (_, i) => `  k${i}: { kind: number, range: [0, 1] }\n`,
  ).join("");
  const texts = [
    `format: 2\nmodel: 4a-2a\n${settings(30_000)}`,
    `format: 2\nmodel: 4a-2a\nknobs:\n  a: { kind: choice, values: [${wide}] }\n${
      settings(1)
    }`,
    `format: 2\nmodel: 4a-2a\nknobs:\n${knobs}${settings(1)}`,
    `format: 2\nmodel: "${"4a-2a+".repeat(20_000)}"\n${settings(1)}`,
    `curve:\n${"  - { mode: limit, peak_reduction: 1 }\n".repeat(30_000)}`,
    `params: ${"[".repeat(20_000)}`,
    // Aliases of aliases, which stand for 9⁹ times "x".
    `a0: &a0 [x,x,x,x,x,x,x,x,x]\n${
      Array.from({ length: 9 }, (_, i) =>
        `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(",")}]\n`)
        .join("")
    }`,
  ];
  for (const text of texts) {
    const started = performance.now();
    assert.throws(() => readUnit(text, "u.yaml"), (error: Error) => {
      assert.equal(error.name, "ConfigError", error.stack);
      assert.match(error.message, /^u\.yaml: /);
      assert(error.message.length < 500, error.message.slice(0, 500));
      return true;
    });
    const ms = performance.now() - started;
    assert(ms < 10_000, `${text.slice(0, 40)}: ${ms} ms`);
  }
});
