import assert from "node:assert/strict";
import fc from "fast-check";
import {
  divide,
  exp,
  less,
  multiply,
  select,
  subtract,
} from "../lib/autodiff/primitives.ts";
import { scan, type Step } from "../lib/autodiff/recurrences.ts";
import { describeParameters } from "../lib/commands/describe_parameters.ts";
import { makeStimulus } from "../lib/data/stimulus.ts";
import { openCompiledEngine } from "../lib/engines/compiled/compiled_engine.ts";
import { openModel } from "../lib/engines/compiled/stream.ts";
import { fitPair } from "../lib/fitting/fit.ts";
import { solverSchema } from "../lib/fitting/fit_config.ts";
import { buildKernels } from "../lib/kernels/build.ts";
import { THRESHOLD } from "../lib/models/curve.ts";
import {
  type Model,
  type Parameter,
  type Values,
  vectorOf,
} from "../lib/models/model.ts";
import { MAKE_UP, shelfOf } from "../lib/models/output.ts";
import {
  type Choice,
  CHOICES,
  parseModel,
  PRESETS,
} from "../lib/models/presets.ts";
import {
  approach,
  ATTACK,
  coefficient,
  factor,
  RELEASE,
} from "../lib/models/smoothing.ts";
import { createRandom } from "../lib/base/random.ts";
import { throughCascade } from "../lib/phase/cascade_filter.ts";
import { chunk } from "../lib/sound/chunks.ts";
import {
  CHECK_RATE,
  checkEnds,
  checkModel,
  deviations,
} from "./check_model.ts";
import { relativeDeviation } from "./close.ts";
import { type GoldenCase, goldenPair, goldenRow } from "./golden_signal.ts";
import comp4cFile from "./golden/comp-4c.json" with { type: "json" };
import modelsFile from "./golden/models.json" with { type: "json" };

await buildKernels(["compressor"]);

/** The model of a golden case, by the words the project has for its choices. */
function goldenModel(choices: Record<string, unknown>): Model {
  const words: Record<string, boolean> = {
    "feedback": choices.topology === "feedback",
    "rms": choices.detector === "rms",
    "soft-knee": choices.knee === "soft",
    "decibel": choices.smoothing === "decibel",
    "two-stage": choices.release === "two-stage",
    "saturation": choices.saturation === true,
    "coupling": choices.coupling === true,
    "bandwidth": choices.bandwidth === true,
    "fitted-start": choices.start === "fitted",
  };
  const chosen = CHOICES.filter((choice) => words[choice]);
  return parseModel(["4a-2a", ...chosen].join("+"));
}

for (const golden of modelsFile.cases) {
  const model = goldenModel(golden.model);
  const cases = golden as unknown as GoldenCase;
  const size = model.parameters.length;

  Deno.test(`${model.name} meets its golden figures in double and single precision`, async () => {
    assert.deepEqual(model.parameters.map(({ name }) => name), golden.order);
    const pair = goldenPair(cases);
    const double = await openCompiledEngine(pair, model, {
      precision: "double",
    });
    const single = await openCompiledEngine(pair, model);
    for (const evaluation of golden.evaluations) {
      const values = evaluation.theta as unknown as Values;
      const expected = {
        loss: evaluation.loss,
        modelEnergy: NaN,
        gradient: Float64Array.from(evaluation.gradient),
        hessian: Float64Array.from(evaluation.hessian.flat()),
      };
      const at = vectorOf(model, values);
      assert.equal(at.length, size);
      const exact = await double.evaluate(at, 2);
      const off = deviations(model, values, exact, expected);
      assert(off.loss <= 1e-9, `loss off by ${off.loss}`);
      assert(off.gradient <= 1e-6, `gradient off by ${off.gradient}`);
      assert(off.entry <= 1e-6, `Hessian off by ${off.entry}`);
      const esr = exact.loss / double.targetEnergy;
      assert(relativeDeviation([esr], [evaluation.esr]) <= 1e-9);
      const fast = await single.evaluate(at, 2);
      const off1 = deviations(model, values, fast, expected);
      assert(off1.loss <= 1e-5, `loss in single off by ${off1.loss}`);
      assert(off1.gradient <= 1e-4, `gradient off by ${off1.gradient}`);
      assert(off1.matrix <= 1e-3, `Hessian off by ${off1.matrix}`);
      const row = goldenRow(cases, 0);
      const output = new Float64Array(row.length);
      openModel(model, values, cases.signal.sample_rate, {
        precision: "double",
      }).process(row, output);
      const head = output.subarray(4400, 4404);
      assert(relativeDeviation(head, evaluation.output_head) <= 1e-9);
    }
    await double.close();
    await single.close();
  });
}

