/**
 * Which model the recordings call for: the family from the simplest on, each fitted to
 * the first two thirds of every take and scored on the last, its state run on. The
 * simplest within 10 % of the best is kept and fitted to all; where the recordings are
 * too short to tell, that is the simplest of all.
 *
 * Each model starts from what simpler ones came to, and from a few points around. None
 * is worse on what it is fitted to than a simpler one that it contains.
 *
 * @module
 */

import { formatDuration, formatNumber } from "../base/format.ts";
import type { RecordedTake } from "../data/recorded_takes.ts";
import type { EngineName } from "../engines/open.ts";
import { keepReady } from "../engines/open.ts";
import type { Model, Values } from "../models/model.ts";
import { parseModel } from "../models/presets.ts";
import { nameInTake } from "../objective/takes.ts";
import type { SolverConfig } from "./fit_config.ts";
import {
  fitTakes,
  NOTHING,
  type TakesFit,
  type TakesOptions,
} from "./fit_takes.ts";
import {
  type Energies,
  esrOf,
  headOf,
  runOn,
  samplesOf,
  settled,
} from "./held_out.ts";
import { shelvedAs, startsFrom } from "./starts.ts";

/** The stages behind the gain that every candidate has. */
const STAGES = "+coupling+bandwidth";

/** The candidates, simplest first, and the simpler ones that each starts from. */
const CANDIDATES:
  readonly (readonly [name: string, from: readonly string[]])[] = [
    ["4a-2a", []],
    ["4a-2a+decibel", ["4a-2a"]],
    ["4a-2a+soft-knee", ["4a-2a"]],
    ["4a-2a+two-stage", ["4a-2a"]],
    ["4a-2a+decibel+two-stage", ["4a-2a+decibel", "4a-2a+two-stage"]],
    ["opto", ["4a-2a+decibel+two-stage"]],
  ];

/** Candidates that contain the one they start from: none is worse than that. */
const CONTAINS = [
  "4a-2a+soft-knee",
  "4a-2a+two-stage",
  "4a-2a+decibel+two-stage",
];

/** Part of every take that candidates are fitted to. */
const FITTED = 2 / 3;

/** Part by which a richer model must be better to be worth its parameters. */
const WORTH = 0.1;

/** Stretches of what is held out, by which a difference is told from chance. */
const STRETCHES = 8;

/** Seconds held out from which models can be told apart. */
const LEAST_SECONDS = 1;

/** Times the fitted ESR from which what is held out is of another kind. */
const UNLIKE = 10;

/** Standard errors from which a difference is none of chance. */
const SURE = 2;

/** A candidate, fitted to a part and scored on the rest. */
export interface ModelTrial {
  /** What remained of the model, corners that made no difference dropped. */
  model: Model;
  /** How many parameters it has. */
  size: number;
  /** The parameters found on the part. */
  parameters: Values;
  /** ESR on the part it was fitted to. */
  esr: number;
  /** ESR on what was held out. */
  heldOutEsr: number;
  /** Time that it took, in seconds. */
  seconds: number;
}

/** A model chosen, and why. */
export interface ModelChoice {
  /** The chosen model, fitted to all. */
  fit: TakesFit;
  /** Every candidate, simplest first. */
  trials: ModelTrial[];
  /** Which of them was chosen. */
  chosen: number;
  /** Seconds that were held out. */
  heldOutSeconds: number;
  /** Why nothing can be told, in words; the simplest was kept then. */
  doubt?: string;
}

/** Options of {@linkcode chooseModel}. */
export interface ChoiceOptions extends Omit<TakesOptions, "starts"> {
  /** Called before each fit, with how many there are. */
  onTrial?: (model: string, index: number, count: number) => void;
}

/**
 * Chooses a model for the unit that `recorded` are takes of, and fits it.
 *
 * @throws {RecordingError} where a side is silent.
 */
