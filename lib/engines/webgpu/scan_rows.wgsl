// The states that enter the blocks of a row, from the blocks' maps: one workgroup
// a row and right-hand side; each lane has a run of neighbouring blocks. The state
// takes the place of the map's u.
//
// maps is [rightHandSides, batch, blocks].

struct Shape {
  batch: u32,
  time: u32,
  rightHandSides: u32,
  blocks: u32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read_write> maps: array<Map>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let base = (group.y * shape.batch + group.x) * shape.blocks;
  let run = (shape.blocks + LANES - 1u) / LANES;
  let begin = base + min(lane * run, shape.blocks);
  let end = base + min((lane + 1u) * run, shape.blocks);

  var map = identity();
  for (var k = begin; k < end; k++) { map = compose(map, maps[k]); }
  var state = apply(scanBefore(lane, map), 0.0);
  for (var k = begin; k < end; k++) {
    let block = maps[k];
    maps[k].u = state;
    state = apply(block, state);
  }
}
