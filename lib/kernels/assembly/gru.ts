// @ts-nocheck: AssemblyScript, compiled by lib/kernels/build.ts
/**
 * The residual network y = x + v·GRU₈(x) + c over four sequences at once, one a
 * lane: its error after pre-emphasis, and the gradient of that by every weight.
 *
 * With lanes for sequences nothing is ever shuffled: a weight is one broadcast
 * load, a hidden unit one vector. A sample's 24 gates give the processor enough
 * independent work to hide the recurrence's latency, so one group of four
 * sequences at a time is as fast as several, and its records stay in the cache
 * between the pass forwards and the pass backwards.
 *
 * Weights and their gradient lie as in lib/gru/weights.ts.
 */
import { addTo, madd, nmadd } from "./simd";

// The weights, in bytes: input (z r n), recurrent (8 rows of z r n), bias,
// dense, offset.
const W_RECURRENT: usize = 96;
const W_ROW: usize = 96;
const W_BIAS: usize = 864;
const W_DENSE: usize = 960;
const W_OFFSET: usize = 992;
const WEIGHTS: i32 = 249;
// Gates within a row.
const G_Z: usize = 0;
const G_R: usize = 32;
const G_N: usize = 64;

// A record: what the pass backwards needs of one sample, four lanes each. It
// leaves the derivatives by the gates' inputs in place of 1 − z, r and n. Slow
// units have z near 1, where single precision would know 1 − z badly, so that is
// what is computed.
const RECORD: usize = 672;
const R_H: usize = 0;
const R_U: usize = 128; // u = 1 − z
const R_R: usize = 256;
const R_N: usize = 384;
const R_RH: usize = 512;
const R_X: usize = 640;
const R_E: usize = 656;

// Where a weight's two sums lie: as the weights, four times as far apart.
const S_RECURRENT: usize = 4 * W_RECURRENT;
const S_BIAS: usize = 4 * W_BIAS;
const S_DENSE: usize = 4 * W_DENSE;

// The state of a group between windows: h, then the pre-emphasis filter.
const X_FILTER: usize = 128;

// Samples whose records stay in the first-level cache while their outer products
// are summed.
const BLOCK: u32 = 32;

/** Longest window, in samples. */
const LONGEST: u32 = 12288;

// The scratch memory of a thread: sums, two double-precision lanes each (the
// loss after the weights), then the records.
const M_GRADIENT: usize = 16;
const M_CARRY: usize = M_GRADIENT + 16 * WEIGHTS;
const M_RECORDS: usize = (M_CARRY + 128 + 63) & ~63;
const M_END: usize = M_RECORDS + RECORD * (LONGEST + 1);

/** Bytes of scratch memory a thread needs. */
export function scratchBytes(): usize {
  return M_END;
}

/** Scratch memory holds nothing that outlives a call. */
export function initialise(scratch: usize): void {}

/** Longest window, in samples. */
export function longestWindow(): u32 {
  return LONGEST;
}

const LOG2_E: f32 = 1.4426950408889634;

/** σ(v) = 1 / (1 + e^−v), absolute error at most 2e-7. */
@inline
function sigmoid(v: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.div(one, f32x4.add(one, power(v, -LOG2_E)));
}

/** 1 − σ(v) = σ(−v): near 0 it keeps its digits this way. */
@inline
function complement(v: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.div(one, f32x4.add(one, power(v, LOG2_E)));
}

/** tanh v, absolute error at most 3e-7. */
@inline
function tanh(v: v128): v128 {
  const one = f32x4.splat(1);
  return nmadd(
    f32x4.splat(2),
    f32x4.div(one, f32x4.add(one, power(v, 2 * LOG2_E))),
    one,
  );
}

/**
 * 2^(scale v), scale being 1 or 2 times ±log₂ e; v is kept within ±20, where
 * both functions above have long been flat. The polynomial is that of simd.ts.
 */
