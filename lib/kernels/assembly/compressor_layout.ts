// @ts-nocheck: AssemblyScript, compiled by lib/kernels/build.ts
/**
 * Where the compressor's kernels keep things. Addresses are in bytes; unless said
 * otherwise an entry is a vector of four single-precision lanes.
 */

import { CONSTANTS } from "./simd";

// Compile-time switches, as type arguments.
export type Yes = u16;
export type No = u8;

@inline
export function is<T>(): bool {
  return sizeof<T>() == 2;
}

// The order of derivatives, likewise.
export type Value = u8;
export type Gradient = u16;
export type Hessian = u32;

/** Whether other loops follow the first ones: there are derivatives. */
@inline
export function keeps<Order>(): bool {
  return sizeof<Order>() > sizeof<Value>();
}

/** Whether the parameters' remainders are added; see kernel_parameters.ts. */
@inline
export function isExact<Order>(): bool {
  return sizeof<Order>() < sizeof<Hessian>();
}

// A record: sample n of a quad: x, log₂ of its level and −y.
export const RECORD: usize = 48;
export const LEVEL: usize = 16;
export const TARGET: usize = 32;

// Samples a block; what a block leaves for the next loop stays in the cache.
export const BLOCK: u32 = 128;
// Blocks that the first loops run ahead, so that w = Fᵀe is known: what is cut
// off is below 0.995^2048 = 3.5e-5 of the filter's tail, itself 0.005 of e.
export const AHEAD: u32 = 16;
export const SLOTS: u32 = AHEAD + 1;

// What the first loops leave for the others.
export const STASH: usize = 48;
export const S_GOAL: usize = 0; // ĝ
export const S_DROP: usize = 16; // g[n−1] − ĝ
export const S_ERROR: usize = 32; // e, then z = w x

// Derivatives of p, without make-up, by G₀, G₁, Ga and Gt.
export const MODEL: usize = 64;

// What drives the second derivatives: first those that the static curve has part
// in, then, in the same places, those by the times.
export const DRIVE: usize = 48;
export const D_0: usize = 0; // G₀'s goal − G₀[n−1], then Ga[n−1]
export const D_1: usize = 16; // G₁'s goal − G₁[n−1], then Gt[n−1]
export const D_S: usize = 32; // α times the goal of ss

// A voice: what one quad needs while it is evaluated.
export const V_GAIN: usize = 0;
export const V_GAIN_LOW: usize = 16;
export const V_FILTER: usize = 32;
export const V_STATIC: usize = 48; // G0 G1 s0 s1
export const V_TIME: usize = 112; // Ga Gt sa st
export const V_STATIC_SECOND: usize = 176; // a0 a1 t0 t1
export const V_TIME_SECOND: usize = 240; // aa rr ss tt
export const V_TAILS: usize = 304;
export const V_STATES: usize = V_TAILS;
export const V_STASH: usize = V_TAILS + 16 * SLOTS;
export const VOICE: usize = V_STASH + STASH * BLOCK * SLOTS;

export const P_LOW: usize = 80; // bytes of the parameters
export const SUMS: i32 = 29;

// The scratch memory of a thread: two voices and what they share.
export const M_MODELS: usize = 2 * VOICE;
export const M_DRIVES: usize = M_MODELS + MODEL * BLOCK;
export const M_PARAMETERS: usize = M_DRIVES + DRIVE * BLOCK;
export const M_SUMS: usize = M_PARAMETERS + 2 * P_LOW;
export const M_CONSTANTS: usize = M_SUMS + 16 * SUMS;
export const M_DECAY: usize = M_CONSTANTS + CONSTANTS; // 0.995^k, single numbers
export const M_END: usize = M_DECAY + 4 * (BLOCK + 4);

// Parameters, in scratch memory: threshold (as log₂), s, a, r and c; P_LOW bytes
// on, what rounding took from each.
export const P_THRESHOLD: usize = M_PARAMETERS;
export const P_SLOPE: usize = M_PARAMETERS + 16;
export const P_ATTACK: usize = M_PARAMETERS + 32;
export const P_RELEASE: usize = M_PARAMETERS + 48;
export const P_MAKE_UP: usize = M_PARAMETERS + 64;

// Sums, in scratch memory, in the order of SUMS in lib/engines/wasm/sums.ts: pairs
// of double-precision lanes.
export const Y_LOSS: usize = M_SUMS;
export const Y_ENERGY: usize = M_SUMS + 16;
export const Y_ERROR_MODEL: usize = M_SUMS + 32;
export const Y_GRADIENT: usize = M_SUMS + 48; // z · G0 G1 Ga Gt
export const Y_TARGET: usize = M_SUMS + 112; // −y · p0 p1 pa pt
export const Y_SQUARES: usize = M_SUMS + 176; // 00 01 0a 0t 11 1a 1t aa at tt
export const Y_STATIC_SECOND: usize = M_SUMS + 336; // z · a0 a1 t0 t1
export const Y_TIME_SECOND: usize = M_SUMS + 400; // z · aa rr ss tt
