// @ts-nocheck: AssemblyScript, compiled by lib/kernels/build.ts
/**
 * The peak-detector compressor as a stream, and the score of one or two such
 * compressors against a recording.
 *
 * A block goes through two loops. The first has no memory and does four samples
 * at a time: level, static gain ĝ, and the two products aĝ and rĝ. The second
 * carries the state, one compressor in each lane of a double-precision vector.
 * The branch of the ballistics is a minimum (a maximum where the attack is slower
 * than the release),
 *
 *     g[n] = min((1 − a) g[n−1] + aĝ[n], (1 − r) g[n−1] + rĝ[n])
 *
 * so the sample waits for a multiply-add and a minimum, and nothing branches. A
 * lane that needs the maximum holds −g instead, and its a, r and c change sign.
 *
 * In the same loop `score` filters the errors and the target by the pre-emphasis
 * F, adds up their squares, and follows the short and long mean squares of the
 * first model and of the target for their loudness dynamic range, whose
 * logarithms are again taken four at a time. F is linear, so a model's output is
 * error plus target.
 *
 * Everything lives at fixed addresses; see the constants below.
 */

import {
  C_E0,
  C_E1,
  C_E2,
  C_E3,
  C_E4,
  C_E5,
  C_MAGIC,
  CONSTANTS,
  exp2,
  log2,
  writeConstants,
} from "./simd";

/** Most samples in a block. */
const BLOCK: i32 = 2048;

// Parameters, written by the host in this order: f64 pairs, a compressor in each
// lane, but for the coefficients of the mean squares.
const P_THRESHOLD: usize = 64; // log₂ of the threshold's amplitude
const P_SLOPE: usize = 80;
const P_ATTACK: usize = 96; // a
const P_RELEASE: usize = 112; // r
const P_MAKE_UP: usize = 128; // factor c
const P_MEANS: usize = 144; // coefficients of the short and long mean squares

// What follows from them. The sign is −1 in a lane that holds −g, else 1.
const D_KEEP_ATTACK: usize = 160; // 1 − a
const D_KEEP_RELEASE: usize = 176; // 1 − r
const D_ATTACK: usize = 192; // a times the sign
const D_RELEASE: usize = 208; // r times the sign
const D_MAKE_UP: usize = 224; // c times the sign

// State: f64 pairs.
const S_GAIN: usize = 240; // g times the sign
const S_LAST: usize = 256; // errors at n − 1
const S_FILTERED: usize = 272; // F of the errors at n − 1
const S_LAST_TARGET: usize = 288; // target at n − 1, and 0
const S_FILTERED_TARGET: usize = 304; // F of the target at n − 1, and 0
const S_SHORT: usize = 320; // short mean squares of the first model and the target
const S_LONG: usize = 336; // and the long ones

// Sums: f64 pairs.
const SUM_ENERGY: usize = 352; // Σ of the squares of the filtered errors
const SUM_TARGET: usize = 368; // of the filtered target; the second is unused
const SUM_LEVEL: usize = 384; // Σ (log₂ short/long)² of model and target

const TABLE: usize = 400; // the constants of simd.ts
const INPUT: usize = TABLE + CONSTANTS;
const TARGET: usize = INPUT + 4 * BLOCK;
const OUTPUT: usize = TARGET + 4 * BLOCK;
// aĝ and rĝ: of one compressor an f64 pair a sample, of two a pair each.
const SOURCES: usize = OUTPUT + 4 * BLOCK;
const RATIOS: usize = SOURCES + 32 * BLOCK; // short/long of model and target

const POLE: f64 = 0.995;
/** Level floor of the peak detector. */
const LEVEL_FLOOR: f32 = 1e-8;
/** Floor of p² in the loudness dynamic range. */
const LDR_FLOOR: f64 = 1e-16;

export function blockLength(): i32 {
  return BLOCK;
}

export function inputAddress(): usize {
  return INPUT;
}

export function targetAddress(): usize {
  return TARGET;
}

export function outputAddress(): usize {
  return OUTPUT;
}

export function parametersAddress(): usize {
  return P_THRESHOLD;
}

export function sumsAddress(): usize {
  return SUM_ENERGY;
}

/** Where g of the last sample stands, by its absolute value. */
export function gainAddress(): usize {
  return S_GAIN;
}

