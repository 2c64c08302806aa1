import assert from "node:assert/strict";
import fc from "fast-check";
import { toNatural } from "../lib/compressor/parameters.ts";
import { type Evaluation, GROUP } from "../lib/objective/evaluation.ts";
import { openReferenceEngine } from "./reference_engine.ts";
import { FINISHED, WORDS } from "../lib/engines/wasm/job.ts";
import { holdPool, Pool } from "../lib/engines/wasm/pool.ts";
import { openOnPool, openWasmEngine } from "../lib/engines/wasm/wasm_engine.ts";
import { buildKernels } from "../lib/kernels/build.ts";
import { VARIANTS } from "../lib/kernels/kernels.ts";
import { chunk, type ChunkedPair } from "../lib/sound/chunks.ts";
import { objectiveOf } from "../lib/objective/objective.ts";
import { publishedCoordinates } from "../lib/objective/coordinates.ts";
import { createRandom } from "../lib/base/random.ts";
import { assertClose } from "./close.ts";
import { goldenPair, peakCases } from "./golden_signal.ts";
import { inParameters } from "./oracle.ts";

await buildKernels(["compressor"]);

const ORDERS = [0, 1, 2] as const;

/** Noise with a level that jumps, and a distorted copy of it. */
function noisePair(
  length: number,
  seed: number,
  options: { chunkSeconds: number; overlapSeconds: number },
  sampleRate = 44100,
): ChunkedPair {
  const random = createRandom(seed);
  const dry = new Float32Array(length);
  const wet = new Float32Array(length);
  let level = 0;
  for (let n = 0; n < length; n++) {
    if (n % 1000 === 0) level = random.logUniform(1e-3, 1);
    dry[n] = level * random.uniform(-1, 1);
    wet[n] = 0.4 * dry[n] / (1 + Math.abs(dry[n])) + 0.01;
  }
  return chunk({ dry, wet, sampleRate }, options);
}

/** Asserts that `actual` is `expected` to the precision the engine promises. */
function assertEvaluation(actual: Evaluation, expected: Evaluation): void {
  assertClose([actual.loss], [expected.loss], 1e-5);
  assertClose([actual.modelEnergy], [expected.modelEnergy], 1e-5);
  if (actual.gradient && expected.gradient) {
    assertClose(actual.gradient, expected.gradient, 1e-5);
  }
  if (actual.hessian && expected.hessian) {
    assertClose(actual.hessian, expected.hessian, 1e-3);
  }
}

const someSpace = publishedCoordinates(44100);

/** Asserts that `pool`'s engine is the oracle's equal at `z`, at every order. */
async function assertMeetsOracle(
  pool: Pool,
  pair: ChunkedPair,
  z: Float64Array,
): Promise<void> {
  const engine = await openOnPool(pool, pair);
  const oracle = openReferenceEngine(pair);
  assertClose([engine.targetEnergy], [oracle.targetEnergy], 1e-6);
  const expected = await objectiveOf(inParameters(oracle, pair), someSpace)
    .evaluate(z, 2);
  for (const order of ORDERS) {
    const actual = await objectiveOf(inParameters(engine, pair), someSpace)
      .evaluate(z, order);
    assert.equal(actual.gradient !== undefined, order > 0);
    assert.equal(actual.hessian !== undefined, order > 1);
    assertEvaluation(actual, expected);
  }
  await engine.close();
}

for (const variant of VARIANTS) {
  Deno.test(`openOnPool() meets the golden peak cases, ${variant} SIMD`, async () => {
    const pool = await Pool.start(2, "compressor", variant);
    for (const golden of peakCases) {
      const pair = goldenPair(golden);
      const space = publishedCoordinates(pair.sampleRate);
      const engine = await openOnPool(pool, pair);
      const objective = objectiveOf(inParameters(engine, pair), space);
      for (const expected of golden.evaluations) {
        const z = space.coordinates(expected.theta);
        for (const order of ORDERS) {
          const actual = await objective.evaluate(z, order);
          assertClose([actual.loss], [expected.loss], 1e-5);
          const esr = actual.loss / engine.targetEnergy;
          assertClose([esr], [expected.esr], 1e-5);
          if (actual.gradient) {
            assertClose(actual.gradient, expected.gradient, 1e-5);
          }
          if (actual.hessian) {
            assertClose(actual.hessian, expected.hessian.flat(), 1e-3);
          }
        }
      }
      await engine.close();
    }
    pool.close();
  });
}

