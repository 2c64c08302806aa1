/**
 * One setting of a captured unit, fitted to its takes.
 *
 * The delay of a take, in parts of a sample, is found with the parameters on a few
 * seconds of it; then the whole is moved by that once, and all of it fitted from
 * there. (`fit` moves the whole at every step, which a hundred settings have no time
 * for; what it finds is the same.) The unit is at rest when a capture signal begins.
 *
 * @module
 */

import { type EngineName, openEngine } from "../engines/open.ts";
import { fitChunks, requireSound, startWithin } from "../fitting/fit.ts";
import type { SolverConfig } from "../fitting/fit_config.ts";
import { startBelowPeak } from "../fitting/fit_takes.ts";
import {
  expands,
  gainAlone,
  reasonOf,
  verdictOf,
} from "../fitting/fit_verdict.ts";
import { fitWarnings } from "../fitting/fit_warnings.ts";
import { errorsOfTakes } from "../fitting/uncertainty.ts";
import type { RecordedTake } from "../data/recorded_takes.ts";
import { type Score, type ScoredTake, scoreTakes } from "../metrics/score.ts";
import type { Model, Values } from "../models/model.ts";
import { coordinatesOf } from "../objective/coordinates.ts";
import {
  jointModel,
  nameInTake,
  openTakes,
  type Take,
} from "../objective/takes.ts";
import type { StopReason } from "../optimise/minimiser.ts";
import { chunk, type ChunkOptions } from "../sound/chunks.ts";
import { EDGE } from "../sound/fractional_delay.ts";
import { RecordingError } from "../sound/recording_error.ts";
import type { Pair, Signal } from "../sound/signal.ts";

/** What was found at a setting. */
export interface FoundSetting {
  parameters: Values;
  /** Standard errors; none where the data say nothing. */
  uncertainty: Values;
  /** ESR over the samples that the loss counts. */
  esr: number;
  /** ESR and ΔLDR over the whole takes. */
  score: Score;
  converged: boolean;
  stopReason: StopReason;
  iterations: number;
  /** Samples that each take was late by, at its start. */
  lags: number[];
  warnings: string[];
  fitSeconds: number;
}

/** Options of {@linkcode fitSetting}. */
export interface SettingOptions {
  model: Model;
  solver: SolverConfig;
  engine: EngineName;
  chunks: ChunkOptions;
  /** Whether each take has a delay of its own to be found. */
  isDelayed: boolean;
  /** Where to start, near the minimum; else the config's start. */
  start?: Values;
}

/** Seconds of each take by which delays are found, and the excerpts they are in. */
const FEW_SECONDS = 3;
const EXCERPTS = 3;

/** Steps between delays and parameters at most, and the change that ends them. */
const MOST_ROUNDS = 3;
const SETTLED = 3e-3;

/**
 * Fits a setting to `takes`.
 *
 * @throws {RecordingError} where they are silent, or no compressor explains them.
 */
