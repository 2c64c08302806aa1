import assert from "node:assert/strict";
import fc from "fast-check";
import { interpolant } from "../lib/base/spline.ts";

const knots = fc.uniqueArray(fc.integer({ min: 0, max: 100 }), {
  minLength: 4,
  maxLength: 13,
}).map((xs) => xs.sort((a, b) => a - b));
const coefficient = fc.double({ min: -3, max: 3, noNaN: true });

Deno.test("interpolant() passes through its points", () => {
  fc.assert(fc.property(knots, fc.infiniteStream(coefficient), (xs, stream) => {
    const ys = xs.map(() => stream.next().value);
    for (const method of ["linear", "spline"] as const) {
      const f = interpolant(xs, ys, method);
      xs.forEach((x, i) => assert(Math.abs(f(x) - ys[i]) < 1e-9));
    }
  }));
});

Deno.test("interpolant() by a not-a-knot spline reproduces every cubic", () => {
  const cubic = fc.tuple(coefficient, coefficient, coefficient, coefficient);
  fc.assert(fc.property(knots, cubic, (xs, [a, b, c, d]) => {
    const p = (x: number) => {
      const u = x / 50;
      return a + u * (b + u * (c + u * d));
    };
    const f = interpolant(xs, xs.map(p), "spline");
    for (let x = xs[0]; x <= xs.at(-1)!; x += 0.37) {
      assert(Math.abs(f(x) - p(x)) < 1e-8);
    }
  }));
});

Deno.test("interpolant() by a spline meets SciPy's CubicSpline, not-a-knot", () => {
  // scipy.interpolate.CubicSpline([40,50,60,70,80,90,100], …)(45, 55, 95), from
  // the published compress thresholds.
  const f = interpolant(
    [40, 50, 60, 70, 80, 90, 100],
    [
      -13.075952529907227,
      -15.320412635803223,
      -16.88168716430664,
      -19.835796356201172,
      -24.04867935180664,
      -31.510976791381836,
      -35.34008026123047,
    ],
    "spline",
  );
  const expected = [
    -14.469719624945096,
    -16.000309252313208,
    -34.470340377518106,
  ];
  [45, 55, 95].forEach((x, i) => assert(Math.abs(f(x) - expected[i]) < 1e-10));
});

Deno.test("interpolant() refuses to extrapolate and knots that do not ascend", () => {
  assert.throws(() => interpolant([0, 1], [0, 1], "linear")(1.01), RangeError);
  assert.throws(() => interpolant([0, 1], [0, 1], "linear")(NaN), RangeError);
  assert.throws(() => interpolant([1, 1], [0, 1], "linear"), RangeError);
  assert.throws(() => interpolant([], [], "linear"), RangeError);
});
