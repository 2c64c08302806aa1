/**
 * Experiment 03: the targets FF-A, FF-B and FF-C.
 *
 * Three compressors with the RMS detector and known parameters turn one sound
 * into three targets (Yu et al., "Differentiable All-pole Filters for Time-varying
 * Audio Systems", DAFx 2024). Who finds the parameters again, how exactly and how
 * fast? Newton-Raphson, the published gradient descent, and the frequency-sampling
 * compressor that the paper compares with. Last, a model that is wrong on purpose.
 *
 *     deno task exp:ff
 *     deno task exp:ff --set data.fit_seconds=60 --set data.test_seconds=60
 *     deno task exp:ff --stimulus path/to/music
 *
 * @module
 */

import { join } from "node:path";
import { Command } from "@commander-js/extra-typings";
import * as z from "zod";
import { absoluteErrorOf } from "../lib/baselines/absolute_error.ts";
import {
  openFrequencySampling,
  tiedCoordinates,
} from "../lib/baselines/frequency_sampling_compressor.ts";
import {
  bold,
  configOf,
  configOption,
  engineOption,
  jsonOption,
  note,
  outOption,
  printResult,
  resultsFolder,
  runCommand,
  setOption,
  startProgress,
  withEngine,
} from "../lib/cli/command_line.ts";
import { modelOption } from "../lib/cli/model_options.ts";
import { openModel } from "../lib/engines/compiled/stream.ts";
import { esrOf, type Run, runMethod } from "../lib/convergence/run.ts";
import { openDry } from "../lib/data/source.ts";
import { type EngineName, keepReady, openEngine } from "../lib/engines/open.ts";
import {
  chunkOptions,
  chunksSchema,
  completed,
  engineSchema,
  modelSchema,
} from "../lib/fitting/fit_config.ts";
import { scoreModel } from "../lib/metrics/score.ts";
import { chunk } from "../lib/sound/chunks.ts";
import type { Model, Values } from "../lib/models/model.ts";
import { PAPER_MODEL, parseModel } from "../lib/models/presets.ts";
import { type Objective, objectiveOf } from "../lib/objective/objective.ts";
import {
  type Coordinates,
  openCoordinates,
  paperCoordinates,
} from "../lib/objective/coordinates.ts";
import type { StopReason } from "../lib/optimise/minimiser.ts";
import {
  formatDuration,
  formatFixed,
  formatNumber,
} from "../lib/base/format.ts";
import { openResultStore, type ResultStore } from "../lib/base/result_store.ts";
import type { Pair, Signal } from "../lib/sound/signal.ts";
import { userPathSchema } from "../lib/base/user_path.ts";
import source03 from "./03_ff_targets.ts" with { type: "text" };

const TARGET_NAMES = ["FF-A", "FF-B", "FF-C"] as const;

type TargetName = typeof TARGET_NAMES[number];

/** Name of this experiment: of its config, and of the folder of its results. */
const EXPERIMENT = "03_ff_targets";

/** The config of this experiment, `configs/03_ff_targets.yaml`. */
const schema = z.strictObject({
  engine: engineSchema.default("wasm"),
  data: z.strictObject({
    stimulus: userPathSchema.nullable().default(null),
    sample_rate: z.int().min(8000).max(384_000).default(44_100),
    seed: z.int().min(0).default(1),
    fit_seconds: z.number().positive().max(36_000).default(300),
    test_seconds: z.number().positive().max(36_000).default(900),
  }).prefault({}),
  /** The model that is wrong on purpose. */
  model: modelSchema.default(() => parseModel(PAPER_MODEL)),
  targets: z.array(z.enum(TARGET_NAMES)).min(1, "name at least one target")
    .default([...TARGET_NAMES]),
  chunks: chunksSchema.prefault({}),
  newton: z.strictObject({
    max_iterations: z.int().min(1).default(100),
    tolerance: z.number().positive().default(1e-9),
  }).prefault({}),
  gradient_descent: z.strictObject({
    seconds: z.number().positive().default(12),
    steps: z.int().min(1).default(1000),
    rate: z.number().positive().default(100),
  }).prefault({}),
  frequency_sampling: z.strictObject({
    seconds: z.number().positive().default(12),
    max_iterations: z.int().min(1).default(100),
  }).prefault({}),
});