export async function fitSetting(
  takes: readonly RecordedTake[],
  isSwapped: boolean,
  options: SettingOptions,
): Promise<FoundSetting> {
  const began = performance.now();
  const { model, isDelayed } = options;
  let delays = takes.map(() => 0);
  let start = options.start;
  let iterations = 0;
  let pairs: Pair[];
  let found: Awaited<ReturnType<typeof fitWhole>>;
  for (let round = 1;; round++) {
    if (round === 1 && (isDelayed || start === undefined)) {
      const few = await fitFew(takes, delays, start, options);
      if (isDelayed) delays = few.delays;
      iterations += few.iterations;
      start = few.parameters;
    }
    pairs = takes.map((take, i) => take.cut(delays[i]));
    found = await fitWhole(takes, pairs, start!, options);
    iterations += found.fit.minimum.iterations;
    start = found.fit.parameters;
    if (!isDelayed) break;
    const again = await delaysAt(takes, delays, start, options);
    const moved = Math.max(...again.map((at, i) => Math.abs(at - delays[i])));
    if (moved < SETTLED || round === MOST_ROUNDS) break;
    delays = again;
  }
  const { fit, whole } = found;
  const errors = await errorsOfTakes(fit, whole, model, options.engine);
  const sounding = pairs.map((pair, i) => without(pair, takes[i].lead));
  const alone = gainAlone(sounding);
  const verdict = verdictOf(
    fit.esr,
    alone,
    expands(sounding),
    isSwapped,
  );
  if (verdict.kind !== "compresses") {
    throw new RecordingError(reasonOf(verdict));
  }
  const score = await scoreTakes(
    pairs.map((pair, i) => ({ ...pair, lead: takes[i].lead })),
    model,
    fit.parameters,
  );
  return {
    parameters: fit.parameters,
    uncertainty: Object.fromEntries(
      Object.entries(errors).filter(([, error]) => Number.isFinite(error)),
    ),
    esr: fit.esr,
    score,
    converged: fit.minimum.converged,
    stopReason: fit.minimum.stopReason,
    iterations,
    lags: takes.map(({ lag }, i) => lag + delays[i]),
    warnings: [
      ...(verdict.doubt === undefined ? [] : [verdict.doubt]),
      ...fitWarnings(sounding, model, fit),
    ],
    fitSeconds: (performance.now() - began) / 1000,
  };
}

/** `take` with the wet side moved by `delay`, to be scored. */
export function inStep(take: RecordedTake, delay: number): ScoredTake {
  return { ...take.cut(delay), lead: take.lead };
}

/** `pair` from what settles the unit on. */
function without(pair: Pair, lead: number): Pair {
  if (lead === 0) return pair;
  const inside = (side: Signal) => side.subarray(lead);
  return { ...pair, dry: inside(pair.dry), wet: inside(pair.wet) };
}

/** Excerpts of each take with its delay to be found, the loudest among them. */
function excerptsOf(
  takes: readonly RecordedTake[],
  delays: readonly number[],
): { takes: Take[]; owner: number[] } {
  const owner: number[] = [];
  const excerpts = takes.flatMap((take, index) => {
    const whole = take.cut(Math.round(delays[index]));
    const { dry, wet, sampleRate } = without(whole, take.lead);
    const length = Math.round(FEW_SECONDS * sampleRate);
    const count = dry.length < 2 * length ? 1 : EXCERPTS;
    return Array.from({ length: count }, (_, i): Take => {
      owner.push(index);
      const room = Math.max(0, dry.length - length);
      const from = count === 1 ? 0 : Math.floor(room * (i + 0.5) / count);
      const part = (side: Signal) =>
        side.slice(from, count === 1 ? undefined : from + length);
      const cut = chunk({ dry: part(dry), wet: part(wet), sampleRate }, {
        chunkSeconds: Math.max(FEW_SECONDS, dry.length / sampleRate),
        overlapSeconds: 0,
      });
      const warmUp = Math.min(
        cut.chunkLength - 1,
        Math.max(EDGE, Math.round(0.3 * Math.min(length, dry.length))),
      );
      return {
        pair: { ...cut, warmUp },
        delay: delays[index] - Math.round(delays[index]),
      };
    });
  });
  return { takes: excerpts, owner };
}

/** The same take's excerpts have one delay: its mean, as each was found. */
function meanDelays(
  values: Values,
  excerpts: { takes: Take[]; owner: number[] },
  takes: readonly RecordedTake[],
  delays: readonly number[],
): number[] {
  const { owner } = excerpts;
  return takes.map((_, index) => {
    const own = owner.flatMap((of, i) =>
      of === index ? [values[nameInTake("delay_samples", i, owner.length)]] : []
    ).sort((a, b) => a - b);
    // The middle one: an excerpt in a rest knows nothing.
    const middle = own[own.length >> 1];
    return Math.round(delays[index]) + middle;
  });
}

