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
 * `lib/engines/wasm/sums.ts` puts them together. The RMS detector adds the
 * derivatives by its averaging coefficient v, which averagingDerivatives() in
 * compressor_loops.ts defines, and averages and takes logarithms at every
 * evaluation: about 1.55 times the time.
 *
 * Per sample and quad that is about 105 vector operations. Of them some 80, with
 * multiply, compare and select, can only go to two of the four vector units of
 * the processors measured (AMD Zen 3): 40 cycles are the limit of this formulation
 * there. The loops of {@linkcode hessian} take 54 when measured one by one in the
 * cache, and 60 on data from memory; what is between is waiting, for the
 * recurrences and for the instructions that check bounds and keep the loops.
 * A straightforward 3.1 (one_pass.ts), one loop with what does not fit in
 * registers on the stack, takes 113; the bench prints the ratio. Two quads at a
 * time hide waiting: the gain's recurrence takes 14 cycles for one and 16 for two.
 * The logarithm is taken once per data set: 16 bytes a sample and quad to read
 * instead of 20 operations.
 */

import {
  AHEAD,
  BLOCK,
  is,
  M_CONSTANTS,
  M_DECAY,
  M_END,
  M_MODELS,
  M_SUMS,
  MODEL,
  No,
  RECORD,
  S_ERROR,
  SLOTS,
  STASH,
  SUMS,
  V_BELOW,
  V_GAIN,
  V_STASH,
  V_STATES,
  V_TAILS,
  VOICE,
  Yes,
} from "./compressor_layout";
import {
  averagingDerivatives,
  averagingProducts,
  ballistics,
  belowThreshold,
  interleave,
  meanSquare,
  mixedAveraging,
  mixedDerivatives,
  pureDerivatives,
  settle,
  staticDerivatives,
  staticGain,
  staticGainRms,
  staticProducts,
  tangents,
  timeDerivatives,
  timeProducts,
  transpose,
} from "./compressor_loops";
import { addTo, madd, writeConstants } from "./simd";

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
 * counted samples in `output`.
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
  rms: bool,
  output: usize,
): void {
  begin(scratch);
  for (let from: u32 = 0; from < length;) {
    const to = min(from + 1024, from < warmUp ? warmUp : length);
    const at: usize = 4 * from;
    const energy = interleave(
      scratch,
      records + RECORD * from,
      dry + at,
      heard + at,
      wet + at,
      o1,
      o2,
      o3,
      lanes,
      to - from,
      rms,
    );
    if (from >= warmUp) addTo(scratch + M_SUMS, energy);
    from = to;
  }
  const sum = v128.load(scratch + M_SUMS);
  store<f64>(output, f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1));
}

/** Sums for the value, of one quad, or of two where `other` is not 0. */
export function value(
  scratch: usize,
  records: usize,
  other: usize,
  length: u32,
  warmUp: u32,
  parameters: usize,
  output: usize,
): void {
  sumValue<No>(
    scratch,
    records,
    other,
    length,
    warmUp,
    parameters,
  );
  writeSums(scratch, output);
}

/** Sums for value and gradient. */
export function gradient(
  scratch: usize,
  records: usize,
  other: usize,
  length: u32,
  warmUp: u32,
  parameters: usize,
  output: usize,
): void {
  sumDerivatives<No, No>(
    scratch,
    records,
    other,
    length,
    warmUp,
    parameters,
  );
  writeSums(scratch, output);
}

/** Sums for value, gradient and Hessian. */
export function hessian(
  scratch: usize,
  records: usize,
  other: usize,
  length: u32,
  warmUp: u32,
  parameters: usize,
  output: usize,
): void {
  sumDerivatives<Yes, No>(
    scratch,
    records,
    other,
    length,
    warmUp,
    parameters,
  );
  writeSums(scratch, output);
}

/** The same with the RMS detector. */
export function valueRms(
  scratch: usize,
  records: usize,
  other: usize,
  length: u32,
  warmUp: u32,
  parameters: usize,
  output: usize,
): void {
  sumValue<Yes>(
    scratch,
    records,
    other,
    length,
    warmUp,
    parameters,
  );
  writeSums(scratch, output);
}

/** The same with the RMS detector. */
export function gradientRms(
  scratch: usize,
  records: usize,
  other: usize,
  length: u32,
  warmUp: u32,
  parameters: usize,
  output: usize,
): void {
  sumDerivatives<No, Yes>(
    scratch,
    records,
    other,
    length,
    warmUp,
    parameters,
  );
  writeSums(scratch, output);
}

/** The same with the RMS detector. */
export function hessianRms(
  scratch: usize,
  records: usize,
  other: usize,
  length: u32,
  warmUp: u32,
  parameters: usize,
  output: usize,
): void {
  sumDerivatives<Yes, Yes>(
    scratch,
    records,
    other,
    length,
    warmUp,
    parameters,
  );
  writeSums(scratch, output);
}

