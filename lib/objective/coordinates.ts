/**
 * The unconstrained coordinates z that the optimiser moves in, and their maps to a
 * model's parameters with first and second derivatives.
 *
 * A parameter p has a scale, on which it is u: as it is, ln p, ln(p − 1) or the logit
 * of p. Of a range, whose ends are at a and b on that scale,
 *
 *     both ends finite   u = a + (b − a) σ(z)
 *     one end finite     u = a + ln(1 + eᶻ),   u = b − ln(1 + e⁻ᶻ)
 *     neither            u = z
 *
 * In feedback the loop answers in about t / R, so every time t there is searched as
 * the loop's: z is that of τ = t / R, t = τ R. Ranges of times are then those of τ,
 * and τ stays where α R ≤ 1.5 at the sample rate: beyond 1 the loop swings, beyond 2
 * it is chaotic. A release that a model means as one into silence, where the loop is
 * open, is searched as it is.
 *
 * The published coordinates of `4a-2a` are maps of their own
 * ({@linkcode publishedCoordinates}), as are those of the FF targets
 * ({@linkcode openCoordinates}; Yu et al., DAFx 2024).
 *
 * @module
 */

import { coefficientOfTime, TIME_SCALE } from "../sound/units.ts";
import type { Evaluation } from "./evaluation.ts";
import type { Model, Parameter, Scale, Values } from "../models/model.ts";
import { valuesOf } from "../models/model.ts";
import { PAPER_MODEL, parseModel } from "../models/presets.ts";
import { chainRule, type Jet } from "./chain_rule.ts";

/** Lowest and highest value. */
export type Range = readonly [low: number, high: number];

/** Ranges by the names of parameters. */
export type Ranges = Readonly<Record<string, Range>>;

/** Coordinates z of a model's parameters. */
export interface Coordinates {
  /** Names of the parameters, in the order of z. */
  readonly names: readonly string[];
  /** What is searched, by name; of a time in feedback, the range of the loop's. */
  readonly ranges: Ranges;
  /** Parameters at z. */
  values(z: Float64Array): Values;
  /**
   * z of `values`; one at the end of its range, where fits may end, is taken as
   * standing just inside.
   *
   * @throws {RangeError} naming the parameter that lies outside its range.
   */
  coordinates(values: Values): Float64Array;
  /** z of what is nearest to `values`, such as a fit that ended at a bound. */
  nearest(values: Values): Float64Array;
  /**
   * z at ratio ∞ and the other parameters of `z`, where the range has no end and the
   * detector hears the input. No derivative by the ratio is left there, so that a
   * minimiser goes on by the others alone.
   */
  limiter?(z: Float64Array): Float64Array | undefined;
  /** `evaluation`, which is by the parameters at z, by z. */
  byCoordinates(z: Float64Array, evaluation: Evaluation): Evaluation;
}

/** Options of {@linkcode coordinatesOf}. */
export interface CoordinateOptions {
  /** Ranges in place of the parameters' own. */
  ranges?: Ranges;
  /** Rate of the recording, in Hz. */
  sampleRate: number;
}

/** Part of a range that its end is kept from: z stays within ±14. */
const EDGE = 1e-6;

/** The z of that part. */
const NEAR = Math.log((1 - EDGE) / EDGE);

/** |z| beyond which a sigmoid stands at its end to within rounding. */
const SATURATED = 30;

/** u from which a ratio 1 + eᵘ is ∞. */
const LIMITER = 700;

/** Part of a range by which rounding may carry its end beyond it. */
const ROUNDING = 1e-9;

/** Largest factor α R of a loop that is searched. */
const MOST_LOOP_GAIN = 1.5;

/** Ends of what the published coordinates can reach. */
export const PUBLISHED_RANGES = {
  ratio: [1, 20],
  attack_ms: [0.1, 100],
  release_ms: [10, 1000],
} as const;

/** A smooth, monotone function of one variable, and its inverse. */
interface Curve {
  at(u: number): Jet;
  inverse(value: number): number;
}

function sigmoid(z: number): number {
  return z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z));
}

/** ln(1 + eᶻ). */
function softplus(z: number): number {
  return Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
}

/** The z of a {@linkcode softplus}. */
function softplusInverse(value: number): number {
  return value + Math.log(-Math.expm1(-value));
}

const LINEAR: Curve = { at: (u) => [u, 1, 0], inverse: (value) => value };

