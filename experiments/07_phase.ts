/**
 * Experiment 07: the phase of a unit, by all-pass sections.
 *
 * A model that is right in gain and wrong in phase cannot be mixed with the dry sound.
 * Bargum et al. (DAFx 2023) find all-pass filters by networks of 2.8 million weights that
 * stand for seven numbers; Newton's method finds the numbers themselves.
 *
 * @module
 */

import { join } from "node:path";
import { Option } from "@commander-js/extra-typings";
import * as z from "zod";
import { formatNumber } from "../lib/base/format.ts";
import { userPathSchema } from "../lib/base/user_path.ts";
import { runCommand } from "../lib/cli/command_line.ts";
import { openRecordings } from "../lib/cli/recordings.ts";
import { dataSchema } from "../lib/data/data_config.ts";
import { alignmentSchema, modelSchema } from "../lib/fitting/fit_config.ts";
import { heldOutFits } from "../lib/fitting/held_out_sections.ts";
import { parseModel } from "../lib/models/presets.ts";
import * as notebook from "../lib/notebook/experiment.ts";
import { AS_MANY_AS_PAY, compareWays } from "../lib/phase/compare_ways.ts";
import { descend, type Way } from "../lib/phase/descent.ts";
import { knownSchema, recover } from "../lib/phase/known_cascades.ts";
import { multiStft } from "../lib/phase/multi_stft.ts";
import * as published from "../lib/phase/published.ts";
import * as route from "../lib/phase/published_route.ts";
import { quarticOf, STEP_HEADS } from "../lib/phase/quartic.ts";
import { codeOf } from "../lib/report/cells.ts";
import { lineChart } from "../lib/report/charts.ts";
import { md } from "../lib/report/markdown.ts";
import type { Pair } from "../lib/sound/signal.ts";
import knownSource from "../lib/phase/known_cascades.ts" with { type: "text" };
import lossSource from "../lib/phase/phase_loss.ts" with { type: "text" };
import quarticSource from "../lib/phase/quartic.ts" with { type: "text" };
import waysSource from "../lib/phase/compare_ways.ts" with { type: "text" };
import heldOutSource from "../lib/fitting/held_out_sections.ts" with {
  type: "text",
};

const CONFIG = {
  model: modelSchema.default(() => parseModel("4a-2a+coupling")),
  data: dataSchema.prefault({}),
  pair: z.strictObject({
    dry: userPathSchema.nullable().default(null),
    wet: userPathSchema.nullable().default(null),
  }).prefault({}),
  known: knownSchema.prefault({}),
  net: route.netSchema.prefault({}),
};

type Config = notebook.ConfigOf<typeof CONFIG>;

/** The pair that a person names, or one of the built-in unit. */
async function openPair(config: Config, given: notebook.Given) {
  const named = given.pair as string[] | undefined;
  if (named !== undefined && named.length !== 2) {
    throw new Error("--pair takes two files: DRY.wav and WET.wav");
  }
  const [dry, wet] = named ?? [config.pair.dry, config.pair.wet];
  if (dry == null || wet == null) {
    const { facts, data, close } = await notebook.pairSource(config, given);
    const load = () => data.load(data.settings()[0]) as Promise<Pair>;
    return { facts, close, data: load };
  }
  const alignment = alignmentSchema.parse({ enabled: false });
  const { takes: [{ pair }] } = await openRecordings(dry, wet, { alignment });
  const facts = {
    name: "recordings",
    title: `${dry} and ${wet}`,
    description: "A dry and a wet recording that a person named.",
    surrogate: false,
    identity: [dry, wet, pair.dry.length],
  };
  return { facts, data: () => Promise.resolve(pair) };
}

