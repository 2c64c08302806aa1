/**
 * The published loss: M-STFT, over three resolutions of the short-time spectrum, of a dry
 * sound ŷ through a cascade and a wet one y (Bargum et al., DAFx 2023; their code):
 *
 *     mean over resolutions of mean over frames and bins of (|Ŷ| + |Y| − |Ŷ + Y|)²
 *
 *     FFT 1024, 512, 2048; hop 120, 50, 240; Hann 600, 240, 1200, in the middle of the FFT
 *     and mirrored at the ends; bins 0 … N/8 − 1, below 24 kHz at 192 kHz; |·| ≥ 10⁻⁴
 *
 * By the triangle inequality it is zero where both are in phase in every bin. With a
 * phase error e it is ≈ (|Ŷ||Y| / (2 (|Ŷ| + |Y|)) · e²)²: quartic at its minimum, so that
 * its Hessian dies out there, and Newton's steps shrink the error by a third each.
 *
 * The sound is cut into sequences of 2048 samples, each sent through the cascade from
 * rest and, on the dry side, of unit norm, as published.
 *
 * @module
 */

import FFT from "fft.js";
import type { Signal } from "../sound/signal.ts";
import { SectionFilter } from "./cascade_filter.ts";
import type { Coefficients } from "./section.ts";

/** Samples of a sequence. */
export const SEQUENCE = 2048;

/** Size of the FFT, hop and length of the window. */
const RESOLUTIONS = [[1024, 120, 600], [512, 50, 240], [
  2048,
  240,
  1200,
]] as const;

/** Least square of a magnitude. */
const FLOOR = 1e-8;

/** Sequences of both sides. */
export interface Sequences {
  dry: Float64Array[];
  wet: Float64Array[];
}

/** Both sides cut into sequences that do not overlap, the dry ones of unit norm. */
export function sequencesOf(dry: Signal, wet: Signal): Sequences {
  const count = Math.floor(Math.min(dry.length, wet.length) / SEQUENCE);
  const cut = (side: Signal) =>
    Array.from(
      { length: count },
      (_, i) =>
        Float64Array.from(side.subarray(SEQUENCE * i, SEQUENCE * (i + 1))),
    );
  return {
    dry: cut(dry).map((x) => {
      const norm = Math.hypot(...x);
      return norm > 0 ? x.map((one) => one / norm) : x;
    }),
    wet: cut(wet),
  };
}

/** Loss and gradient of one resolution by the samples of ŷ. */
class Resolution {
  readonly #size: number;
  readonly #hop: number;
  readonly #window: Float64Array;
  readonly #fft: FFT;
  readonly #in: Float64Array;
  readonly #out: Float64Array;

  constructor([size, hop, length]: typeof RESOLUTIONS[number]) {
    this.#size = size;
    this.#hop = hop;
    this.#window = new Float64Array(size);
    const first = (size - length) / 2;
    for (let n = 0; n < length; n++) {
      this.#window[first + n] = 0.5 - 0.5 * Math.cos(2 * Math.PI * n / length);
    }
    this.#fft = new FFT(size);
    this.#in = new Float64Array(2 * size);
    this.#out = new Float64Array(2 * size);
  }

