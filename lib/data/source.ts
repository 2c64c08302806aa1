/**
 * Where pairs come from: one interface for the built-in units and for recordings
 * in SignalTrain's layout, so that an experiment does not see the difference.
 *
 * @module
 */

import { basename, extname, join } from "node:path";
import { type DataConfig, SIGNALTRAIN } from "./data_config.ts";
import { reasonOf } from "../base/file_error.ts";
import { formatCount } from "../base/format.ts";
import { RecordingError } from "../sound/recording_error.ts";
import type { Pair, Signal } from "../sound/signal.ts";
import { openWav, readWav } from "../sound/wav.ts";
import { PUBLISHED_FITS } from "./published.ts";
import { recordingWarnings } from "./recording_warnings.ts";
import {
  type Mode,
  MODES,
  nameOfSetting,
  sameSetting,
  type Setting,
} from "./setting.ts";
import { isPairList, readPairList } from "./pair_list.ts";
import { listPairs, type SignalTrainPair } from "./signaltrain.ts";
import {
  makeSounds,
  SIGNALTRAIN_SOUNDS_VERSION,
} from "./signaltrain_sounds.ts";
import { makeStimulus, STIMULUS_VERSION } from "./stimulus.ts";
import { createUnit, type UnitName, UNITS } from "./unit.ts";

/** Plain facts about a source, for reports. */
export interface SourceFacts {
  /** A word that is fit for a file name: `optical`, `twin` or `recordings`. */
  name: string;
  /** The source in a few words, to stand after "of". */
  title: string;
  /** What it is, in a sentence or two. */
  description: string;
  /** Whether the data were made up rather than measured. */
  surrogate: boolean;
  /** Sound at a setting, in seconds; the mean where settings differ. */
  seconds: number;
  /** Rate in Hz. */
  sampleRate: number;
  /** JSON that is another where the data are others. */
  identity: unknown;
  /** Whether a pair can be had at any position of the knob, not only at those listed. */
  hasEverySetting?: boolean;
  /** Settings of a folder whose recordings cannot be used, and why. */
  unusable?: LeftOut[];
}

/** A setting that cannot be used. */
export interface LeftOut extends Setting {
  /** Why: what is wrong, where, and the remedy. */
  reason: string;
}

/** A dry/wet pair for each of a unit's settings. */
export interface PairSource {
  /** Facts about the data. */
  describe(): SourceFacts;
  /** The settings there are data for, by mode and rising peak reduction. */
  settings(): Setting[];
  /**
   * The pair of a setting.
   *
   * @throws {Error} where there is none.
   * @throws {Error} one that `isOfRecording` knows, where it cannot be used.
   */
  load(setting: Setting): Promise<LoadedPair>;
}

/** A source that works in this thread. */
export interface LocalSource extends PairSource {
  /**
   * The pair of a setting. Recordings are read into the memory `spare` where that has
   * room; what is used is taken out of it.
   */
  load(setting: Setting, spare?: ArrayBuffer[]): Promise<LoadedPair>;
}

/** The pair of a setting. */
export interface LoadedPair extends Pair {
  /** What a person should know about the recordings, if there is something. */
  warnings?: string[];
}

/** A dry sound to drive a unit with. */
export interface DrySound {
  /** The samples. */
  samples: Signal;
  /** Samples a second. */
  sampleRate: number;
  /** What sounds where; only of what was made here. */
  segments?: { kind: string; start: number; length: number }[];
}

/** What {@linkcode openDry} needs to know. */
export type DryConfig = Pick<
  DataConfig,
  "stimulus" | "duration" | "sample_rate" | "seed"
>;

/** A dry sound that is made or read when it is first wanted. */
export interface DrySource {
  /** The sound in a few words. */
  title: string;
  /** Length in seconds. */
  seconds: number;
  /** Rate in Hz. */
  sampleRate: number;
  /** JSON that is another where the sound is another. */
  identity: unknown;
  /** The sound; the same arrays each time. */
  load(): Promise<DrySound>;
}

/**
 * Opens what `config` names: the folder of recordings where it has one, else the
 * built-in unit. The duration counts for built-in units; recordings are used
 * whole.
 */
export async function openSource(config: DataConfig): Promise<LocalSource> {
  return config.folder === null
    ? await openBuiltIn(config)
    : await openRecorded(config.folder);
}

