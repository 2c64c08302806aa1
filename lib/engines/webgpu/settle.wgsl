// Second half of a Newton round: the affine scan over a chunk's segments. One
// workgroup a chunk; each invocation has a run of neighbouring segments.
//
// boundary.wgsl has the recurrence. A segment is to be run again only where its
// state is moved out of its reach (ballistics.wgsl); within, the run's outcome is
// known and is put down here. REACHED leaves room for the rounding of low and high.
//
// A chunk is settled where no segment is to be run and no step was above CLOSE. A
// step is right to some 1e-6 of itself, so what a last small one leaves behind is
// far below TOLERANCE, and the states are those of the sequential run to within it.

alias Source = f32;

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read_write> enter: array<vec2f>;
@group(0) @binding(2) var<storage, read_write> leave: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> reach: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> progress: array<Progress>;

const REACHED = 0.999f;
const CLOSE = 2e-4f;

var<workgroup> settledBefore: u32;
var<workgroup> rerun: atomic<u32>;
var<workgroup> movedAll: atomic<u32>;
var<workgroup> far: atomic<u32>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let chunk = group.x;
  if (lane == 0u) { settledBefore = progress[chunk].settled; }
  if (workgroupUniformLoad(&settledBefore) != 0u) { return; }

  // Whole tiles, so that a tile is counted once. Segment 0 of a chunk has nothing
  // in front of it and does not move.
  let base = chunk * parameters.segments;
  let count = parameters.segments / TILE;
  let run = (count + LANES - 1u) / LANES;
  let begin = base + max(min(lane * run, count) * TILE, 1u);
  let end = base + min((lane + 1u) * run, count) * TILE;

  // A lane moves the states of its own segments only; the one in front of them is
  // its neighbour's, and is read before the neighbour moves it.
  let front = enter[begin - 1u];
  let frontLeave = leave[begin - 1u];
  var before = front;
  var left = frontLeave;
  var map = identity();
  for (var k = begin; k < end; k++) {
    let here = enter[k];
    map = compose(map, Map(left.y, mismatch(before, left, here)));
    before = here;
    left = leave[k];
  }
  storageBarrier();
  var step = apply(scanBefore(lane, map), 0.0);
  before = front;
  left = frontLeave;
  var tiles = 0u;
  var lastTile = 0xffffffffu;
  var moves = 0u;
  var largest = 0.0;
  for (var k = begin; k < end; k++) {
    let here = enter[k];
    let leaving = leave[k];
    let ahead = apply(Map(left.y, mismatch(before, left, here)), step);
    if (abs(ahead) > TOLERANCE) {
      moves++;
      largest = max(largest, abs(ahead));
      let next = nextState(before, left, step);
      enter[k] = next;
      let bounds = reach[k];
      let moved = (next.x - here.x) + (next.y - here.y);
      if (
        REACHED * bounds.x < moved && moved < REACHED * bounds.y &&
        abs(moved - ahead) <= TOLERANCE
      ) {
        leave[k] = vec4f(
          (here.x - next.x) + (leaving.x + (moved - leaving.y * moved)),
          leaving.y,
          fma(leaving.w, moved, leaving.z),
          leaving.w,
        );
        reach[k] = bounds - moved;
      } else {
        reach[k] = TO_BE_RUN;
        if (k / TILE != lastTile) {
          lastTile = k / TILE;
          tiles++;
        }
      }
    }
    before = here;
    left = leaving;
    step = ahead;
  }
  atomicAdd(&rerun, tiles);
  atomicAdd(&movedAll, moves);
  if (largest > CLOSE) { atomicStore(&far, 1u); }
  workgroupBarrier();
  if (lane == 0u) {
    let total = atomicLoad(&rerun);
    if (progress[chunk].rounds == 0u) {
      progress[chunk].runs = parameters.segments / TILE;
    }
    progress[chunk].rounds += 1u;
    progress[chunk].runs += total;
    progress[chunk].moves += atomicLoad(&movedAll);
    let settled = total == 0u && atomicLoad(&far) == 0u;
    progress[chunk].settled = select(0u, 1u, settled);
  }
}
