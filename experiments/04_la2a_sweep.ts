/**
 * Experiment 04: the whole levelling amplifier, setting by setting.
 *
 * A recording of what went into the unit and one of what came out, for each
 * position of its peak-reduction knob and its compress/limit switch. For each we
 * find the parameters of a digital compressor that does the same, starting
 * every fit from its neighbour's result. The outcome is a curve: turn the knob,
 * and the parameters follow. With the model of the paper that is 4A-2A (Yu and
 * Fazekas, AES AIMLA 2025).
 *
 * @module
 */

import { mean, median, total } from "../lib/base/statistics.ts";
import {
  formatCount,
  formatDuration,
  formatNumber,
} from "../lib/base/format.ts";
import { runCommand } from "../lib/cli/command_line.ts";
import { partOption } from "../lib/cli/part_option.ts";
import { alignedSource } from "../lib/data/aligned_source.ts";
import * as recordings from "../lib/data/data_config.ts";
import * as published from "../lib/data/published.ts";
import type { Setting } from "../lib/data/setting.ts";
import { type PairSource, requireSettings } from "../lib/data/source.ts";
import { unitToYaml } from "../lib/data/unit_file.ts";
import * as fitting from "../lib/fitting/fit_config.ts";
import * as between from "../lib/fitting/interpolation.ts";
import * as parts from "../lib/fitting/parts.ts";
import * as sweep from "../lib/fitting/sweep.ts";
import * as swept from "../lib/fitting/swept_unit.ts";
import { startScorer } from "../lib/metrics/background_score.ts";
import { PAPER_MODEL, parseModel } from "../lib/models/presets.ts";
import * as notebook from "../lib/notebook/experiment.ts";
import { knobFigure, playedSound } from "../lib/player/knob_figure.ts";
import * as pickers from "../lib/player/setting_picker.ts";
import { loadAhead } from "../lib/data/load_ahead.ts";
import { codeOf } from "../lib/report/cells.ts";
import * as charts from "../lib/report/charts.ts";
import { md } from "../lib/report/markdown.ts";
import { modelDiagram, modelEquations } from "../lib/report/model_diagram.ts";
import interpolationSource from "../lib/fitting/interpolation.ts" with {
  type: "text",
};
import settingsSource from "../lib/data/data_config.ts" with { type: "text" };

/** The config, `configs/04_la2a_sweep.yaml`. */
const CONFIG = {
  model: fitting.modelSchema.default(() => parseModel(PAPER_MODEL)),
  engine: fitting.engineSchema.default("wasm"),
  data: recordings.dataSchema.prefault({}),
  sweep: recordings.settingsSchema.extend(parts.CHAIN).prefault({}),
  chunks: fitting.chunksSchema.prefault({}),
  alignment: fitting.alignmentSchema.prefault({}),
  solver: fitting.solverSchema.prefault({}),
};

type How = sweep.SweepConfig;
type Scorer = ReturnType<typeof startScorer>;

/**
 * Newton-Raphson with the exact Hessian at each setting, started from the one fitted
 * before; the first of a mode starts from the config's point. A setting whose
 * recording cannot be used is left out.
 */
function fitSetting(
  source: PairSource,
  how: How,
  scorer: Scorer,
  picker: pickers.SettingPicker,
) {
  const leaveOut = ({ mode, peakReduction }: Setting) => ({
    mode,
    peak_reduction: peakReduction,
  });
  const fit = sweep.sweepSteps(source, how, scorer, picker.take);
  return { ...fit, noun: "setting", leaveOut };
}

/** Every setting to choose: curves in the page, sounds in scripts beside it. */
async function listen(
  source: PairSource,
  fits: readonly sweep.SettingFit[],
  picker: pickers.SettingPicker,
  { progress }: Pick<notebook.Notebook, "progress">,
) {
  const bar = await progress("Excerpts", fits.length);
  try {
    if (!picker.hasTaken(fits)) await picker.retake(loadAhead(source, fits));
    for (const [i, fit] of fits.entries()) {
      await picker.add(fit);
      bar.update(i + 1);
    }
  } finally {
    bar.stop();
  }
  return await picker.cell("Choose a setting", PICKER);
}

/** What dashed lines are to solid ones, by the data. */
const BESIDE: Readonly<Record<string, string>> = {
  twin:
    "The twin is the published curve itself, so solid and dashed lines must meet: the " +
    "table gives what is left between them.",
  optical:
    "The optical unit shares nothing with the fitted model: it feeds back, its cell " +
    "releases in two stages, and it distorts. It was calibrated so that the fitted " +
    "curves follow the published trends, so that they do shows nothing of the LA-2A. " +
    "It is another unit: where solid and dashed lines part, the units differ.",
  recordings:
    "Solid lines are fitted to these recordings, dashed ones are published.",
};

