/**
 * The loss of a cascade of all-pass sections with a delay and a polarity, and its exact
 * gradient and Hessian.
 *
 * As ‖A x‖ = ‖x‖, the A that brings γ A x nearest to y, whatever γ > 0, is the one with
 * the largest ⟨A x, y⟩: with the cross-spectrum C = conj(X) Y,
 *
 *     L(z) = Σ_k |C_k| (1 − cos e_k),    e_k = φ(ω_k; z) − arg C_k
 *     ∇L   = Σ |C| sin e ∇φ,             ∇²L = Σ |C| (cos e ∇φ ∇φᵀ + sin e ∇²φ)
 *
 * z is the delay τ in samples, then u or u, v of each section (see `section.ts`), and
 * φ = −ω τ + the sections' phases, + π where the polarity is turned. L is 0 only where
 * everything is in phase, and quadratic there; 1 − L/Σ|C| is the mean cosine of the
 * phase error.
 *
 * @module
 */

import type { Evaluate } from "../optimise/minimiser.ts";
import type { CrossSpectrum } from "./cross_spectrum.ts";
import { cornerOf, type Section, tangentOf } from "./section.ts";

/** The order of a section. */
export type SectionOrder = 1 | 2;

/** A cascade: what it does to a sound, in the units people use. */
export interface Cascade {
  /** 1, or −1 where it turns the sound over. */
  polarity: 1 | -1;
  /** Samples, of any size and sign. */
  delay: number;
  /** In rising order of their corners. */
  sections: Section[];
}

/** Where each section's coordinates begin in z, and how many there are in all. */
function placesOf(orders: readonly SectionOrder[]): [number[], number] {
  let next = 1;
  const places = orders.map((order) => {
    next += order;
    return next - order;
  });
  return [places, next];
}

/** z of `cascade`, its sections in the order they stand. */
export function coordinatesOf(
  { delay, sections }: Cascade,
  sampleRate: number,
): Float64Array {
  return Float64Array.from([
    delay,
    ...sections.flatMap(({ cornerHz, q }) => [
      Math.log(tangentOf(cornerHz, sampleRate)),
      ...(q === undefined ? [] : [Math.log(q)]),
    ]),
  ]);
}

/** The cascade at z. */
export function cascadeAt(
  z: Float64Array,
  orders: readonly SectionOrder[],
  polarity: 1 | -1,
  sampleRate: number,
): Cascade {
  const [places] = placesOf(orders);
  const sections = orders.map((order, i): Section => ({
    cornerHz: cornerOf(Math.exp(z[places[i]]), sampleRate),
    ...(order === 2 && { q: Math.exp(z[places[i] + 1]) }),
  }));
  return { polarity, delay: z[0], sections };
}

/** Sections of which order there are. */
export function ordersOf({ sections }: Cascade): SectionOrder[] {
  return sections.map(({ q }) => q === undefined ? 1 : 2);
}

/** The loss of `orders` and `polarity` on `spectrum`, over Σ |C|. */
export function phaseLoss(
  { omega, weight, angle }: CrossSpectrum,
  orders: readonly SectionOrder[],
  polarity: 1 | -1,
): Evaluate {
  const count = omega.length;
  const [places, size] = placesOf(orders);
  const logTangent = omega.map((w) => Math.log(Math.tan(w / 2)));
  const turned = polarity < 0 ? Math.PI : 0;
  const total = weight.reduce((sum, w) => sum + w, 0) || 1;
  const slope = new Float64Array(size);
  const bends = new Float64Array(3 * orders.length);

  return (z, order) => {
    let loss = 0;
    const gradient = new Float64Array(size);
    const hessian = new Float64Array(size * size);
    for (let k = 0; k < count; k++) {
      let phase = turned - omega[k] * z[0] - angle[k];
      slope[0] = -omega[k];
      for (let i = 0; i < orders.length; i++) {
        const at = places[i];
        const e = Math.exp(logTangent[k] - z[at]);
        if (orders[i] === 1) {
          phase -= 2 * Math.atan(e);
          const whole = 1 + e * e;
          slope[at] = 2 * e / whole;
          bends[3 * i] = slope[at] * (e * e - 1) / whole;
        } else {
          const q = Math.exp(z[at + 1]);
          const s = q * (e - 1 / e);
          const su = -q * (e + 1 / e);
          phase -= Math.PI + 2 * Math.atan(s);
          const scale = -2 / (1 + s * s);
          const more = s * scale * scale;
          slope[at] = scale * su;
          slope[at + 1] = scale * s;
          bends[3 * i] = scale * s + more * su * su;
          bends[3 * i + 1] = scale * su + more * su * s;
          bends[3 * i + 2] = scale * s + more * s * s;
        }
      }
      const half = Math.sin(0.5 * phase);
      loss += 2 * weight[k] * half * half;
      if (order === 0) continue;
      const sine = weight[k] * Math.sin(phase);
      const cosine = weight[k] * (1 - 2 * half * half);
      for (let i = 0; i < size; i++) {
        gradient[i] += sine * slope[i];
        if (order < 2) continue;
        const along = cosine * slope[i];
        for (let j = 0; j <= i; j++) hessian[size * i + j] += along * slope[j];
      }
      if (order < 2) continue;
      for (let i = 0; i < orders.length; i++) {
        const at = places[i];
        hessian[size * at + at] += sine * bends[3 * i];
        if (orders[i] === 1) continue;
        hessian[size * (at + 1) + at] += sine * bends[3 * i + 1];
        hessian[size * (at + 1) + at + 1] += sine * bends[3 * i + 2];
      }
    }
    for (let i = 0; i < size; i++) {
      gradient[i] /= total;
      for (let j = 0; j <= i; j++) {
        hessian[size * j + i] = hessian[size * i + j] /= total;
      }
    }
    return Promise.resolve({
      loss: loss / total,
      modelEnergy: 1,
      ...(order > 0 && { gradient }),
      ...(order > 1 && { hessian }),
    });
  };
}

/** Phases of sections alone, given as coordinates, at every ω. */
export function phasesOf(
  sections: ArrayLike<number>,
  orders: readonly SectionOrder[],
  omega: Float64Array,
): Float64Array {
  const [places] = placesOf(orders);
  return omega.map((w) => {
    const x = Math.log(Math.tan(w / 2));
    let phase = 0;
    orders.forEach((order, i) => {
      const at = places[i] - 1;
      const r = x - sections[at];
      phase -= order === 1 ? 2 * Math.atan(Math.exp(r)) : Math.PI +
        2 * Math.atan(2 * Math.exp(sections[at + 1]) * Math.sinh(r));
    });
    return phase;
  });
}

/** Phase of `cascade` at `omega` radians a sample, not wrapped. */
export function cascadePhase(
  { polarity, delay, sections }: Cascade,
  sampleRate: number,
  omega: number,
): number {
  let phase = (polarity < 0 ? Math.PI : 0) - omega * delay;
  const tangent = Math.tan(omega / 2);
  for (const { cornerHz, q } of sections) {
    const ratio = tangent / tangentOf(cornerHz, sampleRate);
    phase -= q === undefined
      ? 2 * Math.atan(ratio)
      : Math.PI + 2 * Math.atan(q * (ratio - 1 / ratio));
  }
  return phase;
}