export async function chooseModel(
  recorded: readonly RecordedTake[],
  solver: SolverConfig,
  engine: EngineName,
  { onTrial = () => {}, ...options }: ChoiceOptions,
): Promise<ModelChoice> {
  await using _threads = await keepReady(engine);
  const count = CANDIDATES.length + 1;
  let takes = recorded;
  const fits = new Map<string, TakesFit>();
  const trials: ModelTrial[] = [];
  const scores: Energies[][] = [];
  for (const [index, [name, simpler]] of CANDIDATES.entries()) {
    onTrial(name, index, count);
    const started = performance.now();
    const model = simpler.map((one) => fits.get(one)!.model)
      .reduce(shelvedAs, parseModel(name + STAGES));
    const heads = takes.map((take) => headOf(take, FITTED));
    const given = solverFor(model, solver);
    const fitFrom = (starts?: Values[]) =>
      fitTakes(heads, model, given, engine, { ...options, starts });
    const before = simpler.map((one) => fits.get(one)!);
    const starts = before.flatMap((fit) => startsOf(model, fit, takes));
    let fit = await fitFrom(before.length > 0 ? starts : undefined);
    const least = Math.min(...before.map(({ esr }) => esr));
    if (CONTAINS.includes(name) && fit.esr > least) {
      const better = before.find(({ esr, model }) =>
        esr === least && !isInDecibels(model) === !name.includes("decibel")
      );
      const again = better &&
        await fitFrom([startsOf(model, better, takes)[0]]);
      if (again && again.esr < fit.esr) fit = again;
    }
    if (index === 0) {
      takes = takes.map((take, i) => settled(take, fit.takes[i].lag));
    }
    fits.set(name, fit);
    const energies = await Promise.all(
      takes.map((take, i) =>
        runOn(take, fit.takes[i], fit.model, fit.parameters, FITTED, STRETCHES)
      ),
    );
    scores.push(energies);
    trials.push({
      model: fit.model,
      size: fit.model.parameters.length,
      parameters: fit.parameters,
      esr: fit.esr,
      heldOutEsr: esrOf(energies),
      seconds: (performance.now() - started) / 1000,
    });
  }
  const best = Math.min(...trials.map(({ heldOutEsr }) => heldOutEsr));
  const simplest = trials.findIndex(({ heldOutEsr }) =>
    heldOutEsr <= (1 + WORTH) * (best + NOTHING)
  );
  const heldOutSeconds = (1 - FITTED) *
    takes.reduce(
      (sum, take) => sum + samplesOf(take) / take.cut(0).sampleRate,
      0,
    );
  const doubt = doubtOf(trials, scores, simplest, heldOutSeconds);
  const chosen = doubt === undefined ? simplest : 0;
  const [name] = CANDIDATES[chosen];
  onTrial(name, count - 1, count);
  const model = shelvedAs(parseModel(name + STAGES), trials[chosen].model);
  const fit = await fitTakes(takes, model, solverFor(model, solver), engine, {
    ...options,
    starts: [
      startOf(model, fits.get(name)!, takes),
      ...(chosen === 0
        ? []
        : startsOf(model, fits.get(CANDIDATES[0][0])!, takes)),
    ],
  });
  return { fit, trials, chosen, heldOutSeconds, doubt };
}

/** `solver` with the starts of parameters that `model` has. */
function solverFor(model: Model, solver: SolverConfig): SolverConfig {
  const names = model.parameters.map(({ name }) => name);
  const start = Object.fromEntries(
    Object.entries(solver.start).filter(([name]) => names.includes(name)),
  );
  return { ...solver, start };
}

/** Whether the gain of `model` is smoothed in decibels. */
function isInDecibels({ name }: Model): boolean {
  return name.includes("decibel");
}

/** Where `model` starts from `fit`, of takes whose lags are settled as in `takes`. */
function startsOf(
  model: Model,
  fit: TakesFit,
  takes: readonly RecordedTake[],
): Values[] {
  return startsFrom(model, fit.model, fit.parameters)
    .map((start) => ({ ...start, ...delaysOf(fit, takes) }));
}

/** The same, of the very model. */
function startOf(
  model: Model,
  fit: TakesFit,
  takes: readonly RecordedTake[],
): Values {
  return {
    ...startsFrom(model, fit.model, fit.parameters)[0],
    ...delaysOf(fit, takes),
  };
}

/** Delays that `fit` found, from the lags that `takes` are settled at. */
function delaysOf(fit: TakesFit, takes: readonly RecordedTake[]): Values {
  return Object.fromEntries(
    fit.takes.map(({ lag }, i) => [
      nameInTake("delay_samples", i, takes.length),
      lag - takes[i].lag,
    ]),
  );
}

/** Why the choice of `chosen` would be one of chance. */
function doubtOf(
  trials: readonly ModelTrial[],
  scores: readonly (readonly Energies[])[],
  chosen: number,
  seconds: number,
): string | undefined {
  const say = (why: string) =>
    `the recordings are too short to tell which model is right: ${why}. The simplest was kept; give longer recordings, or more takes`;
  const held = `${formatDuration(seconds)} held out`;
  if (seconds < LEAST_SECONDS) return say(`they have ${held}`);
  if (chosen === 0) return undefined;
  const { esr, heldOutEsr } = trials[chosen];
  if (heldOutEsr > UNLIKE * (esr + NOTHING)) {
    return say(
      `of the ${held} even the best leaves ${
        formatNumber(heldOutEsr / esr, 2)
      } times the error of what it was fitted to, so that it is of another kind`,
    );
  }
  const errorOf = (trial: number, at: number) =>
    scores[trial].reduce((sum, { error }) => sum + error[at], 0);
  const gains = Array.from(
    { length: STRETCHES },
    (_, at) => Math.log(errorOf(0, at) / errorOf(chosen, at)),
  ).filter(Number.isFinite);
  const count = gains.length;
  const mean = gains.reduce((a, b) => a + b, 0) / count;
  const spread = Math.sqrt(
    gains.reduce((sum, gain) => sum + (gain - mean) ** 2, 0) /
      (count * (count - 1)),
  );
  if (mean > SURE * spread) return undefined;
  const better = gains.filter((gain) => gain > 0).length;
  const esrOf = (at: number) => formatNumber(trials[at].heldOutEsr, 3);
  return say(
    `${
      trials[chosen].model.name
    } matches ${better} of ${count} stretches better than ${
      trials[0].model.name
    } (ESR ${esrOf(chosen)} and ${esrOf(0)})`,
  );
}
