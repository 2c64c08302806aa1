/**
 * How much of what a fit leaves is a linear filter that its model lacks: a converter's,
 * a transformer's, a delay of half a sample made by averaging. The times of such a fit
 * may be off by more than their standard errors say.
 *
 * With p and y the pre-emphasised model and target, and R and c the correlations over
 * one stretch of sound,
 *
 *     min over h of Σ (y[n] − Σ_k h_k p[n−k])²,  |k| ≤ 16:      R h = c
 *
 * is what the best short filter behind the model would leave.
 *
 * @module
 */

import { Matrix, solve } from "ml-matrix";
import { formatNumber, formatPercent } from "../base/format.ts";
import { openProcessor } from "../engines/open_processor.ts";
import type { Model, Values } from "../models/model.ts";
import { preEmphasise } from "../sound/pre_emphasis.ts";
import type { Pair } from "../sound/signal.ts";

/** Samples that the filter reaches to either side. */
const REACH = 16;

/** Seconds of sound that it is told by. */
const SECONDS = 10;

/** Part of the correlation that holds what the sound does not determine. */
const RIDGE = 1e-7;

/** ESR below which nobody needs to know. */
const LEAST_ESR = 1e-3;

/** Part of the error that is the filter's from which it is told of. */
const MUCH = 0.75;

/** ESR of `model` against `pair`, and what a filter behind it would leave. */
export async function filterLeft(
  { dry, wet, heard = dry, sampleRate }: Pair,
  model: Model,
  values: Values,
): Promise<{ esr: number; filtered: number }> {
  const length = Math.min(dry.length, Math.round(SECONDS * sampleRate));
  // From the start, for the unit's state to be known.
  const made = new Float64Array(length);
  const processor = await openProcessor(model, values, sampleRate);
  const part = dry.subarray(0, length);
  processor.process(
    part,
    made,
    heard === dry ? part : heard.subarray(0, length),
  );
  const p = preEmphasise(made, new Float64Array(length));
  const y = preEmphasise(wet.subarray(0, length), new Float64Array(length));
  const size = 2 * REACH + 1;
  const [from, to] = [size, length - size];
  let error = 0;
  let energy = 0;
  for (let n = from; n < to; n++) {
    error += (y[n] - p[n]) ** 2;
    energy += y[n] * y[n];
  }
  const product = (one: Float64Array, shift: number) => {
    let sum = 0;
    for (let n = from; n < to; n++) sum += one[n] * p[n - shift];
    return sum;
  };
  const own = Array.from({ length: size }, (_, shift) => product(p, shift));
  const cross = Array.from({ length: size }, (_, k) => product(y, k - REACH));
  const matrix = Matrix.zeros(size, size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) matrix.set(i, j, own[Math.abs(i - j)]);
    matrix.set(i, i, (1 + RIDGE) * own[0]);
  }
  const filter = solve(matrix, Matrix.columnVector(cross)).to1DArray();
  const explained = filter.reduce((sum, h, i) => sum + h * cross[i], 0);
  return {
    esr: error / energy,
    filtered: Math.max(0, 1 - explained / energy),
  };
}

/** What a person should know of such a filter, if it matters. */
export async function filterWarnings(
  pairs: readonly Pair[],
  model: Model,
  values: Values,
): Promise<string[]> {
  for (const pair of pairs) {
    const { esr, filtered } = await filterLeft(pair, model, values);
    const share = 1 - filtered / esr;
    if (!(esr > LEAST_ESR && share > MUCH)) continue;
    return [
      `${
        formatPercent(share, 2)
      } of the error is a linear filter that the model ${model.name} lacks, such as a converter's (it would leave an ESR of ${
        formatNumber(filtered, 2)
      }): the figures may be off by more than their ± says, the release first. Record through another converter, or at a higher rate`,
    ];
  }
  return [];
}
