/** Exported units play as `render` does: compiled to WebAssembly, and as LV2. @module */

import assert from "node:assert/strict";
import { multiply, subtract } from "../lib/autodiff/primitives.ts";
import { scan, type Step } from "../lib/autodiff/recurrences.ts";
import { faustFile } from "../lib/export/faust.ts";
import { valuesAnywhere } from "../lib/data/curve.ts";
import { PUBLISHED_FITS } from "../lib/data/published.ts";
import { makeStimulus } from "../lib/data/stimulus.ts";
import {
  levellingUnit,
  type Positions,
  type Unit,
  unitOfValues,
} from "../lib/data/unit_file.ts";
import { openProcessor } from "../lib/engines/open_processor.ts";
import { buildKernels } from "../lib/kernels/build.ts";
import type { Model, Values } from "../lib/models/model.ts";
import { parseModel } from "../lib/models/presets.ts";
import { readUnit } from "../lib/data/read_unit.ts";
import type { Interpolation } from "../lib/base/spline.ts";
import { MAKE_UP } from "../lib/models/output.ts";
import { ATTACK, coefficient, factor } from "../lib/models/smoothing.ts";
import { readWav } from "../lib/sound/wav.ts";
import { listTree, runTask, withFolder } from "./cli.ts";
import { buildLv2, compileFaust, lv2Test, writeFrames } from "./faust.ts";

await buildKernels();

const RATES = [44100, 48000, 96000];
/** Of full scale. */
const BAR = 1e-4;

const published = levellingUnit(parseModel("4a-2a"), PUBLISHED_FITS, {});

function exported(
  unit: Unit,
  model = parseModel(unit.model),
  interpolation: Interpolation = "linear",
): string {
  return faustFile({ unit, model, title: "Unit", origin: "", interpolation });
}

/** Two sounds with loud, soft and silent stretches. */
function sounds(sampleRate: number): Float32Array[] {
  return [1, 2].map((seed) => {
    const { samples } = makeStimulus({ seconds: 2, sampleRate, seed });
    const x = Float32Array.from(samples, (value) => 0.9 * value);
    return x.fill(0, Math.floor(0.6 * x.length), Math.floor(0.7 * x.length));
  });
}

async function rendered(
  model: Model,
  values: Values,
  sampleRate: number,
  x: Float32Array,
): Promise<Float32Array> {
  const y = new Float32Array(x.length);
  (await openProcessor(model, values, sampleRate)).process(x, y);
  return y;
}

function largest(a: Float32Array, b: Float32Array): number {
  assert.equal(a.length, b.length);
  return a.reduce((worst, value, n) => {
    const gap = Math.abs(value - b[n]);
    return gap <= worst ? worst : gap;
  }, 0);
}

/** Plays `unit` with its knobs `at`, in stereo and mono, beside `render`. */
async function checkPlays(
  unit: Unit,
  places: { at: Positions; controls: Record<string, number> }[],
  { model = parseModel(unit.model), rates = RATES, method = "linear" }: {
    model?: Model;
    rates?: number[];
    method?: Interpolation;
  } = {},
): Promise<void> {
  const code = exported(unit, model, method);
  const stereo = await compileFaust(code);
  const mono = await compileFaust(code, "mono");
  for (const sampleRate of rates) {
    const inputs = sounds(sampleRate);
    for (const { at, controls } of places) {
      const values = valuesAnywhere(unit, at, method);
      const wanted = await Promise.all(
        inputs.map((x) => rendered(model, values, sampleRate, x)),
      );
      const both = await stereo.play(inputs, sampleRate, controls);
      const [one] = await mono.play(inputs.slice(0, 1), sampleRate, controls);
      for (const [found, channel] of [[both[0], 0], [both[1], 1], [one, 0]]) {
        const gap = largest(found as Float32Array, wanted[channel as number]);
        assert.ok(
          gap < BAR,
          `${model.name} at ${sampleRate} Hz, ${JSON.stringify(at)}: ${gap}`,
        );
      }
    }
  }
}

