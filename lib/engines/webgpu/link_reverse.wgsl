// How ½ Σ e² of all that follows a boundary answers to a change of the filter
// state (Y) and of the gain (M) there: two affine scans from the last segment to
// the first. One workgroup a chunk; each invocation has a run of segments.
//
//   Y_j = 0.995^SEGMENT Y_{j+1} − E_j
//   M_j = (1 − D_j) M_{j+1} + H_j + u_P Y_{j+1}         both 0 behind the chunk
//
// Writes planes FILTER_ADJOINT and GAIN_ADJOINT of `entering`: the values behind
// segment k. What a segment's own derivative states do to the rest of the chunk
// completes its part of the gradient:
//
//   Σ e p_i += g_i · M_{j+1} + u_i · Y_{j+1}

alias Source = f32;

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> local: array<f32>;
@group(0) @binding(2) var<storage, read_write> entering: array<f32>;
@group(0) @binding(3) var<storage, read_write> sums: array<f32>;

fn filterMap(k: u32) -> Map {
  let source = -local[ERROR_POWER * parameters.stride + k];
  return Map(1.0 - POLE_SEGMENT, source);
}

fn gainMap(k: u32, filterAdjoint: f32) -> Map {
  let stride = parameters.stride;
  let product = local[FILTER_PRODUCT * stride + k];
  let source = local[ERROR_PRODUCT * stride + k] + product * filterAdjoint;
  return Map(local[DECAY * stride + k], source);
}

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  // Segments are counted from the end: i-th from the end is `last − i`.
  let stride = parameters.stride;
  let segments = parameters.segments;
  let last = group.x * segments + segments - 1u;
  let run = (segments + LANES - 1u) / LANES;
  let begin = min(lane * run, segments);
  let end = min((lane + 1u) * run, segments);

  var map = identity();
  for (var i = begin; i < end; i++) { map = compose(map, filterMap(last - i)); }
  let filterBehind = apply(scanBefore(lane, map), 0.0);

  var filterAdjoint = filterBehind;
  map = identity();
  for (var i = begin; i < end; i++) {
    let k = last - i;
    map = compose(map, gainMap(k, filterAdjoint));
    filterAdjoint = apply(filterMap(k), filterAdjoint);
  }
  var gainAdjoint = apply(scanBefore(lane, map), 0.0);

  filterAdjoint = filterBehind;
  for (var i = begin; i < end; i++) {
    let k = last - i;
    entering[FILTER_ADJOINT * stride + k] = filterAdjoint;
    entering[GAIN_ADJOINT * stride + k] = gainAdjoint;
    for (var q = 0u; q < 4u; q++) {
      sums[(ERROR_BY + q) * stride + k] +=
        local[(GAIN_BY + q) * stride + k] * gainAdjoint +
        local[(FILTER_BY + q) * stride + k] * filterAdjoint;
    }
    gainAdjoint = apply(gainMap(k, filterAdjoint), gainAdjoint);
    filterAdjoint = apply(filterMap(k), filterAdjoint);
  }
}
