/**
 * A map of the loss over two parameters, with the paths of minimisers on it.
 *
 * The map is a small picture laid between real axes, in greys, which no method has:
 * the logarithm of the loss, white where it is low, with contours. A path begins at a
 * hollow point and ends at a filled one.
 *
 * @module
 */

import type { TopLevelSpec } from "vega-lite";
import { contour } from "../convergence/contours.ts";
import type { MapAxis, MapCell } from "../convergence/loss_map.ts";
import type { Chart } from "./cells.ts";
import { formatNumber } from "../base/format.ts";
import { coloursOf } from "./palette.ts";
import { pngUrl } from "./png.ts";

/** A point on the path of a minimiser. */
export interface PathPoint {
  /** Which method; its colour. */
  method: string;
  /** Which start, so that paths of one method stay apart. */
  start: number;
  /** Iteration. */
  iteration: number;
  /** Place along the first axis. */
  x: number;
  /** Place along the second axis. */
  y: number;
}

/** What {@linkcode lossMapChart} draws. */
export interface LossMapChart {
  /** Heading. */
  title: string;
  /** Plain text beneath it. */
  caption?: string;
  /** The axes. */
  axes: readonly [MapAxis, MapAxis];
  /** Titles of the axes, with the unit. */
  titles: readonly [string, string];
  /** The loss, column by column from the left, each from below. */
  cells: readonly MapCell[];
  /** The paths; points outside the map are left out. */
  paths: readonly PathPoint[];
  /** Where the minimum is. */
  minimum: { x: number; y: number };
}

/** Greys of a picture, from white to {@linkcode DARKEST}. */
const SHADES = 128;
const DARKEST = 112;

/** Contours of a map: so many steps from the lowest loss to the highest. */
const STEPS = 10;