export const command = notebook.experiment({
  url: import.meta.url,
  task: "exp:phase",
  cites: [published.BIBTEX],
  about: "All-pass sections by Newton's method, beside the\n" +
    "published network, and what they do for a mix and for a fit.",
  title: "Phase, by all-pass sections",
  subtitle:
    "Seven numbers by Newton's method, beside 2.8 million weights for them",
  config: CONFIG,
  extra: [
    new Option(
      "--pair <FILE...>",
      "DRY.wav and WET.wav, for parts (d) and (e)",
    ),
  ],
  notes:
    "The nets of part (b) are kept: another run takes them up, until they gain nothing.",
  examples: [
    "deno task exp:phase --pair dry.wav wet.wav",
    "deno task exp:phase --set net.seconds=600",
  ],
  open: openPair,
}, async ({ config, data, say, step, show, table, claim, facts, ...nb }) => {
  const { net } = config;
  say(
    md`An all-pass section turns the phase and leaves every magnitude as it is. A cascade
of them, a delay and a polarity bring a dry sound into phase with a wet one, so that the two
can be mixed. ${published.PUBLISHED_PHASE} find the sections by a network for each; here
Newton's method finds their few numbers from the cross-spectrum of the two sounds, by its
exact gradient and Hessian.`,
  );

  step("(a) Known cascades", codeOf(knownSource, "recover"));
  say(
    `A sweep through a random cascade: up to three sections with corners from 20 Hz to
10 kHz at least an octave apart, Q from 0.5 to 4, either polarity, a delay in parts of a
sample. Nothing of it is told to the fit, not even how many sections there are.`,
  );
  const recovered = await nb.each(
    "Recovering",
    Array.from({ length: config.known.cascades }, (_, i) => i + 1),
    {
      key: (seed) => `cascade_${seed}`,
      noun: "cascade",
      run: (seed) => recover(seed, config.known),
    },
  );
  table("Largest differences from the truth", recovered, [
    { key: "cascade", title: "Cascade" },
    { key: "sections", title: "Sections" },
    { key: "coefficients", title: "Coefficients", digits: 2 },
    { key: "delay", title: "Delay", unit: "samples", digits: 2 },
    { key: "degrees", title: "Phase", unit: "°", digits: 2 },
    { key: "noisy_degrees", title: "Phase, with noise", unit: "°", digits: 2 },
  ]);
  const most = (key: "coefficients" | "degrees" | "noisy_degrees") =>
    Math.max(...recovered.map((row) => row[key]));
  claim(
    "Cascades are recovered to 1e-6 of their coefficients and 0.1° of their phase, with noise at −60 dB to 1°",
    most("coefficients") < 1e-6 && most("degrees") < 0.1 &&
      most("noisy_degrees") < 1,
    `${formatNumber(most("coefficients"), 2)}, ${
      formatNumber(most("degrees"), 2)
    }° and ${formatNumber(most("noisy_degrees"), 2)}° at most`,
  );

  step("(b) The published route", codeOf(lossSource, "phaseLoss"));
  const { nets, coefficients } = route.ways(net.shrink);
  const label = net.shrink === 1
    ? "BiasNet"
    : `BiasNet, widths divided by ${net.shrink}`;
  say(
    md`Three sections of second order and one of first, sought on a sweep of
${net.sequences} sequences of 2048 samples at 192 kHz: a known cascade, for the published
recordings are too large to be had. The nets have ${nets.count} weights, counted as
published with their inputs of zeros, and are evaluated once a step, for within it their
results do not change. Nets and coefficients descend the published loss, M-STFT, from the
same start, which is what the untrained nets say. Newton's method starts at corners of its
own, minimises the cross-spectrum loss, and is scored by M-STFT where it ends.`,
  );
  const pair = route.knownPair(net.sequences);
  const { sequences } = pair;
  const run = async (name: string, way: Way, rate: number, seconds: number) => {
    const bar = await nb.progress(name, Math.ceil(seconds));
    const before = performance.now();
    try {
      return await descend(way, sequences, {
        batch: net.batch,
        learningRate: rate,
        seed: 1,
        seconds,
        path: join(nb.folder, "results", `${name}.bin`),
        onEpoch: ({ epoch, loss }) =>
          bar.update(
            Math.floor((performance.now() - before) / 1000),
            `epoch ${epoch}, ${formatNumber(loss, 3)}`,
          ),
      });
    } finally {
      bar.stop();
    }
  };
  const { found, seconds } = await route.newton(pair);
  const byNet = await run("nets", nets, net.learning_rate, net.seconds);
  const byAdam = await run(
    "coefficients",
    coefficients,
    net.coefficient_rate,
    net.coefficient_seconds,
  );
  const newtonLoss = route.lossOf(found, sequences);
  const descents = [[label, byNet], ["Adam on α, β", byAdam]] as const;
  show(lineChart({
    title: "M-STFT over seconds",
    caption:
      "Of the descents the mean of each epoch's steps; of Newton's method where it ends.",
    rows: [
      ...descents.flatMap(([way, { epochs }]) =>
        epochs.map((epoch) => ({ way, ...epoch }))
      ),
      { way: "Newton", seconds, loss: newtonLoss },
    ],
    x: { field: "seconds", title: "Time (s)", log: true },
    y: { field: "loss", title: "M-STFT", log: true },
    colour: { field: "way", title: "Way" },
    points: true,
  }));
  const ways = [
    ...descents.map(([way, { epochs, isDone }]) => ({
      way,
      ...route.lowestOf(epochs),
      epochs: epochs.length,
      end: isDone
        ? "50 epochs gained less than 0.1 %"
        : "not at its end: run again",
    })),
    { way: "Newton", loss: newtonLoss, seconds, end: "converged" },
    { way: "the truth", loss: route.lossOf(route.SOUGHT, sequences) },
    { way: "nothing done", loss: multiStft(sequences, []) },
  ];
  table("Lowest M-STFT of each way, and when", ways, [
    { key: "way", title: "Way" },
    { key: "loss", title: "M-STFT", digits: 4 },
    { key: "epoch", title: "Epoch" },
    { key: "epochs", title: "Epochs in all" },
    { key: "seconds", title: "After", unit: "s", digits: 3 },
    { key: "end", title: "End" },
  ]);
  say(
    `The truth has not 0: sequences that begin at rest lack what the sound before them
left in the sections.`,
  );
  table(published.LOGGED, published.PUBLISHED_LOSSES, undefined, "published");
  const best = route.lowestOf(byNet.epochs);
  const all = byNet.epochs.at(-1)?.seconds ?? 0;
  claim(
    "Newton's M-STFT is at most the lowest that the nets reach, in a hundredth of their time",
    byNet.isDone ? newtonLoss <= best.loss && all >= 100 * seconds : "untested",
    `${formatNumber(newtonLoss, 3)} after ${
      formatNumber(seconds, 2)
    } s, the nets ${formatNumber(best.loss, 3)} in ${formatNumber(all, 3)} s${
      byNet.isDone ? "" : ", not at their end yet"
    }`,
  );

  step("(c) Quartic at its minimum", codeOf(quarticSource, "quarticOf"));
  say(
    `With a phase error e M-STFT is about e⁴: its second derivative dies out where it
should guide. One corner is moved off the truth, by t in ln Hz, on one sequence. Newton's
steps on M-STFT leave two thirds of the distance each; on the cross-spectrum loss they
square it.`,
  );
  const quartic = await quarticOf(route.SOUGHT, route.PUBLISHED_RATE);
  show(lineChart({
    title: "Loss over the distance from the truth",
    rows: quartic.distances,
    x: { field: "t", title: "Distance (ln Hz)", log: true },
    y: { field: "loss", title: "Loss", log: true },
    colour: { field: "of", title: "Loss" },
  }));
  table("What Newton's steps leave of the distance", quartic.steps, STEP_HEADS);
  claim(
    "M-STFT is quartic at its minimum",
    Math.abs(quartic.slope - 4) < 0.2,
    `it grows as the distance to the power ${formatNumber(quartic.slope, 3)}`,
  );

  step("(d) A mix of dry and wet", codeOf(waysSource, "compareWays"));
  say(
    md`The two sides of ${facts.title}, mixed in equal parts. What scatters from bin to bin
is the compression itself, which no filter undoes; the sums of the octaves show what a
filter can do. Sections count every octave alike, so that a mean weighted by energy need
not fall. “As many as pay” keeps sections where some octave of the mix gains 0.01 dB.`,
  );
  const unit = await data();
  const aligned = await compareWays(unit);
  table("Both sides together", aligned.ways, [
    { key: "way", title: "Way" },
    { key: "meanDegrees", title: "Phase error, mean", unit: "°", digits: 3 },
    { key: "degrees95", title: "95 % below", unit: "°", digits: 3 },
    { key: "octaveDegrees", title: "Of octaves' sums", unit: "°", digits: 3 },
    { key: "mixDb", title: "Mix", unit: "dB of the ideal", decimals: 4 },
    { key: "notchDb", title: "Deepest notch", unit: "dB", decimals: 3 },
    { key: "correlation", title: "Correlation", digits: 5 },
  ]);
  show(lineChart({
    title: "Phase error of the octaves' sums",
    rows: aligned.ways.flatMap(({ way, octaves }) =>
      octaves.map(({ fromHz, phaseDegrees }) => ({
        way,
        hz: fromHz * Math.SQRT2,
        degrees: phaseDegrees,
      }))
    ),
    x: { field: "hz", title: "Middle of the octave (Hz)", log: true },
    y: { field: "degrees", title: "Phase error (°)" },
    colour: { field: "way", title: "Way" },
  }));
  const worst = Math.min(
    ...aligned.ways.find(({ way }) => way === AS_MANY_AS_PAY)!.octaves
      .filter(({ part }) => part >= 0.01).map(({ mixDb }) => mixDb),
  );
  claim(
    "An aligned mix is within 0.2 dB of the ideal in every octave that holds 1 % of the energy",
    worst >= -0.2,
    `${formatNumber(worst, 2)} dB at worst on ${facts.title}`,
  );

  step("(e) Behind a compressor", codeOf(heldOutSource, "heldOutFits"));
  say(
    `The compressor is fitted to the first 60 % of the sound, with a delay, and the
sections with it; a section that lowers the ESR by less than 0.3 % is dropped. The last
column is the ESR on the other 40 %.`,
  );
  const fits = await nb.once(
    "fits",
    () => heldOutFits(unit, config.model, "wasm"),
  );
  table("ESR with and without sections", fits);
  const [plain, ...staged] = fits.map(({ esr_elsewhere }) => esr_elsewhere);
  const highest = Math.max(...staged) / plain;
  claim(
    "Sections never raise the ESR on sound not fitted to above 1.02 of that without",
    highest <= 1.02,
    `at most ${formatNumber(highest, 4)} of it on ${facts.title}`,
  );

  const note = (loss: number) => `M-STFT ${formatNumber(loss, 3)}`;
  const time = { unit: "s", digits: 3 };
  nb.headline({
    label: "Newton",
    value: seconds,
    ...time,
    note: note(newtonLoss),
  });
  nb.headline({ label, value: best.seconds, ...time, note: note(best.loss) });
  return {
    known: recovered,
    ways,
    published: published.PUBLISHED_LOSSES,
    quartic,
    aligned: aligned.ways,
    sections: aligned.two.sections,
    fits,
  };
});

if (import.meta.main) await runCommand(command);
