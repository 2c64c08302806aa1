import assert from "node:assert/strict";
import fc from "fast-check";
import {
  curvatureOf,
  intervalsOf,
  spreadOf,
} from "../lib/convergence/curvature.ts";
import { contour } from "../lib/convergence/contours.ts";
import { lossMap } from "../lib/convergence/loss_map.ts";
import { distinctMinima } from "../lib/convergence/minima.ts";
import {
  costProfile,
  performanceProfile,
} from "../lib/convergence/performance_profile.ts";
import { esrOf, runMethod } from "../lib/convergence/run.ts";
import { randomStarts } from "../lib/convergence/starts.ts";
import { compress } from "../lib/compressor/compressor.ts";
import { makeStimulus } from "../lib/data/stimulus.ts";
import { chunk } from "../lib/sound/chunks.ts";
import { matchEnergy, objectiveOf } from "../lib/objective/objective.ts";
import { publishedCoordinates } from "../lib/objective/coordinates.ts";
import { METHOD_NAMES } from "../lib/optimise/methods.ts";
import { assertClose } from "./close.ts";
import { openOracle } from "./oracle.ts";

const RANGES = {
  threshold_db: [-60, 0],
  ratio: [1.2, 18],
  attack_ms: [0.2, 80],
  release_ms: [15, 900],
} as const;

Deno.test("randomStarts() stay in their ranges, follow the seed, and begin alike whatever their number", () => {
  const starts = randomStarts(RANGES, 200, 7);
  for (const start of starts) {
    for (const [name, [low, high]] of Object.entries(RANGES)) {
      const value = start[name as keyof typeof RANGES];
      assert(value >= low && value < high, `${name} ${value}`);
    }
    assert.equal(start.make_up_db, 0);
  }
  assert.deepEqual(randomStarts(RANGES, 3, 7), starts.slice(0, 3));
  assert.notDeepEqual(randomStarts(RANGES, 3, 8), starts.slice(0, 3));
  // Even in the logarithm: half of the ratios lie below the geometric mean.
  const below = starts.filter(({ ratio }) => ratio < Math.sqrt(1.2 * 18));
  assert(Math.abs(below.length - 100) < 30, `${below.length} of 200`);
});

/** (x² − 1)² + y²/10: hollows at x = ±1, a ridge of 1 between. */
const twoHollows = ([x, y]: Float64Array) =>
  Promise.resolve((x * x - 1) ** 2 + 0.1 * y * y);

Deno.test("distinctMinima() parts ends by the ridge between them and joins those of a flat valley", async () => {
  const ends = [[1, 0], [-1, 0], [1.001, 0.001], [-0.999, 0], [1, 0.0005]];
  const minima = await distinctMinima(
    await Promise.all(
      ends.map(async (z) => ({
        z,
        esr: await twoHollows(Float64Array.from(z)),
      })),
    ),
    twoHollows,
  );
  assert.deepEqual(minima.map(({ ends }) => ends.length).sort(), [2, 3]);
  assert.equal(minima[0].ridge, minima[0].best.esr);
  // Halfway between x = −1 and 1 the loss is 1.
  assertClose([minima[1].ridge], [1], 1e-2);

  // A valley along y: any y is as good, so all ends are one minimum.
  const valley = ([x]: Float64Array) => Promise.resolve((x - 1) ** 2 + 0.5);
  const along = await distinctMinima(
    [-30, 0, 5].map((y) => ({ z: [1, y], esr: 0.5 })),
    valley,
  );
  assert.equal(along.length, 1);
  assert.equal(along[0].ends.length, 3);

  // What is no number is no minimum, and a NaN between two ends parts them.
  const torn = ([x]: Float64Array) =>
    Promise.resolve(Math.abs(x) < 0.9 ? NaN : 0);
  assert.equal(
    (await distinctMinima(
      [{ z: [-1], esr: 0 }, { z: [1], esr: 0 }, { z: [2], esr: NaN }],
      torn,
    )).length,
    2,
  );
});

