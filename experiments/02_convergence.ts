/**
 * Experiment 02: does every start lead to the same parameters?
 *
 * It is published that from peak reduction 40 upwards the fit of the levelling
 * amplifier ends at the same parameters, wherever it starts (Yu and Fazekas, AES
 * AIMLA 2025). Here every setting is fitted from many random starts, by several
 * methods, and where runs end elsewhere we look at what is there.
 *
 *     deno task exp:convergence
 *     deno task exp:convergence --unit twin
 *     deno task exp:convergence --dry dry.wav --wet wet.wav
 *     deno task exp:convergence --config configs/02_convergence_full.yaml
 *
 * @module
 */

import { join } from "node:path";
import { Command } from "@commander-js/extra-typings";
import * as z from "zod";
import {
  bold,
  configOf,
  configOption,
  dataOption,
  engineOption,
  jsonOption,
  note,
  outOption,
  printResult,
  resultsFolder,
  runCommand,
  setOption,
  startProgress,
  stimulusOption,
  unitOption,
  withEngine,
} from "../lib/cli/command_line.ts";
import { openRecordings, soleTake } from "../lib/cli/recordings.ts";
import type { Values } from "../lib/models/model.ts";
import {
  type Curvature,
  curvatureOf,
  type Intervals,
  intervalsOf,
  spreadOf,
} from "../lib/convergence/curvature.ts";
import {
  lossMap,
  type MapAxis,
  type MapCell,
} from "../lib/convergence/loss_map.ts";
import { distinctMinima } from "../lib/convergence/minima.ts";
import {
  costProfile,
  performanceProfile,
  type ProblemCosts,
} from "../lib/convergence/performance_profile.ts";
import { esrOf, type Run, runMethod } from "../lib/convergence/run.ts";
import { randomStarts } from "../lib/convergence/starts.ts";
import { alignPair } from "../lib/data/aligned_pair.ts";
import { openBackgroundSource } from "../lib/data/background_source.ts";
import {
  MODES,
  nameOfSetting,
  sameSetting,
  type Setting,
} from "../lib/data/setting.ts";
import {
  factsToJson,
  type SourceFacts,
  unusableAmong,
} from "../lib/data/source.ts";
import {
  dataSchema,
  requireOneSource,
  settingsInOrder,
  settingsSchema,
} from "../lib/data/data_config.ts";
import { type EngineName, keepReady, openEngine } from "../lib/engines/open.ts";
import {
  alignmentSchema,
  chunkOptions,
  chunksSchema,
  engineSchema,
} from "../lib/fitting/fit_config.ts";
import { PAPER_MODEL, parseModel } from "../lib/models/presets.ts";
import { chunk } from "../lib/sound/chunks.ts";
import {
  matchEnergy,
  type Objective,
  objectiveOf,
} from "../lib/objective/objective.ts";
import {
  type Coordinates,
  publishedCoordinates,
} from "../lib/objective/coordinates.ts";
import { METHOD_NAMES, type MethodName } from "../lib/optimise/methods.ts";
import {
  formatDuration,
  formatFixed,
  formatNumber,
  formatPercent,
} from "../lib/base/format.ts";
import {
  inputsOf,
  openResultStore,
  type ResultStore,
} from "../lib/base/result_store.ts";
import type { Pair } from "../lib/sound/signal.ts";
import { keyOfSetting } from "../lib/fitting/sweep.ts";
import { userPathSchema } from "../lib/base/user_path.ts";
import source02 from "./02_convergence.ts" with { type: "text" };

const rangeSchema = z.tuple([z.number(), z.number()])
  .refine(([low, high]) => low < high, "must be [lowest, highest]");

/** Name of this experiment: of its config, and of the folder of its results. */
const EXPERIMENT = "02_convergence";

/** The config of this experiment, `configs/02_convergence.yaml`. */
const schema = z.strictObject({
  engine: engineSchema.default("wasm"),
  data: dataSchema.prefault({}),
  /** A pair of recordings instead of a unit. */
  pair: z.strictObject({
    dry: userPathSchema.nullable().default(null),
    wet: userPathSchema.nullable().default(null),
  }).refine(
    ({ dry, wet }) => (dry === null) === (wet === null),
    "must name both recordings, or neither",
  ).prefault({}),
  settings: settingsSchema.prefault({}),
  chunks: chunksSchema.prefault({}),
  alignment: alignmentSchema.prefault({}),
  starts: z.strictObject({
    count: z.int().min(1).default(50),
    seed: z.int().min(0).default(1),
    threshold_db: rangeSchema.default([-60, 0]),
    ratio: rangeSchema.default([1.2, 18]),
    attack_ms: rangeSchema.default([0.2, 80]),
    release_ms: rangeSchema.default([15, 900]),
  }).prefault({}),
  /** Where the methods other than trust-region run; null: everywhere. */
  others: z.strictObject({
    methods: z.array(z.enum(METHOD_NAMES)).default([]),
    modes: z.array(z.enum(MODES)).nullable().default(null),
    settings: z.array(z.number()).nullable().default(null),
    starts: z.int().min(1).nullable().default(null),
  }).prefault({}),
  limits: z.strictObject({
    tolerance: z.number().positive().default(1e-6),
    esr_floor: z.number().nonnegative().default(1e-12),
    newton_iterations: z.int().min(1).default(200),
    first_order_iterations: z.int().min(1).default(400),
    adam_rate: z.number().positive().default(0.1),
    gradient_descent_rate: z.number().positive().default(5),
  }).prefault({}),
  /** How near the best ESR an end must come to count as there. */
  reached: z.strictObject({
    relative: z.number().nonnegative().default(1e-3),
    absolute: z.number().nonnegative().default(1e-6),
  }).prefault({}),
  map: z.strictObject({
    mode: z.enum(MODES).default("compress"),
    setting: z.number().default(70),
    points: z.int().min(2).max(200).default(41),
    starts: z.int().min(0).default(3),
  }).prefault({}),
});

