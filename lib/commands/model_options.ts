/**
 * The options by which a command is told of a model: which, where to look for its
 * parameters, and the parameters themselves.
 *
 * @module
 */

import { InvalidArgumentError, Option } from "@commander-js/extra-typings";
import * as z from "zod";
import { checkConfig, parseKeys, readTextFile } from "../config.ts";
import { parametersSchemaOf } from "../fit_config.ts";
import type { Model, Values } from "../models/model.ts";
import { MODEL_HELP, parseModel } from "../models/presets.ts";
import type { Range } from "../objective/coordinates.ts";
import { placeOfParameters, userPath } from "./command_line.ts";

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

/**
 * Parameters of `model` from `--params`: a JSON or YAML text in braces, or a file of
 * either, with the parameters at its top or under `params`, as `fit` writes them.
 */
export async function readModelParameters(
  given: string,
  model: Model,
): Promise<Values> {
  if (given.trim() === "") {
    throw new Error(
      "--params is empty: give the parameters as JSON, or a YAML or JSON file of them",
    );
  }
  const place = placeOfParameters(given);
  const text = place === given
    ? await readTextFile(userPath(given), given)
    : given;
  const schema = parametersSchemaOf(model);
  const plain = parseKeys(text, place);
  return "params" in plain
    ? checkConfig(z.looseObject({ params: schema }), plain, place).params
    : checkConfig(schema, plain, place);
}
