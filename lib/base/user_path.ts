/**
 * Paths as a person means them.
 *
 * @module
 */

import { isAbsolute, resolve } from "node:path";
import process from "node:process";
import * as z from "zod";

/** `path` as the person meant it: relative to where they stand. */
export function userPath(path: string): string {
  // `deno task` runs in the project's folder and leaves theirs in INIT_CWD.
  return isAbsolute(path)
    ? path
    : resolve(process.env.INIT_CWD ?? Deno.cwd(), path);
}

/** Schema of a path in a config or a `--set`; made absolute by {@linkcode userPath}. */
export const userPathSchema = z.string().min(
  1,
  "is empty: give a path, or leave it out",
).transform(
  userPath,
);