Deno.test("the published curve plays as render does over its knob, in both modes, at any rate, in stereo and mono", async () => {
  const places = [0, 40, 63, 100].flatMap((peak_reduction) =>
    (["compress", "limit"] as const).map((mode, i) => ({
      at: { peak_reduction, mode },
      controls: { Peak_reduction: peak_reduction, Mode: i },
    }))
  );
  await checkPlays(published, places);
});

/** Values of every parameter of the family, at which each of them is heard. */
const HEARD: Values = {
  threshold_db: -26,
  ratio: 4,
  knee_db: 9,
  attack_ms: 8,
  release_ms: 150,
  second_release_ms: 900,
  second_share: 0.35,
  averaging_coefficient: 0.05,
  initial_gain_db: -3,
  square: 0.05,
  cube: -0.04,
  coupling_hz: 12,
  bandwidth_hz: 9000,
  shelf_pole_us: 20,
  shelf_zero_us: -4,
  allpass_corner_hz: 2100,
  allpass_corner_hz_1: 300,
  allpass_corner_hz_2: 4000,
  allpass_q_2: 1.3,
  make_up_db: 3,
};

function heard({ parameters }: Model): Values {
  return Object.fromEntries(parameters.map(({ name }) => [name, HEARD[name]]));
}

/** A unit of one dial, over which all parameters move. */
function dialled(model: Model): Unit {
  const values = heard(model);
  return {
    ...unitOfValues(model, values),
    knobs: { drive: { kind: "number", range: [0, 10], unit: "dB" } },
    settings: [2, 5, 9].map((drive, i) => ({
      at: { drive },
      params: Object.fromEntries(
        Object.entries(values).map(([name, value]) => [
          name,
          name === "second_share" || name === "make_up_db"
            ? value * (1 - 0.1 * i)
            : value * (1 + 0.1 * i),
        ]),
      ),
    })),
  };
}

const MEMBERS = [
  "opto",
  "rms",
  "comp-4c",
  "fet",
  "vca",
  "rms+feedback",
  "rms+feedback+two-stage+soft-knee+decibel",
  "4a-2a+feedback+two-stage",
  "4a-2a+soft-knee+two-stage+saturation+coupling+bandwidth+fitted-start",
  "opto+saturation+coupling+bandwidth",
  "opto+coupling+shelf",
  "4a-2a+coupling+allpass-1",
  "rms+allpass-1+allpass-2+inverted",
];

for (const name of MEMBERS) {
  const model = parseModel(name);

  Deno.test(`${name} plays as render does, as one fit and over a dial`, async () => {
    const alone = unitOfValues(model, heard(model));
    await checkPlays(alone, [{ at: {}, controls: {} }]);
    const places = [0, 3.7, 5, 10].map((drive) => ({
      at: { drive },
      controls: { Drive: drive },
    }));
    await checkPlays(dialled(model), places, { rates: [44100] });
  });

  Deno.test(`the parts of ${name} have names of their own`, () => {
    const code = exported(unitOfValues(model, heard(model)));
    assert.doesNotMatch(code, /^\s*(part|state)(_now\d*)? = /m);
  });
}

Deno.test("a spline over the knob plays as lib/data/curve.ts has it", async () => {
  const places = [20, 42, 66.6, 97].map((peak_reduction) => ({
    at: { peak_reduction, mode: "limit" },
    controls: { Peak_reduction: peak_reduction, Mode: 1 },
  }));
  await checkPlays(published, places, { rates: [48000], method: "spline" });
});

/** A unit of two dials and two switches. */
function fet(): Unit {
  const model = parseModel("4a-2a");
  return {
    ...unitOfValues(model, heard(model)),
    knobs: {
      input: { kind: "number", range: [0, 10], unit: "" },
      ratio: { kind: "choice", values: [4, 8, "all"] },
      attack: { kind: "number", range: [1, 7], unit: "" },
      process: { kind: "choice", values: ["it's; {on}", 'a "b"/c:1'] },
    },
    settings: [0, 4, 10].flatMap((input) =>
      [4, "all"].flatMap((ratio) =>
        [1, 7].flatMap((attack) =>
          ["it's; {on}", 'a "b"/c:1'].map((process, i) => ({
            at: { input, ratio, attack, process },
            params: {
              threshold_db: -10 - 2 * input - i,
              ratio: ratio === 4 ? 4 + input / 10 : 20,
              attack_ms: 0.3 * attack + 0.1 * input,
              release_ms: 60 + 10 * attack * (1 + i),
              make_up_db: input / 4,
            },
          }))
        )
      )
    ),
  };
}

