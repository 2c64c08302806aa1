/**
 * Mean, median and the like of a few numbers.
 *
 * @module
 */

/** The sum of `values`. */
export function total(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum;
}

/** The mean of `values`; NaN of none. */
export function mean(values: ArrayLike<number>): number {
  return total(values) / values.length;
}

/** The middle of `values`, or between the two that are; NaN of none. */
export function median(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort();
  const half = sorted.length / 2;
  return (sorted[Math.ceil(half) - 1] + sorted[Math.floor(half)]) / 2;
}

/**
 * The value below which `part` (0 to 1) of `values` lie, linear between two of
 * them; NaN of none.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(quantile([3, 1, 2, 4], 0.5), 2.5);
 * assert.equal(quantile([3, 1, 2, 4], 1), 4);
 * ```
 */
export function quantile(values: ArrayLike<number>, part: number): number {
  const sorted = Float64Array.from(values).sort();
  if (sorted.length === 0) return NaN;
  const place = part * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  // Rounding must not carry it beyond the next one: a higher part has no lower value.
  return Math.min(
    sorted[above],
    sorted[below] + (place - below) * (sorted[above] - sorted[below]),
  );
}

/**
 * The value at which half of the weight is reached, of [value, weight]; NaN of
 * none.
 */
export function weightedMedian(
  values: readonly (readonly [number, number])[],
): number {
  const sorted = values.toSorted(([a], [b]) => a - b);
  const half = sorted.reduce((sum, [, weight]) => sum + weight, 0) / 2;
  let sum = 0;
  for (const [value, weight] of sorted) {
    sum += weight;
    if (sum >= half) return value;
  }
  return NaN;
}
