import assert from "node:assert/strict";
import fc from "fast-check";
import { compress } from "../lib/compressor/compressor.ts";
import { toNatural } from "../lib/compressor/parameters.ts";
import { makeStimulus } from "../lib/data/stimulus.ts";
import type { Engine } from "../lib/objective/evaluation.ts";
import { openReferenceEngine } from "./reference_engine.ts";
import { GpuError, requestGpu } from "../lib/engines/webgpu/gpu.ts";
import {
  ENTERINGS,
  LOCALS,
  QUANTITIES,
  SEGMENT,
  SUM,
} from "../lib/engines/webgpu/kernels.ts";
import { readFloats } from "../lib/engines/webgpu/part.ts";
import { BLOCK, scan, type ScanShape } from "../lib/engines/webgpu/scan.ts";
import { bytesPerSample, rooflineOf } from "../lib/engines/webgpu/traffic.ts";
import {
  type Boundaries,
  openWebGpuEngine,
  type WebGpuEngine,
  type WebGpuEngineOptions,
} from "../lib/engines/webgpu/webgpu.ts";
import { chunk, type ChunkedPair } from "../lib/sound/chunks.ts";
import { matchEnergy, objectiveOf } from "../lib/objective/objective.ts";
import { publishedCoordinates } from "../lib/objective/coordinates.ts";
import { trustRegion } from "../lib/optimise/trust_region.ts";
import { createRandom } from "../lib/base/random.ts";
import { assertClose, relativeDeviation } from "./close.ts";
import { goldenPair, peakCases } from "./golden_signal.ts";
import { inParameters } from "./oracle.ts";

const adapter = await navigator.gpu?.requestAdapter();
const isRequired = Deno.env.get("OPTOFIT_REQUIRE_GPU") === "1";
if (!adapter && !isRequired) {
  console.log(
    "skipped: the WebGPU tests (no adapter: install a GPU driver, or Debian's mesa-vulkan-drivers)",
  );
}

/** A test that needs an adapter. */
function gpuTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: !adapter && !isRequired, fn });
}

/** The bars of the float32 engines, relative to the largest entry. */
const FIRST_ORDER = 1e-5;
const SECOND_ORDER = 1e-3;

const USUAL = Float64Array.of(-30, 0.75, 0.02, 2e-4, 1);

async function withEngine<T>(
  pair: ChunkedPair,
  options: WebGpuEngineOptions,
  use: (engine: WebGpuEngine) => Promise<T>,
): Promise<T> {
  const engine = await openWebGpuEngine(pair, options);
  try {
    return await use(engine);
  } finally {
    await engine.close();
  }
}

/** Rows of `length` samples as chunks, wet being a distorted dry. */
function rowsPair(
  rows: number,
  length: number,
  sample: (n: number, row: number) => number,
  warmUp = 0,
): ChunkedPair {
  const dry = Float32Array.from(
    { length: rows * length },
    (_, at) => sample(at % length, Math.floor(at / length)),
  );
  return {
    dry,
    wet: dry.map((x) => 0.4 * x - 0.1 * x * x * x),
    sampleRate: 44100,
    starts: Array.from({ length: rows }, (_, row) => row * length),
    chunkLength: length,
    warmUp,
  };
}

function noisePair(rows: number, length: number, warmUp = 0): ChunkedPair {
  const random = createRandom(`noise ${rows} ${length}`);
  const sample = (n: number) =>
    random.uniform(-1, 1) * 10 ** (-(Math.floor(n / 500) % 5) / 3);
  return rowsPair(rows, length, sample, warmUp);
}

// The scan.

/** Largest deviation of `y` from the recurrence in double precision, relative
 * to the recurrence of the magnitudes. */