/** Takes over the parameters that the host has written; the state goes on. */
export function setParameters(): void {
  const one = f64x2.splat(1.0);
  const attack = v128.load(P_ATTACK);
  const release = v128.load(P_RELEASE);
  const sign = v128.bitselect(
    one,
    f64x2.splat(-1.0),
    f64x2.ge(attack, release),
  );
  v128.store(D_KEEP_ATTACK, f64x2.sub(one, attack));
  v128.store(D_KEEP_RELEASE, f64x2.sub(one, release));
  v128.store(D_ATTACK, f64x2.mul(sign, attack));
  v128.store(D_RELEASE, f64x2.mul(sign, release));
  v128.store(D_MAKE_UP, f64x2.mul(sign, v128.load(P_MAKE_UP)));
  v128.store(S_GAIN, f64x2.mul(sign, f64x2.abs(v128.load(S_GAIN))));
}

/** Puts the stream at rest, the sums at zero, and takes over the parameters. */
export function reset(): void {
  memory.fill(S_GAIN, 0, TABLE - S_GAIN);
  writeConstants(TABLE);
  v128.store(S_GAIN, f64x2.splat(1.0));
  setParameters();
}

@inline
function maddPair(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f64x2.relaxed_madd(a, b, c);
  return f64x2.add(f64x2.mul(a, b), c);
}

/** The first lanes of `a` and `b` side by side. */
@inline
function firsts(a: v128, b: v128): v128 {
  return v128.shuffle<f64>(a, b, 0, 2);
}

/** Stores aĝ and rĝ of a sample of two compressors whose static gains are `gains`. */
@inline
function storePairs(at: usize, gains: v128, attack: v128, release: v128): void {
  v128.store(at, f64x2.mul(attack, gains));
  v128.store(at, f64x2.mul(release, gains), 16);
}

/**
 * Sources of the block's first `count` samples, for two compressors or one, whose
 * detectors hear what stands at `heard`.
 */
@inline
function prepareSources(heard: usize, count: i32, areTwo: bool): void {
  const threshold = f32x4.splat(<f32> f64.load(P_THRESHOLD));
  const slope = f32x4.splat(<f32> f64.load(P_SLOPE));
  const threshold2 = f32x4.splat(<f32> f64.load(P_THRESHOLD, 8));
  const slope2 = f32x4.splat(<f32> f64.load(P_SLOPE, 8));
  const attack = v128.load(D_ATTACK);
  const release = v128.load(D_RELEASE);
  const both = firsts(attack, release);
  const zero = f32x4.splat(0.0);
  const floor = f32x4.splat(LEVEL_FLOOR);
  const magic = v128.load(TABLE, C_MAGIC);
  const e0 = v128.load(TABLE, C_E0);
  const e1 = v128.load(TABLE, C_E1);
  const e2 = v128.load(TABLE, C_E2);
  const e3 = v128.load(TABLE, C_E3);
  const e4 = v128.load(TABLE, C_E4);
  const e5 = v128.load(TABLE, C_E5);
  for (let n = 0; n < count; n += 4) {
    const x = v128.load(heard + 4 * n);
    const level = log2(f32x4.pmax(f32x4.abs(x), floor), TABLE);
    const below = f32x4.pmin(zero, f32x4.sub(threshold, level));
    const gain = exp2(
      slope,
      below,
      false,
      zero,
      magic,
      e0,
      e1,
      e2,
      e3,
      e4,
      e5,
    );
    let gain2 = gain;
    if (areTwo) {
      const below2 = f32x4.pmin(zero, f32x4.sub(threshold2, level));
      gain2 = exp2(
        slope2,
        below2,
        false,
        zero,
        magic,
        e0,
        e1,
        e2,
        e3,
        e4,
        e5,
      );
    }
    // Samples n and n + 1, then n + 2 and n + 3, both compressors side by side.
    const low = v128.shuffle<f32>(gain, gain2, 0, 4, 1, 5);
    const high = v128.shuffle<f32>(gain, gain2, 2, 6, 3, 7);
    const g0 = f64x2.promote_low_f32x4(low);
    const g1 = f64x2.promote_low_f32x4(v128.shuffle<f64>(low, low, 1, 1));
    const g2 = f64x2.promote_low_f32x4(high);
    const g3 = f64x2.promote_low_f32x4(v128.shuffle<f64>(high, high, 1, 1));
    if (areTwo) {
      const at = SOURCES + 32 * n;
      storePairs(at, g0, attack, release);
      storePairs(at + 32, g1, attack, release);
      storePairs(at + 64, g2, attack, release);
      storePairs(at + 96, g3, attack, release);
    } else {
      const at = SOURCES + 16 * n;
      v128.store(at, f64x2.mul(both, g0));
      v128.store(at, f64x2.mul(both, g1), 16);
      v128.store(at, f64x2.mul(both, g2), 32);
      v128.store(at, f64x2.mul(both, g3), 48);
    }
  }
}

