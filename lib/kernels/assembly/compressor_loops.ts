// @ts-nocheck: AssemblyScript, compiled by lib/kernels/build.ts
/**
 * The loops that the compressor's kernels consist of; compressor.ts says what
 * they compute and in which order they run.
 *
 * A loop holds no more states and sums than the vector registers of x86-64 (16)
 * can: a state that the runtime keeps on the stack makes the recurrence wait some
 * nine cycles longer every sample. What one loop leaves for another is stored.
 */

import {
  D_0,
  D_1,
  D_S,
  DRIVE,
  is,
  isExact,
  keeps,
  LEVEL,
  M_CONSTANTS,
  M_DRIVES,
  M_MODELS,
  MODEL,
  P_ATTACK,
  P_LOW,
  P_MAKE_UP,
  P_RELEASE,
  P_SLOPE,
  P_THRESHOLD,
  RECORD,
  S_DROP,
  S_ERROR,
  S_GOAL,
  STASH,
  TARGET,
  V_FILTER,
  V_GAIN,
  V_GAIN_LOW,
  V_STATES,
  V_STATIC,
  V_STATIC_SECOND,
  V_TIME,
  V_TIME_SECOND,
  VOICE,
  Y_ENERGY,
  Y_ERROR_MODEL,
  Y_GRADIENT,
  Y_LOSS,
  Y_SQUARES,
  Y_STATIC_SECOND,
  Y_TARGET,
  Y_TIME_SECOND,
} from "./compressor_layout";
import {
  addTo,
  C_E0,
  C_E1,
  C_E2,
  C_E3,
  C_E4,
  C_E5,
  C_LEAK,
  C_MAGIC,
  C_POLE,
  exp2,
  log2,
  madd,
  nmadd,
  select,
  settled,
} from "./simd";

/** A stretch of records, see prepare(); Σ y² of it. */
export function interleave(
  scratch: usize,
  records: usize,
  dry: usize,
  heard: usize,
  wet: usize,
  o1: usize,
  o2: usize,
  o3: usize,
  used: v128,
  length: u32,
  stride: usize,
): v128 {
  const table = scratch + M_CONSTANTS;
  const leak = v128.load(table, C_LEAK);
  const floor = f32x4.splat(1e-8);
  let s = v128.load(scratch, V_FILTER);
  let energy = f32x4.splat(0);
  const end = dry + 4 * length;
  for (; dry < end; dry += 4) {
    const x = v128.and(gather(dry, o1, o2, o3), used);
    let h = x;
    if (heard != dry) h = v128.and(gather(heard, o1, o2, o3), used);
    const y = f32x4.sub(v128.and(gather(wet, o1, o2, o3), used), s);
    s = settled(madd(leak, y, s));
    energy = madd(y, y, energy);
    v128.store(records, x);
    v128.store(records, log2(f32x4.pmax(f32x4.abs(h), floor), table), LEVEL);
    v128.store(records, f32x4.neg(y), TARGET);
    heard += 4;
    wet += 4;
    records += stride;
  }
  v128.store(scratch, s, V_FILTER);
  return energy;
}

/** The numbers at `at` and at `o1`, `o2` and `o3` bytes from there. */
@inline
function gather(at: usize, o1: usize, o2: usize, o3: usize): v128 {
  let lanes = v128.load32_zero(at);
  lanes = v128.load_lane<f32>(at + o1, lanes, 1);
  lanes = v128.load_lane<f32>(at + o2, lanes, 2);
  return v128.load_lane<f32>(at + o3, lanes, 3);
}

