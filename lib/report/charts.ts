/**
 * The charts that several experiments draw, as Vega-Lite specs from plain rows.
 *
 * Colour, dashes and opacity each stand for one field and mean the same in
 * every report; see `palette.ts` for the colours. Rows without a number are left
 * out, and so are rows that are not above zero where the axis is logarithmic:
 * the caption says how many.
 *
 * @module
 */

import type { TopLevelSpec } from "vega-lite";
import { median } from "../base/statistics.ts";
import {
  type Chart,
  charts,
  type ChartsCell,
  type LegendGroup,
  type LegendItem,
} from "./cells.ts";
import type { Parameter } from "../models/model.ts";
import { coloursOf } from "./palette.ts";

/** A field of the rows that tells series apart, and its heading. */
export interface SeriesField {
  /** Name of the field. */
  field: string;
  /** Heading of its keys. */
  title: string;
}

/** A numeric field of the rows, along an axis. */
export interface AxisField {
  /** Name of the field. */
  field: string;
  /** Title of the axis, with the unit. */
  title: string;
  /** Logarithmic (default no). */
  log?: boolean;
  /** Only whole numbers, such as a count (default no). */
  whole?: boolean;
  /** Zero is part of the axis (default no). */
  zero?: boolean;
}

/** What {@linkcode lineChart} draws. */
export interface LineChart {
  /** Heading of the chart. */
  title: string;
  /** Plain text beneath it. */
  caption?: string;
  /** The data. */
  rows: readonly Record<string, unknown>[];
  /** Along the horizontal axis. */
  x: AxisField;
  /** Along the vertical axis. */
  y: AxisField;
  /** What the colours stand for. */
  colour: SeriesField;
  /** What dashes and the shape of the points stand for. */
  dash?: SeriesField;
  /** What opacity stands for, the first value of the rows the faintest. */
  opacity?: SeriesField;
  /** Fields of the ends of a band around the line, if there is one. */
  band?: { low: string; high: string };
  /** Whether the values are marked by points (default: not with opacity). */
  points?: boolean;
  /** Height of the plot in pixels (default 230). */
  height?: number;
}

/** Dashes and shape of the first, second, … thing that dashes tell apart. */
const DASHES = [[1, 0], [6, 4], [2, 3], [10, 3, 2, 3]];
const SHAPES = ["circle", "diamond", "square", "triangle-up"];

const TOOLTIP_NUMBER = ",.4~r";

function distinct(rows: LineChart["rows"], field: string): (string | number)[] {
  return [...new Set(rows.map((row) => row[field] as string | number))];
}

function opacities(count: number): number[] {
  return Array.from(
    { length: count },
    (_, i) =>
      count === 1 ? 1 : Number((0.35 + 0.65 * i / (count - 1)).toFixed(3)),
  );
}

/** The keys for the fields that tell the series of `options.rows` apart. */
export function legendOf(
  { rows, colour, dash, opacity }: Pick<
    LineChart,
    "rows" | "colour" | "dash" | "opacity"
  >,
): LegendGroup[] {
  const group = (
    { field, title }: SeriesField,
    style: (i: number, all: (string | number)[]) => Partial<LegendItem>,
  ): LegendGroup => {
    const values = distinct(rows, field);
    return {
      field,
      title,
      items: values.map((value, i) => ({ value, ...style(i, values) })),
    };
  };
  return [
    group(colour, (i, all) => ({ colour: coloursOf(all.map(String))[i] })),
    ...(dash
      ? [group(dash, (i) => ({ dash: DASHES[i % DASHES.length] }))]
      : []),
    ...(opacity
      ? [group(opacity, (i, all) => ({ opacity: opacities(all.length)[i] }))]
      : []),
  ];
}

function axisEncoding({ field, title, log, whole, zero = false }: AxisField) {
  return {
    field,
    type: "quantitative" as const,
    title,
    scale: log
      ? { type: "log" as const, nice: false, padding: 8 }
      : { zero, nice: !whole, padding: 8 },
    axis: {
      format: log ? "~g" : whole ? "d" : "~f",
      ...(whole ? { tickMinStep: 1 } : {}),
    },
  };
}

