// @ts-nocheck: AssemblyScript, compiled by lib/kernels/build.ts
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
  CONSTANTS,
  exp2,
  log2,
  madd,
  nmadd,
  select,
  settled,
  writeConstants,
} from "./simd";

// A record: sample n of a quad, four lanes each of x, log₂ level and −y.
const RECORD: usize = 48;
const LEVEL: usize = 16;
const TARGET: usize = 32;

// Samples a block; what a block leaves for the next loop stays in the cache.
const BLOCK: u32 = 128;
// Blocks that the first loop runs ahead, so that w = Fᵀe is known: what is cut
// off is below 0.995^2048 = 3.5e-5 of the filter's tail, itself 0.005 of e.
const AHEAD: u32 = 16;
const SLOTS: u32 = AHEAD + 1;
// The same where nothing is left for another loop.
const VALUE_BLOCK: u32 = 256;

// Parameters, four equal lanes each: threshold (as log₂), s, a, r, c.
const P_THRESHOLD: usize = 0;
const P_SLOPE: usize = 16;
const P_ATTACK: usize = 32;
const P_RELEASE: usize = 48;
const P_MAKE_UP: usize = 64;
// What rounding took from them, in the same order.
const P_LOW: usize = 80;

// The first loop's results, one line of cache a sample.
const STASH: usize = 64;
const S_DROP: usize = 0;
const S_STATIC: usize = 16;
const S_ERROR: usize = 32; // e, then z = w x
const S_MODEL: usize = 48;

// The tangent loop's results.
const TANGENT: usize = 176;
const T_G0: usize = 0;
const T_G1: usize = 16;
const T_GA: usize = 32;
const T_GT: usize = 48;
const T_D0: usize = 64;
const T_D1: usize = 80;
const T_D2: usize = 96;
const T_P0: usize = 112;
const T_P1: usize = 128;
const T_PA: usize = 144;
const T_PT: usize = 160;

// States, four lanes each.
const X_GAIN: usize = 0;
const X_FILTER: usize = 16;
const X_TANGENTS: usize = 32; // G0 G1 Ga Gt
const X_FILTERS: usize = 96;
const X_SECOND: usize = 160; // ss a0 t0 a1 t1
const X_SECOND_TIME: usize = 240; // aa rr tt
const X_GAIN_LOW: usize = 288;
const STATES: usize = 304;

// Sums, two double-precision lanes each.
const SUMS: i32 = 29;
const Y_LOSS: usize = 0;
const Y_ENERGY: usize = 16;
const Y_ERROR_MODEL: usize = 32;
const Y_GRADIENT: usize = 48; // z · G0 G1 Ga Gt
const Y_MODEL: usize = 112; // p · p0 p1 pa pt
const Y_SQUARES: usize = 176; // 00 01 0a 0t 11 1a 1t aa at tt
const Y_SECOND: usize = 336; // ss a0 t0 a1 t1
const Y_SECOND_TIME: usize = 416; // aa rr tt


// The scratch memory of a thread.
const M_STATES: usize = 0;
const M_SUMS: usize = M_STATES + STATES;
const M_TAILS: usize = M_SUMS + 16 * SUMS;
const M_TANGENTS: usize = M_TAILS + 16 * SLOTS;
const M_STASH: usize = (M_TANGENTS + TANGENT * (BLOCK + 1) + 63) & ~63;
const M_DECAY: usize = M_STASH + STASH * BLOCK * SLOTS;
const M_CONSTANTS: usize = (M_DECAY + 4 * (BLOCK + 1) + 15) & ~15;
const M_END: usize = M_CONSTANTS + CONSTANTS;

/** Bytes of scratch memory a thread needs. */
export function scratchBytes(): usize {
  return M_END;
}

/** Numbers that a kernel writes to its output. */
export function sumCount(): i32 {
  return SUMS;
}

