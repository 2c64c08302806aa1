/**
 * A double-precision engine written by hand, for the models `4a-2a` and `rms` by
 * natural parameters θ: loss, gradient and Hessian in one forward pass, nothing of
 * signal length stored. It shares nothing with the engines it is compared with.
 *
 * With the branch α[n] locally constant, the gain g[n] = g[n−1] + α (ĝ − g[n−1])
 * and each of its derivatives obey a recurrence with the same β = 1 − α. Writing
 * α_i for ∂α/∂θ_i (1 on the attack branch for θ_i = a, on the release branch for
 * r, otherwise 0) and ĝ_i, ĝ_ij for the static gain's derivatives:
 *
 *     g_i[n]  = β g_i[n−1]  + α ĝ_i  + α_i (ĝ − g[n−1])
 *     g_ij[n] = β g_ij[n−1] + α ĝ_ij + α_i (ĝ_j − g_j[n−1]) + α_j (ĝ_i − g_i[n−1])
 *
 * The static gain is ĝ = exp(u), u = s (k CT − ℓ) where that is negative and 1
 * elsewhere, ℓ = ln level, so ĝ_i = ĝ u_i and ĝ_ij = ĝ (u_i u_j + u_ij). The RMS
 * detector has ℓ = ½ ln m, m[n] = m[n−1] + v (max(x², 1e-8) − m[n−1]), and adds
 *
 *     m_v[n]  = (1 − v) m_v[n−1]  + max(x², 1e-8) − m[n−1]
 *     m_vv[n] = (1 − v) m_vv[n−1] − 2 m_v[n−1]
 *     ℓ_v = m_v / 2m,   ℓ_vv = m_vv / 2m − 2 ℓ_v²
 *
 * Pre-emphasis F is linear, so p_i = F(c x g_i) and p_ij = F(c x g_ij); each
 * derivative by γ is a factor k. With e = p − y:
 *
 *     ∂𝓛/∂θ_i = 2 Σ e p_i,     ∂²𝓛/∂θ_i∂θ_j = 2 Σ (p_i p_j + e p_ij)
 *
 * @module
 */

import {
  LEVEL_FLOOR,
  MEAN_SQUARE_FLOOR,
  NEPER_PER_DB,
} from "../lib/sound/units.ts";
import type { ChunkedPair } from "../lib/sound/chunks.ts";
import { PRE_EMPHASIS_POLE } from "../lib/sound/pre_emphasis.ts";
import type { Engine, Evaluation, Order } from "../lib/objective/evaluation.ts";

/** Which detector drives the static curve. */
export type Detector = "peak" | "rms";

/** Options of {@linkcode openReferenceEngine}. */
export interface ReferenceEngineOptions {
  /** Detector of the model (default "peak"). */
  detector?: Detector;
}

/** Milliseconds of computing after which an interrupt is let in. */
const PAUSE_AFTER = 20;

/** Opens the double-precision engine on `pair`. */
export function openReferenceEngine(
  pair: ChunkedPair,
  options: ReferenceEngineOptions = {},
): Engine {
  const { detector = "peak" } = options;
  const targetEnergy = energyOfTarget(pair);
  let pausedAt = performance.now();
  return {
    name: "reference",
    targetEnergy,
    precision: 1e-12,
    async evaluate(theta, order) {
      if (performance.now() - pausedAt > PAUSE_AFTER) {
        // A timer lets the runtime rest, and only then does it look for signals.
        await new Promise<void>((resolve) => setTimeout(resolve));
        pausedAt = performance.now();
      }
      return evaluate(pair, detector, theta, order);
    },
    close: () => Promise.resolve(),
  };
}

function energyOfTarget(pair: ChunkedPair): number {
  const { wet, starts, chunkLength, warmUp } = pair;
  let energy = 0;
  for (const start of starts) {
    let y = 0;
    let previous = 0;
    for (let n = 0; n < chunkLength; n++) {
      const sample = wet[start + n];
      y = sample - previous + PRE_EMPHASIS_POLE * y;
      previous = sample;
      if (n >= warmUp) energy += y * y;
    }
  }
  return energy;
}