/** The config with the engine that was chosen. */
type Config = z.output<typeof schema> & { engine: EngineName };

/** `config` with the model by its name, as it is written. */
function named(config: Config) {
  return { ...config, model: config.model.name };
}

/** The published targets: threshold, averaging and make-up are the same. */
const TARGETS: Record<TargetName, Values> = {
  "FF-A": targetWith(3, 1, 100),
  "FF-B": targetWith(5, 30, 30),
  "FF-C": targetWith(8, 0.1, 200),
};

function targetWith(
  ratio: number,
  attackMs: number,
  releaseMs: number,
): Values {
  return {
    threshold_db: -20,
    ratio,
    attack_ms: attackMs,
    release_ms: releaseMs,
    averaging_coefficient: 0.03,
    make_up_db: 0,
  };
}

/** The model that makes the targets. */
const RMS = parseModel("rms");

/** The published starting point. */
const START: Values = {
  threshold_db: -10,
  ratio: 2,
  attack_ms: 50,
  release_ms: 50,
  averaging_coefficient: 0.3,
  make_up_db: 0,
};

const METHODS = [
  "trust-region",
  "damped",
  "gradient-descent",
  "frequency-sampling",
] as const;

/** A way to a compressor, the wrong model among them. */
type Way = typeof METHODS[number] | "other-model";

/** What one way led to for one target. */
interface Found {
  target: TargetName;
  way: Way;
  parameters: Values;
  /** ESR of the fitted part, over its counted samples. */
  esrFit: number;
  /** ESR of the test part, whole. */
  esrTest: number;
  iterations: number;
  /** Hessians computed, those of searches that led nowhere among them. */
  hessians: number;
  seconds: number;
  /** Seconds of sound that the fit used. */
  sound: number;
  stopReason: StopReason;
  /** ESR of the fitted part on the way. */
  curve: { evaluations: number; seconds: number; esr: number }[];
}

/** ESRs that the time to reach is stated for. */
const LEVELS = [1e-3, 1e-6];

/** Least a parameter must agree with the true one to count as recovered. */
const RECOVERED = { threshold_db: 0.01, relative: 1e-3 };

/**
 * Step 1. A target: the sound through the compressor to be found. What is fitted
 * and what is tested are two recordings, each with the compressor at rest at its
 * start.
 */
function pairOf(
  dry: Signal,
  parameters: Values,
  sampleRate: number,
): Pair {
  const wet = new Float32Array(dry.length);
  openModel(RMS, parameters, sampleRate, { precision: "double" })
    .process(dry, wet);
  return { dry, wet, sampleRate };
}

/**
 * Step 2. Newton-Raphson with the exact 6 × 6 Hessian, in a trust region and by
 * the published damped method.
 */
async function fitByNewton(
  method: "trust-region" | "damped",
  objective: Objective,
  space: Coordinates,
  { newton }: Config,
): Promise<Run> {
  return await runMethod(
    method,
    esrOf(objective),
    space,
    space.coordinates(START),
    {
      iterations: newton.max_iterations,
      tolerance: newton.tolerance,
      esrFloor: 1e-13,
    },
  );
}

/**
 * Step 3. The published way: gradient descent with momentum on the mean absolute
 * error of the sound, the lowest point kept.
 */
async function fitByGradientDescent(
  pair: Pair,
  space: Coordinates,
  { gradient_descent: { seconds, steps, rate } }: Config,
): Promise<Run> {
  return await runMethod(
    "gradient-descent",
    absoluteErrorOf(firstSeconds(pair, seconds), space),
    space,
    space.coordinates(START),
    { iterations: steps, tolerance: 0, esrFloor: 0, learningRate: rate },
  );
}

