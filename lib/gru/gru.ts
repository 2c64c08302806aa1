/**
 * The make-up network in double precision: the oracle of the fast kernels.
 *
 * A gated recurrent unit (Cho et al., EMNLP 2014) of 8 hidden units as a
 * residual on the compressor's output without its make-up (Wright and Välimäki,
 * DAFx 2022), "4A-2A-G" in the paper:
 *
 *     z[n] = σ(W_z x[n] + U_zᵀ h[n−1] + b_z)
 *     r[n] = σ(W_r x[n] + U_rᵀ h[n−1] + b_r)
 *     n[n] = tanh(W_n x[n] + U_nᵀ (r[n] ⊙ h[n−1]) + b_n)
 *     h[n] = z[n] ⊙ h[n−1] + (1 − z[n]) ⊙ n[n]           h[−1] = 0
 *     y[n] = x[n] + v·h[n] + c
 *
 * The reset gate acts before the product with U_n, as in the original and in
 * TensorFlow.js, whose layers know no other form. PyTorch's, which the paper
 * used, multiplies first and has a second bias there ("reset after"); weights of
 * one form are not weights of the other. Weights lie as in `weights.ts`.
 *
 * Loss of a window of one sequence, with the pre-emphasis F at the state the
 * window before left it in:
 *
 *     ℓ = scale Σ e²,   e = F(y − target)
 *
 * Its gradient goes back to the window's first sample and no further (truncated
 * back-propagation): states that come in from the left are constants.
 *
 * @module
 */

import {
  preEmphasise,
  preEmphasiseTransposed,
  type PreEmphasisState,
} from "../sound/pre_emphasis.ts";
import type { Signal } from "../sound/signal.ts";
import {
  BIAS,
  DENSE,
  GATES,
  HIDDEN,
  OFFSET,
  RECURRENT,
  WEIGHT_COUNT,
} from "./weights.ts";

/** First gate input of z, r and n within a row of weights. */
const UPDATE = 0;
const RESET = HIDDEN;
const CANDIDATE = 2 * HIDDEN;

/** What a sequence carries from one window to the next. */
export interface SequenceState {
  /** h of the last sample. */
  hidden: Float64Array;
  /** Where the pre-emphasis of the error stands. */
  filter: PreEmphasisState;
}

/** A sequence before its first sample. */
export function sequenceAtRest(): SequenceState {
  return {
    hidden: new Float64Array(HIDDEN),
    filter: { input: 0, output: 0 },
  };
}

/** The gates and hidden units of every sample of a window. */
interface Trace {
  /** z, r, n of sample n at GATES n. */
  gates: Float64Array;
  /** h after sample n at HIDDEN (n + 1); what came in at 0. */
  hidden: Float64Array;
}

/**
 * The network's output for `input`. `hidden` is read at the start and left as it
 * ends.
 */
export function forward(
  weights: Float64Array,
  input: Signal,
  hidden: Float64Array = new Float64Array(HIDDEN),
): Float64Array {
  const { output, trace } = run(weights, input, hidden);
  hidden.set(trace.hidden.subarray(HIDDEN * input.length));
  return output;
}

function run(
  weights: Float64Array,
  input: Signal,
  start: Float64Array,
): { output: Float64Array; trace: Trace } {
  const output = new Float64Array(input.length);
  const gates = new Float64Array(GATES * input.length);
  const hidden = new Float64Array(HIDDEN * (input.length + 1));
  hidden.set(start);
  for (let n = 0; n < input.length; n++) {
    const x = input[n];
    const before = hidden.subarray(HIDDEN * n, HIDDEN * (n + 1));
    const after = hidden.subarray(HIDDEN * (n + 1), HIDDEN * (n + 2));
    const now = gates.subarray(GATES * n, GATES * (n + 1));
    for (let i = 0; i < GATES; i++) {
      const isCandidate = i >= CANDIDATE;
      let sum = weights[i] * x + weights[BIAS + i];
      for (let j = 0; j < HIDDEN; j++) {
        const from = isCandidate ? now[RESET + j] * before[j] : before[j];
        sum += weights[RECURRENT + GATES * j + i] * from;
      }
      now[i] = isCandidate ? Math.tanh(sum) : 1 / (1 + Math.exp(-sum));
    }
    let y = x + weights[OFFSET];
    for (let j = 0; j < HIDDEN; j++) {
      const update = now[UPDATE + j];
      after[j] = update * before[j] + (1 - update) * now[CANDIDATE + j];
      y += weights[DENSE + j] * after[j];
    }
    output[n] = y;
  }
  return { output, trace: { gates, hidden } };
}

