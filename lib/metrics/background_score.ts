/**
 * Scores in a thread of its own, while the next recording is fitted.
 *
 * @module
 */

import type { Model, Values } from "../models/model.ts";
import { PAPER_MODEL } from "../models/presets.ts";
import { buffersOf, type Pair } from "../sound/signal.ts";
import { keepBuffers } from "../base/spare_buffers.ts";
import { startThread } from "../base/thread.ts";
import type { Score } from "./score.ts";
import type { Answer, Question } from "./score_worker.ts";

/**
 * Scores as `scoreModel` and `scoreEsr` do, by default `4a-2a`, without keeping the caller. A pair is
 * handed over: its arrays must not be used afterwards, as another recording may be read
 * into them. Close it after use.
 */
export interface BackgroundScorer extends Disposable {
  /** ESR and ΔLDR of `candidates`. */
  score(
    pair: Pair,
    candidates: readonly Values[],
    model?: Model,
  ): Promise<Score[]>;
  /** ESR alone, in half of the time. */
  scoreEsr(
    pair: Pair,
    candidates: readonly Values[],
    model?: Model,
  ): Promise<number[]>;
}

/** Starts the thread. */
export function startScorer(): BackgroundScorer {
  const thread = startThread<Question, Answer>(
    new URL("./score_worker.ts", import.meta.url),
    "scores",
  );
  const about = (pair: Pair, candidates: readonly Values[], model?: Model) => ({
    pair,
    candidates,
    model: model?.name ?? PAPER_MODEL,
  });
  const ask = async (question: Question) => {
    const { scores, buffers } = await thread.ask(
      question,
      buffersOf(question.pair),
    );
    keepBuffers(buffers);
    return scores;
  };
  return {
    score: (pair, candidates, model) =>
      ask({ ...about(pair, candidates, model), esrOnly: false }) as Promise<
        Score[]
      >,
    scoreEsr: (pair, candidates, model) =>
      ask({ ...about(pair, candidates, model), esrOnly: true }) as Promise<
        number[]
      >,
    [Symbol.dispose]: () => thread[Symbol.dispose](),
  };
}
