// Starts the iteration on the boundary states: every segment is to be run. Cold,
// from g = 1; else from the state that the last evaluation found, carried along
// to first order by its derivatives and the change of the parameters.
//
// enter[k] = (anchor, offset): the gain g that enters segment k is their sum.
// reach[k] marks a segment to be run: see parameters.wgsl.

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read_write> enter: array<vec2f>;
@group(0) @binding(2) var<storage, read_write> reach: array<vec2f>;
@group(0) @binding(3) var<storage, read_write> progress: array<Progress>;
@group(0) @binding(4) var<storage, read> entering: array<f32>;

@compute @workgroup_size(GROUP)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let k = id.x;
  if (k >= parameters.count) { return; }
  let first = k % parameters.segments == 0u;
  if (parameters.cold == 1u || first) {
    enter[k] = vec2f(1.0, 0.0);
  } else {
    var change = 0.0;
    for (var i = 0u; i < 4u; i++) {
      change += parameters.change[i] *
        entering[(GAIN_STATE + i) * parameters.stride + k];
    }
    if (change != 0.0) {
      enter[k] = vec2f(clamp(enter[k].x + (enter[k].y + change), 0.0, 1.0), 0.0);
    }
  }
  reach[k] = TO_BE_RUN;
  if (first) {
    progress[k / parameters.segments] = Progress(0u, 0u, 0u, 0u, 0u, 0.0);
  }
}
