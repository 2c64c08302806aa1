/**
 * Whether a fit means anything: beside it stands the best constant gain.
 *
 * With p = F(x) and y the pre-emphasised target, the gain Σ p y / Σ p² leaves the
 * ESR 1 − (Σ p y)² / (Σ p² Σ y²). A unit that compresses makes that large; a fit
 * that explains no more than it has found no compressor.
 *
 * @module
 */

import { formatDecibels, formatNumber } from "../base/format.ts";
import { mean } from "../base/statistics.ts";
import { preEmphasise } from "../sound/pre_emphasis.ts";
import type { Pair } from "../sound/signal.ts";

/** The best constant gain, and the ESR that it leaves. */
export interface GainAlone {
  /** Gain, in dB. */
  gainDb: number;
  /** ESR over all of the recordings. */
  esr: number;
}

/** The best constant gain over all of `pairs`. */
export function gainAlone(pairs: readonly Pair[]): GainAlone {
  let [dryEnergy, wetEnergy, both] = [0, 0, 0];
  for (const { dry, wet } of pairs) {
    const p = preEmphasise(dry, new Float64Array(dry.length));
    const y = preEmphasise(wet, new Float64Array(wet.length));
    for (let n = 0; n < p.length; n++) {
      dryEnergy += p[n] * p[n];
      wetEnergy += y[n] * y[n];
      both += p[n] * y[n];
    }
  }
  const gain = both / dryEnergy;
  return {
    gainDb: 20 * Math.log10(Math.abs(gain)),
    esr: Math.max(0, 1 - both * both / (dryEnergy * wetEnergy)),
  };
}

/** ESR of the gain alone below which hardly anything is compressed. */
const NO_COMPRESSION = 1e-4;

/** Part of that which a fit must stay below to have found a compressor there. */
const MUCH_MORE = 0.1;

/** ESR that is no more than rounding. */
const NOISE = 1e-9;

/** ESR above which a fit must explain more than a gain does. */
const POOR = 0.05;

/** Part of the gain's ESR that a fit must stay below then. */
const LITTLE_MORE = 0.9;

/** Part of the gain's ESR above which a fit is doubtful. */
const DOUBTFUL = 0.5;

/** What a fit came to. */
export type Verdict =
  | { kind: "compresses"; doubt?: string }
  /** The wet side is the dry one at another level. */
  | { kind: "not compressing"; sentence: string }
  /** No compressor was found, and why that may be. */
  | { kind: "nothing found"; sentence: string };

/**
 * The verdict on a fit with `esr`.
 *
 * @param esr ESR of the fit where its loss counts.
 * @param alone The best constant gain on the same sound.
 * @param expands Whether what is loud comes out louder still.
 * @param isSure Whether it does so beyond doubt, whatever a fit made of it.
 */
export function verdictOf(
  esr: number,
  alone: GainAlone,
  expands: boolean,
  isSure = false,
): Verdict {
  // A few peaks that are compressed leave little too, and a fit next to nothing.
  const isGain = alone.esr < NOISE ||
    (alone.esr < NO_COMPRESSION && esr > MUCH_MORE * alone.esr);
  if (isGain) {
    return {
      kind: "not compressing",
      sentence:
        `not compressing: the wet recording is the dry one with a gain of ${
          formatDecibels(alone.gainDb)
        }`,
    };
  }
  const asGain = `the best constant gain leaves ${formatNumber(alone.esr, 3)}`;
  const isLittle = esr > LITTLE_MORE * alone.esr;
  if (isSure || (isLittle && (esr > POOR || expands))) {
    return {
      kind: "nothing found",
      sentence: isSure || expands
        ? `no compressor explains the recordings: the wet side is louder where the dry one is loud. Is the unit an expander, or are the two sides swapped? (ESR ${
          formatNumber(esr, 3)
        }; ${asGain}) Write what was found all the same with --force`
        : `no compressor explains the recordings (ESR ${
          formatNumber(esr, 3)
        }; ${asGain}). Is it the same take, and does the unit do nothing but compress? Write what was found all the same with --force`,
    };
  }
  return esr > DOUBTFUL * alone.esr
    ? {
      kind: "compresses",
      doubt: `the compressor explains little more than a gain does (ESR ${
        formatNumber(esr, 3)
      }; ${asGain}): its figures mean little. Does the unit do nothing but compress?`,
    }
    : { kind: "compresses" };
}

/** Why a recording of many is left out, without what a command offers for one. */
export function reasonOf({ sentence }: { sentence: string }): string {
  return sentence.replace(/ Write what was found.*$/s, "");
}

/** Samples of a short-time level. */
const BLOCK = 2048;

/** Slope of the levels, in dB a dB, from which a unit expands. */
const EXPANDING = 1.02;

/** Whether what is loud in `pairs` comes out louder still. */
export function expands(pairs: readonly Pair[]): boolean {
  return levelSlope(pairs) > EXPANDING;
}

/**
 * Slope of the wet level over the dry one, in dB a dB, by the short-time levels of
 * `pairs`: below 1 a unit compresses, above 1 it expands.
 */
export function levelSlope(pairs: readonly Pair[]): number {
  const [dry, wet]: number[][] = [[], []];
  for (const pair of pairs) {
    for (let at = 0; at + BLOCK <= pair.dry.length; at += BLOCK) {
      let [a, b] = [0, 0];
      for (let n = at; n < at + BLOCK; n++) {
        a += pair.dry[n] ** 2;
        b += pair.wet[n] ** 2;
      }
      if (a > 1e-7 && b > 1e-9) {
        dry.push(10 * Math.log10(a));
        wet.push(10 * Math.log10(b));
      }
    }
  }
  const [m, w] = [mean(dry), mean(wet)];
  let [top, bottom] = [0, 0];
  dry.forEach((level, i) => {
    top += (level - m) * (wet[i] - w);
    bottom += (level - m) ** 2;
  });
  return top / bottom;
}
