/**
 * The thread behind `fitters.ts`.
 *
 * @module
 */

import { answerQuestions } from "../base/thread.ts";
import { keepReady } from "../engines/open.ts";
import type { Values } from "../models/model.ts";
import { parseModel } from "../models/presets.ts";
import {
  type CaptureFit,
  type Fitter,
  type FitterConfig,
  type LeftOutSetting,
  openFitter,
} from "./fit_one.ts";
import type { Capture } from "./manifest.ts";

/** What the thread is asked: first to open, then to fit and to score, then to close. */
export type Question =
  | {
    open: {
      capture: Capture;
      config: FitterConfig;
      model: string;
      reference: Values;
    };
  }
  | { fit: number; start: Values | undefined }
  | {
    score: number;
    found: Pick<CaptureFit, "lags" | "recordings">;
    candidates: readonly Values[];
  }
  | { close: true };

/** What it answers. */
export type Answer =
  | CaptureFit
  | LeftOutSetting
  | { esrs: number[] }
  | { isDone: true };

let ready: AsyncDisposable | undefined;
let fitter: Fitter;

answerQuestions<Question, Answer>(async (question) => {
  if ("fit" in question) {
    return [await fitter.fit(question.fit, question.start)];
  }
  if ("score" in question) {
    const { score, found, candidates } = question;
    return [{ esrs: await fitter.score(score, found, candidates) }];
  }
  if ("open" in question) {
    const { capture, config, model, reference } = question.open;
    ready = await keepReady(config.engine);
    fitter = openFitter(capture, config, parseModel(model), reference);
  } else await ready?.[Symbol.asyncDispose]();
  return [{ isDone: true }];
});
