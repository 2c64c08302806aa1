/**
 * A sound through a cascade: its delay, then each section by its recurrence, then its
 * polarity, in double precision, block by block.
 *
 *     first order   y = p x + s,           s ← x − p y
 *     second order  y = c x + s₁,          s₁ ← d (x − y) + s₂,   s₂ ← x − c y
 *
 * @module
 */

import { DelayStream } from "../sound/delay_stream.ts";
import type { Signal } from "../sound/signal.ts";
import type { Cascade } from "./phase_loss.ts";
import { type Coefficients, coefficientsOf } from "./section.ts";

/** Sends a sound through sections, from rest, in place. */
export class SectionFilter {
  readonly #stages: { coefficients: Coefficients; state: Float64Array }[];

  /** Of sections by their coefficients, the first one first. */
  constructor(sections: readonly Coefficients[]) {
    this.#stages = sections.map((coefficients) => ({
      coefficients,
      state: new Float64Array(2),
    }));
  }

  /** The next samples. */
  process(samples: Signal): void {
    for (const { coefficients, state } of this.#stages) {
      let [s1, s2] = state;
      if (coefficients.length === 1) {
        const [p] = coefficients;
        for (let n = 0; n < samples.length; n++) {
          const x = samples[n];
          const y = p * x + s1;
          s1 = x - p * y;
          samples[n] = y;
        }
      } else {
        const [d, c] = coefficients;
        for (let n = 0; n < samples.length; n++) {
          const x = samples[n];
          const y = c * x + s1;
          s1 = d * (x - y) + s2;
          s2 = x - c * y;
          samples[n] = y;
        }
      }
      state[0] = s1;
      state[1] = s2;
    }
  }
}

/** One channel through a cascade, on its way. */
export class CascadeStream {
  readonly #delay: DelayStream;
  readonly #sections: SectionFilter;
  readonly #polarity: number;

  /** Of `cascade` at `sampleRate`; the delay is in samples there. */
  constructor({ polarity, delay, sections }: Cascade, sampleRate: number) {
    this.#delay = new DelayStream(delay);
    this.#sections = new SectionFilter(
      sections.map((section) => coefficientsOf(section, sampleRate)),
    );
    this.#polarity = polarity;
  }

  /** Takes the next samples and gives those of the result that follow from them. */
  push(input: Signal): Float64Array {
    return this.#filtered(this.#delay.push(input));
  }

  /** What is left of a result of `length` samples, after the input has ended. */
  end(length: number): Float64Array {
    return this.#filtered(this.#delay.end(length));
  }

  #filtered(samples: Float64Array): Float64Array {
    this.#sections.process(samples);
    if (this.#polarity < 0) {
      for (let n = 0; n < samples.length; n++) samples[n] = -samples[n];
    }
    return samples;
  }
}

/** `x` through `cascade`, as long as it is. */
export function throughCascade(
  x: Signal,
  cascade: Cascade,
  sampleRate: number,
): Float64Array {
  const stream = new CascadeStream(cascade, sampleRate);
  const head = stream.push(x);
  const result = new Float64Array(x.length);
  result.set(head.subarray(0, x.length));
  const rest = stream.end(x.length);
  result.set(rest, Math.min(head.length, x.length));
  return result;
}
