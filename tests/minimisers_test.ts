import assert from "node:assert/strict";
import type { Evaluate, Minimum } from "../lib/optimise/minimiser.ts";
import { dampedNewton } from "../lib/optimise/damped_newton.ts";
import { trustRegion } from "../lib/optimise/trust_region.ts";

/** Rosenbrock's valley, with exact derivatives. */
const rosenbrock: Evaluate = ([x, y]) => {
  const gap = y - x * x;
  return Promise.resolve({
    loss: (1 - x) ** 2 + 100 * gap * gap,
    modelEnergy: 0,
    gradient: Float64Array.of(-2 * (1 - x) - 400 * x * gap, 200 * gap),
    hessian: Float64Array.of(
      2 - 400 * gap + 800 * x * x,
      -400 * x,
      -400 * x,
      200,
    ),
  });
};

/** x⁴ − x² + y²: a saddle at 0, minima of −¼ at x = ±1/√2; lifted above 0. */
const twoWells: Evaluate = ([x, y]) =>
  Promise.resolve({
    loss: x ** 4 - x * x + y * y + 1,
    modelEnergy: 0,
    gradient: Float64Array.of(4 * x ** 3 - 2 * x, 2 * y),
    hessian: Float64Array.of(12 * x * x - 2, 0, 0, 2),
  });

function neverRises(minimum: Minimum): void {
  const losses = minimum.records.map(({ loss }) => loss);
  losses.forEach((loss, i) => assert(i === 0 || loss <= losses[i - 1]));
  assert.equal(minimum.loss, losses.at(-1));
}

for (const minimise of [trustRegion, dampedNewton]) {
  Deno.test(`${minimise.name}() finds the foot of Rosenbrock's valley and never rises`, async () => {
    const minimum = await minimise(rosenbrock, Float64Array.of(-1.2, 1), {
      lossFloor: 1e-20,
    });
    assert(minimum.converged, minimum.stopReason);
    assert(Math.hypot(minimum.z[0] - 1, minimum.z[1] - 1) < 1e-6);
    neverRises(minimum);
  });

  Deno.test(`${minimise.name}() says so where the loss is not a number`, async () => {
    const nowhere: Evaluate = () =>
      Promise.resolve({
        loss: NaN,
        modelEnergy: 0,
        gradient: Float64Array.of(NaN),
        hessian: Float64Array.of(NaN),
      });
    const minimum = await minimise(nowhere, Float64Array.of(0));
    assert.equal(minimum.stopReason, "not-finite");
    assert.equal(minimum.converged, false);
  });

  Deno.test(`${minimise.name}() stops at the allowed number of iterations`, async () => {
    const minimum = await minimise(rosenbrock, Float64Array.of(-1.2, 1), {
      maxIterations: 3,
    });
    assert.equal(minimum.stopReason, "iterations");
    assert.equal(minimum.iterations, 3);
    assert.equal(minimum.records.length, 4);
  });
}

Deno.test("trustRegion() leaves a saddle by its negative curvature, where dampedNewton() stays", async () => {
  const saddle = Float64Array.of(0, 0.5);
  const found = await trustRegion(twoWells, saddle);
  assert(found.converged);
  assert(Math.abs(Math.abs(found.z[0]) - Math.SQRT1_2) < 1e-6);
  const stuck = await dampedNewton(twoWells, saddle);
  assert(Math.abs(stuck.z[0]) < 1e-6);
  assert.equal(stuck.converged, false);
});

Deno.test("trustRegion() treats a step into not-a-number as one to shorten", async () => {
  // √x is undefined below 0, where the first full step would land.
  const edge: Evaluate = ([x]) =>
    Promise.resolve({
      loss: Math.sqrt(x) + 1 / x,
      modelEnergy: 0,
      gradient: Float64Array.of(0.5 / Math.sqrt(x) - 1 / x ** 2),
      hessian: Float64Array.of(-0.25 / x ** 1.5 + 2 / x ** 3),
    });
  const minimum = await trustRegion(edge, Float64Array.of(9), {
    initialRadius: 10,
    tolerance: 1e-14,
  });
  assert(minimum.converged);
  assert(Math.abs(minimum.z[0] - 2 ** (2 / 3)) < 1e-6);
  neverRises(minimum);
});
