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

/** What the thread is asked: first to open, then to fit, at last to close. */
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
  | { close: true };

/** What it answers. */
export type Answer = CaptureFit | LeftOutSetting | { isDone: true };

let ready: AsyncDisposable | undefined;
let fit: Fitter;

answerQuestions<Question, Answer>(async (question) => {
  if ("fit" in question) return [await fit(question.fit, question.start)];
  if ("open" in question) {
    const { capture, config, model, reference } = question.open;
    ready = await keepReady(config.engine);
    fit = openFitter(capture, config, parseModel(model), reference);
  } else await ready?.[Symbol.asyncDispose]();
  return [{ isDone: true }];
});