const SCALES: Readonly<Record<Scale, Curve & { domain: Range }>> = {
  linear: { ...LINEAR, domain: [-Infinity, Infinity] },
  log: {
    at: (u) => [Math.exp(u), Math.exp(u), Math.exp(u)],
    inverse: Math.log,
    domain: [0, Infinity],
  },
  "log-above-one": {
    at: (u) =>
      u < LIMITER
        ? [1 + Math.exp(u), Math.exp(u), Math.exp(u)]
        : [Infinity, 0, 0],
    inverse: (value) => Math.log(value - 1),
    domain: [1, Infinity],
  },
  logit: {
    at(u) {
      // σ(−u) rather than 1 − σ(u), which loses its digits for large u.
      const [value, rest] = [sigmoid(u), sigmoid(-u)];
      return [value, value * rest, value * rest * (rest - value)];
    },
    inverse: (value) => Math.log(value / (1 - value)),
    domain: [0, 1],
  },
};

/** The time in ms of a coefficient at `sampleRate` Hz. */
function timeCurve(sampleRate: number): Curve {
  const scale = TIME_SCALE / sampleRate;
  return {
    at(coefficient) {
      const rest = 1 - coefficient;
      const log = -Math.log1p(-coefficient);
      const first = -scale / (rest * log * log);
      return [scale / log, first, first * (1 - 2 / log) / rest];
    },
    inverse: (ms) => coefficientOfTime(ms, sampleRate),
  };
}

/** The time in ms of a coefficient whose logit is u, at `sampleRate` Hz. */
function timeOfLogitCurve(sampleRate: number): Curve {
  const scale = TIME_SCALE / sampleRate;
  return {
    at(u) {
      // −ln(1 − σ(u)) is ln(1 + eᵘ).
      const log = softplus(u);
      const [slope, rest] = [sigmoid(u), sigmoid(-u)];
      const first = -scale * slope / (log * log);
      return [scale / log, first, first * (rest - 2 * slope / log)];
    },
    inverse: (ms) => softplusInverse(scale / ms),
  };
}

/** `outer` of `inner`: a function of the inner one's variable. */
function chained(outer: Curve, inner: Curve): Curve {
  return {
    at(z) {
      const [u, first, second] = inner.at(z);
      const [value, slope, bend] = outer.at(u);
      return [value, slope * first, bend * first * first + slope * second];
    },
    inverse: (value) => inner.inverse(outer.inverse(value)),
  };
}

/** From z to between `low` and `high`, either of which may be infinite. */
function link(low: number, high: number): Curve {
  if (Number.isFinite(low) && Number.isFinite(high)) {
    const span = high - low;
    return {
      at(z) {
        const [value, first, second] = SCALES.logit.at(z);
        return [low + span * value, span * first, span * second];
      },
      inverse: (u) =>
        Math.log((u - low) / span / Math.max(0, (high - u) / span)),
    };
  }
  if (Number.isFinite(low)) {
    return {
      at: (z) => [low + softplus(z), sigmoid(z), sigmoid(z) * sigmoid(-z)],
      inverse: (u) => softplusInverse(u - low),
    };
  }
  if (Number.isFinite(high)) {
    return {
      at: (z) => [high - softplus(-z), sigmoid(-z), -sigmoid(z) * sigmoid(-z)],
      inverse: (u) => -softplusInverse(high - u),
    };
  }
  return LINEAR;
}

/** The map z ↦ p of one parameter. */
interface CoordinateMap {
  /** p and its derivatives at z. */
  at(z: number): Jet;
  /** The z of a p; NaN where p is out of the range. */
  inverse(value: number): number;
  /** The z of the p within the range that is nearest to `value`. */
  nearest(value: number): number;
  /** The range of p. */
  range: Range;
}

/**
 * The map by `curve` to what lies in `range`. An infinite end is one that z reaches
 * only where `isLinear`: elsewhere, such as at ratio ∞, what stands there is taken as
 * just inside.
 */
function mapOf(curve: Curve, range: Range, isLinear = false): CoordinateMap {
  const [low, high] = range;
  const isFree = (end: number) => isLinear && !Number.isFinite(end);
  const isRising = curve.inverse(low) < curve.inverse(high);
  const [bottom, top] = isRising ? [low, high] : [high, low];
  /** Ends of z: `z` either way, or none where the range has none. */
  const limits = (z: number) =>
    [isFree(bottom) ? -Infinity : -z, isFree(top) ? Infinity : z] as const;
  function nearest(value: number): number {
    const [least, most] = limits(NEAR);
    const z = curve.inverse(Math.min(high, Math.max(low, value)));
    return Math.min(most, Math.max(least, z));
  }
  return {
    at: curve.at,
    inverse(value) {
      const [least, most] = limits(SATURATED);
      const z = curve.inverse(value);
      if (z > least && z < most) return z;
      const isWithin = value >= low - ROUNDING * Math.abs(low) &&
        value <= high + ROUNDING * Math.abs(high);
      return isWithin && !isFree(value) ? nearest(value) : NaN;
    },
    nearest,
    range,
  };
}