Deno.test("openOnPool() meets the oracle for chunks of any number and length", async () => {
  const pool = await Pool.start(2);
  // Around the kernels' blocks of 128 samples, lanes of 4 chunks, and pairs.
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        chunks: fc.integer({ min: 1, max: 22 }),
        chunkLength: fc.oneof(
          fc.integer({ min: 1, max: 700 }),
          fc.constantFrom(127, 128, 129, 2047, 2048, 2049, 2176, 3000, 5000),
        ),
        overlap: fc.double({ min: 0, max: 0.9, noNaN: true }),
        seed: fc.nat(1000),
      }),
      fc.record({
        threshold_db: fc.double({ min: -60, max: 0, noNaN: true }),
        ratio: fc.double({ min: 1.2, max: 18, noNaN: true }),
        attack_ms: fc.double({ min: 0.2, max: 80, noNaN: true }),
        release_ms: fc.double({ min: 15, max: 900, noNaN: true }),
        make_up_db: fc.double({ min: -10, max: 20, noNaN: true }),
      }),
      async ({ chunks, chunkLength, overlap, seed }, parameters) => {
        const pair = noisePair(chunks * chunkLength, seed, {
          chunkSeconds: chunkLength / 44100,
          overlapSeconds: overlap * (chunkLength - 1) / 44100,
        });
        const z = someSpace.coordinates(parameters);
        await assertMeetsOracle(pool, pair, z);
      },
    ),
    { numRuns: 80, seed: 3 },
  );
  pool.close();
});

Deno.test("openOnPool() meets the oracle where the detector hears another sound", async () => {
  const pool = await Pool.start(2, "compressor", "plain");
  const options = { chunkSeconds: 0.2, overlapSeconds: 0.05 };
  const [one, other] = [5, 6].map((seed) => noisePair(50_000, seed, options));
  const heard = one.dry.map((x, n) => Math.max(Math.abs(x), other.dry[n]));
  const linked = { ...one, heard };
  const z = Float64Array.of(-20, -0.5, -0.5, -0.5, -0.5);
  await assertMeetsOracle(pool, linked, z);
  // It makes a difference, and none where it hears the dry sound.
  const lossOf = async (pair: ChunkedPair) => {
    const engine = await openOnPool(pool, pair);
    const objective = objectiveOf(inParameters(engine, pair), someSpace);
    const { loss } = await objective.evaluate(z, 0);
    await engine.close();
    return loss;
  };
  const alone = await lossOf(one);
  assert(Math.abs(await lossOf(linked) / alone - 1) > 0.01);
  assert.equal(await lossOf({ ...one, heard: one.dry }), alone);
  pool.close();
});

Deno.test("openOnPool() meets the oracle where release is faster than attack", async () => {
  const pool = await Pool.start(2);
  const pair = noisePair(30000, 5, {
    chunkSeconds: 0.2,
    overlapSeconds: 0.02,
  });
  const z = someSpace.coordinates({
    threshold_db: -30,
    ratio: 5,
    attack_ms: 60,
    release_ms: 15,
    make_up_db: 2,
  });
  await assertMeetsOracle(pool, pair, z);
  pool.close();
});

Deno.test("openOnPool() meets the oracle's loss on a level that stands still, then silence", async () => {
  // The gain creeps by less than single precision resolves.
  const pool = await Pool.start(2);
  const dry = new Float32Array(200_000).map((_, n) =>
    n < 150_000 ? (Math.floor(n / 50) % 2 ? 0.4 : -0.4) : 0
  );
  const wet = dry.map((x) => 0.5 * x);
  const pair = chunk({ dry, wet, sampleRate: 44100 }, {
    chunkSeconds: 2,
    overlapSeconds: 0.1,
  });
  const engine = await openOnPool(pool, pair);
  const theta = toNatural({
    threshold_db: -20,
    ratio: 4,
    attack_ms: 20,
    release_ms: 900,
    make_up_db: 0,
  }, 44100);
  const expected = await openReferenceEngine(pair).evaluate(theta, 0);
  for (const order of ORDERS) {
    const { loss, modelEnergy } = await engine.evaluate(theta, order);
    assertEvaluation({ loss, modelEnergy }, expected);
  }
  await engine.close();
  pool.close();
});

Deno.test("openWasmEngine() gives the same bytes on any number of threads", async () => {
  const pair = noisePair(60_000, 7, {
    chunkSeconds: 0.05,
    overlapSeconds: 0.01,
  });
  const theta = toNatural({
    threshold_db: -30,
    ratio: 4,
    attack_ms: 2,
    release_ms: 200,
    make_up_db: 1,
  }, 44100);
  await using _hold = await holdPool();
  const one = await openWasmEngine(pair, { threads: 1 });
  const all = await openWasmEngine(pair);
  const expected = await one.evaluate(theta, 2);
  for (let i = 0; i < 20; i++) {
    assert.deepEqual(await all.evaluate(theta, 2), expected);
  }
  await one.close();
  await all.close();
});

Deno.test("groupGradients() gives each eight chunks what an engine on them alone has", async () => {
  const pair = noisePair(132300, 8, {
    chunkSeconds: 0.2,
    overlapSeconds: 0.05,
  });
  const theta = Float64Array.of(-20, 0.7, 0.02, 0.001, 3);
  const engine = await openWasmEngine(pair);
  const found = await engine.groupGradients!(theta);
  await engine.close();
  assert.equal(found.length, Math.ceil(pair.starts.length / GROUP));
  for (const [i, gradient] of found.entries()) {
    const starts = pair.starts.slice(GROUP * i, GROUP * (i + 1));
    const alone = await openWasmEngine({ ...pair, starts });
    const expected = await alone.evaluate(theta, 1);
    await alone.close();
    assertClose(gradient, expected.gradient!, 1e-6);
  }
});

