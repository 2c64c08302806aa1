/**
 * Files that are written whole or not at all: into a temporary file beside the
 * destination, flushed to the disk, then renamed over it.
 *
 * @module
 */

import { dirname } from "node:path";
import { reasonOf, remedyOf } from "./file_error.ts";

/** Files in the making, to be removed where the program is interrupted. */
const unfinished = new Set<string>();

/** Marks `path` as in the making. */
export function beginFile(path: string): void {
  unfinished.add(path);
}

/** Marks `path` as finished, or removed. */
export function endFile(path: string): void {
  unfinished.delete(path);
}

/** Removes what is in the making, as an interrupted program should. */
export function removeUnfinished(): void {
  for (const path of unfinished) {
    try {
      Deno.removeSync(path);
    } catch {
      // It was not there yet, or is in its place already.
    }
  }
  unfinished.clear();
}

/**
 * Writes `content` to `path`, creating its folder; replaces an older file.
 *
 * @throws {Error} naming the file and what kept it from being written.
 */
export async function writeFileWhole(
  path: string,
  content: string | Uint8Array,
): Promise<void> {
  const temporary = `${path}.${crypto.randomUUID()}.part`;
  const bytes = typeof content === "string"
    ? new TextEncoder().encode(content)
    : content;
  try {
    await Deno.mkdir(dirname(path), { recursive: true });
    const there = await Deno.stat(path).catch(() => undefined);
    if (there !== undefined && !there.isFile) {
      throw new Error("something that is no file stands there");
    }
    beginFile(temporary);
    using file = await Deno.open(temporary, { write: true, createNew: true });
    for (let at = 0; at < bytes.length;) {
      at += await file.write(bytes.subarray(at));
    }
    await file.sync();
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw new Error(
      `${path} cannot be written (${reasonOf(error)}): ${remedyOf(error)}`,
      { cause: error },
    );
  } finally {
    endFile(temporary);
  }
}
