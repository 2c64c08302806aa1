// @ts-nocheck: AssemblyScript, compiled by lib/kernels/build.ts
/**
 * What the kernels share: multiply-add and lane selection in the relaxed form
 * where the module is compiled for it, and the elementary functions.
 *
 * Four single-precision lanes are four chunks, or four neighbouring samples.
 */

/** a b + c, rounded once with relaxed SIMD, twice without. */
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** c − a b. */
@inline
export function nmadd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_nmadd(a, b, c);
  return f32x4.sub(c, f32x4.mul(a, b));
}

/** `a` where `mask` is all ones, `b` where it is all zeros. */
@inline
export function select(mask: v128, a: v128, b: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i32x4.relaxed_laneselect(a, b, mask);
  return v128.bitselect(a, b, mask);
}

// A table of constants, four lanes each. Kernels load what they need before
// their loops: a literal would be built anew in every turn, which takes three
// instructions.
export const CONSTANTS: usize = 304;
export const C_MAGIC: usize = 0;
export const C_E0: usize = 16;
export const C_E1: usize = 32;
export const C_E2: usize = 48;
export const C_E3: usize = 64;
export const C_E4: usize = 80;
export const C_E5: usize = 96;
export const C_LEAK: usize = 112;
export const C_POLE: usize = 128;
const C_HALF_OCTAVE: usize = 144; // bits of √½
const C_L1: usize = 160; // coefficients of the logarithm
const C_L2: usize = 176;
const C_L3: usize = 192;
const C_L4: usize = 208;
const C_L5: usize = 224;
const C_L6: usize = 240;
const C_L7: usize = 256;
const C_L8: usize = 272;
const C_L9: usize = 288;

/** Writes the table of constants to `at`. */
export function writeConstants(at: usize): void {
  v128.store(at, f32x4.splat(12582912.0), C_MAGIC);
  v128.store(at, f32x4.splat(1.0), C_E0);
  v128.store(at, f32x4.splat(0.6931467056274414), C_E1);
  v128.store(at, f32x4.splat(0.2402230203151703), C_E2);
  v128.store(at, f32x4.splat(0.05551067367196083), C_E3);
  v128.store(at, f32x4.splat(0.009668875485658646), C_E4);
  v128.store(at, f32x4.splat(0.0013179630041122437), C_E5);
  v128.store(at, f32x4.splat(0.005), C_LEAK);
  v128.store(at, f32x4.splat(0.995), C_POLE);
  v128.store(at, i32x4.splat(0x3f3504f3), C_HALF_OCTAVE);
  v128.store(at, f32x4.splat(1.4426950048873974), C_L1);
  v128.store(at, f32x4.splat(-0.7213471993106393), C_L2);
  v128.store(at, f32x4.splat(0.4809102798163786), C_L3);
  v128.store(at, f32x4.splat(-0.3607162642028936), C_L4);
  v128.store(at, f32x4.splat(0.2879390942090338), C_L5);
  v128.store(at, f32x4.splat(-0.23867566883563995), C_L6);
  v128.store(at, f32x4.splat(0.2152122480463093), C_L7);
  v128.store(at, f32x4.splat(-0.20893387444987585), C_L8);
  v128.store(at, f32x4.splat(0.12926437907571423), C_L9);
}

/**
 * 2^(s u) for −126 < s u ≤ 0; exactly 1 at u = 0, relative error at most 1.6e-7.
 *
 * Adding `magic`, 1.5·2²³, leaves the nearest integer i of s u in the low bits;
 * 2^(s u − i) is the minimax polynomial of degree 5 on [−½, ½] whose constant
 * term is 1 and whose mean error is 0, and i is added to its exponent. Where
 * `exact`, `sLow` is added to s: what rounding took from it.
 */
@inline
export function exp2(
  s: v128,
  u: v128,
  exact: bool,
  sLow: v128,
  magic: v128,
  e0: v128,
  e1: v128,
  e2: v128,
  e3: v128,
  e4: v128,
  e5: v128,
): v128 {
  const shifted = madd(s, u, magic);
  let f = madd(s, u, f32x4.sub(magic, shifted));
  if (exact) f = madd(sLow, u, f);
  const f2 = f32x4.mul(f, f);
  const p = madd(
    madd(madd(e5, f, e4), f2, madd(e3, f, e2)),
    f2,
    madd(e1, f, e0),
  );
  return i32x4.add(p, i32x4.shl(shifted, 23));
}

/**
 * log₂ m for normal positive m; absolute error at most 2e-8 before the rounding
 * of the result.
 *
 * m = 2^e (1 + f) with 1 + f in [√½, √2); log₂(1 + f) is the minimax polynomial
 * of degree 9 that vanishes at 0. Its coefficients are in the table of constants at
 * `table`.
 */
@inline
export function log2(m: v128, table: usize): v128 {
  // Bits of √½: subtracting them carries into the exponent where 1 + f ≥ √2.
  const offset = i32x4.sub(m, v128.load(table, C_HALF_OCTAVE));
  const e = i32x4.shr_s(offset, 23);
  const f = f32x4.sub(
    i32x4.sub(m, i32x4.shl(e, 23)),
    v128.load(table, C_E0),
  );
  let p = madd(v128.load(table, C_L9), f, v128.load(table, C_L8));
  p = madd(p, f, v128.load(table, C_L7));
  p = madd(p, f, v128.load(table, C_L6));
  p = madd(p, f, v128.load(table, C_L5));
  p = madd(p, f, v128.load(table, C_L4));
  p = madd(p, f, v128.load(table, C_L3));
  p = madd(p, f, v128.load(table, C_L2));
  p = madd(p, f, v128.load(table, C_L1));
  return madd(p, f, f32x4.convert_i32x4_s(e));
}

/**
 * `v` without what has decayed below 1e-20. A state that falls silent would
 * otherwise end up in denormal numbers, which some processors handle slowly.
 */
@inline
export function settled(v: v128): v128 {
  return v128.and(v, f32x4.gt(f32x4.abs(v), f32x4.splat(1e-20)));
}

/** Adds the four lanes of `v` to the pair of double-precision sums at `sum`. */
@inline
export function addTo(sum: usize, v: v128): void {
  v128.store(
    sum,
    f64x2.add(
      v128.load(sum),
      f64x2.add(
        f64x2.promote_low_f32x4(v),
        f64x2.promote_low_f32x4(v128.shuffle<f32>(v, v, 2, 3, 2, 3)),
      ),
    ),
  );
}