Deno.test("comp-4c meets the published effect, sample by sample", () => {
  const { signal } = comp4cFile;
  const input = goldenRow({ signal: { ...signal, batch: 1 } }, 0);
  for (const golden of comp4cFile.cases) {
    const output = new Float64Array(input.length);
    openModel(
      parseModel("comp-4c"),
      {
        threshold_db: golden.threshold_db,
        ratio: golden.ratio,
        attack_ms: 1000 * golden.attack_s,
        release_ms: 1000 * golden.release_s,
        make_up_db: 0,
      },
      signal.sample_rate,
      { precision: "double" },
    ).process(input, output);
    const energy = output.reduce((sum, y) => sum + y * y, 0);
    assert(relativeDeviation([energy], [golden.energy]) <= 1e-9);
    for (const [n, value] of Object.entries(golden.samples)) {
      assert(Math.abs(output[Number(n)] / value - 1) <= 1e-9, `sample ${n}`);
    }
  }
});

/** Corner and Q of a section, whatever its order. */
function sectionValues(end: string, factor = 1): Values {
  return {
    [`allpass_corner_hz${end}`]: 631 * factor,
    [`allpass_q${end}`]: 0.83,
  };
}

/** Values that the checks are smooth at: no sample lies on an edge. */
const VALUES: Values = {
  threshold_db: -21.3,
  ratio: 4.3,
  knee_db: 5.1,
  attack_ms: 1.7,
  release_ms: 17.3,
  second_release_ms: 71.9,
  second_share: 0.37,
  averaging_coefficient: 0.13,
  initial_gain_db: -2.3,
  square: 0.06,
  cube: -0.13,
  coupling_hz: 41.7,
  bandwidth_hz: 13100,
  shelf_pole_us: 9.3,
  shelf_zero_us: -2.1,
  ...sectionValues(""),
  ...sectionValues("_1"),
  ...sectionValues("_2", 3),
  make_up_db: 1.3,
};

for (const name of Object.keys(PRESETS)) {
  Deno.test(`${name} passes the checks of every model, and works at the ends of its ranges`, async () => {
    await checkModel(parseModel(name), VALUES);
    await checkEnds(parseModel(name), VALUES);
  });
}