/** The config with the engine that was chosen. */
type Config = z.output<typeof schema> & { engine: EngineName };

/** A recording to fit: of a setting of a unit, or a person's own. */
interface Case {
  key: string;
  name: string;
  mode: string;
  setting?: Setting;
  load(): Promise<Pair>;
}

/** What all runs of one case ended in. */
interface Verdict {
  /** The lowest ESR that any run of any method found, and where. */
  best: { esr: number; z: number[]; parameters: Values };
  /** Minima that trust-region ended in, the lowest first. */
  minima: {
    esr: number;
    parameters: Values;
    runs: number;
    why: string;
  }[];
  /** Curvature at the best. */
  curvature: Curvature;
  /** Parameters whose ESR is at most 1e-4 above the best, others following. */
  within: Intervals;
  /** One standard error either side, were the errors independent. */
  standard: Intervals;
}

/** Rise of the ESR that the parameters' freedom is stated for. */
const RISE = 1e-4;

/** A case with all that was found. */
interface Finding {
  case: Case;
  runs: Partial<Record<MethodName, Run[]>>;
  verdict: Verdict;
}

/** Two parameters over which the loss is mapped. */
interface PlaneMap {
  axes: readonly [MapAxis, MapAxis];
  cells: MapCell[];
}

/** Names and units of the parameters, for reports. */
const PARAMETERS = {
  threshold_db: { title: "Threshold", unit: "dB", log: false },
  ratio: { title: "Ratio", unit: "", log: true },
  attack_ms: { title: "Attack", unit: "ms", log: true },
  release_ms: { title: "Release", unit: "ms", log: true },
  make_up_db: { title: "Make-up", unit: "dB", log: false },
} as const;

type ParameterName = keyof typeof PARAMETERS;

const PARAMETER_NAMES = Object.keys(PARAMETERS) as ParameterName[];

/**
 * Step 1. What is run: trust-region from every start at every setting, the other
 * methods where the config says.
 */
function methodsFor({ setting }: Case, { others }: Config): MethodName[] {
  const isAmongOthers = setting === undefined ||
    (others.modes?.includes(setting.mode) ?? true) &&
      (others.settings?.includes(setting.peakReduction) ?? true);
  return [
    "trust-region",
    ...(isAmongOthers
      ? METHOD_NAMES.filter((name) =>
        name !== "trust-region" && others.methods.includes(name)
      )
      : []),
  ];
}

/**
 * Step 2. All starts of one case by one method, each with what it cost.
 */
async function runStarts(
  objective: Objective,
  space: Coordinates,
  method: MethodName,
  { starts, others, limits }: Config,
): Promise<Run[]> {
  const isFirstOrder = method === "adam" || method === "gradient-descent";
  const count = method === "trust-region"
    ? starts.count
    : Math.min(starts.count, others.starts ?? starts.count);
  const runs: Run[] = [];
  const evaluate = esrOf(objective);
  for (const start of randomStarts(starts, count, starts.seed)) {
    const from = await matchEnergy(objective, space.coordinates(start));
    runs.push(
      await runMethod(method, evaluate, space, from, {
        iterations: isFirstOrder
          ? limits.first_order_iterations
          : limits.newton_iterations,
        tolerance: limits.tolerance,
        esrFloor: limits.esr_floor,
        learningRate: method === "adam"
          ? limits.adam_rate
          : limits.gradient_descent_rate,
      }),
    );
  }
  return runs;
}

/** Whether an end of ESR `esr` counts as the best minimum. */
function isReached(esr: number, best: number, { reached }: Config): boolean {
  return esr <= best * (1 + reached.relative) + reached.absolute;
}

/**
 * Step 3. The verdict on a case: the best minimum, the others that trust-region
 * ended in, and what the curvature at the best says about the parameters.
 */
async function judge(
  objective: Objective,
  space: Coordinates,
  samples: number,
  runs: Finding["runs"],
): Promise<Verdict> {
  const evaluate = esrOf(objective);
  const all = Object.values(runs).flat();
  const best = all.reduce((low, run) => run.esr < low.esr ? run : low);
  const at = Float64Array.from(best.z);
  const hessian = (await evaluate(at, 2)).hessian!;
  const minima = await distinctMinima(
    runs["trust-region"] ?? [],
    async (point) => (await evaluate(point, 0)).loss,
  );
  const described = [];
  for (const [i, { best: lowest, ends, ridge }] of minima.entries()) {
    const there = await evaluate(Float64Array.from(lowest.z), 2);
    described.push({
      esr: lowest.esr,
      parameters: lowest.end,
      runs: ends.length,
      why: i === 0 && best.esr >= lowest.esr * (1 - 1e-3) - 1e-12
        ? "the best found"
        : reasonFor(lowest, there.hessian!, ridge),
    });
  }
  const standardRise = best.esr / Math.max(1, samples - at.length);
  return {
    best: { esr: best.esr, z: best.z, parameters: best.end },
    minima: described,
    curvature: curvatureOf(hessian),
    within: intervalsOf(space, at, spreadOf(hessian, RISE)),
    standard: intervalsOf(space, at, spreadOf(hessian, standardRise)),
  };
}

/** Beyond this |z| a sigmoid has less than 0.1 % of its range left. */
const AT_THE_END = 7;

/** Why a run may end at a point. */
function reasonFor(run: Run, hessian: Float64Array, ridge: number): string {
  const { eigenvalues } = curvatureOf(hessian);
  const top = eigenvalues[eigenvalues.length - 1];
  if (
    eigenvalues.filter((value) => Math.abs(value) <= 1e-9 * top).length >= 4
  ) {
    return "plateau: the sound stays below the threshold, nothing is compressed";
  }
  if (!run.converged) return `no minimum was reached (${run.stopReason})`;
  const ended = PARAMETER_NAMES.filter((_, i) =>
    i > 0 && i < 4 && Math.abs(run.z[i]) > AT_THE_END
  ).map((name) => PARAMETERS[name].title.toLowerCase());
  if (ended.length > 0) return `at the end of the range of ${ended.join(", ")}`;
  if (eigenvalues[0] < 0) {
    return "edge: many samples share one peak level, and the slope jumps there";
  }
  return `hollow: the way to the best rises to ESR ${formatNumber(ridge, 2)}`;
}

