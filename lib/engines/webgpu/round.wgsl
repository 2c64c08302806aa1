// First half of a Newton round: every segment whose entering state has moved out
// of its reach is run from it, all side by side. One invocation a segment.

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> dry: array<vec4f>;
@group(0) @binding(2) var<storage, read> enter: array<vec2f>;
@group(0) @binding(3) var<storage, read_write> leave: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> reach: array<vec2f>;
@group(0) @binding(5) var<storage, read> progress: array<Progress>;

@compute @workgroup_size(GROUP)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let k = id.x;
  if (k >= parameters.count) { return; }
  if (progress[k / parameters.segments].settled != 0u) { return; }
  if (!isToBeRun(reach[k])) { return; }
  let run = runSegment(k, enter[k]);
  leave[k] = run.leave;
  reach[k] = run.reach;
}
