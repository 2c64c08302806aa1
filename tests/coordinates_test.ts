import assert from "node:assert/strict";
import fc from "fast-check";
import type { Evaluation } from "../lib/objective/evaluation.ts";
import type { Model, Values } from "../lib/models/model.ts";
import { vectorOf } from "../lib/models/model.ts";
import { parseModel } from "../lib/models/presets.ts";
import {
  type Coordinates,
  coordinatesOf,
  loopTimes,
  openCoordinates,
  paperCoordinates,
  publishedCoordinates,
  shortestLoopTime,
  widened,
} from "../lib/objective/coordinates.ts";
import { assertClose } from "./close.ts";

const RATE = 44100;
const PAPER = parseModel("4a-2a");
const OPTO = parseModel("opto");

const spaces: { name: string; model: Model; space: Coordinates }[] = [
  {
    name: "publishedCoordinates()",
    model: PAPER,
    space: publishedCoordinates(RATE),
  },
  {
    name: "openCoordinates()",
    model: parseModel("rms"),
    space: openCoordinates(RATE),
  },
  ...[
    "4a-2a",
    "rms+soft-knee+two-stage+saturation+coupling+bandwidth",
    "opto",
    "feedback+rms",
  ].map((name) => ({
    name: `coordinatesOf() of ${name}`,
    model: parseModel(name),
    space: coordinatesOf(parseModel(name), { sampleRate: RATE }),
  })),
  {
    name: "coordinatesOf() of opto with ranges, of one end and of two",
    model: OPTO,
    space: coordinatesOf(OPTO, {
      sampleRate: RATE,
      ranges: {
        threshold_db: [-60, Infinity],
        ratio: [1, 30],
        knee_db: [0.5, Infinity],
        attack_ms: [0.1, 20],
        second_share: [0.1, 0.9],
        make_up_db: [-12, 12],
      },
    }),
  },
];

/** A smooth function of all p and of products of two, for p of about `scales`. */
function smoothOf(scales: Float64Array) {
  return (p: Float64Array): Evaluation => {
    const size = p.length;
    const gradient = new Float64Array(size);
    const hessian = new Float64Array(size * size);
    let loss = 0;
    for (let i = 0; i < size; i++) {
      const j = (i + 1) % size;
      const [a, b] = [p[i] / scales[i], p[j] / scales[j]];
      loss += Math.sin(a + i) + 0.1 * a * b;
      gradient[i] += (Math.cos(a + i) + 0.1 * b) / scales[i];
      gradient[j] += 0.1 * a / scales[j];
      hessian[size * i + i] -= Math.sin(a + i) / scales[i] ** 2;
      hessian[size * i + j] += 0.1 / (scales[i] * scales[j]);
      hessian[size * j + i] += 0.1 / (scales[i] * scales[j]);
    }
    return { loss, modelEnergy: 1, gradient, hessian };
  };
}

for (const { name, model, space } of spaces) {
  const size = model.parameters.length;
  const point = fc.array(fc.double({ min: -6, max: 6, noNaN: true }), {
    minLength: size,
    maxLength: size,
  }).map((values) => Float64Array.from(values));

  Deno.test(`${name} return to z through the parameters, which lie in the ranges`, () => {
    assert.deepEqual(space.names, model.parameters.map(({ name }) => name));
    fc.assert(fc.property(point, (z) => {
      const values = space.values(z);
      for (const back of [space.coordinates(values), space.nearest(values)]) {
        back.forEach((value, i) => assert(Math.abs(value - z[i]) < 1e-6));
      }
      for (
        const [name, value] of Object.entries({
          ...values,
          ...loopTimes(model, values),
        })
      ) {
        const [low, high] = space.ranges[name];
        assert(value >= low && value <= high, `${name} ${value}`);
      }
    }));
  });

  Deno.test(`${name} carry derivatives over as finite differences find them`, () => {
    fc.assert(
      fc.property(point, (z) => {
        const at = (z: Float64Array) => vectorOf(model, space.values(z));
        const smooth = smoothOf(
          at(z).map((value, i) =>
            model.parameters[i].scale === "linear" ? 1 : value
          ),
        );
        const { gradient, hessian } = space.byCoordinates(z, smooth(at(z)));
        const h = 1e-5;
        for (let i = 0; i < size; i++) {
          const moved = (by: number) => {
            const there = z.map((value, j) => j === i ? value + by : value);
            return space.byCoordinates(there, smooth(at(there)));
          };
          const [up, down] = [moved(h), moved(-h)];
          assertClose(
            [gradient![i] + 10],
            [(up.loss - down.loss) / (2 * h) + 10],
            1e-7,
          );
          const row = hessian!.subarray(size * i, size * (i + 1));
          const numeric = up.gradient!.map((value, j) =>
            (value - down.gradient![j]) / (2 * h)
          );
          row.forEach((value, j) =>
            assert(Math.abs(value - numeric[j]) < 1e-5 * (1 + Math.abs(value)))
          );
        }
      }),
      { numRuns: 50 },
    );
  });

  Deno.test(`${name} take the ends of a range, and what rounding makes of them, as just inside`, () => {
    for (const z of [-1000, -40, 40, 1000]) {
      const ended = space.values(
        Float64Array.from(space.names, (name) => {
          const [low, high] = space.ranges[name];
          return Number.isFinite(low) && Number.isFinite(high) ? z : 0.5;
        }),
      );
      const back = space.values(space.coordinates(ended));
      for (const name of space.names) {
        const scale = Math.abs(ended[name]) + 1e-2;
        assert(Math.abs(back[name] - ended[name]) < 2e-3 * scale, name);
      }
    }
  });
}