/** The map of `parameter` within `range`. */
function mapWithin(parameter: Parameter, range: Range): CoordinateMap {
  const scale = SCALES[parameter.scale];
  const [a, b] = range.map((end) => scale.inverse(end));
  return mapOf(
    chained(scale, link(a, b)),
    range,
    parameter.scale === "linear",
  );
}

/** Whether `parameter` is a time, in ms. */
function isTime({ unit }: Parameter): boolean {
  return unit === "ms";
}

/** Shortest time, in ms, of a loop that is searched at `sampleRate` Hz. */
export function shortestLoopTime(sampleRate: number): number {
  return TIME_SCALE / (MOST_LOOP_GAIN * sampleRate);
}

/** The times of the loop, t / R in ms, by name; of a forward model none. */
export function loopTimes(model: Model, values: Values): Values {
  if (!model.feedback) return {};
  return Object.fromEntries(
    model.parameters.filter(isTime).map((
      { name },
    ) => [name, values[name] / values.ratio]),
  );
}

/** What a parameter can be at all, its ends included. */
export function domainOf({ scale }: Parameter): Range {
  return SCALES[scale].domain;
}

/**
 * The range of `parameter` widened tenfold either way on its scale, or by 20 dB; where
 * it has no end there is none to move.
 */
export function widened(parameter: Parameter, [low, high]: Range): Range {
  const { at, inverse } = SCALES[parameter.scale];
  const by = parameter.scale === "linear" ? 20 : Math.LN10;
  return [at(inverse(low) - by)[0], at(inverse(high) + by)[0]];
}

/**
 * A range in words, such as "from 1 to 20" or "at least 1".
 *
 * @param unit Stands behind it, such as "ms".
 */
export function wordsOf([low, high]: Range, unit: string): string {
  const [from, to] = [low, high].map((end) => Number(end.toPrecision(6)));
  const behind = /^\w/.test(unit) ? ` ${unit}` : "";
  if (low === -Infinity && high === Infinity) return "any finite number";
  if (high === Infinity) return `at least ${from}${behind}`;
  if (low === -Infinity) return `at most ${to}${behind}`;
  return `from ${from} to ${to}${behind}`;
}

/** Coordinates of `model` by `maps`; times by those of the loop if `isLooped`. */
function coordinatesBy(
  model: Model,
  maps: readonly CoordinateMap[],
  isLooped = false,
): Coordinates {
  const { parameters } = model;
  const names = parameters.map(({ name }) => name);
  const ratioAt = names.indexOf("ratio");
  /** Whether the map at `i` is that of a time of the loop. */
  const inLoop = parameters.map((parameter) =>
    isLooped && ratioAt >= 0 && isTime(parameter) && !parameter.isOpen
  );
  const jetsAt = (z: Float64Array) => maps.map((map, i) => map.at(z[i]));

  /** z of `values` by `invert`, with the times of the loop at `ratio`. */
  const zOf = (
    values: Values,
    ratio: number,
    invert: (i: number, value: number) => number,
  ) =>
    Float64Array.from(
      names,
      (name, i) => invert(i, inLoop[i] ? values[name] / ratio : values[name]),
    );

  return {
    names,
    ranges: Object.fromEntries(names.map((name, i) => [name, maps[i].range])),
    values: (z) => {
      const jets = jetsAt(z);
      return valuesOf(
        model,
        jets.map(([value], i) => inLoop[i] ? value * jets[ratioAt][0] : value),
      );
    },
    coordinates(values) {
      requireNames(model, values);
      return zOf(values, values.ratio, (i, value) => {
        const z = maps[i].inverse(value);
        if (Number.isFinite(z)) return z;
        const { name, unit } = parameters[i];
        const words = wordsOf(maps[i].range, unit);
        throw new RangeError(
          inLoop[i]
            ? `${name} is ${values[name]}, ${
              Number(value.toPrecision(6))
            } ms in the loop (divided by the ratio): must be ${words} there`
            : `${name} is ${value}: must be ${words}`,
        );
      });
    },
    nearest(values) {
      const map = maps[ratioAt];
      const ratio = map?.at(map.nearest(values.ratio))[0];
      return zOf(values, ratio, (i, value) => maps[i].nearest(value));
    },
    limiter(z) {
      const [, high] = maps[ratioAt]?.range ?? [];
      if (high !== Infinity || model.feedback) return undefined;
      return z.with(ratioAt, 2 * LIMITER);
    },
    byCoordinates(z, evaluation) {
      const jets = jetsAt(z);
      const [ratio, ratioFirst, ratioSecond] = jets[ratioAt] ?? [];
      const jacobian = jets.map(([value, first], k) =>
        names.map((_, i) =>
          inLoop[k]
            ? i === k ? first * ratio : i === ratioAt ? value * ratioFirst : 0
            : i === k
            ? first
            : 0
        )
      );
      const bends = jets.map((
        [value, first, second],
        k,
      ): [number, number, number][] =>
        inLoop[k]
          ? [
            [k, k, second * ratio],
            [k, ratioAt, first * ratioFirst],
            [ratioAt, k, first * ratioFirst],
            [ratioAt, ratioAt, value * ratioSecond],
          ]
          : [[k, k, second]]
      );
      return chainRule(evaluation, jacobian, bends);
    },
  };
}

