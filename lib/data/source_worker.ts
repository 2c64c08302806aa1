/**
 * The thread behind `background_source.ts`: opens a source and loads its pairs.
 *
 * @module
 */

import type { DataConfig } from "../data_config.ts";
import type { Pair } from "../objective/chunks.ts";
import { answerQuestions } from "../thread.ts";
import type { Setting } from "./setting.ts";
import { openSource, type PairSource, type SourceFacts } from "./source.ts";

/** What the thread is asked: first to open, then to load. */
export type Question = { open: DataConfig } | { load: Setting };

/** What it answers, in the order of the questions. */
export type Answer = { facts: SourceFacts; settings: Setting[] } | Pair;

let source: PairSource;

answerQuestions<Question, Answer>(async (question) => {
  if ("open" in question) {
    source = await openSource(question.open);
    return [{ facts: source.describe(), settings: source.settings() }];
  }
  const pair = await source.load(question.load);
  // The dry side is copied: a built-in unit is driven by the same one again.
  return [pair, [pair.wet.buffer as ArrayBuffer]];
});
