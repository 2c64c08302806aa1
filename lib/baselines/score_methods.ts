/**
 * Scores of several methods at one setting, on the part of the recording that none of
 * them was fitted to. Everything runs in from the part before it, which is not counted.
 *
 * @module
 */

import { createFastCompressor } from "../compressor/render.ts";
import type { CurvePoint } from "../data/curve.ts";
import type { Parts } from "../data/parts.ts";
import { sameSetting, type Setting } from "../data/setting.ts";
import {
  type Breakdown,
  type BreakdownOptions,
  openBreakdown,
  type Stretch,
} from "../metrics/breakdown.ts";
import { beyondGain, type ErrorSums } from "../metrics/gain.ts";
import { preEmphasise } from "../sound/pre_emphasis.ts";
import type { Pair, Signal } from "../sound/signal.ts";
import { methodsAt } from "./methods.ts";
import { readRendering, type RenderedFolder } from "./rendered.ts";

/** What each method got at one setting. */
export interface SettingScores extends Setting {
  /** The methods, on the test part. */
  methods: { method: string; score: Breakdown }[];
  /** 4A-2A by kind of sound, on the part it was fitted to. */
  seen: Breakdown["kinds"];
  /** ESR of 4A-2A by kind, on the test part, with the gain put right all the time. */
  beyondGain: { kind: string; esr: number }[];
}

/** Windows in which the gain is put right, in seconds. */
export const GAIN_SECONDS = 0.03;

/** How a rendering lay against its recording. */
export interface RenderingFacts {
  /** Name of the emulation. */
  method: string;
  /** Where the unit's controls stood. */
  mode: string;
  peak_reduction: number;
  /** Samples by which it was late, removed. */
  lag_samples: number;
  /** Gain in dB that would bring it nearest, not applied. */
  gain_db: number;
  /** Samples by which it is longer than the recording. */
  extra_samples: number;
}

/** What is scored how. */
export interface ScoringOptions {
  /** The parts of every recording. */
  parts: Parts;
  /** What sounds where, from the start of the recording. */
  stretches: readonly Stretch[];
  /** Seconds of a block of the bootstrap. */
  blockSeconds: number;
}

/** The test part of a recording, from the start of the part before it. */
function openTest(pair: Pair, options: ScoringOptions) {
  const { trainEnd, testStart } = options.parts;
  const { sampleRate } = pair;
  const heard = (signal: Signal) => signal.subarray(trainEnd);
  const settings: BreakdownOptions = {
    sampleRate,
    from: testStart - trainEnd,
    stretches: options.stretches.map(({ kind, start, length }) => ({
      kind,
      start: start - trainEnd,
      length,
    })),
    blockLength: Math.round(options.blockSeconds * sampleRate),
  };
  return { heard, settings };
}

/** The scores of the methods at `fit`, one of `fits`. */
export function scoreMethods(
  pair: Pair,
  fit: CurvePoint,
  fits: readonly CurvePoint[],
  weights: Float64Array,
  options: ScoringOptions,
): SettingScores {
  const { testStart } = options.parts;
  const { heard, settings } = openTest(pair, options);
  const fitted = {
    dry: pair.dry.subarray(0, testStart),
    wet: pair.wet.subarray(0, testStart),
    sampleRate: pair.sampleRate,
  };
  const scoreOf = openBreakdown(heard(pair.wet), settings);
  const heardOutput = new Float32Array(heard(pair.dry).length);
  const methods = methodsAt(fit, fits, fitted, weights)
    .map(({ method, processor }) => {
      const output = new Float32Array(heard(pair.dry).length);
      processor.process(heard(pair.dry), output);
      return { method, score: scoreOf(output) };
    });
  const output = new Float32Array(testStart);
  createFastCompressor(fit.parameters, pair.sampleRate)
    .process(fitted.dry, output);
  const { kinds: seen } = openBreakdown(fitted.wet, {
    sampleRate: pair.sampleRate,
    stretches: options.stretches,
  })(output);
  const { mode, peakReduction } = fit;
  createFastCompressor(fit.parameters, pair.sampleRate)
    .process(heard(pair.dry), heardOutput);
  return {
    mode,
    peakReduction,
    methods,
    seen,
    beyondGain: beyondGainByKind(heardOutput, heard(pair.wet), settings),
  };
}

/** ESR by kind of sound, from `from` on, with the gain put right in every window. */
function beyondGainByKind(
  model: Signal,
  target: Signal,
  { sampleRate, from = 0, stretches = [] }: BreakdownOptions,
): SettingScores["beyondGain"] {
  const [m, y] = [model, target].map((signal) =>
    preEmphasise(signal, new Float64Array(signal.length))
  );
  const window = Math.round(GAIN_SECONDS * sampleRate);
  const kinds = new Map<string, ErrorSums>();
  for (const { kind, start, length } of stretches) {
    const begin = Math.max(from, start);
    const end = Math.min(start + length, y.length);
    const { left, energy } = beyondGain(m, y, begin, end, window);
    const sums = kinds.get(kind) ?? { left: 0, energy: 0 };
    kinds.set(kind, {
      left: sums.left + left,
      energy: sums.energy + energy,
    });
  }
  return [...kinds].flatMap(([kind, { left, energy }]) =>
    energy > 0 ? [{ kind, esr: left / energy }] : []
  );
}

/**
 * Adds to `scores` those of `folders` at each of `pairs` that has a rendering there.
 *
 * @returns how the renderings lay.
 * @throws {Error} where one does not reach into the test part.
 */
export async function addRenderings(
  scores: readonly SettingScores[],
  pairs: AsyncIterable<[Setting, Pair]>,
  folders: readonly RenderedFolder[],
  options: ScoringOptions,
): Promise<RenderingFacts[]> {
  const { trainEnd, testStart } = options.parts;
  const facts: RenderingFacts[] = [];
  for await (const [setting, pair] of pairs) {
    const { heard, settings } = openTest(pair, options);
    const own = scores.find((one) => sameSetting(one, setting))!;
    for (const { name, renderings } of folders) {
      const file = renderings.find((one) => sameSetting(one, setting));
      if (file === undefined) continue;
      const read = await readRendering(file, pair.wet, pair.sampleRate);
      if (!(read.to > testStart && read.from < testStart)) {
        const seconds = (testStart / pair.sampleRate).toFixed(1);
        throw new Error(
          `${file.path}: does not reach into the test part, which begins at ${seconds} s. Render the whole input`,
        );
      }
      const score = openBreakdown(heard(pair.wet), {
        ...settings,
        to: read.to - trainEnd,
      })(heard(read.samples));
      own.methods.push({ method: name, score });
      facts.push({
        method: name,
        mode: setting.mode,
        peak_reduction: setting.peakReduction,
        lag_samples: read.lag,
        gain_db: read.gainDb,
        extra_samples: read.extraSamples,
      });
    }
  }
  return facts;
}
