/**
 * The sizes of SignalTrain's network (Hawley, Colburn, Mimilakis, AES 147, 2019, and
 * the authors' program). A window of `input` samples is cut into T frames of N
 * samples every `hop`; the last OT of them make the output:
 *
 *     T = ⌈input / hop⌉ + ⌈N / hop⌉
 *     OT = ⌈input / shrink / hop⌉ + 3
 *     output = (OT − 1) hop − N
 *
 * The last frames need not be those of the last samples: what the back end makes of
 * them lies `offset` samples before, 0 at scale 1 and in windows of 4 times that, 128
 * or 256 in the paper's figure 9.
 *
 * At scale 1 N is 1024 and hop 384. A smaller scale makes N and hop smaller too
 * (their older scheme), so that T and OT, and the network along time, stay.
 *
 * @module
 */

/** Widths of the autoencoders' inner layers; the knobs come in after the fourth. */
export const WIDTHS = [64, 32, 16, 16, 16, 16, 32, 64] as const;

/** Place, among the layers, of the one that takes the knobs in. */
export const KNOB_LAYER = 4;

/** Sizes of a network. */
export interface NetworkSizes {
  /** Samples N of a frame. */
  frame: number;
  /** Samples from frame to frame. */
  hop: number;
  /** Samples of an input window. */
  input: number;
  /** Samples of an output window, the last of the input's. */
  output: number;
  /** Frames T of the input. */
  frames: number;
  /** Frames OT of the output. */
  outputFrames: number;
  /** Bins that count, N/2 + 1. */
  bins: number;
  /** Controls. */
  knobs: number;
}

/** The sizes that follow from a window, how much the output is shorter, and N. */
export function sizesOf(
  { frame, hop, input, shrink, knobs }: {
    frame: number;
    hop: number;
    input: number;
    shrink: number;
    knobs: number;
  },
): NetworkSizes {
  const outputFrames = Math.ceil(input / shrink / hop) + 3;
  return {
    frame,
    hop,
    input,
    output: (outputFrames - 1) * hop - frame,
    frames: Math.ceil(input / hop) + Math.ceil(frame / hop),
    outputFrames,
    bins: frame / 2 + 1,
    knobs,
  };
}

/**
 * The older scheme at `scale`: windows of 8192·scale samples, or `windows` times as
 * many, a quarter of one window for the output, N = 1024·scale, hop = 384·scale.
 *
 * @throws {RangeError} where these are not whole.
 */
export function scaledSizes(
  scale: number,
  knobs: number,
  windows = 1,
): NetworkSizes {
  if (!Number.isInteger(64 * scale) || !(scale > 0)) {
    throw new RangeError(
      `a network of scale ${scale}: give a multiple of 1/64, such as 0.25`,
    );
  }
  return sizesOf({
    frame: 1024 * scale,
    hop: 384 * scale,
    input: 8192 * scale * windows,
    shrink: 4 * windows,
    knobs,
  });
}

/** Fan-in and fan-out of the nine layers of an autoencoder. */
export function layersOf(
  { frames, outputFrames, knobs }: NetworkSizes,
): [fanIn: number, fanOut: number][] {
  const outs = [...WIDTHS, outputFrames];
  return outs.map((fanOut, i) => [
    (i === 0 ? frames : outs[i - 1]) + (i === KNOB_LAYER ? knobs : 0),
    fanOut,
  ]);
}

/** Samples by which the last frames lie before the last samples. */
export function offsetOf(
  { input, output, hop, frames, outputFrames }: NetworkSizes,
): number {
  return input - output - (frames - outputFrames) * hop;
}

/**
 * Parameters, as the paper counts them: four matrices N × N, and two autoencoders
 * with biases. Of the analysis the rows above N/2 are never used, and those of the
 * synthesis stay equal to what they mirror; neither is held here.
 */
export function parameterCount(sizes: NetworkSizes): number {
  const autoencoder = layersOf(sizes)
    .reduce((sum, [fanIn, fanOut]) => sum + (fanIn + 1) * fanOut, 0);
  return 4 * sizes.frame ** 2 + 2 * autoencoder;
}

/**
 * Multiply-adds of one window: analysis, autoencoders and synthesis. A step of
 * training does those of the analysis twice, and the others three times.
 */
export function multiplyAdds(sizes: NetworkSizes): {
  analysis: number;
  autoencoders: number;
  synthesis: number;
} {
  const { frame, frames, outputFrames, bins } = sizes;
  return {
    analysis: frames * frame * 2 * bins,
    autoencoders: 2 * bins *
      layersOf(sizes).reduce((sum, [fanIn, fanOut]) => sum + fanIn * fanOut, 0),
    synthesis: outputFrames * frame * 2 * bins,
  };
}

/** Floating-point operations of a training step on `batch` windows. */
export function stepFlop(sizes: NetworkSizes, batch: number): number {
  const { analysis, autoencoders, synthesis } = multiplyAdds(sizes);
  return 2 * batch * (2 * analysis + 3 * (autoencoders + synthesis));
}
