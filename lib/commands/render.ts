/**
 * `deno task render IN.wav OUT.wav`: a sound through the compressor, block by
 * block, so that an hour of it needs little memory.
 *
 * @module
 */

import { dirname } from "node:path";
import { Command, Option } from "@commander-js/extra-typings";
import type { Processor } from "../compressor/compressor.ts";
import { linked, unlinked } from "../compressor/linked.ts";
import { readTextFile } from "../base/config.ts";
import { jsonValues } from "../data/values_schema.ts";
import { openProcessor } from "../engines/open_processor.ts";
import { formatDecibels, formatDuration } from "../base/format.ts";
import type { Model, Values } from "../models/model.ts";
import { PAPER_MODEL, parseModel } from "../models/presets.ts";
import { CascadeStream } from "../phase/cascade_filter.ts";
import { cascadeOf, readPhaseFile } from "../phase/phase_file.ts";
import type { Signal } from "../sound/signal.ts";
import { SAMPLE_LIMIT } from "../sound/sound_file.ts";
import {
  createWav,
  openWav,
  SAMPLE_FORMAT_NAMES,
  SAMPLE_FORMATS,
} from "../sound/wav.ts";
import {
  bold,
  collect,
  jsonOption,
  note,
  positiveInteger,
  printResult,
  requireDistinctFiles,
  runCommand,
  startProgress,
  userPath,
} from "../cli/command_line.ts";
import { describeParameters } from "./describe_parameters.ts";
import {
  CURVE_HELP,
  firstKnobOption,
  knobOption,
  type KnobOptions,
  modelOption,
  modeOption,
  PARAMS_HELP,
  peakReductionOption,
  readCurve,
  readSetting,
  requireNoKnobs,
  valuesAtKnobs,
} from "./unit_files.ts";

/** Which unit to send the sound through. */
interface UnitOptions extends KnobOptions {
  params?: string;
  curve: string[];
  model?: string;
  weights?: string;
}

/** What `--model` calls 4A-2A-G. */
const WITH_NETWORK = "gru";

/** A model and its parameters. */
interface Chosen {
  model: Model;
  values: Values;
}

/** What the person chose: one setting of a unit, or a place on one with knobs. */
async function chosenUnit(options: UnitOptions): Promise<Chosen> {
  const { params, weights } = options;
  const isNetwork = options.model === WITH_NETWORK;
  if (isNetwork && weights === undefined) {
    throw new Error(
      "--model gru needs --weights: the weights.json that exp:baselines wrote",
    );
  }
  const chosen = params === undefined
    ? await chosenPlace(options)
    : await chosenSetting(params, options);
  const { name } = chosen.model;
  if (weights === undefined || name === PAPER_MODEL) return chosen;
  throw new Error(
    `--weights belongs to parameters of ${PAPER_MODEL}, which the network stands behind, not of ${name}: leave one of them out`,
  );
}

/** The model that `--model` names, if any; 4A-2A-G's is the published one. */
function modelIn({ model }: UnitOptions): string | undefined {
  return model === WITH_NETWORK ? PAPER_MODEL : model;
}

/** Whether nothing says which compressor: `--phase` stands alone. */
function namesNoUnit(options: UnitOptions): boolean {
  const { params, curve, model, weights } = options;
  return [params, model, weights].every((given) => given === undefined) &&
    curve.length === 0 && firstKnobOption(options) === undefined;
}

async function chosenSetting(
  params: string,
  options: UnitOptions,
): Promise<Chosen> {
  requireNoKnobs(options);
  const { unit, model, values } = await readSetting(params, modelIn(options));
  if (unit.origin.surrogate) {
    note("The parameters are those of surrogate data, not of a real unit.");
  }
  return { model, values };
}

async function chosenPlace(options: UnitOptions): Promise<Chosen> {
  if (firstKnobOption(options) === undefined) {
    throw new Error(
      "say which compressor: --params, or --peak-reduction with --mode, or --curve with --knob; or give --phase",
    );
  }
  const { unit, surrogate } = await readCurve(options.curve, modelIn(options));
  const values = valuesAtKnobs(unit, options);
  if (surrogate) {
    note("The curve is that of surrogate data, not of a real unit.");
  }
  return { model: parseModel(unit.model), values };
}

/** The compressor without its make-up, and the network of `weights` after it. */
async function openWithNetwork(
  values: Values,
  weights: string,
  sampleRate: number,
): Promise<Processor> {
  const [{ createCompressorWithGru }, { weightsFromJson }] = await Promise.all([
    import("../gru/processor.ts"),
    import("../gru/weights.ts"),
  ]);
  const text = await readTextFile(userPath(weights), weights);
  return createCompressorWithGru(
    values,
    weightsFromJson(text, weights),
    sampleRate,
  );
}

