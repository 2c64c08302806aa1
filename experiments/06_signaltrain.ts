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
import { formatDuration, formatNumber } from "../lib/base/format.ts";
import { runCommand } from "../lib/cli/command_line.ts";
import * as notebook from "../lib/notebook/experiment.ts";
import { codeOf, sounds } from "../lib/report/cells.ts";
import { md } from "../lib/report/markdown.ts";
import { SIGNALTRAIN_BIBTEX } from "../lib/report/references.ts";
import { CONFIG, OPTIONS } from "../lib/signaltrain/config.ts";
import * as effects from "../lib/signaltrain/effect.ts";
import * as figures from "../lib/signaltrain/figures.ts";
import { simpleErrors } from "../lib/signaltrain/errors.ts";
import type { Training } from "../lib/signaltrain/kept_training.ts";
import * as sizing from "../lib/signaltrain/sizes.ts";
import * as studies from "../lib/signaltrain/studies.ts";
import * as trainings from "../lib/signaltrain/trainings.ts";
import { wavClip } from "../lib/sound/wav_clip.ts";
import effectCode from "../lib/signaltrain/effect.ts" with { type: "text" };
import lookbackCode from "../lib/signaltrain/lookback.ts" with { type: "text" };
import networkCode from "../lib/signaltrain/network.ts" with { type: "text" };
import soundsCode from "../lib/data/signaltrain_sounds.ts" with {
  type: "text",
};
import recoverCode from "../lib/signaltrain/recover.ts" with { type: "text" };
import trainCode from "../lib/signaltrain/train.ts" with { type: "text" };
import waysCode from "../lib/signaltrain/trainings.ts" with { type: "text" };
import trialsCode from "../lib/signaltrain/trials.ts" with { type: "text" };

const EFFECTS = Object.keys(effects.EFFECTS) as effects.EffectName[];

const { PAPER } = trainings;