/** Static gain ĝ, of two quads in turn so that they wait for memory together. */
export function staticGain<Pair, Order>(
  scratch: usize,
  records: usize,
  other: usize,
  stash: usize,
  length: u32,
): void {
  const threshold = v128.load(scratch, P_THRESHOLD);
  const slope = v128.load(scratch, P_SLOPE);
  const thresholdLow = v128.load(scratch, P_LOW + P_THRESHOLD);
  const slopeLow = v128.load(scratch, P_LOW + P_SLOPE);
  const table = scratch + M_CONSTANTS;
  const magic = v128.load(table, C_MAGIC);
  const e0 = v128.load(table, C_E0);
  const e1 = v128.load(table, C_E1);
  const e2 = v128.load(table, C_E2);
  const e3 = v128.load(table, C_E3);
  const e4 = v128.load(table, C_E4);
  const e5 = v128.load(table, C_E5);
  const zero = f32x4.splat(0);
  const end = records + RECORD * length;
  for (; records < end; records += RECORD) {
    let below = f32x4.sub(threshold, v128.load(records, LEVEL));
    if (isExact<Order>()) below = f32x4.add(below, thresholdLow);
    below = f32x4.pmin(zero, below);
    v128.store(
      stash,
      exp2(
        slope,
        below,
        isExact<Order>(),
        slopeLow,
        magic,
        e0,
        e1,
        e2,
        e3,
        e4,
        e5,
      ),
      S_GOAL,
    );
    if (is<Pair>()) {
      let below2 = f32x4.sub(threshold, v128.load(other, LEVEL));
      if (isExact<Order>()) below2 = f32x4.add(below2, thresholdLow);
      below2 = f32x4.pmin(zero, below2);
      v128.store(
        stash,
        exp2(
          slope,
          below2,
          isExact<Order>(),
          slopeLow,
          magic,
          e0,
          e1,
          e2,
          e3,
          e4,
          e5,
        ),
        VOICE + S_GOAL,
      );
      other += RECORD;
    }
    stash += STASH;
  }
}

/**
 * Gain g, model p and error e of one quad, or of two whose recurrences fill each
 * other's waiting time. Where other loops follow, the tail Σ 0.995^k e[k] goes to
 * `tail` and e, or 0 in warm-up, to the stash; else Σ e² and Σ p² are summed here.
 *
 * g is carried in two parts, as it falls and rises by less than single precision
 * resolves and must not stall. What rounding loses is made up for in the step
 * after next: in the next, it would be the longest way round the loop.
 */
export function ballistics<Pair, Counted, Order>(
  scratch: usize,
  records: usize,
  other: usize,
  stash: usize,
  tail: usize,
  decay: usize,
  length: u32,
): void {
  const attack = v128.load(scratch, P_ATTACK);
  const release = v128.load(scratch, P_RELEASE);
  const makeUp = v128.load(scratch, P_MAKE_UP);
  const attackLow = v128.load(scratch, P_LOW + P_ATTACK);
  const releaseLow = v128.load(scratch, P_LOW + P_RELEASE);
  const makeUpLow = v128.load(scratch, P_LOW + P_MAKE_UP);
  const leak = v128.load(scratch + M_CONSTANTS, C_LEAK);
  const zero = f32x4.splat(0);
  let gain = v128.load(scratch, V_GAIN);
  let low = v128.load(scratch, V_GAIN_LOW);
  let lost = zero;
  let s = v128.load(scratch, V_FILTER);
  let gain2 = zero, low2 = zero, lost2 = zero, s2 = zero;
  if (is<Pair>()) {
    gain2 = v128.load(scratch, VOICE + V_GAIN);
    low2 = v128.load(scratch, VOICE + V_GAIN_LOW);
    s2 = v128.load(scratch, VOICE + V_FILTER);
  }
  let loss = zero, energy = zero;
  let sum = zero, sum2 = zero;
  const end = records + RECORD * length;
  for (; records < end; records += RECORD) {
    const drop = f32x4.sub(gain, v128.load(stash, S_GOAL));
    const mask = f32x4.gt(drop, zero);
    const step = nmadd(select(mask, attack, release), drop, low);
    const next = f32x4.add(gain, step);
    low = lost;
    lost = f32x4.sub(step, f32x4.sub(next, gain));
    if (isExact<Order>()) {
      lost = nmadd(select(mask, attackLow, releaseLow), drop, lost);
    }
    gain = next;
    const p = f32x4.sub(f32x4.mul(v128.load(records), gain), s);
    s = madd(leak, p, s);
    if (keeps<Order>()) v128.store(stash, drop, S_DROP);
    if (is<Counted>()) {
      let e = v128.load(records, TARGET);
      if (isExact<Order>()) e = madd(makeUpLow, p, e);
      e = madd(makeUp, p, e);
      if (keeps<Order>()) {
        v128.store(stash, e, S_ERROR);
        sum = madd(e, v128.load32_splat(decay), sum);
      } else {
        loss = madd(e, e, loss);
        energy = madd(p, p, energy);
      }
    } else if (keeps<Order>()) v128.store(stash, zero, S_ERROR);
    if (is<Pair>()) {
      const drop2 = f32x4.sub(gain2, v128.load(stash, VOICE + S_GOAL));
      const mask2 = f32x4.gt(drop2, zero);
      const step2 = nmadd(select(mask2, attack, release), drop2, low2);
      const next2 = f32x4.add(gain2, step2);
      low2 = lost2;
      lost2 = f32x4.sub(step2, f32x4.sub(next2, gain2));
      if (isExact<Order>()) {
        lost2 = nmadd(select(mask2, attackLow, releaseLow), drop2, lost2);
      }
      gain2 = next2;
      const q = f32x4.sub(f32x4.mul(v128.load(other), gain2), s2);
      s2 = madd(leak, q, s2);
      if (keeps<Order>()) v128.store(stash, drop2, VOICE + S_DROP);
      if (is<Counted>()) {
        let e2 = v128.load(other, TARGET);
        if (isExact<Order>()) e2 = madd(makeUpLow, q, e2);
        e2 = madd(makeUp, q, e2);
        if (keeps<Order>()) {
          v128.store(stash, e2, VOICE + S_ERROR);
          sum2 = madd(e2, v128.load32_splat(decay), sum2);
        } else {
          loss = madd(e2, e2, loss);
          energy = madd(q, q, energy);
        }
      } else if (keeps<Order>()) v128.store(stash, zero, VOICE + S_ERROR);
      other += RECORD;
    }
    stash += STASH;
    decay += 4;
  }
  v128.store(scratch, gain, V_GAIN);
  v128.store(scratch, f32x4.add(low, lost), V_GAIN_LOW);
  v128.store(scratch, s, V_FILTER);
  if (is<Pair>()) {
    v128.store(scratch, gain2, VOICE + V_GAIN);
    v128.store(scratch, f32x4.add(low2, lost2), VOICE + V_GAIN_LOW);
    v128.store(scratch, s2, VOICE + V_FILTER);
  }
  if (is<Counted>()) {
    if (keeps<Order>()) {
      v128.store(tail, sum);
      if (is<Pair>()) v128.store(tail, sum2, VOICE);
    } else {
      addTo(scratch + Y_LOSS, loss);
      addTo(scratch + Y_ENERGY, energy);
    }
  }
}