/** Fills what stays constant in a thread's scratch memory. */
export function initialise(scratch: usize): void {
  writeConstants(scratch + M_CONSTANTS);
  let decay: f64 = 1;
  for (let k: u32 = 0; k <= BLOCK; k++) {
    store<f32>(scratch + M_DECAY + 4 * k, <f32> decay);
    decay *= 0.995;
  }
}

/**
 * Interleaves four lanes of dry and wet into records, with the level and the
 * pre-emphasised target. Lanes from `lanes` on are silent. Leaves Σ y² over the
 * counted samples
 * in `output`.
 */
export function prepare(
  _scratch: usize,
  records: usize,
  dry: usize,
  wet: usize,
  o1: usize,
  o2: usize,
  o3: usize,
  lanes: i32,
  length: u32,
  warmUp: u32,
  output: usize,
): void {
  const used = i32x4.gt_s(i32x4.splat(lanes), i32x4(0, 1, 2, 3));
  const leak = f32x4.splat(0.005);
  let s = f32x4.splat(0);
  let energy = f64x2.splat(0);
  for (let n: u32 = 0; n < length; n++) {
    const at: usize = 4 * n;
    let x = v128.load32_zero(dry + at);
    x = v128.load_lane<f32>(dry + o1 + at, x, 1);
    x = v128.load_lane<f32>(dry + o2 + at, x, 2);
    x = v128.load_lane<f32>(dry + o3 + at, x, 3);
    let y = v128.load32_zero(wet + at);
    y = v128.load_lane<f32>(wet + o1 + at, y, 1);
    y = v128.load_lane<f32>(wet + o2 + at, y, 2);
    y = v128.load_lane<f32>(wet + o3 + at, y, 3);
    x = v128.and(x, used);
    y = v128.and(y, used);
    const target = f32x4.sub(y, s);
    s = settled(madd(leak, target, s));
    const record = records + RECORD * n;
    v128.store(record, x);
    v128.store(
      record,
      log2(f32x4.pmax(f32x4.abs(x), f32x4.splat(1e-8))),
      LEVEL,
    );
    v128.store(record, f32x4.neg(target), TARGET);
    if (n >= warmUp) {
      const low = f64x2.promote_low_f32x4(target);
      const high = f64x2.promote_low_f32x4(
        v128.shuffle<f32>(target, target, 2, 3, 2, 3),
      );
      energy = f64x2.add(energy, f64x2.mul(low, low));
      energy = f64x2.add(energy, f64x2.mul(high, high));
    }
  }
  store<f64>(
    output,
    f64x2.extract_lane(energy, 0) + f64x2.extract_lane(energy, 1),
  );
}

/** Σ e² and Σ p̃². */
export function value(
  scratch: usize,
  records: usize,
  length: u32,
  warmUp: u32,
  parameters: usize,
  output: usize,
): void {
  memory.fill(scratch, 0, M_TAILS);
  v128.store(scratch, f32x4.splat(1), M_STATES + X_GAIN);
  for (let from: u32 = 0; from < length;) {
    const limit = from < warmUp ? warmUp : length;
    const to = min(from + VALUE_BLOCK, limit);
    valueBlock(
      records + RECORD * from,
      to - from,
      parameters,
      scratch,
      from >= warmUp,
    );
    from = to;
  }
  writeSums(scratch, output);
}

