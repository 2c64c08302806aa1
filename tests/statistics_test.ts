import assert from "node:assert/strict";
import fc from "fast-check";
import {
  mean,
  median,
  quantile,
  weightedMedian,
} from "../lib/base/statistics.ts";

/** Without −0, which is equal to 0 and another number all the same. */
const values = fc.array(
  fc.double({ min: -1e3, max: 1e3, noNaN: true }).map((value) => value + 0),
  { minLength: 1 },
);

Deno.test("quantile() lies between the extremes, rises with its part, and changes nothing", () => {
  fc.assert(fc.property(values, (some) => {
    const before = [...some];
    assert.equal(quantile(some, 0), Math.min(...some));
    assert.equal(quantile(some, 1), Math.max(...some));
    assert(quantile(some, 0.3) <= quantile(some, 0.7));
    assert.deepEqual(some, before);
  }));
});

Deno.test("median() has as many values above as below", () => {
  fc.assert(fc.property(values, (some) => {
    const middle = median(some);
    const above = some.filter((value) => value > middle).length;
    const below = some.filter((value) => value < middle).length;
    assert(Math.max(above, below) <= some.length / 2);
    assert(Math.abs(middle - quantile(some, 0.5)) <= 1e-12 * 1e3);
  }));
});

Deno.test("weightedMedian() of whole weights is the median of values so often", () => {
  fc.assert(fc.property(
    fc.array(fc.tuple(fc.integer(), fc.integer({ min: 1, max: 9 })), {
      minLength: 1,
    }),
    (some) => {
      const each = some.flatMap(([value, times]) => Array(times).fill(value));
      each.sort((a, b) => a - b);
      assert.equal(weightedMedian(some), each[Math.ceil(each.length / 2) - 1]);
    },
  ));
});

Deno.test("of no values, mean, median and quantile are NaN", () => {
  for (const none of [mean([]), median([]), quantile([], 0.5)]) {
    assert(Number.isNaN(none));
  }
  assert(Number.isNaN(weightedMedian([])));
});
