/**
 * `deno task data:make DIR`: a data set in SignalTrain's layout and file names,
 * made with a built-in unit. It is surrogate data, and a file in it says so.
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
import { writeFileWhole } from "../atomic_file.ts";
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
  isSurrogate,
  openDry,
  SURROGATE_HEADING,
  SURROGATE_NOTICE,
} from "../data/source.ts";
import { createUnit, UNIT_NAMES, type UnitName, UNITS } from "../data/unit.ts";
import { formatDuration } from "../format.ts";
import {
  createWav,
  formatName,
  SAMPLE_FORMAT_NAMES,
  SAMPLE_FORMATS,
  type SampleFormat,
} from "../sound/wav.ts";
import {
  bold,
  jsonOption,
  note,
  printResult,
  runCommand,
  startProgress,
  userPath,
} from "./command_line.ts";

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

/** A number above 0. */
function positive(text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError("give a number above 0.");
}

/** A whole number from 0. */
function seedOf(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isSafeInteger(value) && value >= 0) {
    return value;
  }
  throw new InvalidArgumentError("give a whole number from 0.");
}

/**
 * Makes `folder` ready to be written to: new, empty, or with `force` one that
 * `data:make` filled before, whose recordings are then removed.
 */
async function prepareFolder(
  folder: string,
  name: string,
  force: boolean,
): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  let isEmpty = true;
  for await (const _ of Deno.readDir(folder)) {
    isEmpty = false;
    break;
  }
  if (isEmpty) return;
  if (!await isSurrogate(folder)) {
    throw new Error(
      `${name} is not empty, and no earlier data set of data:make: choose a new folder`,
    );
  }
  if (!force) {
    throw new Error(
      `${name} holds an earlier data set: choose a new folder, or replace it with --force`,
    );
  }
  const { entries, unpairedInputs } = await listEntries(folder);
  const paths = new Set(unpairedInputs);
  for (const { inputPath, targetPath } of entries) {
    if (inputPath !== null) paths.add(inputPath);
    paths.add(targetPath);
  }
  for (const path of paths) await Deno.remove(path);
}

/** What {@linkcode makePair} needs besides the pair. */
interface Making {
  folder: string;
  dry: DrySound;
  unit: UnitName;
  seed: number;
  format: SampleFormat;
  /** Told of samples written. */
  onSamples: (count: number) => void;
}

/** Writes a pair, the input first; returns how many samples were clipped. */
async function makePair(pair: PlannedPair, making: Making): Promise<number> {
  const { folder, dry, unit, seed, format, onSamples } = making;
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
  const processor = createUnit(unit, pair, { sampleRate, seed });
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
      "made with a built-in unit: surrogate data, not measured on an LA-2A.",
  )
  .argument("<DIR>", "where it goes: a new or empty folder")
  .addOption(
    new Option(
      "--unit <unit>",
      "optical, a made-up levelling amplifier, or twin, the published curve",
    ).choices(UNIT_NAMES).default("optical" as const),
  )
  .option("--duration <seconds>", "length of each recording", positive, 60)
  .option(
    "--settings <list>",
    "positions of the peak-reduction knob (default: 40,45,…,100)",
    numbers(0, 100),
  )
  .option("--modes <list>", "positions of the switch", modesOf, [...MODES])
  .option("--stimulus <DIR>", "your own music, as WAV files, to send through")
  .option(
    "--seed <number>",
    "seed of the stimulus and of the noise",
    seedOf,
    1,
  )
  .option(
    "--sample-rate <Hz>",
    "rate of the built-in stimulus",
    (text) => Math.round(positive(text)),
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
  deno task data:make data/mine --stimulus ~/Music/dry --settings 100,80,60`,
  )
  .action(async (dir, options) => {
    const started = performance.now();
    const { unit, seed, modes } = options;
    const knob = options.settings ??
      Array.from({ length: 13 }, (_, i) => 40 + 5 * i);
    const pairs = plan(modes, knob);
    if (unit === "twin") checkTwin(knob);
    const source = await openDry({
      stimulus: options.stimulus === undefined
        ? null
        : userPath(options.stimulus),
      duration: options.duration,
      sample_rate: options.sampleRate,
      seed,
    });
    const folder = userPath(dir);
    await prepareFolder(folder, dir, options.force ?? false);
    // First of all, so that even an interrupted run leaves a marked folder.
    await writeFileWhole(
      join(folder, SURROGATE_NOTICE),
      notice(unit, source.title, seed),
    );
    for (const split of SPLITS) {
      await Deno.mkdir(join(folder, split), { recursive: true });
    }
    const format = SAMPLE_FORMATS[options.bits];
    const dry = await source.load();
    const seconds = dry.samples.length / dry.sampleRate;
    const progress = await startProgress(
      "Making",
      Math.ceil(seconds * pairs.length),
    );
    let written = 0;
    let clipped = 0;
    try {
      for (const [i, pair] of pairs.entries()) {
        clipped += await makePair(pair, {
          folder,
          dry,
          unit,
          seed,
          format,
          onSamples: (count) => {
            written += count;
            progress.update(
              Math.floor(written / dry.sampleRate),
              `s, pair ${i + 1} of ${pairs.length}`,
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
    const took = (performance.now() - started) / 1000;
    await printResult(
      [
        `${bold("Made")}   ${pairs.length} pairs of ${
          formatDuration(seconds)
        } at ${dry.sampleRate} Hz, ${formatName(format)}, in ${
          formatDuration(took)
        }`,
        `${bold("Where")}  ${dir}`,
        `${bold("What")}   surrogate data: ${
          UNITS[unit].title
        }, driven by ${source.title}`,
      ].join("\n"),
      {
        dir,
        unit,
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
      options.json,
    );
  });

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
function notice(unit: UnitName, stimulus: string, seed: number): string {
  const { title, description, version } = UNITS[unit];
  return `${SURROGATE_HEADING}

These are not recordings of an LA-2A or of any other unit. They were computed
with ${title}, version ${version}.

${description}

Dry sound: ${stimulus}, the same for every pair.
Seed: ${seed}.

The folders and file names are those of the SignalTrain LA2A data set (Hawley,
Colburn and Mimilakis, AES 147, 2019; Zenodo 3824876), none of whose recordings
are in here: input_<n>_.wav goes with target_<n>_LA2A_3c__<mode>__<peakReduction>.wav,
mode 0 is compress, 1 is limit.
`;
}

if (import.meta.main) await runCommand(command);
