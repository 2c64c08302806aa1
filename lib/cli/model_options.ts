/**
 * The options by which a command is told of a model: which, and where to look
 * for its parameters.
 *
 * @module
 */

import { InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { MODEL_HELP, parseModel } from "../models/presets.ts";
import type { Range } from "../objective/coordinates.ts";

/** The option `--model`. */
export function modelOption() {
  return new Option("--model <M>", `the model: ${MODEL_HELP}`).argParser(
    (text) => {
      try {
        parseModel(text);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        throw new InvalidArgumentError(error.message);
      }
      return text;
    },
  );
}

/** The option `--range`, which may be given several times. */
export function rangeOption() {
  return new Option(
    "--range <name=low..high>",
    "where to look for a parameter; repeatable",
  ).argParser((text: string, before: NamedRange[]) => [
    ...before,
    rangeOf(text),
  ]).default([] as NamedRange[]);
}

/** A parameter's name and where to look for it. */
type NamedRange = readonly [name: string, range: Range];

function rangeOf(text: string): NamedRange {
  const [, name, low, high] = /^\s*(\w+)\s*=(.+?)\.\.(.+)$/.exec(text) ?? [];
  const [from, to] = [low ?? "", high ?? ""].map((end) =>
    end.trim() === "" ? NaN : Number(end.trim().replace("−", "-"))
  );
  if (name !== undefined && from < to) return [name, [from, to]];
  throw new InvalidArgumentError(
    "write it as name=low..high, for example attack_ms=0.01..5; an end may be Infinity.",
  );
}