/** A map with paths as a chart. */
export function lossMapChart(options: LossMapChart): Chart {
  const { title, caption, axes, titles, cells, paths, minimum } = options;
  const side = Math.round(Math.sqrt(cells.length));
  const levels = cells.map(({ loss }) => Math.log10(loss));
  const finite = levels.filter(Number.isFinite);
  const domain = [Math.min(...finite), Math.max(...finite)];
  const range = domain.map((level) => formatNumber(10 ** level, 2));
  const text = [
    caption,
    `The ESR goes from ${range[0]} (white) to ${
      range[1]
    } (dark), by a factor of ${
      formatNumber(10 ** ((domain[1] - domain[0]) / STEPS), 2)
    } from line to line; the cross is the minimum. Paths go from a hollow point to a filled one.`,
  ].filter(Boolean).join(" ");
  const span = domain[1] - domain[0] || 1;
  const pixels = new Uint8Array(side * side);
  levels.forEach((level, at) => {
    const column = Math.floor(at / side);
    const row = side - 1 - at % side;
    const part = Number.isFinite(level) ? (level - domain[0]) / span : 1;
    pixels[row * side + column] = Math.round((SHADES - 1) * part);
  });
  const url = pngUrl({
    width: side,
    height: side,
    palette: Array.from({ length: SHADES }, (_, i) => grey(i / (SHADES - 1))),
    pixels,
  });
  const methods = [...new Set(paths.map(({ method }) => method))];
  const [x, y] = axes;
  const place = (axis: MapAxis, field: string, axisTitle: string) => ({
    field,
    type: "quantitative" as const,
    title: axisTitle,
    scale: {
      type: axis.log ? "log" as const : "linear" as const,
      domain: [axis.low, axis.high],
      nice: false,
      ...(axis.log ? {} : { zero: false }),
    },
    axis: { format: "~r" },
  });
  const within = ({ low, high }: MapAxis, value: number) =>
    value >= low && value <= high;
  const shown = paths.filter((point) =>
    within(x, point.x) && within(y, point.y)
  );
  const colour = {
    field: "method",
    type: "nominal" as const,
    title: "Method",
    scale: { domain: methods, range: coloursOf(methods) },
  };
  const onPath = {
    x: place(x, "x", titles[0]),
    y: place(y, "y", titles[1]),
    detail: { field: "start", type: "nominal" as const },
    order: { field: "iteration", type: "quantitative" as const },
  };
  const ends = shown.filter((point, i) => {
    const next = shown[i + 1];
    return next === undefined || next.start !== point.start ||
      next.method !== point.method;
  });
  const begins = shown.filter(({ iteration }) => iteration === 0);
  const lines = Array.from({ length: STEPS - 1 }, (_, i) => i + 1).flatMap(
    (step) =>
      contour(levels, side, side, domain[0] + step * span / STEPS)
        .map(([x1, y1, x2, y2]) => ({
          left: along(x, x1, side),
          low: along(y, y1, side),
          right: along(x, x2, side),
          high: along(y, y2, side),
        })),
  );
  const onLine = {
    x: place(x, "left", titles[0]),
    x2: { field: "right" },
    y: place(y, "low", titles[1]),
    y2: { field: "high" },
  };
  const point = (values: readonly PathPoint[], isHollow: boolean) => ({
    data: { values },
    mark: {
      type: "point" as const,
      size: 60,
      aria: false,
      strokeWidth: 2,
      ...(isHollow ? { fill: "white" } : { stroke: "white" }),
    },
    encoding: {
      ...onPath,
      ...(isHollow ? { stroke: colour } : { fill: colour }),
    },
  });
  const spec: TopLevelSpec = {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    description: `${title}. ${text}`,
    width: "container",
    height: 280,
    layer: [
      {
        data: {
          values: [{
            left: x.low,
            right: x.high,
            low: y.low,
            high: y.high,
            url,
          }],
        },
        mark: { type: "image", aspect: false },
        encoding: { ...onLine, url: { field: "url", type: "nominal" } },
      },
      {
        data: { values: lines },
        mark: {
          type: "rule",
          aria: false,
          strokeWidth: 0.75,
          color: "#303030",
          opacity: 0.55,
        },
        encoding: onLine,
      },
      // A white edge keeps every colour apart from the map beneath.
      {
        data: { values: shown },
        mark: { type: "line", aria: false, strokeWidth: 4, color: "white" },
        encoding: {
          ...onPath,
          detail: [onPath.detail, { field: "method", type: "nominal" }],
        },
      },
      {
        data: { values: shown },
        mark: { type: "line", aria: false, strokeWidth: 2 },
        encoding: { ...onPath, color: colour },
      },
      {
        data: { values: shown },
        mark: { type: "point", size: 160, opacity: 0 },
        encoding: {
          ...onPath,
          color: colour,
          tooltip: [
            { field: "method", type: "nominal", title: "Method" },
            { field: "iteration", type: "quantitative", title: "Iteration" },
            ...([["x", titles[0]], ["y", titles[1]]] as const).map((
              [field, name],
            ) => ({
              field,
              type: "quantitative" as const,
              title: name,
              format: ".4~r",
            })),
          ],
        },
      },
      {
        data: { values: [minimum] },
        mark: {
          type: "point",
          shape: "cross",
          size: 260,
          color: "white",
          stroke: "black",
          strokeWidth: 1,
        },
        encoding: {
          x: place(x, "x", titles[0]),
          y: place(y, "y", titles[1]),
        },
      },
      point(begins, true),
      point(ends, false),
    ],
  };
  return { title, spec, caption: text };
}

/** The grey at `part` of the way from white to the darkest. */
function grey(part: number): [number, number, number] {
  const value = Math.round(255 + part * (DARKEST - 255));
  return [value, value, value];
}

/** The value on `axis` at cell `index` of `count`, counted from the middles. */
function along({ low, high, log }: MapAxis, index: number, count: number) {
  const [from, to] = log ? [Math.log(low), Math.log(high)] : [low, high];
  const value = from + (index + 0.5) / count * (to - from);
  return Number((log ? Math.exp(value) : value).toPrecision(5));
}
