/**
 * What a person should know of two recordings before relying on a fit to them:
 * what is odd about their files, how much sound both have, whether they are one
 * and the same, and whether the wet one is clipped.
 *
 * @module
 */

import {
  formatDecibels,
  formatDuration,
  formatInteger,
  formatNumber,
  formatPercent,
} from "../base/format.ts";
import { movingOffset } from "../sound/constant_offset.ts";
import type { Pair } from "../sound/signal.ts";
import type { Sound } from "../sound/wav.ts";
import { findClipping, findLowClipping, peakOf } from "./pair_check.ts";

/** Part of the longer side that both should have. */
const COMMON_PART = 0.9;

/** Seconds of sound below which little can be told of the release. */
const FEW_SECONDS = 1;

/**
 * Warnings of what takes a closer look than those of every setting of a sweep: clipping
 * that was turned down, where the dry side has none; a constant offset that moves with
 * the level, which is the unit's own.
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

/** Warnings about `dry` and `wet`, of which `pair` is the part that is used. */
export function recordingWarnings(
  dry: Sound,
  wet: Sound,
  pair: Pair,
): string[] {
  const warnings = [
    ...dry.warnings.map((warning) => `the dry recording: ${warning}`),
    ...wet.warnings.map((warning) => `the wet recording: ${warning}`),
  ];
  const [dryLength, wetLength, length] = [dry.samples, wet.samples, pair.dry]
    .map((samples) => samples.length);
  const time = (samples: number) => formatDuration(samples / pair.sampleRate);
  if (length < COMMON_PART * Math.max(dryLength, wetLength)) {
    warnings.push(
      `the dry recording has ${time(dryLength)}, the wet one ${
        time(wetLength)
      }: only the ${
        time(length)
      } that both have is used. Do they hold the same take?`,
    );
  }
  if (length < FEW_SECONDS * pair.sampleRate) {
    warnings.push(
      `${
        time(length)
      } of sound is too little to rely on: give a few seconds of varied sound`,
    );
  }
  if (pair.dry.every((x, n) => x === pair.wet[n])) {
    warnings.push(
      "the wet recording is the same as the dry one: is it the right file?",
    );
  }
  const clipping = findClipping(wet.samples, wet.format.bits);
  if (clipping.runs > 0) {
    warnings.push(
      `the wet recording is clipped: ${
        formatInteger(clipping.samples)
      } samples stand at full scale, which no compressor explains. Record it at a lower level`,
    );
  }
  return warnings;
}
