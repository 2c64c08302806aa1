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
  D_2,
  D_A,
  D_T,
  is,
  LEVEL,
  M_CONSTANTS,
  M_DECAY,
  M_MODELS,
  M_SUMS,
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
  V_TIME,
  Y_ENERGY,
  Y_ERROR_MODEL,
  Y_GRADIENT,
  Y_LOSS,
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
  C_LEAK,
  C_MAGIC,
  C_POLE,
  exp2,
  madd,
  nmadd,
  select,
  settled,
} from "./simd";

/** Static gain ĝ. */
export function staticGain<Exact>(
  scratch: usize,
  records: usize,
  stash: usize,
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
export function tangents(
  scratch: usize,
  voice: usize,
  records: usize,
  stash: usize,
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
    const below = f32x4.pmin(
      zero,
      f32x4.add(
        f32x4.sub(threshold, v128.load(records, LEVEL)),
        thresholdLow,
      ),
    );
    const goal = v128.load(stash, S_GOAL);
    const drop = v128.load(stash, S_DROP);
    const z = v128.load(stash, S_ERROR);
    const alpha = select(f32x4.gt(drop, zero), attack, release);
    const active = v128.and(goal, f32x4.lt(below, zero));
    g0 = madd(alpha, f32x4.sub(active, g0), g0);
    z0 = madd(z, g0, z0);
    g1 = madd(alpha, f32x4.sub(f32x4.mul(below, goal), g1), g1);
    z1 = madd(z, g1, z1);
    ga = nmadd(alpha, ga, f32x4.add(ga, f32x4.pmax(zero, drop)));
    za = madd(z, ga, za);
    gt = nmadd(alpha, gt, f32x4.add(gt, drop));
    zt = madd(z, gt, zt);
    stash += STASH;
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
export function staticDerivatives(
  scratch: usize,
  voice: usize,
  records: usize,
  stash: usize,
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
  const end = records + RECORD * length;
  for (; records < end; records += RECORD) {
    const alpha = select(
      f32x4.gt(v128.load(stash, S_DROP), zero),
      attack,
      release,
    );
    const goal = v128.load(stash, S_GOAL);
    const z = v128.load(stash, S_ERROR);
    const x = v128.load(records);
    const below = f32x4.pmin(
      zero,
      f32x4.sub(threshold, v128.load(records, LEVEL)),
    );
    const d0 = f32x4.sub(v128.and(goal, f32x4.lt(below, zero)), g0);
    g0 = madd(alpha, d0, g0);
    z0 = madd(z, g0, z0);
    const p0 = f32x4.sub(f32x4.mul(x, g0), s0);
    s0 = madd(leak, p0, s0);
    const by = f32x4.mul(below, goal);
    const d1 = f32x4.sub(by, g1);
    g1 = madd(alpha, d1, g1);
    z1 = madd(z, g1, z1);
    const p1 = f32x4.sub(f32x4.mul(x, g1), s1);
    s1 = madd(leak, p1, s1);
    v128.store(models, p0);
    v128.store(models, p1, 16);
    v128.store(models, d0, D_0);
    v128.store(models, d1, D_1);
    v128.store(models, f32x4.mul(alpha, f32x4.mul(below, by)), D_2);
    stash += STASH;
    models += MODEL;
  }
  v128.store(voice, g0, V_STATIC);
  v128.store(voice, g1, V_STATIC + 16);
  v128.store(voice, s0, V_STATIC + 32);
  v128.store(voice, s1, V_STATIC + 48);
  addTo(scratch + M_SUMS + Y_GRADIENT, z0);
  addTo(scratch + M_SUMS + Y_GRADIENT + 16, z1);
}

/** Second derivatives by a (or a and r) and the static curve. */
export function mixedDerivatives(
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
  let models = scratch + M_MODELS;
  const end = models + MODEL * length;
  for (; models < end; models += MODEL) {
    const mask = f32x4.gt(v128.load(stash, S_DROP), zero);
    const beta = select(mask, attack, release);
    const z = v128.load(stash, S_ERROR);
    const d0 = v128.load(models, D_0);
    a0 = madd(beta, a0, v128.and(mask, d0));
    za0 = madd(z, a0, za0);
    t0 = madd(beta, t0, d0);
    zt0 = madd(z, t0, zt0);
    const d1 = v128.load(models, D_1);
    a1 = madd(beta, a1, v128.and(mask, d1));
    za1 = madd(z, a1, za1);
    t1 = madd(beta, t1, d1);
    zt1 = madd(z, t1, zt1);
    stash += STASH;
  }
  v128.store(voice, a0, V_STATIC + 80);
  v128.store(voice, t0, V_STATIC + 96);
  v128.store(voice, a1, V_STATIC + 112);
  v128.store(voice, t1, V_STATIC + 128);
  const sums = scratch + M_SUMS + Y_STATIC;
  addTo(sums + 16, za0);
  addTo(sums + 32, zt0);
  addTo(sums + 48, za1);
  addTo(sums + 64, zt1);
}

/** Ga, Gt, pa and pt; leaves what drives the second derivatives. */
export function timeDerivatives(
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
  const end = records + RECORD * length;
  for (; records < end; records += RECORD) {
    const drop = v128.load(stash, S_DROP);
    const z = v128.load(stash, S_ERROR);
    const x = v128.load(records);
    const alpha = select(f32x4.gt(drop, zero), attack, release);
    v128.store(models, ga, D_A);
    ga = nmadd(alpha, ga, f32x4.add(ga, f32x4.pmax(zero, drop)));
    za = madd(z, ga, za);
    const pa = f32x4.sub(f32x4.mul(x, ga), sa);
    sa = madd(leak, pa, sa);
    v128.store(models, pa, 32);
    v128.store(models, gt, D_T);
    gt = nmadd(alpha, gt, f32x4.add(gt, drop));
    zt = madd(z, gt, zt);
    const pt = f32x4.sub(f32x4.mul(x, gt), st);
    st = madd(leak, pt, st);
    v128.store(models, pt, 48);
    stash += STASH;
    models += MODEL;
  }
  v128.store(voice, ga, V_TIME);
  v128.store(voice, gt, V_TIME + 16);
  v128.store(voice, sa, V_TIME + 32);
  v128.store(voice, st, V_TIME + 48);
  addTo(scratch + M_SUMS + Y_GRADIENT + 32, za);
  addTo(scratch + M_SUMS + Y_GRADIENT + 48, zt);
}

/** Second derivatives by s alone, and by a and r. */
export function pureDerivatives(
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
  let models = scratch + M_MODELS;
  const end = models + MODEL * length;
  for (; models < end; models += MODEL) {
    const mask = f32x4.gt(v128.load(stash, S_DROP), zero);
    const beta = select(mask, attack, release);
    const z = v128.load(stash, S_ERROR);
    const ga = v128.load(models, D_A);
    const gt = v128.load(models, D_T);
    rr = madd(beta, rr, v128.andnot(f32x4.sub(gt, ga), mask));
    zrr = madd(z, rr, zrr);
    aa = madd(beta, aa, v128.and(mask, ga));
    zaa = madd(z, aa, zaa);
    tt = madd(beta, tt, gt);
    ztt = madd(z, tt, ztt);
    ss = madd(beta, ss, v128.load(models, D_2));
    zss = madd(z, ss, zss);
    stash += STASH;
  }
  v128.store(voice, ss, V_STATIC + 64);
  v128.store(voice, aa, V_TIME + 64);
  v128.store(voice, rr, V_TIME + 80);
  v128.store(voice, tt, V_TIME + 96);
  addTo(scratch + M_SUMS + Y_STATIC, zss);
  addTo(scratch + M_SUMS + Y_TIME, zaa);
  addTo(scratch + M_SUMS + Y_TIME + 16, zrr);
  addTo(scratch + M_SUMS + Y_TIME + 32, ztt);
}

/** Σ p_i p_j. */
export function squares(scratch: usize, models: usize, length: u32): void {
  const zero = f32x4.splat(0);
  let c00 = zero, c01 = zero, c0a = zero, c0t = zero, c11 = zero;
  let c1a = zero, c1t = zero, caa = zero, cat = zero, ctt = zero;
  const end = models + MODEL * length;
  for (; models < end; models += MODEL) {
    const p0 = v128.load(models);
    const p1 = v128.load(models, 16);
    const pa = v128.load(models, 32);
    const pt = v128.load(models, 48);
    c00 = madd(p0, p0, c00);
    c01 = madd(p0, p1, c01);
    c0a = madd(p0, pa, c0a);
    c0t = madd(p0, pt, c0t);
    c11 = madd(p1, p1, c11);
    c1a = madd(p1, pa, c1a);
    c1t = madd(p1, pt, c1t);
    caa = madd(pa, pa, caa);
    cat = madd(pa, pt, cat);
    ctt = madd(pt, pt, ctt);
  }
  const sums = scratch + M_SUMS + Y_SQUARES;
  addTo(sums, c00);
  addTo(sums + 16, c01);
  addTo(sums + 32, c0a);
  addTo(sums + 48, c0t);
  addTo(sums + 64, c11);
  addTo(sums + 80, c1a);
  addTo(sums + 96, c1t);
  addTo(sums + 112, caa);
  addTo(sums + 128, cat);
  addTo(sums + 144, ctt);
}

/** Σ −y p_i. Two samples a turn, so that no sum waits for its last addition. */
export function products(
  scratch: usize,
  records: usize,
  models: usize,
  length: u32,
): void {
  const zero = f32x4.splat(0);
  let c0 = zero, c1 = zero, ca = zero, ct = zero;
  let o0 = zero, o1 = zero, oa = zero, ot = zero;
  const end = models + MODEL * length;
  if (length & 1) {
    const y = v128.load(records, TARGET);
    c0 = f32x4.mul(y, v128.load(models));
    c1 = f32x4.mul(y, v128.load(models, 16));
    ca = f32x4.mul(y, v128.load(models, 32));
    ct = f32x4.mul(y, v128.load(models, 48));
    records += RECORD;
    models += MODEL;
  }
  for (; models < end; models += 2 * MODEL) {
    const y = v128.load(records, TARGET);
    c0 = madd(y, v128.load(models), c0);
    c1 = madd(y, v128.load(models, 16), c1);
    ca = madd(y, v128.load(models, 32), ca);
    ct = madd(y, v128.load(models, 48), ct);
    const q = v128.load(records, RECORD + TARGET);
    o0 = madd(q, v128.load(models, MODEL), o0);
    o1 = madd(q, v128.load(models, MODEL + 16), o1);
    oa = madd(q, v128.load(models, MODEL + 32), oa);
    ot = madd(q, v128.load(models, MODEL + 48), ot);
    records += 2 * RECORD;
  }
  const sums = scratch + M_SUMS + Y_TARGET;
  addTo(sums, f32x4.add(c0, o0));
  addTo(sums + 16, f32x4.add(c1, o1));
  addTo(sums + 32, f32x4.add(ca, oa));
  addTo(sums + 48, f32x4.add(ct, ot));
}

/** Clears what of a voice's states has decayed; see `settled`. */
export function settle(voice: usize): void {
  v128.store(voice, settled(v128.load(voice, V_FILTER)), V_FILTER);
  const end = voice + V_STATES;
  for (let at = voice + V_STATIC; at < end; at += 16) {
    v128.store(at, settled(v128.load(at)));
  }
}
