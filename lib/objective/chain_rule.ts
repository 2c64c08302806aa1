/**
 * The chain rule for an evaluation: from parameters p to the variables z that they
 * are functions of. With J = ∂p/∂z,
 *
 *     ∇_z 𝓛 = Jᵀ ∇_p 𝓛,   ∇²_z 𝓛 = Jᵀ (∇²_p 𝓛) J + Σ_k (∇_p 𝓛)_k ∇²_z p_k
 *
 * @module
 */

import type { Evaluation } from "./evaluation.ts";

/** A function of one variable at a point: value, first and second derivative. */
export type Jet = readonly [value: number, first: number, second: number];

/**
 * `evaluation` by z. `jacobian[k][i]` is ∂p_k/∂z_i; `bends[k]` lists what of
 * ∇²_z p_k is not zero, as [i, j, value], both [i, j] and [j, i].
 */
export function chainRule(
  evaluation: Evaluation,
  jacobian: readonly (readonly number[])[],
  bends: readonly (readonly [i: number, j: number, value: number][])[],
): Evaluation {
  const { gradient, hessian } = evaluation;
  if (gradient === undefined) return evaluation;
  const size = gradient.length;
  const through = Array.from(
    { length: size },
    (_, i) =>
      jacobian.flatMap((row, k) => row[i] === 0 ? [] : [[k, row[i]] as const]),
  );
  const sum = (
    column: readonly (readonly [number, number])[],
    of: (k: number) => number,
  ) => column.reduce((total, [k, factor]) => total + factor * of(k), 0);
  const carried = Float64Array.from(
    through,
    (column) => sum(column, (k) => gradient[k]),
  );
  if (hessian === undefined) return { ...evaluation, gradient: carried };
  const bent = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      bent[size * i + j] = sum(
        through[i],
        (k) => sum(through[j], (l) => hessian[size * k + l]),
      );
    }
  }
  bends.forEach((list, k) => {
    for (const [i, j, value] of list) bent[size * i + j] += gradient[k] * value;
  });
  return { ...evaluation, gradient: carried, hessian: bent };
}

/** {@linkcode chainRule} where each p is a function of the z at its place alone. */
export function scalarChainRule(
  evaluation: Evaluation,
  jets: readonly Jet[],
): Evaluation {
  return chainRule(
    evaluation,
    jets.map(([, first], k) => jets.map((_, i) => i === k ? first : 0)),
    jets.map(([, , second], k) => [[k, k, second]]),
  );
}