@inline
function power(v: v128, scale: f32): v128 {
  const u = f32x4.pmax(f32x4.splat(-20), f32x4.pmin(f32x4.splat(20), v));
  const magic = f32x4.splat(12582912);
  const shifted = madd(f32x4.splat(scale), u, magic);
  const f = madd(f32x4.splat(scale), u, f32x4.sub(magic, shifted));
  let p = madd(
    f32x4.splat(0.0013264727302568988),
    f,
    f32x4.splat(0.00967151272870067),
  );
  p = madd(p, f, f32x4.splat(0.05550733743811401));
  p = madd(p, f, f32x4.splat(0.2402224208401647));
  p = madd(p, f, f32x4.splat(0.6931469775983558));
  p = madd(p, f, f32x4.splat(1));
  return i32x4.add(p, i32x4.shl(shifted, 23));
}

// Kinds of gate: σ(a) for r, 1 − σ(a) for z, tanh a for n.
const RESET = 0;
const UPDATE = 1;
const CANDIDATE = 2;

/** The value of a gate of `kind` from its input. */
@inline
function activation(a: v128, kind: i32): v128 {
  if (kind == RESET) return sigmoid(a);
  if (kind == UPDATE) return complement(a);
  return tanh(a);
}

/** The eight values of the gate whose weights begin at `w`, stored to `to`. */
@inline
function gate(w: usize, from: usize, x: v128, to: usize, kind: i32): void {
  let a0 = madd(v128.load32_splat(w, 0), x, v128.load32_splat(w, W_BIAS));
  let a1 = madd(v128.load32_splat(w, 4), x, v128.load32_splat(w, W_BIAS + 4));
  let a2 = madd(v128.load32_splat(w, 8), x, v128.load32_splat(w, W_BIAS + 8));
  let a3 = madd(v128.load32_splat(w, 12), x, v128.load32_splat(w, W_BIAS + 12));
  let a4 = madd(v128.load32_splat(w, 16), x, v128.load32_splat(w, W_BIAS + 16));
  let a5 = madd(v128.load32_splat(w, 20), x, v128.load32_splat(w, W_BIAS + 20));
  let a6 = madd(v128.load32_splat(w, 24), x, v128.load32_splat(w, W_BIAS + 24));
  let a7 = madd(v128.load32_splat(w, 28), x, v128.load32_splat(w, W_BIAS + 28));
  for (let j = 0; j < 8; j++) {
    const h = v128.load(from);
    a0 = madd(v128.load32_splat(w, W_RECURRENT), h, a0);
    a1 = madd(v128.load32_splat(w, W_RECURRENT + 4), h, a1);
    a2 = madd(v128.load32_splat(w, W_RECURRENT + 8), h, a2);
    a3 = madd(v128.load32_splat(w, W_RECURRENT + 12), h, a3);
    a4 = madd(v128.load32_splat(w, W_RECURRENT + 16), h, a4);
    a5 = madd(v128.load32_splat(w, W_RECURRENT + 20), h, a5);
    a6 = madd(v128.load32_splat(w, W_RECURRENT + 24), h, a6);
    a7 = madd(v128.load32_splat(w, W_RECURRENT + 28), h, a7);
    from += 16;
    w += W_ROW;
  }
  v128.store(to, activation(a0, kind), 0);
  v128.store(to, activation(a1, kind), 16);
  v128.store(to, activation(a2, kind), 32);
  v128.store(to, activation(a3, kind), 48);
  v128.store(to, activation(a4, kind), 64);
  v128.store(to, activation(a5, kind), 80);
  v128.store(to, activation(a6, kind), 96);
  v128.store(to, activation(a7, kind), 112);
}

/**
 * One sample forwards: reads h from the record at `before`, fills the one at
 * `record`, which may be the same, and returns y.
 */
@inline
function step(w: usize, x: v128, before: usize, record: usize): v128 {
  gate(w + G_R, before + R_H, x, record + R_R, RESET);
  gate(w + G_Z, before + R_H, x, record + R_U, UPDATE);
  for (let k: usize = 0; k < 128; k += 16) {
    v128.store(
      record + k,
      f32x4.mul(v128.load(record + k, R_R), v128.load(before + k, R_H)),
      R_RH,
    );
  }
  gate(w + G_N, record + R_RH, x, record + R_N, CANDIDATE);
  let y = f32x4.add(x, v128.load32_splat(w, W_OFFSET));
  for (let k: usize = 0; k < 128; k += 16) {
    const last = v128.load(before + k, R_H);
    const h = madd(
      v128.load(record + k, R_U),
      f32x4.sub(v128.load(record + k, R_N), last),
      last,
    );
    v128.store(record + k, h, R_H);
    y = madd(v128.load32_splat(w + (k >> 2), W_DENSE), h, y);
  }
  return y;
}

