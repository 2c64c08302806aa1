/**
 * Spectrograms as charts: a picture of the levels, small enough for a page, laid
 * between real axes. All pictures of one call share a colour scale.
 *
 * The colours are those of viridis (Smith and van der Walt, 2015, CC0), which
 * read the same in grey and to the colour-blind.
 *
 * @module
 */

import type { TopLevelSpec } from "vega-lite";
import type { Spectrogram } from "../metrics/spectrogram.ts";
import { type Chart, charts, type ChartsCell } from "./cells.ts";
import { pngUrl } from "./png.ts";

/** Viridis at equal steps. */
export const VIRIDIS = [
  "#440154",
  "#472d7b",
  "#3b528b",
  "#2c728e",
  "#21918c",
  "#28ae80",
  "#5ec962",
  "#addc30",
  "#fde725",
];

/** Colours of a picture. */
const SHADES = 128;

/** A spectrogram to be drawn. */
export interface SpectrogramPanel {
  /** Heading of the chart. */
  title: string;
  /** Plain text beneath it. */
  caption?: string;
  /** The levels. */
  spectrogram: Spectrogram;
  /** Where the excerpt begins in the recording, in seconds (default 0). */
  start?: number;
}

/**
 * The panels in one cell, their colours from `range` below the highest level of
 * all up to it, in dB.
 */
export function spectrogramCharts(
  panels: readonly SpectrogramPanel[],
  range = 90,
): ChartsCell {
  let highest = -Infinity;
  for (const { spectrogram: { levels } } of panels) {
    for (const level of levels) highest = Math.max(highest, level);
  }
  highest = Math.ceil(highest);
  const domain: [number, number] = [highest - range, highest];
  return charts(panels.map((panel) => chartOf(panel, domain)));
}

function chartOf(
  { title, caption, spectrogram, start = 0 }: SpectrogramPanel,
  domain: [number, number],
): Chart {
  const { columns, rows, levels, hertz } = spectrogram;
  const seconds = spectrogram.seconds.map((s) =>
    Number((start + s).toFixed(3))
  );
  const pixels = new Uint8Array(columns * rows);
  for (let column = 0; column < columns; column++) {
    for (let row = 0; row < rows; row++) {
      const part = (levels[column * rows + row] - domain[0]) /
        (domain[1] - domain[0]);
      pixels[(rows - 1 - row) * columns + column] = Math.round(
        (SHADES - 1) * Math.max(0, Math.min(1, part)),
      );
    }
  }
  const url = pngUrl({
    width: columns,
    height: rows,
    palette: Array.from({ length: SHADES }, (_, i) => shade(i / (SHADES - 1))),
    pixels,
  });
  const spec: TopLevelSpec = {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    description: [title, caption].filter(Boolean).join(". "),
    width: "container",
    height: 230,
    layer: [
      {
        data: {
          values: [{
            from: seconds[0],
            to: seconds[1],
            low: hertz[0],
            high: hertz[1],
            url,
          }],
        },
        mark: { type: "image", aspect: false },
        encoding: {
          x: {
            field: "from",
            type: "quantitative",
            title: "Time (s)",
            scale: { domain: seconds, nice: false, zero: false },
          },
          x2: { field: "to" },
          y: {
            field: "low",
            type: "quantitative",
            title: "Frequency (Hz)",
            scale: { type: "log", domain: [...hertz], nice: false },
            axis: { format: "~s" },
          },
          y2: { field: "high" },
          url: { field: "url", type: "nominal" },
        },
      },
      // Nobody sees these points: they carry the legend of the colours.
      {
        data: { values: domain.map((level) => ({ level })) },
        mark: { type: "point", opacity: 0 },
        encoding: {
          color: {
            field: "level",
            type: "quantitative",
            title: "dBFS",
            scale: { domain, range: VIRIDIS },
          },
        },
      },
    ],
  };
  return { title, spec, ...(caption && { caption }) };
}

/** The colour of viridis at `part` of the scale, from 0 to 1. */
export function shade(part: number): [number, number, number] {
  const place = part * (VIRIDIS.length - 1);
  const below = Math.min(Math.floor(place), VIRIDIS.length - 2);
  const [from, to] = [VIRIDIS[below], VIRIDIS[below + 1]];
  return [1, 3, 5].map((at) => {
    const [a, b] = [from, to].map((hex) => parseInt(hex.slice(at, at + 2), 16));
    return Math.round(a + (place - below) * (b - a));
  }) as [number, number, number];
}
