// The derivative states that enter every segment, by two affine scans with
// vectors (ψ, s', a, r) over what the segments did from zero. One workgroup a
// chunk; each invocation has a run of segments.
//
//   G_{j+1} = (1 − D_j) G_j + g_i            derivatives of the gain
//   U_{j+1} = 0.995^SEGMENT U_j + u_i + u_P G_j   their pre-emphasis states
//
// Writes planes GAIN_STATE and FILTER_STATE of `entering`.

alias Source = vec4f;

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> local: array<f32>;
@group(0) @binding(2) var<storage, read_write> entering: array<f32>;

fn localVector(plane: u32, k: u32) -> vec4f {
  let stride = parameters.stride;
  let at = plane * stride + k;
  return vec4f(
    local[at],
    local[at + stride],
    local[at + 2u * stride],
    local[at + 3u * stride],
  );
}

fn write(plane: u32, k: u32, value: vec4f) {
  let stride = parameters.stride;
  let at = plane * stride + k;
  entering[at] = value.x;
  entering[at + stride] = value.y;
  entering[at + 2u * stride] = value.z;
  entering[at + 3u * stride] = value.w;
}

fn gainMap(k: u32) -> Map {
  return Map(local[DECAY * parameters.stride + k], localVector(GAIN_BY, k));
}

fn filterMap(k: u32, gain: vec4f) -> Map {
  let product = local[FILTER_PRODUCT * parameters.stride + k];
  return Map(1.0 - POLE_SEGMENT, localVector(FILTER_BY, k) + product * gain);
}

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let base = group.x * parameters.segments;
  let run = (parameters.segments + LANES - 1u) / LANES;
  let begin = base + min(lane * run, parameters.segments);
  let end = base + min((lane + 1u) * run, parameters.segments);

  var map = identity();
  for (var k = begin; k < end; k++) { map = compose(map, gainMap(k)); }
  let gainBefore = apply(scanBefore(lane, map), vec4f());

  var gain = gainBefore;
  map = identity();
  for (var k = begin; k < end; k++) {
    map = compose(map, filterMap(k, gain));
    gain = apply(gainMap(k), gain);
  }
  var filtered = apply(scanBefore(lane, map), vec4f());

  gain = gainBefore;
  for (var k = begin; k < end; k++) {
    write(GAIN_STATE, k, gain);
    write(FILTER_STATE, k, filtered);
    filtered = apply(filterMap(k, gain), filtered);
    gain = apply(gainMap(k), gain);
  }
}
