/**
 * A fitted capture as a unit, for `render`, `player` and `export`.
 *
 * @module
 */

import { type Unit, versions } from "../data/unit_file.ts";
import type { Capture } from "./manifest.ts";
import type { CaptureResult } from "./fit_capture.ts";

/** Where a capture comes from, in words. */
export function originOfCapture({ manifest, others: _ }: Capture): string {
  const { unit, by, licence, notes } = manifest;
  return [
    `Fitted by Optofit to recordings of ${unit}${by ? ` made by ${by}` : ""}.`,
    ...(licence ? [`Licence: ${licence}.`] : []),
    ...(notes ? [notes] : []),
  ].join(" ");
}

/**
 * The unit that `result` describes. It bears no date, so that a run that was
 * interrupted, or divided among machines, ends with the same bytes.
 */
export function capturedUnit(capture: Capture, result: CaptureResult): Unit {
  const { manifest, sampleRate } = capture;
  const { by, licence } = manifest;
  return {
    format: 2,
    unit: manifest.unit,
    model: result.model.name,
    sample_rate: sampleRate,
    knobs: manifest.knobs,
    ...(isSmoothBetter(result) && { interpolation: "smooth" as const }),
    settings: result.fits.map((fit) => ({
      at: fit.at,
      params: fit.parameters,
      uncertainty: fit.uncertainty,
      esr: fit.esr,
      whole_esr: fit.score.esr,
      delta_ldr_db: fit.score.deltaLdrDb,
      converged: fit.converged,
      ...(fit.warnings.length > 0 && { warnings: fit.warnings }),
      recordings: fit.recordings,
    })),
    origin: {
      text: originOfCapture(capture),
      ...(by && { by }),
      ...(licence && { licence }),
      ...(/surrogate/i.test(manifest.notes ?? "") && { surrogate: true }),
      versions: versions(),
    },
  };
}

/**
 * Whether the smooth map is the better one: by the settings left out, where there
 * are any; else it is taken, as knobs of analogue units turn smoothly.
 */
function isSmoothBetter({ tests }: CaptureResult): boolean {
  const both = tests.filter((test) => test.linear !== undefined);
  const sum = (of: (test: typeof both[number]) => number) =>
    both.reduce((total, test) => total + of(test), 0);
  return both.length === 0 || sum(({ smooth }) => smooth) <=
      sum(({ linear }) => linear!);
}
