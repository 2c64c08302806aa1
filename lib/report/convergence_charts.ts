/**
 * Charts of runs from many starts: how many got to the best minimum, at what cost, and
 * by which ways. Colour stands for the method.
 *
 * @module
 */

import type { PlaneMap } from "../convergence/loss_map.ts";
import {
  costProfile,
  performanceProfile,
} from "../convergence/performance_profile.ts";
import {
  costsToReach,
  medianCurves,
  type Reached,
  type Share,
  type Study,
  widthUnit,
} from "../convergence/reached.ts";
import type { Parameter } from "../models/model.ts";
import { type MethodName, titleOfMethod } from "../optimise/methods.ts";
import type { Chart, LegendGroup } from "./cells.ts";
import { legendOf, lineChart, settingsChart } from "./charts.ts";
import { lossMapChart } from "./loss_map_chart.ts";

const MODE = { field: "mode", title: "Mode" };
const KNOB = { field: "peak_reduction", title: "Peak reduction (knob, 0–100)" };
const METHOD = { field: "method", title: "Method" };

/** `rows` with the methods as reports call them. */
export function titled<Row extends { method: string }>(
  rows: readonly Row[],
): Row[] {
  return rows.map((row) => ({
    ...row,
    method: titleOfMethod(row.method as MethodName),
  }));
}

/** The keys of `methods`. */
export function methodLegend(methods: readonly MethodName[]): LegendGroup[] {
  const rows = titled(methods.map((method) => ({ method })));
  return legendOf({ rows, colour: METHOD });
}

/** Share of starts that get to the best minimum, over the knob. */
export function shareChart(
  shares: readonly Share[],
): [Chart, LegendGroup[]] {
  const series = {
    rows: titled(shares),
    colour: METHOD,
    dash: MODE,
  };
  const chart = lineChart({
    ...series,
    title: "Share of starts that reach the best minimum",
    caption: "Methods other than trust-region ran where they have a point.",
    x: KNOB,
    y: { field: "percent", title: "Starts that get there (%)", zero: true },
  });
  return [chart, legendOf(series)];
}

/** How many minima there are, and what the best explains that a gain does not. */
export function gainCharts(
  rows: readonly (Readonly<Record<string, unknown>> & {
    esr: number;
    gain_alone_esr: number;
  })[],
): [Chart[], LegendGroup[]] {
  const series = {
    rows: rows.flatMap((row) => [
      { ...row, what: "best fit" },
      { ...row, what: "constant gain alone", esr: row.gain_alone_esr },
    ]),
    colour: MODE,
    dash: { field: "what", title: "What" },
  };
  const charts = [
    settingsChart(rows, {
      field: "minima",
      title: "Distinct minima",
      zero: true,
      whole: true,
    }),
    lineChart({
      ...series,
      title: "What a compressor explains",
      x: KNOB,
      y: { field: "esr", title: "ESR", log: true },
    }),
  ];
  return [charts, legendOf(series)];
}

/** Rows of the best minima, as `rowOf` makes them. */
type MinimumRows = readonly (Readonly<Record<string, unknown>> & {
  eigenvalues: readonly number[];
})[];

/** Eigenvalues of the Hessian at the best minima, the smallest the faintest. */
export function eigenvalueCharts(
  rows: MinimumRows,
): [Chart[], LegendGroup[]] {
  const series = {
    rows: rows.flatMap((row) =>
      row.eigenvalues.map((eigenvalue, i) => ({
        ...row,
        eigenvalue,
        number: `λ${inFeet(i + 1)}`,
      }))
    ),
    colour: MODE,
    opacity: { field: "number", title: "Eigenvalue" },
  };
  const charts = [
    lineChart({
      ...series,
      title: "Eigenvalues of the Hessian at the best minimum",
      caption:
        "The largest over the smallest is the condition number: high, where some " +
        "direction in the parameters hardly changes the sound.",
      x: KNOB,
      y: { field: "eigenvalue", title: "Eigenvalue", log: true },
      points: true,
    }),
  ];
  return [charts, legendOf(series)];
}

/** `count` as an index. */
function inFeet(count: number): string {
  return [...String(count)].map((digit) => "₀₁₂₃₄₅₆₇₈₉"[Number(digit)])
    .join("");
}

/** How far each parameter can move, the others following. */
export function freedomCharts(
  rows: MinimumRows,
  parameters: readonly Parameter[],
): [Chart[], LegendGroup[]] {
  const charts = parameters.map((parameter) =>
    lineChart({
      title: `Freedom of the ${parameter.title.toLowerCase()}`,
      rows,
      x: KNOB,
      y: {
        field: `${parameter.name}_within`,
        title: `± ${widthUnit(parameter)}`,
        log: true,
      },
      colour: MODE,
    })
  );
  return [charts, legendOf({ rows, colour: MODE })];
}

/** The share of starts that get there, by what it costs. */
export function costCharts(
  studies: readonly Study[],
  reached: Reached,
): Chart[] {
  const [evaluations, seconds] = (["evaluations", "seconds"] as const)
    .map((cost) => costsToReach(studies, cost, reached));
  return ([
    ["Within a number of evaluations", "Evaluations", costProfile(evaluations)],
    ["Within a time", "Seconds", costProfile(seconds)],
    [
      "Performance profile",
      "Time over that of the fastest method",
      performanceProfile(seconds),
    ],
  ] as const).map(([title, axis, points]) =>
    lineChart({
      title,
      rows: titled(points).map((point) => ({
        ...point,
        percent: 100 * point.share,
      })),
      x: { field: "cost", title: axis, log: true },
      y: { field: "percent", title: "Starts that get there (%)", zero: true },
      colour: METHOD,
    })
  );
}

/** How the error falls at each of `studies`, the median over the starts. */
export function errorCharts(studies: readonly Study[]): Chart[] {
  return studies.map((study) =>
    lineChart({
      title: `Error by evaluations, ${study.name}`,
      rows: titled(medianCurves(study)),
      x: { field: "evaluations", title: "Evaluations", log: true },
      y: { field: "excess", title: "ESR above the best", log: true },
      colour: METHOD,
    })
  );
}

/** What is drawn on a map. */
export interface MapPaths {
  /** Methods whose paths are drawn. */
  methods: readonly MethodName[];
  /** From how many starts. */
  starts: number;
}

/** `maps` around the best minimum of a study, with paths of its runs on them. */
export async function mapCharts(
  { runs, verdict: { best } }: Study,
  maps: readonly PlaneMap[],
  parameters: readonly Parameter[],
  { methods, starts }: MapPaths,
): Promise<[Chart[], LegendGroup[]]> {
  const drawn = methods.filter((method) => runs[method] !== undefined);
  const charts = maps.map(({ axes, cells }) => {
    const [x, y] = axes.map(({ parameter }) =>
      parameters.find(({ name }) => name === parameter)!
    );
    const withUnit = ({ title, unit }: Parameter) =>
      /^\w/.test(unit) ? `${title} (${unit})` : title;
    return lossMapChart({
      title: `${x.title} and ${y.title.toLowerCase()}`,
      axes,
      titles: [withUnit(x), withUnit(y)],
      cells,
      minimum: { x: best.params[x.name], y: best.params[y.name] },
      paths: titled(
        drawn.flatMap((method) =>
          runs[method]!.slice(0, starts).flatMap(({ path }, start) =>
            path.map((point, iteration) => ({
              method: method as string,
              start,
              iteration,
              x: point[x.name],
              y: point[y.name],
            }))
          )
        ),
      ),
    });
  });
  return [await Promise.all(charts), methodLegend(drawn)];
}