/** Facts about a source as `--json` shows them. */
export function factsToJson(facts: SourceFacts): Record<string, unknown> {
  return {
    name: facts.name,
    title: facts.title,
    description: facts.description,
    surrogate: facts.surrogate,
    seconds: facts.seconds,
    sample_rate: facts.sampleRate,
    identity: facts.identity,
  };
}

/** Those of the settings `wanted` whose recordings cannot be used, and why. */
export function unusableAmong(
  { unusable = [] }: SourceFacts,
  wanted: readonly Setting[],
): LeftOut[] {
  return unusable.filter((one) =>
    wanted.some((setting) => sameSetting(setting, one))
  );
}

/**
 * Makes sure that `source` has all of the settings `wanted`; whether a recording
 * can be used is not asked.
 *
 * @throws {Error} naming those that it has not, and those that it has.
 */
export function requireSettings(
  source: PairSource,
  wanted: readonly Setting[],
): void {
  const { title, hasEverySetting } = source.describe();
  if (hasEverySetting) return;
  const known = source.settings();
  const missing = wanted.filter((setting) =>
    !known.some((other) => sameSetting(other, setting))
  );
  if (missing.length === 0) return;
  throw new Error(
    `${title}: no setting ${listSettings(missing)} there; there are ${
      listSettings(known)
    }. Choose among them with --set sweep.modes=[…] and --set sweep.settings=[…]`,
  );
}

/** Settings in words, such as "compress 40, 45 and limit 100". */
function listSettings(settings: readonly Setting[]): string {
  return MODES.flatMap((mode) => {
    const knob = settings.filter((setting) => setting.mode === mode)
      .map(({ peakReduction }) => peakReduction).sort((a, b) => a - b);
    return knob.length === 0 ? [] : [`${mode} ${knob.join(", ")}`];
  }).join(" and ");
}

/** Most memory that a built-in unit's outputs are kept in, to be used again. */
const KEPT_BYTES = 400e6;

/** A built-in unit, driven by the stimulus or by a person's own music. */
async function openBuiltIn(config: DataConfig): Promise<PairSource> {
  const { unit, seed } = config;
  const dry = await openDry(config);
  const { title, description, version } = UNITS[unit];
  const kept = new Map<string, Float32Array>();
  return {
    describe: () => ({
      name: unit,
      title,
      description: `${description} Driven by ${dry.title}.`,
      surrogate: true,
      seconds: dry.seconds,
      sampleRate: dry.sampleRate,
      identity: { unit, version, seed, dry: dry.identity },
      hasEverySetting: unit === "optical",
    }),
    settings: () => builtInSettings(unit),
    async load(setting) {
      const { samples, sampleRate } = await dry.load();
      const key = nameOfSetting(setting);
      let wet = kept.get(key);
      if (wet === undefined) {
        wet = new Float32Array(samples.length);
        createUnit(unit, setting, { sampleRate, seed }).process(samples, wet);
        if ((kept.size + 1) * wet.byteLength <= KEPT_BYTES) kept.set(key, wet);
      }
      return { dry: samples, wet, sampleRate };
    },
  };
}

/**
 * Settings of a built-in unit: those that are published, and for the optical
 * unit, which has a knob, those below too.
 */
export function builtInSettings(unit: UnitName): Setting[] {
  if (unit === "twin") {
    return PUBLISHED_FITS.map(({ mode, peakReduction }) => ({
      mode,
      peakReduction,
    }));
  }
  return MODES.flatMap((mode) =>
    Array.from({ length: 21 }, (_, i) => ({ mode, peakReduction: 5 * i }))
  );
}

/** Opens the sound that drives a built-in unit. */
export async function openDry(config: DryConfig): Promise<DrySource> {
  const { stimulus, duration: seconds, sample_rate: sampleRate, seed } = config;
  const isSignalTrain = stimulus === SIGNALTRAIN;
  if (stimulus !== null && !isSignalTrain) {
    return await openMusic(stimulus, seconds);
  }
  let made: DrySound | undefined;
  return {
    title: isSignalTrain
      ? `SignalTrain's synthetic sounds, seed ${seed}`
      : `the built-in stimulus, seed ${seed}`,
    seconds,
    sampleRate,
    identity: {
      stimulus: isSignalTrain ? SIGNALTRAIN : "built-in",
      version: isSignalTrain ? SIGNALTRAIN_SOUNDS_VERSION : STIMULUS_VERSION,
      seconds,
      sample_rate: sampleRate,
      seed,
    },
    load: () =>
      new Promise((resolve) =>
        resolve(
          made ??= isSignalTrain
            ? { ...makeSounds({ seconds, sampleRate, seed }), sampleRate }
            : makeStimulus({ seconds, sampleRate, seed }),
        )
      ),
  };
}