Deno.test("several dials and switches, whatever they are called, play as lib/data/curve.ts has it", async () => {
  const places = [
    [0, 4, 1, 0],
    [2.5, 4, 3, 1],
    [7, "all", 6.5, 0],
    [10, "all", 7, 1],
  ].map(([input, ratio, attack, process]) => ({
    at: {
      input,
      ratio,
      attack,
      process: process === 0 ? "it's; {on}" : 'a "b"/c:1',
    },
    controls: {
      Input: input as number,
      Ratio: ratio === 4 ? 0 : 1,
      Attack: attack as number,
      Process: process as number,
    },
  }));
  await checkPlays(fet(), places, { rates: [48000] });
});

Deno.test("a ratio of ∞ plays, and lines to it go by 1/R", async () => {
  const model = parseModel("4a-2a");
  const unit = dialled(model);
  const [first, second, third] = unit.settings;
  const limited = {
    ...unit,
    settings: [first, second, {
      ...third,
      params: { ...third.params, ratio: Infinity },
    }],
  };
  const places = [3, 7, 8.5, 9].map((drive) => ({
    at: { drive },
    controls: { Drive: drive },
  }));
  await checkPlays(limited, places, { rates: [48000] });
  await checkPlays(limited, places, { rates: [48000], method: "spline" });
  const alone = unitOfValues(model, { ...heard(model), ratio: Infinity });
  await checkPlays(alone, [{ at: {}, controls: {} }], { rates: [48000] });
});

Deno.test("a knee of width 0 plays", async () => {
  const model = parseModel("4a-2a+soft-knee");
  const unit = unitOfValues(model, { ...heard(model), knee_db: 0 });
  await checkPlays(unit, [{ at: {}, controls: {} }], { rates: [48000] });
});

Deno.test("a model of one's own is exported and plays", async () => {
  const step: Step = ([state], [square, attack]) => [
    multiply(attack, subtract(square, state)),
  ];
  const model: Model = {
    name: "squarer",
    parameters: [ATTACK, MAKE_UP],
    feedback: false,
    gain: ({ attack_ms }, { input, sampleRate }) =>
      subtract(
        1,
        scan(step, [0.25], [
          multiply(input, input),
          coefficient(attack_ms, sampleRate),
        ])[0],
      ),
    output(theta, sound) {
      const turned = multiply(this.gain(theta, sound), sound.input);
      return multiply(factor(theta.make_up_db), turned);
    },
  };
  const unit = unitOfValues(model, { attack_ms: 3, make_up_db: -2 });
  await checkPlays(unit, [{ at: {}, controls: {} }], { model });
});

Deno.test("linked, both sides are turned down by what the louder asks for", async () => {
  const unit = unitOfValues(parseModel("opto"), heard(parseModel("opto")));
  const model = parseModel("opto");
  const rate = 48000;
  const sides = sounds(rate);
  sides[1] = sides[1].map((value) => 0.3 * value);
  const louder = sides[0].map((value, n) =>
    Math.max(Math.abs(value), Math.abs(sides[1][n]), 1e-6)
  );
  const turned = await rendered(model, heard(model), rate, louder);
  const plugin = await compileFaust(exported(unit));
  const both = await plugin.play(sides, rate, { Stereo_link: 1 });
  const apart = await plugin.play(sides, rate, { Stereo_link: 0 });
  assert.ok(largest(apart[1], both[1]) > 0.01);
  sides.forEach((side, i) => {
    const wanted = side.map((value, n) => value * turned[n] / louder[n]);
    assert.ok(largest(both[i], wanted) < BAR);
  });
});