  /** Sum over frames and bins, over their number; adds `scale` times its gradient. */
  add(
    guess: Float64Array,
    wet: Float64Array,
    scale: number,
    gradient?: Float64Array,
  ): number {
    const size = this.#size;
    const bins = size / 8;
    const frames = 1 + Math.floor(guess.length / this.#hop);
    const per = scale / (frames * bins);
    let sum = 0;
    // ŷ is the real part of what is transformed, y the imaginary one.
    for (let frame = 0; frame < frames; frame++) {
      const start = frame * this.#hop - size / 2;
      for (let n = 0; n < size; n++) {
        const at = mirrored(start + n, guess.length);
        this.#in[2 * n] = this.#window[n] * guess[at];
        this.#in[2 * n + 1] = this.#window[n] * wet[at];
      }
      this.#fft.transform(this.#out, this.#in);
      const z = this.#out;
      const slope = this.#in;
      slope.fill(0);
      for (let k = 0; k < bins; k++) {
        const m = (size - k) % size;
        const gr = 0.5 * (z[2 * k] + z[2 * m]);
        const gi = 0.5 * (z[2 * k + 1] - z[2 * m + 1]);
        const yr = 0.5 * (z[2 * k + 1] + z[2 * m + 1]);
        const yi = 0.5 * (z[2 * m] - z[2 * k]);
        const a2 = gr * gr + gi * gi;
        const c2 = (gr + yr) ** 2 + (gi + yi) ** 2;
        const a = Math.sqrt(Math.max(a2, FLOOR));
        const b = Math.sqrt(Math.max(yr * yr + yi * yi, FLOOR));
        const c = Math.sqrt(Math.max(c2, FLOOR));
        const d = a + b - c;
        sum += d * d;
        if (gradient === undefined) continue;
        const ofA = a2 > FLOOR ? 2 * d / a : 0;
        const ofC = c2 > FLOOR ? 2 * d / c : 0;
        slope[2 * k] = ofA * gr - ofC * (gr + yr);
        slope[2 * k + 1] = ofA * gi - ofC * (gi + yi);
      }
      if (gradient === undefined) continue;
      this.#fft.inverseTransform(this.#out, slope);
      for (let n = 0; n < size; n++) {
        if (this.#window[n] === 0) continue;
        const at = mirrored(start + n, guess.length);
        gradient[at] += per * size * this.#window[n] * this.#out[2 * n];
      }
    }
    return sum * per;
  }
}

function mirrored(at: number, length: number): number {
  return at < 0 ? -at : at >= length ? 2 * length - 2 - at : at;
}

const resolutions = RESOLUTIONS.map((one) => new Resolution(one));

/**
 * M-STFT of `sections` on `sequences`, those of `which` alone if given, and, where
 * `gradient` is, its derivatives by the coefficients, in their order, added to it.
 */
export function multiStft(
  { dry, wet }: Sequences,
  sections: readonly Coefficients[],
  which: readonly number[] = [...dry.keys()],
  gradient?: Float64Array,
): number {
  const scale = 1 / (which.length * resolutions.length);
  let loss = 0;
  for (const index of which) {
    // What goes into each section, and comes out of the last.
    const stages = [dry[index]];
    for (const one of sections) {
      const next = stages[stages.length - 1].slice();
      new SectionFilter([one]).process(next);
      stages.push(next);
    }
    const guess = stages[sections.length];
    const adjoint = gradient && new Float64Array(guess.length);
    for (const resolution of resolutions) {
      loss += resolution.add(guess, wet[index], scale, adjoint);
    }
    if (gradient === undefined || adjoint === undefined) continue;
    let place = gradient.length;
    for (let i = sections.length - 1; i >= 0; i--) {
      place -= sections[i].length;
      const own = gradient.subarray(place, place + sections[i].length);
      addSlopes(sections[i], stages[i], stages[i + 1], adjoint, own);
      adjoint.reverse();
      new SectionFilter([sections[i]]).process(adjoint);
      adjoint.reverse();
    }
  }
  return loss;
}

/**
 * Adds to `slopes` ⟨w, ∂y/∂θ⟩ for a section's coefficients θ, y what it makes of x:
 * ∂A/∂p = (1 − A z⁻¹)/(1 + p z⁻¹); ∂A/∂d = z⁻¹ (1 − A)/D and ∂A/∂c = (1 − A z⁻²)/D with
 * D = 1 + d z⁻¹ + c z⁻².
 */
function addSlopes(
  section: Coefficients,
  x: Float64Array,
  y: Float64Array,
  w: Float64Array,
  slopes: Float64Array,
): void {
  if (section.length === 1) {
    const [p] = section;
    let v = 0;
    for (let n = 0; n < x.length; n++) {
      v = x[n] - (n > 0 ? y[n - 1] : 0) - p * v;
      slopes[0] += w[n] * v;
    }
    return;
  }
  const [d, c] = section;
  let [d1, d2, c1, c2] = [0, 0, 0, 0];
  for (let n = 0; n < x.length; n++) {
    const ofD = (n > 0 ? x[n - 1] - y[n - 1] : 0) - d * d1 - c * d2;
    const ofC = x[n] - (n > 1 ? y[n - 2] : 0) - d * c1 - c * c2;
    [d2, d1, c2, c1] = [d1, ofD, c1, ofC];
    slopes[0] += w[n] * ofD;
    slopes[1] += w[n] * ofC;
  }
}
