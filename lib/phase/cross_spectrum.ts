/**
 * The cross-spectrum C = conj(X) Y of a dry and a wet sound: where it is large there
 * is sound to align, and its angle is the phase by which the wet side leads.
 *
 * That of a whole sound is one zero-padded FFT, exact where the sound has died away
 * before the end; of a longer one it is the sum over pieces (`pair_spectra.ts`). For a
 * quick look and for held-out sound it is summed over windows of ¼ s, and *pooled*:
 * one vector in each of 24 bands an octave, at the band's middle by energy, the lag
 * taken out.
 *
 * @module
 */

import FFT from "fft.js";
import type { Signal } from "../sound/signal.ts";

/** A cross-spectrum at some frequencies. */
export interface CrossSpectrum {
  /** Radians a sample, rising, above 0 and below π. */
  omega: Float64Array;
  /** |C|. */
  weight: Float64Array;
  /** arg C, with the lag that was taken out put back. */
  angle: Float64Array;
}

/** Bands an octave of a pooled spectrum. */
const BANDS = 24;

/** Seconds of a window. */
const WINDOW_SECONDS = 0.25;

/** Sums of conj(X) Y, and of |X|² and |Y|², from 0 to half the rate. */
export class Spectra {
  /** Points of the FFT. */
  readonly size: number;
  readonly #fft: FFT;
  readonly #input: Float64Array;
  readonly #output: Float64Array;
  /** Real and imaginary parts of C, by turns. */
  readonly cross: Float64Array;
  /** |X|². */
  readonly dry: Float64Array;
  /** |Y|². */
  readonly wet: Float64Array;
  /** |X| |Y|: what |C| would be with nothing out of phase from piece to piece. */
  readonly both: Float64Array;

  /** Of FFTs of `size` points, a power of two. */
  constructor(size: number) {
    this.size = size;
    this.#fft = new FFT(size);
    this.#input = new Float64Array(2 * size);
    this.#output = new Float64Array(2 * size);
    this.cross = new Float64Array(size + 2);
    this.dry = new Float64Array(size / 2 + 1);
    this.wet = new Float64Array(size / 2 + 1);
    this.both = new Float64Array(size / 2 + 1);
  }

  /** Adds a piece of both sides, each of at most `size` samples, times `window`. */
  add(dry: Signal, wet: Signal, window?: Float64Array): void {
    const input = this.#input;
    const z = this.#output;
    input.fill(0);
    // Both at once: X is the even part of the transform of x + i y, Y the odd.
    for (let n = 0; n < dry.length; n++) {
      input[2 * n] = dry[n] * (window?.[n] ?? 1);
    }
    for (let n = 0; n < wet.length; n++) {
      input[2 * n + 1] = wet[n] * (window?.[n] ?? 1);
    }
    this.#fft.transform(z, input);
    const { size, cross } = this;
    for (let k = 0; k <= size / 2; k++) {
      const m = (size - k) % size;
      const xr = 0.5 * (z[2 * k] + z[2 * m]);
      const xi = 0.5 * (z[2 * k + 1] - z[2 * m + 1]);
      const yr = 0.5 * (z[2 * k + 1] + z[2 * m + 1]);
      const yi = 0.5 * (z[2 * m] - z[2 * k]);
      cross[2 * k] += xr * yr + xi * yi;
      cross[2 * k + 1] += xr * yi - xi * yr;
      this.dry[k] += xr * xr + xi * xi;
      this.wet[k] += yr * yr + yi * yi;
      this.both[k] += Math.hypot(xr, xi) * Math.hypot(yr, yi);
    }
  }