function scanDeviation(
  { time, batch = 1, rightHandSides = 1, reversed = false }: ScanShape,
  beta: Float32Array | number,
  u: Float32Array,
  y: Float32Array,
): number {
  let deviation = 0;
  for (let row = 0; row < batch * rightHandSides; row++) {
    let state = 0;
    let size = 0;
    for (let i = 0; i < time; i++) {
      const n = reversed ? time - 1 - i : i;
      const at = row * time + n;
      const b = typeof beta === "number"
        ? Math.fround(beta)
        : beta[(row % batch) * time + n];
      state = b * state + u[at];
      size = Math.abs(b) * size + Math.abs(u[at]);
      const distance = Math.abs(y[at] - state);
      assert(!Number.isNaN(distance));
      // Numbers below float32's normal range may be flushed to 0.
      if (distance > 1e-37) {
        deviation = Math.max(deviation, distance / size);
      }
    }
  }
  return deviation;
}

function randomScan(shape: ScanShape, seed: number) {
  const { time, batch = 1, rightHandSides = 1 } = shape;
  const random = createRandom(seed);
  const kinds = [
    () => 0,
    () => 1,
    () => random.logUniform(1e-38, 1e-3),
    () => -random.uniform(),
    () => random.uniform(),
    () => 1 - random.logUniform(1e-6, 1e-2),
  ];
  const beta = Float32Array.from(
    { length: batch * time },
    () => random.pick(kinds)(),
  );
  const u = Float32Array.from(
    { length: rightHandSides * batch * time },
    () => random.normal(),
  );
  return { beta, u };
}

gpuTest(
  "scan() meets the sequential recurrence on random β of 0, 1, tiny and all between",
  async () => {
    const gpu = await requestGpu();
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.integer({ min: 1, max: 40 }),
          fc.integer({ min: 1, max: 5 * BLOCK }),
        ),
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 3 }),
        fc.boolean(),
        fc.nat(),
        async (time, batch, rightHandSides, reversed, seed) => {
          const shape = { time, batch, rightHandSides, reversed };
          const { beta, u } = randomScan(shape, seed);
          const y = await scan(gpu, shape, beta, u);
          assert(scanDeviation(shape, beta, u, y) < 1e-6);
        },
      ),
      { numRuns: 25 },
    );
  },
);

for (
  const shape of [
    { time: 1 },
    { time: BLOCK - 1, batch: 64, reversed: true },
    { time: BLOCK, batch: 64, rightHandSides: 2 },
    { time: BLOCK + 1, batch: 64 },
    { time: 1_000_000 },
  ]
) {
  const name = Object.entries(shape).map(([k, v]) => `${k} ${v}`).join(", ");
  gpuTest(`scan() meets the sequential recurrence: ${name}`, async () => {
    const { beta, u } = randomScan(shape, 1);
    const y = await scan(await requestGpu(), shape, beta, u);
    assert(scanDeviation(shape, beta, u, y) < 1e-6);
  });
}

gpuTest(
  "scan() takes a constant β, and two right-hand sides with it",
  async () => {
    const shape = {
      time: 100_000,
      batch: 2,
      rightHandSides: 2,
      reversed: true,
    };
    const { u } = randomScan(shape, 2);
    const y = await scan(await requestGpu(), shape, 0.995, u);
    assert(scanDeviation(shape, 0.995, u, y) < 1e-6);
  },
);

gpuTest("scan() reversed is the transpose of scan()", async () => {
  // ⟨Sᵀ ȳ, u⟩ = ⟨ȳ, S u⟩, where Sᵀ has β one sample later.
  const gpu = await requestGpu();
  const time = 3000;
  const { beta, u } = randomScan({ time }, 3);
  const { u: yBar } = randomScan({ time }, 4);
  const later = Float32Array.from(
    beta,
    (_, n) => n + 1 < time ? beta[n + 1] : 0,
  );
  const y = await scan(gpu, { time }, beta, u);
  const uBar = await scan(gpu, { time, reversed: true }, later, yBar);
  const product = (a: Float32Array, b: Float32Array) =>
    a.reduce((sum, value, n) => sum + value * b[n], 0);
  const size = Math.hypot(...y) * Math.hypot(...yBar);
  assert(Math.abs(product(uBar, u) - product(yBar, y)) < 1e-6 * size);
});

