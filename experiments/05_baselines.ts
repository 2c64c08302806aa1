/**
 * Experiment 05: how good is the fitted compressor, compared with what people
 * use?
 *
 * Beside it stand the simplest things that could be tried (a constant gain, the
 * published curve as it is, the curve between its settings), any other emulation
 * whose renderings are at hand, and 4A-2A-G: the fitted compressor without its
 * make-up, followed by a recurrent network of eight units that learns what the
 * compressor leaves over. All are scored on sound that none was fitted to.
 *
 *     deno task exp:baselines
 *     deno task exp:baselines --rendered "CA-2A=path/to/renderings"
 *     deno task exp:baselines --data path/to/SignalTrain_LA2A_Dataset_1.1
 *
 * @module
 */

import { join } from "node:path";
import { Command } from "@commander-js/extra-typings";
import * as z from "zod";
import { writeFileWhole } from "../lib/base/atomic_file.ts";
import {
  listRenderings,
  readRendering,
  type RenderedFolder,
} from "../lib/baselines/rendered.ts";
import { staticCurve, stepResponses } from "../lib/baselines/probe_signals.ts";
import {
  bold,
  collect,
  configOf,
  configOption,
  dataOption,
  engineOption,
  jsonOption,
  note,
  outOption,
  printResult,
  requireDistinctFiles,
  resultsFolder,
  runCommand,
  setOption,
  startProgress,
  stimulusOption,
  unitOption,
  userPath,
  withEngine,
} from "../lib/cli/command_line.ts";
import type { Processor } from "../lib/compressor/compressor.ts";
import type { Values } from "../lib/models/model.ts";
import { ConfigError } from "../lib/base/config.ts";
import { parametersAt } from "../lib/data/curve.ts";
import { unitToYaml } from "../lib/data/unit_file.ts";
import { alignPair } from "../lib/data/aligned_pair.ts";
import { openBackgroundSource } from "../lib/data/background_source.ts";
import { loadAhead } from "../lib/data/load_ahead.ts";
import { beginningOf, type Parts, partsOf } from "../lib/data/parts.ts";
import {
  PUBLISHED_CITATION,
  PUBLISHED_SCORES,
  publishedFit,
} from "../lib/data/published.ts";
import {
  MODES,
  nameOfSetting,
  sameSetting,
  type Setting,
} from "../lib/data/setting.ts";
import {
  factsToJson,
  openDry,
  type PairSource,
  requireSettings,
  unusableAmong,
} from "../lib/data/source.ts";
import { createUnit } from "../lib/data/unit.ts";
import {
  dataSchema,
  requireOneSource,
  settingsInOrder,
  settingsSchema,
} from "../lib/data/data_config.ts";
import { type EngineName } from "../lib/engines/open.ts";
import {
  alignmentSchema,
  chunkOptions,
  chunksSchema,
  engineSchema,
  requireParameters,
  solverSchema,
} from "../lib/fitting/fit_config.ts";
import { LONGEST_WINDOW } from "../lib/gru/batch.ts";
import { createCompressorWithGru } from "../lib/gru/processor.ts";
import { openRecordings } from "../lib/gru/recordings.ts";
import {
  type Checkpoint,
  type EpochRecord,
  isDone,
  type TrainedGru,
  trainedOf,
  trainGru,
} from "../lib/gru/train.ts";
import { weightsToJson } from "../lib/gru/weights.ts";
import { createFastCompressor } from "../lib/compressor/render.ts";
import { PAPER_MODEL, parseModel } from "../lib/models/presets.ts";
import { startScorer } from "../lib/metrics/background_score.ts";
import { bootstrapInterval, type Interval } from "../lib/metrics/bootstrap.ts";
import {
  type Breakdown,
  openBreakdown,
  type Stretch,
} from "../lib/metrics/breakdown.ts";
import { bestGain, gainOverTime } from "../lib/metrics/gain.ts";
import { spectrogram } from "../lib/metrics/spectrogram.ts";
import type { Cell } from "../lib/report/cells.ts";
import {
  formatCount,
  formatDecibels,
  formatDuration,
  formatNumber,
  formatPercent,
} from "../lib/base/format.ts";
import {
  inputsOf,
  openResultStore,
  type ResultStore,
} from "../lib/base/result_store.ts";
import type { Pair, Signal } from "../lib/sound/signal.ts";
import { keyOfSetting, type SettingFit, sweep } from "../lib/fitting/sweep.ts";
import { originInWords, sweptUnit } from "../lib/fitting/swept_unit.ts";
import source05 from "./05_baselines.ts" with { type: "text" };

/** Name of this experiment: of its config, and of the folder of its results. */
const EXPERIMENT = "05_baselines";

/** The config of this experiment, `configs/05_baselines.yaml`. */
const schema = z.strictObject({
  engine: engineSchema.default("wasm"),
  data: dataSchema.extend({
    duration: dataSchema.shape.duration.default(120),
  }).prefault({}),
  sweep: settingsSchema.prefault({}),
  parts: z.strictObject({
    train_seconds: z.number().positive("must be above 0").default(60),
    validation_seconds: z.number().positive("must be above 0").default(15),
  }).prefault({}),
  chunks: chunksSchema.prefault({}),
  alignment: alignmentSchema.prefault({}),
  solver: solverSchema.prefault({}),
  gru: z.strictObject({
    window: z.int().min(1).max(LONGEST_WINDOW).default(LONGEST_WINDOW),
    learning_rate: z.number().positive("must be above 0").default(0.005),
    averaging: z.number().min(0).lt(1, "must be below 1").default(0.995),
    epochs: z.int().min(1).max(10_000).default(50),
    patience: z.int().min(1).default(5),
    seed: z.int().min(0).default(1),
  }).prefault({}),
  bootstrap: z.strictObject({
    block_seconds: z.number().positive("must be above 0").default(1),
    resamples: z.int().min(10).max(100_000).default(1000),
  }).prefault({}),
  excerpt: z.strictObject({
    mode: z.enum(MODES).default("compress"),
    peak_reduction: z.number().min(0).max(100).default(70),
    start_seconds: z.number().nonnegative("must not be negative").default(0),
    seconds: z.number().min(1).max(20).default(6),
    listen_seconds: z.number().min(0.5).max(10).default(2),
  }).prefault({}),
}).superRefine(requireParameters);

