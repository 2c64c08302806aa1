/**
 * Scores a rendering against a recording, as a whole and in parts: by kind of
 * sound, and in blocks of equal length that a bootstrap can draw from.
 *
 * The filters run through from the first sample to the last, so the parts' sums
 * add up to the whole. What lies before `from` is heard but not counted.
 *
 *     ESR = Σ e² / Σ y²      LDR = sqrt(mean l²)      ΔLDR = LDR(model) − LDR(target)
 *
 * with e, y and l as in `esr.ts` and `loudness_dynamic_range.ts`, each sum over
 * the samples of the part.
 *
 * @module
 */

import { PRE_EMPHASIS_POLE } from "../sound/pre_emphasis.ts";
import type { Signal } from "../sound/signal.ts";
import {
  LDR_FLOOR,
  LONG_TIME_CONSTANT,
  SHORT_TIME_CONSTANT,
} from "../sound/loudness_dynamic_range.ts";
import type { Score } from "./score.ts";

/** A stretch of the recording in which one kind of sound is played. */
export interface Stretch {
  /** The kind. */
  kind: string;
  /** First sample. */
  start: number;
  /** Samples. */
  length: number;
}

/** What is counted, and how it is parted. */
export interface BreakdownOptions {
  /** Samples a second. */
  sampleRate: number;
  /** First sample counted (default 0). */
  from?: number;
  /** Sample after the last one counted (default: the end). */
  to?: number;
  /** What sounds where, in order; stretches outside what is counted are cut. */
  stretches?: readonly Stretch[];
  /** Samples of a block (default: one second). */
  blockLength?: number;
}

/** Scores of one kind of sound. */
export interface KindScore extends Score {
  /** The kind. */
  kind: string;
  /** How much of it was counted, in seconds. */
  seconds: number;
  /** Its part of the target's energy. */
  share: number;
}

/** Energies of the blocks, one after the other. */
export interface BlockEnergies {
  /** Σ e² of each block. */
  error: number[];
  /** Σ y² of each block. */
  target: number[];
}

/** Scores of a rendering. */
export interface Breakdown extends Score {
  /** By kind of sound, in order of first appearance; silent ones left out. */
  kinds: KindScore[];
  /** By block; the last one may be shorter. */
  blocks: BlockEnergies;
}

/** A run of samples that belong to the same block and kind. */
interface Run {
  end: number;
  block: number;
  kind: number;
}

/** Sums over each run. */
interface RunSums {
  energy: Float64Array;
  squaredLevel: Float64Array;
}

/**
 * Takes in `target` and returns the function that scores renderings of the same
 * length against it.
 *
 * @throws {RangeError} where what is counted is empty or silent.
 */
export function openBreakdown(
  target: Signal,
  options: BreakdownOptions,
): (model: Signal) => Breakdown {
  const { sampleRate, from = 0, to = target.length, stretches = [] } = options;
  const { blockLength = Math.round(sampleRate) } = options;
  if (!(from >= 0 && from < to && to <= target.length)) {
    throw new RangeError(
      `counted samples ${from} to ${to} of ${target.length}: give a part that lies within the recording`,
    );
  }
  const kinds = [...new Set(stretches.map(({ kind }) => kind))];
  const runs = runsOf(from, to, blockLength, stretches, kinds);
  const targetSums = sumsOf(target, from, runs, sampleRate);
  const blockCount = runs[runs.length - 1].block + 1;
  const energyOf = (sums: Float64Array) => total(sums, () => true);
  if (!(energyOf(targetSums.energy) > 0)) {
    throw new RangeError(
      "the target is silent where it is counted: give a recording with sound in it",
    );
  }
  const lengths = Float64Array.from(
    runs,
    ({ end }, i) => end - (i === 0 ? from : runs[i - 1].end),
  );

  function total(
    sums: Float64Array,
    isCounted: (run: Run) => boolean,
  ): number {
    let sum = 0;
    runs.forEach((run, i) => sum += isCounted(run) ? sums[i] : 0);
    return sum;
  }

  return (model) => {
    if (model.length !== target.length) {
      throw new RangeError(
        `model has ${model.length} samples, target ${target.length}: trim them to the same length`,
      );
    }
    const error = errorEnergies(model, target, from, runs);
    const modelSums = sumsOf(model, from, runs, sampleRate);
    const scoreOf = (isCounted: (run: Run) => boolean): Score => {
      const count = total(lengths, isCounted);
      const ldr = ({ squaredLevel }: RunSums) =>
        Math.sqrt(total(squaredLevel, isCounted) / count);
      return {
        esr: total(error, isCounted) / total(targetSums.energy, isCounted),
        deltaLdrDb: ldr(modelSums) - ldr(targetSums),
      };
    };
    const inBlocks = (sums: Float64Array) => {
      const blocks = new Array<number>(blockCount).fill(0);
      runs.forEach(({ block }, i) => blocks[block] += sums[i]);
      return blocks;
    };
    return {
      ...scoreOf(() => true),
      kinds: kinds.flatMap((kind, k) => {
        const ofKind = (run: Run) => run.kind === k;
        return total(targetSums.energy, ofKind) > 0
          ? [{
            kind,
            seconds: total(lengths, ofKind) / sampleRate,
            share: total(targetSums.energy, ofKind) /
              energyOf(targetSums.energy),
            ...scoreOf(ofKind),
          }]
          : [];
      }),
      blocks: { error: inBlocks(error), target: inBlocks(targetSums.energy) },
    };
  };
}

