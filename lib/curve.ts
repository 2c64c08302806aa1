/**
 * The curve of a levelling amplifier: its compressor's parameters over the
 * peak-reduction knob, for each position of the compress/limit switch, and its
 * files.
 *
 * Between fitted settings the parameters are interpolated as the paper does it:
 * each by itself, the times in milliseconds, linearly or by a not-a-knot spline.
 *
 * @module
 */

import { Document, type Node, type YAMLSeq } from "yaml";
import * as z from "zod";
import type { CompressorParameters } from "./compressor/parameters.ts";
import { ConfigError, parseConfig } from "./config.ts";
import { type Mode, MODES, type Setting } from "./data/setting.ts";
import { parametersSchema } from "./fit_config.ts";
import { interpolant, type Interpolation } from "./spline.ts";

/** Parameters at one setting. */
export interface CurvePoint extends Setting {
  /** The compressor's parameters there. */
  parameters: CompressorParameters;
}

const KEYS = [
  "threshold_db",
  "ratio",
  "attack_ms",
  "release_ms",
  "make_up_db",
] as const;

/**
 * Parameters at `setting`, interpolated from the points of its mode.
 *
 * @throws {RangeError} where the curve has no such mode or ends before the knob.
 */
export function parametersAt(
  curve: readonly CurvePoint[],
  setting: Setting,
  method: Interpolation,
): CompressorParameters {
  const points = curve
    .filter(({ mode }) => mode === setting.mode)
    .sort((a, b) => a.peakReduction - b.peakReduction);
  if (points.length === 0) {
    throw new RangeError(`the curve has no setting in mode ${setting.mode}`);
  }
  const knob = points.map(({ peakReduction }) => peakReduction);
  const { peakReduction } = setting;
  const last = knob.length - 1;
  if (!(peakReduction >= knob[0] && peakReduction <= knob[last])) {
    throw new RangeError(
      `peak reduction ${peakReduction} lies outside the curve: choose ${
        knob[0]
      } to ${knob[last]}`,
    );
  }
  const parameters: Record<string, number> = {};
  for (const key of KEYS) {
    const values = points.map((point) => point.parameters[key]);
    parameters[key] = interpolant(knob, values, method)(peakReduction);
  }
  return parameters;
}

const curveSchema = z.looseObject({
  curve: z.array(z.looseObject({
    mode: z.enum(MODES),
    peak_reduction: z.number().min(0).max(100),
    params: parametersSchema,
  })).min(1, "must hold at least one setting"),
});

/** Reads a curve from YAML `text`, as {@linkcode curveToYaml} writes it. */
export function curveFromYaml(text: string, place: string): CurvePoint[] {
  return parseConfig(curveSchema, text, place).curve.map((point) => ({
    mode: point.mode,
    peakReduction: point.peak_reduction,
    parameters: point.params,
  }));
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
    const found = Object.fromEntries(KEYS.map((key, k) => [key, cells[4 + k]]));
    const { success, data } = parametersSchema.safeParse(found);
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
 * A curve as YAML, under a comment that says where it comes from. What a point is
 * to be taken with care for stands as a comment before it.
 */
export function curveToYaml(
  curve: readonly (CurvePoint & { warnings?: readonly string[] })[],
  comment: string,
): string {
  const heading = comment.split("\n").map((line) => `# ${line}\n`).join("");
  const document = new Document({
    curve: curve.map(({ mode, peakReduction, parameters }) => ({
      mode,
      peak_reduction: peakReduction,
      params: parameters,
    })),
  });
  const { items } = document.get("curve") as YAMLSeq<Node>;
  for (const [i, { warnings = [] }] of curve.entries()) {
    if (warnings.length === 0) continue;
    items[i].commentBefore = warnings
      .map((warning) => ` warning: ${warning.replace(/\s+/g, " ")}`)
      .join("\n");
  }
  return heading + document.toString();
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
      ...KEYS.map((key) => row.parameters[key]),
    ].join(","));
  }
  return `${lines.join("\n")}\n`;
}