/** Runs and judges every case; what is done is kept at once. */
async function studyCases(
  cases: Case[],
  config: Config,
  store: ResultStore,
): Promise<{ findings: Finding[]; kept: number }> {
  const progress = await startProgress("Converging", cases.length);
  await using _threads = await keepReady(config.engine);
  const findings: Finding[] = [];
  let kept = 0;
  try {
    for (const [i, one] of cases.entries()) {
      progress.update(i, one.name);
      const methods = methodsFor(one, config);
      const runs: Finding["runs"] = {};
      for (const method of methods) {
        const found = await store.get<Run[]>(`${one.key}__${method}`);
        if (found !== undefined) runs[method] = found;
      }
      let verdict = await store.get<Verdict>(`${one.key}__verdict`);
      if (methods.every((method) => runs[method]) && verdict !== undefined) {
        kept++;
      } else {
        await withObjective(one, config, async (objective, space, samples) => {
          for (const method of methods) {
            if (runs[method] !== undefined) continue;
            progress.update(i, `${one.name}, ${method}`);
            runs[method] = await runStarts(objective, space, method, config);
            await store.put(`${one.key}__${method}`, runs[method]);
          }
          verdict = await judge(objective, space, samples, runs);
          await store.put(`${one.key}__verdict`, verdict);
        });
      }
      findings.push({ case: one, runs, verdict: verdict! });
    }
  } finally {
    progress.stop();
  }
  return { findings, kept };
}

/** Opens the objective of a case for as long as `body` takes. */
async function withObjective<Result>(
  one: Case,
  config: Config,
  body: (
    objective: Objective,
    space: Coordinates,
    samples: number,
  ) => Promise<Result>,
): Promise<Result> {
  const pair = chunk(await one.load(), chunkOptions(config.chunks));
  const engine = await openEngine(
    config.engine,
    pair,
    parseModel(PAPER_MODEL),
  );
  try {
    if (!(engine.targetEnergy > 0)) {
      throw new Error(
        `${one.name}: the wet recording is silent where the loss counts: leave this setting out`,
      );
    }
    const space = publishedCoordinates(pair.sampleRate);
    const samples = pair.starts.length * (pair.chunkLength - pair.warmUp);
    return await body(objectiveOf(engine, space), space, samples);
  } finally {
    await engine.close();
  }
}

/** The planes that the loss is mapped over. */
const PLANES: [ParameterName, ParameterName][] = [
  ["threshold_db", "ratio"],
  ["threshold_db", "make_up_db"],
  ["attack_ms", "release_ms"],
  ["ratio", "make_up_db"],
];

/**
 * Step 4. Maps of the loss over pairs of parameters, through the best minimum of
 * one case: two parameters vary over the range of the starts, three stay.
 */
async function mapLoss(
  { case: one, verdict }: Finding,
  config: Config,
  store: ResultStore,
): Promise<PlaneMap[]> {
  const kept = await store.get<PlaneMap[]>(`${one.key}__maps`);
  if (kept !== undefined) return kept;
  const { parameters } = verdict.best;
  const axisOf = (parameter: ParameterName): MapAxis => {
    const [low, high] = parameter === "make_up_db"
      ? [parameters.make_up_db - 12, parameters.make_up_db + 12]
      : config.starts[parameter];
    return { parameter, low, high, log: PARAMETERS[parameter].log };
  };
  const maps = await withObjective(one, config, async (objective, space) => {
    const evaluate = esrOf(objective);
    const drawn: PlaneMap[] = [];
    for (const [first, second] of PLANES) {
      const axes = [axisOf(first), axisOf(second)] as const;
      const cells = await lossMap(
        parameters,
        axes,
        config.map.points,
        async (at) => (await evaluate(space.coordinates(at), 0)).loss,
      );
      drawn.push({ axes, cells });
    }
    return drawn;
  });
  await store.put(`${one.key}__maps`, maps);
  return maps;
}

/** What a method's runs of one case amount to. */
interface Share {
  mode: string;
  peak_reduction?: number;
  name: string;
  method: MethodName;
  share: number;
  runs: number;
  /** Medians over the runs that got there. */
  iterations: number;
  evaluations: number;
  seconds: number;
}

/** Share of starts that got to the best minimum, by case and method. */
function sharesOf(findings: Finding[], config: Config): Share[] {
  return findings.flatMap(({ case: one, runs, verdict }) =>
    (Object.entries(runs) as [MethodName, Run[]][]).map(([method, list]) => {
      const there = list.filter(({ esr }) =>
        isReached(esr, verdict.best.esr, config)
      );
      const total = ({ evaluations }: Run) =>
        evaluations.reduce((sum, count) => sum + count);
      return {
        mode: one.mode,
        peak_reduction: one.setting?.peakReduction,
        name: one.name,
        method,
        share: there.length / list.length,
        runs: list.length,
        iterations: median(there.map(({ iterations }) => iterations)),
        evaluations: median(there.map(total)),
        seconds: median(there.map(({ seconds }) => seconds)),
      };
    })
  );
}

/**
 * What it cost each method to come as near as `reached` asks, start by start, at
 * the cases where all methods ran; Infinity where one did not get there.
 */
function costsToReach(
  findings: Finding[],
  cost: "evaluations" | "seconds",
  config: Config,
): ProblemCosts[] {
  const most = Math.max(
    ...findings.map(({ runs }) => Object.keys(runs).length),
  );
  return findings.filter(({ runs }) => Object.keys(runs).length === most)
    .flatMap(({ runs, verdict }) => {
      const lists = Object.entries(runs);
      const common = Math.min(...lists.map(([, list]) => list.length));
      return Array.from(
        { length: common },
        (_, i) =>
          Object.fromEntries(lists.map(([method, list]) => {
            const point = list[i].curve.find(({ esr }) =>
              isReached(esr, verdict.best.esr, config)
            );
            return [method, point?.[cost] ?? Infinity];
          })),
      );
    });
}

