/**
 * The unconstrained coordinates z ("logits") that the optimiser moves in, and
 * their maps to the natural parameters θ with first and second derivatives.
 *
 * The published parametrisation ({@linkcode boundedSpace}): CT and γ as they
 * are, R = 1 + 19 σ(z₂), the attack coefficient between those of 0.1 and 100 ms
 * and the release coefficient between those of 10 and 1000 ms, each by a sigmoid
 * σ. That of the FF targets ({@linkcode openSpace}, Yu et al., DAFx 2024):
 * log(R − 1) and the logits of the three coefficients.
 *
 * Every map is scalar, so with D = diag(dθ/dz)
 *
 *     ∇_z 𝓛 = D ∇_θ 𝓛,   ∇²_z 𝓛 = D (∇²_θ 𝓛) D + diag(∇_θ 𝓛 · d²θ/dz²)
 *
 * @module
 */

import {
  coefficientOfTime,
  type CompressorParameters,
  fromNatural,
  NATURAL_ORDER,
  toNatural,
} from "../compressor/parameters.ts";

/** A smooth, increasing or decreasing map z ↦ θ of one coordinate. */
interface CoordinateMap {
  /** θ, dθ/dz and d²θ/dz² at z. */
  at(z: number): [value: number, first: number, second: number];
  /**
   * The z of a θ; at an end of the range, where z is infinite, that just inside;
   * NaN where θ is out of the range.
   */
  inverse(theta: number): number;
  /** The z of the θ within the range that is nearest to `theta`. */
  nearest(theta: number): number;
  /** The range of θ, in words people use, for messages. */
  range: string;
}

/** Coordinates z of a compressor's parameters. */
export interface ParameterSpace {
  /** Names of the coordinates, in the order of the natural vector. */
  readonly names: readonly string[];
  /** Sample rate that the time constants are meant at, in Hz. */
  readonly sampleRate: number;
  /** θ at z. */
  natural(z: Float64Array): Float64Array;
  /** dθ/dz and d²θ/dz² at z, coordinate by coordinate. */
  derivatives(z: Float64Array): { first: Float64Array; second: Float64Array };
  /** Parameters, in the units people use, at z. */
  parameters(z: Float64Array): CompressorParameters;
  /**
   * z of `parameters`; one at the end of its range, where fits may end, is taken
   * as standing just inside.
   *
   * @throws {RangeError} naming the parameter that lies outside its range.
   */
  coordinates(parameters: CompressorParameters): Float64Array;
  /** z of what is nearest to `parameters`, such as a fit that ended at a bound. */
  nearest(parameters: CompressorParameters): Float64Array;
}

const identity: CoordinateMap = {
  at: (z) => [z, 1, 0],
  inverse: (theta) => Number.isFinite(theta) ? theta : NaN,
  nearest: (theta) => theta,
  range: "any finite number",
};

/** Part of a range that its end is kept from: z stays within ±14. */
const EDGE = 1e-6;

/** |z| beyond which a sigmoid stands at its end to within rounding. */
const SATURATED = 30;

/** Part of a range by which rounding may carry its end beyond it. */
const ROUNDING = 1e-9;

/** Ends of what the published coordinates can reach. */
export const PARAMETER_RANGES = {
  ratio: [1, 20],
  attack_ms: [0.1, 100],
  release_ms: [10, 1000],
} as const;

function sigmoid(z: number): number {
  return z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z));
}

/** θ = low + (high − low) σ(z); `low` may be above `high`. */
function between(low: number, high: number, range: string): CoordinateMap {
  function nearest(theta: number): number {
    const part = (theta - low) / (high - low);
    const inside = Math.min(1 - EDGE, Math.max(EDGE, part));
    return Math.log(inside / (1 - inside));
  }
  return {
    at(z) {
      const value = sigmoid(z);
      // σ(−z) rather than 1 − σ(z), which loses its digits for large z.
      const first = value * sigmoid(-z);
      const second = first * (sigmoid(-z) - value);
      const span = high - low;
      return [low + span * value, span * first, span * second];
    },
    inverse(theta) {
      const z = Math.log((theta - low) / (high - theta));
      if (Math.abs(z) < SATURATED) return z;
      const part = (theta - low) / (high - low);
      return Math.abs(part - 0.5) <= 0.5 + ROUNDING ? nearest(theta) : NaN;
    },
    nearest,
    range,
  };
}

