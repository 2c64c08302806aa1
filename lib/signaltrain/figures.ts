/**
 * The figures of the experiment on SignalTrain, by their numbers in the paper.
 *
 * @module
 */

import { charts, type ChartsCell } from "../report/cells.ts";
import { legendOf, type LineChart, lineChart } from "../report/charts.ts";
import type { lookbackFloor } from "./studies.ts";
import { lossShapes, waveforms } from "./studies.ts";
import type { Check, simpleErrors } from "./train.ts";
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
    rows,
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
