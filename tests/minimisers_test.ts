import assert from "node:assert/strict";
import { makeStimulus } from "../lib/data/stimulus.ts";
import { chunk } from "../lib/sound/chunks.ts";
import { objectiveOf } from "../lib/objective/objective.ts";
import { openCoordinates } from "../lib/objective/coordinates.ts";
import type { Evaluate, Minimum } from "../lib/optimise/minimiser.ts";
import { dampedNewton } from "../lib/optimise/damped_newton.ts";
import { adam } from "../lib/optimise/adam.ts";
import { gradientDescent } from "../lib/optimise/gradient_descent.ts";
import { lBfgs } from "../lib/optimise/l_bfgs.ts";
import { newtonCg } from "../lib/optimise/newton_cg.ts";
import { trustRegion } from "../lib/optimise/trust_region.ts";
import { assertClose } from "./close.ts";
import { compress, openOracle } from "./oracle.ts";

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

for (const minimise of [trustRegion, newtonCg, lBfgs]) {
  Deno.test(`${minimise.name}() finds the foot of Rosenbrock's valley and never rises`, async () => {
    const minimum = await minimise(rosenbrock, Float64Array.of(-1.2, 1), {
      lossFloor: 1e-20,
    });
    assert(minimum.converged, minimum.stopReason);
    assert(Math.hypot(minimum.z[0] - 1, minimum.z[1] - 1) < 1e-6);
    neverRises(minimum);
  });
}

for (
  const minimise of [
    trustRegion,
    dampedNewton,
    newtonCg,
    lBfgs,
    adam,
    gradientDescent,
  ]
) {
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

  Deno.test(`${minimise.name}() counts its evaluations by order, and reports each iteration once`, async () => {
    const counts = [0, 0, 0];
    const seen: number[] = [];
    const { records, evaluations } = await minimise(
      (z, order) => {
        counts[order]++;
        return rosenbrock(z, order);
      },
      Float64Array.of(-1.2, 1),
      {
        maxIterations: 20,
        onIteration: ({ iteration }) => seen.push(iteration),
      },
    );
    assert.deepEqual([...evaluations], counts);
    assert.deepEqual(seen, records.map((_, i) => i));
    assert.deepEqual(records.map(({ iteration }) => iteration), seen);
  });

  Deno.test(`${minimise.name}() never returns a NaN, nor a loss above the start's`, async () => {
    // Undefined below 0, where a step too long lands; lowest at (2/3)².
    const edge: Evaluate = ([x, y]) => {
      const root = Math.sqrt(x);
      return Promise.resolve({
        loss: x * root - x + y * y + 1,
        modelEnergy: 0,
        gradient: Float64Array.of(1.5 * root - 1, 2 * y),
        hessian: Float64Array.of(0.75 / root, 0, 0, 2),
      });
    };
    for (const x of [0.01, 0.3, 1, 7]) {
      const start = Float64Array.of(x, 0.3);
      const { loss } = await edge(start, 0);
      const found = await minimise(edge, start, { maxIterations: 30 });
      assert(found.loss <= loss);
      for (
        const value of [found.z, found.gradient, found.hessian].flatMap((v) => [
          ...v,
        ])
      ) assert(Number.isFinite(value));
    }
  });
}

for (
  const minimise of [
    trustRegion,
    dampedNewton,
    newtonCg,
    lBfgs,
    adam,
    gradientDescent,
  ]
) {
  Deno.test(`${minimise.name}() says that a loss counts as zero`, async () => {
    const { stopReason, converged } = await minimise(
      rosenbrock,
      Float64Array.of(-1.2, 1),
      { lossFloor: 30 },
    );
    assert.equal(stopReason, "exact");
    assert(converged);
  });
}

