/**
 * `deno task objective DRY.wav WET.wav --params …`: loss, gradient and Hessian of a
 * model against a recording, in the coordinates the optimiser moves in or by the
 * parameters themselves.
 *
 * @module
 */

import {
  Command,
  InvalidArgumentError,
  Option,
} from "@commander-js/extra-typings";
import { jsonValues } from "../data/values_schema.ts";
import type { Engine } from "../objective/evaluation.ts";
import { openEngine } from "../engines/open.ts";
import { chunkOptions, fitSchema } from "../fitting/fit_config.ts";
import { type Values, vectorOf } from "../models/model.ts";
import { PAPER_MODEL } from "../models/presets.ts";
import { chunkTakes } from "../sound/chunks.ts";
import { objectiveOf } from "../objective/objective.ts";
import {
  type Coordinates,
  loopTimes,
  paperCoordinates,
} from "../objective/coordinates.ts";
import { isFiniteEvaluation } from "../optimise/minimiser.ts";
import { formatNumber } from "../base/format.ts";
import {
  bold,
  CHANNEL_HELP,
  channelOf,
  configOf,
  engineOption,
  jsonOption,
  LINK_HELP,
  note,
  placeOfParameters,
  printResult,
  requireDistinctFiles,
  runCommand,
  secondsFromZero,
  secondsOf,
  setOption,
  startProgress,
  withEngine,
} from "../cli/command_line.ts";
import { modelOption, rangeOption } from "../cli/model_options.ts";
import { describeParameters } from "./describe_parameters.ts";
import { openRecordings } from "../cli/recordings.ts";
import { readSetting } from "./unit_files.ts";

/** Steps of progress: reading, laying out, computing. */
const STEPS = 3;

/** Samples, whole or not. */
function samplesOf(text: string): number {
  const samples = text.trim() === "" ? NaN : Number(text.replace("−", "-"));
  if (Number.isFinite(samples)) return samples;
  throw new InvalidArgumentError("give samples as a number, such as 12.25.");
}

/** Coordinates of what `--params` gave; where it cannot be, tells from where. */
function coordinatesOf(
  values: Values,
  space: Coordinates,
  given: string,
): Float64Array {
  try {
    return space.coordinates(values);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new RangeError(
      `${
        placeOfParameters(given)
      }: ${error.message}. Give a --range that holds it, or --by parameters`,
    );
  }
}