function valueBlock(
  records: usize,
  length: u32,
  parameters: usize,
  scratch: usize,
  counted: bool,
): void {
  const threshold = v128.load(parameters, P_THRESHOLD);
  const slope = v128.load(parameters, P_SLOPE);
  const attack = v128.load(parameters, P_ATTACK);
  const release = v128.load(parameters, P_RELEASE);
  const makeUp = v128.load(parameters, P_MAKE_UP);
  const thresholdLow = v128.load(parameters, P_LOW + P_THRESHOLD);
  const slopeLow = v128.load(parameters, P_LOW + P_SLOPE);
  const makeUpLow = v128.load(parameters, P_LOW + P_MAKE_UP);
  const zero = f32x4.splat(0);
  const table = scratch + M_CONSTANTS;
  const magic = v128.load(table, C_MAGIC);
  const e0 = v128.load(table, C_E0);
  const e1 = v128.load(table, C_E1);
  const e2 = v128.load(table, C_E2);
  const e3 = v128.load(table, C_E3);
  const e4 = v128.load(table, C_E4);
  const e5 = v128.load(table, C_E5);
  const leak = v128.load(table, C_LEAK);
  let gain = v128.load(scratch, M_STATES + X_GAIN);
  let gainLow = v128.load(scratch, M_STATES + X_GAIN_LOW);
  let s = v128.load(scratch, M_STATES + X_FILTER);
  let loss = zero;
  let energy = zero;
  const end = records + RECORD * length;
  for (; records < end; records += RECORD) {
    const x = v128.load(records);
    const below = f32x4.pmin(
      zero,
      f32x4.add(
        f32x4.sub(threshold, v128.load(records, LEVEL)),
        thresholdLow,
      ),
    );
    const drop = f32x4.sub(gain, exp2(
      slope,
      below,
      true,
      slopeLow,
      magic,
      e0,
      e1,
      e2,
      e3,
      e4,
      e5,
    ));
    const alpha = select(f32x4.gt(drop, zero), attack, release);
    // Compensated: g falls by less than it can resolve, and must not stall.
    const step = nmadd(alpha, drop, gainLow);
    const next = f32x4.add(gain, step);
    gainLow = f32x4.sub(step, f32x4.sub(next, gain));
    gain = next;
    const p = f32x4.sub(f32x4.mul(x, gain), s);
    s = madd(leak, p, s);
    const target = v128.load(records, TARGET);
    const e = madd(makeUp, p, madd(makeUpLow, p, target));
    loss = madd(e, e, loss);
    energy = madd(p, p, energy);
  }
  v128.store(scratch, gain, M_STATES + X_GAIN);
  v128.store(scratch, gainLow, M_STATES + X_GAIN_LOW);
  v128.store(scratch, settled(s), M_STATES + X_FILTER);
  if (counted) {
    addTo(scratch + M_SUMS + Y_LOSS, loss);
    addTo(scratch + M_SUMS + Y_ENERGY, energy);
  }
}

/** Sums for value and gradient. */
export function gradient(
  scratch: usize,
  records: usize,
  length: u32,
  warmUp: u32,
  parameters: usize,
  output: usize,
): void {
  sweep(records, length, warmUp, parameters, scratch, false);
  writeSums(scratch, output);
}

/** Sums for value, gradient and Hessian. */
export function hessian(
  scratch: usize,
  records: usize,
  length: u32,
  warmUp: u32,
  parameters: usize,
  output: usize,
): void {
  sweep(records, length, warmUp, parameters, scratch, true);
  writeSums(scratch, output);
}

function writeSums(scratch: usize, output: usize): void {
  for (let i = 0; i < SUMS; i++) {
    const sum = v128.load(scratch + M_SUMS + 16 * i);
    store<f64>(
      output + 8 * i,
      f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1),
    );
  }
}

@inline
function slotOf(block: u32): u32 {
  return block % SLOTS;
}

