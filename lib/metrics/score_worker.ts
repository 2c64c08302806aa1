/**
 * The thread behind `background_score.ts`.
 *
 * @module
 */

import type { Values } from "../models/model.ts";
import { PAPER_MODEL, parseModel } from "../models/presets.ts";
import { buffersOf, type Pair } from "../sound/signal.ts";
import { answerQuestions } from "../base/thread.ts";
import { type Score, scoreEsr, scoreModel } from "./score.ts";

/** What it answers. */
export interface Answer {
  /** A score of each candidate, or its ESR alone. */
  scores: Score[] | number[];
  /** The pair's memory, handed back. */
  buffers: ArrayBuffer[];
}

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

answerQuestions<Question, Answer>(async (question) => {
  const scores = await scoresOf(question);
  const buffers = buffersOf(question.pair);
  return [{ scores, buffers }, buffers];
});

async function scoresOf(
  { pair, model, candidates, esrOnly }: Question,
): Promise<Score[] | number[]> {
  if (esrOnly && model === PAPER_MODEL) return scoreEsr(pair, candidates);
  const scores = await scoreModel(pair, parseModel(model), candidates);
  return esrOnly ? scores.map(({ esr }) => esr) : scores;
}
