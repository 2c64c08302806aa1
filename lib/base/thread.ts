/**
 * Work in a thread of its own, by question and answer: the main thread asks, the
 * worker answers one question after the other, in order.
 *
 * @module
 */

/// <reference lib="deno.worker" />

/** A thread that answers questions. */
export interface Thread<Question, Answer> extends Disposable {
  /**
   * Asks `question`, handing over the buffers in `transfer`.
   *
   * @throws {Error} what the thread threw, or that it died or was closed, or that
   * the question cannot be sent.
   */
  ask(question: Question, transfer?: Transferable[]): Promise<Answer>;
}

type Reply<Answer> = { answer: Answer } | { error: string };

/** Starts the worker module `url`, which calls {@linkcode answerQuestions}. */
export function startThread<Question, Answer>(
  url: URL,
  name: string,
): Thread<Question, Answer> {
  const worker = new Worker(url, { type: "module", name });
  const waiting: PromiseWithResolvers<Answer>[] = [];
  let failure: Error | undefined;
  const fail = (error: Error) => {
    failure ??= error;
    for (const { reject } of waiting.splice(0)) reject(failure);
  };
  worker.onmessage = ({ data }: MessageEvent<Reply<Answer>>) => {
    const asked = waiting.shift();
    if (asked === undefined) return; // It was given up before.
    if ("error" in data) asked.reject(new Error(data.error));
    else asked.resolve(data.answer);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    fail(new Error(`the thread "${name}" died: ${event.message}`));
  };
  worker.onmessageerror = () =>
    fail(new Error(`an answer of the thread "${name}" cannot be read`));
  return {
    ask(question, transfer = []) {
      if (failure !== undefined) return Promise.reject(failure);
      try {
        worker.postMessage(question, transfer);
      } catch (error) {
        // It was not sent, so that no answer to it must be waited for.
        return Promise.reject(error);
      }
      const asked = Promise.withResolvers<Answer>();
      waiting.push(asked);
      return asked.promise;
    },
    [Symbol.dispose]() {
      worker.terminate();
      fail(new Error(`the thread "${name}" is closed`));
    },
  };
}

/**
 * In a worker module: answers questions with `reply`, which returns the answer
 * and the buffers to hand over with it. What it throws reaches the asker.
 */
export function answerQuestions<Question, Answer>(
  reply: (question: Question) => Promise<[Answer, Transferable[]?]>,
): void {
  let queue = Promise.resolve();
  self.onmessage = ({ data }: MessageEvent<Question>) => {
    queue = queue.then(async () => {
      try {
        const [answer, transfer = []] = await reply(data);
        self.postMessage({ answer }, transfer);
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        self.postMessage({ error: message });
      }
    });
  };
}
