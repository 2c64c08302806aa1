/**
 * The sound files of a folder of recordings.
 *
 * @module
 */

import { join } from "node:path";
import { ConfigError } from "../base/config.ts";
import { reasonOf } from "../base/file_error.ts";

/** Folders within the folder that are looked into, one below the other. */
const DEEPEST = 3;

/** Most files that are listed. */
const MOST_FILES = 20_000;

/**
 * Sorted names of the WAV files in `folder` and below it, with / between folders.
 * Hidden ones are passed over, and links, which may lead anywhere.
 */
export async function wavFilesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  async function look(below: string, depth: number): Promise<void> {
    for await (const entry of Deno.readDir(join(folder, below))) {
      const name = below === "" ? entry.name : `${below}/${entry.name}`;
      if (entry.name.startsWith(".")) continue;
      if (entry.isFile && /\.wav$/i.test(entry.name)) names.push(name);
      if (entry.isDirectory && depth < DEEPEST) await look(name, depth + 1);
      if (names.length > MOST_FILES) {
        throw new ConfigError(
          `${folder}: more than ${MOST_FILES} WAV files in it: give the folder of one unit`,
        );
      }
    }
  }
  try {
    await look("", 0);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(
      `${folder}: cannot be listed (${
        reasonOf(error)
      }). Give a folder with recordings in it`,
      { cause: error },
    );
  }
  return names.sort();
}
