// @ts-nocheck: AssemblyScript, compiled by lib/kernels/build.ts
/**
 * Loss, gradient and Hessian of the compressor, for four chunks at a time (a
 * quad), one to a lane, in single precision.
 *
 * The algorithm is the forward pass of MATH 3.1 with the filters of the second
 * derivatives taken away by their adjoint: Σ e F(v) = Σ w v with w = Fᵀe, so with
 * z = w x
 *
 *     ½ ∂𝓛/∂θ_i = c Σ z g_i          Σ e p_ij = c Σ z g_ij
 *
 * and only p_i = F(x g_i) is left to be filtered, for Σ p_i p_j. Fᵀ runs against
 * time, but its memory is short: the first loops run 2048 samples ahead of the
 * others, so one pass over the data is enough and nothing of signal length is
 * stored. The full adjoint of MATH 3.2 would save the second derivatives'
 * recurrences as well, 8 multiply-adds a sample, but needs either another static
 * gain and ballistics, some 20 operations, or 96 more bytes a sample to and from
 * memory; counted so, it is no gain.
 *
 * Three scalings keep it small. Derivatives are taken by G₀ and G₁, of which
 * g_CT = k s G₀ and g_s = ln2 G₁; by a, and by a and r together (index t), since
 * what moves them both needs no mask; and the model is without make-up c. With
 * active ∈ {0, 1}, u = min(0, log₂ threshold/level), ĝ = 2^(s u), d = g[n−1] − ĝ,
 * and 1_a where d > 0:
 *
 *     G₀ += α (active ĝ − G₀)       Ga += 1_a d − α Ga       (−∂g/∂a)
 *     G₁ += α (u ĝ − G₁)            Gt += d − α Gt           (−∂g/∂a − ∂g/∂r)
 *     ss = β ss + α u² ĝ            a0 = β a0 + 1_a (active ĝ − G₀[n−1])
 *     t0 = β t0 + active ĝ − G₀[n−1]         a1, t1 likewise with u ĝ and G₁
 *     aa = β aa + 1_a Ga[n−1]       rr = β rr + 1_r (Gt − Ga)[n−1]
 *     tt = β tt + Gt[n−1]
 *
 * `lib/engines/wasm/sums.ts` puts them together.
 *
 * Per sample and quad that is about 105 vector operations. Of them some 80, with
 * multiply, compare and select, can only go to two of the four vector units of
 * the processors measured (AMD Zen 3): 40 cycles are the limit of this formulation
 * there. The loops of a Hessian take 54 when measured one by one in the cache, and
 * 60 on data from memory; what is between is waiting, for the recurrences and for
 * the instructions that check bounds and keep the loops.
 * A straightforward 3.1 (one_pass.ts), one loop with what does not fit in
 * registers on the stack, takes 113; the bench prints the ratio. Two quads at a
 * time hide waiting: the gain's recurrence takes 14 cycles for one and 16 for two.
 * The logarithm is taken once per data set: 16 bytes a sample and quad to read
 * instead of 20 operations.
 */

import {
  AHEAD,
  BLOCK,
  Gradient,
  Hessian,
  is,
  isExact,
  M_CONSTANTS,
  M_DECAY,
  M_END,
  M_MODELS,
  M_PARAMETERS,
  M_SUMS,
  MODEL,
  No,
  P_LOW,
  RECORD,
  SLOTS,
  STASH,
  SUMS,
  V_GAIN,
  V_STASH,
  V_STATES,
  V_TAILS,
  Value,
  VOICE,
  Yes,
} from "./compressor_layout";
import {
  ballistics,
  firstDerivatives,
  interleave,
  secondDerivatives,
  settle,
  staticGain,
  staticProducts,
  tangents,
  timeProducts,
  transpose,
} from "./compressor_loops";
import { addTo, madd, writeConstants } from "./simd";

