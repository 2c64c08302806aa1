/**
 * The programs of a model's loss and derivatives, traced, cut into their one sweep
 * and compiled when they are first wanted, and kept.
 *
 * A Hessian is many sums. Where there is but one quad of chunks, a program can be in
 * two parts, each with about half of the work, for two threads: what both need, such
 * as the gain and its first derivatives, both compute.
 *
 * @module
 */

import { compileSweep, type Precision } from "../../autodiff/compile.ts";
import type { Program } from "../../autodiff/program.ts";
import { reachable, schedule, type Sweep } from "../../autodiff/schedule.ts";
import { nameOf } from "../../autodiff/simplify.ts";
import { assemble } from "../../autodiff/wasm.ts";
import { bestVariant } from "../../kernels/kernels.ts";
import type { Model } from "../../models/model.ts";
import { evaluationProgram } from "../../objective/least_squares.ts";
import type { ChunkedPair } from "../../sound/chunks.ts";
import type { Evaluation, Order } from "../../objective/evaluation.ts";
import { type CompiledProgram, RECORD_BYTES } from "../wasm/job.ts";

/** What records hold: the level as log₂ of amplitude, the target negated. */
const RECORD_UNITS = { level: 20 * Math.log10(2), target: -1 };

/**
 * Where the signals of a program lie: input, level and target in a record, then the
 * target's derivatives in the one behind it.
 */
const SIGNAL_PLACES = [0, 16, 32, RECORD_BYTES, RECORD_BYTES + 32];

/** A program that the pool can run. */
export interface EvaluationProgram extends CompiledProgram {
  program: Program;
  /** Its parts. */
  sweeps: Sweep[];
}

const traced = new WeakMap<Model, Map<string, Program>>();
const compiled = new WeakMap<Program, Map<number, EvaluationProgram>>();
let count = 0;

/** The program of `model` for `pair`; kept. Its later sums count from 1 on. */
export function tracedProgram(
  model: Model,
  order: Order,
  { sampleRate, heard, moves }: ChunkedPair,
  precision: Precision,
): Program {
  const linked = heard !== undefined;
  const delayed = moves !== undefined;
  const key = `${order} ${sampleRate} ${precision} ${linked} ${delayed}`;
  const ofModel = traced.get(model) ?? new Map<string, Program>();
  traced.set(model, ofModel);
  let program = ofModel.get(key);
  if (program === undefined) {
    program = evaluationProgram(model, order, {
      sampleRate,
      warmUp: 1,
      linked,
      delayed,
      units: precision === "single" ? RECORD_UNITS : undefined,
    });
    ofModel.set(key, program);
  }
  return program;
}

/** The program of `model`, in `parts`, for the records that the pool has of `pair`. */
export function compiledProgram(
  model: Model,
  order: Order,
  pair: ChunkedPair,
  parts: 1 | 2 = 1,
): EvaluationProgram {
  const program = tracedProgram(model, order, pair, "single");
  const known = compiled.get(program) ?? new Map<number, EvaluationProgram>();
  compiled.set(program, known);
  let found = known.get(parts);
  if (found === undefined) {
    const sweeps = (parts === 1 ? [program] : halves(program)).map((part) => {
      const [sweep, ...others] = schedule(part);
      if (others.length === 0) return sweep;
      throw new Error(
        `model ${model.name}: its derivatives do not come out of one pass; write it without sums over time`,
      );
    });
    const layout = {
      precision: "single",
      relaxed: bestVariant() === "relaxed",
      rowBytes: (pair.moves === undefined ? 1 : 2) * RECORD_BYTES,
      signal: (node: Program["signals"][number]) =>
        SIGNAL_PLACES[program.signals.indexOf(node)],
    } as const;
    const functions = sweeps.flatMap((sweep, i) => [
      compileSweep(sweep, `early${i}`, layout, false),
      compileSweep(sweep, `sweep${i}`, layout),
    ]);
    const bytes = assemble(functions, { shared: true });
    found = { number: ++count, bytes, program, sweeps };
    known.set(parts, found);
  }
  return found;
}

/** Two programs of the sums of `program`, cut where they have the same to do. */
function halves(program: Program): Program[] {
  const sums = reachable(program).filter((node) => nameOf(node) === "sum");
  const cutAt = (at: number): Program[] =>
    [sums.slice(0, at), sums.slice(at)]
      .map((outputs) => ({ ...program, outputs }));
  let [low, high] = [1, sums.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    const [first, second] = cutAt(middle).map((part) => reachable(part).length);
    if (first < second) low = middle + 1;
    else high = middle;
  }
  return cutAt(low);
}

/** The outputs of an evaluation's program as an evaluation. */
export function evaluationOf(
  outputs: ArrayLike<number>,
  size: number,
  order: Order,
): Evaluation {
  const evaluation: Evaluation = { loss: outputs[0], modelEnergy: outputs[1] };
  let at = 2;
  if (order > 0) {
    evaluation.gradient = Float64Array.from(
      { length: size },
      () => outputs[at++],
    );
  }
  if (order > 1) {
    evaluation.hessian = symmetric(outputs, size, at);
  }
  return evaluation;
}

/** The symmetric matrix whose upper triangle, row by row, begins at `from`. */
export function symmetric(
  triangle: ArrayLike<number>,
  size: number,
  from = 0,
): Float64Array {
  const matrix = new Float64Array(size * size);
  let at = from;
  for (let i = 0; i < size; i++) {
    for (let j = i; j < size; j++) {
      matrix[size * i + j] = matrix[size * j + i] = triangle[at++];
    }
  }
  return matrix;
}
