/**
 * Unit `optical`: a made-up electro-optical levelling amplifier. It is a
 * surrogate for recordings of a real one: built from how such units work, not
 * measured on any, and sharing nothing with the compressor that is fitted to it.
 *
 * Signal path, sample by sample, x in and y out:
 *
 *     u = C₁(x) / (1 + c)            input capacitor C₁; the cell, of conductance
 *                                    c, loads a series resistor
 *     v = K |u + m C₁(x)|            side chain, taken after the cell (feedback);
 *                                    the limit position adds a little of what
 *                                    comes before it, which raises the ratio
 *     d = v / √(1 + (v/D)²)          the side chain's amplifier limits at D
 *     ℓ = A max(0, d − 1)^1.5        light of the panel: none below a voltage
 *     n' = r(n) (ℓ − n)              carriers that the light sets free; bright,
 *     r(n) = 1/τ_dim +               the cell answers faster than dim
 *       (1/τ − 1/τ_dim) n / (n + n_½)
 *     t₁', t₂'                       carriers in shallow and deep traps, which
 *                                    fill while there are free ones (towards q n)
 *                                    and empty on their own
 *     c = n + t₁ + t₂
 *     y = C₂(T(S(u))) + noise        S: valve stage, mildly asymmetric;
 *                                    T: output transformer, first-order
 *                                    roll-off far above hearing
 *
 * What is peculiar to such units follows from that:
 *
 * - The **attack** is one of a feedback loop: the further the level jumps, the
 *   brighter the light, the faster the cell; about 10 ms where it is moderate.
 * - The **release** has two stages. Bright, the cell answers quickly and half of
 *   the reduction is gone in about 60 ms; dim, it answers slowly, and traps keep
 *   some of it for 0.5 to 5 s, longer the longer and the harder the unit was
 *   driven.
 * - The **knee** is soft because the light grows with a power of the voltage
 *   above its onset, and the gain with the reciprocal of 1 + c.
 *
 * All constants are times, frequencies and levels: the sample rate does not
 * change the unit.
 *
 * The knob's table {@linkcode SIDE_CHAIN_DB} was found with
 * `lib/data/calibrate_optical.ts`, on 60 s of stimulus. Compressors fitted to the
 * unit then follow the published curve like this, from 40 to 100 on the knob:
 * threshold −13.0 to −35.5 dB, within 0.3 dB but for 1.1 dB at 95 in limit mode;
 * ratio between 3.1 and 3.7 (published 3.7 to 5.4), higher by 0.1 to 0.7 in limit
 * mode (0.2 to 1.1); attack 21 to 2.7 ms (31 to 1.0 ms); release 363 to 225 ms
 * (470 to 235 ms); ESR 0.033 to 0.049 (0.065 to 0.11), most of it from the
 * transformer's phase, which no compressor has. One thing differs: make-up agrees
 * up to 75, within 1 dB, but then falls to −3 dB, where the published one stays
 * near 0.3 dB: here the traps and the dim cell hold on to some reduction. A lower
 * corner of the capacitors is no way to more error: at 8 Hz the phase of loud bass
 * outweighs the little reduction there is at 40, and the fit abuses a release of a
 * few milliseconds to imitate it.
 *
 * The table was fitted to that one stimulus (seed 1), so the closeness of the
 * threshold holds for it. What is fitted to a unit of another kind depends on what
 * it was made to play.
 *
 * @module
 */

import type { Processor } from "../compressor/compressor.ts";
import { createRandom } from "../random.ts";
import type { Setting } from "./setting.ts";

/** Raised with every change that makes the unit sound different. */
export const OPTICAL_VERSION = 2;

/** Where the unit's controls stand, and what it runs at. */
export interface OpticalOptions extends Setting {
  /** Samples a second. */
  sampleRate: number;
  /** Seed of the noise. */
  seed: number | string;
  /**
   * Gain of the side chain in dB, instead of the knob's; for calibration.
   */
  sideChainDb?: number;
  /** Level of the noise in dBFS (RMS); −Infinity turns it off. */
  noiseDb?: number;
}

/** Lowest knob position of the table. */
const LOWEST_KNOB = 40;
/** Knob positions from one entry of the table to the next. */
const KNOB_STEP = 5;

/** Gain K of the side chain in dB at the knob positions 40, 45 … 100. */
export const SIDE_CHAIN_DB: readonly number[] = [
  13.7,
  14.6,
  15.8,
  16.6,
  17.6,
  18.5,
  21.6,
  24.5,
  27.5,
  32.5,
  37.9,
  39.6,
  41.4,
];

/** Part of the unattenuated signal in the side chain, limit position (m). */
const LIMIT_MIX = 0.009;
/** Voltage at which the side chain's amplifier limits, in onsets (D). */
const SIDE_CHAIN_CEILING = 13;
/** Light at twice the onset voltage (A). */
const LIGHT = 7;
/** Time constant of the bright cell, in seconds (τ). */
const BRIGHT_SECONDS = 0.036;
/** Time constant of the dim cell, in seconds (τ_dim). */
const DIM_SECONDS = 1;
/** Conductance half-way between dim and bright (n_½). */
const HALFWAY_CONDUCTANCE = 0.8;
/** Traps: what they hold, as a part of n; times in s to fill and to empty. */
const SHALLOW_TRAPS = { part: 0.03, fill: 0.15, empty: 0.6 };
const DEEP_TRAPS = { part: 0.015, fill: 6, empty: 5 };
/** Corner of each coupling capacitor, in Hz. */
const COUPLING_HZ = 3;
/** Gain of the valve stage for small signals, in dB. */
const STAGE_DB = 0.7;
/** Drive and bias of the valve stage's curve w ↦ w / √(1 + w²). */
const STAGE_DRIVE = 0.1;
const STAGE_BIAS = 0.1;
/** Corner of the output transformer, in Hz: 0.7 dB less at 15 kHz, at 44.1 kHz. */
const TRANSFORMER_HZ = 60_000;
/** Level of the noise, in dBFS (RMS). */
const NOISE_DB = -80;
/** Inputs beyond this, 40 dB above full scale, are clipped to it. */
const INPUT_LIMIT = 100;

