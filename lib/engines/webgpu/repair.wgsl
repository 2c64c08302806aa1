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
@group(0) @binding(4) var<storage, read_write> reach: array<vec2f>;
@group(0) @binding(5) var<storage, read_write> progress: array<Progress>;

@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) group: vec3u) {
  let chunk = group.x;
  if (progress[chunk].settled != 0u) { return; }
  let base = chunk * parameters.segments;
  let begin = progress[chunk].next;
  let end = min(begin + STRETCH, parameters.segments);
  var step = progress[chunk].step;
  var lastTile = 0xffffffffu;
  for (var j = begin; j < end; j++) {
    let k = base + j;
    let here = enter[k];
    if (isToBeRun(reach[k])) {
      if (j / TILE != lastTile) {
        lastTile = j / TILE;
        progress[chunk].runs += 1u;
      }
      let run = runSegment(k, here);
      leave[k] = run.leave;
      reach[k] = run.reach;
    }
    if (j + 1u == parameters.segments) { break; }
    let left = leave[k];
    let next = enter[k + 1u];
    let ahead = (step - left.y * step) + mismatch(here, left, next);
    if (abs(ahead) > TOLERANCE) {
      progress[chunk].moves += 1u;
      enter[k + 1u] = nextState(here, left, step);
      reach[k + 1u] = TO_BE_RUN;
      step = 0.0;
    } else {
      step = ahead;
    }
  }
  progress[chunk].next = end;
  progress[chunk].step = step;
  if (end == parameters.segments) { progress[chunk].settled = 2u; }
}
