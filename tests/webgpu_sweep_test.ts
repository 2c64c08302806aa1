import assert from "node:assert/strict";
import { runTask, withFolder } from "./cli.ts";

const adapter = await navigator.gpu?.requestAdapter();
const isRequired = Deno.env.get("OPTOFIT_REQUIRE_GPU") === "1";
if (!adapter && !isRequired) {
  console.log(
    "skipped: exp:sweep --engine webgpu (no adapter: install a GPU driver, or Debian's mesa-vulkan-drivers)",
  );
}

/** Parameters that a sweep of the surrogate unit finds at each of its settings. */
async function sweepWith(engine: string): Promise<Record<string, number>[]> {
  let found: { params: Record<string, number> }[] = [];
  await withFolder(async (out) => {
    const { code, stdout, stderr } = await runTask("exp:sweep", [
      ...["--engine", engine, "--unit", "optical"],
      ...["--set", "data.duration=7", "--set", "sweep.modes=[compress]"],
      ...["--set", "sweep.settings=[100, 75, 50]"],
      ...["--out", out, "--json", "-"],
    ]);
    assert.equal(code, 0, stderr);
    found = JSON.parse(stdout).settings;
  });
  return found.map(({ params }) => params);
}

Deno.test({
  name: "exp:sweep --engine webgpu gives the CPU engine's parameters to 1e-3",
  ignore: !adapter && !isRequired,
  async fn() {
    const expected = await sweepWith("wasm");
    const actual = await sweepWith("webgpu");
    assert.equal(actual.length, 3);
    actual.forEach((parameters, i) => {
      for (const [key, value] of Object.entries(expected[i])) {
        const distance = Math.abs(parameters[key] - value);
        assert(distance <= 1e-3 * Math.max(1, Math.abs(value)), key);
      }
    });
  },
});
