/**
 * Experiment 06: SignalTrain.
 *
 * A network of four million numbers learns a compressor of four (Hawley, Colburn,
 * Mimilakis, "SignalTrain: Profiling Audio Compressors with Deep Neural Networks", AES
 * 147, 2019). What is cheap there is exact here; what took days on a GPU is scaled down
 * and says so; and beside it stand the four numbers, found by Newton's method.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { Option } from "@commander-js/extra-typings";
import * as z from "zod";
import { formatDuration, formatNumber } from "../lib/base/format.ts";
import { runCommand } from "../lib/cli/command_line.ts";
import { dataSchema } from "../lib/data/data_config.ts";
import { engineSchema } from "../lib/fitting/fit_config.ts";
import { useBackend } from "../lib/frameworks/tensorflow/backend.ts";
import { TENSORFLOW_BACKENDS } from "../lib/frameworks/tensorflow/names.ts";
import * as notebook from "../lib/notebook/experiment.ts";
import { codeOf, sounds } from "../lib/report/cells.ts";
import { md } from "../lib/report/markdown.ts";
import * as effects from "../lib/signaltrain/effect.ts";
import * as figures from "../lib/signaltrain/figures.ts";
import * as keeping from "../lib/signaltrain/kept_training.ts";
import { predictLong } from "../lib/signaltrain/long_sounds.ts";
import * as sizing from "../lib/signaltrain/sizes.ts";
import * as studies from "../lib/signaltrain/studies.ts";
import { simpleErrors } from "../lib/signaltrain/train.ts";
import * as trainings from "../lib/signaltrain/trainings.ts";
import * as trials from "../lib/signaltrain/trials.ts";
import { wavClip } from "../lib/sound/wav_clip.ts";
import effectCode from "../lib/signaltrain/effect.ts" with { type: "text" };
import lookbackCode from "../lib/signaltrain/lookback.ts" with { type: "text" };
import networkCode from "../lib/signaltrain/network.ts" with { type: "text" };
import recoverCode from "../lib/signaltrain/recover.ts" with { type: "text" };
import trainCode from "../lib/signaltrain/train.ts" with { type: "text" };
import waysCode from "../lib/signaltrain/trainings.ts" with { type: "text" };
import trialsCode from "../lib/signaltrain/trials.ts" with { type: "text" };

const { count, trainingShape, PUBLISHED_WAY } = trainings;

/** The config, `configs/06_signaltrain.yaml`. */
const CONFIG = {
  engine: engineSchema.default("wasm"),
  tfjs_backend: z.enum(TENSORFLOW_BACKENDS).default("wasm"),
  data: dataSchema.extend({ duration: dataSchema.shape.duration.default(24) })
    .prefault({}),
  lookback: z.strictObject({
    settings: count(1000).default(12),
    seconds: z.number().min(1).max(600).default(5),
    output: count(1e5).default(2048),
  }).prefault({}),
  newton: z.strictObject({
    settings: count(1000).default(20),
    seconds: z.number().min(0.5).max(60).default(3),
  }).prefault({}),
  network: z.strictObject(
    trainingShape({ scale: 0.25, batches: 2000, validation: 400 }),
  ).prefault({}),
  comparisons: z.strictObject({
    ...trainingShape({ scale: 0.125, batches: 200, validation: 200 }),
    windows: z.tuple([count(64), count(64)]).default([1, 4]),
  }).prefault({}),
  la2a_settings: z.array(z.number().min(0).max(100)).min(1)
    .default([100, 80, 60, 40, 20]),
  test_seconds: z.number().min(4).max(600).default(10),
  seed: z.int().min(0).default(1),
};

const EFFECTS = Object.keys(effects.EFFECTS) as effects.EffectName[];

/** Lookbacks of figure 1, in samples at 44.1 kHz. */
const LOOKBACKS = Array.from({ length: 11 }, (_, i) => 2 ** (i + 7));

/** The setting of the paper's figure 8, at which all are tested. */
const TESTED = {
  ...{ threshold_db: -30, ratio: 2.5, attack_ms: 2, release_ms: 30 },
  make_up_db: 0,
};

const PAPER = "Hawley, Colburn, Mimilakis, AES 147, 2019";
const FULL =
  "where the paper has scale 1 or more and up to 1 000 000 batches of 200";

