import assert from "node:assert/strict";
import {
  curveFromCsv,
  curveFromYaml,
  type CurvePoint,
  curveToCsv,
  curveToYaml,
  parametersAt,
} from "../lib/curve.ts";
import { readCurve } from "../lib/commands/curve_files.ts";
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

Deno.test("curveToYaml() writes what a setting is to be taken with care for above it, as comments", () => {
  const [one, two, three] = PUBLISHED_FITS;
  const warnings = ["other material: curve: []", "turned\nover # - mode"];
  const text = curveToYaml([one, { ...two, warnings }, three], "heading");
  assert.deepEqual(
    curveFromYaml(text, "curve.yaml").map(({ peakReduction }) => peakReduction),
    [one, two, three].map(({ peakReduction }) => peakReduction),
  );
  const lines = text.split("\n").map((line) => line.trim());
  const at = lines.indexOf(`peak_reduction: ${two.peakReduction}`);
  assert.deepEqual(lines.slice(at - 3, at), [
    "# warning: other material: curve: []",
    "# warning: turned over # - mode",
    "- mode: compress",
  ]);
  assert.equal(text.match(/warning/g)!.length, 2);
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
      const { points, surrogate } = await readCurve([path]);
      assert.equal(points.length, 13);
      assert.equal(surrogate, remark !== "");
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
