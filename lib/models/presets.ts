/**
 * The family of models: choices by name, joined by "+", and presets, which are
 * choices under a name of their own. `4a-2a` makes none: forward, peak detector,
 * hard knee, linear smoothing, one release.
 *
 * @module
 */

import { compose } from "./compose.ts";
import { AVERAGING } from "./detector.ts";
import { KNEE, RATIO, THRESHOLD } from "./curve.ts";
import type { Model, Parameter } from "./model.ts";
import {
  allPasses,
  BANDWIDTH,
  COUPLING,
  CUBE,
  MAKE_UP,
  SHELF_POLE,
  SHELF_ZERO,
  SQUARE,
} from "./output.ts";
import {
  ATTACK,
  INITIAL_GAIN,
  RELEASE,
  SECOND_RELEASE,
  SECOND_SHARE,
} from "./smoothing.ts";

/**
 * The choices, in the order of a model's name. The sections may be chosen several times:
 * `allpass-1+allpass-1+allpass-2` is three.
 */
export const CHOICES = [
  "feedback",
  "rms",
  "soft-knee",
  "decibel",
  "two-stage",
  "saturation",
  "coupling",
  "bandwidth",
  "shelf",
  "allpass-1",
  "allpass-2",
  "inverted",
  "fitted-start",
] as const;

/** A choice that a model makes. */
export type Choice = typeof CHOICES[number];

/** SignalTrain's compressor, which has a level and times of its own. */
const COMP_4C = "comp-4c";

/** A feedback limiter with a transistor, after the 1176. */
const FET = "fet";

/**
 * The presets, and the choices each makes; fewer go before more.
 *
 * The buttons of an 1176 pressed all at once are none of them: they move its bias, so
 * that threshold, ratio and distortion change with the sound.
 */
export const PRESETS: Readonly<Record<string, readonly Choice[]>> = {
  "4a-2a": [],
  "rms": ["rms"],
  [COMP_4C]: ["decibel"],
  [FET]: ["feedback"],
  "vca": ["rms", "decibel"],
  "opto": ["feedback", "soft-knee", "decibel", "two-stage"],
};

/**
 * What is searched otherwise in a preset, so that it is not the same as its choices.
 * Times are the maker's, an 1176's: an attack of 20 to 800 µs is that of the loop, and
 * a release of 50 to 1100 ms one into silence, where the loop is open.
 */
const OWN: Readonly<Record<string, Readonly<Record<string, Own>>>> = {
  [COMP_4C]: {},
  [FET]: {
    attack_ms: { range: [0.02, 0.8], start: 0.8 },
    release_ms: { range: [50, 1100], start: 250, isOpen: true },
  },
};

/** What of a parameter is a preset's own. */
type Own = Pick<Parameter, "range" | "start" | "isOpen">;

/** Every parameter of the family in its order, and the choice it comes with. */
const PARAMETERS: readonly (readonly [Parameter, Choice?])[] = [
  [THRESHOLD],
  [RATIO],
  [KNEE, "soft-knee"],
  [ATTACK],
  [RELEASE],
  [SECOND_RELEASE, "two-stage"],
  [SECOND_SHARE, "two-stage"],
  [AVERAGING, "rms"],
  [INITIAL_GAIN, "fitted-start"],
  [SQUARE, "saturation"],
  [CUBE, "saturation"],
  [COUPLING, "coupling"],
  [BANDWIDTH, "bandwidth"],
  [SHELF_POLE, "shelf"],
  [SHELF_ZERO, "shelf"],
  [MAKE_UP],
];

/** The model of the paper. */
export const PAPER_MODEL = "4a-2a";

/** What `--model` takes, for help and messages. */
export const MODEL_HELP = `${Object.keys(PRESETS).join(", ")}, or choices: ${
  CHOICES.slice(0, -1).join(", ")
}; joined by +`;

