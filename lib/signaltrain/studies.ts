/**
 * What the experiment on SignalTrain works out without a network: the error of windows
 * over lookback, settings found again, and the rows of its exact figures.
 *
 * @module
 */

import { mean } from "../base/statistics.ts";
import { createRandom } from "../base/random.ts";
import {
  CLIP_SECONDS,
  makeSound,
  makeSounds,
  SOUND_KINDS,
} from "../data/signaltrain_sounds.ts";
import type { EngineName } from "../engines/open.ts";
import type { Values } from "../models/model.ts";
import type { Signal } from "../sound/signal.ts";
import type { Config } from "./config.ts";
import { type EffectName, EFFECTS, stream, valuesAt } from "./effect.ts";
import { windowErrors } from "./lookback.ts";
import { logCosh } from "./errors.ts";
import { levelSteps, recover } from "./recover.ts";

/** Rate of the paper's figures, in Hz. */
export const PAPER_RATE = 44100;

/** Lookbacks of figure 1, in samples at 44.1 kHz. */
const LOOKBACKS = Array.from({ length: 11 }, (_, i) => 2 ** (i + 7));

/** `dry` through the effect of `values`, from rest. */
export function streamed(
  dry: Signal,
  values: Values,
  sampleRate: number,
): Float32Array {
  const wet = new Float32Array(dry.length);
  stream(dry, wet, values, sampleRate);
  return wet;
}

/** `count` random settings of `effect`. */
export function randomSettings(
  effect: EffectName,
  count: number,
  seed: number,
): Values[] {
  const random = createRandom(`${seed}/${effect}`);
  const controls = EFFECTS[effect];
  return Array.from(
    { length: count },
    () => valuesAt(controls, controls.map(() => random.uniform())),
  );
}

/** Mean error of windowed targets of `effect` over `settings`, by lookback. */
export function lookbackFloor(
  effect: EffectName,
  { settings, seconds, output }: Config["lookback"],
  seed: number,
) {
  const all = randomSettings(effect, settings, seed).map((values, i) => {
    const { samples } = makeSounds({
      seconds,
      sampleRate: PAPER_RATE,
      seed: `${seed}/${effect} ${i}`,
    });
    return windowErrors(samples, values, PAPER_RATE, {
      lookbacks: LOOKBACKS,
      output,
      skipped: 1,
    });
  });
  return LOOKBACKS.map((lookback, i) => {
    const errors = all.map((one) => one[i].mae);
    return {
      effect,
      lookback,
      lookback_seconds: lookback / PAPER_RATE,
      mae: mean(errors),
      largest: Math.max(...errors),
    };
  });
}

/** A setting of `effect` found from seconds of one pair, and how far it is off. */
export async function recoverSetting(
  effect: EffectName,
  values: Values,
  { seconds, seed, engine }: {
    seconds: number;
    seed: number;
    engine: EngineName;
  },
) {
  const dry = levelSteps(seconds, PAPER_RATE, seed);
  const pair = {
    dry,
    wet: streamed(dry, values, PAPER_RATE),
    sampleRate: PAPER_RATE,
  };
  const started = performance.now();
  const found = await recover(pair, EFFECTS[effect], engine);
  const off = (name: string) => found.values[name] / values[name] - 1;
  const errors = {
    threshold_off_db: found.values.threshold_db - values.threshold_db,
    ratio_off: off("ratio"),
    attack_off: off("attack_ms"),
    release_off: off("release_ms"),
  };
  const { threshold_off_db, ...relative } = errors;
  return {
    effect,
    params: found.values,
    ...errors,
    esr: found.esr,
    iterations: found.minimum.iterations,
    recovered: Math.abs(threshold_off_db) <= 0.01 &&
      Object.values(relative).every((part) => Math.abs(part) <= 0.001),
    seconds: (performance.now() - started) / 1000,
  };
}

/** Log-cosh and absolute error, and their slopes, over the error. */
export function lossShapes() {
  return Array.from({ length: 121 }, (_, i) => (i - 60) / 20).flatMap((
    error,
  ) => [
    { loss: "log-cosh", error, value: logCosh(error), slope: Math.tanh(error) },
    {
      loss: "absolute",
      error,
      value: Math.abs(error),
      slope: Math.sign(error),
    },
  ]);
}

/** Points of a drawn sound: two of each of so many stretches, the least and the most. */
const STRETCHES = 200;

/** One sound of every kind, as points to be drawn. */
export function waveforms(seed: number) {
  const length = Math.round(CLIP_SECONDS * PAPER_RATE);
  return SOUND_KINDS.map((kind) => ({
    kind,
    rows: outlineOf(
      makeSound(kind, length, PAPER_RATE, createRandom(`${seed}/${kind}`)),
    ),
  }));
}

function outlineOf(sound: Float32Array) {
  return Array.from({ length: STRETCHES }, (_, i) => {
    const from = Math.floor(i * sound.length / STRETCHES);
    const part = sound.subarray(
      from,
      Math.floor((i + 1) * sound.length / STRETCHES),
    );
    const seconds = from / PAPER_RATE;
    return [Math.min(...part), Math.max(...part)]
      .map((sample) => ({
        of: "sound",
        seconds: Number(seconds.toFixed(3)),
        sample: Number(sample.toFixed(4)),
      }));
  }).flat();
}
