/**
 * Spectrogram: level over time and logarithmic frequency.
 *
 * Frames of 4096 samples, 1024 apart, under a Hann window w; the level of bin k is
 *
 *     20 log10(2 |Σ w[n] x[n] e^(−2πikn/N)| / Σ w)   dB
 *
 * so that a sine of amplitude 1 reads 0 dB. A row of the picture is a band of
 * equal width in octaves: it shows the highest bin within it, and where bands are
 * narrower than bins, the level between the two nearest.
 *
 * @module
 */

import FFT from "fft.js";
import type { Signal } from "../sound/signal.ts";

/** Levels over time and frequency. */
export interface Spectrogram {
  /** Frames. */
  columns: number;
  /** Bands. */
  rows: number;
  /** Levels in dB, frame by frame, each from the lowest band up. */
  levels: Float32Array;
  /** Time from the first frame's middle to the last one's, in seconds. */
  seconds: [number, number];
  /** Lowest and highest frequency of the bands, in Hz. */
  hertz: [number, number];
}

/** Options of {@linkcode spectrogram}. */
export interface SpectrogramOptions {
  /** Samples of a frame, a power of two (default 4096). */
  frame?: number;
  /** Samples from one frame to the next (default 1024). */
  hop?: number;
  /** Bands (default 128). */
  rows?: number;
  /** Lowest frequency in Hz (default 30). */
  lowest?: number;
  /** Highest frequency in Hz (default 20 000, at most half the rate). */
  highest?: number;
}

/** Level of nothing, in dB. */
const FLOOR_DB = -200;

/** Spectrogram of `signal`, whole frames only. */
export function spectrogram(
  signal: Signal,
  sampleRate: number,
  options: SpectrogramOptions = {},
): Spectrogram {
  const { frame = 4096, hop = 1024, rows = 128, lowest = 30 } = options;
  const highest = Math.min(options.highest ?? 20_000, sampleRate / 2);
  const columns = Math.floor((signal.length - frame) / hop) + 1;
  if (columns < 1) {
    throw new RangeError(
      `${signal.length} samples hold no frame of ${frame}: give a longer excerpt`,
    );
  }
  const window = Float64Array.from(
    { length: frame },
    (_, n) => 0.5 - 0.5 * Math.cos(2 * Math.PI * n / frame),
  );
  const scale = 4 / frame; // 2 / Σ w
  const fft = new FFT(frame);
  const input = new Array<number>(frame).fill(0);
  const bins: number[] = fft.createComplexArray();
  const power = new Float64Array(frame / 2 + 1);
  const binOf = (row: number) =>
    lowest * (highest / lowest) ** (row / rows) * frame / sampleRate;
  const levels = new Float32Array(columns * rows);
  for (let column = 0; column < columns; column++) {
    for (let n = 0; n < frame; n++) {
      input[n] = window[n] * signal[column * hop + n];
    }
    fft.realTransform(bins, input);
    for (let k = 0; k < power.length; k++) {
      power[k] = bins[2 * k] ** 2 + bins[2 * k + 1] ** 2;
    }
    for (let row = 0; row < rows; row++) {
      const highestPower = peakOf(power, binOf(row), binOf(row + 1));
      levels[column * rows + row] = Math.max(
        FLOOR_DB,
        10 * Math.log10(highestPower * scale * scale),
      );
    }
  }
  const middle = (column: number) => (column * hop + frame / 2) / sampleRate;
  return {
    columns,
    rows,
    levels,
    seconds: [middle(0), middle(columns - 1)],
    hertz: [lowest, highest],
  };
}

/** Mean level over time of each band of a spectrogram, and the band's middle. */
export function meanSpectrum(
  { columns, rows, levels, hertz: [lowest, highest] }: Spectrogram,
): { hertz: number; levelDb: number }[] {
  return Array.from({ length: rows }, (_, row) => {
    let power = 0;
    for (let column = 0; column < columns; column++) {
      power += 10 ** (levels[column * rows + row] / 10);
    }
    return {
      hertz: lowest * (highest / lowest) ** ((row + 0.5) / rows),
      levelDb: 10 * Math.log10(power / columns),
    };
  });
}

/** Highest power among the bins within a band, or between those around it. */
function peakOf(power: Float64Array, from: number, to: number): number {
  const first = Math.ceil(from);
  const last = Math.min(Math.ceil(to) - 1, power.length - 1);
  if (first > last) {
    const place = (from + to) / 2;
    const below = Math.min(Math.floor(place), power.length - 2);
    return power[below] + (place - below) * (power[below + 1] - power[below]);
  }
  let highest = 0;
  for (let k = first; k <= last; k++) highest = Math.max(highest, power[k]);
  return highest;
}
