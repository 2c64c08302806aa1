// One segment of the ballistics, from the state that enters it to the one that
// leaves it:
//
//   g[n] = g[n−1] + α[n] (ĝ[n] − g[n−1]),  α[n] = a where ĝ[n] < g[n−1], else r
//
// The gain is held as anchor + offset, the anchor fixed along the segment. With
// a slow release α is some 5e-5, and g + α (ĝ − g) in float32 stands still as
// soon as α |ĝ − g| is below half a unit in the last place of g; the offset is
// small, and so is its last place.
//
// Alongside, decay D = 1 − Π β along the path: D += α (1 − D). The map of the
// segment has slope 1 − D at the state it was run from. D is kept, not Π β:
// 1 − r in float32 would lose the last digits of r.
//
// And the pre-emphasis p[n] = v[n] − u[n], u[n+1] = u[n] + κ p[n] of v = x g from
// u = 0: what the segment itself adds to the filter state that leaves it.
//
// leave[k] = (offset, D, u, 1).

struct Segment {
  anchor: f32,
  offset: f32,
  decay: f32,
  filtered: f32,
}

fn advance(segment: ptr<function, Segment>, x: f32) {
  let curve = staticGain(
    parameters.slope,
    octavesBelow(parameters.threshold, x),
  );
  let gap = (curve - (*segment).anchor) - (*segment).offset;
  let alpha = select(parameters.release, parameters.attack, gap < 0.0);
  let decay = (*segment).decay;
  let filtered = (*segment).filtered;
  let offset = fma(alpha, gap, (*segment).offset);
  let model = x * ((*segment).anchor + offset) - filtered;
  (*segment).offset = offset;
  (*segment).decay = fma(alpha, 1.0 - decay, decay);
  (*segment).filtered = fma(POLE_DECAY, model, filtered);
}

fn runSegment(k: u32, entering: vec2f) -> vec4f {
  var segment = Segment(entering.x, entering.y, 0.0, 0.0);
  let start = firstSamples(k);
  for (var at = start; at < start + SEGMENT / 4u * TILE; at += TILE) {
    let x = dry[at];
    advance(&segment, x.x);
    advance(&segment, x.y);
    advance(&segment, x.z);
    advance(&segment, x.w);
  }
  return vec4f(segment.offset, segment.decay, segment.filtered, 1.0);
}
