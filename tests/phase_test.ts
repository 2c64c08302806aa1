import assert from "node:assert/strict";
import fc from "fast-check";
import FFT from "fft.js";
import { createRandom, type Random } from "../lib/base/random.ts";
import {
  CascadeStream,
  SectionFilter,
  throughCascade,
} from "../lib/phase/cascade_filter.ts";
import { fitPhase } from "../lib/phase/fit_phase.ts";
import {
  randomCascade,
  recoveryOf,
  sweep,
} from "../lib/phase/known_cascades.ts";
import { PairSpectra, spectraOf } from "../lib/phase/pair_spectra.ts";
import {
  type Cascade,
  cascadeAt,
  coordinatesOf,
  ordersOf,
  phaseLoss,
} from "../lib/phase/phase_loss.ts";
import {
  cascadeOf,
  type PhaseFile,
  phaseFileOf,
} from "../lib/phase/phase_file.ts";
import { scorePhase } from "../lib/phase/phase_metrics.ts";
import {
  type Coefficients,
  coefficientsOf,
  publishedSecond,
  type Section,
  sectionOf,
  sectionPhase,
  warpedFirst,
  warpedSecond,
} from "../lib/phase/section.ts";
import { DelayStream } from "../lib/sound/delay_stream.ts";
import { delayed } from "../lib/sound/fractional_delay.ts";
import { relativeDeviation } from "./close.ts";

const RATE = 48000;

const sections = fc.record({
  cornerHz: fc.double({ min: Math.log(20), max: Math.log(20000), noNaN: true })
    .map(Math.exp),
  q: fc.option(
    fc.double({ min: Math.log(0.2), max: Math.log(8), noNaN: true })
      .map(Math.exp),
    { nil: undefined },
  ),
}).map(({ cornerHz, q }): Section =>
  q === undefined ? { cornerHz } : { cornerHz, q }
);

const angles = fc.double({ min: 0.001, max: 3.14, noNaN: true });

/** A number of the complex plane. */
type Complex = readonly [re: number, im: number];

const times = ([a, b]: Complex, [c, d]: Complex): Complex => [
  a * c - b * d,
  a * d + b * c,
];
const over = (x: Complex, [c, d]: Complex): Complex => {
  const [re, im] = times(x, [c, -d]);
  return [re / (c * c + d * d), im / (c * c + d * d)];
};
const plus = ([a, b]: Complex, [c, d]: Complex): Complex => [a + c, b + d];

/** A section with `late` in the place of z⁻¹. */
function transfer(coefficients: Coefficients, late: Complex): Complex {
  if (coefficients.length === 1) {
    const [p] = coefficients;
    return over(
      plus([p, 0], late),
      plus([1, 0], times([p, 0], late)),
    );
  }
  const [d, c] = coefficients;
  const twice = times(late, late);
  return over(
    plus(plus([c, 0], times([d, 0], late)), twice),
    plus(plus([1, 0], times([d, 0], late)), times([c, 0], twice)),
  );
}

/** z⁻ⁿ at ω. */
const lateBy = (omega: number, n = 1): Complex => [
  Math.cos(n * omega),
  -Math.sin(n * omega),
];

function wrapped(phase: number): number {
  return phase - 2 * Math.PI * Math.round(phase / (2 * Math.PI));
}

/** Transfer function of sections by the FFT of what they make of an impulse. */
function spectrumBy(coefficients: readonly Coefficients[], size: number) {
  const impulse = new Float64Array(size);
  impulse[0] = 1;
  new SectionFilter(coefficients).process(impulse);
  const fft = new FFT(size);
  const result = new Float64Array(2 * size);
  const input = new Float64Array(2 * size);
  impulse.forEach((x, n) => input[2 * n] = x);
  fft.transform(result, input);
  return result;
}

// ------------------------------------------------------------- sections

