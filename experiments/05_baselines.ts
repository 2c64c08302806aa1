/**
 * Experiment 05: how good is the fitted compressor, compared with what people use?
 *
 * Beside it stand the simplest things that could be tried, other emulations whose
 * renderings are at hand, and 4A-2A-G: the compressor without its make-up, and a small
 * network that learns what it leaves over. All are scored on sound that none has seen.
 *
 *     deno task exp:baselines
 *
 * @module
 */

import { formatDuration, formatNumber } from "../lib/base/format.ts";
import { mean, median } from "../lib/base/statistics.ts";
import { askAll, RECOVERY_COLUMNS } from "../lib/baselines/ask.ts";
import * as excerpts from "../lib/baselines/excerpt.ts";
import * as methods from "../lib/baselines/methods.ts";
import * as published from "../lib/baselines/published_scores.ts";
import { openRendered, renderedOption } from "../lib/baselines/rendered.ts";
import * as scoring from "../lib/baselines/score_methods.ts";
import * as summary from "../lib/baselines/summary.ts";
import * as cli from "../lib/cli/command_line.ts";
import { alignedSource } from "../lib/data/aligned_source.ts";
import * as recordings from "../lib/data/data_config.ts";
import { loadAhead } from "../lib/data/load_ahead.ts";
import * as parting from "../lib/data/parts.ts";
import { PUBLISHED_CITATION } from "../lib/data/published.ts";
import { keyOfSetting, nameOfSetting } from "../lib/data/setting.ts";
import * as sources from "../lib/data/source.ts";
import { unitToYaml } from "../lib/data/unit_file.ts";
import * as fitting from "../lib/fitting/fit_config.ts";
import { sweepSteps } from "../lib/fitting/sweep.ts";
import { originInWords, sweptUnit } from "../lib/fitting/swept_unit.ts";
import * as differences from "../lib/gru/as_published.ts";
import { trainingSchema } from "../lib/gru/train.ts";
import { trainKept } from "../lib/gru/train_kept.ts";
import { weightsToJson } from "../lib/gru/weights.ts";
import * as background from "../lib/metrics/background_score.ts";
import { bootstrapSchema, intervalInWords } from "../lib/metrics/bootstrap.ts";
import { PAPER_MODEL, parseModel } from "../lib/models/presets.ts";
import * as notebook from "../lib/notebook/experiment.ts";
import { codeOf } from "../lib/report/cells.ts";
import { excerptCells } from "../lib/report/excerpt_cells.ts";
import { md } from "../lib/report/markdown.ts";
import * as drawn from "../lib/report/score_charts.ts";
import trainText from "../lib/gru/train_kept.ts" with { type: "text" };
import methodsText from "../lib/baselines/methods.ts" with { type: "text" };
import cutText from "../lib/baselines/excerpt.ts" with { type: "text" };
import partsText from "../lib/data/parts.ts" with { type: "text" };
import mixText from "../lib/metrics/mix.ts" with { type: "text" };

/** The config, `configs/05_baselines.yaml`. */
const CONFIG = {
  engine: fitting.engineSchema.default("wasm"),
  data: recordings.dataSchema.extend({
    duration: recordings.dataSchema.shape.duration.default(120),
  }).prefault({}),
  sweep: recordings.settingsSchema.prefault({}),
  parts: parting.partsSchema.prefault({}),
  chunks: fitting.chunksSchema.prefault({}),
  alignment: fitting.alignmentSchema.prefault({}),
  solver: fitting.solverSchema.prefault({}),
  gru: trainingSchema.prefault({}),
  bootstrap: bootstrapSchema.prefault({}),
  excerpt: excerpts.excerptSchema.prefault({}),
};

type Config = notebook.ConfigOf<typeof CONFIG>;

const MODEL = parseModel(PAPER_MODEL);
const { METHODS, FITTED, WITH_GRU, CONSTANT, PUBLISHED_CURVE } = methods;

/** What stands wherever figures of a surrogate and of the LA-2A meet. */
const OTHER_UNIT = "another unit, not comparable";

