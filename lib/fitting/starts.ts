/**
 * Where the fit of a richer model starts: at the result of a simpler one, with what it
 * has not got at values that change little, and at values spread around them.
 *
 * A model is a list of choices. What lies before the gain is that of the simplest,
 * forward and hard-kneed, whose few parameters are found from anywhere and in little
 * time; most of the way of the others is then done.
 *
 * @module
 */

import type { Model, Values } from "../models/model.ts";
import { type Choice, parseModel } from "../models/presets.ts";

/** Choices that the simplest model shares: what is heard, and what follows the gain. */
const KEPT = ["rms", "saturation", "coupling", "bandwidth", "shelf"];

/** Whether `model` is one of the family, whose choices have names. */
export function isFamily(model: Model): boolean {
  try {
    return parseModel(model.name) === model;
  } catch {
    return false;
  }
}

/** Whether the name of `model` has `choice` in it. */
export function makesChoice({ name }: Model, choice: Choice): boolean {
  return name.split("+").includes(choice);
}

/**
 * `model` with `others` in place of a choice that it has; undefined without it, or where
 * it has one of them already.
 */
export function replaceChoice(
  model: Model,
  choice: Choice,
  others: readonly Choice[] = [],
): Model | undefined {
  if (
    !isFamily(model) || !makesChoice(model, choice) ||
    others.some((other) => makesChoice(model, other))
  ) return undefined;
  const rest = model.name.split("+").filter((word) => word !== choice);
  return parseModel([...rest, ...others].join("+"));
}

/** `model`, with a shelf for its bandwidth where `simpler` was found to need one. */
export function shelvedAs(model: Model, simpler: Model): Model {
  return makesChoice(simpler, "shelf")
    ? replaceChoice(model, "bandwidth", ["shelf"]) ?? model
    : model;
}

/** The simplest model of which `model` is a richer one; undefined where there is none. */
export function simplestOf(model: Model): Model | undefined {
  if (!isFamily(model)) return undefined;
  const names = new Set(model.parameters.map(({ name }) => name));
  const has: Readonly<Record<string, string>> = {
    rms: "averaging_coefficient",
    saturation: "square",
    coupling: "coupling_hz",
    bandwidth: "bandwidth_hz",
    shelf: "shelf_pole_us",
  };
  const kept = KEPT.filter((choice) => names.has(has[choice]));
  const simplest = parseModel(["4a-2a", ...kept].join("+"));
  return simplest === model ? undefined : simplest;
}

/** How a start differs from the simpler model's result. */
interface Spread {
  /** Width of a knee, in dB, and by how much the threshold moves with it. */
  knee: number;
  /** Factors of either release time, and the share of the slower one. */
  fast: number;
  slow: number;
  share: number;
  /** Least ratio in feedback. */
  ratio: number;
}

/** A start that is as good as the simpler model, and such as are worth a try. */
const SPREADS: readonly Spread[] = [
  { knee: 0.01, fast: 1, slow: 8, share: 0.01, ratio: 1 },
  { knee: 6, fast: 0.25, slow: 4, share: 0.3, ratio: 20 },
  { knee: 6, fast: 0.25, slow: 4, share: 0.3, ratio: 1 },
  { knee: 2, fast: 1, slow: 8, share: 0.3, ratio: 6 },
  { knee: 12, fast: 0.1, slow: 1, share: 0.6, ratio: 20 },
];

/**
 * Starts of `model` from `values`, the result of `simpler`. The first is, where that
 * is contained in `model`, next to the very same sound.
 */
export function startsFrom(
  model: Model,
  simpler: Model,
  values: Values,
): Values[] {
  const known = new Set(simpler.parameters.map(({ name }) => name));
  const isNew = (name: string) =>
    !known.has(name) && model.parameters.some((one) => one.name === name);
  const closes = model.feedback && !simpler.feedback;
  const all = SPREADS.map(({ knee, fast, slow, share, ratio: least }) => {
    const start: Record<string, number> = Object.fromEntries(
      model.parameters.map(({ name, start }) => [name, values[name] ?? start]),
    );
    if (closes) {
      // The loop answers faster than its parts, by the ratio.
      start.ratio = Math.max(least, Math.min(start.ratio, 100));
      start.attack_ms *= start.ratio;
    }
    if (isNew("knee_db")) {
      start.knee_db = knee;
      start.threshold_db += knee / 4;
    }
    if (isNew("second_share")) {
      start.second_release_ms = slow * start.release_ms;
      start.release_ms *= fast;
      start.second_share = share;
    }
    return start;
  });
  const seen = new Set<string>();
  return all.filter((start) => {
    const key = JSON.stringify(start);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
