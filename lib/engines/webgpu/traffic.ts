/**
 * Bytes of global memory that the engine moves, counted from its kernels, and
 * what that means for a GPU of known bandwidth (a roofline, Williams et al. 2009).
 *
 * @module
 */

import type { Order } from "../../objective/evaluation.ts";
import { ENTERINGS, LOCALS, QUANTITIES, SEGMENT, SUM } from "./kernels.ts";

/** What a kernel moves. */
export interface KernelTraffic {
  /** Name of the kernel. */
  kernel: string;
  /** Bytes of signal read, each sample. */
  signal: number;
  /** Words of segment states and sums read and written, each segment. */
  words: number;
  /** How often it runs in the evaluation. */
  times: number;
}

/** How an evaluation found its boundary states: see `RoundStatistics`. */
export interface Rounds {
  /** Newton rounds of a chunk, on average. */
  meanRounds: number;
  /** Mean number of times that a segment's samples were read in them. */
  runs: number;
  /** Mean number of times that the state entering a segment was moved. */
  moves: number;
}

const FLOAT = 4;
const ENTER = 2;
const LEAVE = 4;
const REACH = 2;

/** What each kernel of an evaluation of `order` moves. */
export function trafficOf(
  order: Order,
  { meanRounds, runs, moves }: Rounds,
): KernelTraffic[] {
  const once = (kernel: string, signal: number, words: number) => ({
    kernel,
    signal,
    words,
    times: 1,
  });
  const kernels: KernelTraffic[] = [];
  if (meanRounds > 0) {
    // Four derivative states; the mark of a segment to be run.
    kernels.push(once("begin", 0, 4 + 2 * ENTER + REACH));
    // Every segment's mark is read; those that have left their reach are run.
    kernels.push({
      kernel: "round",
      signal: 0,
      words: REACH,
      times: meanRounds,
    });
    kernels.push({
      kernel: "round, segments run",
      signal: FLOAT,
      words: ENTER + LEAVE + REACH,
      times: runs,
    });
    // States and maps twice.
    kernels.push({
      kernel: "settle",
      signal: 0,
      words: 2 * (ENTER + LEAVE),
      times: meanRounds,
    });
    // The reach is read; all three are written.
    kernels.push({
      kernel: "settle, segments moved",
      signal: 0,
      words: REACH + ENTER + LEAVE + REACH,
      times: moves,
    });
  }
  kernels.push(once("filter_link", 0, 2 * LEAVE + 1));
  if (order === 0) {
    kernels.push(once("linearise", 2 * FLOAT, ENTER + 1 + SUM.ERROR_MODEL));
    kernels.push(once("reduce", 0, SUM.ERROR_MODEL));
    return kernels;
  }
  kernels.push(once("linearise", 2 * FLOAT, ENTER + 1 + SUM.MODEL_BY + LOCALS));
  // D and g_i three times, u_P and u_i twice; G_i and U_i written.
  kernels.push(once("link_forward", 0, 3 * 5 + 2 * 5 + 8));
  // E three times; D, H, u_P twice; g_i, u_i; Σ e p_i read and written; Y, M.
  kernels.push(once("link_reverse", 0, 3 + 2 * 3 + 8 + 2 * 4 + 2));
  const quantities = order === 1 ? SUM.MODEL_BY : QUANTITIES;
  if (order === 2) {
    const sums = QUANTITIES - SUM.MODEL_BY;
    kernels.push(
      once("curvature", 2 * FLOAT, ENTER + ENTERINGS + 1 + sums),
    );
  }
  kernels.push(once("reduce", 0, quantities));
  return kernels;
}

/** Bytes moved each sample by an evaluation of `order`. */
export function bytesPerSample(order: Order, rounds: Rounds): number {
  return trafficOf(order, rounds).reduce(
    (sum, { signal, words, times }) =>
      sum + times * (signal + FLOAT * words / SEGMENT),
    0,
  );
}

/**
 * Instructions each sample, counted from the WGSL to about a tenth, a multiply and
 * add being one where they can be fused: the static curve (some 30), ballistics,
 * decay and filter of a round; the loss; with the first derivatives; the replay
 * with the second.
 */
const INSTRUCTIONS = { round: 55, value: 50, linearise: 95, curvature: 130 };

/** A GPU's peak figures. */
export interface GpuPeak {
  /** Name of the GPU. */
  name: string;
  /** Bytes a second. */
  bandwidth: number;
  /** Floating-point operations a second, in single precision; a fused multiply-add is two. */
  flops: number;
}

/** The GPU of the published timings, by its data sheet. */
export const RTX_3060: GpuPeak = {
  name: "RTX 3060",
  bandwidth: 360e9,
  flops: 12.7e12,
};

/** The least time that an evaluation can take: an estimate, not a measurement. */
export interface Roofline {
  /** Milliseconds to move the bytes. */
  memoryMs: number;
  /** Milliseconds of arithmetic. */
  arithmeticMs: number;
  /** The larger of the two. */
  ms: number;
}

/** Roofline of evaluating `samples` samples on `gpu`. */
export function rooflineOf(
  samples: number,
  order: Order,
  rounds: Rounds,
  gpu: GpuPeak = RTX_3060,
): Roofline {
  const instructions = rounds.runs * INSTRUCTIONS.round +
    (order === 0 ? INSTRUCTIONS.value : INSTRUCTIONS.linearise) +
    (order === 2 ? INSTRUCTIONS.curvature : 0);
  const memoryMs = 1e3 * samples * bytesPerSample(order, rounds) /
    gpu.bandwidth;
  const arithmeticMs = 1e3 * samples * instructions /
    (gpu.flops / 2);
  return { memoryMs, arithmeticMs, ms: Math.max(memoryMs, arithmeticMs) };
}
