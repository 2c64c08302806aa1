/**
 * The straightforward kernel `one_pass` behind the interface of an engine: all
 * second derivatives forward, in one pass over the recording, on one thread. The
 * benches compare the engine with it; nothing else uses it.
 *
 * With p = F(x g) without make-up c, the kernel sums Σ e p_i, Σ p p_i, Σ p_i p_j and
 * Σ e p_ij, by G₀ = g_CT / (k s), G₁ = g_s / ln 2, a and r, and (README, "How it
 * works")
 *
 *     ½ ∇_i 𝓛 = c Σ e p_i        ½ ∇²_ij 𝓛 = c² Σ p_i p_j + c Σ e p_ij
 *
 * @module
 */

import { NEPER_PER_DB } from "../sound/units.ts";
import type { Engine, Evaluation } from "../objective/evaluation.ts";
import { loadDataSet } from "../engines/wasm/data_set.ts";
import { kernelParameters, moved } from "../engines/wasm/kernel_parameters.ts";
import type { Pool } from "../engines/wasm/pool.ts";
import { loadKernel } from "../kernels/kernels.ts";
import type { ChunkedPair } from "../sound/chunks.ts";

/** Numbers that the kernel takes, in four equal lanes each. */
const PARAMETERS = 5;

/** Sums that it returns. */
const SUMS = 29;

const VECTOR_BYTES = 16;

/** Opens the kernel on `pair`, in the memory of `pool`. It always gives all orders. */
export async function openOnePass(
  pool: Pool,
  pair: ChunkedPair,
): Promise<Engine> {
  const { heap } = pool;
  const { memory } = heap;
  const { onePass } = new WebAssembly.Instance(loadKernel("one_pass"), {
    env: { memory },
  }).exports as Record<string, (...values: number[]) => void>;
  const { quads, length, warmUp, targetEnergy } = await loadDataSet(pool, pair);
  const parameters = heap.allocate(VECTOR_BYTES * PARAMETERS);
  const scratch = heap.allocate(VECTOR_BYTES * SUMS);
  const output = heap.allocate(8 * SUMS);
  const lanes = new Float32Array(memory.buffer, parameters, 4 * PARAMETERS);
  const sumsOfQuad = new Float64Array(memory.buffer, output, SUMS);
  return {
    name: "one pass",
    targetEnergy,
    precision: 1e-6,
    evaluate(theta) {
      const at = Float64Array.from(theta);
      const { numbers, rounded } = kernelParameters(at);
      for (let i = 0; i < PARAMETERS; i++) {
        lanes.fill(numbers[i], 4 * i, 4 * i + 4);
      }
      const sums = new Float64Array(SUMS);
      for (const quad of quads) {
        onePass(quad, length, warmUp, parameters, scratch, output);
        for (let i = 0; i < SUMS; i++) sums[i] += sumsOfQuad[i];
      }
      return Promise.resolve(moved(evaluationOf(sums, rounded), rounded, at));
    },
    close() {
      for (const address of [...quads, parameters, scratch, output]) {
        heap.release(address);
      }
      return Promise.resolve();
    },
  };
}

/** Loss and derivatives by θ from the kernel's `sums`. */
function evaluationOf(sums: Float64Array, theta: Float64Array): Evaluation {
  const k = NEPER_PER_DB;
  const ks = k * theta[1];
  const lambda = Math.LN2;
  const c = Math.exp(k * theta[4]);
  const [loss, energy, errorModel, e0, e1] = sums;
  const [ss, a0, r0, a1, r1, aa, ar, rr] = sums.subarray(21);
  const factor = [ks, lambda, 1, 1];
  const errorBy = factor.map((value, i) => c * value * sums[3 + i]);
  const modelBy = factor.map((value, i) => c * c * value * sums[7 + i]);
  // Σ e p_ij for i ≤ j, row by row.
  const errorByPair = [
    ks * ks * e0,
    k * e0 + ks * lambda * e1,
    ks * a0,
    ks * r0,
    lambda * lambda * ss,
    lambda * a1,
    lambda * r1,
    2 * aa,
    ar,
    2 * rr,
  ];
  const hessian = new Float64Array(25);
  let pair = 0;
  for (let i = 0; i < 4; i++) {
    for (let j = i; j < 4; j++, pair++) {
      const product = c * c * factor[i] * factor[j] * sums[11 + pair];
      hessian[5 * i + j] =
        hessian[5 * j + i] =
          2 * (product + c * errorByPair[pair]);
    }
    hessian[5 * i + 4] =
      hessian[20 + i] =
        2 * k * (modelBy[i] + errorBy[i]);
  }
  const modelEnergy = c * c * energy;
  hessian[24] = 2 * k * k * (modelEnergy + c * errorModel);
  const gradient = Float64Array.from(
    [...errorBy, k * c * errorModel],
    (sum) => 2 * sum,
  );
  return { loss, modelEnergy, gradient, hessian };
}
