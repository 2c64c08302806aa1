/**
 * Fits one unit to one or several takes of it, with what belongs to each recording:
 * its delay in fractions of a sample, and the gain that it begins with where it was
 * cut from the middle of sound (MATH 6).
 *
 * 1. Of several lags that may be right, the one whose short fit is best.
 * 2. All takes together, coarse to fine; from a second start where the first led to
 *    little. A richer model starts from what the simplest came to.
 * 3. A start of its own for a take where that lowers the loss by more than 1 %.
 * 4. A corner, of coupling or bandwidth, whose removal raises the loss by less than
 *    0.1 % is dropped from the model, and the rest fitted again. A bandwidth that stays
 *    becomes a shelf, with a zero beside its pole, where that lowers the loss by more
 *    than 1 %: what converters and transformers do near half the rate.
 * 5. All-pass sections that the model has are put behind it, begun where the phase of
 *    what was found says, and dropped one by one where that raises the loss by less
 *    than 0.3 %.
 * 6. A ratio above 1000 is taken as ∞, where it may be, and the rest fitted again.
 *
 * @module
 */

import { gainAlone } from "./fit_verdict.ts";
import { holding } from "../engines/holding.ts";
import { type EngineName, keepReady, openEngine } from "../engines/open.ts";
import {
  COARSE_TOLERANCE,
  coarseOf,
  type Fit,
  fitChunks,
  LIMITING_RATIO,
  requireSound,
  requireUnit,
  startWithin,
} from "./fit.ts";
import { completed, type SolverConfig } from "./fit_config.ts";
import {
  isFamily,
  makesChoice,
  replaceChoice,
  simplestOf,
  startsFrom,
} from "./starts.ts";
import type { Model, Values } from "../models/model.ts";
import { shelfOf } from "../models/output.ts";
import { parseModel, sectionOrders, withSections } from "../models/presets.ts";
import {
  latenessBehind,
  phaseStage,
  sectionsAmong,
  sectionValues,
} from "./phase_stage.ts";
import { chunk, type ChunkOptions } from "../sound/chunks.ts";
import { type Coordinates, coordinatesOf } from "../objective/coordinates.ts";
import {
  jointModel,
  nameInTake,
  openTakes,
  type Take,
} from "../objective/takes.ts";
import { errorsOfTakes } from "./uncertainty.ts";
import type { IterationRecord } from "../optimise/minimiser.ts";
import type { RecordedTake } from "../data/recorded_takes.ts";
import { delayed, EDGE } from "../sound/fractional_delay.ts";
import { type Pair, peakOf, type Signal } from "../sound/signal.ts";

/** What was found of a take. */
export interface FoundTake {
  /** Samples by which the wet side is late at its start. */
  lag: number;
  /** Gain that it begins with, in dB, where it does not begin at rest. */
  initialGainDb?: number;
  /** The sound in step, without the dry sound before it. */
  pair: Pair;
}

/** A unit fitted to takes. */
export interface TakesFit extends Fit {
  /** The model that remained. */
  model: Model;
  /** The fits that led there, one after the other; the last is this one. */
  path: Fit[];
  /** The unit's parameters alone. */
  parameters: Values;
  /** Standard error of each of them; of a ratio of ∞ none. */
  uncertainty: Values;
  /** Choices of the model that were dropped, for they made no difference. */
  dropped: string[];
  /** Where the bandwidth became a shelf, the ESR with it as it was. */
  bandwidthEsr?: number;
  takes: FoundTake[];
}

/** Options of {@linkcode fitTakes}. */
export interface TakesOptions {
  chunks: ChunkOptions;
  /** Whether each take has a delay of its own to be found (default true). */
  isDelayed?: boolean;
  /**
   * Starting points near minima, of which short fits tell the best; with several, the
   * delays of the takes too (default: the config's, or what a simpler model leads to).
   */
  starts?: readonly Values[];
  onIteration?: (record: IterationRecord, isCoarse: boolean) => void;
}

