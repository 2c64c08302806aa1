/**
 * What a person should know of two recordings before relying on a fit to them:
 * what is odd about their files, how much sound both have, whether they are one
 * and the same, and whether the wet one is clipped.
 *
 * @module
 */

import { formatDuration, formatInteger } from "../base/format.ts";
import type { Pair } from "../sound/signal.ts";
import type { Sound } from "../sound/wav.ts";
import { findClipping } from "./clipping.ts";

/** Part of the longer side that both should have. */
const COMMON_PART = 0.9;

/** Seconds of sound below which little can be told of the release. */
const FEW_SECONDS = 1;

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
