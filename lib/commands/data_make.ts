/**
 * `deno task data:make DIR`: a data set in SignalTrain's layout and file names,
 * made with a built-in unit or with a model. It is surrogate data, and a file in it
 * says so.
 *
 * The dry sound is the same for every pair; only that is held in memory, what
 * the unit makes of it goes to the disk block by block.
 *
 * @module
 */

import { join } from "node:path";
import {
  Command,
  InvalidArgumentError,
  Option,
} from "@commander-js/extra-typings";
import type * as z from "zod";
import { writeFileWhole } from "../base/atomic_file.ts";
import { createCompressor, type Processor } from "../compressor/compressor.ts";
import { dataSchema } from "../data/data_config.ts";
import { type Mode, MODES, type Setting } from "../data/setting.ts";
import {
  inputFileName,
  listEntries,
  type Split,
  SPLITS,
  targetFileName,
} from "../data/signaltrain.ts";
import {
  builtInSettings,
  type DrySound,
  type DrySource,
  isSurrogate,
  openDry,
  SURROGATE_HEADING,
  SURROGATE_NOTICE,
} from "../data/source.ts";
import { publishedFit } from "../data/published.ts";
import { createUnit, UNIT_NAMES, type UnitName, UNITS } from "../data/unit.ts";
import {
  levellingUnit,
  originNow,
  type Unit,
  unitOfValues,
  unitToYaml,
} from "../data/unit_file.ts";
import { jsonValues } from "../data/values_schema.ts";
import { startOf } from "../fitting/fit_config.ts";
import { formatCount, formatDuration } from "../base/format.ts";
import type { Model, Values } from "../models/model.ts";
import { PAPER_MODEL, parseModel } from "../models/presets.ts";
import {
  createWav,
  formatName,
  requireRoom,
  SAMPLE_FORMAT_NAMES,
  SAMPLE_FORMATS,
  type SampleFormat,
} from "../sound/wav.ts";
import {
  bold,
  exists,
  jsonOption,
  liesIn,
  note,
  printResult,
  requireDistinctFiles,
  runCommand,
  startProgress,
  userPath,
} from "../cli/command_line.ts";
import { modelOption } from "../cli/model_options.ts";
import { readSetting } from "./unit_files.ts";

/** Name, in the folder, of the unit that a twin is: the right answer. */
const TRUTH = "truth.yaml";

/** Samples processed and written at a time. */
const BLOCK_LENGTH = 65536;

/** One pair of the data set to be. */
interface PlannedPair extends Setting {
  /** Number in both file names. */
  number: string;
  /** Folder of both files. */
  split: Split;
}

/** Which files there will be: of every ten pairs, eight are for training. */
function plan(modes: readonly Mode[], knob: readonly number[]): PlannedPair[] {
  return modes.flatMap((mode) =>
    knob.map((peakReduction) => ({ mode, peakReduction }))
  ).map((setting, i) => ({
    ...setting,
    number: String(i + 1),
    split: SPLITS[Math.max(0, i % 10 - 7)],
  }));
}

/** Numbers from `low` to `high`, separated by commas. */
function numbers(low: number, high: number) {
  return (text: string): number[] => {
    const values = text.split(",").map((part) =>
      part.trim() === "" ? NaN : Number(part)
    );
    if (values.every((value) => value >= low && value <= high)) {
      return [...new Set(values)];
    }
    throw new InvalidArgumentError(
      `give numbers from ${low} to ${high}, separated by commas.`,
    );
  };
}

/** Modes, separated by commas. */
function modesOf(text: string): Mode[] {
  const names = [...new Set(text.split(",").map((part) => part.trim()))];
  const modes = MODES.filter((mode) => names.includes(mode));
  if (modes.length === names.length) return modes;
  throw new InvalidArgumentError(`give ${MODES.join(" or ")}, or both.`);
}

/** A number that `schema` takes, which `those` says in words. */
function numberOf(schema: z.ZodType<number>, those: string) {
  return (text: string): number => {
    const { data } = schema.safeParse(text.trim() === "" ? NaN : Number(text));
    if (data !== undefined) return data;
    throw new InvalidArgumentError(`give ${those}.`);
  };
}

// What the configs of the experiments take, and no more.
const DURATION = dataSchema.shape.duration.unwrap();
const SAMPLE_RATE = dataSchema.shape.sample_rate.unwrap();
const SEED = dataSchema.shape.seed.unwrap();

/**
 * The files in `folder` that are to make way: none in a new or empty one, nor
 * where an earlier run of `data:make` ended before it wrote any.
 *
 * @throws {Error} where there is something else, or such files and no `force`.
 */
