/**
 * What brings one pair into phase, and what that gains.
 *
 * Sections that lift no octave of the mix by a hundredth of a decibel are left out,
 * whatever they do to figures nobody hears: then it is the delay alone.
 *
 * @module
 */

import {
  fitPhase,
  type FittedCascade,
  type PhaseSpectra,
} from "./fit_phase.ts";
import type { PairSpectra } from "./pair_spectra.ts";
import type { Cascade } from "./phase_loss.ts";
import { type PhaseScore, scorePhase } from "./phase_metrics.ts";

/** What was found of a pair. */
export interface AlignedPhase {
  cascade: Cascade;
  /** Mean cosine of the phase error that is left, half whitened: 1 is all in phase. */
  agreement: number;
  /** As recorded, by polarity and delay alone, and with the sections. */
  before: PhaseScore;
  delayOnly: PhaseScore;
  after: PhaseScore;
}

/** Decibels that sections must gain in some octave, and the energy that it holds. */
const GAIN_DB = 0.01;
const PART = 1e-3;

/** Nothing done. */
export const UNTURNED: Cascade = { polarity: 1, delay: 0, sections: [] };

/** The cascade for `spectra`, which are those of `sum`, and what it gains. */
export async function alignPhase(
  spectra: PhaseSpectra,
  { whole, lag }: Pick<PairSpectra, "whole" | "lag">,
  order: number | "auto",
): Promise<AlignedPhase> {
  const { sampleRate } = spectra;
  // The sums have the wet side with its lag out.
  const score = (cascade: Cascade) =>
    scorePhase(whole, { ...cascade, delay: cascade.delay - lag }, sampleRate);
  const alone = await fitPhase(spectra, { sections: 0, isExact: true });
  let cascade: FittedCascade = alone;
  if (order === "auto") {
    const found = await fitPhase(spectra);
    if (pays(score(alone), score(found))) cascade = found;
  } else if (order > 0) {
    cascade = await fitPhase(spectra, { sections: order, isExact: true });
  }
  return {
    cascade,
    agreement: 1 - alone.loss,
    before: score(UNTURNED),
    delayOnly: score(alone),
    after: score(cascade),
  };
}

/** Whether some octave of the mix gains what may be heard. */
function pays(before: PhaseScore, after: PhaseScore): boolean {
  return after.octaves.some(({ part, mixDb }, i) =>
    part >= PART && mixDb >= before.octaves[i].mixDb + GAIN_DB
  );
}