/** θ = 1 + eᶻ. */
const aboveOne: CoordinateMap = {
  at: (z) => [1 + Math.exp(z), Math.exp(z), Math.exp(z)],
  inverse: (theta) => Math.log(theta - 1),
  nearest: (theta) => Math.log(Math.max(EDGE, theta - 1)),
  range: "above 1",
};

/** Slope s = 1 − 1/R of a map for the ratio R. */
function slopeOf(ratio: CoordinateMap): CoordinateMap {
  return {
    at(z) {
      const [value, first, second] = ratio.at(z);
      const square = value * value;
      return [
        1 - 1 / value,
        first / square,
        second / square - 2 * first * first / (square * value),
      ];
    },
    inverse: (slope) => ratio.inverse(1 / (1 - slope)),
    nearest: (slope) => ratio.nearest(1 / (1 - slope)),
    range: ratio.range,
  };
}

function space(
  maps: readonly CoordinateMap[],
  sampleRate: number,
): ParameterSpace {
  const names = ["threshold_db", "ratio", "attack_ms", "release_ms"];
  if (maps.length === NATURAL_ORDER.rms.length) {
    names.push("averaging_coefficient");
  }
  names.push("make_up_db");
  const natural = (z: Float64Array) =>
    z.map((value, i) => maps[i].at(value)[0]);
  return {
    names,
    sampleRate,
    natural,
    derivatives: (z) => ({
      first: z.map((value, i) => maps[i].at(value)[1]),
      second: z.map((value, i) => maps[i].at(value)[2]),
    }),
    parameters: (z) => fromNatural(natural(z), sampleRate),
    nearest: (parameters) =>
      toNatural(parameters, sampleRate).map((value, i) =>
        maps[i].nearest(value)
      ),
    coordinates(parameters) {
      const theta = toNatural(parameters, sampleRate);
      if (theta.length !== maps.length) {
        throw new RangeError(
          theta.length < maps.length
            ? "averaging_coefficient is missing: the RMS detector needs it"
            : "averaging_coefficient is given, but the peak detector has none",
        );
      }
      return theta.map((value, i) => {
        const z = maps[i].inverse(value);
        if (Number.isFinite(z)) return z;
        const given = parameters[names[i] as keyof CompressorParameters];
        throw new RangeError(
          `${names[i]} is ${given}: must be ${maps[i].range}`,
        );
      });
    },
  };
}

/** The published coordinates of the peak-detector compressor. */
export function boundedSpace(sampleRate: number): ParameterSpace {
  const { ratio, attack_ms, release_ms } = PARAMETER_RANGES;
  const times = ([fastest, slowest]: readonly [number, number]) =>
    between(
      coefficientOfTime(fastest, sampleRate),
      coefficientOfTime(slowest, sampleRate),
      `from ${fastest} to ${slowest} ms`,
    );
  return space([
    identity,
    slopeOf(between(...ratio, `from ${ratio[0]} to ${ratio[1]}`)),
    times(attack_ms),
    times(release_ms),
    identity,
  ], sampleRate);
}

/** The coordinates of the FF targets: RMS detector, six parameters. */
export function openSpace(sampleRate: number): ParameterSpace {
  const unit = (range: string) => between(0, 1, range);
  return space([
    identity,
    slopeOf(aboveOne),
    unit("above 0 ms"),
    unit("above 0 ms"),
    unit("between 0 and 1"),
    identity,
  ], sampleRate);
}
