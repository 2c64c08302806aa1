/**
 * Several settings fitted at a time, each in a thread of its own: reading a recording,
 * laying it out and moving it by a part of a sample are work of one thread.
 *
 * @module
 */

import { startThread, type Thread } from "../base/thread.ts";
import type { Model, Values } from "../models/model.ts";
import { type Fitter, type FitterConfig, openFitter } from "./fit_one.ts";
import type { Answer, Question } from "./fitter_worker.ts";
import type { Capture } from "./manifest.ts";

/** Threads at most: each has the memory of a recording, and of all threads' kernels. */
const MOST = 4;

/** Fitters that work at the same time. */
export interface Fitters extends AsyncDisposable {
  all: Fitter[];
}

/** As many fitters as there is work for, `count`, and cores. */
export function openFitters(
  count: number,
  capture: Capture,
  config: FitterConfig,
  model: Model,
  reference: Values,
): Fitters {
  // What computes elsewhere than in threads is shared by all.
  const size = config.engine === "wasm"
    ? Math.min(count, navigator.hardwareConcurrency, MOST)
    : 1;
  if (size <= 1) {
    return {
      all: [openFitter(capture, config, model, reference)],
      [Symbol.asyncDispose]: async () => {},
    };
  }
  const { engine, solver, chunks, alignment } = config;
  const open = {
    capture,
    config: { engine, solver, chunks, alignment },
    model: model.name,
    reference,
  };
  const all = Array.from(
    { length: size },
    (_, i) => inThread(`settings ${i + 1}`, open),
  );
  return {
    all,
    async [Symbol.asyncDispose]() {
      await Promise.all(all.map((one) => one[Symbol.asyncDispose]()));
    },
  };
}

/** A fitter in a thread of its own, which starts when there is work for it. */
function inThread(
  name: string,
  open: Extract<Question, { open: unknown }>["open"],
): Fitter & AsyncDisposable {
  let started: Promise<Thread<Question, Answer>> | undefined;
  let isClosed = false;
  const start = async () => {
    const thread = startThread<Question, Answer>(
      new URL("./fitter_worker.ts", import.meta.url),
      name,
    );
    try {
      await thread.ask({ open });
      return thread;
    } catch (error) {
      thread[Symbol.dispose]();
      throw error;
    }
  };
  const ask = async (question: Question) => {
    if (isClosed) throw new Error(`the thread "${name}" is closed`);
    return await (await (started ??= start())).ask(question);
  };
  return {
    async fit(place, start) {
      const answer = await ask({ fit: place, start });
      if ("at" in answer) return answer;
      throw new TypeError("no fit was sent");
    },
    async score(place, { lags, recordings }, candidates) {
      const found = { lags, recordings };
      const answer = await ask({ score: place, found, candidates });
      if ("esrs" in answer) return answer.esrs;
      throw new TypeError("no score was sent");
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      const thread = await started?.catch(() => undefined);
      // Its kernels' threads sleep, and are to be woken first.
      await thread?.ask({ close: true }).catch(() => {});
      thread?.[Symbol.dispose]();
    },
  };
}
