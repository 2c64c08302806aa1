/** When the figures of a fit mean little. @module */

import assert from "node:assert/strict";
import type { CompressorParameters } from "../lib/compressor/parameters.ts";
import { fitWarnings } from "../lib/fit_warnings.ts";

const GOOD: CompressorParameters = {
  threshold_db: -24,
  ratio: 4,
  attack_ms: 2,
  release_ms: 200,
  make_up_db: 0,
};

/** A sound whose peak is −6.02 dB. */
const dry = Float32Array.from({ length: 100 }, (_, n) => 0.5 * (-1) ** n);
const pair = { dry, wet: dry, sampleRate: 8000 };

const warn = (change: Partial<CompressorParameters>, esr = 0.01) =>
  fitWarnings(pair, { ...GOOD, ...change }, esr);

Deno.test("fitWarnings() has nothing to say of a good fit", () => {
  assert.deepEqual(warn({}), []);
  assert.deepEqual(warn({ ratio: 19.8, attack_ms: 0.102 }), []);
});

Deno.test("fitWarnings() names a parameter at an end of its range, and the range", () => {
  const cases: [Partial<CompressorParameters>, RegExp][] = [
    [{ ratio: 19.95 }, /^the ratio of 19\.95 stands at .*, 1–20:/],
    [{ attack_ms: 0.1003 }, /^the attack of 0\.1003 ms .*, 0\.1–100 ms:/],
    [{ attack_ms: 100.00001 }, /^the attack of 100\.0 ms stands at the end/],
    [{ release_ms: 996 }, /^the release of 996\.0 ms .*, 10–1000 ms:/],
  ];
  for (const [change, message] of cases) {
    const warnings = warn(change);
    assert.equal(warnings.length, 1, warnings.join("\n"));
    assert.match(warnings[0], message);
  }
  assert.equal(warn({ attack_ms: 0.1, release_ms: 10 }).length, 2);
});

Deno.test("fitWarnings() says where nothing, or next to nothing, is compressed", () => {
  const above = warn({ threshold_db: 20, attack_ms: 0.1 });
  assert.equal(above.length, 1);
  assert.match(above[0], /no dry sample exceeds .*−6\.02.*threshold_db=-37$/);
  for (const change of [{ ratio: 1.0004 }, { threshold_db: -6.1 }]) {
    const hardly = warn(change);
    assert.equal(hardly.length, 1);
    assert.match(hardly[0], /hardly compresses.* attack and release mean noth/);
    assert.match(hardly[0], /swapped/);
  }
});

Deno.test("fitWarnings() says where most of the wet recording is not explained", () => {
  assert.deepEqual(warn({}, 0.49), []);
  assert.match(warn({}, 0.93).join(), /93\s% of .* left unexplained/);
});