/**
 * Loss of a window and its gradient by the weights. `state` is read at the start
 * and left as the window ends.
 */
export function lossAndGradient(
  weights: Float64Array,
  input: Signal,
  target: Signal,
  scale: number,
  state: SequenceState,
): { loss: number; gradient: Float64Array } {
  const { output, trace } = run(weights, input, state.hidden);
  state.hidden.set(trace.hidden.subarray(HIDDEN * input.length));
  const error = output.map((y, n) => y - target[n]);
  preEmphasise(error, error, state.filter);
  const loss = scale * error.reduce((sum, e) => sum + e * e, 0);
  const outputGradient = preEmphasiseTransposed(error, error)
    .map((w) => 2 * scale * w);
  return { loss, gradient: backward(weights, input, outputGradient, trace) };
}

/** ∂ℓ/∂weights from ∂ℓ/∂y, by back-propagation through the window. */
function backward(
  weights: Float64Array,
  input: Signal,
  outputGradient: Float64Array,
  { gates, hidden }: Trace,
): Float64Array {
  const gradient = new Float64Array(WEIGHT_COUNT);
  // ∂ℓ/∂h[n] by what comes after sample n.
  let later = new Float64Array(HIDDEN);
  for (let n = input.length - 1; n >= 0; n--) {
    const dy = outputGradient[n];
    const before = hidden.subarray(HIDDEN * n, HIDDEN * (n + 1));
    const after = hidden.subarray(HIDDEN * (n + 1), HIDDEN * (n + 2));
    const now = gates.subarray(GATES * n, GATES * (n + 1));
    const earlier = new Float64Array(HIDDEN);
    // ∂ℓ/∂ what goes into σ or tanh of each gate.
    const into = new Float64Array(GATES);
    gradient[OFFSET] += dy;
    for (let j = 0; j < HIDDEN; j++) {
      gradient[DENSE + j] += dy * after[j];
      const dh = later[j] + weights[DENSE + j] * dy;
      const update = now[UPDATE + j];
      const candidate = now[CANDIDATE + j];
      earlier[j] = dh * update;
      into[CANDIDATE + j] = dh * (1 - update) * (1 - candidate * candidate);
      into[UPDATE + j] = dh * (before[j] - candidate) * update * (1 - update);
    }
    for (let j = 0; j < HIDDEN; j++) {
      let byResetHidden = 0;
      for (let i = CANDIDATE; i < GATES; i++) {
        byResetHidden += weights[RECURRENT + GATES * j + i] * into[i];
      }
      const reset = now[RESET + j];
      earlier[j] += byResetHidden * reset;
      into[RESET + j] = byResetHidden * before[j] * reset * (1 - reset);
    }
    for (let i = 0; i < GATES; i++) {
      gradient[i] += into[i] * input[n];
      gradient[BIAS + i] += into[i];
      const isCandidate = i >= CANDIDATE;
      for (let j = 0; j < HIDDEN; j++) {
        const at = RECURRENT + GATES * j + i;
        const from = isCandidate ? now[RESET + j] * before[j] : before[j];
        gradient[at] += into[i] * from;
        if (!isCandidate) earlier[j] += weights[at] * into[i];
      }
    }
    later = earlier;
  }
  return gradient;
}
