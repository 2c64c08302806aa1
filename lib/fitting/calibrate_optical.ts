/**
 * How the knob of the optical unit was calibrated: for each position the gain of
 * its side chain is moved until the threshold of the compressor fitted to it is
 * the published one of compress mode, to a quarter of a decibel where it can be.
 * Prints the table for `optical.ts`, and what the fits came to in both modes. The
 * other parameters follow from the cell.
 *
 *     deno task kernels && deno run --allow-read --ignore-env lib/fitting/calibrate_optical.ts
 *
 * @module
 */

import { keepReady } from "../engines/open.ts";
import { type Fit, fitPair } from "./fit.ts";
import { solverSchema, startOf } from "./fit_config.ts";
import type { Values } from "../models/model.ts";
import { PAPER_MODEL, parseModel } from "../models/presets.ts";
import { chunk } from "../sound/chunks.ts";
import { publishedCoordinates } from "../objective/coordinates.ts";
import type { Pair } from "../sound/signal.ts";
import {
  createOptical,
  type OpticalOptions,
  SIDE_CHAIN_DB,
} from "../data/optical.ts";
import { PUBLISHED_FITS } from "../data/published.ts";
import { MODES } from "../data/setting.ts";
import { makeStimulus } from "../data/stimulus.ts";

/** Threshold error that is small enough, in dB. */
const TOLERANCE_DB = 0.25;
const MOST_ROUNDS = 5;

const { samples: dry, sampleRate } = makeStimulus({ seconds: 60, seed: 1 });
const solver = solverSchema.parse({});
const model = parseModel(PAPER_MODEL);

/** What the unit makes of the stimulus, and the compressor fitted to it. */
async function fitOptical(
  options: Omit<OpticalOptions, "sampleRate" | "seed">,
  start: Values,
) {
  const wet = new Float32Array(dry.length);
  createOptical({ ...options, sampleRate, seed: 1 }).process(dry, wet);
  const pair: Pair = { dry, wet, sampleRate };
  return await fitPair(chunk(pair), model, solver, "wasm", {
    start,
    coordinates: publishedCoordinates(sampleRate),
  });
}

await using _ready = await keepReady("wasm");
const table = SIDE_CHAIN_DB.slice();
for (const mode of MODES) {
  console.log(`\n${mode}: fitted (published)`);
  // In the order of the sweep, each fit starting from its neighbour's result.
  const published = PUBLISHED_FITS.filter((fit) => fit.mode === mode);
  let start = startOf(model);
  for (const [i, known] of [...published.entries()].reverse()) {
    const { peakReduction, parameters: truth } = known;
    const errorOf = ({ parameters }: Fit) =>
      Math.abs(parameters.threshold_db - truth.threshold_db);
    let sideChainDb = table[i];
    let found = await fitOptical({ mode, peakReduction, sideChainDb }, start);
    let tried = found;
    // The fitted threshold follows the gain, but with jumps: keep the best.
    for (let round = 0; mode === "compress" && round < MOST_ROUNDS; round++) {
      if (errorOf(found) < TOLERANCE_DB) break;
      sideChainDb += 0.7 *
        (tried.parameters.threshold_db - truth.threshold_db);
      tried = await fitOptical({ mode, peakReduction, sideChainDb }, start);
      if (errorOf(tried) < errorOf(found)) {
        found = tried;
        table[i] = sideChainDb;
      }
    }
    start = found.parameters;
    const cells = Object.entries(truth).map(([name, value]) => {
      return `${name} ${start[name].toFixed(2)} (${value.toFixed(2)})`;
    });
    console.log(
      [peakReduction, `K ${table[i].toFixed(2)} dB`, ...cells]
        .concat(`ESR ${found.esr.toFixed(4)} (${known.esr.toFixed(4)})`)
        .concat(found.minimum.converged ? [] : found.minimum.stopReason)
        .join("  "),
    );
  }
}
console.log(`\nSIDE_CHAIN_DB: ${table.map((db) => db.toFixed(1)).join(", ")}`);
