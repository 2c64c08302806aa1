// The states at segment boundaries, and Newton's step from one to the next.
//
// With s°_j the state that segment j was run from, Φ_j the state that left it and
// 1 − D_j the slope of its map there, the step d_j = s_j − s°_j obeys
//
//   d_{j+1} = (1 − D_j) d_j + (Φ_j − s°_{j+1}),    d_0 = 0
//
// It is the mismatch at the boundaries that is carried on, a small number, so
// that rounding errors shrink with it. A step up to TOLERANCE is not taken and
// leaves its segment as it is.
//
// enter = (anchor, offset), their sum is s°; leave = (offset, D, …), the anchor
// being that of enter.

// Φ_j − s°_{j+1}
fn mismatch(enter: vec2f, leave: vec4f, next: vec2f) -> f32 {
  return (enter.x - next.x) + (leave.x - next.y);
}

// s_{j+1} = Φ_j + (1 − D_j) d_j, as an anchor and what its rounding leaves over
// (Knuth's sum). No gain is above 1: rounding must not carry one there either, for
// below the threshold, where ĝ = 1, it would attack instead of release.
fn nextState(enter: vec2f, leave: vec4f, step: f32) -> vec2f {
  let offset = leave.x + (step - leave.y * step);
  let anchor = enter.x + offset;
  let added = anchor - enter.x;
  let left = (enter.x - (anchor - added)) + (offset - added);
  if ((anchor - 1.0) + left > 0.0) { return vec2f(1.0, 0.0); }
  return vec2f(anchor, left);
}