Deno.test("openWasmEngine() answers calls that overlap", async () => {
  const pair = noisePair(9000, 8, { chunkSeconds: 0.05, overlapSeconds: 0 });
  const engine = await openWasmEngine(pair);
  const thetas = [-10, -20, -30, -40].map((threshold) =>
    Float64Array.of(threshold, 0.7, 0.05, 0.001, 0)
  );
  const together = await Promise.all(
    thetas.map((theta) => engine.evaluate(theta, 1)),
  );
  for (const [i, theta] of thetas.entries()) {
    assert.deepEqual(together[i], await engine.evaluate(theta, 1));
  }
  await engine.close();
});

Deno.test("a notice that comes late from the job before does not end a job", async () => {
  const pair = noisePair(2_000_000, 3, {
    chunkSeconds: 4,
    overlapSeconds: 0.1,
  });
  const theta = Float64Array.of(-20, 0.7, 0.02, 0.001, 3);
  const pool = await Pool.start();
  try {
    const engine = await openOnPool(pool, pair);
    const expected = await engine.evaluate(theta, 2);
    await engine.evaluate(Float64Array.of(-30, 0.5, 0.1, 0.002, 0), 2);
    // The block of words is the first thing in the memory.
    const words = new Int32Array(pool.heap.memory.buffer, 4096, WORDS);
    let isDone = false;
    const found = engine.evaluate(theta, 2).finally(() => isDone = true);
    let notices = 0;
    while (!isDone) {
      notices += Atomics.notify(words, FINISHED);
      await new Promise((resolve) => setTimeout(resolve));
    }
    assert.ok(notices > 0);
    assert.deepEqual(await found, expected);
    await engine.close();
  } finally {
    pool.close();
  }
});

Deno.test("openWasmEngine() takes signals in double precision", async () => {
  const pair = noisePair(5000, 9, { chunkSeconds: 0.05, overlapSeconds: 0 });
  const double = {
    ...pair,
    dry: Float64Array.from(pair.dry),
    wet: Float64Array.from(pair.wet),
  };
  const theta = Float64Array.of(-30, 0.7, 0.05, 0.001, 0);
  const a = await openWasmEngine(pair);
  const b = await openWasmEngine(double);
  assert.deepEqual(await a.evaluate(theta, 2), await b.evaluate(theta, 2));
  await a.close();
  await b.close();
});

Deno.test("close() of an engine gives its memory to the next", async () => {
  await using hold = await holdPool();
  const { heap } = hold.pool;
  const before = heap.bytes;
  const pair = noisePair(200_000, 10, {
    chunkSeconds: 0.5,
    overlapSeconds: 0.05,
  });
  const peaks: number[] = [];
  for (let i = 0; i < 5; i++) {
    const engine = await openWasmEngine(pair);
    await engine.evaluate(Float64Array.of(-30, 0.7, 0.05, 0.001, 0), 2);
    await engine.close();
    assert.equal(heap.bytes, before);
    peaks.push(heap.peakBytes);
  }
  assert.equal(peaks.at(-1), peaks[0]);
});

Deno.test("evaluate() of a closed engine is refused", async () => {
  const pair = noisePair(3000, 11, { chunkSeconds: 0.05, overlapSeconds: 0 });
  const engine = await openWasmEngine(pair);
  await engine.close();
  await engine.close();
  await assert.rejects(
    engine.evaluate(Float64Array.of(-30, 0.7, 0.05, 0.001, 0), 0),
    /closed/,
  );
});

Deno.test("a worker that dies is an error that names it, and the next engine works", async () => {
  const pair = noisePair(9000, 12, { chunkSeconds: 0.05, overlapSeconds: 0 });
  const theta = Float64Array.of(-30, 0.7, 0.05, 0.001, 0);
  const engine = await openWasmEngine(pair);
  const hold = await holdPool();
  const job = hold.pool.run({
    kernel: "no such function" as never,
    tasks: [[0]],
    collect: () => {},
  });
  await assert.rejects(job, /worker thread \d of \d+ died: .*not a function/);
  await assert.rejects(engine.evaluate(theta, 0), /worker thread \d/);
  await hold.release();
  await engine.close();
  const next = await openWasmEngine(pair);
  assert((await next.evaluate(theta, 0)).loss > 0);
  await next.close();
});

Deno.test("openWasmEngine() says what is too large for its memory", async () => {
  const length = 2_000_000;
  const samples = new Float32Array(length);
  // Chunks on top of each other: 4.8 GB of records.
  const pair: ChunkedPair = {
    dry: samples,
    wet: samples,
    sampleRate: 44100,
    starts: new Array(200).fill(0),
    chunkLength: length,
    warmUp: 0,
  };
  await using hold = await holdPool();
  const before = hold.pool.heap.bytes;
  await assert.rejects(openWasmEngine(pair), /4295 MB: take shorter/);
  assert.equal(hold.pool.heap.bytes, before);
});
