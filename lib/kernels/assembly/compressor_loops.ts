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
  AVERAGE,
  D_0,
  D_1,
  D_2,
  D_A,
  D_SV,
  D_T,
  D_V,
  D_VV,
  DRIVE,
  is,
  LEVEL,
  M_AVERAGES,
  M_CONSTANTS,
  M_DECAY,
  M_DRIVES,
  M_MODELS,
  M_SUMS,
  MODEL,
  P_ATTACK,
  P_AVERAGING,
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
  V_AVERAGING,
  V_FILTER,
  V_GAIN,
  V_GAIN_LOW,
  V_MEAN,
  V_STATES,
  V_STATIC,
  V_TIME,
  Y_AVERAGING,
  Y_ENERGY,
  Y_ERROR_MODEL,
  Y_GRADIENT,
  Y_LOSS,
  Y_MIXED,
  Y_SQUARES,
  Y_STATIC,
  Y_TARGET,
  Y_TIME,
} from "./compressor_layout";
import {
  addTo,
  C_E0,
  C_E1,
  C_E2,
  C_E3,
  C_E4,
  C_E5,
  C_L1,
  C_L2,
  C_L3,
  C_L4,
  C_L5,
  C_L6,
  C_L7,
  C_LEAK,
  C_MAGIC,
  C_POLE,
  C_ROOT,
  exp2,
  log2,
  log2By,
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
  lanes: i32,
  length: u32,
  rms: bool,
): v128 {
  const used = i32x4.gt_s(i32x4.splat(lanes), i32x4(0, 1, 2, 3));
  const leak = v128.load(scratch + M_CONSTANTS, C_LEAK);
  // Both detectors have the same floor, of |x| and of x².
  const floor = f32x4.splat(1e-8);
  let s = v128.load(scratch, V_FILTER);
  let energy = f32x4.splat(0);
  const end = dry + 4 * length;
  for (; dry < end; dry += 4) {
    let x = v128.load32_zero(dry);
    x = v128.load_lane<f32>(dry + o1, x, 1);
    x = v128.load_lane<f32>(dry + o2, x, 2);
    x = v128.load_lane<f32>(dry + o3, x, 3);
    let h = v128.load32_zero(heard);
    h = v128.load_lane<f32>(heard + o1, h, 1);
    h = v128.load_lane<f32>(heard + o2, h, 2);
    h = v128.load_lane<f32>(heard + o3, h, 3);
    let y = v128.load32_zero(wet);
    y = v128.load_lane<f32>(wet + o1, y, 1);
    y = v128.load_lane<f32>(wet + o2, y, 2);
    y = v128.load_lane<f32>(wet + o3, y, 3);
    x = v128.and(x, used);
    h = v128.and(h, used);
    y = f32x4.sub(v128.and(y, used), s);
    s = settled(madd(leak, y, s));
    energy = madd(y, y, energy);
    v128.store(records, x);
    if (rms) {
      v128.store(records, f32x4.pmax(f32x4.mul(h, h), floor), LEVEL);
    } else {
      v128.store(records, log2(f32x4.pmax(f32x4.abs(h), floor)), LEVEL);
    }
    v128.store(records, f32x4.neg(y), TARGET);
    heard += 4;
    wet += 4;
    records += RECORD;
  }
  v128.store(scratch, s, V_FILTER);
  return energy;
}

