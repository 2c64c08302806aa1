/**
 * Measures several ways to a Hessian in rounds: in each, every one has its turn, in a
 * process of its own, so that what the machine does beside it meets all of them alike.
 *
 * @module
 */

import type { TensorflowBackend } from "../frameworks/tensorflow/names.ts";
import type { ChunkedPair } from "../sound/chunks.ts";
import type { HessianMethod } from "./hessian_methods.ts";
import {
  MeasureError,
  measureHessian,
  type Measurement,
} from "./measure_hessian.ts";
import { median } from "../base/statistics.ts";

/** A way to the Hessian, and what was found of it. */
export interface MeasuredMethod
  extends Pick<HessianMethod, "family" | "strategy" | "variant"> {
  /** Its name. */
  method: string;
  /** Median of the rounds, in milliseconds; absent where there is none. */
  ms?: number;
  /** Median of each round's evaluations. */
  rounds_ms: number[];
  /** The most that its own allocator had live at once, in MB, if it counts. */
  megabytes?: number;
  /** How much of that is the recording, as it lays it out. */
  recording_megabytes?: number;
  /** The most memory that its process had, in MB. */
  process_megabytes?: number;
  /** What it ran on, where that is not the processor. */
  device?: string;
  /** The Hessian, row-major. */
  hessian?: number[];
  /** Largest deviation from another Hessian, over its largest entry. */
  deviation?: number;
  /** Why there are no figures. */
  not_measured?: string;
}

/** How it is measured. */
export interface RoundOptions {
  /** Where the Hessian is taken, in the published coordinates. */
  z: number[];
  /** How many. */
  rounds: number;
  /** Seconds of warm-up, and of timing, at a turn. */
  seconds: number;
  /** A method whose turn takes longer, in seconds, has no further round. */
  slowSeconds: number;
  /** Where TensorFlow.js computes. */
  tensorflowBackend: TensorflowBackend;
}

/**
 * Measures `methods` on `pair`. A method that cannot be measured says why in its
 * place. `onTurn` is told how many turns are over, and whose comes.
 */
export async function measureRounds(
  pair: ChunkedPair,
  methods: readonly HessianMethod[],
  { rounds, slowSeconds, ...request }: RoundOptions,
  onTurn: (done: number, method: string) => void = () => {},
): Promise<MeasuredMethod[]> {
  const { sampleRate, starts, chunkLength, warmUp } = pair;
  const found = methods.map((
    { name, family, strategy, variant },
  ): MeasuredMethod => ({
    method: name,
    family,
    strategy,
    variant,
    rounds_ms: [],
  }));
  const slow = new Set<MeasuredMethod>();
  const samples = await Deno.makeTempFile({ prefix: "hessian_bench_" });
  try {
    const both = new Float32Array(2 * pair.dry.length);
    both.set(pair.dry);
    both.set(pair.wet, pair.dry.length);
    await Deno.writeFile(samples, new Uint8Array(both.buffer));
    let turns = 0;
    for (let round = 0; round < rounds; round++) {
      for (const one of found) {
        onTurn(turns++, one.method);
        if (one.not_measured !== undefined || slow.has(one)) continue;
        const start = performance.now();
        try {
          const measured = await measureHessian({
            ...request,
            method: one.method,
            samples,
            division: { sampleRate, starts, chunkLength, warmUp },
          });
          addRound(one, measured);
        } catch (error) {
          if (!(error instanceof MeasureError)) throw error;
          one.not_measured = error.message;
        }
        if (performance.now() - start > 1000 * slowSeconds) slow.add(one);
      }
    }
  } finally {
    await Deno.remove(samples);
  }
  return found;
}

function addRound(one: MeasuredMethod, measured: Measurement): void {
  const { milliseconds, memory, processBytes, device, hessian } = measured;
  one.rounds_ms.push(median(milliseconds));
  Object.assign(one, {
    ms: median(one.rounds_ms),
    megabytes: memory && memory.peakBytes / 1e6,
    recording_megabytes: memory && memory.recordingBytes / 1e6,
    process_megabytes: processBytes / 1e6,
    device,
    hessian,
  });
}

/**
 * Compares each Hessian with that of the method `yardstick`. A Hessian that is wrong
 * can be had in no time.
 *
 * @throws {Error} where the yardstick has none.
 */
export function compareWith(
  yardstick: string,
  found: readonly MeasuredMethod[],
): void {
  const { hessian: expected, not_measured } = found
    .find(({ method }) => method === yardstick)!;
  if (expected === undefined) {
    throw new Error(`${yardstick} could not be measured: ${not_measured}`);
  }
  const largest = Math.max(...expected.map(Math.abs));
  for (const one of found) {
    if (one.method === yardstick || one.hessian === undefined) continue;
    const distances = one.hessian.map((h, i) => Math.abs(h - expected[i]));
    one.deviation = Math.max(...distances) / largest;
  }
}

/** What one way takes of the time and the memory of another, in per cent. */
export type Ratio = {
  /** The one. */
  method: string;
  /** The other. */
  of: string;
  /** Of its time. */
  time_percent: number;
  /** Of what its allocator had, where both count. */
  memory_percent: number;
  /** Of the memory of its process. */
  process_percent: number;
};

/** The ratios of `pairs` of methods; pairs of which one was not measured are left out. */
export function ratiosOf(
  found: readonly MeasuredMethod[],
  pairs: readonly (readonly [method: string, of: string])[],
): Ratio[] {
  const measured = (name: string) =>
    found.find(({ method, ms }) => method === name && ms !== undefined);
  return pairs.flatMap(([method, of]) => {
    const [a, b] = [measured(method), measured(of)];
    if (a === undefined || b === undefined) return [];
    const percent = (key: "ms" | "megabytes" | "process_megabytes") =>
      100 * (a[key] ?? NaN) / (b[key] ?? NaN);
    return [{
      method,
      of,
      time_percent: percent("ms"),
      memory_percent: percent("megabytes"),
      process_percent: percent("process_megabytes"),
    }];
  });
}