Deno.test("a section turns the phase as its closed form says, and leaves every magnitude within 1e-6", () =>
  fc.assert(
    fc.property(
      fc.record({
        cornerHz: fc.double({ min: 300, max: 20000, noNaN: true }),
        q: fc.option(fc.double({ min: 0.3, max: 4, noNaN: true }), {
          nil: undefined,
        }),
      }),
      (section) => {
        const size = 8192;
        const found = spectrumBy([coefficientsOf(section, RATE)], size);
        for (let k = 1; k < size / 2; k += 61) {
          const [re, im] = [found[2 * k], found[2 * k + 1]];
          assert.ok(Math.abs(Math.hypot(re, im) - 1) < 1e-6);
          const phase = sectionPhase(section, RATE, k * RATE / size);
          const off = wrapped(phase - Math.atan2(im, re));
          assert.ok(Math.abs(off) < 1e-6, `${off} at bin ${k}`);
        }
      },
    ),
    { numRuns: 30 },
  ));

Deno.test("a corner is where a section turns by −90° or −180°, and coefficients lead back to it", () =>
  fc.assert(
    fc.property(sections, (section) => {
      const { cornerHz, q } = section;
      const turn = sectionPhase(section, RATE, cornerHz);
      const expected = q === undefined ? -Math.PI / 2 : -Math.PI;
      assert.ok(Math.abs(turn - expected) < 1e-9);
      const back = sectionOf(coefficientsOf(section, RATE), RATE);
      assert.ok(Math.abs(back.cornerHz / cornerHz - 1) < 1e-6);
      assert.ok(Math.abs((back.q ?? 1) / (q ?? 1) - 1) < 1e-6);
    }),
  ));

Deno.test("every stable pair of coefficients is a section, and every section is stable", () =>
  fc.assert(
    fc.property(
      fc.double({ min: -0.99, max: 0.99, noNaN: true }),
      fc.double({ min: -0.99, max: 0.99, noNaN: true }),
      (c, part) => {
        const d = part * (1 + c);
        const section = sectionOf([d, c], RATE);
        const [d2, c2] = coefficientsOf(section, RATE) as [number, number];
        // Corners above 0.49 of the rate stand there.
        if (section.cornerHz > 0.49 * RATE) return;
        assert.ok(Math.abs(c2 - c) < 1e-9 && Math.abs(d2 - d) < 1e-9);
        // The published coordinates: c = tanh α, d = (1 + c) tanh β.
        const k = Math.tan(Math.PI * section.cornerHz / RATE);
        const beta = Math.atanh(d / (1 + c));
        assert.ok(Math.abs(Math.log(k) - beta) < 1e-9);
        const v = 2 * Math.atanh(c) - Math.log(2 * Math.cosh(beta));
        assert.ok(Math.abs(Math.log(section.q!) - v) < 1e-9);
      },
    ),
  ));

Deno.test("warping a section adds nothing: it is another section of its kind", () =>
  fc.assert(
    fc.property(
      fc.double({ min: -0.98, max: 0.98, noNaN: true }),
      fc.double({ min: -0.98, max: 0.98, noNaN: true }),
      fc.double({ min: 0.05, max: 0.99, noNaN: true }),
      fc.double({ min: 20, max: 20000, noNaN: true }),
      angles,
      (a, g, radius, hz, omega) => {
        const warp = transfer([a], lateBy(omega));
        const close = (x: Complex, y: Complex) =>
          assert.ok(Math.hypot(x[0] - y[0], x[1] - y[1]) < 1e-7);
        // First order: the coefficient g of a section in the place of z⁻¹.
        const [p] = warpedFirst(a, g);
        close(transfer([p!], lateBy(omega)), transfer([g], warp));
        assert.ok(
          Math.abs(Math.atanh(p!) - Math.atanh(a) - Math.atanh(g)) < 1e-6,
        );
        const plain = publishedSecond(radius, hz, 192000);
        const other = warpedSecond(a, plain);
        close(transfer(other, lateBy(omega)), transfer(plain, warp));
        // Stretched ones repeat every fs/4, fs/5.
        const late4 = (w: number) => transfer([p!], lateBy(w, 4));
        close(late4(omega), late4(omega + Math.PI / 2));
        const late5 = (w: number) => transfer(other, lateBy(w, 5));
        close(late5(omega), late5(omega + 2 * Math.PI / 5));
      },
    ),
  ));

