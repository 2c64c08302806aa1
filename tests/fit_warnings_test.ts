/** When the figures of a fit mean little. @module */

import assert from "node:assert/strict";
import { fitWarnings, rangeSettingOf } from "../lib/fitting/fit_warnings.ts";
import type { Values } from "../lib/models/model.ts";
import { parseModel } from "../lib/models/presets.ts";
import {
  coordinatesOf,
  publishedCoordinates,
} from "../lib/objective/coordinates.ts";

const GOOD: Values = {
  threshold_db: -24,
  ratio: 4,
  attack_ms: 2,
  release_ms: 200,
  make_up_db: 0,
};

/** A sound whose peak is −6.02 dB. */
const dry = Float32Array.from({ length: 100 }, (_, n) => 0.5 * (-1) ** n);
const pair = { dry, wet: dry, sampleRate: 8000 };

const MODEL = parseModel("4a-2a");

const warn = (change: Values, esr = 0.01) =>
  fitWarnings([pair], MODEL, {
    parameters: { ...GOOD, ...change },
    coordinates: publishedCoordinates(8000),
    esr,
  });

Deno.test("fitWarnings() has nothing to say of a good fit", () => {
  assert.deepEqual(warn({}), []);
  assert.deepEqual(warn({ ratio: 19.8, attack_ms: 0.102 }), []);
});

Deno.test("fitWarnings() names a parameter at an end of its range, and the range", () => {
  const cases: [Values, RegExp][] = [
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
  const nearly: Values[] = [{ ratio: 1.0004 }, { threshold_db: -6.1 }];
  for (const change of nearly) {
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

Deno.test("fitWarnings() says how to look beyond the end, in the words of the command", () => {
  const end = { ...GOOD, attack_ms: 2000 };
  const fit = {
    parameters: end,
    coordinates: coordinatesOf(MODEL, { sampleRate: 8000 }),
    esr: 0.01,
  };
  assert.match(
    fitWarnings([pair], MODEL, fit).join(),
    /0\.005–2000 ms: .* Look there with --range attack_ms=0\.0005\.\.20000$/,
  );
  assert.match(
    fitWarnings([pair], MODEL, fit, rangeSettingOf).join(),
    /with --set solver\.ranges\.attack_ms=\[0\.0005,20000\]$/,
  );
  // An end that no parameter can go beyond is none to warn of.
  assert.deepEqual(
    fitWarnings([pair], MODEL, {
      ...fit,
      parameters: { ...GOOD, ratio: 1.0049, threshold_db: -80 },
    }),
    [],
  );
});

Deno.test("fitWarnings() of a feedback model are of the loop's times, and know what no range can mend", () => {
  const opto = parseModel("opto");
  const fit = (change: Values) => ({
    parameters: {
      ...GOOD,
      knee_db: 6,
      second_release_ms: 900,
      second_share: 0.3,
      ...change,
    },
    coordinates: coordinatesOf(opto, { sampleRate: 8000 }),
    esr: 0.01,
  });
  assert.deepEqual(fitWarnings([pair], opto, fit({})), []);
  // 2200 / (1.5 · 8000) = 0.1833 ms in the loop, at ratio 4.
  assert.match(
    fitWarnings([pair], opto, fit({ attack_ms: 0.7334 })).join(),
    /^the attack of 0\.1834 ms in the loop stands .*, 0\.183–2000 ms: .*a loop at 8000 Hz swings. Record at a higher rate$/,
  );
  assert.match(
    fitWarnings([pair], opto, fit({ attack_ms: 8000 })).join(),
    /^the attack of 2000 ms in the loop .* Look there with --range attack_ms=/,
  );
  // Inside the knee, 2 dB below the threshold, it compresses already.
  assert.deepEqual(fitWarnings([pair], opto, fit({ threshold_db: -5 })), []);
  assert.match(
    fitWarnings([pair], opto, fit({ threshold_db: -3.1 })).join(),
    /hardly compresses/,
  );
  assert.match(
    fitWarnings([pair], opto, fit({ threshold_db: -2 })).join(),
    /no dry sample exceeds/,
  );
});
