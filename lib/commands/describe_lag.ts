/**
 * A recording's lag put into words.
 *
 * @module
 */

import {
  formatFixed,
  formatInteger,
  formatMilliseconds,
} from "../base/format.ts";

/** The lag in words, late or early. */
export function describeLag(lag: number, sampleRate: number): string {
  const size = Math.abs(lag);
  const isWhole = Math.abs(lag - Math.round(lag)) < 5e-4;
  const count = isWhole ? formatInteger(size) : formatFixed(size, 3);
  const text = `${count} ${count === "1" ? "sample" : "samples"} (${
    formatMilliseconds(1000 * size / sampleRate, 3)
  })`;
  return size < 5e-4
    ? "none"
    : `${text}, the wet recording is ${lag > 0 ? "late" : "early"}, removed`;
}
