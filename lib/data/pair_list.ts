/**
 * A list of pairs of a data set, as `data:check --write-list` writes it and `--data`
 * reads it: those that are good, and those to be left out with the reasons.
 *
 *     data: recordings            # the data set, from the list's own folder
 *     targets: [Train/target_11_LA2A_3c__0__40.wav]
 *     left_out:
 *       - target: Test/target_9_LA2A_3c__0__80.wav
 *         reasons: [the rates differ …]
 *
 * @module
 */

import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import { parse, stringify } from "yaml";
import * as z from "zod";
import { ConfigError } from "../base/config.ts";
import type { CheckRecord } from "./pair_check.ts";

const listSchema = z.strictObject({
  data: z.string().min(1),
  targets: z.array(z.string()),
  left_out: z.array(z.strictObject({
    target: z.string(),
    reasons: z.array(z.string()).min(1),
  })).default([]),
});

/** A list of pairs. */
export interface PairList {
  /** The data set's folder. */
  folder: string;
  /** Paths of the targets to use. */
  targets: Set<string>;
  /** Why others are left out, by the paths of their targets. */
  leftOut: Map<string, string>;
}

/** Whether `path` names a list, rather than a folder. */
export function isPairList(path: string): boolean {
  return /\.ya?ml$/i.test(path);
}

/** The list of `pairs` of the data set `folder`, for a file at `path`. */
export function pairListToYaml(
  path: string,
  folder: string,
  pairs: readonly Pick<CheckRecord, "target" | "leave_out" | "reasons">[],
): string {
  const nameOf = (target: string) => relative(resolve(folder), resolve(target));
  return stringify({
    data: relative(dirname(resolve(path)), resolve(folder)) || ".",
    targets: pairs.filter((pair) => !pair.leave_out)
      .map(({ target }) => nameOf(target)),
    left_out: pairs.filter((pair) => pair.leave_out)
      .map(({ target, reasons }) => ({ target: nameOf(target), reasons })),
  }, { lineWidth: 0 });
}

/** Reads the list at `path`. @throws {ConfigError} where it is none. */
export async function readPairList(path: string): Promise<PairList> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new ConfigError(
      `${path}: no such file. Give a data set's folder, or a list that data:check --write-list wrote`,
    );
  }
  const { data: read, error } = listSchema.safeParse(parsed(text, path));
  if (error !== undefined) {
    const [{ path: at, message }] = error.issues;
    throw new ConfigError(
      `${path}: ${
        [...at.map(String), message].join(": ")
      }. Write it again with data:check --write-list`,
    );
  }
  const folder = isAbsolute(read.data)
    ? read.data
    : join(dirname(path), read.data);
  return {
    folder,
    targets: new Set(read.targets.map((target) => join(folder, target))),
    leftOut: new Map(
      read.left_out.map(({ target, reasons }) => [
        join(folder, target),
        `${target}: ${reasons.join("; ")}`,
      ]),
    ),
  };
}

function parsed(text: string, path: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw new ConfigError(`${path}: ${(error as Error).message}`);
  }
}