/**
 * Backwards from q: w = Fᵀe and z = w x, which replaces e; where the stretch is
 * counted, Σ e², Σ p² and Σ e p. Returns q at the first sample.
 */
export function transpose<Counted>(
  scratch: usize,
  records: usize,
  stash: usize,
  length: u32,
  q: v128,
): v128 {
  const zero = f32x4.splat(0);
  const leak = v128.load(scratch + M_CONSTANTS, C_LEAK);
  const pole = v128.load(scratch + M_CONSTANTS, C_POLE);
  let loss = zero, energy = zero, errorModel = zero;
  const start = stash;
  records += RECORD * length;
  stash += STASH * length;
  if (length & 1) {
    records -= RECORD;
    stash -= STASH;
    const e = v128.load(stash, S_ERROR);
    v128.store(
      stash,
      f32x4.mul(v128.load(records), nmadd(leak, q, e)),
      S_ERROR,
    );
    q = madd(pole, q, e);
    if (is<Counted>()) {
      const p = f32x4.sub(e, v128.load(records, TARGET));
      loss = f32x4.mul(e, e);
      energy = f32x4.mul(p, p);
      errorModel = f32x4.mul(e, p);
    }
  }
  // Two samples a turn: q waits for one multiply-add, not two.
  const pole2 = f32x4.mul(pole, pole);
  while (stash > start) {
    records -= 2 * RECORD;
    stash -= 2 * STASH;
    const e1 = v128.load(stash, STASH + S_ERROR);
    const e0 = v128.load(stash, S_ERROR);
    const z1 = f32x4.mul(v128.load(records, RECORD), nmadd(leak, q, e1));
    const q1 = madd(pole, q, e1);
    const z0 = f32x4.mul(v128.load(records), nmadd(leak, q1, e0));
    q = madd(pole2, q, madd(pole, e1, e0));
    v128.store(stash, z1, STASH + S_ERROR);
    v128.store(stash, z0, S_ERROR);
    if (is<Counted>()) {
      const p1 = f32x4.sub(e1, v128.load(records, RECORD + TARGET));
      const p0 = f32x4.sub(e0, v128.load(records, TARGET));
      loss = madd(e1, e1, loss);
      energy = madd(p1, p1, energy);
      errorModel = madd(e1, p1, errorModel);
      loss = madd(e0, e0, loss);
      energy = madd(p0, p0, energy);
      errorModel = madd(e0, p0, errorModel);
    }
  }
  if (is<Counted>()) {
    addTo(scratch + Y_LOSS, loss);
    addTo(scratch + Y_ENERGY, energy);
    addTo(scratch + Y_ERROR_MODEL, errorModel);
  }
  return q;
}

