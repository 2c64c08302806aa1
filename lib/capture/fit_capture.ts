/**
 * Every setting of a captured unit, fitted; the map from its knobs, tested.
 *
 * 1. The reference, a setting in the middle; with `auto` it chooses the model.
 * 2. Each chain of settings from there, every one from its neighbour's result, and
 *    anew from the reference where that leads to little.
 * 3. The map from knobs to parameters, tested by leaving settings out.
 *
 * Chains are fitted side by side. Every result goes to the store at once. A setting
 * whose recording cannot be used is left out with its reason, which is kept too.
 *
 * @module
 */

import { fingerprint, type ResultStore } from "../base/result_store.ts";
import type { RecordedTake } from "../data/recorded_takes.ts";
import { nameOfPositions, type Positions } from "../data/unit_file.ts";
import { identityOf } from "../data/source.ts";
import { keepReady } from "../engines/open.ts";
import { chooseModel } from "../fitting/choose_model.ts";
import { type JobPart, shareOf } from "../fitting/parts.ts";
import type { Model, Values } from "../models/model.ts";
import { parseModel } from "../models/presets.ts";
import { isOfRecording } from "../sound/recording_error.ts";
import { join } from "node:path";
import { chainsOf, fromTheMiddle } from "./chains.ts";
import {
  type CaptureFit,
  type Fitter,
  type FitterConfig,
  isDelayed,
  type LeftOutSetting,
} from "./fit_one.ts";
import { fitSetting } from "./fit_setting.ts";
import { openFitters } from "./fitters.ts";
import { keyOfTest, leftOutTests } from "./leave_out.ts";
import type { Capture, CaptureSetting } from "./manifest.ts";
import { openReader } from "./takes.ts";

/** A setting whose parameters came from the others. */
export interface TestedSetting {
  at: Positions;
  /** The dial along which its neighbours were left out too. */
  dial?: string;
  /** ESR over the whole takes, by the smooth map and by straight lines. */
  smooth: number;
  linear?: number;
}

/** Where the chains start. */
interface Reference {
  model: string;
  parameters: Values;
  at: Positions;
  /** With `auto`, what every candidate came to on what was held out. */
  trials?: { model: string; parameters: number; held_out_esr: number }[];
  doubt?: string;
}

/** What was found. */
export interface CaptureResult {
  model: Model;
  reference: Reference;
  fits: CaptureFit[];
  leftOut: LeftOutSetting[];
  tests: TestedSetting[];
}

/** How a capture is fitted. */
export interface CaptureConfig extends FitterConfig {
  /** What is fitted; none for the best of the family. */
  model?: Model;
}

/** Options of {@linkcode fitCapture}. */
export interface CaptureRun {
  store: ResultStore;
  /** Which part of the settings; all of them, and the tests, without one. */
  part?: JobPart;
  /** Told before each setting, with those done and all there are. */
  onSetting?: (name: string, done: number, count: number) => void;
  /** Told of a setting that is left out. */
  onLeftOut?: (one: LeftOutSetting) => void;
}

/** Seconds of a take by which a model is chosen. */
const CHOICE_SECONDS = 12;

/** What the results of a capture depend on. */
export async function identityOfCapture(capture: Capture): Promise<unknown> {
  const { folder, manifest, settings } = capture;
  const files = new Set(
    settings.flatMap(({ takes }) =>
      takes.flatMap(({ dry, wet }) => [dry, wet])
    ),
  );
  if (manifest.loop !== undefined) files.add(manifest.loop);
  return {
    knobs: manifest.knobs,
    settings,
    files: await Promise.all(
      [...files].map((file) => identityOf(join(folder, file))),
    ),
  };
}

/**
 * Fits `capture`.
 *
 * @throws {Error} where none of its settings can be used.
 */
