/**
 * What every engine computes: the loss, its gradient and its Hessian by the
 * model's parameters, as people write them (dB, a ratio, ms, Hz …), in the order of
 * `Model.parameters`; the README has the loss in its section "How it works".
 *
 * An engine is opened on a chunked pair and holds it; {@linkcode Objective}
 * adds the coordinates that the optimiser moves in. Engines of the tuned kernels
 * compute by natural parameters θ: `by_parameters.ts` carries them over. The
 * double-precision engine is held to golden figures in `tests/engines_test.ts`, the
 * others to it in `tests/wasm_engine_test.ts` and, where there is a GPU,
 * `tests/webgpu_test.ts`.
 *
 * @module
 */

/** How many derivatives are wanted. */
export type Order = 0 | 1 | 2;

/** Loss and derivatives at one point, in double precision whatever the engine. */
export interface Evaluation {
  /** 𝓛 = Σ e² over the counted samples. */
  loss: number;
  /** Σ p² over the same samples: energy of the pre-emphasised model output. */
  modelEnergy: number;
  /** ∇𝓛, length P; present from order 1. */
  gradient?: Float64Array;
  /** ∇²𝓛, P × P, row-major, symmetric; present from order 2. */
  hessian?: Float64Array;
}

/** Chunks to a group of `groupGradients`; the last may have fewer. */
export const GROUP = 8;

/** Loss, gradient and Hessian of one pair. */
export interface Engine {
  /** Name as `--engine` takes it. */
  readonly name: string;
  /** Σ y² over the counted samples: ESR = loss / targetEnergy. */
  readonly targetEnergy: number;
  /** Part of the loss that its rounding can make up. */
  readonly precision: number;
  /** Loss and derivatives by `parameters`, up to `order`. */
  evaluate(parameters: Float64Array, order: Order): Promise<Evaluation>;
  /**
   * Gradient of each {@linkcode GROUP} neighbouring chunks by themselves; only where
   * an engine has it for no more than the whole gradient.
   */
  groupGradients?(parameters: Float64Array): Promise<Float64Array[]>;
  /** Gives back what the engine holds. It cannot be used afterwards. */
  close(): Promise<void>;
}
