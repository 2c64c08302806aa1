import assert from "node:assert/strict";
import {
  curveFromYaml,
  type CurvePoint,
  curveToCsv,
  curveToYaml,
  parametersAt,
} from "../lib/curve.ts";
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
    /no setting in mode compress/,
  );
});

Deno.test("curveFromYaml() reads what curveToYaml() writes, to the last digit", () => {
  const points: CurvePoint[] = PUBLISHED_FITS.map((fit) => ({
    mode: fit.mode,
    peakReduction: fit.peakReduction,
    parameters: fit.parameters,
  }));
  const text = curveToYaml(points, "two\nlines of comment");
  assert(text.startsWith("# two\n# lines of comment\n"));
  assert.deepEqual(curveFromYaml(text, "curve.yaml"), points);
});

Deno.test("curveFromYaml() names what is wrong and where", () => {
  assert.throws(() => curveFromYaml("curve: []", "c.yaml"), /c\.yaml/);
  assert.throws(
    () =>
      curveFromYaml(
        "curve: [{mode: loud, peak_reduction: 1, params: {}}]",
        "c",
      ),
    /curve\.0\.mode/,
  );
});

Deno.test("curveToCsv() writes the published file again", () => {
  const rows = PUBLISHED_FITS.map((fit) => ({ ...fit }));
  assert.equal(curveToCsv(rows, "compress").trim(), compressText.trim());
});