/** The config with the engine that was chosen. */
type Config = z.output<typeof schema> & { engine: EngineName };

/** What each method got at one setting. */
interface SettingScores extends Setting {
  methods: { method: string; score: Breakdown }[];
}

/** How a rendering lay against its recording. */
interface RenderingFacts extends Setting {
  method: string;
  lag: number;
  gainDb: number;
  extraSamples: number;
}

/** Names of the methods, as in the report. */
const CONSTANT = "constant gain";
const PUBLISHED_CURVE = "published curve";
const FITTED = "4A-2A";
const LINEAR = "interpolated, linear";
const SPLINE = "interpolated, spline";
const WITH_GRU = "4A-2A-G";

/** The methods of the published scores, as this report calls them. */
const PUBLISHED_NAMES: Record<string, string> = {
  "4A2A": FITTED,
  "4A2A+GRU": WITH_GRU,
};

/** Only recordings can lag: the built-in units do not. */
function alignmentOf({ alignment, data }: Config) {
  return { ...alignment, enabled: alignment.enabled && data.folder !== null };
}

/**
 * Step 1. Recordings in step, each in three parts: the first is trained on, the
 * second says when to stop, the third nobody sees before the test.
 */
function alignedSource(source: PairSource, config: Config): PairSource {
  const alignment = alignmentOf(config);
  const warned = new Set<string>();
  return {
    ...source,
    async load(setting) {
      const loaded = await source.load(setting);
      const { pair, warnings } = alignPair(loaded, alignment);
      for (const warning of [...loaded.warnings ?? [], ...warnings]) {
        const text = `warning: ${nameOfSetting(setting)}: ${warning}`;
        if (!warned.has(text)) note(text);
        warned.add(text);
      }
      return pair;
    },
  };
}

/**
 * Step 2. 4A-2A: Newton-Raphson on the first two parts, from the most peak
 * reduction down, each setting from its neighbour's result.
 */
async function fitSettings(
  source: PairSource,
  { testStart }: Parts,
  config: Config,
  store: ResultStore,
): Promise<SettingFit[]> {
  const settings = settingsInOrder(config.sweep);
  const progress = await startProgress("Fitting", settings.length);
  using scorer = startScorer();
  const fits: SettingFit[] = [];
  try {
    for await (
      const { isKept: _, ...fit } of sweep(
        beginningOf(source, testStart),
        settings,
        {
          model: parseModel(PAPER_MODEL),
          engine: config.engine,
          chunks: chunkOptions(config.chunks),
          alignment: { ...config.alignment, enabled: false },
          solver: config.solver,
        },
        { store, scorer },
      )
    ) {
      fits.push(fit);
      progress.update(fits.length, nameOfSetting(fit));
    }
  } finally {
    progress.stop();
  }
  return fits;
}

/**
 * Step 3. 4A-2A-G: the fitted compressors without their make-up, and one network
 * after them that learns all settings at once. Every epoch is kept, so that an
 * interrupted training goes on where it was.
 */
async function trainNetwork(
  source: PairSource,
  fits: SettingFit[],
  { trainEnd, testStart }: Parts,
  config: Config,
  store: ResultStore,
): Promise<TrainedGru> {
  const { epochs, patience, window, seed, averaging } = config.gru;
  const kept = await store.get<Checkpoint>("training");
  if (kept !== undefined && isDone(kept, config.gru)) return trainedOf(kept);
  const loading = await startProgress("Loading", fits.length);
  let batch;
  try {
    batch = await openRecordings(source, fits, testStart, (done) => {
      loading.update(done);
    });
  } finally {
    loading.stop();
  }
  const progress = await startProgress("Training, epochs", epochs);
  try {
    return await trainGru(batch, {
      trainLength: trainEnd,
      validationLength: testStart - trainEnd,
      window,
      learningRate: config.gru.learning_rate,
      averaging,
      epochs,
      patience,
      seed,
    }, {
      kept,
      onEpoch: async (checkpoint) => {
        await store.put("training", checkpoint);
        const { epoch, validationEsr } = checkpoint.epochs.at(-1)!;
        progress.update(epoch, `ESR ${formatNumber(validationEsr, 3)}`);
      },
    });
  } finally {
    progress.stop();
    batch.close();
  }
}

/**
 * Step 4. What each method makes of a setting, fitted to the first two parts at
 * most. A setting that lies between others also gets the parameters that these
 * would give it.
 */
function methodsOf(
  fit: SettingFit,
  fits: SettingFit[],
  fitted: Pair,
  weights: Float64Array,
): { method: string; processor: Processor }[] {
  const { sampleRate } = fitted;
  const gain = bestGain(fitted.dry, fitted.wet);
  const compressor = (parameters: Values) =>
    createFastCompressor(parameters, sampleRate);
  const published = publishedFit(fit)?.parameters;
  const others = fits.filter((other) => other.mode === fit.mode)
    .sort((a, b) => a.peakReduction - b.peakReduction);
  const place = others.indexOf(fit);
  const knots = others.filter((_, i) => i % 2 === 0);
  const isBetween = place % 2 === 1 && place < others.length - 1;
  return [
    {
      method: CONSTANT,
      processor: {
        process: (input, output) =>
          input.forEach((x, n) => output[n] = gain * x),
      },
    },
    ...(published
      ? [{ method: PUBLISHED_CURVE, processor: compressor(published) }]
      : []),
    ...(isBetween
      ? [
        {
          method: LINEAR,
          processor: compressor(parametersAt(knots, fit, "linear")),
        },
        {
          method: SPLINE,
          processor: compressor(parametersAt(knots, fit, "spline")),
        },
      ]
      : []),
    { method: FITTED, processor: compressor(fit.parameters) },
    {
      method: WITH_GRU,
      processor: createCompressorWithGru(fit.parameters, weights, sampleRate),
    },
  ];
}

/**
 * Step 5. The scores, on the test part. Everything runs in from the validation
 * part, which is not counted.
 */
