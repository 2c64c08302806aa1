// The composition of the maps of all lower lanes of a workgroup, by doubling
// (Hillis and Steele 1986): after step i, a lane holds the composition of the
// last 2^i lanes. Two ladders take turns, so that a step needs one barrier.
// Associativity is all that it asks of `compose`; `Map`, `identity` and `compose`
// are given by another file, LANES by the program.
//
// Must be called by all lanes.

var<workgroup> ladders: array<array<Map, LANES>, 2>;

fn scanBefore(lane: u32, map: Map) -> Map {
  var own = map;
  var turn = 0u;
  ladders[turn][lane] = own;
  workgroupBarrier();
  for (var reach = 1u; reach < LANES; reach *= 2u) {
    if (lane >= reach) { own = compose(ladders[turn][lane - reach], own); }
    turn = 1u - turn;
    ladders[turn][lane] = own;
    workgroupBarrier();
  }
  var before = identity();
  if (lane > 0u) { before = ladders[turn][lane - 1u]; }
  workgroupBarrier();
  return before;
}
