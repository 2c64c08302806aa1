/**
 * Four ways to a Hessian. A gradient is the only row of a scalar function's
 * Jacobian, a Hessian the Jacobian of the gradient, and either Jacobian can be had
 * forward or in reverse. Named as in the literature, the outer mode first.
 *
 * @module
 */

import {
  basis,
  jacobianForward,
  jacobianReverse,
  jvp,
  type ValueFunction,
} from "./transforms.ts";
import type { Value } from "./value.ts";

/** Names of the strategies, in the order of the published table. */
export const STRATEGIES = [
  "reverse-over-reverse",
  "forward-over-reverse",
  "reverse-over-forward",
  "forward-over-forward",
] as const;

/** How a Hessian is differentiated. */
export type Strategy = typeof STRATEGIES[number];

/** Gradient of a function to one scalar, by forward mode. */
export function gradientForward(f: ValueFunction): ValueFunction {
  return (...x) => jacobianForward(f)(...x)[0];
}

/** Gradient of a function to one scalar, by reverse mode. */
export function gradientReverse(f: ValueFunction): ValueFunction {
  return (...x) => jacobianReverse(f)(...x)[0];
}

/** Hessian of a function of scalars to one scalar, by each strategy. */
export const hessianBy: Record<
  Strategy,
  (f: ValueFunction) => (...x: Value[]) => Value[][]
> = {
  "reverse-over-reverse": (f) => jacobianReverse(gradientReverse(f)),
  "forward-over-reverse": (f) => jacobianForward(gradientReverse(f)),
  "reverse-over-forward": (f) => jacobianReverse(gradientForward(f)),
  "forward-over-forward": (f) => jacobianForward(gradientForward(f)),
};

/**
 * Upper triangle of the Hessian, row by row, forward over forward: each pair of
 * directions by itself.
 */
export function upperTriangle(
  f: ValueFunction,
): (...x: Value[]) => Value[] {
  return (...x) => {
    const along = (i: number) => basis(i, x.length);
    return x.flatMap((_, i) =>
      x.slice(i).map((_, k) =>
        jvp((...x) => jvp(f, x, along(i + k))[1], x, along(i))[1][0]
      )
    );
  };
}
