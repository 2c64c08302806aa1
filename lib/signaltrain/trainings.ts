/**
 * The trainings of the experiment on SignalTrain, from its config: of an effect, the
 * paper's way or with one thing changed, and of recordings of one unit. The sample rate
 * goes with the scale, 44 100 Hz · scale, so that windows last as long as in the paper.
 *
 * @module
 */

import { alignPair } from "../data/aligned_pair.ts";
import type { Setting } from "../data/setting.ts";
import { SIGNALTRAIN_SOUNDS_VERSION } from "../data/signaltrain_sounds.ts";
import { type PairSource, requireSettings } from "../data/source.ts";
import type { Config, TrainingConfig } from "./config.ts";
import { type EffectName, EFFECTS } from "./effect.ts";
import type { Training } from "./kept_training.ts";
import { decimated } from "./decimate.ts";
import type { LossName } from "./loss.ts";
import { scaledSizes } from "./sizes.ts";
import { PAPER_RATE } from "./studies.ts";
import type { TrainOptions } from "./train.ts";
import {
  effectWindows,
  recordedWindows,
  type Take,
  type Target,
  TARGETS,
} from "./windows.ts";

/** What is other than the paper's way. */
export interface Change {
  effect?: EffectName;
  target?: Target;
  shuffled?: boolean;
  schedule?: TrainOptions["schedule"];
  loss?: LossName;
  weighted?: boolean;
  /** Input windows of so many times the usual one. */
  times?: number;
}

/** The paper's way, by the name it has beside its changes. */
export const PUBLISHED_WAY = "as published";

/** The paper. */
export const PAPER = "Hawley, Colburn, Mimilakis, AES 147, 2019";

/** Changes of the paper's way, by name, and what may be claimed of them, by whom. */
export const CHANGES: Readonly<
  Record<string, Change & { claim?: string; by?: string }>
> = {
  "constant rate": {
    schedule: "constant",
    claim: "The 1-cycle schedule ends lower than a constant rate",
    by: PAPER,
  },
  "absolute error": {
    loss: "L1",
    claim: "Log-cosh ends lower than the absolute error",
  },
  "no frequency weight": {
    weighted: false,
  },
  "not shuffled": {
    shuffled: false,
    claim: "Shuffled windows train better than long runs of one setting",
    by: PAPER,
  },
};

/**
 * All trainings of effects that are compared, by name: the paper's way, its changes,
 * and Comp-4C-Large by target and by how many times the window is the usual one.
 */
export function allChanges(windows: readonly number[]): [string, Change][] {
  return [
    [PUBLISHED_WAY, {}],
    ...Object.entries(CHANGES),
    ...TARGETS.flatMap((target) =>
      windows.map((times): [string, Change] => [
        `${target}, ${times} × the window`,
        { effect: "Comp-4C-Large", target, times },
      ])
    ),
  ];
}

/** Rate that goes with a scale, in Hz. */
export function rateOf(scale: number): number {
  return scale * PAPER_RATE;
}

/** Knobs of an effect's parameters, from −½ to ½. */
export function knobsOf(
  effect: EffectName,
  values: Readonly<Record<string, number>>,
): number[] {
  return EFFECTS[effect].map(({ name, range: [low, high] }) =>
    (values[name] - low) / (high - low) - 0.5
  );
}

/** Training of an effect. */
export function effectTraining(
  config: TrainingConfig,
  seed: number,
  { effect = "Comp-4C", target = "windowed", shuffled = true, ...how }: Change =
    {},
): Training {
  const sizes = scaledSizes(config.scale, EFFECTS[effect].length, how.times);
  const data = { sampleRate: rateOf(config.scale), target, shuffled, seed };
  return {
    sizes,
    options: optionsOf(config, seed, how),
    data: { effect, ...data, sounds: SIGNALTRAIN_SOUNDS_VERSION },
    windows: () => effectWindows(effect, sizes, data),
  };
}

/** Training of one unit's recordings, whose knobs are two. */
export function recordedTraining(
  { comparisons, seed, la2a_settings }: Config,
  times: number,
  takes: readonly Take[],
  identity: unknown,
): Training {
  const sizes = scaledSizes(comparisons.scale, 2, times);
  return {
    sizes,
    options: optionsOf(comparisons, seed, {}),
    data: { recordings: identity, la2a_settings, seed },
    windows: () => recordedWindows(takes, sizes, seed),
  };
}

function optionsOf(
  { scale: _, learning_rate: learningRate, ...rest }: TrainingConfig,
  seed: number,
  { schedule = "1-cycle", loss = "log-cosh", weighted = true }: Change,
): TrainOptions {
  const checkEvery = Math.max(1, Math.ceil(rest.batches / 40));
  const { batches, cycles, batch, validation } = rest;
  return {
    ...{ batches, cycles, batch, validation, checkEvery, learningRate },
    ...{ schedule, loss, weighted, seed },
  };
}

/** A recording of one setting, at a network's rate. */
export interface RecordedTake extends Take, Setting {}

/**
 * Recordings of a unit at the wanted positions of its knob, in both modes where there
 * are both, in step, and at the network's rate.
 *
 * @throws {Error} where there is none of a setting, or its rate is no multiple.
 */
export async function recordedTakes(
  source: PairSource,
  { comparisons, la2a_settings, data }: Config,
): Promise<RecordedTake[]> {
  const rate = rateOf(comparisons.scale);
  const known = source.settings();
  const wanted = la2a_settings.flatMap((peakReduction) => {
    const there = known.filter((one) => one.peakReduction === peakReduction);
    return there.length > 0
      ? there
      : [{ mode: "compress" as const, peakReduction }];
  });
  requireSettings(source, wanted);
  const takes: RecordedTake[] = [];
  for (const setting of wanted) {
    const loaded = await source.load(setting);
    const how = { enabled: data.folder !== null, max_lag: 2048 };
    const { dry, wet, sampleRate } = alignPair(loaded, how).pair;
    const factor = sampleRate / rate;
    if (!Number.isInteger(factor)) {
      throw new Error(
        `recordings at ${sampleRate} Hz: the network's ${rate} Hz are no whole part of it. Give recordings at ${PAPER_RATE} Hz, or choose another comparisons.scale`,
      );
    }
    const { mode, peakReduction } = setting;
    takes.push({
      mode,
      peakReduction,
      dry: decimated(dry, factor),
      wet: decimated(wet, factor),
      knobs: [peakReduction / 100 - 0.5, mode === "limit" ? 0.5 : -0.5],
    });
  }
  return takes;
}

/** How much of the paper's training `config` is, in words. */
export function sizeOf(
  { scale, batches, cycles, batch }: TrainingConfig,
): string {
  return `scale ${scale}, ${batches * cycles} batches of ${batch}`;
}
