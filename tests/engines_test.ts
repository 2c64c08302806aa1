import assert from "node:assert/strict";
import { openReferenceEngine } from "../lib/engines/reference.ts";
import { objectiveOf } from "../lib/objective/objective.ts";
import { publishedCoordinates, openCoordinates } from "../lib/objective/coordinates.ts";
import { goldenPair, peakCases, rmsCases } from "./golden_signal.ts";
import { assertClose } from "./close.ts";

const families = [
  { detector: "peak", cases: peakCases, spaceAt: publishedCoordinates },
  { detector: "rms", cases: rmsCases, spaceAt: openCoordinates },
] as const;

for (const { detector, cases, spaceAt } of families) {
  cases.forEach((golden, at) => {
    Deno.test(`openReferenceEngine() meets golden ${detector} case ${at + 1} to 1e-6`, async () => {
      const pair = goldenPair(golden);
      const space = spaceAt(pair.sampleRate);
      const engine = openReferenceEngine(pair, { detector });
      const objective = objectiveOf(engine, space);
      for (const expected of golden.evaluations) {
        const z = space.coordinates(expected.theta);
        assertClose(z, expected.logits, 1e-9);
        const actual = await objective.evaluate(z, 2);
        assertClose([actual.loss], [expected.loss], 1e-6);
        assertClose([actual.loss / engine.targetEnergy], [expected.esr], 1e-6);
        assert(actual.gradient && actual.hessian);
        assertClose(actual.gradient, expected.gradient, 1e-6);
        assertClose(actual.hessian, expected.hessian.flat(), 1e-6);
      }
      await engine.close();
    });
  });
}

Deno.test("openReferenceEngine() lets an interrupt come between evaluations", async () => {
  const pair = goldenPair(peakCases[0]);
  const short = { ...pair, starts: [0], chunkLength: 50, warmUp: 0 };
  const engine = openReferenceEngine(short);
  const theta = Float64Array.from([-24, 0.75, 0.1, 0.001, 0]);
  let hasCome = false;
  const timer = setTimeout(() => hasCome = true, 1);
  const deadline = performance.now() + 1000;
  // Without a turn of the event loop the timer would never come.
  while (!hasCome && performance.now() < deadline) {
    await engine.evaluate(theta, 0);
  }
  clearTimeout(timer);
  assert(hasCome);
});
