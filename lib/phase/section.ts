/**
 * All-pass sections: a filter that turns the phase and leaves every magnitude as it is.
 *
 *     first order   A(z) = (p + z⁻¹) / (1 + p z⁻¹)
 *     second order  A(z) = (c + d z⁻¹ + z⁻²) / (1 + d z⁻¹ + c z⁻²)
 *
 * A first-order section turns by −90° at its corner and by −180° beyond it, one of
 * second order by −180° and −360°; its Q says how suddenly. With K = tan(π f/fs),
 * f the corner (of more than 0.49 fs: 0.49 fs),
 *
 *     p = (K − 1) / (K + 1)
 *     c = (1 − K/Q + K²) / (1 + K/Q + K²),   d = 2 (K² − 1) / (1 + K/Q + K²)
 *
 * and back. Every K > 0 and Q > 0 is stable, and all that is stable has its K and Q,
 * real poles too (Q < ½): so u = ln K and v = ln Q are coordinates that need no limits.
 * In those of Bargum et al., p = tanh α, c = tanh α and d = (1 + c) tanh β, they are
 * u = 2 α of the first order, u = β and v = 2 α − ln(2 cosh β) of the second.
 *
 * **Phase.** With r = ln tan(ω/2) − u, ω = 2π f/fs, and s = 2 Q sinh r,
 *
 *     first order   φ = −2 atan(eʳ)        φ_u = 1/cosh r,  φ_uu = tanh r / cosh r
 *     second order  φ = −π − 2 atan(s)     φ_i = −2 s_i/(1+s²),
 *         φ_ij = −2 s_ij/(1+s²) + 4 s s_i s_j/(1+s²)²
 *         s_v = s_vv = s_uu = s,   s_u = s_uv = −2 Q cosh r
 *
 * **As published** (A. R. Bargum, S. Serafin, C. Erkut and J. D. Parker, “Differentiable
 * Allpass Filters for Phase Response Estimation and Automatic Signal Alignment”, DAFx
 * 2023; arXiv 2306.00860, and its code) a section has a pole radius R, a frequency fc
 * and a warping a, which puts (a + z⁻¹)/(1 + a z⁻¹) in the place of z⁻¹: another section
 * of the same kind, {@linkcode warpedFirst} and {@linkcode warpedSecond} say which. So
 * warping adds nothing but a direction in which no loss has a slope. “Stretched” ones
 * put z⁻⁴ (first order) or z⁻⁵ (second) in the place of z⁻¹, and repeat their phase
 * every fs/4 or fs/5.
 *
 * @module
 */

/** A section, in the units people use. */
export interface Section {
  /** Where it turns by −90° (first order) or −180° (second), in Hz. */
  cornerHz: number;
  /** Quality factor; a section of the first order has none. */
  q?: number;
}

/** A section's coefficients: a, of A(z) = Σ a_i z^(i−n) / Σ a_i z^(−i), from z⁰ on. */
export type Coefficients =
  | readonly [p: number]
  | readonly [d: number, c: number];

/** Part of the rate that no corner lies beyond. */
export const HIGHEST_CORNER = 0.49;

/** K = tan(π f/fs). */
export function tangentOf(cornerHz: number, sampleRate: number): number {
  return Math.tan(Math.PI * Math.min(cornerHz / sampleRate, HIGHEST_CORNER));
}

/** The corner of a K, in Hz. */
export function cornerOf(tangent: number, sampleRate: number): number {
  return Math.atan(tangent) * sampleRate / Math.PI;
}

/** [p] of a section of the first order, [d, c] of one of the second. */
export function coefficientsOf(
  { cornerHz, q }: Section,
  sampleRate: number,
): Coefficients {
  const k = tangentOf(cornerHz, sampleRate);
  if (q === undefined) return [(k - 1) / (k + 1)];
  const whole = 1 + k / q + k * k;
  return [2 * (k * k - 1) / whole, (1 - k / q + k * k) / whole];
}

/** The section that has these coefficients. */
export function sectionOf(
  coefficients: Coefficients,
  sampleRate: number,
): Section {
  if (coefficients.length === 1) {
    const [p] = coefficients;
    return { cornerHz: cornerOf((1 + p) / (1 - p), sampleRate) };
  }
  const [d, c] = coefficients;
  const k = Math.sqrt((1 + c + d) / (1 + c - d));
  const q = k * (1 + c) / ((1 + k * k) * (1 - c));
  return { cornerHz: cornerOf(k, sampleRate), q };
}

/** Phase of a section at `hz`, in radians: from 0 down to −π or −2π. */
export function sectionPhase(
  { cornerHz, q }: Section,
  sampleRate: number,
  hz: number,
): number {
  const ratio = Math.tan(Math.PI * hz / sampleRate) /
    tangentOf(cornerHz, sampleRate);
  return q === undefined
    ? -2 * Math.atan(ratio)
    : -Math.PI - 2 * Math.atan(q * (ratio - 1 / ratio));
}

/** [p] of a first-order section of coefficient `g` warped by `a`. */
export function warpedFirst(a: number, g: number): Coefficients {
  return [(a + g) / (1 + a * g)];
}

/** [d, c] of a second-order section warped by `a`. */
export function warpedSecond(
  a: number,
  [d, c]: readonly [d: number, c: number],
): readonly [d: number, c: number] {
  const whole = 1 + a * d + a * a * c;
  return [
    (2 * a * (1 + c) + d * (1 + a * a)) / whole,
    (c + a * d + a * a) / whole,
  ];
}

/** [d, c] of the published pole radius and frequency, at a rate of `sampleRate`. */
export function publishedSecond(
  radius: number,
  hz: number,
  sampleRate: number,
): readonly [d: number, c: number] {
  const angle = 2 * Math.PI * hz / sampleRate;
  return [-2 * radius * Math.cos(angle), radius * radius];
}
