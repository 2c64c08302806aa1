/**
 * What an experiment fits one after the other: the settings of a unit, or a pair of
 * recordings in place of one.
 *
 * @module
 */

import { Option } from "@commander-js/extra-typings";
import * as z from "zod";
import { userPathSchema } from "../base/user_path.ts";
import { alignPair } from "../data/aligned_pair.ts";
import { openBackgroundSource } from "../data/background_source.ts";
import {
  type DataConfig,
  dataSchema,
  requireOneSource,
  settingsInOrder,
  settingsSchema,
} from "../data/data_config.ts";
import {
  keyOfSetting,
  nameOfSetting,
  sameSetting,
  type Setting,
} from "../data/setting.ts";
import { type SourceFacts, unusableAmong } from "../data/source.ts";
import type { AlignmentConfig } from "../data/aligned_pair.ts";
import type { Pair } from "../sound/signal.ts";
import { note } from "./command_line.ts";
import { openRecordings, soleTake } from "./recordings.ts";

/** Schema of a pair of recordings in place of a unit. */
const ownPairSchema = z.strictObject({
  dry: userPathSchema.nullable().default(null),
  wet: userPathSchema.nullable().default(null),
}).refine(
  ({ dry, wet }) => (dry === null) === (wet === null),
  "must name both recordings, or neither",
);

/** What a config says of the cases. */
export const recordingsShape = {
  data: dataSchema.prefault({}),
  pair: ownPairSchema.prefault({}),
  settings: settingsSchema.prefault({}),
};

/** A checked config of cases. */
type RecordingsConfig = z.output<z.ZodObject<typeof recordingsShape>>;

/** Options that name a pair, by the key of the config. */
export const OWN_PAIR_OPTIONS = {
  "pair.dry": new Option("--dry <FILE.wav>", "a pair instead: what went in"),
  "pair.wet": new Option("--wet <FILE.wav>", "and what came out"),
};

/** A recording to fit. */
export interface Case {
  /** Fit for a file name. */
  key: string;
  /** What a person calls it. */
  name: string;
  /** Mode of the setting, or "recording". */
  mode: string;
  /** Position of the knob; absent where there is none. */
  peak_reduction?: number;
  /** Reads it, aligned. */
  load(): Promise<Pair>;
}

/** Cases that are open, and facts about where they come from. */
export interface OpenCases {
  /** What the data are. */
  facts: SourceFacts;
  /** The cases. */
  data: Case[];
  /** Gives back what they hold. */
  close(): void;
}

/** The pair that a config names, or the settings of a unit. */
export async function openCases(
  { pair: { dry, wet }, data, settings }: RecordingsConfig,
  alignment: AlignmentConfig,
  unit?: string,
): Promise<OpenCases> {
  return dry !== null && wet !== null
    ? await openOwnPair(dry, wet, alignment)
    : await openSettings(data, settingsInOrder(settings), alignment, unit);
}

/** The `settings` that the unit of `data` has. */
async function openSettings(
  data: DataConfig,
  settings: readonly Setting[],
  alignment: AlignmentConfig,
  unit?: string,
): Promise<OpenCases> {
  requireOneSource(data, unit);
  const source = await openBackgroundSource(data);
  const known = source.settings();
  const usable = settings.filter((one) =>
    known.some((other) => sameSetting(one, other))
  );
  const facts = source.describe();
  for (const one of unusableAmong(facts, usable)) {
    note(`warning: ${nameOfSetting(one)}: ${one.reason}`);
  }
  const close = () => source[Symbol.dispose]();
  if (usable.length === 0) {
    close();
    throw new Error(
      `${facts.title}: has none of the settings asked for; it has ${
        known.map(nameOfSetting).join(", ")
      }`,
    );
  }
  if (usable.length < settings.length) {
    note(
      `${facts.title} has ${usable.length} of the ${settings.length} settings asked for; the others are left out.`,
    );
  }
  return {
    facts,
    data: usable.map((setting) => ({
      key: keyOfSetting(setting),
      name: nameOfSetting(setting),
      mode: setting.mode,
      peak_reduction: setting.peakReduction,
      load: async () => alignPair(await source.load(setting), alignment).pair,
    })),
    close,
  };
}

/** A person's own pair of recordings, read at once. */
async function openOwnPair(
  dry: string,
  wet: string,
  alignment: AlignmentConfig,
): Promise<OpenCases> {
  const recordings = await openRecordings(dry, wet, { alignment });
  const pair = soleTake(recordings);
  for (const warning of recordings.warnings) note(`warning: ${warning}`);
  const identity = await Promise.all([dry, wet].map(async (file) => {
    const { size, mtime } = await Deno.stat(file);
    return [file, size, mtime?.getTime()];
  }));
  return {
    facts: {
      name: "pair",
      title: "a pair of recordings",
      description: `${dry} and ${wet}.`,
      surrogate: false,
      seconds: pair.dry.length / pair.sampleRate,
      sampleRate: pair.sampleRate,
      identity,
    },
    data: [{
      key: "recording",
      name: "the recording",
      mode: "recording",
      load: () => Promise.resolve(pair),
    }],
    close() {},
  };
}
