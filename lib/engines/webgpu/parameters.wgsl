// What every kernel of the engine is told, and how samples and segments lie in
// memory.
//
// A chunk of `samples` samples is cut into `segments` segments of SEGMENT
// samples, filled up with silence to whole tiles of TILE segments. Segments are counted through all
// chunks of the batch, k = chunk · segments + j.
// Within a tile, samples 4 n … 4 n + 3 of all its segments lie side by side, so that
// TILE invocations that walk along their segments together read whole cache lines,
// 16 bytes each:
//
//   sample 4 n + i of segment k is component i of
//   vector ((k / TILE) · SEGMENT / 4 + n) · TILE + k % TILE
//
// Quantities of a segment that are sums or states are planes of `stride` floats
// (the segments, rounded up to whole workgroups of GROUP): quantity q of segment k is at
// q · stride + k.
//
// SEGMENT, TILE, GROUP, POLE_DECAY (κ = 1 − 0.995) and POLE_SEGMENT (0.995^SEGMENT) are
// written in front of this file by the program.

struct Parameters {
  // CT in octaves (CT / 6.02 dB).
  threshold: f32,
  slope: f32,
  attack: f32,
  release: f32,
  // Make-up gain c as a factor.
  makeUp: f32,
  // Segments in a chunk, samples in a chunk, samples of warm-up.
  segments: u32,
  samples: u32,
  warmUp: u32,
  // Segments in the batch, and that number rounded up to whole
  // workgroups.
  count: u32,
  stride: u32,
  // 1: segments start from g = 1; 0: from where the last evaluation left them.
  cold: u32,
  padding: u32,
  // Change of (ψ, s', a, r) since the last evaluation, where its derivative
  // states are at hand; else 0.
  change: vec4f,
}

// Where a chunk's Newton iteration on its boundary states stands.
struct Progress {
  // Rounds taken.
  rounds: u32,
  // 1 when the states stand still, 2 when the repair has seen to that.
  settled: u32,
  // Tiles in which a segment was run, and segments that moved, over all rounds.
  runs: u32,
  moves: u32,
  // For the repair: the next segment, and the step at it that was not taken.
  next: u32,
  step: f32,
}

// Where the first four samples of segment k are; the next are TILE further on.
fn firstSamples(k: u32) -> u32 {
  return (k / TILE) * (SEGMENT / 4u) * TILE + k % TILE;
}

// The reach (low, high) of a segment that is to be run: see ballistics.wgsl.
const TO_BE_RUN = vec2f(1.0, -1.0);

fn isToBeRun(reach: vec2f) -> bool {
  return reach.x > reach.y;
}
