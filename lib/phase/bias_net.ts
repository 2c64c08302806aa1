/**
 * The published way to the coefficients: a network for each section, which hears no
 * sound (Bargum et al., DAFx 2023; their code). A learnt vector of 1024 goes through
 *
 *     1024 → 512, sin → 256, sin → 128, sin → 3 (2 of a first-order section), tanh
 *
 * and the results are a section's pole radius R, frequency fc and warping a, or its a and
 * g: so millions of weights stand for a few numbers, in the hope that descent is easier.
 * Their own code evaluates the net at every sample; its results are the same all along,
 * and here it is evaluated once a step. Gradients are by hand: a vector at a time.
 *
 * Weights start uniform within ±1/√(inputs), the vector within 0 … 1. `shrink` divides
 * the widths, which is not as published.
 *
 * @module
 */

import type { Random } from "../base/random.ts";
import {
  type Coefficients,
  publishedSecond,
  warpedFirst,
  warpedSecond,
} from "./section.ts";

/** Width of the learnt vector and of each hidden layer. */
const WIDTHS = [1024, 512, 256, 128];

/** Largest radius and warping, and the frequencies that fc can have, in Hz. */
const MOST = 0.99999;
const LOWEST_HZ = 20;
const HIGHEST_HZ = 20000;

/** Rate that the published code takes for granted. */
const PUBLISHED_RATE = 192000;

/** Nets for the sections of `orders`; their weights lie in one vector. */
export class BiasNet {
  /** All that is learnt. */
  readonly weights: Float64Array;
  /** Weights as the published code counts them, its vectors of zeros included. */
  readonly count: number;
  readonly #orders: readonly (1 | 2)[];
  readonly #widths: readonly number[];
  /** What each layer of each net put out, before and after its curve. */
  readonly #layers: Float64Array[][] = [];

  constructor(orders: readonly (1 | 2)[], random: Random, shrink = 1) {
    this.#orders = orders;
    this.#widths = WIDTHS.map((width) =>
      Math.max(1, Math.round(width / shrink))
    );
    const [first] = this.#widths;
    const sizes = orders.map((order) =>
      first + this.#shapes(order).reduce((sum, [n, m]) => sum + n * m + m, 0)
    );
    const total = sizes.reduce((sum, size) => sum + size, 0);
    this.weights = new Float64Array(total);
    this.count = total + orders.length * first;
    let at = 0;
    for (const order of orders) {
      for (let i = 0; i < first; i++) this.weights[at++] = random.uniform();
      for (const [n, m] of this.#shapes(order)) {
        const end = 1 / Math.sqrt(n);
        for (let i = 0; i < n * m + m; i++) {
          this.weights[at++] = random.uniform(-end, end);
        }
      }
    }
  }

  /** Inputs and outputs of each layer. */
  #shapes(order: 1 | 2): [number, number][] {
    const widths = [...this.#widths, order === 1 ? 2 : 3];
    return widths.slice(1).map((width, i) => [widths[i], width]);
  }

  /** What the nets say: results of tanh, a list for each section. */
  outputs(): Float64Array[] {
    const { weights } = this;
    let at = 0;
    this.#layers.length = 0;
    for (const order of this.#orders) {
      const [first] = this.#widths;
      let values = weights.subarray(at, at + first);
      at += first;
      const kept = [values];
      const shapes = this.#shapes(order);
      for (const [i, [n, m]] of shapes.entries()) {
        const sums = new Float64Array(m);
        for (let row = 0; row < m; row++) {
          let sum = weights[at + n * m + row];
          const from = at + n * row;
          for (let k = 0; k < n; k++) sum += weights[from + k] * values[k];
          sums[row] = sum;
        }
        at += n * m + m;
        values = sums.map(i === shapes.length - 1 ? Math.tanh : Math.sin);
        kept.push(sums, values);
      }
      this.#layers.push(kept);
    }
    return this.#layers.map((kept) => kept[kept.length - 1]);
  }

  /** The sections that the nets stand for. */
  sections(): Coefficients[] {
    return this.outputs().map((said) => effective(said));
  }

  /**
   * Fills `gradient` with the slopes by the weights, from those by the coefficients
   * of {@linkcode sections}, which was asked for before.
   */
  backward(slopes: Float64Array, gradient: Float64Array): void {
    const { weights } = this;
    gradient.fill(0);
    let [at, place] = [0, 0];
    this.#orders.forEach((order, net) => {
      const kept = this.#layers[net];
      const said = kept[kept.length - 1];
      let back = throughEffective(said, slopes.subarray(place, place + order))
        .map((slope, i) => slope * (1 - said[i] * said[i]));
      place += order;
      const [first] = this.#widths;
      const shapes = this.#shapes(order);
      const starts: number[] = [];
      let start = at + first;
      for (const [n, m] of shapes) {
        starts.push(start);
        start += n * m + m;
      }
      for (let i = shapes.length - 1; i >= 0; i--) {
        const [n, m] = shapes[i];
        const input = i === 0 ? kept[0] : kept[2 * i];
        const next = new Float64Array(n);
        for (let row = 0; row < m; row++) {
          const slope = back[row];
          const from = starts[i] + n * row;
          gradient[starts[i] + n * m + row] = slope;
          for (let k = 0; k < n; k++) {
            gradient[from + k] = slope * input[k];
            next[k] += slope * weights[from + k];
          }
        }
        back = i === 0
          ? next
          : next.map((slope, k) => slope * Math.cos(kept[2 * i - 1][k]));
      }
      gradient.set(back, at);
      at = start;
    });
  }
}