/**
 * Step 4. The baseline: a compressor whose filters are sampled in the frequency
 * domain, so that attack and release are one. It is fitted by L-BFGS on the same
 * loss as Newton's method uses, to do it no injustice.
 */
async function fitFrequencySampling(
  pair: Pair,
  space: Coordinates,
  { frequency_sampling: { seconds, max_iterations }, chunks }: Config,
): Promise<Run> {
  const part = firstSeconds(pair, seconds);
  // The longest block of a power of two that a chunk holds: nothing to fill up.
  const longest = Math.min(
    part.dry.length,
    Math.round(chunks.chunk_seconds * pair.sampleRate / 2),
  );
  const block = 2 ** Math.floor(Math.log2(longest));
  const engine = openFrequencySampling(chunk(part, {
    chunkSeconds: block / pair.sampleRate,
    overlapSeconds: Math.min(
      chunks.overlap_seconds,
      block / pair.sampleRate / 2,
    ),
  }));
  const tied = tiedCoordinates(space);
  return await runMethod(
    "l-bfgs",
    esrOf(objectiveOf(engine, tied)),
    tied,
    tied.coordinates(START),
    { iterations: max_iterations, tolerance: 1e-9, esrFloor: 1e-13 },
  );
}

/**
 * Step 5. The wrong model on purpose: one that did not make the targets, such as a
 * compressor with the peak detector, fitted to them all the same.
 */
async function fitOtherModel(pair: Pair, config: Config): Promise<Run> {
  const { model } = config;
  const space = paperCoordinates(model, { sampleRate: pair.sampleRate });
  const start = completed(model, START);
  const engine = await openEngine(config.engine, chunked(pair, config), model);
  try {
    return await runMethod(
      "trust-region",
      esrOf(objectiveOf(engine, space)),
      space,
      space.nearest(start),
      {
        iterations: config.newton.max_iterations,
        tolerance: config.newton.tolerance,
        esrFloor: 1e-13,
      },
    );
  } finally {
    await engine.close();
  }
}

function chunked(pair: Pair, { chunks }: Config) {
  return chunk(pair, chunkOptions(chunks));
}

/** The first `seconds` of `pair`. */
function firstSeconds(pair: Pair, seconds: number): Pair {
  const length = Math.round(seconds * pair.sampleRate);
  return {
    ...pair,
    dry: pair.dry.subarray(0, length),
    wet: pair.wet.subarray(0, length),
  };
}

/**
 * Step 6. All ways for one target. Whatever a way minimised, its error is measured
 * on the same recordings: on the way over the fitted part, at the end over the
 * test part.
 */