gpuTest("scan() names the extent that is out of range", async () => {
  const gpu = await requestGpu();
  await assert.rejects(
    scan(gpu, { time: 0 }, 1, Float32Array.of(1)),
    /time 0: must be a whole number/,
  );
  await assert.rejects(
    scan(gpu, { time: 4, batch: 2 }, 1, new Float32Array(4)),
    /u has 16 bytes: the shape asks for 32/,
  );
  await assert.rejects(
    scan(gpu, { time: 4 }, new Float32Array(3), new Float32Array(4)),
    /β has 3 values: the shape asks for 4/,
  );
});

// The ballistics, parallel over time.

/** Gains entering the segments, sequentially in double precision, and how near
 * the static gain comes to the gain within each: where it comes within rounding
 * error, either branch is right. */
function sequentialBoundaries(
  pair: ChunkedPair,
  theta: Float64Array,
  segments: number,
): { gain: Float64Array; closest: Float64Array } {
  const [threshold, slope, attack, release] = theta;
  const gain = new Float64Array(pair.starts.length * segments);
  const closest = new Float64Array(gain.length).fill(Infinity);
  pair.starts.forEach((start, row) => {
    let g = 1;
    for (let n = 0; n < segments * SEGMENT; n++) {
      const k = row * segments + Math.floor(n / SEGMENT);
      if (n % SEGMENT === 0) gain[k] = g;
      const x = n < pair.chunkLength ? pair.dry[start + n] : 0;
      const level = 20 * Math.log10(Math.max(Math.abs(x), 1e-8));
      const target = 10 ** (Math.min(0, slope * (threshold - level)) / 20);
      closest[k] = Math.min(closest[k], Math.abs(target - g));
      g += (target < g ? attack : release) * (target - g);
    }
  });
  return { gain, closest };
}

/** What rounding may do to a gain: some units in the last place below 1. */
const ROUNDING = 5e-7;

function largestDifference(a: Float64Array, b: Float64Array): number {
  return a.reduce(
    (most, value, k) => Math.max(most, Math.abs(value - b[k])),
    0,
  );
}

const wave = createRandom("adversarial");
const SIGNALS: Record<string, (n: number) => number> = {
  noise: () => wave.uniform(-1, 1),
  silence: () => 0,
  denormals: () => wave.uniform(-1, 1) * 1e-40,
  constant: () => 0.5,
  steps: (n) => [1e-3, 0.9, 0.02, 0.5, 1, 1e-9][Math.floor(n / 777) % 6],
  "an impulse a segment": (n) => n % SEGMENT === 0 ? 1 : 1e-3,
  "one impulse": (n) => n === 9000 ? 1 : 0.01,
  "full scale and nothing in turn": (n) => n % 2,
  "a slow sine": (n) => Math.sin(n * 1e-4),
  "the threshold itself": (n) => 10 ** -1.5 * (1 + 1e-7 * (n % 3 - 1)),
};

/** Slope, attack and release. */
const BALLISTICS: Record<string, [number, number, number]> = {
  usual: [0.75, 0.02, 2e-4],
  "attack slower than release": [0.75, 3e-4, 0.05],
  "attack as fast as release": [0.9, 0.01, 0.01],
  "at once": [0.95, 1, 1],
  slowest: [0.95, 5e-4, 4.6e-5],
  fastest: [0.9, 0.4, 5e-3],
};

