/**
 * The curve that `--curve` names: YAML with both modes, or CSV files in the
 * published layout, one a mode; without it, the published curve.
 *
 * @module
 */

import { basename } from "node:path";
import { ConfigError, readTextFile } from "../config.ts";
import { curveFromCsv, curveFromYaml, type CurvePoint } from "../curve.ts";
import type { Mode } from "../data/setting.ts";
import { printable, userPath } from "./command_line.ts";

/** What `--curve` takes. */
export const CURVE_HELP =
  "curve that exp:sweep fitted, its YAML or CSV file; repeat for the CSV of the " +
  "other mode (default: the published curve)";

/** A curve and where it comes from. */
export interface NamedCurve {
  /** The settings. */
  points: readonly CurvePoint[];
  /** Where they come from, in a sentence or two. */
  origin: string;
  /** Whether they were fitted to data that stand in for the real unit's. */
  surrogate: boolean;
}

/** Mode of a CSV file, which its name says. */
function modeOf(name: string): Mode {
  if (/limit/i.test(name)) return "limit";
  if (/comp/i.test(name)) return "compress";
  throw new ConfigError(
    `${name}: its name must hold "compress" or "limit", the mode of its settings`,
  );
}

/**
 * What a curve's file says of where it comes from: YAML in the comment at its
 * head, CSV in the heading that the published columns leave empty.
 */
function remarkIn(text: string, name: string): string {
  if (isCsv(name)) return text.split(/\r?\n/)[1]?.split(",")[0] ?? "";
  const [comment] = /^(?:#.*\n)*/.exec(text)!;
  return comment.replace(/^# ?/gm, "").replace(/\s+/g, " ");
}

function isCsv(name: string): boolean {
  return /\.csv$/i.test(name);
}

/** Reads the curve in `files`, named as a person names them. */
export async function readCurve(files: readonly string[]): Promise<NamedCurve> {
  if (files.length === 0) {
    const { PUBLISHED_CITATION, PUBLISHED_FITS } = await import(
      "../data/published.ts"
    );
    return {
      points: PUBLISHED_FITS,
      origin: `The published curve: ${PUBLISHED_CITATION}.`,
      surrogate: false,
    };
  }
  const points: CurvePoint[] = [];
  const origins: string[] = [];
  for (const file of files) {
    const text = await readTextFile(userPath(file), file);
    const name = basename(file);
    const found = isCsv(name)
      ? curveFromCsv(text, modeOf(name), file)
      : curveFromYaml(text, file);
    for (const point of found) {
      const isKnown = points.some((other) =>
        other.mode === point.mode && other.peakReduction === point.peakReduction
      );
      if (isKnown) {
        throw new ConfigError(
          `${file}: ${point.mode} ${point.peakReduction} is there twice: give each setting once`,
        );
      }
      points.push(point);
    }
    const said = printable(remarkIn(text, name)).trim();
    origins.push(said === "" ? `From ${name}.` : `From ${name}: ${said}`);
  }
  const origin = origins.join(" ");
  return { points, origin, surrogate: /surrogate/i.test(origin) };
}
