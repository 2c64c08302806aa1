// @ts-nocheck: AssemblyScript, compiled by lib/kernels/build.ts
/**
 * The reference that the bench measures the engine's kernels against: all second
 * derivatives in one forward pass, written down straightforwardly. Four chunks
 * in the lanes of a vector, thirteen recurrences (the gain and its twelve
 * derivatives that are not free by linearity), each filtered by F; single
 * precision, sums carried in double precision every 128 samples.
 *
 * It takes the same records as the engine's kernels (x, log₂ level, −y).
 */

import { addTo, exp2, madd, select } from "./simd";

const RECORD: usize = 48;
const BLOCK: u32 = 128;
const SUMS: i32 = 29;

/** Numbers that `onePass` writes to its output, in the order of the engine's. */
export function sumCount(): i32 {
  return SUMS;
}

/**
 * Sums for value, gradient and Hessian of a quad. `parameters` are threshold (as
 * log₂), s, a, r and c, four equal lanes each; `sums` is scratch memory of 16
 * bytes a sum.
 */
export function onePass(
  records: usize,
  length: u32,
  warmUp: u32,
  parameters: usize,
  sums: usize,
  output: usize,
): void {
  memory.fill(sums, 0, 16 * SUMS);
  const threshold = v128.load(parameters);
  const slope = v128.load(parameters, 16);
  const attack = v128.load(parameters, 32);
  const release = v128.load(parameters, 48);
  const makeUp = v128.load(parameters, 64);
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  const pole = f32x4.splat(0.995);
  const magic = f32x4.splat(12582912.0);
  const c1 = f32x4.splat(0.6931467056274414);
  const c2 = f32x4.splat(0.2402230203151703);
  const c3 = f32x4.splat(0.05551067367196083);
  const c4 = f32x4.splat(0.009668875485658646);
  const c5 = f32x4.splat(0.0013179630041122437);

  // The gain and its derivatives; for each, F's last input f and output p.
  let g = one, g0 = zero, g1 = zero, ga = zero, gr = zero;
  let ss = zero, a0 = zero, a1 = zero, r0 = zero, r1 = zero;
  let aa = zero, ar = zero, rr = zero;
  let f = zero, f0 = zero, f1 = zero, fa = zero, fr = zero;
  let fss = zero, fa0 = zero, fa1 = zero, fr0 = zero, fr1 = zero;
  let faa = zero, far = zero, frr = zero;

  let p = zero, p0 = zero, p1 = zero, pa = zero, pr = zero;
  let pss = zero, pa0 = zero, pa1 = zero, pr0 = zero, pr1 = zero;
  let paa = zero, par = zero, prr = zero;

  let n: u32 = 0;
  while (n < length) {
    const end = min(n + BLOCK, n < warmUp ? warmUp : length);
    const counted = n >= warmUp;
    let loss = zero, energy = zero, ep = zero;
    let e0 = zero, e1 = zero, ea = zero, er = zero;
    let m0 = zero, m1 = zero, ma = zero, mr = zero;
    let h00 = zero, h01 = zero, h0a = zero, h0r = zero, h11 = zero;
    let h1a = zero, h1r = zero, haa = zero, har = zero, hrr = zero;
    let ess = zero, ea0 = zero, er0 = zero, ea1 = zero, er1 = zero;
    let eaa = zero, ear = zero, err = zero;
    for (; n < end; n++) {
      const record = records + RECORD * n;
      const x = v128.load(record);
      const below = f32x4.pmin(
        zero,
        f32x4.sub(threshold, v128.load(record, 16)),
      );
      const goal = exp2(
        slope,
        below,
        false,
        zero,
        magic,
        one,
        c1,
        c2,
        c3,
        c4,
        c5,
      );
      const active = v128.and(goal, f32x4.lt(below, zero));
      const by = f32x4.mul(below, goal);
      const rise = f32x4.sub(goal, g);
      const mask = f32x4.lt(rise, zero);
      const alpha = select(mask, attack, release);
      const beta = f32x4.sub(one, alpha);
      const inAttack = v128.and(mask, rise);
      const inRelease = v128.andnot(rise, mask);

      // Second order first: it takes the first order at n − 1.
      const d0 = f32x4.sub(active, g0);
      const d1 = f32x4.sub(by, g1);
      ss = madd(beta, ss, f32x4.mul(alpha, f32x4.mul(below, by)));
      a0 = madd(beta, a0, v128.and(mask, d0));
      r0 = madd(beta, r0, v128.andnot(d0, mask));
      a1 = madd(beta, a1, v128.and(mask, d1));
      r1 = madd(beta, r1, v128.andnot(d1, mask));
      aa = f32x4.sub(f32x4.mul(beta, aa), v128.and(mask, ga));
      rr = f32x4.sub(f32x4.mul(beta, rr), v128.andnot(gr, mask));
      ar = f32x4.sub(
        f32x4.mul(beta, ar),
        f32x4.add(v128.and(mask, gr), v128.andnot(ga, mask)),
      );
      g0 = madd(alpha, d0, g0);
      g1 = madd(alpha, d1, g1);
      ga = madd(beta, ga, inAttack);
      gr = madd(beta, gr, inRelease);
      g = madd(alpha, rise, g);

      // F: p[n] = v[n] − v[n−1] + 0.995 p[n−1].
      const v = f32x4.mul(x, g);
      p = madd(pole, p, f32x4.sub(v, f));
      f = v;
      const v0 = f32x4.mul(x, g0);
      p0 = madd(pole, p0, f32x4.sub(v0, f0));
      f0 = v0;
      const v1 = f32x4.mul(x, g1);
      p1 = madd(pole, p1, f32x4.sub(v1, f1));
      f1 = v1;
      const va = f32x4.mul(x, ga);
      pa = madd(pole, pa, f32x4.sub(va, fa));
      fa = va;
      const vr = f32x4.mul(x, gr);
      pr = madd(pole, pr, f32x4.sub(vr, fr));
      fr = vr;
      const vss = f32x4.mul(x, ss);
      pss = madd(pole, pss, f32x4.sub(vss, fss));
      fss = vss;
      const va0 = f32x4.mul(x, a0);
      pa0 = madd(pole, pa0, f32x4.sub(va0, fa0));
      fa0 = va0;
      const vr0 = f32x4.mul(x, r0);
      pr0 = madd(pole, pr0, f32x4.sub(vr0, fr0));
      fr0 = vr0;
      const va1 = f32x4.mul(x, a1);
      pa1 = madd(pole, pa1, f32x4.sub(va1, fa1));
      fa1 = va1;
      const vr1 = f32x4.mul(x, r1);
      pr1 = madd(pole, pr1, f32x4.sub(vr1, fr1));
      fr1 = vr1;
      const vaa = f32x4.mul(x, aa);
      paa = madd(pole, paa, f32x4.sub(vaa, faa));
      faa = vaa;
      const vAr = f32x4.mul(x, ar);
      par = madd(pole, par, f32x4.sub(vAr, far));
      far = vAr;
      const vrr = f32x4.mul(x, rr);
      prr = madd(pole, prr, f32x4.sub(vrr, frr));
      frr = vrr;

      if (counted) {
        const e = madd(makeUp, p, v128.load(record, 32));
        loss = madd(e, e, loss);
        energy = madd(p, p, energy);
        ep = madd(e, p, ep);
        e0 = madd(e, p0, e0);
        e1 = madd(e, p1, e1);
        ea = madd(e, pa, ea);
        er = madd(e, pr, er);
        m0 = madd(p, p0, m0);
        m1 = madd(p, p1, m1);
        ma = madd(p, pa, ma);
        mr = madd(p, pr, mr);
        h00 = madd(p0, p0, h00);
        h01 = madd(p0, p1, h01);
        h0a = madd(p0, pa, h0a);
        h0r = madd(p0, pr, h0r);
        h11 = madd(p1, p1, h11);
        h1a = madd(p1, pa, h1a);
        h1r = madd(p1, pr, h1r);
        haa = madd(pa, pa, haa);
        har = madd(pa, pr, har);
        hrr = madd(pr, pr, hrr);
        ess = madd(e, pss, ess);
        ea0 = madd(e, pa0, ea0);
        er0 = madd(e, pr0, er0);
        ea1 = madd(e, pa1, ea1);
        er1 = madd(e, pr1, er1);
        eaa = madd(e, paa, eaa);
        ear = madd(e, par, ear);
        err = madd(e, prr, err);
      }
    }
    addTo(sums, loss);
    addTo(sums + 16, energy);
    addTo(sums + 32, ep);
    addTo(sums + 48, e0);
    addTo(sums + 64, e1);
    addTo(sums + 80, ea);
    addTo(sums + 96, er);
    addTo(sums + 112, m0);
    addTo(sums + 128, m1);
    addTo(sums + 144, ma);
    addTo(sums + 160, mr);
    addTo(sums + 176, h00);
    addTo(sums + 192, h01);
    addTo(sums + 208, h0a);
    addTo(sums + 224, h0r);
    addTo(sums + 240, h11);
    addTo(sums + 256, h1a);
    addTo(sums + 272, h1r);
    addTo(sums + 288, haa);
    addTo(sums + 304, har);
    addTo(sums + 320, hrr);
    addTo(sums + 336, ess);
    addTo(sums + 352, ea0);
    addTo(sums + 368, er0);
    addTo(sums + 384, ea1);
    addTo(sums + 400, er1);
    addTo(sums + 416, eaa);
    addTo(sums + 432, ear);
    addTo(sums + 448, err);
  }
  for (let i = 0; i < SUMS; i++) {
    const sum = v128.load(sums + 16 * i);
    store<f64>(
      output + 8 * i,
      f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1),
    );
  }
}
