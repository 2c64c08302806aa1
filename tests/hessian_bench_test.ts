import assert from "node:assert/strict";
import { hessianMethods } from "../lib/bench/hessian_methods.ts";
import {
  MeasureError,
  measureHessian,
  type MeasureRequest,
} from "../lib/bench/measure_hessian.ts";
import {
  compareWith,
  type MeasuredMethod,
  ratiosOf,
} from "../lib/bench/measure_rounds.ts";
import {
  PUBLISHED_HESSIANS,
  READINGS,
} from "../lib/bench/published_hessians.ts";
import { openOnePass } from "../lib/bench/one_pass.ts";
import { makeStimulus } from "../lib/data/stimulus.ts";
import { holdPool } from "../lib/engines/wasm/pool.ts";
import { objectiveOf } from "../lib/objective/objective.ts";
import { publishedCoordinates } from "../lib/objective/coordinates.ts";
import { browserTest, openPage } from "./browser.ts";
import { runTask, withFolder } from "./cli.ts";
import { assertClose, relativeDeviation } from "./close.ts";
import { goldenPair, peakCases } from "./golden_signal.ts";
import { inParameters } from "./oracle.ts";
import { findings, overflow } from "./page_checks.ts";

/** A request on a second of sound, written to a file for the time of `body`. */
async function withRequest(
  body: (request: MeasureRequest) => Promise<void>,
): Promise<void> {
  const samples = await Deno.makeTempFile();
  try {
    const { samples: dry } = makeStimulus({ seconds: 1, sampleRate: 8000 });
    const both = new Float32Array(2 * dry.length);
    both.set(dry);
    both.set(dry.map((x) => x / 2), dry.length);
    await Deno.writeFile(samples, new Uint8Array(both.buffer));
    await body({
      method: "reference",
      samples,
      division: {
        sampleRate: 8000,
        starts: [0, 4000],
        chunkLength: 4000,
        warmUp: 500,
      },
      z: [-30, -1.5, 2, 3, 0],
      seconds: 0,
      tensorflowBackend: "wasm",
    });
  } finally {
    await Deno.remove(samples);
  }
}

Deno.test("measureHessian() gives times, memory and the Hessian at the point asked for", () =>
  withRequest(async (request) => {
    const expected = await measureHessian(request);
    assert.equal(expected.memory, undefined);
    // Signals that each keeps of the recording: two chunks of 4000 samples, but
    // room for four where chunks are the lanes of vectors.
    const signals = {
      "fused-reverse-over-reverse": 2 * 3,
      "tensorflow": 4,
      "one-pass": 2 * 3,
      "wasm": 2 * 3,
    };
    for (const [method, kept] of Object.entries(signals)) {
      const { hessian, milliseconds, memory, processBytes } =
        await measureHessian({ ...request, method });
      assert(relativeDeviation(hessian, expected.hessian) < 1e-4);
      assert(milliseconds.length === 1 && milliseconds[0] > 0);
      const { peakBytes, recordingBytes } = memory!;
      assertClose([recordingBytes], [kept * 4 * 8000], 1e-3);
      assert(peakBytes > recordingBytes && peakBytes < processBytes);
    }
  }));

Deno.test("measureHessian() passes on why a method could not be measured", () =>
  withRequest(async (request) => {
    await assert.rejects(
      measureHessian({ ...request, method: "guess" }),
      (error) =>
        error instanceof MeasureError && /no method guess/.test(error.message),
    );
  }));

const adapter = await navigator.gpu?.requestAdapter();
const isRequired = Deno.env.get("OPTOFIT_REQUIRE_GPU") === "1";
const [golden] = peakCases;

for (const method of hessianMethods()) {
  const { name } = method;
  const missing = name === "webgpu" && !adapter && !isRequired
    ? "no adapter: install a GPU driver, or Debian's mesa-vulkan-drivers"
    : name === "torchcomp" && !Deno.env.get("OPTOFIT_PEER_PYTHON")
    ? "OPTOFIT_PEER_PYTHON names no Python that has torch and torchcomp"
    : undefined;
  if (missing) console.log(`skipped: method ${name} (${missing})`);
  Deno.test({
    name: `method ${name} meets the golden Hessian to 1e-4`,
    ignore: missing !== undefined,
    async fn() {
      const { logits, hessian: expected } = golden.evaluations[1];
      const hessian = await method.open(goldenPair(golden));
      try {
        const z = Float64Array.from(logits);
        assertClose(await hessian.evaluate(z), expected.flat(), 1e-4);
      } finally {
        await hessian.close();
      }
    },
  });
}

Deno.test("openOnePass() gives loss and gradient with the Hessian", async () => {
  const pair = goldenPair(golden);
  await using hold = await holdPool();
  const engine = await openOnePass(hold.pool, pair);
  const before = hold.pool.heap.bytes;
  const objective = objectiveOf(
    inParameters(engine, pair),
    publishedCoordinates(pair.sampleRate),
  );
  for (const { logits, loss, gradient } of golden.evaluations) {
    const actual = await objective.evaluate(Float64Array.from(logits), 2);
    assertClose([actual.loss], [loss], 1e-4);
    assertClose(actual.gradient!, gradient, 1e-4);
  }
  await engine.close();
  assert(hold.pool.heap.bytes < before);
});

