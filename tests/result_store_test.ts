import assert from "node:assert/strict";
import { join } from "node:path";
import {
  fingerprint,
  inputsOf,
  openResultStore,
} from "../lib/base/result_store.ts";

Deno.test("openResultStore() keeps results for the same inputs only", async () => {
  const parent = await Deno.makeTempDir();
  try {
    const first = await openResultStore(parent, "unit", { seed: 1 });
    assert.equal(await first.get("a"), undefined);
    await first.put("a", { value: 0.1, ratio: Infinity });
    const again = await openResultStore(parent, "unit", { seed: 1 });
    assert.deepEqual(await again.get("a"), { value: 0.1, ratio: Infinity });
    const other = await openResultStore(parent, "unit", { seed: 2 });
    assert.equal(await other.get("a"), undefined);
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
});

Deno.test("inputsOf() is the same wherever the same data lie, and another for another config", async () => {
  const at = (folder: string, seed = 1, identity = "a") =>
    fingerprint(inputsOf({ seed, data: { folder } }, { identity }));
  const first = await at("here");
  assert.equal(await at("there"), first);
  assert.notEqual(await at("here", 2), first);
  assert.notEqual(await at("here", 1, "b"), first);
});

Deno.test("openResultStore() takes a damaged result for absent, until it is put again", async () => {
  const parent = await Deno.makeTempDir();
  try {
    const store = await openResultStore(parent, "unit", null);
    const result = { value: 0.1, list: [1, null, "two"], gone: undefined };
    await store.put("a", result);
    const path = join(store.folder, "results", "a.json");
    const whole = await Deno.readTextFile(path);
    const { check } = JSON.parse(whole);
    for (
      const damaged of [
        whole.slice(0, 40),
        whole.replace("0.1", "0.2"),
        "",
        "{}",
        "null",
        "[]",
        "[1, 2]",
        '{"value": 0.1}',
        JSON.stringify({ check }),
        JSON.stringify({ check, result: {} }),
      ]
    ) {
      assert.notEqual(damaged, whole);
      await Deno.writeTextFile(path, damaged);
      assert.equal(await store.get("a"), undefined, damaged);
    }
    await store.put("a", result);
    assert.deepEqual(await store.get("a"), {
      value: 0.1,
      list: [1, null, "two"],
    });
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
});

Deno.test("fingerprint() is eight hexadecimal digits that change with the inputs", async () => {
  const one = await fingerprint({ a: 1 });
  assert.match(one, /^[0-9a-f]{8}$/);
  assert.notEqual(await fingerprint({ a: 2 }), one);
});
