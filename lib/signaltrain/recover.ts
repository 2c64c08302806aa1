/**
 * The four numbers of Comp-4C from one pair: Newton–Raphson with the exact Hessian
 * on the preset `comp-4c`, its make-up left at 0 dB as the effect has none. α is
 * constant between the points where attack and release change places, so that the
 * recurrences of the derivatives are those of the model itself.
 *
 * What sound cannot tell: where R is 1 nothing depends on the other three, and
 * where T is above the loudest sample nothing depends on anything.
 *
 * It starts in the middle of the effect's times, at the best of a few thresholds
 * and ratios over their ranges: from below, a threshold that only the loudest
 * samples reach is hardly seen.
 *
 * @module
 */

import { multiply } from "../autodiff/primitives.ts";
import { createRandom } from "../base/random.ts";
import { type EngineName, openEngine } from "../engines/open.ts";
import type { Model, Values } from "../models/model.ts";
import { parseModel } from "../models/presets.ts";
import { coordinatesOf } from "../objective/coordinates.ts";
import { objectiveOf } from "../objective/objective.ts";
import type { Minimum } from "../optimise/minimiser.ts";
import { trustRegion } from "../optimise/trust_region.ts";
import type { Pair } from "../sound/signal.ts";
import type { Control } from "./effect.ts";

/** Thresholds and ratios that are tried for a start. */
const THRESHOLDS = 8;
const RATIOS = 4;

/** ESR that counts as none: single-precision samples resolve little more. */
const ESR_FLOOR = 3e-14;

const preset = parseModel("comp-4c");

/** `comp-4c` without make-up. */
const MODEL: Model = {
  ...preset,
  name: "comp-4c without make-up",
  parameters: preset.parameters.filter(({ name }) => name !== "make_up_db"),
  output: (theta, sound) => multiply(preset.gain(theta, sound), sound.input),
};

/** What was found of a pair. */
export interface Recovered {
  /** The parameters, of the preset `comp-4c`. */
  values: Values;
  /** Error-to-signal ratio over the pair. */
  esr: number;
  /** Where the minimiser ended. */
  minimum: Minimum;
}

/** Fits Comp-4C, whose `controls` say where to begin, to `pair`. */
export async function recover(
  pair: Pair,
  controls: readonly Control[],
  engine: EngineName = "wasm",
): Promise<Recovered> {
  const opened = await openEngine(engine, {
    ...pair,
    starts: [0],
    chunkLength: pair.dry.length,
    warmUp: 0,
  }, MODEL);
  try {
    const { sampleRate } = pair;
    const { targetEnergy } = opened;
    const coordinates = coordinatesOf(MODEL, { sampleRate });
    const { evaluate } = objectiveOf(opened, coordinates);
    const middle = Object.fromEntries(
      controls.map(({ name, range: [low, high] }) => [name, (low + high) / 2]),
    );
    const [threshold, ratio] = controls;
    let start: Float64Array | undefined;
    let least = Infinity;
    for (const threshold_db of spread(threshold, THRESHOLDS)) {
      for (const one of spread(ratio, RATIOS)) {
        const values = { ...middle, threshold_db, ratio: one };
        const z = coordinates.coordinates(values);
        const { loss } = await evaluate(z, 0);
        if (loss < least) [start, least] = [z, loss];
      }
    }
    const minimum = await trustRegion(evaluate, start!, {
      lossFloor: ESR_FLOOR * targetEnergy,
      precision: opened.precision,
      tolerance: 1e-12,
    });
    return {
      values: { ...coordinates.values(minimum.z), make_up_db: 0 },
      esr: minimum.loss / targetEnergy,
      minimum,
    };
  } finally {
    await opened.close();
  }
}

/** The middles of `count` equal parts of a control's range. */
function spread({ range: [low, high] }: Control, count: number): number[] {
  return Array.from(
    { length: count },
    (_, i) => low + (high - low) * (i + 0.5) / count,
  );
}

/**
 * A sound that tells such a compressor's settings apart: steps and ramps of level
 * between 0 dBFS and −60, each of 10 to 600 ms, of noise or of random signs.
 */
export function levelSteps(
  seconds: number,
  sampleRate: number,
  seed: number | string,
): Float32Array {
  const random = createRandom(`${seed}/level steps`);
  const level = () => -60 * random.uniform() ** 3;
  const sound = new Float32Array(Math.round(seconds * sampleRate));
  for (let from = 0; from < sound.length;) {
    const length = Math.ceil(random.logUniform(0.01, 0.6) * sampleRate);
    const [first, last] = [level(), level()];
    const isNoise = random.chance(0.5);
    const part = sound.subarray(from, from + length);
    for (let n = 0; n < part.length; n++) {
      const sample = random.uniform(-1, 1);
      const db = first + (last - first) * n / length;
      part[n] = 10 ** (db / 20) * (isNoise ? sample : Math.sign(sample));
    }
    from += length;
  }
  return sound;
}
