/**
 * The thread behind `background_source.ts`: opens a source and loads its pairs.
 *
 * @module
 */

import type { DataConfig } from "./data_config.ts";
import { isOfRecording } from "../sound/recording_error.ts";
import { answerQuestions } from "../base/thread.ts";
import type { Setting } from "./setting.ts";
import {
  type LoadedPair,
  type LocalSource,
  openSource,
  type SourceFacts,
} from "./source.ts";

/** What the thread is asked: first to open, then to load. */
export type Question = { open: DataConfig } | {
  load: Setting;
  /** Memory to use. */
  spare: ArrayBuffer[];
};

/**
 * What it answers, in the order of the questions; instead of a pair, why its
 * recording cannot be used.
 */
export type Answer =
  | { facts: SourceFacts; settings: Setting[] }
  | LoadedPair
  | { unusable: string };

let source: LocalSource;
let isRecorded: boolean;

answerQuestions<Question, Answer>(async (question) => {
  if ("open" in question) {
    source = await openSource(question.open);
    isRecorded = question.open.folder !== null;
    return [{ facts: source.describe(), settings: source.settings() }];
  }
  let pair: LoadedPair;
  try {
    pair = await source.load(question.load, question.spare);
  } catch (error) {
    // What is wrong with a stimulus is wrong with every setting.
    if (isRecorded && isOfRecording(error)) {
      return [{ unusable: error.message }];
    }
    throw error;
  }
  // A built-in unit may use its arrays again: those are copied.
  const buffers = isRecorded ? [pair.dry.buffer, pair.wet.buffer] : [];
  return [pair, buffers as ArrayBuffer[]];
});