async function scoreMethods(
  source: PairSource,
  fits: SettingFit[],
  weights: Float64Array,
  { trainEnd, testStart }: Parts,
  stretches: Stretch[],
  rendered: RenderedFolder[],
  config: Config,
  store: ResultStore,
): Promise<{ scores: SettingScores[]; renderings: RenderingFacts[] }> {
  const progress = await startProgress("Scoring", fits.length);
  const scores = new Map<SettingFit, SettingScores>();
  const renderings: RenderingFacts[] = [];
  const keyOf = (fit: SettingFit) => `scores_${keyOfSetting(fit)}`;
  const fileOf = ({ renderings }: RenderedFolder, fit: SettingFit) =>
    renderings.find((rendering) => sameSetting(rendering, fit));
  try {
    for (const fit of fits) {
      const kept = await store.get<SettingScores>(keyOf(fit));
      if (kept !== undefined) scores.set(fit, kept);
    }
    const todo = fits.filter((fit) =>
      !scores.has(fit) || rendered.some((folder) => fileOf(folder, fit))
    );
    for await (const [fit, pair] of loadAhead(source, todo)) {
      const { sampleRate } = pair;
      const heard = (signal: Signal) => signal.subarray(trainEnd);
      const wet = heard(pair.wet);
      const options = {
        sampleRate,
        from: testStart - trainEnd,
        stretches: stretches.map(({ kind, start, length }) => ({
          kind,
          start: start - trainEnd,
          length,
        })),
        blockLength: Math.round(config.bootstrap.block_seconds * sampleRate),
      };
      const scoreOf = openBreakdown(wet, options);
      if (!scores.has(fit)) {
        const fitted = {
          dry: pair.dry.subarray(0, testStart),
          wet: pair.wet.subarray(0, testStart),
          sampleRate,
        };
        const found: SettingScores = {
          mode: fit.mode,
          peakReduction: fit.peakReduction,
          methods: methodsOf(fit, fits, fitted, weights)
            .map(({ method, processor }) => {
              const output = new Float32Array(wet.length);
              processor.process(heard(pair.dry), output);
              return { method, score: scoreOf(output) };
            }),
        };
        await store.put(keyOf(fit), found);
        scores.set(fit, found);
      }
      for (const folder of rendered) {
        const file = fileOf(folder, fit);
        if (file === undefined) continue;
        const read = await readRendering(file, pair.wet, sampleRate);
        if (!(read.to > testStart && read.from < testStart)) {
          throw new Error(
            `${file.path}: does not reach into the test part, which begins at ${
              formatDuration(testStart / sampleRate)
            }. Render the whole input`,
          );
        }
        const score = read.to === pair.wet.length
          ? scoreOf(heard(read.samples) as Float32Array)
          : openBreakdown(wet, { ...options, to: read.to - trainEnd })(
            heard(read.samples),
          );
        const own = scores.get(fit)!;
        scores.set(fit, {
          ...own,
          methods: [...own.methods, { method: folder.name, score }],
        });
        renderings.push({
          method: folder.name,
          mode: fit.mode,
          peakReduction: fit.peakReduction,
          lag: read.lag,
          gainDb: read.gainDb,
          extraSamples: read.extraSamples,
        });
      }
      progress.update(scores.size, nameOfSetting(fit));
    }
  } finally {
    progress.stop();
  }
  return { scores: fits.map((fit) => scores.get(fit)!), renderings };
}

/** A method's scores over the settings it was tried at. */
interface MethodSummary {
  method: string;
  settings: number;
  /** Mean ESR over them, and its 95 % interval. */
  esr: Interval;
  /** Mean ESR of 4A-2A at the same settings. */
  fittedEsr: number;
  /** Mean |ΔLDR|. */
  deltaLdrDb: number;
}

/**
 * Step 6. Means over the settings, with 95 % intervals from a bootstrap over the
 * blocks of the test part: the same blocks for every setting and every method.
 */
function summarise(
  scores: SettingScores[],
  { bootstrap, data }: Config,
): { methods: MethodSummary[]; gruRatio: Interval } {
  const blocks = Math.max(
    ...scores.flatMap(({ methods }) =>
      methods.map(({ score }) => score.blocks.error.length)
    ),
  );
  const scoresOf = (method: string) =>
    scores.flatMap(({ methods }) =>
      methods.flatMap((one) => one.method === method ? one.score : [])
    );
  const meanEsr = (list: Breakdown[], times: Float64Array) =>
    mean(
      list.map(({ blocks: { error, target } }) =>
        weighted(error, times) / weighted(target, times)
      ),
    );
  const interval = (statistic: (times: Float64Array) => number) =>
    bootstrapInterval(blocks, statistic, {
      seed: data.seed,
      resamples: bootstrap.resamples,
    });
  const names = [
    ...new Set(scores.flatMap(({ methods }) => methods.map((m) => m.method))),
  ];
  return {
    methods: names.map((method) => {
      const own = scoresOf(method);
      const same = scores.filter(({ methods }) =>
        methods.some((one) => one.method === method)
      ).map(({ methods }) =>
        methods.find((one) => one.method === FITTED)!.score.esr
      );
      return {
        method,
        settings: own.length,
        esr: interval((times) => meanEsr(own, times)),
        fittedEsr: mean(same),
        deltaLdrDb: mean(own.map((score) => Math.abs(score.deltaLdrDb))),
      };
    }),
    gruRatio: interval((times) =>
      meanEsr(scoresOf(WITH_GRU), times) / meanEsr(scoresOf(FITTED), times)
    ),
  };
}

/** An excerpt of the test part as everybody hears it. */
interface Excerpt extends Setting {
  /** First sample, in seconds from the recording's start. */
  start: number;
  sampleRate: number;
  dry: Signal;
  target: Signal;
  fitted: Signal;
  withGru: Signal;
}

