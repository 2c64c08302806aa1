import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { buildKernels } from "../lib/kernels/build.ts";
import {
  bestVariant,
  KERNEL_FOLDER,
  kernelPath,
  loadKernel,
  VARIANTS,
} from "../lib/kernels/kernels.ts";
import { runTask, withFolder } from "./cli.ts";

Deno.test("buildKernels() builds what is missing, once, for both instruction sets", async () => {
  await buildKernels(["one_pass"]);
  for (const variant of VARIANTS) {
    const path = kernelPath("one_pass", variant);
    assert(path.startsWith(KERNEL_FOLDER));
    await Deno.remove(path);
    const counts: number[] = [];
    const onStart = (count: number) => counts.push(count);
    assert.deepEqual(await buildKernels(["one_pass"], onStart), [path]);
    assert.deepEqual(await buildKernels(["one_pass"], onStart), []);
    assert.deepEqual(counts, [1]);
    const exports = WebAssembly.Module.exports(loadKernel("one_pass", variant));
    assert(exports.some(({ name }) => name === "onePass"));
  }
});

Deno.test("loadKernel() says how to build what is missing", async () => {
  await buildKernels(["one_pass"]);
  const path = kernelPath("one_pass", "plain");
  await Deno.remove(path);
  assert.throws(
    () => loadKernel("one_pass", "plain"),
    (error: Error) =>
      error.message.includes(path) &&
      error.message.includes("deno task kernels"),
  );
  await buildKernels(["one_pass"]);
});

Deno.test("bestVariant() is relaxed where the runtime has relaxed SIMD", () => {
  // The runtime pinned for this project has it.
  assert.equal(bestVariant(), "relaxed");
});

Deno.test("the task kernels has --help, and takes nothing else", async () => {
  const { code, stdout } = await runTask("kernels", ["--help"]);
  assert.equal(code, 0);
  assert.match(stdout, /^Usage: deno task kernels\n\nCompiles .*kernels/);
  const wrong = await runTask("kernels", ["compressor"]);
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /^error: compressor: .*takes no arguments/m);
});

Deno.test("the task kernels says in a sentence that a source does not compile, and exits with 1", async () => {
  await withFolder(async (folder) => {
    const root = new URL("../", import.meta.url);
    // The task's own modules and sources, one of them broken.
    for (
      const path of [
        "deno.json",
        "lib/base/atomic_file.ts",
        "lib/base/file_error.ts",
        "lib/kernels/build.ts",
        "lib/kernels/kernels.ts",
        ...Array.from(
          Deno.readDirSync(new URL("lib/kernels/assembly", root)),
          ({ name }) => `lib/kernels/assembly/${name}`,
        ),
      ]
    ) {
      const copy = join(folder, path);
      await Deno.mkdir(dirname(copy), { recursive: true });
      await Deno.copyFile(new URL(path, root), copy);
    }
    await Deno.writeTextFile(
      join(folder, "lib/kernels/assembly/compressor.ts"),
      "export function broken(: i32",
    );
    const command = new Deno.Command(Deno.execPath(), {
      args: ["task", "--quiet", "kernels"],
      cwd: folder,
      env: { NO_COLOR: "1" },
      stderr: "piped",
    });
    const { code, stderr } = await command.output();
    const said = new TextDecoder().decode(stderr);
    assert.equal(code, 1, said);
    assert.match(said, /^error: .*compressor\.ts does not compile/m);
    assert.doesNotMatch(said, /\n\s+at |Uncaught/);
  });
});