/** First derivatives of g and Σ z g_i. */
export function tangents(
  scratch: usize,
  voice: usize,
  records: usize,
  stash: usize,
  length: u32,
): void {
  const threshold = v128.load(scratch, P_THRESHOLD);
  const thresholdLow = v128.load(scratch, P_LOW + P_THRESHOLD);
  const attack = v128.load(scratch, P_ATTACK);
  const release = v128.load(scratch, P_RELEASE);
  const zero = f32x4.splat(0);
  let g0 = v128.load(voice, V_STATIC);
  let g1 = v128.load(voice, V_STATIC + 16);
  let ga = v128.load(voice, V_TIME);
  let gt = v128.load(voice, V_TIME + 16);
  let z0 = zero, z1 = zero, za = zero, zt = zero;
  const end = records + RECORD * length;
  for (; records < end; records += RECORD) {
    const margin = f32x4.sub(threshold, v128.load(records, LEVEL));
    const below = f32x4.pmin(zero, f32x4.add(margin, thresholdLow));
    const drop = v128.load(stash, S_DROP);
    const goal = v128.load(stash, S_GOAL);
    const alpha = select(f32x4.gt(drop, zero), attack, release);
    gt = nmadd(alpha, gt, f32x4.add(gt, drop));
    ga = nmadd(alpha, ga, f32x4.add(ga, f32x4.pmax(zero, drop)));
    const active = v128.and(goal, f32x4.lt(below, zero));
    g0 = madd(alpha, f32x4.sub(active, g0), g0);
    g1 = madd(alpha, f32x4.sub(f32x4.mul(below, goal), g1), g1);
    const z = v128.load(stash, S_ERROR);
    z1 = madd(z, g1, z1);
    zt = madd(z, gt, zt);
    za = madd(z, ga, za);
    z0 = madd(z, g0, z0);
    stash += STASH;
  }
  v128.store(voice, g0, V_STATIC);
  v128.store(voice, g1, V_STATIC + 16);
  v128.store(voice, ga, V_TIME);
  v128.store(voice, gt, V_TIME + 16);
  const sums = scratch + Y_GRADIENT;
  addTo(sums, z0);
  addTo(sums + 16, z1);
  addTo(sums + 32, za);
  addTo(sums + 48, zt);
}

/**
 * First derivatives by the static curve, G₀, G₁, p₀ and p₁, or in their places by
 * the `Time`s, Ga, Gt, pa and pt; leaves what drives the second derivatives.
 */
