import assert from "node:assert/strict";
import { join } from "node:path";
import { fingerprint, openResultStore } from "../lib/result_store.ts";

Deno.test("openResultStore() keeps results for the same inputs only", async () => {
  const parent = await Deno.makeTempDir();
  try {
    const first = await openResultStore(parent, "unit", { seed: 1 });
    assert.equal(await first.get("a"), undefined);
    await first.put("a", { value: 0.1 });
    const again = await openResultStore(parent, "unit", { seed: 1 });
    assert.deepEqual(await again.get("a"), { value: 0.1 });
    const other = await openResultStore(parent, "unit", { seed: 2 });
    assert.equal(await other.get("a"), undefined);
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
});

Deno.test("openResultStore() takes a result that was cut short for absent", async () => {
  const parent = await Deno.makeTempDir();
  try {
    const store = await openResultStore(parent, "unit", null);
    await store.put("a", [1, 2, 3]);
    const path = join(store.folder, "results", "a.json");
    await Deno.writeTextFile(path, "[1, 2");
    assert.equal(await store.get("a"), undefined);
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
});

Deno.test("fingerprint() is eight hexadecimal digits that change with the inputs", async () => {
  const one = await fingerprint({ a: 1 });
  assert.match(one, /^[0-9a-f]{8}$/);
  assert.notEqual(await fingerprint({ a: 2 }), one);
});