function sumValue<Rms>(
  scratch: usize,
  records: usize,
  other: usize,
  length: u32,
  warmUp: u32,
  parameters: usize,
): void {
  if (other != 0) {
    runValue<Yes, Rms>(scratch, records, other, length, warmUp, parameters);
  } else {
    runValue<No, Rms>(scratch, records, other, length, warmUp, parameters);
  }
}

function sumDerivatives<Second, Rms>(
  scratch: usize,
  records: usize,
  other: usize,
  length: u32,
  warmUp: u32,
  parameters: usize,
): void {
  if (other != 0) {
    sweep<Yes, Second, Rms>(
      scratch,
      records,
      other,
      length,
      warmUp,
      parameters,
    );
  } else {
    sweep<No, Second, Rms>(
      scratch,
      records,
      other,
      length,
      warmUp,
      parameters,
    );
  }
}

function runValue<Pair, Rms>(
  scratch: usize,
  records: usize,
  other: usize,
  length: u32,
  warmUp: u32,
  parameters: usize,
): void {
  begin(scratch);
  for (let from: u32 = 0; from < length;) {
    const to = min(from + BLOCK, from < warmUp ? warmUp : length);
    const size = to - from;
    const a = records + RECORD * from;
    const b = other + RECORD * from;
    if (from < warmUp) {
      advance<Pair, No, No, Yes, Rms>(scratch, a, b, 0, 0, size, parameters);
    } else {
      advance<Pair, Yes, No, Yes, Rms>(scratch, a, b, 0, 0, size, parameters);
    }
    settle(scratch);
    settle(scratch + VOICE);
    from = to;
  }
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

function writeSums(scratch: usize, output: usize): void {
  for (let i = 0; i < SUMS; i++) {
    const sum = v128.load(scratch + M_SUMS + 16 * i);
    store<f64>(
      output + 8 * i,
      f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1),
    );
  }
}

/** Static gain and ballistics of a stretch that is counted, or is not. */
@inline
function advance<Pair, Counted, Keep, Exact, Rms>(
  scratch: usize,
  records: usize,
  other: usize,
  slot: u32,
  skipped: u32,
  length: u32,
  parameters: usize,
): void {
  const offset = V_STASH + STASH * (BLOCK * slot + skipped);
  const tail = V_TAILS + 16 * slot;
  if (is<Rms>()) {
    const belows = scratch + V_BELOW + 16 * (BLOCK * slot + skipped);
    meanSquare<Pair, Exact>(
      scratch,
      records,
      belows,
      scratch + VOICE,
      other,
      belows + VOICE,
      length,
      parameters,
    );
    belowThreshold<Exact>(scratch, belows, length, parameters);
    staticGainRms<Exact>(
      scratch,
      scratch + offset,
      belows,
      length,
      parameters,
    );
    if (is<Pair>()) {
      belowThreshold<Exact>(scratch, belows + VOICE, length, parameters);
      staticGainRms<Exact>(
        scratch,
        scratch + VOICE + offset,
        belows + VOICE,
        length,
        parameters,
      );
    }
  } else {
    staticGain<Pair, Exact>(
      scratch,
      records,
      scratch + offset,
      other,
      scratch + VOICE + offset,
      length,
      parameters,
    );
  }
  ballistics<Pair, Counted, Keep, Exact>(
    scratch,
    scratch,
    records,
    scratch + offset,
    scratch + tail,
    scratch + VOICE,
    other,
    scratch + VOICE + offset,
    scratch + VOICE + tail,
    length,
    skipped,
    parameters,
  );
}

/** Runs over the blocks, the first loops `AHEAD` blocks before the others. */
function sweep<Pair, Second, Rms>(
  scratch: usize,
  records: usize,
  other: usize,
  length: u32,
  warmUp: u32,
  parameters: usize,
): void {
  begin(scratch);
  const blocks = (length + BLOCK - 1) / BLOCK;
  for (let ahead: u32 = 0; ahead < blocks + AHEAD; ahead++) {
    const slot = ahead % SLOTS;
    v128.store(scratch + V_TAILS + 16 * slot, f32x4.splat(0));
    v128.store(scratch + VOICE + V_TAILS + 16 * slot, f32x4.splat(0));
    if (ahead < blocks) {
      const from = BLOCK * ahead;
      const to = min(from + BLOCK, length);
      const middle = max(from, min(to, warmUp));
      if (middle > from) {
        warm<Pair, Second, Rms>(
          scratch,
          records + RECORD * from,
          other + RECORD * from,
          slot,
          middle - from,
          parameters,
        );
      }
      if (to > middle) {
        count<Pair, Second, Rms>(
          scratch,
          records + RECORD * middle,
          other + RECORD * middle,
          slot,
          middle - from,
          to - middle,
          parameters,
        );
      }
    }
    if (ahead >= AHEAD) {
      const block = ahead - AHEAD;
      const from = BLOCK * block;
      const to = min(from + BLOCK, length);
      const middle = max(from, min(to, warmUp));
      const before = to + AHEAD * BLOCK <= warmUp;
      differentiate<Second, Rms>(
        scratch,
        scratch,
        records + RECORD * from,
        block,
        middle - from,
        to - from,
        before,
        parameters,
      );
      if (is<Pair>()) {
        differentiate<Second, Rms>(
          scratch,
          scratch + VOICE,
          other + RECORD * from,
          block,
          middle - from,
          to - from,
          before,
          parameters,
        );
      }
    }
  }
}

