/**
 * The page of a fit: what was found, target and model to listen to, the gain of
 * both over time, the transfer curve among the levels of the recordings, the
 * spectrum of what is left, the parameters with their uncertainty, the recordings,
 * the model. For one take or several, and for any model.
 *
 * @module
 */

import { openProcessor } from "../engines/open_processor.ts";
import { formatDecibels, formatFixed, formatNumber } from "../base/format.ts";
import { gainOverTime, GATE_DB, levelDb } from "../metrics/gain.ts";
import type { Score } from "../metrics/score.ts";
import { meanSpectrum, spectrogram } from "../metrics/spectrogram.ts";
import {
  levelCounts,
  toneCurve,
  type TransferPoint,
} from "../metrics/transfer.ts";
import type { Model, Values } from "../models/model.ts";
import { formatParameter } from "../models/parameter_text.ts";
import type { Pair, Signal } from "../sound/signal.ts";
import { wavClip } from "../sound/wav_clip.ts";
import {
  bibtex,
  type Cell,
  charts,
  comparison,
  config,
  figures,
  notice,
  prose,
  step,
  table,
} from "./cells.ts";
import { legendOf, lineChart } from "./charts.ts";
import { md } from "./markdown.ts";
import { modelDiagram, modelEquations } from "./model_diagram.ts";
import { coloursOf } from "./palette.ts";
import { PAPER_BIBTEX } from "./references.ts";

/** A take that the unit was fitted to, or tested on. */
export interface FitPageTake {
  /** What people call it, such as the file of its wet side. */
  name: string;
  /** Whether the unit was fitted to it; else it was tested on it. */
  fitted: boolean;
  /** The sound in step. */
  pair: Pair;
  /** How near the model comes, from rest. */
  score: Score;
  /** What was found of the recording; see the unit file's `recordings`. */
  lag_samples?: number | null;
  polarity?: 1 | -1 | null;
  drift_ppm?: number;
  initial_gain_db?: number;
  slips?: readonly { at_seconds: number; samples: number }[];
}

/** What a page of a fit tells. */
export interface FitPage {
  /** The model that was fitted. */
  model: Model;
  /** Its parameters, and their standard errors. */
  values: Values;
  uncertainty: Values;
  /** Times in the closed loop, of a feedback model. */
  loop: Values;
  /** ESR where the loss counts, over the whole recordings, and by a gain alone. */
  esr: { counted: number; whole: number; gainAlone: number };
  deltaLdrDb: number;
  /** After how many iterations, and how, it ended. */
  iterations: number;
  ending: string;
  converged: boolean;
  /** What a person should know. */
  warnings: readonly string[];
  takes: readonly FitPageTake[];
  /** The config of the fit. */
  config: unknown;
}

/** A take with what the model makes of it. */
interface Heard extends FitPageTake {
  made: Float32Array;
  difference: Float32Array;
}

/** The page's cells. */
export async function fitCells(page: FitPage): Promise<Cell[]> {
  const { model, values, esr, takes, warnings } = page;
  const heard: Heard[] = [];
  for (const take of takes) {
    heard.push({ ...take, ...await through(model, values, take.pair) });
  }
  const fitted = heard.filter((take) => take.fitted);
  const seconds = fitted.reduce(
    (sum, { pair }) => sum + pair.dry.length / pair.sampleRate,
    0,
  );
  const inDb = (ratio: number) => formatDecibels(10 * Math.log10(ratio));
  const spectrum = spectrumChart(heard);
  return [
    ...(warnings.length > 0
      ? [notice("What makes the result doubtful", [...warnings])]
      : []),
    figures([
      {
        label: "ESR",
        value: esr.counted,
        note: `${inDb(esr.counted)}, where the loss counts`,
      },
      {
        label: "ESR of a gain alone",
        value: esr.gainAlone,
        note: `${inDb(esr.gainAlone)}, the best constant gain`,
      },
      {
        label: "ΔLDR",
        value: formatFixed(page.deltaLdrDb, 3),
        unit: "dB",
        note: "above zero, the model compresses less",
      },
      {
        label: page.converged ? "Converged after" : "Stopped after",
        value: page.iterations,
        unit: page.iterations === 1 ? "iteration" : "iterations",
        note: page.ending,
      },
    ]),
    prose(
      md`The model ${model.name} was fitted to ${
        fitted.length === 1 ? "one take" : `${fitted.length} takes`
      } of one setting, ${formatFixed(seconds, 1)} s in all.` +
        " The error-to-signal ratio (ESR) is the energy of the difference over " +
        "that of the recording, both after pre-emphasis.",
    ),
    step("Parameters"),
    parameterTable(page),
    step("Listen"),
    ...listening(heard),
    step("Gain over time"),
    ...gainCharts(heard, values.make_up_db ?? 0),
    step("Transfer curve"),
    charts([
      transferChart(
        heard,
        await toneCurve(model, values, heard[0].pair.sampleRate),
      ),
    ]),
    ...(spectrum === undefined ? [] : [step("What is left"), spectrum]),
    step("Recordings"),
    recordingTable(heard),
    step("The model"),
    modelDiagram(model),
    ...modelEquations(model),
    bibtex(PAPER_BIBTEX),
    config(page.config),
  ];
}

