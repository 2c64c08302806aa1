/**
 * The published cost of a Hessian: five ways of PyTorch on an RTX 3060 12 GB, "batch
 * size 16", chunks of 12 s at 44.1 kHz (C.-Y. Yu and G. Fazekas, AES AIMLA 2025).
 *
 * What the milliseconds are per is not certain. The published training script prints
 * the mean time of a Hessian divided by the number of chunks (`train_comp.py` of
 * aim-qmul/4a2a), so that they may be those of all 16 chunks or of one.
 *
 * @module
 */

/** A published way to the Hessian. */
export type PublishedHessian = {
  /** What it stands under, beside ours. */
  family: string;
  /** How it differentiates. */
  strategy: string;
  /** By which part of PyTorch. */
  variant: string;
  /** Memory, in MB. */
  megabytes: number;
  /** Time in milliseconds; see {@linkcode READINGS} for what of. */
  ms: number;
  /** The same per 16 chunks, by either reading. */
  low: number;
  /** See `low`. */
  high: number;
  /** The readings, in words. */
  remark: string;
};

/** What they are of. */
export const PUBLISHED_SIZE = {
  chunks: 16,
  chunk_seconds: 12,
  sample_rate: 44_100,
} as const;

/** Both readings of the published milliseconds, to stand wherever one of them does. */
export const READINGS =
  "per 16 chunks, or per chunk: the published script divides by their number";

/** The published columns. */
export const PUBLISHED_HESSIANS: readonly PublishedHessian[] = ([
  ["reverse-over-reverse", "torch.autograd", 1066, 26.5],
  ["reverse-over-reverse", "torch.func", 2358, 28.1],
  ["forward-over-reverse", "torch.func", 3534, 28.1],
  ["reverse-over-forward", "torch.func", 6306, 64.7],
  ["forward-over-forward", "torch.func", 5364, 38.9],
] as const).map(([strategy, variant, megabytes, ms]) => ({
  family: "published (RTX 3060)",
  strategy,
  variant,
  megabytes,
  ms,
  low: ms,
  high: PUBLISHED_SIZE.chunks * ms,
  remark: `${ms} ms ${READINGS}`,
}));

/** The fastest of them, and the one that takes the least memory. */
export const PUBLISHED_BEST = PUBLISHED_HESSIANS[0];