function sweep(
  records: usize,
  length: u32,
  warmUp: u32,
  parameters: usize,
  scratch: usize,
  second: bool,
): void {
  memory.fill(scratch, 0, M_TANGENTS);
  v128.store(scratch, f32x4.splat(1), M_STATES + X_GAIN);
  const blocks = (length + BLOCK - 1) / BLOCK;
  for (let ahead: u32 = 0; ahead < blocks + AHEAD; ahead++) {
    const slot = slotOf(ahead);
    if (ahead < blocks) {
      const stash = scratch + M_STASH + STASH * BLOCK * slot;
      const from = BLOCK * ahead;
      const to = min(from + BLOCK, length);
      const middle = max(from, min(to, warmUp));
      v128.store(scratch + M_TAILS + 16 * slot, f32x4.splat(0));
      if (middle > from) {
        forward(
          records + RECORD * from,
          stash,
          middle - from,
          parameters,
          scratch,
          second,
          false,
        );
        // Warm-up: no error.
        for (let n: u32 = 0; n < middle - from; n++) {
          v128.store(stash + STASH * n, f32x4.splat(0), S_ERROR);
        }
      }
      if (to > middle) {
        const skipped = middle - from;
        const tail = forward(
          records + RECORD * middle,
          stash + STASH * skipped,
          to - middle,
          parameters,
          scratch,
          second,
          true,
        );
        v128.store(
          scratch + M_TAILS + 16 * slot,
          f32x4.mul(
            v128.load32_splat(scratch + M_DECAY + 4 * skipped),
            tail,
          ),
        );
      }
    } else {
      v128.store(scratch + M_TAILS + 16 * slot, f32x4.splat(0));
    }
    if (ahead >= AHEAD) {
      const block = ahead - AHEAD;
      const from = BLOCK * block;
      const to = min(from + BLOCK, length);
      const middle = max(from, min(to, warmUp));
      // q at the block's end, from the blocks that follow.
      const decay = v128.load32_splat(scratch + M_DECAY + 4 * BLOCK);
      let q = f32x4.splat(0);
      for (let next = block + AHEAD; next > block; next--) {
        q = madd(
          decay,
          q,
          v128.load(scratch + M_TAILS + 16 * slotOf(next)),
        );
      }
      const base = records + RECORD * from;
      const stash = scratch + M_STASH + STASH * BLOCK * slotOf(block);
      const tangents = scratch + M_TANGENTS + TANGENT;
      if (second) {
        tangentsAndFilters(
          base,
          stash,
          tangents,
          to - from,
          parameters,
          scratch,
        );
        if (to > middle) {
          const skipped = middle - from;
          squares(tangents + TANGENT * skipped, to - middle, scratch);
          q = adjoint(
            base + RECORD * skipped,
            stash + STASH * skipped,
            tangents + TANGENT * skipped,
            to - middle,
            q,
            scratch,
            true,
            true,
          );
        }
        if (middle > from) {
          adjoint(
            base,
            stash,
            tangents,
            middle - from,
            q,
            scratch,
            true,
            false,
          );
        }
        secondStatic(stash, tangents, to - from, parameters, scratch);
        secondTime(stash, tangents, to - from, parameters, scratch);
      } else {
        tangentsOnly(base, stash, tangents, to - from, parameters, scratch);
        adjoint(
          base,
          stash,
          tangents,
          to - from,
          q,
          scratch,
          false,
          false,
        );
      }
    }
  }
}

function forward(
  records: usize,
  stash: usize,
  length: u32,
  parameters: usize,
  scratch: usize,
  second: bool,
  counted: bool,
): v128 {
  if (counted) {
    if (second) {
      return forwardLoop(
        records,
        stash,
        length,
        parameters,
        scratch,
        false,
        true,
      );
    }
    return forwardLoop(
      records,
      stash,
      length,
      parameters,
      scratch,
      true,
      true,
    );
  }
  if (second) {
    return forwardLoop(
      records,
      stash,
      length,
      parameters,
      scratch,
      false,
      false,
    );
  }
  return forwardLoop(records, stash, length, parameters, scratch, true, false);
}

