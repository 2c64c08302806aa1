/**
 * The layout of the SignalTrain LA2A data set on disk (Hawley, Colburn and
 * Mimilakis, AES 147, 2019; Zenodo 3824876).
 *
 * The folders `Train`, `Val` and `Test` hold `input_<n>_.wav`, what went into
 * the unit, and `target_<n>_LA2A_<kind>__<mode>__<peakReduction>.wav`, what came
 * out. The number `n` pairs the two. `kind` is `3c` for the long takes that the
 * published scores use and `2c` for the short ones; mode 0 is compress, 1 limit.
 *
 * This module reads names only; {@linkcode listEntries} opens no sound file.
 *
 * @module
 */

import { join } from "node:path";
import { reasonOf } from "../base/file_error.ts";

/** The folders of the data set, in its own order. */
export const SPLITS = ["Train", "Val", "Test"] as const;

/** One of the data set's folders. */
export type Split = typeof SPLITS[number];

/** What a target's file name says. */
export interface TargetName {
  /** Number that pairs the target with its input, as written in the name. */
  number: string;
  /** `3c`: long takes; `2c`: short ones. */
  kind: "2c" | "3c";
  /** 0 compress, 1 limit. */
  mode: 0 | 1;
  /** Peak reduction, 0 to 100. */
  peakReduction: number;
}

/** A target of the data set and the input that belongs to it. */
export interface SignalTrainEntry extends TargetName {
  /** Folder that holds the target. */
  split: Split;
  /** The input of the same number in the same folder; null where it is missing. */
  inputPath: string | null;
  /** What came out of the unit. */
  targetPath: string;
}

/** A target whose input is there. */
export interface SignalTrainPair extends SignalTrainEntry {
  /** What went into the unit. */
  inputPath: string;
}

/** What a folder in the data set's layout holds. */
export interface SignalTrainListing {
  /** Every target, by folder, then mode, then peak reduction, then number. */
  entries: SignalTrainEntry[];
  /** Inputs that no target belongs to. */
  unpairedInputs: string[];
  /** Other files in the three folders; hidden files are passed over. */
  unrecognised: string[];
}

/** A folder that does not hold the data set. */
export class DataSetError extends Error {
  /** Names the folder, what is wrong with it and what to do. */
  constructor(dir: string, what: string, remedy: string) {
    super(`${dir}: ${what}. ${remedy}`);
    this.name = "DataSetError";
  }
}

const INPUT = /^input_(\d+)_\.[Ww][Aa][Vv]$/;
const TARGET =
  /^target_(\d+)_LA2A_(2c|3c)__([01])__(\d+(?:\.\d+)?)\.[Ww][Aa][Vv]$/;

/** Name of the input with this number. */
export function inputFileName(number: string): string {
  return `input_${number}_.wav`;
}

/** Name of the target with this number and these settings. */
export function targetFileName(target: TargetName): string {
  const { number, kind, mode, peakReduction } = target;
  return `target_${number}_LA2A_${kind}__${mode}__${peakReduction}.wav`;
}

/** What the name of a target says, or null where `name` is not one. */
export function parseTargetName(name: string): TargetName | null {
  const match = TARGET.exec(name);
  if (match === null) return null;
  const peakReduction = Number(match[4]);
  if (peakReduction > 100) return null;
  return {
    number: match[1],
    kind: match[2] as "2c" | "3c",
    mode: Number(match[3]) as 0 | 1,
    peakReduction,
  };
}

/**
 * Lists the targets and inputs under `dir`.
 *
 * @throws {DataSetError} where `dir` cannot be read or has none of the three
 * folders.
 */
export async function listEntries(dir: string): Promise<SignalTrainListing> {
  const listing: SignalTrainListing = {
    entries: [],
    unpairedInputs: [],
    unrecognised: [],
  };
  const present = await namesOf(dir);
  const splits = SPLITS.filter((split) => present.includes(split));
  if (splits.length === 0) {
    throw new DataSetError(
      dir,
      `none of the folders ${SPLITS.join("/, ")}/ is in it`,
      "Give the folder that holds them",
    );
  }
  for (const split of splits) {
    await listSplit(join(dir, split), split, listing);
  }
  return listing;
}

/** The targets under `dir` whose inputs are there, in the same order. */
export async function listPairs(dir: string): Promise<SignalTrainPair[]> {
  const { entries } = await listEntries(dir);
  return entries.filter((entry): entry is SignalTrainPair =>
    entry.inputPath !== null
  );
}

async function listSplit(
  folder: string,
  split: Split,
  listing: SignalTrainListing,
): Promise<void> {
  const inputs = new Map<string, string>();
  const entries: SignalTrainEntry[] = [];
  for (const name of await namesOf(folder)) {
    const input = INPUT.exec(name);
    const target = parseTargetName(name);
    if (input !== null) {
      inputs.set(input[1], join(folder, name));
    } else if (target !== null) {
      const targetPath = join(folder, name);
      entries.push({ split, ...target, inputPath: null, targetPath });
    } else {
      listing.unrecognised.push(join(folder, name));
    }
  }
  const paired = new Set<string>();
  for (const entry of entries) {
    entry.inputPath = inputs.get(entry.number) ?? null;
    paired.add(entry.number);
  }
  entries.sort((a, b) =>
    a.mode - b.mode || a.peakReduction - b.peakReduction ||
    Number(a.number) - Number(b.number) ||
    (a.targetPath < b.targetPath ? -1 : 1)
  );
  listing.entries.push(...entries);
  for (const [number, path] of inputs) {
    if (!paired.has(number)) listing.unpairedInputs.push(path);
  }
}

/** Sorted names in `folder`, hidden ones left out. */
async function namesOf(folder: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const entry of Deno.readDir(folder)) {
      if (!entry.name.startsWith(".")) names.push(entry.name);
    }
  } catch (error) {
    const missing = error instanceof Deno.errors.NotFound;
    throw new DataSetError(
      folder,
      missing ? "no such folder" : `cannot be listed (${reasonOf(error)})`,
      "Give a folder with Train/, Val/ and Test/ in it",
    );
  }
  return names.sort();
}
