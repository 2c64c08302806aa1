/**
 * `deno task fit DRY.wav WET.wav`: the compressor that turns one recording into
 * the other.
 *
 * @module
 */

import { Command } from "@commander-js/extra-typings";
import { writeFileWhole } from "../base/atomic_file.ts";
import { jsonValues } from "../data/values_schema.ts";
import { originNow, unitOfValues, unitToYaml } from "../data/unit_file.ts";
import { fitTakes, placeTake, type TakesFit } from "../fitting/fit_takes.ts";
import {
  type GainAlone,
  gainAlone,
  levelSlope,
  verdictOf,
} from "../fitting/fit_verdict.ts";
import { chunkOptions, completed, fitSchema } from "../fitting/fit_config.ts";
import { fitWarnings } from "../fitting/fit_warnings.ts";
import { type Score, scoreEach, scoreTakes } from "../metrics/score.ts";
import type { Model, Values } from "../models/model.ts";
import { PAPER_MODEL, parseModel } from "../models/presets.ts";
import type { IterationRecord, StopReason } from "../optimise/minimiser.ts";
import { type Coordinates, loopTimes } from "../objective/coordinates.ts";
import {
  formatCount,
  formatDecibels,
  formatDuration,
  formatFixed,
  formatInteger,
  formatMilliseconds,
  formatNumber,
} from "../base/format.ts";
import {
  bold,
  CHANNEL_HELP,
  channelOf,
  configOf,
  configOption,
  engineOption,
  jsonOption,
  LINK_HELP,
  note,
  printResult,
  requireDistinctFiles,
  runCommand,
  secondsFromZero,
  setOption,
  startProgress,
  userPath,
  withEngine,
} from "../cli/command_line.ts";
import { modelOption, rangeOption } from "../cli/model_options.ts";
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

/** The lag in words, late or early. */
function describeLag(lag: number, sampleRate: number): string {
  const size = Math.abs(lag);
  const isWhole = Math.abs(lag - Math.round(lag)) < 5e-4;
  const count = isWhole ? formatInteger(size) : formatFixed(size, 3);
  const text = `${count} ${count === "1" ? "sample" : "samples"} (${
    formatMilliseconds(1000 * size / sampleRate, 3)
  })`;
  return size < 5e-4
    ? "none"
    : `${text}, the wet recording is ${lag > 0 ? "late" : "early"}, removed`;
}

/** Pairs of files. */
function pairsOf(files: readonly string[], what: string): [string, string][] {
  if (files.length % 2 !== 0) {
    throw new Error(
      `${what}: ${
        files.at(-1)
      } has no other side; give DRY.wav and WET.wav of each take`,
    );
  }
  return Array.from(
    { length: files.length / 2 },
    (_, i) => [files[2 * i], files[2 * i + 1]],
  );
}

/** A unit file gives where to start, of the parameters that the model has. */
async function startFrom(file: string, model: Model): Promise<Values> {
  const { values } = await readSetting(file);
  return completed(model, values);
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
      "corners of the unit's coupling and bandwidth where they matter, or those of\n" +
      "another --model. With them it finds the delay of each recording, in parts of a\n" +
      "sample. It looks among ratios from 1 to ∞, attacks of " + ATTACKS +
      " ms and releases\nof " + RELEASES +
      " ms, of a feedback model those of the loop (divided by the ratio),\n" +
      "or where --range says. A time is that in which the gain goes from 10 to 90 %\n" +
      "of its way, 2.2 time constants. What follows ± is the standard error.",
  )
  .argument("<files...>", "DRY.wav and WET.wav, of each take of one setting")
  .option("--test <files...>", "DRY.wav and WET.wav to test the result on")
  .option("--out <FILE.yaml>", "write the unit found, for render --params")
  .addOption(modelOption())
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
  .option("--channel <n>", CHANNEL_HELP, channelOf)
  .option("--dry-channel <n>", "channel of DRY.wav", channelOf)
  .option("--wet-channel <n>", "channel of WET.wav", channelOf)
  .option("--link", LINK_HELP)
  .option("--no-align", "leave the lag between the recordings as it is")
  .addOption(jsonOption())
  .addHelpText(
    "after",
    `
Examples:
  deno task fit dry.wav wet.wav --out unit.yaml
  deno task fit dry1.wav wet1.wav dry2.wav wet2.wav --test dry3.wav wet3.wav
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
    const named = pairsOf(files, "the recordings");
    const tested = pairsOf(options.test ?? [], "--test");
    await requireDistinctFiles(
      [...named.flat(), ...tested.flat(), options.config, options.start],
      { "--out": out, "--json": json },
    );
    const asked = await configOf(fitSchema, "fit", options, {
      "alignment.enabled": options.align ? undefined : false,
    });
    const isDelayed = asked.alignment.enabled &&
      asked.alignment.delay === "fraction";
    const config = await withEngine(asked, asked.model, {
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

    const start = options.start === undefined
      ? undefined
      : await startFrom(options.start, config.model);
    const progress = await startProgress("Fitting", solver.max_iterations);
    let done = 0;
    let fit: TakesFit;
    try {
      fit = await fitTakes(
        recorded.flatMap(({ takes }) => takes),
        config.model,
        solver,
        engine,
        {
          chunks,
          isDelayed,
          starts: start && [start],
          onIteration: ({ loss }, isCoarse) =>
            progress.update(
              Math.min(++done, solver.max_iterations),
              `loss ${formatNumber(loss, 5)}${isCoarse ? ", on a part" : ""}`,
            ),
        },
      );
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
      levelSlope(pairs) > 1.02,
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
    let scores: { whole: Score; each: Score[] };
    try {
      scores = await scoreEach(pairs, model, parameters);
      for (const [i, { dry, wet, takes }] of testing.entries()) {
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
        ...(verdict.doubt ? [verdict.doubt] : []),
        ...fitWarnings(pairs, model, fit),
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
      params: jsonValues(parameters),
      uncertainty: jsonValues(uncertainty),
      ...(model.feedback && { loop_ms: loopTimes(model, parameters) }),
      esr,
      chunk_esr: esr,
      whole_esr: whole.esr,
      gain_alone: { gain_db: alone.gainDb, esr: alone.esr },
      verdict: verdict.kind,
      delta_ldr_db: whole.deltaLdrDb,
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
      `${bold("ΔLDR")}        ${formatDecibels(whole.deltaLdrDb, 3)}`,
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
      }
    }
  });

if (import.meta.main) await runCommand(command);
