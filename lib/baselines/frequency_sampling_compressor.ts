/**
 * The frequency-sampling compressor, the baseline of Yu et al. (DAFx 2024): its
 * one-pole filters are not run sample by sample but multiplied in the frequency
 * domain, H[k] = α / (1 − (1 − α) e^{−2πik/N}) at the N frequencies of the FFT.
 *
 *     m = Hᵥ x²,   ĝ = exp(min(0, s (k CT − ½ ln m))),   g = 1 + H_α (ĝ − 1),   f = c g x
 *
 * A product of spectra cannot look at the signal, so attack and release share one
 * α: five parameters θ = (CT, s, α, v, γ). Sampling a filter's response wraps its
 * memory around the end of the block: blocks are filled up with silence to a power
 * of two, and what wraps falls into the warm-up.
 *
 * The gradient is exact. With w = 2 Fᵀe (F the pre-emphasis) and H* the conjugate,
 * which runs a filter backwards in time,
 *
 *     ḡ = c x w,   u = H_α* ḡ,   ∂𝓛/∂α = Σ ḡ (∂H_α/∂α)(ĝ − 1)
 *     ∂𝓛/∂CT = Σ k s ĝ u,   ∂𝓛/∂s = Σ (k CT − ½ ln m) ĝ u      (where ĝ < 1)
 *     m̄ = −s ĝ u / 2m,   ∂𝓛/∂v = Σ m̄ (∂Hᵥ/∂v) x²,   ∂𝓛/∂γ = k Σ w f
 *
 * with ∂H/∂α = (1 − z⁻¹) / (1 − (1 − α) z⁻¹)²; sums against a filtered signal are
 * taken over its spectrum (Parseval).
 *
 * @module
 */

import FFT from "fft.js";
import { MEAN_SQUARE_FLOOR, NEPER_PER_DB } from "../sound/units.ts";
import { byParameters } from "../engines/by_parameters.ts";
import type { Engine, Evaluation, Order } from "../objective/evaluation.ts";
import type { Model } from "../models/model.ts";
import { parseModel } from "../models/presets.ts";
import { chunkTarget, plusEnergy } from "../objective/chunk_signals.ts";
import { chunk, type ChunkedPair, type ChunkOptions } from "../sound/chunks.ts";
import type { Pair } from "../sound/signal.ts";
import type { Coordinates } from "../objective/coordinates.ts";
import { preEmphasise, preEmphasiseTransposed } from "../sound/pre_emphasis.ts";

/** A spectrum: real and imaginary parts in turn. */
type Spectrum = Float64Array;

/**
 * `pair` in the longest blocks of a power of two that a chunk holds, so that nothing
 * is filled up.
 */
export function inPowersOfTwo(
  pair: Pair,
  { chunkSeconds = 12, overlapSeconds = 1 }: ChunkOptions,
): ChunkedPair {
  const { dry, sampleRate } = pair;
  const longest = Math.min(
    dry.length,
    Math.round(chunkSeconds * sampleRate / 2),
  );
  const seconds = 2 ** Math.floor(Math.log2(longest)) / sampleRate;
  return chunk(pair, {
    chunkSeconds: seconds,
    overlapSeconds: Math.min(overlapSeconds, seconds / 2),
  });
}

/** The parameters: those of the RMS detector, with one time for both. */
const TIED: Pick<Model, "parameters"> = {
  parameters: parseModel("rms").parameters.filter(({ name }) =>
    name !== "release_ms"
  ),
};

/**
 * Opens the baseline's objective on `pair`. It computes values and gradients; see
 * {@linkcode tiedCoordinates} for the parameters and the coordinates.
 */