/** Four neighbours in `rows`, one of each sequence. */
@inline
function gather(rows: usize, o1: usize, o2: usize, o3: usize): v128 {
  let v = v128.load32_zero(rows);
  v = v128.load_lane<f32>(rows + o1, v, 1);
  v = v128.load_lane<f32>(rows + o2, v, 2);
  return v128.load_lane<f32>(rows + o3, v, 3);
}

/**
 * Σ scale · F(y − target)² over a window, to `output`. `input` and `target` are
 * addresses of the first sequence, o1 to o3 how many bytes further on the others
 * lie. `state` is read, and left as the window ends.
 */
export function value(
  scratch: usize,
  weights: usize,
  input: usize,
  target: usize,
  o1: usize,
  o2: usize,
  o3: usize,
  length: u32,
  scale: usize,
  state: usize,
  output: usize,
): void {
  const record = scratch + M_RECORDS;
  memory.copy(record, state, X_FILTER);
  memory.fill(scratch, 0, 16);
  const leak = f32x4.splat(0.005);
  let s = v128.load(state, X_FILTER);
  for (let from: u32 = 0; from < length; from += 1024) {
    const to = min(from + 1024, length);
    let loss = f32x4.splat(0);
    for (let n = from; n < to; n++) {
      const at: usize = 4 * n;
      const y = step(weights, gather(input + at, o1, o2, o3), record, record);
      const e = f32x4.sub(f32x4.sub(y, gather(target + at, o1, o2, o3)), s);
      s = madd(leak, e, s);
      loss = madd(e, e, loss);
    }
    addTo(scratch, f32x4.mul(loss, v128.load(scale)));
  }
  memory.copy(state, record, X_FILTER);
  v128.store(state, s, X_FILTER);
  writeSums(scratch, output, 1);
}

/** As `value`, and after it the gradient of half of that by the weights. */
export function gradient(
  scratch: usize,
  weights: usize,
  input: usize,
  target: usize,
  o1: usize,
  o2: usize,
  o3: usize,
  length: u32,
  scale: usize,
  state: usize,
  output: usize,
): void {
  const records = scratch + M_RECORDS;
  memory.fill(scratch, 0, M_RECORDS);
  memory.copy(records, state, X_FILTER);
  const leak = f32x4.splat(0.005);
  const weight = v128.load(scale);
  let s = v128.load(state, X_FILTER);
  let record = records;
  for (let from: u32 = 0; from < length; from += 1024) {
    const to = min(from + 1024, length);
    let loss = f32x4.splat(0);
    for (let n = from; n < to; n++) {
      const at: usize = 4 * n;
      const x = gather(input + at, o1, o2, o3);
      const y = step(weights, x, record, record + RECORD);
      record += RECORD;
      const e = f32x4.sub(f32x4.sub(y, gather(target + at, o1, o2, o3)), s);
      s = madd(leak, e, s);
      loss = madd(e, e, loss);
      v128.store(record, x, R_X);
      v128.store(record, f32x4.mul(e, weight), R_E);
    }
    addTo(scratch, f32x4.mul(loss, weight));
  }
  memory.copy(state, record, X_FILTER);
  v128.store(state, s, X_FILTER);
  backward(scratch, weights, length);
  writeSums(scratch, output, 1 + WEIGHTS);
}

function backward(scratch: usize, w: usize, length: u32): void {
  const records = scratch + M_RECORDS;
  const carry = scratch + M_CARRY;
  memory.fill(carry, 0, 128);
  let q = f32x4.splat(0);
  for (let to = length; to > 0;) {
    const from = to > BLOCK ? to - BLOCK : 0;
    const first = records + RECORD * (from + 1);
    let record = records + RECORD * to;
    for (; record >= first; record -= RECORD) {
      const e = v128.load(record, R_E);
      v128.store(record, nmadd(f32x4.splat(0.005), q, e), R_E);
      q = madd(f32x4.splat(0.995), q, e);
      stepBack(w, record - RECORD, record, carry);
    }
    outerProducts(scratch, first, to - from);
    to = from;
  }
}

/**
 * One sample backwards. `carry` holds ∂/∂h by what comes later, and is left with
 * ∂/∂h of the sample before; z, r and n become the derivatives by their inputs.
 */
