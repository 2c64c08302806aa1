/**
 * Ways to bring a pair into phase, side by side: nothing, a lag, a delay, sections, and a
 * long FIR filter as the bound.
 *
 * @module
 */

import type { Pair } from "../sound/signal.ts";
import { alignPhase, UNTURNED } from "./align_phase.ts";
import { PairSpectra } from "./pair_spectra.ts";
import type { Cascade } from "./phase_loss.ts";
import { firPhase, type PhaseScore, scorePhase } from "./phase_metrics.ts";

/** A way, and how well the mix adds up by it. */
export interface ScoredWay extends PhaseScore {
  way: string;
}

/** Taps of the FIR filter. */
const TAPS = 4096;

/** What `--order auto` keeps, in the list of ways. */
export const AS_MANY_AS_PAY = "all-pass, as many as pay";

/** Every way for `pair`, and the sections of the one that has two. */
export async function compareWays(
  { dry, wet, sampleRate }: Pair,
): Promise<{ ways: ScoredWay[]; two: Cascade }> {
  const sum = (lag: number) => {
    const one = new PairSpectra(sampleRate, dry.length, lag);
    one.add([dry], [wet]);
    return one;
  };
  const kept = sum(sum(0).finish().lags[0]);
  const spectra = kept.finish();
  const alone = await alignPhase(spectra, kept, 0);
  const auto = await alignPhase(spectra, kept, "auto");
  const two = await alignPhase(spectra, kept, 2);
  const { polarity } = alone.cascade;
  const { whole } = kept;
  const score = (turn: Parameters<typeof scorePhase>[1]) =>
    scorePhase(whole, turn, sampleRate);
  const ways: [string, PhaseScore][] = [
    ["nothing done", alone.before],
    ["polarity and whole-sample lag", score({ ...UNTURNED, polarity })],
    ["fractional delay alone", alone.delayOnly],
    [AS_MANY_AS_PAY, auto.after],
    ["all-pass, two sections", two.after],
    [`FIR of ${TAPS} taps, the bound`, score(firPhase(whole, TAPS))],
  ];
  return {
    ways: ways.map(([way, scored]) => ({ way, ...scored })),
    two: two.cascade,
  };
}
