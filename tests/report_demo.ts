/**
 * A report with made-up content of the size and kind of a sweep's, for the tests
 * of the page. Its numbers follow simple formulas and describe nothing.
 *
 * @module
 */

import {
  type Cell,
  charts,
  codeOf,
  config,
  figures,
  prose,
  step,
  table,
} from "../lib/report/cells.ts";
import {
  gapChart,
  parameterCurves,
  type ParameterRow,
  scoreCurves,
  type ScoreRow,
} from "../lib/report/charts.ts";
import { PAPER_MODEL, parseModel } from "../lib/models/presets.ts";
import { formatDuration, formatNumber } from "../lib/base/format.ts";
import { md } from "../lib/report/markdown.ts";
import type { ReportMeta } from "../lib/report/meta.ts";
import { runtimeFacts } from "../lib/report/page.ts";
import source from "./report_demo.ts" with { type: "text" };

/** About the demonstration report. */
export const DEMO_META: ReportMeta = {
  experiment: "00_demo",
  title: "Twenty-six settings of an invented levelling amplifier",
  subtitle:
    "Every knob position of both modes, fitted from 100 down to 40, each from its neighbour’s result.",
  source: {
    name: "demonstration numbers",
    surrogate: true,
    description:
      "They follow simple formulas made for the test of this page and describe no device.",
  },
  generatedAt: new Date("2025-02-03T04:05:06Z"),
  provenance: {
    ...runtimeFacts(),
    "Seed": 7,
    "Time taken": formatDuration(134),
  },
};

const KNOB = Array.from({ length: 13 }, (_, i) => 40 + 5 * i);

/** Curves with the shape of a levelling amplifier's. */
function invent(mode: string, source: string): (ParameterRow & ScoreRow)[] {
  const shift = (mode === "limit" ? 0.35 : 0) +
    (source === "published" ? 0.2 : 0);
  return KNOB.map((peak_reduction) => {
    const turn = (peak_reduction - 40) / 60;
    const ripple = Math.sin(9 * turn + 5 * shift);
    return {
      mode,
      source,
      peak_reduction,
      threshold_db: -13 - 27 * turn - shift + 0.3 * ripple,
      ratio: 3.6 + 3 * (turn - 0.45) ** 2 * 4 + 4 * shift * turn + 0.1 * ripple,
      attack_ms: 32 * Math.exp(-3.4 * turn) * (1 + 0.2 * shift) + 0.4,
      release_ms: 460 * Math.exp(-1.7 * turn) + 30 * ripple + 40 * shift,
      make_up_db: 0.7 - 0.5 * turn + 0.1 * shift + 0.02 * ripple,
      esr: 0.084 - 0.03 * turn + 0.05 * turn ** 3 + 0.01 * shift,
      delta_ldr_db: -0.07 - 0.2 * Math.sin(3 * turn) + 0.1 * shift,
    };
  });
}

/** Losses that fall as fast as Newton's do, towards each setting's own floor. */
function inventIterations() {
  return ["compress", "limit"].flatMap((mode, m) =>
    KNOB.map((_, k) => ({
      mode,
      before: [],
      losses: Array.from(
        { length: 9 + (5 * k + 3 * m) % 11 },
        (_, iteration) =>
          (0.05 + 0.004 * k + 0.01 * m) +
          (0.9 - 0.05 * k) * Math.exp(-0.06 * (iteration + k / 9) ** 2),
      ),
    }))
  );
}

/** The cells of the demonstration report. */
export function demoCells(): Cell[] {
  const fitted = ["compress", "limit"].flatMap((mode) =>
    invent(mode, "fitted")
  );
  const published = ["compress", "limit"].flatMap((mode) =>
    invent(mode, "published")
  );
  const mean = fitted.reduce((sum, { esr }) => sum + esr, 0) / fitted.length;
  const iterations = inventIterations();
  return [
    figures([
      {
        label: "Settings fitted",
        value: 26,
        digits: 2,
        note: "13 in each mode",
      },
      { label: "Mean ESR", value: mean, digits: 3, note: "over both modes" },
      { label: "Largest |ΔLDR|", value: 0.2712, unit: "dB", digits: 3 },
      { label: "Time taken", value: formatDuration(134), note: "two cores" },
    ]),
    prose(md`
A report reads like a notebook: what was done, the code that did it, and what
it showed. The mean ESR of the ${26} settings is **${formatNumber(mean, 3)}**.
Charts like these are in *Yu and Fazekas, AES AIMLA 2025*
([arXiv 2509.10706](https://arxiv.org/abs/2509.10706)).`),
    step("Invent the curves", codeOf(source, "invent")),
    prose(md`
The five parameters over peak reduction. Solid lines stand for fitted values,
dashed ones for published values; both are invented. The knob runs from ${
      KNOB[0]
    } to ${KNOB.at(-1)!}.`),
    parameterCurves(
      [...fitted, ...published],
      parseModel(PAPER_MODEL).parameters,
    ),
    step("Score every setting", codeOf(source, "inventIterations")),
    prose(md`
Two scores: \`ESR\` over the whole file, and the difference in loudness dynamic
range. Both are invented too.`),
    scoreCurves([...fitted, ...published]),
    gapChart(
      iterations,
      "Every fit but the first starts from its neighbour’s.",
    ),
    charts([{
      title: "A chart with a legend of its own",
      spec: {
        width: "container",
        height: 110,
        data: {
          values: [
            { strategy: "reverse over reverse", time_ms: 26.5, order: "rev" },
            { strategy: "forward over reverse", time_ms: 28.1, order: "fwd" },
            { strategy: "reverse over forward", time_ms: 64.7, order: "rev" },
            { strategy: "forward over forward", time_ms: 38.9, order: "fwd" },
          ],
        },
        mark: { type: "bar", tooltip: true },
        encoding: {
          y: { field: "strategy", type: "nominal", title: null, sort: null },
          x: { field: "time_ms", type: "quantitative", title: "Time (ms)" },
          color: { field: "order", type: "nominal", title: "Outer" },
        },
      },
      caption: "Bars zoom along their length only.",
    }]),
    step("Tell it in numbers"),
    table(
      "Parameters and scores of every setting",
      [
        { key: "peak_reduction", title: "Peak reduction", decimals: 0 },
        { key: "mode", title: "Mode" },
        { key: "threshold_db", title: "Threshold", unit: "dB", decimals: 2 },
        { key: "ratio", title: "Ratio", decimals: 2 },
        { key: "attack_ms", title: "Attack", unit: "ms", decimals: 2 },
        { key: "release_ms", title: "Release", unit: "ms", decimals: 1 },
        { key: "make_up_db", title: "Make-up gain", unit: "dB", decimals: 2 },
        { key: "esr", title: "ESR", decimals: 4 },
        { key: "delta_ldr_db", title: "ΔLDR", unit: "dB", decimals: 3 },
        { key: "stop_reason", title: "Stopped by" },
      ],
      fitted.map((row, i) => ({
        ...row,
        delta_ldr_db: i === 3 ? NaN : row.delta_ldr_db,
        stop_reason: i % 5 === 0 ? "step below tolerance" : "gradient",
      })),
    ),
    config({
      unit: "optical",
      data: { duration: 60, seed: 7 },
      sweep: { modes: ["compress", "limit"], peak_reduction: KNOB },
    }),
  ];
}
