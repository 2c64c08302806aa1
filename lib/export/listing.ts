/**
 * A model's definition as a listing, for other languages: what it computes of a
 * sample, in order, as it was written, with the names its parts have.
 *
 * Beside numbers, parameters and the sample rate it has the input x; arithmetic,
 * element by element; a signal's value a sample ago; and states, which move from
 * what they were a sample ago (`before`) by what the listing says. Linear
 * recurrences are such states: those of J move by J y[n−1] + u[n].
 *
 * @module
 */

import { nameOf, startOf } from "../autodiff/simplify.ts";
import type { Label, Node } from "../autodiff/value.ts";
import type { Model } from "../models/model.ts";
import { playedModel } from "../models/played.ts";

/** Operations on numbers, sample by sample, by name. */
const ARITHMETIC = [
  "add",
  "subtract",
  "negate",
  "multiply",
  "reciprocal",
  "exp",
  "log",
  "tan",
  "abs",
  "maximum",
  "less",
  "select",
] as const;

/** What an instruction does. */
export type Operation =
  | typeof ARITHMETIC[number]
  | "constant"
  | "parameter"
  | "sample_rate"
  | "input"
  | "delay"
  | "before"
  | "state";

/** A line of a listing. */
export interface Instruction {
  operation: Operation;
  /** Position in the listing; operands have smaller ones. */
  id: number;
  /** Whether it differs from sample to sample. */
  isSignal: boolean;
  /**
   * What it takes: of `delay` the signal, then what it is at the first sample; of
   * `state` what it moves by, then where it starts.
   */
  operands: Instruction[];
  /** Of a constant. */
  value?: number;
  /** Of a parameter. */
  parameter?: string;
  /** All states that move together, of a `state`. */
  states?: Instruction[];
  /** Of `before`, the state. */
  state?: Instruction;
  /** What people know it by. */
  label?: Label;
}

/** A model as a listing. */
export interface Listing {
  /** All that it computes, operands before results. */
  instructions: Instruction[];
  /** The gain before make-up. */
  gain: Instruction;
  /** The wet sound. */
  output: Instruction;
}

/** What the parts of the family's models are, by their names. */
const ABOUT: Readonly<Record<string, string>> = {
  asked: "the same as a factor",
  asked_db: "the gain that is asked for, dB",
  attack: "of the way, each sample",
  bandwidth: "of the way, each sample",
  below: "what the coupling takes away",
  bend: "what of it counts within the knee",
  bent: "saturated",
  coupled: "without what is below the coupling",
  coupling: "of the way, each sample",
  fast: "follows what is asked for",
  fast_db: "follows what is asked for, dB",
  gain: "follows what is asked for",
  gain_db: "follows what is asked for, dB",
  half_knee: "dB",
  heard: "level of what the unit has put out, dB",
  into: "dB above the knee's beginning",
  leaning: "follows, for the shelf",
  level: "dB",
  limited: "without what is above the bandwidth",
  made_up: "after the make-up gain",
  make_up: "as a factor",
  mean_square: "of what is heard",
  over: "dB above the threshold",
  put_out: "what the unit puts out, by the gain a sample ago",
  release: "of the way, each sample",
  rise: "of the mean square",
  second_release: "of the way, each sample",
  shelf: "of the way, each sample",
  shelved: "behind the shelf",
  slope: "dB of gain for a dB above the threshold",
  slow: "follows what is asked for",
  slow_db: "follows what is asked for, dB",
  start: "gain at the first sample",
  band: "of a section, what of it passes",
  damped: "of a section, what it loses",
  held: "state of a section",
  low: "of a section, what lies below it",
  place: "of a section's corner in the sample rate",
  sinks: "state of a section",
  spread: "of a section, by its corner and Q",
  swings: "state of a section",
  through: "what a section's band lets through",
  turn: "tangent of a section's corner",
  turned: "behind a section",
  way: "of a section, each sample",
  width: "of the knee, dB",
  zero: "what the shelf takes of a sample ago",
};

/**
 * The listing of `model`.
 *
 * @throws {Error} where the model looks ahead in time, and cannot be played.
 */
export function listingOf(model: Model): Listing {
  const size = model.parameters.length;
  const program = playedModel(model, 1, { asWritten: true });

  const instructions: Instruction[] = [];
  const known = new Map<Node, Instruction>();

  function add(
    operation: Operation,
    operands: Instruction[],
    more: Partial<Instruction> = {},
  ): Instruction {
    const { label } = more;
    const instruction = {
      operation,
      id: instructions.length,
      isSignal: operands.some(({ isSignal }) => isSignal),
      operands,
      ...more,
      ...(label && { label: { about: ABOUT[label.name], ...label } }),
    };
    instructions.push(instruction);
    return instruction;
  }

  function listed(node: Node): Instruction {
    let found = known.get(node);
    if (found === undefined) {
      found = list(node);
      known.set(node, found);
    }
    return found;
  }

  function list(node: Node): Instruction {
    const name = nameOf(node);
    const { inputs, parameter, label } = node;
    switch (name) {
      case "input":
        if (node.shape === "signal") {
          return add("input", [], { isSignal: true });
        }
        return parameter === size
          ? add("sample_rate", [])
          : add("parameter", [], {
            parameter: model.parameters[parameter].name,
          });
      case "constant":
        return add("constant", [], { value: parameter });
      case "broadcast":
        return listed(inputs[0]);
      case "delay":
        return add("delay", inputs.map(listed), { isSignal: true, label });
      case "scan":
      case "recur":
        return listStates(node);
    }
    const operation = ARITHMETIC.find((one) => one === name);
    if (operation === undefined) {
      throw new Error(
        `model ${model.name} cannot be exported: "${name}" needs more than the sound so far`,
      );
    }
    return add(operation, inputs.map(listed), { label });
  }

  /** All states of the recurrence that `node` is one of. */
  function listStates(node: Node): Instruction {
    const states = node.states!;
    const starts = states.map((state) => listed(startOf(state)));
    const before = states.map(() => add("before", [], { isSignal: true }));
    states.forEach((state, k) => {
      if (state.before) known.set(state.before, before[k]);
    });
    const moves = nameOf(node) === "scan"
      ? node.inputs.slice(0, states.length).map(listed)
      : linearMoves(node, before);
    const group: Instruction[] = [];
    states.forEach((state, k) => {
      const made = add("state", [moves[k], starts[k]], {
        isSignal: true,
        states: group,
        label: state.label,
      });
      before[k].state = made;
      group.push(made);
      known.set(state, made);
    });
    return known.get(node)!;
  }

  /** What the states of a linear recurrence move by: J y[n−1] + u[n]. */
  function linearMoves(node: Node, before: Instruction[]): Instruction[] {
    const size = before.length;
    return before.map((_, k) =>
      before.reduce(
        (sum, state, l) =>
          add("add", [
            sum,
            add("multiply", [listed(node.inputs[size * k + l]), state]),
          ]),
        listed(node.inputs[size * size + k]),
      )
    );
  }

  const [output, gain] = program.outputs.map(listed);
  return { instructions, gain, output };
}
