import assert from "node:assert/strict";
import { hessianMethods } from "../lib/bench/hessian_methods.ts";
import {
  MeasureError,
  measureHessian,
  type MeasureRequest,
} from "../lib/bench/measure_hessian.ts";
import { makeStimulus } from "../lib/data/stimulus.ts";
import { runTask, withFolder } from "./cli.ts";
import { relativeDeviation } from "./close.ts";

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
      softwareGpu: false,
      tensorflowBackend: "wasm",
    });
  } finally {
    await Deno.remove(samples);
  }
}

Deno.test("measureHessian() gives times, memory and the Hessian at the point asked for", () =>
  withRequest(async (request) => {
    const expected = await measureHessian(request);
    assert.equal(expected.bytes, undefined);
    for (const method of ["fused-reverse-over-reverse", "tensorflow"]) {
      const { hessian, milliseconds, bytes, processBytes } =
        await measureHessian({ ...request, method });
      assert(relativeDeviation(hessian, expected.hessian) < 1e-4);
      assert(milliseconds.length === 1 && milliseconds[0] > 0);
      // Three signals of two chunks at least, and far less than the process.
      assert(bytes! > 3 * 4 * 8000 && bytes! < processBytes);
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

Deno.test("hessianMethods() have names of their own", () => {
  const names = hessianMethods().map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
});

Deno.test("exp:hessian-bench measures, checks and reports", () =>
  withFolder(async (out) => {
    const settings = [
      ...["chunks=2", "chunk_seconds=0.5", "overlap_seconds=0.1"],
      ...["sample_rate=8000", "rounds=2", "seconds=0"],
      "methods=[fused-forward-over-forward, webgpu]",
    ];
    const { code, stdout, stderr } = await runTask("exp:hessian-bench", [
      ...settings.flatMap((setting) => ["--set", setting]),
      ...["--out", out, "--json", "-"],
    ]);
    assert.equal(code, 0, stderr);
    const { rows, report } = JSON.parse(stdout);
    const [yardstick, webgpu, fused] = rows;
    assert.equal(yardstick.method, "reference");
    assert.equal(fused.rounds_ms.length, 2);
    assert(fused.deviation < 1e-4 && fused.bytes > 0);
    // Where there is no GPU the row says so, and so does a line for people.
    assert(webgpu.deviation < 1e-3 || /not measured: webgpu/.test(stderr));
    const page = await Deno.readTextFile(report);
    assert.match(page, /surrogate/i);
    assert.match(page, /forward-over-forward/);
  }));

Deno.test("exp:hessian-bench names a method that it does not know", async () => {
  const { code, stderr } = await runTask("exp:hessian-bench", [
    ...["--set", "methods=[guess]"],
  ]);
  assert.equal(code, 1);
  assert.match(stderr, /methods.*--set|--set methods.*methods/);
});
