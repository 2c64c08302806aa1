/**
 * How every chart looks: the Vega-Lite config that the page gives each spec.
 *
 * Colours are the page's custom properties, so a chart follows the theme, and
 * the printer's white, without being drawn again. The page puts its own font in.
 *
 * @module
 */

import type { Config } from "vega-lite";
import { PALETTE } from "./palette.ts";

/** The config of all charts. */
export const CHART_CONFIG: Config = {
  background: "var(--surface)",
  padding: { left: 2, right: 10, top: 6, bottom: 2 },
  view: { stroke: null, continuousHeight: 230 },
  axis: {
    labelColor: "var(--ink-soft)",
    labelFontSize: 12,
    labelPadding: 6,
    labelOverlap: "greedy",
    labelSeparation: 8,
    titleColor: "var(--ink)",
    titleFontSize: 12,
    titleFontWeight: 600,
    titlePadding: 10,
    titleLimit: 300,
    gridColor: "var(--rule)",
    domainColor: "var(--rule-strong)",
    tickColor: "var(--rule-strong)",
    tickSize: 4,
  },
  axisX: { grid: false, tickCount: 6 },
  axisY: {
    domain: false,
    ticks: false,
    tickCount: 6,
    minExtent: 38,
    titleAngle: 0,
    titleAlign: "left",
    titleAnchor: "end",
    titleX: -38,
    titleY: -14,
  },
  legend: {
    labelColor: "var(--ink-soft)",
    labelFontSize: 12,
    titleColor: "var(--ink)",
    titleFontSize: 12,
    symbolStrokeWidth: 2,
    symbolSize: 240,
  },
  title: {
    color: "var(--ink)",
    subtitleColor: "var(--ink-soft)",
    subtitleFontSize: 12,
    subtitlePadding: 6,
    fontSize: 14,
    anchor: "start",
    offset: 26,
  },
  header: { labelColor: "var(--ink)", titleColor: "var(--ink)" },
  line: { strokeWidth: 2, strokeCap: "round", strokeJoin: "round" },
  point: { filled: true, size: 50, opacity: 1 },
  rule: { color: "var(--ink-soft)" },
  text: { color: "var(--ink)" },
  range: {
    category: Object.values(PALETTE).map(({ light }) => light),
  },
};
