/**
 * A thread for `thread_test.ts` that does as it is told.
 *
 * @module
 */

import { answerQuestions } from "../lib/base/thread.ts";

/** What the thread is told to do. */
export type Question =
  /** Answers the text, after so many milliseconds. */
  | { say: string; after?: number }
  /** Throws an error with this message. */
  | { fail: string }
  /** Throws where nobody catches it, so that the thread dies. */
  | { die: string }
  /** Answers with what cannot be sent. */
  | { unsendable: true }
  /** Answers the sum of the samples, and gives them back. */
  | { sum: Float32Array<ArrayBuffer> };

/** What it answers. */
export type Answer = string | { total: number; samples: Float32Array };

answerQuestions<Question, Answer>(async (question) => {
  if ("say" in question) {
    await new Promise((resolve) => setTimeout(resolve, question.after ?? 0));
    return [question.say];
  }
  if ("fail" in question) throw new RangeError(question.fail);
  if ("unsendable" in question) return [(() => {}) as unknown as Answer];
  if ("die" in question) {
    setTimeout(() => {
      throw new Error(question.die);
    });
    return await new Promise<[Answer]>(() => {});
  }
  const { sum: samples } = question;
  const total = samples.reduce((sum, sample) => sum + sample, 0);
  return [{ total, samples }, [samples.buffer]];
});
