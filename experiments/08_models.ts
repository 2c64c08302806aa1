/**
 * Experiment 08: models for other units, and for the levelling amplifier a better one.
 *
 * The paper of 4A-2A ends with what it did not do: feedback, a release in two stages,
 * other units. Here the family is fitted with exact Hessians, from the simplest model
 * on, and scored on sound that took no part in the fit.
 *
 * @module
 */

import { Option } from "@commander-js/extra-typings";
import * as z from "zod";
import { formatFixed, formatNumber } from "../lib/base/format.ts";
import { mean } from "../lib/base/statistics.ts";
import { runCommand } from "../lib/cli/command_line.ts";
import { pairsOf, recordedData } from "../lib/cli/pairs.ts";
import * as recordings from "../lib/data/data_config.ts";
import { MAKERS_WORDS } from "../lib/data/published.ts";
import type { RecordedTake } from "../lib/data/recorded_takes.ts";
import { nameOfSetting } from "../lib/data/setting.ts";
import { type PairSource, requireSettings } from "../lib/data/source.ts";
import { createUnit } from "../lib/data/unit.ts";
import { keepReady } from "../lib/engines/open.ts";
import * as told from "../lib/fitting/determined.ts";
import * as fitting from "../lib/fitting/fit_config.ts";
import * as study from "../lib/fitting/model_study.ts";
import { recoverTwin } from "../lib/fitting/twin_recovery.ts";
import { networkAfter, networkSchema } from "../lib/gru/after_model.ts";
import { parseModel, PRESETS } from "../lib/models/presets.ts";
import * as notebook from "../lib/notebook/experiment.ts";
import { shortestLoopTime } from "../lib/objective/coordinates.ts";
import { codeOf } from "../lib/report/cells.ts";
import * as charts from "../lib/report/charts.ts";
import { md } from "../lib/report/markdown.ts";
import toldSource from "../lib/fitting/determined.ts" with { type: "text" };
import studySource from "../lib/fitting/model_study.ts" with { type: "text" };
import twinSource from "../lib/fitting/twin_recovery.ts" with { type: "text" };
import networkSource from "../lib/gru/after_model.ts" with { type: "text" };
import releaseSource from "../lib/metrics/release.ts" with { type: "text" };

const NAMES = Object.keys(PRESETS);

/** The config, `configs/08_models.yaml`. */
const CONFIG = {
  engine: fitting.engineSchema.default("wasm"),
  data: recordings.dataSchema.prefault({}),
  sweep: recordings.settingsSchema.prefault({}),
  study: z.strictObject({
    part: z.number().min(0.2).max(0.9).default(2 / 3),
    presets: z.array(z.enum(NAMES)).default(NAMES),
    twin_seconds: z.number().min(1).max(600).default(8),
    profiled: z.array(z.string()).default(["ratio", "knee_db", "second_share"]),
    factors: z.array(z.number().positive()).default([0.5, 0.7, 1.4, 2]),
  }).prefault({}),
  chunks: fitting.chunksSchema.prefault({}),
  solver: fitting.solverSchema.prefault({}),
  gru: networkSchema.prefault({}),
};

/** The settings of a unit, or the takes that `--pair` names. */
async function open(
  config: notebook.ConfigOf<typeof CONFIG>,
  given: notebook.Given,
): Promise<notebook.OpenData<PairSource | RecordedTake[]>> {
  const files = given.pair as string[] | undefined;
  if (files === undefined) return await notebook.pairSource(config, given);
  return await recordedData(pairsOf(files, "--pair"));
}

/** A line for each thing that `colour` and `dash` tell apart, with its keys. */
const lines = (options: charts.LineChart) =>
  [charts.lineChart(options), charts.legendOf(options)] as const;