/** Step 7. The excerpt that is shown and can be listened to. */
async function takeExcerpt(
  source: PairSource,
  fits: SettingFit[],
  weights: Float64Array,
  { trainEnd, testStart }: Parts,
  { excerpt }: Config,
): Promise<Excerpt> {
  const distance = (fit: SettingFit) =>
    Math.abs(fit.peakReduction - excerpt.peak_reduction) +
    (fit.mode === excerpt.mode ? 0 : 1000);
  const [fit] = fits.toSorted((a, b) => distance(a) - distance(b));
  const { dry, wet, sampleRate } = await source.load(fit);
  const heard = dry.subarray(trainEnd);
  const length = Math.min(
    wet.length - testStart,
    Math.round(excerpt.seconds * sampleRate),
  );
  const start = Math.min(
    wet.length - length,
    testStart + Math.round(excerpt.start_seconds * sampleRate),
  );
  const cut = (signal: Signal) =>
    signal.subarray(start - trainEnd, start - trainEnd + length);
  const render = (processor: Processor) => {
    const output = new Float32Array(heard.length);
    processor.process(heard, output);
    return cut(output);
  };
  return {
    mode: fit.mode,
    peakReduction: fit.peakReduction,
    start: start / sampleRate,
    sampleRate,
    dry: cut(heard),
    target: cut(wet.subarray(trainEnd)),
    fitted: render(createFastCompressor(fit.parameters, sampleRate)),
    withGru: render(
      createCompressorWithGru(fit.parameters, weights, sampleRate),
    ),
  };
}

/**
 * Step 8. Unit and models on test signals: the static curve, and the answer to
 * steps of level. Recordings cannot be asked; a built-in unit can.
 */
function askTestSignals(
  fits: SettingFit[],
  weights: Float64Array,
  excerpt: Excerpt,
  { data }: Config,
) {
  const { sampleRate } = excerpt;
  const ofMode = fits.filter((fit) => fit.mode === excerpt.mode);
  const highest = ofMode.reduce((a, b) =>
    a.peakReduction > b.peakReduction ? a : b
  );
  const shown = [
    ...new Set([ofMode.find((fit) => sameSetting(fit, excerpt))!, highest]),
  ];
  return shown.flatMap((fit) => {
    const creators: [string, () => Processor][] = [
      [data.unit, () => createUnit(data.unit, fit, { sampleRate, seed: 0 })],
      [FITTED, () => createFastCompressor(fit.parameters, sampleRate)],
      [
        WITH_GRU,
        () => createCompressorWithGru(fit.parameters, weights, sampleRate),
      ],
    ];
    return creators.map(([source, create]) => ({
      source,
      peakReduction: fit.peakReduction,
      curve: staticCurve(create, sampleRate),
      steps: stepResponses(create, sampleRate),
    }));
  });
}

