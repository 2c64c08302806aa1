// @ts-nocheck: AssemblyScript, compiled by lib/kernels/build.ts
/**
 * The peak-detector compressor as a stream, and its score against a recording.
 *
 * A block goes through two loops. The first has no memory and does four samples
 * at a time: level, static gain ĝ, and the two products aĝ and rĝ. The second
 * carries the state. The branch of the ballistics is a minimum (a maximum where
 * the attack is slower than the release),
 *
 *     g[n] = min((1 − a) g[n−1] + aĝ[n], (1 − r) g[n−1] + rĝ[n])
 *
 * so both sides are one multiply-add in the two lanes of a double-precision
 * vector, and the sample waits for that and a minimum: about ten cycles.
 *
 * In the same loop `score` filters the error and the target by the pre-emphasis
 * F, adds up their squares, and follows the short and long mean squares of model
 * and target for their loudness dynamic range, whose logarithms are again taken
 * four at a time. F is linear, so the model's output is error plus target.
 *
 * Everything lives at fixed addresses; see the constants below.
 */

import { exp2, log2 } from "./simd";

/** Most samples in a block. */
const BLOCK: i32 = 2048;

// Parameters, written by the host in this order: f64 each.
const P_THRESHOLD: usize = 64; // log₂ of the threshold's amplitude
const P_SLOPE: usize = 72;
const P_ATTACK: usize = 80;
const P_RELEASE: usize = 88;
const P_MAKE_UP: usize = 96; // factor c
const P_SHORT: usize = 104; // coefficients of the mean squares
const P_LONG: usize = 112;

// State: f64 each, pairs on 16 bytes.
const S_GAIN: usize = 128;
const S_LAST: usize = 144; // error and target at n − 1
const S_FILTERED: usize = 160; // F of error and target at n − 1
const S_MODEL: usize = 176; // short and long mean square of the model
const S_TARGET: usize = 192; // and of the target

// Sums: f64 pairs.
const SUM_ENERGY: usize = 208; // Σ of the squares of error and target
const SUM_LEVEL: usize = 224; // Σ (log₂ short/long)² of model and target

const INPUT: usize = 240;
const TARGET: usize = INPUT + 4 * BLOCK;
const OUTPUT: usize = TARGET + 4 * BLOCK;
const SOURCES: usize = OUTPUT + 4 * BLOCK; // aĝ and rĝ, f64 pairs
const RATIOS: usize = SOURCES + 16 * BLOCK; // short/long of model and target
const END: usize = RATIOS + 8 * BLOCK;

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

/** Where g of the last sample stands. */
export function gainAddress(): usize {
  return S_GAIN;
}

/** Bytes of memory the kernel needs. */
export function memoryBytes(): usize {
  return END;
}

/** Puts the stream at rest and the sums at zero. */
export function reset(): void {
  memory.fill(S_GAIN, 0, INPUT - S_GAIN);
  f64.store(S_GAIN, 1.0);
}

@inline
function pairOf(first: f64, second: f64): v128 {
  return f64x2.replace_lane(f64x2.splat(first), 1, second);
}

@inline
function maddPair(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f64x2.relaxed_madd(a, b, c);
  return f64x2.add(f64x2.mul(a, b), c);
}

/** Static gains of the block's first `count` samples, times a and r. */
function prepareSources(count: i32): void {
  const threshold = f32x4.splat(<f32> f64.load(P_THRESHOLD));
  const slope = f32x4.splat(<f32> f64.load(P_SLOPE));
  const coefficients = v128.load(P_ATTACK);
  const zero = f32x4.splat(0.0);
  const floor = f32x4.splat(LEVEL_FLOOR);
  const magic = f32x4.splat(12582912.0);
  const e0 = f32x4.splat(1.0);
  const e1 = f32x4.splat(0.6931467056274414);
  const e2 = f32x4.splat(0.2402230203151703);
  const e3 = f32x4.splat(0.05551067367196083);
  const e4 = f32x4.splat(0.009668875485658646);
  const e5 = f32x4.splat(0.0013179630041122437);
  for (let n = 0; n < count; n += 4) {
    const x = v128.load(INPUT + 4 * n);
    const level = log2(f32x4.max(f32x4.abs(x), floor));
    const below = f32x4.min(f32x4.sub(threshold, level), zero);
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
    const at = SOURCES + 16 * n;
    const low = f64x2.promote_low_f32x4(gain);
    const high = f64x2.promote_low_f32x4(
      v128.shuffle<f32>(gain, gain, 2, 3, 2, 3),
    );
    v128.store(
      at,
      f64x2.mul(coefficients, v128.shuffle<f64>(low, low, 0, 0)),
    );
    v128.store(
      at,
      f64x2.mul(coefficients, v128.shuffle<f64>(low, low, 1, 1)),
      16,
    );
    v128.store(
      at,
      f64x2.mul(coefficients, v128.shuffle<f64>(high, high, 0, 0)),
      32,
    );
    v128.store(
      at,
      f64x2.mul(coefficients, v128.shuffle<f64>(high, high, 1, 1)),
      48,
    );
  }
}

