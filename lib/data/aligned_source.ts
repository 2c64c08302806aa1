/**
 * A source whose pairs are in step.
 *
 * @module
 */

import { type AlignmentConfig, alignPair } from "./aligned_pair.ts";
import type { PairSource } from "./source.ts";

/** `source` with every pair aligned, and what is to be said of that among its warnings. */
export function alignedSource(
  source: PairSource,
  alignment: AlignmentConfig,
): PairSource {
  return {
    ...source,
    async load(setting) {
      const loaded = await source.load(setting);
      const { pair, warnings } = alignPair(loaded, alignment);
      return { ...pair, warnings: [...loaded.warnings ?? [], ...warnings] };
    },
  };
}