async function studyTarget(
  target: TargetName,
  fitDry: Signal,
  testDry: Signal,
  sampleRate: number,
  config: Config,
  store: ResultStore,
  onWay: (way: Way) => void,
): Promise<{ found: Found[]; kept: number }> {
  const ways: Way[] = [...METHODS, "other-model"];
  const results: Found[] = [];
  let kept = 0;
  let test: Pair | undefined;
  const fit = pairOf(fitDry, TARGETS[target], sampleRate);
  const space = openCoordinates(sampleRate);
  const engine = await openEngine(
    config.engine,
    chunked(fit, config),
    RMS,
  );
  try {
    const objective = objectiveOf(engine, space);
    for (const way of ways) {
      const key = `${target}__${way}`;
      const before = await store.get<Found>(key);
      if (before !== undefined) {
        results.push(before);
        kept++;
        continue;
      }
      onWay(way);
      const run = way === "other-model"
        ? await fitOtherModel(fit, config)
        : way === "gradient-descent"
        ? await fitByGradientDescent(fit, space, config)
        : way === "frequency-sampling"
        ? await fitFrequencySampling(fit, space, config)
        : await fitByNewton(way, objective, space, config);
      // Newton's methods minimise this very error, so it is known already.
      const isKnown = way !== "gradient-descent" &&
        way !== "frequency-sampling";
      const esrAt = async (parameters: Values) => {
        const { loss } = await objective.evaluate(
          space.coordinates(parameters),
          0,
        );
        return loss / objective.targetEnergy;
      };
      const curve: Found["curve"] = [];
      for (const [i, { evaluations, seconds, esr }] of run.curve.entries()) {
        curve.push({
          evaluations,
          seconds,
          esr: isKnown ? esr : await esrAt(run.path[i]),
        });
      }
      test ??= pairOf(testDry, TARGETS[target], sampleRate);
      const found: Found = {
        target,
        way,
        parameters: run.end,
        esrFit: isKnown ? run.esr : await esrAt(run.end),
        esrTest: (await scoreModel(
          test,
          way === "other-model" ? config.model : RMS,
          [run.end],
        ))[0].esr,
        iterations: run.iterations,
        hessians: run.evaluations[2],
        seconds: run.seconds,
        sound: Math.min(
          fit.dry.length / sampleRate,
          way === "gradient-descent"
            ? config.gradient_descent.seconds
            : way === "frequency-sampling"
            ? config.frequency_sampling.seconds
            : Infinity,
        ),
        stopReason: run.stopReason,
        curve,
      };
      await store.put(key, found);
      results.push(found);
    }
  } finally {
    await engine.close();
  }
  return { found: results, kept };
}

const NAMES = {
  threshold_db: "Threshold",
  ratio: "Ratio",
  attack_ms: "Attack",
  release_ms: "Release",
  averaging_coefficient: "Averaging",
  make_up_db: "Make-up",
} as const;

type ParameterName = keyof typeof NAMES;

const PARAMETER_NAMES = Object.keys(NAMES) as ParameterName[];

/** Found less true: in dB, or for the others as a fraction of the true value. */
function errorOf(name: ParameterName, { parameters, target }: Found): number {
  const [found, truth] = [parameters[name], TARGETS[target][name]!];
  if (found === undefined) return NaN;
  return name.endsWith("_db") ? found - truth : found / truth - 1;
}

/** Whether all six parameters are the true ones, as nearly as is asked. */
function isRecovered(found: Found): boolean {
  return PARAMETER_NAMES.every((name) =>
    Math.abs(errorOf(name, found)) <=
      (name.endsWith("_db") ? RECOVERED.threshold_db : RECOVERED.relative)
  );
}

/** Seconds until the ESR of the fitted part was at most `level`; Infinity: never. */
function timeTo({ curve }: Found, level: number): number {
  return curve.find(({ esr }) => esr <= level)?.seconds ?? Infinity;
}

