/**
 * What a person writes to describe a unit's recordings: `capture.yaml`, in the folder
 * of the recordings.
 *
 *     format: 1
 *     unit: 1176 rev. D
 *     by: Ada Example
 *     licence: CC BY 4.0
 *     knobs:
 *       ratio: { kind: choice, values: [4, 8, 12, 20] }
 *       input: { kind: number, range: [0, 10], unit: "" }
 *     dry: capture.wav
 *     wet: 1176_{ratio}_{input}.wav
 *
 * In place of the pattern `wet`, `takes` names every file:
 *
 *     takes:
 *       - { at: { ratio: 4, input: 3 }, wet: [a.wav, b.wav] }
 *       - { at: { ratio: 8, input: 3 }, wet: c.wav, dry: other.wav }
 *
 * `dry` may be a pattern too, filled in with the words of `wet`. With `loop`, a
 * recording of the dry sound through a cable in place of the unit, the unit is fitted
 * to that: what the converters do is then none of the unit's.
 *
 * {@linkcode openCapture} resolves all of it to settings and their files, and refuses
 * whatever does not fit together before anything is read or written.
 *
 * @module
 */

import { join } from "node:path";
import * as z from "zod";
import { ConfigError, parseConfig, readTextFile } from "../base/config.ts";
import {
  isOn,
  type Knob,
  knobsSchema,
  MOST,
  most,
  nameOfPositions,
  type Positions,
  whatKnobTakes,
} from "../data/unit_file.ts";
import { openWav, SoundFileError } from "../sound/wav.ts";
import { wavFilesIn } from "./files.ts";
import { filledIn, FREE, namePattern } from "./name_pattern.ts";

/** Name of the file in a folder of recordings. */
export const MANIFEST_NAME = "capture.yaml";

/** Characters of a text that a person may write. */
const MOST_TEXT = 2000;

/** Schema of a text for people. */
const textSchema = z.string().max(
  MOST_TEXT,
  `must have at most ${MOST_TEXT} characters`,
).refine((text) => !/[^\P{Cc}\n]/u.test(text), "has control characters in it");

/** Schema of a file's name, or of a pattern of names, within the folder. */
const pathSchema = z.string().min(1, "is empty").max(500, "is too long")
  .refine((path) => !/\p{Cc}/u.test(path), "has control characters in it")
  .refine(
    (path) =>
      !/^[/\\]|^[a-z]:|\\/i.test(path) && !path.split("/").includes(".."),
    "must be a name within the folder, with / between folders: put the file there",
  );

const filesSchema = z.union([
  pathSchema,
  z.array(pathSchema).min(1, "names no file").max(...most(100, "files")),
]);

/** Schema of a manifest. */
export const manifestSchema = z.strictObject({
  format: z.literal(1, "must be 1, the only one there is"),
  /** What the unit is. */
  unit: textSchema.min(1, "says nothing"),
  /** Who recorded it. */
  by: textSchema.optional(),
  /** What others may do with the recordings, and with what comes of them. */
  licence: textSchema.optional(),
  /** What else there is to say. */
  notes: textSchema.optional(),
  knobs: knobsSchema.default({}),
  /** How names spell the values of a choice, in their order, where otherwise. */
  spelt: z.record(z.string(), z.array(z.string().min(1)).min(1)).default({}),
  /** What went in: a file, or a pattern of those that go with `wet`. */
  dry: pathSchema.optional(),
  /** The dry sound through a cable in place of the unit. */
  loop: pathSchema.optional(),
  /** A pattern of what came out. */
  wet: pathSchema.optional(),
  /** What came out, by setting. */
  takes: z.array(z.strictObject({
    at: z.record(z.string(), z.union([z.number(), z.string()])).default({}),
    wet: filesSchema,
    dry: filesSchema.optional(),
  })).min(1, "names no take").max(...most(MOST.settings, "settings"))
    .optional(),
}).superRefine(({ wet, takes, knobs, spelt }, context) => {
  const refuse = (message: string, ...path: (string | number)[]) =>
    context.addIssue({ code: "custom", message, path });
  if ((wet === undefined) === (takes === undefined)) {
    refuse(
      "give either a pattern of names here, or takes",
      wet === undefined ? "wet" : "takes",
    );
  }
  for (const word of FREE) {
    if (Object.hasOwn(knobs, word)) {
      refuse("is a word of patterns: call the knob otherwise", "knobs", word);
    }
  }
  for (const [name, words] of Object.entries(spelt)) {
    const knob = Object.hasOwn(knobs, name) ? knobs[name] : undefined;
    if (knob?.kind !== "choice" || knob.values.length !== words.length) {
      refuse(
        "must have a word for each value of a knob that is a choice",
        "spelt",
        name,
      );
    } else if (new Set(words).size < words.length) {
      refuse("has a word twice", "spelt", name);
    }
  }
});