export function firstDerivatives<Time, Sums>(
  scratch: usize,
  voice: usize,
  records: usize,
  stash: usize,
  length: u32,
): void {
  const threshold = v128.load(scratch, P_THRESHOLD);
  const attack = v128.load(scratch, P_ATTACK);
  const release = v128.load(scratch, P_RELEASE);
  const leak = v128.load(scratch + M_CONSTANTS, C_LEAK);
  const zero = f32x4.splat(0);
  const states = voice + (is<Time>() ? V_TIME : V_STATIC);
  let g0 = v128.load(states);
  let g1 = v128.load(states, 16);
  let s0 = v128.load(states, 32);
  let s1 = v128.load(states, 48);
  let z0 = zero, z1 = zero;
  let models = scratch + M_MODELS + (is<Time>() ? 32 : 0);
  let drives = scratch + M_DRIVES;
  const end = records + RECORD * length;
  for (; records < end; records += RECORD) {
    const drop = v128.load(stash, S_DROP);
    const alpha = select(f32x4.gt(drop, zero), attack, release);
    const z = is<Sums>() ? v128.load(stash, S_ERROR) : zero;
    const x = is<Sums>() ? v128.load(records) : zero;
    if (is<Time>()) {
      v128.store(drives, g0, D_0);
      g0 = nmadd(alpha, g0, f32x4.add(g0, f32x4.pmax(zero, drop)));
      v128.store(drives, g1, D_1);
      g1 = nmadd(alpha, g1, f32x4.add(g1, drop));
    } else {
      const margin = f32x4.sub(threshold, v128.load(records, LEVEL));
      const below = f32x4.pmin(zero, margin);
      const goal = v128.load(stash, S_GOAL);
      const d0 = f32x4.sub(v128.and(goal, f32x4.lt(below, zero)), g0);
      v128.store(drives, d0, D_0);
      g0 = madd(alpha, d0, g0);
      const by = f32x4.mul(below, goal);
      const d1 = f32x4.sub(by, g1);
      v128.store(drives, f32x4.mul(alpha, f32x4.mul(below, by)), D_S);
      g1 = madd(alpha, d1, g1);
      v128.store(drives, d1, D_1);
    }
    if (is<Sums>()) {
      z0 = madd(z, g0, z0);
      const p0 = f32x4.sub(f32x4.mul(x, g0), s0);
      s0 = madd(leak, p0, s0);
      v128.store(models, p0);
      z1 = madd(z, g1, z1);
      const p1 = f32x4.sub(f32x4.mul(x, g1), s1);
      s1 = madd(leak, p1, s1);
      v128.store(models, p1, 16);
    }
    stash += STASH;
    models += MODEL;
    drives += DRIVE;
  }
  v128.store(states, g0);
  v128.store(states, g1, 16);
  if (is<Sums>()) {
    v128.store(states, s0, 32);
    v128.store(states, s1, 48);
    const sums = scratch + Y_GRADIENT + (is<Time>() ? 32 : 0);
    addTo(sums, z0);
    addTo(sums + 16, z1);
  }
}

/**
 * Second derivatives, after the first ones: a0, a1, t0 and t1, or in their places
 * those of the `Time`s, aa, rr and tt, with ss.
 */
export function secondDerivatives<Time, Sums>(
  scratch: usize,
  voice: usize,
  stash: usize,
  length: u32,
): void {
  const one = v128.load(scratch + M_CONSTANTS, C_E0);
  const attack = f32x4.sub(one, v128.load(scratch, P_ATTACK));
  const release = f32x4.sub(one, v128.load(scratch, P_RELEASE));
  const zero = f32x4.splat(0);
  const states = voice + (is<Time>() ? V_TIME_SECOND : V_STATIC_SECOND);
  let a0 = v128.load(states);
  let a1 = v128.load(states, 16);
  let t0 = v128.load(states, 32);
  let t1 = v128.load(states, 48);
  let za0 = zero, za1 = zero, zt0 = zero, zt1 = zero;
  let drives = scratch + M_DRIVES;
  const end = drives + DRIVE * length;
  for (; drives < end; drives += DRIVE) {
    const mask = f32x4.gt(v128.load(stash, S_DROP), zero);
    const beta = select(mask, attack, release);
    const z = is<Sums>() ? v128.load(stash, S_ERROR) : zero;
    const d0 = v128.load(drives, D_0);
    t0 = madd(beta, t0, is<Time>() ? v128.load(drives, D_S) : d0);
    a0 = madd(beta, a0, v128.and(mask, d0));
    if (is<Sums>()) za0 = madd(z, a0, za0);
    if (is<Sums>()) zt0 = madd(z, t0, zt0);
    const d1 = v128.load(drives, D_1);
    t1 = madd(beta, t1, d1);
    a1 = is<Time>()
      ? madd(beta, a1, v128.andnot(f32x4.sub(d1, d0), mask))
      : madd(beta, a1, v128.and(mask, d1));
    if (is<Sums>()) za1 = madd(z, a1, za1);
    if (is<Sums>()) zt1 = madd(z, t1, zt1);
    stash += STASH;
  }
  v128.store(states, a0);
  v128.store(states, a1, 16);
  v128.store(states, t0, 32);
  v128.store(states, t1, 48);
  if (is<Sums>()) {
    const sums = scratch + (is<Time>() ? Y_TIME_SECOND : Y_STATIC_SECOND);
    addTo(sums, za0);
    addTo(sums + 16, za1);
    addTo(sums + 32, zt0);
    addTo(sums + 48, zt1);
  }
}