export const command = notebook.experiment({
  url: import.meta.url,
  task: "exp:models",
  about: "Fits richer models than the paper's, and scores each on\n" +
    "sound that took no part in the fit.",
  title: "Models for other units",
  subtitle: "The family of models, on what it was not fitted to",
  config: CONFIG,
  engineFor: () => parseModel(study.RICH),
  extra: [
    new Option(
      "--pair <files...>",
      "DRY.wav and WET.wav of each take of one setting, in place of the unit",
    ),
  ],
  open,
  examples: [
    "deno task exp:models --set sweep.modes=[compress] --set sweep.settings=[100,70,45]",
    "deno task exp:models --pair dry1.wav wet1.wav dry2.wav wet2.wav",
  ],
}, async ({ config, data, say, step, show, table, claim, ...nb }) => {
  const { part, presets, twin_seconds } = config.study;
  const { sample_rate, seed } = config.data;
  const chunks = fitting.chunkOptions(config.chunks);
  const how = { ...config, chunks, part };
  const source = Array.isArray(data) ? undefined : data;
  const settings = source ? recordings.settingsInOrder(config.sweep) : [];
  await using _ready = await keepReady(config.engine);

  say(
    md`The paper of 4A-2A leaves three things to others: compressors that hear their own
output, a release in two stages, and other units. All are choices of one family here, each
written once and differentiated by the project, so the exact Hessian comes with it. A
richer model always matches better what it is fitted to. What counts is the rest: the first
${part} of ${nb.facts.title} is fitted, the remainder scored with the state run on.`,
  );

  step("Every preset from its twin", codeOf(twinSource, "recoverTwin"));
  const twins = await nb.each("Twins", presets, {
    key: (preset) => `twin_${preset}`,
    noun: "preset",
    run: (preset) =>
      recoverTwin(preset, how, {
        seconds: twin_seconds,
        sampleRate: sample_rate,
        seed,
      }),
  });
  say(
    `A twin is the preset itself with known parameters, so the right answer is known.
The largest error is in parts of what a preset must be found to: 0.05 dB, 1 % of a ratio or
a time, 0.01 of a share.`,
  );
  table("Presets from their twins", twins, [
    { key: "preset", title: "Preset" },
    { key: "size", title: "Parameters" },
    { key: "worst", title: "Largest error", digits: 2 },
    { key: "esr", digits: 2 },
    "seconds",
  ]);

  const studied = source ? "studySetting" : "studyTakes";
  step("Models side by side", codeOf(studySource, studied));
  let models: study.StudiedModel[][];
  if (source) {
    requireSettings(source, settings);
    const steps = study.settingSteps(source, how);
    const found = await nb.each("Fitting", settings, steps);
    models = found.map((one) => one.models);
    say(
      `The paper's model alone; then with a delay, a saturation and the corners of
coupling and bandwidth; then \`opto\` with the same, from the simpler one's result, its
neighbour's and a few points around. A bandwidth becomes a shelf where that is worth it:
the surrogate's transformer is one, so it is found here as no unit's would be.`,
    );
    const rows = found.flatMap(({ models, ...at }) =>
      models.map((row) => ({ ...at, ...row }))
    );
    const over = (field: string, title: string, log: boolean) =>
      show(...lines({
        title: `${title} over the knob`,
        rows,
        x: { field: "peak_reduction", title: "Peak reduction" },
        y: { field, title, log },
        colour: { field: "asked", title: "Model" },
        dash: { field: "mode", title: "Mode" },
      }));
    over("held_out_esr", "ESR held out", true);
    over("delta_ldr_db", "ΔLDR held out (dB)", false);
    table("Every setting", rows);
  } else {
    const takes = data as RecordedTake[];
    models = [await nb.once("takes", () => study.studyTakes(takes, how))];
    say(`Each model starts from what the simpler one before it came to.`);
    table("Every model", models[0]);
  }
  const means = study.meansOf(models);
  table("In short, means over what was fitted", means, [
    { key: "asked", title: "Model" },
    { key: "size", title: "Parameters" },
    { key: "esr", title: "ESR fitted", digits: 3 },
    { key: "held_out_esr", title: "ESR held out", digits: 3 },
    { key: "delta_ldr_db", title: "|ΔLDR| held out", unit: "dB", digits: 2 },
    "seconds",
  ]);

  // The middle of the first mode's knob, or the takes.
  const middle = Math.floor(config.sweep.settings.length / 2);
  const at = settings.at(middle);
  const shown = models[source ? middle : 0];
  step("What the data determine", codeOf(toldSource, "profileOf"));
  const found = await nb.once("determined", async () => {
    const takes = at && source
      ? study.takesOf(await source.load(at))
      : data as RecordedTake[];
    return await told.determinedBy(takes, shown.at(-1)!, config.study, how);
  });
  say(
    `The richest model${
      at ? ` at ${nameOfSetting(at)}` : ""
    }. Eigenvalues are those of
the Hessian at the minimum, as parts of the largest: a small one is a direction that the
sound says little of. A profile holds one parameter and fits all others anew: where it is
flat, the figure means little.`,
  );
  table("Parameters and standard errors", found.parameters, [
    { key: "title", title: "Parameter" },
    { key: "text", title: "Found" },
  ]);
  table("Directions", found.directions, [
    { key: "eigenvalue", title: "Eigenvalue", digits: 2 },
    { key: "made_of", title: "Made of" },
  ]);
  show(...lines({
    title: "Profiles",
    rows: found.profile,
    x: { field: "factor", title: "Part of what was found", log: true },
    y: { field: "esr", title: "ESR, others fitted anew" },
    colour: { field: "parameter", title: "Parameter" },
  }));

  step("How it lets go", codeOf(releaseSource, "releaseOf"));
  const isBuiltIn = at !== undefined && config.data.folder === null;
  const unit = isBuiltIn
    ? createUnit(config.data.unit, at, { sampleRate: sample_rate, seed })
    : undefined;
  const released = await study.releasesOf(shown, sample_rate, unit);
  say(MAKERS_WORDS);
  say(
    `A tone of 1 kHz stands at −6 dBFS for 2 s and falls to −50. The table has the time in
which half of the gain reduction is gone, and from there to nine tenths of it. Times of a
surrogate say nothing of an LA-2A.`,
  );
  show(...lines({
    title: "What is left of the gain reduction",
    rows: released.flatMap(study.releaseRows),
    x: { field: "seconds", title: "Seconds after the tone", log: true },
    y: { field: "gain_db", title: "dB" },
    colour: { field: "model", title: "Model" },
    points: false,
  }));
  if (!source) {
    const gains = await study.gainsOf(data as RecordedTake[], shown, how);
    show(...lines({
      title: "Gain where the recording lets go most",
      rows: gains,
      x: { field: "seconds", title: "Seconds" },
      y: { field: "gain_db", title: "Gain (dB)" },
      colour: { field: "model", title: "Model" },
      points: false,
    }));
  }
  const release = released.map((
    { model, halfMs = null, restSeconds = null },
  ) => ({ model, half_ms: halfMs, rest_s: restSeconds }));
  table("Release", release, [
    { key: "model", title: "Model" },
    { key: "half_ms", title: "To half", unit: "ms", digits: 3 },
    { key: "rest_s", title: "From there to 90 %", unit: "s", digits: 3 },
  ]);

  step("What is left for a network", codeOf(networkSource, "networkAfter"));
  say(
    `The recurrent network of 4A-2A-G, trained after either model on the first part of
every setting, one network for all, and scored on the rest. Takes of one setting are too
little for it.`,
  );
  const afterModels = source ? [study.BARE, study.RICH] : [];
  const networks = await nb.each("Networks", afterModels, {
    key: (name) => `network_${name}`,
    noun: "network",
    async run(name) {
      const rows = models.map((all) => all.find((one) => one.asked === name)!);
      const alone = mean(rows.map((row) => row.held_out_esr));
      const esr = await networkAfter(source!, settings, rows, part, config.gru);
      return { after: name, alone, esr, left: esr / alone };
    },
  });
  if (networks.length > 0) {
    table("ESR held out, without and with a network", networks, [
      { key: "after", title: "After" },
      { key: "alone", title: "Model alone", digits: 3 },
      { key: "esr", title: "With the network", digits: 3 },
      { key: "left", title: "Part left", digits: 2 },
    ]);
  }

  step("Cautions");
  say(told.CAUTIONS);
  const rates = [44100, 48000, 96000, 192000].map((rate) => ({
    rate,
    shortest: 1000 * shortestLoopTime(rate),
  }));
  table("Shortest time of a loop that is searched, αR = 1.5", rates, [
    { key: "rate", title: "Sample rate", unit: "Hz" },
    { key: "shortest", title: "Shortest time", unit: "µs", digits: 3 },
  ]);

  const worst = Math.max(...twins.map((twin) => twin.worst));
  const [bare, staged, rich] = [means[0], means[1], means.at(-1)!];
  const beside = (one: typeof bare, other: typeof bare) =>
    `mean ESR held out ${formatNumber(one.held_out_esr, 3)}, ${
      formatFixed(one.held_out_esr / other.held_out_esr, 2)
    } of that of ${other.asked}`;
  claim(
    "Every preset is found from its twin: levels to 0.05 dB, ratios and times to 1 %",
    twins.length === 0 ? "untested" : worst <= 1,
    twins.length === 0
      ? "no preset was asked for"
      : `largest error ${formatNumber(worst, 2)} of that`,
  );
  claim(
    "More than half of what the paper's model leaves is no gain, but delay and tone",
    staged.held_out_esr <= 0.45 * bare.held_out_esr,
    beside(staged, bare),
  );
  claim(
    "Feedback, a soft knee and two stages lower the error on sound not fitted",
    rich.held_out_esr <= 0.85 * staged.held_out_esr,
    beside(rich, staged),
  );
  claim(
    "A network has less to mend after the better model",
    networks.length === 0 ? "untested" : networks[1].left > networks[0].left,
    networks.map(({ after, left }) =>
      `${formatFixed(left, 2)} of the error stays after ${after}`
    ).join(", ") || "takes of one setting are too little for it",
  );
  nb.headline({
    label: "ESR held out",
    value: rich.held_out_esr,
    digits: 3,
    note: `${rich.asked}; ${bare.asked} ${formatNumber(bare.held_out_esr, 3)}`,
  });
  nb.headline({
    label: "Presets found",
    value: `${
      twins.filter((twin) => twin.worst <= 1).length
    } of ${twins.length}`,
  });
  return {
    twins,
    means,
    studied: models,
    determined: found,
    release,
    networks,
  };
});

if (import.meta.main) await runCommand(command);