for (const minimise of [trustRegion, newtonCg]) {
  Deno.test(`${minimise.name}() tells rounding from a slope that jumps`, async () => {
    // Rounded to 1e-7, so that nothing is left to see of the fall.
    const rounded: Evaluate = ([x]) =>
      Promise.resolve({
        loss: 1 + Math.round(1e7 * x * x) / 1e7,
        modelEnergy: 0,
        gradient: Float64Array.of(2 * x),
        hessian: Float64Array.of(2),
      });
    const start = Float64Array.of(2e-4);
    const found = await minimise(rounded, start, { tolerance: 1e-12 });
    assert.equal(found.stopReason, "precision");
    assert(found.converged);
    // Lowest at 1, where the slope jumps from −9 to 9.
    const edge: Evaluate = ([x]) =>
      Promise.resolve({
        loss: 1 + 9 * Math.abs(x - 1) + (x - 1) ** 2,
        modelEnergy: 0,
        gradient: Float64Array.of(9 * Math.sign(x - 1) + 2 * (x - 1)),
        hessian: Float64Array.of(2),
      });
    const stuck = await minimise(edge, Float64Array.of(0.3));
    assert(
      ["stalled", "line-search"].includes(stuck.stopReason),
      stuck.stopReason,
    );
    assert.equal(stuck.converged, false);
    assert(Math.abs(stuck.z[0] - 1) < 1e-5);
  });
}

/** ½ (a x² + 2 b x y + c y²) + p x + q y, lifted above 0. */
const quadratic =
  ([a, b, c]: number[], [p, q]: number[], lift = 100): Evaluate => ([x, y]) =>
    Promise.resolve({
      loss: lift + 0.5 * (a * x * x + 2 * b * x * y + c * y * y) + p * x +
        q * y,
      modelEnergy: 0,
      gradient: Float64Array.of(a * x + b * y + p, b * x + c * y + q),
      hessian: Float64Array.of(a, b, b, c),
    });

Deno.test("dampedNewton() takes the whole Newton step where the loss will do", async () => {
  const { z, iterations, stopReason } = await dampedNewton(
    quadratic([4, 1, 3], [-5, -4]),
    Float64Array.of(7, -9),
  );
  assertClose(z, [1, 1], 1e-12);
  assert.equal(iterations, 1);
  assert.equal(stopReason, "gradient");
});

Deno.test("dampedNewton() steps at random, orthogonal to the Newton step, where the curvature along that is negative", async () => {
  // At (3, 1) the Newton step is −(3, 1), and −gᵀd = −2·9 + 1 < 0.
  const saddle = quadratic([-2, 0, 1], [0, 0]);
  const start = Float64Array.of(3, 1);
  const once = (seed: number) =>
    dampedNewton(saddle, start, { maxIterations: 1, seed });
  const steps = await Promise.all(
    Array.from({ length: 400 }, async (_, seed) => {
      const { records, evaluations } = await once(seed);
      // No line search: whatever the loss, the step is taken.
      assert.deepEqual([...evaluations], [0, 0, 2]);
      return records[1].z.map((value, i) => value - start[i]);
    }),
  );
  for (const [x, y] of steps) assert(Math.abs(3 * x + y) < 1e-12);
  assert(steps.some(([x]) => x > 0) && steps.some(([x]) => x < 0));
  const square = steps.reduce((sum, [x, y]) => sum + x * x + y * y, 0) / 400;
  // One of two directions is left, of variance ½.
  assert(Math.abs(square - 0.5) < 0.1, `mean square ${square}`);
  assert.deepEqual(await once(7), await once(7));
  assert.notDeepEqual((await once(7)).records, (await once(8)).records);
});

Deno.test("dampedNewton() keeps the lowest point where a random step climbs", async () => {
  const hill: Evaluate = ([x]) =>
    Promise.resolve({
      loss: 10 - x * x,
      modelEnergy: 0,
      gradient: Float64Array.of(-2 * x),
      hessian: Float64Array.of(-2),
    });
  // In one dimension nothing is orthogonal: it stays.
  const { z, records } = await dampedNewton(hill, Float64Array.of(1), {
    maxIterations: 3,
  });
  assert.deepEqual([...z], [1]);
  records.forEach((record) => assert.equal(record.z[0], 1));
  const saddle = quadratic([-2, 0, 1], [0, 0]);
  const start = Float64Array.of(3, 1);
  const runs = await Promise.all(
    Array.from(
      { length: 20 },
      (_, seed) => dampedNewton(saddle, start, { maxIterations: 2, seed }),
    ),
  );
  for (const run of runs) {
    const losses = run.records.map(({ loss }) => loss);
    assert.equal(run.loss, Math.min(...losses));
    assert.equal((await saddle(run.z, 0)).loss, run.loss);
  }
  assert(runs.some(({ records }) => records[1].loss > records[0].loss));
});