/** Delays and parameters by a few seconds of each take. */
async function fitFew(
  takes: readonly RecordedTake[],
  delays: readonly number[],
  start: Values | undefined,
  { model, solver, engine }: SettingOptions,
) {
  const excerpts = excerptsOf(takes, delays);
  const joint = jointModel(excerpts.takes, model);
  const { sampleRate } = excerpts.takes[0].pair;
  const coordinates = coordinatesOf(joint, {
    ranges: solver.ranges,
    sampleRate,
  });
  const own = Object.fromEntries(
    joint.parameters.slice(model.parameters.length)
      .map(({ name, start }) => [name, start]),
  );
  const from = start ?? startBelowPeak(
    excerpts.takes,
    coordinates,
    startWithin(coordinates, joint, solver),
  );
  const fit = requireSound(
    await fitChunks(
      () =>
        openTakes(
          excerpts.takes,
          model,
          (pair, model) => openEngine(engine, pair, model),
        ),
      coordinates,
      {
        ...solver,
        tolerance: 1e-6,
        match_energy: solver.match_energy && start === undefined,
      },
      {
        start: { ...from, ...own },
        isNear: start !== undefined,
        isCoarse: true,
        onIteration: () => {},
      },
    ),
  );
  return {
    parameters: Object.fromEntries(
      model.parameters.map(({ name }) => [name, fit.parameters[name]]),
    ),
    delays: meanDelays(fit.parameters, excerpts, takes, delays),
    iterations: fit.minimum.iterations,
  };
}

/** All of the takes, in step. */
async function fitWhole(
  takes: readonly RecordedTake[],
  pairs: readonly Pair[],
  start: Values,
  { model, solver, engine, chunks, isDelayed }: SettingOptions,
) {
  const whole: Take[] = pairs.map((pair, i) => {
    // What settles the unit is longer than a chunk's overlap.
    const { chunkSeconds = 12, overlapSeconds = 1 } = chunks;
    const lead = takes[i].lead / pair.sampleRate;
    const cut = chunk(pair, {
      chunkSeconds: chunkSeconds + lead,
      overlapSeconds: Math.max(overlapSeconds, lead),
    });
    const warmUp = Math.min(
      cut.chunkLength - 1,
      Math.max(cut.warmUp, takes[i].lead, isDelayed ? EDGE : 0),
    );
    return { pair: { ...cut, warmUp } };
  });
  const { sampleRate } = pairs[0];
  const coordinates = coordinatesOf(model, {
    ranges: solver.ranges,
    sampleRate,
  });
  const open = () =>
    openTakes(whole, model, (pair, model) => openEngine(engine, pair, model));
  const fit = requireSound(
    await fitChunks(open, coordinates, { ...solver, match_energy: false }, {
      start,
      isNear: true,
      isCoarse: false,
      onIteration: () => {},
    }),
  );
  return { fit, whole };
}

/** Each take's delay with the parameters as they are, by one Newton step. */
async function delaysAt(
  takes: readonly RecordedTake[],
  delays: readonly number[],
  values: Values,
  { model, engine }: SettingOptions,
): Promise<number[]> {
  const excerpts = excerptsOf(takes, delays);
  const joint = jointModel(excerpts.takes, model);
  const opened = await openTakes(
    excerpts.takes,
    model,
    (pair, model) => openEngine(engine, pair, model),
  );
  try {
    const size = joint.parameters.length;
    const first = model.parameters.length;
    const at = Float64Array.from(
      joint.parameters,
      ({ name, start }) => values[name] ?? start,
    );
    const { gradient, hessian } = await opened.evaluate(at, 2);
    return takes.map((_, index) => {
      let [slope, bend] = [0, 0];
      excerpts.owner.forEach((of, i) => {
        if (of !== index) return;
        slope += gradient![first + i];
        bend += hessian![(first + i) * (size + 1)];
      });
      return delays[index] + (bend > 0 ? -slope / bend : 0);
    });
  } finally {
    await opened.close();
  }
}