/** Bytes of scratch memory a thread needs. */
export function scratchBytes(): usize {
  return M_END;
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
 * pre-emphasised target; from one record to the next there are `stride` bytes.
 * Lanes from `lanes` on are silent. Leaves Σ y² over the counted samples in
 * `output`.
 */
export function prepare(
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
  warmUp: u32,
  stride: usize,
  output: usize,
): void {
  begin(scratch);
  const used = i32x4.gt_s(i32x4.splat(lanes), i32x4(0, 1, 2, 3));
  for (let from: u32 = 0; from < length;) {
    const to = min(from + 1024, from < warmUp ? warmUp : length);
    const at: usize = 4 * from;
    const target = records + stride * from;
    const size = to - from;
    const energy = interleave(
      scratch,
      target,
      dry + at,
      heard + at,
      wet + at,
      o1,
      o2,
      o3,
      used,
      size,
      stride,
    );
    if (from >= warmUp) addTo(scratch + M_SUMS, energy);
    from = to;
  }
  writeSums(scratch, output, 1);
}

/**
 * Sums for the derivatives up to `order`, of one quad, or of two where `other` is
 * not 0.
 */
export function evaluate(
  scratch: usize,
  order: i32,
  records: usize,
  other: usize,
  length: u32,
  warmUp: u32,
  parameters: usize,
  output: usize,
): void {
  begin(scratch);
  memory.copy(scratch + M_PARAMETERS, parameters, 2 * P_LOW);
  if (other != 0) run<Yes>(scratch, order, records, other, length, warmUp);
  else run<No>(scratch, order, records, other, length, warmUp);
  writeSums(scratch, output, SUMS);
}

function run<Pair>(
  scratch: usize,
  order: i32,
  records: usize,
  other: usize,
  length: u32,
  warmUp: u32,
): void {
  if (order == 0) addUp<Pair>(scratch, records, other, length, warmUp);
  else if (order == 1) {
    sweep<Pair, Gradient>(scratch, records, other, length, warmUp);
  } else sweep<Pair, Hessian>(scratch, records, other, length, warmUp);
}

/** Everything at rest. */
function begin(scratch: usize): void {
  for (let v = 0; v < 2; v++) {
    const voice = scratch + VOICE * v;
    memory.fill(voice, 0, V_STATES);
    v128.store(voice, f32x4.splat(1), V_GAIN);
  }
  memory.fill(scratch + M_SUMS, 0, 16 * SUMS);
}

function writeSums(scratch: usize, output: usize, count: i32): void {
  for (let i = 0; i < count; i++) {
    const sum = v128.load(scratch + M_SUMS + 16 * i);
    store<f64>(
      output + 8 * i,
      f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1),
    );
  }
}

/** The value alone: nothing follows the first loops. */
function addUp<Pair>(
  scratch: usize,
  records: usize,
  other: usize,
  length: u32,
  warmUp: u32,
): void {
  for (let from: u32 = 0; from < length;) {
    const to = min(from + BLOCK, from < warmUp ? warmUp : length);
    const size = to - from;
    const a = records + RECORD * from;
    const b = other + RECORD * from;
    if (from < warmUp) advance<Pair, No, Value>(scratch, a, b, 0, 0, size);
    else advance<Pair, Yes, Value>(scratch, a, b, 0, 0, size);
    settle(scratch);
    settle(scratch + VOICE);
    from = to;
  }
}

/** Runs over the blocks, the first loops `AHEAD` blocks before the others. */
function sweep<Pair, Order>(
  scratch: usize,
  records: usize,
  other: usize,
  length: u32,
  warmUp: u32,
): void {
  const blocks = (length + BLOCK - 1) / BLOCK;
  for (let ahead: u32 = 0; ahead < blocks + AHEAD; ahead++) {
    const slot = ahead % SLOTS;
    v128.store(scratch + V_TAILS + 16 * slot, f32x4.splat(0));
    v128.store(scratch + VOICE + V_TAILS + 16 * slot, f32x4.splat(0));
    if (ahead < blocks) {
      const from = BLOCK * ahead;
      const size = min(BLOCK, length - from);
      const skipped = min(size, max(from, warmUp) - from);
      const a = records + RECORD * from;
      const b = other + RECORD * from;
      if (skipped > 0) {
        advance<Pair, No, Order>(scratch, a, b, slot, 0, skipped);
      }
      if (size > skipped) {
        advance<Pair, Yes, Order>(scratch, a, b, slot, skipped, size - skipped);
      }
    }
    if (ahead >= AHEAD) {
      const block = ahead - AHEAD;
      follow<Order>(scratch, scratch, records, block, length, warmUp);
      if (is<Pair>()) {
        follow<Order>(scratch, scratch + VOICE, other, block, length, warmUp);
      }
    }
  }
}

