/**
 * A sound read between its samples: y(n + τ) for any real τ, its derivatives by
 * τ, and the same at another clock, y(t₀ + n (1 + ppm · 10⁻⁶)).
 *
 * Band-limited interpolation by a windowed sinc,
 *
 *     y(t) = Σ_m y[m] h(t − m),    h(t) = sin(πt)/(πt) · w(t / 44),    |t| < 44
 *
 * with Kaiser's window w(u) = (I₀(β √(1 − u²)) − 1) / (I₀(β) − 1), β = 12, less its step
 * at the ends. Up to 20 kHz at 44.1 kHz (0.907 of half the sample rate) it differs
 * from the ideal delay by less than 3 · 10⁻⁶ of a tone's amplitude, and so do its
 * derivatives, by ω and ω². At whole τ it is exact: the samples themselves. Outside
 * the recording there is silence.
 *
 * The derivatives are those of h, by formula. With F_k(v) = I_k(v) / v^k, which
 * is a power series in v²,
 *
 *     d/du F_k(β √(1 − u²)) = −β² u F_{k+1}(β √(1 − u²))
 *
 * so w' = −β² u F₁ / (F₀(β) − 1) and w'' = −β² (F₁ − β² u² F₂) / (F₀(β) − 1), finite at
 * u = ±1 too.
 *
 * @module
 */

import { loadKernel, SMALL_PAGES } from "../kernels/kernels.ts";
import type { Signal } from "./signal.ts";

/** Samples that the kernel reaches to either side. */
const REACH = 44;

/**
 * Samples at either end of a sound that an interpolation lacks neighbours for, and some
 * to spare: what a loss leaves out.
 */
export const EDGE = 64;

/** Samples that a kernel weighs, an even number; the first, before a sample. */
export const TAPS = 2 * REACH;
export const FIRST_TAP = 1 - REACH;

/** Shape of Kaiser's window: the larger, the flatter and the wider. */
const BETA = 12;

/** Samples that are worked on at a time. */
const BLOCK = 8192;

/** Kernels between two samples; between them, kernels are drawn straight. */
const PHASES = 1024;

/** A signal at a real lag, with its derivatives by that lag. */
export interface Delayed<T extends Signal> {
  /** y(n + τ). */
  value: T;
  /** ∂y(n + τ)/∂τ, from order 1. */
  first?: T;
  /** ∂²y(n + τ)/∂τ², at order 2. */
  second?: T;
}

/**
 * `y` from `tau` samples on, y(n + τ), and its derivatives by `tau` up to
 * `order`: as many samples as `y` has, of the same kind.
 *
 * @param tau Samples by which `y` is late, of any size and sign.
 */
export function delayed<T extends Signal>(
  y: T,
  tau: number,
  order: 0 | 1 | 2 = 0,
): Delayed<T> {
  if (!Number.isFinite(tau)) throw new RangeError(`no delay of ${tau} samples`);
  const whole = Math.floor(tau);
  const [value, first, second] = kernels(tau - whole, order).map((kernel) => {
    const result = sameKind(y, y.length);
    const block = new Float64Array(BLOCK + TAPS);
    for (let start = 0; start < y.length; start += BLOCK) {
      fillFrom(y, start + whole + FIRST_TAP, block);
      weigh(block, kernel, result.subarray(start, start + BLOCK));
    }
    return result;
  });
  return {
    value,
    ...(first && { first }),
    ...(second && { second }),
  } as Delayed<T>;
}

/**
 * `y` on a clock that runs faster by `ppm` parts in a million:
 * y(start + n (1 + ppm · 10⁻⁶)) for n = 0 … length − 1. A wet recording that drifts by
 * `ppm` against its dry one is in step with it then. Meant for small `ppm`:
 * nothing is filtered out where fewer samples are taken than there are.
 *
 * @param start Where in `y` the result begins, in samples; any real number.
 * @param length Samples of the result; else all that begin within `y`.
 */
export function resampled<T extends Signal>(
  y: T,
  ppm: number,
  start = 0,
  length: number = Math.max(0, Math.ceil((y.length - start) / ratioOf(ppm))),
): T {
  const ratio = ratioOf(ppm);
  if (!Number.isFinite(start)) throw new RangeError(`no start at ${start}`);
  const table = phaseTable();
  const result = sameKind(y, length);
  const block = new Float64Array(Math.ceil(BLOCK * ratio) + 1 + TAPS);
  for (let from = 0; from < length; from += BLOCK) {
    const origin = start + from * ratio;
    fillFrom(y, Math.floor(origin) + FIRST_TAP, block);
    const part = result.subarray(from, from + BLOCK);
    weighAlong(block, origin - Math.floor(origin), ratio, table, part);
  }
  return result;
}

function ratioOf(ppm: number): number {
  const ratio = 1 + ppm * 1e-6;
  if (!(ratio > 0 && ratio < Infinity)) {
    throw new RangeError(`no clock runs ${ppm} ppm fast`);
  }
  return ratio;
}

/** So many zeros of the kind that `y` has. */
export function sameKind<T extends Signal>(y: T, length: number): T {
  return (y instanceof Float32Array
    ? new Float32Array(length)
    : new Float64Array(length)) as T;
}

/** Fills `block` with the samples of `y` from `from` on, silence outside it. */
export function fillFrom(y: Signal, from: number, block: Signal): void {
  const first = Math.min(y.length, Math.max(0, from));
  const last = Math.min(y.length, Math.max(0, from + block.length));
  block.fill(0);
  if (last > first) block.set(y.subarray(first, last), first - from);
}

