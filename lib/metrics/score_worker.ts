/**
 * The thread behind `background_score.ts`.
 *
 * @module
 */

import type { CompressorParameters } from "../compressor/parameters.ts";
import type { Pair } from "../sound/signal.ts";
import { answerQuestions } from "../thread.ts";
import { type Score, score, scoreEsr } from "./score.ts";

/** What the thread is asked to score. */
export interface Question {
  /** The recording. */
  pair: Pair;
  /** The compressors. */
  candidates: readonly CompressorParameters[];
  /** Whether the ESR alone is wanted. */
  esrOnly: boolean;
}

answerQuestions<Question, Score[] | number[]>(({ pair, candidates, esrOnly }) =>
  Promise.resolve([(esrOnly ? scoreEsr : score)(pair, candidates)])
);
