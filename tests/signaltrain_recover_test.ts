import assert from "node:assert/strict";
import { createRandom } from "../lib/base/random.ts";
import {
  type EffectName,
  EFFECTS,
  stream,
  valuesAt,
} from "../lib/signaltrain/effect.ts";
import { levelSteps, recover } from "../lib/signaltrain/recover.ts";

const RATE = 44100;

/** Settings of each effect. */
const SETTINGS = 20;

for (const effect of Object.keys(EFFECTS) as EffectName[]) {
  Deno.test(`recover() finds ${SETTINGS} random settings of ${effect} in at most 40 iterations`, async () => {
    const random = createRandom(`1/${effect}`);
    const dry = levelSteps(2, RATE, 1);
    for (let i = 0; i < SETTINGS; i++) {
      const controls = EFFECTS[effect];
      const values = valuesAt(controls, controls.map(() => random.uniform()));
      const wet = new Float32Array(dry.length);
      stream(dry, wet, values, RATE);
      const found = await recover({ dry, wet, sampleRate: RATE }, controls);
      const text = JSON.stringify(values);
      const { iterations } = found.minimum;
      assert(iterations <= 40, `${iterations} iterations at ${text}`);
      for (const [name, value] of Object.entries(values)) {
        const off = name.endsWith("_db")
          ? (found.values[name] - value) / 0.01
          : (found.values[name] / value - 1) / 0.001;
        assert(Math.abs(off) <= 1, `${name} ${found.values[name]} at ${text}`);
      }
    }
  });
}
