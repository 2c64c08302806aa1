/**
 * `deno task render IN.wav OUT.wav`: a sound through the compressor, block by
 * block, so that an hour of it needs little memory.
 *
 * @module
 */

import { dirname } from "node:path";
import { Command, Option } from "@commander-js/extra-typings";
import type { Processor } from "../compressor/compressor.ts";
import type { CompressorParameters } from "../compressor/parameters.ts";
import { readTextFile } from "../config.ts";
import { parametersAt } from "../curve.ts";
import { type Mode, MODES } from "../data/setting.ts";
import { formatDecibels, formatDuration } from "../format.ts";
import { createFastCompressor } from "../kernels/render.ts";
import { SAMPLE_LIMIT } from "../sound/sound_file.ts";
import {
  createWav,
  openWav,
  SAMPLE_FORMAT_NAMES,
  SAMPLE_FORMATS,
} from "../sound/wav.ts";
import {
  bold,
  channelOption,
  collect,
  jsonOption,
  note,
  printResult,
  readParameters,
  requireDistinctFiles,
  runCommand,
  startProgress,
  userPath,
} from "./command_line.ts";
import { CURVE_HELP, readCurve } from "./curve_files.ts";
import { PAPER_MODEL, parseModel } from "../models/presets.ts";
import { describeParameters } from "./recordings.ts";

/** What the person chose: parameters as they are, or a place on a curve. */
async function chosenParameters(options: {
  params?: string;
  peakReduction?: string;
  mode?: Mode;
  curve: string[];
}): Promise<CompressorParameters> {
  const { params, peakReduction, mode, curve } = options;
  if ((params === undefined) === (peakReduction === undefined)) {
    throw new Error(
      "say which compressor: either --params, or --peak-reduction with --mode",
    );
  }
  if (params !== undefined) {
    if (mode === undefined && curve.length === 0) {
      return await readParameters(params);
    }
    throw new Error(
      `--${
        mode === undefined ? "curve" : "mode"
      } belongs to --peak-reduction, not to --params: leave one of them out`,
    );
  }
  const knob = peakReduction!.trim() === "" ? NaN : Number(peakReduction);
  if (!Number.isFinite(knob)) {
    throw new Error(
      `--peak-reduction ${
        peakReduction || "is empty"
      }: give a number, for example 63`,
    );
  }
  const { points, surrogate } = await readCurve(curve);
  if (surrogate) {
    note(
      "The curve was fitted to surrogate data, not measured on a real LA-2A.",
    );
  }
  return parametersAt(
    points,
    { mode: mode ?? "compress", peakReduction: knob },
    "linear",
  );
}

/** Models that a sound can be sent through. */
const MODELS = ["compressor", "gru"] as const;

/** The chosen model, at rest. */
async function chosenModel(
  options: { model: typeof MODELS[number]; weights?: string },
  parameters: CompressorParameters,
  sampleRate: number,
): Promise<Processor> {
  const { model, weights } = options;
  if (model === "compressor") {
    if (weights === undefined) {
      return createFastCompressor(parameters, sampleRate);
    }
    throw new Error("--weights belongs to --model gru: give that too");
  }
  if (weights === undefined) {
    throw new Error(
      "--model gru needs --weights: the weights.json that exp:baselines wrote",
    );
  }
  const [{ createCompressorWithGru }, { weightsFromJson }] = await Promise.all([
    import("../gru/processor.ts"),
    import("../gru/weights.ts"),
  ]);
  const text = await readTextFile(userPath(weights), weights);
  return createCompressorWithGru(
    parameters,
    weightsFromJson(text, weights),
    sampleRate,
  );
}

/** The command. */
export const command = new Command("deno task render")
  .description("Sends a sound through the compressor.")
  .argument("<IN.wav>", "the sound")
  .argument("<OUT.wav>", "where the result goes")
  .option(
    "--params <JSON or FILE>",
    "the compressor's parameters, or what fit wrote with --out or --json",
  )
  .option(
    "--peak-reduction <0 to 100>",
    "the knob instead of parameters, through a curve",
  )
  .addOption(
    new Option(
      "--mode <mode>",
      "the switch, with --peak-reduction (default: compress)",
    ).choices(MODES),
  )
  .option("--curve <FILE>", CURVE_HELP, collect, [])
  .addOption(
    new Option(
      "--model <model>",
      "the compressor, or 4A-2A-G: without its make-up, and a network after it",
    ).choices(MODELS).default("compressor" as const),
  )
  .option("--weights <FILE.json>", "the network's, from exp:baselines")
  .addOption(
    new Option("--format <format>", "samples of the result: PCM bits or float")
      .choices(SAMPLE_FORMAT_NAMES).default("32f" as const),
  )
  .addOption(channelOption())
  .addOption(jsonOption())
  .addHelpText(
    "after",
    `
Examples:
  deno task render in.wav out.wav --params unit.yaml
  deno task render in.wav out.wav --peak-reduction 63 --mode compress
  deno task render in.wav out.wav --peak-reduction 63 --curve parameters.yaml \\
    --model gru --weights weights.json`,
  )
  .action(async (inPath, outPath, options) => {
    await requireDistinctFiles(
      [inPath, options.params, options.weights, ...options.curve],
      { "OUT.wav": outPath, "--json": options.json },
    );
    const chosen = await chosenParameters(options);
    const parameters = options.model === "gru"
      ? { ...chosen, make_up_db: 0 } // The network makes up for it.
      : chosen;
    const started = performance.now();
    using input = await openWav(userPath(inPath), { channel: options.channel });
    const format = SAMPLE_FORMATS[options.format];
    const { sampleRate, length } = input;
    const processor = await chosenModel(options, parameters, sampleRate);
    await Deno.mkdir(dirname(userPath(outPath)), { recursive: true });
    await using output = await createWav(userPath(outPath), {
      sampleRate,
      format,
      length,
    });
    const progress = await startProgress(
      "Rendering",
      Math.ceil(length / sampleRate),
    );
    let peak = 0;
    try {
      for await (const block of input.blocks()) {
        processor.process(block, block);
        for (let n = 0; n < block.length; n++) {
          peak = Math.max(peak, Math.abs(block[n]));
        }
        if (!(peak <= SAMPLE_LIMIT)) {
          const remedy = options.model === "gru"
            ? `train the weights in ${options.weights} again`
            : `lower the make-up gain of ${
              formatDecibels(parameters.make_up_db)
            }`;
          throw new Error(`the output is louder than any sound: ${remedy}`);
        }
        await output.write(block);
        progress.update(Math.floor(output.length / sampleRate), "s");
      }
      await output.close();
    } finally {
      progress.stop();
    }
    if (output.clipped > 0) {
      note(
        `warning: ${output.clipped} samples were clipped: the peak is ${
          peak.toFixed(3)
        } of full scale; use --format 32f or a lower make-up gain`,
      );
    }
    const seconds = (performance.now() - started) / 1000;
    await printResult(
      [
        describeParameters(parseModel(PAPER_MODEL), parameters),
        "",
        `${bold("Written")}     ${outPath}, ${
          formatDuration(length / sampleRate)
        } in ${formatDuration(seconds)}`,
      ].join("\n"),
      {
        model: options.model,
        params: parameters,
        out: outPath,
        sample_rate: sampleRate,
        samples: length,
        peak,
        clipped: output.clipped,
      },
      options.json,
    );
  });

if (import.meta.main) await runCommand(command);