Deno.test("the published surveyor model has the effective sections that were derived from it", () => {
  // The notebook's c, d and a, and the radius and frequency they come to.
  const cases = [
    [0.998039, -1.653425, -0.864498, 0.99992, 1364],
    [0.002789, 0.101380, -0.307401, 0.261, 1622],
    [0.998465, -1.695402, -0.865795, 0.99994, 1259],
  ];
  for (const [c, d, a, radius, hz] of cases) {
    const [d2, c2] = warpedSecond(a, [d, c]);
    const r = Math.sqrt(c2);
    assert.ok(Math.abs(r - radius) < 1e-3, `${r}`);
    const found = Math.acos(-d2 / (2 * r)) * 192000 / (2 * Math.PI);
    assert.ok(Math.abs(found / hz - 1) < 0.01, `${found} Hz, not ${hz}`);
  }
  const [p] = warpedFirst(-0.972990, -0.964903);
  assert.ok(Math.abs(p! + 0.999511) < 1e-5, `${p}`);
});

// ------------------------------------------------------------- the loss

/** A spectrum with some energy everywhere and phases of no cascade. */
function someSpectrum(random: Random, size: number) {
  const omega = Float64Array.from(
    { length: size / 2 - 1 },
    (_, k) => 2 * Math.PI * (k + 1) / size,
  );
  return {
    omega,
    weight: omega.map(() => random.logUniform(0.01, 1)),
    angle: omega.map((w) => -3 * w + random.uniform(-1, 1)),
  };
}

const cascades = fc.record({
  polarity: fc.constantFrom(1 as const, -1 as const),
  delay: fc.double({ min: -5, max: 5, noNaN: true }),
  sections: fc.array(sections, { maxLength: 3 }),
});

Deno.test("gradient and Hessian of the loss are those of its differences", () =>
  fc.assert(
    fc.asyncProperty(cascades, fc.integer(), async (cascade, seed) => {
      const spectrum = someSpectrum(createRandom(seed), 256);
      const orders = ordersOf(cascade);
      const evaluate = phaseLoss(spectrum, orders, cascade.polarity);
      const z = coordinatesOf(cascade, RATE);
      const { gradient, hessian } = await evaluate(z, 2);
      const size = z.length;
      const h = 2e-5;
      for (let i = 0; i < size; i++) {
        const at = (by: number) =>
          evaluate(z.map((x, j) => i === j ? x + by : x), 1);
        // By Richardson: of two steps, what is left grows with their fourth power.
        const [far, near] = await Promise.all(
          [h, h / 2].map(async (h) => {
            const [up, down] = [await at(h), await at(-h)];
            return {
              slope: (up.loss - down.loss) / (2 * h),
              bends: up.gradient!.map((value, j) =>
                (value - down.gradient![j]) / (2 * h)
              ),
            };
          }),
        );
        const slope = (4 * near.slope - far.slope) / 3;
        assert.ok(Math.abs(slope - gradient![i]) < 1e-7, `slope ${i}`);
        for (let j = 0; j < size; j++) {
          const bend = (4 * near.bends[j] - far.bends[j]) / 3;
          const off = Math.abs(bend - hessian![size * i + j]);
          assert.ok(off < 1e-6, `bend ${i} ${j} is off by ${off}`);
        }
      }
      const again = cascadeAt(z, orders, cascade.polarity, RATE);
      assert.ok(relativeDeviation(coordinatesOf(again, RATE), z) < 1e-9);
    }),
    { numRuns: 40 },
  ));