/** Step 7. What it showed, as a page. */
async function writeReportPage(
  path: string,
  sound: string,
  found: Found[],
  config: Config,
  seconds: number,
): Promise<void> {
  const cells = await import("../lib/report/cells.ts");
  const { legendOf, lineChart } = await import("../lib/report/charts.ts");
  const { md } = await import("../lib/report/markdown.ts");
  const { runtimeFacts, writeReport } = await import("../lib/report/page.ts");
  const code = (name: string) => cells.codeOf(source03, name);
  const by = (way: Way) => found.filter((one) => one.way === way);
  const newton = by("trust-region");
  const right = found.filter(({ way }) => way !== "other-model");
  const reached = newton.map((one) => timeTo(one, 1e-6)).filter(
    Number.isFinite,
  );
  const worst = (list: Found[], value: (one: Found) => number) =>
    Math.max(...list.map(value));
  const method = { field: "way", title: "Method" };
  const legend = legendOf({
    rows: METHODS.map((way) => ({ way })),
    colour: method,
  });
  const curves = (x: { field: string; title: string }) =>
    cells.charts(
      config.targets.map((target) =>
        lineChart({
          title: `${target}: error by ${x.title.toLowerCase()}`,
          rows: right.filter((one) => one.target === target).flatMap((one) =>
            one.curve.map((point) => ({ way: one.way, ...point }))
          ),
          x: { ...x, log: true },
          y: { field: "esr", title: "ESR of the fitted part", log: true },
          colour: method,
        })
      ),
      legend,
    );
  const inOther = new Set(config.model.parameters.map(({ name }) => name));
  const errorColumns = PARAMETER_NAMES.map((name) => ({
    key: name,
    title: NAMES[name],
    unit: name.endsWith("_db") ? "dB" : "%",
    digits: 2,
  }));
  const errorsOf = (one: Found) =>
    Object.fromEntries(PARAMETER_NAMES.map((name) => {
      const error = errorOf(name, one);
      const value = name.endsWith("_db") ? error : 100 * error;
      return [name, Number.isNaN(value) ? undefined : value];
    }));
  const valueColumns = PARAMETER_NAMES.map((name) => ({
    key: name,
    title: NAMES[name],
    unit: name.endsWith("_db") ? "dB" : name.endsWith("_ms") ? "ms" : undefined,
    digits: 6,
  }));

  const body = [
    cells.figures([
      {
        label: "Recovered by trust-region",
        value: `${newton.filter(isRecovered).length} of ${newton.length}`,
        note: "all six parameters, within 0.1 % and 0.01 dB",
      },
      {
        label: "Iterations",
        value: worst(newton, ({ iterations }) => iterations),
        note: "at most",
      },
      {
        label: "Test ESR",
        value: worst(newton, ({ esrTest }) => esrTest),
        digits: 2,
        note: `at most, on ${
          formatDuration(config.data.test_seconds)
        } not fitted`,
      },
      {
        label: "Time to ESR 10⁻⁶",
        value: reached.length === newton.length
          ? formatDuration(Math.max(...reached))
          : `${reached.length} of ${newton.length}`,
        note: `${
          reached.length === newton.length ? "at most" : "targets got there"
        }, on ${formatDuration(config.data.fit_seconds)} of sound`,
      },
      { label: "Time for all", value: formatDuration(seconds) },
    ]),
    cells.prose(
      md`Three compressors with known parameters, one sound through each: FF-A, FF-B
and FF-C of Yu et al., “Differentiable All-pole Filters for Time-varying Audio
Systems”, DAFx 2024. A method that finds the parameters again can be trusted with
units whose parameters nobody knows. The detector is the mean square of the sound,
whose averaging coefficient is a sixth parameter.

The sound is ${sound}: ${
        formatDuration(config.data.fit_seconds)
      } to fit, another ${
        formatDuration(config.data.test_seconds)
      } to test, each with the compressor at rest at its start. The targets are
computed, so they are surrogate data by nature.`,
    ),

    cells.step("The targets", code("pairOf")),
    cells.table(
      "True parameters, and the published starting point",
      [{ key: "name", title: "Target" }, ...valueColumns],
      [
        ...config.targets.map((name) => ({ name, ...TARGETS[name] })),
        { name: "start", ...START },
      ],
    ),

    cells.step("Newton–Raphson", code("fitByNewton")),
    cells.prose(whatNewtonDoes(newton, by("damped"))),
    curves({ field: "evaluations", title: "Evaluations" }),

    cells.step("The published gradient descent", code("fitByGradientDescent")),
    cells.prose(
      md`${config.gradient_descent.steps} steps with learning rate ${config.gradient_descent.rate} and momentum 0.9 on the mean absolute error, from the same
start. Published are 1000 steps on 300 s of sound; this run used the first ${
        formatDuration(
          Math.min(config.gradient_descent.seconds, config.data.fit_seconds),
        )
      } of the fitted part. ${whatItReached(by("gradient-descent"))}`,
    ),

    cells.step(
      "The frequency-sampling compressor",
      code("fitFrequencySampling"),
    ),
    cells.prose(
      md`The baseline of the paper multiplies its filters in the frequency domain,
which no filter that looks at the signal allows: attack and release are one. It was
fitted on the first ${
        formatDuration(
          Math.min(config.frequency_sampling.seconds, config.data.fit_seconds),
        )
      }. ${whatItReached(by("frequency-sampling"))} ${
        whereTied(by("frequency-sampling"))
      }`,
    ),
    cells.prose(
      "In the charts over time mind that gradient descent and the frequency-sampling " +
        "compressor had less sound to work through than Newton's method.",
    ),
    curves({ field: "seconds", title: "Seconds" }),

    cells.step("True, found, error", code("studyTarget")),
    cells.table(
      "Errors of the parameters found, and the time it took",
      [
        { key: "target", title: "Target" },
        { key: "way", title: "Method" },
        ...errorColumns,
        { key: "esr_fit", title: "ESR, fitted", digits: 3 },
        { key: "esr_test", title: "ESR, test", digits: 3 },
        { key: "iterations", title: "Iterations" },
        { key: "hessians", title: "Hessians" },
        { key: "to_3", title: "Time to 10⁻³", unit: "s", digits: 3 },
        { key: "to_6", title: "Time to 10⁻⁶", unit: "s", digits: 3 },
        { key: "seconds", title: "Time", unit: "s", digits: 3 },
        { key: "sound", title: "Sound", unit: "s" },
        { key: "stopped", title: "Stopped by" },
      ],
      right.map((one) => {
        const [to3, to6] = LEVELS.map((level) => timeTo(one, level));
        return {
          target: one.target,
          way: one.way,
          ...errorsOf(one),
          esr_fit: one.esrFit,
          esr_test: one.esrTest,
          iterations: one.iterations,
          hessians: one.hessians,
          to_3: Number.isFinite(to3) ? to3 : undefined,
          to_6: Number.isFinite(to6) ? to6 : undefined,
          seconds: one.seconds,
          sound: one.sound,
          stopped: one.stopReason,
        };
      }),
    ),
    cells.table(
      "True and found parameters",
      [
        { key: "target", title: "Target" },
        { key: "way", title: "Method" },
        ...valueColumns,
      ],
      config.targets.flatMap((target) => [
        { target, way: "true", ...TARGETS[target] },
        ...right.filter((one) => one.target === target).map((one) => ({
          target,
          way: one.way,
          ...one.parameters,
        })),
      ]),
    ),

    cells.step("A wrong model", code("fitOtherModel")),
    cells.prose(whatTheWrongModelShows(by("other-model"), config.model)),
    cells.table(
      `Model ${config.model.name} fitted to the targets: found less true`,
      [
        { key: "target", title: "Target" },
        ...errorColumns.filter(({ key }) => inOther.has(key)),
        { key: "esr_fit", title: "ESR, fitted", digits: 3 },
        { key: "esr_test", title: "ESR, test", digits: 3 },
        { key: "iterations", title: "Iterations" },
      ],
      by("other-model").map((one) => ({
        target: one.target,
        ...errorsOf(one),
        esr_fit: one.esrFit,
        esr_test: one.esrTest,
        iterations: one.iterations,
      })),
    ),
    cells.table(
      "The parameters that it found",
      [
        { key: "target", title: "Target" },
        ...config.model.parameters.map(({ name, title, unit }) => ({
          key: name,
          title,
          unit,
          digits: 4,
        })),
      ],
      by("other-model").map((one) => ({
        target: one.target,
        ...one.parameters,
      })),
    ),
    cells.config(named(config)),
  ];
  await writeReport(path, {
    experiment: EXPERIMENT,
    title: "The FF targets",
    subtitle: "Known compressors with the RMS detector, found again",
    source: {
      name: "computed targets",
      surrogate: true,
      description: `${
        config.targets.join(", ")
      }: digital compressors with known parameters, driven by ${sound}. They are not recordings of a unit.`,
    },
    generatedAt: new Date(),
    provenance: {
      ...runtimeFacts(),
      "Engine": config.engine,
      "Seed": config.data.seed,
      "Time": formatDuration(seconds),
    },
  }, body);
}

