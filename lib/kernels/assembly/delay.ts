// @ts-nocheck: AssemblyScript, compiled by lib/kernels/build.ts
/**
 * The inner loop of a delay by a part of a sample: weighted sums of neighbours, in
 * double precision, sixteen results at a time, two to a vector,
 *
 *     output[n] = Σ_k weight[k] input[n + k]
 *
 * each summed in the order of k, so that it is the same on every machine.
 */

/** Most results of a call, and most weights. */
const BLOCK: i32 = 4096;
const WEIGHTS: i32 = 256;

/** Results at a time. */
const ROW: i32 = 16;

const WEIGHT: usize = 64;
const INPUT: usize = WEIGHT + 8 * WEIGHTS;
// The last row reads on behind what counts.
const OUTPUT: usize = INPUT + 8 * (BLOCK + WEIGHTS + ROW);

export function blockLength(): i32 {
  return BLOCK;
}

export function weightsAddress(): usize {
  return WEIGHT;
}

export function inputAddress(): usize {
  return INPUT;
}

export function outputAddress(): usize {
  return OUTPUT;
}

@inline
function sum(a: v128, weight: v128, at: usize): v128 {
  return f64x2.add(a, f64x2.mul(weight, v128.load(at)));
}

/** `count` results, or up to fifteen more, by the first `weights` weights. */
export function weigh(count: i32, weights: i32): void {
  for (let n = 0; n < count; n += ROW) {
    let a = f64x2.splat(0);
    let b = a, c = a, d = a, e = a, f = a, g = a, h = a;
    let at: usize = INPUT + 8 * n;
    for (let k = 0; k < weights; k++) {
      const weight = v128.load64_splat(WEIGHT + 8 * k);
      a = sum(a, weight, at);
      b = sum(b, weight, at + 16);
      c = sum(c, weight, at + 32);
      d = sum(d, weight, at + 48);
      e = sum(e, weight, at + 64);
      f = sum(f, weight, at + 80);
      g = sum(g, weight, at + 96);
      h = sum(h, weight, at + 112);
      at += 8;
    }
    const to: usize = OUTPUT + 8 * n;
    v128.store(to, a);
    v128.store(to, b, 16);
    v128.store(to, c, 32);
    v128.store(to, d, 48);
    v128.store(to, e, 64);
    v128.store(to, f, 80);
    v128.store(to, g, 96);
    v128.store(to, h, 112);
  }
}
