/** Models as streams: blocks, linked channels, and what comes after the gain. @module */

import assert from "node:assert/strict";
import fc from "fast-check";
import { linked, loudest } from "../lib/compressor/linked.ts";
import { openModel } from "../lib/engines/compiled/stream.ts";
import { openProcessor } from "../lib/engines/open_processor.ts";
import type { Model, Values } from "../lib/models/model.ts";
import { parseModel } from "../lib/models/presets.ts";
import { createRandom } from "../lib/base/random.ts";
import type { Signal } from "../lib/sound/signal.ts";
import { compress } from "./oracle.ts";

const RATE = 22050;

/** Noise bursts at many levels. */
function sound(seed: number, length = RATE): Float32Array {
  const random = createRandom(seed);
  let level = 0;
  return Float32Array.from({ length }, (_, n) => {
    if (n % 1500 === 0) level = 10 ** random.uniform(-1.7, -0.1);
    return level * random.uniform(-1, 1);
  });
}

/** A setting of `model` that compresses, by names that it may not all have. */
function settingOf(model: Model): Values {
  return {
    ...Object.fromEntries(
      model.parameters.map(({ name, start }) => [name, start]),
    ),
    attack_ms: 5,
    make_up_db: 2,
  };
}

function largestDifference(a: Signal, b: Signal): number {
  assert.equal(a.length, b.length);
  let largest = 0;
  for (let n = 0; n < a.length; n++) {
    largest = Math.max(largest, Math.abs(a[n] - b[n]));
  }
  return largest;
}

const LEFT = sound(1);
const RIGHT = sound(2).map((x) => 0.8 * x);
const LOUDEST = loudest([LEFT, RIGHT], new Float32Array(RATE));

/** The models that listen in different ways. */
const LISTENERS = ["4a-2a", "rms", "comp-4c", "opto", "opto+rms", "feedback"];

Deno.test("openModel() gives the same bytes in blocks of any size, in place and linked too", () => {
  const model = parseModel("opto+rms+saturation+coupling+bandwidth");
  const values = settingOf(model);
  const whole = new Float32Array(RATE);
  openModel(model, values, RATE).process(LEFT, whole, LOUDEST);
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 5000 }), { minLength: 1 }),
      (lengths) => {
        const unit = openModel(model, values, RATE);
        const output = LEFT.slice();
        for (let at = 0, i = 0; at < RATE; i++) {
          const length = i < lengths.length ? lengths[i] : RATE;
          const block = output.subarray(at, at + length);
          unit.process(block, block, LOUDEST.subarray(at, at + length));
          at += length;
        }
        assert.deepEqual(output, whole);
      },
    ),
    { numRuns: 20 },
  );
});

for (const name of LISTENERS) {
  Deno.test(`linked channels of ${name} have the gain of the mono model on the loudest`, async () => {
    const model = parseModel(name);
    const values = settingOf(model);
    const gained = new Float64Array(RATE);
    openModel(model, values, RATE, { precision: "double" })
      .process(LOUDEST, gained);
    for (const open of [openProcessor, openModel]) {
      const units = await Promise.all(
        [0, 1].map(() => open(model, values, RATE)),
      );
      const outputs = [0, 1].map(() => new Float32Array(RATE));
      linked(units).process([LEFT, RIGHT], outputs);
      [LEFT, RIGHT].forEach((input, c) => {
        const wanted = Float64Array.from(
          input,
          (x, n) => LOUDEST[n] === 0 ? 0 : x * (gained[n] / LOUDEST[n]),
        );
        const difference = largestDifference(outputs[c], wanted);
        assert.ok(difference <= 1e-6, `channel ${c + 1}: ${difference}`);
      });
      // It makes a difference to the quieter one.
      const alone = new Float32Array(RATE);
      (await open(model, values, RATE)).process(RIGHT, alone);
      assert.ok(largestDifference(outputs[1], alone) > 0.01);
    }
  });
}

Deno.test("linked channels go through saturation and filters of their own", () => {
  const model = parseModel("rms+saturation+coupling+bandwidth");
  const values = {
    ...settingOf(model),
    square: 0.2,
    cube: -0.1,
    coupling_hz: 40,
    bandwidth_hz: 5000,
  };
  const gained = compress(LOUDEST, values, RATE);
  const pole = (hertz: number) => Math.exp(-2 * Math.PI * hertz / RATE);
  const [p, q] = [pole(values.coupling_hz), pole(values.bandwidth_hz)];
  const byHand = (input: Signal) => {
    let [before, high, low] = [0, 0, 0];
    return Float64Array.from(input, (x, n) => {
      const u = LOUDEST[n] === 0 ? 0 : x * (gained[n] / LOUDEST[n]);
      const w = u + values.square * u ** 2 + values.cube * u ** 3;
      high = p * high + (1 + p) / 2 * (w - before);
      before = w;
      low = q * low + (1 - q) * high;
      return low;
    });
  };
  for (
    const [precision, most] of [["single", 1e-6], ["double", 1e-9]] as const
  ) {
    const units = [0, 1].map(() =>
      openModel(model, values, RATE, { precision })
    );
    const outputs = [0, 1].map(() => new Float64Array(RATE));
    linked(units).process([LEFT, RIGHT], outputs);
    [LEFT, RIGHT].forEach((input, c) => {
      const difference = largestDifference(outputs[c], byHand(input));
      assert.ok(difference <= most, `${precision}, ${c}: ${difference}`);
    });
  }
});
