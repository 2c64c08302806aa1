// Affine maps y ↦ β y + u, held as (β, u). "a, then b" is (β_a β_b, u_b + β_b u_a)
// (Blelloch 1990).

struct Map {
  beta: f32,
  u: f32,
}

fn identity() -> Map {
  return Map(1.0, 0.0);
}

fn compose(a: Map, b: Map) -> Map {
  return Map(a.beta * b.beta, fma(b.beta, a.u, b.u));
}

fn apply(map: Map, y: f32) -> f32 {
  return fma(map.beta, y, map.u);
}