export const command = notebook.experiment({
  url: import.meta.url,
  task: "exp:signaltrain",
  about: "SignalTrain's effects, network and figures, scaled down, and\n" +
    "beside them Comp-4C's four numbers by Newton's method.",
  title: "SignalTrain",
  subtitle: "Four million numbers, and four",
  config: CONFIG,
  options: {
    tfjs_backend: new Option(
      "--tfjs-backend <name>",
      "what computes the network (default: the config's)",
    ).choices(TENSORFLOW_BACKENDS),
  },
  open: notebook.pairSource,
  notes: "Trainings are kept: more cycles go on where fewer end.",
  examples: [
    "deno task exp:signaltrain --set comparisons.cycles=10",
    "deno task exp:signaltrain --set network.scale=1 --set network.batch=200",
    "deno task exp:signaltrain --data SignalTrain_LA2A_Dataset_1.1",
  ],
}, async ({ config, data, facts, say, step, show, table, claim, ...nb }) => {
  const { network, comparisons, seed, engine } = config;
  const short = (value: number) => formatNumber(value, 3);
  const sizeOf = (
    { scale, batches, cycles, batch }: trainings.TrainingConfig,
  ) => `scale ${scale}, ${batches * cycles} batches of ${batch}`;
  const [main, smaller] = [sizeOf(network), sizeOf(comparisons)];

  say(md`SignalTrain learns what a compressor does from sound alone, knobs
included, with a network that knows nothing of compressors (${PAPER}). **Exact** are
its effects, figures 1, 3 and 4 and the layers of its network. **Scaled down** is all
that is trained: ${main}, ${FULL}. A smaller scale has smaller frames, hops and
windows, and the rate goes with it, here ${
    trainings.rateOf(network.scale)
  } Hz, so that
a window lasts as long. The LA-2A is ${facts.title}.`);

  step(
    "Figure 1: what a window cannot know",
    codeOf(lookbackCode, "windowErrors"),
  );
  const { settings, seconds } = config.lookback;
  say(
    md`What the effect makes of a window from rest differs from what it makes of the
stream, and no training removes that. At 44.1 kHz, the mean of ${settings} random
settings, each on ${seconds} s of synthetic sounds. The first window is left out: the
effect leaves the stream's sample 0 alone, which sets a floor of its own.`,
  );
  const how = { ...config.lookback, lookbacks: LOOKBACKS, seed };
  const floor = await nb.once(
    "lookback",
    () =>
      Promise.resolve(
        EFFECTS.flatMap((name) => studies.lookbackFloor(name, how)),
      ),
  );
  show(figures.floorOverLookback(floor));
  const [small, large] = EFFECTS.map((name) =>
    floor.find((row) => row.effect === name && row.lookback === 8192)!.mae
  );
  claim(
    "A lookback of 0.19 s brings the floor of Comp-4C below 1e-5, that of Comp-4C-Large not",
    small < 1e-5 && large > 1e-5,
    `mean absolute errors ${short(small)} and ${short(large)}`,
    PAPER,
  );

  step("Figures 3 and 4: losses and sounds");
  show(figures.losses());
  say(
    "One sound of each kind; `--stimulus signaltrain` sends them through any unit.",
  );
  show(figures.soundShapes(seed));

  step("Four numbers by Newton's method", codeOf(recoverCode, "recover"));
  say(
    md`Comp-4C has four numbers, and its output is smooth in them but where attack and
release change places. Each setting is found from ${config.newton.seconds} s of one
pair at 44.1 kHz. No sound tells anything where the threshold lies above its loudest
sample, or the ratio is 1.`,
  );
  const items = EFFECTS.flatMap((name) =>
    studies.randomSettings(name, config.newton.settings, seed)
      .map((values, i) => ({ name, values, key: `newton_${name}_${i}` }))
  );
  const newton = await nb.each("Newton", items, {
    key: ({ key }) => key,
    noun: "setting",
    run: ({ name, values }) =>
      studies.recoverSetting(name, values, { ...config.newton, seed, engine }),
  });
  table("Random settings, found again", newton);
  const most = Math.max(...newton.map((row) => row.iterations));
  const recovered = newton.filter((row) => row.recovered).length;
  claim(
    "Newton's method finds every random setting within 0.01 dB and 0.1 %, in at most 40 iterations",
    recovered === newton.length && most <= 40,
    `${recovered} of ${newton.length}, in at most ${most}`,
  );

  step("Figure 2: the network", codeOf(networkCode, "forward"));
  say(
    "Short-time spectra by learnt matrices, which begin as a DFT; two autoencoders along " +
      "time, of magnitudes and of phases, with the knobs in their middle; and back.",
  );
  const training = trainings.effectTraining(network, seed);
  const { sizes } = training;
  const sizesOf = (name: string, one: sizing.NetworkSizes) => ({
    ...{ name, ...one, parameters: sizing.parameterCount(one) },
  });
  table("Sizes", [
    sizesOf("paper", sizing.scaledSizes(1, 4)),
    sizesOf("here", sizes),
  ]);

  step("Training", codeOf(trainCode, "step"));
  const backend = config.tfjs_backend;
  await useBackend(backend);
  const parent = join(dirname(nb.folder), "trainings");
  const train = async (name: string, one: keeping.Training, scale: number) => {
    const { batches, cycles } = one.options;
    const progress = await nb.progress(`${name}, batches`, batches * cycles);
    const onBatch = (done: number) => progress.update(done);
    const state = await keeping.keptTraining(one, { parent, backend, onBatch })
      .finally(() => progress.stop());
    const rate = trainings.rateOf(scale);
    return {
      training: name,
      ...state,
      last: state.checks.at(-1)!,
      sizes: one.sizes,
      rate,
    };
  };
  const trained = await train("Training", training, network.scale);
  const { last, rate } = trained;
  const judged = (await training.windows()).validation(network.validation);
  const simple = simpleErrors(judged, sizes);
  show(figures.training(trained.checks, simple));
  const [input, gain] = [simple.input.validation, simple.gain.validation];
  claim(
    "Training brings the loss below half of that of output = input, and of the best single gain",
    2 * last.validation < Math.min(input, gain),
    `${short(last.validation)} against ${short(input)} and ${
      short(gain)
    }; ${main}, ${FULL} and reaches 1e-5`,
  );
  const flop = sizing.stepFlop(sizes, network.batch) * trained.batches;
  nb.headline({
    ...{
      label: "Training",
      value: flop / trained.seconds / 1e9,
      digits: 2,
      unit: "GFLOP/s",
    },
    note: `${main}, ${formatDuration(trained.seconds)}`,
  });

  step("Figures 5 and 6: steps", codeOf(trialsCode, "stepResponses"));
  say(
    md`Ratio 3, attack and release 10 ms. Targets are exact, predictions of ${main}.`,
  );
  const steps = await trials.stepResponses(trained);
  show(figures.steps(steps));
  claim(
    "The error is largest at the steps",
    steps.near > steps.elsewhere,
    `${short(steps.near)} within 10 ms of a step, ${
      short(steps.elsewhere)
    } elsewhere; ${main}, ${FULL}`,
    PAPER,
  );

  step(
    "Beside it: four numbers, and backwards",
    codeOf(effectCode, "backwards"),
  );
  say(
    md`All on the same ${config.test_seconds} s of the built-in stimulus, at −30 dB,
2.5 : 1, 2 ms and 30 ms. The network takes its time once for all settings, Newton's method
for this one. The effect that it found is then run backwards: every target of Comp-4C has
one dry sound and no other.`,
  );
  const test = { rate, seconds: config.test_seconds, seed };
  const { dry, wet } = trials.testPair(TESTED, test);
  const pair = { ...test, seconds: config.newton.seconds, engine };
  const four = await nb.once(
    "four_numbers",
    () => trials.fourNumbers(TESTED, pair),
  );
  const knobs = trainings.knobsOf("Comp-4C", TESTED);
  const heard = {
    network: await predictLong(trained.weights, dry, knobs, sizes),
    Newton: studies.streamed(dry, four.values, rate),
    backwards: effects.backwards(wet, four.values, rate),
  };
  const numbers = sizing.parameterCount(sizes);
  const beside = [
    { method: "output = input", numbers: 0, ...trials.scoreOf(dry, wet) },
    {
      method: "network",
      numbers,
      ...trials.scoreOf(heard.network, wet),
      seconds: trained.seconds,
    },
    {
      method: "Newton",
      numbers: 4,
      ...trials.scoreOf(heard.Newton, wet),
      seconds: four.seconds,
    },
    {
      method: "backwards",
      numbers: 4,
      ...trials.scoreOf(heard.backwards, dry),
    },
  ];
  table("The same test sound", beside);
  const clips = Object.entries({ dry, target: wet, ...heard });
  show(sounds(
    `The first 4 s, at ${rate} Hz`,
    clips.map(([label, sound]) => ({
      label,
      wav: wavClip(sound.subarray(0, 4 * rate), rate),
    })),
  ));
  const [, learnt, found, undone] = beside;
  claim(
    "Four numbers from seconds of sound come nearer than the network",
    found.esr < learnt.esr,
    `ESR ${short(found.esr)} after ${formatDuration(four.seconds)} against ${
      short(learnt.esr)
    } after ${formatDuration(trained.seconds)}; ${main}, ${FULL}`,
  );
  claim(
    "The fitted effect, run backwards, gives the dry sound",
    undone.esr < 1e-6,
    `ESR ${short(undone.esr)}`,
  );

  step("Figures 7 and 8: what is compared", codeOf(waysCode, "effectTraining"));
  say(
    md`Smaller still: ${smaller}, ${FULL}. What holds here need not hold there. Each is
kept, and \`--set comparisons.cycles=10\` goes on where these end.`,
  );
  const byName: Record<string, Awaited<ReturnType<typeof train>>> = {};
  const changes = {
    ...{ [PUBLISHED_WAY]: {}, ...trainings.CHANGES },
    ...trainings.largeChanges(comparisons.windows),
  };
  for (const [name, change] of Object.entries(changes)) {
    const one = trainings.effectTraining(comparisons, seed, change);
    byName[name] = await train(name, one, comparisons.scale);
  }
  const compared = Object.values(byName);
  const ways = 1 + Object.keys(trainings.CHANGES).length;
  show(
    figures.learningCurves(
      "The paper's way, and changes",
      compared.slice(0, ways),
    ),
  );
  show(figures.learningCurves("Figure 7: Comp-4C-Large", compared.slice(ways)));
  const way = byName[PUBLISHED_WAY].last.validation;
  for (const [name, { claim: said }] of Object.entries(trainings.CHANGES)) {
    const other = byName[name].last.validation;
    claim(
      said,
      way < other,
      `loss ${short(way)} against ${short(other)}; ${smaller}, ${FULL}`,
      PAPER,
    );
  }
  const two = [PUBLISHED_WAY, "no frequency weight"];
  const networks = two.map((name) => ({ ...byName[name], name }));
  const spectra = await trials.errorSpectra(TESTED, networks, {
    ...test,
    rate: networks[0].rate,
  });
  show(figures.spectra(spectra.rows));
  claim(
    "The frequency weight lowers the error at high frequencies",
    spectra.high[0] < spectra.high[1],
    `${
      short(spectra.high[0])
    } of the target's power in the upper half of the band, ${
      short(spectra.high[1])
    } without; ${smaller}, ${FULL}`,
    PAPER,
  );

  step("Figures 9 and 10: the LA-2A", codeOf(trialsCode, "gainTrial"));
  say(
    md`Two knobs, peak reduction and the switch; the unit is ${facts.title}. Predictions of
${smaller}, ${FULL}.`,
  );
  const unitRate = trainings.rateOf(comparisons.scale);
  const isRecorded = config.data.folder !== null;
  const takes = await trainings.recordedTakes(
    data,
    config.la2a_settings,
    unitRate,
    isRecorded,
  );
  const units = [];
  for (const times of comparisons.windows) {
    const one = trainings.recordedTraining(comparisons, seed, times, takes, [
      facts.identity,
      config.la2a_settings,
    ]);
    units.push(await train(`${times} × the window`, one, comparisons.scale));
  }
  show(figures.learningCurves("Figure 9: the unit, two lookbacks", units));
  const compress = takes.filter(({ mode }) => mode === "compress");
  const tried = [];
  for (const take of compress) {
    tried.push(await trials.gainTrial(take, units[1]));
  }
  show(figures.gains(tried.slice(0, 3).flatMap(({ rows }) => rows)));
  const rest = tried.map(({ score, attacks, lower_db }, i) => ({
    ...{
      peak_reduction: compress[i].peakReduction,
      ...score,
      attacks,
      lower_db,
    },
  }));
  table("The rest of the recordings", rest);
  const lower = rest.filter((row) => row.attacks > 0);
  claim(
    "Attacks of the LA-2A are over-compressed by the network",
    facts.surrogate ? "surrogate" : lower.every((row) => row.lower_db < 0),
    `where the unit's gain falls, the network's is off by ${
      lower.map((row) => short(row.lower_db)).join(", ")
    } dB; ${smaller}, ${FULL}`,
    PAPER,
  );
  const ends = [...compared, ...units].map((
    { training, batches, last, seconds },
  ) => ({
    ...{ training, ...last, batches, seconds },
  }));
  table("Where every comparison ends", ends);
  return {
    floor,
    newton,
    sizes,
    simple,
    checks: trained.checks,
    four,
    beside,
    ends,
    rest,
  };
});

if (import.meta.main) await runCommand(command);