/** What Newton's methods do, in words that the figures bear out. */
function whatNewtonDoes(trust: Found[], damped: Found[]): string {
  const recovered = trust.filter(isRecovered);
  const iterations = trust.map(({ iterations }) => iterations);
  const dampedOnes = damped.filter(isRecovered).map(({ target }) => target);
  return [
    `In a trust region, Newton's method recovers ${
      recovered.length === trust.length
        ? "the six parameters of every target"
        : `${recovered.length} of ${trust.length} targets`
    } in ${Math.min(...iterations)} to ${
      Math.max(...iterations)
    } iterations, and with ${
      Math.max(...trust.map(({ hessians }) => hessians))
    } Hessians at most.`,
    dampedOnes.length === 0
      ? `The published damped method recovers none from this start: it stops by ${
        [...new Set(damped.map(({ stopReason }) => stopReason))].join(", ")
      } after ${
        damped.map(({ iterations }) => iterations).join(", ")
      } iterations.`
      : `The published damped method recovers ${dampedOnes.join(", ")}.`,
  ].join(" ");
}

/** The test error that a way reached, target by target. */
function whatItReached(list: Found[]): string {
  const recovered = list.filter(isRecovered).map(({ target }) => target);
  return `It reached a test ESR of ${
    list.map(({ target, esrTest }) => `${formatNumber(esrTest, 2)} (${target})`)
      .join(", ")
  } and recovered ${recovered.length === 0 ? "none" : recovered.join(", ")}.`;
}

