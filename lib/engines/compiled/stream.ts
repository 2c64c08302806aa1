/**
 * A model as a stream: the same definition that is fitted, without its loss,
 * compiled to a loop that keeps its states from block to block.
 *
 * {@linkcode openModel} plays it here; {@linkcode exportModel} gives all that a
 * page needs to play it there: the module, and how its constants and starts
 * follow from the parameters and the sample rate.
 *
 * @module
 */

import {
  compileSweep,
  CONSTANT_BYTES,
  constantsOf,
  hasDoubles,
  type Precision,
  STATE_BYTES,
  statesOf,
} from "../../autodiff/compile.ts";
import type { Program } from "../../autodiff/program.ts";
import { schedule, type Sweep } from "../../autodiff/schedule.ts";
import { nameOf } from "../../autodiff/simplify.ts";
import type { Node } from "../../autodiff/value.ts";
import { assemble, PAGE_BYTES } from "../../autodiff/wasm.ts";
import {
  constantBytesOf,
  scalarValues,
  stateBytesOf,
  stateStart,
  VECTOR_BYTES,
  writeConstants,
  writeStates,
} from "../../autodiff/work.ts";
import type { SideChainProcessor } from "../../compressor/compressor.ts";
import { bestVariant } from "../../kernels/kernels.ts";
import { type Model, type Values, vectorOf } from "../../models/model.ts";
import { playedModel } from "../../models/played.ts";

/** Samples in a block. */
const BLOCK = 2048;

/** Input, what is heard, output and gain of a sample: a vector each. */
const PLACES = [0, 1, 2, 3].map((signal) => VECTOR_BYTES * signal);
const ROW_BYTES = VECTOR_BYTES * PLACES.length;

/** A model compiled to a stream. */
interface StreamProgram {
  program: Program;
  sweep: Sweep;
  bytes: Uint8Array<ArrayBuffer>;
}

const compiled = new WeakMap<Model, Map<string, StreamProgram>>();

/** The stream of `model`, of its parameters and the sample rate; kept. */
function streamProgram(
  model: Model,
  precision: Precision,
  relaxed: boolean,
): StreamProgram {
  const key = `${precision} ${relaxed}`;
  const ofModel = compiled.get(model) ?? new Map<string, StreamProgram>();
  compiled.set(model, ofModel);
  let found = ofModel.get(key);
  if (found === undefined) {
    const program = playedModel(model, 2);
    const [sweep, ...others] = schedule(program);
    if (others.length > 0) {
      throw new Error(
        `model ${model.name} cannot be played as a stream: it looks ahead in time`,
      );
    }
    const signals = [...program.signals, ...program.outputs];
    const layout = {
      precision,
      relaxed,
      rowBytes: ROW_BYTES,
      isHalf: true,
      signal: (node: Node) => PLACES[signals.indexOf(node)],
    };
    const bytes = assemble([compileSweep(sweep, "sweep", layout)]);
    found = { program, sweep, bytes };
    ofModel.set(key, found);
  }
  return found;
}

/** Options of {@linkcode openModel}. */
export interface StreamOptions {
  /** Number format of signals; states of gains are doubles (default "single"). */
  precision?: Precision;
}

/** `model` at rest, its parameters set to `values`, at `sampleRate` Hz. */
export function openModel(
  model: Model,
  values: Values,
  sampleRate: number,
  { precision = "single" }: StreamOptions = {},
): SideChainProcessor {
  const relaxed = precision === "single" && bestVariant() === "relaxed";
  const { program, sweep, bytes } = streamProgram(model, precision, relaxed);
  const atConstants = stateBytesOf(sweep, precision);
  const atSignals = Math.ceil((atConstants + constantBytesOf(sweep)) / 16) * 16;
  const memory = new WebAssembly.Memory({
    initial: Math.ceil((atSignals + ROW_BYTES * BLOCK) / PAGE_BYTES),
  });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
    env: { memory },
  });
  const run = exports.sweep as (...numbers: number[]) => void;
  const scalars = scalarValues(program, [
    ...vectorOf(model, values),
    sampleRate,
  ]);
  writeConstants(sweep, precision, memory, atConstants, scalars);
  writeStates(sweep, precision, memory, 0, scalars);
  const numbers = precision === "single"
    ? new Float32Array(memory.buffer, atSignals)
    : new Float64Array(memory.buffer, atSignals);
  const row = ROW_BYTES / numbers.BYTES_PER_ELEMENT;
  const [input, other, output] = PLACES.map((place) =>
    place / numbers.BYTES_PER_ELEMENT
  );
  return {
    process(from, to, heard = from) {
      for (let at = 0; at < from.length; at += BLOCK) {
        const count = Math.min(BLOCK, from.length - at);
        for (let n = 0; n < count; n++) {
          numbers[row * n + input] = from[at + n];
          numbers[row * n + other] = heard[at + n];
        }
        run(atSignals, count, 0, atConstants);
        for (let n = 0; n < count; n++) {
          to[at + n] = numbers[row * n + output];
        }
      }
    },
  };
}

/** An instruction on numbers: its name, and what it takes, by position. */
type ScalarInstruction = [name: string, ...operands: number[]];

/** A model as a page plays it. */
export interface ExportedModel {
  /** The module; it imports `env.memory` and exports `sweep`. */
  wasm: Uint8Array<ArrayBuffer>;
  /** Names of the parameters, in order; the sample rate follows them. */
  names: string[];
  /** Numbers, each from those before it. */
  scalars: ScalarInstruction[];
  /** What the instructions mean, as source text of functions. */
  operations: Record<string, string>;
  /** Positions of the constants, each to fill a vector with. */
  constants: number[];
  /** Of each state whether it is doubles, and where it starts, if not at zero. */
  states: { isWide: boolean; start: number | null }[];
  /** Bytes of a state, of a constant, and of a row: a sample of each signal. */
  stateBytes: number;
  constantBytes: number;
  rowBytes: number;
  /** Where in a row input, what is heard, output and gain stand, in bytes. */
  places: number[];
}

/** `model` for a page, in single precision; any runtime with SIMD plays it. */
export function exportModel(model: Model): ExportedModel {
  const { sweep, bytes } = streamProgram(model, "single", false);
  const scalars: ScalarInstruction[] = [];
  const operations: Record<string, string> = {};
  const positions = new Map<Node, number>();
  const position = (node: Node): number => {
    const known = positions.get(node);
    if (known !== undefined) return known;
    const name = nameOf(node);
    const operands = name === "input" || name === "constant"
      ? [node.parameter]
      : node.inputs.map(position);
    if (typeof node.primitive !== "string") {
      operations[name] = node.primitive.evaluate!.toString();
    }
    const at = scalars.push([name, ...operands]) - 1;
    positions.set(node, at);
    return at;
  };
  const constants = constantsOf(sweep).map((node) => position(node.inputs[0]));
  const states = statesOf(sweep).map((node) => {
    const start = stateStart(node);
    return {
      isWide: hasDoubles(node),
      start: start === undefined ? null : position(start),
    };
  });
  return {
    wasm: bytes,
    names: model.parameters.map(({ name }) => name),
    scalars,
    operations,
    constants,
    states,
    stateBytes: STATE_BYTES.single,
    constantBytes: CONSTANT_BYTES,
    rowBytes: ROW_BYTES,
    places: PLACES,
  };
}