export function openFrequencySampling(pair: ChunkedPair): Engine {
  const { dry, starts, chunkLength, warmUp } = pair;
  const size = 2 ** Math.ceil(Math.log2(Math.max(2, chunkLength)));
  const fft = new FFT(size);
  const targets = starts.map((start) =>
    chunkTarget(pair, start, new Float64Array(chunkLength))
  );
  const squares: Spectrum[] = starts.map((start) => {
    const square = new Float64Array(size).fill(MEAN_SQUARE_FLOOR);
    for (let n = 0; n < chunkLength; n++) {
      square[n] = Math.max(dry[start + n] ** 2, MEAN_SQUARE_FLOOR);
    }
    return forward(square);
  });
  const targetEnergy = targets.reduce(
    (energy, target) => plusEnergy(energy, target, warmUp),
    0,
  );

  return byParameters(
    {
      name: "frequency-sampling",
      targetEnergy,
      precision: 1e-12,
      evaluate: (theta, order) =>
        new Promise((resolve) => resolve(evaluate(theta, order))),
      close: () => Promise.resolve(),
    },
    TIED,
    pair.sampleRate,
  );

  function forward(signal: Float64Array): Spectrum {
    const spectrum = new Float64Array(2 * size);
    fft.realTransform(spectrum, signal);
    fft.completeSpectrum(spectrum);
    return spectrum;
  }

  function backward(spectrum: Spectrum): Float64Array {
    const complex = new Float64Array(2 * size);
    fft.inverseTransform(complex, spectrum);
    return complex.filter((_, i) => i % 2 === 0);
  }

  function evaluate(theta: Float64Array, order: Order): Evaluation {
    if (order > 1) {
      throw new RangeError(
        "the frequency-sampling compressor has no Hessian: use a method that needs none",
      );
    }
    const [thresholdDb, s, alpha, averaging, makeUpDb] = theta;
    const k = NEPER_PER_DB;
    const makeUp = Math.exp(k * makeUpDb);
    const smoother = onePole(alpha, size);
    const averager = onePole(averaging, size);
    let loss = 0;
    let modelEnergy = 0;
    const gradient = new Float64Array(5);

    starts.forEach((start, c) => {
      const mean = backward(product(squares[c], averager.response));
      const below = new Float64Array(size); // k CT − ½ ln m
      const dip = new Float64Array(size); // ĝ − 1
      for (let n = 0; n < size; n++) {
        // Rounding in the FFT may leave a mean square of silence at or below 0.
        mean[n] = Math.max(mean[n], 1e-6 * MEAN_SQUARE_FLOOR);
        below[n] = k * thresholdDb - 0.5 * Math.log(mean[n]);
        dip[n] = Math.exp(Math.min(0, s * below[n])) - 1;
      }
      const dips = forward(dip);
      const gain = backward(product(dips, smoother.response));
      const model = new Float64Array(chunkLength);
      for (let n = 0; n < chunkLength; n++) {
        model[n] = makeUp * (1 + gain[n]) * dry[start + n];
      }
      const error = preEmphasise(model, new Float64Array(chunkLength));
      for (let n = 0; n < chunkLength; n++) {
        if (n >= warmUp) modelEnergy += error[n] ** 2;
        error[n] = n < warmUp ? 0 : error[n] - targets[c][n];
        loss += error[n] ** 2;
      }
      if (order === 0) return;

      const w = preEmphasiseTransposed(error, error);
      const onGain = new Float64Array(size); // ḡ
      for (let n = 0; n < chunkLength; n++) {
        gradient[4] += 2 * k * w[n] * model[n];
        onGain[n] = 2 * makeUp * dry[start + n] * w[n];
      }
      const gains = forward(onGain);
      gradient[2] += innerProduct(gains, product(dips, smoother.derivative));
      const u = backward(product(gains, smoother.response, true));
      const onMean = new Float64Array(size); // m̄
      for (let n = 0; n < size; n++) {
        if (!(below[n] < 0)) continue;
        const driven = (dip[n] + 1) * u[n];
        gradient[0] += k * s * driven;
        gradient[1] += below[n] * driven;
        onMean[n] = -s * driven / (2 * mean[n]);
      }
      gradient[3] += innerProduct(
        forward(onMean),
        product(squares[c], averager.derivative),
      );
    });
    return order === 0
      ? { loss, modelEnergy }
      : { loss, modelEnergy, gradient };
  }
}

/** H and ∂H/∂α of the one-pole with coefficient `alpha`, at `size` frequencies. */
function onePole(
  alpha: number,
  size: number,
): { response: Spectrum; derivative: Spectrum } {
  const response = new Float64Array(2 * size);
  const derivative = new Float64Array(2 * size);
  for (let bin = 0; bin < size; bin++) {
    const angle = -2 * Math.PI * bin / size;
    const [re, im] = [Math.cos(angle), Math.sin(angle)]; // z⁻¹
    const [a, b] = [1 - (1 - alpha) * re, -(1 - alpha) * im];
    const square = a * a + b * b;
    const [inverse, inverseIm] = [a / square, -b / square];
    response[2 * bin] = alpha * inverse;
    response[2 * bin + 1] = alpha * inverseIm;
    // (1 − z⁻¹) times the inverse, twice.
    const c = (1 - re) * inverse + im * inverseIm;
    const d = (1 - re) * inverseIm - im * inverse;
    derivative[2 * bin] = c * inverse - d * inverseIm;
    derivative[2 * bin + 1] = c * inverseIm + d * inverse;
  }
  return { response, derivative };
}

/** a·b, or a·b* if `conjugate`, frequency by frequency. */
function product(a: Spectrum, b: Spectrum, conjugate = false): Spectrum {
  const result = new Float64Array(a.length);
  const sign = conjugate ? -1 : 1;
  for (let i = 0; i < a.length; i += 2) {
    const im = sign * b[i + 1];
    result[i] = a[i] * b[i] - a[i + 1] * im;
    result[i + 1] = a[i] * im + a[i + 1] * b[i];
  }
  return result;
}

/** Σ a b over time, from the spectra of two real signals. */
function innerProduct(a: Spectrum, b: Spectrum): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return 2 * sum / a.length;
}

/**
 * The coordinates of `space`, which must be of the model `rms`, with attack and
 * release tied to one. They carry gradients over, and no Hessians.
 */
export function tiedCoordinates(space: Coordinates): Coordinates {
  /** Six values of five: that of the attack is the release's too, or `release`. */
  const expand = (five: Float64Array, release = five[2]) =>
    Float64Array.of(five[0], five[1], five[2], release, five[3], five[4]);
  const drop = (values: Float64Array) => values.filter((_, i) => i !== 3);
  return {
    names: space.names.filter((name) => name !== "release_ms"),
    ranges: space.ranges,
    values: (z) => space.values(expand(z)),
    nearest: (values) => drop(space.nearest(values)),
    limiter: () => undefined,
    coordinates(values) {
      if (values.attack_ms !== values.release_ms) {
        throw new RangeError(
          `attack_ms is ${values.attack_ms}, release_ms ${values.release_ms}: this compressor needs them equal`,
        );
      }
      return drop(space.coordinates(values));
    },
    byCoordinates(z, { loss, modelEnergy, gradient }) {
      if (gradient === undefined) return { loss, modelEnergy };
      const by = space.byCoordinates(expand(z), {
        loss,
        modelEnergy,
        gradient: expand(gradient, 0),
      });
      return { ...by, gradient: drop(by.gradient!) };
    },
  };
}