async function filesToReplace(
  folder: string,
  name: string,
  force: boolean,
): Promise<string[]> {
  let isEmpty = true;
  try {
    for await (const _ of Deno.readDir(folder)) {
      isEmpty = false;
      break;
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  if (isEmpty) return [];
  if (!await isSurrogate(folder)) {
    throw new Error(
      `${name} is not empty, and no earlier data set of data:make: choose a new folder`,
    );
  }
  const { entries, unpairedInputs } = await listEntries(folder);
  const paths = new Set(unpairedInputs);
  for (const { inputPath, targetPath } of entries) {
    if (inputPath !== null) paths.add(inputPath);
    paths.add(targetPath);
  }
  if (await exists(join(folder, TRUTH))) paths.add(join(folder, TRUTH));
  if (paths.size > 0 && !force) {
    throw new Error(
      `${name} holds an earlier data set: choose a new folder, or replace it with --force`,
    );
  }
  return [...paths];
}

/**
 * Makes `folder` ready to be written to: with its folders, the `text` that says what
 * the data are and the `truth` if there is one, and without the files in `replaced`.
 */
async function prepareFolder(
  folder: string,
  text: string,
  truth: Unit | undefined,
  replaced: readonly string[],
): Promise<void> {
  // First of all, so that even an interrupted run leaves a marked folder.
  await writeFileWhole(join(folder, SURROGATE_NOTICE), text);
  for (const split of SPLITS) {
    await Deno.mkdir(join(folder, split), { recursive: true });
  }
  for (const path of replaced) await Deno.remove(path);
  if (truth !== undefined) {
    await writeFileWhole(join(folder, TRUTH), unitToYaml(truth));
  }
}

/** The dry sound of `source`. @throws {Error} where memory is too small for it. */
async function loadDry(source: DrySource): Promise<DrySound> {
  try {
    return await source.load();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new Error(
      `${source.title}: ${
        formatDuration(source.seconds)
      } of it at ${source.sampleRate} Hz do not fit into memory. Choose a shorter --duration`,
      { cause: error },
    );
  }
}

/** What the pairs are made with. */
interface Maker {
  /** Name of the unit. */
  unit: UnitName;
  /** The same in a few words. */
  title: string;
  /** What it is, in a sentence or two. */
  description: string;
  /** Another where the sound is another. */
  version: number;
  /** The model and its parameters, where it is a twin of one. */
  twin?: { model: Model; values: Values };
  /** The unit itself, of a twin; `pairs` are the settings wanted. */
  truth?(pairs: readonly Setting[]): Unit;
  /** The unit at rest. */
  create(setting: Setting, sampleRate: number): Promise<Processor>;
}

/** A built-in unit. */
function builtIn(unit: UnitName, seed: number): Maker {
  return {
    unit,
    ...UNITS[unit],
    ...(unit === "twin" && { truth: publishedUnit }),
    create: (setting, sampleRate) =>
      Promise.resolve(createUnit(unit, setting, { sampleRate, seed })),
  };
}

/** The published curve at `settings`. */
function publishedUnit(settings: readonly Setting[]): Unit {
  return levellingUnit(
    parseModel(PAPER_MODEL),
    settings.map(({ mode, peakReduction }) => ({
      mode,
      peakReduction,
      parameters: publishedFit({ mode, peakReduction })!.parameters,
    })),
    {},
  );
}

/** Threshold of a twin that was given no parameters, in dB: it compresses. */
const TWIN_THRESHOLD = -24;

/** The twin of `model`, which has one setting alone. */
function twinOf(model: Model, values: Values): Maker {
  return {
    unit: "twin",
    title: `a twin, the model ${model.name} played back`,
    description: [
      `The model ${model.name} with these parameters, so that the right answer is known:`,
      "",
      ...Object.entries(jsonValues(values)).map(([name, value]) =>
        `    ${name}: ${value}`
      ),
      "",
      "It was not measured on a real unit.",
    ].join("\n"),
    version: 1,
    twin: { model, values },
    truth: () => unitOfValues(model, values),
    async create(_, sampleRate) {
      if (model.name === PAPER_MODEL) {
        return createCompressor(values, sampleRate);
      }
      const { openModel } = await import("../engines/compiled/stream.ts");
      return openModel(model, values, sampleRate, { precision: "double" });
    },
  };
}

/** What {@linkcode makePair} needs besides the pair. */
interface Making {
  folder: string;
  dry: DrySound;
  maker: Maker;
  format: SampleFormat;
  /** Told of samples written. */
  onSamples: (count: number) => void;
}

/** Writes a pair, the input first; returns how many samples were clipped. */
async function makePair(pair: PlannedPair, making: Making): Promise<number> {
  const { folder, dry, maker, format, onSamples } = making;
  const { samples, sampleRate } = dry;
  const { number, split, mode, peakReduction } = pair;
  const options = { sampleRate, format, length: samples.length };
  const place = join(folder, split);
  await using input = await createWav(
    join(place, inputFileName(number)),
    options,
  );
  await input.write(samples);
  await input.close();

  const name = targetFileName({
    number,
    kind: "3c",
    mode: mode === "compress" ? 0 : 1,
    peakReduction,
  });
  await using target = await createWav(join(place, name), options);
  const processor = await maker.create(pair, sampleRate);
  const wet = new Float32Array(BLOCK_LENGTH);
  for (let from = 0; from < samples.length; from += BLOCK_LENGTH) {
    const block = samples.subarray(from, from + BLOCK_LENGTH);
    const made = wet.subarray(0, block.length);
    processor.process(block, made);
    await target.write(made);
    onSamples(block.length);
  }
  await target.close();
  return input.clipped + target.clipped;
}

/** The command. */
export const command = new Command("deno task data:make")
  .description(
    "Writes a data set of dry/wet pairs in SignalTrain's layout and file names,\n" +
      "made with a built-in unit, or with any model: surrogate data, not measured\n" +
      `on an LA-2A. Of a twin the right answer is known: it stands in ${TRUTH} there,\n` +
      "for render and player.",
  )
  .argument("<DIR>", "where it goes: a new or empty folder")
  .addOption(
    new Option(
      "--unit <unit>",
      "optical (the default), a made-up levelling amplifier, or twin, the published curve",
    ).choices(UNIT_NAMES),
  )
  .addOption(modelOption())
  .option(
    "--params <JSON or FILE>",
    "parameters of a twin of --model, which has one setting (default: the model's start)",
  )
  .option(
    "--duration <seconds>",
    "length of each recording",
    numberOf(DURATION, `a number above 0, up to ${DURATION.maxValue}`),
    60,
  )
  .option(
    "--settings <list>",
    "positions of the peak-reduction knob (default: 40,45,…,100)",
    numbers(0, 100),
  )
  .addOption(
    new Option(
      "--modes <list>",
      `positions of the switch (default: ${MODES.join(",")})`,
    ).argParser(modesOf),
  )
  .option("--stimulus <DIR>", "your own music, as WAV files, to send through")
  .option(
    "--seed <number>",
    "seed of the stimulus and of the noise",
    numberOf(SEED, "a whole number from 0"),
    1,
  )
  .option(
    "--sample-rate <Hz>",
    "rate of the built-in stimulus",
    numberOf(
      SAMPLE_RATE,
      `a whole number from ${SAMPLE_RATE.minValue} to ${SAMPLE_RATE.maxValue}`,
    ),
    44100,
  )
  .addOption(
    new Option("--bits <format>", "samples: PCM of 16 or 24 bits, or float")
      .choices(SAMPLE_FORMAT_NAMES).default("24" as const),
  )
  .option("--force", "replace an earlier data set of data:make")
  .addOption(jsonOption())
  .addHelpText(
    "after",
    `
Examples:
  deno task data:make data/optical
  deno task data:make data/twin --unit twin --duration 1200 --bits 16
  deno task data:make data/opto --model opto --duration 30
  deno task render in.wav out.wav --params data/opto/truth.yaml
  deno task data:make data/mine --stimulus ~/Music/dry --settings 100,80,60`,
  )
  .action(async (dir, options) => {
    const started = performance.now();
    const { seed, stimulus, json } = options;
    // The folder may lie in that of the stimulus; the other way round it may not.
    await requireDistinctFiles([stimulus, options.params], { "--json": json });
    await requireDistinctFiles([], { DIR: dir, "--json": json });
    await requireDistinctFiles([options.params], { DIR: join(dir, TRUTH) });
    if (stimulus !== undefined && await liesIn(stimulus, dir)) {
      throw new Error(
        `--stimulus ${stimulus} lies in ${dir}, where the data set goes: choose another folder for one of them`,
      );
    }
    const { maker, pairs } = await planOf(options);
    const source = await openDry({
      stimulus: stimulus === undefined ? null : userPath(stimulus),
      duration: options.duration,
      sample_rate: options.sampleRate,
      seed,
    });
    const format = SAMPLE_FORMATS[options.bits];
    const folder = userPath(dir);
    // All that can be known to go wrong comes before anything is replaced.
    const replaced = await filesToReplace(
      folder,
      dir,
      options.force ?? false,
    );
    const length = Math.round(source.seconds * source.sampleRate);
    if (length === 0) {
      throw new Error(
        `--duration ${options.duration}: not one sample at ${source.sampleRate} Hz. Choose a longer one`,
      );
    }
    requireRoom(dir, length, format);
    const progress = await startProgress(
      "Seconds made",
      Math.ceil(source.seconds * pairs.length),
    );
    let dry: DrySound;
    let written = 0;
    let clipped = 0;
    try {
      dry = await loadDry(source);
      const truth = maker.truth?.(pairs);
      await prepareFolder(
        folder,
        notice(maker, source.title, seed),
        truth && {
          ...truth,
          unit: maker.title,
          sample_rate: dry.sampleRate,
          origin: {
            ...originNow(),
            text:
              `What the surrogate data beside it were made with: ${maker.title}.`,
            surrogate: true,
          },
        },
        replaced,
      );
      for (const [i, pair] of pairs.entries()) {
        clipped += await makePair(pair, {
          folder,
          dry,
          maker,
          format,
          onSamples: (count) => {
            written += count;
            progress.update(
              Math.floor(written / dry.sampleRate),
              `pair ${i + 1} of ${pairs.length}`,
            );
          },
        });
      }
    } finally {
      progress.stop();
    }
    if (clipped > 0) {
      note(
        `warning: ${clipped} ${
          clipped === 1 ? "sample was" : "samples were"
        } clipped; --bits 32f holds what is above full scale`,
      );
    }
    const seconds = dry.samples.length / dry.sampleRate;
    const took = (performance.now() - started) / 1000;
    await printResult(
      [
        `${bold("Made")}   ${formatCount(pairs.length, "pair")} of ${
          formatDuration(seconds)
        } at ${dry.sampleRate} Hz, ${formatName(format)}, in ${
          formatDuration(took)
        }`,
        `${bold("Where")}  ${dir}`,
        `${
          bold("What")
        }   surrogate data: ${maker.title}, driven by ${source.title}`,
      ].join("\n"),
      {
        dir,
        unit: maker.unit,
        ...(maker.twin && {
          model: maker.twin.model.name,
          params: jsonValues(maker.twin.values),
        }),
        surrogate: true,
        stimulus: source.title,
        seed,
        sample_rate: dry.sampleRate,
        seconds,
        bits: options.bits,
        clipped,
        pairs: pairs.map(({ mode, peakReduction, ...rest }) => ({
          ...rest,
          mode,
          peak_reduction: peakReduction,
        })),
      },
      json,
    );
  });

/**
 * What makes which pairs.
 *
 * @throws {Error} where the options do not go together.
 */
async function planOf(
  { unit, model: name, params, settings, modes, seed }: {
    unit?: UnitName;
    model?: string;
    params?: string;
    settings?: number[];
    modes?: Mode[];
    seed: number;
  },
): Promise<{ maker: Maker; pairs: PlannedPair[] }> {
  const model = parseModel(name ?? PAPER_MODEL);
  if (params !== undefined || model.name !== PAPER_MODEL) {
    const option = params === undefined ? "--model" : "--params";
    if (unit === "optical") {
      throw new Error(
        `${option}: the unit optical is no model; leave out --unit, or give --unit twin`,
      );
    }
    if (settings !== undefined || modes !== undefined) {
      throw new Error(
        `${option}: a twin of one model has one setting; leave out --settings and --modes`,
      );
    }
    const values = params === undefined
      ? startOf(model, { threshold_db: TWIN_THRESHOLD })
      : (await readSetting(params, model.name)).values;
    return { maker: twinOf(model, values), pairs: plan(["compress"], [50]) };
  }
  const knob = settings ?? Array.from({ length: 13 }, (_, i) => 40 + 5 * i);
  // A model alone asks for its twin.
  const chosen = unit ?? (name === undefined ? "optical" : "twin");
  if (chosen === "twin") checkTwin(knob);
  return { maker: builtIn(chosen, seed), pairs: plan(modes ?? MODES, knob) };
}

/** Throws where the twin has no such position of the knob. */
function checkTwin(knob: readonly number[]): void {
  const known = [
    ...new Set(builtInSettings("twin").map((one) => one.peakReduction)),
  ];
  const missing = knob.filter((position) => !known.includes(position));
  if (missing.length === 0) return;
  throw new Error(
    `--settings ${missing.join(",")}: the twin has only those published, ${
      known.join(", ")
    }`,
  );
}

/** The file that says what the data are. */
function notice(
  { title, description, version, truth }: Maker,
  stimulus: string,
  seed: number,
): string {
  return `${SURROGATE_HEADING}

These are not recordings of an LA-2A or of any other unit. They were computed
with ${title}, version ${version}.

${description}

Dry sound: ${stimulus}, the same for every pair.
Seed: ${seed}.

The folders and file names are those of the SignalTrain LA2A data set (Hawley,
Colburn and Mimilakis, AES 147, 2019; Zenodo 3824876), none of whose recordings
are in here: input_<n>_.wav goes with target_<n>_LA2A_3c__<mode>__<peakReduction>.wav,
mode 0 is compress, 1 is limit.${
    truth === undefined
      ? ""
      : ` ${TRUTH} is what a fit should find: render and\nplayer read it.`
  }
`;
}

if (import.meta.main) await runCommand(command);
