// Adds a plane of `sums` up, chunk by chunk: one workgroup for each chunk and
// quantity, every invocation strides over the segments, and a tree adds the
// invocations' sums. The chunks are added by the program, in double precision.
//
// totals[chunk · QUANTITIES + quantity]

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> sums: array<f32>;
@group(0) @binding(2) var<storage, read_write> totals: array<f32>;

var<workgroup> tree: array<f32, LANES>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let chunk = group.x;
  let quantity = group.y;
  let base = quantity * parameters.stride + chunk * parameters.segments;
  var sum = 0.0;
  for (var j = lane; j < parameters.segments; j += LANES) {
    sum += sums[base + j];
  }
  tree[lane] = sum;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { tree[lane] += tree[lane + half]; }
  }
  if (lane == 0u) { totals[chunk * QUANTITIES + quantity] = tree[0]; }
}