/** Lines with points of one value over another, one line for each series. */
export function lineChart(options: LineChart): Chart {
  const { title, x, y, colour, dash, opacity, band, height = 230 } = options;
  // Lines told apart by opacity are many: points would hide them.
  const { points = opacity === undefined } = options;
  const shown = (value: unknown, { log }: AxisField) =>
    typeof value === "number" && Number.isFinite(value) && !(log && value <= 0);
  const rows = options.rows.filter((row) =>
    shown(row[x.field], x) && shown(row[y.field], y)
  );
  const missing = options.rows.length - rows.length;
  const caption = [
    options.caption ?? "",
    missing === 0
      ? ""
      : `Left out: ${missing} of ${options.rows.length} rows ` +
        `with no ${x.log || y.log ? "positive " : ""}number.`,
  ].filter(Boolean).join(" ");

  const series = [colour, dash, opacity].filter((s) => s !== undefined);
  const fields = [...series.map((s) => s.field), x.field, y.field]
    .concat(band ? [band.low, band.high] : []);
  const [colours, dashes, faintness] = [colour, dash, opacity].map((s) =>
    s ? distinct(options.rows, s.field) : []
  );
  const shared = {
    x: axisEncoding(x),
    y: axisEncoding(y),
    color: {
      field: colour.field,
      type: "nominal" as const,
      title: colour.title,
      legend: { symbolType: "stroke" },
      scale: { domain: colours, range: coloursOf(colours.map(String)) },
    },
    ...(opacity && {
      opacity: {
        field: opacity.field,
        type: "ordinal" as const,
        title: opacity.title,
        legend: { symbolType: "stroke" },
        scale: {
          type: "ordinal" as const,
          domain: faintness,
          range: opacities(faintness.length),
        },
      },
    }),
  };
  const dashed = dash && {
    field: dash.field,
    type: "nominal" as const,
    title: dash.title,
  };
  const spec: TopLevelSpec = {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    description: [title, caption].filter(Boolean).join(". "),
    width: "container",
    height,
    data: {
      values: rows.map((row) =>
        Object.fromEntries(fields.map((field) => [field, row[field]]))
      ),
    },
    layer: [
      ...(!band ? [] : [{
        mark: { type: "area" as const, opacity: 0.16, aria: false },
        encoding: {
          x: shared.x,
          y: { ...shared.y, field: band.low },
          y2: { field: band.high },
          color: shared.color,
          ...(dashed && { detail: dashed }),
        },
      }]),
      {
        mark: { type: "line", aria: false },
        encoding: {
          ...shared,
          ...(dashed && {
            strokeDash: {
              ...dashed,
              legend: { symbolType: "stroke" },
              scale: {
                domain: dashes,
                range: dashes.map((_, i) => DASHES[i % DASHES.length]),
              },
            },
          }),
          strokeWidth: {
            condition: { param: "near", empty: false, value: 4 },
            value: opacity ? 1.75 : 2,
          },
        },
      },
      ...(!points ? [] : [{
        mark: { type: "point" as const, aria: false },
        encoding: {
          ...shared,
          ...(dash && {
            shape: {
              condition: dashes.slice(1).map((value, i) => ({
                test: `datum[${JSON.stringify(dash.field)}] === ${
                  JSON.stringify(value)
                }`,
                value: SHAPES[(i + 1) % SHAPES.length],
              })),
              value: SHAPES[0],
            },
          }),
        },
      }]),
      {
        // Wide targets that nobody sees: for the tooltip and the line's weight.
        params: [{
          name: "near",
          select: {
            type: "point",
            fields: series.map((s) => s.field),
            on: "pointerover",
            clear: "pointerout",
          },
        }],
        mark: { type: "point", size: 260, opacity: 0 },
        encoding: {
          x: shared.x,
          y: shared.y,
          tooltip: [
            ...series.map((s) => ({
              field: s.field,
              type: "nominal" as const,
              title: s.title,
            })),
            ...[x, y].map((axis) => ({
              field: axis.field,
              type: "quantitative" as const,
              title: axis.title,
              format: TOOLTIP_NUMBER,
            })),
          ],
        },
      },
    ],
  };
  return { title, spec, ...(caption && { caption }) };
}

