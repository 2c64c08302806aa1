/**
 * The figures of the experiment on SignalTrain, by their numbers in the paper.
 *
 * @module
 */

import { charts, type ChartsCell, type Column } from "../report/cells.ts";
import { legendOf, type LineChart, lineChart } from "../report/charts.ts";
import type { lookbackFloor } from "./studies.ts";
import { lossShapes, waveforms } from "./studies.ts";
import type { simpleErrors } from "./errors.ts";
import type { Check } from "./train.ts";
import type { gainTrial, stepResponses } from "./trials.ts";

type Rows<Make extends (...given: never[]) => unknown> = Awaited<
  ReturnType<Make>
>;

const OF = { field: "of", title: "Of" };
const SECONDS = { field: "seconds", title: "Seconds" };

/** Charts of the same series, with one legend. */
function together(list: LineChart[]): ChartsCell {
  return charts(list.map(lineChart), legendOf(list[0]));
}

/** Figure 1: the floor over lookback. */
export function floorOverLookback(rows: Rows<typeof lookbackFloor>) {
  return together([{
    title: "Windowed against streamed targets",
    caption: "Below 1e-9 nothing is drawn.",
    rows: rows.filter(({ mae }) => mae > 1e-9),
    x: { field: "lookback_seconds", title: "Lookback (s)", log: true },
    y: { field: "mae", title: "Mean absolute error", log: true },
    colour: { field: "effect", title: "Effect" },
  }]);
}

/** Figure 3: the losses and their slopes. */
export function losses() {
  return together([
    { title: "Log-cosh and absolute error", field: "value", name: "Loss" },
    { title: "Their slopes", field: "slope", name: "Slope" },
  ].map(({ title, field, name }) => ({
    title,
    rows: lossShapes(),
    x: { field: "error", title: "Error" },
    y: { field, title: name },
    colour: { field: "loss", title: "Loss" },
    points: false,
  })));
}

/** Figure 4: a sound of every kind. */
export function soundShapes(seed: number) {
  return together(
    waveforms(seed).map(({ kind, rows }) => ({
      title: kind,
      rows,
      x: SECONDS,
      y: { field: "sample", title: "Sample" },
      colour: OF,
      points: false,
      height: 90,
    })),
  );
}

const LOSS: Omit<LineChart, "title" | "rows" | "colour"> = {
  caption: "Mean ln cosh of the error.",
  x: { field: "batches", title: "Batches", whole: true },
  y: { field: "validation", title: "Loss", log: true },
  points: false,
};

/** The loss of one training beside what simpler things reach. */
export function training(
  checks: readonly Check[],
  { input, gain }: ReturnType<typeof simpleErrors>,
) {
  const rows = checks.flatMap(({ batches, train, validation }) => [
    ...(train === undefined
      ? []
      : [{ batches, of: "training", validation: train }]),
    { batches, of: "validation", validation },
    { batches, of: "output = input", validation: input.validation },
    { batches, of: "best single gain", validation: gain.validation },
  ]);
  return together([{
    ...LOSS,
    title: "Loss while training",
    rows,
    colour: OF,
  }]);
}

/** Figures 7 and 9, and the comparisons of the text: losses on validation. */
export function learningCurves(
  title: string,
  trainings: readonly { training: string; checks: readonly Check[] }[],
) {
  const rows = trainings.flatMap(({ training, checks }) =>
    checks.map((check) => ({ training, ...check }))
  );
  const colour = { field: "training", title: "Training" };
  return together([{ ...LOSS, title, rows, colour }]);
}

/** Figures 5 and 6: steps, and what is missed of them. */
export function steps({ rows }: Rows<typeof stepResponses>) {
  const shared = {
    rows,
    x: SECONDS,
    colour: { field: "threshold_db", title: "Threshold (dB)" },
    dash: OF,
    points: false,
  };
  return together([
    {
      ...shared,
      title: "Step responses",
      y: { field: "sample", title: "Sample" },
    },
    {
      ...shared,
      title: "Prediction less target",
      y: { field: "error", title: "Error" },
    },
  ]);
}

/** Figure 8: spectra. */
export function spectra(rows: readonly Record<string, unknown>[]) {
  return together([{
    title: "Spectrum of the error",
    rows,
    x: { field: "hertz", title: "Frequency (Hz)", log: true },
    y: { field: "db", title: "Power (dB)" },
    colour: OF,
    points: false,
  }]);
}

/** Figure 10: gains over time. */
export function gains(rows: Rows<typeof gainTrial>["rows"]) {
  return together([{
    title: "Gain over time",
    rows,
    x: SECONDS,
    y: { field: "gain_db", title: "Gain (dB)" },
    colour: { field: "peak_reduction", title: "Peak reduction" },
    dash: OF,
    points: false,
  }]);
}

/** Headings of the tables, by key, but for those that every experiment has. */
const HEADINGS: Readonly<Record<string, Omit<Column, "key">>> = {
  effect: { title: "Effect" },
  threshold_off_db: { title: "Threshold off", unit: "dB", digits: 2 },
  ratio_off: { title: "Ratio off", unit: "part", digits: 2 },
  attack_off: { title: "Attack off", unit: "part", digits: 2 },
  release_off: { title: "Release off", unit: "part", digits: 2 },
  recovered: { title: "Recovered" },
  name: { title: "Network" },
  frame: { title: "Frame", unit: "samples" },
  hop: { title: "Hop", unit: "samples" },
  input: { title: "Window in", unit: "samples" },
  output: { title: "Window out", unit: "samples" },
  frames: { title: "Frames in" },
  outputFrames: { title: "Frames out" },
  bins: { title: "Bins" },
  parameters: { title: "Parameters" },
  numbers: { title: "Numbers" },
  training: { title: "Training" },
  batches: { title: "Batches" },
  train: { title: "Loss in training", digits: 3 },
  validation: { title: "Loss", digits: 3 },
  mae: { title: "Mean absolute error", digits: 3 },
  attacks: { title: "Attacks" },
  lower_db: { title: "Network's gain off in attacks", unit: "dB", digits: 3 },
};

/** Columns `keys`, as the tables of the experiment head them. */
function columns(...keys: string[]): Column[] {
  return keys.map((key) => ({ key, ...HEADINGS[key] }));
}

/** Columns of the settings found again. */
export const RECOVERED = columns(
  "effect",
  "iterations",
  "threshold_off_db",
  "ratio_off",
  "attack_off",
  "release_off",
  "recovered",
  "seconds",
);

/** Columns of the networks' sizes. */
export const SIZES = columns(
  "name",
  "frame",
  "hop",
  "input",
  "output",
  "frames",
  "outputFrames",
  "bins",
  "parameters",
);

/** Columns of the network beside Newton's method. */
export const BESIDE = columns("method", "numbers", "esr", "mae", "seconds");

/** Columns of the rest of the recordings. */
export const REST = columns(
  "peak_reduction",
  "esr",
  "mae",
  "attacks",
  "lower_db",
);

/** Columns of where trainings end. */
export const ENDS = columns(
  "training",
  "batches",
  "train",
  "validation",
  "mae",
  "seconds",
);