/** One step of the ballistics; both lanes of the result are g[n]. */
@inline
function follow(gain: v128, keep: v128, at: usize, isConcave: bool): v128 {
  const sides = maddPair(gain, keep, v128.load(at));
  const swapped = v128.shuffle<f64>(sides, sides, 1, 0);
  return isConcave ? f64x2.pmin(sides, swapped) : f64x2.pmax(sides, swapped);
}

/** Renders the block's first `count` samples from INPUT to OUTPUT. */
export function render(count: i32): void {
  prepareSources(count);
  if (f64.load(P_ATTACK) >= f64.load(P_RELEASE)) renderFrom(count, true);
  else renderFrom(count, false);
}

@inline
function renderFrom(count: i32, isConcave: bool): void {
  const keep = f64x2.sub(f64x2.splat(1.0), v128.load(P_ATTACK));
  const makeUp = f64.load(P_MAKE_UP);
  let gain = f64x2.splat(f64.load(S_GAIN));
  for (let n = 0; n < count; n++) {
    gain = follow(gain, keep, SOURCES + 16 * n, isConcave);
    const x = <f64> f32.load(INPUT + 4 * n);
    f32.store(
      OUTPUT + 4 * n,
      <f32> (makeUp * f64x2.extract_lane(gain, 0) * x),
    );
  }
  f64.store(S_GAIN, f64x2.extract_lane(gain, 0));
}

/**
 * Scores the block's first `count` samples, INPUT through the model against
 * TARGET, by the energies alone.
 */
export function scoreEnergy(count: i32): void {
  prepareSources(count);
  if (f64.load(P_ATTACK) >= f64.load(P_RELEASE)) scoreFrom(count, true, false);
  else scoreFrom(count, false, false);
}

/** As `scoreEnergy`, and follows the loudness dynamic ranges. */
export function score(count: i32): void {
  prepareSources(count);
  if (f64.load(P_ATTACK) >= f64.load(P_RELEASE)) scoreFrom(count, true, true);
  else scoreFrom(count, false, true);
  addLogarithms(count);
}

@inline
function scoreFrom(count: i32, isConcave: bool, withLdr: bool): void {
  const keep = f64x2.sub(f64x2.splat(1.0), v128.load(P_ATTACK));
  const makeUp = f64.load(P_MAKE_UP);
  const pole = f64x2.splat(POLE);
  const coefficients = v128.load(P_SHORT);
  const keepSquare = f64x2.sub(f64x2.splat(1.0), coefficients);
  let gain = f64x2.splat(f64.load(S_GAIN));
  let last = v128.load(S_LAST);
  let filtered = v128.load(S_FILTERED);
  let model = v128.load(S_MODEL);
  let target = v128.load(S_TARGET);
  let energy = v128.load(SUM_ENERGY);
  for (let n = 0; n < count; n++) {
    gain = follow(gain, keep, SOURCES + 16 * n, isConcave);
    const x = <f64> f32.load(INPUT + 4 * n);
    const y = <f64> f32.load(TARGET + 4 * n);
    const error = makeUp * f64x2.extract_lane(gain, 0) * x - y;
    const now = pairOf(error, y);
    filtered = maddPair(pole, filtered, f64x2.sub(now, last));
    last = now;
    energy = maddPair(filtered, filtered, energy);
    if (!withLdr) continue;
    const q = f64x2.extract_lane(filtered, 1);
    const p = f64x2.extract_lane(filtered, 0) + q;
    model = maddPair(
      keepSquare,
      model,
      f64x2.mul(coefficients, f64x2.splat(max(p * p, LDR_FLOOR))),
    );
    target = maddPair(
      keepSquare,
      target,
      f64x2.mul(coefficients, f64x2.splat(max(q * q, LDR_FLOOR))),
    );
    v128.store64_lane(
      RATIOS + 8 * n,
      f32x4.demote_f64x2_zero(
        f64x2.div(
          v128.shuffle<f64>(model, target, 0, 2),
          v128.shuffle<f64>(model, target, 1, 3),
        ),
      ),
      0,
    );
  }
  f64.store(S_GAIN, f64x2.extract_lane(gain, 0));
  v128.store(S_LAST, last);
  v128.store(S_FILTERED, filtered);
  v128.store(S_MODEL, model);
  v128.store(S_TARGET, target);
  v128.store(SUM_ENERGY, energy);
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
    const level = log2(v128.load(RATIOS + 8 * n));
    const square = f32x4.mul(level, level);
    total = f64x2.add(total, f64x2.promote_low_f32x4(square));
    total = f64x2.add(
      total,
      f64x2.promote_low_f32x4(v128.shuffle<f32>(square, square, 2, 3, 2, 3)),
    );
  }
  v128.store(SUM_LEVEL, total);
}
