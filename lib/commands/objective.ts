/**
 * `deno task objective DRY.wav WET.wav --params …`: loss, gradient and Hessian of
 * a compressor against a recording, in the coordinates the optimiser moves in.
 *
 * @module
 */

import { Command, InvalidArgumentError } from "@commander-js/extra-typings";
import type { CompressorParameters } from "../compressor/parameters.ts";
import type { Engine } from "../engines/engine.ts";
import { openEngine } from "../engines/open.ts";
import { chunkOptions, fitSchema } from "../fit_config.ts";
import { chunk } from "../objective/chunks.ts";
import { objectiveOf } from "../objective/objective.ts";
import {
  boundedSpace,
  type ParameterSpace,
} from "../objective/parameter_space.ts";
import { PAPER_MODEL } from "../models/presets.ts";
import { isFiniteEvaluation } from "../optimise/minimiser.ts";
import { formatNumber } from "../format.ts";
import {
  bold,
  channelOption,
  configOf,
  engineOption,
  jsonOption,
  note,
  placeOfParameters,
  printResult,
  requireDistinctFiles,
  runCommand,
  setOption,
  startProgress,
  withEngine,
} from "./command_line.ts";
import { describeParameters, openRecordings } from "./recordings.ts";
import { readSetting } from "./unit_files.ts";

/** Steps of progress: reading, laying out, computing. */
const STEPS = 3;

/** Seconds that `isAllowed` allows, which `range` puts into words. */
function secondsOf(
  text: string,
  range: string,
  isAllowed: (seconds: number) => boolean,
): number {
  const seconds = text.trim() === "" ? NaN : Number(text);
  if (Number.isFinite(seconds) && isAllowed(seconds)) return seconds;
  throw new InvalidArgumentError(`give seconds as a number ${range}.`);
}

/** Coordinates of what `--params` gave; where it cannot be, tells from where. */
function coordinatesOf(
  parameters: CompressorParameters,
  space: ParameterSpace,
  given: string,
): Float64Array {
  try {
    return space.coordinates(parameters);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new RangeError(`${placeOfParameters(given)}: ${error.message}`);
  }
}

/** The command. */
export const command = new Command("deno task objective")
  .description(
    "Loss, gradient and Hessian of a compressor against a recording, by the\n" +
      "coordinates that the optimiser moves in: threshold, ratio, attack, release,\n" +
      "make-up (the middle three through sigmoids).",
  )
  .argument("<DRY.wav>", "what went into the unit")
  .argument("<WET.wav>", "what came out of it")
  .requiredOption(
    "--params <JSON or FILE>",
    "the compressor's parameters, or what fit wrote with --out or --json",
  )
  .option(
    "--chunk <seconds>",
    "length of a chunk (default: 12)",
    (text) => secondsOf(text, "above 0", (seconds) => seconds > 0),
  )
  .option(
    "--overlap <seconds>",
    "overlap of chunks and warm-up (default: 1)",
    (text) => secondsOf(text, "from 0", (seconds) => seconds >= 0),
  )
  .addOption(setOption())
  .addOption(engineOption())
  .addOption(channelOption())
  .option("--no-align", "leave the lag between the recordings as it is")
  .addOption(jsonOption())
  .addHelpText(
    "after",
    `
Examples:
  deno task objective dry.wav wet.wav --params unit.yaml
  deno task objective dry.wav wet.wav --json - --params \\
    '{"threshold_db":-24,"ratio":4,"attack_ms":2,"release_ms":200,"make_up_db":0}'`,
  )
  .action(async (dryPath, wetPath, options) => {
    await requireDistinctFiles([dryPath, wetPath, options.params], {
      "--json": options.json,
    });
    const { engine: engineName, set } = options;
    const config = await withEngine(
      await configOf(fitSchema, "fit", { engine: engineName, set }, {
        "alignment.enabled": options.align ? undefined : false,
        "chunks.chunk_seconds": options.chunk,
        "chunks.overlap_seconds": options.overlap,
      }),
    );
    const { values: parameters } = await readSetting(
      options.params,
      PAPER_MODEL,
    );
    const progress = await startProgress("Computing", STEPS);
    let engine: Engine | undefined;
    try {
      const { pair, lag, polarity, warnings } = await openRecordings(
        dryPath,
        wetPath,
        {
          channel: options.channel,
          alignment: config.alignment,
        },
      );
      const space = boundedSpace(pair.sampleRate);
      const z = coordinatesOf(parameters, space, options.params);
      progress.update(1, "laying the recordings out");
      engine = await openEngine(
        config.engine,
        chunk(pair, chunkOptions(config.chunks)),
      );
      progress.update(2, "loss, gradient and Hessian");
      const evaluation = await objectiveOf(engine, space).evaluate(z, 2);
      progress.stop();
      if (!isFiniteEvaluation(evaluation)) {
        throw new Error(
          `${
            placeOfParameters(options.params)
          }: the loss is not a finite number: a make-up gain of ${parameters.make_up_db} dB is more than the engine ${engine.name} can compute with`,
        );
      }
      const { loss, gradient, hessian } = evaluation;
      for (const warning of warnings) note(`warning: ${warning}`);
      const size = z.length;
      const rows = Array.from(
        { length: size },
        (_, i) => [...hessian!.subarray(i * size, (i + 1) * size)],
      );
      const esr = engine.targetEnergy > 0 ? loss / engine.targetEnergy : null;
      const column = (value: number) => formatNumber(value, 5).padStart(18);
      await printResult(
        [
          describeParameters(parameters),
          "",
          `${bold("Loss")}        ${formatNumber(loss, 8)}`,
          `${bold("ESR")}         ${formatNumber(esr, 6)}`,
          `${bold("Gradient")}    and ${
            bold("Hessian")
          } by the optimiser's coordinates`,
          ...space.names.map((name, i) =>
            `${name.padEnd(14)}${column(gradient![i])}  |${
              rows[i].map(column).join("")
            }`
          ),
        ].join("\n"),
        {
          params: parameters,
          loss,
          gradient: [...gradient!],
          hessian: rows,
          esr,
          coordinates: [...z],
          target_energy: engine.targetEnergy,
          lag_samples: lag ?? null,
          polarity: polarity ?? null,
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