/** Cuts `from` … `to` at the edges of blocks and stretches. */
function runsOf(
  from: number,
  to: number,
  blockLength: number,
  stretches: readonly Stretch[],
  kinds: string[],
): Run[] {
  const edges = new Set([to]);
  for (let edge = from + blockLength; edge < to; edge += blockLength) {
    edges.add(edge);
  }
  for (const { start, length } of stretches) {
    for (const edge of [start, start + length]) {
      if (edge > from && edge < to) edges.add(edge);
    }
  }
  let start = from;
  return [...edges].sort((a, b) => a - b).map((end) => {
    const inside = stretches.find((stretch) =>
      stretch.start <= start && start < stretch.start + stretch.length
    );
    const run = {
      end,
      block: Math.floor((start - from) / blockLength),
      kind: inside === undefined ? -1 : kinds.indexOf(inside.kind),
    };
    start = end;
    return run;
  });
}

/** Σ F(signal)² and Σ l² over each run. */
function sumsOf(
  signal: Signal,
  from: number,
  runs: Run[],
  sampleRate: number,
): RunSums {
  const shortCoefficient = -Math.expm1(-1 / (sampleRate * SHORT_TIME_CONSTANT));
  const longCoefficient = -Math.expm1(-1 / (sampleRate * LONG_TIME_CONSTANT));
  const energy = new Float64Array(runs.length);
  const squaredLevel = new Float64Array(runs.length);
  let before = 0;
  let filtered = 0;
  let short = 0;
  let long = 0;
  let n = 0;
  for (let i = -1; i < runs.length; i++) {
    const end = i < 0 ? from : runs[i].end;
    let runEnergy = 0;
    let runLevel = 0;
    for (; n < end; n++) {
      const x = signal[n];
      filtered = x - before + PRE_EMPHASIS_POLE * filtered;
      before = x;
      const square = Math.max(filtered * filtered, LDR_FLOOR);
      short += shortCoefficient * (square - short);
      long += longCoefficient * (square - long);
      const level = 10 * Math.log10(short / long);
      runEnergy += filtered * filtered;
      runLevel += level * level;
    }
    if (i < 0) continue;
    energy[i] = runEnergy;
    squaredLevel[i] = runLevel;
  }
  return { energy, squaredLevel };
}

/** Σ F(model − target)² over each run. */
function errorEnergies(
  model: Signal,
  target: Signal,
  from: number,
  runs: Run[],
): Float64Array {
  const energies = new Float64Array(runs.length);
  let before = 0;
  let filtered = 0;
  let n = 0;
  for (let i = -1; i < runs.length; i++) {
    const end = i < 0 ? from : runs[i].end;
    let energy = 0;
    for (; n < end; n++) {
      const e = model[n] - target[n];
      filtered = e - before + PRE_EMPHASIS_POLE * filtered;
      before = e;
      energy += filtered * filtered;
    }
    if (i >= 0) energies[i] = energy;
  }
  return energies;
}