/** What `model` makes of `pair` from rest, and its difference from the target. */
async function through(
  model: Model,
  values: Values,
  { dry, wet, heard = dry, sampleRate }: Pair,
): Promise<Pick<Heard, "made" | "difference">> {
  const processor = await openProcessor(model, values, sampleRate);
  const made = new Float32Array(dry.length);
  processor.process(dry, made, heard);
  return { made, difference: made.map((value, n) => value - wet[n]) };
}

function parameterTable({ model, values, uncertainty, loop }: FitPage) {
  const hasLoop = Object.keys(loop).length > 0;
  return table(
    "What was found",
    [
      { key: "parameter", title: "Parameter" },
      { key: "value", title: "Value, ± standard error" },
      ...(hasLoop ? [{ key: "loop", title: "In the loop" }] : []),
      { key: "name", title: "Name in files" },
    ],
    model.parameters.map((parameter) => {
      const { name, title } = parameter;
      return {
        parameter: title,
        value: formatParameter(parameter, values[name], uncertainty[name]),
        ...(hasLoop && {
          loop: loop[name] === undefined
            ? ""
            : formatParameter(parameter, loop[name]),
        }),
        name,
      };
    }),
  );
}

/** Seconds of an excerpt, of all excerpts together, and takes that have one. */
const LONGEST_EXCERPT = 8;
const ALL_EXCERPTS = 24;
const MOST_EXCERPTS = 8;

/** Excerpts of the takes, each in four versions as loud as the quietest of them. */
function listening(heard: readonly Heard[]): Cell[] {
  const shown = heard.slice(0, MOST_EXCERPTS);
  const seconds = Math.min(LONGEST_EXCERPT, ALL_EXCERPTS / shown.length);
  const left = heard.length - shown.length;
  const cells: Cell[] = shown.map(({ name, pair, made, difference }) => {
    const { dry, wet, sampleRate } = pair;
    const [from, to] = loudest(dry, Math.round(seconds * sampleRate));
    const cut = (signal: Signal) => signal.subarray(from, to);
    const versions = [["dry", dry], ["target", wet], ["model", made]] as const;
    const levels = versions.map(([, signal]) => levelDb(cut(signal)));
    const quietest = Math.min(...levels.filter(Number.isFinite));
    const start = formatFixed(from / sampleRate, 1);
    return comparison(
      shown.length === 1 ? "Target and model" : `Target and model: ${name}`,
      [
        ...versions.map(([label, signal], i) => ({
          label,
          wav: wavClip(cut(signal), sampleRate),
          matchDb: Number.isFinite(levels[i]) ? quietest - levels[i] : 0,
        })),
        { label: "difference", wav: wavClip(cut(difference), sampleRate) },
      ],
      {
        ab: ["target", "model"],
        note:
          `From ${start} s of ${name}. Matched, dry, target and model have ` +
          "the level of the quietest of them; the difference keeps its own.",
      },
    );
  });
  return left === 0
    ? cells
    : [...cells, prose(`The ${left} other takes are not to be heard here.`)];
}

/** The `length` samples of `signal` with most energy: where they begin and end. */
function loudest(signal: Signal, length: number): [number, number] {
  if (length >= signal.length) return [0, signal.length];
  const hop = Math.max(1, Math.floor(length / 16));
  const energies: number[] = [];
  for (let at = 0; at + hop <= signal.length; at += hop) {
    energies.push(10 ** (levelDb(signal.subarray(at, at + hop)) / 10));
  }
  const count = Math.floor(length / hop);
  let sum = energies.slice(0, count).reduce((a, b) => a + b, 0);
  let [most, first] = [sum, 0];
  for (let i = count; i < energies.length; i++) {
    sum += energies[i] - energies[i - count];
    if (sum > most) [most, first] = [sum, i - count + 1];
  }
  return [first * hop, first * hop + length];
}