/** What {@linkcode dotChart} draws. */
export interface DotChart {
  /** Heading of the chart. */
  title: string;
  /** Plain text beneath it. */
  caption?: string;
  /** The data. */
  rows: readonly Record<string, unknown>[];
  /** The categories, one beneath the other in order of first appearance. */
  category: SeriesField;
  /** The value, along the horizontal axis. */
  x: AxisField;
  /** Fields of the ends of its interval, if it has one. */
  interval?: { low: string; high: string };
  /** What the colours stand for. */
  colour: SeriesField;
}

/** Points of a value by category, with their intervals as lines. */
export function dotChart(options: DotChart): Chart {
  const { title, caption, rows, category, x, interval, colour } = options;
  const [names, colours] = [category, colour].map(({ field }) =>
    distinct(rows, field)
  );
  const fields = [category.field, colour.field, x.field]
    .concat(interval ? [interval.low, interval.high] : []);
  const isOneThing = category.field === colour.field;
  const shared = {
    y: {
      field: category.field,
      type: "nominal" as const,
      title: null,
      sort: names,
      axis: { labelLimit: 200, grid: true, ticks: false },
    },
    ...(!isOneThing && {
      yOffset: {
        field: colour.field,
        type: "nominal" as const,
        sort: colours,
      },
    }),
    color: {
      field: colour.field,
      type: "nominal" as const,
      title: colour.title,
      scale: { domain: colours, range: coloursOf(colours.map(String)) },
      ...(isOneThing && { legend: null }),
    },
  };
  const tooltip = [
    ...(isOneThing ? [category] : [category, colour]).map((s) => ({
      field: s.field,
      type: "nominal" as const,
      title: s.title,
    })),
    ...[
      { field: x.field, title: x.title },
      ...(interval
        ? [
          { field: interval.low, title: "from" },
          { field: interval.high, title: "to" },
        ]
        : []),
    ].map((s) => ({
      ...s,
      type: "quantitative" as const,
      format: TOOLTIP_NUMBER,
    })),
  ];
  const spec: TopLevelSpec = {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    description: [title, caption].filter(Boolean).join(". "),
    width: "container",
    height: names.length *
      (isOneThing ? 30 : Math.max(30, 12 * colours.length)),
    data: {
      values: rows.map((row) =>
        Object.fromEntries(fields.map((field) => [field, row[field]]))
      ),
    },
    layer: [
      ...(interval
        ? [{
          mark: { type: "rule" as const, strokeWidth: 2 },
          encoding: {
            ...shared,
            x: { ...axisEncoding(x), field: interval.low },
            x2: { field: interval.high },
          },
        }]
        : []),
      {
        mark: { type: "point" as const, size: 60 },
        encoding: { ...shared, x: axisEncoding(x), tooltip },
      },
    ],
  };
  return { title, spec, ...(caption && { caption }) };
}

/** Where on the knob, in which mode, and from where a value is. */
export interface SettingRow {
  /** `compress` or `limit`. */
  mode: string;
  /** `fitted` by this run, `published`, … */
  source: string;
  /** Position of the peak-reduction knob, 0 to 100. */
  peak_reduction: number;
}

/** A setting's parameters, by their names. */
export type ParameterRow = SettingRow & Readonly<Record<string, unknown>>;

/** A setting's scores. */
export interface ScoreRow extends SettingRow {
  /** Error-to-signal ratio. */
  esr: number;
  /** LDR of the model less that of the target. */
  delta_ldr_db: number;
}

const KNOB: AxisField = {
  field: "peak_reduction",
  title: "Peak reduction (knob, 0–100)",
};
const MODE: SeriesField = { field: "mode", title: "Mode" };
const SOURCE: SeriesField = { field: "source", title: "Source" };

function bySetting(
  rows: readonly SettingRow[],
  panels: Pick<LineChart, "title" | "y" | "caption" | "band">[],
): ChartsCell {
  const shared = {
    rows: rows.map((row) => ({ ...row })),
    x: KNOB,
    colour: MODE,
    dash: SOURCE,
  };
  return charts(
    panels.map((panel) => lineChart({ ...shared, ...panel })),
    legendOf(shared),
  );
}

