import assert from "node:assert/strict";
import { join } from "node:path";
import { writeFileWhole } from "../lib/base/atomic_file.ts";

Deno.test("writeFileWhole() creates folders, replaces whole files and leaves no other", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "a", "b.txt");
    await writeFileWhole(path, "first, longer");
    await writeFileWhole(path, "second");
    assert.equal(await Deno.readTextFile(path), "second");
    const names = [...Deno.readDirSync(join(folder, "a"))].map((e) => e.name);
    assert.deepEqual(names, ["b.txt"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("writeFileWhole() keeps the old file and leaves no part where it cannot finish", async () => {
  const folder = await Deno.makeTempDir();
  try {
    // A folder stands where the file should go, so the rename fails.
    await Deno.mkdir(join(folder, "taken", "inside"), { recursive: true });
    await assert.rejects(writeFileWhole(join(folder, "taken"), "x"));
    const names = [...Deno.readDirSync(folder)].map((e) => e.name);
    assert.deepEqual(names, ["taken"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