Deno.test("loss, gradient and Hessian meet what the FFT of the sections says", async () => {
  const size = 4096;
  const random = createRandom(5);
  const spectrum = someSpectrum(random, size);
  const cascade: Cascade = {
    polarity: -1,
    delay: 0.3,
    sections: [{ cornerHz: 900, q: 1.2 }, { cornerHz: 3100 }, {
      cornerHz: 7000,
      q: 0.6,
    }],
  };
  const z = coordinatesOf(cascade, RATE);
  const orders = ordersOf(cascade);
  const total = spectrum.weight.reduce((sum, w) => sum + w, 0);
  /** 1 − Re Σ A conj(C)/Σ|C|, A by impulses alone. */
  const lossAt = (z: Float64Array) => {
    const { sections, delay } = cascadeAt(z, orders, -1, RATE);
    const found = spectrumBy(
      sections.map((one) => coefficientsOf(one, RATE)),
      size,
    );
    let sum = 0;
    spectrum.omega.forEach((w, i) => {
      const a = times(
        [found[2 * i + 2], found[2 * i + 3]],
        lateBy(w, delay),
      );
      const [re] = times(a, [
        Math.cos(spectrum.angle[i]),
        -Math.sin(spectrum.angle[i]),
      ]);
      sum -= spectrum.weight[i] * re;
    });
    return 1 - sum / total;
  };
  const { loss, gradient, hessian } = await phaseLoss(spectrum, orders, -1)(
    z,
    2,
  );
  assert.ok(Math.abs(lossAt(z) - loss) < 1e-12);
  const h = 2e-3;
  const at = (...moves: [number, number][]) => {
    const moved = z.slice();
    for (const [i, by] of moves) moved[i] += by;
    return lossAt(moved);
  };
  const n = z.length;
  // Fourth-order differences of the loss alone.
  const stencil = [[1, 8 / 12], [-1, -8 / 12], [2, -1 / 12], [-2, 1 / 12]];
  const slopes = z.map((_, i) =>
    stencil.reduce((sum, [k, c]) => sum + c * at([i, k * h]), 0) / h
  );
  assert.ok(relativeDeviation(gradient!, slopes) < 1e-7);
  const bends = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      for (const [k, c] of stencil) {
        for (const [l, e] of stencil) {
          bends[n * i + j] += c * e * at([i, k * h], [j, l * h]) / (h * h);
        }
      }
    }
  }
  assert.ok(relativeDeviation(hessian!, bends) < 1e-5);
});

// ------------------------------------------------------------- recovery

/** `dry` through `cascade` by its transfer function, and no recurrence. */
function byTransfer(dry: Float64Array, { polarity, delay, sections }: Cascade) {
  const size = dry.length;
  const fft = new FFT(size);
  const [x, y] = [new Float64Array(2 * size), new Float64Array(2 * size)];
  dry.forEach((value, n) => x[2 * n] = value);
  fft.transform(y, x);
  for (let k = 0; k <= size / 2; k++) {
    const omega = 2 * Math.PI * k / size;
    let a = times([polarity, 0], lateBy(omega, delay));
    for (const section of sections) {
      a = times(a, transfer(coefficientsOf(section, RATE), lateBy(omega)));
    }
    const m = (size - k) % size;
    const [re, im] = times([y[2 * k], y[2 * k + 1]], a);
    [y[2 * k], y[2 * k + 1]] = [re, im];
    [y[2 * m], y[2 * m + 1]] = [re, -im];
  }
  fft.inverseTransform(x, y);
  return dry.map((_, n) => x[2 * n]);
}

Deno.test("random cascades are recovered from a sweep, coefficients to 1e-6 and phase to 0.1°", async () => {
  const dry = sweep(2.5, 2 ** 18, RATE);
  for (const seed of [3, 5, 12, 36, 41]) {
    const truth = randomCascade(createRandom(seed));
    const found = await fitPhase(spectraOf(dry, byTransfer(dry, truth), RATE));
    const say = `seed ${seed}: ${JSON.stringify(found)}, not ${
      JSON.stringify(truth)
    }`;
    assert.equal(found.polarity, truth.polarity, say);
    assert.deepEqual(ordersOf(found), ordersOf(truth), say);
    const off = recoveryOf(found, truth, RATE);
    assert.ok(off.coefficients < 1e-6 && off.delay < 1e-6, say);
    assert.ok(off.degrees < 0.1, say);
  }
});

Deno.test("with noise at −60 dB the phase is recovered to 1°, and noise adds no section", async () => {
  const dry = sweep(2.5, 2 ** 18, RATE);
  for (const seed of [101, 107]) {
    const random = createRandom(seed);
    const truth = randomCascade(random);
    const wet = byTransfer(dry, truth);
    const power = wet.reduce((sum, y) => sum + y * y, 0) / (2.5 * RATE);
    const noise = Math.sqrt(1e-6 * power);
    const noisy = wet.map((y) => y + noise * random.normal());
    const found = await fitPhase(spectraOf(dry, noisy, RATE));
    const off = recoveryOf(found, truth, RATE).degrees;
    assert.ok(off < 1, `seed ${seed}: ${off}°`);
    assert.equal(found.sections.length, truth.sections.length);
  }
});

// ------------------------------------------------------------- sounds