/** Median over the starts of the ESR above the best, by evaluations. */
function medianCurves({ runs, verdict }: Finding) {
  const lists = Object.entries(runs) as [MethodName, Run[]][];
  return lists.flatMap(([method, list]) => {
    const last = Math.max(
      ...list.map(({ curve }) => curve.at(-1)?.evaluations ?? 1),
    );
    const rows: { method: string; evaluations: number; excess: number }[] = [];
    for (let at = 1; at < 1.25 * last; at = Math.max(at + 1, at * 1.25)) {
      const evaluations = Math.min(Math.round(at), last);
      const excesses = list.map(({ curve }) => {
        const point = curve.findLast((point) =>
          point.evaluations <= evaluations
        ) ?? curve[0];
        return Math.max(LOWEST_SHOWN, point.esr - verdict.best.esr);
      });
      rows.push({ method, evaluations, excess: median(excesses) });
    }
    return rows;
  });
}

/** Excess of the ESR below which the curves of the loss show no difference. */
const LOWEST_SHOWN = 1e-10;

/** Largest less smallest value among the runs that got to the best minimum. */
function spreadOfEnds({ runs, verdict }: Finding, config: Config) {
  const ends = (runs["trust-region"] ?? [])
    .filter(({ esr }) => isReached(esr, verdict.best.esr, config))
    .map(({ end }) => end);
  const spread = (name: ParameterName) => {
    const values = ends.map((end) => end[name]);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    return PARAMETERS[name].log ? 100 * (high / low - 1) : high - low;
  };
  return Object.fromEntries(
    PARAMETER_NAMES.map((name) => [name, spread(name)]),
  );
}

/** Half the width of an interval: in dB, or in per cent of its middle. */
function halfWidth(name: ParameterName, [low, high]: [number, number]): number {
  return PARAMETERS[name].log
    ? 50 * (high - low) / Math.sqrt(high * low)
    : (high - low) / 2;
}

/** "dB" or "%", as {@linkcode halfWidth} counts. */
function widthUnit(name: ParameterName): string {
  return PARAMETERS[name].log ? "%" : "dB";
}

/** The direction the data see least, in words. */
function faintDirection({ faintest }: Curvature): string {
  return faintest
    .map((part, i) => ({ part, name: PARAMETERS[PARAMETER_NAMES[i]].title }))
    .filter(({ part }) => Math.abs(part) >= 0.2)
    .sort((a, b) => Math.abs(b.part) - Math.abs(a.part))
    .map(({ part, name }) => `${name.toLowerCase()} ${formatFixed(part, 2)}`)
    .join(", ");
}

/** What the headline says. */
interface Headline {
  /** Lowest share of trust-region at any setting from 40 up, or at all. */
  lowestShare: number;
  /** Share over all those runs. */
  meanShare: number;
  iterations: number;
  rises: number;
  notFinite: number;
  runs: number;
}

function headlineOf(findings: Finding[], shares: Share[]): Headline {
  const counted = shares.filter(({ method, peak_reduction }) =>
    method === "trust-region" && (peak_reduction ?? 100) >= CLAIMED_FROM
  );
  const judged = counted.length > 0
    ? counted
    : shares.filter(({ method }) => method === "trust-region");
  const own = findings.flatMap(({ runs }) => runs["trust-region"] ?? []);
  const total = judged.reduce((sum, { runs }) => sum + runs, 0);
  return {
    lowestShare: Math.min(...judged.map(({ share }) => share)),
    meanShare: judged.reduce((sum, { share, runs }) => sum + share * runs, 0) /
      total,
    iterations: median(own.map(({ iterations }) => iterations)),
    rises: own.filter(({ rose }) => rose).length,
    notFinite: own.filter(({ notFinite }) => notFinite).length,
    runs: own.length,
  };
}

/** Peak reduction from which every start is said to lead to the same end. */
const CLAIMED_FROM = 40;

