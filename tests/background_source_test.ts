import assert from "node:assert/strict";
import { openBackgroundSource } from "../lib/data/background_source.ts";
import { openSource } from "../lib/data/source.ts";
import { dataSchema } from "../lib/data/data_config.ts";

const config = dataSchema.parse({ unit: "twin", duration: 0.5 });

Deno.test("openBackgroundSource() gives what openSource() gives, as often as it is asked", async () => {
  using background = await openBackgroundSource(config);
  const direct = await openSource(config);
  assert.deepEqual(background.describe(), direct.describe());
  assert.deepEqual(background.settings(), direct.settings());
  const settings = [0, 5, 0].map((i) => direct.settings()[i]);
  const pairs = await Promise.all(settings.map(background.load));
  for (const [i, setting] of settings.entries()) {
    assert.deepEqual(pairs[i], await direct.load(setting));
  }
});

Deno.test("openBackgroundSource() passes errors on, and goes on after one", async () => {
  await assert.rejects(
    openBackgroundSource({ ...config, folder: "/nowhere" }),
    /\/nowhere/,
  );
  using source = await openBackgroundSource(config);
  await assert.rejects(
    source.load({ mode: "limit", peakReduction: 41 }),
    /no setting limit 41/,
  );
  const pair = await source.load({ mode: "limit", peakReduction: 40 });
  assert.equal(pair.dry.length, 22050);
});

Deno.test("openBackgroundSource() rejects what still waits when it is closed", async () => {
  const source = await openBackgroundSource(config);
  const waiting = source.load({ mode: "limit", peakReduction: 40 });
  source[Symbol.dispose]();
  await assert.rejects(waiting, /closed/);
});
