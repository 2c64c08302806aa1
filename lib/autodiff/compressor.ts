/**
 * The objective of the peak-detector compressor, written once in differentiable
 * primitives, and its Hessian by any strategy.
 *
 *     static gain   G = min(0, s (CT − L)),  ĝ = exp(k G)
 *     ballistics    g − 1 = ballistics(ĝ − 1, a, r)
 *     model         p = c F(g x),  c = exp(k γ)
 *     loss          𝓛 = Σ e²,  e = p − y on the counted samples, else 0
 *
 * The level L is a function of the recording alone and comes in as data, as does
 * the pre-emphasised target y. F is linear, so the make-up gain c may stand before
 * it. The coordinates z are the published ones; their map to θ is part of what is
 * differentiated.
 *
 * @module
 */

import {
  coefficientOfTime,
  LEVEL_FLOOR,
  NEPER_PER_DB,
} from "../compressor/parameters.ts";
import type { ChunkedPair } from "../objective/chunks.ts";
import { PRE_EMPHASIS_POLE, preEmphasise } from "../objective/pre_emphasis.ts";
import type { Precision } from "./compile.ts";
import { type Executable, type MemoryUse, prepare } from "./executable.ts";
import {
  add,
  after,
  ballistics,
  delay,
  divide,
  exp,
  less,
  multiply,
  negate,
  recur,
  select,
  subtract,
  sum,
} from "./primitives.ts";
import { type Program, trace } from "./program.ts";
import { hessianBy, type Strategy } from "./strategies.ts";
import type { Value } from "./value.ts";

/** The recording, as the objective takes it: signals of shape [batch, time]. */
export interface Recording {
  /** Dry input x. */
  input: Value;
  /** Its level L, in dB. */
  level: Value;
  /** Pre-emphasised target y. */
  target: Value;
  /** Samples at the head of every chunk that the loss leaves out. */
  warmUp: number;
}

/** Static gain G = min(0, s (CT − L)), in dB. */
export function staticGain(
  threshold: Value,
  slope: Value,
  level: Value,
): Value {
  const above = subtract(threshold, level);
  return select(less(above, 0), multiply(slope, above), 0);
}

/** Loss 𝓛 at the natural parameters, under a static curve. */
export function loss(
  [threshold, slope, attack, release, makeUp]: Value[],
  { input, level, target, warmUp }: Recording,
  curve: typeof staticGain = staticGain,
): Value {
  const gainDb = curve(threshold, slope, level);
  const drive = subtract(exp(multiply(NEPER_PER_DB, gainDb)), 1);
  const gain = add(1, ballistics(drive, attack, release));
  const model = multiply(
    exp(multiply(NEPER_PER_DB, makeUp)),
    filter(multiply(gain, input)),
  );
  const error = after(subtract(model, target), warmUp);
  return sum(multiply(error, error));
}

/** Pre-emphasis F: p[n] = 0.995 p[n−1] + x[n] − x[n−1]. */
function filter(x: Value): Value {
  return recur(1 - PRE_EMPHASIS_POLE, subtract(x, delay(x)));
}

/** Natural parameters θ of the published coordinates z. */
export function natural(z: Value[], sampleRate: number): Value[] {
  const [threshold, ratio, attack, release, makeUp] = z;
  const between = (low: number, high: number, z: Value) =>
    add(low, divide(high - low, add(1, exp(negate(z)))));
  const time = (fastest: number, slowest: number, z: Value) =>
    between(
      coefficientOfTime(fastest, sampleRate),
      coefficientOfTime(slowest, sampleRate),
      z,
    );
  return [
    threshold,
    subtract(1, divide(1, between(1, 20, ratio))),
    time(0.1, 100, attack),
    time(10, 1000, release),
    makeUp,
  ];
}

/** Program of the Hessian by z: its upper triangle, row by row. */
export function hessianProgram(
  strategy: Strategy,
  sampleRate: number,
  warmUp: number,
  curve?: typeof staticGain,
): Program {
  return trace(5, 3, (z, [input, level, target]) => {
    const objective = (...z: Value[]) => [
      loss(natural(z, sampleRate), { input, level, target, warmUp }, curve),
    ];
    const hessian = hessianBy[strategy](objective)(...z);
    return hessian.flatMap((row, i) => row.slice(i));
  });
}

/** The Hessian on one recording, ready to be evaluated. */
export interface Hessian {
  readonly memory: MemoryUse;
  /** ∇²𝓛 at `z`, 5 × 5, row-major. */
  evaluate(z: ArrayLike<number>): Float64Array;
}

/** How a Hessian is computed. */
export interface HessianOptions {
  strategy: Strategy;
  /** Format of signals (default "single"). */
  precision?: Precision;
  /** Whether operations share sweeps (default true). */
  fuse?: boolean;
  /** Static curve, if it is not the compressor's own. */
  curve?: typeof staticGain;
}

/** Makes the Hessian on `pair` ready. */
export async function openHessian(
  pair: ChunkedPair,
  options: HessianOptions,
): Promise<Hessian> {
  const { strategy, curve, precision, fuse } = options;
  const { sampleRate, warmUp, starts, chunkLength: length } = pair;
  const program = hessianProgram(strategy, sampleRate, warmUp, curve);
  const executable = await prepare(program, {
    batch: starts.length,
    length,
    precision,
    fuse,
  });
  loadRecording(executable, pair);
  return {
    memory: executable.memory,
    evaluate(z) {
      const triangle = executable.run(z);
      const hessian = new Float64Array(25);
      let at = 0;
      for (let i = 0; i < 5; i++) {
        for (let j = i; j < 5; j++) {
          hessian[5 * i + j] = hessian[5 * j + i] = triangle[at++];
        }
      }
      return hessian;
    },
  };
}

/** Hands input, level and target of every chunk of `pair` to `executable`. */
function loadRecording(executable: Executable, pair: ChunkedPair): void {
  const { dry, wet, starts, chunkLength } = pair;
  const scratch = new Float64Array(chunkLength);
  starts.forEach((start, row) => {
    const input = dry.subarray(start, start + chunkLength);
    executable.load(0, row, input);
    for (let n = 0; n < chunkLength; n++) {
      const magnitude = Math.max(Math.abs(input[n]), LEVEL_FLOOR);
      scratch[n] = 20 * Math.log10(magnitude);
    }
    executable.load(1, row, scratch);
    preEmphasise(wet.subarray(start, start + chunkLength), scratch);
    executable.load(2, row, scratch);
  });
}
