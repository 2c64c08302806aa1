/**
 * A sound delayed by any time, or begun early, as it comes: what `delayed()` of
 * `fractional_delay.ts` does to a whole one.
 *
 * @module
 */

import { FIRST_TAP, kernelBehind, TAPS, weigh } from "./fractional_delay.ts";
import type { Signal } from "./signal.ts";

/** One channel on its way. */
export class DelayStream {
  readonly #kernel: Float64Array;
  /** Input sample at which the first output's kernel begins. */
  readonly #start: number;
  /** Input from sample #from on. */
  #kept = new Float64Array(0);
  #from: number;
  #given = 0;

  /** Output sample n is the input at n − `delay`; silence outside it. */
  constructor(delay: number) {
    const whole = Math.floor(-delay);
    this.#kernel = kernelBehind(-delay - whole);
    this.#start = whole + FIRST_TAP;
    this.#from = Math.min(0, this.#start);
    this.#kept = new Float64Array(-this.#from);
  }

  /** Takes the next samples and gives those of the result that follow from them. */
  push(input: Signal): Float64Array {
    const all = new Float64Array(this.#kept.length + input.length);
    all.set(this.#kept);
    all.set(input, this.#kept.length);
    const at = this.#start + this.#given - this.#from;
    const count = Math.max(0, all.length - TAPS + 1 - at);
    const output = new Float64Array(count);
    weigh(all.subarray(Math.max(0, at)), this.#kernel, output);
    this.#given += count;
    const next = Math.min(all.length, Math.max(0, at + count));
    this.#kept = all.slice(next);
    this.#from += next;
    return output;
  }

  /** What is left of a result of `length` samples, after the input has ended. */
  end(length: number): Float64Array {
    const rest = length - this.#given;
    if (rest <= 0) return new Float64Array(0);
    const last = this.#start + length - 1 + TAPS;
    const missing = Math.max(0, last - this.#from - this.#kept.length);
    return this.push(new Float64Array(missing)).subarray(0, rest);
  }
}