const BASE: Values = {
  threshold_db: -20,
  ratio: 4,
  attack_ms: 1,
  release_ms: 200,
  make_up_db: 0,
};

Deno.test("publishedCoordinates().coordinates() names the parameter out of range", () => {
  const space = publishedCoordinates(RATE);
  const { ratio: _, ...withoutRatio } = BASE;
  const cases: [Values, RegExp][] = [
    [{ ...BASE, ratio: 20.01 }, /ratio is 20\.01: must be from 1 to 20/],
    [{ ...BASE, ratio: 0.999 }, /ratio is 0\.999/],
    [{ ...BASE, ratio: NaN }, /ratio is NaN/],
    [
      { ...BASE, attack_ms: 200 },
      /attack_ms is 200: must be from 0\.1 to 100 ms/,
    ],
    [{ ...BASE, attack_ms: 100.001 }, /attack_ms is 100\.001/],
    [{ ...BASE, release_ms: 5 }, /release_ms is 5: must be from 10 to 1000 ms/],
    [{ ...BASE, threshold_db: NaN }, /threshold_db is NaN/],
    [{ ...BASE, threshold_db: Infinity }, /threshold_db is Infinity/],
    [{ ...BASE, averaging_coefficient: 0.1 }, /the model 4a-2a has none/],
    [withoutRatio, /ratio is missing: the model 4a-2a has it/],
  ];
  for (const [values, message] of cases) {
    assert.throws(() => space.coordinates(values), message);
  }
});

Deno.test("coordinatesOf() search logarithms between the ends of ranges, and decibels as they are", () => {
  const space = coordinatesOf(PAPER, {
    sampleRate: RATE,
    ranges: { attack_ms: [0.01, 100], ratio: [1, 20] },
  });
  const at = space.values(new Float64Array(5));
  assert.equal(at.threshold_db, 0);
  // The geometric mean, and half of R − 1.
  assertClose([at.attack_ms, at.ratio], [1, 10.5], 1e-12);
  const free = coordinatesOf(PAPER, { sampleRate: RATE });
  assertClose(
    free.coordinates({ ...BASE, ratio: 1 + Math.exp(3) }).subarray(0, 2),
    [-20, 3],
    1e-12,
  );
});

Deno.test("coordinatesOf() refuse what is no range, and ranges of no parameter", () => {
  const cases: [Record<string, [number, number]>, RegExp][] = [
    [
      { attack_ms: [5, 1] },
      /range of attack_ms from 5 to 1: .*lower end first/,
    ],
    [{ ratio: [0.5, 4] }, /range of ratio from 0\.5 to 4: .*at least 1/],
    [{ release_ms: [NaN, 4] }, /range of release_ms/],
    [{ knee_db: [1, 2] }, /knee_db .* 4a-2a has none: .*threshold_db, ratio/],
  ];
  for (const [ranges, message] of cases) {
    assert.throws(
      () => coordinatesOf(PAPER, { sampleRate: RATE, ranges }),
      message,
    );
  }
});

Deno.test("coordinatesOf() a feedback model search times of the loop, and none in which it swings", () => {
  const space = coordinatesOf(OPTO, { sampleRate: RATE });
  const shortest = shortestLoopTime(RATE);
  assert.equal(space.ranges.attack_ms[0], shortest);
  // α R stays below 1.5, wherever z goes.
  for (const z of [-1000, -10, 0, 10]) {
    const at = new Float64Array(8);
    at[3] = z;
    for (const ratio of [-2, 1, 5]) {
      at[1] = ratio;
      const { attack_ms, ratio: R } = space.values(at);
      const alpha = -Math.expm1(-2200 / (attack_ms * RATE));
      assert(alpha * R <= 1.5 * (1 + 1e-12), `${alpha * R}`);
    }
  }
  const z = space.coordinates(
    space.values(new Float64Array(8).fill(0.3)),
  );
  // Moving the ratio alone leaves the loop's times where they are.
  const moved = z.slice();
  moved[1] += 1;
  const times = (z: Float64Array) =>
    Object.values(loopTimes(OPTO, space.values(z)));
  assertClose(times(moved), times(z), 1e-12);
  const values = { ...space.values(z), attack_ms: 0.01, ratio: 4 };
  assert.throws(
    () => space.coordinates(values),
    /attack_ms is 0\.01, 0\.0025 ms in the loop .*: must be from 0\.033\d+ to 2000 ms there/,
  );
  const near = space.values(space.nearest(values));
  assertClose([near.attack_ms / near.ratio], [shortest], 1e-4);
  assert.throws(
    () =>
      coordinatesOf(OPTO, {
        sampleRate: RATE,
        ranges: { attack_ms: [0.001, 0.01] },
      }),
    /range of attack_ms ends at 0\.01 ms: at 44100 Hz .* 0\.0333 ms up/,
  );
});

Deno.test("paperCoordinates() are the published ones for 4a-2a without ranges alone", () => {
  const options = { sampleRate: RATE };
  const z = publishedCoordinates(RATE).coordinates(BASE);
  assert.deepEqual(paperCoordinates(PAPER, options).coordinates(BASE), z);
  const ranges = { ratio: [1, 100] } as const;
  const wide = paperCoordinates(PAPER, { ...options, ranges });
  assert.equal(wide.ranges.ratio[1], 100);
  assert.equal(wide.ranges.attack_ms[0], 0.005);
});

Deno.test("widened() moves ends tenfold, and those that are none not at all", () => {
  const [, ratio, attack] = PAPER.parameters;
  assertClose(widened(attack, [0.1, 100]), [0.01, 1000], 1e-12);
  assertClose(widened(ratio, [2, 20]), [1.1, 191], 1e-12);
  assert.deepEqual(widened(ratio, [1, Infinity]), [1, Infinity]);
});