for (const [signal, sample] of Object.entries(SIGNALS)) {
  gpuTest(
    `openWebGpuEngine() finds the sequential gains on ${signal}`,
    async () => {
      const pair = rowsPair(2, 12_000, sample);
      await withEngine(
        pair,
        {},
        (engine) =>
          withEngine(pair, { maxRounds: 0 }, async (inTurn) => {
            for (const [name, values] of Object.entries(BALLISTICS)) {
              const theta = Float64Array.of(-30, ...values, 0);
              await engine.evaluate(theta, 0);
              const parallel = await engine.boundaries();
              await inTurn.evaluate(theta, 0);
              const sequential = await inTurn.boundaries();
              const { segments } = parallel;
              const exact = sequentialBoundaries(pair, theta, segments);
              for (const { gain } of [parallel, sequential]) {
                const difference = largestDifference(gain, exact.gain);
                assert(difference < ROUNDING, `${name}: off by ${difference}`);
              }
              assertSameBranches(parallel, sequential, exact.closest, name);
              // Every round but the last settles at least one more segment.
              assert(engine.statistics.rounds <= segments + 1);
              assert.equal(inTurn.statistics.rounds, 0);
              assert.equal(inTurn.statistics.sequentialChunks, 2);
            }
          }),
      );
    },
  );
}

/** Asserts that each segment took the same branches in both, unless the gain met
 * its target to within rounding there. */
function assertSameBranches(
  a: Boundaries,
  b: Boundaries,
  closest: Float64Array,
  name: string,
): void {
  a.decay.forEach((decay, k) => {
    assert(
      decay === b.decay[k] || closest[k] < ROUNDING,
      `${name}: segment ${k} decays by ${decay} and ${b.decay[k]}`,
    );
  });
}

gpuTest(
  "openWebGpuEngine() needs few rounds on varied sound, cold and warm",
  async () => {
    const { samples } = makeStimulus({ seconds: 10 });
    const pair = chunk({ dry: samples, wet: samples, sampleRate: 44100 }, {
      chunkSeconds: 5,
      overlapSeconds: 0.5,
    });
    const at = (threshold_db: number, attack_ms: number) =>
      toNatural({
        threshold_db,
        ratio: 4,
        attack_ms,
        release_ms: 300,
        make_up_db: 0,
      }, 44100);
    await withEngine(pair, {}, async (engine) => {
      await engine.evaluate(at(-30, 3), 2);
      const cold = { ...engine.statistics };
      await engine.evaluate(at(-30.5, 3.1), 2);
      const warm = { ...engine.statistics };
      console.log(
        `rounds ${cold.rounds} cold and ${warm.rounds} warm, runs of a segment ${
          cold.runs.toFixed(2)
        } and ${warm.runs.toFixed(2)}`,
      );
      assert.equal(cold.sequentialChunks + warm.sequentialChunks, 0);
      assert(cold.rounds <= 20);
      assert(warm.runs < cold.runs && warm.runs <= 2);
      assert(bytesPerSample(2, warm) <= 40);
      // Jumps across all that the parameters may be, as no optimiser makes them.
      const random = createRandom("jumps");
      let most = 0;
      for (let i = 0; i < 12; i++) {
        const theta = toNatural({
          threshold_db: random.uniform(-45, -15),
          ratio: random.uniform(2, 12),
          attack_ms: random.logUniform(0.3, 50),
          release_ms: random.logUniform(30, 800),
          make_up_db: 0,
        }, 44100);
        await engine.evaluate(theta, 2);
        most = Math.max(most, bytesPerSample(2, engine.statistics));
      }
      console.log(
        `bytes a sample ${bytesPerSample(2, warm).toFixed(1)} warm, ${
          most.toFixed(1)
        } at most after a jump`,
      );
      assert(most <= 40);
    });
  },
);

// The objective.

peakCases.forEach((golden, at) => {
  gpuTest(
    `openWebGpuEngine() meets golden peak case ${at + 1} at the float32 bars`,
    async () => {
      const pair = goldenPair(golden);
      const space = publishedCoordinates(pair.sampleRate);
      await withEngine(pair, {}, async (engine) => {
        const objective = objectiveOf(inParameters(engine, pair), space);
        for (const expected of golden.evaluations) {
          const z = space.coordinates(expected.theta);
          const actual = await objective.evaluate(z, 2);
          assert(actual.gradient && actual.hessian);
          assertClose([actual.loss], [expected.loss], FIRST_ORDER);
          assertClose(
            [actual.loss / engine.targetEnergy],
            [expected.esr],
            FIRST_ORDER,
          );
          assertClose(actual.gradient, expected.gradient, FIRST_ORDER);
          assertClose(actual.hessian, expected.hessian.flat(), SECOND_ORDER);
        }
      });
    },
  );
});

