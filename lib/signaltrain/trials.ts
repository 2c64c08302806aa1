/**
 * What a trained network is tried on: steps of level, a sound it has not seen, and the
 * rest of recordings, as rows to be drawn.
 *
 * @module
 */

import { formatNumber } from "../base/format.ts";
import { makeStimulus } from "../data/stimulus.ts";
import { esr } from "../metrics/esr.ts";
import { gainOverTime } from "../metrics/gain.ts";
import type { EngineName } from "../engines/open.ts";
import type { Values } from "../models/model.ts";
import type { Signal } from "../sound/signal.ts";
import { backwards, EFFECTS, windowed } from "./effect.ts";
import { predictLong, spectrumOf } from "./long_sounds.ts";
import { levelSteps, recover } from "./recover.ts";
import { type NetworkSizes, parameterCount } from "./sizes.ts";
import { streamed } from "./studies.ts";
import { errorsOf } from "./errors.ts";
import { knobsOf, type RecordedTake } from "./trainings.ts";

/** A network that was trained. */
export interface TrainedNetwork {
  weights: Float32Array;
  sizes: NetworkSizes;
  /** Its rate, in Hz. */
  rate: number;
}

/** The setting of the paper's figure 8, at which all are tested. */
export const TESTED = {
  ...{ threshold_db: -30, ratio: 2.5, attack_ms: 2, release_ms: 30 },
  make_up_db: 0,
};

/** When the level steps up, when down, and the end, in seconds. */
const STEPS = { up: 0.1, down: 0.25, end: 0.45 };

/** Levels before, between and after. */
const LEVELS = [0.1, 0.9, 0.2];

/** Thresholds of the steps; the ratio is 3, attack and release 10 ms. */
const STEP_THRESHOLDS = [-24, -12, -6];

/** Seconds after a step that count as near it. */
const NEAR = 0.01;

/** Every so many samples of the steps are drawn. */
const DRAWN = 8;

/** Answers of the windowed effect and of `network` to the steps, and the error. */
export async function stepResponses({ weights, sizes, rate }: TrainedNetwork) {
  const sound = Float32Array.from(
    { length: Math.round(STEPS.end * rate) },
    (_, n) =>
      n < STEPS.up * rate
        ? LEVELS[0]
        : n < STEPS.down * rate
        ? LEVELS[1]
        : LEVELS[2],
  );
  const { input, output } = sizes;
  const rows = [];
  const errors: { seconds: number; error: number }[] = [];
  for (const threshold_db of STEP_THRESHOLDS) {
    const times = { attack_ms: 10, release_ms: 10 };
    const values = { threshold_db, ratio: 3, ...times, make_up_db: 0 };
    const target = windowed(sound, values, rate, {
      lookback: input - output,
      output,
    });
    const knobs = knobsOf("Comp-4C", values);
    const made = await predictLong(weights, sound, knobs, sizes);
    for (let n = 0; n < sound.length; n++) {
      const seconds = n / rate;
      const error = made[n] - target[n];
      errors.push({ seconds, error });
      if (n % DRAWN > 0) continue;
      const row = { threshold_db, seconds };
      rows.push({ ...row, of: "target", sample: target[n], error: 0 });
      rows.push({ ...row, of: "network", sample: made[n], error });
    }
  }
  const meanOf = (isNear: boolean) => {
    const some = errors.filter(({ seconds }) =>
      isNear ===
        [STEPS.up, STEPS.down].some((step) =>
          seconds >= step && seconds < step + NEAR
        )
    );
    return some.reduce((sum, { error }) => sum + Math.abs(error), 0) /
      some.length;
  };
  return { rows, near: meanOf(true), elsewhere: meanOf(false) };
}

/** A dry sound that no training has seen, and what Comp-4C makes of it. */
export function testPair(
  values: Values,
  { rate, seconds, seed }: { rate: number; seconds: number; seed: number },
) {
  const dry = makeStimulus({
    seconds,
    sampleRate: rate,
    seed: `${seed}/test`,
  }).samples;
  return { dry, wet: streamed(dry, values, rate), sampleRate: rate };
}

/** How near `made` comes to `wet`. */
export function scoreOf(made: Signal, wet: Signal) {
  const { mae } = errorsOf(Float32Array.from(made), Float32Array.from(wet));
  return { esr: esr(made, wet), mae };
}

/**
 * The network, and Newton's method from `pairSeconds` of one pair, on the same test
 * sound; and what Newton found, run backwards on the target.
 */