/** The command. */
export const command = new Command("deno task objective")
  .description(
    "Loss, gradient and Hessian of a compressor against a recording, by the\n" +
      "coordinates that the optimiser moves in or by the parameters themselves. Those\n" +
      `of ${PAPER_MODEL} are the published ones, unless --range is given. The model is that\n` +
      `of the parameters' file, or ${PAPER_MODEL}, unless --model is given.`,
  )
  .argument("<DRY.wav>", "what went into the unit")
  .argument("<WET.wav>", "what came out of it")
  .requiredOption(
    "--params <JSON or FILE>",
    "the compressor's parameters, or what fit wrote with --out or --json",
  )
  .addOption(modelOption())
  .addOption(
    new Option("--by <what>", "what to differentiate by")
      .choices(["coordinates", "parameters"] as const)
      .default("coordinates" as const),
  )
  .addOption(rangeOption())
  .option(
    "--chunk <seconds>",
    "length of a chunk (default: 12)",
    (text) => secondsOf(text, "above 0", (seconds) => seconds > 0),
  )
  .option(
    "--overlap <seconds>",
    "overlap of chunks and warm-up (default: 1)",
    secondsFromZero,
  )
  .addOption(setOption())
  .addOption(engineOption())
  .option("--channel <n>", CHANNEL_HELP, channelOf)
  .option("--dry-channel <n>", "channel of DRY.wav", channelOf)
  .option("--wet-channel <n>", "channel of WET.wav", channelOf)
  .option("--link", LINK_HELP)
  .addOption(
    new Option(
      "--delay <samples>",
      "samples that WET is late by, whole or not, in place of the lag looked for",
    ).argParser(samplesOf).conflicts("align"),
  )
  .option("--no-align", "leave the lag between the recordings as it is")
  .addOption(jsonOption())
  .addHelpText(
    "after",
    `
Examples:
  deno task objective dry.wav wet.wav --params unit.yaml
  deno task objective dry.wav wet.wav --params unit.yaml --by parameters
  deno task objective dry.wav wet.wav --params unit.yaml --delay -0.25
  deno task objective dry.wav wet.wav --json - --params \\
    '{"threshold_db":-24,"ratio":4,"attack_ms":2,"release_ms":200,"make_up_db":0}'`,
  )
  .action(async (dryPath, wetPath, options) => {
    await requireDistinctFiles([dryPath, wetPath, options.params], {
      "--json": options.json,
    });
    const { engine: engineName, set, model: modelName, range, by } = options;
    const byParameters = by === "parameters";
    if (byParameters && range.length > 0) {
      throw new Error(
        "--range: a range shapes the coordinates alone; leave it out with --by parameters",
      );
    }
    // Written out they are those of 4a-2a; a file says whose they are.
    const isFile = placeOfParameters(options.params) === options.params;
    const named = modelName ??
      set.findLast((text) => text.startsWith("model="))?.slice(6) ??
      (isFile ? undefined : PAPER_MODEL);
    const { model: { name }, values } = await readSetting(
      options.params,
      named,
    );
    const asked = await configOf(fitSchema, "fit", {
      engine: engineName,
      set,
      model: name,
      range,
    }, {
      "alignment.enabled": options.align ? undefined : false,
      "chunks.chunk_seconds": options.chunk,
      "chunks.overlap_seconds": options.overlap,
    });
    const config = await withEngine(asked, asked.model, {
      linked: options.link,
    });
    const { model } = config;
    const progress = await startProgress("Computing", STEPS);
    let engine: Engine | undefined;
    try {
      const { takes, warnings } = await openRecordings(dryPath, wetPath, {
        ...options,
        alignment: config.alignment,
      });
      const [{ pair, lag, polarity }] = takes;
      const space = paperCoordinates(model, {
        ranges: config.solver.ranges,
        sampleRate: pair.sampleRate,
      });
      const z = byParameters
        ? undefined
        : coordinatesOf(values, space, options.params);
      progress.update(1, "laying the recordings out");
      engine = await openEngine(
        config.engine,
        chunkTakes(takes.map((take) => take.pair), chunkOptions(config.chunks)),
        model,
      );
      progress.update(2, "loss, gradient and Hessian");
      const evaluation = z === undefined
        ? await engine.evaluate(vectorOf(model, values), 2)
        : await objectiveOf(engine, space).evaluate(z, 2);
      progress.stop();
      if (!isFiniteEvaluation(evaluation)) {
        throw new Error(
          `${
            placeOfParameters(options.params)
          }: the loss is not a finite number: a make-up gain of ${values.make_up_db} dB is more than the engine ${engine.name} can compute with`,
        );
      }
      const { loss, gradient, hessian } = evaluation;
      for (const warning of warnings) note(`warning: ${warning}`);
      const order = model.parameters.map(({ name }) => name);
      const size = order.length;
      const width = Math.max(14, ...order.map((name) => name.length + 1));
      const rows = Array.from(
        { length: size },
        (_, i) => [...hessian!.subarray(i * size, (i + 1) * size)],
      );
      const esr = engine.targetEnergy > 0 ? loss / engine.targetEnergy : null;
      const column = (value: number) => formatNumber(value, 5).padStart(18);
      await printResult(
        [
          describeParameters(model, values),
          "",
          `${bold("Loss")}        ${formatNumber(loss, 8)}`,
          `${bold("ESR")}         ${formatNumber(esr, 6)}`,
          `${bold("Gradient")}    and ${bold("Hessian")} by the ${
            byParameters ? "parameters" : "optimiser's coordinates"
          }`,
          ...order.map((name, i) =>
            `${name.padEnd(width)}${column(gradient![i])}  |${
              rows[i].map(column).join("")
            }`
          ),
        ].join("\n"),
        {
          model: model.name,
          params: jsonValues(values),
          ...(model.feedback && { loop_ms: loopTimes(model, values) }),
          loss,
          by,
          order,
          gradient: [...gradient!],
          hessian: rows,
          esr,
          ...(z && { coordinates: [...z] }),
          target_energy: engine.targetEnergy,
          lag_samples: lag ?? null,
          polarity: polarity ?? null,
          takes: takes.length,
          engine: engine.name,
          sample_rate: pair.sampleRate,
          warnings,
        },
        options.json,
      );
    } finally {
      progress.stop();
      await engine?.close();
    }
  });

if (import.meta.main) await runCommand(command);
