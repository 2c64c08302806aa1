/**
 * The thread behind `background_source.ts`: opens a source and loads its pairs.
 *
 * @module
 */

/// <reference lib="deno.worker" />

import type { DataConfig } from "../data_config.ts";
import type { Pair } from "../objective/chunks.ts";
import type { Setting } from "./setting.ts";
import { openSource, type PairSource, type SourceFacts } from "./source.ts";

/** What the worker is asked: first to open, then to load. */
export type Request =
  | { open: DataConfig }
  | { load: Setting };

/** What it answers, in the order of the requests. */
export type Answer =
  | { facts: SourceFacts; settings: Setting[] }
  | { pair: Pair }
  | { error: string };

let source: PairSource;

async function answer(request: Request): Promise<[Answer, Transferable[]]> {
  try {
    if ("open" in request) {
      source = await openSource(request.open);
      const answer = { facts: source.describe(), settings: source.settings() };
      return [answer, []];
    }
    const pair = await source.load(request.load);
    // The dry side is copied: a built-in unit is driven by the same one again.
    return [{ pair }, [pair.wet.buffer as ArrayBuffer]];
  } catch (error) {
    return [{ error: error instanceof Error ? error.message : `${error}` }, []];
  }
}

// One request after the other, so that two loads never hold twice the memory.
let queue: Promise<void> = Promise.resolve();
self.onmessage = ({ data }: MessageEvent<Request>) => {
  queue = queue.then(async () => {
    const [message, transfer] = await answer(data);
    self.postMessage(message, transfer);
  });
};
