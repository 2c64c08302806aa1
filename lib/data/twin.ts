/**
 * Unit `twin`: the published curve itself. The compressor that the project fits
 * runs with the published parameters of the setting, so the right answer is
 * known, and a fit that does not find it is wrong.
 *
 * @module
 */

import { createCompressor, type Processor } from "../compressor/compressor.ts";
import { PUBLISHED_FITS, publishedFit } from "./published.ts";
import { nameOfSetting, type Setting } from "./setting.ts";

/**
 * The twin at rest, at one of the published settings.
 *
 * @throws {RangeError} where nothing is published for `setting`.
 */
export function createTwin(setting: Setting, sampleRate: number): Processor {
  const fit = publishedFit(setting);
  if (fit === undefined) {
    const known = PUBLISHED_FITS.filter(({ mode }) => mode === setting.mode)
      .map(({ peakReduction }) => peakReduction).join(", ");
    throw new RangeError(
      `the twin has no setting ${
        nameOfSetting(setting)
      }: published are peak reductions ${known}`,
    );
  }
  return createCompressor(fit.parameters, sampleRate);
}
