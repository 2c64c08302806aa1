/**
 * Results kept as they come, so that an interrupted run takes up where it was.
 *
 * A store is a folder named after what the results depend on: a changed config
 * or data set has another fingerprint, so it never meets old results. Every
 * result is a JSON file of its own, written whole or not at all, with a check sum;
 * one that has been damaged or altered since is worked out again.
 *
 * @module
 */

import { join } from "node:path";
import { writeFileWhole } from "./atomic_file.ts";
import { reasonOf } from "./file_error.ts";

/**
 * Version of what the results mean. Raise it whenever the same config and data
 * would now give another result, or one of another shape: a change to the
 * objective, an engine, a minimiser, where fits start, the scores, or what an
 * experiment keeps. Changed data have versions of their own (`STIMULUS_VERSION`,
 * `OPTICAL_VERSION`).
 */
const RESULT_VERSION = 5;

/** What stands for an infinite ratio, which JSON has not. */
const INFINITE = "∞";

/** Results of one run, by key. */
export interface ResultStore {
  /** Folder that holds them. */
  readonly folder: string;
  /** The result kept under `key`; undefined where there is none, or a damaged one. */
  get<Result>(key: string): Promise<Result | undefined>;
  /** Keeps `result` under `key`. */
  put(key: string, result: unknown): Promise<void>;
}

/**
 * What an experiment's results depend on: its config, and of the data only what
 * they are, wherever they lie.
 */
export function inputsOf(
  config: object,
  { identity }: { identity: unknown },
): unknown {
  return { config: { ...config, data: undefined }, data: identity };
}

/**
 * Opens the store below `parent` for results that depend on `inputs` (JSON), or in
 * `folder`, whatever they depend on.
 */
export async function openResultStore(
  parent: string,
  label: string,
  inputs: unknown,
  folder = "",
): Promise<ResultStore> {
  folder ||= join(parent, `${label}-${await fingerprint(inputs)}`);
  const pathOf = (key: string) => join(folder, "results", `${key}.json`);
  return {
    folder,
    async get<Result>(key: string) {
      try {
        const text = await Deno.readTextFile(pathOf(key));
        const file = JSON.parse(
          text,
          (_, value) => value === INFINITE ? Infinity : value,
        );
        const isWhole = file?.check === await fingerprint(file?.result);
        return isWhole ? file.result as Result : undefined;
      } catch (error) {
        const isAbsent = error instanceof Deno.errors.NotFound ||
          error instanceof SyntaxError;
        if (isAbsent) return undefined;
        throw new Error(
          `${pathOf(key)} cannot be read (${
            reasonOf(error)
          }): check that the results' folder may be read and written to`,
          { cause: error },
        );
      }
    },
    async put(key, result) {
      const file = { check: await fingerprint(result), result };
      const text = JSON.stringify(
        file,
        (_, value) => value === Infinity ? INFINITE : value,
        1,
      );
      await writeFileWhole(pathOf(key), `${text}\n`);
    },
  };
}

/** Eight hexadecimal digits that stand for `inputs`. */
export async function fingerprint(inputs: unknown): Promise<string> {
  const text = JSON.stringify([RESULT_VERSION, inputs]);
  const hash = await crypto.subtle.digest(
    "SHA-256",
    new TextEncoder().encode(text),
  );
  return new Uint8Array(hash).subarray(0, 4).toHex();
}