/** Step 5. What it showed, as a page. */
async function writeReportPage(
  path: string,
  facts: SourceFacts,
  findings: Finding[],
  mapped: { finding: Finding; maps: PlaneMap[] },
  config: Config,
  seconds: number,
): Promise<void> {
  const cells = await import("../lib/report/cells.ts");
  const { legendOf, lineChart } = await import("../lib/report/charts.ts");
  const { lossMapChart, pathLegend } = await import(
    "../lib/report/loss_map_chart.ts"
  );
  const { md } = await import("../lib/report/markdown.ts");
  const { runtimeFacts, writeReport } = await import("../lib/report/page.ts");
  const code = (name: string) => cells.codeOf(source02, name);

  const shares = sharesOf(findings, config);
  const headline = headlineOf(findings, shares);
  const isUnit = findings[0].case.setting !== undefined;
  const knob = {
    field: "peak_reduction",
    title: "Peak reduction (knob, 0–100)",
  };
  const method = { field: "method", title: "Method" };
  const mode = { field: "mode", title: "Mode" };
  const methods = METHOD_NAMES.filter((name) =>
    findings.some(({ runs }) => runs[name])
  );
  const methodLegend = legendOf({
    rows: methods.map((name) => ({ method: name })),
    colour: method,
  });
  const compared = findings.filter(({ runs }) => Object.keys(runs).length > 1);
  const settingRow = ({ case: one }: Finding) => ({
    mode: one.mode,
    peak_reduction: one.setting?.peakReduction,
  });
  const firstColumns = isUnit
    ? [
      { key: "mode", title: "Mode" },
      { key: "peak_reduction", title: "Peak reduction" },
    ]
    : [{ key: "mode", title: "Recording" }];

  const charted = (
    rows: Record<string, unknown>[],
    options: Pick<Parameters<typeof lineChart>[0], "colour" | "dash">,
    panels: Pick<
      Parameters<typeof lineChart>[0],
      "title" | "caption" | "x" | "y"
    >[],
  ) =>
    cells.charts(
      panels.map((panel) => lineChart({ ...options, ...panel, rows })),
      legendOf({ ...options, rows }),
    );
  const overKnob = (
    rows: Record<string, unknown>[],
    colour: { field: string; title: string },
    y: { field: string; title: string; log?: boolean; zero?: boolean },
    title: string,
    caption?: string,
  ) =>
    isUnit
      ? [charted(rows, {
        colour,
        ...(colour.field === "mode" ? {} : { dash: mode }),
      }, [{ title, caption, x: knob, y }])]
      : [];

  const body = [
    cells.figures([
      {
        label: isUnit
          ? `Reach the best minimum, settings from ${CLAIMED_FROM}`
          : "Reach the best minimum",
        value: formatPercent(headline.meanShare, 4),
        note: `of the starts of trust-region; at the worst setting ${
          formatPercent(headline.lowestShare, 3)
        }`,
      },
      {
        label: "Iterations of trust-region",
        value: headline.iterations,
        digits: 3,
        note: "median of all its runs",
      },
      {
        label: "Runs of it in which the loss rose",
        value: headline.rises,
        note: `of ${headline.runs}; with a NaN: ${headline.notFinite}`,
      },
      {
        label: "Runs of all methods",
        value: shares.reduce((sum, { runs }) => sum + runs, 0),
        note: `${findings.length} ${isUnit ? "settings" : "recording"}`,
      },
      { label: "Time", value: formatDuration(seconds) },
    ]),
    cells.prose(
      md`A fit that depends on where it starts tells of the start as much as of the
unit. It is published that from peak reduction ${CLAIMED_FROM} upwards every start
leads to the same parameters. Here is the test, on ${facts.title}.

A run counts as *there* when its ESR is within ${
        formatPercent(config.reached.relative)
      } or ${
        formatNumber(config.reached.absolute)
      } of the lowest that any run of any method found at the setting.`,
    ),

    cells.step("Random starts", code("methodsFor")),
    cells.prose(
      md`${config.starts.count} starts, the same at every setting: threshold ${
        config.starts.threshold_db.join(" to ")
      } dB, ratio ${config.starts.ratio.join(" to ")}, attack ${
        config.starts.attack_ms.join(" to ")
      } ms, release ${
        config.starts.release_ms.join(" to ")
      } ms, the make-up first shifted
so that the energies are equal. ${whereOthersRan(findings, compared, config)}`,
    ),

    cells.step("Who gets there", code("runStarts")),
    cells.prose(whoGetsThere(findings, shares, headline)),
    ...overKnob(
      shares.map((row) => ({ ...row, percent: 100 * row.share })),
      method,
      { field: "percent", title: "Starts that get there (%)", zero: true },
      "Share of starts that reach the best minimum",
      "Methods other than trust-region ran where they have a point.",
    ),
    cells.table(
      "Share of starts that reach the best minimum, and what it costs them",
      [
        ...firstColumns,
        { key: "method", title: "Method" },
        { key: "percent", title: "Reach it", unit: "%", digits: 4 },
        { key: "runs", title: "Starts" },
        { key: "iterations", title: "Iterations", digits: 3 },
        { key: "evaluations", title: "Evaluations", digits: 3 },
        { key: "seconds", title: "Time", unit: "s", digits: 2 },
      ],
      shares.filter(({ name }) =>
        compared.some(({ case: one }) => one.name === name)
      ).map((row) => ({ ...row, percent: 100 * row.share })),
    ),

    cells.step("The other ends", code("judge")),
    cells.prose(whatElseThereIs(findings, config)),
    ...overKnob(
      findings.map((finding) => ({
        ...settingRow(finding),
        minima: finding.verdict.minima.length,
      })),
      mode,
      { field: "minima", title: "Distinct minima", zero: true },
      "Minima that trust-region ended in",
      "One means that all ends lie in one hollow of the loss.",
    ),
    cells.table(
      "Every minimum that trust-region ended in",
      [
        ...firstColumns,
        { key: "esr", title: "ESR", digits: 4 },
        { key: "runs", title: "Starts" },
        { key: "threshold_db", title: "Threshold", unit: "dB", decimals: 2 },
        { key: "ratio", title: "Ratio", digits: 4 },
        { key: "attack_ms", title: "Attack", unit: "ms", digits: 4 },
        { key: "release_ms", title: "Release", unit: "ms", digits: 4 },
        { key: "make_up_db", title: "Make-up", unit: "dB", decimals: 2 },
        { key: "why", title: "What it is" },
      ],
      findings.flatMap((finding) =>
        finding.verdict.minima.map(({ parameters, ...rest }) => ({
          ...settingRow(finding),
          ...rest,
          ...parameters,
        }))
      ),
    ),

    ...(compared.length === 0 || methods.length < 2 ? [] : [
      cells.step("What it costs", code("costsToReach")),
      cells.prose(
        md`The cost until a run first comes as near as counts. Evaluations of the
value, the gradient and the Hessian count alike here, though a Hessian takes longer
than a value; the seconds tell the difference. A curve that ends below 100 % leaves
starts that never get there, and a method without a curve got there from none.`,
      ),
      cells.charts(
        ([
          [
            "Within a number of evaluations",
            "Evaluations",
            costProfile(costsToReach(findings, "evaluations", config)),
          ],
          [
            "Within a time",
            "Seconds",
            costProfile(costsToReach(findings, "seconds", config)),
          ],
          [
            "Performance profile",
            "Time over that of the fastest method",
            performanceProfile(costsToReach(findings, "seconds", config)),
          ],
        ] as const).map(([title, axis, points]) =>
          lineChart({
            title,
            rows: points.map((point) => ({
              ...point,
              percent: 100 * point.share,
            })),
            x: { field: "cost", title: axis, log: true },
            y: {
              field: "percent",
              title: "Starts that get there (%)",
              zero: true,
            },
            colour: method,
          })
        ),
        methodLegend,
      ),
      cells.prose(
        "How the error falls: at each number of evaluations the median over the " +
          `starts, as what is left above the best ESR (from ${
            formatNumber(LOWEST_SHOWN)
          } up).`,
      ),
      cells.charts(
        compared.map((finding) =>
          lineChart({
            title: `Error by evaluations, ${finding.case.name}`,
            rows: medianCurves(finding),
            x: { field: "evaluations", title: "Evaluations", log: true },
            y: { field: "excess", title: "ESR above the best", log: true },
            colour: method,
          })
        ),
        methodLegend,
      ),
    ]),

    ...(mapped.maps.length === 0 ? [] : [
      cells.step("The lie of the land", code("mapLoss")),
      cells.prose(
        md`The loss around the best minimum of ${mapped.finding.case.name}: two
parameters vary, the other three stay at the minimum. The paths move in all five, so
they are seen as shadows on the plane and may seem to climb.`,
      ),
      cells.charts(
        await Promise.all(mapped.maps.map((map) => {
          const [first, second] = map.axes.map(({ parameter }) =>
            parameter as ParameterName
          );
          const titled = (name: ParameterName) => {
            const { title, unit } = PARAMETERS[name];
            return unit === "" ? title : `${title} (${unit})`;
          };
          const { parameters } = mapped.finding.verdict.best;
          return lossMapChart({
            title: `${PARAMETERS[first].title} and ${
              PARAMETERS[second].title.toLowerCase()
            }`,
            axes: map.axes,
            titles: [titled(first), titled(second)],
            cells: map.cells,
            minimum: { x: parameters[first], y: parameters[second] },
            paths: pathsOn(mapped.finding, first, second, config),
          });
        })),
        [pathLegend(methods)],
      ),
    ]),

    cells.step("What the data can tell", code("faintDirection")),
    cells.prose(
      md`The Hessian at the best minimum says how sharply each parameter is
determined. Its eigenvalues are those of the ESR by the coordinates of the minimiser
(decibels, and logits within each range); the condition number is the largest over
the smallest.`,
    ),
    ...overKnob(
      findings.map((finding) => ({
        ...settingRow(finding),
        condition: finding.verdict.curvature.condition,
      })),
      mode,
      { field: "condition", title: "Condition number", log: true },
      "Condition number of the Hessian at the best minimum",
      "High: some direction in the parameters hardly changes the sound.",
    ),
    ...overKnob(
      findings.flatMap((finding) =>
        finding.verdict.curvature.eigenvalues.map((eigenvalue, i) => ({
          ...settingRow(finding),
          eigenvalue,
          number: `λ${"₁₂₃₄₅"[i]}`,
        }))
      ),
      { field: "number", title: "Eigenvalue" },
      { field: "eigenvalue", title: "Eigenvalue", log: true },
      "Eigenvalues of the Hessian at the best minimum",
    ),
    ...(isUnit
      ? [charted(
        findings.map((finding) => ({
          ...settingRow(finding),
          ...Object.fromEntries(PARAMETER_NAMES.map((name) => {
            const width = halfWidth(name, finding.verdict.within[name]);
            return [name, Number.isFinite(width) ? width : undefined];
          })),
        })),
        { colour: mode },
        PARAMETER_NAMES.map((name) => ({
          title: `Freedom of the ${PARAMETERS[name].title.toLowerCase()}`,
          x: knob,
          y: { field: name, title: `± ${widthUnit(name)}`, log: true },
        })),
      )]
      : []),
    cells.prose(
      md`The charts show how far each parameter can move, the others following as
best they can, before the ESR has risen by ${
        formatNumber(RISE)
      }. The table adds the standard error that least squares would state if the errors
of all samples were independent; those of sound are not, so it is too small.`,
    ),
    cells.table(
      "Curvature and uncertainty at the best minimum",
      [
        ...firstColumns,
        { key: "esr", title: "ESR", digits: 3 },
        { key: "condition", title: "Condition", digits: 3 },
        ...PARAMETER_NAMES.flatMap((name) => [
          {
            key: `${name}_within`,
            title: `${PARAMETERS[name].title} ±`,
            unit: widthUnit(name),
            digits: 2,
          },
          {
            key: `${name}_error`,
            title: "std. error",
            unit: widthUnit(name),
            digits: 2,
          },
        ]),
        { key: "faintest", title: "Faintest direction" },
      ],
      findings.map((finding) => {
        const { best, curvature, within, standard } = finding.verdict;
        return {
          ...settingRow(finding),
          esr: best.esr,
          condition: curvature.condition,
          ...Object.fromEntries(PARAMETER_NAMES.flatMap((name) => [
            [`${name}_within`, halfWidth(name, within[name])],
            [`${name}_error`, halfWidth(name, standard[name])],
          ])),
          faintest: faintDirection(curvature),
        };
      }),
    ),

    cells.step("All figures", code("spreadOfEnds")),
    cells.prose(
      "The parameters at the best minimum of each setting, and how far apart the " +
        "ends of those runs of trust-region are that reached it.",
    ),
    cells.table(
      "The best minimum, and the spread of the runs that reached it",
      [
        ...firstColumns,
        { key: "esr", title: "ESR", digits: 4 },
        { key: "share", title: "Reach it", unit: "%", digits: 4 },
        { key: "threshold_db", title: "Threshold", unit: "dB", decimals: 2 },
        { key: "ratio", title: "Ratio", digits: 4 },
        { key: "attack_ms", title: "Attack", unit: "ms", digits: 4 },
        { key: "release_ms", title: "Release", unit: "ms", digits: 4 },
        { key: "make_up_db", title: "Make-up", unit: "dB", decimals: 2 },
        ...PARAMETER_NAMES.map((name) => ({
          key: `spread_${name}`,
          title: `Spread of ${PARAMETERS[name].title.toLowerCase()}`,
          unit: widthUnit(name),
          digits: 2,
        })),
      ],
      findings.map((finding) => ({
        ...settingRow(finding),
        ...finding.verdict.best.parameters,
        esr: finding.verdict.best.esr,
        share: 100 *
          shares.find(({ name, method }) =>
            name === finding.case.name && method === "trust-region"
          )!.share,
        ...Object.fromEntries(
          Object.entries(spreadOfEnds(finding, config)).map(([name, value]) => [
            `spread_${name}`,
            value,
          ]),
        ),
      })),
    ),
    cells.config(config),
  ];
  await writeReport(path, {
    experiment: EXPERIMENT,
    title: "Convergence from anywhere",
    subtitle: `${config.starts.count} random starts ${
      isUnit ? `at each of ${findings.length} settings ` : ""
    }of ${facts.title}`,
    source: {
      name: facts.title,
      surrogate: facts.surrogate,
      description: facts.description,
    },
    generatedAt: new Date(),
    provenance: {
      ...runtimeFacts(),
      "Engine": config.engine,
      "Seeds": `${config.data.seed} (data), ${config.starts.seed} (starts)`,
      "Time": formatDuration(seconds),
    },
  }, body);
}

