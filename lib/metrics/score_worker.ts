/**
 * The thread behind `background_score.ts`.
 *
 * @module
 */

import type { CompressorParameters } from "../compressor/parameters.ts";
import type { Pair } from "../objective/chunks.ts";
import { answerQuestions } from "../thread.ts";
import { type Score, score } from "./score.ts";

/** What the thread is asked to score. */
export interface Question {
  /** The recording. */
  pair: Pair;
  /** The compressors. */
  candidates: readonly CompressorParameters[];
}

answerQuestions<Question, Score[]>(({ pair, candidates }) =>
  Promise.resolve([score(pair, candidates)])
);