@inline
function forwardLoop(
  records: usize,
  stash: usize,
  length: u32,
  parameters: usize,
  scratch: usize,
  exact: bool,
  counted: bool,
): v128 {
  const threshold = v128.load(parameters, P_THRESHOLD);
  const slope = v128.load(parameters, P_SLOPE);
  const attack = v128.load(parameters, P_ATTACK);
  const release = v128.load(parameters, P_RELEASE);
  const makeUp = v128.load(parameters, P_MAKE_UP);
  const thresholdLow = v128.load(parameters, P_LOW + P_THRESHOLD);
  const slopeLow = v128.load(parameters, P_LOW + P_SLOPE);
  const attackLow = v128.load(parameters, P_LOW + P_ATTACK);
  const releaseLow = v128.load(parameters, P_LOW + P_RELEASE);
  const makeUpLow = v128.load(parameters, P_LOW + P_MAKE_UP);
  const zero = f32x4.splat(0);
  const table = scratch + M_CONSTANTS;
  const magic = v128.load(table, C_MAGIC);
  const e0 = v128.load(table, C_E0);
  const e1 = v128.load(table, C_E1);
  const e2 = v128.load(table, C_E2);
  const e3 = v128.load(table, C_E3);
  const e4 = v128.load(table, C_E4);
  const e5 = v128.load(table, C_E5);
  const leak = v128.load(table, C_LEAK);
  let gain = v128.load(scratch, M_STATES + X_GAIN);
  let gainLow = v128.load(scratch, M_STATES + X_GAIN_LOW);
  let s = v128.load(scratch, M_STATES + X_FILTER);
  let loss = zero;
  let energy = zero;
  let errorModel = zero;
  let tail = zero;
  let decay = scratch + M_DECAY;
  const end = records + RECORD * length;
  for (; records < end; records += RECORD) {
    const x = v128.load(records);
    let below = f32x4.sub(threshold, v128.load(records, LEVEL));
    if (exact) below = f32x4.add(below, thresholdLow);
    below = f32x4.pmin(zero, below);
    const goal = exp2(
      slope,
      below,
      exact,
      slopeLow,
      magic,
      e0,
      e1,
      e2,
      e3,
      e4,
      e5,
    );
    const drop = f32x4.sub(gain, goal);
    const mask = f32x4.gt(drop, zero);
    let step = nmadd(select(mask, attack, release), drop, gainLow);
    if (exact) {
      step = nmadd(select(mask, attackLow, releaseLow), drop, step);
    }
    const next = f32x4.add(gain, step);
    gainLow = f32x4.sub(step, f32x4.sub(next, gain));
    gain = next;
    const p = f32x4.sub(f32x4.mul(x, gain), s);
    s = madd(leak, p, s);
    v128.store(stash, drop, S_DROP);
    v128.store(stash, goal, S_STATIC);
    if (counted) {
      let e = v128.load(records, TARGET);
      if (exact) e = madd(makeUpLow, p, e);
      e = madd(makeUp, p, e);
      v128.store(stash, e, S_ERROR);
      v128.store(stash, p, S_MODEL);
      loss = madd(e, e, loss);
      energy = madd(p, p, energy);
      errorModel = madd(e, p, errorModel);
      tail = madd(e, v128.load32_splat(decay), tail);
      decay += 4;
    }
    stash += STASH;
  }
  v128.store(scratch, gain, M_STATES + X_GAIN);
  v128.store(scratch, gainLow, M_STATES + X_GAIN_LOW);
  v128.store(scratch, settled(s), M_STATES + X_FILTER);
  if (counted) {
    addTo(scratch + M_SUMS + Y_LOSS, loss);
    addTo(scratch + M_SUMS + Y_ENERGY, energy);
    addTo(scratch + M_SUMS + Y_ERROR_MODEL, errorModel);
  }
  return tail;
}

function tangentsOnly(
  records: usize,
  stash: usize,
  tangents: usize,
  length: u32,
  parameters: usize,
  scratch: usize,
): void {
  tangentLoop(records, stash, tangents, length, parameters, scratch, false);
}

function tangentsAndFilters(
  records: usize,
  stash: usize,
  tangents: usize,
  length: u32,
  parameters: usize,
  scratch: usize,
): void {
  tangentLoop(records, stash, tangents, length, parameters, scratch, true);
}