/**
 * The WAV files of a folder one after the other, in the order of their names, up
 * to `seconds`. Of files with several channels the first is taken.
 */
async function openMusic(folder: string, seconds: number): Promise<DrySource> {
  const names = await wavNames(folder);
  const parts: { path: string; length: number; take: number }[] = [];
  let sampleRate = 0;
  let total = 0;
  for (const name of names) {
    const path = join(folder, name);
    using reader = await openWav(path, { channel: 1 });
    sampleRate ||= reader.sampleRate;
    if (reader.sampleRate !== sampleRate) {
      throw new Error(
        `${path} is at ${reader.sampleRate} Hz, ${
          parts[0].path
        } at ${sampleRate} Hz: convert them to the same rate`,
      );
    }
    const wanted = Math.round(seconds * sampleRate) - total;
    const take = Math.min(reader.length, wanted);
    parts.push({ path, length: reader.length, take });
    total += take;
    if (take === wanted) break;
  }
  let read: DrySound | undefined;
  return {
    title: `the music in the folder ${basename(folder)} (${
      formatCount(parts.length, "file")
    })`,
    seconds: total / sampleRate,
    sampleRate,
    identity: {
      stimulus: await Promise.all(parts.map(({ path }) => identityOf(path))),
      samples: total,
    },
    async load() {
      if (read !== undefined) return read;
      const samples = new Float32Array(total);
      let at = 0;
      for (const { path, take } of parts) {
        using reader = await openWav(path, { channel: 1 });
        await reader.readInto([samples.subarray(at, at + take)]);
        at += take;
      }
      return read = { samples, sampleRate };
    },
  };
}

/** Sorted names of the WAV files in `folder`. */
async function wavNames(folder: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      const isWav = extname(name).toLowerCase() === ".wav";
      if (isWav && !isDirectory && !name.startsWith(".")) names.push(name);
    }
  } catch (error) {
    throw new Error(
      error instanceof Deno.errors.NotFound
        ? `${folder}: no such folder. Check the path`
        : `${folder}: cannot be listed (${
          reasonOf(error)
        }). Give a folder with WAV files in it`,
      { cause: error },
    );
  }
  if (names.length === 0) {
    throw new Error(
      `${folder}: no WAV files in it. Give a folder with your music as WAV files`,
    );
  }
  return names.sort();
}

/** What is known of a recording before it is read. */
interface Extent {
  /** Samples of the shorter side. */
  length: number;
  /** Samples a second of both. */
  sampleRate: number;
}

/** One recording of a data set, with its extent or why it cannot be used. */
interface Recording extends Setting {
  entry: SignalTrainPair;
  extent: Extent | Error;
}

/**
 * Recordings in SignalTrain's layout. The long takes (3c) are used, as for the
 * published scores; where a setting has several, the longest, and of equally
 * long ones the first by folder (Train, Val, Test) and number. A take that cannot
 * be used keeps its setting from being loaded, and no other one. `place` is the data
 * set's folder, or a list of pairs in it.
 */