/** What became of the targets that a tied compressor can match exactly. */
function whereTied(list: Found[]): string {
  const tied = list.filter(({ target }) =>
    TARGETS[target].attack_ms === TARGETS[target].release_ms
  );
  return tied.map((one) =>
    `Attack and release of ${one.target} are equal, so this compressor could match it exactly; ${
      isRecovered(one)
        ? "and it did"
        : `from the published start it ended at another minimum, ratio ${
          formatNumber(one.parameters.ratio, 3)
        }`
    }.`
  ).join(" ");
}

/** What error the wrong model leaves, and which parameters take it up. */
function whatTheWrongModelShows(list: Found[], model: Model): string {
  const lines = list.map((one) => {
    const shifts = PARAMETER_NAMES.filter((name) =>
      model.parameters.some((parameter) => parameter.name === name)
    ).map((name) => {
      const error = errorOf(name, one);
      const text = name.endsWith("_db")
        ? `${formatFixed(error, 2)} dB`
        : `${formatFixed(100 * error, 1)} %`;
      // A decibel of level counts like 12 % of a ratio or a time.
      const weight = Math.abs(name.endsWith("_db") ? 0.12 * error : error);
      return { text: `${NAMES[name].toLowerCase()} by ${text}`, weight };
    }).sort((a, b) => b.weight - a.weight);
    return `${one.target}: ESR ${formatNumber(one.esrTest, 2)} is left; the ${
      shifts[0].text
    } moves most, then the ${shifts[1].text}.`;
  });
  const lacks =
    model.parameters.some(({ name }) => name === "averaging_coefficient")
      ? ""
      : "Its detector cannot average: its level follows every wave of the sound. ";
  return `The model ${model.name} did not make the targets, and its parameters ` +
    `have to make up for the difference. ${lacks}${lines.join(" ")}`;
}