/** A checked manifest. */
export type Manifest = z.output<typeof manifestSchema>;

/** A recording of a setting: what went in and what came out, as named. */
export interface CaptureTake {
  dry: string;
  wet: string;
}

/** A setting and its recordings. */
export interface CaptureSetting {
  at: Positions;
  takes: CaptureTake[];
}

/** A unit's recordings. */
export interface Capture {
  /** Folder that all files are in. */
  folder: string;
  manifest: Manifest;
  /** The settings, in the order of the knobs' positions. */
  settings: CaptureSetting[];
  /** Of all files, in Hz. */
  sampleRate: number;
  /** Sound files in the folder that nothing names. */
  others: string[];
}

/** Reads the manifest in the file `path`, which the person called `name`. */
export async function readManifest(
  path: string,
  name: string,
): Promise<Manifest> {
  return parseConfig(manifestSchema, await readTextFile(path, name), name);
}

/**
 * Resolves `manifest`, which came from `name`, to the files in `folder`.
 *
 * @throws {ConfigError} naming what does not fit together, and the remedy.
 */
export async function openCapture(
  manifest: Manifest,
  folder: string,
  name: string,
): Promise<Capture> {
  const fail = (message: string): never => {
    throw new ConfigError(`${name}: ${message}`);
  };
  const there = await wavFilesIn(folder);
  const found = manifest.takes === undefined
    ? byPattern(manifest, there, fail)
    : manifest.takes.map(({ at, wet, dry = manifest.dry }, i) => {
      const place = `takes.${i}`;
      if (dry === undefined) {
        fail(`${place}: has no dry side: name one, for it or for all`);
      }
      const [wets, drys] = [wet, dry!].map((one) => [one].flat());
      if (drys.length !== 1 && drys.length !== wets.length) {
        fail(
          `${place}: ${wets.length} wet files and ${drys.length} dry ones: give one dry file, or one for each`,
        );
      }
      return {
        place,
        at,
        takes: wets.map((wet, k) => ({
          wet,
          dry: drys.length === 1 ? drys[0] : drys[k],
        })),
      };
    });
  const { knobs } = manifest;
  const settings = new Map<string, CaptureSetting>();
  const wets = new Map<string, string>();
  for (const { place, at, takes } of found) {
    for (const knob of Object.keys(at)) {
      if (!Object.hasOwn(knobs, knob)) {
        fail(
          `${place}: ${knob} is no knob of this unit; it has ${
            Object.keys(knobs).join(", ") || "none"
          }`,
        );
      }
    }
    const ordered: Record<string, number | string> = {};
    for (const [knob, one] of Object.entries(knobs)) {
      if (!Object.hasOwn(at, knob)) {
        fail(`${place}: does not say where ${knob} stood`);
      }
      if (!isOn(one, at[knob])) {
        fail(
          `${place}: ${knob} ${at[knob]} is beyond the knob: must be ${
            whatKnobTakes(one)
          }`,
        );
      }
      ordered[knob] = at[knob];
    }
    const key = JSON.stringify(ordered);
    if (settings.has(key)) {
      fail(
        `${place}: ${
          nameOfPositions(ordered) || "the only setting"
        } is there twice. Several takes of one setting go together: wet: [a.wav, b.wav], or {take} in a pattern`,
      );
    }
    for (const { wet } of takes) {
      const other = wets.get(wet);
      if (other !== undefined) fail(`${wet} is the wet side of two takes`);
      wets.set(wet, key);
    }
    settings.set(key, { at: ordered, takes });
  }
  const all = [...settings.values()].sort((a, b) =>
    byPosition(knobs, a.at, b.at)
  );
  const named = new Set(
    all.flatMap(({ takes }) => takes.flatMap(({ dry, wet }) => [dry, wet])),
  );
  if (manifest.loop !== undefined) named.add(manifest.loop);
  if (manifest.dry !== undefined && !manifest.dry.includes("{")) {
    named.add(manifest.dry);
  }
  const missing = [...named].filter((file) => !there.includes(file));
  if (missing.length > 0) {
    fail(
      `${missing.slice(0, 3).join(", ")}${
        missing.length > 3 ? ` and ${missing.length - 3} more` : ""
      }: not in the folder. Check the names, or put the recordings there`,
    );
  }
  return {
    folder,
    manifest,
    settings: all,
    sampleRate: await soleRate(folder, [...named], fail),
    others: there.filter((file) => !named.has(file)),
  };
}

