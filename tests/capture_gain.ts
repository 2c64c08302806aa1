/**
 * How well the capture signal tells parameters, beside the built-in stimulus.
 *
 * @module
 */

import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { createRandom } from "../lib/base/random.ts";
import { makeCaptureSignal } from "../lib/capture/signal.ts";
import { makeStimulus } from "../lib/data/stimulus.ts";
import { keepReady, openEngine } from "../lib/engines/open.ts";
import { openProcessor } from "../lib/engines/open_processor.ts";
import type { Model, Values } from "../lib/models/model.ts";
import { parseModel } from "../lib/models/presets.ts";
import { chunk } from "../lib/sound/chunks.ts";

/** Settings as a person's unit may have them. */
function drawn(model: Model, seed: number): Values {
  const random = createRandom(`setting ${seed}`);
  const values = {
    threshold_db: random.uniform(-34, -12),
    ratio: random.logUniform(2, 8),
    attack_ms: random.logUniform(1, 30),
    release_ms: random.logUniform(50, 600),
    make_up_db: 0,
  };
  const factor = random.uniform(3, 10);
  const second_share = random.uniform(0.2, 0.7);
  const knee_db = random.uniform(2, 12);
  if (!model.feedback) return values;
  // The attack is the loop's, divided by the ratio; releases are into silence.
  const release_ms = random.logUniform(60, 600);
  return {
    ...values,
    attack_ms: values.attack_ms * values.ratio,
    release_ms,
    second_release_ms: factor * release_ms,
    second_share,
    knee_db,
  };
}

/**
 * Smallest eigenvalue of the Hessian at the truth, by the parameters scaled: a dB, and
 * a part of a time, of R − 1 and of a share. All is one chunk: at the truth, where no
 * state is cut, there is no error, and the Hessian is what the sound tells.
 */
async function leastEigenvalue(
  model: Model,
  values: Values,
  dry: Float32Array,
  sampleRate: number,
): Promise<number> {
  const wet = new Float32Array(dry.length);
  (await openProcessor(model, values, sampleRate)).process(dry, wet);
  const engine = await openEngine(
    "wasm",
    chunk({ dry, wet, sampleRate }, {
      chunkSeconds: dry.length / sampleRate,
      overlapSeconds: 0,
    }),
    model,
  );
  const { parameters } = model;
  const { hessian } = await engine.evaluate(
    Float64Array.from(parameters, ({ name }) => values[name]),
    2,
  );
  await engine.close();
  const scale = parameters.map(({ name, scale }) => {
    const value = values[name];
    return {
      linear: 1,
      log: value,
      "log-above-one": value - 1,
      logit: value * (1 - value),
    }[scale];
  });
  const scaled = new Matrix(
    scale.map((a, i) =>
      scale.map((b, j) => a * b * hessian![scale.length * i + j])
    ),
  );
  return Math.min(
    ...new EigenvalueDecomposition(scaled, { assumeSymmetric: true })
      .realEigenvalues,
  );
}

/** The signal's least eigenvalue over the stimulus's, at each of the settings. */
export async function gains(
  name: string,
  seconds: number,
  sampleRate: number,
  settings: number,
): Promise<number[]> {
  const model = parseModel(name);
  await using _ready = await keepReady("wasm");
  const stimulus = makeStimulus({ seconds, sampleRate, seed: 1 }).samples;
  // At the stimulus's own peak.
  const level = 20 * Math.log10(
    stimulus.reduce((a, b) => Math.max(a, Math.abs(b)), 0),
  );
  const signal = makeCaptureSignal({ seconds, sampleRate, level, seed: 1 });
  const ratios: number[] = [];
  for (let i = 0; i < settings; i++) {
    const values = drawn(model, i);
    ratios.push(
      await leastEigenvalue(model, values, signal.samples, sampleRate) /
        await leastEigenvalue(model, values, stimulus, sampleRate),
    );
  }
  return ratios;
}
