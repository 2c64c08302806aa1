/**
 * What M-STFT does near its minimum, beside the cross-spectrum loss: along one corner, on
 * one sequence, of which both sides begin at rest so that the minimum is 0.
 *
 * @module
 */

import { throughCascade } from "./cascade_filter.ts";
import { multiStft } from "./multi_stft.ts";
import { createRandom } from "../base/random.ts";
import { SEQUENCE } from "./multi_stft.ts";
import {
  type Cascade,
  coordinatesOf,
  ordersOf,
  phaseLoss,
} from "./phase_loss.ts";
import { spectraOf } from "./pair_spectra.ts";
import { coefficientsOf } from "./section.ts";

/** Distances, Newton's steps, and the power by which M-STFT grows. */
export interface Quartic {
  distances: { of: string; t: number; loss: number }[];
  steps: { step: number; m_stft: number; cross_spectrum: number }[];
  slope: number;
}

/** The columns of {@linkcode Quartic.steps}. */
export const STEP_HEADS = [
  { key: "step", title: "Step" },
  { key: "m_stft", title: "By M-STFT" },
  { key: "cross_spectrum", title: "By the cross-spectrum" },
];

/** Distance that Newton's steps begin at, and how many there are. */
const START = 0.1;
const STEPS = 6;

/** Distances between which the power is read off. */
const NEAR = [0.01, 0.03] as const;

/** What happens to both losses where the first corner of `truth` moves. */
export async function quarticOf(
  truth: Cascade,
  sampleRate: number,
): Promise<Quartic> {
  const random = createRandom("quartic");
  const x = Float64Array.from({ length: SEQUENCE }, () => random.normal());
  const norm = Math.hypot(...x);
  const dry = x.map((one) => one / norm);
  const sequences = {
    dry: [dry],
    wet: [throughCascade(dry, truth, sampleRate)],
  };
  const [first, ...rest] = truth.sections;
  const mStft = (t: number) =>
    multiStft(
      sequences,
      [{ ...first, cornerHz: first.cornerHz * Math.exp(t) }, ...rest]
        .map((section) => coefficientsOf(section, sampleRate)),
    );
  const tail = 8 * SEQUENCE;
  const padded = new Float64Array(tail);
  padded.set(dry);
  const { whole } = spectraOf(
    padded,
    throughCascade(padded, truth, sampleRate),
    sampleRate,
  );
  const evaluate = phaseLoss(whole, ordersOf(truth), truth.polarity);
  const z = coordinatesOf(truth, sampleRate);
  const at = (t: number) => z.map((u, i) => i === 1 ? u + t : u);
  const cross = async (t: number) => (await evaluate(at(t), 2));
  const distances: Quartic["distances"] = [];
  for (let t = 0.01; t < 1; t *= 1.5) {
    distances.push({ of: "M-STFT", t, loss: mStft(t) });
    distances.push({ of: "cross-spectrum", t, loss: (await cross(t)).loss });
  }
  const size = z.length;
  let [a, b] = [START, START];
  const steps = [{ step: 0, m_stft: a, cross_spectrum: b }];
  for (let step = 1; step <= STEPS; step++) {
    const h = 0.02 * Math.abs(a);
    const [low, middle, high] = [mStft(a - h), mStft(a), mStft(a + h)];
    a -= h * (high - low) / 2 / (high - 2 * middle + low);
    const { gradient, hessian } = await cross(b);
    b -= gradient![1] / hessian![size + 1];
    steps.push({ step, m_stft: Math.abs(a), cross_spectrum: Math.abs(b) });
  }
  const [near, far] = NEAR;
  const slope = Math.log(mStft(far) / mStft(near)) / Math.log(far / near);
  return { distances, steps, slope };
}
