// The pre-emphasis state that enters every segment, by one affine scan with a
// constant pole. One workgroup a chunk; each invocation has a run of segments.
//
//   u_{j+1} = 0.995^SEGMENT u_j + c · (what segment j adds, leave[k].z)
//
// Writes plane FILTER of `entering`.

alias Source = f32;

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> leave: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> entering: array<f32>;

fn segmentMap(k: u32) -> Map {
  return Map(1.0 - POLE_SEGMENT, parameters.makeUp * leave[k].z);
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
  for (var k = begin; k < end; k++) { map = compose(map, segmentMap(k)); }
  var state = apply(scanBefore(lane, map), 0.0);
  for (var k = begin; k < end; k++) {
    entering[FILTER * parameters.stride + k] = state;
    state = apply(segmentMap(k), state);
  }
}
