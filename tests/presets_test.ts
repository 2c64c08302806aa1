/** Every preset is found again from what it made of a sound. @module */

import assert from "node:assert/strict";
import { recoveryErrors, twinValues } from "../lib/data/preset_twins.ts";
import { makeStimulus } from "../lib/data/stimulus.ts";
import { openModel } from "../lib/engines/compiled/stream.ts";
import { fitTakes } from "../lib/fitting/fit_takes.ts";
import { solverSchema } from "../lib/fitting/fit_config.ts";
import { recordedTakes } from "../lib/data/recorded_takes.ts";
import { buildKernels } from "../lib/kernels/build.ts";
import type { Model, Values } from "../lib/models/model.ts";
import { parseModel, PRESETS } from "../lib/models/presets.ts";
import { coordinatesOf, loopTimes } from "../lib/objective/coordinates.ts";

await buildKernels();

/** What `values` of `model` make of 8 s of sound, fitted. */
async function fitTwin(model: Model, values: Values, sampleRate = 44100) {
  const { samples: dry } = makeStimulus({ seconds: 8, sampleRate, seed: 5 });
  const wet = new Float32Array(dry.length);
  openModel(model, values, sampleRate).process(dry, wet);
  const alignment = { enabled: true, max_lag: 100 };
  const { takes } = recordedTakes({ dry, wet, sampleRate }, alignment);
  return await fitTakes(takes, model, solverSchema.parse({}), "wasm", {
    chunks: { chunkSeconds: 4, overlapSeconds: 0.5 },
  });
}

for (const name of Object.keys(PRESETS)) {
  Deno.test(`${name} is found from its twin: levels to 0.05 dB, ratios and times to 1 %, a share to 0.01`, async () => {
    const model = parseModel(name);
    const truth = twinValues(model);
    const { parameters, minimum, esr } = await fitTwin(model, truth);
    const errors = recoveryErrors(model, parameters, truth);
    for (const [name, off] of Object.entries(errors)) {
      assert.ok(off <= 1, `${name} is ${parameters[name]}, not ${truth[name]}`);
    }
    assert.ok(esr < 1e-5, `ESR ${esr}`);
    assert.equal(minimum.converged, true);
  });
}

Deno.test("fet searches loop attacks of 20 to 800 µs as far as the rate can follow them, and releases of 50 to 1100 ms", () => {
  const model = parseModel("fet");
  for (const [sampleRate, shortest] of [[44100, 0.03326], [96000, 0.02]]) {
    const space = coordinatesOf(model, { sampleRate });
    const [low, high] = space.ranges.attack_ms;
    assert.ok(Math.abs(low / shortest - 1) < 1e-3, `from ${low}`);
    assert.equal(high, 0.8);
    assert.deepEqual(space.ranges.release_ms, [50, 1100]);
    // The attack is the loop's; the release is one into silence.
    const values = {
      ...twinValues(model),
      ratio: 20,
      attack_ms: 20 * 0.04,
      release_ms: 60,
    };
    const back = space.values(space.coordinates(values));
    assert.ok(Math.abs(back.release_ms - 60) < 1e-9);
    assert.ok(Math.abs(loopTimes(model, back).attack_ms - 0.04) < 1e-9);
  }
});