/** Iterations of a short fit that tells lags apart, and chunks of it. */
const TRIAL = { max_iterations: 8, chunks: 4 };

/** ESR that counts as nothing: below it no model is better than another. */
export const NOTHING = 1e-8;

/** Part by which a start of its own must lower the loss. */
const START_GAIN = 0.01;

/** Part by which a corner must lower the loss to stay. */
const CORNER_GAIN = 0.001;

/** Part by which a shelf must lower the loss to stand in a bandwidth's place. */
const SHELF_GAIN = 0.01;

/** Decibels below the peak that a fit's threshold starts at, at least. */
const START_BELOW_PEAK = 12;

/** Decibels below the peak of another start, and the part of a gain's ESR that calls for it. */
const NEAR_PEAK = 3;
const RETRY = 0.5;

/** Iterations of a short fit that tells starts apart, and what it stops at. */
const RACE = { max_iterations: 6, tolerance: 1e-3 };

/** Relative fall of the loss that a fit on the way stops at: the last one goes on. */
const ON_THE_WAY = 1e-6;

/** The same, of a fit that is only to tell whether something matters. */
const TO_TELL = 1e-4;

/** Part by which an all-pass section must lower it: less does not hold elsewhere. */
const SECTION_GAIN = 0.003;

/** A choice that is dropped where it makes no difference. */
type Corner = "coupling" | "bandwidth";

/** Pole and zero, in µs, of shelves that rise. */
const RISING = [[5, 8], [15, 25]];

