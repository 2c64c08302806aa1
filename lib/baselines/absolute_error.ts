/**
 * The mean absolute error of the RMS-detector compressor and its gradient: the
 * loss that the compressors of Yu et al. (DAFx 2024) were fitted by.
 *
 *     𝓛₁ = mean |f − y|,     ∂𝓛₁/∂θᵢ = mean sign(f − y) fᵢ
 *
 * No pre-emphasis, nothing cut into chunks, the compressor at rest at the start.
 * The derivatives gᵢ of the gain run beside it, as in the double-precision engine.
 * The second derivative of |·| is zero almost everywhere and a spike elsewhere:
 * Newton's method has no use for this loss.
 *
 * @module
 */

import { MEAN_SQUARE_FLOOR, NEPER_PER_DB } from "../sound/units.ts";
import type { Engine } from "../objective/evaluation.ts";
import { byParameters } from "../engines/by_parameters.ts";
import type { Coordinates } from "../objective/coordinates.ts";
import { objectiveOf } from "../objective/objective.ts";
import { parseModel } from "../models/presets.ts";
import type { Evaluate } from "../optimise/minimiser.ts";
import type { Pair } from "../sound/signal.ts";

/** The loss on `pair` in the coordinates of `space`, of the model `rms`. */
export function absoluteErrorOf(pair: Pair, space: Coordinates): Evaluate {
  const engine: Engine = {
    name: "absolute error",
    targetEnergy: NaN, // nothing here asks for it, nor for the model's
    precision: 1e-12,
    evaluate: (theta, order) =>
      new Promise((resolve, reject) => {
        if (order > 1) {
          reject(
            new RangeError(
              "the absolute error has no Hessian: use a method that needs none",
            ),
          );
          return;
        }
        const { loss, gradient } = absoluteError(pair, theta);
        resolve({
          loss,
          modelEnergy: NaN,
          ...(order > 0 ? { gradient } : {}),
        });
      }),
    close: () => Promise.resolve(),
  };
  return objectiveOf(
    byParameters(engine, parseModel("rms"), pair.sampleRate),
    space,
  ).evaluate;
}

/** 𝓛₁ and its gradient by θ = (CT, s, a, r, v, γ). */
export function absoluteError(
  { dry, wet }: Pair,
  theta: Float64Array,
): { loss: number; gradient: Float64Array } {
  const [thresholdDb, s, attack, release, v, makeUpDb] = theta;
  const k = NEPER_PER_DB;
  const threshold = k * thresholdDb;
  const makeUp = Math.exp(k * makeUpDb);
  let gain = 1;
  let mean = 0;
  let meanV = 0;
  // gᵢ, and Σ sign(e) x gᵢ, for CT, s, a, r, v.
  let gainT = 0, gainS = 0, gainA = 0, gainR = 0, gainV = 0;
  let sumT = 0, sumS = 0, sumA = 0, sumR = 0, sumV = 0;
  let sum = 0;
  let loss = 0;
  for (let n = 0; n < dry.length; n++) {
    const x = dry[n];
    const square = Math.max(x * x, MEAN_SQUARE_FLOOR);
    meanV = (1 - v) * meanV + square - mean;
    mean += v * (square - mean);
    const below = threshold - 0.5 * Math.log(mean);
    const isActive = below < 0;
    const target = isActive ? Math.exp(s * below) : 1;
    const gap = target - gain;
    const isAttack = gap < 0;
    const alpha = isAttack ? attack : release;
    const beta = 1 - alpha;
    gainT *= beta;
    gainS *= beta;
    gainA *= beta;
    gainR *= beta;
    gainV *= beta;
    if (isActive) {
      const driven = alpha * target;
      gainT += driven * k * s;
      gainS += driven * below;
      gainV -= driven * s * 0.5 * meanV / mean;
    }
    if (isAttack) gainA += gap;
    else gainR += gap;
    gain += alpha * gap;
    const error = makeUp * gain * x - wet[n];
    loss += Math.abs(error);
    const signed = error > 0 ? x : error < 0 ? -x : 0;
    sumT += signed * gainT;
    sumS += signed * gainS;
    sumA += signed * gainA;
    sumR += signed * gainR;
    sumV += signed * gainV;
    sum += signed * gain;
  }
  const scale = makeUp / dry.length;
  return {
    loss: loss / dry.length,
    gradient: Float64Array.of(
      scale * sumT,
      scale * sumS,
      scale * sumA,
      scale * sumR,
      scale * sumV,
      k * scale * sum,
    ),
  };
}