/** The section of a net's results. */
function effective(said: Float64Array): Coefficients {
  if (said.length === 2) return warpedFirst(said[0], said[1]);
  const [radius, place, warp] = said;
  const hz = LOWEST_HZ + 0.5 * (place + 1) * (HIGHEST_HZ - LOWEST_HZ);
  return warpedSecond(
    MOST * warp,
    publishedSecond(MOST * radius, hz, PUBLISHED_RATE),
  );
}

/** Slopes by a net's results, from those by the section's coefficients. */
function throughEffective(
  said: Float64Array,
  slopes: Float64Array,
): Float64Array {
  if (said.length === 2) {
    const [a, g] = said;
    const whole = (1 + a * g) ** 2;
    return Float64Array.of(
      slopes[0] * (1 - g * g) / whole,
      slopes[0] * (1 - a * a) / whole,
    );
  }
  const r = MOST * said[0];
  const a = MOST * said[2];
  const perStep = 0.5 * (HIGHEST_HZ - LOWEST_HZ) * 2 * Math.PI / PUBLISHED_RATE;
  const angle = 2 * Math.PI * LOWEST_HZ / PUBLISHED_RATE +
    (said[1] + 1) * perStep;
  const [c, d] = [r * r, -2 * r * Math.cos(angle)];
  const whole = 1 + a * d + a * a * c;
  const [above, below] = [
    2 * a * (1 + c) + d * (1 + a * a),
    c + a * d + a * a,
  ];
  /** (x/whole)' by x' and whole'. */
  const of = (x: number, dx: number, dw: number) =>
    (dx * whole - x * dw) / (whole * whole);
  const [byD, byC] = slopes;
  const bySecond = (dAbove: number, dBelow: number, dWhole: number) =>
    byD * of(above, dAbove, dWhole) + byC * of(below, dBelow, dWhole);
  const slopeC = bySecond(2 * a, 1, a * a);
  const slopeD = bySecond(1 + a * a, a, a);
  const slopeA = bySecond(2 * (1 + c) + 2 * a * d, d + 2 * a, d + 2 * a * c);
  return Float64Array.of(
    MOST * (slopeC * 2 * r - slopeD * 2 * Math.cos(angle)),
    slopeD * 2 * r * Math.sin(angle) * perStep,
    MOST * slopeA,
  );
}