/** Fits `model` to `recorded`. */
export async function fitTakes(
  recorded: readonly RecordedTake[],
  model: Model,
  solver: SolverConfig,
  engine: EngineName,
  { chunks, starts, isDelayed = true, onIteration = () => {} }: TakesOptions,
): Promise<TakesFit> {
  requireUnit(model);
  const orders = isFamily(model) ? sectionOrders(model) : [];
  const isStaged = orders.length > 0 && starts === undefined;
  if (isStaged) model = withSections(model, [], false);
  const exact: Context = { solver, engine, chunks, isDelayed, onIteration };
  let context = loosened(exact, ON_THE_WAY);
  const telling = loosened(exact, TO_TELL);
  await using _threads = await keepReady(engine);
  const isFree = starts === undefined && Object.keys(solver.start).length === 0;
  // From far away a pole is found, and then its zero.
  const poleAlone = isFree
    ? replaceChoice(model, "shelf", ["bandwidth"])
    : undefined;
  const isShelfAsked = poleAlone !== undefined;
  model = poleAlone ?? model;
  // The engine of the GPU has the simplest alone, and says so of the others.
  const simplest = isFree && engine !== "webgpu"
    ? simplestOf(model)
    : undefined;
  const first = simplest ?? model;
  const ofFirst = simplest === undefined
    ? context
    : { ...context, solver: solverOf(simplest, context.solver) };
  let takes: AlignedTake[] = [];
  for (const one of recorded) {
    takes.push(await bestLag(one, first, ofFirst, starts?.[0]));
  }
  const path: Fit[] = [];
  let found: Fit;
  if (starts === undefined) {
    found = await fitAll(takes, first, ofFirst, undefined);
    path.push(found);
    // A threshold that only peaks reach is not seen from far below.
    const alone = gainAlone(takes.map(({ pair }) => pair)).esr;
    if (
      solver.start.threshold_db === undefined &&
      found.esr > RETRY * alone + NOTHING
    ) {
      const near = { ...ofFirst, startBelowPeak: NEAR_PEAK };
      const again = await fitAll(takes, first, near, undefined);
      if (again.esr < found.esr) {
        found = again;
        path.push(found);
      }
    }
    if (simplest !== undefined) {
      const before = found;
      const [same, ...others] = startsFrom(model, simplest, before.parameters)
        .map((start) => ({ ...before.parameters, ...start }));
      found = await fitAll(takes, model, context, others[0] ?? same);
      path.push(found);
      if (found.esr > before.esr) {
        const again = await fitBest(takes, model, context, [same, ...others]);
        if (again.esr < found.esr) {
          found = again;
          path.push(found);
        }
      }
    }
  } else {
    found = await fitBest(takes, model, context, starts);
    path.push(found);
  }

  // A take that does not begin at rest.
  const findStarts = async () => {
    for (const index of isFamily(model) ? takes.keys() : []) {
      const trial = takes.with(index, { ...takes[index], isCut: true });
      const name = nameInTake("initial_gain_db", index, takes.length);
      if (!await isLower(trial, model, context, found, name)) continue;
      const again = await fitAll(trial, model, telling, found.parameters);
      // A gain above that at rest is none that a compressor begins with.
      if (
        again.parameters[name] < 0 &&
        again.esr + NOTHING < (1 - START_GAIN) * (found.esr + NOTHING)
      ) {
        takes = trial;
        found = again;
        path.push(again);
      }
    }
  };
  await findStarts();

  // Corners that make no difference.
  const dropped: string[] = [];
  const dropIdle = async (corner: Corner) => {
    const simpler = replaceChoice(model, corner);
    if (simpler === undefined) return;
    if (await matters(takes, model, context, found, corner)) return;
    const again = await fitAll(takes, simpler, telling, found.parameters);
    if (again.esr <= (1 + CORNER_GAIN) * (found.esr + NOTHING)) {
      model = simpler;
      found = again;
      path.push(again);
      dropped.push(corner);
    }
  };
  const asked = model;
  await dropIdle("coupling");
  if (!isShelfAsked) await dropIdle("bandwidth");

  // A bandwidth of more than a pole, unless it is to stay what it is.
  let bandwidthEsr: number | undefined;
  const isHeld = "bandwidth_hz" in solver.ranges;
  const shelved = isHeld
    ? undefined
    : replaceChoice(model, "bandwidth", ["shelf"]) ??
      (replaceChoice(asked, "bandwidth", ["shelf"]) &&
        parseModel(`${model.name}+shelf`));
  const start = shelved && (makesChoice(model, "bandwidth")
    ? {
      ...found.parameters,
      ...shelfOf(found.parameters.bandwidth_hz, takes[0].pair.sampleRate),
    }
    : await risingShelf(takes, shelved, context, found));
  if (shelved !== undefined && start !== undefined) {
    const again = await fitAll(takes, shelved, context, start);
    const isWorthIt =
      again.esr + NOTHING < (1 - SHELF_GAIN) * (found.esr + NOTHING);
    if (isShelfAsked || isWorthIt) {
      if (!isShelfAsked) bandwidthEsr = found.esr;
      if (!makesChoice(model, "bandwidth")) {
        dropped.splice(dropped.indexOf("bandwidth"), 1);
      }
      model = shelved;
      found = again;
      path.push(again);
      // They had taken the shelf's place as well as they could.
      await dropIdle("coupling");
      if (takes.some(({ isCut }) => isCut)) {
        takes = takes.map((take) => ({ ...take, isCut: false }));
        found = await fitAll(takes, model, telling, found.parameters);
        path.push(found);
        await findStarts();
      }
    }
  }

  if (isStaged) {
    const without = { model, found };
    const valuesNow = () =>
      Object.fromEntries(
        model.parameters.map(({ name }) => [name, found.parameters[name]]),
      );
    const pairs = takes.map((take, index) => {
      const name = nameInTake("delay_samples", index, takes.length);
      return inStep(take, found.parameters[name] ?? 0, isDelayed);
    });
    const stage = await phaseStage(model, valuesNow(), orders, pairs);
    const start = { ...found.parameters, ...stage.values };
    takes.forEach((_, index) => {
      const name = nameInTake("delay_samples", index, takes.length);
      if (isDelayed) start[name] += stage.delay;
    });
    model = stage.model;
    found = await fitAll(takes, model, context, start);
    path.push(found);
    const pays = (more: Fit, less: Fit) =>
      less.esr > (1 + SECTION_GAIN) * (more.esr + NOTHING);
    // The least of them first, again and again.
    for (let left = sectionOrders(model); left.length > 0;) {
      const isInverted = model.name.includes("inverted");
      const sections = sectionsAmong(found.parameters, left);
      let least: { model: Model; found: Fit } | undefined;
      for (const i of left.length > 1 ? left.keys() : []) {
        const rest = sections.toSpliced(i, 1);
        const simpler = withSections(model, left.toSpliced(i, 1), isInverted);
        const start = { ...found.parameters, ...sectionValues(rest) };
        const again = await fitAll(takes, simpler, context, start);
        if (least === undefined || again.esr < least.found.esr) {
          least = { model: simpler, found: again };
        }
      }
      least ??= without;
      if (pays(found, least.found)) break;
      const gone = left.length;
      ({ model, found } = least);
      path.push(found);
      left = sectionOrders(model);
      dropped.push(
        gone - left.length === 1
          ? "an all-pass section"
          : "the all-pass sections",
      );
    }
    // What all of them gain together counts as well.
    if (sectionOrders(model).length > 0 && !pays(found, without.found)) {
      ({ model, found } = without);
      path.push(found);
      dropped.push("the all-pass sections");
    }
  }

  // A limiter.
  if (
    found.parameters.ratio > LIMITING_RATIO &&
    found.coordinates.limiter?.(found.minimum.z) !== undefined
  ) {
    context = { ...exact, isLimiter: true };
    found = await fitAll(takes, model, context, found.parameters);
    path.push(found);
  }

  // To the end, laid out with the delays that were found.
  context = { ...exact, isLimiter: context.isLimiter };
  found = await fitAll(takes, model, context, found.parameters);
  path.push(found);
  const whole = takes.map((take) => chunked(take, context));
  const errors = await errorsOfTakes(found, whole, model, engine);
  const valueOf = (name: string, index: number) =>
    found.parameters[nameInTake(name, index, takes.length)];
  return {
    ...found,
    model,
    dropped,
    ...(bandwidthEsr !== undefined && { bandwidthEsr }),
    path,
    parameters: Object.fromEntries(
      model.parameters.map(({ name }) => [name, found.parameters[name]]),
    ),
    uncertainty: Object.fromEntries(
      model.parameters.filter(({ name }) => name in errors)
        .map(({ name }) => [name, errors[name]]),
    ),
    takes: takes.map(({ pair, lag, lead, isCut }, index) => {
      const delay = valueOf("delay_samples", index) ?? 0;
      return {
        pair: inStep({ pair, lag, lead }, delay, isDelayed),
        lag: lag + delay,
        ...(isCut && { initialGainDb: valueOf("initial_gain_db", index) }),
      };
    }),
  };
}

