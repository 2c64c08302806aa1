// Second half of a Newton round: the affine scan over a chunk's segments. One
// workgroup a chunk; each invocation has a run of neighbouring segments.
//
// boundary.wgsl has the recurrence. A chunk without a step above TOLERANCE is
// settled, and its states are those of the sequential run to within TOLERANCE.

alias Source = f32;

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read_write> enter: array<vec2f>;
@group(0) @binding(2) var<storage, read_write> leave: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> progress: array<Progress>;

var<workgroup> settledBefore: u32;
var<workgroup> moved: atomic<u32>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let chunk = group.x;
  if (lane == 0u) { settledBefore = progress[chunk].settled; }
  if (workgroupUniformLoad(&settledBefore) == 1u) { return; }

  // Whole tiles, so that a tile is counted once. Segment 0 of a chunk has nothing
  // in front of it and does not move.
  let base = chunk * parameters.segments;
  let tiles = parameters.segments / TILE;
  let run = (tiles + LANES - 1u) / LANES;
  let begin = base + max(min(lane * run, tiles) * TILE, 1u);
  let end = base + min((lane + 1u) * run, tiles) * TILE;

  // A lane moves the states of its own segments only; the one in front of them is
  // its neighbour's, and is read before the neighbour moves it.
  let front = enter[begin - 1u];
  var before = front;
  var map = identity();
  for (var k = begin; k < end; k++) {
    let here = enter[k];
    let left = leave[k - 1u];
    map = compose(map, Map(left.y, mismatch(before, left, here)));
    before = here;
  }
  storageBarrier();
  var step = apply(scanBefore(lane, map), 0.0);
  before = front;
  var rerun = 0u;
  var lastTile = 0xffffffffu;
  for (var k = begin; k < end; k++) {
    let here = enter[k];
    let left = leave[k - 1u];
    let ahead = apply(Map(left.y, mismatch(before, left, here)), step);
    if (abs(ahead) > TOLERANCE) {
      enter[k] = nextState(before, left, step);
      leave[k].w = 0.0;
      if (k / TILE != lastTile) {
        lastTile = k / TILE;
        rerun++;
      }
    }
    before = here;
    step = ahead;
  }
  atomicAdd(&moved, rerun);
  workgroupBarrier();
  if (lane == 0u) {
    let total = atomicLoad(&moved);
    if (progress[chunk].rounds == 0u) { progress[chunk].runs = tiles; }
    progress[chunk].rounds += 1u;
    progress[chunk].runs += total;
    progress[chunk].settled = select(0u, 1u, total == 0u);
  }
}
