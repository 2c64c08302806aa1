/**
 * Measures the CPU engine on 16 chunks of 12 s at 44.1 kHz, beside the
 * double-precision engine and the straightforward kernel `one_pass`.
 *
 * The signals are the built-in stimulus and a surrogate target: the stimulus
 * through a compressor and a saturation. Every time is the median of evaluations
 * that go on until `seconds` have passed. The kernel `one_pass` and the engine on
 * one thread take turns, and their processor time is compared.
 *
 * @module
 */

import { makeStimulus } from "../data/stimulus.ts";
import type { Engine, Evaluation, Order } from "../objective/evaluation.ts";
import { byParameters } from "../engines/by_parameters.ts";
import { openCompiledEngine } from "../engines/compiled/compiled_engine.ts";
import { LANES, RECORD_BYTES } from "../engines/wasm/job.ts";
import { holdPool, type Pool } from "../engines/wasm/pool.ts";
import { openOnPool, openWasmEngine } from "../engines/wasm/wasm_engine.ts";
import { bestVariant, type Variant } from "../kernels/kernels.ts";
import { createFastCompressor } from "../compressor/render.ts";
import { vectorOf } from "../models/model.ts";
import { PAPER_MODEL, parseModel } from "../models/presets.ts";
import { chunk, type ChunkedPair } from "../sound/chunks.ts";
import type { Pair } from "../sound/signal.ts";
import { readWav, writeWav } from "../sound/wav.ts";
import { benchModels, type ModelTime } from "./model_bench.ts";
import { openOnePass } from "./one_pass.ts";
import { median } from "../base/statistics.ts";
import { medianTime, timesInTurn } from "./timing.ts";

/** Where everything is evaluated: the published starting point. */
export const BENCH_POINT = {
  threshold_db: -36,
  ratio: 4,
  attack_ms: 1,
  release_ms: 200,
  make_up_db: 0,
};

const SAMPLE_RATE = 44100;
const PAPER = parseModel(PAPER_MODEL);
const CHUNKS = 16;
const CHUNK_SECONDS = 12;
const HOP_SECONDS = 11;

/** Numbers of chunks of the scaling test; the last are 20 minutes. */
const SCALING = [1, 2, 4, 8, 16, 32, 64, 109];

/** Seconds of sound that `render` is measured on. */
const RENDER_SECONDS = 120;

/** Seconds of sound that loading is measured on. */
const LOAD_SECONDS = 1200;

/** Time of one order of derivatives. */
export interface OrderTime {
  /** Highest derivative: 0 value, 1 gradient, 2 Hessian. */
  order: Order;
  /** Median milliseconds on one thread. */
  one_thread_ms: number;
  /** Median milliseconds on all threads. */
  all_threads_ms: number;
  /** Milliseconds of the double-precision engine. */
  reference_ms: number;
  /** Nanoseconds per sample of all chunks, on one thread. */
  ns_per_sample: number;
}

/** What the bench found. */
export interface CpuBench {
  /** What was measured, on what. */
  setup: {
    chunks: number;
    chunk_seconds: number;
    sample_rate: number;
    threads: number;
    simd: Variant;
    deno: string;
  };
  /** Times by order. */
  orders: OrderTime[];
  /** The straightforward kernel, all three orders on one thread: processor times. */
  one_pass: {
    one_pass_ms: number;
    engine_ms: number;
    /** Engine's time over the straightforward kernel's. */
    ratio: number;
  };
  /** Relative deviation from the double-precision engine. */
  deviation: { loss: number; gradient: number; hessian: number };
  /** Every model on the compiled engine, beside the tuned kernel. */
  models: ModelTime[];
  /** Memory, in bytes. */
  memory: { data: number; beyond_data_per_thread: number };
  /** Streaming compressor. */
  render: { samples_per_second: number; times_real_time: number };
  /** From 16-bit WAV files of 20 minutes to an engine that is ready. */
  load: { seconds_of_sound: number; read_ms: number; open_ms: number };
  /** All three orders on all threads by number of chunks. */
  scaling: { chunks: number; all_threads_ms: number; ns_per_sample: number }[];
}

