import assert from "node:assert/strict";
import fc from "fast-check";
import { parametersAt, valuesAt } from "../lib/data/curve.ts";
import { readCurve } from "../lib/commands/unit_files.ts";
import { curveFromCsv, curveToCsv } from "../lib/data/curve_csv.ts";
import { PUBLISHED_FITS } from "../lib/data/published.ts";
import compressText from "../lib/data/published/comp.csv" with { type: "text" };

Deno.test("parametersAt() gives the points themselves and what lies between", () => {
  const [at40, at45] = PUBLISHED_FITS;
  assert.deepEqual(
    parametersAt(PUBLISHED_FITS, at40, "linear"),
    at40.parameters,
  );
  const { threshold_db } = parametersAt(
    PUBLISHED_FITS,
    { mode: "compress", peakReduction: 42 },
    "linear",
  );
  const expected = 0.6 * at40.parameters.threshold_db +
    0.4 * at45.parameters.threshold_db;
  assert(Math.abs(threshold_db - expected) < 1e-12);
});

Deno.test("parametersAt() says where the curve ends and which modes it has", () => {
  assert.throws(
    () =>
      parametersAt(
        PUBLISHED_FITS,
        { mode: "limit", peakReduction: 39 },
        "spline",
      ),
    /peak reduction 39 lies outside the curve: choose 40 to 100/,
  );
  const onlyLimit = PUBLISHED_FITS.filter(({ mode }) => mode === "limit");
  assert.throws(
    () =>
      parametersAt(
        onlyLimit,
        { mode: "compress", peakReduction: 50 },
        "linear",
      ),
    /no setting with mode compress: choose limit/,
  );
});

const values = (threshold_db: number, ratio = 4) => ({
  threshold_db,
  ratio,
  attack_ms: -threshold_db,
});

/** A unit with a switch that counts and two dials, on a full grid. */
const GRID = {
  knobs: {
    ratio: { kind: "choice" as const, values: [4, 8] },
    input: { kind: "number" as const, range: [0, 10] as const, unit: "" },
    bias: { kind: "number" as const, range: [-1, 1] as const, unit: "" },
  },
  settings: [4, 8].flatMap((ratio) =>
    [0, 1, 3, 10].flatMap((input) =>
      [-1, 0, 1].map((bias) => ({
        at: { ratio, input, bias },
        params: values(ratio + 100 * input * (1 + bias)),
      }))
    )
  ),
};

Deno.test("valuesAt() interpolates over several dials, and never over a switch", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(4, 8),
      fc.double({ min: 0, max: 10, noNaN: true }),
      fc.double({ min: -1, max: 1, noNaN: true }),
      fc.constantFrom("linear" as const, "spline" as const),
      (ratio, input, bias, method) => {
        const at = { ratio, input, bias };
        const found = valuesAt(GRID, at, method);
        // The thresholds are straight along each dial, so both methods meet them.
        const expected = ratio + 100 * input * (1 + bias);
        assert(Math.abs(found.threshold_db - expected) < 1e-9);
        assert(Math.abs(found.attack_ms + expected) < 1e-9);
      },
    ),
  );
  assert.throws(
    () => valuesAt(GRID, { ratio: 6, input: 1, bias: 0 }, "linear"),
    /no setting with ratio 6: choose 4 or 8/,
  );
  assert.throws(
    () => valuesAt(GRID, { ratio: 4, input: 11, bias: 0 }, "linear"),
    /input 11 lies outside the curve: choose 0 to 10/,
  );
  assert.throws(
    () => valuesAt(GRID, { ratio: 4, input: NaN, bias: 0 }, "linear"),
    /input NaN lies outside/,
  );
});

Deno.test("valuesAt() says where a grid has a hole, if it needs what is missing", () => {
  const holed = {
    ...GRID,
    settings: GRID.settings.filter(({ at }) =>
      at.input !== 10 || at.bias === 0
    ),
  };
  const at = { ratio: 4, input: 2, bias: 0.5 };
  assert.deepEqual(
    valuesAt(holed, at, "linear"),
    valuesAt(GRID, at, "linear"),
  );
  assert.throws(
    () => valuesAt(holed, at, "spline"),
    /bias 0\.5 lies outside the curve: choose 0/,
  );
  assert.throws(
    () => valuesAt(holed, { ...at, input: 4 }, "linear"),
    /bias 0\.5 lies outside the curve: choose 0/,
  );
});

Deno.test("valuesAt() passes an infinite ratio through as 1/R, and gives the points themselves", () => {
  const unit = {
    knobs: { input: GRID.knobs.input },
    settings: [2, Infinity, Infinity, 4].map((ratio, input) => ({
      at: { input },
      params: values(-10, ratio),
    })),
  };
  const ratioAt = (input: number, method: "linear" | "spline" = "linear") =>
    valuesAt(unit, { input }, method).ratio;
  assert.equal(ratioAt(0), 2);
  assert.equal(ratioAt(0.5), 4);
  assert.equal(ratioAt(1), Infinity);
  assert.equal(ratioAt(1.5), Infinity);
  assert.equal(ratioAt(2.5), 8);
  for (let input = 0; input <= 3; input += 0.125) {
    assert(ratioAt(input, "spline") >= 1, `${input}`);
  }
});

Deno.test("a unit without knobs has its one setting", () => {
  const params = values(-20);
  assert.equal(
    valuesAt({ knobs: {}, settings: [{ at: {}, params }] }, {}, "linear"),
    params,
  );
});

Deno.test("curveToCsv() writes the published file again", () => {
  const rows = PUBLISHED_FITS.map((fit) => ({ ...fit }));
  assert.equal(curveToCsv(rows, "compress").trim(), compressText.trim());
  // A remark goes where the published file has nothing, and changes no figure.
  const remarked = curveToCsv(rows, "compress", "Surrogate data");
  assert.equal(remarked.split("\n")[1].split(",")[0], "Surrogate data");
  assert.deepEqual(
    curveFromCsv(remarked, "compress", "csv"),
    curveFromCsv(compressText, "compress", "csv"),
  );
});

Deno.test("readCurve() knows a surrogate's CSV by what it says, whatever its name", async () => {
  const folder = await Deno.makeTempDir();
  try {
    for (const remark of ["Surrogate data: not measured", ""]) {
      const path = `${folder}/my limit curve.csv`;
      await Deno.writeTextFile(
        path,
        curveToCsv(PUBLISHED_FITS, "limit", remark),
      );
      const { unit, surrogate } = await readCurve([path]);
      assert.equal(unit.settings.length, 13);
      assert.equal(surrogate, remark !== "");
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