@inline
function stepBack(w: usize, before: usize, record: usize, carry: usize): void {
  const one = f32x4.splat(1);
  const dy = v128.load(record, R_E);
  for (let k: usize = 0; k < 128; k += 16) {
    const dh = madd(
      v128.load32_splat(w + (k >> 2), W_DENSE),
      dy,
      v128.load(carry + k),
    );
    const u = v128.load(record + k, R_U);
    const n = v128.load(record + k, R_N);
    const fresh = f32x4.mul(dh, u);
    v128.store(carry + k, f32x4.sub(dh, fresh));
    v128.store(record + k, nmadd(f32x4.mul(fresh, n), n, fresh), R_N);
    v128.store(
      record + k,
      f32x4.mul(
        f32x4.mul(fresh, f32x4.sub(one, u)),
        f32x4.sub(v128.load(before + k, R_H), n),
      ),
      R_U,
    );
  }
  let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0;
  let a4 = a0, a5 = a0, a6 = a0, a7 = a0;
  for (let k: usize = 0; k < 32; k += 4) {
    const d = v128.load(record + 4 * k, R_N);
    const u = w + k;
    a0 = madd(v128.load32_splat(u, W_RECURRENT + G_N), d, a0);
    a1 = madd(v128.load32_splat(u, W_RECURRENT + G_N + W_ROW), d, a1);
    a2 = madd(v128.load32_splat(u, W_RECURRENT + G_N + 2 * W_ROW), d, a2);
    a3 = madd(v128.load32_splat(u, W_RECURRENT + G_N + 3 * W_ROW), d, a3);
    a4 = madd(v128.load32_splat(u, W_RECURRENT + G_N + 4 * W_ROW), d, a4);
    a5 = madd(v128.load32_splat(u, W_RECURRENT + G_N + 5 * W_ROW), d, a5);
    a6 = madd(v128.load32_splat(u, W_RECURRENT + G_N + 6 * W_ROW), d, a6);
    a7 = madd(v128.load32_splat(u, W_RECURRENT + G_N + 7 * W_ROW), d, a7);
  }
  a0 = throughReset(a0, before, record, carry, 0);
  a1 = throughReset(a1, before, record, carry, 16);
  a2 = throughReset(a2, before, record, carry, 32);
  a3 = throughReset(a3, before, record, carry, 48);
  a4 = throughReset(a4, before, record, carry, 64);
  a5 = throughReset(a5, before, record, carry, 80);
  a6 = throughReset(a6, before, record, carry, 96);
  a7 = throughReset(a7, before, record, carry, 112);
  for (let gate: usize = 0; gate < 2; gate++) {
    for (let k: usize = 0; k < 32; k += 4) {
      const d = v128.load(record + 128 * gate + 4 * k, R_U);
      const u = w + 32 * gate + k;
      a0 = madd(v128.load32_splat(u, W_RECURRENT), d, a0);
      a1 = madd(v128.load32_splat(u, W_RECURRENT + W_ROW), d, a1);
      a2 = madd(v128.load32_splat(u, W_RECURRENT + 2 * W_ROW), d, a2);
      a3 = madd(v128.load32_splat(u, W_RECURRENT + 3 * W_ROW), d, a3);
      a4 = madd(v128.load32_splat(u, W_RECURRENT + 4 * W_ROW), d, a4);
      a5 = madd(v128.load32_splat(u, W_RECURRENT + 5 * W_ROW), d, a5);
      a6 = madd(v128.load32_splat(u, W_RECURRENT + 6 * W_ROW), d, a6);
      a7 = madd(v128.load32_splat(u, W_RECURRENT + 7 * W_ROW), d, a7);
    }
  }
  v128.store(carry, a0, 0);
  v128.store(carry, a1, 16);
  v128.store(carry, a2, 32);
  v128.store(carry, a3, 48);
  v128.store(carry, a4, 64);
  v128.store(carry, a5, 80);
  v128.store(carry, a6, 96);
  v128.store(carry, a7, 112);
}

