/**
 * The thread behind `background_score.ts`.
 *
 * @module
 */

import type { Values } from "../models/model.ts";
import { PAPER_MODEL, parseModel } from "../models/presets.ts";
import type { Pair } from "../sound/signal.ts";
import { answerQuestions } from "../base/thread.ts";
import { type Score, scoreEsr, scoreModel } from "./score.ts";

/** What the thread is asked to score. */
export interface Question {
  /** The recording. */
  pair: Pair;
  /** Name of the model. */
  model: string;
  /** Its parameters, once or several times. */
  candidates: readonly Values[];
  /** Whether the ESR alone is wanted. */
  esrOnly: boolean;
}

answerQuestions<Question, Score[] | number[]>(
  async ({ pair, model, candidates, esrOnly }) => {
    if (esrOnly && model === PAPER_MODEL) return [scoreEsr(pair, candidates)];
    const scores = await scoreModel(pair, parseModel(model), candidates);
    return [esrOnly ? scores.map(({ esr }) => esr) : scores];
  },
);
