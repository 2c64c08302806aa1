/**
 * `deno task fit DRY.wav WET.wav`: the compressor that turns one recording into
 * the other.
 *
 * @module
 */

import { Command } from "@commander-js/extra-typings";
import { writeFileWhole } from "../atomic_file.ts";
import { originNow, unitOfValues, unitToYaml } from "../data/unit_file.ts";
import { jsonValues } from "../data/values_schema.ts";
import { type Fit, fitPair } from "../fit.ts";
import { chunkOptions, fitSchema } from "../fit_config.ts";
import { fitWarnings } from "../fit_warnings.ts";
import { scoreTakes } from "../metrics/score.ts";
import { PAPER_MODEL, parseModel } from "../models/presets.ts";
import type { IterationRecord, StopReason } from "../optimise/minimiser.ts";
import { chunkTakes } from "../objective/chunks.ts";
import { type Coordinates, loopTimes } from "../objective/coordinates.ts";
import {
  formatCount,
  formatDecibels,
  formatDuration,
  formatInteger,
  formatMilliseconds,
  formatNumber,
} from "../format.ts";
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
  setOption,
  startProgress,
  userPath,
  withEngine,
} from "./command_line.ts";
import { modelOption, rangeOption } from "./model_options.ts";
import { describeParameters } from "./describe_parameters.ts";
import { esrsDiffer, openRecordings } from "./recordings.ts";

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

