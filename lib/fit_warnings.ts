/**
 * What makes the figures of a fit mean little, though it converged.
 *
 * The greatest gain reduction of a compressor with ratio R and threshold CT is
 * (1 − 1/R) (P − CT) dB on a sound whose peak is P dB. Where that is next to
 * nothing, the loss does not depend on threshold, attack and release.
 *
 * @module
 */

import type { CompressorParameters } from "./compressor/parameters.ts";
import { formatDecibels, formatNumber, formatPercent } from "./format.ts";
import { PARAMETER_RANGES } from "./objective/parameter_space.ts";
import type { Pair, Signal } from "./sound/signal.ts";

/** ESR above which hardly anything of the wet recording is explained. */
const POOR_ESR = 0.5;

/** Gain reduction, in dB, that is next to nothing. */
const HARDLY = 0.1;

/** Part of a bound within which a parameter stands at it. */
const AT_BOUND = 0.005;

const NAMES = {
  ratio: ["ratio", ""],
  attack_ms: ["attack", " ms"],
  release_ms: ["release", " ms"],
} as const;

/** What a person should know before relying on `parameters` fitted to `pair`. */
export function fitWarnings(
  { dry, heard = dry }: Pair,
  parameters: CompressorParameters,
  esr: number,
): string[] {
  const warnings: string[] = [];
  if (esr > POOR_ESR) {
    warnings.push(
      `the match is poor: ${
        formatPercent(esr, 2)
      } of the wet recording's energy is left unexplained. Is it the same take?`,
    );
  }
  const { threshold_db: threshold, ratio } = parameters;
  // Most sounds show at once that there is something to compress.
  const enough = threshold + HARDLY / (1 - 1 / ratio);
  if (!isAbove(heard, enough)) {
    const peakDb = 20 * Math.log10(peakOf(heard));
    warnings.push(
      threshold >= peakDb
        ? `no dry sample exceeds the threshold (the peak is ${
          formatDecibels(peakDb)
        }): nothing is compressed; threshold, ratio, attack and release mean nothing. Start lower, for example with --set solver.start.threshold_db=${
          Math.floor(peakDb - 30)
        }`
        : `the compressor hardly compresses, by less than ${HARDLY} dB: threshold, attack and release mean nothing. Does the unit compress here? Are the dry and the wet recording swapped?`,
    );
    return warnings;
  }
  for (const [key, range] of Object.entries(PARAMETER_RANGES)) {
    const [name, unit] = NAMES[key as keyof typeof NAMES];
    const value = parameters[key as keyof typeof NAMES];
    if (range.some((bound) => Math.abs(value / bound - 1) <= AT_BOUND)) {
      warnings.push(
        `the ${name} of ${
          formatNumber(value)
        }${unit} stands at the end of its range, ${
          range.join("–")
        }${unit}: the best one may lie beyond`,
      );
    }
  }
  return warnings;
}

/** Whether a sample of `sound` is louder than `levelDb`. */
function isAbove(sound: Signal, levelDb: number): boolean {
  const level = 10 ** (levelDb / 20);
  for (let n = 0; n < sound.length; n++) {
    if (Math.abs(sound[n]) > level) return true;
  }
  return false;
}

function peakOf(sound: Signal): number {
  let peak = 0;
  for (let n = 0; n < sound.length; n++) {
    peak = Math.max(peak, Math.abs(sound[n]));
  }
  return peak;
}