/** One value over peak reduction, colour for the mode. */
export function settingsChart(
  rows: readonly Readonly<Record<string, unknown>>[],
  y: AxisField,
  caption?: string,
): Chart {
  return lineChart({ title: y.title, caption, rows, x: KNOB, y, colour: MODE });
}

/**
 * Each of a model's `parameters` over peak reduction: colour for the mode, dashes
 * for the source; a band where the rows have `NAME_low` and `NAME_high`. What is searched by its logarithm stands on a logarithmic axis.
 */
export function parameterCurves(
  rows: readonly ParameterRow[],
  parameters: readonly Parameter[],
): ChartsCell {
  return bySetting(
    rows,
    parameters.map(({ name, title, unit, scale }) => {
      const band = { low: `${name}_low`, high: `${name}_high` };
      return {
        title,
        ...(rows.some((row) => band.low in row) && { band }),
        y: {
          field: name,
          title: withAxisUnit(title, unit),
          log: scale === "log" || scale === "log-above-one",
        },
      };
    }),
  );
}

/** Title of an axis; a ratio's unit, ": 1", says nothing there. */
function withAxisUnit(title: string, unit: string): string {
  if (unit.startsWith(":")) return `${title} (dB:dB)`;
  return unit === "" ? title : `${title} (${unit})`;
}

/**
 * ESR and ΔLDR over peak reduction: colour for the mode, dashes for the source, of
 * which `remark` says what must be known.
 */
export function scoreCurves(
  rows: readonly ScoreRow[],
  remark = "",
): ChartsCell {
  return bySetting(rows, [
    {
      title: "ESR over peak reduction",
      caption:
        `Error-to-signal ratio after pre-emphasis; lower is better. ${remark}`
          .trim(),
      y: { field: "esr", title: "ESR", log: true },
    },
    {
      title: "ΔLDR over peak reduction",
      caption: "Loudness dynamic range of the model less that of the target; " +
        "above zero, the model compresses less.",
      y: { field: "delta_ldr_db", title: "ΔLDR (dB)", zero: true },
    },
  ]);
}

/** A run of a minimiser: its loss after the start and each iteration. */
export interface LossRun {
  /** What the colours stand for. */
  mode: string;
  /** The losses, and those of a part of the sound before, if there were any. */
  losses: readonly number[];
  before: readonly number[];
}

/**
 * How far the losses of `runs` stand above their ends, as a part of these, by
 * iteration: of the runs that are not there yet the median and the largest. What went
 * before on a part of the sound stands below 0.
 */
export function gapChart(
  runs: readonly LossRun[],
  caption?: string,
): ChartsCell {
  const gaps = new Map<string, number[]>();
  for (const { mode, losses, before } of runs) {
    for (const list of [losses, before]) {
      list.forEach((loss, i) => {
        const gap = loss / list.at(-1)! - 1;
        const iteration = list === before ? i + 1 - list.length : i;
        if (!(gap > 0)) return;
        const key = JSON.stringify([mode, list === before, iteration]);
        gaps.set(key, [...gaps.get(key) ?? [], gap]);
      });
    }
  }
  const rows = [...gaps].flatMap(([key, values]) => {
    const [mode, isBefore, iteration] = JSON.parse(key);
    const sound = isBefore ? " on a part, before" : "";
    return [
      { mode, iteration, of: `median${sound}`, gap: median(values) },
      { mode, iteration, of: `largest${sound}`, gap: Math.max(...values) },
    ];
  }).sort((a, b) => a.iteration - b.iteration);
  const shared = {
    rows,
    colour: MODE,
    dash: { field: "of", title: "Of the runs" },
  };
  const chart = lineChart({
    ...shared,
    title: "Error above its end, by iteration",
    caption,
    x: { field: "iteration", title: "Iteration", whole: true },
    y: { field: "gap", title: "ESR / ESR at the end − 1", log: true },
    height: 300,
  });
  return charts([chart], legendOf(shared));
}