/** Evaluations by order, and how many of them were of a part of the chunks. */
function evaluationsOf({ coarse, minimum }: Fit) {
  const [values, gradients, hessians] = minimum.evaluations;
  const ofPart = coarse?.evaluations ?? [0, 0, 0];
  return {
    values: values + ofPart[0],
    gradients: gradients + ofPart[1],
    hessians: hessians + ofPart[2],
    of_a_part: ofPart[0] + ofPart[1] + ofPart[2],
  };
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
function describeLag(lag: number | undefined, sampleRate: number): string {
  if (lag === undefined) return "not looked for";
  const size = Math.abs(lag);
  const text = `${formatInteger(size)} ${size === 1 ? "sample" : "samples"} (${
    formatMilliseconds(1000 * size / sampleRate, 3)
  })`;
  return lag === 0
    ? text
    : `${text}, the wet recording is ${lag > 0 ? "late" : "early"}, removed`;
}

/** Attacks and releases that `4a-2a` is searched in, for the help. */
const [ATTACKS, RELEASES] = ["attack_ms", "release_ms"].map((name) =>
  parseModel(PAPER_MODEL).parameters.find((one) => one.name === name)!.range
    .join("–")
);

/** The command. */
export const command = new Command("deno task fit")
  .description(
    "Finds the parameters of the compressor that turns DRY into WET, by\n" +
      "Newton-Raphson with the exact Hessian: threshold, ratio, attack, release and\n" +
      `make-up gain of ${PAPER_MODEL}, or those of another --model. It looks among attacks\n` +
      `of ${ATTACKS} ms and releases of ${RELEASES} ms, of a feedback model those of the\n` +
      "loop (divided by the ratio), or where --range says.",
  )
  .argument("<DRY.wav>", "what went into the unit")
  .argument("<WET.wav>", "what came out of it")
  .option("--out <FILE.yaml>", "write the unit found, for render --params")
  .addOption(modelOption())
  .addOption(rangeOption())
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
  deno task fit dry.wav wet.wav --model opto --range attack_ms=0.1..50
  deno task fit dry.wav wet.wav --set solver.method=damped --json -`,
  )
  .action(async (dryPath, wetPath, options) => {
    const { out, json } = options;
    if (out !== undefined && !/\.ya?ml$/i.test(out)) {
      throw new Error(
        `--out ${out}: its name must end in .yaml or .yml; for JSON there is --json`,
      );
    }
    await requireDistinctFiles([dryPath, wetPath, options.config], {
      "--out": out,
      "--json": json,
    });
    const config = await withEngine(
      await configOf(fitSchema, "fit", options, {
        "alignment.enabled": options.align ? undefined : false,
      }),
    );
    const recordings = await openRecordings(dryPath, wetPath, {
      ...options,
      alignment: config.alignment,
    });
    for (const warning of recordings.warnings) note(`warning: ${warning}`);
    const { takes } = recordings;
    const [{ lag, polarity }] = takes;
    const pairs = takes.map(({ pair }) => pair);
    const [pair] = pairs;
    const { model } = config;

    const progress = await startProgress(
      "Fitting",
      config.solver.max_iterations,
    );
    const chunked = chunkTakes(pairs, chunkOptions(config.chunks));
    let fit;
    try {
      fit = await fitPair(chunked, model, config.solver, config.engine, {
        onIteration: ({ iteration, loss }, isCoarse) =>
          progress.update(
            iteration,
            `loss ${formatNumber(loss, 5)}${isCoarse ? ", on a part" : ""}`,
          ),
      });
    } finally {
      progress.stop();
    }
    const { minimum, parameters, coordinates, esr } = fit;
    const scoring = await startProgress("Scoring", 1);
    const { esr: wholeEsr, deltaLdrDb } = await scoreTakes(
      pairs,
      model,
      parameters,
    );
    scoring.stop();
    const doubts = fitWarnings(chunked, model, fit);
    for (const warning of doubts) note(`warning: ${warning}`);
    const warnings = [...recordings.warnings, ...doubts];

    const size = minimum.z.length;
    const result = {
      model: model.name,
      params: jsonValues(parameters),
      ...(model.feedback && { loop_ms: loopTimes(model, parameters) }),
      esr,
      chunk_esr: esr,
      whole_esr: wholeEsr,
      delta_ldr_db: deltaLdrDb,
      lag_samples: lag ?? null,
      polarity: polarity ?? null,
      takes: takes.map((take) => ({
        channel: take.channel,
        lag_samples: take.lag ?? null,
        polarity: take.polarity ?? null,
      })),
      link: options.link ?? false,
      iterations: minimum.iterations,
      coarse_iterations: fit.coarse?.iterations ?? 0,
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
      engine: config.engine,
      sample_rate: pair.sampleRate,
      method: config.solver.method,
      seconds: pair.dry.length / pair.sampleRate,
      warnings,
      records: [
        ...fit.coarse?.records.map((at) => recordOf(at, coordinates, true)) ??
          [],
        ...minimum.records.map((at) => recordOf(at, coordinates, false)),
      ],
    };
    const text = [
      `${bold("Recording")}   ${
        formatDuration(pair.dry.length / pair.sampleRate)
      } at ${pair.sampleRate} Hz, lag ${describeLag(lag, pair.sampleRate)}${
        takes.length === 1
          ? takes[0].channel === 1 ? "" : `, channel ${takes[0].channel}`
          : `, ${takes.length} ${options.link ? "linked " : ""}channels`
      }`,
      "",
      describeParameters(model, parameters),
      "",
      `${bold("ESR")}         ${formatNumber(esr)} (${
        formatDecibels(10 * Math.log10(esr))
      })${esrsDiffer(wholeEsr, esr) ? ", where the loss counts" : ""}`,
      ...(esrsDiffer(wholeEsr, esr)
        ? [
          `            ${formatNumber(wholeEsr)} (${
            formatDecibels(10 * Math.log10(wholeEsr))
          }) over the whole recording`,
        ]
        : []),
      `${bold("ΔLDR")}        ${formatDecibels(deltaLdrDb, 3)}`,
      `${bold(minimum.converged ? "Converged" : "Stopped")}   after ${
        formatCount(minimum.iterations, "iteration")
      }${
        fit.coarse === undefined
          ? ""
          : ` and ${fit.coarse.iterations} on a part`
      }: ${STOPPED[minimum.stopReason]}`,
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
            sample_rate: pair.sampleRate,
            settings: [{
              at: {},
              params: parameters,
              esr,
              whole_esr: wholeEsr,
              delta_ldr_db: deltaLdrDb,
              converged: minimum.converged,
              warnings,
              ...(options.link && { link: true }),
              recordings: result.takes.map(({ channel, ...take }) => ({
                dry: dryPath,
                wet: wetPath,
                ...((takes.length > 1 || channel > 1) && { channel }),
                ...take,
              })),
            }],
            origin: originNow(),
          }),
        );
      }
    }
  });

if (import.meta.main) await runCommand(command);
