/**
 * Times the fused WebGPU engine against the same recurrences solved one by one on
 * the same adapter, and against the same Hessian in operations of TensorFlow.js on
 * its WebGPU backend, and puts its traffic beside a roofline.
 *
 * A Hessian without fusion (the adjoint form: README, "How it works") needs at
 * the least {@linkcode RECURRENCES} scans over whole signals. They are timed in
 * two ways: by a plain log-depth scan, and by the scan library's blocks. All that
 * happens between the scans is left out of both, to their favour; the engine's
 * time is that of the whole evaluation, its boundary states found anew.
 *
 * @module
 */

import { median } from "../base/statistics.ts";
import { toNatural } from "../compressor/parameters.ts";
import { makeStimulus } from "../data/stimulus.ts";
import { byParameters } from "../engines/by_parameters.ts";
import {
  bind,
  computePipeline,
  type Gpu,
  guarded,
  requestGpu,
} from "../engines/webgpu/gpu.ts";
import { createScan } from "../engines/webgpu/scan.ts";
import {
  bytesPerSample,
  type Roofline,
  rooflineOf,
  type Rounds,
  RTX_3060,
} from "../engines/webgpu/traffic.ts";
import { openWebGpuEngine } from "../engines/webgpu/webgpu.ts";
import { PAPER_MODEL, parseModel } from "../models/presets.ts";
import { chunk, type ChunkedPair } from "../sound/chunks.ts";
import { objectiveOf } from "../objective/objective.ts";
import { publishedCoordinates } from "../objective/coordinates.ts";
import { measureHessian, type Measurement } from "./measure_hessian.ts";
import { openPeerHessian } from "./peer.ts";
import plainScanCode from "./plain_scan.wgsl" with { type: "text" };

/**
 * Scans of a Hessian without fusion: two rounds of the ballistics, the filter of
 * the model, its transpose, the adjoint of the gain, four first derivatives and
 * their filters.
 */
export const RECURRENCES = 2 + 1 + 1 + 1 + 4 + 4;

/** Where the Hessian is taken, and where the thresholds of the timing start. */
const START = {
  threshold_db: -30,
  ratio: 4,
  attack_ms: 3,
  release_ms: 300,
  make_up_db: 0,
};

/** What to time. */
export interface WebGpuBenchOptions {
  /** Chunks of the batch (default 4). */
  chunks?: number;
  /** Length of a chunk, in seconds (default 1). */
  chunkSeconds?: number;
  /** Times each thing is timed; the median counts (default 3). */
  repetitions?: number;
  /** Whether the published library is timed as well, on the same card. */
  peer?: boolean;
}

/** What was measured, in milliseconds, and estimated. */
export interface WebGpuBench {
  /** Name of the adapter; a software adapter is called that. */
  adapter: string;
  chunks: number;
  chunkSeconds: number;
  /** Value alone, boundary states found anew. */
  valueMs: number;
  /** Value, gradient and Hessian, boundary states found anew. */
  hessianMs: number;
  /** How the last such evaluation found its boundary states. */
  rounds: Rounds;
  /** `RECURRENCES` plain log-depth scans. */
  plainScansMs: number;
  /** `RECURRENCES` scans by blocks. */
  blockScansMs: number;
  /** The Hessian in TensorFlow.js, in a process of its own. */
  frameworkMs: number;
  /** Largest distance of its Hessian from the engine's, by the largest entry. */
  frameworkDeviation: number;
  /** Median time of the published library's Hessian by its CUDA scan. */
  peerMs?: number;
  /** Largest distance of its Hessian from the engine's, by the largest entry. */
  peerDeviation?: number;
  /** `peerMs` over `hessianMs`. */
  peerRatio?: number;
  /** Versions of its parts. */
  peerVersions?: Record<string, string>;
  /** `plainScansMs` over `hessianMs`. */
  plainRatio: number;
  /** `blockScansMs` over `hessianMs`. */
  blockRatio: number;
  /** `frameworkMs` over `hessianMs`. */
  frameworkRatio: number;
  /** Bytes of global memory a sample of a Hessian with these rounds. */
  bytesPerSample: number;
  /** Roofline of 16 chunks of 12 s on an RTX 3060: an estimate. */
  estimate: Roofline;
}

/** Times the engine and the scans. */
export async function benchWebGpu(
  options: WebGpuBenchOptions = {},
): Promise<WebGpuBench> {
  const { chunks = 4, chunkSeconds = 1, repetitions = 3, peer } = options;
  const sampleRate = 44100;
  const { samples: dry } = makeStimulus({ seconds: chunks * chunkSeconds });
  const pair = chunk({ dry, wet: dry, sampleRate }, {
    chunkSeconds,
    overlapSeconds: 0,
  });
  const gpu = await requestGpu();
  const engine = await openWebGpuEngine(pair);
  const space = publishedCoordinates(sampleRate);
  const z = space.coordinates(START);
  const { hessian } = await objectiveOf(
    byParameters(engine, parseModel(PAPER_MODEL), sampleRate),
    space,
  ).evaluate(z, 2);
  let threshold = START.threshold_db;
  let rounds: Rounds = engine.statistics;
  const evaluate = (order: 0 | 2) => async () => {
    // Another θ each time, as in an optimiser, so that the states move.
    threshold += 0.1;
    const theta = toNatural({ ...START, threshold_db: threshold }, sampleRate);
    await engine.evaluate(theta, order);
    rounds = engine.statistics;
  };
  const valueMs = await medianTime(repetitions, evaluate(0));
  const hessianMs = await medianTime(repetitions, evaluate(2));
  await engine.close();

  const extents = { batch: pair.starts.length, time: pair.chunkLength };
  const plainScansMs = await timePlainScans(gpu, extents, repetitions);
  const blockScansMs = await timeBlockScans(gpu, extents, repetitions);
  const framework = await measureFramework(pair, z);
  const frameworkMs = framework.milliseconds[0];
  const largest = Math.max(...hessian!.map(Math.abs));
  const deviation = (other: readonly number[]) =>
    Math.max(...other.map((value, i) => Math.abs(value - hessian![i]))) /
    largest;
  const published = peer ? await measurePeer(pair, z, repetitions) : undefined;
  return {
    adapter: gpu.adapterName,
    chunks,
    chunkSeconds,
    valueMs,
    hessianMs,
    rounds,
    plainScansMs,
    blockScansMs,
    frameworkMs,
    frameworkDeviation: deviation(framework.hessian),
    ...published && {
      peerMs: published.milliseconds,
      peerDeviation: deviation(published.hessian),
      peerRatio: published.milliseconds / hessianMs,
      peerVersions: published.versions,
    },
    plainRatio: plainScansMs / hessianMs,
    blockRatio: blockScansMs / hessianMs,
    frameworkRatio: frameworkMs / hessianMs,
    bytesPerSample: bytesPerSample(2, rounds),
    estimate: rooflineOf(16 * 12 * sampleRate, 2, rounds, RTX_3060),
  };
}