/** Points of a curve over time, about, and the dry level below which there are none. */
const POINTS = 700;

/** Colours and legend of target and model. */
const SIDE = { field: "side", title: "Gain of" };

function gainCharts(heard: readonly Heard[], makeUpDb: number): Cell[] {
  const cells = heard.map(({ name, pair, made }) => {
    const { dry, wet, sampleRate } = pair;
    const window = Math.max(0.02, 2 * dry.length / sampleRate / POINTS);
    const rows = ([["target", wet], ["model", made]] as const)
      .flatMap(([side, signal]) => {
        const { seconds, gainDb } = gainOverTime(
          dry,
          signal,
          sampleRate,
          window,
        );
        return seconds.map((at, i) => ({
          side,
          seconds: Number(at.toFixed(3)),
          reduction: Number.isFinite(gainDb[i])
            ? Number((makeUpDb - gainDb[i]).toFixed(2))
            : null,
        }));
      });
    const floor = formatDecibels(GATE_DB, 0).replace("dB", "dBFS");
    const options = {
      title: heard.length === 1 ? "Gain reduction" : `Gain reduction, ${name}`,
      caption: `Level of the dry side over that of each, in windows of ${
        formatNumber(1000 * window, 2)
      } ms, the model’s make-up of ${
        formatDecibels(makeUpDb)
      } added to both. No value where the dry side is below ${floor}.`,
      rows,
      x: { field: "seconds", title: "Time (s)" },
      y: { field: "reduction", title: "Gain reduction (dB)" },
      colour: SIDE,
      points: false,
      gaps: true,
      height: 260,
    };
    return { chart: lineChart(options), legend: legendOf(options) };
  });
  return [charts(cells.map(({ chart }) => chart), cells[0].legend)];
}

/** The levels of the recordings as a field of squares, and the model's curve on it. */
function transferChart(
  heard: readonly Heard[],
  curve: readonly TransferPoint[],
) {
  const counts = levelCounts(heard.map(({ pair }) => pair));
  const most = counts.reduce((most, { count }) => Math.max(most, count), 1);
  const things = ["target", "model"];
  const color = {
    field: "what",
    type: "nominal" as const,
    title: null,
    scale: { domain: things, range: coloursOf(things) },
  };
  const x = {
    type: "quantitative" as const,
    title: "Input (dBFS)",
    scale: { domain: [-60, 0], nice: false },
  };
  const y = {
    type: "quantitative" as const,
    title: "Output (dBFS)",
    scale: { domain: [-60, 6], nice: false },
  };
  const half = 0.75;
  const caption =
    "Squares: how often the recordings have a peak level in and " +
    "out, in windows of 20 ms; the stronger, the more, by the logarithm. Line: " +
    "where the model settles on a tone of 1 kHz. Dashed: no change.";
  const title = "Output level over input level";
  return {
    title,
    caption,
    spec: {
      $schema: "https://vega.github.io/schema/vega-lite/v6.json",
      description: `${title}. ${caption}`,
      width: "container" as const,
      height: 340,
      layer: [
        {
          data: {
            values: counts.map(({ inputDb, outputDb, count }) => ({
              what: "target",
              left: inputDb - half,
              right: inputDb + half,
              low: outputDb - half,
              high: outputDb + half,
              count,
              weight: Number(
                (0.12 + 0.88 * Math.log(1 + count) / Math.log(1 + most))
                  .toFixed(3),
              ),
            })),
          },
          mark: { type: "rect" as const, clip: true, aria: false },
          encoding: {
            x: { field: "left", ...x },
            x2: { field: "right" },
            y: { field: "low", ...y },
            y2: { field: "high" },
            color,
            opacity: {
              field: "weight",
              type: "quantitative" as const,
              scale: null,
              legend: null,
            },
            tooltip: [
              {
                field: "count",
                type: "quantitative" as const,
                title: "Windows",
              },
            ],
          },
        },
        {
          data: { values: [{ x: -60, y: -60 }, { x: 0, y: 0 }] },
          mark: {
            type: "line" as const,
            aria: false,
            strokeDash: [3, 4],
            strokeWidth: 1.25,
            color: "var(--ink-soft)",
          },
          encoding: { x: { field: "x", ...x }, y: { field: "y", ...y } },
        },
        {
          data: {
            values: curve.filter(({ outputDb }) => outputDb >= -60)
              .map(({ inputDb, outputDb }) => ({
                what: "model",
                x: inputDb,
                y: Number(outputDb.toFixed(2)),
              })),
          },
          mark: { type: "line" as const, aria: false, clip: true },
          encoding: { x: { field: "x", ...x }, y: { field: "y", ...y }, color },
        },
      ],
    },
  };
}

