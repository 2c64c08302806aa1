/** Closeness of vectors, measured as the bars of this project are. @module */

import assert from "node:assert/strict";

/** Largest |actual − expected| over the largest |expected|. */
export function relativeDeviation(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
): number {
  assert.equal(actual.length, expected.length);
  let largest = 0;
  let deviation = 0;
  for (let i = 0; i < expected.length; i++) {
    largest = Math.max(largest, Math.abs(expected[i]));
    const distance = Math.abs(actual[i] - expected[i]);
    // A NaN would slip through Math.max's comparisons elsewhere: stop it here.
    assert(!Number.isNaN(distance), `entry ${i} is ${actual[i]}`);
    deviation = Math.max(deviation, distance);
  }
  return deviation / (largest || 1);
}

/** Asserts that `actual` is within `tolerance` of `expected`, relative to its largest entry. */
export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
): void {
  const deviation = relativeDeviation(actual, expected);
  assert(
    deviation <= tolerance,
    `deviates by ${deviation.toExponential(2)}, allowed ${tolerance}`,
  );
}
