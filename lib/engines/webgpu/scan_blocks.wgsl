// Linear recurrences over rows, in blocks of LANES · RUN samples:
//
//   y[n] = β[n] y[n−1] + u[n],  y[−1] = 0        (reversed: n+1 for n−1)
//
// reduce: the map of every block, one workgroup a block. Then scan_rows.wgsl gives
// the state that enters each block. replay: y from that state, over u.
//
// u is [rightHandSides, batch, time], row-major; sample n of row `row` and right-
// hand side q is at (q · batch + row) · time + n. β is shared by the right-hand
// sides; β[n] of a row is at row · betaRow + n · betaTime, so that strides of 0
// make it constant. maps is [rightHandSides, batch, blocks].
//
// A block is read and written in whole cache lines, by way of workgroup memory;
// there each lane has RUN neighbouring samples (RUN + 1 words apart, so that the
// lanes meet different banks).

struct Shape {
  batch: u32,
  time: u32,
  rightHandSides: u32,
  blocks: u32,
  betaRow: u32,
  betaTime: u32,
  reversed: u32,
  padding: u32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> beta: array<f32>;
@group(0) @binding(2) var<storage, read_write> u: array<f32>;
@group(0) @binding(3) var<storage, read_write> maps: array<Map>;

override REPLAY: bool = false;

var<workgroup> betas: array<f32, LANES * (RUN + 1u)>;
var<workgroup> values: array<f32, LANES * (RUN + 1u)>;

// Where sample i of the block is kept.
fn slot(i: u32) -> u32 {
  return i + i / RUN;
}

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let block = group.x;
  let row = group.y;
  let start = block * LANES * RUN;
  // Sample i of the block is sample origin ± i of the row.
  let filled = min(LANES * RUN, shape.time - start);
  let reversed = shape.reversed == 1u;

  for (var i = lane; i < LANES * RUN; i += LANES) {
    let n = select(start + i, shape.time - 1u - start - i, reversed);
    var value = 1.0;
    if (i < filled) {
      value = beta[row * shape.betaRow + n * shape.betaTime];
    }
    betas[slot(i)] = value;
  }

  for (var q = 0u; q < shape.rightHandSides; q++) {
    let side = q * shape.batch + row;
    for (var i = lane; i < LANES * RUN; i += LANES) {
      let n = select(start + i, shape.time - 1u - start - i, reversed);
      var value = 0.0;
      if (i < filled) { value = u[side * shape.time + n]; }
      values[slot(i)] = value;
    }
    workgroupBarrier();

    let own = lane * (RUN + 1u);
    var map = identity();
    for (var i = 0u; i < RUN; i++) {
      map = compose(map, Map(betas[own + i], values[own + i]));
    }
    let before = scanBefore(lane, map);
    if (REPLAY) {
      var y = apply(before, maps[side * shape.blocks + block].u);
      for (var i = 0u; i < RUN; i++) {
        y = apply(Map(betas[own + i], values[own + i]), y);
        values[own + i] = y;
      }
      workgroupBarrier();
      for (var i = lane; i < filled; i += LANES) {
        let n = select(start + i, shape.time - 1u - start - i, reversed);
        u[side * shape.time + n] = values[slot(i)];
      }
    } else if (lane == LANES - 1u) {
      maps[side * shape.blocks + block] = compose(before, map);
    }
    workgroupBarrier();
  }
}