/**
 * The first loops, static gain and ballistics, over `length` samples of a block
 * from `skipped` on, which are counted or are not.
 */
function advance<Pair, Counted, Order>(
  scratch: usize,
  records: usize,
  other: usize,
  slot: u32,
  skipped: u32,
  length: u32,
): void {
  const stash = scratch + V_STASH + STASH * (BLOCK * slot + skipped);
  const a = records + RECORD * skipped;
  const b = other + RECORD * skipped;
  staticGain<Pair, Order>(scratch, a, b, stash, length);
  const tail = scratch + V_TAILS + 16 * slot;
  const decay = scratch + M_DECAY + 4 * skipped;
  ballistics<Pair, Counted, Order>(scratch, a, b, stash, tail, decay, length);
}

/**
 * The other loops over a block. In a block so long before the end of warm-up that
 * neither w nor the filters' state reaches it, only the derivatives of g go on.
 */
function follow<Order>(
  scratch: usize,
  voice: usize,
  records: usize,
  block: u32,
  length: u32,
  warmUp: u32,
): void {
  const from = BLOCK * block;
  const size = min(BLOCK, length - from);
  const skipped = min(size, max(from, warmUp) - from);
  const before = from + size + AHEAD * BLOCK <= warmUp;
  const stash = voice + V_STASH + STASH * BLOCK * (block % SLOTS);
  records += RECORD * from;
  if (!before) {
    transposeBlock(scratch, voice, records, stash, block, skipped, size);
  }
  if (isExact<Order>()) {
    // In a block before, z is 0 and the sums remain what they are.
    tangents(scratch, voice, records, stash, size);
  } else {
    if (before) derivatives<No>(scratch, voice, records, stash, size);
    else derivatives<Yes>(scratch, voice, records, stash, size);
    if (size > skipped) {
      const models = scratch + M_MODELS + MODEL * skipped;
      const counted = records + RECORD * skipped;
      staticProducts(scratch, counted, models, size - skipped);
      timeProducts(scratch, counted, models, size - skipped);
    }
  }
  if (block % 8 == 7) settle(voice);
}

/** z in place of e over a block, and the sums of e. */
function transposeBlock(
  scratch: usize,
  voice: usize,
  records: usize,
  stash: usize,
  block: u32,
  skipped: u32,
  length: u32,
): void {
  // q at the block's end, from the blocks that follow.
  const decay = v128.load32_splat(scratch + M_DECAY + 4 * BLOCK);
  let q = f32x4.splat(0);
  for (let next = block + AHEAD; next > block; next--) {
    q = madd(decay, q, v128.load(voice + V_TAILS + 16 * (next % SLOTS)));
  }
  if (length > skipped) {
    const counted = records + RECORD * skipped;
    const rest = stash + STASH * skipped;
    q = transpose<Yes>(scratch, counted, rest, length - skipped, q);
  }
  if (skipped > 0) transpose<No>(scratch, records, stash, skipped, q);
}

/** All derivatives; the sums of z too, where w reaches the block. */
function derivatives<Sums>(
  scratch: usize,
  voice: usize,
  records: usize,
  stash: usize,
  length: u32,
): void {
  firstDerivatives<No, Sums>(scratch, voice, records, stash, length);
  secondDerivatives<No, Sums>(scratch, voice, stash, length);
  firstDerivatives<Yes, Sums>(scratch, voice, records, stash, length);
  secondDerivatives<Yes, Sums>(scratch, voice, stash, length);
}
