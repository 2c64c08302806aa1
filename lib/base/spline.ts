/**
 * Interpolation through points: by straight lines, and by the cubic spline with
 * the not-a-knot end condition.
 *
 * The spline's second derivatives M at the knots solve, with h_i = x_{i+1} − x_i,
 *
 *     h_{i−1} M_{i−1} + 2 (h_{i−1} + h_i) M_i + h_i M_{i+1}
 *         = 6 ((y_{i+1} − y_i)/h_i − (y_i − y_{i−1})/h_{i−1})
 *
 * and, not-a-knot, the third derivative does not jump at the second and at the
 * last but one knot: (M_1 − M_0)/h_0 = (M_2 − M_1)/h_1, likewise at the end
 * (de Boor, "A Practical Guide to Splines", 1978, chapter IV).
 *
 * @module
 */

import { Matrix, solve } from "ml-matrix";

/** A function through given points, defined between the first and the last. */
export type Interpolant = (x: number) => number;

/** How values between points are found. */
export type Interpolation = "linear" | "spline";

/**
 * The interpolant of `ys` at the ascending knots `xs`. A spline through three
 * points is their parabola, through two the line, through one a constant.
 *
 * @throws {RangeError} where knots and values do not match or do not ascend, and,
 * from the interpolant, where x lies outside the knots.
 */
export function interpolant(
  xs: readonly number[],
  ys: readonly number[],
  method: Interpolation,
): Interpolant {
  if (xs.length === 0 || xs.length !== ys.length) {
    throw new RangeError(`${xs.length} knots for ${ys.length} values`);
  }
  if (xs.some((x, i) => i > 0 && !(x > xs[i - 1]))) {
    throw new RangeError("the knots must ascend");
  }
  const bends = bendsOf(xs, ys, method);
  return (x) => {
    const last = xs.length - 1;
    if (!(x >= xs[0] && x <= xs[last])) {
      throw new RangeError(`${x} lies outside ${xs[0]} to ${xs[last]}`);
    }
    if (last === 0) return ys[0];
    let i = 0;
    while (i < last - 1 && x > xs[i + 1]) i++;
    const h = xs[i + 1] - xs[i];
    const right = (x - xs[i]) / h;
    const left = 1 - right;
    return left * ys[i] + right * ys[i + 1] +
      h * h / 6 *
        ((left ** 3 - left) * bends[i] + (right ** 3 - right) * bends[i + 1]);
  };
}

/** Second derivatives at the knots of what {@linkcode interpolant} gives. */
export function bendsOf(
  xs: readonly number[],
  ys: readonly number[],
  method: Interpolation,
): number[] {
  return method === "spline" && xs.length > 2
    ? secondDerivatives(xs, ys)
    : xs.map(() => 0);
}

/** Second derivatives of the not-a-knot spline at three or more knots. */
function secondDerivatives(
  xs: readonly number[],
  ys: readonly number[],
): number[] {
  const count = xs.length;
  const h = xs.slice(1).map((x, i) => x - xs[i]);
  const slope = h.map((width, i) => (ys[i + 1] - ys[i]) / width);
  if (count === 3) {
    const bend = 2 * (slope[1] - slope[0]) / (h[0] + h[1]);
    return [bend, bend, bend];
  }
  const system = Matrix.zeros(count, count);
  const right = Matrix.zeros(count, 1);
  for (let i = 1; i < count - 1; i++) {
    system.set(i, i - 1, h[i - 1]);
    system.set(i, i, 2 * (h[i - 1] + h[i]));
    system.set(i, i + 1, h[i]);
    right.set(i, 0, 6 * (slope[i] - slope[i - 1]));
  }
  for (const [row, i] of [[0, 0], [count - 1, count - 3]]) {
    system.set(row, i, h[i + 1]);
    system.set(row, i + 1, -(h[i] + h[i + 1]));
    system.set(row, i + 2, h[i]);
  }
  return solve(system, right).to1DArray();
}
