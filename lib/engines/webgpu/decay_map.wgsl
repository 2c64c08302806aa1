// Affine maps y ↦ (1 − D) y + u, held as (D, u) with `Source` a float or a
// vector of them. "a, then b" is (D_a + D_b − D_a D_b, u_b + u_a − D_b u_a).
//
// `Source` is declared by the kernel.

struct Map {
  decay: f32,
  source: Source,
}

fn identity() -> Map {
  return Map(0.0, Source());
}

fn compose(a: Map, b: Map) -> Map {
  return Map(
    fma(b.decay, 1.0 - a.decay, a.decay),
    (b.source + a.source) - b.decay * a.source,
  );
}

fn apply(map: Map, y: Source) -> Source {
  return y + (map.source - map.decay * y);
}