/** What every fit here needs to know. */
interface Context {
  isDelayed: boolean;
  solver: SolverConfig;
  engine: EngineName;
  chunks: ChunkOptions;
  onIteration: (record: IterationRecord, isCoarse: boolean) => void;
  /** Whether the ratio stands at ∞. */
  isLimiter?: boolean;
  /** Decibels below the peak at which the threshold starts, in place of the config's. */
  startBelowPeak?: number;
}

/** `context` with fits that stop where the loss falls by less than `tolerance`. */
function loosened(context: Context, tolerance: number): Context {
  const solver = {
    ...context.solver,
    tolerance: Math.max(context.solver.tolerance, tolerance),
  };
  return { ...context, solver };
}

/** `solver` with the ranges that mean the same in `simplest`. */
function solverOf(simplest: Model, solver: SolverConfig): SolverConfig {
  // Beside what gain is asked for, which means another thing in feedback.
  const [threshold, , , , ...after] = simplest.parameters;
  const names = [threshold, ...after].map(({ name }) => name);
  const ranges = Object.fromEntries(
    Object.entries(solver.ranges).filter(([name]) => names.includes(name)),
  );
  return { ...solver, ranges };
}

/** The fit from the start of `starts` whose short fit is best. */
async function fitBest(
  takes: readonly AlignedTake[],
  model: Model,
  context: Context,
  starts: readonly Values[],
): Promise<Fit> {
  let best = { start: starts[0], esr: Infinity };
  const short = {
    ...context,
    solver: { ...context.solver, ...RACE, coarse_chunks: TRIAL.chunks },
  };
  for (const start of starts.length > 1 ? starts : []) {
    const { esr, parameters } = await fitAll(takes, model, short, start, true);
    if (esr < best.esr) best = { start: parameters, esr };
  }
  return await fitAll(takes, model, context, best.start);
}