async function openRecorded(place: string): Promise<LocalSource> {
  const list = isPairList(place) ? await readPairList(place) : undefined;
  const folder = list?.folder ?? place;
  const recordings: Recording[] = [];
  for (const entry of await listPairs(folder)) {
    if (entry.kind !== "3c") continue;
    const reason = list?.leftOut.get(entry.targetPath);
    if (list !== undefined && reason === undefined) {
      if (!list.targets.has(entry.targetPath)) continue;
    }
    const setting: Setting = {
      mode: MODES[entry.mode],
      peakReduction: entry.peakReduction,
    };
    const extent = reason === undefined
      ? await extentOf(entry).catch((error: Error) => error)
      : new RecordingError(reason);
    const recording = { ...setting, entry, extent };
    const at = recordings.findIndex((other) => sameSetting(other, setting));
    if (at === -1) recordings.push(recording);
    else if (isPreferred(extent, recordings[at].extent)) {
      recordings[at] = recording;
    }
  }
  if (recordings.length === 0) {
    throw new Error(
      `${folder}: no 3c target with its input in Train/, Val/ or Test/. ` +
        "Run data:check on it to see what is there",
    );
  }
  const order = (mode: Mode) => MODES.indexOf(mode);
  recordings.sort((a, b) =>
    order(a.mode) - order(b.mode) || a.peakReduction - b.peakReduction
  );
  const settings = recordings.map(({ mode, peakReduction }) => ({
    mode,
    peakReduction,
  }));
  const usable: Extent[] = [];
  const unusable: LeftOut[] = [];
  for (const { extent, ...setting } of recordings) {
    if (extent instanceof Error) {
      unusable.push({
        mode: setting.mode,
        peakReduction: setting.peakReduction,
        reason: extent.message,
      });
    } else usable.push(extent);
  }
  if (usable.length === 0) throw recordings[0].extent;
  const surrogate = await isSurrogate(folder);
  // A setting may be loaded again: its recordings are the same.
  const known = new Map<Recording, string[]>();
  const facts: SourceFacts = {
    name: "recordings",
    title: `the recordings in the folder ${basename(folder)}`,
    description: surrogate
      ? "Surrogate data that Optofit made, in the layout of the SignalTrain " +
        "LA2A data set. They were not measured on a real LA-2A."
      : "Recordings in the layout of the SignalTrain LA2A data set (Hawley, " +
        "Colburn and Mimilakis, AES 147, 2019).",
    surrogate,
    seconds: usable.reduce(
      (sum, { length, sampleRate }) => sum + length / sampleRate,
      0,
    ) / usable.length,
    sampleRate: usable[0].sampleRate,
    identity: await Promise.all(
      recordings.flatMap(({ entry }) => [
        identityOf(entry.inputPath),
        identityOf(entry.targetPath),
      ]),
    ),
    ...(unusable.length > 0 && { unusable }),
  };
  return {
    describe: () => facts,
    settings: () => settings,
    async load(setting, spare) {
      const found = recordings.find((one) => sameSetting(one, setting));
      if (found === undefined) {
        throw new Error(
          `${folder}: no 3c recording of ${
            nameOfSetting(setting)
          }. Leave this setting out; data:check lists what is there`,
        );
      }
      const { entry, extent } = found;
      if (extent instanceof Error) throw extent;
      const { length, sampleRate } = extent;
      const dry = await readWav(entry.inputPath, { spare });
      const wet = await readWav(entry.targetPath, { spare });
      const pair: Pair = {
        dry: dry.samples.subarray(0, length),
        wet: wet.samples.subarray(0, length),
        sampleRate,
      };
      const warnings = known.get(found) ?? recordingWarnings(dry, wet, pair);
      known.set(found, warnings);
      return { ...pair, warnings };
    },
  };
}

/**
 * Whether the take of extent `one` is to be used rather than that of `other`: it
 * is longer, or cannot be used, so that nobody knows which is the longest.
 */
function isPreferred(one: Extent | Error, other: Extent | Error): boolean {
  if (other instanceof Error) return false;
  return one instanceof Error || one.length > other.length;
}

/** Extent of a pair. @throws {Error} of the recording, if it cannot be used. */
async function extentOf(
  { inputPath, targetPath }: SignalTrainPair,
): Promise<Extent> {
  using input = await openWav(inputPath);
  using target = await openWav(targetPath);
  if (input.sampleRate !== target.sampleRate) {
    throw new RecordingError(
      `${inputPath} is at ${input.sampleRate} Hz, ${targetPath} at ${target.sampleRate} Hz: convert one to the rate of the other`,
    );
  }
  return {
    length: Math.min(input.length, target.length),
    sampleRate: input.sampleRate,
  };
}

/** Name of the file by which `data:make` marks a folder as surrogate data. */
export const SURROGATE_NOTICE = "README.txt";

/** First line of that file. */
export const SURROGATE_HEADING = "SURROGATE DATA, MADE BY OPTOFIT";

/** Whether `folder` holds data that `data:make` made. */
export async function isSurrogate(folder: string): Promise<boolean> {
  try {
    const text = await Deno.readTextFile(join(folder, SURROGATE_NOTICE));
    return text.startsWith(SURROGATE_HEADING);
  } catch {
    return false;
  }
}

/**
 * Name, size and time of a file: another where the file is another. A file that
 * is not there, such as the end of a broken link, has no size.
 */
export async function identityOf(path: string): Promise<unknown> {
  const found = await Deno.stat(path).catch(() => null);
  return [basename(path), found?.size ?? null, found?.mtime?.getTime() ?? null];
}
