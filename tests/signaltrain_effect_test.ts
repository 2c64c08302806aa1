import assert from "node:assert/strict";
import fc from "fast-check";
import { createRandom } from "../lib/base/random.ts";
import { openModel } from "../lib/engines/compiled/stream.ts";
import { parseModel } from "../lib/models/presets.ts";
import {
  backwards,
  type EffectName,
  EFFECTS,
  stream,
  valuesAt,
  windowed,
} from "../lib/signaltrain/effect.ts";
import { windowErrors } from "../lib/signaltrain/lookback.ts";
import { relativeDeviation } from "./close.ts";
import { goldenRow } from "./golden_signal.ts";
import file from "./golden/comp-4c.json" with { type: "json" };

const RATE = file.signal.sample_rate;
const golden = goldenRow({ signal: { ...file.signal, batch: 1 } }, 0);

const valuesOf = (one: typeof file.cases[number]) => ({
  threshold_db: one.threshold_db,
  ratio: one.ratio,
  attack_ms: 1000 * one.attack_s,
  release_ms: 1000 * one.release_s,
  make_up_db: 0,
});

const streamed = (input: Float64Array, values: Record<string, number>) => {
  const output = new Float64Array(input.length);
  stream(input, output, values, RATE);
  return output;
};

/** Noise whose level jumps, and settings of an effect, from a seed. */
function drawn(seed: number, effect: EffectName, length: number) {
  const random = createRandom(seed);
  const controls = EFFECTS[effect];
  const values = valuesAt(controls, controls.map(() => random.uniform()));
  const input = new Float64Array(length);
  let level = 0;
  for (let n = 0; n < length; n++) {
    if (n % 300 === 0) {
      level = random.chance(0.1) ? 0 : 10 ** random.uniform(-3, 0);
    }
    input[n] = level * random.uniform(-1, 1);
  }
  return { values, input };
}

const anyEffect = fc.constantFrom<EffectName>("Comp-4C", "Comp-4C-Large");

Deno.test("Comp-4C meets the published samples and energies to 1e-9", () => {
  for (const one of file.cases) {
    const output = streamed(golden, valuesOf(one));
    const energy = output.reduce((sum, y) => sum + y * y, 0);
    assert(relativeDeviation([energy], [one.energy]) <= 1e-9);
    for (const [n, value] of Object.entries(one.samples)) {
      assert(Math.abs(output[Number(n)] / value - 1) <= 1e-9, `sample ${n}`);
    }
  }
});

Deno.test("windowed targets are as far from streamed ones as published, to 1e-6", () => {
  const counted = 43008;
  for (const one of file.cases) {
    const output = streamed(golden, valuesOf(one));
    for (const [text, expected] of Object.entries(one.mae_windowed)) {
      const made = windowed(golden, valuesOf(one), RATE, {
        lookback: Number(text),
        output: 2048,
      });
      let sum = 0;
      for (let n = 0; n < counted; n++) sum += Math.abs(made[n] - output[n]);
      assert(Math.abs(sum / counted / expected - 1) <= 1e-6, `${text} by hand`);
      const [{ mae }] = windowErrors(
        golden.subarray(0, counted),
        valuesOf(one),
        RATE,
        { lookbacks: [Number(text)], output: 2048 },
      );
      assert(Math.abs(mae / expected - 1) <= 1e-6, `${text} at once`);
    }
  }
});

Deno.test("windowErrors() is the error of windowed() against stream(), also without the first window", () => {
  fc.assert(
    fc.property(
      fc.integer(),
      anyEffect,
      fc.integer({ min: 1, max: 700 }),
      fc.array(fc.integer({ min: 0, max: 5000 }), {
        minLength: 1,
        maxLength: 3,
      }),
      fc.boolean(),
      (seed, effect, output, lookbacks, skips) => {
        const { values, input } = drawn(seed, effect, 3000);
        const skipped = skips ? 1 : 0;
        const whole = Math.floor(input.length / output) * output;
        const target = streamed(input, values);
        const errors = windowErrors(input, values, RATE, {
          lookbacks,
          output,
          skipped,
        });
        for (const { lookback, mae, worst } of errors) {
          const made = windowed(input, values, RATE, { lookback, output });
          let [sum, most] = [0, 0];
          for (let n = skipped * output; n < whole; n++) {
            const error = Math.abs(made[n] - target[n]);
            sum += error;
            most = Math.max(most, error);
          }
          const count = whole - skipped * output;
          assert(Math.abs(sum / count - mae) <= 1e-13 + 1e-9 * mae);
          assert(Math.abs(most - worst) <= 1e-13 + 1e-9 * worst);
        }
      },
    ),
    { numRuns: 30 },
  );
});

Deno.test("stream() is the preset comp-4c", () => {
  fc.assert(
    fc.property(fc.integer(), anyEffect, (seed, effect) => {
      const { values, input } = drawn(seed, effect, 2000);
      const output = new Float64Array(input.length);
      openModel(parseModel("comp-4c"), values, RATE, { precision: "double" })
        .process(input, output);
      const made = streamed(input, values);
      made.forEach((y, n) =>
        assert(Math.abs(y - output[n]) <= 1e-12 * Math.abs(y), `sample ${n}`)
      );
    }),
    { numRuns: 10 },
  );
});

Deno.test("backwards() undoes stream()", () => {
  fc.assert(
    fc.property(fc.integer(), anyEffect, (seed, effect) => {
      const { values, input } = drawn(seed, effect, 4000);
      const found = backwards(streamed(input, values), values, RATE);
      found.forEach((x, n) =>
        assert(Math.abs(x - input[n]) <= 1e-9 * Math.abs(input[n]) + 1e-15)
      );
    }),
    { numRuns: 40 },
  );
  const made = streamed(golden, { ...valuesOf(file.cases[0]) });
  const louder = made.map((y) => 2 * y);
  const makeUp = { ...valuesOf(file.cases[0]), make_up_db: 20 * Math.log10(2) };
  assert(relativeDeviation(backwards(louder, makeUp, RATE), golden) <= 1e-9);
});

Deno.test("backwards() refuses what cannot be undone", () => {
  const limiter = { ...valuesOf(file.cases[0]), ratio: Infinity, attack_ms: 0 };
  assert.throws(() => backwards(golden, limiter, RATE), /cannot be undone/);
});
