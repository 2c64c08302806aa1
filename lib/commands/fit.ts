/**
 * `deno task fit DRY.wav WET.wav`: the compressor that turns one recording into
 * the other.
 *
 * @module
 */

import { basename, join } from "node:path";
import { Command } from "@commander-js/extra-typings";
import { writeFileWhole } from "../base/atomic_file.ts";
import { jsonValues } from "../data/values_schema.ts";
import { originNow, unitOfValues, unitToYaml } from "../data/unit_file.ts";
import { fitTakes, placeTake, type TakesFit } from "../fitting/fit_takes.ts";
import {
  expands,
  type GainAlone,
  gainAlone,
  verdictOf,
} from "../fitting/fit_verdict.ts";
import { chooseModel, type ModelChoice } from "../fitting/choose_model.ts";
import {
  AUTO,
  choosingSchema,
  chunkOptions,
  completed,
  RICHEST,
} from "../fitting/fit_config.ts";
import { filterWarnings } from "../fitting/filter_left.ts";
import { fitWarnings } from "../fitting/fit_warnings.ts";
import { shelvedAs } from "../fitting/starts.ts";
import {
  type Score,
  scoreEach,
  scoreGated,
  scoreTakes,
} from "../metrics/score.ts";
import type { Model } from "../models/model.ts";
import { PAPER_MODEL, parseModel } from "../models/presets.ts";
import type { FitPage } from "../report/fit_page.ts";
import type { ReportMeta } from "../report/meta.ts";
import type { Pair } from "../sound/signal.ts";
import type { IterationRecord, StopReason } from "../optimise/minimiser.ts";
import { type Coordinates, loopTimes } from "../objective/coordinates.ts";
import {
  formatCount,
  formatDecibels,
  formatDuration,
  formatFixed,
  formatNumber,
} from "../base/format.ts";
import {
  bold,
  CHANNEL_HELP,
  configOf,
  configOption,
  engineOption,
  jsonOption,
  liesIn,
  LINK_HELP,
  note,
  positiveInteger,
  printResult,
  REPORTS,
  requireDistinctFiles,
  runCommand,
  secondsFromZero,
  setOption,
  startProgress,
  userPath,
  withEngine,
} from "../cli/command_line.ts";
import { pairsOf } from "../cli/pairs.ts";
import { modelOption, rangeOption } from "../cli/model_options.ts";
import { describeLag } from "./describe_lag.ts";
import { describeParameters } from "./describe_parameters.ts";
import {
  esrsDiffer,
  type OpenRecorded,
  openRecordedTakes,
} from "../cli/recordings.ts";
import { readSetting } from "./unit_files.ts";

const STOPPED: Record<StopReason, string> = {
  exact: "the loss counts as zero",
  gradient: "the gradient has vanished",
  step: "the step has become negligible",
  precision: "no step lowers the loss, and next to nothing is left to gain",
  stalled: "no shorter step lowers the loss, though its slope has not vanished",
  iterations:
    "the allowed iterations were used up; allow more with --set solver.max_iterations=…",
  "line-search": "no step along the Newton direction lowered the loss",
  "not-finite": "the loss was not a finite number",
};

/** Evaluations by order of all fits on the way, and those of a part of the chunks. */
function evaluationsOf({ path }: TakesFit) {
  const sum = (lists: (number[] | undefined)[]) =>
    lists.reduce<number[]>(
      (sums, list) => sums.map((value, i) => value + (list?.[i] ?? 0)),
      [0, 0, 0],
    );
  const whole = sum(path.map(({ minimum }) => minimum.evaluations));
  const ofPart = sum(path.map(({ coarse }) => coarse?.evaluations));
  const [values, gradients, hessians] = sum([whole, ofPart]);
  const of_a_part = ofPart.reduce((a, b) => a + b);
  return { values, gradients, hessians, of_a_part };
}

/** An iteration as `--json` shows it. */
function recordOf(
  { iteration, loss, gradientNorm, stepLength, accepted, eigenvalues, z }:
    IterationRecord,
  coordinates: Coordinates,
  isCoarse: boolean,
) {
  return {
    coarse: isCoarse,
    iteration,
    loss,
    gradient_norm: gradientNorm,
    step_length: stepLength,
    accepted,
    eigenvalues,
    params: jsonValues(coordinates.values(Float64Array.from(z))),
  };
}

