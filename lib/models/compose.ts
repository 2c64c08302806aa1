/**
 * Puts the choices together: who hears what, and what the gain follows.
 *
 *     forward   level of x[n] → curve → smoothing → g[n]
 *     feedback  level of g[n−1] x[n], what the unit put out before make-up
 *
 * Forward, every part is a signal of its own. In feedback the parts close a loop,
 * and what goes round it is one step from sample to sample:
 *
 *     (m, d₁, d₂)[n−1], x[n]  ↦  what each state moves by
 *
 * @module
 */

import {
  abs,
  add,
  broadcast,
  delay,
  log,
  maximum,
  multiply,
} from "../autodiff/primitives.ts";
import { named } from "../autodiff/program.ts";
import { scan, type Step } from "../autodiff/recurrences.ts";
import type { Value } from "../autodiff/value.ts";
import { staticGain } from "./curve.ts";
import { DB_PER_NEPER, meanSquareStep, rmsLevel } from "./detector.ts";
import {
  type Model,
  type Parameter,
  type Sound,
  type Theta,
  valuesOf,
} from "./model.ts";
import { type AllPass, outputStages } from "./output.ts";
import type { Choice } from "./presets.ts";
import { approach, coefficient, factor, mix } from "./smoothing.ts";

/** ln 9 in place of 2.2: SignalTrain's times, in the same thousandths. */
const LN_9 = 1000 * Math.log(9);

/** Names of the parts of a release in two stages. */
const STAGES = ["fast", "slow"];
const RELEASES = ["release", "second_release"];

/** Model of `parameters`, as the choices `chosen` say, with `sections` behind it. */
export function compose(
  name: string,
  parameters: readonly Parameter[],
  chosen: ReadonlySet<Choice>,
  isComp4c: boolean,
  sections: readonly AllPass[],
): Model {
  const feedback = chosen.has("feedback");
  const isRms = chosen.has("rms");
  const inDecibels = chosen.has("decibel");
  const timing = isComp4c ? LN_9 : undefined;

  /** What the smoothing moves towards: decibels, or the factor of them. */
  const goal = (theta: Theta, level: Value) => {
    const gainDb = staticGain(theta, level, feedback);
    return inDecibels ? gainDb : named("asked", factor(gainDb));
  };
  const gainOf = (states: Value[], theta: Theta) =>
    inDecibels ? factor(mix(states, theta)) : mix(states, theta);
  const follower = inDecibels ? "_db" : "";
  const namedStages = (states: Value[]) =>
    states.map((state, i) =>
      named((states.length < 2 ? "gain" : STAGES[i]) + follower, state)
    );
  const gainDbOf = (states: Value[], theta: Theta) =>
    inDecibels
      ? mix(states, theta)
      : multiply(DB_PER_NEPER, log(mix(states, theta)));

  // The steps are made once, so that what several derivatives repeat is known as
  // the same. Their inputs are all that they depend on.
  const meanStep: Step = ([m], [v, averaging]) => [
    meanSquareStep(m, v, averaging),
  ];
  const meanSquareOf = (heard: Value, averaging: Value) =>
    named("mean_square", scan(meanStep, [0], [heard, averaging])[0]);
  const stage: Step = ([state], [to, attack, release]) => [
    approach(state, to, attack, release),
  ];
  const loop: Step = (states, inputs) => {
    const [heard, dryLevel, attack, ...rest] = inputs;
    const stages = isRms ? states.slice(1) : states;
    const releases = rest.slice(0, stages.length);
    const theta = valuesOf({ parameters }, rest.slice(stages.length));
    const rise = isRms
      ? [meanSquareStep(
        states[0],
        named("put_out", multiply(gainOf(stages, theta), heard)),
        theta.averaging_coefficient,
      )]
      : [];
    // The level of g x is that of x and the gain in dB; they differ where g |x|
    // is at the detector's floor alone, which no threshold lies near.
    const level = isRms
      ? rmsLevel(add(states[0], rise[0]))
      : named("heard", add(dryLevel, gainDbOf(stages, theta)));
    const to = goal(theta, level);
    return [
      ...rise,
      ...stages.map((state, i) => approach(state, to, attack, releases[i])),
    ];
  };

  /** The gain g, without make-up. */
  function gain(theta: Theta, { heard, level, sampleRate }: Sound): Value {
    const { release_ms, second_release_ms, initial_gain_db } = theta;
    const times = second_release_ms === undefined
      ? [release_ms]
      : [release_ms, second_release_ms];
    const coefficientOf = (name: string, ms: Value) => {
      const alpha = named(name, coefficient(ms, sampleRate, timing));
      // Comp-4C leaves sample 0 alone.
      return isComp4c ? multiply(alpha, delay(broadcast(1))) : alpha;
    };
    const attack = coefficientOf("attack", theta.attack_ms);
    const releases = times.map((ms, i) => coefficientOf(RELEASES[i], ms));
    const start = inDecibels
      ? initial_gain_db ?? 0
      : initial_gain_db === undefined
      ? 1
      : named("start", factor(initial_gain_db));
    const starts = times.map(() => start);
    if (feedback) {
      const states = scan(loop, isRms ? [0, ...starts] : starts, [
        heard,
        level,
        attack,
        ...releases,
        ...parameters.map(({ name }) => theta[name]),
      ]);
      if (isRms) named("mean_square", states[0]);
      return gainOf(namedStages(isRms ? states.slice(1) : states), theta);
    }
    const detected = isComp4c
      ? comp4cLevel(heard)
      : isRms
      ? rmsLevel(meanSquareOf(heard, theta.averaging_coefficient))
      : level;
    const to = goal(theta, detected);
    const states = releases.map((release) =>
      scan(stage, [start], [to, attack, release])[0]
    );
    return gainOf(namedStages(states), theta);
  }

  return {
    name,
    parameters,
    feedback,
    gain,
    output(theta, sound) {
      const compressed = multiply(gain(theta, sound), sound.input);
      const makeUp = named("make_up", factor(theta.make_up_db));
      const madeUp = multiply(makeUp, compressed);
      return outputStages(
        madeUp,
        theta,
        sound.sampleRate,
        sections,
        chosen.has("inverted"),
      );
    },
  };
}

/** Level of Comp-4C: max(20 log₁₀(|x| + 1e-8), −96). */
function comp4cLevel(heard: Value): Value {
  const level = multiply(DB_PER_NEPER, log(add(abs(heard), 1e-8)));
  return named("level", maximum(level, -96));
}