/** Mean spectra of target and difference over all takes; none of very short ones. */
function spectrumChart(heard: readonly Heard[]): Cell | undefined {
  const shortest = Math.min(...heard.map(({ made }) => made.length));
  const frame = Math.min(4096, 2 ** Math.floor(Math.log2(shortest)));
  if (frame < 256) return undefined;
  const [longest] = heard.toSorted((a, b) => b.made.length - a.made.length);
  const { name, pair: { wet, sampleRate }, difference } = longest;
  const rows = ([["target", wet], ["difference", difference]] as const)
    .flatMap(([side, signal]) =>
      meanSpectrum(
        spectrogram(signal, sampleRate, { frame, hop: frame / 4, rows: 96 }),
      ).map(({ hertz, levelDb }) => ({
        side,
        hertz: Number(hertz.toPrecision(4)),
        level: Number(levelDb.toFixed(2)),
      }))
    );
  const options = {
    title: "Spectrum of the difference",
    caption:
      `Mean over ${
        heard.length === 1 ? "the recording" : name
      } of the highest level in each tenth of an octave. Where both lines are ` +
      "near each other, the model says little of the sound.",
    rows,
    x: {
      field: "hertz",
      title: "Frequency (Hz)",
      log: true,
      thousands: true,
    },
    y: { field: "level", title: "Level (dB)" },
    colour: { field: "side", title: "Spectrum of" },
    points: false,
    height: 260,
  };
  return charts([lineChart(options)], legendOf(options));
}

function recordingTable(heard: readonly Heard[]) {
  const has = (key: keyof FitPageTake) =>
    heard.some((take) => take[key] !== undefined && take[key] !== null);
  const isTested = heard.some(({ fitted }) => !fitted);
  return table(
    "Takes",
    [
      { key: "take", title: "Take" },
      ...(isTested ? [{ key: "role", title: "Role" }] : []),
      { key: "seconds", title: "Length", unit: "s", decimals: 2 },
      { key: "rate", title: "Rate", unit: "Hz", decimals: 0 },
      { key: "lag", title: "Lag", unit: "samples", decimals: 3 },
      { key: "lag_ms", title: "Lag", unit: "ms", digits: 3 },
      ...(has("polarity") ? [{ key: "polarity", title: "Polarity" }] : []),
      ...(has("drift_ppm")
        ? [{ key: "drift", title: "Drift", unit: "ppm", digits: 3 }]
        : []),
      ...(has("slips") ? [{ key: "slips", title: "Slips" }] : []),
      ...(has("initial_gain_db")
        ? [{
          key: "initial",
          title: "Initial gain",
          unit: "dB",
          decimals: 2,
        }]
        : []),
      { key: "esr", title: "ESR", digits: 4 },
      { key: "ldr", title: "ΔLDR", unit: "dB", decimals: 3 },
    ],
    heard.map((take) => {
      const { pair: { dry, sampleRate }, lag_samples: lag } = take;
      return {
        take: take.name,
        role: take.fitted ? "fitted" : "tested",
        seconds: dry.length / sampleRate,
        rate: sampleRate,
        // None where it was not looked for.
        lag: lag ?? null,
        lag_ms: typeof lag === "number" ? 1000 * lag / sampleRate : null,
        polarity: take.polarity === -1 ? "turned over" : "as it is",
        drift: take.drift_ppm ?? 0,
        slips: (take.slips ?? []).map(({ at_seconds, samples }) =>
          `${formatFixed(samples, 0)} at ${formatFixed(at_seconds, 2)} s`
        ).join("; "),
        initial: take.initial_gain_db ?? null,
        esr: take.score.esr,
        ldr: take.score.deltaLdrDb,
      };
    }),
  );
}
