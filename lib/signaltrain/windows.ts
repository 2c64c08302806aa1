/**
 * Windows to train SignalTrain's network on, seeded batch by batch, so that a
 * training that is taken up again sees what it would have seen.
 *
 * Of an effect, clips are made as they are needed: a pool of {@linkcode POOL}, of
 * which every batch replaces the oldest. A clip has a kind of sound and a setting of
 * its own, on a grid of ten values a knob, as the data set of the paper; validation
 * has settings from anywhere. "Maximally shuffled": each window of a batch has its
 * own clip, position and sign. Without that a batch is one clip in order.
 *
 * @module
 */

import { createRandom, type Random } from "../base/random.ts";
import {
  CLIP_SECONDS,
  makeSound,
  TRAINING_KINDS,
} from "../data/signaltrain_sounds.ts";
import type { Values } from "../models/model.ts";
import type { Signal } from "../sound/signal.ts";
import { type EffectName, EFFECTS, stream, valuesAt } from "./effect.ts";
import type { Windows } from "./network.ts";
import type { NetworkSizes } from "./sizes.ts";

/** What targets are: of the whole sound, or of each window from rest. */
export const TARGETS = ["windowed", "streamed"] as const;

/** A kind of target. */
export type Target = typeof TARGETS[number];

/** Windows with what the unit makes of them. */
export interface TrainingWindows extends Windows {
  /** [B, output]. */
  wet: Float32Array;
}

/** Where batches come from. */
export interface WindowSource {
  /** Windows of the batch `number`, from 0. */
  batch(number: number, count: number): TrainingWindows;
  /** Windows to judge by, always the same. */
  validation(count: number): TrainingWindows;
}

/** Clips that windows are drawn from, at least. */
const POOL = 200;

/** Values of a knob on the grid of the data set. */
const GRID = 10;

/** What a recording, or a clip, has of one setting. */
export interface Take {
  dry: Signal;
  wet: Signal;
  /** The knobs, from −½ to ½. */
  knobs: readonly number[];
  /** The effect's parameters, where windows are to begin at rest. */
  restart?: Values;
}

/** Windows of an effect on synthetic sounds. */
export function effectWindows(
  effect: EffectName,
  sizes: NetworkSizes,
  { sampleRate, target, shuffled, seed }: {
    sampleRate: number;
    target: Target;
    shuffled: boolean;
    seed: number;
  },
): WindowSource {
  const controls = EFFECTS[effect];
  const length = Math.max(
    sizes.input,
    Math.round(CLIP_SECONDS * sampleRate),
  );
  const pool = new Map<number, Take>();

  function makeTake(random: Random, settings: number[]): Take {
    const kind = random.pick(TRAINING_KINDS);
    const dry = makeSound(kind, length, sampleRate, random);
    const restart = valuesAt(controls, settings);
    const knobs = settings.map((setting) => setting - 0.5);
    if (target === "windowed") return { dry, wet: dry, knobs, restart };
    const wet = new Float32Array(length);
    stream(dry, wet, restart, sampleRate);
    return { dry, wet, knobs };
  }

  function clip(index: number): Take {
    let take = pool.get(index);
    if (take === undefined) {
      const random = createRandom(`${seed}/clip ${index}`);
      const settings = controls.map(() =>
        random.integer(0, GRID - 1) / (GRID - 1)
      );
      take = makeTake(random, settings);
      pool.set(index, take);
    }
    return take;
  }

  return {
    batch(number, count) {
      const random = createRandom(`${seed}/batch ${number}`);
      const windows = emptyWindows(count, sizes);
      for (const index of pool.keys()) {
        if (index < number) pool.delete(index);
      }
      const pooled = Array.from(
        { length: Math.max(POOL, count) },
        (_, i) => number + i,
      );
      const order = shuffled ? random.shuffle(pooled) : pooled;
      for (let i = 0; i < count; i++) {
        const take = clip(shuffled ? order[i] : number);
        const room = take.dry.length - sizes.input;
        const at = shuffled
          ? random.integer(0, room)
          : (i * sizes.output) % (room + 1);
        setWindow(windows, i, take, at, randomSign(random), sizes, sampleRate);
      }
      return windows;
    },
    validation(count) {
      const windows = emptyWindows(count, sizes);
      for (let i = 0; i < count; i++) {
        const random = createRandom(`${seed}/validation ${i}`);
        const take = makeTake(random, controls.map(() => random.uniform()));
        const end = endOf(random, Math.max(length / 2, sizes.input), length);
        setWindow(windows, i, take, end - sizes.input, 1, sizes, sampleRate);
      }
      return windows;
    },
  };
}

/**
 * Windows of recordings: of each take the first four fifths to train on, the last
 * tenth to judge by, with the lookback in what lies between.
 *
 * @throws {RangeError} where a take is too short for that.
 */
export function recordedWindows(
  takes: readonly Take[],
  sizes: NetworkSizes,
  seed: number,
): WindowSource {
  for (const { dry } of takes) {
    if (dry.length / 10 < sizes.input) {
      throw new RangeError(
        `a recording of ${dry.length} samples has no window of ${sizes.input} in a tenth: give longer ones`,
      );
    }
  }
  return {
    batch(number, count) {
      const random = createRandom(`${seed}/batch ${number}`);
      const windows = emptyWindows(count, sizes);
      for (let i = 0; i < count; i++) {
        const take = random.pick(takes);
        const end = Math.floor(0.8 * take.dry.length);
        const at = random.integer(0, end - sizes.input);
        setWindow(windows, i, take, at, randomSign(random), sizes);
      }
      return windows;
    },
    validation(count) {
      const random = createRandom(`${seed}/validation`);
      const windows = emptyWindows(count, sizes);
      for (let i = 0; i < count; i++) {
        const take = random.pick(takes);
        const { length } = take.dry;
        const end = endOf(random, 0.9 * length, length);
        setWindow(windows, i, take, end - sizes.input, 1, sizes);
      }
      return windows;
    },
  };
}

/**
 * End of a window to judge by. It is drawn, and not the start, so that longer windows
 * have the same outputs.
 */
function endOf(random: Random, from: number, to: number): number {
  return random.integer(Math.ceil(from), to);
}

function randomSign(random: Random): number {
  return random.chance(0.5) ? -1 : 1;
}

function emptyWindows(
  count: number,
  { input, output, knobs }: NetworkSizes,
): TrainingWindows {
  return {
    count,
    dry: new Float32Array(count * input),
    wet: new Float32Array(count * output),
    knobs: new Float32Array(count * knobs),
  };
}

/** Sets window `i` to the samples of `take` from `at`, of either sign. */
function setWindow(
  windows: TrainingWindows,
  i: number,
  { dry, wet, knobs, restart }: Take,
  at: number,
  sign: number,
  { input, output }: NetworkSizes,
  sampleRate = 0,
): void {
  const x = windows.dry.subarray(i * input, (i + 1) * input);
  const y = windows.wet.subarray(i * output, (i + 1) * output);
  for (let n = 0; n < input; n++) x[n] = sign * dry[at + n];
  if (restart === undefined) {
    const from = at + input - output;
    for (let n = 0; n < output; n++) y[n] = sign * wet[from + n];
  } else {
    const made = new Float32Array(input);
    stream(x, made, restart, sampleRate);
    y.set(made.subarray(input - output));
  }
  windows.knobs.set(knobs, i * knobs.length);
}
