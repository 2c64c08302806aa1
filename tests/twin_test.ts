import assert from "node:assert/strict";
import { compress } from "../lib/compressor/compressor.ts";
import {
  PUBLISHED_FITS,
  PUBLISHED_SCORES,
  publishedFit,
} from "../lib/data/published.ts";
import { createTwin } from "../lib/data/twin.ts";
import { makeStimulus } from "../lib/data/stimulus.ts";

Deno.test("the published curve has 13 settings of each mode, as printed in the CSV files", () => {
  assert.equal(PUBLISHED_FITS.length, 26);
  for (const mode of ["compress", "limit"] as const) {
    const knob = PUBLISHED_FITS.filter((fit) => fit.mode === mode)
      .map((fit) => fit.peakReduction);
    assert.deepEqual(knob, Array.from({ length: 13 }, (_, i) => 40 + 5 * i));
  }
  assert.deepEqual(publishedFit({ mode: "limit", peakReduction: 45 }), {
    mode: "limit",
    peakReduction: 45,
    parameters: {
      threshold_db: -14.168609619140625,
      ratio: 4.7533416748046875,
      attack_ms: 17.140609741210938,
      release_ms: 350.7540283203125,
      make_up_db: 0.6642460227012634,
    },
    esr: 0.07984044402837753,
    esrLinear: 0.08011198788881302,
    esrSpline: 0.07994262544565658,
  });
  assert.equal(
    publishedFit({ mode: "compress", peakReduction: 63 }),
    undefined,
  );
});

Deno.test("the published scores are whole, and those of 4A2A agree with the curve", () => {
  assert.equal(PUBLISHED_SCORES.length, 178);
  for (const score of PUBLISHED_SCORES) {
    assert(score.esr > 0 && Number.isFinite(score.deltaLdrDb), score.method);
  }
  const fitted = PUBLISHED_SCORES.filter(({ method }) => method === "4A2A");
  assert.equal(fitted.length, 26);
  for (const score of fitted) {
    const fit = publishedFit(score)!;
    assert(Math.abs(score.esr - fit.esr) < 5e-5);
  }
});

Deno.test("createTwin is the compressor with the published parameters", () => {
  const { samples, sampleRate } = makeStimulus({ seconds: 2, seed: 9 });
  for (const fit of [PUBLISHED_FITS[0], PUBLISHED_FITS[25]]) {
    const wet = new Float64Array(samples.length);
    const twin = createTwin(fit, sampleRate);
    twin.process(samples.subarray(0, 1000), wet);
    twin.process(samples.subarray(1000), wet.subarray(1000));
    assert.deepEqual(wet, compress(samples, fit.parameters, sampleRate));
  }
});

Deno.test("createTwin refuses a setting that is not published", () => {
  assert.throws(
    () => createTwin({ mode: "compress", peakReduction: 35 }, 44100),
    /no setting compress 35: published are peak reductions 40, 45/,
  );
});
