/**
 * An excerpt of a recording beside what models make of it: gain over time,
 * spectrograms, and players.
 *
 * @module
 */

import { gainOverTime, GATE_DB } from "../metrics/gain.ts";
import { spectrogram } from "../metrics/spectrogram.ts";
import type { Signal } from "../sound/signal.ts";
import { wavClip } from "../sound/wav_clip.ts";
import { type Cell, charts, sounds } from "./cells.ts";
import { gainChart } from "./score_charts.ts";
import { spectrogramCharts } from "./spectrogram_chart.ts";

/** What is shown. */
export interface ShownExcerpt {
  /** Where it is from, such as "compress 70". */
  place: string;
  /** First sample, in seconds from the recording's start. */
  start: number;
  /** Samples a second. */
  sampleRate: number;
  /** What went in. */
  dry: Signal;
  /** What came out, and what to call it. */
  target: readonly [name: string, signal: Signal];
  /** What each model makes of it. */
  models: readonly (readonly [name: string, signal: Signal])[];
  /** Seconds from the start to listen to. */
  listenSeconds: number;
}

/** Window of the gain, in seconds. */
const WINDOW_SECONDS = 0.03;

/** Samples of a player at most: six of them are 1.4 MB of a page. */
const PLAYER_SAMPLES = 88_200;

/** The cells of an excerpt. */
export async function excerptCells(
  { place, start, sampleRate, dry, target, models, listenSeconds }:
    ShownExcerpt,
): Promise<Cell[]> {
  const [name, wet] = target;
  const less = (model: Signal) =>
    Float32Array.from(wet, (y, n) => y - model[n]);
  const [gain, legend] = gainChart(
    [target, ...models].map(([source, signal]) => {
      const { seconds, gainDb } = gainOverTime(
        dry,
        signal,
        sampleRate,
        WINDOW_SECONDS,
      );
      return { source, seconds: seconds.map((s) => start + s), gainDb };
    }),
    `Gain over time (${place})`,
    {
      caption: `Level out over level in, in windows of ${
        1000 * WINDOW_SECONDS
      } ms; none where the input is below −${-GATE_DB} dBFS.`,
      height: 300,
    },
  );
  const length = Math.min(
    dry.length,
    Math.round(listenSeconds * sampleRate),
    PLAYER_SAMPLES,
  );
  const clip = (label: string, signal: Signal, note?: string) => ({
    label,
    note,
    wav: wavClip(signal.subarray(0, length), sampleRate),
  });
  return [
    charts([gain], legend),
    await spectrogramCharts(
      [
        [`Target (${place})`, wet] as const,
        ...models.map(([model, signal]) =>
          [`Target − ${model}`, less(signal)] as const
        ),
      ].map(([title, signal]) => ({
        title,
        spectrogram: spectrogram(signal, sampleRate),
        start,
      })),
    ),
    sounds(`Listen (${place})`, [
      clip("Dry", dry),
      clip(name, wet),
      ...models.map(([model, signal]) => clip(model, signal)),
      ...models.map(([model, signal]) =>
        clip(`Target − ${model}`, less(signal), "at its own level")
      ),
    ]),
  ];
}
