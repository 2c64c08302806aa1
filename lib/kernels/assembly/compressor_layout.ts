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

// A record: sample n of a quad: x, the level and −y. The level of the peak
// detector is log₂ of it, that of the RMS detector max(x², 1e-8), not averaged.
export const RECORD: usize = 48;
export const LEVEL: usize = 16;
export const TARGET: usize = 32;

// Samples a block; what a block leaves for the next loop stays in the cache.
export const BLOCK: u32 = 128;
// Blocks that the first loops run ahead, so that w = Fᵀe is known: what is cut
// off is below 0.995^2048 = 3.5e-5 of the filter's tail, itself 0.005 of e.
export const AHEAD: u32 = 16;
export const SLOTS: u32 = AHEAD + 1;

// Parameters: threshold (as log₂), s, a, r, c, v; then what rounding took from
// them. With the RMS detector the first two are log₂ of the threshold's square and
// s/2, as its level is log₂ of a square.
export const P_THRESHOLD: usize = 0;
export const P_SLOPE: usize = 16;
export const P_ATTACK: usize = 32;
export const P_RELEASE: usize = 48;
export const P_MAKE_UP: usize = 64;
export const P_AVERAGING: usize = 80;
export const P_LOW: usize = 96;

// What the first loops leave for the others.
export const STASH: usize = 48;
export const S_GOAL: usize = 0; // ĝ
export const S_DROP: usize = 16; // g[n−1] − ĝ
export const S_ERROR: usize = 32; // e, then z = w x

// Derivatives of p, without make-up, by G₀, G₁, Ga and Gt.
export const MODEL: usize = 64;

// What drives the second derivatives. Those by the static curve come first; the
// others take their places once they have been used.
export const DRIVE: usize = 48;
export const D_0: usize = 0; // G₀'s goal − G₀[n−1]
export const D_1: usize = 16;
export const D_A: usize = 0; // Ga[n−1]
export const D_T: usize = 16; // Gt[n−1]
export const D_2: usize = 32; // α times the goal of ss

// The same by the averaging coefficient: p_v, Gv's goal − Gv[n−1], and α times
// the goals of sv and vv.
export const AVERAGE: usize = 64;
export const D_V: usize = 16;
export const D_SV: usize = 32;
export const D_VV: usize = 48;

// A voice: what one quad needs while it is evaluated.
export const V_GAIN: usize = 0;
export const V_GAIN_LOW: usize = 16;
export const V_FILTER: usize = 32;
export const V_STATIC: usize = 48; // G0 G1 s0 s1 ss a0 t0 a1 t1
export const V_TIME: usize = 192; // Ga Gt sa st aa rr tt
export const V_MEAN: usize = 304; // m, of the first loops
export const V_AVERAGING: usize = 320; // m n m_v Gv sv av tv sv' vv
export const V_TAILS: usize = 464;
export const V_STATES: usize = V_TAILS;
export const V_STASH: usize = V_TAILS + 16 * SLOTS;
export const V_BELOW: usize = V_STASH + STASH * BLOCK * SLOTS; // u, RMS only
export const VOICE: usize = V_BELOW + 16 * BLOCK * SLOTS;

// Sums: pairs of double-precision lanes.
export const SUMS: i32 = 40;
export const Y_LOSS: usize = 0;
export const Y_ENERGY: usize = 16;
export const Y_ERROR_MODEL: usize = 32;
export const Y_GRADIENT: usize = 48; // z · G0 G1 Ga Gt
export const Y_TARGET: usize = 112; // −y · p0 p1 pa pt
export const Y_SQUARES: usize = 176; // 00 01 0a 0t 11 1a 1t aa at tt
export const Y_STATIC: usize = 336; // ss a0 t0 a1 t1
export const Y_TIME: usize = 416; // aa rr tt
export const Y_AVERAGING: usize = 464; // z · Gv, −y · pv, v0 v1 va vt vv
export const Y_MIXED: usize = 576; // av tv sv vv

// The scratch memory of a thread: two voices and what they share.
export const M_SUMS: usize = 2 * VOICE;
export const M_MODELS: usize = M_SUMS + 16 * SUMS;
export const M_DRIVES: usize = M_MODELS + MODEL * BLOCK;
export const M_AVERAGES: usize = M_DRIVES + DRIVE * BLOCK;
export const M_CONSTANTS: usize = M_AVERAGES + AVERAGE * BLOCK;
export const M_DECAY: usize = M_CONSTANTS + CONSTANTS; // 0.995^k, single numbers
export const M_END: usize = M_DECAY + 4 * (BLOCK + 4);
