/**
 * Why one part of a recording has another ESR than another: because the kinds of
 * sound have other shares of its energy, or because each of them is met otherwise.
 *
 * An ESR is the mean of those of the kinds k, weighted by their shares w of the
 * target's energy, E = Σ w_k E_k. So the difference of two is, without remainder,
 *
 *     E' − E = Σ (w'_k − w_k) (E'_k + E_k)/2  +  Σ (E'_k − E_k) (w'_k + w_k)/2
 *              the mix                           the kinds themselves
 *
 * (Kitagawa, Journal of the American Statistical Association 50, 1955).
 *
 * @module
 */

import type { KindScore } from "./breakdown.ts";

/** The two parts of a difference. */
export interface MixedDifference {
  /** What the shares of the kinds make. */
  mix: number;
  /** What the kinds themselves make. */
  kinds: number;
}

/** How the ESR of `to` comes to differ from that of `from`. */
export function differenceByKind(
  from: readonly KindScore[],
  to: readonly KindScore[],
): MixedDifference {
  const none = { esr: 0, share: 0 };
  const difference: MixedDifference = { mix: 0, kinds: 0 };
  for (const kind of new Set([...from, ...to].map(({ kind }) => kind))) {
    const here = from.find((one) => one.kind === kind);
    const there = to.find((one) => one.kind === kind);
    // A kind that one of them lacks is met there as it is in the other.
    const a = here ?? { ...none, esr: there!.esr };
    const b = there ?? { ...none, esr: here!.esr };
    difference.mix += (b.share - a.share) * (a.esr + b.esr) / 2;
    difference.kinds += (b.esr - a.esr) * (a.share + b.share) / 2;
  }
  return difference;
}
