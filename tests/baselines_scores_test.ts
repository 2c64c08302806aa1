import assert from "node:assert/strict";
import fc from "fast-check";
import {
  CONSTANT,
  FITTED,
  LINEAR,
  METHODS,
  methodsAt,
  PUBLISHED_CURVE,
  SPLINE,
  WITH_GRU,
} from "../lib/baselines/methods.ts";
import { nearestFit, takeExcerpt } from "../lib/baselines/excerpt.ts";
import {
  recoverySeconds,
  stepResponses,
} from "../lib/baselines/probe_signals.ts";
import { publishedMeans } from "../lib/baselines/published_scores.ts";
import {
  scoreMethods,
  type SettingScores,
} from "../lib/baselines/score_methods.ts";
import { summarise, summariseKinds } from "../lib/baselines/summary.ts";
import { createCompressor } from "../lib/compressor/compressor.ts";
import { publishedFit } from "../lib/data/published.ts";
import { createTwin } from "../lib/data/twin.ts";
import { makeStimulus } from "../lib/data/stimulus.ts";
import { initialWeights } from "../lib/gru/weights.ts";
import { buildKernels } from "../lib/kernels/build.ts";
import { differenceByKind } from "../lib/metrics/mix.ts";
import { assertClose } from "./close.ts";

await buildKernels(["compressor", "render", "gru"]);

const RATE = 16_000;

Deno.test("publishedMeans() are over the 26 settings that all methods have, paired with 4A-2A", () => {
  const { settings, methods } = publishedMeans();
  assert.equal(settings, 26);
  // Worked out from scores.csv by other means.
  const expected: [string, number, number, number][] = [
    ["4A-2A", 0.0781, 26, 0.0781],
    ["4A-2A-G", 0.0334, 26, 0.0334],
    ["UAD", 0.0719, 42, 0.0604],
    ["CA-2A", 0.2254, 42, 0.1778],
    ["CLA-2A", 0.1508, 42, 0.1261],
  ];
  for (const [name, esr, all, allEsr] of expected) {
    const found = methods.find(({ method }) => method === name)!;
    assert(Math.abs(found.esr - esr) < 6e-5, `${name} ${found.esr}`);
    assert.equal(found.all.settings, all);
    assert(Math.abs(found.all.esr - allEsr) < 6e-5, `${name} ${found.all.esr}`);
    if (name === FITTED) assert.equal(found.beyondFitted, undefined);
    else {
      const { estimate, low, high } = found.beyondFitted!;
      assertClose([estimate], [found.esr - methods[0].esr], 1e-9);
      assert(low < estimate && estimate < high);
    }
  }
  // All 26 differences of the network are below zero, so is their interval.
  const network = methods.find(({ method }) => method === WITH_GRU)!;
  assert(network.beyondFitted!.high < 0);
});

Deno.test("differenceByKind() parts a difference of ESRs without remainder", () => {
  const part = fc.array(
    fc.record({
      kind: fc.constantFrom("a", "b", "c"),
      esr: fc.double({ min: 0, max: 1, noNaN: true }),
      energy: fc.double({ min: 0.1, max: 1, noNaN: true }),
    }),
    { minLength: 1, maxLength: 3 },
  ).map((list) => {
    const kinds = list.filter(({ kind }, i) =>
      list.findIndex((one) => one.kind === kind) === i
    );
    const total = kinds.reduce((sum, { energy }) => sum + energy, 0);
    return kinds.map(({ kind, esr, energy }) => ({
      kind,
      esr,
      share: energy / total,
      seconds: 1,
      deltaLdrDb: 0,
    }));
  });
  fc.assert(fc.property(part, part, (from, to) => {
    const esr = (list: typeof from) =>
      list.reduce((sum, { share, esr }) => sum + share * esr, 0);
    const { mix, kinds } = differenceByKind(from, to);
    assert(Math.abs(mix + kinds - (esr(to) - esr(from))) < 1e-12);
  }));
  const one = (esr: number, share: number) => ({
    kind: "a",
    esr,
    share,
    seconds: 1,
    deltaLdrDb: 0,
  });
  const other = (esr: number, share: number) => ({
    ...one(esr, share),
    kind: "b",
  });
  // The same ESRs, other shares: all of it is the mix.
  const mixed = differenceByKind(
    [one(0.1, 0.5), other(0.3, 0.5)],
    [one(0.1, 0.2), other(0.3, 0.8)],
  );
  assertClose([mixed.mix, mixed.kinds], [0.06, 0], 1e-12);
});

const FITS = [100, 80, 60].map((peakReduction) => ({
  mode: "compress" as const,
  peakReduction,
  parameters: publishedFit({ mode: "compress", peakReduction })!.parameters,
}));