/** The paths of the map's starts, on one plane. */
function pathsOn(
  { runs }: Finding,
  first: ParameterName,
  second: ParameterName,
  config: Config,
) {
  return Object.entries(runs).flatMap(([method, list]) =>
    list.slice(0, config.map.starts).flatMap(({ path }, start) =>
      path.map((point, iteration) => ({
        method,
        start,
        iteration,
        x: point[first],
        y: point[second],
      }))
    )
  );
}

/** Which methods ran where. */
function whereOthersRan(
  findings: Finding[],
  compared: Finding[],
  { others, starts }: Config,
): string {
  if (compared.length === 0) return "Only trust-region was run.";
  const names = others.methods.filter((name) => name !== "trust-region")
    .join(", ");
  const count = Math.min(starts.count, others.starts ?? starts.count);
  const isFull = compared.length === findings.length && count === starts.count;
  return isFull
    ? `All methods (trust-region, ${names}) ran from all of them everywhere.`
    : `Trust-region ran from all of them everywhere; the slower methods (${names}) only at ${
      compared.map(({ case: one }) => one.name).join(", ")
    }, from the first ${count}. The config 02_convergence_full.yaml runs all of them everywhere.`;
}

/** Who gets to the best minimum, in words that the figures bear out. */
function whoGetsThere(
  findings: Finding[],
  shares: Share[],
  { lowestShare, meanShare, rises, notFinite, runs }: Headline,
): string {
  const isUnit = findings[0].case.setting !== undefined;
  const where = isUnit ? `at settings from ${CLAIMED_FROM} up` : "here";
  const below = shares.filter(({ method, peak_reduction }) =>
    method === "trust-region" && (peak_reduction ?? 100) < CLAIMED_FROM
  );
  const lowest = below.reduce(
    (low, row) => row.share < low.share ? row : low,
    { name: "", share: 1 },
  );
  const parts = [
    `Of the starts of trust-region ${where}, ${
      formatPercent(meanShare, 4)
    } lead to the best minimum, and at the worst of the settings ${
      formatPercent(lowestShare, 3)
    }.`,
    rises + notFinite === 0
      ? `In none of its ${runs} runs did the loss ever rise or a number fail to be finite.`
      : `In ${rises} of its ${runs} runs the loss rose, in ${notFinite} a number was not finite.`,
  ];
  if (below.length > 0) {
    parts.push(
      lowest.share < 1
        ? `Below ${CLAIMED_FROM} it is down to ${
          formatPercent(lowest.share, 3)
        } (${lowest.name}).`
        : `Below ${CLAIMED_FROM} they all do.`,
    );
  }
  const methods = new Set(shares.map(({ method }) => method));
  methods.delete("trust-region");
  for (const method of methods) {
    const own = shares.filter((row) => row.method === method);
    const total = own.reduce((sum, { runs }) => sum + runs, 0);
    const got = own.reduce((sum, { runs, share }) => sum + runs * share, 0);
    parts.push(
      `${method}: ${formatPercent(got / total, 3)} of ${total} runs.`,
    );
  }
  return parts.join(" ");
}