/** What the figures must say. */
const PICKER =
  "Six seconds where the recording's level varies most, the same of each setting. " +
  "Dry, target, model and their difference play in step; switch while they play.";
const KNOB =
  "Parameters in straight lines between the fitted settings; at each turn the kernel " +
  "in this page makes the sound anew. Drag the dial, or use the slider.";
const OTHER_UNIT =
  "Published values are of the LA-2A; a surrogate is another unit, not comparable.";

export const command = notebook.experiment({
  url: import.meta.url,
  task: "exp:sweep",
  about: "fits every setting of the levelling amplifier and writes\n" +
    "the curve of its parameters, with a report.",
  title: "4A-2A: the levelling amplifier, setting by setting",
  config: CONFIG,
  check: fitting.requireParameters,
  open: notebook.pairSource,
  notes:
    "A setting whose recording cannot be used is left out: the page lists it, and the\n" +
    "exit code is 1. --part divides chains of settings among machines; --set\n" +
    "sweep.chain=4 makes chains that short, and with them work for many.",
  extra: [partOption()],
  examples: [
    "deno task exp:sweep --unit twin --set data.duration=30",
    "deno task exp:sweep --model opto+coupling",
    "deno task exp:sweep --set sweep.modes=[limit] --set sweep.settings=[100,80,60]",
    "deno task exp:sweep --data SignalTrain_LA2A_Dataset_1.1",
    "deno task exp:sweep --set sweep.chain=4 --part 2/8",
  ],
}, async ({ config, data: source, say, step, show, table, claim, ...nb }) => {
  const facts = source.describe();
  const { model } = config;
  const { parameters } = model;
  // The published figures are those of the published model.
  const isPublished = model.name === PAPER_MODEL;
  const settings = recordings.settingsInOrder(config.sweep);
  requireSettings(source, settings);
  using scorer = startScorer();
  // Only recordings can lag: the built-in units do not.
  const isRecorded = config.data.folder !== null;
  const enabled = config.alignment.enabled && isRecorded;
  const alignment = { ...config.alignment, enabled };
  const chunks = fitting.chunkOptions(config.chunks);
  const how = { ...config, chunks, alignment };

  say(
    md`An analogue levelling amplifier has two controls that matter, and nobody
knows which digital compressor each of their positions amounts to. Here we find
out: for every position a dry and a wet recording, and Newton–Raphson on the
error between the wet one and what the compressor makes of the dry. The data are
${facts.title}, the model is ${model.name}. Published figures are those of 4a-2a on the
real LA-2A (${published.PUBLISHED_CITATION}).`,
  );

  step(
    "From the most peak reduction to the least",
    codeOf(settingsSource, "settingsInOrder"),
  );
  say(
    `The compressor works hardest where peak reduction is highest, and its parameters
show most clearly there. The first setting of a mode starts from this point, its make-up
shifted so that the energies are equal; every other one from the result of the one before.`,
  );
  table(
    "Where the first fit of a mode starts",
    [fitting.startOf(model, config.solver.start)],
    parameters,
  );

  step("Fit each setting", fitSetting);
  const picker = pickers.openSettingPicker(model, nb.write);
  const chains = parts.chainsByMode(settings, config.sweep.chain);
  const part = nb.given.part as parts.JobPart | undefined;
  const fits = await nb.each("Fitting", parts.shareOf(chains, part).flat(), {
    ...fitSetting(source, how, scorer, picker),
    follows: parts.followsIn(chains),
  });
  if (part !== undefined) return undefined;
  const rows = fits.map(swept.settingRow);
  const meanEsr = mean(rows.map(({ esr }) => esr));
  const iterations = rows.map((row) => row.iterations);
  show([modelDiagram(model), ...modelEquations(model)]);
  say(
    `A long recording is fitted on a part of it first, and then on all. The chart shows
how far the error still stands above the value that it ends at. Were the loss smooth, each
step would about square the gap; but the ballistics switch between attack and release at
samples that move with the parameters, which the Hessian of a fixed branch does not see.`,
  );
  show(charts.gapChart(
    fits.map((fit) => ({
      mode: fit.mode,
      losses: fit.esrByIteration,
      before: fit.coarseEsrByIteration,
    })),
    "Median and largest of the settings that are not yet at their end. Below 0: on a " +
      "part of the sound, before.",
  ));

  step("The curve");
  say(BESIDE[facts.name]);
  say(published.MAKERS_WORDS);
  say(
    `The band around a line is where other sound of the same kind would put it, 95 times
of 100, by how the chunks pull apart (jackknife); with fewer than three there is none.`,
  );
  const known = isPublished ? published.publishedFits(fits) : [];
  const own = facts.surrogate ? `fitted (${facts.name})` : "fitted";
  const other = facts.surrogate ? "another unit, not comparable" : "here";
  const curve = [
    ...swept.curveRows(fits, own),
    ...published.publishedRows(known),
  ];
  show(charts.parameterCurves(curve, parameters));
  if (isPublished && facts.name === "twin") {
    const found = fits.map(swept.recoveryRow);
    table("Recovery: found less true", found, swept.RECOVERY_COLUMNS);
  }
  show(charts.scoreCurves(curve, OTHER_UNIT));

  step("See and hear each setting", listen);
  show(await listen(alignedSource(source, alignment), fits, picker, nb));

  step(
    "Between the settings",
    codeOf(interpolationSource, "interpolationSteps"),
  );
  const tests = await between.keyedTests(fits);
  const scored = await nb.each("Interpolating", tests, {
    ...between.interpolationSteps(source, how, scorer),
    noun: "interpolation",
  });
  const tested = tests.map((test, i) => between.testedRow(test, scored[i]));
  say(
    `A straight line between the neighbours, or a not-a-knot cubic spline through all
that are left, gives the parameters of a setting that was left out. The table has how much
higher the ESR is than that of the fit, in the middle and at worst.`,
  );
  const publishedTests = known.flatMap(published.interpolationOf);
  const growth = [
    ...between.growthOf(own, tested),
    ...between.growthOf(`published, LA-2A (${other})`, publishedTests),
  ];
  table(
    "ESR above that of the fit, with interpolated parameters",
    growth,
    between.GROWTH_COLUMNS,
  );
  table("ESR with interpolated parameters", tested);

  step("All figures");
  say(
    `The same figures lie beside this page: \`results.json\`, \`parameters.yaml\`,
which \`deno task render --curve\` takes, and of the model 4a-2a a CSV file for each mode in
the columns of the published ones.`,
  );
  table("Every setting", rows, swept.settingColumns(parameters));
  const unit = swept.sweptUnit(model, fits, facts);
  const figure = await knobFigure(unit, model, playedSound(), KNOB);
  if (figure !== undefined) nb.lead(figure);
  await nb.write("parameters.yaml", unitToYaml(unit));
  const files = isPublished ? swept.publishedFiles(fits, tested, facts) : {};
  for (const [name, text] of Object.entries(files)) await nb.write(name, text);

  const { PAPER: paper } = published;
  const ofTheUnit = (held: boolean) => facts.surrogate ? "surrogate" : held;
  const knownEsr = mean(published.publishedRows(fits).map(({ esr }) => esr));
  const most = Math.max(
    ...growth.filter((row) => row.source === own).map((row) => row.largest),
  );
  const converged = fits.filter((fit) => fit.converged).length;
  const falling = fits.filter(swept.neverRises).length;
  claim(
    "Five parameters a setting leave a mean ESR of 0.078 on the LA-2A",
    isPublished ? ofTheUnit(meanEsr <= 1.1 * knownEsr) : "untested",
    `mean ESR ${formatNumber(meanEsr, 3)} on ${facts.title} (${other})`,
    paper,
  );
  claim(
    "Newton–Raphson converges at every setting",
    converged === fits.length,
    `${converged} of ${fits.length} converged, after at most ${
      Math.max(...iterations)
    } iterations on all of the sound`,
    paper,
  );
  claim(
    "Parameters interpolated between settings raise the ESR by at most 6 %",
    tests.length === 0 ? "untested" : ofTheUnit(most <= 6),
    `at most ${formatNumber(most, 2)} % at ${tests.length} settings (${other})`,
    paper,
  );
  claim(
    "The loss never rises from one iteration to the next",
    falling === fits.length,
    `in ${falling} of ${formatCount(fits.length, "fit")}`,
  );

  const name = isPublished ? "4A-2A" : model.name;
  nb.titled({
    title: `${name}: the levelling amplifier, setting by setting`,
    subtitle: `${formatCount(parameters.length, "parameter")} at ${
      formatCount(fits.length, "setting")
    } of ${facts.title}`,
    picture: "Attack",
  });
  nb.headline({ label: "Settings fitted", value: fits.length });
  nb.headline({
    label: "Mean ESR",
    value: meanEsr,
    digits: 3,
    note: `published 4A-2A on the LA-2A: ${
      formatNumber(knownEsr, 3)
    } (${other})`,
  });
  nb.headline({
    label: "Mean |ΔLDR|",
    value: mean(rows.map((row) => Math.abs(row.delta_ldr_db))),
    unit: "dB",
    digits: 2,
  });
  nb.headline({
    label: "Iterations a setting",
    value: String(median(iterations)),
    note: `median; at most ${Math.max(...iterations)}`,
  });
  nb.headline({
    label: "Time fitting",
    value: formatDuration(total(rows.map((row) => row.fit_seconds))),
    note: `${formatDuration(total(fits.map((fit) => fit.seconds)))} of sound`,
  });
  return { settings: rows };
});

if (import.meta.main) await runCommand(command);
