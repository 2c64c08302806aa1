// One pass over the samples with the entering states of gain and filter known:
// the sums of the loss, and all that a segment contributes to the gradient.
// One invocation a segment; everything is in registers.
//
//   p = F(c x g),  e = p − y on the counted samples, else 0
//
// With ORDER 0 only Σ e² and Σ p² are written. With ORDER 1 also:
//
//   - the first derivatives g_i of the gain within the segment, from zero, and
//     their pre-emphasis u_i, p_i = F(c x g_i), from zero. i runs over (ψ, s', a, r):
//     ĝ_ψ = ĝ and ĝ_s' = ĝ (CT − L) in octaves where the curve is active, so that
//     ∂g/∂CT = k s g_ψ and ∂g/∂s = ln 2 · g_s'. No division by s.
//   - D = 1 − Π β and P = F(c x Π β), its state u_P: how a change of the entering
//     gain passes through the segment.
//   - E = Σ 0.995ⁿ e and H = Σ e P: how the loss (½ Σ e²) answers to a change of the
//     entering filter state (−E) and of the entering gain (H), within the segment.
//
// Recurrences are written y += α (source − y): see ballistics.wgsl.

override ORDER: u32 = 0;

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> dry: array<vec4f>;
@group(0) @binding(2) var<storage, read> wet: array<vec4f>;
@group(0) @binding(3) var<storage, read> enter: array<vec2f>;
@group(0) @binding(4) var<storage, read> entering: array<f32>;
@group(0) @binding(5) var<storage, read_write> local: array<f32>;
@group(0) @binding(6) var<storage, read_write> sums: array<f32>;

struct State {
  anchor: f32,
  offset: f32,
  filtered: f32,
  // Sample of the chunk.
  n: u32,
  loss: f32,
  energy: f32,
  errorModel: f32,
  errorBy: vec4f,
  gainBy: vec4f,
  filteredBy: vec4f,
  decay: f32,
  filteredProduct: f32,
  power: f32,
  errorPower: f32,
  errorProduct: f32,
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
  s.loss = fma(error, error, s.loss);
  s.energy = fma(model, select(0.0, model, counted), s.energy);

  if (ORDER >= 1u) {
    s.errorModel = fma(error, model, s.errorModel);
    let curved = select(0.0, curve, below < 0.0);
    let source = alpha * vec4f(curved, curved * below, 0.0, 0.0) +
      select(vec4f(0.0, 0.0, 0.0, gap), vec4f(0.0, 0.0, gap, 0.0), attacks);
    s.gainBy += source - alpha * s.gainBy;
    let modelBy = scale * s.gainBy - s.filteredBy;
    s.filteredBy += POLE_DECAY * modelBy;
    s.errorBy += error * modelBy;

    s.decay = fma(alpha, 1.0 - s.decay, s.decay);
    let product = scale * (1.0 - s.decay) - s.filteredProduct;
    s.filteredProduct = fma(POLE_DECAY, product, s.filteredProduct);
    s.errorProduct = fma(error, product, s.errorProduct);
    s.errorPower = fma(error, s.power, s.errorPower);
    s.power = fma(-POLE_DECAY, s.power, s.power);
  }
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
  s.n = (k % parameters.segments) * SEGMENT;
  s.power = 1.0;

  let start = firstSamples(k);
  for (var at = start; at < start + SEGMENT / 4u * TILE; at += TILE) {
    let x = dry[at];
    let y = wet[at];
    advance(&s, x.x, y.x);
    advance(&s, x.y, y.y);
    advance(&s, x.z, y.z);
    advance(&s, x.w, y.w);
  }

  sums[LOSS * stride + k] = s.loss;
  sums[ENERGY * stride + k] = s.energy;
  if (ORDER >= 1u) {
    sums[ERROR_MODEL * stride + k] = s.errorModel;
    for (var i = 0u; i < 4u; i++) {
      sums[(ERROR_BY + i) * stride + k] = s.errorBy[i];
      local[(GAIN_BY + i) * stride + k] = s.gainBy[i];
      local[(FILTER_BY + i) * stride + k] = s.filteredBy[i];
    }
    local[DECAY * stride + k] = s.decay;
    local[FILTER_PRODUCT * stride + k] = s.filteredProduct;
    local[ERROR_POWER * stride + k] = s.errorPower;
    local[ERROR_PRODUCT * stride + k] = s.errorProduct;
  }
}