/** What lies elsewhere, in words that the figures bear out. */
function whatElseThereIs(findings: Finding[], config: Config): string {
  const several = findings.filter(({ verdict }) => verdict.minima.length > 1);
  const missed = findings.filter(({ runs, verdict }) =>
    (runs["trust-region"] ?? []).some(({ esr }) =>
      !isReached(esr, verdict.best.esr, config)
    )
  );
  if (several.length === 0 && missed.length === 0) {
    return "Everywhere all runs of trust-region ended in one and the same minimum.";
  }
  const named = (list: Finding[]) =>
    list.map(({ case: one }) => one.name).join(", ");
  return [
    missed.length === 0
      ? "Every run of trust-region reached the best minimum."
      : `Some runs of trust-region ended above the best minimum at ${
        named(missed)
      }.`,
    several.length === 0
      ? ""
      : `More than one minimum was met at ${
        named(several)
      }: two ends count as one minimum if nothing between them, on the straight line, lies more than 1 % above the higher. The table says what each is.`,
  ].join(" ");
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  if (sorted.length === 0) return NaN;
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
}

/** The cases of the config, and facts about where they come from. */
async function openCases(
  config: Config,
): Promise<{ cases: Case[]; facts: SourceFacts; close(): void }> {
  const { dry, wet } = config.pair;
  if (dry !== null && wet !== null) {
    const recordings = await openRecordings(dry, wet, {
      alignment: config.alignment,
    });
    const pair = soleTake(recordings);
    for (const warning of recordings.warnings) note(`warning: ${warning}`);
    const identity = await Promise.all([dry, wet].map(async (file) => {
      const { size, mtime } = await Deno.stat(file);
      return [file, size, mtime?.getTime()];
    }));
    return {
      cases: [{
        key: "recording",
        name: "the recording",
        mode: "recording",
        load: () => Promise.resolve(pair),
      }],
      facts: {
        name: "pair",
        title: "a pair of recordings",
        description: `${dry} and ${wet}.`,
        surrogate: false,
        seconds: pair.dry.length / pair.sampleRate,
        sampleRate: pair.sampleRate,
        identity,
      },
      close() {},
    };
  }
  const source = await openBackgroundSource(config.data);
  const known = source.settings();
  const wanted = settingsInOrder(config.settings);
  const settings = wanted.filter((one) =>
    known.some((other) => sameSetting(one, other))
  );
  const facts = source.describe();
  for (const one of unusableAmong(facts, settings)) {
    note(`warning: ${nameOfSetting(one)}: ${one.reason}`);
  }
  if (settings.length === 0) {
    source[Symbol.dispose]();
    throw new Error(
      `${facts.title}: has none of the settings asked for; it has ${
        known.map(nameOfSetting).join(", ")
      }`,
    );
  }
  if (settings.length < wanted.length) {
    note(
      `${facts.title} has ${settings.length} of the ${wanted.length} settings asked for; the others are left out.`,
    );
  }
  return {
    cases: settings.map((setting) => ({
      key: keyOfSetting(setting),
      name: nameOfSetting(setting),
      mode: setting.mode,
      setting,
      load: async () =>
        alignPair(await source.load(setting), config.alignment).pair,
    })),
    facts,
    close: () => source[Symbol.dispose](),
  };
}