/** The weights of the samples from {@linkcode FIRST_TAP} on for what lies `fraction` behind. */
export function kernelBehind(fraction: number): Float64Array {
  return kernels(fraction, 0)[0];
}

/** What the kernel `delay` exports. */
interface DelayExports {
  blockLength(): number;
  weightsAddress(): number;
  inputAddress(): number;
  outputAddress(): number;
  weigh(count: number, weights: number): void;
}

let opened: ReturnType<typeof openKernel> | undefined;

/** The kernel `delay` with memory of its own. */
function openKernel() {
  const memory = new WebAssembly.Memory({
    initial: SMALL_PAGES,
    maximum: SMALL_PAGES,
  });
  const kernel = new WebAssembly.Instance(loadKernel("delay"), {
    env: { memory },
  }).exports as unknown as DelayExports;
  const length = kernel.blockLength();
  const numbersAt = (address: number, length: number) =>
    new Float64Array(memory.buffer, address, length);
  return {
    kernel,
    length,
    weights: numbersAt(kernel.weightsAddress(), TAPS),
    input: numbersAt(kernel.inputAddress(), length + TAPS),
    output: numbersAt(kernel.outputAddress(), length),
  };
}

/** result[n] = Σ_k weights[k] block[n + k]. */
export function weigh(
  block: Float64Array,
  weights: Float64Array,
  result: Signal,
) {
  const { kernel, length, input, output, ...own } = opened ??= openKernel();
  own.weights.set(weights);
  for (let at = 0; at < result.length; at += length) {
    const part = result.subarray(at, at + length);
    input.set(block.subarray(at, at + part.length + TAPS));
    kernel.weigh(part.length, TAPS);
    part.set(output.subarray(0, part.length));
  }
}

/** The same where the kernel moves on: sample n is read at `from` + n `ratio`. */
function weighAlong(
  block: Float64Array,
  from: number,
  ratio: number,
  table: Float64Array,
  result: Signal,
) {
  for (let n = 0; n < result.length; n++) {
    const position = from + n * ratio;
    const whole = Math.floor(position);
    const phase = (position - whole) * PHASES;
    const row = Math.floor(phase);
    const at = row * TAPS;
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (let k = 0; k < TAPS; k += 2) {
      a += table[at + k] * block[whole + k];
      b += table[at + TAPS + k] * block[whole + k];
      c += table[at + k + 1] * block[whole + k + 1];
      d += table[at + TAPS + k + 1] * block[whole + k + 1];
    }
    result[n] = a + c + (phase - row) * (b + d - (a + c));
  }
}

let phases: Float64Array | undefined;

/** Kernels at the fractions 0 … 1, row by row; made once. */
function phaseTable(): Float64Array {
  if (phases === undefined) {
    phases = new Float64Array((PHASES + 1) * TAPS);
    for (let row = 0; row <= PHASES; row++) {
      phases.set(kernels(row / PHASES, 0)[0], row * TAPS);
    }
  }
  return phases;
}

/**
 * The weights of the samples from FIRST_TAP on, around a sample, for what lies
 * `fraction` behind it; and their derivatives by `fraction` up to `order`.
 */
function kernels(fraction: number, order: number): Float64Array[] {
  const result = Array.from(
    { length: order + 1 },
    () => new Float64Array(TAPS),
  );
  for (let k = 0; k < TAPS; k++) {
    const at = kernelAt(fraction - FIRST_TAP - k);
    for (let i = 0; i <= order; i++) result[i][k] = at[i];
  }
  return result;
}

/** h(t) and its first and second derivative. */
function kernelAt(t: number): [number, number, number] {
  if (Math.abs(t) >= REACH) return [0, 0, 0];
  const u = t / REACH;
  const square = BETA * BETA * (1 - u * u);
  const scale = 1 / (besselRatio(0, BETA * BETA) - 1);
  const f1 = besselRatio(1, square);
  const w = scale * (besselRatio(0, square) - 1);
  const w1 = -scale * BETA * BETA * u * f1 / REACH;
  const w2 = -scale * BETA * BETA *
    (f1 - BETA * BETA * u * u * besselRatio(2, square)) / (REACH * REACH);
  const [s, s1, s2] = sinc(t);
  return [s * w, s1 * w + s * w1, s2 * w + 2 * s1 * w1 + s * w2];
}

/** sin(πt)/(πt) and its first and second derivative. */
function sinc(t: number): [number, number, number] {
  const p = Math.PI;
  const x = p * t;
  if (Math.abs(x) < 1e-2) {
    const square = x * x;
    return [
      1 - square / 6 * (1 - square / 20),
      -p * x / 3 * (1 - square / 10 * (1 - square / 28)),
      -p * p / 3 * (1 - 3 * square / 10 * (1 - 5 * square / 84)),
    ];
  }
  // At whole t the sine is 0, and rounding must not say otherwise.
  const whole = Math.round(t);
  const sign = whole % 2 === 0 ? 1 : -1;
  const sine = sign * Math.sin(p * (t - whole));
  const cosine = sign * Math.cos(p * (t - whole));
  const s = sine / x;
  const s1 = (cosine - s) / t;
  return [s, s1, (-p * sine - 2 * s1) / t];
}

/** F_k = I_k(v) / v^k by its power series in v². */
function besselRatio(k: number, square: number): number {
  let term = 1;
  for (let i = 1; i <= k; i++) term /= 2 * i;
  let sum = term;
  for (let j = 1; term > 1e-17 * sum; j++) {
    term *= square / (4 * j * (j + k));
    sum += term;
  }
  return sum;
}
