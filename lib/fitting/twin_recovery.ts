/**
 * Presets found again from their twins.
 *
 * @module
 */

import { recoveryErrors, twinValues } from "../data/preset_twins.ts";
import { makeStimulus } from "../data/stimulus.ts";
import { jsonValues } from "../data/values_schema.ts";
import { openProcessor } from "../engines/open_processor.ts";
import type { Values } from "../models/model.ts";
import { parseModel } from "../models/presets.ts";
import { fitTakes } from "./fit_takes.ts";
import { type StudyConfig, takesOf } from "./model_study.ts";

/** A preset found from its twin: what it was, what was found, and how far that is off. */
export interface RecoveredTwin {
  preset: string;
  size: number;
  /** Largest error, in parts of what a preset must be found to. */
  worst: number;
  esr: number;
  seconds: number;
  truth: Values;
  params: Values;
}

/** What the twin of `preset` makes of so many seconds of sound, fitted. */
export async function recoverTwin(
  preset: string,
  { engine, solver, chunks }: StudyConfig,
  { seconds, sampleRate, seed }: {
    seconds: number;
    sampleRate: number;
    seed: number;
  },
): Promise<RecoveredTwin> {
  const started = performance.now();
  const model = parseModel(preset);
  const truth = twinValues(model);
  const { samples: dry } = makeStimulus({ seconds, sampleRate, seed });
  const wet = new Float32Array(dry.length);
  (await openProcessor(model, truth, sampleRate)).process(dry, wet);
  const pair = { dry, wet, sampleRate };
  const takes = takesOf(pair);
  const fit = await fitTakes(takes, model, solver, engine, { chunks });
  const errors = recoveryErrors(model, fit.parameters, truth);
  return {
    preset,
    size: model.parameters.length,
    worst: Math.max(...Object.values(errors)),
    esr: fit.esr,
    seconds: (performance.now() - started) / 1000,
    truth,
    params: jsonValues(fit.parameters) as Values,
  };
}
