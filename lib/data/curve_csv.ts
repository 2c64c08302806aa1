/**
 * One mode of a levelling amplifier's curve as CSV, in the columns of the
 * published files.
 *
 * @module
 */

import { ConfigError } from "../base/config.ts";
import { type Values, valuesOf, vectorOf } from "../models/model.ts";
import { PAPER_MODEL, parseModel } from "../models/presets.ts";
import type { Mode, Setting } from "./setting.ts";
import { valuesSchema } from "./values_schema.ts";

/** The columns are the published model's. */
const MODEL = parseModel(PAPER_MODEL);
const SCHEMA = valuesSchema(MODEL);

/** Parameters at one setting of a levelling amplifier. */
export interface CurvePoint extends Setting {
  /** The model's parameters there. */
  parameters: Values;
}

/** A row of the published CSV layout. */
export interface CurveRow extends CurvePoint {
  /** ESR with the fitted parameters; NaN where the file does not say. */
  esr: number;
  /** ESR with linearly interpolated ones, where tested. */
  esrLinear?: number;
  /** ESR with those of the spline, where tested. */
  esrSpline?: number;
}

/**
 * Reads one mode of a curve from CSV `text` in the published layout, as
 * {@linkcode curveToCsv} writes it.
 *
 * @throws {ConfigError} naming the line that is wrong.
 */
export function curveFromCsv(
  text: string,
  mode: Mode,
  place: string,
): CurveRow[] {
  const rows: CurveRow[] = [];
  text.split(/\r?\n/).forEach((line, i) => {
    // The first two lines are headings.
    if (i < 2 || line.trim() === "") return;
    const cells = line.split(",").map((cell) =>
      cell.trim() === "" ? NaN : Number(cell)
    );
    const [peakReduction, esr, esrLinear, esrSpline] = cells;
    const { success, data } = SCHEMA.safeParse(
      valuesOf(MODEL, cells.slice(4, 4 + MODEL.parameters.length)),
    );
    if (!success || !(peakReduction >= 0 && peakReduction <= 100)) {
      throw new ConfigError(
        `${place}, line ${
          i + 1
        }: not a setting; give the columns of the published files, as exp:sweep writes them`,
      );
    }
    rows.push({
      mode,
      peakReduction,
      parameters: data,
      esr,
      ...(Number.isFinite(esrLinear) && { esrLinear }),
      ...(Number.isFinite(esrSpline) && { esrSpline }),
    });
  });
  if (rows.length > 0) return rows;
  throw new ConfigError(`${place}: holds no setting after its two headings`);
}

/**
 * One mode of a curve in the published CSV layout. What must go with the file,
 * whatever its name, is said by `remark`, which holds no comma: it stands in the
 * first cell of the second heading, which the published files leave empty.
 */
export function curveToCsv(
  rows: readonly CurveRow[],
  mode: Mode,
  remark = "",
): string {
  const lines = [
    "Peak Reduction,ESR,,,Threshold (dB),Ratio,Attack (ms),Release (ms), Make-up Gain (dB)",
    `${remark},GT,Linear Interpolation,Spline Interpolation,,,,,`,
  ];
  const ordered = rows.filter((row) => row.mode === mode)
    .sort((a, b) => a.peakReduction - b.peakReduction);
  for (const row of ordered) {
    lines.push([
      row.peakReduction,
      row.esr,
      row.esrLinear ?? "",
      row.esrSpline ?? "",
      ...vectorOf(MODEL, row.parameters),
    ].join(","));
  }
  return `${lines.join("\n")}\n`;
}