/** One Hessian in TensorFlow.js at `z`, after one that warms it up. */
async function measureFramework(
  pair: ChunkedPair,
  z: Float64Array,
): Promise<Measurement> {
  const { dry, wet, sampleRate, starts, chunkLength, warmUp } = pair;
  const samples = await Deno.makeTempFile({ prefix: "webgpu_bench_" });
  try {
    const both = new Float32Array(dry.length + wet.length);
    both.set(dry);
    both.set(wet, dry.length);
    await Deno.writeFile(samples, new Uint8Array(both.buffer));
    return await measureHessian({
      method: "tensorflow",
      tensorflowBackend: "webgpu",
      samples,
      division: { sampleRate, starts, chunkLength, warmUp },
      z: [...z],
      seconds: 0,
    });
  } finally {
    await Deno.remove(samples);
  }
}

/** The median Hessian of the published library at `z`, after one that compiles. */
async function measurePeer(
  pair: ChunkedPair,
  z: Float64Array,
  repetitions: number,
) {
  const peer = await openPeerHessian(pair, { device: "cuda" });
  try {
    await peer.evaluate(z);
    const answers = [];
    for (let i = 0; i < repetitions; i++) answers.push(await peer.evaluate(z));
    return {
      milliseconds: median(answers.map(({ milliseconds }) => milliseconds)),
      hessian: answers[0].hessian.flat(),
      versions: answers[0].versions,
    };
  } finally {
    await peer.close();
  }
}

interface Extents {
  batch: number;
  time: number;
}

/** Median time of `work` in milliseconds, after one run that does not count. */
async function medianTime(
  repetitions: number,
  work: () => Promise<unknown>,
): Promise<number> {
  await work();
  const times: number[] = [];
  for (let i = 0; i < repetitions; i++) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  return median(times);
}

function signal(gpu: Gpu, { batch, time }: Extents): GPUBuffer {
  return gpu.device.createBuffer({
    size: 4 * batch * time,
    usage: GPUBufferUsage.STORAGE,
  });
}

async function submit(
  { device }: Gpu,
  encode: (pass: GPUComputePassEncoder) => void,
): Promise<void> {
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  encode(pass);
  pass.end();
  device.queue.submit([encoder.finish()]);
  await device.queue.onSubmittedWorkDone();
}

async function timePlainScans(
  gpu: Gpu,
  extents: Extents,
  repetitions: number,
): Promise<number> {
  const { device } = gpu;
  const { batch, time } = extents;
  const pipeline = await computePipeline(device, "plain scan", plainScanCode);
  const buffers: GPUBuffer[] = [];
  const levels = await guarded(gpu, "plain scans", () => {
    const signals = [0, 1, 2, 3].map(() => signal(gpu, extents));
    buffers.push(...signals);
    const bindings: GPUBindGroup[] = [];
    for (let reach = 1, turn = 0; reach < time; reach *= 2, turn = 1 - turn) {
      const uniform = device.createBuffer({
        size: 8,
        usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
      });
      device.queue.writeBuffer(uniform, 0, Uint32Array.of(time, reach));
      buffers.push(uniform);
      const [a, b, c, d] = signals;
      const pairs = turn === 0 ? [a, b, c, d] : [c, d, a, b];
      bindings.push(bind(device, pipeline, [uniform, ...pairs]));
    }
    return bindings;
  });
  const ms = await medianTime(repetitions, () =>
    submit(gpu, (pass) => {
      pass.setPipeline(pipeline);
      for (let i = 0; i < RECURRENCES; i++) {
        for (const level of levels) {
          pass.setBindGroup(0, level);
          pass.dispatchWorkgroups(Math.ceil(time / 64), batch);
        }
      }
    }));
  for (const buffer of buffers) buffer.destroy();
  return ms;
}

async function timeBlockScans(
  gpu: Gpu,
  extents: Extents,
  repetitions: number,
): Promise<number> {
  const beta = signal(gpu, extents);
  const u = signal(gpu, extents);
  const scan = await createScan(gpu, extents, { beta, u });
  const ms = await medianTime(repetitions, () =>
    submit(gpu, (pass) => {
      for (let i = 0; i < RECURRENCES; i++) scan.encode(pass);
    }));
  scan.destroy();
  beta.destroy();
  u.destroy();
  return ms;
}