/**
 * Σ −y p_i and Σ p_i p_j of i, j ∈ {0, 1}. Even and odd samples have sums of their
 * own, so that none waits for its last addition.
 */
export function staticProducts(
  scratch: usize,
  records: usize,
  models: usize,
  length: u32,
): void {
  const zero = f32x4.splat(0);
  let y0 = zero, y1 = zero, c00 = zero, c01 = zero, c11 = zero;
  let z0 = zero, z1 = zero, d00 = zero, d01 = zero, d11 = zero;
  const end = models + MODEL * length;
  if (length & 1) {
    const y = v128.load(records, TARGET);
    const p0 = v128.load(models);
    const p1 = v128.load(models, 16);
    y0 = f32x4.mul(y, p0);
    y1 = f32x4.mul(y, p1);
    c00 = f32x4.mul(p0, p0);
    c01 = f32x4.mul(p0, p1);
    c11 = f32x4.mul(p1, p1);
    records += RECORD;
    models += MODEL;
  }
  for (; models < end; models += 2 * MODEL) {
    const y = v128.load(records, TARGET);
    const p0 = v128.load(models);
    y0 = madd(y, p0, y0);
    c00 = madd(p0, p0, c00);
    const p1 = v128.load(models, 16);
    y1 = madd(y, p1, y1);
    c01 = madd(p0, p1, c01);
    c11 = madd(p1, p1, c11);
    const z = v128.load(records, RECORD + TARGET);
    const q0 = v128.load(models, MODEL);
    z0 = madd(z, q0, z0);
    d00 = madd(q0, q0, d00);
    const q1 = v128.load(models, MODEL + 16);
    z1 = madd(z, q1, z1);
    d01 = madd(q0, q1, d01);
    d11 = madd(q1, q1, d11);
    records += 2 * RECORD;
  }
  addTo(scratch + Y_TARGET, f32x4.add(y0, z0));
  addTo(scratch + Y_TARGET + 16, f32x4.add(y1, z1));
  addTo(scratch + Y_SQUARES, f32x4.add(c00, d00));
  addTo(scratch + Y_SQUARES + 16, f32x4.add(c01, d01));
  addTo(scratch + Y_SQUARES + 64, f32x4.add(c11, d11));
}

/** Σ −y p_i and Σ p_i p_j of i ∈ {a, t} and all j. */
export function timeProducts(
  scratch: usize,
  records: usize,
  models: usize,
  length: u32,
): void {
  const zero = f32x4.splat(0);
  let ya = zero, yt = zero, c0a = zero, c0t = zero, c1a = zero, c1t = zero;
  let caa = zero, cat = zero, ctt = zero;
  const end = models + MODEL * length;
  for (; models < end; models += MODEL) {
    const pa = v128.load(models, 32);
    const pt = v128.load(models, 48);
    const p0 = v128.load(models);
    c0a = madd(p0, pa, c0a);
    c0t = madd(p0, pt, c0t);
    const p1 = v128.load(models, 16);
    c1a = madd(p1, pa, c1a);
    c1t = madd(p1, pt, c1t);
    const y = v128.load(records, TARGET);
    ya = madd(y, pa, ya);
    yt = madd(y, pt, yt);
    caa = madd(pa, pa, caa);
    cat = madd(pa, pt, cat);
    ctt = madd(pt, pt, ctt);
    records += RECORD;
  }
  addTo(scratch + Y_TARGET + 32, ya);
  addTo(scratch + Y_TARGET + 48, yt);
  addTo(scratch + Y_SQUARES + 32, c0a);
  addTo(scratch + Y_SQUARES + 48, c0t);
  addTo(scratch + Y_SQUARES + 80, c1a);
  addTo(scratch + Y_SQUARES + 96, c1t);
  addTo(scratch + Y_SQUARES + 112, caa);
  addTo(scratch + Y_SQUARES + 128, cat);
  addTo(scratch + Y_SQUARES + 144, ctt);
}

/** Clears what of a voice's states has decayed; see `settled`. */
export function settle(voice: usize): void {
  v128.store(voice, settled(v128.load(voice, V_FILTER)), V_FILTER);
  const end = voice + V_STATES;
  for (let at = voice + V_STATIC; at < end; at += 16) {
    v128.store(at, settled(v128.load(at)));
  }
}