/** One step of the ballistics of two compressors. */
@inline
function followPair(
  gain: v128,
  keepAttack: v128,
  keepRelease: v128,
  at: usize,
): v128 {
  return f64x2.pmin(
    maddPair(gain, keepAttack, v128.load(at)),
    maddPair(gain, keepRelease, v128.load(at, 16)),
  );
}

/** The same of one, in the first lane; the second is 0. */
@inline
function follow(
  gain: v128,
  keepAttack: v128,
  keepRelease: v128,
  at: usize,
): v128 {
  return f64x2.pmin(
    maddPair(gain, keepAttack, v128.load64_zero(at)),
    maddPair(gain, keepRelease, v128.load64_zero(at, 8)),
  );
}

/** Gain of the first compressor, 0 in the second lane. */
@inline
function gainOfOne(): v128 {
  return v128.load64_zero(S_GAIN);
}

/** Keeps the gain of the first compressor, for the second too. */
@inline
function keepGain(gain: v128): void {
  v128.store(S_GAIN, firsts(gain, gain));
}

/**
 * Renders the block's first `count` samples from INPUT to OUTPUT, by what the
 * detector hears at `heard`: the input there, or another sound at TARGET.
 */
export function render(count: i32, heard: usize): void {
  prepareSources(heard, count, false);
  const keepAttack = v128.load(D_KEEP_ATTACK);
  const keepRelease = v128.load(D_KEEP_RELEASE);
  const makeUp = f64.load(D_MAKE_UP);
  let gain = gainOfOne();
  for (let n = 0; n < count; n++) {
    gain = follow(gain, keepAttack, keepRelease, SOURCES + 16 * n);
    const x = <f64> f32.load(INPUT + 4 * n);
    f32.store(
      OUTPUT + 4 * n,
      <f32> (makeUp * f64x2.extract_lane(gain, 0) * x),
    );
  }
  keepGain(gain);
}

/**
 * Scores the block's first `count` samples, INPUT through both compressors
 * against TARGET, by the energies alone.
 */
export function scoreEnergies(count: i32): void {
  prepareSources(INPUT, count, true);
  const keepAttack = v128.load(D_KEEP_ATTACK);
  const keepRelease = v128.load(D_KEEP_RELEASE);
  const makeUp = v128.load(D_MAKE_UP);
  const pole = f64x2.splat(POLE);
  let gain = v128.load(S_GAIN);
  let last = v128.load(S_LAST);
  let filtered = v128.load(S_FILTERED);
  let lastTarget = f64.load(S_LAST_TARGET);
  let q = f64.load(S_FILTERED_TARGET);
  let energy = v128.load(SUM_ENERGY);
  let targetEnergy = f64.load(SUM_TARGET);
  for (let n = 0; n < count; n++) {
    gain = followPair(gain, keepAttack, keepRelease, SOURCES + 32 * n);
    const x = f64x2.splat(<f64> f32.load(INPUT + 4 * n));
    const y = <f64> f32.load(TARGET + 4 * n);
    const error = f64x2.sub(
      f64x2.mul(f64x2.mul(makeUp, x), gain),
      f64x2.splat(y),
    );
    filtered = maddPair(pole, filtered, f64x2.sub(error, last));
    last = error;
    energy = maddPair(filtered, filtered, energy);
    q = y - lastTarget + POLE * q;
    lastTarget = y;
    targetEnergy += q * q;
  }
  v128.store(S_GAIN, gain);
  v128.store(S_LAST, last);
  v128.store(S_FILTERED, filtered);
  f64.store(S_LAST_TARGET, lastTarget);
  f64.store(S_FILTERED_TARGET, q);
  v128.store(SUM_ENERGY, energy);
  f64.store(SUM_TARGET, targetEnergy);
}

/** A single-precision sample as f64, 0 in the second lane. */
@inline
function sampleAt(at: usize): v128 {
  return f64x2.promote_low_f32x4(v128.load32_zero(at));
}