@inline
function tangentLoop(
  records: usize,
  stash: usize,
  tangents: usize,
  length: u32,
  parameters: usize,
  scratch: usize,
  second: bool,
): void {
  const threshold = v128.load(parameters, P_THRESHOLD);
  const thresholdLow = v128.load(parameters, P_LOW + P_THRESHOLD);
  const attack = v128.load(parameters, P_ATTACK);
  const release = v128.load(parameters, P_RELEASE);
  const zero = f32x4.splat(0);
  const leak = v128.load(scratch + M_CONSTANTS, C_LEAK);
  let g0 = v128.load(scratch, M_STATES + X_TANGENTS);
  let g1 = v128.load(scratch, M_STATES + X_TANGENTS + 16);
  let ga = v128.load(scratch, M_STATES + X_TANGENTS + 32);
  let gt = v128.load(scratch, M_STATES + X_TANGENTS + 48);
  let s0 = zero, s1 = zero, sa = zero, st = zero;
  if (second) {
    s0 = v128.load(scratch, M_STATES + X_FILTERS);
    s1 = v128.load(scratch, M_STATES + X_FILTERS + 16);
    sa = v128.load(scratch, M_STATES + X_FILTERS + 32);
    st = v128.load(scratch, M_STATES + X_FILTERS + 48);
    v128.store(tangents - TANGENT, ga, T_GA);
    v128.store(tangents - TANGENT, gt, T_GT);
  }
  const end = tangents + TANGENT * length;
  for (; tangents < end; tangents += TANGENT) {
    let below = f32x4.sub(threshold, v128.load(records, LEVEL));
    if (!second) below = f32x4.add(below, thresholdLow);
    below = f32x4.pmin(zero, below);
    const gain = v128.load(stash, S_STATIC);
    const drop = v128.load(stash, S_DROP);
    const alpha = select(f32x4.gt(drop, zero), attack, release);
    const d0 = f32x4.sub(v128.and(gain, f32x4.lt(below, zero)), g0);
    g0 = madd(alpha, d0, g0);
    const by = f32x4.mul(below, gain);
    const d1 = f32x4.sub(by, g1);
    g1 = madd(alpha, d1, g1);
    ga = nmadd(alpha, ga, f32x4.add(ga, f32x4.pmax(zero, drop)));
    gt = nmadd(alpha, gt, f32x4.add(gt, drop));
    v128.store(tangents, g0, T_G0);
    v128.store(tangents, g1, T_G1);
    v128.store(tangents, ga, T_GA);
    v128.store(tangents, gt, T_GT);
    if (second) {
      v128.store(tangents, d0, T_D0);
      v128.store(tangents, d1, T_D1);
      v128.store(tangents, f32x4.mul(below, by), T_D2);
      const x = v128.load(records);
      const p0 = f32x4.sub(f32x4.mul(x, g0), s0);
      s0 = madd(leak, p0, s0);
      v128.store(tangents, p0, T_P0);
      const p1 = f32x4.sub(f32x4.mul(x, g1), s1);
      s1 = madd(leak, p1, s1);
      v128.store(tangents, p1, T_P1);
      const pa = f32x4.sub(f32x4.mul(x, ga), sa);
      sa = madd(leak, pa, sa);
      v128.store(tangents, pa, T_PA);
      const pt = f32x4.sub(f32x4.mul(x, gt), st);
      st = madd(leak, pt, st);
      v128.store(tangents, pt, T_PT);
    }
    records += RECORD;
    stash += STASH;
  }
  v128.store(scratch, settled(g0), M_STATES + X_TANGENTS);
  v128.store(scratch, settled(g1), M_STATES + X_TANGENTS + 16);
  v128.store(scratch, settled(ga), M_STATES + X_TANGENTS + 32);
  v128.store(scratch, settled(gt), M_STATES + X_TANGENTS + 48);
  if (second) {
    v128.store(scratch, settled(s0), M_STATES + X_FILTERS);
    v128.store(scratch, settled(s1), M_STATES + X_FILTERS + 16);
    v128.store(scratch, settled(sa), M_STATES + X_FILTERS + 32);
    v128.store(scratch, settled(st), M_STATES + X_FILTERS + 48);
  }
}

