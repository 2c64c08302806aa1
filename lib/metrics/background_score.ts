/**
 * Scores in a thread of its own, while the next recording is fitted.
 *
 * @module
 */

import type { CompressorParameters } from "../compressor/parameters.ts";
import type { Pair } from "../sound/signal.ts";
import { startThread } from "../thread.ts";
import type { Score } from "./score.ts";
import type { Question } from "./score_worker.ts";

/**
 * Scores as `score` and `scoreEsr` do, without keeping the caller. A pair is
 * handed over: its arrays must not be used afterwards. Close it after use.
 */
export interface BackgroundScorer extends Disposable {
  /** ESR and ΔLDR of `candidates`. */
  score(
    pair: Pair,
    candidates: readonly CompressorParameters[],
  ): Promise<Score[]>;
  /** ESR alone, in half of the time. */
  scoreEsr(
    pair: Pair,
    candidates: readonly CompressorParameters[],
  ): Promise<number[]>;
}

/** Starts the thread. */
export function startScorer(): BackgroundScorer {
  const thread = startThread<Question, Score[] | number[]>(
    new URL("./score_worker.ts", import.meta.url),
    "scores",
  );
  const ask = (question: Question) => {
    const { dry, wet } = question.pair;
    const buffers = new Set([dry.buffer, wet.buffer]);
    return thread.ask(question, [...buffers] as ArrayBuffer[]);
  };
  return {
    score: (pair, candidates) =>
      ask({ pair, candidates, esrOnly: false }) as Promise<Score[]>,
    scoreEsr: (pair, candidates) =>
      ask({ pair, candidates, esrOnly: true }) as Promise<number[]>,
    [Symbol.dispose]: () => thread[Symbol.dispose](),
  };
}
