/** The pre-emphasis filter: impulse response, adjoint, blocks, in place. @module */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  PRE_EMPHASIS_POLE,
  preEmphasisAtRest,
  preEmphasise,
  preEmphasiseTransposed,
} from "../lib/sound/pre_emphasis.ts";
import { assertClose } from "./close.ts";
import { peakCases } from "./golden_signal.ts";

const sample = fc.double({ min: -1, max: 1, noNaN: true });
const twoSignals = fc.array(fc.tuple(sample, sample), {
  minLength: 1,
  maxLength: 400,
});

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, x, n) => sum + x * b[n], 0);
}

Deno.test("preEmphasise has the impulse response 1, then −0.005 · 0.995^(n−1)", () => {
  const impulse = new Float64Array(2000);
  impulse[0] = 1;
  const response = preEmphasise(impulse, new Float64Array(2000));
  const expected = Float64Array.from(
    { length: 2000 },
    (_, n) =>
      n === 0 ? 1 : (PRE_EMPHASIS_POLE - 1) * PRE_EMPHASIS_POLE ** (n - 1),
  );
  assertClose(response, expected, 1e-14);
});

Deno.test("preEmphasise stops a constant and passes the highest frequency", () => {
  const constant = preEmphasise(
    new Float64Array(6000).fill(1),
    new Float64Array(6000),
  );
  assert(Math.abs(constant[5999]) < 1e-12);
  const alternating = preEmphasise(
    Float64Array.from({ length: 6000 }, (_, n) => n % 2 === 0 ? 1 : -1),
    new Float64Array(6000),
  );
  // |F| at half the sample rate is 2 / 1.995.
  assert(Math.abs(Math.abs(alternating[5999]) - 2 / 1.995) < 1e-12);
});

Deno.test("preEmphasiseTransposed is the adjoint: ⟨F x, e⟩ = ⟨x, Fᵀ e⟩", () => {
  fc.assert(fc.property(twoSignals, (list) => {
    const x = Float64Array.from(list, ([a]) => a);
    const e = Float64Array.from(list, ([, b]) => b);
    const left = dot(preEmphasise(x, new Float64Array(x.length)), e);
    const right = dot(x, preEmphasiseTransposed(e, new Float64Array(x.length)));
    assert(Math.abs(left - right) <= 1e-12 * (1 + x.length));
  }));
});

Deno.test("both filters give the same in blocks, and in place, as in one piece", () => {
  fc.assert(
    fc.property(twoSignals, fc.nat(), (list, cutAt) => {
      const x = Float64Array.from(list, ([a]) => a);
      const cut = cutAt % (x.length + 1);

      const forward = preEmphasise(x, new Float64Array(x.length));
      const inPlace = x.slice();
      const state = preEmphasisAtRest();
      for (const part of [inPlace.subarray(0, cut), inPlace.subarray(cut)]) {
        preEmphasise(part, part, state);
      }
      assert.deepEqual(inPlace, forward);

      const backward = preEmphasiseTransposed(x, new Float64Array(x.length));
      const reversed = x.slice();
      const later = { next: 0 };
      for (const part of [reversed.subarray(cut), reversed.subarray(0, cut)]) {
        preEmphasiseTransposed(part, part, later);
      }
      assert.deepEqual(reversed, backward);
    }),
  );
});

Deno.test("preEmphasise meets the golden filtered samples", () => {
  let compared = 0;
  for (const golden of peakCases) {
    for (const evaluation of golden.evaluations) {
      const { output_samples: out, filtered_samples: filtered } = evaluation;
      if (out === undefined || filtered === undefined) continue;
      // Indices 0, 1, 2 open both lists, and follow from each other.
      assert.deepEqual(out.index.slice(0, 3), [0, 1, 2]);
      const head = Float64Array.from(out.value.slice(0, 3));
      const p = preEmphasise(head, new Float64Array(3));
      assertClose(p, filtered.value.slice(0, 3), 1e-9);
      compared++;
    }
  }
  assert(compared > 0, "the golden file has no filtered samples");
});

Deno.test("preEmphasise refuses an output of another length", () => {
  assert.throws(() => preEmphasise(new Float64Array(3), new Float64Array(4)), {
    name: "RangeError",
    message: /3 samples, its output 4/,
  });
});