/** Static gain ĝ, of two quads in turn so that they wait for memory together. */
export function staticGain<Pair, Exact>(
  scratch: usize,
  records: usize,
  stash: usize,
  otherRecords: usize,
  otherStash: usize,
  length: u32,
  parameters: usize,
): void {
  const threshold = v128.load(parameters, P_THRESHOLD);
  const slope = v128.load(parameters, P_SLOPE);
  const thresholdLow = v128.load(parameters, P_LOW + P_THRESHOLD);
  const slopeLow = v128.load(parameters, P_LOW + P_SLOPE);
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
    if (is<Exact>()) below = f32x4.add(below, thresholdLow);
    below = f32x4.pmin(zero, below);
    v128.store(
      stash,
      exp2(
        slope,
        below,
        is<Exact>(),
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
    stash += STASH;
    if (is<Pair>()) {
      let below2 = f32x4.sub(threshold, v128.load(otherRecords, LEVEL));
      if (is<Exact>()) below2 = f32x4.add(below2, thresholdLow);
      below2 = f32x4.pmin(zero, below2);
      v128.store(
        otherStash,
        exp2(
          slope,
          below2,
          is<Exact>(),
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
      otherRecords += RECORD;
      otherStash += STASH;
    }
  }
}

/**
 * Mean square of the RMS detector, m[n] = m[n−1] + v (q − m[n−1]) with q from the
 * records, of one quad or two.
 */
export function meanSquare<Pair, Exact>(
  voice: usize,
  records: usize,
  belows: usize,
  otherVoice: usize,
  otherRecords: usize,
  otherBelows: usize,
  length: u32,
  parameters: usize,
): void {
  const averaging = v128.load(parameters, P_AVERAGING);
  const averagingLow = v128.load(parameters, P_LOW + P_AVERAGING);
  const zero = f32x4.splat(0);
  let mean = v128.load(voice, V_MEAN);
  let mean2 = is<Pair>() ? v128.load(otherVoice, V_MEAN) : zero;
  const end = records + RECORD * length;
  for (; records < end; records += RECORD) {
    const rise = f32x4.sub(v128.load(records, LEVEL), mean);
    if (is<Exact>()) mean = madd(averagingLow, rise, mean);
    mean = madd(averaging, rise, mean);
    v128.store(belows, mean);
    belows += 16;
    if (is<Pair>()) {
      const rise2 = f32x4.sub(v128.load(otherRecords, LEVEL), mean2);
      if (is<Exact>()) mean2 = madd(averagingLow, rise2, mean2);
      mean2 = madd(averaging, rise2, mean2);
      v128.store(otherBelows, mean2);
      otherRecords += RECORD;
      otherBelows += 16;
    }
  }
  v128.store(voice, mean, V_MEAN);
  if (is<Pair>()) v128.store(otherVoice, mean2, V_MEAN);
}

/**
 * Puts u = min(0, log₂ threshold²/m) in the place of the mean square m. That and
 * ĝ are a loop each, as one would hold more operations than can wait.
 */
export function belowThreshold<Exact>(
  scratch: usize,
  belows: usize,
  length: u32,
  parameters: usize,
): void {
  const threshold = v128.load(parameters, P_THRESHOLD);
  const thresholdLow = v128.load(parameters, P_LOW + P_THRESHOLD);
  const table = scratch + M_CONSTANTS;
  const one = v128.load(table, C_E0);
  const root = v128.load(table, C_ROOT);
  const l1 = v128.load(table, C_L1);
  const l2 = v128.load(table, C_L2);
  const l3 = v128.load(table, C_L3);
  const l4 = v128.load(table, C_L4);
  const l5 = v128.load(table, C_L5);
  const l6 = v128.load(table, C_L6);
  const l7 = v128.load(table, C_L7);
  const zero = f32x4.splat(0);
  const end = belows + 16 * length;
  for (; belows < end; belows += 16) {
    const mean = v128.load(belows);
    let below = f32x4.sub(
      threshold,
      log2By(mean, root, one, l1, l2, l3, l4, l5, l6, l7),
    );
    if (is<Exact>()) below = f32x4.add(below, thresholdLow);
    v128.store(belows, f32x4.pmin(zero, below));
  }
}

/** Static gain ĝ from u. */
export function staticGainRms<Exact>(
  scratch: usize,
  stash: usize,
  belows: usize,
  length: u32,
  parameters: usize,
): void {
  const slope = v128.load(parameters, P_SLOPE);
  const slopeLow = v128.load(parameters, P_LOW + P_SLOPE);
  const table = scratch + M_CONSTANTS;
  const magic = v128.load(table, C_MAGIC);
  const e0 = v128.load(table, C_E0);
  const e1 = v128.load(table, C_E1);
  const e2 = v128.load(table, C_E2);
  const e3 = v128.load(table, C_E3);
  const e4 = v128.load(table, C_E4);
  const e5 = v128.load(table, C_E5);
  const end = belows + 16 * length;
  for (; belows < end; belows += 16) {
    const goal = exp2(
      slope,
      v128.load(belows),
      is<Exact>(),
      slopeLow,
      magic,
      e0,
      e1,
      e2,
      e3,
      e4,
      e5,
    );
    v128.store(stash, goal, S_GOAL);
    stash += STASH;
  }
}

/**
 * Gain g, model p and error e of one quad, or of two whose recurrences fill each
 * other's waiting time. Where other loops follow (`Keep`) the tail Σ 0.995^k e[k]
 * goes to `tail` and `otherTail`; elsewhere Σ e² and Σ p² are summed here.
 *
 * g is carried in two parts, as it falls and rises by less than single precision
 * resolves and must not stall. What rounding loses is made up for in the step
 * after next: in the next, it would be the longest way round the loop.
 */
export function ballistics<Pair, Counted, Keep, Exact>(
  scratch: usize,
  voice: usize,
  records: usize,
  stash: usize,
  tail: usize,
  otherVoice: usize,
  otherRecords: usize,
  otherStash: usize,
  otherTail: usize,
  length: u32,
  skipped: u32,
  parameters: usize,
): void {
  const attack = v128.load(parameters, P_ATTACK);
  const release = v128.load(parameters, P_RELEASE);
  const makeUp = v128.load(parameters, P_MAKE_UP);
  const attackLow = v128.load(parameters, P_LOW + P_ATTACK);
  const releaseLow = v128.load(parameters, P_LOW + P_RELEASE);
  const makeUpLow = v128.load(parameters, P_LOW + P_MAKE_UP);
  const leak = v128.load(scratch + M_CONSTANTS, C_LEAK);
  const zero = f32x4.splat(0);
  let gain = v128.load(voice, V_GAIN);
  let low = v128.load(voice, V_GAIN_LOW);
  let lost = zero;
  let s = v128.load(voice, V_FILTER);
  let gain2 = zero, low2 = zero, lost2 = zero, s2 = zero;
  if (is<Pair>()) {
    gain2 = v128.load(otherVoice, V_GAIN);
    low2 = v128.load(otherVoice, V_GAIN_LOW);
    s2 = v128.load(otherVoice, V_FILTER);
  }
  let loss = zero, energy = zero;
  let sum = zero, sum2 = zero;
  let decay = scratch + M_DECAY + 4 * skipped;
  const end = records + RECORD * length;
  for (; records < end; records += RECORD) {
    const drop = f32x4.sub(gain, v128.load(stash, S_GOAL));
    const mask = f32x4.gt(drop, zero);
    const step = nmadd(select(mask, attack, release), drop, low);
    const next = f32x4.add(gain, step);
    low = lost;
    lost = f32x4.sub(step, f32x4.sub(next, gain));
    if (is<Exact>()) {
      lost = nmadd(select(mask, attackLow, releaseLow), drop, lost);
    }
    gain = next;
    const p = f32x4.sub(f32x4.mul(v128.load(records), gain), s);
    s = madd(leak, p, s);
    if (is<Keep>()) v128.store(stash, drop, S_DROP);
    if (is<Counted>()) {
      let e = v128.load(records, TARGET);
      if (is<Exact>()) e = madd(makeUpLow, p, e);
      e = madd(makeUp, p, e);
      if (is<Keep>()) {
        v128.store(stash, e, S_ERROR);
        sum = madd(e, v128.load32_splat(decay), sum);
      } else {
        loss = madd(e, e, loss);
        energy = madd(p, p, energy);
      }
    }
    stash += STASH;
    if (is<Pair>()) {
      const drop2 = f32x4.sub(gain2, v128.load(otherStash, S_GOAL));
      const mask2 = f32x4.gt(drop2, zero);
      const step2 = nmadd(select(mask2, attack, release), drop2, low2);
      const next2 = f32x4.add(gain2, step2);
      low2 = lost2;
      lost2 = f32x4.sub(step2, f32x4.sub(next2, gain2));
      if (is<Exact>()) {
        lost2 = nmadd(select(mask2, attackLow, releaseLow), drop2, lost2);
      }
      gain2 = next2;
      const q = f32x4.sub(f32x4.mul(v128.load(otherRecords), gain2), s2);
      s2 = madd(leak, q, s2);
      if (is<Keep>()) v128.store(otherStash, drop2, S_DROP);
      if (is<Counted>()) {
        let e2 = v128.load(otherRecords, TARGET);
        if (is<Exact>()) e2 = madd(makeUpLow, q, e2);
        e2 = madd(makeUp, q, e2);
        if (is<Keep>()) {
          v128.store(otherStash, e2, S_ERROR);
          sum2 = madd(e2, v128.load32_splat(decay), sum2);
        } else {
          loss = madd(e2, e2, loss);
          energy = madd(q, q, energy);
        }
      }
      otherRecords += RECORD;
      otherStash += STASH;
    }
    if (is<Counted>() && is<Keep>()) decay += 4;
  }
  v128.store(voice, gain, V_GAIN);
  v128.store(voice, f32x4.add(low, lost), V_GAIN_LOW);
  v128.store(voice, s, V_FILTER);
  if (is<Pair>()) {
    v128.store(otherVoice, gain2, V_GAIN);
    v128.store(otherVoice, f32x4.add(low2, lost2), V_GAIN_LOW);
    v128.store(otherVoice, s2, V_FILTER);
  }
  if (is<Counted>()) {
    if (is<Keep>()) {
      v128.store(tail, sum);
      if (is<Pair>()) v128.store(otherTail, sum2);
    } else {
      addTo(scratch + M_SUMS + Y_LOSS, loss);
      addTo(scratch + M_SUMS + Y_ENERGY, energy);
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
    addTo(scratch + M_SUMS + Y_LOSS, loss);
    addTo(scratch + M_SUMS + Y_ENERGY, energy);
    addTo(scratch + M_SUMS + Y_ERROR_MODEL, errorModel);
  }
  return q;
}

/** First derivatives of g and Σ z g_i. */
export function tangents<Rms>(
  scratch: usize,
  voice: usize,
  records: usize,
  stash: usize,
  belows: usize,
  length: u32,
  parameters: usize,
): void {
  const threshold = v128.load(parameters, P_THRESHOLD);
  const thresholdLow = v128.load(parameters, P_LOW + P_THRESHOLD);
  const attack = v128.load(parameters, P_ATTACK);
  const release = v128.load(parameters, P_RELEASE);
  const zero = f32x4.splat(0);
  let g0 = v128.load(voice, V_STATIC);
  let g1 = v128.load(voice, V_STATIC + 16);
  let ga = v128.load(voice, V_TIME);
  let gt = v128.load(voice, V_TIME + 16);
  let z0 = zero, z1 = zero, za = zero, zt = zero;
  const end = records + RECORD * length;
  for (; records < end; records += RECORD) {
    const below = is<Rms>() ? v128.load(belows) : f32x4.pmin(
      zero,
      f32x4.add(
        f32x4.sub(threshold, v128.load(records, LEVEL)),
        thresholdLow,
      ),
    );
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
    if (is<Rms>()) belows += 16;
  }
  v128.store(voice, g0, V_STATIC);
  v128.store(voice, g1, V_STATIC + 16);
  v128.store(voice, ga, V_TIME);
  v128.store(voice, gt, V_TIME + 16);
  const sums = scratch + M_SUMS + Y_GRADIENT;
  addTo(sums, z0);
  addTo(sums + 16, z1);
  addTo(sums + 32, za);
  addTo(sums + 48, zt);
}

/** G₀, G₁, p₀ and p₁; leaves what drives the second derivatives. */
export function staticDerivatives<Sums, Rms>(
  scratch: usize,
  voice: usize,
  records: usize,
  stash: usize,
  belows: usize,
  length: u32,
  parameters: usize,
): void {
  const threshold = v128.load(parameters, P_THRESHOLD);
  const attack = v128.load(parameters, P_ATTACK);
  const release = v128.load(parameters, P_RELEASE);
  const leak = v128.load(scratch + M_CONSTANTS, C_LEAK);
  const zero = f32x4.splat(0);
  let g0 = v128.load(voice, V_STATIC);
  let g1 = v128.load(voice, V_STATIC + 16);
  let s0 = v128.load(voice, V_STATIC + 32);
  let s1 = v128.load(voice, V_STATIC + 48);
  let z0 = zero, z1 = zero;
  let models = scratch + M_MODELS;
  let drives = scratch + M_DRIVES;
  const end = records + RECORD * length;
  for (; records < end; records += RECORD) {
    const alpha = select(
      f32x4.gt(v128.load(stash, S_DROP), zero),
      attack,
      release,
    );
    const z = is<Sums>() ? v128.load(stash, S_ERROR) : zero;
    const below = is<Rms>() ? v128.load(belows) : f32x4.pmin(
      zero,
      f32x4.sub(threshold, v128.load(records, LEVEL)),
    );
    const goal = v128.load(stash, S_GOAL);
    const d0 = f32x4.sub(v128.and(goal, f32x4.lt(below, zero)), g0);
    v128.store(drives, d0, D_0);
    g0 = madd(alpha, d0, g0);
    const by = f32x4.mul(below, goal);
    const d1 = f32x4.sub(by, g1);
    v128.store(drives, f32x4.mul(alpha, f32x4.mul(below, by)), D_2);
    const x = is<Sums>() ? v128.load(records) : zero;
    g1 = madd(alpha, d1, g1);
    v128.store(drives, d1, D_1);
    if (is<Sums>()) {
      z1 = madd(z, g1, z1);
      const p1 = f32x4.sub(f32x4.mul(x, g1), s1);
      s1 = madd(leak, p1, s1);
      v128.store(models, p1, 16);
    }
    if (is<Sums>()) {
      z0 = madd(z, g0, z0);
      const p0 = f32x4.sub(f32x4.mul(x, g0), s0);
      s0 = madd(leak, p0, s0);
      v128.store(models, p0);
    }
    stash += STASH;
    if (is<Rms>()) belows += 16;
    models += MODEL;
    drives += DRIVE;
  }
  v128.store(voice, g0, V_STATIC);
  v128.store(voice, g1, V_STATIC + 16);
  if (is<Sums>()) {
    v128.store(voice, s0, V_STATIC + 32);
    v128.store(voice, s1, V_STATIC + 48);
    addTo(scratch + M_SUMS + Y_GRADIENT, z0);
    addTo(scratch + M_SUMS + Y_GRADIENT + 16, z1);
  }
}

/** Second derivatives by a (or a and r) and the static curve. */
export function mixedDerivatives<Sums>(
  scratch: usize,
  voice: usize,
  stash: usize,
  length: u32,
  parameters: usize,
): void {
  const one = v128.load(scratch + M_CONSTANTS, C_E0);
  const attack = f32x4.sub(one, v128.load(parameters, P_ATTACK));
  const release = f32x4.sub(one, v128.load(parameters, P_RELEASE));
  const zero = f32x4.splat(0);
  let a0 = v128.load(voice, V_STATIC + 80);
  let t0 = v128.load(voice, V_STATIC + 96);
  let a1 = v128.load(voice, V_STATIC + 112);
  let t1 = v128.load(voice, V_STATIC + 128);
  let za0 = zero, zt0 = zero, za1 = zero, zt1 = zero;
  let drives = scratch + M_DRIVES;
  const end = drives + DRIVE * length;
  for (; drives < end; drives += DRIVE) {
    const mask = f32x4.gt(v128.load(stash, S_DROP), zero);
    const beta = select(mask, attack, release);
    const z = is<Sums>() ? v128.load(stash, S_ERROR) : zero;
    const d0 = v128.load(drives, D_0);
    t0 = madd(beta, t0, d0);
    a0 = madd(beta, a0, v128.and(mask, d0));
    if (is<Sums>()) za0 = madd(z, a0, za0);
    if (is<Sums>()) zt0 = madd(z, t0, zt0);
    const d1 = v128.load(drives, D_1);
    t1 = madd(beta, t1, d1);
    a1 = madd(beta, a1, v128.and(mask, d1));
    if (is<Sums>()) za1 = madd(z, a1, za1);
    if (is<Sums>()) zt1 = madd(z, t1, zt1);
    stash += STASH;
  }
  v128.store(voice, a0, V_STATIC + 80);
  v128.store(voice, t0, V_STATIC + 96);
  v128.store(voice, a1, V_STATIC + 112);
  v128.store(voice, t1, V_STATIC + 128);
  if (is<Sums>()) {
    const sums = scratch + M_SUMS + Y_STATIC;
    addTo(sums + 16, za0);
    addTo(sums + 32, zt0);
    addTo(sums + 48, za1);
    addTo(sums + 64, zt1);
  }
}

/** Ga, Gt, pa and pt; leaves what drives the second derivatives. */
export function timeDerivatives<Sums>(
  scratch: usize,
  voice: usize,
  records: usize,
  stash: usize,
  length: u32,
  parameters: usize,
): void {
  const attack = v128.load(parameters, P_ATTACK);
  const release = v128.load(parameters, P_RELEASE);
  const leak = v128.load(scratch + M_CONSTANTS, C_LEAK);
  const zero = f32x4.splat(0);
  let ga = v128.load(voice, V_TIME);
  let gt = v128.load(voice, V_TIME + 16);
  let sa = v128.load(voice, V_TIME + 32);
  let st = v128.load(voice, V_TIME + 48);
  let za = zero, zt = zero;
  let models = scratch + M_MODELS;
  let drives = scratch + M_DRIVES;
  const end = records + RECORD * length;
  for (; records < end; records += RECORD) {
    const drop = v128.load(stash, S_DROP);
    const z = is<Sums>() ? v128.load(stash, S_ERROR) : zero;
    const x = is<Sums>() ? v128.load(records) : zero;
    const alpha = select(f32x4.gt(drop, zero), attack, release);
    v128.store(drives, ga, D_A);
    ga = nmadd(alpha, ga, f32x4.add(ga, f32x4.pmax(zero, drop)));
    if (is<Sums>()) {
      za = madd(z, ga, za);
      const pa = f32x4.sub(f32x4.mul(x, ga), sa);
      sa = madd(leak, pa, sa);
      v128.store(models, pa, 32);
    }
    v128.store(drives, gt, D_T);
    gt = nmadd(alpha, gt, f32x4.add(gt, drop));
    if (is<Sums>()) {
      zt = madd(z, gt, zt);
      const pt = f32x4.sub(f32x4.mul(x, gt), st);
      st = madd(leak, pt, st);
      v128.store(models, pt, 48);
    }
    stash += STASH;
    models += MODEL;
    drives += DRIVE;
  }
  v128.store(voice, ga, V_TIME);
  v128.store(voice, gt, V_TIME + 16);
  if (is<Sums>()) {
    v128.store(voice, sa, V_TIME + 32);
    v128.store(voice, st, V_TIME + 48);
    addTo(scratch + M_SUMS + Y_GRADIENT + 32, za);
    addTo(scratch + M_SUMS + Y_GRADIENT + 48, zt);
  }
}

/** Second derivatives by s alone, and by a and r. */
export function pureDerivatives<Sums>(
  scratch: usize,
  voice: usize,
  stash: usize,
  length: u32,
  parameters: usize,
): void {
  const one = v128.load(scratch + M_CONSTANTS, C_E0);
  const attack = f32x4.sub(one, v128.load(parameters, P_ATTACK));
  const release = f32x4.sub(one, v128.load(parameters, P_RELEASE));
  const zero = f32x4.splat(0);
  let ss = v128.load(voice, V_STATIC + 64);
  let aa = v128.load(voice, V_TIME + 64);
  let rr = v128.load(voice, V_TIME + 80);
  let tt = v128.load(voice, V_TIME + 96);
  let zss = zero, zaa = zero, zrr = zero, ztt = zero;
  let drives = scratch + M_DRIVES;
  const end = drives + DRIVE * length;
  for (; drives < end; drives += DRIVE) {
    const z = is<Sums>() ? v128.load(stash, S_ERROR) : zero;
    const mask = f32x4.gt(v128.load(stash, S_DROP), zero);
    const ga = v128.load(drives, D_A);
    const beta = select(mask, attack, release);
    const gt = v128.load(drives, D_T);
    aa = madd(beta, aa, v128.and(mask, ga));
    ss = madd(beta, ss, v128.load(drives, D_2));
    if (is<Sums>()) zaa = madd(z, aa, zaa);
    rr = madd(beta, rr, v128.andnot(f32x4.sub(gt, ga), mask));
    tt = madd(beta, tt, gt);
    if (is<Sums>()) zss = madd(z, ss, zss);
    if (is<Sums>()) ztt = madd(z, tt, ztt);
    if (is<Sums>()) zrr = madd(z, rr, zrr);
    stash += STASH;
  }
  v128.store(voice, ss, V_STATIC + 64);
  v128.store(voice, aa, V_TIME + 64);
  v128.store(voice, rr, V_TIME + 80);
  v128.store(voice, tt, V_TIME + 96);
  if (is<Sums>()) {
    addTo(scratch + M_SUMS + Y_STATIC, zss);
    addTo(scratch + M_SUMS + Y_TIME, zaa);
    addTo(scratch + M_SUMS + Y_TIME + 16, zrr);
    addTo(scratch + M_SUMS + Y_TIME + 32, ztt);
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
  const sums = scratch + M_SUMS;
  addTo(sums + Y_TARGET, f32x4.add(y0, z0));
  addTo(sums + Y_TARGET + 16, f32x4.add(y1, z1));
  addTo(sums + Y_SQUARES, f32x4.add(c00, d00));
  addTo(sums + Y_SQUARES + 16, f32x4.add(c01, d01));
  addTo(sums + Y_SQUARES + 64, f32x4.add(c11, d11));
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
  const sums = scratch + M_SUMS;
  addTo(sums + Y_TARGET + 32, ya);
  addTo(sums + Y_TARGET + 48, yt);
  addTo(sums + Y_SQUARES + 32, c0a);
  addTo(sums + Y_SQUARES + 48, c0t);
  addTo(sums + Y_SQUARES + 80, c1a);
  addTo(sums + Y_SQUARES + 96, c1t);
  addTo(sums + Y_SQUARES + 112, caa);
  addTo(sums + Y_SQUARES + 128, cat);
  addTo(sums + Y_SQUARES + 144, ctt);
}

/**
 * Derivatives by the averaging coefficient v: Gv and p_v; leaves what drives its
 * second derivatives. With n the recurrence of which m_vv is −2 times:
 *
 *     m_v = (1 − v) m_v[n−1] + q − m[n−1]      n = (1 − v) n[n−1] + m_v[n−1]
 *     w = m_v / m                              h = n / m
 *     Gv += α (w ĝ − Gv)                       g_v = −(s/2) Gv
 *     sv = β sv + α u w ĝ                      g_sv = −½ Gv − (s ln2/4) sv
 *     vv = β vv + α (κ w² + h) ĝ               g_vv = s vv,   κ = ½ + s/4
 *
 * all on active samples, with u as this detector has it, twice that of the peaks.
 */
export function averagingDerivatives<Sums, Second>(
  scratch: usize,
  voice: usize,
  records: usize,
  stash: usize,
  belows: usize,
  length: u32,
  parameters: usize,
): void {
  const attack = v128.load(parameters, P_ATTACK);
  const release = v128.load(parameters, P_RELEASE);
  const averaging = v128.load(parameters, P_AVERAGING);
  const leak = v128.load(scratch + M_CONSTANTS, C_LEAK);
  const one = v128.load(scratch + M_CONSTANTS, C_E0);
  const keep = f32x4.sub(one, averaging);
  const half = f32x4.splat(0.5);
  const kappa = madd(half, v128.load(parameters, P_SLOPE), half);
  const zero = f32x4.splat(0);
  let mean = v128.load(voice, V_AVERAGING);
  let n = v128.load(voice, V_AVERAGING + 16);
  let meanV = v128.load(voice, V_AVERAGING + 32);
  let gv = v128.load(voice, V_AVERAGING + 48);
  let s = v128.load(voice, V_AVERAGING + 64);
  let zv = zero;
  let averages = scratch + M_AVERAGES;
  const end = records + RECORD * length;
  for (; records < end; records += RECORD) {
    const alpha = select(
      f32x4.gt(v128.load(stash, S_DROP), zero),
      attack,
      release,
    );
    const rise = f32x4.sub(v128.load(records, LEVEL), mean);
    if (is<Second>()) n = madd(keep, n, meanV);
    const below = v128.load(belows);
    meanV = nmadd(averaging, meanV, f32x4.add(meanV, rise));
    const active = v128.and(v128.load(stash, S_GOAL), f32x4.lt(below, zero));
    const weight = f32x4.mul(alpha, active);
    mean = madd(averaging, rise, mean);
    const inverse = f32x4.div(one, mean);
    const w = f32x4.mul(meanV, inverse);
    const d = f32x4.sub(f32x4.mul(w, active), gv);
    gv = madd(alpha, d, gv);
    if (is<Second>()) v128.store(averages, d, D_V);
    const h = f32x4.mul(f32x4.mul(n, inverse), weight);
    const by = f32x4.mul(w, weight);
    if (is<Sums>()) zv = madd(v128.load(stash, S_ERROR), gv, zv);
    if (is<Second>()) v128.store(averages, f32x4.mul(below, by), D_SV);
    if (is<Second>()) {
      v128.store(averages, madd(f32x4.mul(kappa, w), by, h), D_VV);
    }
    const p = f32x4.sub(f32x4.mul(v128.load(records), gv), s);
    if (is<Sums>() && is<Second>()) s = madd(leak, p, s);
    if (is<Sums>() && is<Second>()) v128.store(averages, p);
    averages += AVERAGE;
    stash += STASH;
    belows += 16;
  }
  v128.store(voice, mean, V_AVERAGING);
  v128.store(voice, meanV, V_AVERAGING + 32);
  v128.store(voice, gv, V_AVERAGING + 48);
  if (is<Second>()) {
    v128.store(voice, n, V_AVERAGING + 16);
    v128.store(voice, s, V_AVERAGING + 64);
  }
  if (is<Sums>()) addTo(scratch + M_SUMS + Y_AVERAGING, zv);
}

/** Second derivatives by v and a (or a and r), by v and s, and by v alone. */
export function mixedAveraging<Sums>(
  scratch: usize,
  voice: usize,
  stash: usize,
  length: u32,
  parameters: usize,
): void {
  const one = v128.load(scratch + M_CONSTANTS, C_E0);
  const attack = f32x4.sub(one, v128.load(parameters, P_ATTACK));
  const release = f32x4.sub(one, v128.load(parameters, P_RELEASE));
  const zero = f32x4.splat(0);
  let av = v128.load(voice, V_AVERAGING + 80);
  let tv = v128.load(voice, V_AVERAGING + 96);
  let sv = v128.load(voice, V_AVERAGING + 112);
  let vv = v128.load(voice, V_AVERAGING + 128);
  let zav = zero, ztv = zero, zsv = zero, zvv = zero;
  let averages = scratch + M_AVERAGES;
  const end = averages + AVERAGE * length;
  for (; averages < end; averages += AVERAGE) {
    const mask = f32x4.gt(v128.load(stash, S_DROP), zero);
    const beta = select(mask, attack, release);
    const z = is<Sums>() ? v128.load(stash, S_ERROR) : zero;
    const d = v128.load(averages, D_V);
    av = madd(beta, av, v128.and(mask, d));
    if (is<Sums>()) zav = madd(z, av, zav);
    tv = madd(beta, tv, d);
    if (is<Sums>()) ztv = madd(z, tv, ztv);
    sv = madd(beta, sv, v128.load(averages, D_SV));
    if (is<Sums>()) zsv = madd(z, sv, zsv);
    vv = madd(beta, vv, v128.load(averages, D_VV));
    if (is<Sums>()) zvv = madd(z, vv, zvv);
    stash += STASH;
  }
  v128.store(voice, av, V_AVERAGING + 80);
  v128.store(voice, tv, V_AVERAGING + 96);
  v128.store(voice, sv, V_AVERAGING + 112);
  v128.store(voice, vv, V_AVERAGING + 128);
  if (is<Sums>()) {
    const sums = scratch + M_SUMS + Y_MIXED;
    addTo(sums, zav);
    addTo(sums + 16, ztv);
    addTo(sums + 32, zsv);
    addTo(sums + 48, zvv);
  }
}

/** Σ −y p_v and Σ p_v p_i of all i. */
export function averagingProducts(
  scratch: usize,
  records: usize,
  skipped: u32,
  length: u32,
): void {
  const zero = f32x4.splat(0);
  let yv = zero, v0 = zero, v1 = zero, va = zero, vt = zero, vv = zero;
  let models = scratch + M_MODELS + MODEL * skipped;
  let averages = scratch + M_AVERAGES + AVERAGE * skipped;
  const end = models + MODEL * length;
  for (; models < end; models += MODEL) {
    const p = v128.load(averages);
    yv = madd(p, v128.load(records, TARGET), yv);
    v0 = madd(p, v128.load(models), v0);
    v1 = madd(p, v128.load(models, 16), v1);
    va = madd(p, v128.load(models, 32), va);
    vt = madd(p, v128.load(models, 48), vt);
    vv = madd(p, p, vv);
    averages += AVERAGE;
    records += RECORD;
  }
  const sums = scratch + M_SUMS + Y_AVERAGING;
  addTo(sums + 16, yv);
  addTo(sums + 32, v0);
  addTo(sums + 48, v1);
  addTo(sums + 64, va);
  addTo(sums + 80, vt);
  addTo(sums + 96, vv);
}

/** Clears what of a voice's states has decayed; see `settled`. */
export function settle(voice: usize): void {
  v128.store(voice, settled(v128.load(voice, V_FILTER)), V_FILTER);
  const end = voice + V_STATES;
  for (let at = voice + V_STATIC; at < end; at += 16) {
    v128.store(at, settled(v128.load(at)));
  }
}