/** Asserts that the engine agrees with the oracle at `theta`. */
async function assertMeetsReference(
  engine: WebGpuEngine,
  pair: ChunkedPair,
  theta: Float64Array,
): Promise<void> {
  const reference = openReferenceEngine(pair);
  const expected = await reference.evaluate(theta, 2);
  const actual = await engine.evaluate(theta, 2);
  assert(actual.gradient && actual.hessian);
  assert(expected.gradient && expected.hessian);
  assertClose([engine.targetEnergy], [reference.targetEnergy], 1e-9);
  assertClose([actual.loss], [expected.loss], FIRST_ORDER);
  assertClose([actual.modelEnergy], [expected.modelEnergy], FIRST_ORDER);
  // In θ, entries differ by orders of magnitude: put them on one scale.
  const scale = theta.map((value, i) => [1, 0.1, value, value, 1][i]);
  const scaled = (matrix: Float64Array) =>
    matrix.map((value, at) =>
      value * scale[Math.floor(at / 5)] * scale[at % 5]
    );
  const first = (vector: Float64Array) =>
    vector.map((value, i) => value * scale[i]);
  assertClose(first(actual.gradient), first(expected.gradient), FIRST_ORDER);
  assertClose(scaled(actual.hessian), scaled(expected.hessian), SECOND_ORDER);
}

gpuTest(
  "openWebGpuEngine() meets the oracle on chunks of any length",
  async () => {
    for (const length of [1, 2, 255, 256, 257, 2048, 2049, 5000]) {
      const pair = noisePair(3, length, length > 300 ? 123 : 0);
      await withEngine(
        pair,
        {},
        (engine) => assertMeetsReference(engine, pair, USUAL),
      );
    }
  },
);

gpuTest(
  "openWebGpuEngine() meets the oracle at the ends of the parameters' ranges",
  async () => {
    const pair = noisePair(2, 30_000, 4000);
    await withEngine(pair, {}, async (engine) => {
      for (const attack_ms of [0.1, 100]) {
        for (const release_ms of [10, 1000]) {
          for (const ratio of [1, 1.01, 20]) {
            const theta = toNatural({
              threshold_db: -25,
              ratio,
              attack_ms,
              release_ms,
              make_up_db: 3,
            }, pair.sampleRate);
            await assertMeetsReference(engine, pair, theta);
          }
        }
      }
    });
  },
);

gpuTest(
  "openWebGpuEngine() gives the same at every order, and again",
  async () => {
    const pair = noisePair(3, 9000, 1000);
    await withEngine(pair, {}, async (engine) => {
      const all = await engine.evaluate(USUAL, 2);
      assert(engine.statistics.rounds > 0);
      const gradient = await engine.evaluate(USUAL, 1);
      const value = await engine.evaluate(USUAL, 0);
      // The boundary states are those of the same θ: no round was needed.
      assert.equal(engine.statistics.rounds, 0);
      assert.deepEqual(gradient, {
        loss: all.loss,
        modelEnergy: all.modelEnergy,
        gradient: all.gradient,
      });
      assertClose([value.loss], [all.loss], 1e-6);
      assert.deepEqual(Object.keys(value).sort(), ["loss", "modelEnergy"]);
      assert.deepEqual(await engine.evaluate(USUAL, 2), all);
      // Nor for another make-up gain, on which the ballistics do not depend.
      const louder = USUAL.with(4, 3);
      await assertMeetsReference(engine, pair, louder);
      assert.equal(engine.statistics.rounds, 0);
      // Evaluations asked for together take turns.
      const other = USUAL.with(0, -20);
      const [first, second] = await Promise.all([
        engine.evaluate(USUAL, 2),
        engine.evaluate(other, 2),
      ]);
      assertClose([first.loss], [all.loss], 1e-6);
      assert(relativeDeviation([second.loss], [all.loss]) > 1e-3);
    });
  },
);