export async function fitCapture(
  capture: Capture,
  config: CaptureConfig,
  { store, part, onSetting = () => {}, onLeftOut = () => {} }: CaptureRun,
): Promise<CaptureResult> {
  await using _ready = await keepReady(config.engine);
  const { settings, manifest } = capture;
  const read = openReader(capture, config.alignment);
  const keyOf = (setting: CaptureSetting) =>
    `setting_${String(settings.indexOf(setting)).padStart(4, "0")}`;

  /** What the store has of a key, or what `make` gives. */
  async function kept<Result>(key: string, make: () => Promise<Result>) {
    const there = await store.get<Result>(key);
    if (there !== undefined) return there;
    const made = await make();
    await store.put(key, made);
    return made;
  }

  const reference = await kept("reference", async () => {
    const reasons: string[] = [];
    for (const setting of fromTheMiddle(settings)) {
      onSetting(
        `${nameOfPositions(setting.at)}, the first`,
        0,
        settings.length,
      );
      try {
        return await referenceAt(setting);
      } catch (error) {
        if (!isOfRecording(error)) throw error;
        reasons.push(`${nameOfPositions(setting.at)}: ${error.message}`);
      }
    }
    throw new Error(
      `no setting can be used; the first: ${reasons[0]}`,
    );
  });
  const model = parseModel(reference.model);

  async function referenceAt(setting: CaptureSetting): Promise<Reference> {
    const { takes, isSwapped } = await read(setting);
    const { model: asked, solver, engine, chunks } = config;
    if (asked !== undefined) {
      const { parameters } = await fitSetting(takes, isSwapped, {
        ...config,
        model: asked,
        isDelayed: isDelayed(config),
      });
      return { model: asked.name, parameters, at: setting.at };
    }
    const choice = await chooseModel([shortened(takes[0])], solver, engine, {
      chunks,
      isDelayed: isDelayed(config),
    });
    return {
      model: choice.fit.model.name,
      parameters: choice.fit.parameters,
      at: setting.at,
      trials: choice.trials.map(({ model, size, heldOutEsr }) => ({
        model: model.name,
        parameters: size,
        held_out_esr: heldOutEsr,
      })),
      ...(choice.doubt !== undefined && { doubt: choice.doubt }),
    };
  }

  const chains = shareOf(chainsOf(manifest.knobs, settings), part);
  const count = chains.reduce((sum, { length }) => sum + length, 0);
  const fits = new Map<CaptureSetting, CaptureFit>();
  const leftOut = new Map<CaptureSetting, LeftOutSetting>();
  await using fitters = openFitters(
    Math.max(chains.length, part === undefined ? 2 : 1),
    capture,
    config,
    model,
    reference.parameters,
  );
  /** Shares `items` out among the fitters. */
  const shared = async <Item>(
    items: readonly Item[],
    work: (item: Item, fitter: Fitter) => Promise<void>,
  ) => {
    let next = 0;
    await Promise.all(fitters.all.map(async (fitter) => {
      while (next < items.length) await work(items[next++], fitter);
    }));
  };
  await shared(chains, async (chain, { fit }) => {
    let start: Values | undefined;
    for (const setting of chain) {
      onSetting(nameOfPositions(setting.at), fits.size + leftOut.size, count);
      const found = await kept<CaptureFit | LeftOutSetting>(
        keyOf(setting),
        () => fit(settings.indexOf(setting), start),
      );
      if ("reason" in found) {
        leftOut.set(setting, found);
        onLeftOut(found);
      } else {
        fits.set(setting, found);
        start = found.parameters;
      }
    }
  });

  const inOrder = settings.flatMap((setting) => fits.get(setting) ?? []);
  const result = {
    model,
    reference,
    fits: inOrder,
    leftOut: settings.flatMap((setting) => leftOut.get(setting) ?? []),
    tests: [] as TestedSetting[],
  };
  if (part !== undefined) return result;
  if (inOrder.length === 0) {
    throw new Error(
      `no setting can be used; the first: ${result.leftOut[0]?.reason}`,
    );
  }

  const unit = {
    knobs: manifest.knobs,
    settings: inOrder.map(({ at, parameters }) => ({ at, params: parameters })),
  };
  const tests = Map.groupBy(
    leftOutTests(unit, model),
    ({ at }) => nameOfPositions(at),
  );
  let done = 0;
  const tested = new Map<string, TestedSetting[]>();
  await shared([...tests], async ([name, ofSetting], { score }) => {
    onSetting(`${name} left out`, done++, tests.size);
    const place = settings.findIndex(({ at }) => nameOfPositions(at) === name);
    const found = fits.get(settings[place])!;
    const results: TestedSetting[] = [];
    for (const test of ofSetting) {
      const candidates = [test.smooth, ...(test.linear ? [test.linear] : [])];
      const key = `left-out_${await fingerprint([
        keyOfTest(test),
        candidates,
      ])}`;
      results.push(
        await kept(key, async (): Promise<TestedSetting> => {
          const esrs = await score(place, found, candidates);
          return {
            at: test.at,
            ...(test.dial !== undefined && { dial: test.dial }),
            smooth: esrs[0],
            ...(test.linear && { linear: esrs[1] }),
          };
        }),
      );
    }
    tested.set(name, results);
  });
  // In the order of the tests, whichever was done first.
  result.tests = [...tests.keys()].flatMap((name) => tested.get(name)!);
  return result;
}

/** The middle of a long take, by which a model is chosen. */
function shortened(take: RecordedTake): RecordedTake {
  const { dry, sampleRate } = take.cut(0);
  const length = Math.round(CHOICE_SECONDS * sampleRate);
  const inside = dry.length - take.lead;
  if (inside <= length) return take;
  const lead = Math.min(
    take.lead + Math.floor((inside - length) / 2),
    Math.round(sampleRate),
  );
  const from = take.lead + Math.floor((inside - length) / 2) - lead;
  return {
    ...take,
    lead,
    from: take.from + (from + lead - take.lead) / sampleRate,
    to: take.from + (from + lead - take.lead + length) / sampleRate,
    lag: take.lag + take.driftPpm * 1e-6 * (from + lead - take.lead),
    cut: (by) => {
      const pair = take.cut(by);
      const part = (side: typeof dry) => side.slice(from, from + lead + length);
      return { ...pair, dry: part(pair.dry), wet: part(pair.wet) };
    },
  };
}
