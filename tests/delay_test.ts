import assert from "node:assert/strict";
import { openCompiledEngine } from "../lib/engines/compiled/compiled_engine.ts";
import { buildKernels } from "../lib/kernels/build.ts";
import { vectorOf } from "../lib/models/model.ts";
import { parseModel } from "../lib/models/presets.ts";
import type { ChunkedPair } from "../lib/sound/chunks.ts";
import { deviations } from "./check_model.ts";
import { checkPair } from "./check_model.ts";

await buildKernels(["compressor"]);

/** The pair with a wet side that may be moved: derivatives of a smooth sound. */
function movable(pair: ChunkedPair): ChunkedPair {
  const { length } = pair.wet;
  const by = (f: (n: number) => number) =>
    Float32Array.from({ length }, (_, n) => f(n));
  const w = 0.3;
  return {
    ...pair,
    wet: by((n) => 0.2 * Math.sin(w * n)),
    moves: [
      by((n) => 0.2 * w * Math.cos(w * n)),
      by((n) => -0.2 * w * w * Math.sin(w * n)),
    ],
  };
}

for (const name of ["4a-2a", "rms+coupling"]) {
  Deno.test(`a delay is a parameter of ${name}, with the derivatives of its loss`, async () => {
    const model = parseModel(name);
    const values = {
      threshold_db: -21.3,
      ratio: 4.3,
      attack_ms: 1.7,
      release_ms: 17.3,
      averaging_coefficient: 0.13,
      coupling_hz: 41,
      make_up_db: -8,
    };
    const pair = movable(checkPair(3));
    const double = await openCompiledEngine(pair, model, {
      precision: "double",
    });
    const single = await openCompiledEngine(pair, model);
    const size = model.parameters.length + 1;
    const at = (delta: number) =>
      Float64Array.from([...vectorOf(model, values), delta]);
    const { loss, gradient, hessian } = await double.evaluate(at(0), 2);
    const h = 1e-4;
    const up = await double.evaluate(at(h), 1);
    const down = await double.evaluate(at(-h), 1);
    const slope = (up.loss - down.loss) / (2 * h);
    assert(Math.abs(slope / gradient![size - 1] - 1) < 1e-6);
    for (let i = 0; i < size; i++) {
      const bend = (up.gradient![i] - down.gradient![i]) / (2 * h);
      const entry = hessian![size * (size - 1) + i];
      assert(Math.abs(bend - entry) < 1e-5 * Math.abs(entry) + 1e-6 * loss);
    }
    const fast = await single.evaluate(at(2e-4), 2);
    const exact = await double.evaluate(at(2e-4), 2);
    const joint = {
      ...model,
      parameters: [...model.parameters, {
        ...model.parameters[0],
        name: "delay_samples",
      }],
    };
    const off = deviations(
      joint,
      { ...values, delay_samples: 0 },
      fast,
      exact,
    );
    assert(off.loss < 1e-5 && off.gradient < 1e-4 && off.matrix < 1e-3);
    await double.close();
    await single.close();
  });
}