export const command = notebook.experiment({
  url: import.meta.url,
  task: "exp:signaltrain",
  cites: [SIGNALTRAIN_BIBTEX],
  about: "SignalTrain's effects, network and figures, scaled down, and\n" +
    "beside them Comp-4C's four numbers by Newton's method.",
  title: "SignalTrain",
  subtitle: "Four million numbers, and four",
  config: CONFIG,
  options: OPTIONS,
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
  const [main, smaller] = [network, comparisons].map(trainings.sizeOf);
  /** A claim on something scaled down, which stands beside its figure. */
  const scaled = (
    said: string,
    ok: notebook.VerdictInShort,
    figure: string,
    { by, size = smaller }: { by?: string; size?: string } = { by: PAPER },
  ) => claim(said, ok, `${figure}. Scaled down: ${size}`, by);

  say(
    md`SignalTrain learns what a compressor does from sound alone, knobs included,
with a network that knows nothing of compressors (${PAPER}). **Exact** are its effects,
figures 1, 3 and 4 and the layers of its network. **Scaled down** is all that is trained:
${main} and less, where the paper has scale 1 or more and up to 1 000 000 batches of 200.
A smaller scale has smaller frames, hops and windows, and the rate goes with it, here
${
      trainings.rateOf(network.scale)
    } Hz, so that a window lasts as long as theirs. The
LA-2A is ${facts.title}.`,
  );

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
  const floor = (await nb.each("Lookback", EFFECTS, {
    key: (name) => `lookback_${name}`,
    noun: "effect",
    run: (name) =>
      Promise.resolve(studies.lookbackFloor(name, config.lookback, seed)),
  })).flat();
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

  step("Figures 3 and 4: losses and sounds", codeOf(soundsCode, "pluck"));
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
  table(
    "Random settings, and how far what was found is off",
    newton,
    figures.RECOVERED,
  );
  const most = Math.max(...newton.map((row) => row.iterations));
  const recovered = newton.filter((row) => row.recovered).length;
  claim(
    "Newton's method finds every random setting within 0.01 dB and 0.1 %, in at most 40 iterations",
    recovered === newton.length && most <= 40,
    `${recovered} of ${newton.length}, in at most ${most}`,
  );

  step("Figure 2: the network", codeOf(networkCode, "forward"));
  say(
    "Short-time spectra by learnt matrices, which begin as a DFT; two autoencoders along time, of magnitudes and of phases, with the knobs in their middle; and back.",
  );
  const training = trainings.effectTraining(network, seed);
  const { sizes } = training;
  const both = { paper: sizing.scaledSizes(1, 4), here: sizes };
  const rows = Object.entries(both).map(([name, one]) => ({
    ...{ name, ...one, parameters: sizing.parameterCount(one) },
  }));
  table("Sizes", rows, figures.SIZES);

  step("Training", codeOf(trainCode, "step"));
  // TensorFlow.js is loaded when it is wanted: the help does without.
  const { useBackend } = await import(
    "../lib/frameworks/tensorflow/backend.ts"
  );
  const { keptTraining } = await import("../lib/signaltrain/kept_training.ts");
  const trials = await import("../lib/signaltrain/trials.ts");
  const backend = config.tfjs_backend;
  await useBackend(backend);
  const parent = join(dirname(nb.folder), "trainings");
  const train = async (
    name: string,
    one: Training,
    scale = comparisons.scale,
  ) => {
    const total = one.options.batches * one.options.cycles;
    const progress = await nb.progress(`${name}, batches`, total);
    const onBatch = (done: number) => progress.update(done);
    const state = await keptTraining(one, { parent, backend, onBatch })
      .finally(() => progress.stop());
    const { rate, last } = {
      rate: trainings.rateOf(scale),
      last: state.checks.at(-1)!,
    };
    return { training: name, ...state, last, sizes: one.sizes, rate };
  };
  const trained = await train("Training", training, network.scale);
  const { last, rate } = trained;
  const judged = (await training.windows()).validation(network.validation);
  const simple = simpleErrors(judged, sizes);
  show(figures.training(trained.checks, simple));
  const [input, gain] = [simple.input.validation, simple.gain.validation];
  scaled(
    "Training brings the loss below half of that of output = input, and of the best single gain",
    2 * last.validation < Math.min(input, gain),
    `${short(last.validation)} against ${short(input)} and ${
      short(gain)
    }; the paper reaches 1e-5`,
    { size: main },
  );
  const flop = sizing.stepFlop(sizes, network.batch) * trained.batches;
  nb.headline({
    label: "Training",
    value: flop / trained.seconds / 1e9,
    ...{ digits: 2, unit: "GFLOP/s" },
    note: `${main}, in ${formatDuration(trained.seconds)}`,
  });

  step("Figures 5 and 6: steps", codeOf(trialsCode, "stepResponses"));
  say(
    md`Ratio 3, attack and release 10 ms. Targets are exact, predictions of ${main}.`,
  );
  const steps = await trials.stepResponses(trained);
  show(figures.steps(steps));
  const { near, elsewhere } = steps;
  scaled(
    "The error is largest at the steps",
    near > elsewhere,
    `${short(near)} within 10 ms of a step, ${short(elsewhere)} elsewhere`,
    { size: main, by: PAPER },
  );

  step(
    "Beside it: four numbers, and backwards",
    codeOf(effectCode, "backwards"),
  );
  say(
    md`All on the same ${config.test_seconds} s of the built-in stimulus, at −30 dB,
2.5 : 1, 2 ms and 30 ms. The network takes its time once for all settings, Newton's method
for this one, from ${config.newton.seconds} s. The effect that it found is then run
backwards: every target of Comp-4C has one dry sound and no other.`,
  );
  const test = { rate, seconds: config.test_seconds, seed };
  const pairs = { ...test, engine, pairSeconds: config.newton.seconds };
  const beside = await trials.besideNewton(trials.TESTED, trained, pairs);
  const { network: learnt, newton: four, backwards } = beside.rows;
  table("The same test sound", Object.values(beside.rows), figures.BESIDE);
  const clips = Object.entries(beside.sounds).map(([label, sound]) => ({
    ...{ label, wav: wavClip(sound.subarray(0, 4 * rate), rate) },
  }));
  show(sounds(`The first 4 s, at ${rate} Hz`, clips));
  scaled(
    "Four numbers from seconds of sound come nearer than the network",
    four.esr < learnt.esr,
    `ESR ${short(four.esr)} after ${formatDuration(four.seconds)} against ${
      short(learnt.esr)
    } after ${formatDuration(trained.seconds)}`,
    { size: main },
  );
  claim(
    "The fitted effect, run backwards, gives the dry sound",
    backwards.esr < 1e-6,
    `ESR ${short(backwards.esr)}`,
  );

  step("Figures 7 and 8: what is compared", codeOf(waysCode, "effectTraining"));
  say(
    md`Smaller still: ${smaller}. What holds here need not hold at full size. Each is
kept, and \`--set comparisons.cycles=10\` goes on where these end.`,
  );
  const compared: Record<string, Awaited<ReturnType<typeof train>>> = {};
  for (const [name, change] of trainings.allChanges(comparisons.windows)) {
    const one = trainings.effectTraining(comparisons, seed, change);
    compared[name] = await train(name, one);
  }
  const ways = [trainings.PUBLISHED_WAY, ...Object.keys(trainings.CHANGES)];
  show(
    figures.learningCurves(
      "The paper's way, and changes",
      ways.map((name) => compared[name]),
    ),
  );
  const large4c = Object.values(compared).slice(ways.length);
  show(figures.learningCurves("Figure 7: Comp-4C-Large", large4c));
  const way = compared[trainings.PUBLISHED_WAY].last.validation;
  for (const [name, { claim: said, by }] of Object.entries(trainings.CHANGES)) {
    if (said === undefined) continue;
    const other = compared[name].last.validation;
    scaled(said, way < other, `loss ${short(way)} against ${short(other)}`, {
      by,
    });
  }
  const two = ["no frequency weight", trainings.PUBLISHED_WAY].map((name) => ({
    ...compared[name],
    name,
  }));
  const spectra = await trials.errorSpectra(trials.TESTED, two, {
    ...test,
    rate: two[0].rate,
  });
  show(figures.spectra(spectra.rows));
  const [without, weighted] = spectra.high;
  scaled(
    "The frequency weight lowers the error at high frequencies by more than 1 %",
    weighted < 0.99 * without,
    `${short(weighted)} of the target's power in the upper half of the band, ${
      short(without)
    } without it`,
  );

  step("Figures 9 and 10: the LA-2A", codeOf(trialsCode, "gainTrial"));
  say(
    md`Two knobs, peak reduction and the switch. The unit is ${facts.title}; predictions
are of ${smaller}.`,
  );
  const takes = await trainings.recordedTakes(data, config);
  const units = [];
  for (const times of comparisons.windows) {
    const one = trainings.recordedTraining(
      config,
      times,
      takes,
      facts.identity,
    );
    units.push(await train(`unit, ${times} × the window`, one));
  }
  show(figures.learningCurves("Figure 9: the unit, two lookbacks", units));
  const tried = [];
  for (const take of takes) {
    if (take.mode === "compress") {
      tried.push(await trials.gainTrial(take, units[1]));
    }
  }
  show(figures.gains(tried.slice(0, 3).flatMap(({ rows }) => rows)));
  const rest = tried.map(({ rows: _, ...row }) => row);
  table("The last fifth of the recordings", rest, figures.REST);
  const { verdict, figure } = trials.overCompression(rest);
  scaled(
    "The network over-compresses attacks of the LA-2A",
    facts.surrogate ? "surrogate" : verdict,
    figure,
  );
  const ends = [...Object.values(compared), ...units]
    .map(({ training, last, seconds }) => ({ training, ...last, seconds }));
  table("Where every comparison ends", ends, figures.ENDS);
  const { checks } = trained;
  return {
    floor,
    newton,
    sizes: rows,
    simple,
    checks,
    beside: beside.rows,
    ends,
    rest,
  };
});

if (import.meta.main) await runCommand(command);
