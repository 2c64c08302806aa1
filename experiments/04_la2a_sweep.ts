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
 *     deno task exp:sweep
 *     deno task exp:sweep --unit twin --set data.duration=30
 *     deno task exp:sweep --data path/to/SignalTrain_LA2A_Dataset_1.1
 *
 * @module
 */

import { join } from "node:path";
import { Command } from "@commander-js/extra-typings";
import * as z from "zod";
import { writeFileWhole } from "../lib/base/atomic_file.ts";
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
import { modelOption } from "../lib/cli/model_options.ts";
import { esrsDiffer } from "../lib/cli/recordings.ts";
import { parametersAt } from "../lib/data/curve.ts";
import { alignPair } from "../lib/data/aligned_pair.ts";
import { curveToCsv } from "../lib/data/curve_csv.ts";
import { loadAhead } from "../lib/data/load_ahead.ts";
import {
  dataSchema,
  requireOneSource,
  settingsInOrder,
  settingsSchema,
} from "../lib/data/data_config.ts";
import settingsSource from "../lib/data/data_config.ts" with { type: "text" };
import {
  PUBLISHED_CITATION,
  PUBLISHED_SCORES,
  publishedFit,
} from "../lib/data/published.ts";
import {
  nameOfSetting,
  sameSetting,
  type Setting,
} from "../lib/data/setting.ts";
import { openBackgroundSource } from "../lib/data/background_source.ts";
import {
  factsToJson,
  type LeftOut,
  type PairSource,
  requireSettings,
} from "../lib/data/source.ts";
import { jsonValues } from "../lib/data/values_schema.ts";
import { unitToYaml } from "../lib/data/unit_file.ts";
import { type EngineName } from "../lib/engines/open.ts";
import {
  alignmentSchema,
  chunkOptions,
  chunksSchema,
  engineSchema,
  modelSchema,
  requireParameters,
  solverSchema,
} from "../lib/fitting/fit_config.ts";
import { startScorer } from "../lib/metrics/background_score.ts";
import {
  formatCount,
  formatDecibels,
  formatDuration,
  formatFixed,
  formatNumber,
  formatPercent,
} from "../lib/base/format.ts";
import { PAPER_MODEL, parseModel } from "../lib/models/presets.ts";
import type { Parameter, Values } from "../lib/models/model.ts";
import {
  fingerprint,
  inputsOf,
  openResultStore,
  type ResultStore,
} from "../lib/base/result_store.ts";
import { keyOfSetting, type SettingFit, sweep } from "../lib/fitting/sweep.ts";
import { SURROGATE_REMARK, sweptUnit } from "../lib/fitting/swept_unit.ts";
import source04 from "./04_la2a_sweep.ts" with { type: "text" };

/** Name of this experiment: of its config, and of the folder of its results. */
const EXPERIMENT = "04_la2a_sweep";

/** The config of this experiment, `configs/04_la2a_sweep.yaml`. */
const schema = z.strictObject({
  model: modelSchema.default(() => parseModel(PAPER_MODEL)),
  engine: engineSchema.default("wasm"),
  data: dataSchema.prefault({}),
  sweep: settingsSchema.prefault({}),
  chunks: chunksSchema.prefault({}),
  alignment: alignmentSchema.prefault({}),
  solver: solverSchema.prefault({}),
}).superRefine(requireParameters);

/** The config with the engine that was chosen. */
type Config = z.output<typeof schema> & { engine: EngineName };

/** ESR at a setting left out of the knots, with interpolated parameters. */
interface InterpolationScore {
  linear: number;
  spline: number;
}

/** What the experiment found. */
interface Outcome {
  fits: SettingFit[];
  leftOut: LeftOut[];
  interpolation: Map<string, InterpolationScore>;
  seconds: number;
}

/** Only recordings can lag: the built-in units do not. */
function alignmentOf({ alignment, data }: Config) {
  return { ...alignment, enabled: alignment.enabled && data.folder !== null };
}