/** ESR of `model` at `values`, without a fit. */
async function esrAt(
  takes: readonly AlignedTake[],
  model: Model,
  context: Context,
  values: Values,
): Promise<number> {
  const whole = takes.map((take, index) => ({
    ...chunked(take, context),
    ...(context.isDelayed && {
      delay: values[nameInTake("delay_samples", index, takes.length)] ?? 0,
    }),
  }));
  const opened = await openTakes(
    whole,
    model,
    (pair, model) => openEngine(context.engine, pair, model),
  );
  try {
    const { parameters } = jointModel(whole, model);
    const at = parameters.map(({ name, start }) => values[name] ?? start);
    const { loss } = await opened.evaluate(Float64Array.from(at), 0);
    return loss / opened.targetEnergy;
  } finally {
    await opened.close();
  }
}

/** Gains that a take may begin with, in dB, looked at before one is fitted. */
const CUT_GAINS = [-0.5, -2, -6];

/** Whether one of them, as the parameter `name`, lowers the loss that was `found`. */
async function isLower(
  takes: readonly AlignedTake[],
  model: Model,
  context: Context,
  { parameters, esr }: Fit,
  name: string,
): Promise<boolean> {
  for (const gain of CUT_GAINS) {
    const at = { ...parameters, [name]: gain };
    if (await esrAt(takes, model, context, at) < esr) return true;
  }
  return false;
}

/**
 * Where `shelved`, which has a shelf more than what was `found`, starts if the top of
 * the band rises; undefined where that lowers the loss by next to nothing.
 */
async function risingShelf(
  takes: readonly AlignedTake[],
  shelved: Model,
  context: Context,
  { parameters, esr }: Fit,
): Promise<Values | undefined> {
  for (const [shelf_pole_us, shelf_zero_us] of RISING) {
    // As much earlier as it makes low notes.
    const early = 1e-6 * (shelf_zero_us - shelf_pole_us) *
      takes[0].pair.sampleRate;
    const delays = takes.map((_, index) => {
      const name = nameInTake("delay_samples", index, takes.length);
      return [name, (parameters[name] ?? 0) + early];
    });
    const start = {
      ...parameters,
      ...(context.isDelayed && Object.fromEntries(delays)),
      shelf_pole_us,
      shelf_zero_us,
    };
    const risen = await esrAt(takes, shelved, context, start);
    if (risen + NOTHING < (1 - SHELF_GAIN) * (esr + NOTHING)) return start;
  }
}

/** Times the loss from which a corner matters without a doubt. */
const CLEARLY = 1.5;

/** Whether the loss that was `found` is far higher with `corner` out of the way. */
async function matters(
  takes: readonly AlignedTake[],
  model: Model,
  context: Context,
  { parameters, esr }: Fit,
  corner: string,
): Promise<boolean> {
  const name = `${corner}_hz`;
  const [low, high] = model.parameters.find((one) => one.name === name)!.range;
  const at = { ...parameters, [name]: corner === "coupling" ? low : high };
  const without = await esrAt(takes, model, context, at);
  return without > CLEARLY * (esr + NOTHING);
}

