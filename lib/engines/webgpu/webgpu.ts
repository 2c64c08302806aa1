/**
 * The WebGPU engine: loss, gradient and Hessian, parallel over time as well as
 * over chunks. Peak detector, float32.
 *
 * A chunk is cut into segments of 256 samples, one GPU invocation each. An
 * evaluation is
 *
 * 1. `round.wgsl`, `settle.wgsl`: Newton's method on the gains at the segment
 *    boundaries, from those of the last evaluation, until they stand still. A
 *    round runs all segments side by side and closes with an affine scan. The
 *    ballistics are piecewise linear, monotone and contracting, so it ends at the
 *    sequential result (policy iteration for a min or max of affine maps; the
 *    idea of DEER, Lim et al., ICLR 2024). A run also finds how far the entering
 *    gain may move before a branch changes: within that reach the segment's map
 *    is known, and it need not be run again;
 * 2. `filter_link.wgsl`: the scan of the pre-emphasis states;
 * 3. `linearise.wgsl`: one pass for the loss and, within each segment, the first
 *    derivatives from zero and the adjoints of its entering states;
 * 4. `link_forward.wgsl`, `link_reverse.wgsl`: the scans that give the derivative
 *    states entering each segment and the adjoints behind it; the gradient is done;
 * 5. `curvature.wgsl`: one pass for the sums of the Hessian;
 * 6. `reduce.wgsl`: sums over the segments. The chunks' sums are added here, in
 *    double precision.
 *
 * A value needs 1–3 and 6, a gradient 1–4 and 6. Nothing of signal length is
 * written; `traffic.ts` counts what is read.
 *
 * @module
 */

import { mean } from "../../base/statistics.ts";
import { NEPER_PER_DB } from "../../sound/units.ts";
import type { ChunkedPair } from "../../sound/chunks.ts";
import type { Engine, Evaluation, Order } from "../../objective/evaluation.ts";
import { GpuError, guarded, requestGpu } from "./gpu.ts";
import { kernelsOn, SUM, TILE } from "./kernels.ts";
import {
  chunksPerPart,
  createPart,
  destroyPart,
  type Part,
  type PartResult,
  readFloats,
  run,
  writeParameters,
} from "./part.ts";

/** Options of {@linkcode openWebGpuEngine}. */
export interface WebGpuEngineOptions {
  /**
   * Newton rounds after which the segments that still move are run sequentially
   * (default 24). Those that are not needed return at once. The states settle
   * after at most as many rounds as a chunk has segments; in practice after a few.
   */
  maxRounds?: number;
  /** Bytes of the largest buffer (default the adapter's limit). */
  maxBufferBytes?: number;
}

/** A chunk's boundaries after an evaluation. */
export interface Boundaries {
  /** Segments in a chunk. */
  segments: number;
  /** Gain that enters each segment, chunk by chunk. */
  gain: Float64Array;
  /** 1 − Π β along each segment, which tells the branches taken. */
  decay: Float64Array;
}

/** How the last evaluation found its boundary states. */
export interface RoundStatistics {
  /** Most Newton rounds of a chunk; 0 where θ was that of the evaluation before. */
  rounds: number;
  /** Mean Newton rounds of the chunks. */
  meanRounds: number;
  /**
   * Mean number of times that a segment's samples were read in them. Segments
   * within their reach are left out, where the seven that share their cache lines
   * are too.
   */
  runs: number;
  /** Mean number of times that the state entering a segment was moved. */
  moves: number;
  /** Chunks that did not settle, and whose moving segments were run in turn. */
  sequentialChunks: number;
}

/** What an evaluation gives whose boundary states were known. */
const NO_ROUNDS: RoundStatistics = {
  rounds: 0,
  meanRounds: 0,
  runs: 0,
  moves: 0,
  sequentialChunks: 0,
};

/** The engine, and what a report says of it. */
export interface WebGpuEngine extends Engine {
  readonly name: "webgpu";
  /** Name of the adapter; a software adapter is called that. */
  readonly adapterName: string;
  /** True where the adapter is a program on the CPU. */
  readonly software: boolean;
  /** The parts that the batch is split into, to fit the adapter's buffers. */
  readonly parts: readonly Part[];
  /** Rounds of the last evaluation. */
  readonly statistics: RoundStatistics;
  /** Boundary states of the last evaluation. */
  boundaries(): Promise<Boundaries>;
}

