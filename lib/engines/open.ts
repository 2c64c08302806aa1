/**
 * Opens an engine by the name that `--engine` takes.
 *
 * @module
 */

import type { Detector } from "../compressor/parameters.ts";
import type { ChunkedPair } from "../objective/chunks.ts";
import type { Engine } from "./engine.ts";

/** Names of the engines, as `--engine` takes them. */
export const ENGINE_NAMES = ["reference"] as const;

/** Name of an engine. */
export type EngineName = typeof ENGINE_NAMES[number];

/** Opens the engine called `name` on `pair`. Only that engine is loaded. */
export async function openEngine(
  name: EngineName,
  pair: ChunkedPair,
  detector: Detector = "peak",
): Promise<Engine> {
  switch (name) {
    case "reference": {
      const { openReferenceEngine } = await import("./reference.ts");
      return openReferenceEngine(pair, { detector });
    }
  }
}
