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
import { BANDWIDTH, COUPLING, CUBE, MAKE_UP, SQUARE } from "./output.ts";
import {
  ATTACK,
  INITIAL_GAIN,
  RELEASE,
  SECOND_RELEASE,
  SECOND_SHARE,
} from "./smoothing.ts";

/** The choices, in the order of a model's name. */
export const CHOICES = [
  "feedback",
  "rms",
  "soft-knee",
  "decibel",
  "two-stage",
  "saturation",
  "coupling",
  "bandwidth",
  "fitted-start",
] as const;

/** A choice that a model makes. */
export type Choice = typeof CHOICES[number];

/** The presets, and the choices each makes. */
export const PRESETS: Readonly<Record<string, readonly Choice[]>> = {
  "4a-2a": [],
  "rms": ["rms"],
  "comp-4c": ["decibel"],
  "opto": ["feedback", "soft-knee", "decibel", "two-stage"],
};

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
  [MAKE_UP],
];

/** The model of the paper. */
export const PAPER_MODEL = "4a-2a";

/** What `--model` takes, for help and messages. */
export const MODEL_HELP = `${Object.keys(PRESETS).join(", ")}, or choices: ${
  CHOICES.slice(0, -1).join(", ")
}; joined by +`;

const known = new Map<string, Model>();

/**
 * The model called `text`: presets and choices, joined by "+".
 *
 * @example
 * ```ts
 * import { parseModel } from "./presets.ts";
 * parseModel("4a-2a+coupling").parameters.map(({ name }) => name);
 * // threshold_db, ratio, attack_ms, release_ms, coupling_hz, make_up_db
 * ```
 * @throws {RangeError} naming the word that is neither.
 */
export function parseModel(text: string): Model {
  const chosen = new Set<Choice>();
  let preset: string | undefined;
  for (const word of text.trim().toLowerCase().split("+")) {
    const isPreset = Object.hasOwn(PRESETS, word);
    const isChoice = CHOICES.includes(word as Choice);
    if (!isPreset && !isChoice) {
      throw new RangeError(
        `model "${text}": ${
          word === "" ? "a word is missing" : `"${word}" is not known`
        }; give ${MODEL_HELP}`,
      );
    }
    // "rms" names both: the choice, where another preset has gone before.
    if (isPreset && !(isChoice && preset !== undefined)) {
      if (preset !== undefined) {
        throw new RangeError(
          `model "${text}": ${preset} and ${word} are both presets; name one, and choices beside it`,
        );
      }
      preset = word;
      for (const choice of PRESETS[word]) chosen.add(choice);
    } else {
      chosen.add(word as Choice);
    }
  }
  const base = preset ?? PAPER_MODEL;
  const extra = CHOICES.filter((choice) =>
    chosen.has(choice) && !PRESETS[base].includes(choice)
  );
  const name = [base, ...extra].join("+");
  let model = known.get(name);
  if (model === undefined) {
    const parameters = PARAMETERS
      .filter(([, choice]) => choice === undefined || chosen.has(choice))
      .map(([parameter]) => parameter);
    model = compose(name, parameters, chosen, base === "comp-4c");
    known.set(name, model);
  }
  return model;
}