Deno.test("a sound delayed as it comes is the one delayed as a whole, whatever the blocks", () =>
  fc.assert(
    fc.property(
      fc.double({ min: -200, max: 200, noNaN: true }),
      fc.integer({ min: 1, max: 700 }),
      fc.integer(),
      (delay, block, seed) => {
        const random = createRandom(seed);
        const x = Float64Array.from({ length: 1000 }, () => random.normal());
        const expected = delayed(x, -delay).value;
        const stream = new DelayStream(delay);
        const parts: number[] = [];
        for (let at = 0; at < x.length; at += block) {
          parts.push(...stream.push(x.subarray(at, at + block)));
        }
        parts.push(...stream.end(x.length));
        const off = Math.max(
          ...expected.map((value, n) => Math.abs(value - parts[n])),
        );
        assert.ok(off < 1e-12, `${off}`);
      },
    ),
  ));

Deno.test("a cascade as a stream is its transfer function, whatever the blocks", () => {
  const dry = sweep(1, 2 ** 17, RATE);
  const cascade: Cascade = {
    polarity: -1,
    delay: 7.3,
    sections: [{ cornerHz: 160, q: 2 }, { cornerHz: 4000 }],
  };
  const expected = byTransfer(dry, cascade);
  const whole = throughCascade(dry, cascade, RATE);
  const off = relativeDeviation(whole, expected);
  // The interpolation is flat to 0.9 of half the rate, and the sweep's end holds more.
  assert.ok(off < 1e-4, `${off}`);
  const stream = new CascadeStream(cascade, RATE);
  const parts: number[] = [];
  for (let at = 0; at < 5000; at += 313) {
    parts.push(...stream.push(dry.subarray(at, at + 313)));
  }
  parts.forEach((y, n) => assert.ok(Math.abs(y - whole[n]) < 1e-12));
});

Deno.test("the spectra of a pair do not depend on its blocks, nor on a lag that is left out", async () => {
  const dry = sweep(1, 2 ** 16, RATE);
  const truth: Cascade = {
    polarity: 1,
    delay: 400.25,
    sections: [{ cornerHz: 700, q: 1 }],
  };
  const wet = throughCascade(dry, truth, RATE);
  const sum = new PairSpectra(RATE, dry.length, 400);
  for (let at = 0; at < dry.length; at += 999) {
    sum.add([dry.subarray(at, at + 999)], []);
  }
  for (let at = 0; at < wet.length; at += 5000) {
    sum.add([], [wet.subarray(at, at + 5000)]);
  }
  for (const spectra of [sum.finish(), spectraOf(dry, wet, RATE)]) {
    const found = await fitPhase(spectra, { sections: 2 });
    assert.equal(found.sections.length, 1);
    assert.ok(Math.abs(found.delay - 400.25) < 1e-3, `${found.delay}`);
    assert.ok(Math.abs(found.sections[0].cornerHz / 700 - 1) < 1e-3);
  }
});

Deno.test("scores are ideal for a sound and itself, and a turned one has a notch", () => {
  const x = sweep(1, 2 ** 16, RATE);
  const sum = new PairSpectra(RATE, x.length);
  sum.add([x], [x]);
  sum.finish();
  const score = (cascade: Cascade) => scorePhase(sum.whole, cascade, RATE);
  const same = score({ polarity: 1, delay: 0, sections: [] });
  assert.ok(Math.abs(same.mixDb) < 1e-9 && same.notchDb > -1e-9);
  assert.ok(same.meanDegrees < 1e-6 && same.correlation > 1 - 1e-9);
  const quarter = score({
    polarity: 1,
    delay: 0,
    sections: [{ cornerHz: 1000 }],
  });
  assert.ok(quarter.notchDb < -20, `${quarter.notchDb}`);
  assert.ok(score({ polarity: -1, delay: 0, sections: [] }).mixDb < -60);
});

Deno.test("phase.yaml says the same at every rate", () =>
  fc.assert(
    fc.property(sections, (section) => {
      if (section.cornerHz > 5000) return;
      const file: PhaseFile = phaseFileOf(
        { polarity: -1, delay: 3.5, sections: [section] },
        44100,
      );
      const at = (rate: number) =>
        sectionPhase(cascadeOf(file, rate).sections[0], rate, section.cornerHz);
      assert.ok(Math.abs(at(44100) - at(192000)) < 1e-9);
      assert.equal(cascadeOf(file, 88200).delay.toFixed(9), (7).toFixed(9));
    }),
  ));
