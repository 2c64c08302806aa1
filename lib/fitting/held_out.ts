/**
 * Takes cut in two: a part that a model is fitted to, and the rest, on which it is
 * scored with its state run on from the start.
 *
 * @module
 */

import type { RecordedTake } from "../data/recorded_takes.ts";
import { openProcessor } from "../engines/open_processor.ts";
import type { Model, Values } from "../models/model.ts";
import { parseModel } from "../models/presets.ts";
import { delayed, EDGE } from "../sound/fractional_delay.ts";
import { LdrMeter } from "../sound/loudness_dynamic_range.ts";
import { preEmphasise } from "../sound/pre_emphasis.ts";
import type { Pair, Signal } from "../sound/signal.ts";

/** Samples of a take's own stretch, what leads it left out. */
export function samplesOf(take: RecordedTake): number {
  return take.cut(0).dry.length - take.lead;
}

/** The first `part`, 0 to 1, of `take`. */
export function headOf(take: RecordedTake, part: number): RecordedTake {
  const { lead, from, to } = take;
  const length = lead + Math.round(part * samplesOf(take));
  const within = (side: Signal) => side.subarray(0, length);
  return {
    ...take,
    to: from + part * (to - from),
    cut(by) {
      const { sampleRate, dry, wet, heard } = take.cut(by);
      return {
        sampleRate,
        dry: within(dry),
        wet: within(wet),
        ...(heard && { heard: within(heard) }),
      };
    },
  };
}

/** `take` with a lag that was found in place of the one looked for at first. */
export function settled(take: RecordedTake, lag: number): RecordedTake {
  const by = Math.round(lag - take.lag);
  return {
    ...take,
    lag: take.lag + by,
    trials: [0],
    cut: (more) => take.cut(by + more),
  };
}

/** What a fit says of a take, beside the unit. */
export interface Placed {
  /** Samples by which the wet side is late. */
  lag: number;
  /** Gain that it begins with, in dB, where it does not begin at rest. */
  initialGainDb?: number;
}

/** Energies of error and target, in stretches of equal length, one after the other. */
export interface Energies {
  error: Float64Array;
  target: Float64Array;
  /** LDR(model) − LDR(target) over all of them, in dB. */
  deltaLdrDb: number;
}

/** ESR of the energies of one take, or of several. */
export function esrOf(energies: readonly Energies[]): number {
  const sum = (side: "error" | "target") =>
    energies.reduce(
      (total, one) => one[side].reduce((a, b) => a + b, total),
      0,
    );
  return sum("error") / sum("target");
}

/**
 * `model` with `values` run over the whole of `take`, which stands where a fit `placed`
 * it, and its energies behind the first `part` of it, in so many `stretches`.
 */
export async function runOn(
  take: RecordedTake,
  placed: Placed,
  model: Model,
  values: Values,
  part: number,
  stretches = 1,
): Promise<Energies> {
  const { pair, made } = await playedTake(take, placed, model, values);
  const from = take.lead + Math.round(part * samplesOf(take));
  const end = Math.max(from + 1, made.length - EDGE);
  const [modelLdr, targetLdr] = [made, pair.wet].map((side) => {
    const meter = new LdrMeter(pair.sampleRate);
    meter.add(side.subarray(from, end));
    return meter.value;
  });
  const p = preEmphasise(made, made);
  const y = preEmphasise(pair.wet, new Float64Array(made.length));
  const error = new Float64Array(stretches);
  const target = new Float64Array(stretches);
  for (let n = from; n < end; n++) {
    const at = Math.floor((n - from) / (end - from) * stretches);
    error[at] += (p[n] - y[n]) ** 2;
    target[at] += y[n] ** 2;
  }
  return { error, target, deltaLdrDb: modelLdr - targetLdr };
}

/** `take` in step, and what `model` makes of its dry side. */
export async function playedTake(
  take: RecordedTake,
  { lag, initialGainDb }: Placed,
  model: Model,
  values: Values,
): Promise<{ pair: Pair; made: Float64Array<ArrayBuffer> }> {
  const whole = Math.round(lag - take.lag);
  const delay = lag - take.lag - whole;
  const pair = take.cut(whole);
  const wet = delay === 0 ? pair.wet : delayed(pair.wet, delay).value;
  const [played, at] = initialGainDb === undefined ? [model, values] : [
    parseModel(`${model.name}+fitted-start`),
    { ...values, initial_gain_db: initialGainDb },
  ];
  const made = new Float64Array(pair.dry.length);
  const processor = await openProcessor(played, at, pair.sampleRate);
  processor.process(pair.dry, made, pair.heard ?? pair.dry);
  return { pair: { ...pair, wet }, made };
}
