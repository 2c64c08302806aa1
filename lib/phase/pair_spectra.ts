/**
 * The spectra of a dry and a wet sound, block by block, so that hours of them need
 * little memory: the whole in pieces of up to 2²⁰ samples, and in windows of ¼ s, of
 * which every other one is held out.
 *
 * Of several channels the spectra are added up: one cascade for all. A channel that
 * one side lacks is its last one.
 *
 * @module
 */

import type { Signal } from "../sound/signal.ts";
import { hann, pooled, Spectra, windowLength } from "./cross_spectrum.ts";
import type { PhaseSpectra } from "./fit_phase.ts";

/** Samples of a piece of a long sound. */
const PIECE = 2 ** 20;

/** Frequencies that count, in Hz and as a part of the rate. */
const LOWEST = 5;
const HIGHEST = 22000;
const HIGHEST_PART = 0.48;

/** Lags that are tried, the likeliest ones. */
const LAGS = 3;

/** Adds up the spectra of both sides' channels, the wet side's from a lag on. */
export class PairSpectra {
  /** The whole, as far as it was added. */
  readonly whole: Spectra;
  /** Samples of the wet side that were left out before it. */
  readonly lag: number;
  readonly #sampleRate: number;
  readonly #windows: readonly [Spectra, Spectra];
  readonly #window: Float64Array;
  readonly #dry: Reserve;
  readonly #wet: Reserve;
  #parity = 0;
  /** Samples of the present piece that the windows have had. */
  #seen = 0;

  /**
   * @param length Samples of the longer side.
   * @param lag Samples by which the wet side is late, left out at its start.
   */
  constructor(sampleRate: number, length: number, lag = 0) {
    const size = 2 ** Math.ceil(Math.log2(Math.max(1024, length)));
    this.whole = new Spectra(Math.min(PIECE, size));
    this.#sampleRate = sampleRate;
    this.lag = lag;
    const window = windowLength(sampleRate, length);
    this.#window = hann(window);
    this.#windows = [new Spectra(2 * window), new Spectra(2 * window)];
    this.#dry = new Reserve(Math.max(0, -lag));
    this.#wet = new Reserve(Math.max(0, lag));
  }

  /** Adds the next samples of each side's channels. */
  add(dry: readonly Signal[], wet: readonly Signal[]): void {
    if (dry.length > 0) this.#dry.add(dry);
    if (wet.length > 0) this.#wet.add(wet);
    this.#take(this.whole.size, false);
  }

  /** The spectra of all that was added. */
  finish(): PhaseSpectra {
    this.#take(this.whole.size, true);
    const { lag } = this;
    const highest = Math.min(HIGHEST, HIGHEST_PART * this.#sampleRate);
    const ends = [LOWEST, highest].map((hz) =>
      2 * Math.PI * hz / this.#sampleRate
    ) as [number, number];
    const late = (spectrum: ReturnType<Spectra["between"]>) => ({
      ...spectrum,
      angle: spectrum.angle.map((angle, k) => angle - lag * spectrum.omega[k]),
    });
    const most = Math.floor(this.whole.size / 2) - 1;
    const lags = this.whole.lags(LAGS, 2, most);
    const raw = this.whole.between(...ends);
    const [fitted, heldOut] = this.#windows.map((one) =>
      late(pooled(one.between(...ends), lags[0]))
    );
    return {
      whole: late(raw),
      pooled: late(pooled(raw, lags[0])),
      fitted,
      heldOut,
      lags: lags.map((one) => one + lag),
      sampleRate: this.#sampleRate,
    };
  }

  /** Works off pieces of `size` samples, or what is left. */
  #take(size: number, isLast: boolean): void {
    const { whole } = this;
    const window = this.#window.length;
    for (;;) {
      const [d, w] = [this.#dry.length, this.#wet.length];
      const ready = isLast ? Math.max(d, w) : Math.min(d, w);
      if (ready < size && !(isLast && ready > 0)) return;
      const dry = this.#dry.take(size);
      const wet = this.#wet.take(size);
      const channels = Math.max(dry.length, wet.length);
      for (let c = 0; c < channels; c++) {
        const x = dry[Math.min(c, dry.length - 1)] ?? new Float64Array(0);
        const y = wet[Math.min(c, wet.length - 1)] ?? new Float64Array(0);
        whole.add(x, y);
        for (let at = 0, i = 0; at < Math.min(size, ready); at += window, i++) {
          this.#windows[i % 2].add(
            x.subarray(at, at + window),
            y.subarray(at, at + window),
            this.#window,
          );
        }
      }
    }
  }
}

/** Samples that wait for the other side. */
class Reserve {
  #blocks: Signal[][] = [];
  #length: number;
  #skip: number;

  /** Leaves out the first `skip` samples. */
  constructor(skip: number) {
    this.#skip = skip;
    this.#length = 0;
  }

  get length(): number {
    return this.#length;
  }

  add(channels: readonly Signal[]): void {
    const left = Math.min(this.#skip, channels[0].length);
    this.#skip -= left;
    const block = channels.map((samples) => samples.slice(left) as Signal);
    if (block[0].length === 0) return;
    this.#blocks.push(block);
    this.#length += block[0].length;
  }

  /** The next `count` samples of every channel, or as many as there are. */
  take(count: number): Signal[] {
    const taken = Math.min(count, this.#length);
    const channels = (this.#blocks[0] ?? []).map(() => new Float64Array(taken));
    let filled = 0;
    while (filled < taken) {
      const [block] = this.#blocks;
      const part = Math.min(taken - filled, block[0].length);
      channels.forEach((samples, c) =>
        samples.set(block[c].subarray(0, part), filled)
      );
      filled += part;
      this.#length -= part;
      if (part === block[0].length) this.#blocks.shift();
      else this.#blocks[0] = block.map((samples) => samples.subarray(part));
    }
    return channels;
  }
}

/** The spectra of a pair in memory, whatever its lag. */
export function spectraOf(
  dry: Signal,
  wet: Signal,
  sampleRate: number,
): PhaseSpectra {
  const length = Math.max(dry.length, wet.length);
  const first = new PairSpectra(sampleRate, length);
  first.add([dry], [wet]);
  const found = first.finish();
  // Windows bear a lag of a fraction of their length.
  const isNear =
    Math.abs(found.lags[0]) <= windowLength(sampleRate, length) / 64;
  if (isNear) return found;
  const second = new PairSpectra(sampleRate, length, found.lags[0]);
  second.add([dry], [wet]);
  const { fitted, heldOut } = second.finish();
  return length <= PIECE
    ? { ...found, fitted, heldOut }
    : { ...second.finish(), fitted, heldOut };
}