function squares(tangents: usize, length: u32, scratch: usize): void {
  const zero = f32x4.splat(0);
  let c00 = zero, c01 = zero, c0a = zero, c0t = zero, c11 = zero;
  let c1a = zero, c1t = zero, caa = zero, cat = zero, ctt = zero;
  const end = tangents + TANGENT * length;
  for (; tangents < end; tangents += TANGENT) {
    const p0 = v128.load(tangents, T_P0);
    const p1 = v128.load(tangents, T_P1);
    const pa = v128.load(tangents, T_PA);
    const pt = v128.load(tangents, T_PT);
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

/**
 * Backwards: q, w = Fᵀe and z = w x, which replaces e; Σ z g_i and Σ p p_i.
 * Returns q at the first sample.
 */
function adjoint(
  records: usize,
  stash: usize,
  tangents: usize,
  length: u32,
  q: v128,
  scratch: usize,
  second: bool,
  counted: bool,
): v128 {
  if (!second) {
    return adjointLoop(records, stash, tangents, length, q, scratch, false);
  }
  if (!counted) {
    return adjointLoop(records, stash, tangents, length, q, scratch, false);
  }
  return adjointLoop(records, stash, tangents, length, q, scratch, true);
}

@inline
function adjointLoop(
  records: usize,
  stash: usize,
  tangents: usize,
  length: u32,
  q: v128,
  scratch: usize,
  products: bool,
): v128 {
  const zero = f32x4.splat(0);
  const leak = v128.load(scratch + M_CONSTANTS, C_LEAK);
  const pole = v128.load(scratch + M_CONSTANTS, C_POLE);
  let z0 = zero, z1 = zero, za = zero, zt = zero;
  let m0 = zero, m1 = zero, ma = zero, mt = zero;
  const start = tangents;
  tangents += TANGENT * length;
  records += RECORD * length;
  stash += STASH * length;
  while (tangents > start) {
    tangents -= TANGENT;
    records -= RECORD;
    stash -= STASH;
    const e = v128.load(stash, S_ERROR);
    const z = f32x4.mul(v128.load(records), nmadd(leak, q, e));
    q = madd(pole, q, e);
    v128.store(stash, z, S_ERROR);
    z0 = madd(z, v128.load(tangents, T_G0), z0);
    z1 = madd(z, v128.load(tangents, T_G1), z1);
    za = madd(z, v128.load(tangents, T_GA), za);
    zt = madd(z, v128.load(tangents, T_GT), zt);
    if (products) {
      const p = v128.load(stash, S_MODEL);
      m0 = madd(p, v128.load(tangents, T_P0), m0);
      m1 = madd(p, v128.load(tangents, T_P1), m1);
      ma = madd(p, v128.load(tangents, T_PA), ma);
      mt = madd(p, v128.load(tangents, T_PT), mt);
    }
  }
  addTo(scratch + M_SUMS + Y_GRADIENT, z0);
  addTo(scratch + M_SUMS + Y_GRADIENT + 16, z1);
  addTo(scratch + M_SUMS + Y_GRADIENT + 32, za);
  addTo(scratch + M_SUMS + Y_GRADIENT + 48, zt);
  if (products) {
    addTo(scratch + M_SUMS + Y_MODEL, m0);
    addTo(scratch + M_SUMS + Y_MODEL + 16, m1);
    addTo(scratch + M_SUMS + Y_MODEL + 32, ma);
    addTo(scratch + M_SUMS + Y_MODEL + 48, mt);
  }
  return q;
}

function secondStatic(
  stash: usize,
  tangents: usize,
  length: u32,
  parameters: usize,
  scratch: usize,
): void {
  const attack = v128.load(parameters, P_ATTACK);
  const release = v128.load(parameters, P_RELEASE);
  const zero = f32x4.splat(0);
  const one = v128.load(scratch + M_CONSTANTS, C_E0);
  let ss = v128.load(scratch, M_STATES + X_SECOND);
  let a0 = v128.load(scratch, M_STATES + X_SECOND + 16);
  let t0 = v128.load(scratch, M_STATES + X_SECOND + 32);
  let a1 = v128.load(scratch, M_STATES + X_SECOND + 48);
  let t1 = v128.load(scratch, M_STATES + X_SECOND + 64);
  let zss = zero, za0 = zero, zt0 = zero, za1 = zero, zt1 = zero;
  const end = tangents + TANGENT * length;
  for (; tangents < end; tangents += TANGENT) {
    const mask = f32x4.gt(v128.load(stash, S_DROP), zero);
    const alpha = select(mask, attack, release);
    const beta = f32x4.sub(one, alpha);
    const z = v128.load(stash, S_ERROR);
    ss = madd(alpha, f32x4.sub(v128.load(tangents, T_D2), ss), ss);
    zss = madd(z, ss, zss);
    const d0 = v128.load(tangents, T_D0);
    a0 = madd(beta, a0, v128.and(mask, d0));
    za0 = madd(z, a0, za0);
    t0 = madd(beta, t0, d0);
    zt0 = madd(z, t0, zt0);
    const d1 = v128.load(tangents, T_D1);
    a1 = madd(beta, a1, v128.and(mask, d1));
    za1 = madd(z, a1, za1);
    t1 = madd(beta, t1, d1);
    zt1 = madd(z, t1, zt1);
    stash += STASH;
  }
  v128.store(scratch, settled(ss), M_STATES + X_SECOND);
  v128.store(scratch, settled(a0), M_STATES + X_SECOND + 16);
  v128.store(scratch, settled(t0), M_STATES + X_SECOND + 32);
  v128.store(scratch, settled(a1), M_STATES + X_SECOND + 48);
  v128.store(scratch, settled(t1), M_STATES + X_SECOND + 64);
  const sums = scratch + M_SUMS + Y_SECOND;
  addTo(sums, zss);
  addTo(sums + 16, za0);
  addTo(sums + 32, zt0);
  addTo(sums + 48, za1);
  addTo(sums + 64, zt1);
}

function secondTime(
  stash: usize,
  tangents: usize,
  length: u32,
  parameters: usize,
  scratch: usize,
): void {
  const attack = v128.load(parameters, P_ATTACK);
  const release = v128.load(parameters, P_RELEASE);
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  const keepAttack = f32x4.sub(one, attack);
  const keepRelease = f32x4.sub(one, release);
  let aa = v128.load(scratch, M_STATES + X_SECOND_TIME);
  let rr = v128.load(scratch, M_STATES + X_SECOND_TIME + 16);
  let tt = v128.load(scratch, M_STATES + X_SECOND_TIME + 32);
  let zaa = zero, zrr = zero, ztt = zero;
  const end = tangents + TANGENT * length;
  for (; tangents < end; tangents += TANGENT) {
    const mask = f32x4.gt(v128.load(stash, S_DROP), zero);
    const beta = select(mask, keepAttack, keepRelease);
    const z = v128.load(stash, S_ERROR);
    const ga = v128.load(tangents - TANGENT, T_GA);
    const gt = v128.load(tangents - TANGENT, T_GT);
    aa = madd(beta, aa, v128.and(mask, ga));
    zaa = madd(z, aa, zaa);
    rr = madd(beta, rr, v128.andnot(f32x4.sub(gt, ga), mask));
    zrr = madd(z, rr, zrr);
    tt = madd(beta, tt, gt);
    ztt = madd(z, tt, ztt);
    stash += STASH;
  }
  v128.store(scratch, settled(aa), M_STATES + X_SECOND_TIME);
  v128.store(scratch, settled(rr), M_STATES + X_SECOND_TIME + 16);
  v128.store(scratch, settled(tt), M_STATES + X_SECOND_TIME + 32);
  const sums = scratch + M_SUMS + Y_SECOND_TIME;
  addTo(sums, zaa);
  addTo(sums + 16, zrr);
  addTo(sums + 32, ztt);
}
