/**
 * The options that parts of a config bring with them: a config with an engine has
 * `--engine`, one with a model `--model`, one with data `--unit`, `--data` and
 * `--stimulus`. So an experiment declares its config, and its options follow.
 *
 * @module
 */

import type { Option } from "@commander-js/extra-typings";
import type * as z from "zod";
import {
  dataOption,
  engineOption,
  stimulusOption,
  unitOption,
} from "../cli/command_line.ts";
import { modelOption } from "../cli/model_options.ts";
import { shapeOf } from "../base/config.ts";

/** The key of a config that each of these options sets. */
const BROUGHT: Readonly<Record<string, () => Option>> = {
  "data.unit": unitOption,
  "data.folder": dataOption,
  "data.stimulus": stimulusOption,
  "model": modelOption,
  "engine": engineOption,
};

/** The options that the parts of `schema` bring, by the key that each sets. */
export function optionsOf(schema: z.ZodType): Record<string, Option> {
  return Object.fromEntries(
    Object.entries(BROUGHT).filter(([key]) => has(schema, key.split(".")))
      .map(([key, make]) => [key, make()]),
  );
}

function has(schema: unknown, [key, ...rest]: string[]): boolean {
  const shape = shapeOf(schema);
  if (shape === undefined || !Object.hasOwn(shape, key)) return false;
  return rest.length === 0 || has(shape[key], rest);
}

/** The values of `config` by their keys, such as "data.unit". */
export function flatConfig(config: unknown, before = ""): [string, unknown][] {
  const isPlain = typeof config === "object" && config !== null &&
    !Array.isArray(config);
  if (!isPlain) return [[before, config]];
  return Object.entries(config).flatMap(([key, value]) =>
    flatConfig(value, before === "" ? key : `${before}.${key}`)
  );
}

/** What `config` has other than `plain`, by key. */
export function changedFrom(
  plain: unknown,
  config: unknown,
): Record<string, unknown> {
  const before = new Map(flatConfig(plain));
  return Object.fromEntries(
    flatConfig(config).filter(([key, value]) =>
      JSON.stringify(value) !== JSON.stringify(before.get(key))
    ),
  );
}
