/**
 * Fits a compressor to a pair: opens the engine, starts where the config says,
 * runs Newton–Raphson and states the result in the units people use.
 *
 * @module
 */

import {
  type CompressorParameters,
  detectorOf,
} from "./compressor/parameters.ts";
import { type EngineName, openEngine } from "./engines/open.ts";
import type { SolverConfig } from "./fit_config.ts";
import type { ChunkedPair } from "./objective/chunks.ts";
import { matchEnergy, objectiveOf } from "./objective/objective.ts";
import { boundedSpace } from "./objective/parameter_space.ts";
import { dampedNewton } from "./optimise/damped_newton.ts";
import type { IterationRecord, Minimum } from "./optimise/minimiser.ts";
import { trustRegion } from "./optimise/trust_region.ts";
import { RecordingError } from "./sound/recording_error.ts";

/** A compressor fitted to a pair. */
export interface Fit {
  /** The parameters found. */
  parameters: CompressorParameters;
  /** Error-to-signal ratio over the counted samples. */
  esr: number;
  /** Energy of the pre-emphasised target there. */
  targetEnergy: number;
  /**
   * The coarse fit that went before, on a few of the chunks, if there was one,
   * and the energy of the pre-emphasised target in these.
   */
  coarse?: Minimum & { targetEnergy: number };
  /** Where the minimiser ended on all chunks, and each iteration there. */
  minimum: Minimum;
}

/** Options of {@linkcode fitPair}. */
export interface FitOptions {
  /** Starting point, near the minimum (default: the config's, anywhere). */
  start?: CompressorParameters;
  /** Called after each iteration, of the coarse fit too if `isCoarse`. */
  onIteration?: (record: IterationRecord, isCoarse: boolean) => void;
}

/** ESR that counts as zero: single-precision samples resolve little more. */
const ESR_FLOOR = 1e-12;

/** Make-up gain of a start, in dB, below which no sound is left to compare. */
const QUIETEST = -300;

/** A coarse fit stops where the model promises a smaller fall of the loss. */
const COARSE_TOLERANCE = 1e-6;

/**
 * Fits a compressor to `pair`. Of a long recording a few chunks are fitted first:
 * most of the way to the minimum costs a fraction that way, and Newton's method
 * needs few steps for the rest. The minimum is that of all chunks either way.
 *
 * @throws {RecordingError} where a side is silent: nothing can be matched to it.
 */
export async function fitPair(
  pair: ChunkedPair,
  solver: SolverConfig,
  engine: EngineName,
  { start, onIteration }: FitOptions = {},
): Promise<Fit> {
  const { starts } = pair;
  const { coarse_chunks: coarseChunks } = solver;
  let from = start ?? solver.start;
  let isNear = start !== undefined;
  let coarse: Fit["coarse"];
  if (coarseChunks > 0 && starts.length >= 2 * coarseChunks) {
    const stride = starts.length / coarseChunks;
    const few = Array.from(
      { length: coarseChunks },
      (_, i) => starts[Math.floor((i + 0.5) * stride)],
    );
    const found = await fitChunks(
      { ...pair, starts: few },
      { ...solver, tolerance: COARSE_TOLERANCE },
      engine,
      { start: from, isNear, onIteration: (at) => onIteration?.(at, true) },
    );
    // Where there is no sound in these few, there may be in the others.
    if (typeof found !== "string") {
      from = found.parameters;
      // A minimum on a part is near that of the whole; any other end need not be.
      isNear ||= found.minimum.converged;
      coarse = { ...found.minimum, targetEnergy: found.targetEnergy };
    }
  }
  const hasMakeUp = coarse !== undefined;
  const fit = await fitChunks(
    pair,
    { ...solver, match_energy: solver.match_energy && !hasMakeUp },
    engine,
    { start: from, isNear, onIteration: (at) => onIteration?.(at, false) },
  );
  if (typeof fit === "string") {
    throw new RecordingError(
      `the ${fit} recording is silent where the loss counts: give one with sound in it`,
    );
  }
  return { ...fit, coarse };
}

/** Fits the chunks of `pair`; where one side is silent in them, tells which. */
async function fitChunks(
  pair: ChunkedPair,
  solver: SolverConfig,
  engineName: EngineName,
  { start, isNear, onIteration }: {
    start: CompressorParameters;
    isNear: boolean;
    onIteration: (record: IterationRecord) => void;
  },
): Promise<Fit | "dry" | "wet"> {
  const engine = await openEngine(engineName, pair, detectorOf(start));
  try {
    const { targetEnergy } = engine;
    if (!(targetEnergy > 0)) return "wet";
    const space = boundedSpace(pair.sampleRate);
    const objective = objectiveOf(engine, space);
    let z = isNear ? space.nearest(start) : space.coordinates(start);
    const { loss, modelEnergy } = await objective.evaluate(z, 0);
    if (
      !Number.isFinite(loss) ||
      (modelEnergy === 0 && start.make_up_db < QUIETEST)
    ) {
      throw new RangeError(
        `solver.start: a make-up gain of ${start.make_up_db} dB leaves no finite sound to start from: choose one nearer to 0`,
      );
    }
    if (modelEnergy === 0) return "dry";
    if (solver.match_energy) z = await matchEnergy(objective, z);
    const minimise = solver.method === "damped" ? dampedNewton : trustRegion;
    const minimum = await minimise(objective.evaluate, z, {
      maxIterations: solver.max_iterations,
      tolerance: solver.tolerance,
      lossFloor: ESR_FLOOR * targetEnergy,
      precision: engine.precision,
      isNear,
      onIteration,
    });
    return {
      parameters: space.parameters(minimum.z),
      esr: minimum.loss / targetEnergy,
      targetEnergy,
      minimum,
    };
  } finally {
    await engine.close();
  }
}
