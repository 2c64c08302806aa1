// One level of the plain log-depth scan of y[n] = β[n] y[n−1] + u[n] (Hillis and
// Steele 1986), for comparison: every sample composes its map with that of the
// sample `reach` before it, out of one pair of signals into another. After levels
// 1, 2, 4, … the u are the y.
//
// Rows of `time` samples lie one after the other.

struct Level {
  time: u32,
  reach: u32,
}

@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(1) var<storage, read> betaBefore: array<f32>;
@group(0) @binding(2) var<storage, read> uBefore: array<f32>;
@group(0) @binding(3) var<storage, read_write> betaAfter: array<f32>;
@group(0) @binding(4) var<storage, read_write> uAfter: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let n = id.x;
  if (n >= level.time) { return; }
  let at = id.y * level.time + n;
  let beta = betaBefore[at];
  let u = uBefore[at];
  if (n < level.reach) {
    betaAfter[at] = beta;
    uAfter[at] = u;
    return;
  }
  let earlier = at - level.reach;
  betaAfter[at] = beta * betaBefore[earlier];
  uAfter[at] = fma(beta, uBefore[earlier], u);
}
