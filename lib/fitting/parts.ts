/**
 * A job divided among machines: `--part 2/8` does the second eighth.
 *
 * What is divided are chains, rows of settings of which each starts from the one
 * before. They are the same whatever the number of parts, so that every result is
 * too; each part keeps its results in the store, and a run without `--part` takes
 * them up.
 *
 * @module
 */

import * as z from "zod";

/** The part of a config that says how long a chain is. */
export const CHAIN = {
  /** Settings that start one from another, at most; 0: all of a mode. */
  chain: z.int().min(0).default(0),
};

/** Which part, counted from 1, of how many. */
export interface JobPart {
  index: number;
  count: number;
}

/** Most parts of a job. */
const MOST_PARTS = 10_000;

/**
 * The part that "2/8" names.
 *
 * @throws {RangeError} where it is none.
 */
export function parsePart(text: string): JobPart {
  const [, index, count] = (/^(\d{1,5})\/(\d{1,5})$/.exec(text) ?? [])
    .map(Number);
  if (!(index >= 1 && index <= count && count <= MOST_PARTS)) {
    throw new RangeError(
      "give which part of how many, such as 2/8",
    );
  }
  return { index, count };
}

/** Those of `chains` that `part` does; all of them without one. */
export function shareOf<Chain>(
  chains: readonly Chain[],
  part?: JobPart,
): Chain[] {
  return chains.filter((_, i) =>
    part === undefined || i % part.count === part.index - 1
  );
}

/**
 * `settings`, in their order, as chains of one `mode` each and of at most `longest`
 * settings; 0 for as many as there are.
 */
export function chainsByMode<Setting extends { mode: string }>(
  settings: readonly Setting[],
  longest: number,
): Setting[][] {
  const chains: Setting[][] = [];
  for (const setting of settings) {
    const last = chains.at(-1);
    const goesOn = last !== undefined && last[0].mode === setting.mode &&
      (longest === 0 || last.length < longest);
    if (goesOn) last.push(setting);
    else chains.push([setting]);
  }
  return chains;
}

/** Whether a setting may start from the one before: both are of one chain. */
export function followsIn<Setting>(chains: readonly Setting[][]) {
  return (setting: Setting, before: Setting): boolean =>
    chains.some((one) => one.includes(setting) && one.includes(before));
}
