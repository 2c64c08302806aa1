/**
 * Charts of scores of several methods. Colour stands for the method.
 *
 * @module
 */

import type { Chart, LegendGroup } from "./cells.ts";
import { dotChart, legendOf, lineChart } from "./charts.ts";

type Rows = readonly Readonly<Record<string, unknown>>[];

const METHOD = { field: "method", title: "Method" };
const ESR = { field: "esr", title: "ESR", log: true };
const LDR = { field: "delta_ldr_db", title: "ΔLDR (dB)", zero: true };

/**
 * ESR and ΔLDR over the knob, of the data called `data`; `origin` says where they are
 * from, if not from the data of the run.
 */
export function scoresOverKnob(
  rows: Rows,
  data: string,
  origin?: string,
): [Chart[], LegendGroup[]] {
  const series = {
    rows,
    x: { field: "peak_reduction", title: "Peak reduction (knob, 0–100)" },
    colour: METHOD,
    dash: { field: "mode", title: "Mode" },
  };
  const charts = [
    lineChart({ ...series, title: `ESR (${data})`, y: ESR }),
    lineChart({
      ...series,
      title: `ΔLDR (${data})`,
      caption: "Above zero, the method compresses less than the unit.",
      y: LDR,
    }),
  ];
  return [charts.map((chart) => ({ ...chart, origin })), legendOf(series)];
}

/** Mean ESR of each method, from `low` to `high`. */
export function meanChart(rows: Rows, caption: string): Chart {
  return dotChart({
    title: "Mean ESR by method",
    caption,
    rows,
    category: METHOD,
    x: ESR,
    interval: { low: "low", high: "high" },
    colour: METHOD,
  });
}

/** ESR and ΔLDR by kind of sound. */
export function scoresByKind(rows: Rows): [Chart[], LegendGroup[]] {
  const series = {
    rows,
    category: { field: "kind", title: "Sound" },
    colour: METHOD,
    caption: "Means over the settings.",
  };
  const charts = [
    dotChart({ ...series, title: "ESR by kind of sound", x: ESR }),
    dotChart({ ...series, title: "ΔLDR by kind of sound", x: LDR }),
  ];
  return [charts, legendOf(series)];
}

/** Loss by epoch, of the training and the validation part. */
export function trainingChart(
  epochs: readonly {
    epoch: number;
    trainEsr?: number;
    validationEsr: number;
  }[],
): [Chart, LegendGroup[]] {
  const method = "4A-2A-G";
  const series = {
    rows: epochs.flatMap(({ epoch, trainEsr, validationEsr }) => [
      { method, part: "validation, after it", epoch, esr: validationEsr },
      ...(trainEsr === undefined
        ? []
        : [{ method, part: "training, on the way", epoch, esr: trainEsr }]),
    ]),
    colour: METHOD,
    dash: { field: "part", title: "Part" },
  };
  const chart = lineChart({
    ...series,
    title: "Training",
    caption:
      "Mean ESR over all settings. Epoch 0 is the compressor without its make-up.",
    x: { field: "epoch", title: "Epoch", whole: true },
    y: ESR,
  });
  return [chart, legendOf(series)];
}

/** Gain of several signals over time, at one setting or several. */
export interface GainTrace {
  /** Whose gain it is. */
  source: string;
  /** At which setting, where there are several. */
  setting?: string;
  /** Times, in seconds. */
  seconds: readonly number[];
  /** Gain, in dB; NaN breaks the line. */
  gainDb: readonly number[];
}

/** Gain over time; lines are broken where there is none. */
export function gainChart(
  traces: readonly GainTrace[],
  title: string,
  { caption, time = "Time (s)", height }: {
    caption?: string;
    time?: string;
    height?: number;
  } = {},
): [Chart, LegendGroup[]] {
  const series = {
    rows: traces.flatMap(({ source, setting, seconds, gainDb }) =>
      seconds.map((second, i) => ({
        source,
        ...(setting !== undefined && { setting }),
        time: Number(second.toFixed(4)),
        gain_db: Number(gainDb[i].toFixed(2)),
      }))
    ),
    colour: { field: "source", title: "Signal" },
    ...(traces.some(({ setting }) => setting !== undefined) && {
      dash: { field: "setting", title: "Setting" },
    }),
  };
  const chart = lineChart({
    ...series,
    title,
    caption,
    x: { field: "time", title: time },
    y: { field: "gain_db", title: "Gain (dB)" },
    points: false,
    gaps: true,
    height,
  });
  return [chart, legendOf(series)];
}

/** What a unit or a model does to test signals, at one setting. */
export interface ProbedRow {
  source: string;
  setting: string;
  curve: readonly { inputDb: number; outputDb: number }[];
  steps: Readonly<Record<"attack" | "release", Omit<GainTrace, "source">>>;
}

/** Static curves, and gain after a step up and a step down. */
export function probeCharts(
  rows: readonly ProbedRow[],
): [Chart[], LegendGroup[]] {
  const series = {
    rows: rows.flatMap(({ source, setting, curve }) =>
      curve.map((point) => ({ source, setting, ...point }))
    ),
    colour: { field: "source", title: "Signal" },
    dash: { field: "setting", title: "Setting" },
  };
  const step = (title: string, which: "attack" | "release") =>
    gainChart(
      rows.map(({ source, setting, steps }) => ({
        source,
        setting,
        ...steps[which],
      })),
      title,
      { time: "Time after the step (s)" },
    )[0];
  const curves = lineChart({
    ...series,
    title: "Static curve",
    x: { field: "inputDb", title: "Level in (dBFS)" },
    y: { field: "outputDb", title: "Level out (dBFS)" },
    points: false,
  });
  const charts = [curves, step("Attack", "attack"), step("Release", "release")];
  return [charts, legendOf(series)];
}
