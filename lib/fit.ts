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

/** A compressor fitted to a pair. */
export interface Fit {
  /** The parameters found. */
  parameters: CompressorParameters;
  /** Error-to-signal ratio over the counted samples. */
  esr: number;
  /** Energy of the pre-emphasised target there. */
  targetEnergy: number;
  /** Where the minimiser ended, and each iteration. */
  minimum: Minimum;
}

/** ESR that counts as zero: single-precision samples resolve little more. */
const ESR_FLOOR = 1e-12;

/**
 * Fits a compressor to `pair`, from `start` if given, else from the config's.
 *
 * @throws {Error} where the target is silent: nothing can be matched to it.
 */
export async function fitPair(
  pair: ChunkedPair,
  solver: SolverConfig,
  engineName: EngineName,
  options: {
    start?: CompressorParameters;
    onIteration?: (record: IterationRecord) => void;
  } = {},
): Promise<Fit> {
  const { start = solver.start, onIteration } = options;
  const engine = await openEngine(engineName, pair, detectorOf(start));
  try {
    const { targetEnergy } = engine;
    if (!(targetEnergy > 0)) {
      throw new Error(
        "the wet recording is silent where the loss counts: give a recording with sound in it",
      );
    }
    const space = boundedSpace(pair.sampleRate);
    const objective = objectiveOf(engine, space);
    let z = space.coordinates(start);
    if (solver.match_energy) z = await matchEnergy(objective, z);
    const minimise = solver.method === "damped" ? dampedNewton : trustRegion;
    const minimum = await minimise(objective.evaluate, z, {
      maxIterations: solver.max_iterations,
      tolerance: solver.tolerance,
      lossFloor: ESR_FLOOR * targetEnergy,
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
