/**
 * A manifest from what is in a folder: the pattern of the recordings' names, the
 * knobs that it has, and what went in.
 *
 * SignalTrain's layout is one such folder, known by its names.
 *
 * @module
 */

import { stringify } from "yaml";
import { ConfigError } from "../base/config.ts";
import { LEVELLING_KNOBS } from "../data/unit_file.ts";
import { parseTargetName } from "../data/signaltrain.ts";
import { MODES } from "../data/setting.ts";
import type { Manifest } from "./manifest.ts";

/** What a person may say of the names. */
export interface NamingHints {
  /** A pattern, whose words in braces are the knobs. */
  names?: string;
  /** Knobs that are choices, though all their positions are numbers. */
  choices?: readonly string[];
}

/** A word of a name: what it begins with, and a number or another word. */
interface Piece {
  prefix: string;
  value: string;
  isNumber: boolean;
}

/** The manifest of SignalTrain's recordings of the LA-2A. */
const SIGNALTRAIN: Omit<Manifest, "takes" | "notes"> = {
  format: 1,
  unit: "LA-2A",
  by: "Hawley, Colburn and Mimilakis, the SignalTrain LA2A data set",
  licence: "CC BY 4.0",
  knobs: { ...LEVELLING_KNOBS },
  spelt: { mode: MODES.map((_, i) => String(i)) },
  dry: "{folder}/input_{take}_.wav",
  wet: "{folder}/target_{take}_LA2A_3c__{mode}__{peak_reduction}.wav",
};

/**
 * The manifest of the sound files called `names`.
 *
 * @throws {ConfigError} where their names tell nothing.
 */
export function manifestOf(
  names: readonly string[],
  title: string,
  { names: pattern, choices = [] }: NamingHints = {},
): Manifest {
  if (names.length === 0) {
    throw new ConfigError("no WAV files in it: put the recordings there first");
  }
  const isSignalTrain = names.some((name) =>
    parseTargetName(name.split("/").at(-1)!)?.kind === "3c"
  );
  if (isSignalTrain && pattern === undefined) return { ...SIGNALTRAIN };
  const { wet, rows } = pattern === undefined
    ? guessed(names)
    : told(names, pattern);
  const others = names.filter((name) => !rows.some((row) => row.file === name));
  const loop = others.find((name) => /loop/i.test(name));
  const drys = others.filter((name) => name !== loop);
  const dry = drys.find((name) => /dry|input|capture|signal/i.test(name)) ??
    (drys.length === 1 ? drys[0] : undefined);
  if (dry === undefined) {
    throw new ConfigError(
      `no file in it looks like what went in (${
        others.join(", ") || "all are named like recordings of the unit"
      }): put it there as dry.wav`,
    );
  }
  const words = Object.keys(rows[0].at);
  const knobs = Object.fromEntries(words.map((word) => {
    const values = [...new Set(rows.map(({ at }) => at[word]))];
    const numbers = values.map((value) => Number(value.replace(",", ".")));
    const isNumber = numbers.every(Number.isFinite) && numbers.length > 1 &&
      !choices.includes(word);
    const sorted = numbers.toSorted((a, b) => a - b);
    return [
      word,
      isNumber
        ? {
          kind: "number" as const,
          range: [sorted[0], sorted.at(-1)!] as [number, number],
          unit: "",
        }
        : {
          kind: "choice" as const,
          values: numbers.every(Number.isFinite) ? sorted : values.sort(),
        },
    ];
  }));
  return {
    format: 1,
    unit: title,
    by: "",
    licence: "",
    knobs,
    spelt: {},
    dry,
    ...(loop !== undefined && { loop }),
    wet,
  };
}

/** The files of a pattern that a person gave, and what its words stand for. */
function told(names: readonly string[], pattern: string) {
  const words: string[] = [];
  const source = pattern.split(/(\{\w+\}|\*)/).map((part) => {
    if (part === "*") return "[^/]*";
    const [, word] = /^\{(\w+)\}$/.exec(part) ?? [];
    if (word === undefined) return RegExp.escape(part);
    words.push(word);
    return "([^/]+?)";
  }).join("");
  const expression = new RegExp(`^${source}$`);
  const rows = names.flatMap((file) => {
    const found = expression.exec(file);
    if (found === null) return [];
    const at = Object.fromEntries(
      words.map((word, i) => [word, found[i + 1]] as const)
        .filter(([word]) => word !== "take" && word !== "folder"),
    );
    return [{ file, at }];
  });
  if (rows.length === 0) {
    throw new ConfigError(
      `no file in it is called ${pattern}: it has ${
        names.slice(0, 3).join(", ")
      }${names.length > 3 ? " …" : ""}`,
    );
  }
  return { wet: pattern, rows };
}

/** The largest group of names that differ in some of their words alone. */
function guessed(names: readonly string[]) {
  const groups = Map.groupBy(
    names,
    (name) =>
      JSON.stringify(
        piecesOf(name).map(({ prefix, isNumber }) => [
          isNumber ? prefix : "",
          isNumber,
        ]),
      ),
  );
  const [group] = [...groups.values()].sort((a, b) => b.length - a.length);
  if (group.length < 2) {
    throw new ConfigError(
      `the names of its files tell no settings: call them like 1176_{ratio}_{input}.wav, and give that with --names`,
    );
  }
  const pieces = group.map(piecesOf);
  const count = pieces[0].length;
  const words: (string | undefined)[] = [];
  for (let i = 0; i < count; i++) {
    const whole = new Set(pieces.map((of) => of[i].prefix + of[i].value));
    const name = pieces[0][i].prefix.replace(/\W/g, "").toLowerCase();
    const varies = whole.size > 1;
    const base = /^[a-z]/.test(name) && pieces[0][i].isNumber
      ? name
      : `knob_${words.filter((word) => word !== undefined).length + 1}`;
    words.push(varies ? base : undefined);
  }
  const [first] = pieces;
  const folder = group[0].includes("/")
    ? group[0].slice(0, group[0].lastIndexOf("/") + 1)
    : "";
  const ending = group[0].slice(group[0].lastIndexOf("."));
  const wet = folder +
    first.map(({ prefix, value }, i) =>
      words[i] === undefined
        ? prefix + value
        : `${first[i].isNumber ? prefix : ""}{${words[i]}}`
    ).join("_") + ending;
  return {
    wet,
    rows: group.map((file, k) => ({
      file,
      at: Object.fromEntries(
        words.flatMap((word, i) =>
          word === undefined ? [] : [[word, pieces[k][i].value]]
        ),
      ) as Record<string, string>,
    })),
  };
}

/** What stands between the `_` of a name. */
function piecesOf(name: string): Piece[] {
  return name.split("/").at(-1)!.replace(/\.wav$/i, "").split("_")
    .map((part) => {
      const [, prefix, value] = /^(.*?)(-?\d+(?:[.,]\d+)?)$/.exec(part) ?? [];
      return value === undefined
        ? { prefix: "", value: part, isNumber: false }
        : { prefix, value, isNumber: true };
    });
}

/** `manifest` as a file for a person to look over. */
export function manifestText(manifest: Manifest): string {
  return `# What capture:fit is to know of these recordings. Look it over: what the unit is and
# who recorded it, the knobs' names, ranges and units ("choice" for a switch, "number"
# for what is turned), and what went in.
${stringify(manifest, { lineWidth: 0 })}`;
}