Deno.test("curvatureOf() and spreadOf() of a diagonal Hessian are what one writes down", () => {
  const hessian = Float64Array.of(4, 0, 0, 1);
  assert.deepEqual(curvatureOf(hessian).eigenvalues, [1, 4]);
  assert.equal(curvatureOf(hessian).condition, 4);
  assertClose(curvatureOf(hessian).faintest.map(Math.abs), [0, 1], 1e-12);
  // ½ · 4 · δ² = ½ · 1 · δ² = 0.02
  assertClose(spreadOf(hessian, 0.02), [0.1, 0.2], 1e-12);
  assert.equal(curvatureOf(Float64Array.of(1, 0, 0, -1)).condition, Infinity);
  assert.deepEqual(
    [...spreadOf(Float64Array.of(1, 0, 0, 0), 1)],
    [Math.SQRT2, Infinity],
  );
});

Deno.test("spreadOf() is where the quadratic has risen by just so much, the others following", () => {
  fc.assert(fc.property(
    fc.array(fc.double({ min: -2, max: 2, noNaN: true }), {
      minLength: 4,
      maxLength: 4,
    }),
    fc.double({ min: 0.01, max: 3, noNaN: true }),
    ([a, b, c, d], rise) => {
      // H = MᵀM + 0.1: positive definite.
      const h = Float64Array.of(
        a * a + c * c + 0.1,
        a * b + c * d,
        a * b + c * d,
        b * b + d * d + 0.1,
      );
      const [first] = spreadOf(h, rise);
      const follow = -h[1] / h[3] * first;
      const risen = 0.5 *
        (h[0] * first * first + 2 * h[1] * first * follow +
          h[3] * follow * follow);
      assertClose([risen], [rise], 1e-6);
    },
  ));
});

Deno.test("intervalsOf() are in the units people use, low before high", () => {
  const space = publishedCoordinates(44_100);
  const z = space.coordinates({
    threshold_db: -20,
    ratio: 4,
    attack_ms: 3,
    release_ms: 200,
    make_up_db: 1,
  });
  const { threshold_db, attack_ms, ratio } = intervalsOf(
    space,
    z,
    Float64Array.of(0.5, 0, 0.1, 0.1, 0.1),
  );
  assertClose(threshold_db, [-20.5, -19.5], 1e-12);
  assertClose(ratio, [4, 4], 1e-12);
  assert(attack_ms[0] < 3 && attack_ms[1] > 3);
});

Deno.test("performanceProfile() counts problems solved within a factor of the best", () => {
  const problems = [
    { fast: 1, slow: 2 },
    { fast: 4, slow: 2 },
    { fast: 3, slow: Infinity },
    { fast: Infinity, slow: Infinity },
  ];
  assert.deepEqual(performanceProfile(problems), [
    { method: "fast", cost: 1, share: 0.5 },
    { method: "fast", cost: 2, share: 0.75 },
    { method: "slow", cost: 1, share: 0.25 },
    { method: "slow", cost: 2, share: 0.5 },
  ]);
  assert.deepEqual(costProfile(problems).filter((p) => p.method === "slow"), [
    { method: "slow", cost: 2, share: 0.5 },
  ]);
});

Deno.test("lossMap() evaluates the middles of its cells, column by column", async () => {
  const centre = {
    threshold_db: -20,
    ratio: 4,
    attack_ms: 3,
    release_ms: 200,
    make_up_db: 1,
  };
  const cells = await lossMap(
    centre,
    [
      { parameter: "threshold_db", low: -4, high: 0, log: false },
      { parameter: "attack_ms", low: 1, high: 16, log: true },
    ],
    2,
    ({ threshold_db, attack_ms, ratio }) =>
      Promise.resolve(1000 * ratio + 10 * threshold_db + attack_ms),
  );
  assertClose(
    cells.map(({ loss }) => loss),
    [3972, 3978, 3992, 3998],
    1e-9,
  );
  assertClose(cells[3].x, [-2, 0], 1e-9);
  assertClose(cells[3].y, [4, 16], 1e-9);
});

