import assert from "node:assert/strict";
import { openModel } from "../lib/engines/compiled/stream.ts";
import { releaseOf } from "../lib/metrics/release.ts";
import { parseModel } from "../lib/models/presets.ts";

const VALUES = {
  threshold_db: -40,
  ratio: 6,
  attack_ms: 2,
  release_ms: 440,
  make_up_db: 3,
};

Deno.test("releaseOf() reads off a release that is exponential in decibels: ln 2 and ln 5 time constants", () => {
  const unit = openModel(parseModel("4a-2a+decibel"), VALUES, 16000);
  const { halfMs, restSeconds, gainDb } = releaseOf(unit, 16000);
  // 440 ms from 10 to 90 % are 200 ms of time constant.
  assert.ok(Math.abs(halfMs! / (200 * Math.LN2) - 1) < 0.06, `${halfMs}`);
  assert.ok(Math.abs(restSeconds! / (0.2 * Math.log(5)) - 1) < 0.06);
  assert.ok(gainDb[0] < -20 && Math.abs(gainDb.at(-1)!) < 0.01);
});

Deno.test("releaseOf() says nothing of a release that takes longer than it listens", () => {
  const slow = { ...VALUES, release_ms: 40000 };
  const unit = openModel(parseModel("4a-2a+decibel"), slow, 16000);
  const release = releaseOf(unit, 16000);
  assert.equal(release.halfMs, undefined);
  assert.equal(release.restSeconds, undefined);
});