/** `d`, the derivative by r h, to those by h, returned, and by r's input. */
@inline
function throughReset(
  d: v128,
  before: usize,
  record: usize,
  carry: usize,
  at: usize,
): v128 {
  const r = v128.load(record + at, R_R);
  const byH = f32x4.mul(d, r);
  v128.store(
    record + at,
    f32x4.mul(
      f32x4.mul(byH, f32x4.sub(f32x4.splat(1), r)),
      v128.load(before + at, R_H),
    ),
    R_R,
  );
  return f32x4.add(v128.load(carry + at), byH);
}

/** Adds the gradient over `count` records from `first` on to the sums. */
function outerProducts(scratch: usize, first: usize, count: u32): void {
  const sums = scratch + M_GRADIENT;
  for (let row: usize = 0; row < 8; row += 2) {
    const to = sums + S_RECURRENT + 384 * row;
    const h = first - RECORD + R_H + 16 * row;
    for (let column: usize = 0; column < 256; column += 64) {
      outer(h, first + R_U + column, to + column, count);
    }
    for (let column: usize = 0; column < 128; column += 64) {
      outer(
        first + R_RH + 16 * row,
        first + R_N + column,
        to + 256 + column,
        count,
      );
    }
  }
  for (let column: usize = 0; column < 384; column += 64) {
    inputAndBias(first, first + R_U + column, sums + column, count);
  }
  dense(first, sums + S_DENSE, count);
}

/** Two rows by four columns of Σ a bᵀ. */
function outer(a: usize, b: usize, sum: usize, count: u32): void {
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  let t0 = s0, t1 = s0, t2 = s0, t3 = s0;
  const end = a + RECORD * count;
  for (; a < end; a += RECORD, b += RECORD) {
    const u = v128.load(a);
    const v = v128.load(a, 16);
    const b0 = v128.load(b);
    s0 = madd(u, b0, s0);
    t0 = madd(v, b0, t0);
    const b1 = v128.load(b, 16);
    s1 = madd(u, b1, s1);
    t1 = madd(v, b1, t1);
    const b2 = v128.load(b, 32);
    s2 = madd(u, b2, s2);
    t2 = madd(v, b2, t2);
    const b3 = v128.load(b, 48);
    s3 = madd(u, b3, s3);
    t3 = madd(v, b3, t3);
  }
  addTo(sum, s0);
  addTo(sum + 16, s1);
  addTo(sum + 32, s2);
  addTo(sum + 48, s3);
  addTo(sum + 384, t0);
  addTo(sum + 400, t1);
  addTo(sum + 416, t2);
  addTo(sum + 432, t3);
}

/** Four columns of Σ x b and of Σ b. */
function inputAndBias(
  record: usize,
  b: usize,
  sum: usize,
  count: u32,
): void {
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  let t0 = s0, t1 = s0, t2 = s0, t3 = s0;
  const end = record + RECORD * count;
  for (; record < end; record += RECORD, b += RECORD) {
    const x = v128.load(record, R_X);
    const b0 = v128.load(b);
    s0 = madd(x, b0, s0);
    t0 = f32x4.add(b0, t0);
    const b1 = v128.load(b, 16);
    s1 = madd(x, b1, s1);
    t1 = f32x4.add(b1, t1);
    const b2 = v128.load(b, 32);
    s2 = madd(x, b2, s2);
    t2 = f32x4.add(b2, t2);
    const b3 = v128.load(b, 48);
    s3 = madd(x, b3, s3);
    t3 = f32x4.add(b3, t3);
  }
  addTo(sum, s0);
  addTo(sum + 16, s1);
  addTo(sum + 32, s2);
  addTo(sum + 48, s3);
  addTo(sum + S_BIAS, t0);
  addTo(sum + S_BIAS + 16, t1);
  addTo(sum + S_BIAS + 32, t2);
  addTo(sum + S_BIAS + 48, t3);
}