/** Runs the bench; `say` is told what is being measured. */
export async function runCpuBench(
  seconds: number,
  say: (what: string) => void,
): Promise<CpuBench> {
  await using hold = await holdPool();
  const { pool } = hold;
  const pair = benchPair(CHUNKS);
  const at = vectorOf(PAPER, BENCH_POINT);
  const samples = pair.starts.length * pair.chunkLength;

  say("engine");
  const all = inParameters(await openWasmEngine(pair));
  const one = inParameters(await openWasmEngine(pair, { threads: 1 }));
  const reference = await openCompiledEngine(pair, PAPER, {
    precision: "double",
  });
  const orders: OrderTime[] = [];
  let deviation = { loss: 0, gradient: 0, hessian: 0 };
  for (const order of [0, 1, 2] as const) {
    const evaluate = (engine: Engine) => () => engine.evaluate(at, order);
    const one_thread_ms = await medianTime(evaluate(one), seconds);
    const all_threads_ms = await medianTime(evaluate(all), seconds);
    say(`double precision, order ${order}`);
    const start = performance.now();
    const expected = await reference.evaluate(at, order);
    const reference_ms = performance.now() - start;
    orders.push({
      order,
      one_thread_ms,
      all_threads_ms,
      reference_ms,
      ns_per_sample: 1e6 * one_thread_ms / samples,
    });
    if (order === 2) {
      deviation = deviationOf(await all.evaluate(at, 2), expected);
    }
  }
  await all.close();

  say("straightforward kernel");
  const all3 = (engine: Engine) => () => engine.evaluate(at, 2);
  const onePass = inParameters(await openOnePass(pool, pair));
  const [one_pass_ms, engine_ms] = (await timesInTurn(
    [all3(onePass), all3(one)],
    seconds,
  )).map(median);
  await onePass.close();
  const models = await benchModels(pool, pair, all3(one), seconds, say);
  await one.close();

  say("memory");
  const memory = await measureMemory(pool, pair);
  say("render");
  const render = measureRender(seconds);
  say("loading 20 minutes");
  const load = await measureLoad();

  const scaling = [];
  for (const chunks of SCALING) {
    say(`${chunks} chunks`);
    const part = benchPair(chunks);
    const engine = inParameters(await openWasmEngine(part));
    const all_threads_ms = await medianTime(
      () => engine.evaluate(at, 2),
      seconds / 2,
    );
    await engine.close();
    scaling.push({
      chunks,
      all_threads_ms,
      ns_per_sample: 1e6 * all_threads_ms / (chunks * part.chunkLength),
    });
  }

  return {
    setup: {
      chunks: CHUNKS,
      chunk_seconds: CHUNK_SECONDS,
      sample_rate: SAMPLE_RATE,
      threads: pool.size,
      simd: bestVariant(),
      deno: Deno.version.deno,
    },
    orders,
    one_pass: { one_pass_ms, engine_ms, ratio: engine_ms / one_pass_ms },
    deviation,
    models,
    memory,
    render,
    load,
    scaling,
  };
}

/** An engine that computes by natural parameters, by those people write. */
function inParameters(engine: Engine): Engine {
  return byParameters(engine, PAPER, SAMPLE_RATE);
}

/** The pair that the bench and its peer evaluate on. */
export function benchPair(chunks: number = CHUNKS): ChunkedPair {
  return chunk(soundPair(chunks * HOP_SECONDS + 1));
}