/**
 * A unit file gives where to start, of the parameters that `model` has; where the unit
 * has a shelf, so has the model in place of a bandwidth.
 */
async function startFrom(file: string, model: Model) {
  const unit = await readSetting(file);
  const asked = shelvedAs(model, unit.model);
  return { model: asked, start: completed(asked, unit.values) };
}

/** The models that were tried, for `--json`. */
function choiceAsJson({ trials, chosen, heldOutSeconds }: ModelChoice) {
  return {
    held_out_seconds: heldOutSeconds,
    models: trials.map(({ model, parameters, esr, heldOutEsr }, i) => ({
      model: model.name,
      params: jsonValues(parameters),
      esr,
      held_out_esr: heldOutEsr,
      chosen: i === chosen,
    })),
  };
}

/** The same as a table. */
function describeChoice({ trials, chosen, heldOutSeconds }: ModelChoice) {
  const width = Math.max(...trials.map(({ model }) => model.name.length));
  return [
    `${"Tried".padEnd(width + 2)}parameters  ESR fitted  held out, ${
      formatDuration(heldOutSeconds)
    }`,
    ...trials.map(({ model, size, esr, heldOutEsr }, i) =>
      `${i === chosen ? "→" : " "} ${model.name.padEnd(width)}${
        String(size).padStart(10)
      }${formatNumber(esr, 4).padStart(13)}  ${formatNumber(heldOutEsr, 4)}`
    ),
  ].join("\n");
}

/** An ESR, in decibels too. */
function describeEsr(esr: number): string {
  return `${formatNumber(esr)} (${formatDecibels(10 * Math.log10(esr))})`;
}

/** What is known of a unit that does not compress: ratio 1, and its gain. */
function onlyGain(
  { parameters, uncertainty }: TakesFit,
  { gainDb, esr }: GainAlone,
) {
  return {
    parameters: { ...parameters, ratio: 1, make_up_db: gainDb },
    uncertainty: Object.fromEntries(
      Object.keys(uncertainty).map((name) => [
        name,
        name === "ratio" || name === "make_up_db" ? 0 : Infinity,
      ]),
    ),
    esr,
  };
}

/** Where `--report` puts the page, if it is wanted. */
function reportPath(
  given: string | boolean | undefined,
  files: readonly string[],
): string | undefined {
  if (given === undefined || given === false) return undefined;
  if (given === true) {
    const name = basename(files.at(-1)!).replace(/\.\w+$/, "");
    return join(REPORTS, "fit", `${name}.html`);
  }
  if (given.endsWith(".html")) return given;
  throw new Error(
    `--report ${given}: its name must end in .html; without a name, give --report after the recordings`,
  );
}

/** What people call a take: its wet side, and what of it where that has several. */
function nameOfTake(
  take: { wet: string; channel: number },
  all: readonly { wet: string; channel: number }[],
): string {
  const name = basename(take.wet);
  const alike = all.filter(({ wet }) => wet === take.wet);
  if (alike.length === 1) return name;
  const isOfChannel = alike.some(({ channel }) => channel !== take.channel);
  return isOfChannel
    ? `${name}, channel ${take.channel}`
    : `${name}, part ${alike.indexOf(take) + 1}`;
}

/** Writes the page, and its card beside it. */
async function writeFitPage(
  path: string,
  page: FitPage,
  engine: string,
): Promise<void> {
  const [
    { fitCells },
    { runtimeFacts, writeReport },
    { PAPER_LINK, pageLinks },
  ] = await Promise.all([
    import("../report/fit_page.ts"),
    import("../report/page.ts"),
    import("../report/references.ts"),
  ]);
  const [{ name }] = page.takes;
  const isAmongReports = await liesIn(path, REPORTS);
  const meta: ReportMeta = {
    experiment: "fit",
    title: `${page.model.name} fitted to ${name}`,
    subtitle: "Target and model: heard, seen, and what is left.",
    source: { name, surrogate: false },
    generatedAt: new Date(),
    provenance: { ...runtimeFacts(), "Engine": engine },
    links: isAmongReports ? pageLinks(userPath(path), REPORTS) : [PAPER_LINK],
  };
  await writeReport(userPath(path), meta, await fitCells(page));
}