/** The command. */
export const command = new Command("deno task render")
  .description(
    "Sends a sound through the compressor, or through all-pass sections.",
  )
  .argument("<IN.wav>", "the sound")
  .argument("<OUT.wav>", "where the result goes")
  .option("--params <JSON or FILE>", PARAMS_HELP)
  .option("--curve <FILE>", CURVE_HELP, collect, [])
  .addOption(knobOption())
  .addOption(peakReductionOption())
  .addOption(modeOption())
  .addOption(modelOption())
  .option(
    "--weights <FILE.json>",
    "4A-2A-G: without the make-up, and after it the network of these weights, " +
      "from exp:baselines (also --model gru)",
  )
  .option(
    "--phase <phase.yaml>",
    "polarity, delay and all-pass sections from align: alone, or after the compressor",
  )
  .addOption(
    new Option("--format <format>", "samples of the result: PCM bits or float")
      .choices(SAMPLE_FORMAT_NAMES).default("32f" as const),
  )
  .option("--channel <n>", "only this channel, from 1", positiveInteger)
  .option("--link", "every channel with the gain that the loudest asks for")
  .addOption(jsonOption())
  .addHelpText(
    "after",
    `
Examples:
  deno task render in.wav out.wav --params unit.yaml
  deno task render in.wav out.wav --peak-reduction 63 --mode compress --link
  deno task render in.wav out.wav --curve unit.yaml --knob input=3 --knob ratio=4
  deno task render in.wav out.wav --peak-reduction 63 --curve parameters.yaml \\
    --weights weights.json
  deno task render dry.wav aligned.wav --phase phase.yaml`,
  )
  .action(async (inPath, outPath, options) => {
    if (!/\.wav$/i.test(outPath)) {
      throw new Error(
        `${outPath}: its name must end in .wav, the only format written: convert it afterwards, for example with ffmpeg`,
      );
    }
    await requireDistinctFiles(
      [
        inPath,
        options.params,
        options.weights,
        options.phase,
        ...options.curve,
      ],
      { "OUT.wav": outPath, "--json": options.json },
    );
    const { weights, link = false } = options;
    if (link && weights !== undefined) {
      throw new Error(
        "--link belongs to a compressor, not to the network of --weights, which is more than a gain: leave one of them out",
      );
    }
    const phase = options.phase === undefined
      ? undefined
      : await readPhaseFile(options.phase);
    const unit = phase !== undefined && namesNoUnit(options)
      ? undefined
      : await chosenUnit(options);
    // A network makes up for it.
    const values = weights === undefined
      ? unit?.values
      : { ...unit!.values, make_up_db: 0 };
    const started = performance.now();
    using input = await openWav(userPath(inPath), { channel: options.channel });
    const format = SAMPLE_FORMATS[options.format];
    for (const warning of input.warnings) {
      note(`warning: ${inPath}: ${warning}`);
    }
    const { sampleRate, length, channels } = input;
    const processor = unit === undefined || values === undefined
      ? undefined
      : weights !== undefined
      ? unlinked(
        await Promise.all(
          channels.map(() => openWithNetwork(values, weights, sampleRate)),
        ),
      )
      : (link ? linked : unlinked)(
        await Promise.all(
          channels.map(() => openProcessor(unit.model, values, sampleRate)),
        ),
      );
    const streams = phase &&
      channels.map(() =>
        new CascadeStream(cascadeOf(phase, sampleRate), sampleRate)
      );
    await Deno.mkdir(dirname(userPath(outPath)), { recursive: true });
    await using output = await createWav(userPath(outPath), {
      sampleRate,
      channels: channels.length,
      format,
      length,
    });
    const progress = await startProgress(
      "Rendering",
      Math.ceil(length / sampleRate),
    );
    let peak = 0;
    const write = async (block: Signal[]) => {
      for (const samples of block) {
        for (let n = 0; n < samples.length; n++) {
          peak = Math.max(peak, Math.abs(samples[n]));
        }
      }
      if (!(peak <= SAMPLE_LIMIT)) {
        const remedy = values === undefined
          ? `lower the Q of the sections in ${options.phase}`
          : weights !== undefined
          ? `train the weights in ${weights} again`
          : `lower the make-up gain of ${formatDecibels(values.make_up_db)}${
            unit?.model.feedback ? ", or lengthen the attack" : ""
          }`;
        throw new Error(`the output is louder than any sound: ${remedy}`);
      }
      const count = Math.min(block[0].length, length - output.length);
      if (count > 0) {
        await output.write(...block.map((one) => one.subarray(0, count)));
      }
      progress.update(Math.floor(output.length / sampleRate), "s");
    };
    try {
      for await (const block of input.blocks()) {
        processor?.process(block, block);
        await write(
          streams?.map((stream, c) => stream.push(block[c])) ?? block,
        );
      }
      if (streams) await write(streams.map((stream) => stream.end(length)));
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
        ...(unit && values ? [describeParameters(unit.model, values), ""] : []),
        `${bold("Written")}     ${outPath}, ${
          formatDuration(length / sampleRate)
        }${
          channels.length === 1
            ? ""
            : ` of ${channels.length} ${link ? "linked " : ""}channels`
        } in ${formatDuration(seconds)}`,
      ].join("\n"),
      {
        model: weights === undefined ? unit?.model.name ?? null : WITH_NETWORK,
        params: values === undefined ? null : jsonValues(values),
        phase: phase ?? null,
        out: outPath,
        sample_rate: sampleRate,
        samples: length,
        channels: channels.length,
        link,
        peak,
        clipped: output.clipped,
      },
      options.json,
    );
  });

if (import.meta.main) await runCommand(command);