/** A take with a lag removed, to the nearest sample or so. */
interface AlignedTake {
  pair: Pair;
  lag: number;
  /** What of the dry sound before it settles the unit, in samples. */
  lead: number;
  isCut?: boolean;
}

/** `take` in chunks, what settles the unit and the ends left out. */
function chunked(
  { pair, lead, isCut }: AlignedTake,
  { chunks, isDelayed }: Pick<Context, "chunks" | "isDelayed">,
): Take {
  const { dry, wet } = pair;
  const edge = isDelayed ? EDGE : 0;
  const inner = Math.max(1, dry.length - edge);
  const cut = chunk(
    { ...pair, dry: dry.subarray(0, inner), wet: wet.subarray(0, inner) },
    evenly(chunks, inner, pair.sampleRate),
  );
  const warmUp = Math.min(
    cut.chunkLength - 1,
    Math.max(edge, lead, cut.warmUp),
  );
  return {
    pair: { ...cut, dry, wet, warmUp },
    ...(isDelayed && { delay: 0 }),
    isCut,
  };
}

/** Chunks that are computed side by side, and the seconds that one lasts at least. */
const SIDE_BY_SIDE = 4;
const LEAST_SECONDS = 6;

/**
 * Lengths at most those of `chunks`, so that what is divided leaves no tail: a fit that
 * has not heard the end of a sweep knows nothing of high notes. Of as many chunks as
 * can be computed side by side, where they stay long.
 */
function evenly(
  { chunkSeconds = 12, overlapSeconds = 1 }: ChunkOptions,
  samples: number,
  sampleRate: number,
): ChunkOptions {
  const [longest, overlap] = [chunkSeconds, overlapSeconds]
    .map((seconds) => Math.round(seconds * sampleRate));
  if (samples <= longest || overlap >= longest) {
    return { chunkSeconds, overlapSeconds };
  }
  const fewest = Math.ceil((samples - overlap) / (longest - overlap));
  const most = Math.floor(
    (samples - overlap) / (LEAST_SECONDS * sampleRate - overlap),
  );
  const filled = SIDE_BY_SIDE * Math.ceil(fewest / SIDE_BY_SIDE);
  const count = filled <= most ? filled : fewest;
  const length = overlap + Math.floor((samples - overlap) / count);
  return { chunkSeconds: length / sampleRate, overlapSeconds };
}

/** `recorded` with the lag removed whose short fit is best. */
async function bestLag(
  { cut, lag, lead, trials }: RecordedTake,
  model: Model,
  context: Context,
  start: Values | undefined,
): Promise<AlignedTake> {
  const at = (by: number) => ({ pair: cut(by), lag: lag + by, lead });
  if (trials.length < 2 || !context.isDelayed) return at(0);
  const solver = {
    ...context.solver,
    max_iterations: TRIAL.max_iterations,
    coarse_chunks: TRIAL.chunks,
  };
  const trial = { ...context, solver, onIteration: () => {} };
  let best = { by: 0, esr: Infinity };
  for (const by of trials) {
    const { esr, parameters } = await fitAll(
      [at(by)],
      model,
      trial,
      start,
      true,
    );
    // The whole part of what was found belongs to the lag.
    const found = by + Math.round(parameters.delay_samples);
    if (esr < best.esr) best = { by: found, esr };
  }
  return at(best.by);
}