/**
 * The sweep: Newton-Raphson with the exact Hessian at each setting, started from
 * the one fitted before. Every result is kept at once. A setting whose recording
 * cannot be used is left out.
 */
async function fitSettings(
  source: PairSource,
  settings: Setting[],
  config: Config,
  store: ResultStore,
): Promise<Pick<Outcome, "fits" | "leftOut">> {
  using scorer = startScorer();
  const progress = await startProgress("Fitting", settings.length);
  const fits: SettingFit[] = [];
  const leftOut: LeftOut[] = [];
  const onLeftOut = (setting: LeftOut) => {
    leftOut.push(setting);
    note(`left out: ${nameOfSetting(setting)}: ${setting.reason}`);
  };
  const how = {
    model: config.model,
    engine: config.engine,
    chunks: chunkOptions(config.chunks),
    alignment: alignmentOf(config),
    solver: config.solver,
  };
  let kept = 0;
  try {
    progress.update(0, nameOfSetting(settings[0]));
    for await (
      const { isKept, ...fit } of sweep(source, settings, how, {
        store,
        scorer,
        onLeftOut,
      })
    ) {
      fits.push(fit);
      for (const warning of fit.warnings) {
        note(`warning: ${nameOfSetting(fit)}: ${warning}`);
      }
      if (isKept) kept++;
      const done = fits.length + leftOut.length;
      const next = settings[done];
      progress.update(done, next && nameOfSetting(next));
    }
  } finally {
    progress.stop();
  }
  if (kept > 0) {
    note(
      `${kept} of ${
        formatCount(settings.length, "setting")
      } were kept from an earlier run of the same config.`,
    );
  }
  if (fits.length === 0) {
    throw new Error(`${nameOfSetting(leftOut[0])}: ${leftOut[0].reason}`);
  }
  return { fits, leftOut };
}

/**
 * The interpolation test: every second setting is left out, its
 * parameters are interpolated from the others, and the result is scored on its
 * recording. A curve that passes is one that a knob can be driven by.
 */
async function testInterpolation(
  source: PairSource,
  fits: SettingFit[],
  config: Config,
  store: ResultStore,
): Promise<Map<string, InterpolationScore>> {
  using scorer = startScorer();
  const scores = new Map<string, InterpolationScore>();
  // What is interpolated depends on which settings there are.
  const keyOf = async (test: InterpolationTest) =>
    `interpolation_${keyOfSetting(test)}_${await fingerprint(
      [test.linear, test.spline],
    )}`;
  const todo: InterpolationTest[] = [];
  for (const test of interpolationTests(fits)) {
    const kept = await store.get<InterpolationScore>(await keyOf(test));
    if (kept === undefined) todo.push(test);
    else scores.set(keyOfSetting(test), kept);
  }
  const progress = await startProgress("Interpolating", todo.length);
  let done = 0;
  try {
    for await (const [test, loaded] of loadAhead(source, todo)) {
      progress.update(done++, nameOfSetting(test));
      const { pair } = alignPair(loaded, alignmentOf(config));
      const candidates = [test.linear, test.spline];
      const [linear, spline] = await scorer.scoreEsr(
        pair,
        candidates,
        config.model,
      );
      const found = { linear, spline };
      await store.put(await keyOf(test), found);
      scores.set(keyOfSetting(test), found);
    }
  } finally {
    progress.stop();
  }
  return scores;
}

/** A setting left out, with its parameters from those beside it. */
interface InterpolationTest extends Setting {
  linear: Values;
  spline: Values;
}

/** Every second setting of a mode. */
function interpolationTests(fits: SettingFit[]): InterpolationTest[] {
  return [...new Set(fits.map((fit) => fit.mode))].flatMap((mode) => {
    const ascending = fits.filter((fit) => fit.mode === mode)
      .sort((a, b) => a.peakReduction - b.peakReduction);
    const knots = ascending.filter((_, i) => i % 2 === 0);
    return ascending
      .filter((fit, i) =>
        i % 2 === 1 && fit.peakReduction < knots.at(-1)!.peakReduction
      )
      .map(({ mode, peakReduction }) => ({
        mode,
        peakReduction,
        linear: parametersAt(knots, { mode, peakReduction }, "linear"),
        spline: parametersAt(knots, { mode, peakReduction }, "spline"),
      }));
  });
}

