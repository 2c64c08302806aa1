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
// u = 0: what the segment itself adds to the filter state that leaves it. The same
// of v = x Π β, with u_P, says how that answers to the entering gain.
//
// A step d of the entering gain moves g[n−1] by d Π β. No branch changes, and so
// the segment's map is the affine one, for as long as
//
//   ĝ[n] − g[n−1] < d Π β  wherever the gain attacks, and not anywhere else;
//
// that is, for low < d ≤ high. Such a step can be taken without another run.
//
// leave[k] = (offset, D, u, u_P); reach[k] = (low, high).

// Bounds that keep 1 / Π β and what is multiplied by it finite. Where they take
// effect, low and high come out nearer to 0 than they are.
const MOST = 1e30f;
const LEAST_DECAY = 1e-7f;

struct Segment {
  anchor: f32,
  offset: f32,
  decay: f32,
  filtered: f32,
  filteredProduct: f32,
  // 1 / Π β.
  inverse: f32,
  reach: vec2f,
}

struct Run {
  leave: vec4f,
  reach: vec2f,
}

// `growth` is 1 / β of attack and release.
fn advance(segment: ptr<function, Segment>, x: f32, growth: vec2f) {
  var s = *segment;
  let curve = staticGain(
    parameters.slope,
    octavesBelow(parameters.threshold, x),
  );
  let gap = (curve - s.anchor) - s.offset;
  let attacks = gap < 0.0;
  let alpha = select(parameters.release, parameters.attack, attacks);
  let bound = gap * s.inverse;
  s.reach = select(
    vec2f(s.reach.x, min(s.reach.y, bound)),
    vec2f(max(s.reach.x, bound), s.reach.y),
    attacks,
  );
  s.inverse = min(s.inverse * select(growth.y, growth.x, attacks), MOST);
  s.offset = fma(alpha, gap, s.offset);
  s.decay = fma(alpha, 1.0 - s.decay, s.decay);
  let model = x * (s.anchor + s.offset) - s.filtered;
  s.filtered = fma(POLE_DECAY, model, s.filtered);
  let product = x * (1.0 - s.decay) - s.filteredProduct;
  s.filteredProduct = fma(POLE_DECAY, product, s.filteredProduct);
  *segment = s;
}

fn runSegment(k: u32, entering: vec2f) -> Run {
  let betas = 1.0 - vec2f(parameters.attack, parameters.release);
  let growth = 1.0 / max(betas, vec2f(LEAST_DECAY));
  var s = Segment(
    entering.x,
    entering.y,
    0.0,
    0.0,
    0.0,
    1.0,
    vec2f(-MOST, MOST),
  );
  let start = firstSamples(k);
  for (var at = start; at < start + SEGMENT / 4u * TILE; at += TILE) {
    let x = dry[at];
    advance(&s, x.x, growth);
    advance(&s, x.y, growth);
    advance(&s, x.z, growth);
    advance(&s, x.w, growth);
  }
  return Run(vec4f(s.offset, s.decay, s.filtered, s.filteredProduct), s.reach);
}