/** The settings that file names tell. */
function byPattern(
  { wet, dry, knobs, spelt, loop }: Manifest,
  there: readonly string[],
  fail: (message: string) => never,
) {
  const words = Object.fromEntries(
    Object.entries(knobs).map(([name, knob]) => [name, wordsOf(knob)]),
  );
  function wordsOf(knob: Knob): string {
    return knob.kind === "number" ? "-?\\d+(?:[.,]\\d+)?" : "[^/]+?";
  }
  for (const [name, knob] of Object.entries(knobs)) {
    if (knob.kind !== "choice") continue;
    words[name] = (spelt[name] ?? knob.values.map(String))
      .toSorted((a, b) => b.length - a.length)
      .map((word) => RegExp.escape(word)).join("|");
  }
  let pattern;
  try {
    pattern = namePattern(wet!, words);
    if (dry === undefined) fail("has no dry side: name one with dry");
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    fail(error.message);
  }
  const missing = Object.keys(knobs).filter((name) =>
    !pattern!.words.includes(name)
  );
  if (missing.length > 0) {
    fail(`the pattern ${wet} does not say where ${missing.join(", ")} stood`);
  }
  const isFree = FREE.some((word) => pattern!.words.includes(word));
  const groups = new Map<
    string,
    { place: string; at: Positions; takes: CaptureTake[] }
  >();
  for (const file of there) {
    if (file === dry || file === loop) continue;
    const told = pattern!.match(file);
    if (told === undefined) continue;
    const at = Object.fromEntries(
      Object.entries(knobs).map(([name, knob]) => [
        name,
        knob.kind === "number"
          ? Number(told[name].replace(",", "."))
          : knob.values[
            (spelt[name] ?? knob.values.map(String)).indexOf(told[name])
          ],
      ]),
    );
    const take = { wet: file, dry: filledIn(dry!, told) };
    const key = JSON.stringify(at);
    const group = groups.get(key);
    if (group === undefined) {
      groups.set(key, { place: file, at, takes: [take] });
    } else if (isFree) group.takes.push(take);
    else {
      fail(
        `${file} and ${group.place} are of one setting: several takes need {take} in the pattern`,
      );
    }
  }
  if (groups.size === 0) {
    fail(
      `no file in the folder is called ${wet}: check the pattern, and the values of the knobs`,
    );
  }
  return [...groups.values()];
}

/** The order of settings: choices as listed, numbers ascending. */
function byPosition(
  knobs: Readonly<Record<string, Knob>>,
  a: Positions,
  b: Positions,
): number {
  for (const [name, knob] of Object.entries(knobs)) {
    const [p, q] = [a, b].map((at) =>
      knob.kind === "choice"
        ? knob.values.indexOf(at[name])
        : at[name] as number
    );
    if (p !== q) return p - q;
  }
  return 0;
}

/** The rate of all `files`; those that cannot be read are left for later. */
async function soleRate(
  folder: string,
  files: readonly string[],
  fail: (message: string) => never,
): Promise<number> {
  let first: { file: string; rate: number } | undefined;
  for (const file of files) {
    let rate: number;
    try {
      using reader = await openWav(join(folder, file), { channel: 1 });
      rate = reader.sampleRate;
    } catch (error) {
      if (error instanceof SoundFileError) continue;
      throw error;
    }
    first ??= { file, rate };
    if (rate !== first.rate) {
      fail(
        `${file} is at ${rate} Hz, ${first.file} at ${first.rate} Hz: convert one to the rate of the other`,
      );
    }
  }
  return first?.rate ?? fail("none of the recordings can be read");
}
