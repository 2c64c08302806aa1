import assert from "node:assert/strict";
import fc from "fast-check";
import { dot, norm } from "../lib/optimise/minimiser.ts";
import {
  promisedFall,
  spectrumOf,
  trustRegionStep,
} from "../lib/optimise/quadratic_model.ts";

/** gᵀd + ½ dᵀHd. */
function model(g: Float64Array, h: Float64Array, d: Float64Array): number {
  const size = g.length;
  let value = dot(g, d);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) value += 0.5 * d[i] * h[i * size + j] * d[j];
  }
  return value;
}

/** Lowest model value on a dense polar grid of the disc of `radius`. */
function bruteForce(g: Float64Array, h: Float64Array, radius: number): number {
  let lowest = 0;
  for (let ring = 1; ring <= 60; ring++) {
    for (let spoke = 0; spoke < 720; spoke++) {
      const angle = spoke * Math.PI / 360;
      const length = radius * ring / 60;
      const d = Float64Array.of(
        length * Math.cos(angle),
        length * Math.sin(angle),
      );
      lowest = Math.min(lowest, model(g, h, d));
    }
  }
  return lowest;
}

// Eighths, so that singular and hard cases come up exactly.
const entry = fc.integer({ min: -40, max: 40 }).map((eighths) => eighths / 8);

Deno.test("trustRegionStep() is as low as brute force on the disc, whatever the signs of the eigenvalues", () => {
  fc.assert(fc.property(
    entry,
    entry,
    entry,
    entry,
    entry,
    fc.double({ min: 0.05, max: 4, noNaN: true }),
    (a, b, c, g0, g1, radius) => {
      const h = Float64Array.of(a, b, b, c);
      const g = Float64Array.of(g0, g1);
      const { step, predicted } = trustRegionStep(g, spectrumOf(h), radius);
      const value = model(g, h, step);
      const scale = 1e-9 * (1 + Math.abs(value));
      assert(norm(step) <= radius * (1 + 1e-9), `outside: ${norm(step)}`);
      assert(value <= bruteForce(g, h, radius) + scale);
      assert(Math.abs(predicted + value) <= scale);
    },
  ));
});

Deno.test("trustRegionStep() completes the hard case along the lowest eigenvector", () => {
  // H = diag(−2, 1): g has no part along the lowest eigenvector.
  const h = Float64Array.of(-2, 0, 0, 1);
  const g = Float64Array.of(0, 0.5);
  const { step, onBoundary } = trustRegionStep(g, spectrumOf(h), 1);
  assert(onBoundary);
  assert(Math.abs(norm(step) - 1) < 1e-12);
  // d₂ = −g₂ / (1 + 2), the rest of the length along ±e₁.
  assert(Math.abs(step[1] + 0.5 / 3) < 1e-12);
  assert(model(g, h, step) <= bruteForce(g, h, 1) + 1e-9);
});

Deno.test("trustRegionStep() leaves a saddle whose gradient is zero", () => {
  const h = Float64Array.of(-1, 0, 0, 3);
  const { step, predicted } = trustRegionStep(
    new Float64Array(2),
    spectrumOf(h),
    2,
  );
  assert(Math.abs(norm(step) - 2) < 1e-12);
  assert(Math.abs(predicted - 2) < 1e-12);
});

Deno.test("trustRegionStep() satisfies Moré and Sorensen's conditions in five dimensions", () => {
  const vector = fc.array(entry, { minLength: 5, maxLength: 5 });
  const matrix = fc.array(entry, { minLength: 25, maxLength: 25 });
  fc.assert(fc.property(
    vector,
    matrix,
    fc.double({ min: 0.01, max: 20, noNaN: true }),
    (gradient, entries, radius) => {
      const g = Float64Array.from(gradient);
      const h = Float64Array.from(
        entries,
        (_, at) => entries[at] + entries[(at % 5) * 5 + Math.floor(at / 5)],
      );
      const spectrum = spectrumOf(h);
      const { step } = trustRegionStep(g, spectrum, radius);
      // (H + λ) d = −g for one λ ≥ max(0, −Λ₁), and λ = 0 inside the region.
      const hd = g.map((_, i) => dot(h.subarray(5 * i, 5 * i + 5), step));
      const residual = g.map((value, i) => value + hd[i]);
      const length = norm(step);
      const scale = 1e-6 * (1 + norm(g) + norm(hd));
      if (length < 1e-9) return assert(norm(g) <= scale);
      const lambda = -dot(residual, step) / (length * length);
      assert(lambda >= Math.max(0, -spectrum.values[0]) - scale / length);
      assert(
        norm(residual.map((value, i) => value + lambda * step[i])) <= scale,
      );
      assert(length <= radius * (1 + 1e-9));
      if (length < radius * (1 - 1e-6)) assert(Math.abs(lambda) <= scale);
    },
  ));
});

Deno.test("promisedFall() is half the Newton decrement, infinite at negative curvature, and blind to unseen directions", () => {
  const g = Float64Array.of(2, 0);
  assert.equal(promisedFall(g, spectrumOf(Float64Array.of(4, 0, 0, 1))), 0.5);
  assert.equal(
    promisedFall(g, spectrumOf(Float64Array.of(4, 0, 0, -1))),
    Infinity,
  );
  assert.equal(promisedFall(g, spectrumOf(Float64Array.of(4, 0, 0, 0))), 0.5);
});