/** The orders of sections, by the choice. */
const ORDERS: Readonly<Record<string, 1 | 2>> = {
  "allpass-1": 1,
  "allpass-2": 2,
};

/** Most sections of a model. */
const MOST_SECTIONS = 8;

const known = new Map<string, Model>();

/**
 * The model called `text`: a preset and choices, joined by "+". Equal ones have one
 * name, and are one object: `4a-2a+rms` is `rms`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(
 *   parseModel("4a-2a+coupling").parameters.map(({ name }) => name),
 *   [
 *     "threshold_db",
 *     "ratio",
 *     "attack_ms",
 *     "release_ms",
 *     "coupling_hz",
 *     "make_up_db",
 *   ],
 * );
 * ```
 * @throws {RangeError} naming the word that is neither, or does not go with others.
 */
export function parseModel(text: string): Model {
  const refuse = (what: string): never => {
    throw new RangeError(`model "${text}": ${what}`);
  };
  const chosen = new Set<Choice>();
  const presets: string[] = [];
  const orders: (1 | 2)[] = [];
  for (const word of text.trim().toLowerCase().split("+")) {
    if (Object.hasOwn(ORDERS, word)) orders.push(ORDERS[word]);
    // "rms" is both, and the same.
    if (CHOICES.includes(word as Choice)) chosen.add(word as Choice);
    else if (Object.hasOwn(PRESETS, word)) {
      presets.push(word);
      for (const choice of PRESETS[word]) chosen.add(choice);
    } else {
      const what = word === "" ? "a word is missing" : `"${word}" is not known`;
      refuse(`${what}; give ${MODEL_HELP}`);
    }
  }
  if (presets.length > 1) {
    refuse(`${presets.join(" and ")} are presets: name one`);
  }
  if (orders.length > MOST_SECTIONS) {
    refuse(`has ${orders.length} all-pass sections: at most ${MOST_SECTIONS}`);
  }
  orders.sort();
  const isComp4c = presets.includes(COMP_4C);
  if (isComp4c && (chosen.has("feedback") || chosen.has("rms"))) {
    refuse(`${COMP_4C} is forward and hears peaks: leave feedback and rms out`);
  }
  // A preset that has something of its own, or the one that makes most of the choices.
  const base = presets.find((preset) => preset in OWN) ??
    Object.keys(PRESETS).findLast((preset) =>
      !(preset in OWN) && PRESETS[preset].every((choice) => chosen.has(choice))
    )!;
  const extra = CHOICES.filter((choice) =>
    chosen.has(choice) && !PRESETS[base].includes(choice)
  ).flatMap((choice) =>
    choice in ORDERS
      ? orders.filter((order) => order === ORDERS[choice]).map(() => choice)
      : [choice]
  );
  const name = [base, ...extra].join("+");
  let model = known.get(name);
  if (model === undefined) {
    const parameters = PARAMETERS
      .filter(([, choice]) => choice === undefined || chosen.has(choice))
      .map(([parameter]) => ({ ...parameter, ...OWN[base]?.[parameter.name] }));
    const sections = allPasses(orders);
    // Before the make-up, which is last.
    parameters.splice(-1, 0, ...sections.flatMap((one) => [...one]));
    model = compose(name, parameters, chosen, isComp4c, sections);
    known.set(name, model);
  }
  return model;
}

/** The orders of the all-pass sections behind `model`, one of the family. */
export function sectionOrders({ name }: Model): (1 | 2)[] {
  return name.split("+").flatMap((word) => ORDERS[word] ?? []);
}

/** `model`, one of the family, with these sections in place of its own. */
export function withSections(
  { name }: Model,
  orders: readonly (1 | 2)[],
  isInverted: boolean,
): Model {
  const words = name.split("+")
    .filter((word) => !(word in ORDERS) && word !== "inverted");
  return parseModel([
    ...words,
    ...orders.map((order) => `allpass-${order}`),
    ...(isInverted ? ["inverted"] : []),
  ].join("+"));
}
