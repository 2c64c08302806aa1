/** Bands of parameters by how the chunks of a recording pull apart. @module */

import assert from "node:assert/strict";
import { jackknifeBands, studentT } from "../lib/fitting/jackknife.ts";
import type { Coordinates } from "../lib/objective/coordinates.ts";
import type { ChunkedPair } from "../lib/sound/chunks.ts";

/** One parameter, searched as its logarithm is. */
const coordinates = {
  names: ["x"],
  values: ([z]: Float64Array) => ({ x: Math.exp(z) }),
  byCoordinates: (_: Float64Array, evaluation: unknown) => evaluation,
} as unknown as Coordinates;

/** Chunks whose losses are (z − c)², c by the chunk's start. */
function bandsAround(centres: number[]) {
  const mean = centres.reduce((a, b) => a + b) / centres.length;
  const pair = { starts: centres.map((_, i) => i) } as unknown as ChunkedPair;
  return jackknifeBands(
    pair,
    coordinates,
    {
      z: Float64Array.of(mean),
      hessian: Float64Array.of(2 * centres.length),
    },
    ({ starts: [start] }) =>
      Promise.resolve({
        name: "parabola",
        targetEnergy: 1,
        precision: 0,
        evaluate: () =>
          Promise.resolve({
            loss: 0,
            modelEnergy: 1,
            gradient: Float64Array.of(2 * (mean - centres[start])),
          }),
        close: () => Promise.resolve(),
      }),
  );
}

Deno.test("jackknifeBands() of parabolas is the interval of a mean by Student's t", async () => {
  const centres = [0.1, 0.5, -0.3, 0.4, 0.3];
  const mean = 0.2;
  const variance = centres.reduce((sum, c) => sum + (c - mean) ** 2, 0) / 4;
  const reach = 2.776 * Math.sqrt(variance / 5);
  const { x: [low, high] } = (await bandsAround(centres))!;
  assert(Math.abs(Math.log(low) - (mean - reach)) < 0.005, `${low}`);
  assert(Math.abs(Math.log(high) - (mean + reach)) < 0.005, `${high}`);
});

Deno.test("jackknifeBands() says nothing of two chunks, and no width of equal ones", async () => {
  assert.equal(await bandsAround([1, 2]), undefined);
  const { x: [low, high] } = (await bandsAround([0.5, 0.5, 0.5]))!;
  assert.equal(low, high);
});

Deno.test("studentT() comes near the tables", () => {
  for (
    const [n, t] of [[2, 4.303], [4, 2.776], [10, 2.228], [100, 1.984]]
  ) assert(Math.abs(studentT(n) / t - 1) < 0.035, `${n}: ${studentT(n)}`);
});