/**
 * Side-chain gain K at a knob position, as a factor. Between the table's entries
 * it is interpolated in dB; below them the knob is linear, from nothing at 0.
 *
 * @throws {RangeError} where the knob does not go that far.
 */
export function sideChainGain(peakReduction: number): number {
  if (!(peakReduction >= 0 && peakReduction <= 100)) {
    throw new RangeError(
      `peak reduction of ${peakReduction}: must be between 0 and 100`,
    );
  }
  if (peakReduction < LOWEST_KNOB) {
    return factor(SIDE_CHAIN_DB[0]) * peakReduction / LOWEST_KNOB;
  }
  const place = (peakReduction - LOWEST_KNOB) / KNOB_STEP;
  const below = Math.min(Math.floor(place), SIDE_CHAIN_DB.length - 2);
  const [from, to] = SIDE_CHAIN_DB.slice(below, below + 2);
  return factor(from + (place - below) * (to - from));
}

function factor(db: number): number {
  return 10 ** (db / 20);
}

/** The unit at rest. */
export function createOptical(options: OpticalOptions): Processor {
  const { peakReduction, mode, sampleRate, seed } = options;
  if (!(sampleRate > 0 && Number.isFinite(sampleRate))) {
    throw new RangeError(`sample rate of ${sampleRate} Hz: must be above 0`);
  }
  const sideChain = options.sideChainDb === undefined
    ? sideChainGain(peakReduction)
    : factor(options.sideChainDb);
  const mix = mode === "limit" ? LIMIT_MIX : 0;
  const ceiling = 1 / SIDE_CHAIN_CEILING ** 2;

  const coefficient = (seconds: number) =>
    -Math.expm1(-1 / (seconds * sampleRate));
  const bright = coefficient(BRIGHT_SECONDS);
  const dim = coefficient(DIM_SECONDS);
  const [fill1, empty1] = [SHALLOW_TRAPS.fill, SHALLOW_TRAPS.empty]
    .map(coefficient);
  const [fill2, empty2] = [DEEP_TRAPS.fill, DEEP_TRAPS.empty].map(coefficient);
  const part1 = SHALLOW_TRAPS.part;
  const part2 = DEEP_TRAPS.part;

  const pole = Math.exp(-2 * Math.PI * COUPLING_HZ / sampleRate);
  const coupling = (1 + pole) / 2;
  // By the trapezoidal rule: y[n] = b (x[n] + x[n−1]) + p y[n−1].
  const warped = Math.PI * TRANSFORMER_HZ / sampleRate;
  const transformer = warped / (1 + warped);
  const transformerPole = (1 - warped) / (1 + warped);
  const rest = STAGE_BIAS / Math.sqrt(1 + STAGE_BIAS ** 2);
  const stage = factor(STAGE_DB) * (1 + STAGE_BIAS ** 2) ** 1.5 /
    STAGE_DRIVE;
  const random = createRandom(seed);
  // The sum of two 16-bit numbers is triangular, of variance (2^32 − 1) / 6.
  const noise = factor(options.noiseDb ?? NOISE_DB) *
    Math.sqrt(6) / 2 ** 16;

  const state = {
    inputBefore: 0,
    coupled: 0,
    free: 0,
    shallow: 0,
    deep: 0,
    stageBefore: 0,
    transformed: 0,
    output: 0,
  };

  return {
    process(input, result) {
      // Local copies: V8 keeps them in registers.
      let { inputBefore, coupled, free, shallow, deep } = state;
      let { stageBefore, transformed, output } = state;
      for (let n = 0; n < input.length; n++) {
        let x = input[n];
        // Also true of NaN, which a unit hears as silence.
        if (!(x <= INPUT_LIMIT)) x = x > INPUT_LIMIT ? INPUT_LIMIT : 0;
        else if (x < -INPUT_LIMIT) x = -INPUT_LIMIT;

        coupled = pole * coupled + coupling * (x - inputBefore);
        inputBefore = x;
        const u = coupled / (1 + free + shallow + deep);

        let drive = sideChain * Math.abs(u + mix * coupled);
        drive /= Math.sqrt(1 + drive * drive * ceiling);
        const above = drive > 1 ? drive - 1 : 0;
        const light = LIGHT * above * Math.sqrt(above);
        free += (dim + (bright - dim) * free / (free + HALFWAY_CONDUCTANCE)) *
          (light - free);
        const missing1 = part1 * free - shallow;
        shallow += (missing1 > 0 ? fill1 : empty1) * missing1;
        const missing2 = part2 * free - deep;
        deep += (missing2 > 0 ? fill2 : empty2) * missing2;

        const w = STAGE_DRIVE * u + STAGE_BIAS;
        const staged = stage * (w / Math.sqrt(1 + w * w) - rest);
        const transformedBefore = transformed;
        transformed = transformer * (staged + stageBefore) +
          transformerPole * transformed;
        stageBefore = staged;
        output = pole * output + coupling * (transformed - transformedBefore);
        const bits = random.bits();
        const hiss = noise * ((bits >>> 16) + (bits & 0xffff) - 0xffff);
        result[n] = output + hiss;
      }
      Object.assign(state, {
        inputBefore,
        coupled,
        free,
        shallow,
        deep,
        stageBefore,
        transformed,
        output,
      });
    },
  };
}
