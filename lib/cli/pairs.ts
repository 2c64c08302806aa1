/**
 * Pairs of recordings that a person names one after the other, as an experiment's data.
 *
 * @module
 */

import { basename } from "node:path";
import type { RecordedTake } from "../data/recorded_takes.ts";
import { userPath } from "../base/user_path.ts";
import { openRecordedTakes } from "./recordings.ts";

/** Pairs of `files`; `what` names them where one is left over. */
export function pairsOf(
  files: readonly string[],
  what: string,
): [dry: string, wet: string][] {
  if (files.length % 2 !== 0) {
    throw new Error(
      `${what}: ${
        files.at(-1)
      } has no other side; give DRY.wav and WET.wav of each take`,
    );
  }
  return Array.from(
    { length: files.length / 2 },
    (_, i) => [files[2 * i], files[2 * i + 1]],
  );
}

/** The takes of `pairs`, and what an experiment says of them. */
export async function recordedData(pairs: readonly [string, string][]) {
  const alignment = { enabled: true, max_lag: 2048 };
  const takes: RecordedTake[] = [];
  const identity: unknown[] = [];
  for (const [dry, wet] of pairs) {
    for (const one of await openRecordedTakes(dry, wet, { alignment })) {
      takes.push(...one.takes);
    }
    for (const file of [dry, wet]) {
      const { size, mtime } = await Deno.stat(userPath(file));
      identity.push([basename(file), size, mtime?.getTime() ?? 0]);
    }
  }
  const names = pairs.map(([, wet]) => basename(wet)).join(", ");
  return {
    facts: {
      name: "recordings",
      title: names,
      description: `Recordings that were named: ${names}.`,
      surrogate: false,
      identity,
    },
    data: takes,
  };
}
