/**
 * Unit `optical`: a made-up electro-optical levelling amplifier. It is a
 * surrogate for recordings of a real one: built from how such units work, not
 * measured on any. Its gain shares nothing with those that are fitted to it; its
 * capacitors and its transformer are filters as a model may have behind the gain.
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
 * The constants and the knob's table {@linkcode SIDE_CHAIN_DB} were chosen so that
 * compressors fitted to the unit follow the published curve
 * (`lib/fitting/calibrate_optical.ts`, on 60 s of stimulus). From 40 to 100 on the
 * knob, published figures in brackets:
 *
 * - threshold −13 to −35 dB, within 0.45 dB of the published one;
 * - ratio 3.9 to 4.6 (3.7 to 5.4), in limit mode 4.1 to 4.9 (4.4 to 6.5);
 * - attack 10 to 2.8 ms (31 to 1.0 ms);
 * - release 328 ms at 45, 210 ms at 85, 250 ms at 100 (371, 248, 244 ms);
 * - make-up 0.6 to −0.9 dB (0.7 to 0.04 dB);
 * - ESR 0.034 to 0.045 (0.066 to 0.11), most of it from the transformer's phase,
 *   which no compressor has.
 *
 * Three things differ. At 40 the published ratio and times rise steeply, where
 * little of the sound is compressed; here they do not. The attack varies less, for
 * a faster cell would not take about 10 ms where the reduction is moderate. And
 * make-up falls by a decibel and a half: the cell holds on to some reduction
 * between the sounds.
 *
 * The table was fitted to that one stimulus (seed 1), so the closeness of the
 * threshold holds for it. What is fitted to a unit of another kind depends on what
 * it was made to play.
 *
 * @module
 */

import type { Processor } from "../compressor/compressor.ts";
import { createRandom } from "../base/random.ts";
import type { Setting } from "./setting.ts";

/** Raised with every change that makes the unit sound different. */
export const OPTICAL_VERSION = 3;

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
  14.4,
  15.5,
  16.4,
  17.3,
  18,
  20.7,
  23,
  25.8,
  29.6,
  33.9,
  35.7,
  37.2,
];

/** Part of the unattenuated signal in the side chain, limit position (m). */
const LIMIT_MIX = 0.007;
/** Voltage at which the side chain's amplifier limits, in onsets (D). */
const SIDE_CHAIN_CEILING = 4.5;
/** Light at twice the onset voltage (A). */
const LIGHT = 22;
/** Time constant of the bright cell, in seconds (τ). */
const BRIGHT_SECONDS = 0.03;
/** Time constant of the dim cell, in seconds (τ_dim). */
const DIM_SECONDS = 0.7;
/** Conductance half-way between dim and bright (n_½). */
const HALFWAY_CONDUCTANCE = 1.2;
/** Traps: what they hold, as a part of n; times in s to fill and to empty. */
const SHALLOW_TRAPS = { part: 0.01, fill: 0.2, empty: 0.6 };
const DEEP_TRAPS = { part: 0.01, fill: 6, empty: 5 };
/** Corner of each coupling capacitor, in Hz. */
const COUPLING_HZ = 3;
/** Gain of the valve stage for small signals, in dB. */
const STAGE_DB = 1;
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
