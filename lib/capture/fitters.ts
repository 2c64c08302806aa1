/**
 * Several settings fitted at a time, each in a thread of its own: reading a recording,
 * laying it out and moving it by a part of a sample are work of one thread.
 *
 * @module
 */

import { startThread } from "../base/thread.ts";
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
export async function openFitters(
  count: number,
  capture: Capture,
  config: FitterConfig,
  model: Model,
  reference: Values,
): Promise<Fitters> {
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
  const threads = Array.from(
    { length: size },
    (_, i) =>
      startThread<Question, Answer>(
        new URL("./fitter_worker.ts", import.meta.url),
        `settings ${i + 1}`,
      ),
  );
  const close = async () => {
    // Its kernels' threads sleep, and are to be woken first.
    await Promise.allSettled(threads.map((one) => one.ask({ close: true })));
    for (const thread of threads) thread[Symbol.dispose]();
  };
  try {
    const open = {
      capture,
      config: { engine, solver, chunks, alignment },
      model: model.name,
      reference,
    };
    await Promise.all(threads.map((thread) => thread.ask({ open })));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    all: threads.map((thread): Fitter => ({
      async fit(place, start) {
        const answer = await thread.ask({ fit: place, start });
        if ("at" in answer) return answer;
        throw new TypeError("no fit was sent");
      },
      async score(place, { lags, recordings }, candidates) {
        const found = { lags, recordings };
        const answer = await thread.ask({ score: place, found, candidates });
        if ("esrs" in answer) return answer.esrs;
        throw new TypeError("no score was sent");
      },
    })),
    [Symbol.asyncDispose]: close,
  };
}
