/**
 * `deno task objective DRY.wav WET.wav --params …`: loss, gradient and Hessian of
 * a compressor against a recording, in the coordinates the optimiser moves in.
 *
 * @module
 */

import { Command, Option } from "@commander-js/extra-typings";
import { loadConfig } from "../config.ts";
import { chooseEngine, ENGINE_NAMES, openEngine } from "../engines/open.ts";
import { fitSchema } from "../fit_config.ts";
import { chunk } from "../objective/chunks.ts";
import { objectiveOf } from "../objective/objective.ts";
import { boundedSpace } from "../objective/parameter_space.ts";
import { formatNumber } from "../report/format.ts";
import {
  bold,
  channelOption,
  DEFAULT_FIT_CONFIG,
  jsonOption,
  note,
  printResult,
  readParameters,
  runCommand,
} from "./command_line.ts";
import { describeParameters, openRecordings } from "./recordings.ts";

export const command = new Command("deno task objective")
  .description(
    "Loss, gradient and Hessian of a compressor against a recording, by the\n" +
      "coordinates that the optimiser moves in: threshold, ratio, attack, release,\n" +
      "make-up (the middle three through sigmoids).",
  )
  .argument("<DRY.wav>", "what went into the unit")
  .argument("<WET.wav>", "what came out of it")
  .requiredOption(
    "--params <JSON or FILE.yaml>",
    "the compressor's parameters",
  )
  .option("--chunk <seconds>", "length of a chunk (default: 12)")
  .option("--overlap <seconds>", "overlap of chunks and warm-up (default: 1)")
  .addOption(
    new Option("--engine <name>", "what computes the objective")
      .choices(ENGINE_NAMES),
  )
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
    const overrides: string[] = [];
    if (options.engine) overrides.push(`engine=${options.engine}`);
    if (!options.align) overrides.push("alignment.enabled=false");
    if (options.chunk !== undefined) {
      overrides.push(`chunks.chunk_seconds=${options.chunk}`);
    }
    if (options.overlap !== undefined) {
      overrides.push(`chunks.overlap_seconds=${options.overlap}`);
    }
    const config = await loadConfig(fitSchema, DEFAULT_FIT_CONFIG, overrides);
    const parameters = await readParameters(options.params);
    const { pair, lag, warnings } = await openRecordings(dryPath, wetPath, {
      channel: options.channel,
      alignment: config.alignment,
    });
    for (const warning of warnings) note(`warning: ${warning}`);
    const space = boundedSpace(pair.sampleRate);
    const z = space.coordinates(parameters);
    const choice = await chooseEngine(config.engine);
    if (choice.reason !== undefined) note(`Engine: ${choice.reason}`);
    const engine = await openEngine(
      choice.engine,
      chunk(pair, {
        chunkSeconds: config.chunks.chunk_seconds,
        overlapSeconds: config.chunks.overlap_seconds,
      }),
    );
    try {
      const { loss, gradient, hessian } = await objectiveOf(engine, space)
        .evaluate(z, 2);
      const size = z.length;
      const rows = Array.from(
        { length: size },
        (_, i) => [...hessian!.subarray(i * size, (i + 1) * size)],
      );
      const esr = engine.targetEnergy > 0 ? loss / engine.targetEnergy : null;
      const column = (value: number) => formatNumber(value, 5).padStart(14);
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
          lag_samples: lag,
          engine: engine.name,
          sample_rate: pair.sampleRate,
        },
        options.json,
      );
    } finally {
      await engine.close();
    }
  });

if (import.meta.main) await runCommand(command);