/**
 * Opens the engine on `pair`.
 *
 * @throws {GpuError} where there is no adapter, or the pair does not fit.
 */
export async function openWebGpuEngine(
  pair: ChunkedPair,
  options: WebGpuEngineOptions = {},
): Promise<WebGpuEngine> {
  if (pair.heard !== undefined) {
    throw new RangeError(
      "the engine webgpu has no linked detector: use --engine wasm or reference",
    );
  }
  const gpu = await requestGpu();
  const kernels = await kernelsOn(gpu);
  const { maxStorageBufferBindingSize, maxBufferSize } = gpu.device.limits;
  const {
    maxRounds = 24,
    maxBufferBytes = Math.min(maxStorageBufferBindingSize, maxBufferSize),
  } = options;

  const parts: Part[] = [];
  const perPart = chunksPerPart(pair, maxBufferBytes);
  for (let first = 0; first < pair.starts.length; first += perPart) {
    const starts = pair.starts.slice(first, first + perPart);
    parts.push(
      await guarded(
        gpu,
        `chunks ${first + 1} to ${first + starts.length}`,
        () => createPart(gpu, kernels, pair, starts),
      ),
    );
  }

  let statistics = NO_ROUNDS;
  /** Where the boundary states were found, if they were. */
  let statesAt: Float64Array | undefined;
  /** Whether their derivatives are those at the same place. */
  let hasDerivatives = false;
  let closed = false;
  let lastTurn: Promise<unknown> = Promise.resolve();

  /** One after the other: evaluations share the buffers. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = lastTurn.then(async () => {
      if (closed) throw new GpuError("the WebGPU engine has been closed");
      gpu.check();
      try {
        return await work();
      } catch (error) {
        gpu.check();
        throw error;
      }
    });
    lastTurn = turn.catch(() => {});
    return turn;
  }

  async function evaluate(
    theta: Float64Array,
    order: Order,
  ): Promise<Evaluation> {
    checkTheta(theta);
    const ballistics = theta.slice(0, 4);
    const known = statesAt?.every((value, i) => value === ballistics[i]) ??
      false;
    const cold = statesAt === undefined;
    if (cold) hasDerivatives = false;
    const change = hasDerivatives ? changeOf(statesAt!, theta) : [0, 0, 0, 0];
    statesAt = undefined;
    const results = await Promise.all(parts.map((part) => {
      writeParameters(gpu, part, pair, theta, cold, change);
      return run(gpu, kernels, part, known ? undefined : maxRounds, order);
    }));
    statistics = statisticsOf(parts, results, known);
    const sums = new Float64Array(results[0].sums.length);
    for (const result of results) {
      result.sums.forEach((sum, i) => sums[i] += sum);
    }
    const evaluation = evaluationOf(theta, sums, order);
    // States that are not numbers must not be the next evaluation's start.
    if (Number.isFinite(evaluation.loss)) {
      hasDerivatives = order > 0 || (known && hasDerivatives);
      statesAt = ballistics;
    }
    return evaluation;
  }

  return {
    name: "webgpu",
    adapterName: gpu.adapterName,
    software: gpu.software,
    targetEnergy: parts.reduce((sum, part) => sum + part.targetEnergy, 0),
    precision: 1e-6,
    parts,
    get statistics() {
      return statistics;
    },
    evaluate: (theta, order) => inTurn(() => evaluate(theta, order)),
    boundaries: () =>
      inTurn(async () => {
        const segments = parts[0].segments;
        const gain: number[] = [];
        const decay: number[] = [];
        for (const part of parts) {
          const enter = await readFloats(gpu, part.buffers.enter);
          const leave = await readFloats(gpu, part.buffers.leave);
          for (let k = 0; k < part.chunks * segments; k++) {
            gain.push(enter[2 * k] + enter[2 * k + 1]);
            decay.push(leave[4 * k + 1]);
          }
        }
        return {
          segments,
          gain: Float64Array.from(gain),
          decay: Float64Array.from(decay),
        };
      }),
    async close() {
      await lastTurn;
      closed = true;
      parts.forEach(destroyPart);
    },
  };
}

function checkTheta(theta: Float64Array): void {
  const [threshold, slope, attack, release, makeUp] = theta;
  const isCoefficient = (value: number) => value > 0 && value <= 1;
  if (
    theta.length !== 5 ||
    ![threshold, slope, makeUp].every(Number.isFinite) ||
    ![attack, release].every(isCoefficient)
  ) {
    throw new RangeError(
      `θ = [${
        theta.join(", ")
      }]: the WebGPU engine needs finite threshold, slope and make-up, and attack and release in (0, 1]; it has the peak detector only`,
    );
  }
}

/** Change of (ψ, s', a, r), to first order: see `evaluationOf`. */
function changeOf(before: Float64Array, after: Float64Array): number[] {
  const factor = factorOf(before[1]);
  return factor.map((value, i) => value * (after[i] - before[i]));
}

/** ∂g/∂θ_i = factor_i · g_i with i = ψ, s', a, r. */
function factorOf(slope: number): number[] {
  return [NEPER_PER_DB * slope, Math.LN2, 1, 1];
}

function statisticsOf(
  parts: Part[],
  results: PartResult[],
  known: boolean,
): RoundStatistics {
  if (known) return NO_ROUNDS;
  const chunks = results.flatMap(({ progress }) => progress);
  const { segments } = parts[0];
  return {
    rounds: chunks.reduce((most, { rounds }) => Math.max(most, rounds), 0),
    meanRounds: mean(chunks.map(({ rounds }) => rounds)),
    runs: mean(chunks.map(({ runs }) => runs)) * TILE / segments,
    moves: mean(chunks.map(({ moves }) => moves)) / segments,
    sequentialChunks: chunks.filter(({ repaired }) => repaired).length,
  };
}

/**
 * The evaluation that `sums` amount to. Derivatives by θ follow from those by ψ
 * and s' (linearise.wgsl), with K = ln 2, as
 *
 *     g_CT = k s g_ψ     g_CT,CT = (k s)² g_ψ     g_CT,s = k g_ψ + k s g_s
 *     g_s  = K g_s'      g_ss    = K² g_s's'
 */
function evaluationOf(
  theta: Float64Array,
  sums: Float64Array,
  order: Order,
): Evaluation {
  const loss = sums[SUM.LOSS];
  const modelEnergy = sums[SUM.ENERGY];
  if (order === 0) return { loss, modelEnergy };

  const k = NEPER_PER_DB;
  const K = Math.LN2;
  const ks = k * theta[1];
  const factor = factorOf(theta[1]);
  const vector = (plane: number) =>
    factor.map((value, i) => value * sums[plane + i]);
  const errorModel = sums[SUM.ERROR_MODEL];
  const errorBy = vector(SUM.ERROR_BY);
  const gradient = Float64Array.from(
    [...errorBy, k * errorModel],
    (sum) => 2 * sum,
  );
  if (order === 1) return { loss, modelEnergy, gradient };

  const modelBy = vector(SUM.MODEL_BY);
  const [attackPsi, attackSlope, attackAttack, attackRelease] = sums.subarray(
    SUM.ERROR_ATTACK_BY,
  );
  const [releasePsi, releaseSlope, releaseRelease, slopeSlope] = sums.subarray(
    SUM.ERROR_RELEASE_BY,
  );
  // Σ e p_ij for i ≤ j, row by row.
  const errorByPair = [
    ks * errorBy[0],
    k * sums[SUM.ERROR_BY] + ks * errorBy[1],
    ks * attackPsi,
    ks * releasePsi,
    K * K * slopeSlope,
    K * attackSlope,
    K * releaseSlope,
    attackAttack,
    attackRelease,
    releaseRelease,
  ];
  const hessian = new Float64Array(25);
  let pair = 0;
  for (let i = 0; i < 4; i++) {
    for (let j = i; j < 4; j++, pair++) {
      const product = factor[i] * factor[j] * sums[SUM.PRODUCTS + pair];
      hessian[5 * i + j] =
        hessian[5 * j + i] =
          2 * (product + errorByPair[pair]);
    }
    hessian[5 * i + 4] =
      hessian[20 + i] =
        2 * k * (modelBy[i] + errorBy[i]);
  }
  hessian[24] = 2 * k * k * (modelEnergy + errorModel);
  return { loss, modelEnergy, gradient, hessian };
}