/** The command. */
export const command = new Command("deno task exp:ff")
  .description(
    "Experiment 03: finds the known parameters of FF-A, FF-B and FF-C again, by\n" +
      "Newton-Raphson and by the published methods.",
  )
  .option("--stimulus <DIR>", "your own music instead of the stimulus")
  .addOption(modelOption())
  .addOption(engineOption())
  .addOption(configOption(EXPERIMENT))
  .addOption(setOption())
  .addOption(outOption())
  .addOption(jsonOption())
  .addHelpText(
    "after",
    `
A run that was interrupted takes up where it was; a changed config starts anew.

Examples:
  deno task exp:ff
  deno task exp:ff --set data.fit_seconds=60 --set data.test_seconds=60
  deno task exp:ff --set targets=[FF-B] --model rms+soft-knee`,
  )
  .action(async (options) => {
    const started = performance.now();
    const config = await withEngine(
      await configOf(schema, EXPERIMENT, options),
      RMS,
    );
    const { fit_seconds, test_seconds, ...sound } = config.data;
    const dry = await openDry({
      ...sound,
      duration: fit_seconds + test_seconds,
    });
    const store = await openResultStore(
      join(resultsFolder(options.out), EXPERIMENT),
      config.data.stimulus === null ? "stimulus" : "music",
      { config: named(config), data: dry.identity },
    );
    const { samples, sampleRate } = await dry.load();
    const cut = Math.round(fit_seconds * sampleRate);
    if (samples.length <= cut) {
      throw new Error(
        `${dry.title}: ${
          formatDuration(dry.seconds)
        } leave nothing to test after ${
          formatDuration(fit_seconds)
        } to fit: give more sound, or set data.fit_seconds lower`,
      );
    }
    const found: Found[] = [];
    let kept = 0;
    const ways = METHODS.length + 1;
    const progress = await startProgress(
      "Fitting",
      ways * config.targets.length,
    );
    try {
      await using _threads = await keepReady(config.engine);
      for (const target of config.targets) {
        const study = await studyTarget(
          target,
          samples.subarray(0, cut),
          samples.subarray(cut),
          sampleRate,
          config,
          store,
          (way) => progress.update(found.length, `${target}, ${way}`),
        );
        found.push(...study.found);
        kept += study.kept;
      }
    } finally {
      progress.stop();
    }
    if (kept > 0) {
      note(
        `${kept} of ${found.length} fits were kept from an earlier run of the same config.`,
      );
    }
    const seconds = (performance.now() - started) / 1000;
    const page = join(store.folder, "report.html");
    await writeReportPage(page, dry.title, found, config, seconds);
    const newton = found.filter(({ way }) => way === "trust-region");
    await printResult(
      [
        `${bold("Sound")}       ${dry.title}`,
        `${bold("Recovered")}   ${
          newton.filter(isRecovered).length
        } of ${newton.length} targets by trust-region`,
        ...newton.map((one) =>
          `${
            bold(one.target.padEnd(12))
          }${one.iterations} iterations, test ESR ${
            formatNumber(one.esrTest, 2)
          }`
        ),
        `${bold("Time")}        ${formatDuration(seconds)}`,
        `${bold("Report")}      ${page}`,
      ].join("\n"),
      {
        sound: dry.title,
        engine: config.engine,
        seconds,
        report: page,
        fits: found.map((one) => ({
          target: one.target,
          method: one.way,
          true: TARGETS[one.target],
          params: one.parameters,
          recovered: isRecovered(one),
          esr_fit: one.esrFit,
          esr_test: one.esrTest,
          iterations: one.iterations,
          hessians: one.hessians,
          seconds: one.seconds,
          seconds_to: Object.fromEntries(
            LEVELS.map((level) => {
              const time = timeTo(one, level);
              return [level, Number.isFinite(time) ? time : null];
            }),
          ),
          stop_reason: one.stopReason,
        })),
      },
      options.json,
    );
  });

if (import.meta.main) await runCommand(command);