export async function besideNewton(
  values: Values,
  network: TrainedNetwork & { seconds: number },
  { seconds, pairSeconds, seed, engine }: {
    seconds: number;
    pairSeconds: number;
    seed: number;
    engine: EngineName;
  },
) {
  const { rate, sizes, weights } = network;
  const { dry, wet } = testPair(values, { rate, seconds, seed });
  const steps = levelSteps(pairSeconds, rate, seed);
  const pair = {
    dry: steps,
    wet: streamed(steps, values, rate),
    sampleRate: rate,
  };
  const started = performance.now();
  const found = await recover(pair, EFFECTS["Comp-4C"], engine);
  const took = (performance.now() - started) / 1000;
  const knobs = knobsOf("Comp-4C", values);
  const sounds = {
    dry,
    target: wet,
    network: await predictLong(weights, dry, knobs, sizes),
    Newton: streamed(dry, found.values, rate),
    backwards: backwards(wet, found.values, rate),
  };
  const numbers = parameterCount(sizes);
  const rows = {
    input: { method: "output = input", numbers: 0, ...scoreOf(dry, wet) },
    network: {
      method: "network",
      numbers,
      ...scoreOf(sounds.network, wet),
      seconds: network.seconds,
    },
    newton: {
      method: "Newton",
      numbers: 4,
      ...scoreOf(sounds.Newton, wet),
      seconds: took,
    },
    backwards: {
      method: "Newton's, backwards",
      numbers: 4,
      ...scoreOf(sounds.backwards, dry),
    },
  };
  return { sounds, rows, found: found.values };
}

/** Window of a gain over time, in seconds. */
const GAIN_SECONDS = 0.01;

/** Seconds of a recording that are drawn. */
const SHOWN_SECONDS = 1.5;

/** Fall of the unit's gain from window to window that is an attack, in dB. */
const ATTACK_DB = -0.5;

/**
 * Gain over time of the unit and of `network` in the last fifth of `take`, of the
 * stretch in which the unit's moves most, and by how much the network's is lower where
 * the unit's falls: what the paper calls over-compressed.
 */
export async function gainTrial(
  take: RecordedTake,
  { weights, sizes, rate }: TrainedNetwork,
) {
  const from = Math.ceil(0.8 * take.dry.length);
  const before = Math.max(0, from - sizes.input);
  const heard = take.dry.subarray(before);
  const made = (await predictLong(weights, heard, take.knobs, sizes))
    .subarray(from - before);
  const [dry, wet] = [take.dry.subarray(from), take.wet.subarray(from)];
  const gainOf = (output: Signal) =>
    gainOverTime(dry, output, rate, GAIN_SECONDS);
  const [unit, network] = [gainOf(wet), gainOf(made)];
  const count = Math.min(
    unit.seconds.length,
    Math.round(SHOWN_SECONDS / (unit.seconds[1] - unit.seconds[0])),
  );
  const moves = unit.gainDb.map((db, i) =>
    i === 0 || !Number.isFinite(db - unit.gainDb[i - 1])
      ? 0
      : db - unit.gainDb[i - 1]
  );
  let [best, most] = [0, -1];
  for (let i = 0; i + count <= moves.length; i++) {
    const size = moves.slice(i, i + count).reduce((a, b) => a + Math.abs(b), 0);
    if (size > most) [best, most] = [i, size];
  }
  const attacks = moves.flatMap((move, i) => {
    const lower = network.gainDb[i] - unit.gainDb[i];
    return move < ATTACK_DB && Number.isFinite(lower) ? [lower] : [];
  });
  const rows = [];
  for (let i = best; i < best + count; i++) {
    const seconds = unit.seconds[i] - unit.seconds[best];
    const row = { peak_reduction: take.peakReduction, seconds };
    rows.push({ ...row, of: "unit", gain_db: unit.gainDb[i] });
    rows.push({ ...row, of: "network", gain_db: network.gainDb[i] });
  }
  return {
    rows,
    peak_reduction: take.peakReduction,
    ...scoreOf(made, wet),
    attacks: attacks.length,
    lower_db: attacks.reduce((sum, db) => sum + db, 0) / attacks.length,
  };
}

/** Whether the network's gain is the lower one in attacks, and the figures. */
export function overCompression(
  rows: readonly { attacks: number; lower_db: number }[],
): { verdict: boolean | "untested"; figure: string } {
  const off = rows.filter(({ attacks }) => attacks > 0)
    .map(({ lower_db }) => lower_db);
  if (off.length === 0) {
    return { verdict: "untested", figure: "the unit's gain does not fall" };
  }
  const list = off.map((db) => formatNumber(db, 2)).join(", ");
  return {
    verdict: off.every((db) => db < 0),
    figure: `where the unit's gain falls, the network's is off by ${list} dB`,
  };
}

/**
 * Spectrum of what each of `networks` misses at `values`, and of the target, and the
 * power of the error in the upper half of the band, as a part of the target's.
 */
export async function errorSpectra(
  values: Values,
  networks: readonly (TrainedNetwork & { name: string })[],
  how: { rate: number; seconds: number; seed: number },
) {
  const { dry, wet } = testPair(values, how);
  const knobs = knobsOf("Comp-4C", values);
  const rows: { of: string; hertz: number; db: number }[] = [];
  const add = (of: string, sound: Signal) => {
    const spectrum = spectrumOf(sound, how.rate);
    for (const point of spectrum) rows.push({ of, ...point });
    return spectrum.slice(spectrum.length / 2)
      .reduce((sum, { db }) => sum + 10 ** (db / 10), 0);
  };
  const whole = add("target", wet);
  const high: number[] = [];
  for (const { name, weights, sizes } of networks) {
    const made = await predictLong(weights, dry, knobs, sizes);
    high.push(add(name, made.map((y, n) => y - wet[n])) / whole);
  }
  return { rows, high };
}
