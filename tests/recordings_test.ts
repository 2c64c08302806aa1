/** What a person is told of two recordings before anything is fitted. @module */

import assert from "node:assert/strict";
import { openRecordings } from "../lib/commands/recordings.ts";
import { createRandom } from "../lib/random.ts";
import type { Signal } from "../lib/sound/signal.ts";
import { withFolder } from "./cli.ts";
import { writeRecordings } from "./recordings.ts";

const RATE = 8000;

function noise(seconds: number): Float32Array {
  const random = createRandom(1);
  return Float32Array.from(
    { length: seconds * RATE },
    () => random.uniform() - 0.5,
  );
}

/** Warnings about two sounds. */
async function warningsOf(dry: Signal, wet: Signal): Promise<string[]> {
  let warnings: string[] = [];
  await withFolder(async (folder) => {
    const paths = await writeRecordings(folder, dry, wet, RATE);
    const alignment = { enabled: false, max_lag: 100 };
    ({ warnings } = await openRecordings(...paths, { alignment }));
  });
  return warnings;
}

Deno.test("openRecordings() has nothing to say of a wet side that differs and is a little longer", async () => {
  const dry = noise(2);
  const wet = noise(2.1).map((x) => 0.9 * x);
  assert.deepEqual(await warningsOf(dry, wet), []);
});

Deno.test("openRecordings() warns of sides of different length and of little sound", async () => {
  const dry = noise(2);
  const wet = dry.map((x) => 0.9 * x);
  const cut = await warningsOf(dry, wet.subarray(0, 12000));
  assert.equal(cut.length, 1);
  assert.match(
    cut[0],
    /dry .* 2\.00\ss, the wet one 1\.50\ss: only .* same take/,
  );
  const other = await warningsOf(dry.subarray(0, 12000), wet);
  assert.match(other.join(), /dry .* 1\.50\ss, the wet one 2\.00\ss/);
  const few = await warningsOf(dry, wet.subarray(0, 5));
  assert.equal(few.length, 2);
  assert.match(few[1], /625\sµs of sound is too little/);
});

Deno.test("openRecordings() warns of a wet side that is the dry one, or clipped", async () => {
  const dry = noise(2);
  assert.match(
    (await warningsOf(dry, dry)).join(),
    /^the wet recording is the same as the dry one: is it the right file/,
  );
  const clipped = dry.map((x) => Math.max(-1, Math.min(1, 40 * x)));
  assert.match(
    (await warningsOf(dry, clipped)).join(),
    /^the wet recording is clipped: \S+ samples stand at full scale/,
  );
});
