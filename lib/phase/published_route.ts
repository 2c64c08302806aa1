/**
 * The published route beside Newton's method, on one known cascade: of order 7, as
 * published, at the published rate, on a sweep.
 *
 * @module
 */

import * as z from "zod";
import { createRandom } from "../base/random.ts";
import { BiasNet } from "./bias_net.ts";
import { throughCascade } from "./cascade_filter.ts";
import { pooled, Spectra } from "./cross_spectrum.ts";
import { coefficientWay, type Epoch, type Way } from "./descent.ts";
import { fitPhase, type FittedCascade } from "./fit_phase.ts";
import { sweep } from "./known_cascades.ts";
import {
  multiStft,
  SEQUENCE,
  type Sequences,
  sequencesOf,
} from "./multi_stft.ts";
import { type Cascade, ordersOf } from "./phase_loss.ts";
import { coefficientsOf } from "./section.ts";

/** Schema of how the nets, and the coefficients themselves, are trained. */
export const netSchema = z.strictObject({
  /** Sequences of 2048 samples. */
  sequences: z.int().min(8).max(10_000).default(512),
  batch: z.int().min(1).default(256),
  learning_rate: z.number().positive().default(1e-5),
  /** Of Adam on the coefficients. */
  coefficient_rate: z.number().positive().default(0.01),
  /** That the nets may take in a run; the next one takes them up. */
  seconds: z.number().min(0).default(110),
  coefficient_seconds: z.number().min(0).default(30),
  /** Divides the nets' widths; 1 is as published. */
  shrink: z.number().min(1).max(64).default(1),
});

/** Hz. */
export const PUBLISHED_RATE = 192000;

/** What is sought. */
export const SOUGHT: Cascade = {
  polarity: 1,
  delay: 0,
  sections: [
    { cornerHz: 900, q: 0.7 },
    { cornerHz: 2500 },
    { cornerHz: 5000, q: 1 },
    { cornerHz: 11000, q: 0.8 },
  ],
};

/** Frequencies that count, in radians a sample. */
const ENDS = [20, 22000].map((hz) => 2 * Math.PI * hz / PUBLISHED_RATE) as [
  number,
  number,
];

/** Orders of the published cascade. */
const ORDERS = [2, 2, 2, 1] as const;

/** Both sides of the known cascade. */
export interface KnownPair {
  dry: Float64Array;
  wet: Float64Array;
  sequences: Sequences;
}

/** A sweep of so many sequences, and what {@linkcode SOUGHT} makes of it. */
export function knownPair(count: number): KnownPair {
  const length = SEQUENCE * count;
  const seconds = 0.98 * length / PUBLISHED_RATE;
  const dry = sweep(seconds, length, PUBLISHED_RATE);
  const wet = throughCascade(dry, SOUGHT, PUBLISHED_RATE);
  return { dry, wet, sequences: sequencesOf(dry, wet) };
}

/** The nets before their training, and the coefficients that they stand for then. */
export function ways(shrink: number): { nets: BiasNet; coefficients: Way } {
  const nets = new BiasNet(ORDERS, createRandom("nets"), shrink);
  return { nets, coefficients: coefficientWay(nets.sections()) };
}

/** Newton's method, the sections' orders given as the nets' are; with its seconds. */
export async function newton(
  { dry, wet }: KnownPair,
): Promise<{ found: FittedCascade; seconds: number }> {
  const started = performance.now();
  const sum = new Spectra(2 ** Math.ceil(Math.log2(dry.length)));
  sum.add(dry, wet);
  const whole = sum.between(...ENDS);
  const one = pooled(whole, 0);
  const found = await fitPhase({
    whole,
    pooled: one,
    fitted: one,
    heldOut: one,
    lags: [0],
    sampleRate: PUBLISHED_RATE,
  }, { orders: ordersOf(SOUGHT) });
  return { found, seconds: (performance.now() - started) / 1000 };
}

/** M-STFT of `cascade`, its delay and polarity left out. */
export function lossOf({ sections }: Cascade, sequences: Sequences): number {
  return multiStft(
    sequences,
    sections.map((section) => coefficientsOf(section, PUBLISHED_RATE)),
  );
}

/** The epoch of the lowest loss. */
export function lowestOf(epochs: readonly Epoch[]): Epoch {
  const none = { epoch: 0, seconds: 0, loss: Infinity };
  return epochs.reduce((a, b) => b.loss < a.loss ? b : a, none);
}
