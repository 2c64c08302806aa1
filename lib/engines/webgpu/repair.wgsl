// The sequential run, for chunks whose boundary states have not come to stand
// still within the bound on rounds: along the segments, each that has moved is run
// at once, so that one sweep settles the chunk. Segments that stand still are
// passed over; where none does (no rounds at all) it is the plain sequential run.
//
// One invocation a chunk, STRETCH segments a dispatch, so that no dispatch runs
// for long.

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> dry: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> enter: array<vec2f>;
@group(0) @binding(3) var<storage, read_write> leave: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> progress: array<Progress>;

@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) group: vec3u) {
  let chunk = group.x;
  if (progress[chunk].settled == 1u) { return; }
  let base = chunk * parameters.segments;
  let begin = progress[chunk].next;
  let end = min(begin + STRETCH, parameters.segments);
  var step = progress[chunk].step;
  for (var j = begin; j < end; j++) {
    let k = base + j;
    let here = enter[k];
    if (leave[k].w == 0.0) { leave[k] = runSegment(k, here); }
    if (j + 1u == parameters.segments) { break; }
    let left = leave[k];
    let next = enter[k + 1u];
    let ahead = (step - left.y * step) + mismatch(here, left, next);
    if (abs(ahead) > TOLERANCE) {
      enter[k + 1u] = nextState(here, left, step);
      leave[k + 1u].w = 0.0;
      step = 0.0;
    } else {
      step = ahead;
    }
  }
  progress[chunk].next = end;
  progress[chunk].step = step;
  if (end == parameters.segments) { progress[chunk].settled = 1u; }
}