/**
 * Makes sure that `values` are those of `model`, by their names.
 *
 * @throws {RangeError} naming one that is missing, or that the model has not.
 */
export function requireNames(model: Model, values: Values): void {
  const names = model.parameters.map(({ name }) => name);
  for (const name of names) {
    if (values[name] === undefined) {
      throw new RangeError(
        `${name} is missing: the model ${model.name} has it`,
      );
    }
  }
  for (const name of Object.keys(values)) {
    if (!names.includes(name)) {
      throw new RangeError(
        `${name} is given, but the model ${model.name} has none: its parameters are ${
          names.join(", ")
        }`,
      );
    }
  }
}

/**
 * Makes sure that `range` can be one of `parameter`.
 *
 * @throws {RangeError} saying what is wrong with it.
 */
export function requireRange(parameter: Parameter, [low, high]: Range): void {
  const [least, most] = domainOf(parameter);
  if (!(low >= least && high <= most && low < high)) {
    throw new RangeError(
      `a range of ${parameter.name} from ${low} to ${high}: give the lower end first, ${
        wordsOf([least, most], parameter.unit)
      }`,
    );
  }
}

/**
 * The coordinates in which `model` is searched.
 *
 * @throws {RangeError} naming a range that is none, or of no parameter.
 */
export function coordinatesOf(
  model: Model,
  { ranges = {}, sampleRate }: CoordinateOptions,
): Coordinates {
  const { parameters, feedback } = model;
  for (const name of Object.keys(ranges)) {
    if (parameters.some((parameter) => parameter.name === name)) continue;
    throw new RangeError(
      `a range of ${name} is given, but the model ${model.name} has none: its parameters are ${
        parameters.map(({ name }) => name).join(", ")
      }`,
    );
  }
  const maps = parameters.map((parameter) => {
    const [low, high] = ranges[parameter.name] ?? parameter.range;
    requireRange(parameter, [low, high]);
    if (!feedback || !isTime(parameter) || parameter.isOpen) {
      return mapWithin(parameter, [low, high]);
    }
    const shortest = shortestLoopTime(sampleRate);
    if (high > shortest) {
      return mapWithin(parameter, [Math.max(low, shortest), high]);
    }
    throw new RangeError(
      `the range of ${parameter.name} ends at ${high} ms: at ${sampleRate} Hz a loop can be followed from ${
        shortest.toPrecision(3)
      } ms up; let it end later`,
    );
  });
  return coordinatesBy(model, maps, feedback);
}

/** The published coordinates of `4a-2a`. */
export function publishedCoordinates(sampleRate: number): Coordinates {
  const { ratio, attack_ms, release_ms } = PUBLISHED_RANGES;
  const time = (range: Range) => {
    const curve = timeCurve(sampleRate);
    const [a, b] = range.map(curve.inverse);
    return mapOf(chained(curve, link(a, b)), range);
  };
  const free = mapOf(LINEAR, [-Infinity, Infinity], true);
  return coordinatesBy(parseModel(PAPER_MODEL), [
    free,
    mapOf(link(...ratio), ratio),
    time(attack_ms),
    time(release_ms),
    free,
  ]);
}

/** The coordinates of the FF targets, of the model `rms`. */
export function openCoordinates(sampleRate: number): Coordinates {
  const free = mapOf(LINEAR, [-Infinity, Infinity], true);
  const time = mapOf(timeOfLogitCurve(sampleRate), [0, Infinity]);
  return coordinatesBy(parseModel("rms"), [
    free,
    mapOf(SCALES["log-above-one"], [1, Infinity]),
    time,
    time,
    mapOf(SCALES.logit, [0, 1]),
    free,
  ]);
}

/**
 * The published coordinates where `model` is that of the paper and no range is given
 * in place of the published ones; else those of {@linkcode coordinatesOf}.
 */
export function paperCoordinates(
  model: Model,
  options: CoordinateOptions,
): Coordinates {
  const isPublished = model.name === PAPER_MODEL &&
    Object.keys(options.ranges ?? {}).length === 0;
  return isPublished
    ? publishedCoordinates(options.sampleRate)
    : coordinatesOf(model, options);
}