/** The command. */
export const command = new Command("deno task exp:convergence")
  .description(
    "Experiment 02: fits every setting from many random starts by several\n" +
      "methods, and shows where they end and why.",
  )
  .addOption(unitOption())
  .addOption(dataOption())
  .option("--dry <FILE.wav>", "a pair of recordings instead: what went in")
  .option("--wet <FILE.wav>", "and what came out")
  .addOption(stimulusOption())
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
  deno task exp:convergence
  deno task exp:convergence --unit twin
  deno task exp:convergence --dry dry.wav --wet wet.wav --set starts.count=20
  deno task exp:convergence --config configs/02_convergence_full.yaml`,
  )
  .action(async (options) => {
    const started = performance.now();
    const config = await withEngine(
      await configOf(schema, EXPERIMENT, options, {
        "pair.dry": options.dry,
        "pair.wet": options.wet,
      }),
    );
    requireOneSource(config.data, options.unit);
    const { cases, facts, close } = await openCases(config);
    let findings: Finding[];
    let mapped: { finding: Finding; maps: PlaneMap[] };
    let folder: string;
    try {
      const store = await openResultStore(
        join(resultsFolder(options.out), EXPERIMENT),
        facts.name,
        inputsOf(config, facts),
      );
      folder = store.folder;
      const studied = await studyCases(cases, config, store);
      findings = studied.findings;
      if (studied.kept > 0) {
        note(
          `${studied.kept} of ${cases.length} settings were kept from an earlier run of the same config.`,
        );
      }
      const { mode, setting } = config.map;
      const finding = findings.find(({ case: one }) =>
        one.setting === undefined ||
        one.mode === mode && one.setting.peakReduction === setting
      );
      mapped = finding === undefined
        ? { finding: findings[0], maps: [] }
        : { finding, maps: await mapLoss(finding, config, store) };
    } finally {
      close();
    }
    const seconds = (performance.now() - started) / 1000;
    const page = join(folder, "report.html");
    await writeReportPage(page, facts, findings, mapped, config, seconds);

    const shares = sharesOf(findings, config);
    const headline = headlineOf(findings, shares);
    const surrogate = facts.surrogate && !/surrogate/.test(facts.title)
      ? " (surrogate data)"
      : "";
    await printResult(
      [
        `${bold("Data")}        ${facts.title}${surrogate}`,
        `${bold("Reached")}     ${
          formatPercent(headline.meanShare, 4)
        } of the starts of trust-region${
          findings[0].case.setting === undefined
            ? ""
            : ` at settings from ${CLAIMED_FROM}`
        }; ${formatPercent(headline.lowestShare, 3)} at the worst`,
        `${
          bold("Rises, NaN")
        }  ${headline.rises}, ${headline.notFinite} of ${headline.runs} runs`,
        `${bold("Time")}        ${formatDuration(seconds)}`,
        `${bold("Report")}      ${page}`,
      ].join("\n"),
      {
        source: factsToJson(facts),
        engine: config.engine,
        seconds,
        report: page,
        trust_region: {
          share: headline.meanShare,
          lowest_share: headline.lowestShare,
          median_iterations: headline.iterations,
          runs_that_rose: headline.rises,
          runs_not_finite: headline.notFinite,
          runs: headline.runs,
        },
        settings: findings.map(({ case: one, verdict, runs }) => ({
          mode: one.mode,
          peak_reduction: one.setting?.peakReduction,
          best: { esr: verdict.best.esr, params: verdict.best.parameters },
          minima: verdict.minima.map(({ esr, parameters, runs, why }) => ({
            esr,
            params: parameters,
            runs,
            why,
          })),
          condition: verdict.curvature.condition,
          eigenvalues: verdict.curvature.eigenvalues,
          within: verdict.within,
          methods: Object.keys(runs).map((method) => {
            const row = shares.find((share) =>
              share.name === one.name && share.method === method
            )!;
            return {
              method,
              share: row.share,
              runs: row.runs,
              iterations: row.iterations,
              evaluations: row.evaluations,
              seconds: row.seconds,
            };
          }),
        })),
      },
      options.json,
    );
  });

if (import.meta.main) await runCommand(command);