/** Fits all `takes` together; by a few of the chunks alone, if `isTrial`. */
async function fitAll(
  takes: readonly AlignedTake[],
  model: Model,
  context: Context,
  start: Values | undefined,
  isTrial = false,
): Promise<Fit> {
  const { engine, isDelayed, onIteration, isLimiter = false } = context;
  const { solver } = context;
  const whole = takes.map((take, index) => ({
    ...chunked(take, context),
    ...(isDelayed && {
      delay: start?.[nameInTake("delay_samples", index, takes.length)] ?? 0,
    }),
  }));
  const all = jointModel(whole, model);
  const ratioAt = all.parameters.findIndex(({ name }) => name === "ratio");
  const joint = isLimiter
    ? { ...all, parameters: all.parameters.toSpliced(ratioAt, 1) }
    : all;
  const { sampleRate } = takes[0].pair;
  // Some are of what has been dropped.
  const ranges = Object.fromEntries(
    joint.parameters.filter(({ name }) => name in solver.ranges)
      .map(({ name }) => [name, solver.ranges[name]]),
  );
  const coordinates = coordinatesOf(joint, { ranges, sampleRate });
  const few = whole.map(({ pair, ...rest }) => {
    const part = coarseOf(pair, solver);
    return part && { ...rest, pair: part };
  });
  const open = (takes: readonly Take[]) => async () => {
    const opened = await openTakes(
      takes,
      model,
      (pair, model) => openEngine(engine, pair, model),
    );
    return isLimiter ? holding(opened, ratioAt, Infinity) : opened;
  };
  let from = start === undefined
    ? startBelowPeak(
      takes,
      coordinates,
      startWithin(coordinates, joint, solver),
      context.startBelowPeak,
    )
    : completed(joint, start);
  let isNear = start !== undefined;
  let coarse: Fit["coarse"];
  const hasFew = few.some((take) => take !== undefined);
  if (hasFew || isTrial) {
    const found = await fitChunks(
      open(few.map((take, i) => take ?? whole[i])),
      coordinates,
      { ...solver, tolerance: COARSE_TOLERANCE },
      {
        start: from,
        isNear,
        isCoarse: true,
        onIteration: (at) => onIteration(at, true),
      },
    );
    if (isTrial) return requireSound(found);
    if (typeof found !== "string") {
      from = found.parameters;
      isNear ||= found.minimum.converged;
      coarse = { ...found.minimum, targetEnergy: found.targetEnergy };
    }
  }
  const fit = requireSound(
    await fitChunks(
      open(whole),
      coordinates,
      {
        ...solver,
        match_energy: solver.match_energy && coarse === undefined &&
          start === undefined,
      },
      {
        start: from,
        isNear,
        isCoarse: false,
        onIteration: (at) => onIteration(at, false),
      },
    ),
  );
  if (isLimiter) fit.parameters = { ...fit.parameters, ratio: Infinity };
  return { ...fit, coarse };
}

/**
 * `start` with a threshold well below the loudest sample that a detector hears: where
 * no sample reaches it nothing has a slope.
 *
 * @param exactly Decibels below it, if it is to be just that.
 */
export function startBelowPeak(
  takes: readonly { pair: Pick<Pair, "dry" | "heard"> }[],
  coordinates: Coordinates,
  start: Values,
  exactly?: number,
): Values {
  const peaks = takes.map(({ pair: { dry, heard = dry } }) => peakOf(heard));
  const highest = 20 * Math.log10(Math.max(...peaks)) -
    (exactly ?? START_BELOW_PEAK);
  const isLow = start.threshold_db <= highest && exactly === undefined;
  if (isLow || !Number.isFinite(highest)) return start;
  return coordinates.values(
    coordinates.nearest({ ...start, threshold_db: highest }),
  );
}

/** How a fitted unit fares on a take that took no part in the fit. */
export interface TestedTake extends FoundTake {
  /** ESR where a loss would count, with the take's own delay and start. */
  esr: number;
}

/** Steps of a take's own Newton method, at most. */
const OWN_STEPS = 10;

/** The most that a step moves a delay by, in samples, and a start, in dB. */
const MOST_MOVES = [1, 6];

