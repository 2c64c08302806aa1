// First half of a Newton round: every segment whose entering state has moved is
// run from it, all side by side. One invocation a segment.

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> dry: array<vec4f>;
@group(0) @binding(2) var<storage, read> enter: array<vec2f>;
@group(0) @binding(3) var<storage, read_write> leave: array<vec4f>;

@compute @workgroup_size(GROUP)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let k = id.x;
  if (k >= parameters.count || leave[k].w != 0.0) { return; }
  leave[k] = runSegment(k, enter[k]);
}
