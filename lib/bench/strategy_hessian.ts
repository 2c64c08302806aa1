/**
 * The Hessian of a model of five parameters by the published coordinates z, by any
 * strategy: what experiment 01 compares. The map from z to the parameters is part
 * of what is differentiated.
 *
 * @module
 */

import type { Precision } from "../autodiff/compile.ts";
import { type MemoryUse, prepare } from "../autodiff/executable.ts";
import {
  add,
  divide,
  exp,
  log,
  negate,
  subtract,
} from "../autodiff/primitives.ts";
import { type Program, trace } from "../autodiff/program.ts";
import { hessianBy, type Strategy } from "../autodiff/strategies.ts";
import type { Value } from "../autodiff/value.ts";
import { loadChunk } from "../engines/compiled/compiled_engine.ts";
import { symmetric } from "../engines/compiled/programs.ts";
import { coefficientOfTime } from "../sound/units.ts";
import { type Model, valuesOf } from "../models/model.ts";
import { PAPER_MODEL, parseModel } from "../models/presets.ts";
import type { ChunkedPair } from "../sound/chunks.ts";
import { leastSquares } from "../objective/least_squares.ts";

/** The parameters as people write them, at the published coordinates z. */
function parametersAt(z: Value[], sampleRate: number): Value[] {
  const [threshold, ratio, attack, release, makeUp] = z;
  const between = (low: number, high: number, z: Value) =>
    add(low, divide(high - low, add(1, exp(negate(z)))));
  const time = (fastest: number, slowest: number, z: Value) => {
    const alpha = between(
      coefficientOfTime(fastest, sampleRate),
      coefficientOfTime(slowest, sampleRate),
      z,
    );
    return divide(-2200 / sampleRate, log(subtract(1, alpha)));
  };
  return [
    threshold,
    between(1, 20, ratio),
    time(0.1, 100, attack),
    time(10, 1000, release),
    makeUp,
  ];
}

/** Program of the Hessian by z: its upper triangle, row by row. */
function hessianProgram(
  model: Model,
  strategy: Strategy,
  sampleRate: number,
  warmUp: number,
): Program {
  return trace(5, 3, (z, [input, level, target]) => {
    const sound = { input, heard: input, level, sampleRate };
    const recording = { ...sound, target, warmUp };
    const objective = (...z: Value[]) => {
      const theta = valuesOf(model, parametersAt(z, sampleRate));
      return leastSquares(model, theta, recording).slice(0, 1);
    };
    const hessian = hessianBy[strategy](objective)(...z);
    return hessian.flatMap((row, i) => row.slice(i));
  });
}

/** The Hessian on one recording, ready to be evaluated. */
export interface StrategyHessian {
  readonly memory: MemoryUse;
  /** ∇²𝓛 at `z`, 5 × 5, row-major. */
  evaluate(z: ArrayLike<number>): Float64Array;
}

/** How a Hessian is computed. */
export interface StrategyHessianOptions {
  strategy: Strategy;
  /** Format of signals (default "single"). */
  precision?: Precision;
  /** Whether operations share sweeps (default true). */
  fuse?: boolean;
  /** Model with the parameters of the paper's (default that one). */
  model?: Model;
}

/** Makes the Hessian on `pair` ready. */
export async function openStrategyHessian(
  pair: ChunkedPair,
  options: StrategyHessianOptions,
): Promise<StrategyHessian> {
  const { strategy, precision, fuse } = options;
  const { model = parseModel(PAPER_MODEL) } = options;
  const { sampleRate, warmUp, starts, chunkLength: length } = pair;
  const program = hessianProgram(model, strategy, sampleRate, warmUp);
  const executable = await prepare(program, {
    batch: starts.length,
    length,
    precision,
    fuse,
  });
  const scratch = new Float64Array(length);
  starts.forEach((start, row) =>
    loadChunk(executable, row, pair, start, scratch)
  );
  return {
    memory: executable.memory,
    evaluate: (z) => symmetric(executable.run(z), 5),
  };
}