function evaluate(
  pair: ChunkedPair,
  detector: Detector,
  theta: Float64Array,
  order: Order,
): Evaluation {
  const { dry, wet, heard = dry, starts, chunkLength, warmUp } = pair;
  const isRms = detector === "rms";
  const size = theta.length;
  const [thresholdDb, s, a, r] = theta;
  const v = isRms ? theta[4] : 0;
  const k = NEPER_PER_DB;
  const pole = PRE_EMPHASIS_POLE;
  const threshold = k * thresholdDb;
  const makeUp = Math.exp(k * theta[size - 1]);

  // Derivatives by all parameters but γ: `inner` of first order, `pairs` of second.
  const inner = order > 0 ? size - 1 : 0;
  const rows: number[] = [];
  const columns: number[] = [];
  for (let i = 0; i < (order > 1 ? inner : 0); i++) {
    for (let j = i; j < inner; j++) {
      rows.push(i);
      columns.push(j);
    }
  }
  const pairs = rows.length;
  const rowOf = Int32Array.from(rows);
  const columnOf = Int32Array.from(columns);

  const alphaBy = new Float64Array(inner); // α_i
  const staticBy = new Float64Array(inner); // ĝ_i
  const exponentBy = new Float64Array(inner); // u_i
  const exponentByPair = new Float64Array(pairs); // u_ij
  const gainBy = new Float64Array(inner); // g_i
  const gainByPair = new Float64Array(pairs); // g_ij
  const driveBy = new Float64Array(inner); // c x g_i at n − 1
  const driveByPair = new Float64Array(pairs);
  const modelBy = new Float64Array(inner); // p_i
  const modelByPair = new Float64Array(pairs); // p_ij
  const pairIndex = (i: number, j: number) =>
    rows.findIndex((row, at) => row === i && columns[at] === j);
  const thresholdSlope = pairIndex(0, 1);
  const slopeAveraging = pairIndex(1, 4);
  const averagingTwice = pairIndex(4, 4);

  let loss = 0;
  let modelEnergy = 0;
  let errorTimesModel = 0; // Σ e p
  const errorTimesBy = new Float64Array(inner); // Σ e p_i
  const modelTimesBy = new Float64Array(inner); // Σ p p_i
  const curvature = new Float64Array(pairs); // Σ p_i p_j + e p_ij

  for (const start of starts) {
    let gain = 1;
    let meanSquare = 0;
    let meanSquareV = 0;
    let meanSquareVV = 0;
    let model = 0;
    let drive = 0;
    let target = 0;
    let wetBefore = 0;
    for (
      const state of [
        gainBy,
        gainByPair,
        driveBy,
        driveByPair,
        modelBy,
        modelByPair,
      ]
    ) state.fill(0);

    for (let n = 0; n < chunkLength; n++) {
      const x = dry[start + n];
      const h = heard[start + n];

      // Detector: ℓ = ln level and its derivatives by v.
      let level: number;
      let levelV = 0;
      let levelVV = 0;
      if (isRms) {
        const square = Math.max(h * h, MEAN_SQUARE_FLOOR);
        meanSquareVV = (1 - v) * meanSquareVV - 2 * meanSquareV;
        meanSquareV = (1 - v) * meanSquareV + square - meanSquare;
        meanSquare += v * (square - meanSquare);
        level = 0.5 * Math.log(meanSquare);
        levelV = 0.5 * meanSquareV / meanSquare;
        levelVV = 0.5 * meanSquareVV / meanSquare - 2 * levelV * levelV;
      } else {
        level = Math.log(Math.max(Math.abs(h), LEVEL_FLOOR));
      }

      // Static curve.
      const below = threshold - level;
      const active = below < 0;
      const staticGain = active ? Math.exp(s * below) : 1;
      const attacking = staticGain < gain;
      const alpha = attacking ? a : r;
      const beta = 1 - alpha;
      const gap = staticGain - gain;

      if (order > 0) {
        exponentBy[0] = active ? s * k : 0;
        exponentBy[1] = active ? below : 0;
        if (isRms) exponentBy[4] = active ? -s * levelV : 0;
        alphaBy[2] = attacking ? 1 : 0;
        alphaBy[3] = attacking ? 0 : 1;
        for (let i = 0; i < inner; i++) {
          staticBy[i] = staticGain * exponentBy[i];
        }
      }
      if (order > 1) {
        exponentByPair[thresholdSlope] = active ? k : 0;
        if (isRms) {
          exponentByPair[slopeAveraging] = active ? -levelV : 0;
          exponentByPair[averagingTwice] = active ? -s * levelVV : 0;
        }
        // Second order first: it needs the first order at n − 1.
        for (let ij = 0; ij < pairs; ij++) {
          const i = rowOf[ij];
          const j = columnOf[ij];
          const staticByPair = staticGain *
            (exponentBy[i] * exponentBy[j] + exponentByPair[ij]);
          gainByPair[ij] = beta * gainByPair[ij] + alpha * staticByPair +
            alphaBy[i] * (staticBy[j] - gainBy[j]) +
            alphaBy[j] * (staticBy[i] - gainBy[i]);
        }
      }
      for (let i = 0; i < inner; i++) {
        gainBy[i] = beta * gainBy[i] + alpha * staticBy[i] + alphaBy[i] * gap;
      }
      gain += alpha * gap;

      // Pre-emphasis of the model, its derivatives and the target.
      const scale = makeUp * x;
      const output = scale * gain;
      model = output - drive + pole * model;
      drive = output;
      for (let i = 0; i < inner; i++) {
        const value = scale * gainBy[i];
        modelBy[i] = value - driveBy[i] + pole * modelBy[i];
        driveBy[i] = value;
      }
      for (let ij = 0; ij < pairs; ij++) {
        const value = scale * gainByPair[ij];
        modelByPair[ij] = value - driveByPair[ij] + pole * modelByPair[ij];
        driveByPair[ij] = value;
      }
      const y = wet[start + n];
      target = y - wetBefore + pole * target;
      wetBefore = y;

      if (n >= warmUp) {
        const error = model - target;
        loss += error * error;
        modelEnergy += model * model;
        errorTimesModel += error * model;
        for (let i = 0; i < inner; i++) {
          errorTimesBy[i] += error * modelBy[i];
          modelTimesBy[i] += model * modelBy[i];
        }
        for (let ij = 0; ij < pairs; ij++) {
          curvature[ij] += modelBy[rowOf[ij]] * modelBy[columnOf[ij]] +
            error * modelByPair[ij];
        }
      }
    }
  }

  const evaluation: Evaluation = { loss, modelEnergy };
  const last = size - 1;
  if (order > 0) {
    const gradient = new Float64Array(size);
    for (let i = 0; i < inner; i++) gradient[i] = 2 * errorTimesBy[i];
    gradient[last] = 2 * k * errorTimesModel;
    evaluation.gradient = gradient;
  }
  if (order > 1) {
    const hessian = new Float64Array(size * size);
    for (let ij = 0; ij < pairs; ij++) {
      const i = rowOf[ij];
      const j = columnOf[ij];
      hessian[i * size + j] = hessian[j * size + i] = 2 * curvature[ij];
    }
    for (let i = 0; i < inner; i++) {
      hessian[i * size + last] =
        hessian[last * size + i] =
          2 * k * (modelTimesBy[i] + errorTimesBy[i]);
    }
    hessian[size * size - 1] = 2 * k * k * (modelEnergy + errorTimesModel);
    evaluation.hessian = hessian;
  }
  return evaluation;
}