Deno.test("dampedNewton() lets the loss rise by 1e-4 of what the slope promises, and by no more", async () => {
  // The loss of the whole step is `rise` above that of the start, that of half of
  // it below; gᵀd = −2, so that 2e-4 is let through.
  for (const [rise, expected] of [[1e-4, 2], [1.9e-4, 2], [2.1e-4, 1]]) {
    const bent: Evaluate = ([x]) =>
      Promise.resolve({
        loss: x === 0 ? 1 : x === 2 ? 1 + rise : 0.5,
        modelEnergy: 0,
        gradient: Float64Array.of(-1),
        hessian: Float64Array.of(0.5),
      });
    const { records, z } = await dampedNewton(bent, Float64Array.of(0), {
      maxIterations: 1,
    });
    assert.equal(records[1].z[0], expected);
    assert.equal(z[0], expected === 2 ? 0 : 1, "the lowest is kept");
  }
});

Deno.test("dampedNewton() gives up after 20 tries", async () => {
  // Uphill on both sides of a cusp, whatever the slope says.
  let values = 0;
  const cusp: Evaluate = ([x], order) => {
    if (order === 0) values++;
    return Promise.resolve({
      loss: 1 + Math.sqrt(Math.abs(x)),
      modelEnergy: 0,
      gradient: Float64Array.of(-1),
      hessian: Float64Array.of(1),
    });
  };
  const { stopReason, converged, z } = await dampedNewton(
    cusp,
    Float64Array.of(0),
  );
  assert.equal(values, 20);
  assert.equal(stopReason, "line-search");
  assert.equal(converged, false);
  assert.equal(z[0], 0);
});

Deno.test("dampedNewton() solves a singular system by least squares", async () => {
  // Along (1, −1) the loss has a slope and no curvature.
  const { records } = await dampedNewton(
    quadratic([1, 1, 1], [-1.9, -2.1]),
    Float64Array.of(0, 0),
    { maxIterations: 1 },
  );
  // The shortest d with the least ‖H d + g‖: −H⁺g.
  assertClose(records[1].z, [1, 1], 1e-12);
});

Deno.test("dampedNewton() finds the foot of Rosenbrock's valley", async () => {
  const { z, converged, loss, records } = await dampedNewton(
    rosenbrock,
    Float64Array.of(-1.2, 1),
    { lossFloor: 1e-20 },
  );
  assert(converged);
  assertClose(z, [1, 1], 1e-6);
  assert.equal(loss, records.at(-1)!.loss);
});

Deno.test("trustRegion() takes no harm from curvature that is negative by rounding", async () => {
  // In y the loss falls by less than a rounding, and bends the wrong way.
  const faint: Evaluate = ([x, y]) => {
    const part = 1 / (1 + Math.exp(y));
    const slope = -1e-8 * part * (1 - part);
    return Promise.resolve({
      loss: Math.fround(1 + x * x + 1e-8 * part),
      modelEnergy: 0,
      gradient: Float64Array.of(2 * x, slope),
      hessian: Float64Array.of(2, 0, 0, slope * (2 * part - 1)),
    });
  };
  for (const y of [-1, 1]) {
    const found = await trustRegion(faint, Float64Array.of(0.3, y));
    assert(found.converged, found.stopReason);
    assert(Math.abs(found.z[0]) < 1e-3);
  }
});

Deno.test("gradientDescent() follows Polyak's heavy ball to the letter", async () => {
  const bowl: Evaluate = ([x]) =>
    Promise.resolve({
      loss: 0.5 * x * x,
      modelEnergy: 0,
      gradient: Float64Array.of(x),
    });
  const { records, z } = await gradientDescent(bowl, Float64Array.of(1), {
    learningRate: 0.5,
    momentum: 0.9,
    maxIterations: 3,
  });
  // v: 1, 1.4, 1.06; x: 1, ½, −0.2, −0.73.
  const path = records.map((record) => record.z[0]);
  [1, 0.5, -0.2, -0.73].forEach((value, i) =>
    assert(Math.abs(path[i] - value) < 1e-12)
  );
  assert(Math.abs(z[0] + 0.2) < 1e-12, "the lowest point, not the last");
});