Deno.test("trim, mix and bypass do what they say", async () => {
  const plugin = await compileFaust(exported(published));
  const rate = 48000;
  const sides = sounds(rate);
  const at = { Peak_reduction: 80 };
  const [wet] = await plugin.play(sides, rate, at);
  const [trimmed] = await plugin.play(sides, rate, {
    ...at,
    "Make-up_trim": 6,
  });
  const [mixed] = await plugin.play(sides, rate, { ...at, Mix: 25 });
  const [past] = await plugin.play(sides, rate, { ...at, Bypass: 1 });
  assert.ok(largest(trimmed, wet.map((value) => 10 ** 0.3 * value)) < 1e-6);
  const blend = wet.map((value, n) => 0.25 * value + 0.75 * sides[0][n]);
  assert.ok(largest(mixed, blend) < 1e-6);
  assert.deepEqual(past, sides[0]);
});

/** Largest sample of `y` above some kHz: differences of the eighth order. */
function clicks(y: Float32Array): number {
  let signal = Float64Array.from(y);
  for (let order = 0; order < 8; order++) {
    // Each is 1 at half the sample rate.
    signal = signal.map((value, n) =>
      n === 0 ? 0 : (value - signal[n - 1]) / 2
    );
  }
  return signal.subarray(64).reduce((a, b) => Math.max(a, Math.abs(b)), 0);
}

const TURNS = [
  ["Peak_reduction", 0, 100],
  ["Peak_reduction", 100, 40],
  ["Mode", 0, 1],
  ["Make-up_trim", -24, 6],
  ["Mix", 0, 100],
  ["Bypass", 1, 0],
  ["Stereo_link", 0, 1],
] as const;

Deno.test("a knob turned while playing does not click above −60 dBFS", async () => {
  const plugin = await compileFaust(exported(published));
  const rate = 48000;
  const length = rate / 2;
  const tone = new Float32Array(length).map((_, n) =>
    0.5 * Math.cos(2 * Math.PI * 100 * n / rate)
  );
  const still = new Float32Array(length).fill(0.5);
  for (const x of [tone, still]) {
    const other = x.map((value) => 0.1 * value);
    for (const [name, from, to] of TURNS) {
      const before = { Peak_reduction: 80, [name]: from };
      const [y] = await plugin.play([x, other], rate, before, {
        at: length / 2,
        to: { [name]: to },
      });
      const heard = clicks(y.subarray(length / 4));
      assert.ok(heard < 1e-3, `${name} ${from} to ${to}: ${heard}`);
    }
  }
  // A step of that size would be found.
  const step = still.map((value, n) => n < length / 2 ? value : value + 0.01);
  assert.ok(clicks(step) > 1e-3);
});

Deno.test("what fades away in silence becomes zero, before it becomes a denormal number", async () => {
  const model = parseModel("opto+coupling+bandwidth");
  const values = { ...heard(model), coupling_hz: 900, release_ms: 1 };
  const plugin = await compileFaust(exported(unitOfValues(model, values)));
  const x = new Float32Array(48000);
  x[10] = 0.5;
  const [y] = await plugin.play([x, x], 48000);
  assert.ok(y.subarray(11).some((value) => value !== 0));
  assert.ok(y.every((value) => value === 0 || Math.abs(value) > 1e-31));
  assert.ok(y.subarray(24000).every((value) => value === 0));
});

// ---------------------------------------------------------------- in a host

