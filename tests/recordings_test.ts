/** What a person is told of two recordings before anything is fitted. @module */

import assert from "node:assert/strict";
import { openRecordings, soleTake } from "../lib/cli/recordings.ts";
import { createRandom } from "../lib/base/random.ts";
import type { Signal } from "../lib/sound/signal.ts";
import { withFolder } from "./cli.ts";
import { join } from "node:path";
import { writeChannels, writeRecordings } from "./recordings.ts";

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

Deno.test("openRecordings() says which channel it warns of, and that channels lag apart", () =>
  withFolder(async (folder) => {
    const [dryPath, wetPath] = ["dry.wav", "wet.wav"]
      .map((name) => join(folder, name));
    const left = noise(2);
    const right = left.toReversed();
    await writeChannels(dryPath, [left, right], RATE);
    await writeChannels(wetPath, [
      left.map((x) => 0.5 * x),
      right.map((_, n) => -0.5 * (right[n - 3] ?? 0)),
    ], RATE);
    const alignment = { enabled: true, max_lag: 100 };
    const { takes, warnings } = await openRecordings(dryPath, wetPath, {
      alignment,
    });
    assert.deepEqual(
      takes.map(({ channel, lag, polarity }) => [channel, lag, polarity]),
      [[1, 0, 1], [2, 3, -1]],
    );
    assert.equal(warnings.length, 2);
    assert.match(warnings[0], /^channel 2: .* opposite polarity/);
    assert.match(warnings[1], /^channel 1 lags by 0 samples, channel 2 by 3:/);

    // The detector hears the louder channel, in step with each.
    const linked = await openRecordings(dryPath, wetPath, {
      alignment,
      link: true,
    });
    for (const { pair } of linked.takes) {
      assert.ok(pair.heard!.length === pair.dry.length);
      pair.dry.forEach((x, n) => assert.ok(pair.heard![n] >= Math.abs(x)));
      assert.ok(pair.heard!.some((x, n) => x > Math.abs(pair.dry[n])));
    }
    assert.throws(() => soleTake(linked), /2 channels that differ/);
    const alone = await openRecordings(dryPath, wetPath, {
      alignment,
      link: true,
      channel: 2,
    });
    assert.equal(soleTake(alone), alone.takes[0].pair);
    assert.equal(alone.takes[0].pair.heard, undefined);
  }));
