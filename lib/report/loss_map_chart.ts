/**
 * A map of the loss over two parameters, with the paths of minimisers on it.
 *
 * The map is a small picture laid between real axes. Its colours are viridis over
 * the logarithm of the loss, dark where it is low.
 *
 * @module
 */

import type { TopLevelSpec } from "vega-lite";
import type { MapAxis, MapCell } from "../convergence/loss_map.ts";
import type { Chart, LegendGroup } from "./cells.ts";
import { formatNumber } from "../base/format.ts";
import { coloursOf } from "./palette.ts";
import { encodePng } from "./png.ts";
import { shade } from "./spectrogram_chart.ts";

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

/** Colours of a picture. */
const SHADES = 128;

/** The keys of the paths' methods. */
export function pathLegend(methods: readonly string[]): LegendGroup {
  const colours = coloursOf(methods);
  return {
    field: "method",
    title: "Method",
    items: methods.map((value, i) => ({ value, colour: colours[i] })),
  };
}

/** A map with paths as a chart. */
export async function lossMapChart(options: LossMapChart): Promise<Chart> {
  const { title, caption, axes, titles, cells, paths, minimum } = options;
  const side = Math.round(Math.sqrt(cells.length));
  const levels = cells.map(({ loss }) => Math.log10(loss));
  const finite = levels.filter(Number.isFinite);
  const domain = [Math.min(...finite), Math.max(...finite)];
  const range = domain.map((level) => formatNumber(10 ** level, 2));
  const text = [
    caption,
    `The ESR goes from ${range[0]} (dark) to ${
      range[1]
    } (bright); the cross is the minimum.`,
  ].filter(Boolean).join(" ");
  const span = domain[1] - domain[0] || 1;
  const pixels = new Uint8Array(side * side);
  levels.forEach((level, at) => {
    const column = Math.floor(at / side);
    const row = side - 1 - at % side;
    const part = Number.isFinite(level) ? (level - domain[0]) / span : 1;
    pixels[row * side + column] = Math.round((SHADES - 1) * part);
  });
  const png = await encodePng({
    width: side,
    height: side,
    palette: Array.from({ length: SHADES }, (_, i) => shade(i / (SHADES - 1))),
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
            url: `data:image/png;base64,${png.toBase64()}`,
          }],
        },
        mark: { type: "image", aspect: false },
        encoding: {
          x: place(x, "left", titles[0]),
          x2: { field: "right" },
          y: place(y, "low", titles[1]),
          y2: { field: "high" },
          url: { field: "url", type: "nominal" },
        },
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
        mark: { type: "point", size: 22, aria: false },
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
          size: 160,
          color: "white",
          stroke: "black",
          strokeWidth: 1,
        },
        encoding: {
          x: place(x, "x", titles[0]),
          y: place(y, "y", titles[1]),
        },
      },
    ],
  };
  return { title, spec, caption: text };
}