gpuTest(
  "openWebGpuEngine() falls back to the sequential run beyond its rounds",
  async () => {
    const pair = noisePair(3, 9000, 1000);
    for (const maxRounds of [0, 1, 2]) {
      await withEngine(pair, { maxRounds }, async (engine) => {
        await assertMeetsReference(engine, pair, USUAL);
        assert.equal(engine.statistics.rounds, maxRounds);
        assert.equal(engine.statistics.sequentialChunks, 3);
      });
    }
  },
);

gpuTest(
  "openWebGpuEngine() splits a batch that is too large for a buffer",
  async () => {
    const pair = noisePair(7, 9000, 1000);
    const whole = await withEngine(pair, {}, (engine) => {
      assert.equal(engine.parts.length, 1);
      return engine.evaluate(USUAL, 2);
    });
    // 40 segments a chunk, so 128 segments hold three.
    await withEngine(
      pair,
      { maxBufferBytes: 2 * 4 * 64 * SEGMENT },
      async (engine) => {
        assert.deepEqual(engine.parts.map(({ chunks }) => chunks), [3, 3, 1]);
        const split = await engine.evaluate(USUAL, 2);
        assertClose([split.loss], [whole.loss], 1e-7);
        assertClose(split.gradient!, whole.gradient!, 1e-6);
        assertClose(split.hessian!, whole.hessian!, 1e-6);
        await assertMeetsReference(engine, pair, USUAL.with(0, -25));
        assert.equal((await engine.boundaries()).gain.length, 7 * 40);
      },
    );
    await assert.rejects(
      openWebGpuEngine(pair, { maxBufferBytes: 1000 }),
      (error) =>
        error instanceof GpuError && /use shorter chunks/.test(error.message),
    );
  },
);

gpuTest("openWebGpuEngine() leads to the oracle's parameters", async () => {
  const sampleRate = 44100;
  const { samples: dry } = makeStimulus({ seconds: 4 });
  const wet = compress(dry, {
    threshold_db: -28,
    ratio: 3.5,
    attack_ms: 4,
    release_ms: 150,
    make_up_db: 4,
  }, sampleRate).map((x) => x * (1 - 0.2 * x * x));
  const pair = chunk({ dry, wet, sampleRate });
  const space = publishedCoordinates(sampleRate);
  const start = space.coordinates({
    threshold_db: -36,
    ratio: 4,
    attack_ms: 1,
    release_ms: 200,
    make_up_db: 0,
  });
  const fit = async (engine: Engine) => {
    const objective = objectiveOf(inParameters(engine, pair), space);
    const matched = await matchEnergy(objective, start);
    const { z } = await trustRegion(objective.evaluate, matched);
    return Object.values(space.values(z));
  };
  const expected = await fit(openReferenceEngine(pair));
  const actual = await withEngine(pair, {}, fit);
  actual.forEach((value, i) => assertClose([value], [expected[i]], 1e-3));
});

gpuTest(
  "openWebGpuEngine() refuses parameters that it cannot run",
  async () => {
    const pair = noisePair(1, 1000);
    await withEngine(pair, {}, async (engine) => {
      for (
        const theta of [
          Float64Array.of(-30, 0.75, 0, 2e-4, 1),
          Float64Array.of(-30, 0.75, 0.02, 1.5, 1),
          Float64Array.of(NaN, 0.75, 0.02, 2e-4, 1),
          Float64Array.of(-30, 0.75, 0.02, 2e-4, 0.3, 1),
        ]
      ) {
        await assert.rejects(
          engine.evaluate(theta, 0),
          /the WebGPU engine needs/,
        );
      }
      await assertMeetsReference(engine, pair, USUAL);
    });
  },
);