/** Scores the first compressor, its loudness dynamic range and the target's too. */
export function score(count: i32): void {
  prepareSources(INPUT, count, false);
  filterBoth(count);
  followSquares(count);
  addLogarithms(count);
}

/**
 * Adds up the energies, and leaves the pre-emphasised outputs of the model and the
 * target side by side where the sources were. In between a signal stands in the
 * first lane, beside 0.
 */
@inline
function filterBoth(count: i32): void {
  const keepAttack = v128.load(D_KEEP_ATTACK);
  const keepRelease = v128.load(D_KEEP_RELEASE);
  const makeUp = v128.load64_zero(D_MAKE_UP);
  const pole = f64x2.splat(POLE);
  let gain = gainOfOne();
  let last = v128.load(S_LAST);
  let filtered = v128.load(S_FILTERED);
  let lastTarget = v128.load(S_LAST_TARGET);
  let q = v128.load(S_FILTERED_TARGET);
  let energy = v128.load(SUM_ENERGY);
  let targetEnergy = v128.load(SUM_TARGET);
  for (let n = 0; n < count; n++) {
    gain = follow(gain, keepAttack, keepRelease, SOURCES + 16 * n);
    const x = sampleAt(INPUT + 4 * n);
    const y = sampleAt(TARGET + 4 * n);
    const error = f64x2.sub(f64x2.mul(f64x2.mul(makeUp, x), gain), y);
    filtered = maddPair(pole, filtered, f64x2.sub(error, last));
    last = error;
    energy = maddPair(filtered, filtered, energy);
    q = f64x2.add(f64x2.sub(y, lastTarget), f64x2.mul(pole, q));
    lastTarget = y;
    targetEnergy = f64x2.add(targetEnergy, f64x2.mul(q, q));
    // The model's output is error plus target.
    v128.store(SOURCES + 16 * n, firsts(f64x2.add(filtered, q), q));
  }
  keepGain(gain);
  v128.store(S_LAST, last);
  v128.store(S_FILTERED, filtered);
  v128.store(S_LAST_TARGET, lastTarget);
  v128.store(S_FILTERED_TARGET, q);
  v128.store(SUM_ENERGY, energy);
  v128.store(SUM_TARGET, targetEnergy);
}

/** Ratios of the mean squares, short to long, of what `filterBoth` left. */
@inline
function followSquares(count: i32): void {
  const floor = f64x2.splat(LDR_FLOOR);
  const one = f64x2.splat(1.0);
  const short = f64x2.splat(f64.load(P_MEANS));
  const long = f64x2.splat(f64.load(P_MEANS, 8));
  const keepShort = f64x2.sub(one, short);
  const keepLong = f64x2.sub(one, long);
  let shortMeans = v128.load(S_SHORT);
  let longMeans = v128.load(S_LONG);
  for (let n = 0; n < count; n++) {
    const both = v128.load(SOURCES + 16 * n);
    const squares = f64x2.pmax(f64x2.mul(both, both), floor);
    shortMeans = maddPair(keepShort, shortMeans, f64x2.mul(short, squares));
    longMeans = maddPair(keepLong, longMeans, f64x2.mul(long, squares));
    v128.store64_lane(
      RATIOS + 8 * n,
      f32x4.demote_f64x2_zero(f64x2.div(shortMeans, longMeans)),
      0,
    );
  }
  v128.store(S_SHORT, shortMeans);
  v128.store(S_LONG, longMeans);
}

/** Adds the squares of the log₂ of the block's ratios to their sums. */
function addLogarithms(count: i32): void {
  // A last vector that is only half full is filled up with ratios of 1.
  if (count & 1) {
    f32.store(RATIOS + 8 * count, 1.0);
    f32.store(RATIOS + 8 * count, 1.0, 4);
  }
  let total = v128.load(SUM_LEVEL);
  for (let n = 0; n < count; n += 2) {
    const level = log2(v128.load(RATIOS + 8 * n), TABLE);
    const square = f32x4.mul(level, level);
    total = f64x2.add(total, f64x2.promote_low_f32x4(square));
    total = f64x2.add(
      total,
      f64x2.promote_low_f32x4(v128.shuffle<f32>(square, square, 2, 3, 2, 3)),
    );
  }
  v128.store(SUM_LEVEL, total);
}
