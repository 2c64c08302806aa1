/** `deno task objective`: what its options do to the figures. @module */

import assert from "node:assert/strict";
import { compress } from "../lib/compressor/compressor.ts";
import { toNatural } from "../lib/compressor/parameters.ts";
import { openReferenceEngine } from "../lib/engines/reference.ts";
import { chunk } from "../lib/objective/chunks.ts";
import { createRandom } from "../lib/random.ts";
import { readWav } from "../lib/sound/wav.ts";
import { runTask, withFolder } from "./cli.ts";
import { writeRecordings } from "./recordings.ts";

const RATE = 8000;
const POINT = {
  threshold_db: -20,
  ratio: 3,
  attack_ms: 3,
  release_ms: 120,
  make_up_db: 1,
};

/** Writes two seconds of noise bursts, and what a compressor makes of them. */
async function writePair(folder: string): Promise<[string, string]> {
  const random = createRandom(5);
  const dry = Float32Array.from(
    { length: 2 * RATE },
    (_, n) => (random.uniform() - 0.5) * (n % 1600 < 700 ? 1 : 0.05),
  );
  const wet = Float32Array.from(
    compress(dry, { ...POINT, ratio: 6, release_ms: 300 }, RATE),
  );
  return await writeRecordings(folder, dry, wet, RATE);
}

function objective(paths: string[], params: unknown, ...words: string[]) {
  return runTask("objective", [
    ...paths,
    "--no-align",
    "--engine",
    "reference",
    "--params",
    JSON.stringify(params),
    "--json",
    "-",
    ...words,
  ]);
}

Deno.test("objective counts what --chunk and --overlap say", async () => {
  await withFolder(async (folder) => {
    const paths = await writePair(folder);
    const [dry, wet] = await Promise.all(
      paths.map(async (path) => (await readWav(path)).samples),
    );
    const options: [number | undefined, number | undefined][] = [
      [undefined, undefined],
      [1.5, 0.25],
      [1.5, 0.5],
      [1.1, 0.25],
    ];
    const losses = new Set<number>();
    for (const [chunkSeconds, overlapSeconds] of options) {
      const words = chunkSeconds === undefined
        ? []
        : ["--chunk", `${chunkSeconds}`, "--overlap", `${overlapSeconds}`];
      const { stdout, stderr } = await objective(paths, POINT, ...words);
      const { loss, target_energy } = JSON.parse(stdout || stderr);
      const pair = { dry, wet, sampleRate: RATE };
      const engine = openReferenceEngine(
        chunk(pair, { chunkSeconds, overlapSeconds }),
      );
      const expected = await engine.evaluate(toNatural(POINT, RATE), 0);
      assert(Math.abs(loss / expected.loss - 1) < 1e-9, `${words}: ${loss}`);
      assert.equal(target_energy, engine.targetEnergy);
      losses.add(loss);
    }
    // None of them is without effect on this sound.
    assert.equal(losses.size, options.length);
  });
});

Deno.test("objective takes parameters at the ends of their ranges, where fits may end, and none beyond", async () => {
  await withFolder(async (folder) => {
    const paths = await writePair(folder);
    for (const change of [{ ratio: 20 }, { attack_ms: 100.0000000000008 }]) {
      const { code, stdout, stderr } = await objective(paths, {
        ...POINT,
        ...change,
      });
      assert.equal(code, 0, stderr);
      assert(Number.isFinite(JSON.parse(stdout).loss));
    }
    const { code, stderr } = await objective(paths, { ...POINT, ratio: 25 });
    assert.equal(code, 1);
    assert.match(stderr, /--params: ratio is 25: must be from 1 to 20/);
  });
});

Deno.test("objective says that a loss is not finite, and why", async () => {
  await withFolder(async (folder) => {
    const paths = await writePair(folder);
    const { code, stdout, stderr } = await objective(paths, {
      ...POINT,
      make_up_db: 9999,
    });
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.match(
      stderr,
      /--params: the loss is not .* make-up gain of 9999 dB/,
    );
  });
});
