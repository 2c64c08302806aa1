/**
 * The smooth map from knobs to parameters.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { leftOutTests } from "../lib/capture/leave_out.ts";
import { valuesAt } from "../lib/data/curve.ts";
import { inLines, knobLaw } from "../lib/data/knob_law.ts";
import type { Unit } from "../lib/data/unit_file.ts";
import { parseModel } from "../lib/models/presets.ts";

const model = parseModel("4a-2a");

/** Laws of a made-up unit: exponentials of times, dB that bend. */
function paramsAt(x: number, y: number) {
  return {
    threshold_db: -10 - 2 * x + 0.05 * x * x * y,
    ratio: 1 + Math.exp(1 + 0.1 * x - 0.05 * y),
    attack_ms: Math.exp(0.2 * x + 0.1 * y),
    release_ms: 100 * Math.exp(0.05 * x * y),
    make_up_db: 0.1 * y ** 3,
  };
}

function unitOf(places: [number, number][]): Unit {
  return {
    format: 2,
    unit: "made up",
    model: "4a-2a",
    interpolation: "smooth",
    knobs: {
      x: { kind: "number", range: [0, 4], unit: "" },
      y: { kind: "number", range: [0, 4], unit: "" },
      mode: { kind: "choice", values: ["a", "b"] },
    },
    settings: ["a", "b"].flatMap((mode) =>
      places.map(([x, y]) => ({
        at: { x, y, mode },
        params: paramsAt(mode === "a" ? x : x / 2, y),
      }))
    ),
    origin: {},
  };
}

const GRID = [0, 1, 2, 3, 4].flatMap((x) =>
  [0, 1, 2, 3, 4].map((y): [number, number] => [x, y])
);

Deno.test("knobLaw() goes through every setting and keeps times above 0 and ratios above 1", () => {
  for (const places of [GRID, GRID.filter((_, i) => i % 3 !== 1)]) {
    const unit = unitOf(places);
    const law = knobLaw(unit, model);
    for (const { at, params } of unit.settings) {
      const found = law(at);
      for (const [name, value] of Object.entries(params)) {
        assert.ok(
          Math.abs(found[name] - value) < 1e-6 * (1 + Math.abs(value)),
          `${name}: ${found[name]}, ${value}`,
        );
      }
    }
    fc.assert(fc.property(
      fc.double({ min: -1, max: 6, noNaN: true }),
      fc.double({ min: -1, max: 6, noNaN: true }),
      (x, y) => {
        const found = law({ x, y, mode: "a" });
        assert.ok(found.attack_ms > 0 && found.ratio > 1);
        assert.ok(Object.values(found).every(Number.isFinite));
      },
    ));
  }
});

Deno.test("knobLaw() on a grid is exact for what bends no more than cubes, and splits choices", () => {
  const law = knobLaw(unitOf(GRID), model);
  for (const mode of ["a", "b"]) {
    const [x, y] = [1.3, 2.7];
    const truth = paramsAt(mode === "a" ? x : x / 2, y);
    const found = law({ x, y, mode });
    for (const [name, value] of Object.entries(truth)) {
      assert.ok(Math.abs(found[name] / value - 1) < 1e-9, name);
    }
  }
  assert.throws(() => law({ x: 1, y: 1, mode: "c" }), /mode c/);
});

Deno.test("knobLaw() takes ∞ of a ratio and a knee of 0 as they come", () => {
  const unit = unitOf(GRID);
  unit.settings[0] = {
    ...unit.settings[0],
    params: { ...unit.settings[0].params, ratio: Infinity },
  };
  const law = knobLaw(unit, model);
  assert.equal(law({ x: 0, y: 0, mode: "a" }).ratio, Infinity);
  const { ratio } = law({ x: 0.5, y: 0.5, mode: "a" });
  assert.ok(ratio > 1, String(ratio));
});

Deno.test("inLines() is the smooth map in straight lines, and leaves a unit of lines alone", () => {
  const unit = unitOf(GRID);
  const finer = inLines(unit, model);
  assert.equal(finer.interpolation, undefined);
  assert.equal(finer.settings.length, 2 * 17 * 17);
  const law = knobLaw(unit, model);
  for (const [x, y] of [[0.1, 3.9], [1.6, 1.1], [4, 0]]) {
    const at = { x, y, mode: "b" };
    const smooth = law(at);
    const lines = valuesAt(finer, at, "linear");
    assert.ok(Math.abs(smooth.threshold_db - lines.threshold_db) < 0.02);
    assert.ok(Math.abs(smooth.attack_ms / lines.attack_ms - 1) < 0.002);
  }
  const { interpolation: _, ...plain } = unit;
  assert.equal(inLines(plain, model), plain);
});

Deno.test("leftOutTests() predicts a setting by the others alone", () => {
  const tests = leftOutTests(unitOf(GRID), model);
  // Three inner lines of five, along either dial, of either mode.
  assert.equal(tests.length, 2 * 2 * 3 * 5);
  for (const { at, smooth } of tests) {
    const { x, y, mode } = at as { x: number; y: number; mode: string };
    const truth = paramsAt(mode === "a" ? x : x / 2, y);
    assert.ok(Math.abs(smooth.threshold_db - truth.threshold_db) < 1e-6);
  }
  const changed = unitOf(GRID);
  const middle = changed.settings.findIndex(({ at }) =>
    at.x === 2 && at.y === 2 && at.mode === "a"
  );
  changed.settings[middle] = {
    ...changed.settings[middle],
    params: paramsAt(4, 4),
  };
  const again = leftOutTests(changed, model).find(({ at, dial }) =>
    at.x === 2 && at.y === 2 && at.mode === "a" && dial === "x"
  )!;
  assert.ok(
    Math.abs(again.smooth.threshold_db - paramsAt(2, 2).threshold_db) < 1e-6,
  );
});
