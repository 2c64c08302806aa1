/**
 * Error-to-signal ratio of pre-emphasised signals.
 *
 *     ESR = Σ e² / Σ y²      e = F(model) − F(target),  y = F(target)
 *
 * with the pre-emphasis F at rest before the first sample. Over a whole
 * recording, with nothing left out, it is what the published interpolation test
 * is scored by; the objective's own ESR leaves out the warm-up of its chunks.
 *
 * @module
 */

import { PRE_EMPHASIS_POLE } from "../sound/pre_emphasis.ts";
import type { Signal } from "../sound/signal.ts";

/** Sums up the ESR of a recording that comes in blocks. */
export class EsrMeter {
  #lastError = 0;
  #error = 0;
  #lastTarget = 0;
  #target = 0;
  #errorEnergy = 0;
  #targetEnergy = 0;

  /** Takes the next block of the model's output and of the target. */
  add(model: Signal, target: Signal): void {
    if (model.length !== target.length) {
      throw new RangeError(
        `model has ${model.length} samples, target ${target.length}: trim them to the same length`,
      );
    }
    let lastError = this.#lastError;
    let error = this.#error;
    let lastTarget = this.#lastTarget;
    let filtered = this.#target;
    let errorEnergy = this.#errorEnergy;
    let targetEnergy = this.#targetEnergy;
    for (let n = 0; n < target.length; n++) {
      const y = target[n];
      const e = model[n] - y;
      error = e - lastError + PRE_EMPHASIS_POLE * error;
      filtered = y - lastTarget + PRE_EMPHASIS_POLE * filtered;
      lastError = e;
      lastTarget = y;
      errorEnergy += error * error;
      targetEnergy += filtered * filtered;
    }
    this.#lastError = lastError;
    this.#error = error;
    this.#lastTarget = lastTarget;
    this.#target = filtered;
    this.#errorEnergy = errorEnergy;
    this.#targetEnergy = targetEnergy;
  }

  /** Energies of everything taken so far, of the error and of the target. */
  get energies(): { error: number; target: number } {
    return { error: this.#errorEnergy, target: this.#targetEnergy };
  }

  /**
   * ESR of everything taken so far.
   *
   * @throws {RangeError} where the target is silent, which leaves no ratio.
   */
  get value(): number {
    if (!(this.#targetEnergy > 0)) {
      throw new RangeError(
        "the target is silent, so it has no ESR: give a recording with sound in it",
      );
    }
    return this.#errorEnergy / this.#targetEnergy;
  }
}

/** ESR of `model` against `target`, both whole and of the same length. */
export function esr(model: Signal, target: Signal): number {
  const meter = new EsrMeter();
  meter.add(model, target);
  return meter.value;
}