/**
 * The curve, for other programs: a unit with all digits, and, of the published
 * model, one CSV file a mode with the columns of the published ones.
 */
async function writeCurve(
  folder: string,
  source: PairSource,
  { fits, interpolation }: Outcome,
  { model }: Config,
): Promise<void> {
  const facts = source.describe();
  await writeFileWhole(
    join(folder, "parameters.yaml"),
    unitToYaml(sweptUnit(model, fits, facts)),
  );
  if (model.name !== PAPER_MODEL) return;
  const rows = fits.map((fit) => {
    const tested = interpolation.get(keyOfSetting(fit));
    return {
      ...fit,
      esr: fit.score.esr,
      esrLinear: tested?.linear,
      esrSpline: tested?.spline,
    };
  });
  const remark = facts.surrogate ? SURROGATE_REMARK : "";
  for (const mode of new Set(fits.map((fit) => fit.mode))) {
    // A surrogate says so in the file's name too.
    const name = `${facts.surrogate ? `surrogate-${facts.name}-` : ""}${mode}`;
    await writeFileWhole(
      join(folder, `${name}.csv`),
      curveToCsv(rows, mode, remark),
    );
  }
}

/** What it showed, as a page. */
async function writeReportPage(
  path: string,
  source: PairSource,
  outcome: Outcome,
  config: Config,
): Promise<void> {
  const cells = await import("../lib/report/cells.ts");
  const { iterationCurves, parameterCurves, scoreCurves } = await import(
    "../lib/report/charts.ts"
  );
  const { md } = await import("../lib/report/markdown.ts");
  const { runtimeFacts, writeReport } = await import("../lib/report/page.ts");
  const { fits, leftOut, interpolation, seconds } = outcome;
  const facts = source.describe();
  const code = (name: string) => cells.codeOf(source04, name);
  const { model } = config;
  const { parameters } = model;
  // The published figures are those of the published model.
  const isPublished = model.name === PAPER_MODEL;
  const published = isPublished
    ? fits.flatMap((fit) => publishedFit(fit) ?? [])
    : [];
  const meanEsr = mean(fits.map((fit) => fit.score.esr));
  const iterations = fits.map((fit) => fit.esrByIteration.length - 1);
  const ofPart = coarseIterations(fits);
  const lengths = fits.map((fit) => fit.seconds);
  const warnings = fits.flatMap((fit) =>
    fit.warnings.map((warning) => `${nameOfSetting(fit)}: ${warning}`)
  );

  const body = [
    ...(leftOut.length === 0 ? [] : [cells.notice(
      `Left out: ${leftOut.length} of ${
        formatCount(fits.length + leftOut.length, "setting")
      }, whose recordings cannot be used`,
      leftOut.map((one) => `${nameOfSetting(one)}: ${one.reason}`),
    )]),
    ...(warnings.length === 0 ? [] : [cells.notice(
      "Warnings: take these settings with care",
      warnings,
    )]),
    cells.figures([
      { label: "Settings fitted", value: fits.length },
      {
        label: "Mean ESR",
        value: meanEsr,
        digits: 3,
        note: published.length === 0
          ? undefined
          : `published, on the LA-2A: ${
            formatNumber(mean(published.map((fit) => fit.esr)), 3)
          }`,
      },
      {
        label: "Mean |ΔLDR|",
        value: mean(fits.map((fit) => Math.abs(fit.score.deltaLdrDb))),
        unit: "dB",
        digits: 2,
      },
      {
        label: "Iterations a setting",
        value: String(median(iterations)),
        note: [
          ...(fits.length === 1
            ? []
            : [`median; at most ${Math.max(...iterations)}`]),
          ...(ofPart.length === 0
            ? []
            : [`before that, ${rangeOf(ofPart)} on a part of the sound`]),
        ].join("; ") || undefined,
      },
      {
        label: "Time fitting",
        value: formatDuration(
          fits.reduce((sum, fit) => sum + fit.fitSeconds, 0),
        ),
        note: `${
          formatDuration(lengths.reduce((a, b) => a + b))
        } of sound fitted`,
      },
    ]),
    cells.prose(
      md`An analogue levelling amplifier has two controls that matter, and nobody
knows which digital compressor each of their positions amounts to. Here we find
out: for every position a dry and a wet recording, and Newton–Raphson on the
error between the wet one and what the compressor makes of the dry. The data are
${facts.title}.`,
    ),
    cells.prose(
      isPublished
        ? md`Where published figures stand beside ours they are those of the real LA-2A
(${PUBLISHED_CITATION}).`
        : md`The compressor is the model ${model.name}, of which nothing is published to
stand beside.`,
    ),

    cells.step(
      "From the most peak reduction to the least",
      cells.codeOf(settingsSource, "settingsInOrder"),
    ),
    cells.prose(
      md`${formatCount(fits.length, "setting")}, ${durationsOf(lengths)}.
The first of a mode starts from ${startInWords(config)};
every other one from the result of the one before.`,
    ),

    cells.step("Fit each setting", code("fitSettings")),
    cells.prose(whatTheFitsShow(fits)),
    iterationCurves(
      fits.flatMap(iterationRows),
      "Error by iteration",
      { field: "esr", title: "ESR over the counted samples" },
      "One line a setting. The first of each mode starts from the config's point, the others from the result of the one before." +
        (ofPart.length === 0
          ? ""
          : " Below 0, dashed: the iterations on a part of the sound that went " +
            "before, with the ESR of that part. The iterations on all of it, " +
            "solid, start at 0 from its result."),
      ofPart.length === 0 ? undefined : { field: "sound", title: "Fitted to" },
    ),

    cells.step("The curve"),
    cells.prose(whatTheCurveShows(facts.name, fits, isPublished)),
    parameterCurves([
      ...fits.map((fit) => ({
        source: facts.surrogate ? `fitted (${facts.name})` : "fitted",
        mode: fit.mode,
        peak_reduction: fit.peakReduction,
        ...fit.parameters,
      })),
      ...published.map((fit) => ({
        source: "published",
        mode: fit.mode,
        peak_reduction: fit.peakReduction,
        ...fit.parameters,
      })),
    ], parameters),
    ...(isPublished && facts.name === "twin"
      ? [recoveryTable(cells.table, fits)]
      : []),
    scoreCurves([
      ...fits.map((fit) => ({
        source: facts.surrogate ? `fitted (${facts.name})` : "fitted",
        mode: fit.mode,
        peak_reduction: fit.peakReduction,
        esr: fit.score.esr,
        delta_ldr_db: fit.score.deltaLdrDb,
      })),
      ...PUBLISHED_SCORES.filter((row) =>
        isPublished && row.method === "4A2A" &&
        fits.some((fit) => sameSetting(fit, row))
      ).map((row) => ({
        source: "published",
        mode: row.mode,
        peak_reduction: row.peakReduction,
        esr: row.esr,
        delta_ldr_db: row.deltaLdrDb,
      })),
    ]),

    ...(interpolation.size === 0 ? [] : [
      cells.step("Between the settings", code("testInterpolation")),
      cells.prose(whatInterpolationShows(fits, interpolation)),
      cells.table(
        "ESR with interpolated parameters",
        [
          { key: "mode", title: "Mode" },
          { key: "peak_reduction", title: "Peak reduction" },
          { key: "fitted", title: "Fitted" },
          { key: "linear", title: "Linear" },
          { key: "spline", title: "Spline" },
          ...(isPublished
            ? [
              { key: "published_fitted", title: "Published, fitted" },
              { key: "published_linear", title: "Published, linear" },
              { key: "published_spline", title: "Published, spline" },
            ]
            : []),
        ],
        fits.flatMap((fit) => {
          const tested = interpolation.get(keyOfSetting(fit));
          if (tested === undefined) return [];
          const known = publishedFit(fit);
          return [{
            mode: fit.mode,
            peak_reduction: fit.peakReduction,
            fitted: fit.score.esr,
            ...tested,
            published_fitted: known?.esr,
            published_linear: known?.esrLinear,
            published_spline: known?.esrSpline,
          }];
        }),
      ),
    ]),

    cells.step("All figures", code("writeCurve")),
    cells.prose(
      "The same figures lie beside this page: `parameters.yaml`, which " +
        "`deno task render --curve` takes" +
        (isPublished
          ? ", and a CSV file for each mode in the columns of the published ones."
          : "."),
    ),
    cells.table(
      "Every setting",
      [
        { key: "mode", title: "Mode" },
        { key: "peak_reduction", title: "Peak reduction" },
        ...parameters.map(columnOf),
        { key: "esr", title: "ESR", digits: 3 },
        { key: "delta_ldr_db", title: "ΔLDR", unit: "dB", decimals: 3 },
        { key: "iterations", title: "Iterations" },
        ...(ofPart.length === 0
          ? []
          : [{ key: "coarse_iterations", title: "On a part before" }]),
        { key: "stopped", title: "Stopped by" },
        { key: "lag_samples", title: "Lag", unit: "samples" },
        { key: "fit_seconds", title: "Time", unit: "s", digits: 2 },
      ],
      fits.map((fit) => ({
        mode: fit.mode,
        peak_reduction: fit.peakReduction,
        ...fit.parameters,
        esr: fit.score.esr,
        delta_ldr_db: fit.score.deltaLdrDb,
        iterations: fit.esrByIteration.length - 1,
        coarse_iterations: coarseIterationsOf(fit),
        stopped: fit.stopReason,
        lag_samples: fit.lag,
        fit_seconds: fit.fitSeconds,
      })),
    ),
    cells.config({ ...config, model: model.name }),
  ];
  await writeReport(path, {
    experiment: EXPERIMENT,
    title: `${
      isPublished ? "4A-2A" : model.name
    }: the levelling amplifier, setting by setting`,
    subtitle: `${isPublished ? "Five" : parameters.length} parameters ${
      fits.length === 1
        ? `at ${nameOfSetting(fits[0])}`
        : `for each of ${fits.length} settings`
    } of ${facts.title}`,
    source: {
      name: facts.title,
      surrogate: facts.surrogate,
      description: facts.description,
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

/** Where the first fit of a mode starts; its make-up is set by the energies. */
function startInWords({ model, solver }: Config): string {
  const given: Partial<Values> = solver.start;
  return model.parameters.filter(({ name }) => name !== "make_up_db")
    .map(({ name, title, unit, start }) => {
      const value = given[name] ?? start;
      return `${title.toLowerCase()} ${
        unit === "dB"
          ? formatDecibels(value)
          : unit.startsWith(":")
          ? value
          : `${value} ${unit}`.trim()
      }`;
    }).join(", ");
}

/** The column of a parameter in a table. */
function columnOf({ name, title, unit, decimals }: Parameter) {
  return {
    key: name,
    title,
    ...(unit !== "" && !unit.startsWith(":") && { unit }),
    ...(unit === "dB" ? { decimals } : { digits: decimals }),
  };
}

/** How much sound there was, each setting's being `lengths` seconds. */
function durationsOf(lengths: number[]): string {
  const [shortest, longest] = [Math.min(...lengths), Math.max(...lengths)]
    .map((seconds) => formatDuration(seconds));
  return shortest === longest
    ? `${longest} of sound${lengths.length === 1 ? "" : " each"}`
    : `${shortest} to ${longest} of sound each`;
}

/** Iterations on a part of the sound that went before; 0 where none did. */
function coarseIterationsOf({ coarseEsrByIteration }: SettingFit): number {
  return Math.max(0, coarseEsrByIteration.length - 1);
}

/** The same of those fits that began with a part. */
function coarseIterations(fits: SettingFit[]): number[] {
  return fits.filter((fit) => fit.coarseEsrByIteration.length > 0)
    .map(coarseIterationsOf);
}

/** A fit's error by iteration: on a part of the sound up to 0, then on all. */
function iterationRows(fit: SettingFit) {
  const { mode, peakReduction: peak_reduction } = fit;
  const before = coarseIterationsOf(fit);
  return [
    ...fit.esrByIteration.map((esr, iteration) => ({
      mode,
      peak_reduction,
      sound: "all of the sound",
      iteration,
      esr,
    })),
    ...fit.coarseEsrByIteration.map((esr, i) => ({
      mode,
      peak_reduction,
      sound: "a part of it, before",
      iteration: i - before,
      esr,
    })),
  ];
}

/** How the fits went, in words that the figures bear out. */
function whatTheFitsShow(fits: SettingFit[]): string {
  const converged = fits.filter((fit) => fit.converged).length;
  const ofPart = coarseIterations(fits);
  const neverRises = fits.every((fit) =>
    [fit.esrByIteration, fit.coarseEsrByIteration].every((esrs) =>
      esrs.every((esr, i) => i === 0 || esr <= esrs[i - 1])
    )
  );
  const before = ofPart.length === 0
    ? ""
    : ` Before that, ${
      ofPart.length === fits.length
        ? fits.length === 1 ? "it" : "each"
        : `${ofPart.length} of them`
    } began on a part of the sound, with ${countedRange(ofPart, "iteration")}.`;
  const shrinking = shrinkingOf(fits);
  const rate = shrinking.length === 0
    ? ""
    : ` Near the end a step leaves ${
      formatPercent(median(shrinking), 2)
    } of what the loss still stands above its last value (median of ${
      formatCount(shrinking.length, "step")
    }: the two before each fit's last, never its first). Were the loss smooth ` +
      "it would be less and less: but the " +
      "ballistics switch between attack and release at samples that move with " +
      "the parameters, which the Hessian of a fixed branch does not see.";
  return `${
    fits.length === 1
      ? converged === 1 ? "The fit converged" : "The fit did not converge"
      : `${converged} of ${fits.length} fits converged`
  }, in ${
    countedRange(
      fits.map((fit) => fit.esrByIteration.length - 1),
      "iteration",
    )
  }${neverRises ? "; the loss never rises" : ""}.${before}${rate}`;
}

/**
 * By how much each of the two steps before the last shrank the loss's excess over
 * its end, the first step of a fit left out: it starts from somewhere else.
 */
function shrinkingOf(fits: SettingFit[]): number[] {
  return fits.flatMap(({ esrByIteration }) => {
    const end = esrByIteration.at(-1)!;
    const excess = esrByIteration.slice(1).slice(-4, -1).map((esr) =>
      esr - end
    );
    return excess.slice(1).map((value, i) => value / excess[i])
      .filter((part) => part > 0 && part < 1);
  });
}

/** What the parameter curves show, in words that the figures bear out. */
function whatTheCurveShows(
  unit: string,
  fits: SettingFit[],
  isPublished: boolean,
): string {
  const ends = [...new Set(fits.map((fit) => fit.mode))].map((mode) => {
    const own = fits.filter((fit) => fit.mode === mode);
    const [high, low] = [own[0], own[own.length - 1]];
    if (own.length === 1) {
      return `In ${mode} mode, at ${high.peakReduction}, the threshold is ${
        formatDecibels(high.parameters.threshold_db, 1)
      }, the attack ${formatNumber(high.parameters.attack_ms, 3)} ms.`;
    }
    return `In ${mode} mode the threshold goes from ${
      formatDecibels(low.parameters.threshold_db, 1)
    } at ${low.peakReduction} to ${
      formatDecibels(high.parameters.threshold_db, 1)
    } at ${high.peakReduction}, the attack from ${
      formatNumber(low.parameters.attack_ms, 3)
    } to ${formatNumber(high.parameters.attack_ms, 3)} ms.`;
  }).join(" ");
  if (!isPublished) return ends;
  const frame = {
    twin:
      "The twin is the published curve itself, so solid and dashed lines must meet: the table gives what is left between them.",
    optical:
      "The optical unit shares nothing with the fitted model: it feeds back, its cell releases in two stages, and it distorts. Its knob and its cell were calibrated so that the fitted curves follow the published trends; where solid and dashed lines part, the two units differ.",
  }[unit] ??
    "Solid lines are fitted to these recordings, dashed ones are published.";
  return `${ends} ${frame}`;
}

/** What the interpolation test shows. */
function whatInterpolationShows(
  fits: SettingFit[],
  interpolation: Map<string, InterpolationScore>,
): string {
  const left = fits.flatMap((fit) => {
    const tested = interpolation.get(keyOfSetting(fit));
    return tested === undefined ? [] : [{ fit: fit.score.esr, ...tested }];
  });
  // Beside a fit that leaves no more than rounding there is nothing to grow from.
  const isExact = median(left.map(({ fit }) => fit)) < 1e-9;
  const growth = (method: keyof InterpolationScore) =>
    isExact
      ? formatNumber(median(left.map((esrs) => esrs[method])), 2)
      : `${
        formatFixed(
          100 * median(left.map((esrs) => esrs[method] / esrs.fit - 1)),
          1,
        )
      } %`;
  return `Every second setting of a mode was left out and its parameters ` +
    `interpolated from the rest. With straight lines the ESR is ${
      growth("linear")
    }${
      isExact ? "" : " above that of the fit"
    } (median), with a not-a-knot spline ${growth("spline")}${
      isExact ? ", where the fits themselves leave next to nothing" : ""
    }.`;
}

/** On the twin: what was found against what is true. */
function recoveryTable(
  table: typeof import("../lib/report/cells.ts").table,
  fits: SettingFit[],
) {
  return table(
    "Recovery: found less true",
    [
      { key: "mode", title: "Mode" },
      { key: "peak_reduction", title: "Peak reduction" },
      { key: "threshold_db", title: "Threshold", unit: "dB", digits: 2 },
      { key: "ratio", title: "Ratio", unit: "%", digits: 2 },
      { key: "attack", title: "Attack", unit: "%", digits: 2 },
      { key: "release", title: "Release", unit: "%", digits: 2 },
      { key: "make_up_db", title: "Make-up", unit: "dB", digits: 2 },
    ],
    fits.flatMap(({ mode, peakReduction, parameters: found }) => {
      const truth = publishedFit({ mode, peakReduction })?.parameters;
      if (truth === undefined) return [];
      const percent = (a: number, b: number) => 100 * (a / b - 1);
      return [{
        mode,
        peak_reduction: peakReduction,
        threshold_db: found.threshold_db - truth.threshold_db,
        ratio: percent(found.ratio, truth.ratio),
        attack: percent(found.attack_ms, truth.attack_ms),
        release: percent(found.release_ms, truth.release_ms),
        make_up_db: found.make_up_db - truth.make_up_db,
      }];
    }),
  );
}

/** "4", "3 to 4": the least and the greatest of `values`. */
function rangeOf(values: number[]): string {
  const [least, greatest] = [Math.min(...values), Math.max(...values)];
  return least === greatest ? String(least) : `${least} to ${greatest}`;
}

/** "1 iteration", "3 to 4 iterations". */
function countedRange(values: number[], noun: string): string {
  return `${rangeOf(values)} ${noun}${Math.max(...values) === 1 ? "" : "s"}`;
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
}

/** The command. */
export const command = new Command("deno task exp:sweep")
  .description(
    "Experiment 04: fits every setting of the levelling amplifier and writes\n" +
      "the curve of its parameters, with a report.",
  )
  .addOption(unitOption())
  .addOption(dataOption())
  .addOption(stimulusOption())
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
A setting whose recording cannot be used is left out: the page lists it, and the
exit code is 1.

Examples:
  deno task exp:sweep
  deno task exp:sweep --unit twin --set data.duration=30
  deno task exp:sweep --model opto+coupling
  deno task exp:sweep --set sweep.modes=[limit] --set sweep.settings=[100,80,60]
  deno task exp:sweep --data SignalTrain_LA2A_Dataset_1.1`,
  )
  .action(async (options) => {
    const started = performance.now();
    const config = await withEngine(
      await configOf(schema, EXPERIMENT, options),
    );
    requireOneSource(config.data, options.unit);
    using source = await openBackgroundSource(config.data);
    const facts = source.describe();
    const settings = settingsInOrder(config.sweep);
    requireSettings(source, settings);
    const store = await openResultStore(
      join(resultsFolder(options.out), EXPERIMENT),
      facts.name,
      inputsOf({ ...config, model: config.model.name }, facts),
    );
    const { fits, leftOut } = await fitSettings(
      source,
      settings,
      config,
      store,
    );
    const interpolation = await testInterpolation(source, fits, config, store);
    const outcome: Outcome = {
      fits,
      leftOut,
      interpolation,
      seconds: (performance.now() - started) / 1000,
    };
    await writeCurve(store.folder, source, outcome, config);
    const page = join(store.folder, "report.html");
    await writeReportPage(page, source, outcome, config);

    const wholeEsr = mean(fits.map((fit) => fit.score.esr));
    const chunkEsr = mean(fits.map((fit) => fit.chunkEsr));
    await printResult(
      [
        `${bold("Data")}        ${facts.title}${
          facts.surrogate && !/surrogate/.test(facts.title)
            ? " (surrogate data)"
            : ""
        }`,
        `${bold("Settings")}    ${fits.length}, ${
          fits.filter((fit) => fit.converged).length
        } converged${
          leftOut.length === 0 ? "" : `; ${leftOut.length} left out`
        }`,
        `${bold("Mean ESR")}    ${formatNumber(wholeEsr)}${
          esrsDiffer(wholeEsr, chunkEsr)
            ? ` over whole recordings, ${
              formatNumber(chunkEsr)
            } where the loss counts`
            : ""
        }`,
        `${bold("Time")}        ${
          formatDuration((performance.now() - started) / 1000)
        }`,
        `${bold("Report")}      ${page}`,
      ].join("\n"),
      {
        source: factsToJson(facts),
        sample_rate: facts.sampleRate,
        engine: config.engine,
        model: config.model.name,
        order: config.model.parameters.map(({ name }) => name),
        seconds: (performance.now() - started) / 1000,
        report: page,
        settings: fits.map((fit) => ({
          mode: fit.mode,
          peak_reduction: fit.peakReduction,
          params: jsonValues(fit.parameters),
          esr: fit.score.esr,
          whole_esr: fit.score.esr,
          chunk_esr: fit.chunkEsr,
          delta_ldr_db: fit.score.deltaLdrDb,
          lag_samples: fit.lag ?? null,
          iterations: fit.esrByIteration.length - 1,
          coarse_iterations: coarseIterationsOf(fit),
          converged: fit.converged,
          stop_reason: fit.stopReason,
          warnings: fit.warnings,
        })),
        left_out: leftOut.map(({ mode, peakReduction, reason }) => ({
          mode,
          peak_reduction: peakReduction,
          reason,
        })),
      },
      options.json,
    );
    if (leftOut.length > 0) {
      throw new Error(
        `${leftOut.length} of ${formatCount(settings.length, "setting")} ${
          leftOut.length === 1 ? "was" : "were"
        } left out: ${page} says why; the rest lies beside it`,
      );
    }
  });

if (import.meta.main) await runCommand(command);
