/**
 * Where the all-pass sections behind a fitted compressor begin: its output is to the
 * recording as a dry sound is to a wet one, so the cross-spectrum of the two says what
 * is left to turn, and Newton's method on it (`../phase/`) begins where the joint fit
 * in the time domain goes on.
 *
 * @module
 */

import { openProcessor } from "../engines/open_processor.ts";
import type { Model, Values } from "../models/model.ts";
import { allPasses } from "../models/output.ts";
import { withSections } from "../models/presets.ts";
import { fitPhase, type PhaseSpectra } from "../phase/fit_phase.ts";
import { PairSpectra } from "../phase/pair_spectra.ts";
import type { Section } from "../phase/section.ts";
import type { Pair } from "../sound/signal.ts";

/** A model with sections, and where its fit begins. */
export interface PhaseStage {
  model: Model;
  /** Parameters of the sections, by name. */
  values: Values;
  /** Samples that each take's delay grows by. */
  delay: number;
}

/** Parameters of `sections`, sorted as a model has them, those of first order first. */
export function sectionValues(sections: readonly Section[]): Values {
  const sorted = sections.toSorted((a, b) =>
    Number(a.q !== undefined) - Number(b.q !== undefined) ||
    a.cornerHz - b.cornerHz
  );
  const orders = sorted.map(({ q }) => q === undefined ? 1 : 2);
  return Object.fromEntries(
    allPasses(orders).flatMap(([corner, q], i) => [
      [corner.name, within(sorted[i].cornerHz, corner.range)],
      ...(q === undefined ? [] : [[q.name, within(sorted[i].q!, q.range)]]),
    ]),
  );
}

/** The sections among `values`, those of first order first. */
export function sectionsAmong(
  values: Values,
  orders: readonly (1 | 2)[],
): Section[] {
  return allPasses(orders).map(([corner, q]) => ({
    cornerHz: values[corner.name],
    ...(q && { q: values[q.name] }),
  }));
}

function within(value: number, [low, high]: readonly [number, number]): number {
  return Math.min(high, Math.max(low, value));
}

/** Spectra of what `model` makes of the dry sides, and of the wet ones. */
async function spectraBehind(
  model: Model,
  values: Values,
  pairs: readonly Pair[],
): Promise<PhaseSpectra> {
  const { sampleRate } = pairs[0];
  const length = pairs.reduce((sum, { dry }) => sum + dry.length, 0);
  const sum = new PairSpectra(sampleRate, length);
  for (const { dry, wet, heard } of pairs) {
    const output = new Float32Array(dry.length);
    const unit = await openProcessor(model, values, sampleRate);
    unit.process(
      Float32Array.from(dry),
      output,
      heard && Float32Array.from(heard),
    );
    sum.add([output], [wet]);
  }
  return sum.finish();
}

/**
 * Samples, whole ones, by which the wet side is late behind `model` at `values`: its
 * sections delay as well, and differently from octave to octave.
 */
export async function latenessBehind(
  model: Model,
  values: Values,
  pair: Pair,
): Promise<number> {
  const spectra = await spectraBehind(model, values, [pair]);
  const { delay } = await fitPhase(spectra, { orders: [] });
  return Math.round(delay);
}

/**
 * `model` at `values` with sections of `orders` behind it.
 *
 * @param pairs The takes, in step.
 */
export async function phaseStage(
  model: Model,
  values: Values,
  orders: readonly (1 | 2)[],
  pairs: readonly Pair[],
): Promise<PhaseStage> {
  const spectra = await spectraBehind(model, values, pairs);
  const { polarity, delay, sections } = await fitPhase(
    { ...spectra, lags: [0] },
    { orders },
  );
  return {
    model: withSections(model, orders, polarity < 0),
    values: sectionValues(sections),
    delay,
  };
}
