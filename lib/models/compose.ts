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
import type { Model, Parameter, Sound, Theta } from "./model.ts";
import { outputStages } from "./output.ts";
import type { Choice } from "./presets.ts";
import { approach, coefficient, factor, mix } from "./smoothing.ts";

/** ln 9 in place of 2.2: SignalTrain's times, in the same thousandths. */
const LN_9 = 1000 * Math.log(9);

/** Model of `parameters`, as the choices `chosen` say. */
export function compose(
  name: string,
  parameters: readonly Parameter[],
  chosen: ReadonlySet<Choice>,
  isComp4c: boolean,
): Model {
  const feedback = chosen.has("feedback");
  const isRms = chosen.has("rms");
  const inDecibels = chosen.has("decibel");
  const timing = isComp4c ? LN_9 : undefined;

  /** What the smoothing moves towards: decibels, or the factor of them. */
  const goal = (theta: Theta, level: Value) => {
    const gainDb = staticGain(theta, level, feedback);
    return inDecibels
      ? gainDb
      : named("asked", factor(gainDb), "the same as a factor");
  };
  const gainOf = (states: Value[], theta: Theta) =>
    inDecibels ? factor(mix(states, theta)) : mix(states, theta);

  const namedStages = (states: Value[]) =>
    states.map((state, i) =>
      named(
        `${states.length === 1 ? "gain" : i === 0 ? "fast" : "slow"}${
          inDecibels ? "_db" : ""
        }`,
        state,
        inDecibels
          ? "follows what is asked for, dB"
          : "follows what is asked for",
      )
    );

  const gainDbOf = (states: Value[], theta: Theta) =>
    inDecibels
      ? mix(states, theta)
      : multiply(DB_PER_NEPER, log(mix(states, theta)));

  // The steps are made once, so that what several derivatives repeat is known as
  // the same. Their inputs are all that they depend on.
  const names = parameters.map((parameter) => parameter.name);
  const thetaOf = (values: Value[]): Theta =>
    Object.fromEntries(names.map((name, i) => [name, values[i]]));

  const meanStep: Step = ([m], [v, averaging]) => [
    meanSquareStep(m, v, averaging),
  ];
  const stage: Step = ([state], [to, attack, release]) => [
    approach(state, to, attack, release),
  ];
  const loop: Step = (states, inputs) => {
    const [input, dryLevel, attack, ...rest] = inputs;
    const stages = isRms ? states.slice(1) : states;
    const releases = rest.slice(0, stages.length);
    const theta = thetaOf(rest.slice(stages.length));
    const rise = isRms
      ? [meanSquareStep(
        states[0],
        named(
          "put_out",
          multiply(gainOf(stages, theta), input),
          "what the unit puts out, by the gain a sample ago",
        ),
        theta.averaging_coefficient,
      )]
      : [];
    // The level of g x is that of x and the gain in dB; they differ where g |x|
    // is at the detector's floor alone, which no threshold lies near.
    const level = isRms ? rmsLevel(add(states[0], rise[0])) : named(
      "heard",
      add(dryLevel, gainDbOf(stages, theta)),
      "level of what the unit has put out, dB",
    );
    const to = goal(theta, level);
    return [
      ...rise,
      ...stages.map((state, i) => approach(state, to, attack, releases[i])),
    ];
  };

  /** The gain g, without make-up. */
  function gain(theta: Theta, { input, level, sampleRate }: Sound): Value {
    const { release_ms, second_release_ms, initial_gain_db } = theta;
    const times = second_release_ms === undefined
      ? [release_ms]
      : [release_ms, second_release_ms];
    const coefficientOf = (name: string, ms: Value) => {
      const alpha = named(
        name,
        coefficient(ms, sampleRate, timing),
        "of the way, each sample",
      );
      // Comp-4C leaves sample 0 alone.
      return isComp4c ? multiply(alpha, delay(broadcast(1))) : alpha;
    };
    const attack = coefficientOf("attack", theta.attack_ms);
    const releases = times.map((ms, i) =>
      coefficientOf(i === 0 ? "release" : "second_release", ms)
    );
    const start = inDecibels
      ? initial_gain_db ?? 0
      : initial_gain_db === undefined
      ? 1
      : named("start", factor(initial_gain_db), "gain at the first sample");
    const starts = times.map(() => start);
    if (feedback) {
      const states = scan(loop, isRms ? [0, ...starts] : starts, [
        input,
        level,
        attack,
        ...releases,
        ...names.map((name) => theta[name]),
      ]);
      if (!isRms) return gainOf(namedStages(states), theta);
      named("mean_square", states[0], "of what is heard");
      return gainOf(namedStages(states.slice(1)), theta);
    }
    const heard = isComp4c ? comp4cLevel(input) : isRms
      ? rmsLevel(named(
        "mean_square",
        scan(meanStep, [0], [input, theta.averaging_coefficient])[0],
        "of what is heard",
      ))
      : level;
    const to = goal(theta, heard);
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
    output: (theta, sound) =>
      outputStages(
        multiply(
          named("make_up", factor(theta.make_up_db), "as a factor"),
          multiply(gain(theta, sound), sound.input),
        ),
        theta,
        sound.sampleRate,
      ),
  };
}

/** Level of Comp-4C: max(20 log₁₀(|x| + 1e-8), −96). */
function comp4cLevel(input: Value): Value {
  const level = multiply(DB_PER_NEPER, log(add(abs(input), 1e-8)));
  return named("level", maximum(level, -96), "dB");
}