Deno.test("adam() takes first steps of its learning rate, whatever the slope", async () => {
  const slope: Evaluate = ([x, y]) =>
    Promise.resolve({
      loss: 1e6 + 1e-3 * x - 1e3 * y,
      modelEnergy: 0,
      gradient: Float64Array.of(1e-3, -1e3),
    });
  const { records } = await adam(slope, Float64Array.of(0, 0), {
    learningRate: 0.1,
    maxIterations: 2,
  });
  [[0, 0], [-0.1, 0.1], [-0.2, 0.2]].forEach(([x, y], i) => {
    assert(Math.abs(records[i].z[0] - x) < 1e-6);
    assert(Math.abs(records[i].z[1] - y) < 1e-6);
  });
});

Deno.test("lBfgs() is through with a quadratic in a few line searches", async () => {
  const scales = [1, 4, 9, 100];
  const bowl: Evaluate = (z) =>
    Promise.resolve({
      loss: z.reduce((sum, value, i) => sum + scales[i] * value * value, 1),
      modelEnergy: 0,
      gradient: z.map((value, i) => 2 * scales[i] * value),
    });
  const found = await lBfgs(bowl, Float64Array.of(3, -2, 1, 0.5), {
    tolerance: 1e-14,
  });
  assert(found.converged);
  assert(found.z.every((value) => Math.abs(value) < 1e-5));
  assert(found.iterations <= 30, `${found.iterations} iterations`);
});

Deno.test("trustRegion() leaves a plateau that hides the way down", async () => {
  // Flat in x from 3 up; below, a valley at x = −5 behind a rim.
  const hidden: Evaluate = ([x, y]) => {
    // w(t) = 0.3 t / (1 + t) + 4e-6 ((t − 512)² − 512²) of t = (3 − x)³: up by
    // 0.3 first, then down by 1.
    const inside = Math.max(0, 3 - x);
    const t = inside ** 3;
    const first = -3 * inside ** 2;
    const second = 6 * inside;
    const w = 0.3 * t / (1 + t) + 4e-6 * ((t - 512) ** 2 - 512 ** 2);
    const w1 = 0.3 / (1 + t) ** 2 + 8e-6 * (t - 512);
    const w2 = -0.6 / (1 + t) ** 3 + 8e-6;
    return Promise.resolve({
      loss: 1 + w + (y - 1) ** 2,
      modelEnergy: 0,
      gradient: Float64Array.of(w1 * first, 2 * (y - 1)),
      hessian: Float64Array.of(w2 * first * first + w1 * second, 0, 0, 2),
    });
  };
  const plateau = Float64Array.of(10, -2);
  const found = await trustRegion(hidden, plateau);
  assert(found.converged, found.stopReason);
  assert(Math.abs(found.z[0] + 5) < 0.01, `x = ${found.z[0]}`);
  neverRises(found);
  found.records.forEach(({ iteration }, i) => assert.equal(iteration, i));
  const stuck = await dampedNewton(hidden, plateau);
  assert.equal(stuck.z[0], 10);
});

Deno.test("trustRegion() puts back what drifted to the end of its range, and finds FF-B from little sound", async () => {
  // From this start the ratio drifts to infinity, and the rest settles around it.
  const sampleRate = 8000;
  const truth = {
    threshold_db: -20,
    ratio: 5,
    attack_ms: 30,
    release_ms: 30,
    averaging_coefficient: 0.03,
    make_up_db: 0,
  };
  const { samples } = makeStimulus({ seconds: 4, sampleRate, seed: 1 });
  const engine = openOracle(
    chunk({
      dry: samples,
      wet: compress(samples, truth, sampleRate),
      sampleRate,
    }),
    "rms",
  );
  const space = openCoordinates(sampleRate);
  const { evaluate, targetEnergy } = objectiveOf(engine, space);
  const found = await trustRegion(
    evaluate,
    space.coordinates({
      threshold_db: -10,
      ratio: 2,
      attack_ms: 50,
      release_ms: 50,
      averaging_coefficient: 0.3,
      make_up_db: 0,
    }),
    { lossFloor: 1e-12 * targetEnergy },
  );
  assert(
    found.loss <= 1e-12 * targetEnergy,
    `ESR ${found.loss / targetEnergy}`,
  );
  assert(found.iterations <= 40);
  neverRises(found);
  found.records.forEach(({ iteration }, i) => assert.equal(iteration, i));
});

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