/** Stimulus, repeated where it is long, and its surrogate target. */
function soundPair(seconds: number): Pair {
  const period = Math.min(seconds, CHUNKS * HOP_SECONDS + 1);
  const stimulus = makeStimulus({ seconds: period, sampleRate: SAMPLE_RATE });
  const length = Math.round(seconds * SAMPLE_RATE);
  const dry = new Float32Array(length);
  for (let at = 0; at < length; at += stimulus.samples.length) {
    dry.set(stimulus.samples.subarray(0, length - at), at);
  }
  const wet = new Float32Array(length);
  createFastCompressor({
    threshold_db: -24,
    ratio: 4.1,
    attack_ms: 2.2,
    release_ms: 235,
    make_up_db: 0.3,
  }, SAMPLE_RATE).process(dry, wet);
  for (let n = 0; n < length; n++) wet[n] *= 1 - 0.2 * wet[n] * wet[n];
  return { dry, wet, sampleRate: SAMPLE_RATE };
}

async function measureMemory(
  pool: Pool,
  pair: ChunkedPair,
): Promise<CpuBench["memory"]> {
  const before = pool.heap.bytes;
  const engine = await openOnPool(pool, pair);
  const data = RECORD_BYTES * pair.chunkLength *
    Math.ceil(pair.starts.length / LANES);
  const beyond = pool.heap.bytes - before - data;
  await engine.close();
  return {
    data,
    beyond_data_per_thread: Math.round(pool.scratchBytes + beyond / pool.size),
  };
}

function measureRender(seconds: number): CpuBench["render"] {
  const { dry } = soundPair(RENDER_SECONDS);
  const output = new Float32Array(dry.length);
  const times: number[] = [];
  const end = performance.now() + 1000 * seconds;
  while (times.length < 5 || performance.now() < end) {
    const compressor = createFastCompressor(BENCH_POINT, SAMPLE_RATE);
    const start = performance.now();
    compressor.process(dry, output);
    times.push(performance.now() - start);
  }
  const samples_per_second = 1000 * dry.length / median(times);
  return {
    samples_per_second,
    times_real_time: samples_per_second / SAMPLE_RATE,
  };
}

async function measureLoad(): Promise<CpuBench["load"]> {
  const pair = soundPair(LOAD_SECONDS);
  const folder = await Deno.makeTempDir();
  try {
    const paths = [`${folder}/dry.wav`, `${folder}/wet.wav`];
    const format = { bits: 16, float: false } as const;
    await writeWav(paths[0], pair.dry, { sampleRate: SAMPLE_RATE, format });
    await writeWav(paths[1], pair.wet, { sampleRate: SAMPLE_RATE, format });
    const start = performance.now();
    const [dry, wet] = await Promise.all(paths.map((path) => readWav(path)));
    const read = performance.now();
    const engine = await openWasmEngine(chunk({
      dry: dry.samples,
      wet: wet.samples,
      sampleRate: dry.sampleRate,
    }));
    const open = performance.now();
    await engine.close();
    return {
      seconds_of_sound: LOAD_SECONDS,
      read_ms: read - start,
      open_ms: open - read,
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function deviationOf(
  actual: Evaluation,
  expected: Evaluation,
): CpuBench["deviation"] {
  const relative = (a: Float64Array, b: Float64Array) => {
    const largest = Math.max(...b.map(Math.abs));
    return Math.max(...a.map((value, i) => Math.abs(value - b[i]))) / largest;
  };
  const { gradient, hessian } = actual;
  if (
    gradient === undefined || hessian === undefined ||
    expected.gradient === undefined || expected.hessian === undefined
  ) throw new Error("an engine left derivatives out");
  // By the coordinates' scale: dB, and logarithms of R − 1 and of times.
  const { ratio, attack_ms, release_ms } = BENCH_POINT;
  const scale = [1, ratio - 1, attack_ms, release_ms, 1];
  const vector = (v: Float64Array) => v.map((value, i) => value * scale[i]);
  const matrix = (m: Float64Array) =>
    m.map((value, i) => value * scale[i % 5] * scale[Math.floor(i / 5)]);
  return {
    loss: Math.abs(actual.loss / expected.loss - 1),
    gradient: relative(vector(gradient), vector(expected.gradient)),
    hessian: relative(matrix(hessian), matrix(expected.hessian)),
  };
}
