/**
 * Measures the compiled engine, which serves every model, against the kernel that
 * is tuned to the model of the paper: both on one thread, in turn, on the same
 * sound, value, gradient and Hessian together. The ratio is the median of the
 * ratios of neighbouring runs, by processor time.
 *
 * @module
 */

import { openOnPool as openCompiled } from "../engines/compiled/compiled_engine.ts";
import { openProcessor } from "../engines/open_processor.ts";
import type { Pool } from "../engines/wasm/pool.ts";
import type { Engine } from "../objective/evaluation.ts";
import { startOf } from "../fitting/fit_config.ts";
import { type Model, type Values, vectorOf } from "../models/model.ts";
import { parseModel } from "../models/presets.ts";
import { type ChunkedPair } from "../sound/chunks.ts";
import { median } from "../base/statistics.ts";
import { medianTime, processorTime, timesInTurn } from "./timing.ts";

/** What is measured: the presets, and one that has everything a recording needs. */
const MODELS = ["4a-2a", "rms", "comp-4c", "opto", "opto+coupling"];

/** Seconds of sound that streams are measured on. */
const STREAM_SECONDS = 30;

/** Times of one model. */
export interface ModelTime {
  model: string;
  parameters: number;
  /** Processor time of all three orders on one thread, in ms. */
  one_thread_ms: number;
  /** The same over that of the tuned kernel for `4a-2a`, in turn. */
  ratio: number;
  /** Time on one thread over that on all. */
  speed_up: number;
  /** First evaluation on one chunk: tracing, compiling and running, in ms. */
  first_ms: number;
  /** Seconds of sound that a second of processor time renders, on one channel. */
  times_real_time: number;
}

/** Measures every model on `pair`, beside `tuned`, an engine on it with one thread. */
export async function benchModels(
  pool: Pool,
  pair: ChunkedPair,
  tuned: () => Promise<unknown>,
  seconds: number,
  say: (what: string) => void,
): Promise<ModelTime[]> {
  const found: ModelTime[] = [];
  for (const name of MODELS) {
    say(`model ${name}`);
    const model = parseModel(name);
    const values = startOf(model); // where its own fit starts
    const at = vectorOf(model, values);
    const evaluate = (engine: Engine) => () => engine.evaluate(at, 2);

    const first = await openCompiled(
      pool,
      { ...pair, starts: pair.starts.slice(0, 1) },
      model,
    );
    const start = performance.now();
    await first.evaluate(at, 2);
    const first_ms = performance.now() - start;
    await first.close();

    const one = await openCompiled(pool, pair, model, 1);
    const [mine, theirs] = await timesInTurn([evaluate(one), tuned], seconds);
    const one_wall = await medianTime(evaluate(one), seconds / 2);
    await one.close();
    const all = await openCompiled(pool, pair, model);
    const all_wall = await medianTime(evaluate(all), seconds / 2);
    await all.close();
    found.push({
      model: name,
      parameters: model.parameters.length,
      one_thread_ms: median(mine),
      ratio: median(mine.map((time, i) => time / theirs[i])),
      speed_up: one_wall / all_wall,
      first_ms,
      times_real_time: await streamSpeed(model, values, pair),
    });
  }
  return found;
}

async function streamSpeed(
  model: Model,
  values: Values,
  { dry, sampleRate }: ChunkedPair,
): Promise<number> {
  const input = dry.subarray(0, STREAM_SECONDS * sampleRate);
  const output = new Float32Array(input.length);
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    const processor = await openProcessor(model, values, sampleRate);
    const start = processorTime();
    processor.process(input, output);
    times.push(processorTime() - start);
  }
  // The first runs are not yet optimised by the runtime.
  return 1000 * input.length / sampleRate / Math.min(...times);
}
