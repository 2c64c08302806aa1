/**
 * What a closer look at two recordings tells, for commands that look at a few.
 *
 * @module
 */

import {
  formatDecibels,
  formatInteger,
  formatNumber,
  formatPercent,
} from "../base/format.ts";
import { movingOffset } from "../sound/constant_offset.ts";
import { type Pair, peakOf } from "../sound/signal.ts";
import { findLowClipping } from "./clipping.ts";

/**
 * Warnings of clipping that was turned down, where the dry side has none, and of a
 * constant offset that moves with the level, which is the unit's own.
 */
export function closerWarnings({ dry, wet, sampleRate }: Pair): string[] {
  const warnings: string[] = [];
  const peak = peakOf(wet);
  const clipping = findLowClipping(wet, peak);
  if (
    clipping !== undefined && findLowClipping(dry, peakOf(dry)) === undefined
  ) {
    warnings.push(
      `the wet recording is clipped at ${
        formatDecibels(20 * Math.log10(peak))
      } of full scale: ${formatInteger(clipping.samples)} samples (${
        formatPercent(clipping.samples / wet.length, 2)
      }) stand there, which no compressor explains. The figures are off; record it again`,
    );
  }
  const moving = movingOffset(wet, sampleRate);
  if (moving !== undefined) {
    warnings.push(
      `the wet recording has an offset that moves with the level, ${
        formatNumber(moving.quiet, 2)
      } where it is quiet and ${
        formatNumber(moving.loud, 2)
      } where it is loud: it lies inside the unit, whose detector hears it. No figures are right then; repair the unit, or its supply`,
    );
  }
  return warnings;
}