/** The first loops over a stretch of warm-up, where e is 0. */
function warm<Pair, Second, Rms>(
  scratch: usize,
  records: usize,
  other: usize,
  slot: u32,
  length: u32,
  parameters: usize,
): void {
  if (is<Second>()) {
    advance<Pair, No, Yes, No, Rms>(
      scratch,
      records,
      other,
      slot,
      0,
      length,
      parameters,
    );
  } else {
    advance<Pair, No, Yes, Yes, Rms>(
      scratch,
      records,
      other,
      slot,
      0,
      length,
      parameters,
    );
  }
  const stash = scratch + V_STASH + STASH * BLOCK * slot;
  for (let n: u32 = 0; n < length; n++) {
    v128.store(stash + STASH * n, f32x4.splat(0), S_ERROR);
    if (is<Pair>()) {
      v128.store(stash + VOICE + STASH * n, f32x4.splat(0), S_ERROR);
    }
  }
}

/** The first loops over a counted stretch, after `skipped` samples of warm-up. */
function count<Pair, Second, Rms>(
  scratch: usize,
  records: usize,
  other: usize,
  slot: u32,
  skipped: u32,
  length: u32,
  parameters: usize,
): void {
  if (is<Second>()) {
    advance<Pair, Yes, Yes, No, Rms>(
      scratch,
      records,
      other,
      slot,
      skipped,
      length,
      parameters,
    );
  } else {
    advance<Pair, Yes, Yes, Yes, Rms>(
      scratch,
      records,
      other,
      slot,
      skipped,
      length,
      parameters,
    );
  }
}

/**
 * The other loops over a block, of which the first `skipped` samples are warm-up.
 * In a block so long `before` the end of warm-up that neither w nor the filters'
 * state reaches it, only the derivatives of g go on.
 */
function differentiate<Second, Rms>(
  scratch: usize,
  voice: usize,
  records: usize,
  block: u32,
  skipped: u32,
  length: u32,
  before: bool,
  parameters: usize,
): void {
  const stash = voice + V_STASH + STASH * BLOCK * (block % SLOTS);
  if (!before) {
    transposeBlock(scratch, voice, records, stash, block, skipped, length);
  }
  const belows = voice + V_BELOW + 16 * BLOCK * (block % SLOTS);
  if (is<Second>()) {
    if (before) {
      secondOrder<No, Rms>(
        scratch,
        voice,
        records,
        stash,
        belows,
        length,
        parameters,
      );
    } else {
      secondOrder<Yes, Rms>(
        scratch,
        voice,
        records,
        stash,
        belows,
        length,
        parameters,
      );
    }
    if (length > skipped) {
      const models = scratch + M_MODELS + MODEL * skipped;
      const counted = records + RECORD * skipped;
      staticProducts(scratch, counted, models, length - skipped);
      timeProducts(scratch, counted, models, length - skipped);
      if (is<Rms>()) {
        averagingProducts(scratch, counted, skipped, length - skipped);
      }
    }
  } else {
    // In a block before, z is 0 and the sums remain what they are.
    tangents<Rms>(scratch, voice, records, stash, belows, length, parameters);
    if (is<Rms>()) {
      averagingDerivatives<Yes, No>(
        scratch,
        voice,
        records,
        stash,
        belows,
        length,
        parameters,
      );
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
    q = transpose<Yes>(
      scratch,
      records + RECORD * skipped,
      stash + STASH * skipped,
      length - skipped,
      q,
    );
  }
  if (skipped > 0) transpose<No>(scratch, records, stash, skipped, q);
}

@inline
function secondOrder<Sums, Rms>(
  scratch: usize,
  voice: usize,
  records: usize,
  stash: usize,
  belows: usize,
  length: u32,
  parameters: usize,
): void {
  staticDerivatives<Sums, Rms>(
    scratch,
    voice,
    records,
    stash,
    belows,
    length,
    parameters,
  );
  mixedDerivatives<Sums>(scratch, voice, stash, length, parameters);
  timeDerivatives<Sums>(scratch, voice, records, stash, length, parameters);
  pureDerivatives<Sums>(scratch, voice, stash, length, parameters);
  if (is<Rms>()) {
    averagingDerivatives<Sums, Yes>(
      scratch,
      voice,
      records,
      stash,
      belows,
      length,
      parameters,
    );
    mixedAveraging<Sums>(scratch, voice, stash, length, parameters);
  }
}