  /**
   * C between `lowest` and `highest` radians a sample, half whitened: divided by
   * (|X|² |Y|²)^¼, so that a loud octave does not drown the others.
   */
  between(lowest: number, highest: number): CrossSpectrum {
    const step = 2 * Math.PI / this.size;
    const first = Math.max(1, Math.ceil(lowest / step));
    const last = Math.min(this.size / 2 - 1, Math.floor(highest / step));
    const count = Math.max(0, last - first + 1);
    const omega = Float64Array.from(
      { length: count },
      (_, i) => step * (first + i),
    );
    const weight = new Float64Array(count);
    const angle = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      const re = this.cross[2 * (first + i)];
      const im = this.cross[2 * (first + i) + 1];
      const power = this.dry[first + i] * this.wet[first + i];
      weight[i] = power > 0 ? Math.hypot(re, im) * power ** -0.25 : 0;
      angle[i] = Math.atan2(im, re);
    }
    return { omega, weight, angle };
  }

  /**
   * Lags at which the cross-correlation is largest, whatever its sign, in samples,
   * the largest first, no two within `apart`.
   */
  lags(count: number, apart: number, most: number): number[] {
    const { size, cross } = this;
    const full = new Float64Array(2 * size);
    // Half whitened, which sharpens the peak.
    for (let k = 1; k < size / 2; k++) {
      const scale = (this.dry[k] * this.wet[k]) ** -0.25;
      if (!Number.isFinite(scale)) continue;
      const [re, im] = [scale * cross[2 * k], scale * cross[2 * k + 1]];
      full[2 * k] = full[2 * (size - k)] = re;
      full[2 * k + 1] = im;
      full[2 * (size - k) + 1] = -im;
    }
    const time = new Float64Array(2 * size);
    this.#fft.inverseTransform(time, full);
    const lags: number[] = [];
    const isTaken = (lag: number) =>
      lags.some((other) => Math.abs(other - lag) < apart);
    while (lags.length < count) {
      let best = 0;
      let height = -1;
      for (let lag = -most; lag <= most; lag++) {
        const value = Math.abs(time[2 * ((lag + size) % size)]);
        if (value > height && !isTaken(lag)) [best, height] = [lag, value];
      }
      if (height < 0) break;
      lags.push(best);
    }
    return lags;
  }
}

/** Hann's window of `length` samples. */
export function hann(length: number): Float64Array {
  return Float64Array.from(
    { length },
    (_, n) => 0.5 - 0.5 * Math.cos(2 * Math.PI * (n + 0.5) / length),
  );
}

/** `spectrum` in 24 bands an octave, `lag` samples taken out while they are pooled. */
export function pooled(spectrum: CrossSpectrum, lag: number): CrossSpectrum {
  const { omega, weight, angle } = spectrum;
  const bands = new Map<
    number,
    [re: number, im: number, at: number, w: number]
  >();
  for (let k = 0; k < omega.length; k++) {
    const key = Math.floor(BANDS * Math.log2(omega[k]));
    const band = bands.get(key) ?? [0, 0, 0, 0];
    const turned = angle[k] + lag * omega[k];
    band[0] += weight[k] * Math.cos(turned);
    band[1] += weight[k] * Math.sin(turned);
    band[2] += weight[k] * Math.log(omega[k]);
    band[3] += weight[k];
    bands.set(key, band);
  }
  const used = [...bands.values()].filter(([, , , w]) => w > 0);
  const middle = Float64Array.from(used, ([, , at, w]) => Math.exp(at / w));
  return {
    omega: middle,
    weight: Float64Array.from(used, ([re, im]) => Math.hypot(re, im)),
    angle: Float64Array.from(
      used,
      ([re, im], i) => Math.atan2(im, re) - lag * middle[i],
    ),
  };
}

/** Windows of a short sound, at least. */
const WINDOWS = 8;

/** Samples of a window, a power of two: ¼ s, or less of a sound of `length` samples. */
export function windowLength(sampleRate: number, length: number): number {
  const samples = Math.min(WINDOW_SECONDS * sampleRate, length / WINDOWS);
  return 2 ** Math.round(Math.log2(Math.max(256, samples)));
}