Deno.test("scoreMethods() scores every method on what follows the fitted part, and 4A-2A by kind on that", () => {
  const { samples: dry, segments } = makeStimulus({
    seconds: 12,
    sampleRate: RATE,
  });
  const wet = new Float32Array(dry.length);
  const weights = initialWeights(1, 0.1);
  const parts = { trainEnd: 6 * RATE, testStart: 8 * RATE };
  const scores = FITS.map((fit) => {
    createTwin(fit, RATE).process(dry, wet);
    return scoreMethods({ dry, wet, sampleRate: RATE }, fit, FITS, weights, {
      parts,
      stretches: segments,
      blockSeconds: 1,
    });
  });
  assert.deepEqual(scores.map(({ methods }) => methods.map((m) => m.method)), [
    [CONSTANT, PUBLISHED_CURVE, FITTED, WITH_GRU],
    [CONSTANT, PUBLISHED_CURVE, LINEAR, SPLINE, FITTED, WITH_GRU],
    [CONSTANT, PUBLISHED_CURVE, FITTED, WITH_GRU],
  ]);
  assert(METHODS.includes(WITH_GRU));
  const esrs = scores.map(({ methods }) =>
    methods.find(({ method }) => method === FITTED)!.score.esr
  );
  // The twin is the published curve: what is left is how it ran in.
  for (const esr of esrs) assert(esr < 1e-4, `${esr}`);
  const share = scores[0].seen.reduce((sum, { share }) => sum + share, 0);
  assertClose([share], [1], 1e-9);

  for (const { beyondGain } of scores) {
    assert(beyondGain.length > 1);
    for (const { esr } of beyondGain) assert(esr >= 0 && esr < 1e-4, `${esr}`);
  }

  const { methods } = summarise(scores, { seed: 1, resamples: 50 });
  for (const { method, settings, esr, beyondFitted, fittedEsr } of methods) {
    assert.equal(settings, [LINEAR, SPLINE].includes(method) ? 1 : 3);
    assert(esr.low <= esr.estimate && esr.estimate <= esr.high);
    if (beyondFitted === undefined) continue;
    assertClose([beyondFitted.estimate], [esr.estimate - fittedEsr], 1e-9);
    if (method === PUBLISHED_CURVE) {
      // Equal at every setting, so equal in every resample.
      assert.deepEqual(beyondFitted, { estimate: 0, low: 0, high: 0 });
    }
  }
  const { kinds, difference } = summariseKinds(scores);
  const errors = kinds.reduce((sum, one) => sum + one.error_share, 0);
  assertClose([errors], [100], 1e-9);
  const esrOf = (lists: SettingScores["seen"][]) =>
    lists.flat().reduce((sum, one) => sum + one.share * one.esr, 0) /
    lists.length;
  assertClose(
    [difference.mix + difference.kinds],
    [
      esrs.reduce((sum, esr) => sum + esr) / 3 -
      esrOf(scores.map(({ seen }) => seen)),
    ],
    1e-6,
  );
});

Deno.test("methodsAt() hands the same sound to every method", () => {
  const { samples: dry } = makeStimulus({ seconds: 1, sampleRate: RATE });
  const wet = dry.map((x) => x / 2);
  const [{ processor }] = methodsAt(
    FITS[0],
    FITS,
    { dry, wet, sampleRate: RATE },
    initialWeights(1, 0.1),
  );
  const output = new Float32Array(dry.length);
  processor.process(dry, output);
  assertClose(output, wet, 1e-6);
});

Deno.test("takeExcerpt() cuts all signals alike, and stays within the recording", () => {
  const { samples: dry } = makeStimulus({ seconds: 10, sampleRate: RATE });
  const wet = dry.map((x) => x / 2);
  const cut = (start_seconds: number) =>
    takeExcerpt(
      { dry, wet, sampleRate: RATE },
      nearestFit(FITS, { mode: "limit", peakReduction: 75 }),
      initialWeights(1, 0.1),
      { trainEnd: 4 * RATE, testStart: 6 * RATE },
      { start_seconds, seconds: 2 },
    );
  const first = cut(1);
  assert.equal(first.start, 7);
  assert.deepEqual(first.dry, dry.subarray(7 * RATE, 9 * RATE));
  assert.deepEqual(first.target, wet.subarray(7 * RATE, 9 * RATE));
  for (const signal of [first.fitted, first.withGru]) {
    assert.equal(signal.length, 2 * RATE);
  }
  assert.equal(cut(99).start, 8);
  assert.equal(
    nearestFit(FITS, { mode: "limit", peakReduction: 75 }).peakReduction,
    80,
  );
});

Deno.test("recoverySeconds() are those of a one-pole release", () => {
  const responses = stepResponses(
    () =>
      createCompressor({
        threshold_db: -40,
        ratio: 100,
        attack_ms: 1,
        release_ms: 440,
        make_up_db: 3,
      }, RATE),
    RATE,
  );
  const [half, most] = [0.5, 0.9].map((part) =>
    recoverySeconds(responses, part)
  );
  assert(Math.abs(responses.restDb - responses.release.gainDb.at(-1)!) < 0.1);
  assert(half > 0.02 && half < most && most < 0.6, `${half} ${most}`);
  assert.equal(recoverySeconds(responses, 1.2), Infinity);
});
