/**
 * Patterns of file names, such as `1176_{ratio}_{input}.wav`: what stands in braces is
 * where a knob stood, or one of the {@linkcode FREE} words; `*` is anything but a
 * folder.
 *
 * @module
 */

import { ConfigError } from "../base/config.ts";

/** Words in braces that are no knob: which take of a setting, and a folder. */
export const FREE = ["take", "folder"];

/** A pattern, ready to be matched. */
export interface NamePattern {
  /** As it was written. */
  text: string;
  /** The words in braces, in their order. */
  words: string[];
  /** What each word is in `name`; undefined where `name` is another. */
  match(name: string): Record<string, string> | undefined;
}

/** What a word may stand for, as a regular expression. */
const OF_FREE: Record<string, string> = { take: "[\\w-]+", folder: "[^/]+" };

/**
 * Reads a pattern, whose knobs' positions look as `spelt` says, by the knob.
 *
 * @throws {ConfigError} where a word is unknown or there twice.
 */
export function namePattern(
  text: string,
  spelt: Readonly<Record<string, string>>,
): NamePattern {
  const words: string[] = [];
  const source = text.split(/(\{[^{}]*\}|\*)/).map((part) => {
    if (part === "*") return "[^/]*";
    if (!/^\{.*\}$/.test(part)) return RegExp.escape(part);
    const word = part.slice(1, -1);
    const of = Object.hasOwn(spelt, word)
      ? spelt[word]
      : Object.hasOwn(OF_FREE, word)
      ? OF_FREE[word]
      : undefined;
    if (of === undefined) {
      throw new ConfigError(
        `the pattern ${text}: {${word}} is no knob; there are ${
          [...Object.keys(spelt), ...FREE].map((one) => `{${one}}`).join(", ")
        }`,
      );
    }
    if (words.includes(word)) {
      throw new ConfigError(`the pattern ${text}: {${word}} is there twice`);
    }
    words.push(word);
    return `(${of})`;
  }).join("");
  const expression = new RegExp(`^${source}$`, "u");
  return {
    text,
    words,
    match(name) {
      const found = expression.exec(name);
      return found === null
        ? undefined
        : Object.fromEntries(words.map((word, i) => [word, found[i + 1]]));
    },
  };
}

/** `text` with what its words stand for. */
export function filledIn(
  text: string,
  values: Readonly<Record<string, string>>,
): string {
  return text.replace(
    /\{([^{}]*)\}/g,
    (whole, word) => Object.hasOwn(values, word) ? values[word] : whole,
  );
}
