import assert from "node:assert/strict";
import { chunk } from "../lib/sound/chunks.ts";

const pair = (samples: number) => ({
  dry: new Float32Array(samples),
  wet: new Float32Array(samples),
  sampleRate: 10,
});

Deno.test("chunk() hops by the chunk less its overlap and leaves out a short tail", () => {
  const { starts, chunkLength, warmUp } = chunk(pair(350));
  // 12 s = 120 samples, 1 s = 10: hop 110; a fourth chunk would end at 450.
  assert.deepEqual(starts, [0, 110, 220]);
  assert.equal(chunkLength, 120);
  assert.equal(warmUp, 10);
});

Deno.test("chunk() makes one chunk without warm-up of a short recording", () => {
  const { starts, chunkLength, warmUp } = chunk(pair(119));
  assert.deepEqual(starts, [0]);
  assert.equal(chunkLength, 119);
  assert.equal(warmUp, 0);
});

Deno.test("chunk() refuses what makes no chunk, and says what", () => {
  assert.throws(() => chunk(pair(0)), /no samples/);
  assert.throws(
    () => chunk({ ...pair(5), wet: new Float32Array(4) }),
    /dry has 5 samples, wet 4/,
  );
  for (const chunkSeconds of [0, -1, NaN]) {
    assert.throws(() => chunk(pair(50), { chunkSeconds }), /chunk of/);
  }
  for (const overlapSeconds of [12, -1, NaN]) {
    assert.throws(() => chunk(pair(50), { overlapSeconds }), /overlap of/);
  }
});