/**
 * `recorded` with what is its own, a delay and where that matters a start, found for
 * `model` at `values`, which stay as they are.
 */
export async function placeTake(
  recorded: RecordedTake,
  model: Model,
  values: Values,
  engine: EngineName,
  { chunks, isDelayed = true }: Pick<TakesOptions, "chunks" | "isDelayed">,
): Promise<TestedTake> {
  let best: Placed | undefined;
  const cuts = isFamily(model) ? [false, true] : [false];
  // Sections delay as well: by how much, the recording tells.
  const hasSections = isFamily(model) && sectionOrders(model).length > 0;
  const late = hasSections && isDelayed
    ? await latenessBehind(model, values, recorded.cut(0))
    : 0;
  const trials = recorded.trials.map((by) => by + late);
  for (const by of isDelayed ? trials : [0]) {
    const pair = recorded.cut(by);
    for (const isCut of cuts) {
      const take = {
        pair,
        lag: recorded.lag + by,
        lead: recorded.lead,
        isCut,
      };
      const placed = await placeAt(take, model, values, engine, {
        chunks,
        isDelayed,
      });
      const least = isCut ? 1 - START_GAIN : 1;
      if (best === undefined || placed.esr < least * best.esr) best = placed;
    }
  }
  const { take, own: [first, second], esr } = best!;
  const delay = isDelayed ? first : 0;
  return {
    esr,
    lag: take.lag + delay,
    pair: inStep(take, delay, isDelayed),
    ...(take.isCut && { initialGainDb: isDelayed ? second : first }),
  };
}

/** A take, its own parameters and the ESR that is left. */
interface Placed {
  take: AlignedTake;
  own: number[];
  esr: number;
}

async function placeAt(
  take: AlignedTake,
  model: Model,
  values: Values,
  engine: EngineName,
  options: Pick<Context, "chunks" | "isDelayed">,
): Promise<Placed> {
  const opened = await openTakes(
    [chunked(take, options)],
    model,
    (pair, model) => openEngine(engine, pair, model),
  );
  const unit = model.parameters.map(({ name }) => values[name]);
  const size = (options.isDelayed ? 1 : 0) + (take.isCut ? 1 : 0);
  const most = options.isDelayed ? MOST_MOVES : MOST_MOVES.slice(1);
  const own = Array.from({ length: size }, () => 0);
  let best: Placed = { take, own: own.slice(), esr: Infinity };
  try {
    for (let step = 0; step <= OWN_STEPS; step++) {
      const at = Float64Array.from([...unit, ...own]);
      const { loss, gradient, hessian } = await opened.evaluate(at, 2);
      const esr = loss / opened.targetEnergy;
      if (esr < best.esr) best = { take, own: own.slice(), esr };
      // Each by its own second derivative: they hardly depend on each other.
      const moves = own.map((_, k) => {
        const i = unit.length + k;
        const bend = hessian![at.length * i + i];
        const move = bend > 0
          ? -gradient![i] / bend
          : -Math.sign(gradient![i]) * most[k] / 4;
        return Math.max(-most[k], Math.min(most[k], move));
      });
      if (moves.every((move) => Math.abs(move) < 1e-4)) break;
      moves.forEach((move, k) => own[k] += move);
    }
  } finally {
    await opened.close();
  }
  return best;
}

/** The sound of `take` with the wet side moved by `delay`, what leads it left out. */
function inStep(
  { pair, lead }: AlignedTake,
  delay: number,
  isDelayed: boolean,
): Pair {
  const wet = delay === 0 ? pair.wet : delayed(pair.wet, delay).value;
  const end = pair.dry.length - (isDelayed ? EDGE : 0);
  const inside = (side: Signal) => side.subarray(lead, end);
  return {
    ...pair,
    dry: inside(pair.dry),
    wet: inside(wet),
    ...(pair.heard && { heard: inside(pair.heard) }),
  };
}