Deno.test("any combination of choices passes the checks of every model", () =>
  fc.assert(
    fc.asyncProperty(
      fc.subarray([...CHOICES] as Choice[]),
      fc.integer({ min: 1, max: 1000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      async (choices, seed, part) => {
        const model = parseModel(["4a-2a", ...choices].join("+"));
        // Attacks from the shortest with αR = 1.5 to 20 ms.
        const shortest = 2200 * VALUES.ratio / (1.5 * CHECK_RATE);
        const attack_ms = shortest * (20 / shortest) ** part;
        await checkModel(model, { ...VALUES, attack_ms }, seed);
      },
    ),
    { numRuns: 12 },
  ));

for (
  const name of [
    "4a-2a+allpass-1",
    "4a-2a+allpass-2",
    "opto+coupling+allpass-1+allpass-2+inverted",
  ]
) {
  Deno.test(`${name} passes the checks of every model, and works at the ends of its ranges`, async () => {
    await checkModel(parseModel(name), VALUES);
    await checkEnds(parseModel(name), VALUES);
  });
}

Deno.test("all-pass sections of a model are those of lib/phase, at any corner, in single precision too", () =>
  fc.assert(
    fc.property(
      fc.double({ min: Math.log(2), max: Math.log(23000), noNaN: true }),
      fc.double({ min: Math.log(0.3), max: Math.log(4), noNaN: true }),
      fc.integer(),
      (corner, width, seed) => {
        const random = createRandom(seed);
        const dry = Float64Array.from({ length: 3000 }, () => random.normal());
        const [cornerHz, q] = [Math.exp(corner), Math.exp(width)];
        const model = parseModel("4a-2a+allpass-1+allpass-2+inverted");
        const values = {
          threshold_db: 100,
          ratio: 2,
          attack_ms: 1,
          release_ms: 100,
          allpass_corner_hz_1: cornerHz,
          allpass_corner_hz_2: 1234,
          allpass_q_2: q,
          make_up_db: 0,
        };
        const expected = throughCascade(dry, {
          polarity: -1,
          delay: 0,
          sections: [{ cornerHz }, { cornerHz: 1234, q }],
        }, CHECK_RATE);
        for (const precision of ["double", "single"] as const) {
          const wet = precision === "double"
            ? new Float64Array(dry.length)
            : new Float32Array(dry.length);
          const x = precision === "double" ? dry : Float32Array.from(dry);
          openModel(model, values, CHECK_RATE, { precision }).process(x, wet);
          const off = relativeDeviation(wet, expected);
          assert(off < (precision === "double" ? 1e-9 : 5e-6), `${off}`);
        }
      },
    ),
    { numRuns: 15 },
  ));

Deno.test("the shelf of a model has the response of its pole and zero, and every bandwidth is one", () =>
  fc.assert(
    fc.property(
      fc.double({ min: Math.log(0.1), max: Math.log(300), noNaN: true }),
      fc.double({ min: -50, max: 50, noNaN: true }),
      (pole, shelf_zero_us) => {
        const still = {
          threshold_db: 100,
          ratio: 2,
          attack_ms: 1,
          release_ms: 100,
          make_up_db: 0,
        };
        const impulse = new Float64Array(4096);
        impulse[0] = 1;
        const responseOf = (name: string, values: Values) => {
          const wet = new Float64Array(impulse.length);
          const model = parseModel(name);
          openModel(model, { ...still, ...values }, CHECK_RATE, {
            precision: "double",
          }).process(impulse, wet);
          return wet;
        };
        const shelf_pole_us = Math.exp(pole);
        const shelved = responseOf("shelf", { shelf_pole_us, shelf_zero_us });
        const [t1, t0] = [shelf_pole_us, shelf_zero_us]
          .map((us) => 2e-6 * us * CHECK_RATE);
        let [before, output] = [0, 0];
        impulse.forEach((x, n) => {
          // (1 + T₀ q)/(1 + T₁ q), q = (1 − z⁻¹)/(1 + z⁻¹)
          output = ((1 + t0) * x + (1 - t0) * before - (1 - t1) * output) /
            (1 + t1);
          before = x;
          assert(Math.abs(shelved[n] - output) < 1e-9, `${n}`);
        });
        const bandwidth_hz = 1000 * shelf_pole_us;
        const low = responseOf("bandwidth", { bandwidth_hz });
        const same = responseOf("shelf", shelfOf(bandwidth_hz, CHECK_RATE));
        low.forEach((y, n) => assert(Math.abs(same[n] - y) < 1e-9, `${n}`));
      },
    ),
    { numRuns: 30 },
  ));

// ------------------------------------------------- a model that is not shipped

const BEND: Parameter = {
  name: "bend_db",
  title: "Bend",
  unit: "dB",
  decimals: 2,
  start: 20,
  range: [1, 200],
  scale: "log",
};

const towards: Step = ([d], [to, attack, release]) => [
  approach(d, to, attack, release),
];

/** A "vari-mu": its ratio grows with the level, G = −d (1 − e^(−d/bend)). */
const variMu: Model = {
  name: "vari-mu",
  feedback: false,
  parameters: [THRESHOLD, BEND, ATTACK, RELEASE, MAKE_UP],
  gain({ threshold_db, bend_db, attack_ms, release_ms }, sound) {
    const over = subtract(sound.level, threshold_db);
    const d = select(less(0, over), over, 0);
    const grown = subtract(exp(multiply(-1, divide(d, bend_db))), 1);
    const [decibels] = scan(towards, [0], [
      multiply(d, grown),
      coefficient(attack_ms, sound.sampleRate),
      coefficient(release_ms, sound.sampleRate),
    ]);
    return factor(decibels);
  },
  output(theta, sound) {
    const gain = multiply(factor(theta.make_up_db), variMu.gain(theta, sound));
    return multiply(gain, sound.input);
  },
};

Deno.test("a model of 40 lines in a test is fitted, rendered and shown in tables like the others", async () => {
  const truth = {
    threshold_db: -24,
    bend_db: 30,
    attack_ms: 4,
    release_ms: 150,
    make_up_db: 3,
  };
  await checkModel(variMu, { ...truth, release_ms: 31 });
  const { samples: dry, sampleRate } = makeStimulus({ seconds: 12, seed: 3 });
  const wet = new Float32Array(dry.length);
  openModel(variMu, truth, sampleRate).process(dry, wet);
  const pair = chunk({ dry, wet, sampleRate }, {
    chunkSeconds: 4,
    overlapSeconds: 0.5,
  });
  const solver = solverSchema.parse({});
  const { parameters } = await fitPair(pair, variMu, solver, "wasm");
  for (const [name, value] of Object.entries(truth)) {
    const off = Math.abs(parameters[name] / value - 1);
    assert(off < 0.005, `${name} is ${parameters[name]}, not ${value}`);
  }
  const text = describeParameters(variMu, truth);
  assert.match(text, /Bend +30\.00\sdB/);
  assert.match(text, /Release +150\.0\sms/);
});

// ------------------------------------------------- names

Deno.test("parseModel() joins presets and choices in one order, whatever order they come in", () => {
  const nameOf = (text: string) => parseModel(text).name;
  assert.equal(nameOf("4a-2a"), "4a-2a");
  assert.equal(nameOf("bandwidth+coupling"), "4a-2a+coupling+bandwidth");
  assert.equal(nameOf("4a-2a+two-stage+feedback"), "4a-2a+feedback+two-stage");
  assert.equal(nameOf("opto+coupling+feedback"), "opto+coupling");
  assert.equal(nameOf("opto+bandwidth+rms"), "opto+rms+bandwidth");
  assert.equal(nameOf("RMS"), "rms");
  assert.equal(
    nameOf("inverted+allpass-2+rms+allpass-1+allpass-2"),
    "rms+allpass-1+allpass-2+allpass-2+inverted",
  );
  assert.deepEqual(
    parseModel("allpass-2").parameters.slice(-3).map(({ name }) => name),
    ["allpass_corner_hz", "allpass_q", "make_up_db"],
  );
  assert.deepEqual(
    parseModel("allpass-2+allpass-1").parameters.slice(4, 7)
      .map(({ name }) => name),
    ["allpass_corner_hz_1", "allpass_corner_hz_2", "allpass_q_2"],
  );
  assert.equal(parseModel("opto"), parseModel("opto"));
});

Deno.test("equal models have one name, and are one object", () => {
  const same = [
    ["4a-2a", "4a-2a"],
    ["4a-2a+rms", "rms"],
    ["feedback+rms", "rms+feedback"],
    ["4a-2a+feedback+soft-knee+decibel+two-stage", "opto"],
    ["rms+feedback+soft-knee+decibel+two-stage", "opto+rms"],
    ["rms+decibel", "vca"],
    ["comp-4c+decibel", "comp-4c"],
    ["fet+feedback", "fet"],
    ["decibel", "4a-2a+decibel"],
  ];
  for (const [text, name] of same) {
    assert.equal(parseModel(text).name, name);
    assert.equal(parseModel(text), parseModel(name));
  }
  // Whatever the choices, a name says them all and leads back to its model.
  fc.assert(
    fc.property(
      fc.constantFrom("4a-2a", "rms", "vca", "opto"),
      fc.shuffledSubarray([...CHOICES] as Choice[]),
      (preset, choices) => {
        const model = parseModel([preset, ...choices].join("+"));
        assert.equal(parseModel(model.name), model);
        const all = CHOICES.filter((one) =>
          [...PRESETS[preset], ...choices].includes(one)
        );
        assert.equal(parseModel(["4a-2a", ...all].join("+")), model);
      },
    ),
  );
  // Those that are more than their choices have no other name.
  assert.notEqual(parseModel("comp-4c"), parseModel("4a-2a+decibel"));
  assert.notEqual(parseModel("fet"), parseModel("4a-2a+feedback"));
});

Deno.test("parseModel() says which word it does not know, and what it takes", () => {
  assert.throws(
    () => parseModel("opto+cupling"),
    /"cupling" is not known.*coupling/,
  );
  assert.throws(
    () => parseModel("opto+comp-4c"),
    /opto and comp-4c are presets: name one/,
  );
  assert.throws(
    () => parseModel("comp-4c+soft-knee+rms"),
    /comp-4c is forward and hears peaks: leave feedback and rms out/,
  );
  assert.throws(() => parseModel("opto+"), /a word is missing/);
  assert.throws(() => parseModel("constructor"), /not known/);
  const nine = Array(9).fill("allpass-1").join("+");
  assert.throws(() => parseModel(nine), /9 all-pass sections: at most 8/);
});
