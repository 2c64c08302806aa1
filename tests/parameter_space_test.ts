import assert from "node:assert/strict";
import fc from "fast-check";
import type { CompressorParameters } from "../lib/compressor/parameters.ts";
import { boundedSpace, openSpace } from "../lib/objective/parameter_space.ts";

const coordinate = fc.double({ min: -6, max: 6, noNaN: true });
const spaces = [
  { name: "boundedSpace", space: boundedSpace(44100), size: 5 },
  { name: "openSpace", space: openSpace(44100), size: 6 },
];

for (const { name, space, size } of spaces) {
  const point = fc.array(coordinate, { minLength: size, maxLength: size })
    .map((values) => Float64Array.from(values));

  Deno.test(`${name}() returns to its coordinates through the parameters`, () => {
    fc.assert(fc.property(point, (z) => {
      const back = space.coordinates(space.parameters(z));
      back.forEach((value, i) => assert(Math.abs(value - z[i]) < 1e-6));
    }));
  });

  Deno.test(`${name}() has the derivatives that finite differences find`, () => {
    fc.assert(fc.property(point, (z) => {
      const { first, second } = space.derivatives(z);
      const h = 1e-4;
      const up = space.natural(z.map((value) => value + h));
      const mid = space.natural(z);
      const down = space.natural(z.map((value) => value - h));
      const up1 = space.derivatives(z.map((value) => value + h)).first;
      const down1 = space.derivatives(z.map((value) => value - h)).first;
      for (let i = 0; i < size; i++) {
        const scale = 1e-6 * (Math.abs(mid[i]) + Math.abs(first[i]) + 1e-6);
        assert(Math.abs((up[i] - down[i]) / (2 * h) - first[i]) <= scale);
        assert(Math.abs((up1[i] - down1[i]) / (2 * h) - second[i]) <= scale);
      }
    }));
  });
}

Deno.test("boundedSpace().coordinates() names the parameter out of range", () => {
  const base: CompressorParameters = {
    threshold_db: -20,
    ratio: 4,
    attack_ms: 1,
    release_ms: 200,
    make_up_db: 0,
  };
  const space = boundedSpace(44100);
  const cases: [Partial<CompressorParameters>, RegExp][] = [
    [{ ratio: 20.01 }, /ratio is 20\.01: must be from 1 to 20/],
    [{ ratio: 0.999 }, /ratio is 0\.999/],
    [{ ratio: NaN }, /ratio is NaN/],
    [{ attack_ms: 200 }, /attack_ms is 200: must be from 0\.1 to 100 ms/],
    [{ attack_ms: 100.001 }, /attack_ms is 100\.001/],
    [{ release_ms: 5 }, /release_ms is 5: must be from 10 to 1000 ms/],
    [{ threshold_db: NaN }, /threshold_db is NaN/],
    [{ averaging_coefficient: 0.1 }, /peak detector has none/],
  ];
  for (const [change, message] of cases) {
    assert.throws(() => space.coordinates({ ...base, ...change }), message);
  }
});

Deno.test("boundedSpace().coordinates() takes the ends of a range, and what rounding makes of them, as just inside", () => {
  const space = boundedSpace(44100);
  for (const z of [-1000, -40, 40, 1000]) {
    const ended = space.parameters(new Float64Array(5).fill(z));
    const back = space.parameters(space.coordinates(ended));
    for (const key of ["ratio", "attack_ms", "release_ms"] as const) {
      assert(Math.abs(back[key] / ended[key] - 1) < 1e-3, `${key} from ${z}`);
    }
  }
});