/** Σ dy h and Σ dy. */
function dense(record: usize, sum: usize, count: u32): void {
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  let s4 = s0, s5 = s0, s6 = s0, s7 = s0, s8 = s0;
  const end = record + RECORD * count;
  for (; record < end; record += RECORD) {
    const dy = v128.load(record, R_E);
    s0 = madd(dy, v128.load(record, R_H), s0);
    s1 = madd(dy, v128.load(record, R_H + 16), s1);
    s2 = madd(dy, v128.load(record, R_H + 32), s2);
    s3 = madd(dy, v128.load(record, R_H + 48), s3);
    s4 = madd(dy, v128.load(record, R_H + 64), s4);
    s5 = madd(dy, v128.load(record, R_H + 80), s5);
    s6 = madd(dy, v128.load(record, R_H + 96), s6);
    s7 = madd(dy, v128.load(record, R_H + 112), s7);
    s8 = f32x4.add(dy, s8);
  }
  addTo(sum, s0);
  addTo(sum + 16, s1);
  addTo(sum + 32, s2);
  addTo(sum + 48, s3);
  addTo(sum + 64, s4);
  addTo(sum + 80, s5);
  addTo(sum + 96, s6);
  addTo(sum + 112, s7);
  addTo(sum + 128, s8);
}

/**
 * The network over one sequence, for rendering. The lanes are hidden units here,
 * four and four: a lone sequence leaves nothing else to fill them with. `state`
 * is h.
 */
export function render(
  w: usize,
  state: usize,
  input: usize,
  output: usize,
  length: u32,
): void {
  const dense0 = v128.load(w, W_DENSE);
  const dense1 = v128.load(w, W_DENSE + 16);
  const offset = load<f32>(w, W_OFFSET);
  let h0 = v128.load(state);
  let h1 = v128.load(state, 16);
  for (let n: usize = 0; n < 4 * <usize> length; n += 4) {
    const x = v128.load32_splat(input + n);
    const r0 = sigmoid(product(w, G_R, x, h0, h1));
    const r1 = sigmoid(product(w, G_R + 16, x, h0, h1));
    const u0 = complement(product(w, G_Z, x, h0, h1));
    const u1 = complement(product(w, G_Z + 16, x, h0, h1));
    const rh0 = f32x4.mul(r0, h0);
    const rh1 = f32x4.mul(r1, h1);
    const n0 = tanh(product(w, G_N, x, rh0, rh1));
    const n1 = tanh(product(w, G_N + 16, x, rh0, rh1));
    h0 = madd(u0, f32x4.sub(n0, h0), h0);
    h1 = madd(u1, f32x4.sub(n1, h1), h1);
    const sums = madd(h1, dense1, f32x4.mul(h0, dense0));
    const pairs = f32x4.add(
      sums,
      v128.shuffle<f32>(sums, sums, 2, 3, 2, 3),
    );
    store<f32>(
      output + n,
      f32x4.extract_lane(x, 0) + offset +
        (f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1)),
    );
  }
  v128.store(state, h0);
  v128.store(state, h1, 16);
}

/** Four inputs of a gate: bias + W x + Uᵀh, the columns at byte `at`. */
@inline
function product(w: usize, at: usize, x: v128, h0: v128, h1: v128): v128 {
  const from = w + at;
  let a = madd(x, v128.load(from), v128.load(from, W_BIAS));
  a = madd(lane(h0, 0), v128.load(from, W_RECURRENT), a);
  a = madd(lane(h0, 1), v128.load(from, W_RECURRENT + W_ROW), a);
  a = madd(lane(h0, 2), v128.load(from, W_RECURRENT + 2 * W_ROW), a);
  a = madd(lane(h0, 3), v128.load(from, W_RECURRENT + 3 * W_ROW), a);
  let b = f32x4.mul(lane(h1, 0), v128.load(from, W_RECURRENT + 4 * W_ROW));
  b = madd(lane(h1, 1), v128.load(from, W_RECURRENT + 5 * W_ROW), b);
  b = madd(lane(h1, 2), v128.load(from, W_RECURRENT + 6 * W_ROW), b);
  b = madd(lane(h1, 3), v128.load(from, W_RECURRENT + 7 * W_ROW), b);
  return f32x4.add(a, b);
}

@inline
function lane(v: v128, i: u8): v128 {
  if (i == 0) return v128.shuffle<f32>(v, v, 0, 0, 0, 0);
  if (i == 1) return v128.shuffle<f32>(v, v, 1, 1, 1, 1);
  if (i == 2) return v128.shuffle<f32>(v, v, 2, 2, 2, 2);
  return v128.shuffle<f32>(v, v, 3, 3, 3, 3);
}

function writeSums(scratch: usize, output: usize, count: i32): void {
  for (let i = 0; i < count; i++) {
    const sum = v128.load(scratch + 16 * i);
    store<f64>(
      output + 8 * i,
      f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1),
    );
  }
}