Deno.test("compareWith() and ratiosOf() compare what was measured, and leave out what was not", () => {
  const one = (method: string, more: Partial<MeasuredMethod>) => ({
    ...{ method, family: "", strategy: "", variant: "", rounds_ms: [] },
    ...more,
  });
  const found = [
    one("right", { hessian: [4, 0, 0, 2], ms: 10, megabytes: 5 }),
    one("near", { hessian: [4, 0.04, 0.04, 2], ms: 5, megabytes: 20 }),
    one("absent", { not_measured: "no such thing" }),
  ];
  compareWith("right", found);
  assert.deepEqual(found.map(({ deviation }) => deviation), [
    undefined,
    0.01,
    undefined,
  ]);
  const ratios = ratiosOf(found, [["near", "right"], ["right", "absent"]]);
  assert.equal(ratios.length, 1);
  assert.equal(ratios[0].time_percent, 50);
  assert.equal(ratios[0].memory_percent, 400);
  assert.throws(() => compareWith("absent", found), /no such thing/);
});

Deno.test("hessianMethods() have names of their own", () => {
  const names = hessianMethods().map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
});

/** Fast: a second of sound and three methods. */
const SMALL = [
  ...["chunks=2", "chunk_seconds=0.5", "overlap_seconds=0.1"],
  ...["sample_rate=8000", "rounds=2", "seconds=0"],
  "methods=[fused-forward-over-forward, webgpu, torchcomp]",
].flatMap((setting) => ["--set", setting]);

Deno.test("exp:hessian-bench measures, checks and reports", () =>
  withFolder(async (out) => {
    const { code, stdout, stderr } = await runTask("exp:hessian-bench", [
      ...[...SMALL, "--out", out, "--json", "-"],
    ]);
    assert.equal(code, 0, stderr);
    const { rows, report } = JSON.parse(stdout);
    const [yardstick, webgpu, fused, library] = rows;
    assert.equal(yardstick.method, "reference");
    assert.equal(fused.rounds_ms.length, 2);
    assert(fused.deviation < 1e-4);
    assert(fused.megabytes > fused.recording_megabytes);
    assert(fused.recording_megabytes > 0);
    // What is not there is said in the row's place, and in a line for people.
    if (adapter || isRequired) assert(webgpu.deviation < 1e-4);
    else assert.match(stderr, /not measured: webgpu/);
    if (Deno.env.get("OPTOFIT_PEER_PYTHON")) assert(library.deviation < 1e-4);
    else assert.match(stderr, /not measured: torchcomp.*OPTOFIT_PEER_PYTHON/);
    const page = await Deno.readTextFile(report);
    assert.match(page, /surrogate/i);
    assert.match(page, /forward-over-forward/);
    // The published columns stand there whatever the size, with both readings.
    for (const { ms } of PUBLISHED_HESSIANS) {
      assert(page.includes(`${ms} ms ${READINGS}`));
    }
    const verdicts = Object.fromEntries(
      JSON.parse(stdout).claims.map((
        { said, verdict }: { said: string; verdict: string },
      ) => [said, verdict]),
    );
    assert.deepEqual(Object.values(verdicts).toSorted(), [
      "held",
      ...Array(4).fill("not tested"),
    ]);
  }));

browserTest(
  "exp:hessian-bench's page opens from disk with every chart drawn and no serious finding",
  (browser) =>
    withFolder(async (out) => {
      const { code, stdout, stderr } = await runTask("exp:hessian-bench", [
        ...[...SMALL, "--set", "rounds=1"],
        ...["--set", "methods=[fused-forward-over-forward, one-pass]"],
        ...["--out", out, "--json", "-"],
      ]);
      assert.equal(code, 0, stderr);
      const url = `file://${JSON.parse(stdout).report}`;
      for (const colorScheme of ["light", "dark"] as const) {
        const { page, misdeeds } = await openPage(browser, url, {
          width: 390,
          colorScheme,
        });
        await page.evaluate("optofit.ready");
        assert.deepEqual(
          await page.evaluate(
            "[optofit.charts, optofit.drawn, optofit.failed.length]",
          ),
          [2, 2, 0],
        );
        assert.deepEqual(misdeeds, { complaints: [], requests: [] });
        assert.deepEqual(await findings(page), []);
        assert.deepEqual(await overflow(page), [390, []]);
        await page.close();
      }
    }),
);

Deno.test("exp:hessian-bench names a method that it does not know", async () => {
  const { code, stderr } = await runTask("exp:hessian-bench", [
    ...["--set", "methods=[guess]"],
  ]);
  assert.equal(code, 1);
  assert.match(stderr, /methods.*--set|--set methods.*methods/);
});