/** The compressor alone, from the most peak reduction down, on the first two parts. */
function fitSettings(
  source: sources.PairSource,
  { testStart }: parting.Parts,
  { engine, chunks, alignment, solver }: Config,
  scorer: background.BackgroundScorer,
) {
  return sweepSteps(parting.beginningOf(source, testStart), {
    model: MODEL,
    engine,
    chunks: fitting.chunkOptions(chunks),
    alignment: { ...alignment, enabled: false },
    solver,
  }, scorer);
}

const digits3 = (value: number) => formatNumber(value, 3);

export const command = notebook.experiment({
  url: import.meta.url,
  task: "exp:baselines",
  about: "Scores the fitted compressor, with and without a small\n" +
    "network after it, beside simple baselines and other emulations.",
  title: "The fitted compressor beside the baselines",
  config: CONFIG,
  check: fitting.requireParameters,
  extra: [renderedOption()],
  notes: `A training goes on where it was, too.

To score another emulation: write a data set (data:make), send its inputs through
the emulation, name the results as its targets, and give both:
  deno task exp:baselines --data my-data --rendered "CA-2A=my-renderings"`,
  examples: [
    "deno task exp:baselines --set gru.epochs=10 --set sweep.modes=[compress]",
    "deno task exp:baselines --data SignalTrain_LA2A_Dataset_1.1",
  ],
  open: notebook.pairSource,
}, async ({ config, data, given, say, step, each, show, table, ...book }) => {
  const names = given.rendered as string[];
  const rendered = await openRendered(names, METHODS);
  await cli.requireDistinctFiles(
    rendered.map(({ folder }) => folder),
    { "--json": given.json as string },
  );
  const isBuiltIn = config.data.folder === null;
  // Only recordings can lag: the built-in units do not.
  const enabled = config.alignment.enabled && !isBuiltIn;
  const source = alignedSource(data, { ...config.alignment, enabled });
  const facts = source.describe();
  const settings = recordings.settingsInOrder(config.sweep);
  sources.requireSettings(data, settings);
  const parts = parting.partsOf(facts, config.parts);
  say(
    md`A compressor fitted to a unit is worth what it gains over simpler things, and over
what is to be had already. Here it stands beside both, on sound that none of them was fitted
to. The data are ${facts.title}; published figures are those of the real LA-2A
(${PUBLISHED_CITATION}).`,
  );

  step("Three parts of every recording", codeOf(partsText, "partsOf"));
  const { train_seconds, validation_seconds } = config.parts;
  const rest = facts.seconds - train_seconds - validation_seconds;
  const spans = [facts.seconds, train_seconds, validation_seconds, rest];
  const [whole, train, judging, test] = spans.map(formatDuration);
  say(
    md`${settings.length} settings of ${whole} each: the first ${train} are trained on, the
next ${judging} say when to stop, the last ${test} are the test. Every figure below is of the
test part unless it says otherwise.`,
  );

  step("4A-2A", fitSettings);
  using scorer = background.startScorer();
  const fits = await each("Fitting", settings, {
    ...fitSettings(source, parts, config, scorer),
    noun: "setting",
  });
  const converged = fits.filter((fit) => fit.converged).length;
  say(
    md`The compressor alone, fitted as in experiment 04 to the first two parts: ${converged}
of ${fits.length} fits converged.`,
  );

  step("4A-2A-G", codeOf(trainText, "trainKept"));
  const trained = await trainKept(source, fits, parts, config.gru, book);
  const { weights, epochs, bestEpoch } = trained;
  const makeUps = fits.map((fit) => fit.parameters.make_up_db);
  const [least, most] = [Math.min(...makeUps), Math.max(...makeUps)]
    .map(digits3);
  const times = epochs.flatMap(({ stepSeconds }) => stepSeconds ?? []);
  const time = formatDuration(median(times));
  const { window, learning_rate } = config.gru;
  say(
    md`The compressors without their make-up, and after them y = x + Linear(GRU₈(x)): 249
weights that have to serve all ${fits.length} settings without being told which one they
hear. Truncated back-propagation over ${window} samples, Adam at ${learning_rate}. The best
epoch is number ${bestEpoch}; a step took ${time}. What the network can mend is what the
compressor cannot do at any setting, colour and distortion. What it cannot know is the
setting: the fitted make-up gains, which it has to stand in for, lie between ${least} and
${most} dB, the published ones between 0.04 and 0.70 dB in compress mode.`,
  );
  show(...drawn.trainingChart(epochs));
  const { DIFFERENCES, DIFFERENCE_COLUMNS } = differences;
  const differs = "How this differs from the published";
  table(differs, DIFFERENCES, DIFFERENCE_COLUMNS, "the method");

  step("On the test part", codeOf(methodsText, "methodsAt"));
  const { block_seconds: blockSeconds, resamples } = config.bootstrap;
  const stretches = isBuiltIn
    ? (await (await sources.openDry(config.data)).load()).segments ?? []
    : [];
  const options = { parts, stretches, blockSeconds };
  const scores = await each("Scoring", fits, {
    key: (fit) => `scores_${keyOfSetting(fit)}`,
    name: (fit) => nameOfSetting(fit),
    noun: "score",
    load: (fit) => source.load(fit),
    run: (fit, pair) =>
      Promise.resolve(scoring.scoreMethods(pair, fit, fits, weights, options)),
  });
  const pairs = loadAhead(source, rendered.length > 0 ? fits : []);
  const renderings = await scoring
    .addRenderings(scores, pairs, rendered, options);
  const { seed } = config.data;
  const means = summary.summarise(scores, { seed, resamples });
  const { gruRatio } = means;
  const rows = means.methods.map(summary.meanRow);
  const scoreRows = summary.scoreRows(scores);
  say(
    md`The constant gain is the one that comes nearest on the first two parts. The
published curve is applied as it is, its make-up included. The interpolated parameters are
those that the neighbours of a setting would give it, half of the settings being left out in
turn. Intervals of 95 % are of a bootstrap over the seconds of the test part. Differences
from 4A-2A are paired: every resample takes the same seconds of both.`,
  );
  table("Means over the settings", rows, summary.MEAN_COLUMNS);
  show(drawn.meanChart(rows, "Interpolated: settings between others only."));
  const everywhere = scoreRows.filter(({ method }) => !/^interp/.test(method));
  show(...drawn.scoresOverKnob(everywhere, facts.name));
  if (renderings.length > 0) table("How the renderings lay", renderings);

  step("Published, on the LA-2A");
  const theirs = published.publishedRows();
  const common = published.publishedMeans().settings;
  say(
    md`The same measures of the real LA-2A, as published; a surrogate is ${OTHER_UNIT}. Means
are over the ${common} settings that every method has; differences from 4A-2A are of the same
settings, their intervals of a bootstrap over these. 4A-2A-G was scored on what it was trained
on. ${published.footnote()}`,
  );
  table("Published means, on the LA-2A", theirs, [
    ...["method", { key: "esr", digits: 3 }, ...summary.BEYOND_COLUMNS],
  ], published.ORIGIN);
  // Ours join them where both are of the real unit.
  const joined = scoreRows.filter(({ method }) =>
    !facts.surrogate && [FITTED, WITH_GRU].includes(method)
  ).map((row) => ({ ...row, method: `${row.method}, this run` }));
  const onUnit = [...published.publishedScoreRows(), ...joined];
  show(...drawn.scoresOverKnob(onUnit, "LA-2A", published.ORIGIN));

  step("Where it fails", codeOf(mixText, "differenceByKind"));
  const { kinds, difference } = summary.summariseKinds(scores);
  const seen = mean(fits.map((fit) => fit.score.esr));
  const tested = mean(summary.scoresOf(scores, FITTED).map(({ esr }) => esr));
  const esrs = [seen, tested, tested - seen, difference.mix, difference.kinds];
  const [on, off, more, mix, own] = esrs.map(digits3);
  say(
    md`On what it was fitted to 4A-2A has a mean ESR of ${on}, on the test part ${off}.`,
  );
  const kindRows = summary.kindRows(scores, [CONSTANT, FITTED, WITH_GRU]);
  if (kinds.length > 0) {
    say(
      md`An ESR is the mean of those of the kinds of sound, weighted by their energy, so that
the difference of ${more} falls in two without remainder: ${mix} because the kinds have other
shares of the energy, ${own} because each is met otherwise. A part holds but a few stretches
of a kind, and three in ten of *steps* are noise in place of a sine: it counts how many of
them fall into which part. What is left when the gain is put right in every 30 ms is what no
compressor can mend, colour and phase, which show most where a sound is bright.`,
    );
    table("4A-2A by kind of sound", kinds, summary.KIND_COLUMNS);
    show(...drawn.scoresByKind(kindRows));
  }
  const { mode, peak_reduction, listen_seconds } = config.excerpt;
  const wanted = { mode, peakReduction: peak_reduction };
  const fit = excerpts.nearestFit(fits, wanted);
  const highest = excerpts.nearestFit(fits, { mode, peakReduction: 100 });
  if (isBuiltIn) {
    const asked = [...new Set([fit, highest])];
    const { unit } = config.data;
    const answers = askAll(unit, asked, weights, facts.sampleRate);
    say(
      md`After a step of level, on a sine of 1 kHz, the gain is alone. 4A-2A has one release
time for all of its way back; ∞ is longer than the 2.5 s that were looked at.`,
    );
    table("How long the gain takes to come back", answers, RECOVERY_COLUMNS);
    show(...drawn.probeCharts(answers));
  }

  step("What it looks and sounds like", codeOf(cutText, "takeExcerpt"));
  const cut = excerpts
    .takeExcerpt(await source.load(fit), fit, weights, parts, config.excerpt);
  const place = nameOfSetting(fit);
  const from = formatDuration(cut.start);
  say(
    md`Part of the test at ${place}, from ${from} on; its beginning to listen to.`,
  );
  show(
    await excerptCells({
      ...{ ...cut, place, listenSeconds: listen_seconds },
      target: [facts.surrogate ? "Target (surrogate)" : "Target", cut.target],
      models: [[FITTED, cut.fitted], [WITH_GRU, cut.withGru]],
    }),
  );

  step("All figures");
  say(
    "Beside this page lie `parameters.yaml`, `weights.json` and the scores as CSV.",
  );
  table("Every method at every setting", scoreRows);
  const prefix = facts.surrogate ? `surrogate-${facts.name}-` : "";
  const unit = unitToYaml(sweptUnit(MODEL, fits, facts));
  const network = weightsToJson(weights, originInWords(facts));
  await book.write(`${prefix}scores.csv`, summary.scoresToCsv(scores));
  const ratio = intervalInWords(gruRatio);
  const theirRatio = digits3(published.gruRatio());
  book.claim(
    "A network of eight units after the compressor at least halves its mean ESR",
    facts.surrogate ? "surrogate" : gruRatio.estimate <= 0.5,
    `here to ${ratio} of it; published, on the LA-2A: to ${theirRatio}, ${OTHER_UNIT}`,
    "Yu and Fazekas, AES AIMLA 2025",
  );
  book.claim(
    "It does so on sound that neither was fitted to",
    gruRatio.high <= 0.5,
    `to ${ratio} of that of the compressor`,
  );
  for (const { method, beyondFitted } of means.methods) {
    if (method !== CONSTANT && method !== PUBLISHED_CURVE) continue;
    book.claim(
      `The fitted compressor is nearer than the ${method}`,
      beyondFitted!.low > 0,
      `whose mean ESR is ${intervalInWords(beyondFitted!)} above it`,
    );
  }
  const { isBetter, inWords } = published.besidePlugIns();
  book.claim(
    "Of the published scores, 4A-2A's are better than those of three plug-ins",
    isBetter,
    `at ${common} settings of the LA-2A, mean ESR above it: ${inWords}`,
  );
  for (const { method, esr: value, low, high } of rows) {
    if (![FITTED, WITH_GRU].includes(method)) continue;
    const label = `Mean ESR, ${method}`;
    const note = `test part; 95 %: ${digits3(low)} to ${digits3(high)}`;
    book.headline({ label, value, digits: 3, note });
  }
  book.headline({
    label: "4A-2A-G to 4A-2A",
    value: gruRatio.estimate,
    digits: 3,
    note: `published, on the LA-2A: ${theirRatio}; ${OTHER_UNIT}`,
  });
  return {
    parameters: await book.write("parameters.yaml", unit),
    weights: await book.write("weights.json", network),
    gru: { best_epoch: bestEpoch, epochs, esr_ratio: gruRatio },
    methods: rows,
    scores: scoreRows,
    kinds,
    by_kind: kindRows,
    difference,
    renderings,
  };
});

if (import.meta.main) await cli.runCommand(command);
