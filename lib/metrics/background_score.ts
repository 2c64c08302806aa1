/**
 * Scores in a thread of its own, while the next recording is fitted.
 *
 * @module
 */

import type { CompressorParameters } from "../compressor/parameters.ts";
import type { Pair } from "../objective/chunks.ts";
import { startThread } from "../thread.ts";
import type { Score } from "./score.ts";
import type { Question } from "./score_worker.ts";

/** Scores as `score` does, without keeping the caller. Close it after use. */
export interface BackgroundScorer extends Disposable {
  /**
   * Scores `candidates` against `pair`, which is handed over: its arrays must not
   * be used afterwards.
   */
  score(
    pair: Pair,
    candidates: readonly CompressorParameters[],
  ): Promise<Score[]>;
}

/** Starts the thread. */
export function startScorer(): BackgroundScorer {
  const thread = startThread<Question, Score[]>(
    new URL("./score_worker.ts", import.meta.url),
    "scores",
  );
  return {
    score(pair, candidates) {
      const buffers = new Set([pair.dry.buffer, pair.wet.buffer]);
      return thread.ask({ pair, candidates }, [...buffers] as ArrayBuffer[]);
    },
    [Symbol.dispose]: () => thread[Symbol.dispose](),
  };
}