Deno.test("contour() of a plane is a straight line, of a cone a circle, and of a saddle two ways round", () => {
  const grid = (f: (x: number, y: number) => number, columns = 9, rows = 7) =>
    Array.from(
      { length: columns * rows },
      (_, i) => f(Math.floor(i / rows), i % rows),
    );
  const slope = contour(grid((x, y) => x + 2 * y), 9, 7, 5);
  assert(slope.length > 0);
  for (const [x1, y1, x2, y2] of slope) {
    assertClose([x1 + 2 * y1, x2 + 2 * y2], [5, 5], 1e-12);
  }
  // Its length is that of the line within the grid.
  const length = slope.reduce(
    (sum, [x1, y1, x2, y2]) => sum + Math.hypot(x2 - x1, y2 - y1),
    0,
  );
  assertClose([length], [Math.hypot(5, 2.5)], 1e-12);
  const cone = contour(
    grid((x, y) => Math.hypot(x - 20, y - 20), 41, 41),
    41,
    41,
    15.2,
  );
  for (const [x, y] of cone) {
    assert(Math.abs(Math.hypot(x - 20, y - 20) - 15.2) < 0.02);
  }
  // The circle closes: every end of a piece is one of another.
  const ends = cone.flatMap(([x1, y1, x2, y2]) =>
    [[x1, y1], [x2, y2]].map((end) => `${end.map((at) => at.toFixed(9))}`)
  );
  assert.equal(new Set(ends).size, cone.length);
  // A saddle of 1 and 3 at its corners: at 1.5 the high ones meet, at 2.5 the low.
  const saddle = [3, 1, 1, 3];
  const low = contour(saddle, 2, 2, 1.5);
  const high = contour(saddle, 2, 2, 2.5);
  assert.equal(low.length, 2);
  assert.equal(high.length, 2);
  const mid = ([x1, y1, x2, y2]: number[]) => [(x1 + x2) / 2, (y1 + y2) / 2];
  // Round (0, 1) and (1, 0), or round (0, 0) and (1, 1).
  for (const piece of low) {
    assert(Math.abs(mid(piece)[0] - mid(piece)[1]) > 0.7);
  }
  for (const piece of high) {
    assert(Math.abs(mid(piece)[0] - mid(piece)[1]) < 0.01);
  }
  assert.deepEqual(contour([1, NaN, 3, 4], 2, 2, 2), []);
});

Deno.test("runMethod() brings every method to an ESR below its start's and counts what it costs", async () => {
  const sampleRate = 8000;
  const { samples } = makeStimulus({ seconds: 2, sampleRate, seed: 1 });
  const truth = {
    threshold_db: -24,
    ratio: 4,
    attack_ms: 3,
    release_ms: 100,
    make_up_db: 1,
  };
  const pair = chunk({
    dry: samples,
    wet: compress(samples, truth, sampleRate),
    sampleRate,
  });
  const objective = objectiveOf(openOracle(pair), publishedCoordinates(8000));
  const space = publishedCoordinates(sampleRate);
  const start = await matchEnergy(
    objective,
    space.coordinates({ ...truth, threshold_db: -30, ratio: 3 }),
  );
  for (const method of METHOD_NAMES) {
    const run = await runMethod(method, esrOf(objective), space, start, {
      iterations: 40,
      tolerance: 1e-6,
      esrFloor: 1e-12,
      learningRate: method === "adam" ? 0.1 : 5,
    });
    const { curve, path } = run;
    assert.equal(curve.length, path.length);
    assert(run.esr <= curve[0].esr, method);
    assert.equal(run.notFinite, false, method);
    assert.equal(curve[0].iteration, 0);
    assert.equal(curve.at(-1)!.iteration, run.iterations);
    const total = run.evaluations.reduce((sum, count) => sum + count);
    assert(curve.at(-1)!.evaluations <= total, method);
    curve.forEach(({ esr, evaluations }, i) => {
      if (i === 0) return;
      assert(esr <= curve[i - 1].esr, method);
      assert(evaluations > curve[i - 1].evaluations, method);
    });
    assert.equal(
      JSON.stringify(JSON.parse(JSON.stringify(run))),
      JSON.stringify(run),
    );
    if (method === "trust-region") {
      assert(run.esr < 1e-9 && run.converged && !run.rose);
      assertClose([run.end.attack_ms, run.end.ratio], [3, 4], 1e-3);
    }
  }
});
