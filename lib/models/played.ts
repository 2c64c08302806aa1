/**
 * A model as it is played: its output and its gain before make-up, without a loss, as
 * a program of the parameters and the sample rate.
 *
 * @module
 */

import { type Program, trace, type TraceOptions } from "../autodiff/program.ts";
import { peakLevel } from "./detector.ts";
import { type Model, valuesOf } from "./model.ts";

/**
 * The program of `model`: its scalars are the parameters and the sample rate, its
 * signals the input and, if there are 2, what the detector hears.
 */
export function playedModel(
  model: Model,
  signals: 1 | 2,
  options?: TraceOptions,
): Program {
  const size = model.parameters.length;
  return trace(size + 1, signals, (scalars, [input, heard = input]) => {
    const theta = valuesOf(model, scalars);
    const sampleRate = scalars[size];
    const sound = { input, heard, level: peakLevel(heard), sampleRate };
    return [model.output(theta, sound), model.gain(theta, sound)];
  }, options);
}