/** Hosts `code` as an LV2 plug-in beside `render`, at each place and rate. */
async function checkHosted(
  folder: string,
  code: string,
  unit: Unit,
  places: { at: Positions; controls: Record<string, number> }[],
  process: "mono" | "stereo",
  rates = RATES,
): Promise<void> {
  const model = parseModel(unit.model);
  const name = `unit${crypto.randomUUID().replaceAll("-", "")}`;
  await Deno.writeTextFile(`${folder}/${name}.dsp`, code);
  const plugin = await buildLv2(`${folder}/${name}.dsp`, process);
  const [from, to] = [`${folder}/in.wav`, `${folder}/out.wav`];
  for (const sampleRate of rates) {
    const sides = sounds(sampleRate).slice(0, process === "mono" ? 1 : 2);
    await writeFrames(from, sides, sampleRate);
    for (const { at, controls } of places) {
      const values = valuesAnywhere(unit, at, "linear");
      await plugin.host(from, to, controls);
      for (const [i, side] of sides.entries()) {
        const wanted = await rendered(model, values, sampleRate, side);
        const { samples } = await readWav(to, { channel: i + 1 });
        const gap = largest(Float32Array.from(samples), wanted);
        assert.ok(
          gap < BAR,
          `${model.name}, ${process}, ${sampleRate} Hz, ${
            JSON.stringify(at)
          }: ${gap}`,
        );
      }
    }
  }
}

lv2Test(
  "as an LV2 plug-in in a host the published curve plays as render does",
  async () => {
    await withFolder(async (folder) => {
      const places = [0, 40, 63, 100].flatMap((peak_reduction) =>
        (["compress", "limit"] as const).map((mode, i) => ({
          at: { peak_reduction, mode },
          controls: { Peak_reduction: peak_reduction, Mode: i },
        }))
      );
      const code = exported(published);
      for (const process of ["stereo", "mono"] as const) {
        await checkHosted(folder, code, published, places, process);
      }
    });
  },
);

for (const name of ["opto", "rms", "4a-2a+feedback+two-stage"]) {
  lv2Test(
    `as an LV2 plug-in in a host ${name} plays as render does`,
    async () => {
      const model = parseModel(name);
      const unit = unitOfValues(model, heard(model));
      await withFolder(async (folder) => {
        const code = exported(unit);
        const place = [{ at: {}, controls: {} }];
        for (const process of ["stereo", "mono"] as const) {
          await checkHosted(folder, code, unit, place, process);
        }
      });
    },
  );
}

lv2Test("a unit of exp:sweep is exported, built and hosted", async () => {
  await withFolder(async (folder) => {
    const sweep = await runTask("exp:sweep", [
      ...["--unit", "twin", "--set", "data.duration=7", "--out", folder],
      ...[
        "--set",
        "sweep.modes=[compress]",
        "--set",
        "sweep.settings=[100, 90]",
      ],
    ]);
    assert.equal(sweep.code, 0, sweep.stderr);
    const yaml = (await listTree(folder))
      .find((path) => path.endsWith("parameters.yaml"))!;
    const out = `${folder}/swept.dsp`;
    const { code, stderr } = await runTask("export", [yaml, "--out", out]);
    assert.equal(code, 0, stderr);
    await checkHosted(
      folder,
      await Deno.readTextFile(out),
      readUnit(await Deno.readTextFile(yaml), yaml),
      [93, 100].map((peak_reduction) => ({
        at: { peak_reduction, mode: "compress" },
        controls: { Peak_reduction: peak_reduction },
      })),
      "stereo",
      [44100],
    );
  });
});

lv2Test("a single fit is exported, built and hosted", async () => {
  await withFolder(async (folder) => {
    const rate = 44100;
    const [x] = sounds(rate);
    const model = parseModel("4a-2a");
    const y = await rendered(model, heard(model), rate, x);
    const [dry, wet] = [`${folder}/dry.wav`, `${folder}/wet.wav`];
    await writeFrames(dry, [x], rate);
    await writeFrames(wet, [y], rate);
    const yaml = `${folder}/unit.yaml`;
    const fit = await runTask("fit", [dry, wet, "--out", yaml]);
    assert.equal(fit.code, 0, fit.stderr);
    const out = `${folder}/fit.dsp`;
    const { code, stderr } = await runTask("export", [yaml, "--out", out]);
    assert.equal(code, 0, stderr);
    const text = await Deno.readTextFile(yaml);
    await checkHosted(
      folder,
      await Deno.readTextFile(out),
      readUnit(text, yaml),
      [{ at: {}, controls: {} }],
      "mono",
      [rate],
    );
  });
});