/** Files for other programs: parameters, weights, and scores as published. */
async function writeFiles(
  folder: string,
  source: PairSource,
  { fits, trained, scores }: Outcome,
): Promise<void> {
  const facts = source.describe();
  await writeFileWhole(
    join(folder, "parameters.yaml"),
    unitToYaml(sweptUnit(parseModel(PAPER_MODEL), fits, facts)),
  );
  await writeFileWhole(
    join(folder, "weights.json"),
    weightsToJson(trained.weights, originInWords(facts)),
  );
  const lines = scores.flatMap(({ mode, peakReduction, methods }) =>
    methods.map(({ method, score }) =>
      [
        /[",\n]/.test(method) ? `"${method.replaceAll('"', '""')}"` : method,
        MODES.indexOf(mode),
        peakReduction,
        score.esr,
        score.deltaLdrDb,
      ].join(",")
    )
  );
  const prefix = facts.surrogate ? `surrogate-${facts.name}-` : "";
  await writeFileWhole(
    join(folder, `${prefix}scores.csv`),
    ["Method,Mode,Peak Value,ESR,LDR", ...lines, ""].join("\n"),
  );
}

/** What the experiment found. */
interface Outcome {
  fits: SettingFit[];
  trained: TrainedGru;
  scores: SettingScores[];
  renderings: RenderingFacts[];
  summary: ReturnType<typeof summarise>;
  excerpt: Excerpt;
  /** Absent where there is no unit to ask. */
  testSignals?: ReturnType<typeof askTestSignals>;
  seconds: number;
}

/** Step 9. What it showed, as a page. */
async function writeReportPage(
  path: string,
  source: PairSource,
  outcome: Outcome,
  parts: Parts,
  config: Config,
): Promise<void> {
  const cells = await import("../lib/report/cells.ts");
  const { dotChart, legendOf, lineChart } = await import(
    "../lib/report/charts.ts"
  );
  const { md } = await import("../lib/report/markdown.ts");
  const { runtimeFacts, writeReport } = await import("../lib/report/page.ts");
  const { fits, trained, scores, renderings, summary, seconds } = outcome;
  const facts = source.describe();
  const code = (name: string) => cells.codeOf(source05, name);
  const summaryOf = (method: string) =>
    summary.methods.find((one) => one.method === method)!;
  const [fitted, withGru] = [FITTED, WITH_GRU].map(summaryOf);
  const best = trained.epochs[trained.bestEpoch];
  const stepSeconds = trained.epochs.slice(1)
    .map((epoch) => epoch.stepSeconds!);
  const testSeconds = facts.seconds - parts.testStart / facts.sampleRate;

  const body: Cell[] = [
    cells.figures([
      {
        label: "Mean ESR, 4A-2A",
        value: fitted.esr.estimate,
        digits: 3,
        note: intervalText(fitted.esr),
      },
      {
        label: "Mean ESR, 4A-2A-G",
        value: withGru.esr.estimate,
        digits: 3,
        note: intervalText(withGru.esr),
      },
      {
        label: "4A-2A-G to 4A-2A",
        value: summary.gruRatio.estimate,
        digits: 3,
        note: `${intervalText(summary.gruRatio)}; published, on the LA-2A: ${
          formatNumber(publishedMean("4A2A+GRU") / publishedMean("4A2A"), 2)
        }`,
      },
      {
        label: "Mean ESR, constant gain",
        value: summaryOf(CONSTANT).esr.estimate,
        digits: 3,
      },
      {
        label: "Time for all",
        value: formatDuration(seconds),
        note: `${trained.epochs.length - 1} epochs of training`,
      },
    ]),
    cells.prose(
      md`A compressor fitted to a unit is worth what it gains over simpler things,
and over what is to be had already. Here it stands beside both, on sound that
none of them was fitted to. The data are ${facts.title}; published figures are
those of the real LA-2A (${PUBLISHED_CITATION}).`,
    ),

    cells.step("Three parts of every recording", code("alignedSource")),
    cells.prose(
      md`${fits.length} settings of ${
        formatDuration(facts.seconds)
      } each: the first
${formatDuration(parts.trainEnd / facts.sampleRate)} are trained on, the next
${
        formatDuration((parts.testStart - parts.trainEnd) / facts.sampleRate)
      } say when to stop, the last
${formatDuration(testSeconds)} are the test. Every figure below is of the test
part unless it says otherwise.`,
    ),

    cells.step("4A-2A", code("fitSettings")),
    cells.prose(
      md`The compressor alone, fitted setting by setting as in experiment 04, to the
first two parts. ${
        fits.filter((fit) => fit.converged).length
      } of ${fits.length} fits converged. On what it was fitted to its mean ESR is
${formatNumber(mean(fits.map((fit) => fit.score.esr)), 3)}, on the test part
${formatNumber(fitted.esr.estimate, 3)}.`,
    ),

    cells.step("4A-2A-G", code("trainNetwork")),
    cells.prose(
      md`The compressors without their make-up, and after them y = x + Linear(GRU₈(x)):
249 weights that have to serve all ${fits.length} settings without being told
which one they hear. Truncated back-propagation over ${config.gru.window} samples,
Adam at ${config.gru.learning_rate}${
        config.gru.averaging > 0
          ? ", the weights averaged over the last steps"
          : ""
      }. The best epoch is ${trained.bestEpoch} of
${trained.epochs.length - 1}, with a mean ESR of ${
        formatNumber(best.validationEsr, 3)
      } on the validation part; a step of ${fits.length} × ${config.gru.window} samples
took ${formatDuration(stepSeconds.length > 0 ? median(stepSeconds) : NaN)}.`,
    ),
    trainingChart(trained.epochs),
    cells.prose(whatTheNetworkDid(summary, fits)),

    cells.step("On the test part", code("methodsOf")),
    cells.prose(
      md`The constant gain is the one that comes nearest on the first two parts. The
published curve is applied as it is, its make-up included. The interpolated
parameters are those that the neighbours of a setting would give it, half of the
settings being left out in turn.`,
    ),
    methodTable(),
    (() => {
      const rows = summary.methods.map(({ method, esr }) => ({
        method,
        esr: esr.estimate,
        low: esr.low,
        high: esr.high,
      }));
      return cells.charts([
        dotChart({
          title: "Mean ESR by method",
          caption: "With 95 % intervals from a bootstrap over the seconds of " +
            "the test part. Interpolated ones are means over the settings " +
            "between others only.",
          rows,
          category: { field: "method", title: "Method" },
          x: { field: "esr", title: "ESR", log: true },
          interval: { low: "low", high: "high" },
          colour: { field: "method", title: "Method" },
        }),
      ], []);
    })(),
    ...settingCharts(),
    ...(renderings.length === 0 ? [] : [
      cells.table(
        "How the renderings lay",
        [
          { key: "method", title: "Method" },
          { key: "mode", title: "Mode" },
          { key: "peak_reduction", title: "Peak reduction" },
          { key: "lag", title: "Lag removed", unit: "samples" },
          { key: "gain_db", title: "Nearest gain", unit: "dB", decimals: 2 },
          { key: "extra", title: "Longer by", unit: "samples" },
        ],
        renderings.map((one) => ({
          method: one.method,
          mode: one.mode,
          peak_reduction: one.peakReduction,
          lag: one.lag,
          gain_db: one.gainDb,
          extra: one.extraSamples,
        })),
      ),
    ]),

    ...kindCells(),

    cells.step("What it looks and sounds like", code("takeExcerpt")),
    ...await excerptCells(),

    ...(outcome.testSignals === undefined ? [] : testSignalCells()),

    cells.step("All figures", code("scoreMethods")),
    cells.prose(
      "Beside this page lie `parameters.yaml` and `weights.json`, which " +
        "`deno task render --model gru` takes, and the scores in the columns of " +
        "the published ones.",
    ),
    cells.table(
      "Every method at every setting",
      [
        { key: "method", title: "Method" },
        { key: "mode", title: "Mode" },
        { key: "peak_reduction", title: "Peak reduction" },
        { key: "esr", title: "ESR", digits: 3 },
        { key: "delta_ldr_db", title: "ΔLDR", unit: "dB", decimals: 3 },
      ],
      scores.flatMap(({ mode, peakReduction, methods }) =>
        methods.map(({ method, score }) => ({
          method,
          mode,
          peak_reduction: peakReduction,
          esr: score.esr,
          delta_ldr_db: score.deltaLdrDb,
        }))
      ),
    ),
    cells.config(config),
  ];
  await writeReport(path, {
    experiment: EXPERIMENT,
    title: "The fitted compressor beside the baselines",
    subtitle:
      `${summary.methods.length} methods at ${fits.length} settings of ${facts.title}`,
    source: {
      name: facts.title,
      surrogate: facts.surrogate,
      description: facts.description,
    },
    generatedAt: new Date(),
    provenance: {
      ...runtimeFacts(),
      "Engine": config.engine,
      "Seed of the data": config.data.seed,
      "Seed of the network": config.gru.seed,
      "Time": formatDuration(seconds),
    },
  }, body);

  /** Loss by epoch. */
  function trainingChart(epochs: EpochRecord[]): Cell {
    const rows = epochs.flatMap(({ epoch, trainEsr, validationEsr }) => [
      ...(trainEsr === undefined
        ? []
        : [{ part: "training, on the way", epoch, esr: trainEsr }]),
      { part: "validation, after it", epoch, esr: validationEsr },
    ]);
    const options = {
      rows,
      colour: { field: "part", title: "Part" },
    };
    return cells.charts([
      lineChart({
        ...options,
        title: "Training",
        caption: "Mean ESR over all settings. Epoch 0 is the compressor " +
          "without its make-up.",
        x: { field: "epoch", title: "Epoch", whole: true },
        y: { field: "esr", title: "ESR", log: true },
      }),
    ], legendOf(options));
  }

  /** Means of our methods and of the published ones. */
  function methodTable(): Cell {
    return cells.table(
      "Means over the settings",
      [
        { key: "method", title: "Method" },
        { key: "origin", title: "Data" },
        { key: "settings", title: "Settings" },
        { key: "esr", title: "ESR", digits: 3 },
        { key: "low", title: "from", digits: 3 },
        { key: "high", title: "to", digits: 3 },
        { key: "fitted", title: "4A-2A at the same", digits: 3 },
        { key: "delta_ldr_db", title: "|ΔLDR|", unit: "dB", decimals: 3 },
      ],
      [
        ...summary.methods.map((one) => ({
          method: one.method,
          origin: facts.surrogate ? `${facts.name} (surrogate)` : "this run",
          settings: one.settings,
          esr: one.esr.estimate,
          low: one.esr.low,
          high: one.esr.high,
          fitted: one.fittedEsr,
          delta_ldr_db: one.deltaLdrDb,
        })),
        ...[...new Set(PUBLISHED_SCORES.map(({ method }) => method))].map(
          (method) => {
            const own = PUBLISHED_SCORES.filter((row) => row.method === method);
            return {
              method: PUBLISHED_NAMES[method] ?? method,
              origin: "LA-2A (published)",
              settings: own.length,
              esr: mean(own.map((row) => row.esr)),
              fitted: mean(
                own.flatMap((row) => publishedFit(row)?.esr ?? []),
              ),
              delta_ldr_db: mean(own.map((row) => Math.abs(row.deltaLdrDb))),
            };
          },
        ),
      ],
    );
  }

  /** ESR and ΔLDR over the knob: ours, and the published ones. */
  function settingCharts(): Cell[] {
    const own = scores.flatMap(({ mode, peakReduction, methods }) =>
      methods.map(({ method, score }) => ({
        method,
        mode: mode as string,
        peak_reduction: peakReduction,
        esr: score.esr,
        delta_ldr_db: score.deltaLdrDb,
      }))
    );
    const published = PUBLISHED_SCORES.map((row) => ({
      method: PUBLISHED_NAMES[row.method] ?? row.method,
      mode: row.mode as string,
      peak_reduction: row.peakReduction,
      esr: row.esr,
      delta_ldr_db: row.deltaLdrDb,
    }));
    // Ours join the published ones where both are of the real unit.
    const joined = own
      .filter(({ method }) => method === FITTED || method === WITH_GRU)
      .map((row) => ({ ...row, method: `${row.method}, this run` }));
    const panels = [
      {
        name: facts.surrogate ? `${facts.name}, surrogate` : "this run",
        rows: own,
      },
      {
        name: facts.surrogate
          ? "LA-2A, published"
          : "LA-2A, published and this run",
        rows: facts.surrogate ? published : [...published, ...joined],
      },
    ];
    return panels.map(({ name, rows }) => {
      const options = {
        rows,
        x: { field: "peak_reduction", title: "Peak reduction (knob, 0–100)" },
        colour: { field: "method", title: "Method" },
        dash: { field: "mode", title: "Mode" },
      };
      return cells.charts([
        lineChart({
          ...options,
          title: `ESR (${name})`,
          y: { field: "esr", title: "ESR", log: true },
        }),
        lineChart({
          ...options,
          title: `ΔLDR (${name})`,
          caption: "Above zero, the method compresses less than the unit.",
          y: { field: "delta_ldr_db", title: "ΔLDR (dB)", zero: true },
        }),
      ], legendOf(options));
    });
  }

  /** Where the methods fail: by kind of sound. */
  function kindCells(): Cell[] {
    const shown = [CONSTANT, FITTED, WITH_GRU];
    const rows = [
      ...new Set(
        scores.flatMap(({ methods }) =>
          methods.flatMap(({ score }) => score.kinds.map(({ kind }) => kind))
        ),
      ),
    ].flatMap((kind) =>
      shown.map((method) => {
        const own = scores.flatMap(({ methods }) =>
          methods.filter((one) => one.method === method)
            .flatMap(({ score }) =>
              score.kinds.filter((one) => one.kind === kind)
            )
        );
        return {
          kind,
          method,
          seconds: own[0].seconds,
          esr: mean(own.map(({ esr }) => esr)),
          delta_ldr_db: mean(own.map(({ deltaLdrDb }) => deltaLdrDb)),
        };
      })
    );
    if (rows.length === 0) return [];
    const options = { rows, colour: { field: "method", title: "Method" } };
    const category = { field: "kind", title: "Sound" };
    const [worst] = rows
      .filter(({ method, kind }) => method === FITTED && kind !== "silence")
      .sort((a, b) => b.esr - a.esr);
    return [
      cells.step("By kind of sound", code("summarise")),
      ...(worst === undefined ? [] : [
        cells.prose(
          md`4A-2A is furthest off in sounds of the kind "${worst.kind}", with an ESR of
${
            formatNumber(worst.esr, 3)
          }. (In what counts as silence the unit's noise is left,
so its ESR is a ratio of two very small energies.)`,
        ),
      ]),
      cells.charts([
        dotChart({
          ...options,
          category,
          title: "ESR by kind of sound",
          caption: "Means over the settings.",
          x: { field: "esr", title: "ESR", log: true },
        }),
        dotChart({
          ...options,
          category,
          title: "ΔLDR by kind of sound",
          caption: "Means over the settings.",
          x: { field: "delta_ldr_db", title: "ΔLDR (dB)", zero: true },
        }),
      ], legendOf(options)),
      cells.table(
        "Scores by kind of sound",
        [
          { key: "kind", title: "Sound" },
          { key: "method", title: "Method" },
          { key: "seconds", title: "Counted", unit: "s", digits: 3 },
          { key: "esr", title: "ESR", digits: 3 },
          { key: "delta_ldr_db", title: "ΔLDR", unit: "dB", decimals: 3 },
        ],
        rows,
      ),
    ];
  }

  /** Gain over time, spectrograms, players. */
  async function excerptCells(): Promise<Cell[]> {
    const { spectrogramCharts } = await import(
      "../lib/report/spectrogram_chart.ts"
    );
    const { wavClip } = await import("../lib/sound/wav_clip.ts");
    const { excerpt } = outcome;
    const { sampleRate, start, dry, target, fitted, withGru } = excerpt;
    const name = nameOfSetting(excerpt);
    const signals: [string, Signal][] = [
      [facts.name, target],
      [FITTED, fitted],
      [WITH_GRU, withGru],
    ];
    const gain = {
      rows: signals.flatMap(([source, signal]) => {
        const { seconds, gainDb } = gainOverTime(dry, signal, sampleRate, 0.03);
        return seconds.map((s, i) => ({
          source,
          time: Number((start + s).toFixed(3)),
          gain_db: Number(gainDb[i].toFixed(2)),
        }));
      }).filter(({ gain_db }) => Number.isFinite(gain_db)),
      colour: { field: "source", title: "Signal" },
    };
    const less = (model: Signal) =>
      Float32Array.from(target, (y, n) => y - model[n]);
    const levels = [target, less(fitted), less(withGru)]
      .map((signal) => spectrogram(signal, sampleRate));
    // All players together stay well below the size that a page may have.
    const length = Math.min(
      dry.length,
      Math.round(config.excerpt.listen_seconds * sampleRate),
      PLAYER_SAMPLES,
    );
    const clip = (label: string, signal: Signal, note?: string) => ({
      label,
      note,
      wav: wavClip(signal.subarray(0, length), sampleRate),
    });
    return [
      cells.prose(
        md`${
          formatDuration(dry.length / sampleRate)
        } of the test part at ${name}, from
${formatDuration(start)} on; the first ${
          formatDuration(length / sampleRate)
        } to listen to.`,
      ),
      cells.charts([
        lineChart({
          ...gain,
          title: `Gain over time (${name})`,
          caption: "Level out over level in, in windows of 30 ms; silence " +
            "is bridged.",
          x: { field: "time", title: "Time (s)" },
          y: { field: "gain_db", title: "Gain (dB)" },
          points: false,
          height: 300,
        }),
      ], legendOf(gain)),
      spectrogramCharts([
        { title: `Target (${name})`, spectrogram: levels[0], start },
        { title: "Target − 4A-2A", spectrogram: levels[1], start },
        { title: "Target − 4A-2A-G", spectrogram: levels[2], start },
      ]),
      cells.sounds(`Listen (${name})`, [
        clip("Dry", dry),
        clip(facts.surrogate ? "Target (surrogate)" : "Target", target),
        clip("4A-2A-G", withGru),
        clip("Difference", less(withGru), "target − 4A-2A-G, at its own level"),
      ]),
    ];
  }

  /** Static curves and answers to steps. */
  function testSignalCells(): Cell[] {
    const asked = outcome.testSignals!;
    const label = ({ peakReduction }: { peakReduction: number }) =>
      `${outcome.excerpt.mode} ${peakReduction}`;
    const colour = { field: "source", title: "Signal" };
    const dash = { field: "setting", title: "Setting" };
    const curves = asked.flatMap((one) =>
      one.curve.map(({ inputDb, outputDb }) => ({
        source: one.source,
        setting: label(one),
        input_db: inputDb,
        output_db: outputDb,
      }))
    );
    const steps = (which: "attack" | "release") =>
      asked.flatMap((one) => {
        const { seconds, gainDb } = one.steps[which];
        return seconds.map((s, i) => ({
          source: one.source,
          setting: label(one),
          time: Number(s.toFixed(4)),
          gain_db: Number(gainDb[i].toFixed(2)),
        }));
      });
    const step = (title: string, which: "attack" | "release") =>
      lineChart({
        title,
        rows: steps(which),
        x: { field: "time", title: "Time after the step (s)" },
        y: { field: "gain_db", title: "Gain (dB)" },
        colour,
        dash,
        points: false,
      });
    return [
      cells.step("On test signals", code("askTestSignals")),
      cells.prose(
        `A sine of 1 kHz: held at each level for the static curve, and with steps ` +
          `from −30 to −6 dBFS and back.`,
      ),
      cells.charts([
        lineChart({
          title: "Static curve",
          rows: curves,
          x: { field: "input_db", title: "Level in (dBFS)" },
          y: { field: "output_db", title: "Level out (dBFS)" },
          colour,
          dash,
          points: false,
        }),
        step("Attack", "attack"),
        step("Release", "release"),
      ], legendOf({ rows: curves, colour, dash })),
    ];
  }
}

/** Samples of a player at most: four of them are 0.94 MB of a page. */
const PLAYER_SAMPLES = 88_200;

/** What the network did to the error, in words that the figures bear out. */
function whatTheNetworkDid(
  { methods, gruRatio }: ReturnType<typeof summarise>,
  fits: SettingFit[],
): string {
  const esrOf = (name: string) =>
    formatNumber(
      methods.find(({ method }) => method === name)!.esr.estimate,
      3,
    );
  const makeUps = fits.map((fit) => fit.parameters.make_up_db);
  const [least, most] = [Math.min(...makeUps), Math.max(...makeUps)];
  const outcome = gruRatio.estimate <= 0.5
    ? `On the test part it takes the mean ESR from ${esrOf(FITTED)} to ${
      esrOf(WITH_GRU)
    }: it at least halves it, as published for the LA-2A.`
    : gruRatio.estimate < 1
    ? `On the test part it takes the mean ESR from ${esrOf(FITTED)} to ${
      esrOf(WITH_GRU)
    }, less of a gain than published for the LA-2A, where it is more than halved.`
    : `On the test part its mean ESR is ${esrOf(WITH_GRU)}, above the ${
      esrOf(FITTED)
    } of the compressor with its make-up: here the network costs more than it gains.`;
  return `${outcome} What it can mend is what the compressor cannot do at any ` +
    `setting, colour and distortion. What it cannot know is the setting: the ` +
    `fitted make-up gains, which it has to stand in for, lie between ${
      formatDecibels(least)
    } and ${
      formatDecibels(most)
    }. (Published ones lie between 0.04 and 0.70 dB ` +
    `in compress mode.)`;
}

/** Mean of the published ESR of `method`. */
function publishedMean(method: string): number {
  return mean(
    PUBLISHED_SCORES.filter((row) => row.method === method)
      .map((row) => row.esr),
  );
}

function intervalText({ low, high }: Interval): string {
  return `95 %: ${formatNumber(low, 3)} to ${formatNumber(high, 3)}`;
}

/** Σ values · times. */
function weighted(values: number[], times: Float64Array): number {
  return values.reduce((sum, value, i) => sum + value * times[i], 0);
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
}

/** The folders of `--rendered NAME=DIR`. */
async function openRendered(given: string[]): Promise<RenderedFolder[]> {
  const own = [CONSTANT, PUBLISHED_CURVE, FITTED, LINEAR, SPLINE, WITH_GRU];
  const folders: RenderedFolder[] = [];
  for (const text of given) {
    const cut = text.indexOf("=");
    if (cut <= 0 || cut === text.length - 1) {
      throw new ConfigError(
        `--rendered ${text}: write it as NAME=DIR, for example --rendered "CA-2A=renderings/ca2a"`,
      );
    }
    const name = text.slice(0, cut);
    if (
      own.includes(name) || folders.some((folder) => folder.name === name)
    ) {
      throw new ConfigError(
        `--rendered ${text}: there is a method called ${name} already, choose another name`,
      );
    }
    folders.push(await listRenderings(name, userPath(text.slice(cut + 1))));
  }
  if (folders.length > 2) {
    throw new ConfigError(
      `--rendered: ${folders.length} folders; a chart tells at most two apart beside the project's own methods, so give two at a time`,
    );
  }
  return folders;
}

/** The command. */
export const command = new Command("deno task exp:baselines")
  .description(
    "Experiment 05: scores the fitted compressor, with and without a small\n" +
      "network after it, beside simple baselines and other emulations.",
  )
  .addOption(unitOption())
  .addOption(dataOption())
  .addOption(stimulusOption())
  .option(
    "--rendered <NAME=DIR>",
    "renderings of another emulation, named as the data set names its targets; repeatable",
    collect,
    [],
  )
  .addOption(engineOption())
  .addOption(configOption(EXPERIMENT))
  .addOption(setOption())
  .addOption(outOption())
  .addOption(jsonOption())
  .addHelpText(
    "after",
    `
A run that was interrupted takes up where it was, in the middle of the training
too; a changed config starts anew.

To score another emulation: write a data set (data:make), send its inputs through
the emulation, name the results as its targets, and give both:
  deno task exp:baselines --data my-data --rendered "CA-2A=my-renderings"

Examples:
  deno task exp:baselines
  deno task exp:baselines --set gru.epochs=10 --set sweep.modes=[compress]
  deno task exp:baselines --data SignalTrain_LA2A_Dataset_1.1`,
  )
  .action(async (options) => {
    const started = performance.now();
    const config = await withEngine(
      await configOf(schema, EXPERIMENT, options),
    );
    requireOneSource(config.data, options.unit);
    const rendered = await openRendered(options.rendered);
    await requireDistinctFiles(
      rendered.map(({ folder }) => folder),
      { "--json": options.json },
    );
    using background = await openBackgroundSource(config.data);
    const source = alignedSource(background, config);
    const facts = source.describe();
    const settings = settingsInOrder(config.sweep);
    requireSettings(background, settings);
    for (const one of unusableAmong(facts, settings)) {
      note(`warning: ${nameOfSetting(one)}: ${one.reason}`);
    }
    const parts = partsOf(facts, config.parts);
    const store = await openResultStore(
      join(resultsFolder(options.out), EXPERIMENT),
      facts.name,
      inputsOf(config, facts),
    );
    const fits = await fitSettings(source, parts, config, store);
    const trained = await trainNetwork(source, fits, parts, config, store);
    const { weights } = trained;
    const isBuiltIn = config.data.folder === null;
    const stretches = isBuiltIn
      ? (await (await openDry(config.data)).load()).segments ?? []
      : [];
    const { scores, renderings } = await scoreMethods(
      source,
      fits,
      weights,
      parts,
      stretches,
      rendered,
      config,
      store,
    );
    const excerpt = await takeExcerpt(source, fits, weights, parts, config);
    const outcome: Outcome = {
      fits,
      trained,
      scores,
      renderings,
      summary: summarise(scores, config),
      excerpt,
      ...(isBuiltIn && {
        testSignals: askTestSignals(fits, weights, excerpt, config),
      }),
      seconds: (performance.now() - started) / 1000,
    };
    await writeFiles(store.folder, source, outcome);
    const page = join(store.folder, "report.html");
    await writeReportPage(page, source, outcome, parts, config);

    const { summary } = outcome;
    const seconds = (performance.now() - started) / 1000;
    const widest = Math.max(...summary.methods.map((m) => m.method.length));
    await printResult(
      [
        `${bold("Data")}        ${facts.title}`,
        `${bold("Mean ESR")}    of the test part, at all settings tried`,
        ...summary.methods.map(({ method, settings, esr }) =>
          `  ${method.padEnd(widest)}  ${formatNumber(esr.estimate, 3)}  ` +
          `(${intervalText(esr)}; ${formatCount(settings, "setting")})`
        ),
        `${bold("4A-2A-G")}     ${
          formatPercent(summary.gruRatio.estimate)
        } of 4A-2A's mean ESR, best epoch ${trained.bestEpoch} of ${
          trained.epochs.length - 1
        }`,
        `${bold("Time")}        ${formatDuration(seconds)}`,
        `${bold("Report")}      ${page}`,
      ].join("\n"),
      {
        source: factsToJson(facts),
        engine: config.engine,
        seconds,
        report: page,
        weights: join(store.folder, "weights.json"),
        parameters: join(store.folder, "parameters.yaml"),
        gru: {
          best_epoch: trained.bestEpoch,
          epochs: trained.epochs,
          esr_ratio: summary.gruRatio,
        },
        methods: summary.methods.map((one) => ({
          method: one.method,
          settings: one.settings,
          esr: one.esr,
          delta_ldr_db: one.deltaLdrDb,
        })),
        settings: scores.map(({ mode, peakReduction, methods }) => ({
          mode,
          peak_reduction: peakReduction,
          methods: methods.map(({ method, score }) => ({
            method,
            esr: score.esr,
            delta_ldr_db: score.deltaLdrDb,
            kinds: score.kinds.map((one) => ({
              kind: one.kind,
              seconds: one.seconds,
              esr: one.esr,
              delta_ldr_db: one.deltaLdrDb,
            })),
          })),
        })),
        renderings: renderings.map((one) => ({
          method: one.method,
          mode: one.mode,
          peak_reduction: one.peakReduction,
          lag_samples: one.lag,
          gain_db: one.gainDb,
          extra_samples: one.extraSamples,
        })),
      },
      options.json,
    );
  });

if (import.meta.main) await runCommand(command);