/** Attacks and releases that are searched, for the help. */
const [ATTACKS, RELEASES] = ["attack_ms", "release_ms"].map((name) =>
  parseModel(PAPER_MODEL).parameters.find((one) => one.name === name)!.range
    .join("–")
);

/** The command. */
export const command = new Command("deno task fit")
  .description(
    "Finds the parameters of the compressor that turns DRY into WET, by\n" +
      "Newton-Raphson with the exact Hessian: those of the paper's 4A-2A, with the\n" +
      "corners of the unit's coupling and bandwidth where they matter (a bandwidth\n" +
      "becomes a shelf, of a pole and a zero, where one pole is too little), or those\n" +
      "of another --model. With them it finds the delay of each recording, in parts of\n" +
      "a sample. --model auto tries models from the simplest to opto on the first two\n" +
      "thirds, scores them on the last, and keeps the simplest within 10 % of the best.\n" +
      "It looks among ratios from 1 to ∞, attacks of " + ATTACKS +
      " ms and releases\nof " + RELEASES +
      " ms, of a feedback model those of the loop (divided by the ratio),\n" +
      "or where --range says. A time is that in which the gain goes from 10 to 90 %\n" +
      "of its way, 2.2 time constants. What follows ± is the standard error.",
  )
  .argument("<files...>", "DRY.wav and WET.wav, of each take of one setting")
  .option("--test <files...>", "DRY.wav and WET.wav to test the result on")
  .option("--out <FILE.yaml>", "write the unit found, for render --params")
  .option(
    "--report [FILE.html]",
    "write a page of the fit, to look at and to listen to, with FILE.card.json " +
      "for the index of reports (default: in reports/fit/)",
  )
  .addOption(modelOption(AUTO))
  .addOption(rangeOption())
  .option("--start <FILE.yaml>", "a unit to start from, as --out wrote it")
  .option(
    "--from <seconds>",
    "leave out what is before, by the dry side",
    secondsFromZero,
  )
  .option("--to <seconds>", "leave out what is after", secondsFromZero)
  .option("--force", "write a result that explains nothing, too")
  .addOption(configOption("fit"))
  .addOption(setOption())
  .addOption(engineOption())
  .option("--channel <n>", CHANNEL_HELP, positiveInteger)
  .option("--dry-channel <n>", "channel of DRY.wav", positiveInteger)
  .option("--wet-channel <n>", "channel of WET.wav", positiveInteger)
  .option("--link", LINK_HELP)
  .option("--no-align", "leave the lag between the recordings as it is")
  .addOption(jsonOption())
  .addHelpText(
    "after",
    `
--set solver.method=damped minimises as the paper does, with random steps where the
Hessian is indefinite, in place of a trust region.

Examples:
  deno task fit dry.wav wet.wav --out unit.yaml
  deno task fit dry.wav wet.wav --report fit.html
  deno task fit dry1.wav wet1.wav dry2.wav wet2.wav --test dry3.wav wet3.wav
  deno task fit dry.wav wet.wav --model auto --out unit.yaml
  deno task fit dry.wav wet.wav --model opto --range attack_ms=0.1..50
  deno task fit dry.wav wet.wav --set solver.method=damped --json -`,
  )
  .action(async (files, options) => {
    const { out, json } = options;
    if (out !== undefined && !/\.ya?ml$/i.test(out)) {
      throw new Error(
        `--out ${out}: its name must end in .yaml or .yml; for JSON there is --json`,
      );
    }
    const report = reportPath(options.report, files);
    const named = pairsOf(files, "the recordings");
    const tested = pairsOf(options.test ?? [], "--test");
    await requireDistinctFiles(
      [...named.flat(), ...tested.flat(), options.config, options.start],
      { "--out": out, "--report": report, "--json": json },
    );
    const asked = await configOf(choosingSchema, "fit", options, {
      "alignment.enabled": options.align ? undefined : false,
    });
    const isDelayed = asked.alignment.enabled &&
      asked.alignment.delay === "fraction";
    const richest = asked.model === AUTO ? parseModel(RICHEST) : asked.model;
    const config = await withEngine({ ...asked, model: richest }, richest, {
      linked: options.link,
      delayed: isDelayed,
    });
    const { solver, engine } = config;
    const recordingOptions = { ...options, alignment: config.alignment };
    const chunks = chunkOptions(config.chunks);
    const recorded: OpenRecorded[] = [];
    for (const [dry, wet] of named) {
      const part = { from: options.from, to: options.to };
      recorded.push(
        ...await openRecordedTakes(dry, wet, recordingOptions, part),
      );
    }
    const testing: OpenRecorded[] = [];
    for (const [dry, wet] of tested) {
      testing.push(...await openRecordedTakes(dry, wet, recordingOptions));
    }
    const all = [...recorded, ...testing];
    const warnings = all.flatMap((one) => {
      const where = all.length === 1
        ? ""
        : `${one.wet}${one.channel > 1 ? `, channel ${one.channel}` : ""}: `;
      return one.warnings.map((warning) => where + warning);
    }).filter((warning, i, all) => all.indexOf(warning) === i);
    for (const warning of warnings) note(`warning: ${warning}`);

    if (options.start !== undefined && asked.model === AUTO) {
      throw new Error(
        "--start: a unit to start from is of one model; leave it out with --model auto",
      );
    }
    const from = options.start === undefined
      ? { model: config.model, start: undefined }
      : await startFrom(options.start, config.model);
    const progress = await startProgress("Fitting", solver.max_iterations);
    let done = 0;
    let fit: TakesFit;
    let choice: ModelChoice | undefined;
    try {
      const given = recorded.flatMap(({ takes }) => takes);
      let name = "";
      const fitOptions = {
        chunks,
        isDelayed,
        onIteration: ({ loss }: IterationRecord, isCoarse: boolean) =>
          progress.update(
            Math.min(++done, solver.max_iterations),
            `${name}loss ${formatNumber(loss, 5)}${
              isCoarse ? ", on a part" : ""
            }`,
          ),
      };
      if (asked.model === AUTO) {
        choice = await chooseModel(given, solver, engine, {
          ...fitOptions,
          onTrial(model) {
            done = 0;
            name = `${model}: `;
          },
        });
        fit = choice.fit;
      } else {
        fit = await fitTakes(given, from.model, solver, engine, {
          ...fitOptions,
          starts: from.start && [from.start],
        });
      }
    } finally {
      progress.stop();
    }
    const { minimum, coordinates, model } = fit;
    const pairs = fit.takes.map(({ pair }) => pair);
    const [{ sampleRate }] = pairs;
    const alone = gainAlone(pairs);
    const verdict = verdictOf(
      fit.esr,
      alone,
      expands(pairs),
      recorded.some(({ isSwapped }) => isSwapped),
    );
    if (verdict.kind === "nothing found" && !options.force) {
      throw new Error(verdict.sentence);
    }
    const { parameters, uncertainty, esr } = verdict.kind === "not compressing"
      ? onlyGain(fit, alone)
      : fit;
    const scoring = await startProgress("Scoring", 1 + testing.length);
    const tests = [];
    const heard: { wet: string; channel: number; pair: Pair }[] = [];
    let scores: { whole: Score; each: Score[] };
    let gatedLdrDb: number;
    try {
      scores = await scoreEach(pairs, model, parameters);
      gatedLdrDb = await scoreGated(pairs, model, parameters);
      for (const [i, { dry, wet, channel, takes }] of testing.entries()) {
        scoring.update(1 + i, wet);
        for (const take of takes) {
          const { pair, lag, esr, initialGainDb } = await placeTake(
            take,
            model,
            parameters,
            engine,
            { chunks, isDelayed },
          );
          const score = await scoreTakes([pair], model, parameters);
          heard.push({ wet, channel, pair });
          tests.push({
            dry,
            wet,
            lag_samples: lag,
            ...(initialGainDb !== undefined &&
              { initial_gain_db: initialGainDb }),
            esr,
            whole_esr: score.esr,
            delta_ldr_db: score.deltaLdrDb,
          });
        }
      }
    } finally {
      scoring.stop();
    }
    const { whole, each } = scores;

    const doubts = verdict.kind === "compresses"
      ? [
        ...(choice?.doubt === undefined ? [] : [choice.doubt]),
        ...(verdict.doubt ? [verdict.doubt] : []),
        ...fitWarnings(pairs, model, fit),
        ...await filterWarnings(pairs, model, fit.parameters),
      ]
      : [verdict.sentence];
    for (const warning of doubts) note(`warning: ${warning}`);
    warnings.push(...doubts);

    const iterations = fit.path.reduce(
      (sum, { minimum }) => sum + minimum.iterations,
      0,
    );
    const coarseIterations = fit.path.reduce(
      (sum, { coarse }) => sum + (coarse?.iterations ?? 0),
      0,
    );
    const size = minimum.z.length;
    const ofTakes = recorded.flatMap((one) =>
      one.takes.map((take) => ({ one, take }))
    );
    const takes = ofTakes.map(({ one, take }, i) => ({
      dry: one.dry,
      wet: one.wet,
      channel: one.channel,
      lag_samples: config.alignment.enabled ? fit.takes[i].lag : null,
      polarity: one.polarity ?? null,
      ...(take.driftPpm !== 0 && { drift_ppm: take.driftPpm }),
      ...(fit.takes[i].initialGainDb !== undefined &&
        { initial_gain_db: fit.takes[i].initialGainDb }),
      ...(one.slips.length > 0 && { slips: one.slips }),
    }));
    const result = {
      model: model.name,
      dropped: fit.dropped,
      ...(fit.bandwidthEsr !== undefined &&
        { bandwidth_esr: fit.bandwidthEsr }),
      ...(choice && { choice: choiceAsJson(choice) }),
      params: jsonValues(parameters),
      uncertainty: jsonValues(uncertainty),
      ...(model.feedback && { loop_ms: loopTimes(model, parameters) }),
      esr,
      chunk_esr: esr,
      whole_esr: whole.esr,
      gain_alone: { gain_db: alone.gainDb, esr: alone.esr },
      verdict: verdict.kind,
      delta_ldr_db: whole.deltaLdrDb,
      delta_ldr_gated_db: gatedLdrDb,
      lag_samples: takes[0].lag_samples,
      polarity: takes[0].polarity,
      takes: takes.map((take, i) => ({
        ...take,
        from_seconds: ofTakes[i].take.from,
        to_seconds: ofTakes[i].take.to,
        esr: each[i].esr,
        delta_ldr_db: each[i].deltaLdrDb,
      })),
      tests,
      link: options.link ?? false,
      iterations,
      coarse_iterations: coarseIterations,
      evaluations: evaluationsOf(fit),
      converged: minimum.converged,
      stop_reason: minimum.stopReason,
      loss: minimum.loss,
      order: coordinates.names,
      gradient: [...minimum.gradient],
      hessian: Array.from(
        { length: size },
        (_, i) => [...minimum.hessian.subarray(i * size, (i + 1) * size)],
      ),
      engine,
      sample_rate: sampleRate,
      method: solver.method,
      seconds: pairs.reduce(
        (sum, { dry, sampleRate }) => sum + dry.length / sampleRate,
        0,
      ),
      warnings,
      records: fit.path.flatMap(({ coarse, minimum, coordinates }) => [
        ...coarse?.records.map((at) => recordOf(at, coordinates, true)) ?? [],
        ...minimum.records.map((at) => recordOf(at, coordinates, false)),
      ]),
    };
    const rows = [
      ...takes.map((take, i) => ({ ...take, ...each[i], kind: "fitted" })),
      ...tests.map((test) => ({
        ...test,
        deltaLdrDb: test.delta_ldr_db,
        kind: "tested",
      })),
    ];
    const text = [
      `${bold("Recording")}   ${
        formatDuration(result.seconds)
      } at ${sampleRate} Hz${
        takes.length > 1
          ? `, ${takes.length} ${options.link ? "linked " : ""}takes`
          : `, lag ${
            takes[0].lag_samples === null
              ? "not looked for"
              : describeLag(takes[0].lag_samples, sampleRate)
          }${takes[0].channel > 1 ? `, channel ${takes[0].channel}` : ""}`
      }`,
      `${bold("Model")}       ${model.name}${
        fit.dropped.length === 0
          ? ""
          : ` (${fit.dropped.join(" and ")} made no difference and ${
            fit.dropped.length === 1 ? "was" : "were"
          } dropped)`
      }`,
      ...(fit.bandwidthEsr === undefined ? [] : [
        `            the bandwidth is a shelf: with one pole alone the ESR is ${
          formatNumber(fit.bandwidthEsr, 3)
        }`,
      ]),
      ...(choice === undefined ? [] : ["", describeChoice(choice), ""]),
      ...fit.takes.flatMap(({ initialGainDb }, i) =>
        initialGainDb === undefined ? [] : [
          `${bold("Start")}       ${
            takes.length === 1 ? "the recording" : `take ${i + 1}`
          } begins with a gain of ${formatDecibels(initialGainDb)}`,
        ]
      ),
      "",
      ...(verdict.kind === "not compressing"
        ? [verdict.sentence]
        : [describeParameters(model, parameters, uncertainty)]),
      "",
      ...(esrsDiffer(whole.esr, esr)
        ? [
          `${bold("ESR")}         ${describeEsr(esr)} where the loss counts`,
          `            ${
            describeEsr(whole.esr)
          } over the whole recording, from rest`,
        ]
        : [`${bold("ESR")}         ${describeEsr(esr)}`]),
      `            ${describeEsr(alone.esr)} by the best constant gain alone`,
      `${bold("ΔLDR")}        ${formatDecibels(whole.deltaLdrDb, 3)}, ${
        formatDecibels(gatedLdrDb, 3)
      } where there is sound`,
      ...(rows.length > 1
        ? rows.map((row) =>
          `  ${row.kind}    ${row.wet}: ESR ${formatNumber(row.esr, 3)}, ΔLDR ${
            formatDecibels(row.deltaLdrDb)
          }${
            row.lag_samples === null
              ? ""
              : `, lag ${formatFixed(row.lag_samples, 3)}`
          }`
        )
        : []),
      `${bold(minimum.converged ? "Converged" : "Stopped  ")}   after ${
        formatCount(iterations, "iteration")
      }${coarseIterations === 0 ? "" : ` and ${coarseIterations} on a part`}: ${
        STOPPED[minimum.stopReason]
      }`,
    ].join("\n");
    const saysToo = (text: string) =>
      json === "-" ? note(text) : console.log(text);
    const page = report === undefined ? undefined : {
      model,
      values: parameters,
      uncertainty,
      loop: loopTimes(model, parameters),
      esr: { counted: esr, whole: whole.esr, gainAlone: alone.esr },
      deltaLdrDb: whole.deltaLdrDb,
      iterations,
      ending: STOPPED[minimum.stopReason],
      converged: minimum.converged,
      warnings,
      takes: [
        ...takes.map((take, i) => ({
          ...take,
          name: nameOfTake(take, takes),
          fitted: true,
          pair: pairs[i],
          score: each[i],
        })),
        ...tests.map((test, i) => ({
          ...test,
          name: nameOfTake(heard[i], heard),
          fitted: false,
          pair: heard[i].pair,
          score: { esr: test.whole_esr, deltaLdrDb: test.delta_ldr_db },
        })),
      ],
      config: { ...config, model: model.name },
    };
    // Printed first: what was found is not lost where a file cannot be written.
    try {
      await printResult(text, result, json);
    } finally {
      if (out !== undefined) {
        await writeFileWhole(
          userPath(out),
          unitToYaml({
            ...unitOfValues(model, parameters),
            sample_rate: sampleRate,
            settings: [{
              at: {},
              params: parameters,
              uncertainty: Object.fromEntries(
                Object.entries(uncertainty)
                  .filter(([, error]) => Number.isFinite(error)),
              ),
              esr,
              whole_esr: whole.esr,
              delta_ldr_db: whole.deltaLdrDb,
              converged: minimum.converged,
              warnings,
              ...(options.link && { link: true }),
              recordings: takes.map(({ channel, ...take }) => ({
                ...take,
                ...(channel > 1 && { channel }),
              })),
            }],
            origin: originNow(),
          }),
        );
        saysToo(`${bold("Unit")}        ${out}`);
      }
      if (page !== undefined) {
        await writeFitPage(report!, page, engine);
        saysToo(`${bold("Page")}        ${report}`);
      }
    }
  });

if (import.meta.main) await runCommand(command);
