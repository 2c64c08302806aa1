// The sums of the Hessian, in one pass with all entering states known. One
// invocation a segment; everything is in registers.
//
// Σ p_i p_j and Σ p p_i come from the first derivatives, replayed from their
// entering states. Σ e p_ij needs no filter of second order: with w = Fᵀe,
// Σ e F(v) = Σ w v. Fᵀ runs backwards in time; but the state Y behind the segment
// is known, so is (by 0.995^SEGMENT and E) the one in front of it, and from there
//
//   q[n+1] = (q[n] − e[n]) / 0.995,    w[n] = e[n] − κ q[n+1]
//
// runs forwards. Rounding errors grow by 0.995^−SEGMENT, 3.6 for 256 samples.
//
// The second derivatives g_ij of the gain run from zero in every segment, driven
// by the true first derivatives; what they leave behind them is answered for by
// the adjoint M of the gain at the segment's end:
//
//   Σ e p_ij = Σ_n (w c x)[n] g_ij[n] + M g_ij[end]
//
//   g_s's' += α (ĝ (CT − L)² − g_s's')
//   g_aθ   += 1_a (ĝ_θ − g_θ[n−1]) − α g_aθ      g_rθ with 1_r; θ in (ψ, s')
//   g_aa   += −2 · 1_a g_a[n−1] − α g_aa         g_rr with 1_r, g_r
//   g_ar   += −1_a g_r[n−1] − 1_r g_a[n−1] − α g_ar
//
// (g_ψψ and g_ψs' are multiples of first derivatives.)

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> dry: array<vec4f>;
@group(0) @binding(2) var<storage, read> wet: array<vec4f>;
@group(0) @binding(3) var<storage, read> enter: array<vec2f>;
@group(0) @binding(4) var<storage, read> entering: array<f32>;
@group(0) @binding(5) var<storage, read> local: array<f32>;
@group(0) @binding(6) var<storage, read_write> sums: array<f32>;

fn enteringVector(plane: u32, k: u32) -> vec4f {
  let stride = parameters.stride;
  let at = plane * stride + k;
  return vec4f(
    entering[at],
    entering[at + stride],
    entering[at + 2u * stride],
    entering[at + 3u * stride],
  );
}

struct State {
  anchor: f32,
  offset: f32,
  filtered: f32,
  // q[n], see above.
  backward: f32,
  // Sample of the chunk.
  n: u32,
  gainBy: vec4f,
  filteredBy: vec4f,
  // g_aψ g_as' g_aa g_ar, and g_rψ g_rs' g_rr g_s's'.
  attackBy: vec4f,
  releaseBy: vec4f,
  // Sums: Σ p p_i; Σ p_i p_j for i = ψ, s', a, r and j ≥ i; Σ (w c x) g_ij.
  modelBy: vec4f,
  byPsi: vec4f,
  bySlope: vec3f,
  byAttack: vec2f,
  byRelease: f32,
  errorAttackBy: vec4f,
  errorReleaseBy: vec4f,
}

fn advance(state: ptr<function, State>, x: f32, y: f32) {
  var s = *state;
  let below = octavesBelow(parameters.threshold, x);
  let curve = staticGain(parameters.slope, below);
  let gap = (curve - s.anchor) - s.offset;
  let attacks = gap < 0.0;
  let alpha = select(parameters.release, parameters.attack, attacks);
  s.offset = fma(alpha, gap, s.offset);

  let scale = parameters.makeUp * x;
  let model = scale * (s.anchor + s.offset) - s.filtered;
  s.filtered = fma(POLE_DECAY, model, s.filtered);
  let counted = s.n >= parameters.warmUp && s.n < parameters.samples;
  s.n += 1u;
  let error = select(0.0, model - y, counted);
  s.backward = (s.backward - error) * POLE_INVERSE;
  let weight = scale * (error - POLE_DECAY * s.backward);

  // Second derivatives of the gain; these need the first ones at n − 1.
  let curved = select(0.0, curve, below < 0.0);
  let curvedBelow = curved * below;
  let lag = vec2f(curved, curvedBelow) - s.gainBy.xy;
  let attackSource = select(
    vec4f(0.0, 0.0, 0.0, -s.gainBy.z),
    vec4f(lag, -2.0 * s.gainBy.z, -s.gainBy.w),
    attacks,
  );
  let releaseSource = vec4f(
    select(vec3f(lag, -2.0 * s.gainBy.w), vec3f(), attacks),
    alpha * curvedBelow * below,
  );
  s.attackBy += attackSource - alpha * s.attackBy;
  s.releaseBy += releaseSource - alpha * s.releaseBy;
  s.errorAttackBy += weight * s.attackBy;
  s.errorReleaseBy += weight * s.releaseBy;

  // First derivatives, pre-emphasised, and their products.
  let gapBy = select(vec2f(0.0, gap), vec2f(gap, 0.0), attacks);
  s.gainBy += vec4f(alpha * lag, gapBy - alpha * s.gainBy.zw);
  let modelBy = scale * s.gainBy - s.filteredBy;
  s.filteredBy += POLE_DECAY * modelBy;
  let countedBy = select(vec4f(), modelBy, counted);
  s.modelBy += model * countedBy;
  s.byPsi += countedBy.x * modelBy;
  s.bySlope += countedBy.y * modelBy.yzw;
  s.byAttack += countedBy.z * modelBy.zw;
  s.byRelease = fma(countedBy.w, modelBy.w, s.byRelease);
  *state = s;
}

@compute @workgroup_size(GROUP)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let k = id.x;
  if (k >= parameters.count) { return; }
  let stride = parameters.stride;
  var s = State();
  s.anchor = enter[k].x;
  s.offset = enter[k].y;
  s.filtered = entering[FILTER * stride + k];
  s.gainBy = enteringVector(GAIN_STATE, k);
  s.filteredBy = enteringVector(FILTER_STATE, k);
  s.backward = local[ERROR_POWER * stride + k] -
    POLE_SEGMENT * entering[FILTER_ADJOINT * stride + k];
  s.n = (k % parameters.segments) * SEGMENT;

  let start = firstSamples(k);
  for (var at = start; at < start + SEGMENT / 4u * TILE; at += TILE) {
    let x = dry[at];
    let y = wet[at];
    advance(&s, x.x, y.x);
    advance(&s, x.y, y.y);
    advance(&s, x.z, y.z);
    advance(&s, x.w, y.w);
  }

  let gainAdjoint = entering[GAIN_ADJOINT * stride + k];
  let errorAttackBy = s.errorAttackBy + gainAdjoint * s.attackBy;
  let errorReleaseBy = s.errorReleaseBy + gainAdjoint * s.releaseBy;
  for (var i = 0u; i < 4u; i++) {
    sums[(MODEL_BY + i) * stride + k] = s.modelBy[i];
    sums[(PRODUCTS + i) * stride + k] = s.byPsi[i];
    sums[(ERROR_ATTACK_BY + i) * stride + k] = errorAttackBy[i];
    sums[(ERROR_RELEASE_BY + i) * stride + k] = errorReleaseBy[i];
  }
  for (var i = 0u; i < 3u; i++) {
    sums[(PRODUCTS + 4u + i) * stride + k] = s.bySlope[i];
  }
  for (var i = 0u; i < 2u; i++) {
    sums[(PRODUCTS + 7u + i) * stride + k] = s.byAttack[i];
  }
  sums[(PRODUCTS + 9u) * stride + k] = s.byRelease;
}
