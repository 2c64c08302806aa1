// The static curve, sample by sample, with log2 and exp2 as polynomials: WGSL
// lets an adapter err by several units in the last place (more near |x| = 1),
// and two adapters need not agree. These err by one, everywhere the same.
//
//   below = CT − L            in octaves, L = log2 max(|x|, 1e-8)
//   ĝ     = 2^(s · below)     where below < 0, else 1
//
// log2: x = 2^k (1 + t), 1 + t in [√½, √2), log2(1 + t) = t · q(t), q of degree
// 8, relative error 2.6e-8. exp2: z = i + f, |f| ≤ ½, 2^f of degree 6, relative
// error 1.9e-9. Both are minimax fits (Remez).

// 1e-8, the level floor.
const LEVEL_FLOOR = 1e-8f;

// CT − L in octaves; k is taken from CT first, so that the rounding is that of
// the difference.
fn octavesBelow(threshold: f32, x: f32) -> f32 {
  let bits = bitcast<i32>(max(abs(x), LEVEL_FLOOR));
  let k = (bits - 0x3f3504f3) >> 23u;
  let t = bitcast<f32>(bits - (k << 23u)) - 1.0;
  var q = fma(t, 0.12583444341f, -0.207267282432f);
  q = fma(q, t, 0.215715525585f);
  q = fma(q, t, -0.238945217029f);
  q = fma(q, t, 0.287916295888f);
  q = fma(q, t, -0.360703664528f);
  q = fma(q, t, 0.480910641057f);
  q = fma(q, t, -0.721347347036f);
  q = fma(q, t, 1.44269500366f);
  return fma(-t, q, threshold - f32(k));
}

// 2^z for z ≤ 0; what would be below the smallest normal number is that number.
fn powerOfTwo(z: f32) -> f32 {
  let clamped = max(z, -126.0);
  let i = round(clamped);
  let f = clamped - i;
  var p = fma(f, 0.000153457797713f, 0.00133999298186f);
  p = fma(p, f, 0.00961848906096f);
  p = fma(p, f, 0.0555032878166f);
  p = fma(p, f, 0.240226468901f);
  p = fma(p, f, 0.693147205735f);
  p = fma(p, f, 1.0);
  return bitcast<f32>(bitcast<i32>(p) + (i32(i) << 23u));
}

// ĝ from `below`; exactly 1 at and below the threshold.
fn staticGain(slope: f32, below: f32) -> f32 {
  return powerOfTwo(min(slope * below, 0.0));
}