// Traffic.

gpuTest(
  "bytesPerSample() counts what the kernels write to the buffers",
  async () => {
    const pair = noisePair(2, 9000, 1000);
    const { device } = await requestGpu();
    const untouched = -7.5;
    await withEngine(pair, {}, async (engine) => {
      const [{ buffers, chunks, segments, stride }] = engine.parts;
      const used = chunks * segments;
      assert.equal(buffers.dry.size, 4 * SEGMENT * stride);
      assert.equal(buffers.wet.size, 4 * SEGMENT * stride);
      const counts = [
        [0, SUM.ERROR_MODEL, 0, 1],
        [1, SUM.MODEL_BY, LOCALS, ENTERINGS],
        [2, QUANTITIES, LOCALS, ENTERINGS],
      ] as const;
      for (const [order, sums, locals, enterings] of counts) {
        for (const buffer of [buffers.sums, buffers.local, buffers.entering]) {
          const fill = new Float32Array(buffer.size / 4).fill(untouched);
          device.queue.writeBuffer(buffer, 0, fill);
        }
        await engine.evaluate(USUAL, order);
        const planes = async (buffer: GPUBuffer) => {
          const words = await readFloats(await requestGpu(), buffer);
          return words.filter((word) => word !== untouched).length / used;
        };
        assert.equal(await planes(buffers.sums), sums);
        assert.equal(await planes(buffers.local), locals);
        assert.equal(await planes(buffers.entering), enterings);
      }
    });
  },
);

Deno.test("bytesPerSample() is the signal's bytes and a little for the states", () => {
  const kept = { meanRounds: 0, runs: 0, moves: 0 };
  const warm = { meanRounds: 6, runs: 4, moves: 5 };
  // Two passes over dry and wet; every run of the segments reads dry once.
  const states = bytesPerSample(2, kept) - 16;
  assert(states > 0 && states < 3);
  const more = bytesPerSample(2, warm) - bytesPerSample(2, kept) - 16;
  assert(more > 0 && more < 3);
  assert(bytesPerSample(2, warm) <= 40);
  assert(bytesPerSample(0, warm) < bytesPerSample(1, warm));
});

Deno.test("rooflineOf() is the slower of memory and arithmetic", () => {
  const rounds = { meanRounds: 6, runs: 4, moves: 5 };
  const samples = 16 * 12 * 44100;
  const estimate = rooflineOf(samples, 2, rounds);
  assert.equal(estimate.ms, Math.max(estimate.memoryMs, estimate.arithmeticMs));
  assertClose(
    [estimate.memoryMs],
    [samples * bytesPerSample(2, rounds) / 360e9 * 1e3],
    1e-12,
  );
  const slow = { name: "slow at sums", bandwidth: 1e15, flops: 1e9 };
  const bound = rooflineOf(samples, 2, rounds, slow);
  assert.equal(bound.ms, bound.arithmeticMs);
});

// The device. This test comes last: it takes the device away.

gpuTest(
  "requestGpu() and the engine say when the device is lost, and a new one serves",
  async () => {
    const gpu = await requestGpu();
    assert.equal(await requestGpu(), gpu);
    assert.equal(gpu.software, / in software$/.test(gpu.adapterName));
    const pair = noisePair(1, 1000);
    const engine = await openWebGpuEngine(pair);
    await engine.evaluate(USUAL, 0);
    gpu.device.destroy();
    await gpu.device.lost;
    await assert.rejects(
      engine.evaluate(USUAL, 1),
      (error) => error instanceof GpuError && /was lost/.test(error.message),
    );
    await engine.close();
    await assert.rejects(engine.evaluate(USUAL, 0), /has been closed/);
    await withEngine(
      pair,
      {},
      (next) => assertMeetsReference(next, pair, USUAL),
    );
  },
);
