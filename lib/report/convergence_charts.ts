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
} from "../convergence/reached.ts";
import type { Parameter } from "../models/model.ts";
import { type MethodName, titleOfMethod } from "../optimise/methods.ts";
import type { Chart, LegendGroup } from "./cells.ts";
import { legendOf, lineChart } from "./charts.ts";
import { lossMapChart } from "./loss_map_chart.ts";

const METHOD = { field: "method", title: "Method" };

/** `row` with the method as reports call it. */
function titled<Row extends { method: string }>(row: Row): Row {
  return { ...row, method: titleOfMethod(row.method as MethodName) };
}

/** The keys of `methods`. */
export function methodLegend(methods: readonly MethodName[]): LegendGroup[] {
  const rows = methods.map((method) => titled({ method }));
  return legendOf({ rows, colour: METHOD });
}

/** Share of starts that get to the best minimum, over the knob. */
export function shareChart(
  shares: readonly Share[],
): [Chart, LegendGroup[]] {
  const series = {
    rows: shares.map(titled),
    colour: METHOD,
    dash: { field: "mode", title: "Mode" },
  };
  const chart = lineChart({
    ...series,
    title: "Share of starts that reach the best minimum",
    caption: "Methods other than trust-region ran where they have a point.",
    x: { field: "peak_reduction", title: "Peak reduction (knob, 0–100)" },
    y: { field: "percent", title: "Starts that get there (%)", zero: true },
  });
  return [chart, legendOf(series)];
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
      rows: points.map((point) => ({
        ...titled(point),
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
      rows: medianCurves(study).map(titled),
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
      paths: drawn.flatMap((method) =>
        runs[method]!.slice(0, starts).flatMap(({ path }, start) =>
          path.map((point, iteration) =>
            titled({
              method,
              start,
              iteration,
              x: point[x.name],
              y: point[y.name],
            })
          )
        )
      ),
    });
  });
  return [await Promise.all(charts), methodLegend(drawn)];
}
